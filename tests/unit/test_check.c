/* Protects the gradient check: the published figures, the metrics, and above all the verdicts. A
 * correct model is never accused, a wrong one never passes, NaN never passes, and a check changes
 * nothing but its own result. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "check/check.h"
#include "core/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- a model and its check -- */

struct trial {
  struct source source;
  struct model model;
  struct check check;
};

/* The model keeps places in its source, so a trial stays where it was started. */
static void trial_start(struct trial *trial, const char *text) {
  struct diag diag = {0};
  *trial = (struct trial){.source = {"trial", text, strlen(text), 1}};
  if (model_build(&trial->model, &trial->source, NULL, &diag) != STATUS_OK)
    fail_msg("%s: %s (%s)", text, diag.message, diag.hint);
}

static void spoil(struct trial *trial, const char *bug) {
  struct diag diag = {0};
  if (model_add_bug(&trial->model, "bug", bug, strlen(bug), &diag) != STATUS_OK)
    fail_msg("%s: %s", bug, diag.message);
}

static void trial_run(struct trial *trial, struct check_options options) {
  struct diag diag = {0};
  check_done(&trial->check);
  if (options.threads == 0) options.threads = 1;
  if (check_run(&trial->check, &trial->model, &options, &diag) != STATUS_OK)
    fail_msg("%s", diag.message);
}

static void trial_done(struct trial *trial) {
  check_done(&trial->check);
  model_done(&trial->model);
}

static const struct check_options per_entry = {.tolerance = -1};

static const struct tensor_check *find_in(const struct trial *trial, const char *name,
                                          const struct tensor_check *list, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(trial->model.nodes[list[i].node].name, name) == 0) return &list[i];
  fail_msg("no tensor %s", name);
  return NULL;
}

static const struct tensor_check *tensor(const struct trial *trial, const char *name) {
  return find_in(trial, name, trial->check.tensors, trial->check.tensor_count);
}

static void assert_near(double got, double want, double allowed) {
  if (!(fabs(got - want) <= allowed)) fail_msg("%.17g is not %.17g", got, want);
}

static void assert_verdict(const struct trial *trial, enum verdict want) {
  if (trial->check.verdict == want) return;
  for (size_t i = 0; i < trial->check.tensor_count; i++) {
    const struct tensor_check *t = &trial->check.tensors[i];
    print_error("%s: %s (%s), g = %g, n = %g, step error %g\n",
                trial->model.nodes[t->node].name, verdict_names[t->verdict],
                reason_names[t->reason], t->analytic[t->entry], t->numeric[t->entry],
                t->step_error);
  }
  fail_msg("%s, expected %s", verdict_names[trial->check.verdict], verdict_names[want]);
}

/* The verdict of TEXT with the bug line BUG (or NULL). */
static void expect_bug(const char *text, const char *bug, struct check_options options,
                       enum verdict want) {
  struct trial trial;
  trial_start(&trial, text);
  if (bug) spoil(&trial, bug);
  trial_run(&trial, options);
  if (trial.check.verdict != want) print_error("%s\nwith %s\n", text, bug ? bug : "no bug");
  assert_verdict(&trial, want);
  trial_done(&trial);
}

static void expect(const char *text, struct check_options options, enum verdict want) {
  expect_bug(text, NULL, options, want);
}

/* -- published figures -- */

static void test_scalar_graph(void **state) {
  (void)state;
  struct trial trial;
  trial_start(&trial, "param x = -2; param y = 5; param z = -4; q = x + y; f = q * z");
  trial_run(&trial, per_entry);
  assert_verdict(&trial, VERDICT_PASS);
  assert_near(trial.check.loss, -12, 0);
  assert_near(tensor(&trial, "x")->analytic[0], -4, 0);
  assert_near(tensor(&trial, "y")->analytic[0], -4, 0);
  assert_near(tensor(&trial, "z")->analytic[0], 3, 0);
  trial_done(&trial);
}

#define SIGMOID_LEAVES \
  "param w0 = 2; param x0 = -1; param w1 = -3; param x1 = -2; param w2 = -3\n" \
  "p = w0 * x0; q = w1 * x1; r = p + q; s = r + w2\n"
static const char small_gates[] = SIGMOID_LEAVES "t = -s; u = exp(t); v = u + 1; L = 1 / v";
static const char sigmoid_gate[] = SIGMOID_LEAVES "L = sigmoid(s)";
static const char *const sigmoid_leaves[] = {"w0", "x0", "w1", "x1", "w2"};

static void assert_gradients(const struct trial *trial, const double want[5], double relative) {
  for (int i = 0; i < 5; i++)
    assert_near(tensor(trial, sigmoid_leaves[i])->analytic[0], want[i], relative * fabs(want[i]));
}

static void test_sigmoid_gates(void **state) {
  (void)state;
  static const double right[5] = {-0.19661193324148188, 0.39322386648296376, -0.39322386648296376,
                                  -0.5898357997244457, 0.19661193324148188};
  struct trial small, folded;
  trial_start(&small, small_gates);
  trial_start(&folded, sigmoid_gate);
  trial_run(&small, per_entry);
  trial_run(&folded, per_entry);
  assert_verdict(&small, VERDICT_PASS);
  assert_verdict(&folded, VERDICT_PASS);
  assert_near(small.check.loss, 0.7310585786300049, 1e-16);
  assert_gradients(&small, right, 1e-15);
  assert_gradients(&folded, right, 1e-15);
  assert_near(tensor(&folded, "w2")->analytic[0], tensor(&small, "w2")->analytic[0], 5e-17);
  trial_done(&small);
  trial_done(&folded);
}

/* The notes call the two multiplications' backward passes in the wrong order. */
static void test_swapped_caches(void **state) {
  (void)state;
  static const double printed[5] = {-0.39322386648296376, -0.5898357997244457,
                                    -0.19661193324148188, 0.39322386648296376,
                                    0.19661193324148188};
  struct trial trial;
  trial_start(&trial, small_gates);
  spoil(&trial, "dw0 = dp * x1");
  spoil(&trial, "dx0 = dp * w1");
  spoil(&trial, "dw1 = dq * x0");
  spoil(&trial, "dx1 = dq * w0");
  trial_run(&trial, per_entry);
  assert_gradients(&trial, printed, 1e-15);
  for (int i = 0; i < 5; i++)
    assert_int_equal(tensor(&trial, sigmoid_leaves[i])->verdict,
                     i < 4 ? VERDICT_FAIL : VERDICT_PASS);
  trial_done(&trial);
}

static void test_one_dimension(void **state) {
  (void)state;
  const struct check_options notes = {.eps = 1e-7, .tolerance = 2e-7};
  static const char *const texts[] = {"data x = 2; param theta = 4; J = theta * x",
                                      "data x = 3; param theta = 4; J = theta * x"};
  static const double figures[] = {2.919335883291695e-10, 7.814075313343006e-11};
  for (int i = 0; i < 2; i++) {
    struct trial trial;
    trial_start(&trial, texts[i]);
    trial_run(&trial, notes);
    assert_verdict(&trial, VERDICT_PASS);
    assert_near(trial.check.difference, figures[i], 1e-16);
    assert_near(trial.check.loss, i ? 12 : 8, 0);
    assert_near(trial.check.tensors[0].analytic[0], i ? 3 : 2, 0);
    spoil(&trial, "dtheta = J / theta"); /* as the notes have it: unseen here */
    trial_run(&trial, notes);
    assert_verdict(&trial, VERDICT_PASS);
    trial_done(&trial);
  }
  expect_bug("data x = 2; param theta = 0; J = theta * x", "dtheta = J / theta", notes,
             VERDICT_FAIL);
}

static void test_cubic(void **state) {
  (void)state;
  struct trial trial;
  trial_start(&trial, "param theta = 1; f = theta^3");
  struct check_options options = {.eps = 0.01, .tolerance = 1};
  trial_run(&trial, options);
  assert_near(trial.check.tensors[0].analytic[0], 3, 0);
  assert_near(trial.check.tensors[0].numeric[0], 3.0001, 1e-12);
  options.method = METHOD_FORWARD;
  trial_run(&trial, options);
  assert_near(trial.check.tensors[0].numeric[0], 3.0301, 1e-12);
  trial_done(&trial);
}

#define THREE_LAYERS \
  "seed 1\n" \
  "data X = randn(4, 3); data Y = [1 1 0]; data m = cols(X)\n" \
  "param W1 = randn(5, 4); param b1 = randn(5, 1); param W2 = randn(3, 5)\n" \
  "param b2 = randn(3, 1); param W3 = randn(1, 3); param b3 = randn(1, 1)\n" \
  "Z1 = W1 @ X + b1; A1 = relu(Z1); Z2 = W2 @ A1 + b2; A2 = relu(Z2)\n" \
  "Z3 = W3 @ A2 + b3; A3 = sigmoid(Z3)\n" \
  "cost = sum(-log(A3) * Y - log(1 - A3) * (1 - Y)) / m\n"
#define THREE_LAYERS_BACK \
  "dZ3 = A3 - Y; dW3 = 1 / m * dZ3 @ A2.T; db3 = 1 / m * sum(dZ3, 1)\n" \
  "dA2 = W3.T @ dZ3; dZ2 = dA2 * (A2 > 0); dW2 = 1 / m * dZ2 @ A1.T\n" \
  "db2 = 1 / m * sum(dZ2, 1); dA1 = W2.T @ dZ2; dZ1 = dA1 * (A1 > 0)\n" \
  "dW1 = 1 / m * dZ1 @ X.T\n"
static const char three_layers[] = THREE_LAYERS;
static const char three_layers_notes[] =
    THREE_LAYERS "backward\n" THREE_LAYERS_BACK "db1 = 1 / m * sum(dZ1, 1)\nend";
static const char three_layers_forgetful[] = THREE_LAYERS "backward\n" THREE_LAYERS_BACK "end";
static const char *const bug_W2 = "dW2 = 1 / m * dZ2 @ A1.T * 2";
static const char *const bug_b1 = "db1 = 4 / m * sum(dZ1, 1)";

/* A row of the table: the difference WANT, give or take what the row says. */
static void three_layers_with(struct trial *trial, const char *bug, const char *other, double eps,
                              double want, double allowed) {
  trial_start(trial, three_layers_notes);
  if (bug) spoil(trial, bug);
  if (other) spoil(trial, other);
  trial_run(trial, (struct check_options){.eps = eps, .tolerance = 2e-7});
  assert_near(trial->check.difference, want, allowed);
  assert_near(trial->check.loss, 2.407833389834357, 1e-8);
  assert_int_equal(trial->check.entries, 47);
  assert_int_equal(trial->check.zeros, 20);
}

static void assert_scaled(const struct trial *trial, const char *name, double k) {
  const struct tensor_check *t = tensor(trial, name);
  assert_near(t->metrics.difference, fabs(k - 1) / (fabs(k) + 1), 1e-6);
  assert_near(t->metrics.scale, k, 1e-5);
  assert_near(t->metrics.cosine, 1, 1e-9);
  assert_int_equal(t->verdict, k == 1 ? VERDICT_PASS : VERDICT_FAIL);
}

static void test_three_layers(void **state) {
  (void)state;
  struct trial trial;
  three_layers_with(&trial, bug_W2, bug_b1, 1e-7, 0.2850931567761623, 1e-8 + 0.285e-5);
  assert_verdict(&trial, VERDICT_FAIL);
  assert_scaled(&trial, "W2", 2);
  assert_scaled(&trial, "b1", 4);
  assert_scaled(&trial, "W3", 1);
  trial_done(&trial);
  three_layers_with(&trial, bug_W2, NULL, 1e-7, 0.17344196893145933, 1e-8 + 0.173e-5);
  assert_scaled(&trial, "W2", 2);
  assert_scaled(&trial, "b1", 1);
  trial_done(&trial);
  three_layers_with(&trial, bug_b1, NULL, 1e-7, 0.25442297146, 1e-8 + 0.254e-5);
  assert_scaled(&trial, "b1", 4);
  assert_scaled(&trial, "W2", 1);
  trial_done(&trial);
}

static void test_three_layers_correct(void **state) {
  (void)state;
  static const double rows[][3] = {/* eps, difference, give or take */
                                   {1e-7, 1.1890913024229996e-07, 1e-8},
                                   {1e-5, 9.2e-10, 5e-10},
                                   {1e-4, 1.9e-10, 2e-10}};
  for (int i = 0; i < 3; i++) {
    struct trial trial;
    three_layers_with(&trial, NULL, NULL, rows[i][0], rows[i][1], rows[i][2]);
    assert_verdict(&trial, VERDICT_PASS);
    trial_done(&trial);
  }
}

/* At eps = 0.1 the step crosses kinks: that is no reason to accuse anybody, nor to let a bug go. */
static void test_three_layers_across_kinks(void **state) {
  (void)state;
  struct trial trial;
  three_layers_with(&trial, NULL, NULL, 0.1, 0.00546, 5e-6);
  assert_verdict(&trial, VERDICT_KINK);
  trial_done(&trial);
  expect(three_layers_notes, (struct check_options){.eps = 0.1, .tolerance = -1}, VERDICT_KINK);
  for (double tolerance = -1; tolerance < 1; tolerance += 1 + 2e-7) {
    struct check_options options = {.eps = 0.1, .tolerance = tolerance};
    expect_bug(three_layers_notes, bug_W2, options, VERDICT_FAIL);
    expect_bug(three_layers_notes, bug_b1, options, VERDICT_FAIL);
  }
}

/* A factor k reads |k - 1| / (|k| + 1), whatever the tensor. */
static void test_scale_errors(void **state) {
  (void)state;
  static const double factors[] = {-1, -0.5, 0.5, 0.999, 1.001, 3, 1000};
  for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
    struct trial trial;
    trial_start(&trial, three_layers_notes);
    char bug[80];
    snprintf(bug, sizeof bug, "db2 = %g * (1 / m * sum(dZ2, 1))", factors[i]);
    spoil(&trial, bug);
    trial_run(&trial, per_entry);
    const struct tensor_check *t = tensor(&trial, "b2");
    assert_int_equal(t->verdict, VERDICT_FAIL);
    assert_int_equal(t->reason, REASON_DIFFERS);
    assert_near(t->metrics.scale, factors[i], 1e-6 * fabs(factors[i]));
    assert_near(t->metrics.cosine, factors[i] > 0 ? 1 : -1, 1e-9);
    assert_near(t->metrics.difference, fabs(factors[i] - 1) / (fabs(factors[i]) + 1), 1e-7);
    assert_int_equal(tensor(&trial, "W1")->verdict, VERDICT_PASS);
    trial_done(&trial);
  }
}

/* -- metrics -- */

struct sums {
  long double error, grad, numeric, product, absolute;
};

static void sum_entries(struct sums *sums, const struct tensor_check *t) {
  for (size_t i = t->count; i-- > 0;) {
    long double g = t->analytic[i], n = t->numeric[i];
    sums->error += (g - n) * (g - n);
    sums->grad += g * g;
    sums->numeric += n * n;
    sums->product += g * n;
    sums->absolute += fabsl(g - n);
  }
}

static double quotient(struct sums s) {
  return (double)(sqrtl(s.error) / (sqrtl(s.grad) + sqrtl(s.numeric)));
}

static void assert_close(double got, long double want) {
  assert_near(got, (double)want, 1e-13 * fabs((double)want));
}

static void assert_metrics(const struct tensor_check *t) {
  const struct metrics *m = &t->metrics;
  struct sums s = {0};
  sum_entries(&s, t);
  assert_close(m->difference, quotient(s));
  assert_close(m->error_norm, sqrtl(s.error));
  assert_close(m->grad_norm, sqrtl(s.grad));
  assert_close(m->numeric_norm, sqrtl(s.numeric));
  assert_close(m->cosine, s.product / sqrtl(s.grad) / sqrtl(s.numeric));
  assert_close(m->scale, s.product / s.numeric);
  assert_close(m->mean_abs, s.absolute / t->count);
  double relative = 0;
  size_t zeros = 0;
  for (size_t i = 0; i < t->count; i++) {
    double g = t->analytic[i], n = t->numeric[i], size = fmax(fabs(g), fabs(n));
    assert_true(fabs(g - n) <= m->max_abs);
    if (size > 0) relative = fmax(relative, fabs(g - n) / size);
    zeros += g == 0 && n == 0;
  }
  assert_near(fabs(t->analytic[m->worst] - t->numeric[m->worst]), m->max_abs, 0);
  assert_near(m->max_rel, relative, 0);
  assert_int_equal(m->zeros, zeros);
}

static void test_metrics_of_a_check(void **state) {
  (void)state;
  struct trial trial;
  trial_start(&trial, three_layers_notes);
  struct sums all = {0};
  spoil(&trial, bug_W2);
  spoil(&trial, "dW1 = 1 / m * dZ1 @ X.T + [0 0 0 0; 0 1e-3 0 0; 0 0 0.01 0; 0 0 0 0; 1e-3 0 0 0]");
  trial_run(&trial, per_entry);
  for (size_t i = 0; i < trial.check.tensor_count; i++) {
    assert_metrics(&trial.check.tensors[i]);
    sum_entries(&all, &trial.check.tensors[i]);
  }
  assert_close(trial.check.difference, quotient(all));
  const struct tensor_check *t = tensor(&trial, "W1");
  uint32_t row, col;
  tensor_check_place(t, t->entry, &row, &col);
  assert_int_equal(t->verdict, VERDICT_FAIL);
  assert_int_equal(row, 2);
  assert_int_equal(col, 2);
  assert_int_equal(t->metrics.worst, t->entry);
  trial_done(&trial);
}

static void test_metrics_at_the_edges(void **state) {
  (void)state;
  static const double zero[3] = {0}, ones[3] = {1, 1, 1};
  struct metrics m = metrics_compute(zero, zero, 3);
  assert_near(m.difference, 0, 0);
  assert_near(m.max_rel, 0, 0);
  assert_int_equal(m.zeros, 3);
  m = metrics_compute(zero, ones, 3);
  assert_near(m.difference, 1, 0);
  assert_near(m.max_rel, 1, 0);
  assert_near(m.scale, 0, 0);
  assert_int_equal(m.zeros, 0);
  for (size_t bad = 0; bad < 3; bad++) {
    double spoilt[3] = {1, 2, 1};
    spoilt[bad] = NAN;
    for (int side = 0; side < 2; side++) {
      m = side ? metrics_compute(spoilt, ones, 3) : metrics_compute(zero, spoilt, 3);
      assert_true(isnan(m.difference) && isnan(m.mean_abs) && isnan(m.max_abs));
      assert_true(isnan(m.max_rel) && isnan(m.cosine) && isnan(m.scale));
      assert_int_equal(m.worst, bad);
      assert_int_equal(m.zeros, 0);
    }
  }
  assert_true(isnan(relative_difference(NAN, 0, 0)) || relative_difference(NAN, 0, 0) <= 0);
  assert_true(isnan(relative_difference(1, NAN, 1)));
  assert_true(isnan(relative_difference(1, 1, NAN)));
}

/* -- what is checked -- */

static void test_chosen_tensors(void **state) {
  (void)state;
  static const char *const chosen[] = {"b2", "W1"};
  struct trial all, some;
  trial_start(&all, three_layers);
  trial_start(&some, three_layers);
  struct check_options options = per_entry;
  trial_run(&all, options);
  options.params = chosen;
  options.param_count = 2;
  trial_run(&some, options);
  assert_int_equal(all.check.tensor_count, 6);
  assert_int_equal(some.check.tensor_count, 2);
  assert_int_equal(some.check.entries, 23);
  for (int i = 0; i < 2; i++) {
    const struct tensor_check *a = tensor(&all, chosen[i]), *b = tensor(&some, chosen[i]);
    assert_memory_equal(a->numeric, b->numeric, a->count * sizeof(double));
    assert_memory_equal(a->analytic, b->analytic, a->count * sizeof(double));
  }
  trial_done(&all);
  trial_done(&some);
}

/* A mistake elsewhere is none of the chosen tensors' business. */
static void test_other_tensors_do_not_count(void **state) {
  (void)state;
  static const char *const chosen[] = {"W3"}, *const wrong[] = {"W2"};
  struct check_options options = {.tolerance = -1, .params = chosen, .param_count = 1};
  expect_bug(three_layers_notes, bug_W2, options, VERDICT_PASS);
  options.params = wrong;
  expect_bug(three_layers_notes, bug_W2, options, VERDICT_FAIL);
}

static void assert_refused(const char *text, struct check_options options, enum status want,
                           const char *message, const char *hint) {
  struct trial trial;
  trial_start(&trial, text);
  struct diag diag = {0};
  assert_int_equal(check_run(&trial.check, &trial.model, &options, &diag), want);
  if (!strstr(diag.message, message)) fail_msg("%s", diag.message);
  if (hint && !strstr(diag.hint, hint)) fail_msg("%s", diag.hint);
  trial_done(&trial);
}

static void test_nothing_to_check(void **state) {
  (void)state;
  static const char *const unknown[] = {"W11"}, *const node[] = {"Z1"};
  struct check_options options = {.tolerance = -1, .threads = 1};
  assert_refused("data x = 1; y = x * 2", options, STATUS_DATA, "no param", NULL);
  assert_refused("param x = [1 2]; y = x * 2", options, STATUS_DATA, "no loss", NULL);
  options.params = unknown;
  options.param_count = 1;
  assert_refused(three_layers, options, STATUS_USAGE, "W11", "W1");
  options.params = node;
  assert_refused(three_layers, options, STATUS_USAGE, "Z1", NULL);
}

/* -- random directions -- */

#define WIDE "seed 5; data u = randn(3, 4); param W = randn(3, 4); y = tanh(W); L = sum(y * u)"

static void test_directions(void **state) {
  (void)state;
  struct trial trial;
  struct check_options options = {.tolerance = -1, .directions = 5};
  bool differ = false;
  trial_start(&trial, WIDE);
  trial_run(&trial, options);
  assert_verdict(&trial, VERDICT_PASS);
  const struct tensor_check *t = tensor(&trial, "W");
  assert_int_equal(t->count, 5);
  for (size_t i = 0; i < 5; i++) {
    assert_near(t->analytic[i], t->numeric[i], 1e-8);
    differ = differ || fabs(t->analytic[i] - t->analytic[0]) > 0.1;
  }
  assert_true(differ);
  trial_done(&trial);
}

/* Directions of +1 and -1 see what a plain sum of the entries would let through. */
static void test_directions_catch(void **state) {
  (void)state;
  static const char *const bugs[] = {
      "y: dW = -(dy * (1 - y^2))", "y: dW = 1.001 * (dy * (1 - y^2))",
      "y: dW = dy * (1 - y^2) + 0.01 * [1 -1 0 0; 1 0 -1 0; -1 0 0 1]",
      "y: dW = dy * (1 - y^2) + 1e-3 * [0 0 0 0; 0 0 1 0; 0 0 0 0]", "y: dW = 0 * dy", "y: dW = y"};
  struct check_options options = {.tolerance = -1, .directions = 1};
  expect(WIDE, options, VERDICT_PASS);
  for (size_t i = 0; i < sizeof bugs / sizeof *bugs; i++)
    expect_bug(WIDE, bugs[i], options, VERDICT_FAIL);
  options.tolerance = 1e-6;
  expect(WIDE, options, VERDICT_PASS);
  for (size_t i = 0; i < sizeof bugs / sizeof *bugs; i++)
    expect_bug(WIDE, bugs[i], options, VERDICT_FAIL);
}

/* -- methods -- */

static double error_at(struct trial *trial, enum method method, double h) {
  trial_run(trial, (struct check_options){.tolerance = 1, .method = method, .eps = h});
  return fabs(trial->check.tensors[0].numeric[0] - trial->check.tensors[0].analytic[0]);
}

/* Half the step: half, a quarter, a sixteenth of the error. */
static void test_orders(void **state) {
  (void)state;
  static const double ratios[METHOD_COUNT] = {
      [METHOD_CENTRAL] = 4, [METHOD_FORWARD] = 2, [METHOD_RICHARDSON] = 16};
  struct trial trial;
  trial_start(&trial, "param x = 0.7; y = exp(sin(x)) + x^3");
  for (int method = 0; method < METHOD_COUNT; method++)
    for (double h = 0x1p-4; h >= 0x1p-6; h /= 2) {
      double ratio = error_at(&trial, method, h) / error_at(&trial, method, h / 2);
      assert_near(ratio, ratios[method], 0.1 * ratios[method]);
    }
  trial_done(&trial);
}

static void test_methods_judge_alike(void **state) {
  (void)state;
  for (int method = 0; method < METHOD_COUNT; method++) {
    struct check_options options = {.tolerance = -1, .method = method};
    struct trial trial;
    trial_start(&trial, three_layers_notes);
    trial_run(&trial, options);
    assert_true(trial.check.verdict != VERDICT_FAIL);
    if (method != METHOD_FORWARD) assert_verdict(&trial, VERDICT_PASS);
    trial_done(&trial);
    expect_bug(three_layers_notes, bug_W2, options, VERDICT_FAIL);
    expect_bug(three_layers_notes, "dW2 = 1.001 / m * dZ2 @ A1.T", options, VERDICT_FAIL);
  }
}

/* -- kinks -- */

static void expect_kink(const char *text, const char *name, double eps, double left, double right) {
  struct trial trial;
  trial_start(&trial, text);
  trial_run(&trial, (struct check_options){.tolerance = -1, .eps = eps});
  const struct tensor_check *t = tensor(&trial, name);
  if (t->verdict != VERDICT_KINK) print_error("%s\n", text), assert_verdict(&trial, VERDICT_KINK);
  assert_int_equal(t->reason, REASON_STRADDLES);
  assert_near(t->left, left, 1e-6);
  assert_near(t->right, right, 1e-6);
  if (eps > 0) assert_near(t->step, eps, 0);
  trial_done(&trial);
}

static void test_kinks(void **state) {
  (void)state;
  expect_kink("param x = 0; y = relu(x)", "x", 0, 0, 1);
  expect_kink("param x = 3e-6; y = relu(x)", "x", 1e-5, 0.3, 1);
  expect_kink("param x = -3e-6; y = relu(x)", "x", 1e-5, 0, 0.7);
  expect_kink("param a = 1; param b = 1; y = max(a, b)", "a", 0, 0, 1);
  expect_kink("param a = 1; param b = 1; y = max(a, b)", "b", 0, 0, 1);
  expect_kink("param a = 1; param b = 1; y = min(a, b)", "a", 0, 1, 0);
  expect_kink("param x = 4e-6; y = abs(x)", "x", 1e-5, -0.2, 1);
  expect_kink("param x = [1 2 2 2]; y = sum(rowmax(x))", "x", 0, 0, 1);
  expect_kink("param x = [1 0 -2]; y = sum(2 * relu(x))", "x", 0, 0, 2);
}

/* Both sides 0 at the tip, by symmetry; one-sided it is a kink like any other. */
static void test_abs_at_zero(void **state) {
  (void)state;
  struct trial trial;
  struct check_options forward = {.tolerance = -1, .method = METHOD_FORWARD};
  expect("param x = 0; y = abs(x)", per_entry, VERDICT_INADEQUATE);
  expect_bug("param x = 0; y = abs(x)", "dx = dy", per_entry, VERDICT_KINK);
  expect_bug("param x = 0; y = abs(x)", "dx = 1.5 * dy", per_entry, VERDICT_FAIL);
  trial_start(&trial, "param x = 0; y = abs(x)");
  trial_run(&trial, forward);
  assert_verdict(&trial, VERDICT_KINK);
  assert_near(trial.check.tensors[0].left, -1, 1e-9);
  assert_near(trial.check.tensors[0].right, 1, 1e-9);
  trial_done(&trial);
}

/* A kink excuses only what the kink explains: 0.5 lies between the slopes 0.3 and 1, but no smaller
 * step agrees with it. */
static void test_kink_is_no_excuse(void **state) {
  (void)state;
  static const char near[] = "param x = 3e-6; y = relu(x)", at[] = "param x = 0; y = relu(x)";
  static const char *const factors[] = {"1.5", "0.5", "1.001", "-1", "0"};
  for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
    char bug[80];
    snprintf(bug, sizeof bug, "dx = %s * (dy * (x > 0))", factors[i]);
    expect_bug(near, bug, (struct check_options){.tolerance = -1, .eps = 1e-5}, VERDICT_FAIL);
    expect_bug(near, bug, per_entry, VERDICT_FAIL);
  }
  expect_bug(at, "dx = dy", per_entry, VERDICT_KINK);
  expect_bug(at, "dx = 1.5 * dy", per_entry, VERDICT_FAIL);
  expect_bug(at, "dx = -0.1 * dy", per_entry, VERDICT_FAIL);
}

/* -- a numerical side that cannot tell -- */

static void expect_reason(const char *text, const char *bug, struct check_options options,
                          enum verdict verdict, enum reason reason) {
  struct trial trial;
  trial_start(&trial, text);
  if (bug) spoil(&trial, bug);
  trial_run(&trial, options);
  assert_verdict(&trial, verdict);
  bool found = false;
  for (size_t i = 0; i < trial.check.tensor_count; i++)
    found = found || trial.check.tensors[i].reason == reason;
  if (!found) fail_msg("%s: nothing is \"%s\"", text, reason_names[reason]);
  trial_done(&trial);
}

static void test_unreliable(void **state) {
  (void)state;
  static const char huge[] =
      "seed 3; data u = randn(2, 3); param w = randn(2, 3); p = w * u; y = sum(p) + 1e8";
  static const char faint[] =
      "seed 3; data u = 1e-4 * rand(2, 3); param w = randn(2, 3); p = w * u; y = sum(p) + 1e8";
  const struct check_options tight = {.eps = 1e-7, .tolerance = 1e-7};
  const struct check_options tiny = {.eps = 1e-13, .tolerance = -1};
  expect_reason(three_layers_notes, NULL, tight, VERDICT_UNRELIABLE, REASON_STEP_ERROR);
  expect_bug(three_layers_notes, bug_W2, tight, VERDICT_FAIL);
  expect_reason(three_layers_notes, NULL, tiny, VERDICT_UNRELIABLE, REASON_STEP_ERROR);
  expect_bug(three_layers_notes, bug_W2, tiny, VERDICT_FAIL);
  expect_bug(three_layers_notes, "dW2 = 1.001 / m * dZ2 @ A1.T", tiny, VERDICT_FAIL);
  expect_reason(huge, NULL, per_entry, VERDICT_UNRELIABLE, REASON_STEP_ERROR);
  expect_bug(huge, "dw = 2 * (dp * u)", per_entry, VERDICT_FAIL);
  expect_reason(faint, NULL, per_entry, VERDICT_UNRELIABLE, REASON_STEP_ERROR);
}

/* A smooth function may turn faster than the step sees. The gradient is right; to call it wrong is
 * the worst that a check can do. */
static void test_steep_is_not_wrong(void **state) {
  (void)state;
  static const char *const steep[] = {
      "param x = 0.01; y = tanh(30 * x)", "param x = 0.01; y = sin(50 * x)",
      "param x = 0.01; y = sigmoid(100 * x)", "param x = 0.05; y = 1 / x"};
  static const char *const steeper[] = {"param x = 1e-7; y = tanh(1e6 * x)",
                                        "param x = 1; y = sin(1e6 * x)",
                                        "param x = 1e-6; y = sigmoid(1e6 * x)"};
  for (size_t i = 0; i < sizeof steep / sizeof *steep; i++) {
    expect(steep[i], per_entry, VERDICT_PASS);
    expect(steep[i], (struct check_options){.eps = 0.1, .tolerance = -1}, VERDICT_UNRELIABLE);
    expect(steep[i], (struct check_options){.eps = 0.1, .tolerance = 1e-6}, VERDICT_UNRELIABLE);
  }
  for (size_t i = 0; i < sizeof steeper / sizeof *steeper; i++)
    expect(steeper[i], per_entry, VERDICT_UNRELIABLE);
  expect("param x = 0.04; y = relu(x) + tanh(200 * (x - 0.04))", /* with a kink */
         (struct check_options){.eps = 0.1, .tolerance = -1}, VERDICT_KINK);
  expect_bug(steep[0], "dx = 2 * (dy_1 * 30)", (struct check_options){.eps = 0.1, .tolerance = -1},
             VERDICT_FAIL);
}

static void test_inadequate(void **state) {
  (void)state;
  static const char batch[] = "seed 4; param x = randn(4, 3); param g = randn(1, 3)\n"
                              "param b = randn(1, 3); y = batch_norm(x, g, b); L = sum(y)";
  struct trial trial;
  expect_reason("param x = [1 2]; y = sum(0 * x)", NULL, per_entry, VERDICT_INADEQUATE,
                REASON_ALL_ZERO);
  expect_reason("param x = [-1 -2]; y = sum(relu(x))", NULL, per_entry, VERDICT_INADEQUATE,
                REASON_ALL_ZERO);
  expect_reason("param x = [1 2]; y = sum(1e-11 * x)", NULL, per_entry, VERDICT_INADEQUATE,
                REASON_BELOW_FLOOR);
  expect_reason("param x = 1; param z = 2; y = x^2 + (z > 1)", NULL, per_entry, VERDICT_INADEQUATE,
                REASON_ALL_ZERO);
  for (int folded = 0; folded < 2; folded++) { /* noise over noise: the quotient alone reads 1 */
    struct diag diag = {0};
    trial_start(&trial, batch);
    assert_int_equal(model_fold(&trial.model, NULL, folded, &diag), STATUS_OK);
    trial_run(&trial, per_entry);
    assert_verdict(&trial, VERDICT_INADEQUATE);
    assert_int_equal(tensor(&trial, "x")->verdict, VERDICT_INADEQUATE);
    assert_int_equal(tensor(&trial, "b")->verdict, VERDICT_PASS);
    trial_done(&trial);
  }
}

/* A gradient where there should be none, and none where there should be one, are mistakes. */
static void test_zero_on_one_side(void **state) {
  (void)state;
  expect_bug("param x = [1 2]; p = 0 * x; y = sum(p)", "dx = dp", per_entry, VERDICT_FAIL);
  expect_bug("param x = [1 2]; p = 3 * x; y = sum(p)", "dx = 0 * dp", per_entry, VERDICT_FAIL);
  expect_bug("param x = [1 2]; p = 3 * x; y = sum(p)", "dx = dp * [3 0]", per_entry, VERDICT_FAIL);
}

/* -- NaN and infinity -- */

/* In either test and however wide the tolerance. */
static void expect_not_finite(const char *text, const char *bug, enum verdict want) {
  static const double tolerances[] = {-1, 1e-7, 1e300};
  for (int i = 0; i < 3; i++) {
    struct check_options options = {.tolerance = tolerances[i]};
    expect_bug(text, bug, options, want);
    options.method = METHOD_RICHARDSON;
    options.eps = 1e-4;
    expect_bug(text, bug, options, want);
    options = (struct check_options){.tolerance = tolerances[i], .directions = 2};
    expect_bug(text, bug, options, want);
  }
}

static void test_not_finite(void **state) {
  (void)state;
  expect_not_finite("param x = -1; y = log(x)", NULL, VERDICT_UNRELIABLE); /* the loss */
  expect_not_finite("param x = 0; y = log(x)", NULL, VERDICT_UNRELIABLE);  /* the loss */
  expect_not_finite("param x = 0; y = 1 / (1 + 1 / x)", NULL, VERDICT_FAIL); /* only the gradient */
  expect_not_finite("param x = 0; y = sqrt(x)", NULL, VERDICT_FAIL);
  expect_not_finite("param x = 1e-9; y = sqrt(x)", NULL, VERDICT_UNRELIABLE); /* x - h < 0 */
  expect_not_finite("param x = 709.782712; y = exp(x)", NULL, VERDICT_UNRELIABLE); /* x + h */
  expect("param x = 2^-17; y = 1 / x", per_entry, VERDICT_UNRELIABLE); /* x - h = 0 */
  expect_not_finite("param x = 2^-17; y = log(x)", "dx = 7", VERDICT_UNRELIABLE);
  expect_not_finite("data u = [1 0]; data v = u / 0; param x = [1 2]; y = sum(x * v)", NULL,
                    VERDICT_UNRELIABLE); /* the loss */
  expect_not_finite("param x = 1; y = x * 3", "dx = dy / 0", VERDICT_FAIL);
  expect_not_finite("param x = 1; y = x * 3", "dx = 0 / 0", VERDICT_FAIL);
  expect_not_finite("param x = 1; y = x * 3", "dx = -1 / 0", VERDICT_FAIL);
}

/* One bad entry in any place among good ones, on the analytic and on the numerical side. */
static void test_not_finite_in_any_place(void **state) {
  (void)state;
  for (int place = 0; place < 5; place++) {
    char bug[80], text[160];
    int one[5] = {1, 1, 1, 1, 1};
    one[place] = 0;
    for (int top = 0; top < 2; top++) {
      snprintf(bug, sizeof bug, "dx = dp * 3 + (%d / [%d %d %d %d %d] - %d)", top, one[0], one[1],
               one[2], one[3], one[4], top);
      expect_not_finite("param x = [1 2 3 4 5]; p = x * 3; y = sum(p)", bug, VERDICT_FAIL);
    }
    snprintf(text, sizeof text, "param x = [%d %d %d %d %d] + 1e-9; p = sqrt(x); y = sum(p)",
             one[0], one[1], one[2], one[3], one[4]);
    expect_not_finite(text, NULL, VERDICT_UNRELIABLE);
  }
}

/* A NaN on the numerical side is no shelter for a mistake in another entry. */
static void test_mistake_beside_nan(void **state) {
  (void)state;
  expect_bug("param x = [1e-9 1 2]; p = sqrt(x); y = sum(p)", "dx = dp / (2 * p) * [1 1 2]",
             per_entry, VERDICT_FAIL);
}

/* -- precision -- */

static void test_low_precision(void **state) {
  (void)state;
  static const char *const texts[] = {
      three_layers_notes,
      "seed 2; data t = rand(3, 4); param x = randn(3, 4); L = softmax_cross_entropy(x, t)",
      "seed 3; data u = randn(3, 4); param x = randn(3, 4); y = layer_norm(x, 1, 0)\n"
      "L = sum(y * u)",
      "seed 4; data X = randn(3, 2); param W = randn(2, 4); param b = randn(1, 4)\n"
      "h = relu(affine(X, W, b)); L = mean(h^2)",
      "seed 5; param a = randn(2, 2); param b = randn(2, 2); y = tanh(a @ b) * sigmoid(a)\n"
      "L = sum(y) * 20",
      "param x = [1 2]; y = 1000 + sum(x^2)"};
  for (int precision = 0; precision < PRECISION_COUNT; precision++)
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
      for (double tolerance = -1; tolerance < 0.1; tolerance += 1 + 1e-4) {
        struct trial trial;
        trial_start(&trial, texts[i]);
        trial_run(&trial, (struct check_options){.tolerance = tolerance, .precision = precision});
        enum verdict verdict = trial.check.verdict;
        if (verdict == VERDICT_FAIL)
          print_error("%s: %s\n", precision_names[precision], texts[i]);
        assert_true(verdict != VERDICT_FAIL || !isfinite(trial.check.loss));
        assert_true(precision != PRECISION_DOUBLE || verdict == VERDICT_PASS);
        trial_done(&trial);
      }
}

static void test_low_precision_still_catches(void **state) {
  (void)state;
  for (int precision = 0; precision < PRECISION_COUNT; precision++)
    expect_bug("param x = [1 2]; p = x^2; y = sum(p)", "dx = -dp * 2 * x",
               (struct check_options){.tolerance = -1, .precision = precision}, VERDICT_FAIL);
}

/* -- draws -- */

static void test_dropout(void **state) {
  (void)state;
  static const char text[] = "seed 6; data u = randn(4, 5); param x = randn(4, 5)\n"
                             "y = dropout(x, 0.6); L = sum(y * u)";
  for (double tolerance = -1; tolerance < 0.1; tolerance += 1 + 1e-6) {
    struct check_options options = {.tolerance = tolerance};
    expect_reason(text, NULL, options, VERDICT_UNRELIABLE, REASON_REDRAWN);
    options.frozen = true;
    expect(text, options, VERDICT_PASS);
    expect_bug(text, "y: dx = dy * y_mask", options, VERDICT_FAIL);
    expect_bug(text, "y: dx = dy / 0.6", options, VERDICT_FAIL);
  }
}

/* -- a backward block -- */

static void test_forgotten_param(void **state) {
  (void)state;
  struct trial trial;
  trial_start(&trial, three_layers_forgetful);
  for (double tolerance = -1; tolerance < 2; tolerance += 2) {
    trial_run(&trial, (struct check_options){.tolerance = tolerance});
    assert_verdict(&trial, VERDICT_FAIL);
    for (size_t i = 0; i < trial.check.tensor_count; i++) {
      const struct tensor_check *t = &trial.check.tensors[i];
      bool forgotten = t == tensor(&trial, "b1");
      assert_int_equal(t->verdict, forgotten ? VERDICT_FAIL : VERDICT_PASS);
      assert_int_equal(t->reason, forgotten ? REASON_NOT_ASSIGNED : REASON_AGREES);
    }
  }
  trial_done(&trial);
}

/* The notes keep 1/m out of dZ3, so every dZ and dA below reads 3 times too large, and that is
 * right for them: it is shown, and does not count. */
static void test_intermediates(void **state) {
  (void)state;
  static const char *const names[] = {"Z3", "A2", "Z2", "A1", "Z1"};
  struct trial trial;
  trial_start(&trial, three_layers_notes);
  trial_run(&trial, per_entry);
  assert_verdict(&trial, VERDICT_PASS);
  assert_int_equal(trial.check.intermediate_count, 5);
  assert_int_equal(trial.check.entries, 47);
  for (int i = 0; i < 5; i++) {
    const struct tensor_check *t =
        find_in(&trial, names[i], trial.check.intermediates, trial.check.intermediate_count);
    assert_near(t->metrics.scale, 3, 1e-7);
    assert_near(t->metrics.difference, 0.5, 1e-7);
    assert_metrics(t);
  }
  trial_done(&trial);
}

/* A line may read the gradient that it assigns, and add to it. */
static void test_lines_over_lines(void **state) {
  (void)state;
  struct trial trial;
  trial_start(&trial, "seed 7; data X = randn(3, 3); param W = randn(3, 3); Z = X @ W\n"
                      "L = sum(Z * Z)\n"
                      "backward\n dZ = Z; dZ += Z; dW = (X.T @ dZ).T; dW = dW.T\nend");
  trial_run(&trial, per_entry);
  assert_verdict(&trial, VERDICT_PASS);
  assert_int_equal(trial.check.intermediate_count, 1);
  assert_near(trial.check.intermediates[0].metrics.scale, 1, 1e-8);
  trial_done(&trial);
}

/* Where two nodes hand x a gradient, "=" in the later line throws the earlier share away. */
static void test_overwritten_share(void **state) {
  (void)state;
  struct trial trial;
  trial_start(&trial, "param x = 2; p = x * 3; q = x^2; y = p + q");
  trial_run(&trial, per_entry);
  assert_verdict(&trial, VERDICT_PASS);
  assert_near(trial.check.tensors[0].analytic[0], 7, 0);
  spoil(&trial, "p: dx = dp * 3");
  trial_run(&trial, per_entry);
  assert_verdict(&trial, VERDICT_FAIL);
  assert_near(trial.check.tensors[0].analytic[0], 3, 0);
  trial_done(&trial);
}

static void test_notes(void **state) {
  (void)state;
  struct trial trial;
  trial_start(&trial, three_layers_notes);
  trial_run(&trial, per_entry);
  assert_int_equal(trial.check.note_count, 1);
  assert_non_null(strstr(trial.check.notes[0], "20 of 47"));
  trial_done(&trial);
  trial_start(&trial, "seed 1; data X = randn(3, 2); param W = randn(2, 2); param b = zeros(1, 2)\n"
                      "y = tanh(X @ W + b); L = mean(y^2)");
  trial_run(&trial, per_entry);
  assert_int_equal(trial.check.note_count, 1);
  assert_non_null(strstr(trial.check.notes[0], "b is all zeros"));
  trial_done(&trial);
}

/* -- what a check leaves behind -- */

static const struct check_options many_ways[] = {
    {.tolerance = -1},
    {.tolerance = -1, .threads = 2},
    {.tolerance = 1e-9, .eps = 0.1},
    {.tolerance = -1, .eps = 1e-12, .method = METHOD_FORWARD},
    {.tolerance = -1, .directions = 3, .method = METHOD_RICHARDSON},
    {.tolerance = -1, .precision = PRECISION_HALF, .threads = 2},
};
enum { WAYS = sizeof many_ways / sizeof *many_ways };

struct snapshot {
  double *image;
  struct random random;
  size_t bytes, rules, slots, forward, backward;
};

static struct snapshot take(const struct model *model) {
  struct snapshot snapshot = {.random = model->random, .rules = model->rule_count,
                              .bytes = model->program.size * sizeof(double),
                              .slots = model->program.slot_count,
                              .forward = model->program.forward.count,
                              .backward = model->program.backward.count};
  snapshot.image = malloc(snapshot.bytes);
  assert_non_null(snapshot.image);
  memcpy(snapshot.image, model->program.image, snapshot.bytes);
  return snapshot;
}

static void assert_untouched(const struct model *model, const struct snapshot *before) {
  assert_int_equal(model->program.size * sizeof(double), before->bytes);
  assert_memory_equal(model->program.image, before->image, before->bytes);
  assert_memory_equal(model->random.state, before->random.state, sizeof before->random.state);
  assert_int_equal(model->random.next, before->random.next);
  assert_int_equal(model->rule_count, before->rules);
  assert_int_equal(model->program.slot_count, before->slots);
  assert_int_equal(model->program.forward.count, before->forward);
  assert_int_equal(model->program.backward.count, before->backward);
}

static void test_model_is_untouched(void **state) {
  (void)state;
  struct trial trial;
  trial_start(&trial, three_layers_notes);
  struct snapshot before = take(&trial.model);
  for (int i = 0; i < WAYS; i++) {
    trial_run(&trial, many_ways[i]);
    assert_untouched(&trial.model, &before);
  }
  free(before.image);
  trial_done(&trial);
}

static void assert_same_bits(const struct check *a, const struct check *b) {
  assert_int_equal(a->verdict, b->verdict);
  assert_int_equal(a->tensor_count, b->tensor_count);
  assert_memory_equal(&a->difference, &b->difference, sizeof a->difference);
  for (size_t i = 0; i < a->tensor_count; i++) {
    const struct tensor_check *s = &a->tensors[i], *t = &b->tensors[i];
    assert_memory_equal(s->numeric, t->numeric, s->count * sizeof *s->numeric);
    assert_memory_equal(s->analytic, t->analytic, s->count * sizeof *s->analytic);
    assert_memory_equal(&s->metrics, &t->metrics, sizeof s->metrics);
    assert_memory_equal(&s->step_error, &t->step_error, sizeof s->step_error);
    assert_int_equal(s->verdict, t->verdict);
    assert_int_equal(s->entry, t->entry);
  }
}

/* Nor does the textbook's evaluation of every loss from the start. */
static void test_threads_change_nothing(void **state) {
  (void)state;
  for (int i = 0; i < WAYS; i++) {
    struct trial one, many;
    trial_start(&one, three_layers_notes);
    trial_start(&many, three_layers_notes);
    struct check_options options = many_ways[i];
    options.threads = 1;
    trial_run(&one, options);
    for (options.threads = 1; options.threads <= 3; options.threads++)
      for (int evaluate = 0; evaluate < EVALUATE_COUNT; evaluate++) {
        options.evaluate = evaluate;
        trial_run(&many, options);
        assert_same_bits(&one.check, &many.check);
      }
    trial_done(&one);
    trial_done(&many);
  }
}

/* -- progress and cancelling -- */

struct watch {
  volatile sig_atomic_t flag;
  size_t stop_at, calls, last, total;
};

static void on_progress(void *context, size_t done, size_t total) {
  struct watch *watch = context;
  watch->calls++;
  assert_true(done > watch->last && done <= total);
  watch->last = done;
  watch->total = total;
  if (done >= watch->stop_at) watch->flag = 1;
}

static struct check_options watched(struct watch *watch, int threads) {
  return (struct check_options){.tolerance = -1, .threads = threads, .cancel = &watch->flag,
                                .progress = on_progress, .progress_context = watch};
}

static void test_progress(void **state) {
  (void)state;
  struct watch watch = {.stop_at = SIZE_MAX};
  struct trial trial;
  trial_start(&trial, three_layers_notes);
  trial_run(&trial, watched(&watch, 1));
  size_t intermediates = 0;
  for (size_t i = 0; i < trial.check.intermediate_count; i++)
    intermediates += trial.check.intermediates[i].count;
  assert_int_equal(watch.total, 47 + intermediates);
  assert_int_equal(watch.last, watch.total);
  assert_int_equal(watch.calls, watch.total);
  trial_done(&trial);
}

/* Stopped anywhere, before the first step included, a check says so, leaves nothing, and the next
 * one reads the same bits as ever. */
static void test_cancel(void **state) {
  (void)state;
  struct random random;
  struct trial trial, other;
  trial_start(&trial, three_layers_notes);
  trial_start(&other, three_layers_notes);
  trial_run(&trial, per_entry);
  struct snapshot before = take(&other.model);
  random_seed(&random, 9);
  for (int i = 0; i < 40; i++) {
    struct watch watch = {.stop_at = 1 + random_bits(&random) % 85, .flag = i == 0};
    struct check_options options = watched(&watch, 1 + i % 2);
    struct diag diag = {0};
    enum status status = check_run(&other.check, &other.model, &options, &diag);
    assert_int_equal(status, watch.flag ? STATUS_CANCELLED : STATUS_OK);
    assert_true(i % 2 || watch.flag);
    if (watch.flag) assert_non_null(strstr(diag.message, "stopped"));
    check_done(&other.check);
    assert_untouched(&other.model, &before);
  }
  trial_run(&other, per_entry);
  assert_same_bits(&trial.check, &other.check);
  free(before.image);
  trial_done(&trial);
  trial_done(&other);
}

/* -- marks and verdict under an overall tolerance -- */

/* The share of the overall quotient that is this tensor's. */
static double share_of(const struct check *check, const struct tensor_check *t) {
  struct sums all = {0}, own = {0};
  for (size_t i = 0; i < check->tensor_count; i++) sum_entries(&all, &check->tensors[i]);
  sum_entries(&own, t);
  return (double)(sqrtl(own.error) / (sqrtl(all.grad) + sqrtl(all.numeric)));
}

static void assert_marks_agree(const struct check *check) {
  enum verdict worst = VERDICT_PASS;
  bool clean = true;
  for (size_t i = 0; i < check->tensor_count; i++)
    if (share_of(check, &check->tensors[i]) > check->options.tolerance)
      assert_true(check->tensors[i].verdict > VERDICT_INADEQUATE);
  for (size_t i = 0; i < check->tensor_count; i++) {
    enum verdict verdict = check->tensors[i].verdict;
    if (verdict > worst) worst = verdict;
    clean = clean && (verdict == VERDICT_PASS || verdict == VERDICT_INADEQUATE);
  }
  assert_int_equal(check->verdict, worst);
  if (clean != (check->difference <= check->options.tolerance))
    fail_msg("difference %g, tolerance %g, worst mark %s", check->difference,
             check->options.tolerance, verdict_names[worst]);
}

/* Mistakes of every size in one or two tensors, against tolerances of every size. */
static void test_marks_agree(void **state) {
  (void)state;
  static const char *const lines[][2] = {{"dW1", "dZ1 @ X.T"},
                                         {"dW3", "dZ3 @ A2.T"},
                                         {"db1", "sum(dZ1, 1)"},
                                         {"db2", "sum(dZ2, 1)"}};
  struct random random;
  size_t failed = 0, rounds = 120;
  random_seed(&random, 10);
  for (size_t i = 0; i < rounds; i++) {
    struct trial trial;
    trial_start(&trial, three_layers_notes);
    for (uint32_t bugs = random_bits(&random) % 3; bugs > 0; bugs--) {
      char bug[80];
      const char *const *line = lines[random_bits(&random) % 4];
      snprintf(bug, sizeof bug, "%s = %.17g / m * %s", line[0],
               1 + pow(10, -8 * random_uniform(&random)), line[1]);
      spoil(&trial, bug);
    }
    double tolerance = pow(10, -1 - 7 * random_uniform(&random));
    trial_run(&trial, (struct check_options){.eps = i % 2 ? 1e-7 : 0, .tolerance = tolerance});
    assert_marks_agree(&trial.check);
    failed += trial.check.verdict == VERDICT_FAIL;
    trial_done(&trial);
  }
  assert_in_range(failed, rounds / 5, rounds * 4 / 5);
}

/* Two tensors may each keep the tolerance and together break it: one of them answers for it. */
static void test_shared_blame(void **state) {
  (void)state;
  struct trial trial;
  trial_start(&trial, "param a = [1 2]; param b = [2 1]; p = a * 3; q = b * 3; y = sum(p + q)");
  spoil(&trial, "da = dp * 3.03");
  spoil(&trial, "db = dq * 3.03");
  trial_run(&trial, (struct check_options){.tolerance = 0.004});
  assert_near(trial.check.difference, 0.01 / 2.01, 1e-6);
  assert_verdict(&trial, VERDICT_FAIL);
  assert_marks_agree(&trial.check);
  trial_run(&trial, (struct check_options){.tolerance = 0.006});
  assert_verdict(&trial, VERDICT_PASS);
  trial_done(&trial);
}

/* A tensor within its share is not marked because of another's mistake, however its own small error
 * is spread. */
static void test_marks_the_guilty(void **state) {
  (void)state;
  struct trial trial;
  trial_start(&trial, "param a = [1 2 3 4]; param b = [2 1 4 3]; p = a * 3; q = b * 3\n"
                      "y = sum(p + q)");
  spoil(&trial, "da = dp * [3.01 3 3 3]");
  spoil(&trial, "db = dq * 4");
  trial_run(&trial, (struct check_options){.tolerance = 0.001});
  assert_verdict(&trial, VERDICT_FAIL);
  assert_int_equal(tensor(&trial, "a")->verdict, VERDICT_PASS);
  assert_int_equal(tensor(&trial, "b")->verdict, VERDICT_FAIL);
  assert_marks_agree(&trial.check);
  trial_done(&trial);
}

/* Gradients whose squares overflow: 0/0 and inf/inf are not an agreement. */
static void test_overflowing_norms(void **state) {
  (void)state;
  static const char text[] = "param x = [1 2]; p = 1e200 * x; y = sum(p)";
  for (double tolerance = -1; tolerance < 1; tolerance += 1 + 1e-6) {
    struct check_options options = {.tolerance = tolerance};
    struct trial trial;
    trial_start(&trial, text);
    trial_run(&trial, options);
    assert_true(trial.check.verdict != VERDICT_FAIL);
    trial_done(&trial);
    expect_bug(text, "dx = 2 * (dp * 1e200)", options, VERDICT_FAIL);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_scalar_graph),
      cmocka_unit_test(test_sigmoid_gates),
      cmocka_unit_test(test_swapped_caches),
      cmocka_unit_test(test_one_dimension),
      cmocka_unit_test(test_cubic),
      cmocka_unit_test(test_three_layers),
      cmocka_unit_test(test_three_layers_correct),
      cmocka_unit_test(test_three_layers_across_kinks),
      cmocka_unit_test(test_scale_errors),
      cmocka_unit_test(test_metrics_of_a_check),
      cmocka_unit_test(test_metrics_at_the_edges),
      cmocka_unit_test(test_chosen_tensors),
      cmocka_unit_test(test_other_tensors_do_not_count),
      cmocka_unit_test(test_nothing_to_check),
      cmocka_unit_test(test_directions),
      cmocka_unit_test(test_directions_catch),
      cmocka_unit_test(test_orders),
      cmocka_unit_test(test_methods_judge_alike),
      cmocka_unit_test(test_kinks),
      cmocka_unit_test(test_abs_at_zero),
      cmocka_unit_test(test_kink_is_no_excuse),
      cmocka_unit_test(test_unreliable),
      cmocka_unit_test(test_steep_is_not_wrong),
      cmocka_unit_test(test_inadequate),
      cmocka_unit_test(test_zero_on_one_side),
      cmocka_unit_test(test_not_finite),
      cmocka_unit_test(test_not_finite_in_any_place),
      cmocka_unit_test(test_mistake_beside_nan),
      cmocka_unit_test(test_low_precision),
      cmocka_unit_test(test_low_precision_still_catches),
      cmocka_unit_test(test_dropout),
      cmocka_unit_test(test_forgotten_param),
      cmocka_unit_test(test_intermediates),
      cmocka_unit_test(test_lines_over_lines),
      cmocka_unit_test(test_overwritten_share),
      cmocka_unit_test(test_notes),
      cmocka_unit_test(test_model_is_untouched),
      cmocka_unit_test(test_threads_change_nothing),
      cmocka_unit_test(test_progress),
      cmocka_unit_test(test_cancel),
      cmocka_unit_test(test_marks_agree),
      cmocka_unit_test(test_shared_blame),
      cmocka_unit_test(test_marks_the_guilty),
      cmocka_unit_test(test_overflowing_norms),
  };
  return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
