#include "blame/factor.h"

#include "core/intl.h"

#include <math.h>
#include <stdio.h>

bool factor_is(double factor, double number) {
  const double close = 1e-5;
  return fabs(factor - number) <= close * fabs(number);
}

const char *factor_text(double factor, char buffer[NUMBER_TEXT_SIZE]) {
  const double near = 5e-4;
  char rest[NUMBER_TEXT_SIZE];
  if (fabs(factor - 1) < near)
    snprintf(buffer, NUMBER_TEXT_SIZE, "1 %c %.9s", factor < 1 ? '-' : '+',
             number_brief(fabs(factor - 1), 2, rest));
  else if (fabs(factor) >= 0.01 && fabs(factor) < 1e4)
    snprintf(buffer, NUMBER_TEXT_SIZE, "%.4f", factor);
  else
    number_brief(factor, 5, buffer);
  return buffer;
}

bool factor_stands_in(const struct expr *expr, double number) {
  if (expr->kind == EXPR_NUMBER) return factor_is(number, expr->number);
  for (size_t i = 0; expr->kind == EXPR_APPLY && i < expr->count; i++)
    if (factor_stands_in(expr->args[i], number)) return true;
  return false;
}

/* -- the model's own numbers, asked for in turn -- */

/* Appends how FACTOR follows from VALUE, a number called NAME; false: it does not. */
static bool explain_by(struct text *out, double factor, double value, const char *name, bool size) {
  char number[NUMBER_TEXT_SIZE];
  if (!isfinite(value) || !(fabs(value) > 0) || factor_is(value, 1)) return false;
  number_brief(factor, 5, number);
  if (factor_is(factor, value))
    text_printf(out, size ? _("%s is %s: a mean is left out, or a sum taken for it")
                          : _("%s is %s: multiplied by it once too often, or not divided"),
                number, name);
  else if (factor_is(factor, 1 / value))
    text_printf(out, size ? _("%s is one divided by %s: a mean is taken twice, or for a sum")
                          : _("%s is one divided by %s: divided by it once too often, or not "
                              "multiplied"), number, name);
  else if (size && (factor_is(factor, value / (value - 1)) || factor_is(factor, 1 - 1 / value)))
    text_printf(out, _("%s comes from %s and one less: two kinds of mean are mixed"), number, name);
  else
    return false;
  return true;
}

/* The same by the square root of a size. */
static bool explain_by_root(struct text *out, double factor, double value, const char *name) {
  const double root = sqrt(value);
  char number[NUMBER_TEXT_SIZE];
  if (!factor_is(factor, root) && !factor_is(factor, 1 / root)) return false;
  text_printf(out, factor > 1 ? _("%s is the square root of %s: a scale is left out, or taken twice")
                              : _("%s is one divided by the square root of %s: a scale is left "
                                  "out, or taken twice"), number_brief(factor, 5, number), name);
  return true;
}

/* Whether there is a mean by SIZE: the forward pass divides by SIZE, by twice that, or by either
 * times OTHER, the length of the tensor's other side; or it multiplies by one divided by such a
 * number. */
static bool is_mean_in(const struct model *model, const struct run *point, double size,
                       double other) {
  const struct code *forward = &model->program.forward;
  const double often[] = {1, 2, other, 2 * other};
  for (size_t i = 0; i < forward->count; i++) {
    const struct instr *instr = &forward->items[i];
    const struct op *op = &op_table[instr->op];
    const bool quotient = op->power[1] < 0;
    if (!op->power[0]) continue;
    for (int k = quotient; k < 2; k++) {
      if (shape_count(model_shape(model, instr->in[k])) != 1) continue;
      double number = *run_values(point, instr->in[k]);
      double times = (quotient ? number : 1 / number) / size;
      for (size_t j = 0; j < sizeof often / sizeof *often; j++)
        if (factor_is(times, often[j])) return true;
    }
  }
  return false;
}

/* Whether LINE sums, or divides by SIZE. */
static bool is_averaging(const struct model *model, const struct run *point,
                         const struct expr *line, double size) {
  if (!line || line->kind != EXPR_APPLY) return false;
  const struct op *op = line->op >= 0 ? &op_table[line->op] : NULL;
  if (op && op_adds_up(op)) return true;
  if (op && op->power[1] < 0) {
    const struct expr *by = line->args[1];
    int node = by->kind == EXPR_NAME ? model_find(model, by->name) : -1;
    bool scalar = node >= 0 && shape_count(model_shape(model, model->nodes[node].slot)) == 1;
    double number = by->kind == EXPR_NUMBER ? by->number
                    : scalar ? *run_values(point, model->nodes[node].slot) : (double)NAN;
    if (factor_is(number, size)) return true;
  }
  for (size_t i = 0; i < line->count; i++)
    if (is_averaging(model, point, line->args[i], size)) return true;
  return false;
}

static bool stands_to_reason(const struct model *model, const struct run *point, double size,
                             double other, const struct expr *line) {
  return is_mean_in(model, point, size, other) || is_averaging(model, point, line, size);
}

static bool explain_by_constant(struct text *out, const struct model *model,
                                const struct run *point, double factor,
                                const struct expr *line) {
  for (size_t n = 0; n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    bool constant = node->kind == NODE_DATA || node->kind == NODE_CONST;
    if (!constant || shape_count(model_shape(model, node->slot)) != 1) continue;
    double value = *run_values(point, node->slot);
    bool size = value >= 2 && value <= floor(value); /* m = cols(X) */
    if (size && !stands_to_reason(model, point, value, 1, line)) continue;
    if (explain_by(out, factor, value, node->name, size)) return true;
  }
  return false;
}

/* By the sides of the data, then of the params. */
static bool explain_by_side(struct text *out, const struct model *model, const struct run *point,
                            double factor, const struct expr *line, bool root) {
  struct text name;
  bool found = false;
  text_init(&name);
  for (size_t i = 0; !found && i < 2 * model->node_count; i++) {
    size_t n = i % model->node_count;
    struct shape shape = model_shape(model, model->nodes[n].slot);
    if (model->nodes[n].kind != (i < model->node_count ? NODE_DATA : NODE_PARAM)) continue;
    for (int side = 0; !found && side < 2; side++) {
      double size = side ? shape.cols : shape.rows, other = side ? shape.rows : shape.cols;
      if (!root && !stands_to_reason(model, point, size, other, line)) continue;
      text_truncate(&name, 0);
      text_printf(&name, side ? _("the number of columns of %s") : _("the number of rows of %s"),
                  model->nodes[n].name);
      found = root ? size > 1 && explain_by_root(out, factor, size, text_string(&name))
                   : explain_by(out, factor, size, text_string(&name), true);
    }
  }
  out->failed = out->failed || name.failed;
  text_done(&name);
  return found;
}

static bool explain_by_literal(struct text *out, const struct expr *expr, double factor) {
  char number[NUMBER_TEXT_SIZE], name[80];
  if (expr->kind == EXPR_NUMBER) {
    snprintf(name, sizeof name, _("the %s in the model's text"), number_text(expr->number, number));
    return explain_by(out, factor, expr->number, name, false);
  }
  for (size_t i = 0; expr->kind == EXPR_APPLY && i < expr->count; i++)
    if (explain_by_literal(out, expr->args[i], factor)) return true;
  return false;
}

static bool explain_by_text(struct text *out, const struct model *model, double factor) {
  for (size_t i = 0; i < model->syntax.count; i++) {
    const struct stmt *stmt = &model->syntax.statements[i];
    if (stmt->kind != STMT_NODE || !stmt->value) continue;
    if (explain_by_literal(out, stmt->value, factor)) return true;
  }
  return false;
}

/* -- numbers that everybody trips over -- */

static const struct {
  double factor;
  const char *meaning;
} common[] = {
    {-1, "a minus sign is missing, or one too many"},
    {2, "a square's slope is counted twice, or a term is added twice"},
    {0.5, "the 2 of a square's slope is missing, or one of two equal shares"},
    {-2, "a minus sign is wrong and a 2 besides"},
    {-0.5, "a minus sign is wrong and a 2 is missing besides"},
    {0.1, "it looks like a learning rate, which belongs to the update of the params"},
    {0.01, "it looks like a learning rate, which belongs to the update of the params"},
    {0.001, "it looks like a learning rate, which belongs to the update of the params"},
};

static bool explain_as_common(struct text *out, double factor) {
  for (size_t i = 0; i < sizeof common / sizeof *common; i++)
    if (factor_is(factor, common[i].factor)) {
      text_puts(out, _(common[i].meaning));
      return true;
    }
  return false;
}

/* The plain readings come first. A size comes only after them, and beside a plain one only as
 * another possibility. */
void factor_explain(struct text *out, const struct model *model, const struct run *point,
                    double factor, const struct expr *line) {
  struct text size;
  text_init(&size);
  bool plain = explain_as_common(out, factor);
  bool sized = factor > 0 && (explain_by_constant(&size, model, point, factor, line) ||
                              explain_by_side(&size, model, point, factor, line, false));
  if (plain && sized) text_puts(out, _("; or "));
  if (sized) text_puts(out, text_string(&size));
  else if (!plain && !explain_by_text(out, model, factor))
    explain_by_side(out, model, point, factor, line, true);
  out->failed = out->failed || size.failed;
  text_done(&size);
}
