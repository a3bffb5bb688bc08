/* Protects what a training leaves behind: the curve is the mean of what was put in, however long it
 * gets, the session keeps the history of the training that led to the model and no other, and axes
 * are marked with round numbers around what they show. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "command/command.h"
#include "core/random.h"
#include "explore/log.h"
#include "tui/scale.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* -- curves -- */

static double plain_mean(const double *values, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += values[i];
  return sum / (double)count;
}

static void assert_near(double got, double want) {
  if (!(fabs(got - want) <= 1e-12 * fmax(1, fabs(want)))) fail_msg("%.17g is not %.17g", got, want);
}

/* Each point is the mean of its own stretch of the values, none of which is lost. */
static void assert_means(const struct curve *curve, const double *values, size_t count) {
  assert_int_equal(curve_length(curve), count);
  assert_true(curve->count <= CURVE_POINTS);
  assert_int_equal(curve->count, (count + curve->bucket - 1) / curve->bucket);
  for (size_t i = 0; i < curve->count; i++) {
    const size_t first = i * curve->bucket, left = count - first;
    assert_near(curve->points[i],
                plain_mean(values + first, left < curve->bucket ? left : curve->bucket));
  }
}

static void a_curve_keeps_means(void **state) {
  (void)state;
  enum { LENGTH = 5 * CURVE_POINTS + 77 };
  static double values[LENGTH];
  struct curve curve = {0};
  struct random random;
  random_seed(&random, 5);
  assert_int_equal(curve_length(&curve), 0);
  for (size_t i = 0; i < LENGTH; i++) {
    values[i] = 1000.0 / (double)(i + 1) + random_uniform(&random);
    curve_add(&curve, values[i]);
    assert_means(&curve, values, i + 1);
    if (i < CURVE_POINTS) assert_int_equal(curve.bucket, 1);
  }
  assert_int_equal(curve.bucket, 8);
  assert_near(curve_mean(&curve, 0, curve.count), plain_mean(values, LENGTH));
  assert_near(curve_mean(&curve, 3, 5), plain_mean(values + 24, 16));
  assert_near(curve_mean(&curve, curve.count - 2, curve.count),
              plain_mean(values + 8 * (curve.count - 2), LENGTH - 8 * (curve.count - 2)));
}

/* Sums of such values are not finite, their means are. */
static void a_curve_stays_finite(void **state) {
  (void)state;
  struct curve curve = {0};
  for (int i = 0; i < 3 * CURVE_POINTS; i++) curve_add(&curve, i % 2 ? 1.7e308 : 1.6e308);
  for (size_t i = 0; i < curve.count; i++)
    assert_true(curve.points[i] > 1.6e308 && curve.points[i] < 1.7e308);
}

/* -- sessions -- */

static char path[] = "/tmp/gradwalk-train-XXXXXX.md";

static const char lesson[] =
    "# Two pages\n\n"
    "```graph\n"
    "seed 1; data X = randn(4, 3); data Y = [1 1 0]; param W = randn(1, 4); param b = 0\n"
    "A = sigmoid(W @ X + b); cost = sum(-log(A) * Y - log(1 - A) * (1 - Y)) / 3\n"
    "```\n\n"
    "## One\n\nText.\n\n## Two\n\nText.\n";

static enum status try(struct session *session, const char *line, struct diag *diag) {
  struct lines out;
  lines_init(&out);
  *diag = (struct diag){0};
  enum status status = command_do(session, line, &out, diag);
  lines_done(&out);
  return status;
}

static void doing(struct session *session, const char *line) {
  struct diag diag;
  if (try(session, line, &diag)) fail_msg("%s: %s", line, diag.message);
}

static void open_lesson(struct session *session) {
  char line[64];
  session_init(session, &command_interpreter);
  snprintf(line, sizeof line, "open %s", path);
  doing(session, line);
}

static void expect_history(const struct session *session, size_t steps, const char *after) {
  if (!session->now.at.history) fail_msg("%s: no history", after);
  if (session->now.at.history->done != steps || curve_length(&session->now.at.history->loss) != steps)
    fail_msg("%s: %zu steps, not %zu", after, session->now.at.history->done, steps);
}

static void expect_none(const struct session *session, const char *after) {
  if (session->now.at.history) fail_msg("%s: there is a history", after);
}

/* The rows of the table are points of the curve. */
static void a_history_is_of_its_training(void **state) {
  (void)state;
  struct session session;
  open_lesson(&session);
  expect_none(&session, "open");
  doing(&session, "train steps=40 lr=0.5");
  expect_history(&session, 40, "train");
  const struct history *history = session.now.at.history;
  assert_int_equal(history->steps, 40);
  assert_true(history->rate == 0.5 && history->momentum == 0);
  assert_int_equal(history->scores, -1);
  assert_true(history->row_count > 10);
  for (size_t i = 0; i < history->row_count; i++)
    assert_true(history->rows[i].loss == history->loss.points[history->rows[i].step - 1]);
  assert_true(history->rows[history->row_count - 1].loss < history->rows[0].loss);
  assert_int_equal(history->rows[history->row_count - 1].step, 40);
  assert_null(session.training);
  doing(&session, "train steps=3");
  expect_history(&session, 3, "another training");
  session_done(&session);
}

static void a_history_goes_with_the_model(void **state) {
  (void)state;
  static const char *const keeping[] = {"run", "prev", "focus W", "check", "sweep params=b",
                                        "eval W", "reset"};
  static const char *const forgetting[] = {"set b = 1", "precision single", "seed 3",
                                           "bug db = 2 * sum(dA)"};
  struct session session;
  open_lesson(&session);
  doing(&session, "train steps=20");
  for (size_t i = 0; i < sizeof keeping / sizeof *keeping; i++) {
    doing(&session, keeping[i]);
    expect_history(&session, 20, keeping[i]);
  }
  for (size_t i = 0; i < sizeof forgetting / sizeof *forgetting; i++) {
    doing(&session, forgetting[i]);
    expect_none(&session, forgetting[i]);
    doing(&session, "undo");
    expect_history(&session, 20, "undo");
    doing(&session, "redo");
    expect_none(&session, "redo");
    doing(&session, "train steps=20");
  }
  session_done(&session);
}

static void a_history_is_undone_and_done_again(void **state) {
  (void)state;
  struct session session;
  open_lesson(&session);
  doing(&session, "train steps=20");
  double *points = malloc(sizeof session.now.at.history->loss.points);
  assert_non_null(points);
  memcpy(points, session.now.at.history->loss.points, sizeof session.now.at.history->loss.points);
  doing(&session, "undo");
  expect_none(&session, "undo");
  doing(&session, "redo");
  expect_history(&session, 20, "redo");
  assert_memory_equal(points, session.now.at.history->loss.points, 20 * sizeof *points);
  free(points);
  session_done(&session);
}

static void each_step_of_a_lesson_has_its_own(void **state) {
  (void)state;
  struct session session;
  open_lesson(&session);
  doing(&session, "train steps=20");
  doing(&session, "page 1");
  expect_none(&session, "page 1");
  doing(&session, "train steps=30");
  doing(&session, "page 2");
  expect_none(&session, "page 2");
  doing(&session, "page 0");
  expect_history(&session, 20, "page 0");
  doing(&session, "page 1");
  expect_history(&session, 30, "back on page 1");
  doing(&session, "undo");
  expect_history(&session, 20, "undo");
  session_done(&session);
}

/* -- stopping -- */

static volatile sig_atomic_t stop_flag;
static size_t steps_seen, curves_seen;

/* Looks at what the session shows, and stops it after as many steps as CONTEXT says. */
static void look(void *context, size_t done, size_t total) {
  const struct session *session = context;
  (void)total;
  steps_seen++;
  curves_seen += session->training != NULL;
  if (session->training && curve_length(&session->training->loss) != done)
    fail_msg("the curve has %zu steps of %zu", curve_length(&session->training->loss), done);
  if (steps_seen == 7) stop_flag = 1;
}

static void watch(struct session *session) {
  session->cancel = &stop_flag;
  session->progress = look;
  session->progress_context = session;
  stop_flag = 0;
  steps_seen = curves_seen = 0;
}

static void a_stopped_training_has_a_history(void **state) {
  (void)state;
  struct session session;
  open_lesson(&session);
  watch(&session);
  doing(&session, "train steps=400");
  assert_null(session.training);
  assert_int_equal(curves_seen, 7);
  expect_history(&session, 7, "a stopped training");
  assert_true(session.now.at.history->cancelled);
  session_done(&session);
}

/* Undo goes back and runs nothing: not one training step, nor can it be stopped half-way. */
static void undo_runs_nothing(void **state) {
  (void)state;
  struct session session;
  open_lesson(&session);
  const int slot = session.model->nodes[model_find(session.model, "W")].slot;
  doing(&session, "train steps=50");
  const double learnt = *program_image(&session.model->program, slot);
  doing(&session, "set b = 1");
  watch(&session);
  doing(&session, "undo");
  assert_int_equal(steps_seen, 0);
  expect_history(&session, 50, "undo");
  assert_true(*program_image(&session.model->program, slot) == learnt);
  doing(&session, "undo");
  assert_true(*program_image(&session.model->program, slot) != learnt);
  doing(&session, "redo"), doing(&session, "redo");
  assert_int_equal(steps_seen, 0);
  assert_true(*program_image(&session.model->program, slot) == learnt);
  assert_string_equal(session.done->line, "set b = 1");
  session_done(&session);
}

/* A hunt that is over has no say in the bugs of another page, where it hid none. */
static void a_hunt_belongs_to_its_page(void **state) {
  (void)state;
  struct session session;
  open_lesson(&session);
  doing(&session, "hunt seed=1");
  assert_non_null(session.now.at.play);
  doing(&session, "giveup");
  doing(&session, "page next");
  assert_null(session.now.at.play);
  doing(&session, "bug db = 2 * db");
  doing(&session, "next");
  doing(&session, "undo");
  assert_int_equal(session.model->bug_count, 1);
  assert_false(session.model->bugs[0].off);
  doing(&session, "undo"), doing(&session, "undo");
  assert_non_null(session.now.at.play);
  assert_null(session.examiner);
  session_done(&session);
}

/* A script that is stopped has not happened either, though its last line would have kept what was
 * learnt. */
static void a_stopped_script_changes_nothing(void **state) {
  (void)state;
  static const char script[] = "set b = 3\ntrain steps=50\n";
  char line[64], name[] = "/tmp/gradwalk-train-XXXXXX.gws";
  struct session session;
  struct diag diag;
  int file = mkstemps(name, 4);
  assert_int_equal(write(file, script, sizeof script - 1), sizeof script - 1);
  close(file);
  open_lesson(&session);
  watch(&session);
  snprintf(line, sizeof line, "source %s", name);
  assert_int_equal(try(&session, line, &diag), STATUS_CANCELLED);
  assert_int_equal(steps_seen, 7);
  assert_int_equal(deeds_count(session.done), 1);
  expect_none(&session, "a stopped script");
  session_done(&session);
  unlink(name);
}

/* Params that cannot be saved are not learnt either. */
static void a_training_that_fails_changes_nothing(void **state) {
  (void)state;
  struct session session;
  struct diag diag;
  open_lesson(&session);
  const int slot = session.model->nodes[model_find(session.model, "b")].slot;
  assert_int_not_equal(try(&session, "train steps=5 save=/dev/null/nowhere", &diag), STATUS_OK);
  watch(&session);
  assert_int_not_equal(try(&session, "train steps=50 save=/dev/null/nowhere", &diag), STATUS_OK);
  assert_int_equal(steps_seen, 7);
  expect_none(&session, "a failure");
  assert_true(*program_image(&session.model->program, slot) == 0);
  doing(&session, "set b = 2");
  assert_string_equal(session.done->line, "set b = 2");
  session_done(&session);
}

/* Params that were loaded for a training that cannot be are not there either. */
static void a_load_is_part_of_its_training(void **state) {
  (void)state;
  char folder[] = "/tmp/gradwalk-train-XXXXXX", line[128];
  struct session session;
  struct diag diag;
  assert_non_null(mkdtemp(folder));
  open_lesson(&session);
  const int slot = session.model->nodes[model_find(session.model, "b")].slot;
  snprintf(line, sizeof line, "train steps=3 save=%s", folder);
  doing(&session, line);
  const double learnt = *program_image(&session.model->program, slot);
  assert_true(learnt != 0);
  doing(&session, "undo");
  snprintf(line, sizeof line, "train steps=3 batch=5 load=%s", folder); /* of what? */
  assert_int_not_equal(try(&session, line, &diag), STATUS_OK);
  assert_true(*program_image(&session.model->program, slot) == 0);
  snprintf(line, sizeof line, "train steps=1 lr=1e-300 load=%s", folder);
  doing(&session, line);
  assert_true(*program_image(&session.model->program, slot) == learnt);
  session_done(&session);
  snprintf(line, sizeof line, "rm -r %s", folder);
  assert_int_equal(system(line), 0);
}

/* -- scales -- */

static void assert_scale(double low, double high, int most, bool powers) {
  struct tick ticks[MOST_TICKS];
  const struct scale scale = scale_around(low, high, most);
  const int count = scale_ticks(&scale, ticks);
  if (scale.powers != powers) fail_msg("%g to %g: by powers or not", low, high);
  if (!(scale.low <= low && scale.high >= high && scale.low < scale.high))
    fail_msg("%g to %g: a scale from %g to %g", low, high, scale.low, scale.high);
  if (count < 1 || count > most + 1)
    fail_msg("%g to %g: %d ticks, at most %d parts", low, high, count, most);
  for (int i = 0; i < count; i++) {
    const double value = strtod(ticks[i].label, NULL);
    assert_in_range(strlen(ticks[i].label), 1, 7);
    if (fabs(scale_place(&scale, value) - ticks[i].place) > 1e-6)
      fail_msg("%g to %g: \"%s\" is not at %g", low, high, ticks[i].label, ticks[i].place);
    if (i > 0 && !(ticks[i].place > ticks[i - 1].place)) fail_msg("%g to %g: order", low, high);
  }
}

static void ticks_are_round_numbers_in_place(void **state) {
  (void)state;
  for (int most = 2; most <= 12; most++) {
    assert_scale(0.078, 2.3, most, false);
    assert_scale(0.1, 0.9755, most, false);
    assert_scale(-40000, 0, most, false);
    assert_scale(0, 1, most, false);
    assert_scale(0, 0, most, false);
    assert_scale(25, 25, most, false);
    assert_scale(1.2444e-17, 1.2444e-17, most, false);
    assert_scale(2.3031, 2.3042, most, false);
    assert_scale(1e-3, 0.5, most, true);
    assert_scale(1.7e-17, 23, most, true);
    assert_scale(256, 6.2e239, most, true);
    assert_scale(-1e300, 1e300, most, false);
  }
  struct random random;
  random_seed(&random, 1);
  for (int i = 0; i < 2000; i++) {
    const double a = random_uniform(&random) * 50 + 1, b = random_uniform(&random) * 49;
    assert_scale(a, a + b, 2 + i % 8, false);
  }
}

static void places_stay_on_the_axis(void **state) {
  (void)state;
  const struct scale line = scale_between(0, 800, 3), powers = scale_around(1e-4, 1, 4);
  struct tick ticks[MOST_TICKS];
  assert_true(scale_place(&line, 200) == 0.25);
  assert_true(scale_place(&line, -1) == 0 && scale_place(&line, 801) == 1);
  assert_near(scale_place(&powers, 1e-3), 0.25);
  assert_true(scale_place(&powers, 0) == 0 && scale_place(&powers, (double)INFINITY) == 1);
  assert_int_equal(scale_ticks(&line, ticks), 2);
  assert_string_equal(ticks[1].label, "500");
  assert_int_equal(scale_ticks(&powers, ticks), 5);
  assert_string_equal(ticks[0].label, "1e-4");
  assert_string_equal(ticks[3].label, "0.1");
  const struct scale close = scale_between(1.21e-17, 1.29e-17, 4); /* "1.22e-17" has no room */
  assert_int_equal(scale_ticks(&close, ticks), 0);
}

static int write_lesson(void **state) {
  (void)state;
  int file = mkstemps(path, 3);
  bool written = file >= 0 && write(file, lesson, sizeof lesson - 1) == sizeof lesson - 1;
  if (file >= 0) close(file);
  return written ? 0 : -1;
}

static int remove_lesson(void **state) {
  (void)state;
  return unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_curve_keeps_means),
      cmocka_unit_test(a_curve_stays_finite),
      cmocka_unit_test(a_history_is_of_its_training),
      cmocka_unit_test(a_history_goes_with_the_model),
      cmocka_unit_test(a_history_is_undone_and_done_again),
      cmocka_unit_test(each_step_of_a_lesson_has_its_own),
      cmocka_unit_test(a_stopped_training_has_a_history),
      cmocka_unit_test(undo_runs_nothing),
      cmocka_unit_test(a_hunt_belongs_to_its_page),
      cmocka_unit_test(a_stopped_script_changes_nothing),
      cmocka_unit_test(a_training_that_fails_changes_nothing),
      cmocka_unit_test(a_load_is_part_of_its_training),
      cmocka_unit_test(ticks_are_round_numbers_in_place),
      cmocka_unit_test(places_stay_on_the_axis),
  };
  return cmocka_run_group_tests(tests, write_lesson, remove_lesson);
}
