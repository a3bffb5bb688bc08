/* Protects how a check runs: it changes nothing but its own result, gives the same bits however the
 * work is shared out, reports its progress, and can be stopped. */
#include "trial.h"

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

/* Nothing is to be computed: TOTAL says so. */
static void on_known_progress(void *context, size_t done, size_t total) {
  struct watch *watch = context;
  (void)done;
  watch->total += total;
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

/* -- slopes that an earlier check has found -- */

/* The wrong pass compared with the slopes that the right one was compared with: the same bits as by
 * a check of its own, and no slope is computed anew. */
static void test_known_slopes(void **state) {
  (void)state;
  for (int i = 0; i < WAYS; i++) {
    struct trial right, own, lent;
    struct watch watch = {.stop_at = SIZE_MAX};
    struct check_options options = many_ways[i];
    trial_start(&right, three_layers_notes);
    trial_start(&own, three_layers_notes);
    trial_start(&lent, three_layers_notes);
    trial_run(&right, options);
    spoil(&own, bug_W2);
    spoil(&lent, bug_W2);
    trial_run(&own, options);
    options.numeric_from = &right.check;
    options.progress = on_known_progress;
    options.progress_context = &watch;
    trial_run(&lent, options);
    assert_same_bits(&own.check, &lent.check);
    assert_int_equal(lent.check.intermediate_count, own.check.intermediate_count);
    assert_int_equal(watch.total, 0);
    assert_null(lent.check.options.numeric_from);
    trial_done(&right);
    trial_done(&own);
    trial_done(&lent);
  }
}

/* They are copied: whatever stands in them counts. What the earlier check left out is computed. */
static void test_known_slopes_in_part(void **state) {
  (void)state;
  static const char *const chosen[] = {"W2", "b2"};
  struct trial some, all;
  trial_start(&some, three_layers_notes);
  trial_start(&all, three_layers_notes);
  trial_run(&some, (struct check_options){.tolerance = -1, .params = chosen, .param_count = 2});
  some.check.tensors[1].numeric[2] *= 1.5;
  trial_run(&all, (struct check_options){.tolerance = -1, .numeric_from = &some.check});
  const struct tensor_check *t = tensor(&all, "b2");
  assert_near(t->numeric[2], some.check.tensors[1].numeric[2], 0);
  assert_true(t->metrics.difference > 0.1);
  assert_int_equal(tensor(&all, "W1")->verdict, VERDICT_PASS);
  assert_false(slope_is_pending(tensor(&all, "W1")->numeric[0]));
  trial_done(&some);
  trial_done(&all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_model_is_untouched),
      cmocka_unit_test(test_threads_change_nothing),
      cmocka_unit_test(test_progress),
      cmocka_unit_test(test_cancel),
      cmocka_unit_test(test_known_slopes),
      cmocka_unit_test(test_known_slopes_in_part),
  };
  return cmocka_run_group_tests_name("check runs", tests, NULL, NULL);
}
