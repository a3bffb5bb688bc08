#include "lang/stand_in.h"

#include "core/intl.h"
#include "lang/rules.h"

#include <stdint.h>
#include <stdlib.h>

enum status stand_in_init(struct stand_in *stand_in, struct model *model) {
  *stand_in = (struct stand_in){.model = model};
  arena_init(&stand_in->arena);
  stand_in->first = calloc(model->node_count + 1, sizeof *stand_in->first);
  stand_in->assigned = calloc(model->node_count + 1, sizeof *stand_in->assigned);
  if (!stand_in->first || !stand_in->assigned) return STATUS_NO_MEMORY;
  for (size_t n = 0; n < model->node_count; n++) stand_in->first[n] = SIZE_MAX;
  for (size_t i = model->rule_count; i-- > 0;)
    if (model->rules[i].target_node >= 0) stand_in->first[model->rules[i].target_node] = i;
  return STATUS_OK;
}

void stand_in_done(struct stand_in *stand_in) {
  free(stand_in->first);
  free(stand_in->assigned);
  free(stand_in->code.items);
  arena_done(&stand_in->arena);
  *stand_in = (struct stand_in){0};
}

/* Brings `assigned` to where RULE stands. */
static void go_to(struct stand_in *stand_in, size_t rule) {
  const struct rule *rules = stand_in->model->rules;
  for (; stand_in->at < rule; stand_in->at++)
    if (rules[stand_in->at].target_node >= 0)
      stand_in->assigned[rules[stand_in->at].target_node] = true;
  while (stand_in->at > rule) {
    const int node = rules[--stand_in->at].target_node;
    if (node >= 0 && stand_in->first[node] == stand_in->at) stand_in->assigned[node] = false;
  }
}

/* Appends to `code` what computes VALUE in the place of rule line RULE; its result is in *SLOT. */
static enum status lower_value(struct stand_in *stand_in, size_t rule, const struct expr *value,
                               int *slot, struct diag *diag) {
  struct model *model = stand_in->model;
  struct builder builder = rules_builder(model, &stand_in->arena, diag);
  const size_t lowered = model->lowered;
  go_to(stand_in, rule);
  builder.code = &stand_in->code;
  builder.assigned = stand_in->assigned;
  builder.own = model->rules[rule].target_node;
  enum status status = lower_expr(&builder, value, NULL, slot);
  model->lowered = lowered;
  return status;
}

static bool has_shape_of(const struct model *model, int slot, int target) {
  return target >= 0 && shape_equal(model_shape(model, slot), model_shape(model, target));
}

static enum status emit(struct stand_in *stand_in, int op, int out, int a, int b,
                        struct diag *diag) {
  struct instr instr = {.op = op, .out = out, .in = {a, b}, .axis = AXIS_ALL};
  return program_emit(&stand_in->code, instr) ? diag_no_memory(diag) : STATUS_OK;
}

enum status stand_in_line(struct stand_in *stand_in, size_t rule, bool accumulate,
                          const struct expr *value, int *target, size_t *handed,
                          struct diag *diag) {
  const struct model *model = stand_in->model;
  const struct rule *line = &model->rules[rule];
  int slot = -1;
  *target = model_target(model, line);
  enum status status = lower_value(stand_in, rule, value, &slot, diag);
  if (status) return status;
  if (!has_shape_of(model, slot, *target))
    return diag_set(diag, STATUS_DATA, line->span, _("this line does not fit \"%s\""),
                    line->target);
  *handed = stand_in->code.count;
  if (!accumulate) return emit(stand_in, OP_COPY, *target, slot, 0, diag);
  if (line->target_node >= 0 && !stand_in->assigned[line->target_node])
    status = emit(stand_in, OP_ZEROS, *target, 0, 0, diag);
  return status ? status : emit(stand_in, OP_ADD, *target, *target, slot, diag);
}

enum status stand_in_fits(struct stand_in *stand_in, size_t rule, const struct expr *value,
                          bool *fits) {
  struct model *model = stand_in->model;
  const struct program_mark mark = program_mark(&model->program);
  const int target = model_target(model, &model->rules[rule]);
  struct diag diag;
  int slot = -1;
  enum status status = target < 0 ? STATUS_DATA
                                  : lower_value(stand_in, rule, value, &slot, &diag);
  *fits = !status && has_shape_of(model, slot, target);
  program_rollback(&model->program, mark);
  stand_in->code.count = 0;
  return status == STATUS_NO_MEMORY ? status : STATUS_OK;
}
