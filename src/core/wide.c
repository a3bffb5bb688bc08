#include "core/wide.h"

#include "core/hash.h"

struct wide_call wide_call(const struct program *program, wide *values,
                           const struct instr *instr) {
  const struct slot *out = &program->slots[instr->out];
  struct wide_call call = {
      .out = values + out->offset, .shape = out->shape, .axis = instr->axis};
  for (int i = 0; i < op_table[instr->op].arity; i++) {
    const struct slot *in = &program->slots[instr->in[i]];
    call.in[i] = (struct wide_operand){values + in->offset, in->shape};
  }
  return call;
}

uint64_t wide_branches(const struct program *program, wide *values) {
  uint64_t hash = HASH_START;
  for (size_t i = 0; i < program->forward.count; i++) {
    const struct op *op = &op_table[program->forward.items[i].op];
    if (!op->branches_wide) continue;
    struct wide_call call = wide_call(program, values, &program->forward.items[i]);
    hash = op->branches_wide(&call, hash);
  }
  return hash;
}

double wide_cost(const struct program *program, const struct instr *instr) {
  const struct op *op = &op_table[instr->op];
  double out = (double)shape_count(program->slots[instr->out].shape), cost = out, sides = out;
  for (int i = 0; i < op->arity; i++) {
    double count = (double)shape_count(program->slots[instr->in[i]].shape);
    cost = fmax(cost, count);
    sides *= count;
  }
  return op->flags & OP_PRODUCT ? sqrt(sides) : cost; /* (m k)(k n)(m n) is the square of m k n */
}
