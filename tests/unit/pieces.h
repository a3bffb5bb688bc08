/* Small models around one operation or one gate, with a random upstream gradient: what the tests of
 * the rules and of the bugs share. */
#ifndef GRADWALK_TESTS_PIECES_H
#define GRADWALK_TESTS_PIECES_H

#include "core/op.h"
#include "core/text.h"
#include "lang/describe.h"

#include <ctype.h>
#include <string.h>

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

/* -- every gate of the prelude, as its text has it -- */

struct sizes {
  int rows, cols, others; /* R, C and K */
};

/* Shapes for the parameters of a gate for which its comment says nothing: a number for each. */
enum { GATE_SHAPES = 6, GATE_MOST_OPERANDS = 4 };

static struct shape gate_shape(struct sizes sizes, size_t number) {
  const uint32_t r = (uint32_t)sizes.rows, c = (uint32_t)sizes.cols, k = (uint32_t)sizes.others;
  const struct shape shapes[GATE_SHAPES] = {{r, c}, {1, 1}, {1, c}, {r, 1}, {c, k}, {1, k}};
  return shapes[number];
}

/* TEMPLATE of LENGTH bytes with numbers for the names R, C and K. */
static void put_sized(struct text *text, const char *template, size_t length, struct sizes sizes) {
  for (size_t i = 0; i < length; i++) {
    const char c = template[i], after = i + 1 < length ? template[i + 1] : ' ';
    bool alone = (i == 0 || !(isalnum((unsigned char)template[i - 1]) || template[i - 1] == '_')) &&
                 !(isalnum((unsigned char)after) || after == '_');
    if (alone && c == 'R') text_printf(text, "%d", sizes.rows);
    else if (alone && c == 'C') text_printf(text, "%d", sizes.cols);
    else if (alone && c == 'K') text_printf(text, "%d", sizes.others);
    else text_put(text, &c, 1);
  }
}

/* The parameter that DRAW, "name = …", is for; 0 if it is for none. */
static size_t gate_parameter(const struct stmt *gate, const char *draw) {
  size_t length = strcspn(draw, " =");
  for (size_t i = 1; i < gate->name_count; i++)
    if (strlen(gate->names[i]) == length && memcmp(gate->names[i], draw, length) == 0) return i;
  return 0;
}

static void put_parameter(struct text *text, const struct stmt *gate, size_t parameter) {
  text_puts(text, parameter && gate_hands_to(gate, parameter) ? "param " : "data ");
}

/* The leaves that the comment of GATE has the tests draw; DRAWN[i] says that parameter i is one. */
static void put_draws(struct text *text, const struct stmt *gate, struct sizes sizes,
                      bool drawn[]) {
  size_t length;
  for (const char *at = gate_draws(gate, &length); length > 0;) {
    const char *semicolon = memchr(at, ';', length);
    size_t size = semicolon ? (size_t)(semicolon - at) : length;
    size_t parameter = gate_parameter(gate, at);
    drawn[parameter] = true;
    put_parameter(text, gate, parameter);
    put_sized(text, at, size, sizes);
    text_puts(text, "\n");
    if (semicolon) size += 1 + strspn(semicolon + 1, " ");
    at += size, length -= size;
  }
}

/* result = the gate of leaves in choice CHOICE of their shapes, and a loss that hands it a random
 * gradient. False: there is no such choice. The gate may not take these shapes: then the text is no
 * model. */
static inline bool put_gate(struct text *text, const struct stmt *gate, struct sizes sizes,
                            size_t choice) {
  bool drawn[1 + GATE_MOST_OPERANDS] = {false};
  if (gate->name_count > 1 + GATE_MOST_OPERANDS) return false;
  put_draws(text, gate, sizes, drawn);
  for (size_t i = 1; i < gate->name_count; i++) {
    if (drawn[i]) continue;
    struct shape shape = gate_shape(sizes, i == 1 ? 0 : choice % GATE_SHAPES);
    if (i > 1) choice /= GATE_SHAPES;
    put_parameter(text, gate, i);
    text_printf(text, "%s = randn(%u, %u)\n", gate->names[i], shape.rows, shape.cols);
  }
  text_puts(text, "result = ");
  gate_put_use(text, gate);
  text_puts(text, "\ndata u_ = randn(rows(result), cols(result))\nloss_ = sum(result * u_)\n");
  return choice == 0;
}

#endif
