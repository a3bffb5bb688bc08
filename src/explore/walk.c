#include "explore/walk.h"

#include "core/memory.h"

#include <stdlib.h>

void walk_done(struct walk *walk) {
  free(walk->moves);
  free(walk->value_move);
  free(walk->gradient_move);
  *walk = (struct walk){0};
}

static enum status add_move(struct walk *walk, struct move move, struct diag *diag) {
  if (!array_reserve(&walk->moves, &walk->capacity, walk->count + 1, sizeof *walk->moves))
    return diag_no_memory(diag);
  walk->moves[walk->count++] = move;
  return STATUS_OK;
}

static enum status add_forward(struct walk *walk, const struct model *model, struct diag *diag) {
  enum status status = STATUS_OK;
  for (size_t n = 0; !status && n < model->node_count; n++) {
    bool known = model->values[model->nodes[n].slot].known;
    walk->value_move[n] = known ? 0 : -1;
    walk->gradient_move[n] = -1;
    if (known || model_visible(model, (int)n) != (int)n) continue;
    status = add_move(walk, (struct move){.kind = MOVE_FORWARD, .node = (int)n}, diag);
  }
  walk->forward_count = walk->count;
  for (size_t s = 0; s < walk->count; s++) walk->value_move[walk->moves[s].node] = (int)s + 1;
  for (size_t n = 0; n < model->node_count; n++) /* inside a folded gate: with its result */
    if (walk->value_move[n] < 0)
      walk->value_move[n] = walk->value_move[model_visible(model, (int)n)];
  return status;
}

/* Neighbouring lines that are shown at one node make one move. */
static enum status add_backward(struct walk *walk, const struct model *model, struct diag *diag) {
  if (model->loss < 0) return STATUS_OK;
  enum status status = add_move(walk, (struct move){.kind = MOVE_SEED, .node = model->loss}, diag);
  walk->gradient_move[model->loss] = (int)walk->count;
  for (size_t i = 0; !status && i < model->rule_count; i++) {
    const struct rule *rule = &model->rules[i];
    int node = rule->node >= 0 ? model_visible(model, rule->node) : -1;
    struct move *last = &walk->moves[walk->count - 1];
    if (node >= 0 && last->kind == MOVE_BACKWARD && last->node == node) last->rule_count++;
    else status = add_move(walk, (struct move){MOVE_BACKWARD, node, i, 1}, diag);
    if (rule->target_node >= 0 && walk->gradient_move[rule->target_node] < 0)
      walk->gradient_move[rule->target_node] = (int)walk->count;
  }
  return status;
}

enum status walk_make(struct walk *walk, const struct model *model, struct diag *diag) {
  size_t count = model->node_count + 1;
  walk_done(walk);
  walk->value_move = calloc(count, sizeof *walk->value_move);
  walk->gradient_move = calloc(count, sizeof *walk->gradient_move);
  enum status status = walk->value_move && walk->gradient_move ? add_forward(walk, model, diag)
                                                               : diag_no_memory(diag);
  if (!status) status = add_backward(walk, model, diag);
  if (status) walk_done(walk);
  return status;
}

size_t walk_same_position(const struct walk *now, size_t position, size_t before_count,
                          size_t before_forward) {
  if (position == 0) return 0;
  if (position == before_count) return now->count;
  if (position >= before_forward) position = now->forward_count + (position - before_forward);
  else if (position > now->forward_count) position = now->forward_count;
  return position < now->count ? position : now->count;
}

size_t walk_backward_end(const struct walk *walk, const struct model *model, size_t position) {
  if (position <= walk->forward_count) return 0;
  const struct move *last = &walk->moves[position - 1];
  if (last->kind != MOVE_BACKWARD) return 0;
  return model->rules[last->first_rule + last->rule_count - 1].code_end;
}

int walk_node(const struct walk *walk, const struct model *model, size_t position) {
  if (position == 0) return -1;
  const struct move *move = &walk->moves[position - 1];
  int node = move->node >= 0 ? move->node : model->rules[move->first_rule].target_node;
  return node >= 0 ? model_visible(model, node) : -1;
}
