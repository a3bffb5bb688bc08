#include "core/intl.h"
#include "explore/evaluate.h"
#include "explore/explain.h"

#include <stdlib.h>

/* The operation whose entry is explained, with its operands' values. */
struct workings {
  const struct expr *expr;
  struct evaluation operands[MAX_OPERANDS];
  uint32_t row, col;
};

static void put_number(struct text *out, double value) {
  char buffer[NUMBER_TEXT_SIZE];
  text_puts(out, number_brief(value, 4, buffer));
}

/* An operand's entry; a side of 1 is repeated. */
static double entry(const struct evaluation *operand, uint32_t row, uint32_t col) {
  if (operand->shape.rows == 1) row = 0;
  if (operand->shape.cols == 1) col = 0;
  return operand->values[(size_t)row * operand->shape.cols + col];
}

static void put_operand(struct text *out, const struct workings *work, int which) {
  put_number(out, entry(&work->operands[which], work->row, work->col));
}

/* COUNT terms with plus signs between them; of many only the first. */
static void put_terms(struct text *out, const struct workings *work, uint32_t count,
                      void (*put)(struct text *out, const struct workings *work, uint32_t term)) {
  enum { MOST = 5 };
  for (uint32_t term = 0; term < count && term < MOST; term++) {
    if (term > 0) text_puts(out, " + ");
    put(out, work, term);
  }
  if (count > MOST) text_printf(out, _(" + … (%u terms)"), count);
}

static void put_product(struct text *out, const struct workings *work, uint32_t term) {
  put_number(out, entry(&work->operands[0], work->row, term));
  text_puts(out, "*");
  put_number(out, entry(&work->operands[1], term, work->col));
}

static void put_summand(struct text *out, const struct workings *work, uint32_t term) {
  const struct evaluation *operand = &work->operands[0];
  uint32_t cols = operand->shape.cols;
  bool across = work->expr->count > 1 && work->expr->args[1]->number == AXIS_ACROSS;
  bool down = work->expr->count > 1 && !across;
  put_number(out, across ? entry(operand, work->row, term)
                  : down ? entry(operand, term, work->col)
                         : entry(operand, term / cols, term % cols));
}

static uint32_t summand_count(const struct workings *work) {
  struct shape shape = work->operands[0].shape;
  if (work->expr->count == 1) return (uint32_t)shape_count(shape);
  return work->expr->args[1]->number == AXIS_ACROSS ? shape.cols : shape.rows;
}

static void put_workings(struct text *out, const struct workings *work) {
  const struct op *op = &op_table[work->expr->op];
  if (op->flags & OP_PRODUCT) {
    put_terms(out, work, work->operands[0].shape.cols, put_product);
  } else if (op_adds_up(op)) {
    put_terms(out, work, summand_count(work), put_summand);
  } else if (op->form == FORM_INFIX) {
    put_operand(out, work, 0);
    text_printf(out, " %s ", op->symbol);
    put_operand(out, work, 1);
  } else if (op->form == FORM_PREFIX) {
    text_puts(out, op->symbol);
    put_operand(out, work, 0);
  } else if (op->form == FORM_CALL && op->touch && op->arity > 0) {
    text_printf(out, "%s(", op->name);
    put_operand(out, work, 0);
    if (op->arity > 1) text_puts(out, ", "), put_operand(out, work, 1);
    text_puts(out, ")");
  }
}

/* Only an operation's own operands are looked into: what they are made of has a line of its own, or
 * is shown in their place as a number. */
static enum status explain_operation(struct session *session, const struct expr *expr,
                                     uint32_t row, uint32_t col, struct text *out,
                                     struct diag *diag) {
  struct workings work = {.expr = expr, .row = row, .col = col};
  enum status status = STATUS_OK;
  if (expr->kind != EXPR_APPLY || expr->op < 0 || op_table[expr->op].form == FORM_POSTFIX)
    return STATUS_OK;
  for (int i = 0; !status && i < op_table[expr->op].arity; i++)
    status = evaluate_expr(session, expr->args[i], &work.operands[i], diag);
  if (!status) put_workings(out, &work);
  for (int i = 0; i < MAX_OPERANDS; i++) free(work.operands[i].values);
  return status;
}

enum status explain_entry(struct session *session, int node, bool gradient, uint32_t row,
                          uint32_t col, struct lines *out, struct diag *diag) {
  const struct model *model = session->model;
  const struct expr *expr = gradient ? NULL : model_formula(model, node);
  size_t lines = 0;
  for (size_t i = 0; gradient && i < model->rule_count; i++)
    if (model->rules[i].target_node == node) expr = model->rules[i].value, lines++;
  bool known = gradient ? session_has_gradient(session, node) : session_has_value(session, node);
  if (!expr || !known || lines > 1) return STATUS_OK;
  const size_t before = out->text.length;
  struct about about = report_about_node(node, gradient);
  about.kind = ABOUT_ENTRY;
  about.entry = (size_t)row * model_shape(model, model->nodes[node].slot).cols + col;
  text_puts(&out->text, "= ");
  const size_t start = out->text.length;
  enum status status = explain_operation(session, expr, row, col, &out->text, diag);
  if (status || out->text.length == start) lines_truncate(out, before);
  else lines_describe(out, before, LINE_PLAIN, about);
  return status;
}
