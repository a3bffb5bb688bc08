#include "check/layers.h"

/* The only instruction that reads SLOT, behind copies and transpositions, which it passes (*SLOT
 * becomes what it reads); NULL if there are several or none. */
static const struct instr *only_reader(const struct model *model, int *slot) {
  const struct code *forward = &model->program.forward;
  for (size_t i = 0; i < forward->count; i++) {
    const struct instr *found = NULL;
    for (; i < forward->count; i++)
      for (int k = 0; k < op_table[forward->items[i].op].arity; k++)
        if (forward->items[i].in[k] == *slot) {
          if (found) return NULL;
          found = &forward->items[i];
        }
    if (!found || (found->op != OP_COPY && found->op != OP_TRANSPOSE)) return found;
    i = (size_t)(found - forward->items);
    *slot = found->out;
  }
  return NULL;
}

static bool is_product(const struct model *model, int slot) {
  const struct code *forward = &model->program.forward;
  for (size_t i = 0; i < forward->count; i++)
    if (forward->items[i].out == slot) return forward->items[i].op == OP_MATMUL;
  return false;
}

struct place layer_place(const struct model *model, int node) {
  struct place none = {PART_NONE, -1, -1};
  int slot = model->nodes[node].slot;
  const struct instr *reader = only_reader(model, &slot);
  if (!reader) return none;
  int other = reader->in[0] == slot ? reader->in[1] : reader->in[0];
  if (reader->op == OP_ADD && is_product(model, other))
    return (struct place){PART_BIAS, reader->out, -1};
  if (reader->op != OP_MATMUL || reader->in[0] == reader->in[1]) return none;
  int output = reader->out;
  const struct instr *sum = only_reader(model, &output);
  return (struct place){PART_WEIGHT, sum && sum->op == OP_ADD ? sum->out : reader->out, other};
}
