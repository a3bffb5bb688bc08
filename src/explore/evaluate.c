#include "explore/evaluate.h"

#include "core/intl.h"
#include "lang/parse.h"
#include "lang/rules.h"
#include "lang/shown.h"

#include <stdlib.h>
#include <string.h>

/* Everything that EXPR names has been computed by now. */
static enum status check_reached(const struct session *session, const struct expr *expr,
                                 struct diag *diag) {
  if (expr->kind == EXPR_NAME) {
    int node = model_find(session->model, expr->name);
    int of = model_gradient_named(session->model, expr->name);
    if ((node < 0 || session_has_value(session, node)) &&
        (of < 0 || session_has_gradient(session, of)))
      return STATUS_OK;
    char title[GRADIENT_SIZE];
    diag_set(diag, STATUS_USAGE, expr->span, _("\"%s\" has no value yet"),
             name_title(session->model, expr->name, title));
    diag_hint(diag, node >= 0 ? _("forward %s computes it")
                              : _("the walk has to come back to it: backward %s"),
              node_title(session->model, node >= 0 ? node : of, title));
    return STATUS_USAGE;
  }
  for (size_t i = 0; expr->kind == EXPR_APPLY && i < expr->count; i++) {
    enum status status = check_reached(session, expr->args[i], diag);
    if (status) return status;
  }
  return STATUS_OK;
}

/* Runs what was lowered after the backward program in a run of its own, which starts from the
 * values of BASE. */
static enum status run_lowered(const struct run *base, size_t first, size_t old_size, int slot,
                               struct evaluation *result, struct diag *diag) {
  const struct program *program = base->program;
  struct run run;
  result->shape = program->slots[slot].shape;
  size_t bytes = shape_count(result->shape) * sizeof *result->values;
  if (run_init(&run, program, &base->random, base->precision)) return diag_no_memory(diag);
  memcpy(run.values, base->values, old_size * sizeof *run.values);
  run_code(&run, &program->backward, first);
  result->values = malloc(bytes);
  if (result->values) memcpy(result->values, run_values(&run, slot), bytes);
  run_done(&run);
  return result->values ? STATUS_OK : diag_no_memory(diag);
}

enum status evaluate_in(struct session *session, const struct run *base, const struct expr *expr,
                        struct evaluation *result, struct diag *diag) {
  struct model *model = session->model;
  struct program_mark mark = program_mark(&model->program);
  struct arena arena;
  arena_init(&arena);
  struct builder builder = rules_builder(model, &arena, diag);
  size_t lowered = model->lowered;
  int slot;
  *result = (struct evaluation){0};
  enum status status = lower_expr(&builder, expr, NULL, &slot);
  if (!status) status = run_lowered(base, mark.backward_count, mark.size, slot, result, diag);
  program_rollback(&model->program, mark);
  model->lowered = lowered;
  arena_done(&arena);
  return status;
}

enum status evaluate_expr(struct session *session, const struct expr *expr,
                          struct evaluation *result, struct diag *diag) {
  *result = (struct evaluation){0};
  enum status status = check_reached(session, expr, diag);
  return status ? status : evaluate_in(session, &session->run, expr, result, diag);
}

enum status evaluate_text(struct session *session, struct span text, struct evaluation *result,
                          struct diag *diag) {
  const struct expr *expr;
  struct arena arena;
  *result = (struct evaluation){0};
  arena_init(&arena);
  enum status status = span_of_names(&text, session->model, &arena)
                           ? parse_expr(text, &arena, &expr, diag)
                           : diag_no_memory(diag);
  if (!status) status = evaluate_expr(session, expr, result, diag);
  arena_done(&arena);
  return status;
}
