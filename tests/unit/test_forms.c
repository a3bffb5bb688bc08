/* Protects the one idea, that the line which is shown is the line which runs: equal lines give equal
 * gradients, and no shortcut of lowering or running (core/shortcut.def) changes a bit. On the
 * models of all lessons, on data/models and on thousands of random ones, the same in every run.
 * FORM_MODELS=PERCENT in the environment runs more or fewer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "check/check.h"
#include "core/schedule.h"
#include "core/shortcut.h"
#include "form_model.h"
#include "game/hunt.h"
#include "io/loader.h"
#include "lang/lex.h"
#include "lang/print.h"
#include "lang/rules.h"
#include "lesson/open.h"
#include "sample.h"
#include "train/train.h"

#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t count_of(uint32_t usual) {
  return sample_count("FORM_MODELS", usual, 20);
}

/* -- a model that has run -- */

struct trial {
  struct text text;
  struct source source;
  struct model model;
  struct run run;
};

static void put_trial(const struct trial *trial) {
  print_error("%s\n", trial->source.text);
  for (size_t i = 0; i < trial->model.rule_count; i++)
    print_error("# %s\n", trial->model.rules[i].text);
}

static void run_trial(struct trial *trial) {
  const struct program *program = &trial->model.program;
  assert_int_equal(run_init(&trial->run, program, &trial->model.random, PRECISION_DOUBLE),
                   STATUS_OK);
  run_code(&trial->run, &program->forward, 0);
  run_code(&trial->run, &program->backward, 0);
}

/* Builds TRIAL's text. */
static void trial_build(struct trial *trial) {
  struct diag diag = {0};
  const char *text = text_string(&trial->text);
  trial->source = source_from("trial", text, strlen(text));
  if (model_build(&trial->model, &trial->source, &io_loader, &diag) != STATUS_OK) {
    print_error("%s\n", text);
    fail_msg("%u:%u: %s (%s)", diag.line, diag.column, diag.message, diag.hint);
  }
}

static void trial_done(struct trial *trial) {
  run_done(&trial->run);
  model_done(&trial->model);
  text_done(&trial->text);
}

static bool same_number(double a, double b, bool to_the_bit) {
  if (isnan(a) && isnan(b)) return true;
  return to_the_bit ? memcmp(&a, &b, sizeof a) == 0 : a == b;
}

static void assert_same_slot(const struct trial *is, const struct trial *should, int slot,
                             int other, const char *name, const char *how, bool to_the_bit) {
  size_t count = shape_count(model_shape(&is->model, slot));
  const double *a = run_values(&is->run, slot), *b = run_values(&should->run, other);
  for (size_t i = 0; i < count; i++) {
    if (same_number(a[i], b[i], to_the_bit)) continue;
    put_trial(should);
    put_trial(is);
    fail_msg("%s: entry %zu of %s is %a, not %a", how, i, name, a[i], b[i]);
  }
}

/* Every value, and every gradient that both have. */
static void assert_same(const struct trial *is, const struct trial *should, const char *how,
                        bool to_the_bit) {
  assert_int_equal(is->model.node_count, should->model.node_count);
  for (size_t n = 0; n < is->model.node_count; n++) {
    const struct node *node = &is->model.nodes[n], *other = &should->model.nodes[n];
    char name[NAME_MAX_BYTES + 2];
    snprintf(name, sizeof name, "d%s", node->name);
    assert_same_slot(is, should, node->slot, other->slot, name + 1, how, to_the_bit);
    if (node->kind == NODE_PARAM && other->gradient >= 0) assert_true(node->gradient >= 0);
    if (node->gradient >= 0 && other->gradient >= 0)
      assert_same_slot(is, should, node->gradient, other->gradient, name, how, to_the_bit);
  }
}

/* -- shortcuts -- */

static const enum shortcut lowered[] = {SHORTCUT_IN_PLACE, SHORTCUT_TRANSPOSED_PRODUCT,
                                        SHORTCUT_FOLDED_CONSTANTS, SHORTCUT_ZERO_TERMS};
enum { LOWERED = sizeof lowered / sizeof *lowered };

static void bar_all(bool barred) {
  for (int i = 0; i < SHORTCUT_COUNT; i++) shortcut_barred[i] = barred;
}

/* TRIAL's text as MODEL is folded now, and run. */
static void build_like(struct trial *trial, const char *text, const struct model *like) {
  struct diag diag = {0};
  *trial = (struct trial){.run = {0}};
  text_init(&trial->text);
  text_puts(&trial->text, text);
  trial_build(trial);
  for (size_t i = 0; like && i < trial->model.instance_count; i++)
    trial->model.instances[i].folded = like->instances[i].folded;
  if (like && !trial->model.backward)
    assert_int_equal(rules_derive(&trial->model, &diag), STATUS_OK);
  run_trial(trial);
}

static void try_shortcut(const struct trial *should, size_t which) {
  struct trial is;
  bar_all(which == LOWERED);
  if (which < LOWERED) shortcut_barred[lowered[which]] = true;
  build_like(&is, should->source.text, &should->model);
  bar_all(false);
  assert_same(&is, should, which < LOWERED ? shortcut_texts[lowered[which]] : "no shortcuts", true);
  trial_done(&is);
}

/* Without one of those that lowering takes at a time, and without any. */
static void try_shortcuts(const struct trial *should) {
  for (size_t i = 0; i <= LOWERED; i++) try_shortcut(should, i);
}

/* -- forms -- */

static const char *const any_form = "in any forms";

/* Puts the text of SHOULD with its rule lines as a block in FORM, or each in its own by DICE. A
 * model that has a block gives its text up to there. */
static void put_formed(struct text *out, const struct trial *should, enum form form,
                       struct random *dice) {
  const struct stmt *block = should->model.backward;
  size_t length = block ? block->span.start : strlen(should->source.text);
  text_put(out, should->source.text, length);
  text_puts(out, "\n");
  form_put_block(out, &should->model, form, dice);
}

static void try_form(const struct trial *should, enum form form, struct random *dice) {
  struct text text;
  struct trial is;
  text_init(&text);
  put_formed(&text, should, form, dice);
  build_like(&is, text_string(&text), NULL);
  text_done(&text);
  assert_same(&is, should, dice ? any_form : form_names[form], !dice && form_keeps_bits(form));
  if (dice) try_shortcut(&is, form_pick(dice, LOWERED + 1));
  trial_done(&is);
}

static void try_forms(const struct trial *should, struct random *dice) {
  for (enum form form = FORM_SAME; form < FORM_COUNT; form++) try_form(should, form, NULL);
  try_form(should, FORM_SAME, dice);
}

/* -- edited lines -- */

static void put_edit(struct text *out, const struct model *model, size_t rule, enum form form) {
  struct assign line = model_line(model, rule);
  if (line.node) text_puts(out, line.node);
  if (line.node && line.operand > 0) text_printf(out, ":%d", line.operand);
  text_printf(out, "%s%s %s ", line.node ? ": " : "", line.target, line.accumulate ? "+=" : "=");
  form_put_value(out, line.value, form);
}

/* Whether the rule line has an address of its own: a block's lines and a gate's two for the same
 * operand may have none. */
static bool is_alone(const struct model *model, size_t rule) {
  const struct rule *is = &model->rules[rule];
  for (size_t i = 0; i < model->rule_count; i++) {
    const struct rule *other = &model->rules[i];
    if (i != rule && strcmp(other->target, is->target) == 0 &&
        (other->node < 0 || (other->node == is->node && other->operand == is->operand)))
      return false;
  }
  return true;
}

/* One line after the other is replaced by an equal one, as a person edits it or as a hunt hides
 * it; those before stay replaced. */
static void try_edits(const struct trial *should, struct random *dice) {
  static const enum form forms[] = {FORM_SAME, FORM_TURNED, FORM_TIMES, FORM_PLUS};
  struct trial is;
  build_like(&is, should->source.text, &should->model);
  for (size_t i = 0; i < is.model.rule_count; i++) {
    struct diag diag = {0};
    struct text line;
    if (!is_alone(&is.model, i)) continue;
    text_init(&line);
    put_edit(&line, &is.model, i, forms[form_pick(dice, 4)]);
    bool hide = form_pick(dice, 3) == 0;
    enum status status = (hide ? model_hide_bug : model_add_bug)(&is.model, "edit", line.bytes,
                                                                 line.length, &diag);
    if (status) fail_msg("%s: %s", text_string(&line), diag.message);
    text_done(&line);
  }
  run_done(&is.run);
  run_trial(&is);
  assert_same(&is, should, "edited", false);
  trial_done(&is);
}

/* -- folding: other arithmetic, the same gradient -- */

static double largest_gradient(const struct trial *trial) {
  double largest = 0;
  for (size_t n = 0; n < trial->model.node_count; n++) {
    const struct node *node = &trial->model.nodes[n];
    size_t count = node->gradient < 0 ? 0 : shape_count(model_shape(&trial->model, node->slot));
    for (size_t i = 0; i < count; i++)
      largest = fmax(largest, fabs(run_values(&trial->run, node->gradient)[i]));
  }
  return largest;
}

/* The gates' own rules against what follows from the inside; not at ties, where they may differ. */
static void assert_unfolded_is_near(const struct trial *folded) {
  struct trial open;
  struct diag diag = {0};
  build_like(&open, folded->source.text, &folded->model);
  assert_int_equal(model_fold(&open.model, NULL, false, &diag), STATUS_OK);
  run_done(&open.run);
  run_trial(&open);
  double allowed = 1e-12 * fmax(largest_gradient(folded), largest_gradient(&open));
  for (size_t n = 0; n < open.model.node_count; n++) {
    const struct node *node = &open.model.nodes[n], *other = &folded->model.nodes[n];
    if (node->kind != NODE_PARAM || node->gradient < 0 || other->gradient < 0) continue;
    for (size_t i = 0; i < shape_count(model_shape(&open.model, node->slot)); i++) {
      double a = run_values(&open.run, node->gradient)[i];
      double b = run_values(&folded->run, other->gradient)[i];
      if (fabs(a - b) <= allowed || !isfinite(a) || !isfinite(b)) continue;
      put_trial(folded);
      put_trial(&open);
      fail_msg("unfolded: d%s[%zu] is %.17g, not %.17g", node->name, i, a, b);
    }
  }
  trial_done(&open);
}

/* -- random models -- */

static void random_trial(struct trial *trial, uint32_t seed) {
  struct text text;
  struct diag diag = {0};
  text_init(&text);
  form_model_put(&text, seed, seed % 4 == 3);
  build_like(trial, text_string(&text), NULL);
  text_done(&text);
  if (seed % 3 != 2) return;
  assert_int_equal(model_fold(&trial->model, NULL, false, &diag), STATUS_OK);
  run_done(&trial->run);
  run_trial(trial);
}

/* Some forms and shortcuts of each; neighbours have the others. */
static void test_random_models(void **state) {
  (void)state;
  size_t lines = 0, fused = 0;
  for (uint32_t i = 0, count = count_of(2100); i < count; i++) {
    struct trial should;
    struct random dice;
    random_seed(&dice, i);
    random_trial(&should, 800000 + i);
    lines += should.model.rule_count;
    for (size_t k = 0; k < should.model.program.backward.count; k++)
      fused += should.model.program.backward.items[k].op == OP_MATMUL_TRANSPOSED;
    try_shortcut(&should, i % LOWERED);
    try_shortcut(&should, LOWERED);
    for (uint32_t k = 0; k < FORM_COUNT; k += 5)
      try_form(&should, (enum form)((i + k) % FORM_COUNT), NULL);
    try_form(&should, FORM_SAME, &dice);
    try_edits(&should, &dice);
    if (i % 4 < 2) assert_unfolded_is_near(&should);
    trial_done(&should);
  }
  print_message("# %zu rule lines, %zu products in one go\n", lines, fused);
  assert_true(fused * 20 > lines);
}

/* -- models that are shipped -- */

static void each_shipped(void (*visit)(struct trial *trial, const char *path, void *context),
                         void *context) {
  const char *const patterns[] = {"/lessons/*-*.md", "/data/models/*.gw"};
  const char *top = getenv("top_srcdir");
  for (size_t p = 0; p < 2; p++) {
    char pattern[512];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s%s", top ? top : "../..", patterns[p]);
    if (glob(pattern, 0, NULL, &found) != 0) fail_msg("nothing is called %s", pattern);
    for (size_t i = 0; i < found.gl_pathc; i++) {
      struct lesson lesson;
      struct diag diag = {0};
      if (lesson_open(&lesson, found.gl_pathv[i], 0, &diag) != STATUS_OK)
        fail_msg("%s: %s", found.gl_pathv[i], diag.message);
      for (size_t g = 0; g < lesson.graph_count; g++) {
        struct trial trial;
        build_like(&trial, text_string(&lesson.graphs[g]->text), NULL);
        visit(&trial, found.gl_pathv[i], context);
        trial_done(&trial);
      }
      lesson_done(&lesson);
    }
    globfree(&found);
  }
}

static void try_shipped(struct trial *trial, const char *path, void *context) {
  (void)path;
  struct random dice;
  random_seed(&dice, 1);
  ++*(size_t *)context;
  if (trial->model.loss < 0) return;
  try_shortcuts(trial);
  try_edits(trial, &dice);
  try_forms(trial, &dice);
}

static void test_shipped_models(void **state) {
  (void)state;
  size_t count = 0;
  each_shipped(try_shipped, &count);
  print_message("# %zu models\n", count);
  assert_true(count >= 30);
}

/* An answer that is the right line in another form is right. */
static void try_hunts(struct trial *trial, const char *path, void *context) {
  static const enum form forms[] = {FORM_SAME, FORM_TURNED, FORM_TIMES, FORM_PLUS};
  if (!strstr(path, ".gw")) return;
  for (uint32_t seed = 0; seed < 3; seed++) {
    struct hunt hunt;
    struct diag diag = {0};
    struct hunt_options options = {.seed = seed, .level = 1 + (int)(seed % 5), .bugs = 1,
                                   .frozen = true};
    if (hunt_begin(&hunt, &trial->model, &options, &diag) != STATUS_OK) fail_msg("%s", path);
    size_t rule = hunt.bugs[0].mutant.rule;
    struct text answer, why;
    const struct hidden_bug *found = NULL;
    text_init(&answer);
    text_init(&why);
    put_edit(&answer, &trial->model, rule, forms[seed % 4]);
    const struct source line = source_from("answer", text_string(&answer), answer.length);
    enum status status = hunt_answer(&hunt, &trial->model, &line, &found, &why, &diag);
    if (status || !found)
      fail_msg("%s, seed %u: %s: %s%s", path, seed, text_string(&answer), text_string(&why),
               status ? diag.message : "");
    ++*(size_t *)context;
    text_done(&answer);
    text_done(&why);
    assert_int_equal(hunt_end(&hunt, &trial->model, &diag), STATUS_OK);
    hunt_done(&hunt);
  }
}

static void test_hunts_take_equal_lines(void **state) {
  (void)state;
  size_t count = 0;
  each_shipped(try_hunts, &count);
  assert_true(count >= 60);
}

/* -- both evaluations, to the bit -- */

static struct check check_model(const struct model *model, struct check_options options) {
  struct diag diag = {0};
  struct check check;
  if (check_run(&check, model, &options, &diag) != STATUS_OK) fail_msg("%s", diag.message);
  return check;
}

static bool same_tensors(const struct tensor_check *a, const struct tensor_check *b) {
  return memcmp(a->numeric, b->numeric, a->count * sizeof *a->numeric) == 0 &&
         a->verdict == b->verdict && a->reason == b->reason && a->entry == b->entry &&
         same_number(a->step, b->step, true) && same_number(a->left, b->left, true) &&
         same_number(a->right, b->right, true) && same_number(a->step_error, b->step_error, true);
}

static void assert_same_checks(const struct trial *trial, const struct check *a,
                               const struct check *b, const char *how) {
  assert_int_equal(a->tensor_count, b->tensor_count);
  bool same = a->verdict == b->verdict;
  for (size_t i = 0; i < a->tensor_count; i++)
    same = same && same_tensors(&a->tensors[i], &b->tensors[i]);
  for (size_t i = 0; i < a->intermediate_count; i++)
    same = same && same_tensors(&a->intermediates[i], &b->intermediates[i]);
  if (same) return;
  put_trial(trial);
  fail_msg("%s: another verdict, slope or error", how);
}

/* Full against incremental, and that without each of its shortcuts. */
static void try_evaluations(const struct trial *trial, struct check_options options) {
  static const enum shortcut run[] = {SHORTCUT_PLAN, SHORTCUT_SUMS, SHORTCUT_TRIM,
                                      SHORTCUT_ZERO_TERMS};
  struct check usual = check_model(&trial->model, options);
  for (size_t i = 0; i <= sizeof run / sizeof *run; i++) {
    bool full = i == sizeof run / sizeof *run;
    if (full) options.evaluate = EVALUATE_FULL;
    else shortcut_barred[run[i]] = true;
    struct check is = check_model(&trial->model, options);
    bar_all(false);
    assert_same_checks(trial, &is, &usual, full ? "full" : shortcut_texts[run[i]]);
    check_done(&is);
  }
  check_done(&usual);
}

static void test_evaluations(void **state) {
  (void)state;
  size_t verdicts[VERDICT_COUNT] = {0};
  for (uint32_t i = 0, count = count_of(400); i < count; i++) {
    struct trial trial;
    struct check_options options = {.tolerance = -1, .frozen = true, .threads = 1};
    if (i % 5 == 4) options.precision = (enum precision)(1 + i / 5 % 3);
    random_trial(&trial, i % 2 == 0 ? 900003 + 4 * i : 900000 + i);
    struct check check = check_model(&trial.model, options);
    verdicts[check.verdict]++;
    check_done(&check);
    try_evaluations(&trial, options);
    trial_done(&trial);
  }
  print_message("# %zu KINK, %zu UNRELIABLE, %zu FAIL\n", verdicts[VERDICT_KINK],
                verdicts[VERDICT_UNRELIABLE], verdicts[VERDICT_FAIL]);
  assert_true(verdicts[VERDICT_KINK] > count_of(400) / 50);
}

/* The slopes and verdicts that an edited model takes over are those that it would find. */
static void test_known_slopes(void **state) {
  (void)state;
  for (uint32_t i = 0, count = count_of(200); i < count; i++) {
    struct trial trial;
    struct check_options options = {.tolerance = -1, .frozen = true, .threads = 1};
    struct diag diag = {0};
    struct text line;
    random_trial(&trial, 950000 + i);
    struct check before = check_model(&trial.model, options);
    text_init(&line);
    size_t rule = trial.model.rule_count > 0 ? i % trial.model.rule_count : 0;
    if (trial.model.rule_count > 0 && is_alone(&trial.model, rule)) {
      put_edit(&line, &trial.model, rule, FORM_TIMES);
      text_puts(&line, i % 2 == 0 ? " * 1.5" : "");
      assert_int_equal(model_add_bug(&trial.model, "bug", line.bytes, line.length, &diag),
                       STATUS_OK);
    }
    text_done(&line);
    options.numeric_from = &before;
    struct check known = check_model(&trial.model, options);
    shortcut_barred[SHORTCUT_KNOWN] = true;
    struct check anew = check_model(&trial.model, options);
    bar_all(false);
    assert_same_checks(&trial, &known, &anew, shortcut_texts[SHORTCUT_KNOWN]);
    check_done(&known), check_done(&anew), check_done(&before);
    trial_done(&trial);
  }
}

/* -- shared out among a team -- */

static void test_schedules(void **state) {
  static const enum shortcut shared[] = {SHORTCUT_STRIPES, SHORTCUT_ORDER};
  (void)state;
  struct team *team = team_new(3);
  assert_non_null(team);
  for (uint32_t i = 0, count = count_of(400); i < count; i++) {
    struct trial trial, is;
    random_trial(&trial, 970000 + i);
    for (size_t s = 0; s <= sizeof shared / sizeof *shared; s++) {
      struct schedule forward, backward;
      const struct program *program = &trial.model.program;
      bool all = s == sizeof shared / sizeof *shared;
      if (!all) shortcut_barred[shared[s]] = true;
      is = trial;
      assert_int_equal(run_init(&is.run, program, &trial.model.random, PRECISION_DOUBLE),
                       STATUS_OK);
      assert_int_equal(schedule_init(&forward, &is.run, &program->forward, 0), STATUS_OK);
      assert_int_equal(schedule_init(&backward, &is.run, &program->backward, 0), STATUS_OK);
      bar_all(false);
      schedule_run(&forward, team, &is.run);
      schedule_run(&backward, team, &is.run);
      assert_same(&is, &trial, all ? "shared out" : shortcut_texts[shared[s]], true);
      schedule_done(&forward), schedule_done(&backward);
      run_done(&is.run);
    }
    trial_done(&trial);
  }
  team_free(team);
}

/* -- training -- */

static const char digits[] =
    "seed 1\ndata X, T = mnist(64)\nparam W1 = randn(784, 20) / 28\nparam b1 = zeros(1, 20)\n"
    "param W2 = randn(20, 10) / 5\nh = relu(X @ W1 + b1)\nL = softmax_cross_entropy(h @ W2, T)\n";

static void train(struct training *training, const struct trial *trial) {
  struct diag diag = {0};
  struct train_options options = {.steps = 4, .rate = 0.1, .momentum = 0.9, .threads = 2};
  enum status status = train_init(training, &trial->source, &trial->model, &options, &io_library,
                                  &diag);
  if (!status) status = train_run(training, &diag);
  if (status) fail_msg("%s", diag.message);
}

static void test_training(void **state) {
  static const enum shortcut shared[] = {SHORTCUT_STRIPES, SHORTCUT_ORDER, SHORTCUT_ZERO_TERMS};
  enum { SHARED = sizeof shared / sizeof *shared };
  (void)state;
  struct trial trial;
  struct training usual;
  build_like(&trial, digits, NULL);
  train(&usual, &trial);
  for (int s = 0; s <= SHARED; s++) {
    struct training is;
    bar_all(s == SHARED);
    if (s < SHARED) shortcut_barred[shared[s]] = true;
    train(&is, &trial);
    bar_all(false);
    for (size_t n = 0; n < trial.model.node_count; n++) {
      if (trial.model.nodes[n].kind != NODE_PARAM) continue;
      int a = usual.model.nodes[n].slot, b = is.model.nodes[n].slot;
      size_t bytes = shape_count(model_shape(&usual.model, a)) * sizeof(double);
      if (memcmp(run_values(&usual.run, a), run_values(&is.run, b), bytes) != 0)
        fail_msg("%s", s < SHARED ? shortcut_texts[shared[s]] : "no shortcuts");
    }
    train_done(&is);
  }
  train_done(&usual);
  trial_done(&trial);
}

int main(void) {
  if (getenv("GRADWALK_TEST_DATA")) setenv("GRADWALK_DATA", getenv("GRADWALK_TEST_DATA"), 1);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_models), cmocka_unit_test(test_shipped_models),
      cmocka_unit_test(test_hunts_take_equal_lines), cmocka_unit_test(test_evaluations),
      cmocka_unit_test(test_known_slopes), cmocka_unit_test(test_schedules),
      cmocka_unit_test(test_training),
  };
  return cmocka_run_group_tests_name("forms", tests, NULL, NULL);
}
