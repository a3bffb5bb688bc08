#include "lang/model.h"

#include <stdlib.h>
#include <string.h>

void model_done(struct model *model) {
  for (size_t i = 0; i < model->instance_count; i++) scope_done(&model->instances[i].scope);
  scope_done(&model->scope);
  scope_done(&model->locals);
  syntax_done(&model->prelude);
  syntax_done(&model->syntax);
  program_done(&model->program);
  free(model->nodes);
  free(model->instances);
  free(model->values);
  free(model->rules);
  free(model->bugs);
  arena_done(&model->rule_arena);
  arena_done(&model->arena);
  *model = (struct model){.loss = -1};
}

bool model_draws(const struct model *model) {
  const struct code *forward = &model->program.forward;
  for (size_t i = 0; i < forward->count; i++)
    if (op_table[forward->items[i].op].flags & OP_RANDOM) return true;
  return false;
}

struct shape model_shape(const struct model *model, int slot) {
  return model->program.slots[slot].shape;
}

int model_target(const struct model *model, const struct rule *rule) {
  return rule->target_node >= 0 ? model->nodes[rule->target_node].gradient
                                : scope_find(&model->locals, rule->target);
}

double *model_gradient(const struct model *model, const struct run *run, int node) {
  int slot = model->nodes[node].gradient;
  return slot >= 0 ? run_values(run, slot) : NULL;
}

void model_copy_params(const struct model *model, double *to, const struct model *like,
                       const double *from) {
  for (size_t n = 0; n < model->node_count; n++) {
    if (model->nodes[n].kind != NODE_PARAM) continue;
    const struct slot *slot = &model->program.slots[model->nodes[n].slot];
    memcpy(to + slot->offset, from + like->program.slots[like->nodes[n].slot].offset,
           shape_count(slot->shape) * sizeof *to);
  }
}

bool model_states(const struct model *model, const char *name) {
  for (size_t i = 0; i < model->syntax.count; i++) {
    const struct stmt *stmt = &model->syntax.statements[i];
    bool names = stmt->kind == STMT_DATA || stmt->kind == STMT_PARAM || stmt->kind == STMT_NODE;
    for (size_t k = 0; names && k < stmt->name_count; k++)
      if (strcmp(stmt->names[k], name) == 0) return true;
  }
  return false;
}

int model_find(const struct model *model, const char *name) {
  int slot = scope_find(&model->scope, name);
  return slot >= 0 ? model->values[slot].node : -1;
}

int model_gradient_named(const struct model *model, const char *name) {
  return name[0] == 'd' ? model_find(model, name + 1) : -1;
}

int model_find_either(const struct model *model, const char *name, bool *gradient) {
  int node = model_find(model, name);
  *gradient = node < 0;
  return node >= 0 ? node : model_gradient_named(model, name);
}

int model_shown_as(const struct model *model, int node) {
  int shown = -1;
  for (int i = model->nodes[node].instance; i >= 0; i = model->instances[i].parent)
    if (model->instances[i].folded && model->instances[i].output >= 0) shown = i;
  return shown;
}

int model_visible(const struct model *model, int node) {
  int shown = model_shown_as(model, node);
  return shown < 0 ? node : model->instances[shown].output;
}

const char *model_op_name(const struct model *model, int node) {
  static const char *const kinds[] = {[NODE_DATA] = "data", [NODE_PARAM] = "param",
                                      [NODE_CONST] = "const"};
  int shown = model_shown_as(model, node);
  if (shown >= 0 && model->instances[shown].gate) return model->instances[shown].gate->names[0];
  return model->nodes[node].kind == NODE_OP ? op_table[model->nodes[node].op].name
                                            : kinds[model->nodes[node].kind];
}

const struct expr *model_formula(const struct model *model, int node) {
  int shown = model_shown_as(model, node);
  return shown >= 0 ? model->instances[shown].formula : model->nodes[node].formula;
}

struct batch model_batch(const struct model *model) {
  uint32_t rows = 0, cols = 0;
  for (size_t n = 0; n < model->node_count; n++) {
    if (model->nodes[n].kind != NODE_DATA) continue;
    struct shape shape = model_shape(model, model->nodes[n].slot);
    if (shape_count(shape) == 1) continue;
    bool first = rows == 0 && cols == 0;
    rows = first || rows == shape.rows ? shape.rows : UINT32_MAX;
    cols = first || cols == shape.cols ? shape.cols : UINT32_MAX;
  }
  if (rows != UINT32_MAX && rows > 1) return (struct batch){rows, false};
  if (cols != UINT32_MAX && cols > 1) return (struct batch){cols, true};
  return (struct batch){rows == 1 || cols == 1, cols == 1 && rows != 1};
}
