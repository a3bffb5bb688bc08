/* Protects the engine that runs mutants: whatever the model, its bugs, the precision and the number
 * of passes, each mutant's gradients are, to the bit, those of the model with the mutant's lines
 * put in and run as a whole, and the model and the runs are left as they were. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "bug/mutants.h"
#include "io/loader.h"
#include "random_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PASSES = 3, RANDOM_MODELS = 60 };

static const double upstreams[PASSES] = {1, 1, 2};

/* -- the model as a whole -- */

static void begin(struct run *run, const struct model *model, enum precision precision) {
  assert_int_equal(run_init(run, &model->program, &model->random, precision), STATUS_OK);
  run->frozen = true;
  run_code(run, &model->program.forward, 0);
}

static void pass(struct run *run, const struct model *model, size_t index) {
  *run_values(run, model->nodes[model->loss].gradient) = upstreams[index];
  run_code(run, &model->program.backward, 0);
}

static size_t gradient_count(const struct model *model) {
  size_t count = 0;
  for (size_t n = 0; n < model->node_count; n++)
    if (model->nodes[n].gradient >= 0)
      count += shape_count(model_shape(model, model->nodes[n].slot));
  return count;
}

static void take(const struct model *model, const struct run *run, double *to) {
  for (size_t n = 0; n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    if (node->gradient < 0) continue;
    const size_t count = shape_count(model_shape(model, node->slot));
    memcpy(to, run_values(run, node->gradient), count * sizeof *to);
    to += count;
  }
}

/* -- what the engine hands over -- */

struct harvest {
  const struct model *model;
  size_t count; /* gradients' entries */
  double *gradients; /* by mutant and pass */
  bool *handed;
};

static bool reap(void *context, size_t mutant, size_t index, const struct run *run) {
  struct harvest *harvest = context;
  const size_t place = mutant * PASSES + index;
  harvest->handed[place] = true;
  take(harvest->model, run, harvest->gradients + place * harvest->count);
  return true;
}

/* The passes of MODEL as it stands; the second is the first unless the model remembers it. */
static void make_passes(struct run *runs, struct pass *passes, const struct model *model,
                        enum precision precision) {
  struct run run;
  begin(&run, model, precision);
  const struct random random = run.random;
  for (size_t i = 0; i < PASSES; i++) {
    pass(&run, model, i);
    assert_int_equal(run_copy(&runs[i], &run), STATUS_OK);
    runs[i].random = random;
    const bool same = i == 1 && memcmp(runs[0].values, runs[1].values,
                                       model->program.size * sizeof(double)) == 0;
    passes[i] = (struct pass){&runs[same ? 0 : i], upstreams[i]};
  }
  run_done(&run);
}

static void reap_all(struct harvest *harvest, const struct catalogue *catalogue,
                     struct model *model, enum precision precision) {
  struct run runs[PASSES];
  struct pass passes[PASSES];
  struct diag diag = {0};
  size_t done = 0;
  const struct program_mark before = program_mark(&model->program);
  make_passes(runs, passes, model, precision);
  if (mutants_run(catalogue, model, passes, PASSES, &(struct mutants_options){0}, reap, harvest,
                  &done, &diag) != STATUS_OK)
    fail_msg("%s", diag.message);
  const struct program_mark after = program_mark(&model->program);
  assert_int_equal(done, catalogue->count);
  assert_memory_equal(&before, &after, sizeof before);
  for (size_t i = 0; i < PASSES; i++) run_done(&runs[i]);
}

/* -- against the whole way -- */

struct tally {
  size_t mutants, left_out; /* second passes that are the first */
};

static void compare(const struct harvest *harvest, struct model *model, const char *text,
                    const struct mutant *mutant, size_t index, enum precision precision,
                    struct tally *tally) {
  struct run run;
  struct diag diag = {0};
  const size_t bugs = model->bug_count;
  double *wanted = calloc(harvest->count + 1, sizeof *wanted);
  if (mutant_apply(mutant, model, false, &diag) != STATUS_OK)
    fail_msg("%s: %s", mutant->id, diag.message);
  assert_int_equal(gradient_count(model), harvest->count);
  begin(&run, model, precision);
  for (size_t i = 0; i < PASSES; i++) {
    const bool handed = harvest->handed[index * PASSES + i];
    const size_t place = index * PASSES + (handed ? i : i - 1);
    assert_true(handed || i == 1);
    tally->left_out += !handed;
    pass(&run, model, i);
    take(model, &run, wanted);
    if (memcmp(wanted, harvest->gradients + place * harvest->count,
               harvest->count * sizeof *wanted) == 0)
      continue;
    print_error("%s\n", text);
    fail_msg("%s: %s, pass %zu", mutant->id, mutant->lines[0], i);
  }
  run_done(&run);
  free(wanted);
  assert_int_equal(model_drop_bugs(model, bugs, &diag), STATUS_OK);
  tally->mutants++;
}

static void try_model(struct model *model, const char *text, enum precision precision,
                      struct tally *tally) {
  struct catalogue catalogue;
  struct diag diag = {0};
  struct harvest harvest = {.model = model, .count = gradient_count(model)};
  assert_int_equal(catalogue_make(&catalogue, model, &diag), STATUS_OK);
  harvest.gradients = calloc(catalogue.count * PASSES * harvest.count + 1,
                             sizeof *harvest.gradients);
  harvest.handed = calloc(catalogue.count * PASSES + 1, sizeof *harvest.handed);
  assert_true(harvest.gradients && harvest.handed);
  reap_all(&harvest, &catalogue, model, precision);
  for (size_t i = 0; i < catalogue.count; i++)
    compare(&harvest, model, text, &catalogue.mutants[i], i, precision, tally);
  free(harvest.gradients);
  free(harvest.handed);
  catalogue_done(&catalogue);
}

static void build(struct model *model, struct source *source, const char *text) {
  struct diag diag = {0};
  *source = source_from("trial", text, strlen(text));
  if (model_build(model, source, &io_loader, &diag) != STATUS_OK)
    fail_msg("%s: %s (%s)", text, diag.message, diag.hint);
}

static void try_text(const char *text, const char *bug, enum precision precision,
                     struct tally *tally) {
  struct model model;
  struct source source;
  struct diag diag = {0};
  build(&model, &source, text);
  if (bug && model_add_bug(&model, "bug", bug, strlen(bug), &diag) != STATUS_OK)
    fail_msg("%s: %s", bug, diag.message);
  try_model(&model, text, precision, tally);
  model_done(&model);
}

/* -- models -- */

/* What the engine has a way of its own for, each in a model that has it. */
static const struct {
  const char *text, *bug;
} special[] = {
    {"param x = -2; param y = 5; param z = -4; q = x + y; f = q * z", NULL},
    {"param w0 = 2; param x0 = -1; param w1 = -3; param x1 = -2; p = w0 * x0; q = w1 * x1;"
     "r = p + q", NULL}, /* swapped gates */
    {"seed 2; param W = randn(3, 3); param h0 = randn(2, 3); h1 = tanh(h0 @ W); h2 = tanh(h1 @ W);"
     "h3 = tanh(h2 @ W); L = sum(h1 * h3) + sum(h2^2) + 0.1 * sum(W * W)", NULL}, /* shares */
    {"seed 3; param x = randn(4, 5); m = rand(4, 5) < 0.7; y = tanh(x) * m / 0.7; L = sum(y * y)",
     NULL}, /* masks that are drawn */
    {"seed 4; param W = randn(2, 3); param x = randn(3, 1); h = tanh(W @ x); L = sum(h^2);"
     "backward; dh = 2 * h; u = 1 - h^2; dz = dh * u; dW = dz @ x.T; dx = W.T @ dz; end", NULL},
    {"seed 5; param W = randn(2, 3); param x = randn(3, 1); h = tanh(W @ x); L = sum(h^2);"
     "backward; dh = dL * h; dh += h; dh = dh * 1; dL = 3; s = dL * (1 - h^2); dW = (dh * s) @ x.T;"
     "s = dh * 2; dx = W.T @ s; end", NULL}, /* names that are assigned twice */
    {"seed 6; param W = randn(2, 2); param x = randn(2, 1); h = W @ x; L = sum(h^2);"
     "backward; r = rand(2, 1); dh = 2 * h + r; dW = dh @ x.T; dx = W.T @ dh; end", NULL},
    {"param x = [1 2]; param y = [3 4]; a = x * y; b = a * x; L = sum(b * a)",
     "b: da = db * x + 0.5 * da"}, /* a bug that remembers the pass before */
    {"param x = [1 2]; param y = [3 4]; a = x * y; b = a * x; L = sum(b * a)",
     "L_1: da = 2 * dL_1 * b"},
    {"gate twice(x); h = 2 * x; out = h * h; dh = 2 * h * dout; dx = 2 * dh; end;"
     "param x = [1 -2 3]; y = twice(x) + x; L = sum(y * x)", NULL},
    {"param x = [1 -2 3]; data t = [0 0 1]; s = sigmoid(x); L = softmax_with_loss(x * s, t)", NULL},
};

static void test_special_models(void **state) {
  (void)state;
  struct tally tally = {0};
  for (size_t i = 0; i < sizeof special / sizeof *special; i++)
    for (int precision = 0; precision < PRECISION_COUNT; precision++)
      try_text(special[i].text, special[i].bug, (enum precision)precision, &tally);
  print_message("# special models: %zu mutants, %zu second passes left out\n", tally.mutants,
                tally.left_out);
  assert_in_range(tally.left_out, tally.mutants / 2, tally.mutants - tally.mutants / 50);
}

static struct random_library library;

/* Random models as derived, with their lines as a block, and in a coarse precision. */
static void test_random_models(void **state) {
  (void)state;
  struct tally tally = {0};
  for (uint32_t seed = 1; seed <= RANDOM_MODELS; seed++) {
    struct random_model made;
    struct model model;
    struct source source;
    struct text block;
    random_model_make(&made, &library, seed, seed % 3 == 0 ? RANDOM_TIES : 0);
    build(&model, &source, text_string(&made.text));
    try_model(&model, source.text, seed % 4 == 0 ? PRECISION_SINGLE : PRECISION_DOUBLE, &tally);
    text_init(&block);
    random_model_put_backward(&block, source.text, &model);
    try_text(text_string(&block), NULL, PRECISION_DOUBLE, &tally);
    text_done(&block);
    model_done(&model);
    random_model_done(&made);
  }
  print_message("# random models: %zu mutants, %zu second passes left out\n", tally.mutants,
                tally.left_out);
  assert_true(tally.left_out > tally.mutants / 2);
}

/* -- when it stops -- */

struct count {
  size_t handed, stop_after;
};

static bool count_to(void *context, size_t mutant, size_t index, const struct run *run) {
  struct count *count = context;
  (void)mutant, (void)index, (void)run;
  return ++count->handed != count->stop_after;
}

static bool wants_odd(void *context, size_t mutant) {
  (void)context;
  return mutant % 2 == 1;
}

static void test_it_stops_when_told(void **state) {
  (void)state;
  struct model model;
  struct source source;
  struct catalogue catalogue;
  struct diag diag = {0};
  struct run run;
  size_t done;
  volatile sig_atomic_t cancel = 1;
  build(&model, &source, special[2].text);
  assert_int_equal(catalogue_make(&catalogue, &model, &diag), STATUS_OK);
  begin(&run, &model, PRECISION_DOUBLE);
  pass(&run, &model, 0);
  const struct pass one = {&run, 1};
  struct count count = {.stop_after = 5};
  struct mutants_options options = {0};
  assert_int_equal(mutants_run(&catalogue, &model, &one, 1, &options, count_to, &count, &done,
                               &diag), STATUS_OK);
  assert_int_equal(done, 5);
  count = (struct count){0};
  options.budget = 20000;
  assert_int_equal(mutants_run(&catalogue, &model, &one, 1, &options, count_to, &count, &done,
                               &diag), STATUS_OK);
  assert_in_range(done, 3, catalogue.count - 1);
  assert_int_equal(count.handed, done);
  count = (struct count){0};
  options = (struct mutants_options){.wants = wants_odd};
  assert_int_equal(mutants_run(&catalogue, &model, &one, 1, &options, count_to, &count, &done,
                               &diag), STATUS_OK);
  assert_int_equal(done, catalogue.count);
  assert_int_equal(count.handed, catalogue.count / 2);
  options = (struct mutants_options){.cancel = &cancel};
  assert_int_equal(mutants_run(&catalogue, &model, &one, 1, &options, count_to, &count, &done,
                               &diag), STATUS_CANCELLED);
  run_done(&run);
  catalogue_done(&catalogue);
  model_done(&model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_special_models),
      cmocka_unit_test(test_random_models),
      cmocka_unit_test(test_it_stops_when_told),
  };
  random_library_init(&library);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  random_library_done(&library);
  return failed;
}
