/* Small models around one operation or one gate, with a random upstream gradient: what the tests of
 * the rules and of the bugs share. */
#ifndef GRADWALK_TESTS_PIECES_H
#define GRADWALK_TESTS_PIECES_H

#include "core/op.h"
#include "core/text.h"

/* -- every row of the op table -- */

struct site {
  const struct op *op;
  int axis;
  struct shape shapes[MAX_OPERANDS];
  bool shared; /* both operands are the same param */
};

/* DOMAIN with a draw in place of z. */
static void put_draw(struct text *text, const char *domain, struct shape shape) {
  for (const char *c = domain ? domain : "z"; *c; c++) {
    if (*c == 'z') text_printf(text, "randn(%u, %u)", shape.rows, shape.cols);
    else text_put(text, c, 1);
  }
}

static void put_application(struct text *text, const struct site *site) {
  const struct op *op = site->op;
  const char *last = site->shared ? "a" : "b", *symbol = op->symbol;
  switch (op->form) {
    case FORM_CALL: text_printf(text, op->arity == 2 ? "%s(a, %s" : "%s(a", op->name, last); break;
    case FORM_INFIX: text_printf(text, "a %s %s", symbol, last); return;
    case FORM_PREFIX: text_printf(text, "%sa", symbol); return;
    case FORM_POSTFIX: text_printf(text, "a%s", symbol); return;
    case FORM_SILENT: text_puts(text, "a"); return;
  }
  if (site->axis >= 0) text_printf(text, ", %d", site->axis);
  text_puts(text, ")");
}

static void put_site(struct text *text, const struct site *site) {
  const struct op *op = site->op;
  const char *domain = op->domain[0];
  if (site->shared && !domain) domain = op->domain[1];
  text_puts(text, "param a = ");
  put_draw(text, domain, site->shapes[0]);
  if (op->arity == 2 && !site->shared) {
    text_puts(text, "\nparam b = ");
    put_draw(text, op->domain[1], site->shapes[1]);
  }
  text_puts(text, "\ny = ");
  put_application(text, site);
  text_puts(text, "\ndata u = randn(rows(y), cols(y))\nloss_ = sum(y * u)\n");
}

/* -- every gate of the prelude: whoever adds one adds its row -- */

struct gate_row {
  const char *name;
  const char *leaves; /* R rows, C columns, K columns of another matrix */
  const char *call;
  bool ignores_constant; /* the hand-written rule leaves out the 1e-7 on purpose */
};

static const struct gate_row gate_rows[] = {
    {"sigmoid", "param x = randn(R, C)", "sigmoid(x)", false},
    {"relu", "param x = randn(R, C)", "relu(x)", false},
    {"leaky_relu", "param x = randn(R, C); data slope = rand(1, 1)", "leaky_relu(x, slope)", false},
    {"softplus", "param x = 2 * randn(R, C)", "softplus(x)", false},
    {"softmax", "param x = randn(R, C)", "softmax(x)", false},
    {"affine", "param x = randn(R, C); param W = randn(C, K); param b = randn(1, K)",
     "affine(x, W, b)", false},
    {"layer_norm", "param x = randn(R, C); param g = randn(1, C); param b = randn(1, C)",
     "layer_norm(x, g, b)", false},
    {"batch_norm", "param x = randn(R, C); param g = randn(1, C); param b = randn(1, C)",
     "batch_norm(x, g, b)", false},
    {"dropout", "param x = randn(R, C); data keep = 0.5 + 0.5 * rand(1, 1)", "dropout(x, keep)",
     false},
    {"mean", "param x = randn(R, C)", "mean(x)", false},
    {"softmax_with_loss",
     "param x = 0.5 * randn(R, C); data z = randn(R, C); data t = z == rowmax(z)",
     "softmax_with_loss(x, t)", true},
    {"softmax_cross_entropy", "param x = randn(R, C); data t = rand(R, C)",
     "softmax_cross_entropy(x, t)", false},
    {"binary_cross_entropy", "param x = 0.1 + 0.8 * rand(R, C); data t = rand(R, C)",
     "binary_cross_entropy(x, t)", false},
    {"mse", "param x = randn(R, C); param t = randn(R, C)", "mse(x, t)", false},
    {"l2_penalty", "param w = randn(R, C); data lambda = 0.1 + rand(1, 1)",
     "l2_penalty(w, lambda)", false},
    {"l1_penalty", "param w = randn(R, C); data lambda = 0.1 + rand(1, 1)",
     "l1_penalty(w, lambda)", false},
};
enum { GATE_ROWS = sizeof gate_rows / sizeof *gate_rows };

struct sizes {
  int rows, cols, others;
};

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* TEMPLATE with numbers for the names R, C and K. */
static void put_sized(struct text *text, const char *template, struct sizes sizes) {
  for (const char *c = template; *c; c++) {
    bool alone = (c == template || !is_letter(c[-1])) && !is_letter(c[1]);
    if (alone && *c == 'R') text_printf(text, "%d", sizes.rows);
    else if (alone && *c == 'C') text_printf(text, "%d", sizes.cols);
    else if (alone && *c == 'K') text_printf(text, "%d", sizes.others);
    else text_put(text, c, 1);
  }
}

/* y = the gate, and a loss that hands it a random gradient. */
static void put_gate(struct text *text, const struct gate_row *row, struct sizes sizes) {
  put_sized(text, row->leaves, sizes);
  text_printf(text, "\ny = %s\ndata u = randn(rows(y), cols(y))\nloss_ = sum(y * u)\n", row->call);
}

#endif
