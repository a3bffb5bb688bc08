#include "check/layers.h"

static bool is_product(const struct model *model, int slot) {
  const struct code *forward = &model->program.forward;
  for (size_t i = 0; i < forward->count; i++)
    if (forward->items[i].out == slot) return op_table[forward->items[i].op].flags & OP_PRODUCT;
  return false;
}

/* Whether SLOT is added to each row or column of the product OTHER alike; what has the product's
 * own shape is no bias, but a state. */
static bool is_bias(const struct model *model, int slot, int other) {
  return is_product(model, other) &&
         !shape_equal(model_shape(model, slot), model_shape(model, other));
}

/* How SLOT enters INSTR: as a factor of a matrix product, or added to one. */
static enum part part_in(const struct model *model, const struct instr *instr, int slot) {
  int other = instr->in[0] == slot ? instr->in[1] : instr->in[0];
  const struct op *op = &op_table[instr->op];
  if (op->flags & OP_PRODUCT && other != slot) return PART_WEIGHT;
  return op_adds(op) && is_bias(model, slot, other) ? PART_BIAS : PART_NONE;
}

/* The only instruction that SLOT enters as a factor or a bias, seen through transpositions and
 * copies (*SLOT becomes what it reads); whatever else reads it (a regularisation, say) does not
 * count. NULL if there are several or none. */
static const struct instr *only_use(const struct model *model, int *slot, enum part *part) {
  enum { MOST_NAMES = 8 };
  const struct code *forward = &model->program.forward;
  const struct instr *found = NULL;
  int names[MOST_NAMES] = {*slot}, count = 1;
  for (size_t i = 0; i < forward->count; i++) {
    const struct instr *instr = &forward->items[i];
    for (int n = 0, known = count; n < known; n++) {
      bool reads = false;
      for (int k = 0; k < op_table[instr->op].arity; k++) reads = reads || instr->in[k] == names[n];
      if (!reads) continue;
      bool renames = op_table[instr->op].flags & OP_MOVES;
      if (renames && count < MOST_NAMES) names[count++] = instr->out;
      enum part here = renames ? PART_NONE : part_in(model, instr, names[n]);
      if (here == PART_NONE) continue;
      if (found) return NULL;
      found = instr;
      *part = here;
      *slot = names[n];
    }
  }
  return found;
}

/* What a product becomes once its bias is added. */
static int with_bias(const struct model *model, int product) {
  const struct code *forward = &model->program.forward;
  for (size_t i = 0; i < forward->count; i++) {
    const struct instr *instr = &forward->items[i];
    if (op_adds(&op_table[instr->op]) && (instr->in[0] == product || instr->in[1] == product))
      return instr->out;
  }
  return product;
}

struct layer_role layer_role(const struct model *model, int node) {
  enum part part = PART_NONE;
  int slot = model->nodes[node].slot;
  const struct instr *use = only_use(model, &slot, &part);
  if (!use) return (struct layer_role){PART_NONE, -1, -1};
  if (part == PART_BIAS) return (struct layer_role){part, use->out, -1};
  return (struct layer_role){part, with_bias(model, use->out),
                        use->in[0] == slot ? use->in[1] : use->in[0]};
}
