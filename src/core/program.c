#include "core/program.h"

#include "core/hash.h"
#include "core/memory.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void program_init(struct program *program) {
  *program = (struct program){0};
}

void program_done(struct program *program) {
  free(program->slots);
  free(program->image);
  free(program->forward.items);
  free(program->backward.items);
  program_init(program);
}

enum { LINE = MEMORY_LINE / sizeof(double) }; /* numbers */

static size_t whole_lines(size_t count) {
  return (count + LINE - 1) / LINE * LINE;
}

enum status program_slot(struct program *program, struct shape shape, int *slot) {
  const size_t count = shape_count(shape); /* what fills a line begins on one */
  const size_t offset = count < LINE ? program->size : whole_lines(program->size);
  const size_t end = offset + count;
  if (count > PROGRAM_MAX_VALUES || end > PROGRAM_MAX_VALUES) return STATUS_LIMIT;
  if (!array_reserve(&program->slots, &program->slot_capacity, program->slot_count + 1,
                     sizeof *program->slots) ||
      !array_reserve(&program->image, &program->image_capacity, end, sizeof *program->image))
    return STATUS_NO_MEMORY;
  memset(program->image + program->size, 0, (end - program->size) * sizeof *program->image);
  *slot = (int)program->slot_count++;
  program->slots[*slot] = (struct slot){shape, offset};
  program->size = end;
  return STATUS_OK;
}

enum status program_emit(struct code *code, struct instr instr) {
  return array_push(&code->items, &code->count, &code->capacity, &instr, sizeof instr)
             ? STATUS_OK
             : STATUS_NO_MEMORY;
}

struct program_mark program_mark(const struct program *program) {
  return (struct program_mark){program->slot_count, program->size, program->forward.count,
                               program->backward.count};
}

void program_rollback(struct program *program, struct program_mark mark) {
  program->slot_count = mark.slot_count;
  program->size = mark.size;
  program->forward.count = mark.forward_count;
  program->backward.count = mark.backward_count;
}

static struct call make_call(const struct program *program, double *values, struct random *random,
                             struct instr instr) {
  const struct slot *out = &program->slots[instr.out];
  struct call call = {
      .out = values + out->offset, .shape = out->shape, .axis = instr.axis, .random = random};
  for (int i = 0; i < op_table[instr.op].arity; i++) {
    const struct slot *in = &program->slots[instr.in[i]];
    call.in[i] = (struct operand){values + in->offset, in->shape};
  }
  return call;
}

void program_run_on_image(struct program *program, struct instr instr, struct random *random) {
  struct call call = make_call(program, program->image, random, instr);
  op_table[instr.op].forward(&call, shape_rect(call.shape));
}

double *program_image(struct program *program, int slot) {
  return program->image + program->slots[slot].offset;
}

/* -- precision -- */

const char *const precision_names[PRECISION_COUNT + 1] = {
    [PRECISION_DOUBLE] = "double",
    [PRECISION_SINGLE] = "single",
    [PRECISION_HALF] = "half",
    [PRECISION_BFLOAT16] = "bfloat16",
};

static const struct {
  int bits, smallest; /* significand bits; exponent of the smallest normal number, */
  double tiny;        /* which is this */
  double largest;
} precision_limits[PRECISION_COUNT] = {
    [PRECISION_SINGLE] = {24, -126, 0x1p-126, FLT_MAX},
    [PRECISION_HALF] = {11, -14, 0x1p-14, 65504},
    [PRECISION_BFLOAT16] = {8, -126, 0x1p-126, 0x1.FEp127},
};

/* Where the result is no normal number of its precision: at the scale of the smallest one. */
static double round_tiny(enum precision precision, double value) {
  const int shift = precision_limits[precision].bits - 1 - precision_limits[precision].smallest;
  return ldexp(nearbyint(ldexp(value, shift)), -shift);
}

/* Round to nearest, ties to even, gradual underflow, overflow to infinity: IEEE 754. What is kept
 * of a double's bits goes up by one where the rest is more than half, or half and the last one is
 * odd; a carry into the exponent is right as it is. */
double precision_round(enum precision precision, double value) {
  enum { DOUBLE_BITS = 53 };
  uint64_t bits;
  if (precision == PRECISION_DOUBLE || !isfinite(value) || !(fabs(value) > 0)) return value;
  if (fabs(value) < precision_limits[precision].tiny) return round_tiny(precision, value);
  const int cut = DOUBLE_BITS - precision_limits[precision].bits;
  memcpy(&bits, &value, sizeof bits);
  bits += ((uint64_t)1 << (cut - 1)) - 1 + (bits >> cut & 1);
  bits &= ~(((uint64_t)1 << cut) - 1);
  memcpy(&value, &bits, sizeof bits);
  return fabs(value) > precision_limits[precision].largest ? copysign(INFINITY, value) : value;
}

static void round_part(enum precision precision, double *values, struct shape shape,
                       struct rect part) {
  if (precision == PRECISION_DOUBLE) return;
  for (uint32_t i = part.row0; i < part.row1; i++)
    for (uint32_t j = part.col0; j < part.col1; j++) {
      double *value = &values[(size_t)i * shape.cols + j];
      *value = precision_round(precision, *value);
    }
}

/* -- runs -- */

enum status run_init(struct run *run, const struct program *program, const struct random *random,
                     enum precision precision) {
  *run = (struct run){.program = program, .random = *random, .precision = precision};
  run->values = memory_numbers(program->size);
  if (!run->values) return STATUS_NO_MEMORY;
  if (program->size > 0) memcpy(run->values, program->image, program->size * sizeof *run->values);
  for (size_t i = 0; i < program->slot_count; i++) {
    struct shape shape = program->slots[i].shape;
    round_part(precision, run_values(run, (int)i), shape, shape_rect(shape));
  }
  return STATUS_OK;
}

enum status run_copy(struct run *run, const struct run *from) {
  *run = *from;
  run->values = memory_numbers(from->program->size);
  if (!run->values) return STATUS_NO_MEMORY;
  memcpy(run->values, from->values, from->program->size * sizeof *run->values);
  return STATUS_OK;
}

void run_done(struct run *run) {
  free(run->values);
  run->values = NULL;
}

double *run_values(const struct run *run, int slot) {
  return run->values + run->program->slots[slot].offset;
}

struct call run_call(struct run *run, const struct instr *instr) {
  return make_call(run->program, run->values, &run->random, *instr);
}

void run_round(const struct run *run, const struct call *call, struct rect part) {
  round_part(run->precision, call->out, call->shape, part);
}

void run_code(struct run *run, const struct code *code, size_t first) {
  run_slice(run, code, first, code->count);
}

void run_slice(struct run *run, const struct code *code, size_t first, size_t last) {
  bool keep_draws = run->frozen && run->drawn && code == &run->program->forward;
  for (size_t i = first; i < last; i++) {
    const struct instr *instr = &code->items[i];
    const struct op *op = &op_table[instr->op];
    if (op->flags & OP_RANDOM) {
      run->drawn = true;
      if (keep_draws) continue;
    }
    struct call call = run_call(run, instr);
    op->forward(&call, shape_rect(call.shape));
    run_round(run, &call, shape_rect(call.shape));
  }
}

void run_restore(struct run *run, const struct run *from, int slot, struct rect part) {
  double *values = run_values(run, slot);
  const double *saved = run_values(from, slot);
  size_t cols = run->program->slots[slot].shape.cols;
  for (size_t i = part.row0; i < part.row1; i++)
    memcpy(values + i * cols + part.col0, saved + i * cols + part.col0,
           (part.col1 - part.col0) * sizeof *values);
}

uint64_t run_branches(const struct run *run) {
  uint64_t hash = HASH_START;
  const struct code *forward = &run->program->forward;
  for (size_t i = 0; i < forward->count; i++) {
    const struct op *op = &op_table[forward->items[i].op];
    if (!op->branches) continue;
    struct call call = make_call(run->program, run->values, NULL, forward->items[i]);
    hash = op->branches(&call, hash);
  }
  return hash;
}
