#include "blame/constant.h"

#include <math.h>

enum { TRIED_MOST = 8 };

static bool is_small_constant(const struct model *model, const struct run *point, int slot) {
  const double small = 1e-3;
  const struct value *value = &model->values[slot];
  if (!value->known || shape_count(model_shape(model, slot)) != 1) return false;
  bool constant = value->constant ||
                  (value->node >= 0 && model->nodes[value->node].kind == NODE_DATA);
  double number = fabs(*run_values(point, slot));
  return constant && number > 0 && number <= small;
}

/* Runs both passes again with 0 in SLOT, with the same draws as before. */
static void run_without(struct run *run, const struct model *model, int slot) {
  run->frozen = run->drawn = true;
  *run_values(run, slot) = 0;
  run_code(run, &model->program.forward, 0);
  run_code(run, &model->program.backward, 0);
}

static bool all_right(const struct model *model, const struct model *reference,
                      const struct run *person, const struct run *right) {
  for (size_t n = 0; n < model->node_count; n++) {
    const struct node *own = &model->nodes[n], *other = &reference->nodes[n];
    if (own->kind != NODE_PARAM || own->gradient < 0 || other->gradient < 0) continue;
    if (!truth_is_multiple(run_values(person, own->gradient), run_values(right, other->gradient),
                           shape_count(model_shape(model, own->slot)), 1))
      return false;
  }
  return true;
}

static enum status try_without(struct left_out *found, const struct model *model,
                               const struct truth *truth, const struct run *point,
                               const struct instr *instr, int slot) {
  struct run person = {0}, right = {0};
  bool failed = run_copy(&person, point) || run_copy(&right, &truth->right);
  if (!failed) {
    run_without(&person, model, slot);
    run_without(&right, &truth->reference, slot);
    if (all_right(model, &truth->reference, &person, &right))
      *found = (struct left_out){true, *run_values(point, slot), model->values[instr->out].node};
  }
  run_done(&person);
  run_done(&right);
  return failed ? STATUS_NO_MEMORY : STATUS_OK;
}

enum status constant_find(struct left_out *found, const struct model *model,
                          const struct truth *truth, const struct run *point) {
  const struct code *forward = &model->program.forward;
  int tried[TRIED_MOST];
  size_t count = 0;
  enum status status = STATUS_OK;
  *found = (struct left_out){false, 0, -1};
  for (size_t i = 0; !status && i < forward->count; i++)
    for (int k = 0; !status && k < op_table[forward->items[i].op].arity; k++) {
      int slot = forward->items[i].in[k];
      bool known = !is_small_constant(model, point, slot);
      for (size_t j = 0; j < count; j++) known = known || tried[j] == slot;
      if (known || found->found || count == TRIED_MOST) continue;
      tried[count++] = slot;
      status = try_without(found, model, truth, point, &forward->items[i], slot);
    }
  return status;
}
