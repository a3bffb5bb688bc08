#include "form_model.h"

#include "block.h"
#include "lang/print.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

size_t form_pick(struct random *dice, size_t count) {
  return (size_t)(random_uniform(dice) * (double)count);
}

/* -- models -- */

static const char gates[] =
    "gate lin(x, W)\n  out = x @ W.T\n  dx = dout @ W\n  dW = dout.T @ x\nend\n"
    "gate linb(x, W, b)\n  out = x @ W.T + b\n  dW = dout.T @ x\n  db = sum(dout, 0)\n"
    "  dx = dout @ W\nend\n"
    "gate turn(x)\n  out = x.T\n  dx = dout.T\nend\n"
    "gate gram(x)\n  t = x.T\n  out = t @ x\n  dt = dout @ x.T\n  dx = dt.T + t.T @ dout\nend\n"
    "gate gram2(x)\n  out = x.T @ x\n  dx = x @ (dout + dout.T)\nend\n"
    "gate score(q, k)\n  out = q @ k.T\n  dq = dout @ k\n  dk = dout.T @ q\nend\n"
    "gate attend(q, k)\n  s = q @ k.T\n  out = softmax(s)\n"
    "  ds = out * (dout - sum(dout * out, 1))\n  dq = ds @ k\n  dk = (q.T @ ds).T\nend\n"
    "gate square(x)\n  out = x * x\n  dx = dout * x\n  dx += dout * x\nend\n"
    "gate plain(x, W)\n  t = x.T\n  out = W.T @ t + (t.T @ W).T\nend\n"; /* without a rule */

/* A statement about A (r x c), perhaps another name B and new params P and Q. Shapes are two of the
 * letters r, c; s, t (of B, where any will do); k (a new side) and 1. */
struct statement {
  const char *text;
  const char *b, *p, *q; /* NULL: there is none */
  const char *result;
};
static const struct statement statements[] = {
    {"A @ P.T", NULL, "kc", NULL, "rk"},
    {"A @ P", NULL, "ck", NULL, "rk"},
    {"P @ A", NULL, "kr", NULL, "kc"},
    {"P.T @ A", NULL, "rk", NULL, "kc"},
    {"(P.T @ A).T", NULL, "rk", NULL, "ck"},
    {"A.T @ P + Q", NULL, "rk", "1k", "ck"},
    {"lin(A, P)", NULL, "kc", NULL, "rk"},
    {"lin(A, P)", NULL, "kc", NULL, "rk"},
    {"linb(A, P, Q)", NULL, "kc", "1k", "rk"},
    {"plain(A, P)", NULL, "ck", NULL, "kr"},
    {"A.T", NULL, NULL, NULL, "cr"},
    {"A.T.T", NULL, NULL, NULL, "rc"},
    {"turn(A)", NULL, NULL, NULL, "cr"},
    {"turn(turn(A).T)", NULL, NULL, NULL, "cr"},
    {"gram(A)", NULL, NULL, NULL, "cc"},
    {"gram2(A)", NULL, NULL, NULL, "cc"},
    {"A.T @ A", NULL, NULL, NULL, "cc"},
    {"A @ A.T", NULL, NULL, NULL, "rr"},
    {"score(A, B)", "sc", NULL, NULL, "rs"},
    {"attend(A, B)", "sc", NULL, NULL, "rs"},
    {"A @ B.T", "sc", NULL, NULL, "rs"},
    {"(B @ A.T).T", "sc", NULL, NULL, "rs"},
    {"A.T @ B", "rt", NULL, NULL, "ct"},
    {"A @ B", "ct", NULL, NULL, "rt"},
    {"A * B", "rc", NULL, NULL, "rc"},
    {"A + B", "rc", NULL, NULL, "rc"},
    {"B - A", "rc", NULL, NULL, "rc"},
    {"A * B.T", "cr", NULL, NULL, "rc"},
    {"A + B", "1c", NULL, NULL, "rc"},
    {"A * B", "r1", NULL, NULL, "rc"},
    {"A / (1 + B * B)", "rc", NULL, NULL, "rc"},
    {"A + P", NULL, "1c", NULL, "rc"},
    {"tanh(A)", NULL, NULL, NULL, "rc"},
    {"tanh(A)", NULL, NULL, NULL, "rc"},
    {"sigmoid(A)", NULL, NULL, NULL, "rc"},
    {"softmax(A)", NULL, NULL, NULL, "rc"},
    {"softmax(A.T).T", NULL, NULL, NULL, "rc"},
    {"relu(A)", NULL, NULL, NULL, "rc"},
    {"relu(A @ P)", NULL, "ck", NULL, "rk"},
    {"max(A, B)", "rc", NULL, NULL, "rc"},
    {"min(A.T, P)", NULL, "1r", NULL, "cr"},
    {"rowmax(A @ A.T)", NULL, NULL, NULL, "r1"},
    {"rowmax(A)", NULL, NULL, NULL, "r1"},
    {"abs(A)", NULL, NULL, NULL, "rc"},
    {"square(A)", NULL, NULL, NULL, "rc"},
    {"A^2", NULL, NULL, NULL, "rc"},
    {"sum(A, 0)", NULL, NULL, NULL, "1c"},
    {"sum(A, 1)", NULL, NULL, NULL, "r1"},
    {"mean(A) * A", NULL, NULL, NULL, "rc"},
    {"A * (2 * 3 / 7)", NULL, NULL, NULL, "rc"},
    {"A @ (eye(cols(A)) + 0.25 * ones(cols(A), cols(A)))", NULL, NULL, NULL, "rc"},
    {"(0.5 * A.T).T - A", NULL, NULL, NULL, "rc"},
};
enum { STATEMENTS = sizeof statements / sizeof *statements, MOST_NAMES = 64 };

struct named {
  char text[8];
  struct shape shape;
  bool used, node;
};

struct maker {
  struct text *out;
  struct random dice;
  bool ties;
  struct named names[MOST_NAMES];
  size_t count;
};

static struct named *new_name(struct maker *maker, char letter, struct shape shape, bool node) {
  assert_true(maker->count < MOST_NAMES);
  struct named *named = &maker->names[maker->count];
  *named = (struct named){.shape = shape, .node = node};
  snprintf(named->text, sizeof named->text, "%c%zu", letter, maker->count++);
  return named;
}

static void put_leaf_value(struct maker *maker, struct shape shape) {
  struct text *out = maker->out;
  if (!maker->ties || form_pick(&maker->dice, 12) == 0) {
    text_printf(out, "randn(%u, %u)", shape.rows, shape.cols);
    return;
  }
  text_puts(out, "[");
  for (uint32_t i = 0; i < shape.rows; i++) {
    if (i > 0) text_puts(out, ";");
    for (uint32_t j = 0; j < shape.cols; j++)
      text_printf(out, " %d", (int)form_pick(&maker->dice, 4) - 1);
  }
  text_puts(out, "]");
}

static struct named *put_leaf(struct maker *maker, struct shape shape) {
  bool param = form_pick(&maker->dice, 5) > 0;
  struct named *leaf = new_name(maker, param ? 'w' : 'x', shape, false);
  text_printf(maker->out, "%s %s = ", param ? "param" : "data", leaf->text);
  put_leaf_value(maker, shape);
  text_puts(maker->out, "\n");
  return leaf;
}

/* Often one that nothing reads yet. */
static size_t pick_name(struct maker *maker) {
  size_t at = form_pick(&maker->dice, maker->count);
  for (size_t i = 0; i < maker->count && form_pick(&maker->dice, 3) > 0; i++)
    if (!maker->names[(at + i) % maker->count].used) return (at + i) % maker->count;
  return at;
}

static uint32_t side_of(char letter, struct shape a, struct shape b, uint32_t k) {
  switch (letter) {
    case 'r': return a.rows;
    case 'c': return a.cols;
    case 's': return b.rows;
    case 't': return b.cols;
    case 'k': return k;
    default: return 1;
  }
}

static struct shape shape_of(const char *letters, struct shape a, struct shape b, uint32_t k) {
  return (struct shape){side_of(letters[0], a, b, k), side_of(letters[1], a, b, k)};
}

/* TEXT with the names of A, B, P and Q in the place of the letters. */
static void put_filled(struct text *out, const char *text, const char *const names[4]) {
  for (const char *c = text; *c; c++) {
    const char *at = strchr("ABPQ", *c);
    if (at) text_puts(out, names[at - "ABPQ"]);
    else text_put(out, c, 1);
  }
}

static const char *put_param(struct maker *maker, const char *letters, struct shape a,
                             struct shape b, uint32_t k) {
  if (!letters) return NULL;
  struct named *leaf = put_leaf(maker, shape_of(letters, a, b, k));
  leaf->used = true;
  return leaf->text;
}

static bool put_statement(struct maker *maker) {
  const struct statement *statement = &statements[form_pick(&maker->dice, STATEMENTS)];
  struct named *a = &maker->names[pick_name(maker)], *b = &maker->names[pick_name(maker)];
  uint32_t k = (uint32_t)(1 + form_pick(&maker->dice, 4));
  if (statement->b && !shape_equal(b->shape, shape_of(statement->b, a->shape, b->shape, k)))
    return false;
  const char *names[4] = {a->text, b->text};
  struct shape as = a->shape, bs = b->shape;
  names[2] = put_param(maker, statement->p, as, bs, k);
  names[3] = put_param(maker, statement->q, as, bs, k);
  a->used = true;
  if (statement->b) b->used = true;
  struct named *node = new_name(maker, 'n', shape_of(statement->result, as, bs, k), true);
  text_printf(maker->out, "%s = ", node->text);
  put_filled(maker->out, statement->text, names);
  text_puts(maker->out, "\n");
  return true;
}

static void put_loss(struct maker *maker) {
  static const char *const terms[] = {"sum(A * A)", "0.5 * sum(A)", "sum(tanh(A))", "mean(A^2)",
                                      "sum(A.T @ A)"};
  const char *sign = "";
  text_puts(maker->out, "cost = ");
  for (size_t i = 0; i < maker->count; i++) {
    const char *names[4] = {maker->names[i].text};
    if (maker->names[i].used || !maker->names[i].node) continue;
    text_puts(maker->out, sign);
    put_filled(maker->out, terms[form_pick(&maker->dice, sizeof terms / sizeof *terms)], names);
    sign = " + ";
  }
  text_puts(maker->out, "\nloss cost\n");
}

void form_model_put(struct text *out, uint32_t seed, bool ties) {
  struct maker maker = {.out = out, .ties = ties};
  random_seed(&maker.dice, seed);
  text_printf(out, "seed %u\n%s", seed, gates);
  size_t leaves = 1 + form_pick(&maker.dice, 2), nodes = 3 + form_pick(&maker.dice, 8);
  text_puts(out, "param w = randn(2, 2)\n"); /* one param at the least */
  for (size_t i = 0; i < leaves; i++)
    put_leaf(&maker, (struct shape){(uint32_t)(1 + form_pick(&maker.dice, 4)),
                                    (uint32_t)(1 + form_pick(&maker.dice, 4))});
  for (size_t made = 0; made < nodes;) made += put_statement(&maker);
  put_loss(&maker);
  assert_false(out->failed);
}

/* -- forms -- */

const char *const form_names[FORM_COUNT] = {
    [FORM_SAME] = "as it is",        [FORM_TURNED] = "turned twice",
    [FORM_TIMES] = "1 times",        [FORM_NAMED] = "by a new name",
    [FORM_AGAIN] = "by an old name", [FORM_TAKEN] = "by a name that takes a name's value",
    [FORM_TWICE] = "assigned twice", [FORM_PLUS] = "plus 0",
    [FORM_ADDED] = "added to 0",
};

bool form_keeps_bits(enum form form) {
  return form < FORM_PLUS;
}

bool form_is_line(enum form form) {
  return form <= FORM_TIMES || form == FORM_PLUS;
}

void form_put_value(struct text *out, const struct expr *rhs, enum form form) {
  text_puts(out, form == FORM_TIMES ? "1 * (" : form == FORM_SAME ? "" : "(");
  print_expr(out, rhs);
  text_puts(out, form == FORM_SAME     ? ""
                 : form == FORM_TURNED ? ").T.T"
                 : form == FORM_PLUS   ? ") + 0"
                                       : ")");
}

static void put_line(struct text *out, const char *target, const char *sign,
                     const struct expr *rhs, const char *before, const char *after) {
  text_printf(out, "  %s %s %s", target, sign, before);
  print_expr(out, rhs);
  text_printf(out, "%s\n", after);
}

/* Local names that are of one shape are one name, so that they have many values. */
static void put_form(struct text *out, const struct model *model, size_t index, enum form form) {
  const struct rule *rule = &model->rules[index];
  const char *target = rule->target, *sign = rule->accumulate ? "+=" : "=";
  int slot = rule->target_node >= 0 ? model->nodes[rule->target_node].slot
                                    : scope_find(&model->locals, rule->target);
  struct shape shape = model_shape(model, slot);
  char fresh[24], old[32], other[32];
  snprintf(fresh, sizeof fresh, "zz%zu", index);
  snprintf(old, sizeof old, "zo%ux%u", shape.rows, shape.cols);
  snprintf(other, sizeof other, "zt%ux%u", shape.rows, shape.cols);
  if (form_is_line(form)) {
    text_printf(out, "  %s %s ", target, sign);
    form_put_value(out, rule->value, form);
    text_puts(out, "\n");
    return;
  }
  bool may_repeat = !rule->accumulate;
  if (form == FORM_NAMED) {
    put_line(out, fresh, "=", rule->value, "", "");
    text_printf(out, "  %s %s %s\n", target, sign, fresh);
  } else if (form == FORM_AGAIN) {
    put_line(out, old, "=", rule->value, "3 - (", ")");
    put_line(out, old, "=", rule->value, "", "");
    text_printf(out, "  %s %s %s\n", target, sign, old);
  } else if (form == FORM_TAKEN) {
    put_line(out, other, "=", rule->value, "7 * (", ")");
    put_line(out, old, "=", rule->value, "", "");
    text_printf(out, "  %s = %s\n  %s = %s + 1\n", other, old, old, old);
    text_printf(out, "  %s %s %s\n  %s = %s\n", target, sign, other, other, old);
  } else if (form == FORM_TWICE && may_repeat) {
    put_line(out, target, "=", rule->value, "2 - (", ").T.T");
    put_line(out, fresh, "=", rule->value, "", "");
    text_printf(out, "  %s = %s\n  %s = 2 * %s\n", target, fresh, fresh, fresh);
  } else if (form == FORM_ADDED && may_repeat) {
    text_printf(out, "  %s = zeros(%u, %u)\n", target, shape.rows, shape.cols);
    put_line(out, target, "+=", rule->value, "", "");
  } else {
    put_line(out, target, sign, rule->value, "", "");
  }
}

void form_put_block(struct text *out, const struct model *model, enum form form,
                    struct random *dice) {
  block_begin(out, model);
  for (size_t i = 0; i < model->rule_count; i++)
    put_form(out, model, i, dice ? (enum form)form_pick(dice, FORM_COUNT) : form);
  text_puts(out, "end\n");
  assert_false(out->failed);
}
