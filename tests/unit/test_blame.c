/* Protects what is said of the catalogue's mutants, over all lessons and models: that the line which was
 * changed is the one that is named, that no two findings contradict each other, and that none
 * contradicts the numbers. */
#include "command/command.h"
#include "reader/reading.h"
#include "trial.h"

#include "blame/diagnose.h"
#include "bug/catalogue.h"
#include "core/hash.h"
#include "explore/session.h"

#include <glob.h>

enum { PER_MODEL = 40 };

struct tally {
  size_t failed, named, among, other, none; /* checks that fail; where their line is */
  size_t by_name;                           /* the mutant's kind is what it is called */
  size_t claims;
};

/* -- what the numbers say -- */

static const struct tensor_check *checked(const struct check *check, int node) {
  for (size_t i = 0; i < check->tensor_count; i++)
    if (check->tensors[i].node == node) return &check->tensors[i];
  for (size_t i = 0; i < check->intermediate_count; i++)
    if (check->intermediates[i].node == node) return &check->intermediates[i];
  return NULL;
}

/* Whether the gradient agrees with the numerical one, or is a multiple of it. */
static bool agrees(const struct tensor_check *tensor) {
  const struct metrics *m = &tensor->metrics;
  return m->difference <= 1e-4 || m->max_abs <= 1e-8 ||
         metrics_is_factor(m, tensor->analytic, tensor->numeric, tensor->count);
}

static void contradicts(const char *title, const char *mutant, const struct check *check,
                        const char *what) {
  for (size_t i = 0; i < check->diagnosis->count; i++)
    print_error("%s: %s\n", check->diagnosis->findings[i].label,
                check->diagnosis->findings[i].sentence);
  fail_msg("%s, %s: %s", title, mutant, what);
}

/* -- what was said -- */

static void every_claim_holds(const char *title, const char *mutant, const struct check *check,
                              struct tally *tally) {
  const struct diagnosis *diagnosis = check->diagnosis;
  for (size_t i = 0; i < diagnosis->count; i++)
    for (size_t k = 0; k < diagnosis->findings[i].claim_count; k++) {
      struct claim claim = diagnosis->findings[i].claims[k];
      const struct tensor_check *tensor = checked(check, claim.node);
      tally->claims++;
      if (tensor && claim.right && !agrees(tensor))
        contradicts(title, mutant, check, "a gradient is called right that is not");
      for (size_t j = 0; claim.right && j < diagnosis->lines.count; j++)
        if (diagnosis->lines.items[j].node == claim.node)
          contradicts(title, mutant, check, "a wrong line makes what is called right");
      for (size_t j = 0; j < diagnosis->count; j++)
        for (size_t l = 0; l < diagnosis->findings[j].claim_count; l++)
          if (diagnosis->findings[j].claims[l].node == claim.node &&
              diagnosis->findings[j].claims[l].right != claim.right)
            contradicts(title, mutant, check, "right in one finding, wrong in another");
    }
}

/* A factor that is stated is that of every entry. */
static void every_factor_holds(const char *title, const char *mutant, const struct check *check) {
  for (size_t i = 0; i < check->diagnosis->count; i++) {
    const struct finding *finding = &check->diagnosis->findings[i];
    for (size_t k = 0; finding->kind == FINDING_FACTOR && k < finding->tensor_count; k++) {
      const struct tensor_check *t = &check->tensors[finding->tensors[k]];
      double largest = 0;
      for (size_t e = 0; e < t->count; e++) largest = fmax(largest, fabs(t->numeric[e]));
      for (size_t e = 0; e < t->count; e++)
        if (fabs(t->analytic[e] - finding->factor * t->numeric[e]) >
            1e-3 * fabs(t->analytic[e]) + 1e-6 * largest)
          contradicts(title, mutant, check, "an entry has not the factor of every entry");
    }
  }
}

/* No finding is about a tensor that passes, and none of two tells the same of one. */
static void every_subject_is_wrong(const char *title, const char *mutant,
                                   const struct check *check) {
  for (size_t i = 0; i < check->diagnosis->count; i++) {
    const struct finding *finding = &check->diagnosis->findings[i];
    for (size_t k = 0; k < finding->tensor_count; k++)
      if (check->tensors[finding->tensors[k]].verdict != VERDICT_FAIL)
        contradicts(title, mutant, check, "a finding about a tensor that does not fail");
  }
}

/* Whether it cannot be told by numbers which of two lines is wrong: one of them makes a name that is no
 * node's gradient, and the other reads it. */
static bool is_as_good(const struct model *model, const struct wrong_line *line) {
  bool helper = model->rules[line->rules[0]].target_node < 0;
  for (size_t i = 0; i < model->rule_count; i++)
    helper = helper || (model->rules[i].original && model->rules[i].target_node < 0);
  return helper;
}

static void note_line(const char *title, const char *mutant, const struct model *model,
                      const struct check *check, struct tally *tally) {
  const struct wrong_lines *lines = &check->diagnosis->lines;
  bool found = false;
  tally->failed++;
  if (lines->count == 0) {
    tally->none++;
    return;
  }
  for (size_t k = 0; k < lines->items[0].count; k++)
    found = found || model->rules[lines->items[0].rules[k]].original;
  tally->named += found && lines->items[0].count == 1;
  bool as_good = !found && is_as_good(model, &lines->items[0]);
  tally->among += as_good || (found && lines->items[0].count > 1);
  tally->other += !found && !as_good;
  if (!found && !as_good) print_message("# %s, %s: accuses %s\n", title, mutant,
                            model->rules[lines->items[0].rules[0]].text);
}

/* -- mutant by mutant -- */

static void try_mutant(const char *title, struct model *model, const struct mutant *mutant,
                       const struct check *base, struct tally *tally) {
  struct check_options how = {.tolerance = -1, .explain = true, .threads = 1,
                              .numeric_from = base};
  struct check check = {0};
  struct diag diag = {0};
  size_t bugs = model->bug_count;
  assert_int_equal(mutant_apply(mutant, model, false, &diag), STATUS_OK);
  assert_int_equal(check_run(&check, model, &how, &diag), STATUS_OK);
  assert_int_equal(diagnose(&check, model, &diag), STATUS_OK);
  if (check.diagnosis) {
    every_claim_holds(title, mutant->id, &check, tally);
    every_factor_holds(title, mutant->id, &check);
    every_subject_is_wrong(title, mutant->id, &check);
    note_line(title, mutant->id, model, &check, tally);
    const struct bug_kind *kind = check.diagnosis->named.kind;
    tally->by_name += kind && strcmp(kind->name, mutant->kind->name) == 0;
  }
  check_done(&check);
  assert_int_equal(model_drop_bugs(model, bugs, &diag), STATUS_OK);
}

static void try_what(const char *what, struct tally *tally) {
  const struct check_options how = {.tolerance = -1, .threads = 1};
  struct session session;
  struct catalogue catalogue;
  struct check base = {0};
  struct lines out;
  struct diag diag = {0};
  session_init(&session, &command_interpreter);
  lines_init(&out);
  if (reading_open(&session, what, &out, &diag)) fail_msg("%s: %s", what, diag.message);
  struct model *model = session.model;
  if (model->loss >= 0 && model->program.size < 20000 &&
      catalogue_make(&catalogue, model, &diag) == STATUS_OK) {
    size_t step = catalogue.count / PER_MODEL + 1;
    assert_int_equal(check_run(&base, model, &how, &diag), STATUS_OK);
    const char *name = strrchr(what, '/') ? strrchr(what, '/') : what; /* the same wherever it lies */
    for (size_t i = hash_bytes(HASH_START, name, strlen(name)) % step; i < catalogue.count;
         i += step)
      try_mutant(what, model, &catalogue.mutants[i], &base, tally);
    catalogue_done(&catalogue);
  }
  check_done(&base);
  lines_done(&out);
  session_done(&session);
}

static void try_all(const char *pattern, struct tally *tally) {
  char path[512];
  glob_t files;
  snprintf(path, sizeof path, "%s/%s", getenv("GRADWALK_TEST_DATA"), pattern);
  assert_int_equal(glob(path, 0, NULL, &files), 0);
  for (size_t i = 0; i < files.gl_pathc; i++) try_what(files.gl_pathv[i], tally);
  globfree(&files);
}

static void test_all(void **state) {
  (void)state;
  struct tally tally = {0};
  try_all("models/*.gw", &tally);
  try_all("../lessons/[0-9]*.md", &tally);
  print_message("# %zu mutants fail: line named %zu, one of several %zu, another %zu, none %zu; kind "
                "%zu; %zu claims\n", tally.failed, tally.named, tally.among, tally.other,
                tally.none, tally.by_name, tally.claims);
  assert_in_range(tally.failed, 300, 100000);
  assert_int_equal(tally.other, 0);
  assert_in_range(tally.named * 100, tally.failed * 97, tally.failed * 100);
  assert_in_range(tally.by_name * 100, tally.failed * 60, tally.failed * 100);
}

int main(void) {
  if (getenv("GRADWALK_TEST_DATA")) setenv("GRADWALK_DATA", getenv("GRADWALK_TEST_DATA"), 1);
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};
  return cmocka_run_group_tests_name("blame", tests, NULL, NULL);
}
