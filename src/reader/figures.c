#include "reader/figures.h"

#include "core/intl.h"
#include "explore/options.h"
#include "lang/parse.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- what a check and a sweep have found -- */

static double whole_difference(const struct check *check) { return check->difference; }
static double whole_verdict(const struct check *check) { return check->verdict; }
static double whole_entries(const struct check *check) { return (double)check->entries; }
static double whole_zeros(const struct check *check) { return (double)check->zeros; }

static double tensor_difference(const struct tensor_check *t) { return t->metrics.difference; }
static double tensor_verdict(const struct tensor_check *t) { return t->verdict; }
static double tensor_entries(const struct tensor_check *t) { return (double)t->count; }
static double tensor_zeros(const struct tensor_check *t) { return (double)t->metrics.zeros; }
static double tensor_scale(const struct tensor_check *t) { return t->metrics.scale; }
static double tensor_cosine(const struct tensor_check *t) { return t->metrics.cosine; }
static double tensor_mean_abs(const struct tensor_check *t) { return t->metrics.mean_abs; }
static double tensor_max_abs(const struct tensor_check *t) { return t->metrics.max_abs; }
static double tensor_max_rel(const struct tensor_check *t) { return t->metrics.max_rel; }
static double tensor_left(const struct tensor_check *t) { return t->left; }
static double tensor_right(const struct tensor_check *t) { return t->right; }
static double tensor_step(const struct tensor_check *t) { return t->step; }

static const struct {
  const char *name;
  double (*whole)(const struct check *check);        /* may be NULL */
  double (*tensor)(const struct tensor_check *tensor);
} findings[] = {
    {"difference", whole_difference, tensor_difference},
    {"verdict", whole_verdict, tensor_verdict},
    {"entries", whole_entries, tensor_entries},
    {"zeros", whole_zeros, tensor_zeros},
    {"scale", NULL, tensor_scale},
    {"cosine", NULL, tensor_cosine},
    {"mean_abs", NULL, tensor_mean_abs},
    {"max_abs", NULL, tensor_max_abs},
    {"max_rel", NULL, tensor_max_rel},
    {"left", NULL, tensor_left},
    {"right", NULL, tensor_right},
    {"step", NULL, tensor_step},
};

enum { FIGURE_COUNT = sizeof findings / sizeof *findings };

static double best_step(const struct sweep *sweep, const struct sweep_line *line) {
  return line->best < 0 ? (double)NAN : sweep->steps[line->best];
}

static double best_error(const struct sweep *sweep, const struct sweep_line *line) {
  (void)sweep;
  return line->best < 0 ? (double)NAN : line->errors[line->best];
}

static const struct {
  const char *name;
  double (*line)(const struct sweep *sweep, const struct sweep_line *line);
} swept[] = {{"best_step", best_step}, {"best_error", best_error}};

enum { SWEPT_COUNT = sizeof swept / sizeof *swept };

static int find_row(const char *name) {
  for (int i = 0; i < FIGURE_COUNT; i++)
    if (strcmp(findings[i].name, name) == 0) return i;
  return -1;
}

/* -- putting them into an expression -- */

struct filling {
  struct figures *figures;
  struct diag *diag;
  enum status status;
};

static const struct expr *refuse(struct filling *filling, const struct expr *expr,
                                 const char *message, const char *hint) {
  if (!filling->status) {
    filling->status = diag_set(filling->diag, STATUS_DATA, expr->span, "%s", message);
    if (hint) diag_hint(filling->diag, "%s", hint);
  }
  return expr;
}

static const struct expr *number(struct filling *filling, const struct expr *expr, double value) {
  const struct expr *made = expr_number(&filling->figures->arena, expr->span, value);
  if (!made) filling->status = diag_no_memory(filling->diag);
  return made;
}

static bool is_model_name(const struct session *session, const char *name) {
  const struct model *model = session->model;
  bool gradient;
  return model_find_either(model, name, &gradient) >= 0 || scope_find(&model->locals, name) >= 0;
}

static bool has_check(struct filling *filling, const struct expr *expr) {
  if (filling->figures->session->now.at.check) return true;
  refuse(filling, expr, _("no check has been made here"), _("a page's \"do\" fence may make one"));
  return false;
}

static const struct expr *fill_it(struct filling *filling, const struct expr *expr) {
  struct figures *figures = filling->figures;
  bool gradient = strcmp(expr->name, "dit") == 0;
  const char *name = gradient ? arena_printf(&figures->arena, "d%s", figures->it) : figures->it;
  const struct expr *made = name ? expr_name(&figures->arena, expr->span, name) : NULL;
  if (!made) filling->status = diag_no_memory(filling->diag);
  return made;
}

static const struct expr *fill_name(struct filling *filling, const struct expr *expr) {
  const struct session *session = filling->figures->session;
  bool it = strcmp(expr->name, "it") == 0 || strcmp(expr->name, "dit") == 0;
  if (filling->figures->it && it) return fill_it(filling, expr);
  if (is_model_name(session, expr->name)) return expr;
  for (int i = 0; i < VERDICT_COUNT; i++)
    if (strcmp(expr->name, verdict_names[i]) == 0) return number(filling, expr, i);
  int row = find_row(expr->name);
  if (row < 0) return expr; /* lowering will say what is wrong with it */
  if (!findings[row].whole)
    return refuse(filling, expr, _("this is a figure of one tensor"),
                  _("name the tensor: scale(W1)"));
  if (!has_check(filling, expr)) return expr;
  return number(filling, expr, findings[row].whole(session->now.at.check));
}

static const struct tensor_check *find_in(const struct model *model,
                                          const struct tensor_check *tensors, size_t count,
                                          const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(model->nodes[tensors[i].node].name, name) == 0) return &tensors[i];
  return NULL;
}

static const struct tensor_check *find_tensor(const struct session *session, const char *name) {
  const struct check *check = session->now.at.check;
  const struct tensor_check *tensor =
      find_in(session->model, check->tensors, check->tensor_count, name);
  return tensor ? tensor
                : find_in(session->model, check->intermediates, check->intermediate_count, name);
}

static const struct expr *fill_numeric(struct filling *filling, const struct expr *expr,
                                       const struct tensor_check *tensor) {
  struct expr *made = ARENA_NEW(&filling->figures->arena, struct expr);
  if (tensor->by_direction)
    return refuse(filling, expr, _("this check went along directions, not entry by entry"), NULL);
  if (!made) {
    filling->status = diag_no_memory(filling->diag);
    return expr;
  }
  *made = (struct expr){.kind = EXPR_MATRIX, .height = 1, .size = 1, .span = expr->span,
                        .shape = tensor->shape, .entries = tensor->numeric};
  return made;
}

static const struct expr *fill_tensor(struct filling *filling, const struct expr *expr, int row) {
  const char *name = expr->args[0]->name;
  const char *it = filling->figures->it;
  if (it && strcmp(name, "it") == 0) name = it;
  if (!has_check(filling, expr)) return expr;
  const struct tensor_check *tensor = find_tensor(filling->figures->session, name);
  if (!tensor)
    return refuse(filling, expr->args[0], _("the check did not look at this tensor"), NULL);
  return row < 0 ? fill_numeric(filling, expr, tensor)
                 : number(filling, expr, findings[row].tensor(tensor));
}

/* "single-central" is written single_central. */
static bool is_curve(const char *curve, const char *name) {
  for (; *curve && *name; curve++, name++)
    if (*curve != *name && !(*name == '_' && strchr(" -", *curve))) return false;
  return *curve == *name;
}

static const struct expr *fill_sweep(struct filling *filling, const struct expr *expr, int row) {
  const struct session *session = filling->figures->session;
  if (!session->now.at.sweep)
    return refuse(filling, expr, _("no sweep has been made here"),
                  _("a page's \"do\" fence may make one"));
  for (int i = 0; i < SWEEP_CURVE_COUNT; i++)
    if (is_curve(sweep_kinds[i].name, expr->args[0]->name))
      return number(filling, expr,
                    swept[row].line(session->now.at.sweep, &session->now.at.sweep->lines[i]));
  return refuse(filling, expr->args[0], _("the sweep has no such curve"),
                _("the curves are central, forward, single_central and single_forward"));
}

static const struct expr *fill(struct filling *filling, const struct expr *expr);

static const struct expr *fill_arguments(struct filling *filling, const struct expr *expr) {
  const struct expr *args[8];
  if (expr->count > sizeof args / sizeof *args) return expr;
  for (size_t i = 0; i < expr->count; i++) {
    args[i] = fill(filling, expr->args[i]);
    if (filling->status) return expr;
  }
  const struct expr *made = expr_apply(&filling->figures->arena, expr->span, expr->op, expr->name,
                                       args, expr->count);
  if (!made) filling->status = diag_no_memory(filling->diag);
  return made;
}

/* Recursion ends at EXPR_MAX_HEIGHT. */
static const struct expr *fill(struct filling *filling, const struct expr *expr) {
  if (expr->kind == EXPR_NAME) return fill_name(filling, expr);
  if (expr->kind != EXPR_APPLY) return expr;
  bool call = (expr->op < 0 || op_table[expr->op].form == FORM_CALL) && expr->count == 1 &&
              expr->args[0]->kind == EXPR_NAME; /* zeros(W) is not zeros(3, 4) */
  if (call && strcmp(expr->name, "numeric") == 0) return fill_tensor(filling, expr, -1);
  int row = call ? find_row(expr->name) : -1;
  if (row >= 0) return fill_tensor(filling, expr, row);
  for (int i = 0; call && i < SWEPT_COUNT; i++)
    if (strcmp(swept[i].name, expr->name) == 0) return fill_sweep(filling, expr, i);
  return fill_arguments(filling, expr);
}

/* -- evaluating -- */

enum status figures_init(struct figures *figures, struct session *session, struct diag *diag) {
  const struct program *program = &session->model->program;
  *figures = (struct figures){.session = session};
  arena_init(&figures->arena);
  if (run_init(&figures->run, program, &session->model->random, session->now.at.precision))
    return diag_no_memory(diag);
  run_code(&figures->run, &program->forward, 0);
  run_code(&figures->run, &program->backward, 0);
  return STATUS_OK;
}

void figures_done(struct figures *figures) {
  run_done(&figures->run);
  arena_done(&figures->arena);
}

/* What is wrong with an expression in a lesson is bad data; what is not about a part of it is about
 * TEXT. */
static enum status settle(struct diag *diag, enum status status, struct span text) {
  if (!status || status == STATUS_NO_MEMORY || status == STATUS_CANCELLED) return status;
  diag_within(diag, text);
  return diag->status = status == STATUS_USAGE ? STATUS_DATA : status;
}

static enum status value_of(struct figures *figures, const struct expr *expr,
                            struct evaluation *result, struct diag *diag) {
  struct filling filling = {figures, diag, STATUS_OK};
  const struct expr *filled = fill(&filling, expr);
  *result = (struct evaluation){0};
  return filling.status ? filling.status
                        : evaluate_in(figures->session, &figures->run, filled, result, diag);
}

enum status figures_value(struct figures *figures, struct span text, struct evaluation *result,
                          struct diag *diag) {
  const struct expr *expr;
  *result = (struct evaluation){0};
  enum status status = parse_expr(text, &figures->arena, &expr, diag);
  if (!status) status = value_of(figures, expr, result, diag);
  return settle(diag, status, text);
}

enum status figures_number(struct figures *figures, struct span text, double *value,
                           struct diag *diag) {
  struct evaluation evaluation;
  enum status status = figures_value(figures, text, &evaluation, diag);
  if (!status && shape_count(evaluation.shape) != 1)
    status = diag_set(diag, STATUS_DATA, text, _("this is %u x %u; a figure is one number"),
                      evaluation.shape.rows, evaluation.shape.cols);
  if (!status) *value = evaluation.values[0];
  free(evaluation.values);
  return status;
}

/* Comparisons are the infix operations that bind least. */
static bool is_comparison(const struct expr *expr) {
  return expr->kind == EXPR_APPLY && expr->op >= 0 && op_table[expr->op].form == FORM_INFIX &&
         op_table[expr->op].precedence == op_table[OP_EQUAL].precedence;
}

static bool all_true(const struct evaluation *truth) {
  for (size_t i = 0; i < shape_count(truth->shape); i++)
    if (truth->values[i] != 1) return false;
  return true;
}

bool evaluation_has_nan(const struct evaluation *value) {
  for (size_t i = 0; i < shape_count(value->shape); i++)
    if (isnan(value->values[i])) return true;
  return false;
}

enum status figures_comparison(struct figures *figures, struct span text,
                               struct comparison *result, struct diag *diag) {
  const struct expr *expr;
  struct evaluation truth = {0};
  *result = (struct comparison){0};
  enum status status = parse_expr(text, &figures->arena, &expr, diag);
  if (!status && !is_comparison(expr)) {
    status = diag_set(diag, STATUS_DATA, text, "%s", _("this compares nothing"));
    diag_hint(diag, "%s", _("expected ==, !=, <, <=, > or >= between two expressions, or ~"));
  }
  if (!status) status = value_of(figures, expr->args[0], &result->left, diag);
  if (!status) status = value_of(figures, expr->args[1], &result->right, diag);
  if (!status) status = value_of(figures, expr, &truth, diag);
  if (!status)
    result->holds = all_true(&truth) && !evaluation_has_nan(&result->left) &&
                    !evaluation_has_nan(&result->right);
  free(truth.values);
  return settle(diag, status, text);
}

void comparison_done(struct comparison *comparison) {
  free(comparison->left.values);
  free(comparison->right.values);
}

/* A short way to say a value: its number or its verdict, else its size. */
static void brief(struct span text, const struct evaluation *value, char *out, size_t size) {
  char buffer[NUMBER_TEXT_SIZE];
  double first = value->values[0];
  if (shape_count(value->shape) != 1)
    snprintf(out, size, _("%u x %u, [0, 0] is %s"), value->shape.rows, value->shape.cols,
             number_text(first, buffer));
  else if (figures_about_verdict(text) && first >= 0 && first < VERDICT_COUNT)
    snprintf(out, size, "%s", verdict_names[(int)first]);
  else snprintf(out, size, "%s", number_text(first, buffer));
}

static void tell(struct span text, const struct comparison *sides, char *why) {
  char left[80], right[80];
  if (!why) return;
  brief(text, &sides->left, left, sizeof left);
  brief(text, &sides->right, right, sizeof right);
  snprintf(why, WHY_SIZE, _("found %s on the left and %s on the right"), left, right);
}

/* |A - B| <= T in every entry; B may be 1 x 1. */
static bool is_near(const struct comparison *sides, double tolerance) {
  size_t count = shape_count(sides->left.shape);
  bool one = shape_count(sides->right.shape) == 1;
  if (!one && !shape_equal(sides->left.shape, sides->right.shape)) return false;
  for (size_t i = 0; i < count; i++)
    if (!(fabs(sides->left.values[i] - sides->right.values[one ? 0 : i]) <= tolerance))
      return false;
  return true;
}

/* A ~ NUMBER. */
static enum status assert_digits(const struct comparison *sides, struct span number, bool *holds,
                                 struct diag *diag) {
  struct figure figure;
  if (!figure_number(number, &figure)) {
    diag_set(diag, STATUS_DATA, number, "%s", _("how near? this is no plain number"));
    diag_hint(diag, "%s", _("write A ~ B +- 1e-8"));
    return STATUS_DATA;
  }
  if (figure.fault)
    return diag_set(diag, STATUS_DATA, number, "%s", number_fault_text(figure.fault));
  *holds = shape_count(sides->left.shape) == 1 && figure_holds(&figure, sides->left.values[0]);
  return STATUS_OK;
}

static enum status assert_near(struct figures *figures, struct span left, struct span right,
                               bool *holds, char *why, struct diag *diag) {
  struct span middle, tolerance;
  struct comparison sides = {0};
  struct evaluation most = {0};
  bool given = span_split(right, "+-", &middle, &tolerance);
  if (!given) middle = tolerance = right;
  enum status status = figures_value(figures, left, &sides.left, diag);
  if (!status) status = figures_value(figures, middle, &sides.right, diag);
  if (!status) status = figures_value(figures, tolerance, &most, diag);
  if (!status && !given) status = assert_digits(&sides, right, holds, diag);
  else if (!status && isinf(most.values[0]))
    status = diag_set(diag, STATUS_DATA, tolerance, "%s", _("a tolerance must be finite"));
  else if (!status) *holds = is_near(&sides, most.values[0]);
  if (!status && !*holds) tell(left, &sides, why);
  free(most.values);
  comparison_done(&sides);
  return status;
}

/* One condition of an assertion. */
static enum status assert_one(struct figures *figures, struct span text, bool *holds, char *why,
                              struct diag *diag) {
  struct span left, right;
  struct comparison comparison;
  if (span_split(text, "~", &left, &right))
    return assert_near(figures, left, right, holds, why, diag);
  enum status status = figures_comparison(figures, text, &comparison, diag);
  *holds = !status && comparison.holds;
  if (!status && !*holds) tell(text, &comparison, why);
  comparison_done(&comparison);
  return status;
}

/* All conditions are evaluated, so that a mistake in a later one is never hidden by an earlier. */
enum status figures_assert(struct figures *figures, struct span text, bool *holds,
                           char why[WHY_SIZE], struct diag *diag) {
  struct span left, right = text;
  enum status status = STATUS_OK;
  *holds = true;
  for (bool more = true; !status && more;) {
    char other[WHY_SIZE];
    bool one = false;
    more = span_split(right, " and ", &left, &right);
    status = assert_one(figures, more ? left : right, &one, *holds ? why : other, diag);
    *holds = *holds && one;
  }
  return status;
}

bool figures_speaks(struct figures *figures, const struct figure *figure) {
  const struct expr *expr;
  struct diag ignored;
  enum status status = parse_expr(figure->expr, &figures->arena, &expr, &ignored);
  if (status) return status == STATUS_NO_MEMORY; /* whoever looks closer will see it */
  return expr->kind != EXPR_NAME || is_model_name(figures->session, expr->name) ||
         !options_has(VERB_CHECK | VERB_SWEEP, expr->name, strlen(expr->name));
}

/* Numbers alone, with signs between them: no name, no call. */
static bool is_of_numbers(const struct expr *expr) {
  if (expr->kind == EXPR_NAME) return false;
  if (expr->kind != EXPR_APPLY) return true;
  bool plain = expr->op >= 0 && op_table[expr->op].form != FORM_CALL;
  for (size_t i = 0; plain && i < expr->count; i++) plain = is_of_numbers(expr->args[i]);
  return plain;
}

/* "3", "1,8", "50%", "[1 2]", "1/3", "PASS"; not "2 * df". */
static bool is_like_number(struct figures *figures, struct span text) {
  static const char minus_sign[] = "−";
  const struct expr *expr;
  struct diag ignored;
  double verdict;
  if (figures_verdict(text, &verdict)) return true;
  const char *at = text.source->text + text.start, *end = text.source->text + text.end;
  const size_t size = strlen(minus_sign);
  if ((size_t)(end - at) > size && memcmp(at, minus_sign, size) == 0) at += size;
  while (at < end && strchr("+-([ ", *at)) at++;
  if (at < end && *at == '.') at++;
  if (at == end || !isdigit((unsigned char)*at)) return false;
  return parse_expr(text, &figures->arena, &expr, &ignored) != STATUS_OK || is_of_numbers(expr);
}

enum status figures_resembles(struct figures *figures, struct span text, bool *resembles,
                              struct diag *diag) {
  struct span left, right;
  struct evaluation value = {0};
  const struct expr *expr;
  *resembles = false;
  if (!figure_sides(text, &left, &right) || !is_like_number(figures, right)) return STATUS_OK;
  enum status status = parse_expr(left, &figures->arena, &expr, diag);
  if (!status) status = value_of(figures, expr, &value, diag);
  free(value.values);
  *resembles = !status;
  return status == STATUS_NO_MEMORY ? status : STATUS_OK;
}

enum status figures_agree(struct figures *figures, const struct figure *figure, bool *holds,
                          double *value, struct diag *diag) {
  double verdict;
  enum status status = figures_number(figures, figure->expr, value, diag);
  *holds = false;
  if (status) return status;
  *holds = figure->is_word ? figures_verdict(figure->number, &verdict) && *value == verdict
                           : figure_holds(figure, *value);
  return STATUS_OK;
}

bool figures_verdict(struct span text, double *verdict) {
  size_t length = text.end - text.start;
  for (int i = 0; i < VERDICT_COUNT; i++)
    if (strlen(verdict_names[i]) == length &&
        memcmp(verdict_names[i], text.source->text + text.start, length) == 0) {
      *verdict = i;
      return true;
    }
  return false;
}

bool figures_about_verdict(struct span text) {
  static const char word[] = "verdict";
  size_t length = strlen(word);
  return text.end - text.start >= length &&
         memcmp(text.source->text + text.start, word, length) == 0;
}
