/* Protects the verdicts: a correct model is never accused, a wrong one never passes, NaN never
 * passes. */
#include "trial.h"

#include "core/text.h"
#include "core/wide.h"

/* What quadruple precision settles stays open without it. */
static enum verdict pass_or(enum verdict without) {
  return WIDE_IS_WIDE ? VERDICT_PASS : without;
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
  const struct check_options usual = {.eps = 0x1p-17, .tolerance = -1};
  expect_reason(three_layers_notes, NULL, tight, VERDICT_UNRELIABLE, REASON_STEP_ERROR);
  expect_bug(three_layers_notes, bug_W2, tight, VERDICT_FAIL);
  expect_reason(three_layers_notes, NULL, tiny, VERDICT_UNRELIABLE, REASON_STEP_ERROR);
  expect_bug(three_layers_notes, bug_W2, tiny, VERDICT_FAIL);
  expect_bug(three_layers_notes, "dW2 = 1.001 / m * dZ2 @ A1.T", tiny, VERDICT_FAIL);
  expect_reason(huge, NULL, usual, VERDICT_UNRELIABLE, REASON_STEP_ERROR);
  expect(huge, per_entry, pass_or(VERDICT_UNRELIABLE));
  expect_bug(huge, "dw = 2 * (dp * u)", usual, VERDICT_FAIL);
  expect_bug(huge, "dw = 2 * (dp * u)", per_entry, VERDICT_FAIL);
  expect_reason(faint, NULL, usual, VERDICT_UNRELIABLE, REASON_STEP_ERROR);
  expect(faint, per_entry, pass_or(VERDICT_UNRELIABLE));
  if (WIDE_IS_WIDE) expect_bug(faint, "dw = 1.01 * (dp * u)", per_entry, VERDICT_FAIL);
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
  for (size_t i = 0; i < sizeof steeper / sizeof *steeper; i++) {
    expect(steeper[i], per_entry, pass_or(VERDICT_UNRELIABLE));
    expect(steeper[i], (struct check_options){.eps = 0x1p-17, .tolerance = -1},
           VERDICT_UNRELIABLE);
  }
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
  expect_reason("param x = [1 2]; y = sum(1e-11 * x)", NULL,
                (struct check_options){.eps = 1e-5, .tolerance = -1}, VERDICT_INADEQUATE,
                REASON_BELOW_FLOOR);
  expect("param x = [1 2]; y = sum(1e-11 * x)", per_entry, pass_or(VERDICT_INADEQUATE));
  if (WIDE_IS_WIDE)
    expect_bug("param x = [1 2]; y = sum(1e-11 * x)", "dx = 1.01 * (dy_1 * 1e-11)", per_entry,
               VERDICT_FAIL);
  expect_reason("param x = 1; param z = 2; y = x^2 + (z > 1)", NULL, per_entry, VERDICT_PASS,
                REASON_ALL_ZERO);
  for (int folded = 0; folded < 2; folded++) { /* noise over noise: the quotient alone reads 1 */
    struct diag diag = {0};
    trial_start(&trial, batch);
    assert_int_equal(model_fold(&trial.model, NULL, folded, &diag), STATUS_OK);
    trial_run(&trial, per_entry);
    assert_verdict(&trial, VERDICT_PASS);
    assert_int_equal(tensor(&trial, "x")->verdict, VERDICT_INADEQUATE);
    const enum reason zero = WIDE_IS_WIDE ? REASON_TRULY_ZERO : REASON_BELOW_FLOOR;
    assert_int_equal(tensor(&trial, "x")->reason, zero);
    assert_int_equal(tensor(&trial, "g")->reason, zero);
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
  expect_bug("param x = [1 4 2]; param y = [3 -4 -1]; m = max(x, y); L = sum([5 7 11] * m)",
             "dx = dm * (x < y)", per_entry, VERDICT_FAIL);
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

/* Right, and the step that was asked for leads where the loss is not finite: a smaller one, where
 * the check may choose, does not. */
static void expect_out_of_reach(const char *text) {
  expect(text, per_entry, pass_or(VERDICT_UNRELIABLE));
  expect(text, (struct check_options){.tolerance = -1, .directions = 2},
         pass_or(VERDICT_UNRELIABLE));
  expect(text, (struct check_options){.tolerance = 1e-7}, VERDICT_UNRELIABLE);
  expect(text, (struct check_options){.tolerance = 1e300}, VERDICT_UNRELIABLE);
  expect(text, (struct check_options){.tolerance = -1, .method = METHOD_RICHARDSON, .eps = 1e-4},
         VERDICT_UNRELIABLE);
}

static void test_not_finite(void **state) {
  (void)state;
  expect_not_finite("param x = -1; y = log(x)", NULL, VERDICT_UNRELIABLE); /* the loss */
  expect_not_finite("param x = 0; y = log(x)", NULL, VERDICT_UNRELIABLE);  /* the loss */
  expect_not_finite("param x = 0; y = 1 / (1 + 1 / x)", NULL, VERDICT_FAIL); /* only the gradient */
  expect_not_finite("param x = 0; y = sqrt(x)", NULL, /* as steep as can be */
                    WIDE_IS_WIDE ? VERDICT_KINK : VERDICT_FAIL);
  expect_out_of_reach("param x = 1e-9; y = sqrt(x)"); /* x - h < 0 */
  expect_out_of_reach("param x = 709.782712; y = exp(x)"); /* x + h */
  expect("param x = 2^-17; y = 1 / x", per_entry, pass_or(VERDICT_UNRELIABLE)); /* x - h = 0 */
  expect_not_finite("param x = 2^-17; y = log(x)", "dx = 7 * dy",
                    WIDE_IS_WIDE ? VERDICT_FAIL : VERDICT_UNRELIABLE);
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
    expect_out_of_reach(text);
  }
}

/* A NaN on the numerical side is no shelter for a mistake in another entry. */
static void test_mistake_beside_nan(void **state) {
  (void)state;
  expect_bug("param x = [1e-9 1 2]; p = sqrt(x); y = sum(p)", "dx = dp / (2 * p) * [1 1 2]",
             per_entry, VERDICT_FAIL);
}

static void expect_origin(const char *text, const char *bug, enum verdict verdict,
                          const char *node, const char *rule, size_t entry) {
  struct trial trial;
  trial_start(&trial, text);
  if (bug) spoil(&trial, bug);
  trial_run(&trial, per_entry);
  assert_verdict(&trial, verdict);
  const struct origin *origin = &trial.check.origin;
  assert_true(trial.check.has_origin);
  assert_string_equal(trial.model.nodes[origin->node].name, node);
  assert_int_equal(origin->entry, entry);
  assert_int_equal(origin->rule >= 0, rule != NULL);
  if (rule) assert_string_equal(trial.model.rules[origin->rule].text, rule);
  trial_done(&trial);
}

/* The first number that is not finite has a name, a place and what it was computed from. */
static void test_origin(void **state) {
  (void)state;
  static const char overflows[] = "data x = [0 1000 1]; param w = 1; e = exp(x * w)\n"
                                  "p = e / sum(e); L = -log(p @ [0; 1; 0])";
  struct trial trial;
  expect_origin(overflows, NULL, VERDICT_UNRELIABLE, "e", NULL, 1);
  trial_start(&trial, overflows);
  trial_run(&trial, per_entry);
  assert_int_equal(trial.check.origin.operands, 1);
  assert_near(trial.check.origin.in[0], 1000, 0);
  trial_done(&trial);
  expect_origin("data v = [2 0] / 0; param x = [1 2]; y = sum(x * v)", NULL, VERDICT_UNRELIABLE,
                "v", NULL, 0);
  expect_origin("param s = [1 0]; n = s^2; r = sqrt(n); L = sum(r)", NULL,
                WIDE_IS_WIDE ? VERDICT_KINK : VERDICT_FAIL, "n", "dn = dr / (2 * r)", 1);
  expect_origin("param x = [1 2]; p = x * 3; y = sum(p)", "dx = dp * 3 / [1 0]", VERDICT_FAIL, "x",
                "dx = dp * 3 / [1 0]", 1);
}

/* A gradient that is not finite is undecided only where there is none. */
static void test_no_derivative(void **state) {
  (void)state;
  struct trial trial;
  if (!WIDE_IS_WIDE) skip();
  trial_start(&trial, "param s = [0 1]; L = sum(sqrt(s^2))");
  trial_run(&trial, per_entry);
  assert_verdict(&trial, VERDICT_KINK);
  assert_int_equal(trial.check.tensors[0].reason, REASON_NO_DERIVATIVE);
  assert_near(trial.check.tensors[0].left, -1, 1e-6);
  assert_near(trial.check.tensors[0].right, 1, 1e-6);
  trial_done(&trial);
  expect_bug("param s = [0 1]; n = s^2; L = sum(n)", "ds = dn * 2 * s^2 / s", per_entry,
             VERDICT_FAIL);
  expect_bug("param s = [0 1]; r = abs(s); L = sum(sqrt(s^2))", "L_1: ds = dL_1 * 2 * s / [1 0]",
             per_entry, VERDICT_FAIL);
}

/* -- a second opinion -- */

/* Where the check may choose, no function is too steep, no scale too far and no kink too near; a
 * hundredth off is seen there too. */
static void test_second_opinion(void **state) {
  (void)state;
  static const char *const texts[] = {
      "param x = 1e-10; f = 1 / x; L = 1 * f",
      "param w = [2e-10 -1e-10]; f = sin(w / 1e-10); L = sum(f)",
      "param x = [0.3 -0.7]; f = sin(1e10 * x); L = sum(f)",
      "param x = [3e-10 -7e-10]; f = exp(-(x * 1e9)^2); L = sum(f)",
      "param x = [1e-6 1]; f = 1 / x; L = sum(f)",
      "param x = [0.2 0.6]; f = x^2 + 1e-10 * sin(1e8 * x); L = sum(f)",
      "param x = 3e-6; f = relu(x); L = 2 * f",
      "param x = [0 1e-10]; f = sin(1e9 * x); L = sum(f)",
      "param x = [0.5 2]; f = 1e-12 * x^2; L = sum(f)",
      "seed 2; param x = randn(3, 2); f = 1e9 + 1e-5 * tanh(x); L = sum(f)"};
  if (!WIDE_IS_WIDE) skip();
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct trial trial;
    const struct check_options directions = {.tolerance = -1, .directions = 3};
    expect(texts[i], per_entry, VERDICT_PASS);
    expect(texts[i], directions, VERDICT_PASS);
    trial_start(&trial, texts[i]);
    for (size_t r = 0; r < trial.model.rule_count; r++) {
      if (strncmp(trial.model.rules[r].text, "df = ", 5) != 0) continue;
      char bug[200];
      snprintf(bug, sizeof bug, "df = 1.01 * (%s)", trial.model.rules[r].text + 5);
      expect_bug(texts[i], bug, per_entry, VERDICT_FAIL);
      expect_bug(texts[i], bug, directions, VERDICT_FAIL);
    }
    trial_done(&trial);
  }
}

/* The rules are right and what double makes of them is not: that is no mistake, and no pass. */
static void test_rounding(void **state) {
  (void)state;
  static const char swallows[] = "param x = [0.3 -0.7]; f = sum(((1e14 + x) - 1e14)^2)";
  struct trial trial;
  if (!WIDE_IS_WIDE) skip();
  expect_reason(swallows, NULL, per_entry, VERDICT_UNRELIABLE, REASON_ROUNDING);
  trial_start(&trial, swallows);
  trial_run(&trial, per_entry);
  const struct tensor_check *x = &trial.check.tensors[0];
  assert_near(x->slope, x->entry == 0 ? 0.6 : -1.4, 1e-12);
  trial_done(&trial);
  /* A line that throws digits away itself is a mistake: the way forward holds. */
  expect_bug("param x = [0.3 -0.7]; p = x^2; f = sum(p)", "dx = (dp * 2 * x + 1e12) - 1e12",
             per_entry, VERDICT_FAIL);
}

/* What is said to settle it does, and the error that is stated covers the difference. */
static void expect_way_out(const char *text, struct check_options options, enum way_out way) {
  struct trial trial;
  trial_start(&trial, text);
  trial_run(&trial, options);
  assert_verdict(&trial, VERDICT_UNRELIABLE);
  const struct tensor_check *t = &trial.check.tensors[0];
  assert_int_equal(t->way_out, way);
  assert_true(t->step_error >= fabs(t->analytic[t->entry] - t->numeric[t->entry]));
  if (way == WAY_STEP) options.eps = t->way_out_step;
  if (way == WAY_CHOSEN_STEP) options.eps = 0;
  if (way == WAY_RICHARDSON) options.method = METHOD_RICHARDSON;
  trial_run(&trial, options);
  assert_verdict(&trial, VERDICT_PASS);
  trial_done(&trial);
}

static void test_way_out(void **state) {
  (void)state;
  static const char root[] = "param s = 1e-5; L = sqrt(s^2 + 1e-10)";
  expect_way_out(root, (struct check_options){.eps = 1e-2, .tolerance = -1}, WAY_STEP);
  expect_way_out("param x = 0.2; L = sin(3 * x)", (struct check_options){.eps = 1e-2,
                 .tolerance = -1}, WAY_CHOSEN_STEP);
  expect_way_out("param x = 1e-2; L = sin(30 * x)", (struct check_options){.tolerance = 1e-9},
                 WAY_RICHARDSON);
  expect_way_out("param x = 1e-6; L = 1 / x", (struct check_options){.tolerance = 1e-7}, WAY_STEP);
}

/* A bias that the mean takes away again is a note, whatever rounding leaves of its gradient. */
static void test_truly_zero(void **state) {
  (void)state;
  static const char text[] =
      "seed 1; data X = randn(8, 3); data T = randn(8, 4); param W = randn(3, 4)\n"
      "param b = randn(1, 4); x = X @ W + b; c = x - sum(x, 0) / 8\n"
      "y = c / sqrt(sum(c^2, 0) / 8 + 1e-5); L = mse(y, T)";
  struct trial trial;
  if (!WIDE_IS_WIDE) skip();
  trial_start(&trial, text);
  trial_run(&trial, per_entry);
  assert_verdict(&trial, VERDICT_PASS);
  assert_int_equal(tensor(&trial, "b")->reason, REASON_TRULY_ZERO);
  assert_int_equal(tensor(&trial, "W")->verdict, VERDICT_PASS);
  trial_done(&trial);
  expect_bug(text, "db = sum(dx, 0) + 1e-8", per_entry, VERDICT_FAIL);
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
        if (WIDE_IS_WIDE && tolerance < 0 && isfinite(trial.check.loss))
          assert_verdict(&trial, VERDICT_PASS);
        trial_done(&trial);
      }
}

static void test_low_precision_still_catches(void **state) {
  (void)state;
  for (int precision = 0; precision < PRECISION_COUNT; precision++)
    expect_bug("param x = [1 2]; p = x^2; y = sum(p)", "dx = -dp * 2 * x",
               (struct check_options){.tolerance = -1, .precision = precision}, VERDICT_FAIL);
}

/* Right ones pass in any precision, and a tenth is seen in each: the rules are asked unrounded. */
static void test_low_precision_decides(void **state) {
  (void)state;
  static const char text[] =
      "seed 5; data X = randn(20, 10); data T = randn(20, 3); param W1 = randn(10, 16) * 0.3\n"
      "param W2 = randn(16, 3) * 0.3; h = tanh(X @ W1); y = h @ W2; L = mse(y, T)";
  if (!WIDE_IS_WIDE) skip();
  for (int precision = 0; precision < PRECISION_COUNT; precision++) {
    struct check_options options = {.tolerance = -1, .precision = precision};
    expect(text, options, VERDICT_PASS);
    expect_bug(text, "dW1 = 1.1 * (X.T @ dh_1)", options, VERDICT_FAIL);
    options.method = METHOD_FORWARD;
    expect(text, options, VERDICT_PASS);
    expect_bug(text, "dW1 = 1.1 * (X.T @ dh_1)", options, VERDICT_FAIL);
  }
  /* Eight digits keep nothing of what two large shares leave of each other. */
  const struct check_options bfloat16 = {.tolerance = -1, .precision = PRECISION_BFLOAT16};
  static const char cancels[] = "param x = [1.5 0.7]; p = exp(x) * 30; q = 29.9 * exp(x)\n"
                                "r = sum(p) - sum(q); L = r * 100";
  expect(cancels, bfloat16, VERDICT_PASS);
  expect_bug(cancels, "L: dr = 80 * dL", bfloat16, VERDICT_FAIL);
}

/* TEXT of a gradient that was computed in single precision: W's, rounded, as a framework hands it
 * over, times FACTOR. */
static void put_single_gradient(struct text *text, const char *model, const char *name,
                                double factor) {
  struct trial trial;
  trial_start(&trial, model);
  trial_run(&trial, (struct check_options){.tolerance = -1, .precision = PRECISION_SINGLE});
  const struct tensor_check *t = tensor(&trial, name);
  text_printf(text, "%s\nbackward\nd%s = [", model, name);
  for (size_t i = 0; i < t->count; i++) {
    double g = precision_round(PRECISION_SINGLE, factor * t->analytic[i]);
    text_printf(text, "%s%.17g", i == 0 ? "" : i % t->shape.cols == 0 ? "; " : " ", g);
  }
  text_puts(text, "]\nend");
  trial_done(&trial);
}

static void test_from_single(void **state) {
  (void)state;
  static const char model[] = "seed 8; data X = randn(30, 12); data T = rand(30, 4)\n"
                              "param W = randn(12, 4); y = X @ W; L = softmax_cross_entropy(y, T)";
  static const double factors[] = {1, 1.1, -1};
  for (int i = 0; i < 3; i++) {
    struct trial trial;
    struct text text;
    text_init(&text);
    put_single_gradient(&text, model, "W", factors[i]);
    trial_start(&trial, text_string(&text));
    trial_run(&trial, per_entry);
    assert_verdict(&trial, i == 0 ? VERDICT_PASS : VERDICT_FAIL);
    assert_true(trial.check.tensors[0].from_single);
    trial_done(&trial);
    text_done(&text);
  }
  /* Whole numbers are no sign of single precision. */
  expect_bug("param x = [1001 2002 3003]; p = 12345 * x; y = sum(p)", "dx = dp * 12347", per_entry,
             VERDICT_FAIL);
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

int main(void) {
  const struct CMUnitTest tests[] = {
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
      cmocka_unit_test(test_origin),
      cmocka_unit_test(test_no_derivative),
      cmocka_unit_test(test_second_opinion),
      cmocka_unit_test(test_rounding),
      cmocka_unit_test(test_way_out),
      cmocka_unit_test(test_truly_zero),
      cmocka_unit_test(test_low_precision),
      cmocka_unit_test(test_low_precision_still_catches),
      cmocka_unit_test(test_low_precision_decides),
      cmocka_unit_test(test_from_single),
      cmocka_unit_test(test_dropout),
      cmocka_unit_test(test_forgotten_param),
      cmocka_unit_test(test_lines_over_lines),
      cmocka_unit_test(test_overwritten_share),
      cmocka_unit_test(test_notes),
  };
  return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
