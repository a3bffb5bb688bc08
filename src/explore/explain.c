#include "explore/explain.h"

#include "core/intl.h"
#include "explore/evaluate.h"
#include "lang/print.h"
#include "lang/shown.h"

#include <stdlib.h>
#include <string.h>

/* The slot that a name in a line means, or -1. */
static int slot_of(const struct session *session, const char *name) {
  const struct model *model = session->model;
  int slot = scope_find(&model->scope, name);
  if (slot < 0) slot = scope_find(&model->locals, name);
  int node = slot < 0 ? model_gradient_named(model, name) : -1;
  return node >= 0 ? model->nodes[node].gradient : slot;
}

static bool all_scalar(const struct session *session, const struct expr *expr, size_t *names) {
  if (expr->kind == EXPR_NAME) {
    int slot = slot_of(session, expr->name);
    ++*names;
    return slot >= 0 && shape_count(model_shape(session->model, slot)) == 1;
  }
  for (size_t i = 0; expr->kind == EXPR_APPLY && i < expr->count; i++)
    if (!all_scalar(session, expr->args[i], names)) return false;
  return true;
}

struct plug {
  struct session *session;
  struct arena arena;
  bool scalar;
};

/* A number, in brackets where a minus needs them; or a shape. */
static const struct expr *plug_name(void *context, const char *name) {
  struct plug *plug = context;
  const struct model *model = plug->session->model;
  struct arena *arena = &plug->arena;
  char number[NUMBER_TEXT_SIZE];
  int slot = slot_of(plug->session, name);
  if (slot < 0) return NULL;
  struct shape shape = model_shape(model, slot);
  double value = *run_values(&plug->session->run, slot);
  const char *text = plug->scalar || shape_count(shape) == 1
                         ? arena_printf(arena, "%s", number_brief(value < 0 ? -value : value, 10,
                                                                  number))
                         : arena_printf(arena, "(%u x %u)", shape.rows, shape.cols);
  const struct expr *expr = text ? expr_name(arena, SPAN_NONE, text) : NULL;
  bool negative = value < 0 && shape_count(shape) == 1;
  return expr && negative ? expr_apply(arena, SPAN_NONE, OP_NEG, "neg", &expr, 1) : expr;
}

bool explain_plugged(struct session *session, const struct expr *expr, struct text *out) {
  size_t names = 0;
  struct plug plug = {.session = session, .scalar = all_scalar(session, expr, &names)};
  if (names == 0 || expr->kind == EXPR_NAME) return false;
  arena_init(&plug.arena);
  const struct expr *plugged = expr_substitute(&plug.arena, expr, plug_name, &plug);
  if (plugged) print_expr(out, plugged);
  else out->failed = true;
  arena_done(&plug.arena);
  return true;
}

/* FORMULA, which begins with a name of INDENT columns, in numbers, and its value. */
static void put_lines(struct session *session, int indent, const struct expr *expr,
                      const char *formula, const double *values, struct shape shape,
                      struct text *out) {
  text_printf(out, "%s\n", formula);
  size_t before = out->length;
  text_printf(out, "%*s = ", indent, "");
  if (explain_plugged(session, expr, out)) text_puts(out, "\n");
  else text_truncate(out, before);
  text_printf(out, "%*s = ", indent, "");
  report_tensor(out, values, shape);
  text_puts(out, "\n");
}

static void put_value(struct session *session, int node, struct text *out) {
  const struct model *model = session->model;
  const struct node *shown = &model->nodes[node];
  const struct expr *expr = model_formula(model, node);
  struct text formula;
  text_init(&formula);
  if (!expr && shown->kind <= NODE_PARAM) text_printf(&formula, "%s ", model_op_name(model, node));
  node_put_shown(&formula, model, node);
  int indent = node_is_named(model, node)
                   ? text_columns(text_string(&formula), formula.length)
                   : 1;
  /* A part of a statement is its own formula, but for what a gate has a name for. */
  bool says_all = shown->part && shown->part->kind != EXPR_NAME;
  if (!says_all) text_puts(&formula, " = ");
  if (!says_all) formula_put_shown(&formula, model, node);
  if (!session_has_value(session, node))
    text_printf(out, "%s\n  %s\n", text_string(&formula), _("not computed yet"));
  else if (expr)
    put_lines(session, indent, expr, text_string(&formula),
              run_values(&session->run, shown->slot), model_shape(model, shown->slot), out);
  else {
    text_puts(out, text_string(&formula));
    report_tensor(out, run_values(&session->run, shown->slot), model_shape(model, shown->slot));
    text_puts(out, "\n");
  }
  out->failed = out->failed || formula.failed;
  text_done(&formula);
}

enum status explain_value(struct session *session, int node, struct lines *out,
                          struct diag *diag) {
  const size_t start = out->text.length;
  (void)diag;
  put_value(session, node, &out->text);
  lines_describe(out, start, LINE_VALUE, report_about_node(node, false));
  return STATUS_OK;
}

static void put_replaced(const struct model *model, const struct rule *rule, struct lines *out) {
  if (!rule->original) return;
  text_puts(&out->text, _("  a bug; the line was  "));
  report_replaced(out, model, rule->original);
  text_puts(&out->text, "\n");
}

/* The columns of the target that LINE begins with; of a part's gradient, which may be long, few. */
static int target_columns(const char *line) {
  enum { MOST = 12 };
  int columns = text_columns(line, strcspn(line, " "));
  return strncmp(line, "d(", 2) == 0 || columns > MOST ? 1 : columns;
}

/* What RULE adds to by now. */
static void put_sum(const struct session *session, const struct rule *rule, struct text *out) {
  const struct model *model = session->model;
  const int slot = model_target(model, rule);
  if (!rule->accumulate || slot < 0) return;
  struct text name;
  text_init(&name);
  name_put_shown(&name, model, rule->target);
  text_printf(out, _("%s so far: "), text_string(&name));
  report_tensor(out, run_values(&session->run, slot), model_shape(model, slot));
  text_puts(out, "\n");
  text_done(&name);
}

static enum status put_rule(struct session *session, const struct rule *rule, struct text *out,
                            struct diag *diag) {
  struct evaluation share;
  struct text line;
  /* A hunt's line shows what it pretends to be and the number that it really makes. */
  const struct expr *runs = rule->hidden ? rule->hidden->value : rule->value;
  enum status status = evaluate_expr(session, runs, &share, diag);
  text_init(&line);
  line_put_shown(&line, session->model, rule->text);
  if (status) {
    text_printf(out, "%s\n  %s\n", text_string(&line), _("not computed yet"));
  } else {
    put_lines(session, target_columns(text_string(&line)), rule->value, text_string(&line),
              share.values, share.shape, out);
    put_sum(session, rule, out);
    free(share.values);
  }
  text_done(&line);
  return status == STATUS_USAGE ? STATUS_OK : status;
}

enum status explain_rule(struct session *session, size_t index, struct lines *out,
                         struct diag *diag) {
  const struct model *model = session->model;
  const size_t start = out->text.length;
  enum status status = put_rule(session, &model->rules[index], &out->text, diag);
  put_replaced(model, &model->rules[index], out);
  lines_describe(out, start, LINE_GRADIENT, report_about_rule(model, index));
  return status;
}

enum status explain_gradient(struct session *session, int node, struct lines *out,
                             struct diag *diag) {
  const struct model *model = session->model;
  enum status status = STATUS_OK;
  bool found = false;
  for (size_t i = 0; !status && i < model->rule_count; i++) {
    if (model->rules[i].target_node != node) continue;
    status = explain_rule(session, i, out, diag);
    found = true;
  }
  if (found) return status;
  struct text name;
  text_init(&name);
  gradient_put_shown(&name, model, node);
  text_printf(&out->text, _("no line assigns %s\n"), text_string(&name));
  text_done(&name);
  return status;
}

enum status explain_move(struct session *session, const struct move *move, struct lines *out,
                         struct diag *diag) {
  const struct model *model = session->model;
  if (move->kind == MOVE_FORWARD) return explain_value(session, move->node, out, diag);
  if (move->kind == MOVE_SEED) {
    const size_t start = out->text.length;
    text_printf(&out->text, _("d%s = 1\n  the gradient of the loss with respect to itself\n"),
                model->nodes[move->node].name);
    lines_describe(out, start, LINE_GRADIENT, report_about_node(move->node, true));
    return STATUS_OK;
  }
  enum status status = STATUS_OK;
  for (size_t i = 0; !status && i < move->rule_count; i++) {
    const size_t index = move->first_rule + i;
    if (!rule_is_handed_on(model, &model->rules[index]))
      status = explain_rule(session, index, out, diag);
  }
  return status;
}

/* Lines that NODE hands to its operands. */
static enum status explain_handed_on(struct session *session, int node, struct lines *out,
                                     struct diag *diag) {
  const struct model *model = session->model;
  enum status status = STATUS_OK;
  for (size_t i = 0; !status && i < model->rule_count; i++) {
    const struct rule *rule = &model->rules[i];
    if (rule->node >= 0 && model_visible(model, rule->node) == node &&
        !rule_is_handed_on(model, rule))
      status = explain_rule(session, i, out, diag);
  }
  return status;
}

/* A leaf hands nothing on, nor does a node beside a backward block: what makes its own gradient is
 * what there is to know. */
static bool shows_own_lines(const struct model *model, int node) {
  if (!model->backward && model->nodes[node].kind == NODE_OP) return false;
  for (size_t i = 0; i < model->rule_count; i++)
    if (model->rules[i].target_node == node) return true;
  return false;
}

static void put_gradient(struct session *session, int node, struct text *out) {
  const struct model *model = session->model;
  const struct node *shown = &model->nodes[node];
  gradient_put_shown(out, model, node);
  text_puts(out, " = ");
  if (session_has_gradient(session, node))
    report_tensor(out, run_values(&session->run, shown->gradient),
                  model_shape(model, shown->slot));
  else
    text_puts(out, _("not computed yet"));
  text_puts(out, "\n");
}

/* The gradient, if the node has one, and what is handed on. */
static enum status explain_upstream(struct session *session, int node, struct lines *out,
                                    struct diag *diag) {
  const size_t start = out->text.length;
  const bool wanted = session->model->nodes[node].gradient >= 0;
  if (wanted) put_gradient(session, node, &out->text);
  else text_puts(&out->text, _("no gradient is wanted here\n"));
  lines_describe(out, start, wanted ? LINE_GRADIENT : LINE_PLAIN, report_about_node(node, true));
  return explain_handed_on(session, node, out, diag);
}

enum status explain_node(struct session *session, int node, struct lines *out,
                         struct diag *diag) {
  enum status status = explain_value(session, node, out, diag);
  if (status) return status;
  if (shows_own_lines(session->model, node)) return explain_gradient(session, node, out, diag);
  return explain_upstream(session, node, out, diag);
}
