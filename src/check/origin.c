#include "check/origin.h"

#include <math.h>

/* The first entry of a slot that is not finite; their count if all are. */
static size_t first_bad(const struct run *run, int slot) {
  size_t i = 0, count = shape_count(run->program->slots[slot].shape);
  while (i < count && isfinite(run_values(run, slot)[i])) i++;
  return i;
}

static bool is_bad(const struct run *run, int slot) {
  return slot >= 0 && first_bad(run, slot) < shape_count(run->program->slots[slot].shape);
}

/* The entry of an operand that entry ENTRY of a result of shape OUT is made of. */
static size_t entry_of(struct shape in, struct shape out, size_t entry) {
  size_t row = in.rows == 1 ? 0 : entry / out.cols, col = in.cols == 1 ? 0 : entry % out.cols;
  return row * in.cols + col;
}

static bool spreads_to(struct shape in, struct shape out) {
  return (in.rows == 1 || in.rows == out.rows) && (in.cols == 1 || in.cols == out.cols);
}

/* What the entry was computed from, where an entry is made of one of each operand. */
static void take_operands(struct origin *origin, const struct model *model,
                          const struct run *point) {
  const struct node *node = &model->nodes[origin->node];
  const struct shape out = model_shape(model, node->slot);
  if (node->kind != NODE_OP || op_table[node->op].flags & (OP_PRODUCT | OP_AXIS)) return;
  for (int k = 0; k < op_table[node->op].arity; k++) {
    struct shape in = model_shape(model, node->operands[k]);
    if (!spreads_to(in, out)) return;
    origin->in[k] = run_values(point, node->operands[k])[entry_of(in, out, origin->entry)];
  }
  origin->operands = op_table[node->op].arity;
}

static bool find_forward(struct origin *origin, const struct model *model,
                         const struct run *point) {
  for (size_t n = 0; n < model->node_count; n++) {
    int slot = model->nodes[n].slot;
    if (!is_bad(point, slot)) continue;
    *origin = (struct origin){.node = (int)n, .rule = -1, .entry = first_bad(point, slot)};
    origin->value = run_values(point, slot)[origin->entry];
    take_operands(origin, model, point);
    return true;
  }
  return false;
}

enum status origin_find(struct check *check, const struct model *model, const struct run *point) {
  struct run again;
  size_t from = 0;
  check->has_origin = find_forward(&check->origin, model, point);
  if (check->has_origin) return STATUS_OK;
  if (run_copy(&again, point)) return STATUS_NO_MEMORY;
  for (size_t i = 0; i < model->rule_count && !check->has_origin; i++) {
    const struct rule *rule = &model->rules[i];
    run_slice(&again, &model->program.backward, from, rule->code_end);
    from = rule->code_end;
    int slot = rule->target_node < 0 ? -1 : model->nodes[rule->target_node].gradient;
    if (!is_bad(&again, slot)) continue;
    check->origin = (struct origin){.node = rule->target_node, .rule = (int)i,
                                    .entry = first_bad(&again, slot)};
    check->origin.value = run_values(&again, slot)[check->origin.entry];
    check->has_origin = true;
  }
  run_done(&again);
  return STATUS_OK;
}
