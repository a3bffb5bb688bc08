/* Protects the gradient check: the published figures, the metrics, which tensors are checked, and
 * that marks and verdict agree under an overall tolerance. */
#include "trial.h"

#include <float.h>

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
    spoil(&trial, "dtheta = dJ * J / theta"); /* as the notes have it: unseen here */
    trial_run(&trial, notes);
    assert_verdict(&trial, VERDICT_PASS);
    trial_done(&trial);
  }
  expect_bug("data x = 2; param theta = 0; J = theta * x", "dtheta = dJ * J / theta", notes,
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

struct totals {
  long double error, grad, numeric, product, absolute;
};

static void sum_entries(struct totals *sums, const struct tensor_check *t) {
  for (size_t i = t->count; i-- > 0;) {
    long double g = t->analytic[i], n = t->numeric[i];
    sums->error += (g - n) * (g - n);
    sums->grad += g * g;
    sums->numeric += n * n;
    sums->product += g * n;
    sums->absolute += fabsl(g - n);
  }
}

static double quotient(struct totals s) {
  return (double)(sqrtl(s.error) / (sqrtl(s.grad) + sqrtl(s.numeric)));
}

static void assert_close(double got, long double want) {
  assert_near(got, (double)want, 1e-13 * fabs((double)want));
}

static void assert_metrics(const struct tensor_check *t) {
  const struct metrics *m = &t->metrics;
  struct totals s = {0};
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
  struct totals all = {0};
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
    spoilt[bad] = INFINITY;
    m = metrics_compute(spoilt, ones, 3);
    assert_true(isinf(m.max_abs) && isinf(m.error_norm) && isinf(m.grad_norm));
    assert_true(isnan(m.max_rel) && isnan(m.difference));
    assert_int_equal(m.worst, bad);
  }
  assert_true(isnan(relative_difference(NAN, 0, 0)) || relative_difference(NAN, 0, 0) <= 0);
  assert_true(isnan(relative_difference(1, NAN, 1)));
  assert_true(isnan(relative_difference(1, 1, NAN)));
}

/* Numbers whose squares a double cannot hold, and such beside others. */
static void test_metrics_far_from_one(void **state) {
  static const double sizes[] = {1e-300, 1e-160, 1, 1e150, 1e300};
  enum { SIZES = sizeof sizes / sizeof *sizes, ENTRIES = 4 };
  (void)state;
  if (LDBL_MAX_EXP <= 2 * DBL_MAX_EXP) skip();
  for (int i = 0; i < SIZES * SIZES * 2; i++) {
    const double a = sizes[i / 2 / SIZES], b = sizes[i / 2 % SIZES], off = i % 2 ? 1.25 : 1;
    if (isinf(a / b)) continue; /* so is the scale */
    double g[ENTRIES] = {3 * a, -4 * a, 0, off * a}, n[ENTRIES] = {3 * b, -4 * b, 0, b};
    assert_metrics(&(struct tensor_check){.analytic = g, .numeric = n, .count = ENTRIES,
                                          .metrics = metrics_compute(g, n, ENTRIES)});
  }
}

/* A norm beside no other is itself to the last bit, and two are joined at any size. */
static void test_norm_of_norms(void **state) {
  static const double sizes[] = {5e-324, 1e-300, 1.1e-160, 0.7, 3.3, 1e150, 1e300, DBL_MAX / 2};
  enum { SIZES = sizeof sizes / sizeof *sizes };
  (void)state;
  assert_near(norm_of_norms(0, 0), 0, 0);
  assert_near(norm_of_norms(3, 4), 5, 0);
  for (int i = 0; i < SIZES; i++) {
    const double a = sizes[i];
    assert_near(norm_of_norms(a, 0), a, 0);
    assert_near(norm_of_norms(0, a), a, 0);
    assert_true(isinf(norm_of_norms(a, INFINITY)));
    assert_true(isnan(norm_of_norms(a, NAN)) && isnan(norm_of_norms(NAN, a)));
    for (int j = 0; j < SIZES && LDBL_MAX_EXP > 2 * DBL_MAX_EXP; j++)
      assert_close(norm_of_norms(a, sizes[j]), hypotl(a, sizes[j]));
  }
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

/* -- marks and verdict under an overall tolerance -- */

/* The share of the overall quotient that is this tensor's. */
static double share_of(const struct check *check, const struct tensor_check *t) {
  struct totals all = {0}, own = {0};
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
      cmocka_unit_test(test_metrics_far_from_one),
      cmocka_unit_test(test_norm_of_norms),
      cmocka_unit_test(test_chosen_tensors),
      cmocka_unit_test(test_other_tensors_do_not_count),
      cmocka_unit_test(test_nothing_to_check),
      cmocka_unit_test(test_intermediates),
      cmocka_unit_test(test_directions),
      cmocka_unit_test(test_directions_catch),
      cmocka_unit_test(test_orders),
      cmocka_unit_test(test_methods_judge_alike),
      cmocka_unit_test(test_marks_agree),
      cmocka_unit_test(test_shared_blame),
      cmocka_unit_test(test_marks_the_guilty),
      cmocka_unit_test(test_overflowing_norms),
  };
  return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
