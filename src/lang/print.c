#include "lang/print.h"

/* How tightly an expression holds together: operators by their row, everything else most. */
static int binding(const struct expr *expr) {
  enum { TIGHTEST = 100 };
  if (expr->kind != EXPR_APPLY || expr->op < 0 || op_table[expr->op].form == FORM_CALL)
    return TIGHTEST;
  return op_table[expr->op].form == FORM_POSTFIX ? TIGHTEST : op_table[expr->op].precedence;
}

static void print_at(struct text *out, const struct expr *expr, int least) {
  bool bracket = binding(expr) < least;
  if (bracket) text_puts(out, "(");
  print_expr(out, expr);
  if (bracket) text_puts(out, ")");
}

/* A number as its author wrote it, where there was an author. */
static void print_number(struct text *out, const struct expr *expr) {
  char buffer[NUMBER_TEXT_SIZE];
  if (expr->span.source)
    text_put(out, expr->span.source->text + expr->span.start, expr->span.end - expr->span.start);
  else
    text_puts(out, number_text(expr->number, buffer));
}

static void print_matrix(struct text *out, const struct expr *expr) {
  char buffer[NUMBER_TEXT_SIZE];
  text_puts(out, "[");
  for (size_t i = 0; i < shape_count(expr->shape); i++) {
    if (i > 0) text_puts(out, i % expr->shape.cols == 0 ? "; " : " ");
    text_puts(out, number_text(expr->entries[i], buffer));
  }
  text_puts(out, "]");
}

static void print_call(struct text *out, const struct expr *expr) {
  text_printf(out, "%s(", expr->name);
  for (size_t i = 0; i < expr->count; i++) {
    if (i > 0) text_puts(out, ", ");
    print_expr(out, expr->args[i]);
  }
  text_puts(out, ")");
}

static void print_infix(struct text *out, const struct expr *expr) {
  const struct op *op = &op_table[expr->op];
  bool chains = !op->branches; /* a < b < c must keep its brackets */
  const char *space = op->right ? "" : " ";
  print_at(out, expr->args[0], op->precedence + (op->right || !chains));
  text_printf(out, "%s%s%s", space, op->symbol, space);
  /* After an operator a minus needs no brackets, however weakly it binds: 2^-x. */
  bool prefix = expr->args[1]->kind == EXPR_APPLY && expr->args[1]->op >= 0 &&
                op_table[expr->args[1]->op].form == FORM_PREFIX;
  print_at(out, expr->args[1], prefix ? 0 : op->precedence + !op->right);
}

void print_expr(struct text *out, const struct expr *expr) {
  switch (expr->kind) {
    case EXPR_NUMBER: print_number(out, expr); return;
    case EXPR_NAME: text_puts(out, expr->name); return;
    case EXPR_MATRIX: print_matrix(out, expr); return;
    case EXPR_APPLY: break;
  }
  const struct op *op = expr->op >= 0 ? &op_table[expr->op] : NULL;
  switch (op ? op->form : FORM_CALL) {
    case FORM_CALL: print_call(out, expr); return;
    case FORM_INFIX: print_infix(out, expr); return;
    case FORM_PREFIX:
      text_puts(out, op->symbol);
      print_at(out, expr->args[0], op->precedence);
      return;
    case FORM_POSTFIX:
      print_at(out, expr->args[0], 100);
      text_puts(out, op->symbol);
      return;
    case FORM_SILENT: print_expr(out, expr->args[0]); return;
  }
}

void print_address(struct text *out, const struct assign *line) {
  if (line->node && line->operand > 0) text_printf(out, "%s:%d: ", line->node, line->operand);
  else if (line->node) text_printf(out, "%s: ", line->node);
}

void print_assign(struct text *out, const struct assign *line) {
  print_address(out, line);
  text_printf(out, "%s %s ", line->target, line->accumulate ? "+=" : "=");
  print_expr(out, line->value);
}

static void print_names(struct text *out, const struct stmt *stmt, size_t first) {
  for (size_t i = first; i < stmt->name_count; i++)
    text_printf(out, "%s%s", i > first ? ", " : "", stmt->names[i]);
}

static void print_body(struct text *out, const struct stmt *stmt) {
  for (size_t i = 0; i < stmt->line_count; i++) {
    text_puts(out, "\n  ");
    print_assign(out, &stmt->lines[i]);
  }
  text_puts(out, "\nend");
}

void print_stmt(struct text *out, const struct stmt *stmt) {
  static const char *const words[] = {[STMT_SEED] = "seed ",   [STMT_DATA] = "data ",
                                      [STMT_PARAM] = "param ", [STMT_NODE] = "",
                                      [STMT_LOSS] = "loss ",   [STMT_GATE] = "gate ",
                                      [STMT_BACKWARD] = "backward"};
  text_puts(out, words[stmt->kind]);
  if (stmt->kind == STMT_SEED) text_printf(out, "%u", stmt->seed);
  if (stmt->kind == STMT_GATE) {
    text_printf(out, "%s(", stmt->names[0]);
    print_names(out, stmt, 1);
    text_puts(out, ")");
  } else {
    print_names(out, stmt, 0);
  }
  if (stmt->value) {
    text_puts(out, " = ");
    print_expr(out, stmt->value);
  }
  if (stmt->kind == STMT_GATE || stmt->kind == STMT_BACKWARD) print_body(out, stmt);
  text_puts(out, "\n");
}
