/* Protects each operation's rule where numbers end: at 0, at ±tiny and at ±huge, against derivatives
 * in closed form that share nothing with the rules and are computed in long double. A rule may
 * neither lose a finite gradient on the way, as a square of the denominator did, nor make nan of
 * it, as 0 * log 0 did. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/kernels.h"
#include "core/wide.h"
#include "lang/model.h"
#include "lang/rules.h"
#include "pieces.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_SLOPE ((long double)NAN) /* none exists, or the value itself is none */

/* -- derivatives in closed form -- */

typedef long double (*slope)(long double a, long double b);

static long double one(long double a, long double b) {
  (void)a, (void)b;
  return 1;
}

static long double minus_one(long double a, long double b) {
  (void)a, (void)b;
  return -1;
}

static long double first(long double a, long double b) {
  (void)b;
  return a;
}

static long double second(long double a, long double b) {
  (void)a;
  return b;
}

static long double div_a(long double a, long double b) {
  (void)a;
  return b == 0 ? NO_SLOPE : 1 / b;
}

static long double div_b(long double a, long double b) {
  return b == 0 ? NO_SLOPE : -a / b / b;
}

/* To the left of 0, which -0 counts as, there are whole exponents only; and beyond 2^53 a double
 * cannot tell odd from even. */
static bool has_power(long double a, long double b) {
  if (signbit(a) && (b != truncl(b) || fabsl(b) >= 0x1p53L)) return false;
  return a != 0 || b >= 0;
}

static long double pow_a(long double a, long double b) {
  if (!has_power(a, b)) return NO_SLOPE;
  if (b == 0) return 0;
  if (a == 0) return b > 1 ? 0 : b < 1 ? (long double)INFINITY : 1;
  return b * powl(a, b - 1);
}

/* 0^b is 0 for every b above 0; at b = 0 it jumps, and the slope is the one to the right. */
static long double pow_b(long double a, long double b) {
  if (a < 0 || !has_power(a, b)) return NO_SLOPE;
  return a == 0 ? 0 : powl(a, b) * logl(a);
}

static long double max_a(long double a, long double b) { return a > b; }
static long double max_b(long double a, long double b) { return a <= b; }
static long double min_a(long double a, long double b) { return a < b; }
static long double min_b(long double a, long double b) { return a >= b; }

static long double exp_a(long double a, long double b) {
  (void)b;
  return expl(a);
}

static long double log_a(long double a, long double b) {
  (void)b;
  return a > 0 ? 1 / a : NO_SLOPE;
}

static long double sqrt_a(long double a, long double b) {
  (void)b;
  return a > 0 ? 0.5L / sqrtl(a) : signbit(a) ? NO_SLOPE : (long double)INFINITY;
}

static long double abs_a(long double a, long double b) {
  (void)b;
  return (a > 0) - (a < 0);
}

static long double sin_a(long double a, long double b) {
  (void)b;
  return cosl(a);
}

static long double cos_a(long double a, long double b) {
  (void)b;
  return -sinl(a);
}

static long double tanh_a(long double a, long double b) {
  (void)b;
  return 1 / coshl(a) / coshl(a);
}

static long double sigmoid_a(long double a, long double b) {
  (void)b;
  return 1 / (1 + expl(-a)) / (1 + expl(a));
}

static long double softplus_a(long double a, long double b) {
  (void)b;
  return 1 / (1 + expl(-a));
}

static long double step(long double a, long double b) {
  (void)b;
  return a > 0;
}

static long double leaky(long double a, long double b) {
  (void)b;
  return a > 0 ? 1 : 0.125L;
}

/* Each application of 1 x 1 to 1 x 1, and what its gradients are. CANCELS: the rule subtracts from 1
 * (1 - out^2), so that a small slope is right to within rounding of 1. */
struct row {
  int op; /* -1: a gate */
  const char *text;
  slope a, b;
  bool cancels;
};
static const struct row rows[] = {
    {OP_ADD, "a + b", one, one, false},
    {OP_SUB, "a - b", one, minus_one, false},
    {OP_MUL, "a * b", second, first, false},
    {OP_DIV, "a / b", div_a, div_b, false},
    {OP_DIV, "1 / b", NULL, div_b, false},
    {OP_POW, "a^b", pow_a, pow_b, false},
    {OP_MAX, "max(a, b)", max_a, max_b, false},
    {OP_MIN, "min(a, b)", min_a, min_b, false},
    {OP_NEG, "-a", minus_one, NULL, false},
    {OP_EXP, "exp(a)", exp_a, NULL, false},
    {OP_LOG, "log(a)", log_a, NULL, false},
    {OP_SQRT, "sqrt(a)", sqrt_a, NULL, false},
    {OP_ABS, "abs(a)", abs_a, NULL, false},
    {OP_SIN, "sin(a)", sin_a, NULL, false},
    {OP_COS, "cos(a)", cos_a, NULL, false},
    {OP_TANH, "tanh(a)", tanh_a, NULL, true},
    {OP_COPY, NULL, NULL, NULL, false},
    {OP_MATMUL, "a @ b", second, first, false},
    {OP_TRANSPOSE, "a.T", one, NULL, false},
    {OP_SUM, "sum(a)", one, NULL, false},
    {OP_SUM, "sum(a, 0)", one, NULL, false},
    {OP_SUM, "sum(a, 1)", one, NULL, false},
    {OP_ROWMAX, "rowmax(a)", one, NULL, false},
    {-1, "sigmoid(a)", sigmoid_a, NULL, true},
    {-1, "softplus(a)", softplus_a, NULL, false},
    {-1, "relu(a)", step, NULL, false},
    {-1, "leaky_relu(a, 0.125)", leaky, NULL, false},
};
enum { ROWS = sizeof rows / sizeof *rows };

static const double points[] = {
    0,      -0.0,   3e-308, -3e-308, 1e-300, -1e-300, 1e-160, -1e-160, 1e-8,  -1e-8, 0.5,   -0.5,
    1,      -1,     2,      -2,      3,      -3,      40,     -40,     400,   -400,  800,   -800,
    1e8,    -1e8,   1e16,   -1e16,   1e150,  -1e150,  1e160,  -1e160,  1e300, -1e300};
enum { POINTS = sizeof points / sizeof *points };

/* -- what the rules say -- */

struct trial {
  struct source source;
  struct model model;
  struct run run;
};

static void trial_begin(struct trial *trial, const char *text) {
  struct diag diag = {0};
  *trial = (struct trial){.source = source_from("trial", text, strlen(text))};
  if (model_build(&trial->model, &trial->source, NULL, &diag) != STATUS_OK)
    fail_msg("%s: %s", text, diag.message);
}

static void trial_done(struct trial *trial) {
  model_done(&trial->model);
}

static void set(struct trial *trial, const char *name, double value) {
  int node = model_find(&trial->model, name);
  if (node >= 0) *program_image(&trial->model.program, trial->model.nodes[node].slot) = value;
}

/* The gradient of NAME, and the loss. */
static double gradient(struct trial *trial, const char *name, double *loss) {
  struct run run;
  const struct model *model = &trial->model;
  assert_int_equal(run_init(&run, &model->program, &model->random, PRECISION_DOUBLE), STATUS_OK);
  run_code(&run, &model->program.forward, 0);
  run_code(&run, &model->program.backward, 0);
  *loss = *run_values(&run, model->nodes[model->loss].slot);
  double found = *run_values(&run, model->nodes[model_find(model, name)].gradient);
  run_done(&run);
  return found;
}

/* Whether FOUND is the double that SHOULD is, but for rounding: what lies below the smallest normal
 * number may be lost. */
static bool is_right(double found, long double should, bool cancels) {
  double rounded = (double)should;
  if (isinf(rounded)) return isinf(found) && signbit(found) == signbit(rounded);
  long double allowed = 2e-12L * fabsl(should) + 4 * (long double)DBL_MIN;
  if (cancels) allowed += 4 * (long double)DBL_EPSILON;
  return fabsl((long double)found - should) <= allowed;
}

static size_t compared;

static void expect(struct trial *trial, const struct row *row, const char *name, double a,
                   double b) {
  long double should = (name[0] == 'a' ? row->a : row->b)(a, b);
  double loss, found = gradient(trial, name, &loss);
  if (isnan(should) || !isfinite(loss)) return;
  compared++;
  if (!is_right(found, should, row->cancels))
    fail_msg("%s at a = %g, b = %g: d%s is %.17g, not %.17g", row->text, a, b, name, found,
             (double)should);
}

static void try_row(const struct row *row) {
  char text[120];
  struct trial trial;
  snprintf(text, sizeof text, "%s%sf = %s\nloss f\n", row->a ? "param a = 1\n" : "",
           row->b ? "param b = 1\n" : "", row->text);
  trial_begin(&trial, text);
  for (size_t i = 0; i < (row->a ? POINTS : 1); i++)
    for (size_t j = 0; j < (row->b ? POINTS : 1); j++) {
      double a = row->a ? points[i] : 1, b = points[j];
      set(&trial, "a", a);
      set(&trial, "b", b);
      if (row->a) expect(&trial, row, "a", a, b);
      if (row->b) expect(&trial, row, "b", a, b);
    }
  trial_done(&trial);
}

static void test_every_rule_at_its_limits(void **state) {
  (void)state;
  for (size_t i = 0; i < ROWS; i++)
    if (rows[i].text) try_row(&rows[i]);
  assert_true(compared > 3000);
}

/* Constants get rules of their own where they hold no 0. */
static void test_powers_of_constants(void **state) {
  static const double constants[] = {0, 0.5, 1, 2, 3, -1, -2, 1e-8, 1e-300, 400};
  static const struct row row = {OP_POW, "a power", pow_a, pow_b, false};
  (void)state;
  for (size_t c = 0; c < sizeof constants / sizeof *constants; c++)
    for (int base = 0; base < 2; base++) {
      char text[120];
      struct trial trial;
      snprintf(text, sizeof text, base ? "param b = 1\nf = (%.17g)^b\nloss f\n"
                                       : "param a = 1\nf = a^(%.17g)\nloss f\n", constants[c]);
      trial_begin(&trial, text);
      const char *rule = trial.model.rules[0].text;
      bool plain = !strstr(rule, "!= 0") && !strstr(rule, "== 0");
      assert_int_equal(plain, constants[c] != 0);
      for (size_t i = 0; i < POINTS; i++) {
        set(&trial, base ? "b" : "a", points[i]);
        if (base) expect(&trial, &row, "b", constants[c], points[i]);
        else expect(&trial, &row, "a", points[i], constants[c]);
      }
      trial_done(&trial);
    }
}

/* -- rows of op.def that need no row here: the slope of the kernel in quadruple precision -- */

/* OP of 1 x 1 operands, with operand WHICH moved by H. */
static wide value_at(const struct op *op, int which, const double at[], wide h) {
  wide operands[MAX_OPERANDS] = {at[0], at[1]}, out = 0;
  operands[which] += h;
  struct wide_call call = {.out = &out, .shape = {1, 1}, .axis = AXIS_ALL,
                           .in = {{&operands[0], {1, 1}}, {&operands[1], {1, 1}}}};
  op->forward_wide(&call, shape_rect(call.shape));
  return out;
}

/* Whether A and B are the same to FACTOR. */
static bool near(wide a, wide b, double factor) {
  return fabs((double)(a - b)) <= factor * fabs((double)b) + DBL_MIN;
}

/* Central differences of two steps that agree, on both sides alike, of numbers that are not much
 * larger than what moves; else there is no telling. */
static bool find_slope(const struct op *op, int which, const double at[], double *found) {
  wide h = at[which] == 0 ? 0x1p-60 : fabs(at[which]) * 0x1p-40, middle = value_at(op, which, at, 0);
  wide right = (value_at(op, which, at, h) - middle) / h;
  wide left = (middle - value_at(op, which, at, -h)) / h, wider = (right + left) / 2;
  double noise = fabs((double)(middle / h)) * 0x1p-109;
  h /= 4;
  wide closer = (value_at(op, which, at, h) - value_at(op, which, at, -h)) / (2 * h);
  *found = (double)closer;
  return WIDE_IS_WIDE && isfinite(*found) && near(wider, closer, 1e-9) && near(left, right, 1e-3) &&
         noise <= 1e-9 * fabs(*found) + DBL_EPSILON;
}

static size_t differences;

static void compare_slope(struct trial *trial, const struct op *op, int which, const double at[]) {
  double should, loss, found = gradient(trial, which == 0 ? "a" : "b", &loss);
  for (int i = 0; i < op->arity; i++)
    if (op->domain[i] && !(at[i] > 0)) return; /* the rule does not hold everywhere */
  if (!isfinite(loss) || !find_slope(op, which, at, &should)) return;
  differences++;
  if (!(fabs(found - should) <= 1e-8 * fabs(should) + 4 * DBL_EPSILON))
    fail_msg("%s at a = %g, b = %g: d%c is %.17g, not %.17g", op->name, at[0], at[1], 'a' + which,
             found, should);
}

static void try_differences(const struct op *op) {
  struct site site = {op, AXIS_ALL, {{1, 1}, {1, 1}}, false};
  struct text text;
  struct trial trial;
  text_init(&text);
  put_site(&text, &site);
  text_puts(&text, "f = sum(y)\nloss f\n"); /* which is y; without the random gradient */
  trial_begin(&trial, text_string(&text));
  for (size_t i = 0; i < POINTS; i++)
    for (size_t j = 0; j < (op->arity == 2 ? POINTS : 1); j++) {
      const double at[] = {points[i], points[j]};
      set(&trial, "a", at[0]);
      set(&trial, "b", at[1]);
      for (int which = 0; which < op->arity; which++)
        if (op->rules[which]) compare_slope(&trial, op, which, at);
    }
  trial_done(&trial);
  text_done(&text);
}

static void test_rules_follow_their_kernels(void **state) {
  (void)state;
  for (int id = 0; id < OP_COUNT; id++) {
    const struct op *op = &op_table[id];
    if (op->touch == touch_elementwise && (op->rules[0] || op->rules[1]) &&
        !(op->flags & OP_HIDDEN))
      try_differences(op);
  }
  assert_true(!WIDE_IS_WIDE || differences > 1000);
}

/* Quotients of exponentials and gates from inside: the limit, or, where exp is infinite on the
 * way, no number at all, but no wrong one. */
static void test_made_of_exponentials(void **state) {
  static const struct row made[] = {
      {-1, "exp(a) / (1 + exp(a))", sigmoid_a, NULL, true},
      {-1, "1 / (1 + exp(-a))", sigmoid_a, NULL, true},
      {-1, "1 - 1 / (1 + exp(a))", sigmoid_a, NULL, true},
      {-1, "0.5 + 0.5 * tanh(a / 2)", sigmoid_a, NULL, true},
  };
  (void)state;
  for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
    char text[120];
    struct trial trial;
    size_t numbers = 0;
    snprintf(text, sizeof text, "param a = 1\nf = %s\nloss f\n", made[i].text);
    trial_begin(&trial, text);
    for (size_t k = 0; k < POINTS; k++) {
      double loss, found;
      set(&trial, "a", points[k]);
      found = gradient(&trial, "a", &loss);
      if (isnan(found)) {
        if (fabs(points[k]) < 709) fail_msg("%s at %g is nan", made[i].text, points[k]);
        continue;
      }
      numbers++;
      if (!is_right(found, sigmoid_a((long double)points[k], 0), true))
        fail_msg("%s at %g: %.17g", made[i].text, points[k], found);
    }
    assert_true(numbers >= 22);
    trial_done(&trial);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_rule_at_its_limits),
      cmocka_unit_test(test_powers_of_constants),
      cmocka_unit_test(test_rules_follow_their_kernels),
      cmocka_unit_test(test_made_of_exponentials),
  };
  return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
