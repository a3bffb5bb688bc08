/* Protects the step sweep: its errors are those that the theory of finite differences and the
 * measured table of gradcheck.md give, its best steps and laws are found from the data and never
 * from luck, NaN stays NaN, and stopping it leaves nothing behind. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "check/sweep.h"

#include <math.h>
#include <string.h>

struct trial {
  struct source source;
  struct model model;
  struct sweep sweep;
};

static const struct check_options plain = {.tolerance = -1, .threads = 1};

/* The model keeps places in its source, so a trial stays where it was started. */
static void build(struct trial *trial, const char *text) {
  struct diag diag = {0};
  *trial = (struct trial){.source = source_from("trial", text, strlen(text))};
  if (model_build(&trial->model, &trial->source, NULL, &diag) != STATUS_OK)
    fail_msg("%s: %s (%s)", text, diag.message, diag.hint);
}

static void run(struct trial *trial, struct check_options options) {
  struct diag diag = {0};
  if (sweep_run(&trial->sweep, &trial->model, &options, &diag)) fail_msg("%s", diag.message);
}

static void start(struct trial *trial, const char *text) {
  build(trial, text);
  run(trial, plain);
}

static void done(struct trial *trial) {
  model_done(&trial->model);
}

/* The error at the step 2^-POWER. */
static double error_at(const struct trial *trial, enum sweep_curve curve, int power) {
  for (size_t i = 0; i < trial->sweep.count; i++)
    if (trial->sweep.steps[i] == exp2(-power)) return trial->sweep.lines[curve].errors[i];
  fail_msg("no step 2^-%d", power);
  return NAN;
}

static double best_step(const struct trial *trial, enum sweep_curve curve) {
  int best = trial->sweep.lines[curve].best;
  assert_true(best >= 0);
  return trial->sweep.steps[best];
}

static void assert_between(double low, double value, double high) {
  if (!(value >= low && value <= high)) fail_msg("%g is not in [%g, %g]", value, low, high);
}

/* Smooth, curved in every direction, and of several params, so that no step is lucky for all. */
static const char smooth[] =
    "param a = 0.3; param b = -0.7; param c = 1.1; param d = 0.9\n"
    "L = exp(a) * sigmoid(b * c) + tanh(c * d) + a * b ^ 2 + log(1 + exp(d))";

/* -- the numbers -- */

static void test_steps(void **state) {
  (void)state;
  struct trial trial;
  start(&trial, smooth);
  assert_int_equal(trial.sweep.count, 44);
  for (int i = 0; i < 44; i++) assert_true(trial.sweep.steps[i] == exp2(-1 - i));
  assert_int_equal(trial.sweep.slopes, 4);
  assert_false(trial.sweep.by_direction);
  done(&trial);
}

/* A step half as large: a fourth of the error, or a half. */
static void test_truncation_error(void **state) {
  (void)state;
  struct trial trial;
  start(&trial, smooth);
  for (int power = 5; power <= 12; power++) {
    assert_between(3.8, error_at(&trial, SWEEP_CENTRAL, power) /
                            error_at(&trial, SWEEP_CENTRAL, power + 1), 4.2);
    assert_between(1.9, error_at(&trial, SWEEP_FORWARD, power) /
                            error_at(&trial, SWEEP_FORWARD, power + 1), 2.1);
  }
  for (int k = 0; k < SWEEP_CURVE_COUNT; k++) {
    const struct power_law *law = &trial.sweep.lines[k].truncation;
    assert_true(law->found);
    assert_int_equal(law->exponent, k % 2 == 0 ? 2 : 1);
    assert_between(law->exponent - 0.25, law->measured, law->exponent + 0.25);
    if (sweep_kinds[k].precision == PRECISION_DOUBLE)
      assert_between(0.9, law->factor * pow(0x1p-10, law->exponent) /
                              error_at(&trial, (enum sweep_curve)k, 10), 1.1);
  }
  done(&trial);
}

/* Over 10 halvings the error grows about 2^10 times, though each one is a matter of chance. */
static void test_round_off_error(void **state) {
  (void)state;
  struct trial trial;
  start(&trial, smooth);
  for (int power = 22; power <= 32; power++)
    assert_between(0x1p6, error_at(&trial, SWEEP_CENTRAL, power + 10) /
                              error_at(&trial, SWEEP_CENTRAL, power), 0x1p14);
  for (int k = 0; k < SWEEP_CURVE_COUNT; k++) {
    const struct power_law *law = &trial.sweep.lines[k].round_off;
    assert_true(law->found);
    assert_int_equal(law->exponent, -1);
    assert_between(-1.3, law->measured, -0.7);
  }
  const struct sweep_line *lines = trial.sweep.lines;
  double ratio = lines[SWEEP_SINGLE_CENTRAL].round_off.factor /
                 lines[SWEEP_CENTRAL].round_off.factor;
  assert_between(0x1p26, ratio, 0x1p32); /* 2^29 between the two units */
  done(&trial);
}

/* gradcheck.md, "Step sweep": h, one-sided, central, single-precision central. */
static void test_published_table(void **state) {
  (void)state;
  static const struct {
    int power;
    double forward, central, single;
  } rows[] = {
      {7, 2e-3, 1e-5, 1e-5}, {10, 2e-4, 1e-7, 1e-5}, {17, 2e-6, 1e-11, 2e-3},
      {23, 2e-8, 2e-10, 0.16}, {30, 4e-8, 7e-8, 1.0},
  };
  struct trial trial;
  start(&trial, smooth);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const int power = rows[i].power;
    assert_between(-1.3, log10(error_at(&trial, SWEEP_FORWARD, power) / rows[i].forward), 1.3);
    assert_between(-1.3, log10(error_at(&trial, SWEEP_CENTRAL, power) / rows[i].central), 1.3);
    assert_between(-1.3, log10(error_at(&trial, SWEEP_SINGLE_CENTRAL, power) / rows[i].single),
                   1.3);
  }
  done(&trial);
}

static void test_best_steps(void **state) {
  (void)state;
  struct trial trial;
  start(&trial, smooth);
  assert_between(1e-6, best_step(&trial, SWEEP_CENTRAL), 1e-4);
  assert_between(1e-9, best_step(&trial, SWEEP_FORWARD), 1e-7);
  assert_between(1e-3, best_step(&trial, SWEEP_SINGLE_CENTRAL), 1e-1);
  assert_between(1e-5, best_step(&trial, SWEEP_SINGLE_FORWARD), 1e-2);
  done(&trial);
}

/* The same as a check with that step says. */
static void test_is_the_check(void **state) {
  (void)state;
  struct trial trial;
  struct check check;
  struct diag diag = {0};
  start(&trial, smooth);
  for (int k = 0; k < SWEEP_CURVE_COUNT; k++)
    for (size_t i = 0; i < trial.sweep.count; i += 5) {
      struct check_options options = plain;
      options.eps = trial.sweep.steps[i];
      options.method = sweep_kinds[k].method;
      options.precision = sweep_kinds[k].precision;
      assert_int_equal(check_run(&check, &trial.model, &options, &diag), STATUS_OK);
      assert_memory_equal(&check.difference, &trial.sweep.lines[k].errors[i], sizeof(double));
      check_done(&check);
    }
  done(&trial);
}

/* -- the best step and the laws, from made-up errors -- */

static void make_errors(struct sweep *sweep, double (*error)(double step)) {
  *sweep = (struct sweep){.count = SWEEP_MAX_STEPS};
  for (int i = 0; i < SWEEP_MAX_STEPS; i++) {
    sweep->steps[i] = exp2(-1 - i);
    for (int k = 0; k < SWEEP_CURVE_COUNT; k++)
      sweep->lines[k].errors[i] = error(sweep->steps[i]);
  }
}

static double valley(double step) {
  return 0.1 * step * step + 1e-16 / step;
}

static double lucky(double step) {
  return step == 0x1p-30 ? 0 : valley(step);
}

static double flat(double step) {
  return 0.3 + 0.01 * sin(step * 1e6);
}

static double kinked(double step) {
  return step > 0x1p-8 ? 0.08 : valley(step);
}

static double creeping(double step) {
  return step * step + 1e-9 * pow(step, -0.25);
}

static double undefined(double step) {
  return (void)step, (double)NAN;
}

static void test_fit(void **state) {
  (void)state;
  struct sweep sweep;
  make_errors(&sweep, valley);
  sweep_fit(&sweep);
  const struct sweep_line *line = &sweep.lines[SWEEP_CENTRAL];
  assert_between(0x1p-18, sweep.steps[line->best], 0x1p-16); /* (1e-16 / 0.2)^(1/3) = 7.9e-6 */
  assert_true(line->truncation.found && line->round_off.found);
  assert_between(1.9, line->truncation.measured, 2.1);
  assert_between(0.09, line->truncation.factor, 0.12);
  assert_between(-1.1, line->round_off.measured, -0.9);
  assert_between(0.9e-16, line->round_off.factor, 1.3e-16);
  assert_false(sweep.lines[SWEEP_FORWARD].truncation.found); /* h^2 is not h */
}

static void test_luck_is_not_best(void **state) {
  (void)state;
  struct sweep sweep;
  make_errors(&sweep, lucky);
  sweep_fit(&sweep);
  assert_between(0x1p-18, sweep.steps[sweep.lines[SWEEP_CENTRAL].best], 0x1p-16);
}

static void test_flat_has_no_laws(void **state) {
  (void)state;
  struct sweep sweep;
  make_errors(&sweep, flat);
  sweep_fit(&sweep);
  assert_true(sweep.steps[sweep.lines[SWEEP_CENTRAL].best] == 0x1p-17);
  assert_true(sweep.steps[sweep.lines[SWEEP_SINGLE_CENTRAL].best] == 0x1p-8);
  assert_false(sweep.lines[SWEEP_CENTRAL].truncation.found);
  assert_false(sweep.lines[SWEEP_CENTRAL].round_off.found);
}

/* What lies behind a kink does not bend the line. */
static void test_kink_ends_the_law(void **state) {
  (void)state;
  struct sweep sweep;
  make_errors(&sweep, kinked);
  sweep_fit(&sweep);
  assert_true(sweep.lines[SWEEP_CENTRAL].truncation.found);
  assert_between(1.95, sweep.lines[SWEEP_CENTRAL].truncation.measured, 2.05);
}

/* What grows, but not like 1/h, is not called so. */
static void test_other_powers(void **state) {
  (void)state;
  struct sweep sweep;
  make_errors(&sweep, creeping);
  sweep_fit(&sweep);
  assert_true(sweep.lines[SWEEP_CENTRAL].truncation.found);
  assert_false(sweep.lines[SWEEP_CENTRAL].round_off.found);
  assert_between(-0.35, sweep.lines[SWEEP_CENTRAL].round_off.measured, -0.2);
}

static void test_nan_is_never_best(void **state) {
  (void)state;
  struct sweep sweep;
  make_errors(&sweep, undefined);
  sweep_fit(&sweep);
  for (int k = 0; k < SWEEP_CURVE_COUNT; k++) {
    assert_int_equal(sweep.lines[k].best, -1);
    assert_false(sweep.lines[k].truncation.found || sweep.lines[k].round_off.found);
  }
}

/* -- models with something special -- */

/* Left of 0.01 the logarithm has no value: steps that reach there have no error either. */
static void test_nan_stays(void **state) {
  (void)state;
  struct trial trial;
  start(&trial, "param x = 0.01; param y = 1; L = log(x) * y ^ 3 + exp(y)");
  for (int power = 1; power <= 6; power++)
    assert_true(isnan(error_at(&trial, SWEEP_CENTRAL, power)));
  assert_between(0, error_at(&trial, SWEEP_FORWARD, 1), 1);
  assert_between(0, error_at(&trial, SWEEP_CENTRAL, 7), 1);
  assert_between(0x1p-30, best_step(&trial, SWEEP_CENTRAL), 0x1p-8);
  done(&trial);
}

static void test_all_nan(void **state) {
  (void)state;
  struct trial trial;
  start(&trial, "param x = -1; L = log(x)");
  for (size_t i = 0; i < trial.sweep.count; i++)
    assert_true(isnan(trial.sweep.lines[SWEEP_CENTRAL].errors[i]));
  assert_int_equal(trial.sweep.lines[SWEEP_CENTRAL].best, -1);
  done(&trial);
}

/* A mistake keeps its error at every step: a factor k reads |k - 1| / (k + 1). */
static void test_mistake(void **state) {
  (void)state;
  struct trial trial;
  struct diag diag = {0};
  const char bug[] = "dx = 2 * dL * exp(x)";
  build(&trial, "param x = 0.5; L = exp(x)");
  assert_int_equal(model_add_bug(&trial.model, "bug", bug, strlen(bug), &diag), STATUS_OK);
  run(&trial, plain);
  for (int power = 8; power <= 30; power++)
    assert_between(0.333, error_at(&trial, SWEEP_CENTRAL, power), 0.3334);
  done(&trial);
}

/* Too many entries: two directions a tensor; many slopes: every second step. */
static void test_large_models(void **state) {
  (void)state;
  struct trial trial;
  start(&trial, "seed 1; param W = randn(40, 60); param b = randn(1, 60)\n"
                "L = sum(tanh(W + b)) / 2400");
  assert_true(trial.sweep.by_direction);
  assert_int_equal(trial.sweep.slopes, 4);
  assert_int_equal(trial.sweep.count, 44);
  done(&trial);
  start(&trial, "seed 1; param W = randn(20, 20); L = sum(tanh(W)) / 400");
  assert_false(trial.sweep.by_direction);
  assert_int_equal(trial.sweep.slopes, 400);
  assert_int_equal(trial.sweep.count, 22);
  assert_true(trial.sweep.steps[1] == 0x1p-3);
  assert_between(1e-7, best_step(&trial, SWEEP_CENTRAL), 1e-3);
  done(&trial);
}

static void test_params(void **state) {
  (void)state;
  struct trial trial;
  struct diag diag = {0};
  static const char *const one[] = {"c"}, *const unknown[] = {"nobody"};
  struct check_options options = plain;
  build(&trial, smooth);
  options.params = one;
  options.param_count = 1;
  run(&trial, options);
  assert_int_equal(trial.sweep.slopes, 1);
  options.params = unknown;
  assert_int_equal(sweep_run(&trial.sweep, &trial.model, &options, &diag), STATUS_USAGE);
  assert_non_null(strstr(diag.message, "nobody"));
  done(&trial);
}

static void test_nothing_to_do(void **state) {
  (void)state;
  struct trial trial;
  struct diag diag = {0};
  build(&trial, "data x = 1; L = exp(x)");
  assert_int_equal(sweep_run(&trial.sweep, &trial.model, &plain, &diag), STATUS_DATA);
  done(&trial);
}

/* -- progress and stopping -- */

struct watch {
  volatile sig_atomic_t flag;
  size_t stop_at, last, total;
};

static void on_progress(void *context, size_t reached, size_t total) {
  struct watch *watch = context;
  assert_true(reached > watch->last && reached <= total);
  assert_true(watch->total == 0 || watch->total == total);
  watch->last = reached;
  watch->total = total;
  if (reached >= watch->stop_at) watch->flag = 1;
}

static void test_progress(void **state) {
  (void)state;
  struct watch watch = {.stop_at = SIZE_MAX};
  struct trial trial;
  struct check_options options = plain;
  options.progress = on_progress;
  options.progress_context = &watch;
  build(&trial, smooth);
  run(&trial, options);
  assert_int_equal(watch.total, 44 * 4 * 4);
  assert_int_equal(watch.last, watch.total);
  done(&trial);
}

static void test_cancel(void **state) {
  (void)state;
  struct trial trial;
  struct diag diag = {0};
  build(&trial, smooth);
  for (size_t stop_at = 1; stop_at < 44 * 4 * 4; stop_at += 37) {
    struct watch watch = {.stop_at = stop_at};
    struct check_options options = plain;
    options.cancel = &watch.flag;
    options.progress = on_progress;
    options.progress_context = &watch;
    assert_int_equal(sweep_run(&trial.sweep, &trial.model, &options, &diag), STATUS_CANCELLED);
    assert_int_equal(watch.last, stop_at);
  }
  run(&trial, plain);
  assert_between(1e-6, best_step(&trial, SWEEP_CENTRAL), 1e-4);
  done(&trial);
}

/* While verdicts are made, progress is told at every move, and a stop there counts as well: thirty
 * entries too inexact to tell want a closer look each. */
static const char unreliable[] = "seed 3; param W = randn(5, 6); L = 1e6 + sum(exp(W))";

static void count_examined(void *context, size_t reached, size_t total) {
  struct watch *watch = context;
  if (reached < total) return;
  watch->last++;
  if (watch->last >= watch->stop_at) watch->flag = 1;
}

static void test_cancel_examination(void **state) {
  (void)state;
  struct trial trial;
  struct diag diag = {0};
  build(&trial, unreliable);
  for (size_t stop_at = 2; stop_at <= 302; stop_at += 100) {
    struct watch watch = {.stop_at = stop_at};
    struct check check;
    struct check_options options = {.tolerance = -1, .threads = 1, .eps = 1e-9,
                                    .cancel = &watch.flag, .progress = count_examined,
                                    .progress_context = &watch};
    assert_int_equal(check_run(&check, &trial.model, &options, &diag), STATUS_CANCELLED);
    assert_int_equal(watch.last, stop_at); /* not a move more */
    check_done(&check);
  }
  done(&trial);
}

/* A watcher sees slopes come one after the other, and the rest as still to come. */
struct spy {
  const struct check *check;
  size_t seen;
  bool alone; /* no other thread fills in slopes */
};

static void look(void *context, size_t reached, size_t total) {
  struct spy *spy = context;
  const struct tensor_check *tensor = &spy->check->tensors[0];
  size_t known = 0;
  for (size_t i = 0; i < tensor->count; i++)
    known += !slope_is_pending(slope_read(tensor->numeric, i));
  if (reached < total && spy->alone) assert_int_equal(known, reached);
  assert_true(known >= spy->seen);
  spy->seen = known;
}

static void test_partial_results(void **state) {
  (void)state;
  struct trial trial;
  struct check check;
  struct diag diag = {0};
  struct spy spy = {.check = &check, .alone = true};
  struct check_options options = plain;
  options.progress = look;
  options.progress_context = &spy;
  build(&trial, "seed 1; param W = randn(6, 8); L = sum(log(W))"); /* half of it NaN */
  assert_int_equal(check_run(&check, &trial.model, &options, &diag), STATUS_OK);
  assert_int_equal(spy.seen, 48);
  for (size_t i = 0; i < 48; i++) assert_false(slope_is_pending(check.tensors[0].numeric[i]));
  check_done(&check);
  done(&trial);
}

/* The same while three threads work; the one that speaks is at work until the end. */
static void test_partial_results_of_threads(void **state) {
  (void)state;
  struct trial trial;
  struct check check;
  struct diag diag = {0};
  struct spy spy = {.check = &check};
  struct check_options options = plain;
  options.threads = 3;
  options.progress = look;
  options.progress_context = &spy;
  build(&trial, "seed 1; param W = randn(20, 30); L = sum(tanh(W @ W.T))");
  assert_int_equal(check_run(&check, &trial.model, &options, &diag), STATUS_OK);
  assert_true(spy.seen > 0);
  for (size_t i = 0; i < 600; i++) assert_false(slope_is_pending(check.tensors[0].numeric[i]));
  check_done(&check);
  done(&trial);
}

static void test_bands(void **state) {
  (void)state;
  struct check_options options = plain, loose = {.tolerance = 0.5}, strict = {.tolerance = 1e-9};
  assert_int_equal(check_band(&options, 0), BAND_OK);
  assert_int_equal(check_band(&options, 1e-7), BAND_OK);
  assert_int_equal(check_band(&options, 1.1e-7), BAND_DOUBTFUL);
  assert_int_equal(check_band(&options, 1.1e-2), BAND_WRONG);
  assert_int_equal(check_band(&options, NAN), BAND_WRONG);
  assert_int_equal(check_band(&loose, 0.4), BAND_OK);
  assert_int_equal(check_band(&loose, 0.6), BAND_WRONG);
  assert_int_equal(check_band(&strict, 1e-8), BAND_DOUBTFUL);
  assert_true(check_entry_error(1e-10, 9e-10) == 0); /* below the floor */
  assert_between(0.49, check_entry_error(2, 1), 0.51);
  assert_true(isnan(check_entry_error(NAN, 1)));
  assert_true(isnan(check_entry_error(1, NAN)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_steps),
      cmocka_unit_test(test_truncation_error),
      cmocka_unit_test(test_round_off_error),
      cmocka_unit_test(test_published_table),
      cmocka_unit_test(test_best_steps),
      cmocka_unit_test(test_is_the_check),
      cmocka_unit_test(test_fit),
      cmocka_unit_test(test_luck_is_not_best),
      cmocka_unit_test(test_flat_has_no_laws),
      cmocka_unit_test(test_kink_ends_the_law),
      cmocka_unit_test(test_other_powers),
      cmocka_unit_test(test_nan_is_never_best),
      cmocka_unit_test(test_nan_stays),
      cmocka_unit_test(test_all_nan),
      cmocka_unit_test(test_mistake),
      cmocka_unit_test(test_large_models),
      cmocka_unit_test(test_params),
      cmocka_unit_test(test_nothing_to_do),
      cmocka_unit_test(test_progress),
      cmocka_unit_test(test_cancel),
      cmocka_unit_test(test_cancel_examination),
      cmocka_unit_test(test_partial_results),
      cmocka_unit_test(test_partial_results_of_threads),
      cmocka_unit_test(test_bands),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
