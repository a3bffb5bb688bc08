/* Protects what must hold of every model, whatever is in it: a correct backward pass is never
 * called wrong and a wrong one is; the numerical gradient has the same bits however it is computed;
 * printing loses nothing; folding changes nothing. On thousands of random models of random_model.h,
 * the same ones in every run. RANDOM_MODELS=PERCENT in the environment runs more or fewer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "check/check.h"
#include "core/schedule.h"
#include "core/clock.h"
#include "core/clone.h"
#include "core/wide.h"
#include "lang/parse.h"
#include "lang/print.h"
#include "random_model.h"
#include "sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct random_library library;

/* -- how many, and how fast -- */

struct tour {
  const char *name;
  uint32_t seed, count;
  double start;
};

static struct tour tour_begin(const char *name, uint32_t first_seed, uint32_t usual) {
  return (struct tour){name, first_seed, sample_count("RANDOM_MODELS", usual, 40), seconds_now()};
}

static void tour_end(const struct tour *tour, const char *found) {
  double seconds = seconds_now() - tour->start;
  print_message("# %s: %u models, %.0f a second: %s\n", tour->name, tour->count,
                tour->count / fmax(seconds, 1e-9), found);
}

/* Half of the models have leaves in general position; the others try each wish and all of them. */
static unsigned wishes_of(uint32_t i) {
  static const unsigned wishes[] = {
      0, RANDOM_TIES, 0, RANDOM_SCALES, 0, RANDOM_TIES | RANDOM_SCALES, 0, RANDOM_LARGE};
  return wishes[i % (sizeof wishes / sizeof *wishes)];
}

static bool chance(uint32_t seed, uint32_t one_in) {
  return (seed * 2654435761u >> 8) % one_in == 0;
}

/* -- one model -- */

struct trial {
  struct random_model made;
  struct source source;
  struct model model;
};

static void print_trial(const struct trial *trial) {
  print_error("%s\n", trial->source.text);
  for (size_t i = 0; i < trial->model.rule_count; i++)
    print_error("# %s\n", trial->model.rules[i].text);
}

/* Caller ends it with model_done(). */
static void build(struct model *model, struct source *source, const char *text) {
  struct diag diag = {0};
  *source = source_from("random", text, strlen(text));
  if (model_build(model, source, NULL, &diag) == STATUS_OK) return;
  print_error("%s\n", text);
  fail_msg("%u:%u: %s (%s)", diag.line, diag.column, diag.message, diag.hint);
}

static void fold_all(struct model *model, bool folded) {
  struct diag diag = {0};
  assert_int_equal(model_fold(model, NULL, folded, &diag), STATUS_OK);
}

/* Folds or unfolds each node at random; most have nothing inside. */
static void shuffle_folding(struct model *model, uint32_t seed) {
  struct diag diag = {0};
  for (size_t n = 0; n < model->node_count; n++) {
    enum status status =
        model_fold(model, model->nodes[n].name, chance(seed + (uint32_t)n, 2), &diag);
    assert_true(status == STATUS_OK || status == STATUS_USAGE);
  }
}

/* As built, unfolded, statements folded or a mixture; a gate whose own rule is not exact on purpose
 * does not count as correct unless it is unfolded. */
static void fold_somehow(struct trial *trial, uint32_t seed) {
  struct diag diag = {0};
  if (trial->made.inexact || chance(seed, 3)) fold_all(&trial->model, false);
  else if (chance(seed, 5)) shuffle_folding(&trial->model, seed);
  if (chance(seed, 7)) assert_int_equal(model_fold_statements(&trial->model, &diag), STATUS_OK);
}

static void trial_begin(struct trial *trial, uint32_t seed, unsigned wishes) {
  random_model_make(&trial->made, &library, seed, wishes);
  build(&trial->model, &trial->source, text_string(&trial->made.text));
}

static void trial_end(struct trial *trial) {
  model_done(&trial->model);
  random_model_done(&trial->made);
}

/* Forward and backward; caller ends it with run_done(). */
static struct run run_model(const struct model *model) {
  struct run run;
  assert_int_equal(run_init(&run, &model->program, &model->random, PRECISION_DOUBLE), STATUS_OK);
  run_code(&run, &model->program.forward, 0);
  run_code(&run, &model->program.backward, 0);
  return run;
}

static const struct check_options per_entry = {.tolerance = -1, .frozen = true, .threads = 1};

/* Caller ends it with check_done(). */
static struct check run_check(const struct trial *trial, const struct check_options *options) {
  struct check check;
  struct diag diag = {0};
  if (check_run(&check, &trial->model, options, &diag) != STATUS_OK) {
    print_trial(trial);
    fail_msg("%s", diag.message);
  }
  return check;
}

/* -- what the models are made of -- */

struct coverage {
  size_t ops[OP_COUNT], gates[RANDOM_MAX_GATES];
  size_t active[OP_COUNT], own_rules[RANDOM_MAX_GATES]; /* where a gradient flows */
};

static size_t gate_index(const struct stmt *gate) {
  size_t i = 0;
  while (i < library.gate_count && strcmp(library.gates[i]->names[0], gate->names[0]) != 0) i++;
  return i;
}

static void cover(struct coverage *coverage, const struct trial *trial) {
  const struct model *model = &trial->model;
  for (int op = 0; op < OP_COUNT; op++) coverage->ops[op] += trial->made.ops[op];
  for (size_t i = 0; i < library.gate_count; i++) coverage->gates[i] += trial->made.gates[i];
  for (size_t n = 0; n < model->node_count; n++)
    if (model->nodes[n].active) coverage->active[model->nodes[n].op]++;
  for (size_t i = 0; i < model->instance_count; i++)
    if (model->instances[i].own_rule) coverage->own_rules[gate_index(model->instances[i].gate)]++;
}

static bool has_own_rule(const struct stmt *gate) {
  for (size_t i = 0; i < gate->line_count; i++)
    if (gate->lines[i].target[0] == 'd') return true;
  return false;
}

static void assert_covered(const struct coverage *coverage, size_t least) {
  for (int op = 0; op < OP_COUNT; op++) {
    const struct op *row = &op_table[op];
    bool hidden = row->flags & OP_HIDDEN, has_rule = row->rules[0] || row->rules[1];
    if (hidden ? coverage->ops[op] > 0 : coverage->ops[op] < least)
      fail_msg("%s stands in %zu places", row->name, coverage->ops[op]);
    if (!hidden && has_rule && coverage->active[op] < least)
      fail_msg("a gradient flows through %s in %zu places", row->name, coverage->active[op]);
  }
  for (size_t i = 0; i < library.gate_count; i++) {
    const char *name = library.gates[i]->names[0];
    if (coverage->gates[i] < least) fail_msg("%s stands in %zu places", name, coverage->gates[i]);
    if (has_own_rule(library.gates[i]) && coverage->own_rules[i] < least)
      fail_msg("the rule of %s is used in %zu places", name, coverage->own_rules[i]);
  }
}

/* The model computes, to the bit, what the maker found by walking its trees: nothing is lost by
 * printing, parsing, naming, folding of constants and lowering. */
static void assert_values_of_the_tree(const struct trial *trial) {
  const struct random_frame *frame = &trial->made.frame;
  struct run run = run_model(&trial->model);
  for (size_t i = 0; i < frame->count; i++) {
    const struct random_tensor *value = &frame->items[i].value;
    int node = model_find(&trial->model, frame->items[i].name);
    assert_true(node >= 0);
    int slot = trial->model.nodes[node].slot;
    struct shape shape = model_shape(&trial->model, slot);
    if (shape_equal(shape, value->shape) &&
        memcmp(run_values(&run, slot), value->values, shape_count(shape) * sizeof(double)) == 0)
      continue;
    print_trial(trial);
    fail_msg("%s is not what the tree says: %u x %u, %.17g for %.17g", frame->items[i].name,
             shape.rows, shape.cols, *run_values(&run, slot), value->values[0]);
  }
  run_done(&run);
}

static void test_every_op_and_gate(void **state) {
  (void)state;
  static struct trial trial;
  static struct coverage coverage;
  struct tour tour = tour_begin("every op and gate", 0, 4000);
  for (uint32_t i = 0; i < tour.count; i++) {
    trial_begin(&trial, tour.seed + i, wishes_of(i));
    cover(&coverage, &trial);
    assert_values_of_the_tree(&trial);
    trial_end(&trial);
  }
  assert_covered(&coverage, tour.count >= 4000 ? 10 : 0);
  tour_end(&tour, "their values are those of the tree");
}

/* -- a correct model is never wrong -- */

static void count_verdict(size_t verdicts[], const struct trial *trial, const struct check *check) {
  verdicts[check->verdict]++;
  for (size_t i = 0; i < check->tensor_count; i++) {
    const struct tensor_check *tensor = &check->tensors[i];
    if (tensor->verdict != VERDICT_FAIL) continue;
    print_trial(trial);
    fail_msg("%s %s at entry %zu: g = %.17g, n = %.17g, slopes %g and %g, error %g",
             trial->model.nodes[tensor->node].name, reason_names[tensor->reason], tensor->entry,
             tensor->analytic[tensor->entry], tensor->numeric[tensor->entry], tensor->left,
             tensor->right, tensor->step_error);
  }
}

static void verdicts_end(const struct tour *tour, const size_t verdicts[], double least_share) {
  struct text text;
  text_init(&text);
  for (int v = 0; v < VERDICT_COUNT; v++)
    text_printf(&text, "%s%s %zu", v > 0 ? ", " : "", verdict_names[v], verdicts[v]);
  tour_end(tour, text_string(&text));
  text_done(&text);
  assert_true((double)verdicts[VERDICT_PASS] >= least_share * tour->count);
}

static void test_correct_models_are_never_wrong(void **state) {
  (void)state;
  static struct trial trial;
  size_t verdicts[VERDICT_COUNT] = {0};
  struct tour tour = tour_begin("correct", 400000, 10000);
  for (uint32_t i = 0; i < tour.count; i++) {
    trial_begin(&trial, tour.seed + i, wishes_of(i));
    fold_somehow(&trial, tour.seed + i);
    struct check check = run_check(&trial, &per_entry);
    count_verdict(verdicts, &trial, &check);
    check_done(&check);
    trial_end(&trial);
  }
  verdicts_end(&tour, verdicts, WIDE_IS_WIDE ? 0.9 : 0.65);
  /* Less than one in 1,000, and one of a small sample. */
  assert_true(!WIDE_IS_WIDE || verdicts[VERDICT_UNRELIABLE] <= 1 + tour.count / 1000);
}

/* Other steps, methods, precisions: the numerical side is worse, and is to blame for it. */
static void test_correct_models_in_other_ways(void **state) {
  (void)state;
  static struct trial trial;
  static const struct {
    const char *name;
    uint32_t count;
    double least_share; /* of PASS */
    struct check_options options;
  } ways[] = {
      {"step 1e-7", 600, 0.3, {.eps = 1e-7, .tolerance = -1}},
      {"step 0.1", 300, 0.1, {.eps = 0.1, .tolerance = -1}},
      {"forward", 300, WIDE_IS_WIDE ? 0.9 : 0.1, {.method = METHOD_FORWARD, .tolerance = -1}},
      {"richardson", 600, 0.6, {.method = METHOD_RICHARDSON, .tolerance = -1}},
      {"directions", 600, 0.6, {.directions = 5, .tolerance = -1}},
      {"overall", 600, 0.6, {.tolerance = 1e-7}},
      {"overall, step 1e-7", 600, 0.5, {.eps = 1e-7, .tolerance = 2e-7}},
      {"single", 60, WIDE_IS_WIDE ? 0.9 : 0, {.precision = PRECISION_SINGLE, .tolerance = -1}},
  };
  for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
    size_t verdicts[VERDICT_COUNT] = {0};
    struct check_options options = ways[way].options;
    struct tour tour = tour_begin(ways[way].name, 200000 + 10000 * (uint32_t)way,
                                  ways[way].count);
    options.frozen = true;
    options.threads = 1;
    for (uint32_t i = 0; i < tour.count; i++) {
      trial_begin(&trial, tour.seed + i, wishes_of(i));
      fold_somehow(&trial, tour.seed + i);
      struct check check = run_check(&trial, &options);
      count_verdict(verdicts, &trial, &check);
      check_done(&check);
      trial_end(&trial);
    }
    verdicts_end(&tour, verdicts, ways[way].least_share);
  }
}


/* -- a wrong pass is wrong -- */

/* What became of the mutants that a check as it is documented can see. */
struct tally {
  size_t made, unseen, verdicts[VERDICT_COUNT];
};

static const char *const mutations[] = {"1.001 * (", "2 * (", "-("};
enum { MUTATIONS = sizeof mutations / sizeof *mutations };

/* One line of the pass with its right side spoilt; false if there is none to spoil. */
static bool put_mutant(struct text *line, const struct model *model, uint32_t seed) {
  if (model->rule_count == 0) return false;
  const struct rule *rule = &model->rules[seed * 2654435761u % model->rule_count];
  text_puts(line, model->nodes[rule->node].name);
  if (rule->operand >= 0) text_printf(line, ":%d", rule->operand + 1);
  text_printf(line, ": %s %s %s", rule->target, rule->accumulate ? "+=" : "=",
              mutations[seed % MUTATIONS]);
  print_expr(line, rule->value);
  text_puts(line, ")");
  assert_false(line->failed);
  return true;
}

/* Whether an entry of the two gradients is farther apart than the test of either lets pass. */
static bool differs(const struct tensor_check *right, const struct tensor_check *wrong) {
  for (size_t i = 0; i < right->count; i++) {
    double a = right->analytic[i], b = wrong->analytic[i];
    if (!(fabs(a - b) <= 2.1 * (CHECK_ABSOLUTE + CHECK_RELATIVE * fmax(fabs(a), fabs(b)))))
      return true;
  }
  return false;
}

/* A tensor with a changed gradient must not pass as the right one does; what else is said of it
 * must be about its numerical side, unless the right one did not pass either. */
static void judge_mutant(const struct trial *trial, const struct text *line,
                         const struct check *right, const struct check *wrong,
                         struct tally *tally) {
  bool seen = false;
  for (size_t i = 0; i < right->tensor_count; i++) {
    const struct tensor_check *a = &right->tensors[i], *b = &wrong->tensors[i];
    if (!differs(a, b)) continue;
    seen = true;
    bool passes = b->verdict == VERDICT_PASS && a->verdict == VERDICT_PASS;
    bool excused = b->verdict == VERDICT_FAIL || b->reason == REASON_STEP_ERROR ||
                   b->reason == REASON_STRADDLES || b->reason == REASON_NUMERIC_NOT_FINITE ||
                   a->verdict != VERDICT_PASS;
    if (!passes && excused) continue;
    print_trial(trial);
    fail_msg("with %s, %s is %s (%s)", text_string(line), trial->model.nodes[a->node].name,
             verdict_names[b->verdict], reason_names[b->reason]);
  }
  tally->made++;
  if (seen) tally->verdicts[wrong->verdict]++;
  else tally->unseen++;
}

static void try_mutant(struct trial *trial, uint32_t seed, struct tally *tally) {
  struct check right = run_check(trial, &per_entry);
  struct text line;
  struct diag diag = {0};
  text_init(&line);
  if (put_mutant(&line, &trial->model, seed)) {
    if (model_add_bug(&trial->model, "mutant", line.bytes, line.length, &diag) != STATUS_OK) {
      print_trial(trial);
      fail_msg("%s: %s", text_string(&line), diag.message);
    }
    struct check wrong = run_check(trial, &per_entry);
    judge_mutant(trial, &line, &right, &wrong, tally);
    check_done(&wrong);
  }
  text_done(&line);
  check_done(&right);
}

static void test_mutants_are_wrong(void **state) {
  (void)state;
  static struct trial trial;
  struct tally tally = {0};
  size_t seen = 0;
  char found[160];
  struct tour tour = tour_begin("mutants", 500000, 3000);
  for (uint32_t i = 0; i < tour.count; i++) {
    trial_begin(&trial, tour.seed + i, wishes_of(i));
    fold_somehow(&trial, tour.seed + i);
    try_mutant(&trial, tour.seed + i, &tally);
    trial_end(&trial);
  }
  for (int v = 0; v < VERDICT_COUNT; v++) seen += tally.verdicts[v];
  snprintf(found, sizeof found, "%zu mutants, %zu too small to see; FAIL %zu, KINK %zu, "
           "UNRELIABLE %zu, INADEQUATE %zu, PASS %zu", tally.made, tally.unseen,
           tally.verdicts[VERDICT_FAIL], tally.verdicts[VERDICT_KINK],
           tally.verdicts[VERDICT_UNRELIABLE], tally.verdicts[VERDICT_INADEQUATE],
           tally.verdicts[VERDICT_PASS]);
  tour_end(&tour, found);
  assert_true(seen * 2 >= tally.made);
  assert_true((double)tally.verdicts[VERDICT_FAIL] >= 0.9 * (double)seen);
}

/* -- the numerical gradient has the same bits -- */

static void assert_same_slopes(const struct trial *trial, const struct check *a,
                               const struct check *b, const char *what) {
  for (size_t i = 0; i < a->tensor_count; i++) {
    const struct tensor_check *left = &a->tensors[i], *right = &b->tensors[i];
    size_t bytes = left->count * sizeof *left->numeric;
    if (memcmp(left->numeric, right->numeric, bytes) == 0 &&
        memcmp(left->analytic, right->analytic, bytes) == 0)
      continue;
    print_trial(trial);
    fail_msg("%s: %s", trial->model.nodes[left->node].name, what);
  }
}

/* All of it is worth more than one thread only from 128 slopes a tensor on. */
static struct check_options numeric_options(uint32_t seed) {
  struct check_options options = per_entry;
  options.metrics_only = true;
  options.method = (enum method)(seed % METHOD_COUNT);
  if (chance(seed, 6)) options.directions = 140;
  if (chance(seed, 9)) options.precision = PRECISION_SINGLE;
  return options;
}

/* Each set of instructions that this machine knows. */
static void assert_same_by_every_clone(const struct trial *trial, struct check_options options,
                                       const struct check *full) {
  enum clone best = clone_chosen;
  for (enum clone clone = CLONE_PORTABLE; clone < CLONE_COUNT; clone++) {
    if (clone == best || !clone_use(clone)) continue;
    struct check found = run_check(trial, &options);
    assert_same_slopes(trial, &found, full, clone_names[clone]);
    check_done(&found);
  }
  clone_use(best);
}

static void test_numeric_bits(void **state) {
  (void)state;
  static struct trial trial;
  struct tour tour = tour_begin("incremental and full", 600000, 2000);
  for (uint32_t i = 0; i < tour.count; i++) {
    uint32_t seed = tour.seed + i;
    trial_begin(&trial, seed, wishes_of(i));
    struct check_options options = numeric_options(seed);
    struct check quick = run_check(&trial, &options);
    options.threads = 2;
    struct check threads = run_check(&trial, &options);
    options.evaluate = EVALUATE_FULL;
    struct check full = run_check(&trial, &options);
    assert_same_slopes(&trial, &quick, &threads, "two threads find something else than one");
    assert_same_slopes(&trial, &quick, &full, "incremental is not full");
    options.evaluate = EVALUATE_INCREMENTAL;
    assert_same_by_every_clone(&trial, options, &full);
    check_done(&threads);
    check_done(&full);
    check_done(&quick);
    trial_end(&trial);
  }
  tour_end(&tour, "the same bits, on one thread and two, by every set of instructions");
}

/* Both passes shared out among a team give every value the bits that one thread gives it. */
static void test_stripes(void **state) {
  enum { TEAMS = 4 };
  (void)state;
  struct tour tour = tour_begin("shared out", 700000, 1500);
  struct team *teams[TEAMS];
  size_t shared = 0;
  for (int i = 0; i < TEAMS; i++) assert_non_null(teams[i] = team_new(i + 2));
  for (uint32_t i = 0; i < tour.count; i++) {
    struct trial trial;
    trial_begin(&trial, tour.seed + i, wishes_of(i));
    fold_somehow(&trial, i);
    const struct program *program = &trial.model.program;
    struct run alone = run_model(&trial.model), team;
    struct schedule forward, backward;
    assert_int_equal(run_init(&team, program, &trial.model.random, PRECISION_DOUBLE), STATUS_OK);
    assert_int_equal(schedule_init(&forward, &team, &program->forward, 0), STATUS_OK);
    assert_int_equal(schedule_init(&backward, &team, &program->backward, 0), STATUS_OK);
    schedule_run(&forward, teams[i % TEAMS], &team);
    schedule_run(&backward, teams[i % TEAMS], &team);
    for (size_t k = 0; k < program->size; k++) {
      if (memcmp(&alone.values[k], &team.values[k], sizeof(double)) == 0 ||
          (isnan(alone.values[k]) && isnan(team.values[k])))
        continue;
      print_trial(&trial);
      fail_msg("seed %u: other bits by %d threads", tour.seed + i, i % TEAMS + 2);
    }
    for (size_t k = 0; k < forward.count; k++)
      shared += forward.phases[k].shared;
    schedule_done(&forward), schedule_done(&backward);
    run_done(&alone), run_done(&team);
    trial_end(&trial);
  }
  for (int i = 0; i < TEAMS; i++) team_free(teams[i]);
  char found[80];
  snprintf(found, sizeof found, "%zu phases in stripes", shared);
  assert_true(shared > tour.count / 2);
  tour_end(&tour, found);
}

/* -- folding changes nothing -- */

/* Half a unit in the last place of what went into an entry, not of what came out of it, decides how
 * far two right rules may be apart: hence the largest entry. */
static void assert_near(const struct trial *trial, const struct check *a, const struct check *b) {
  for (size_t i = 0; i < a->tensor_count; i++) {
    const struct tensor_check *left = &a->tensors[i], *right = &b->tensors[i];
    double largest = 1e-3;
    for (size_t k = 0; k < left->count; k++) largest = fmax(largest, fabs(left->analytic[k]));
    for (size_t k = 0; k < left->count; k++) {
      if (fabs(left->analytic[k] - right->analytic[k]) <= 1e-9 * largest) continue;
      print_trial(trial);
      fail_msg("d%s[%zu]: %.17g folded, %.17g unfolded", trial->model.nodes[left->node].name, k,
               left->analytic[k], right->analytic[k]);
    }
  }
}

static void test_folding(void **state) {
  (void)state;
  static struct trial trial;
  struct check_options options = per_entry;
  size_t compared = 0;
  char found[80];
  options.metrics_only = true;
  struct tour tour = tour_begin("folded and unfolded", 700000, 3000);
  for (uint32_t i = 0; i < tour.count; i++) {
    trial_begin(&trial, tour.seed + i, wishes_of(i) & ~(unsigned)RANDOM_TIES);
    if (!trial.made.inexact) {
      struct check folded = run_check(&trial, &options);
      fold_all(&trial.model, false);
      struct check unfolded = run_check(&trial, &options);
      shuffle_folding(&trial.model, tour.seed + i);
      struct check mixed = run_check(&trial, &options);
      assert_near(&trial, &folded, &unfolded);
      assert_near(&trial, &folded, &mixed);
      for (size_t k = 0; k < folded.tensor_count; k++)
        assert_memory_equal(folded.tensors[k].numeric, unfolded.tensors[k].numeric,
                            folded.tensors[k].count * sizeof(double));
      check_done(&mixed);
      check_done(&unfolded);
      check_done(&folded);
      compared++;
    }
    trial_end(&trial);
  }
  snprintf(found, sizeof found, "%zu compared", compared);
  tour_end(&tour, found);
  assert_true(compared * 4 >= tour.count * 3);
}

/* -- what is printed is what it was -- */

/* Every node has the same value, every param the same gradient. */
static void assert_same_model(const struct trial *trial, const struct model *other,
                              const char *text) {
  const struct model *model = &trial->model;
  struct run a = run_model(model), b = run_model(other);
  bool same = model->node_count == other->node_count;
  for (size_t n = 0; same && n < model->node_count; n++) {
    const struct node *left = &model->nodes[n], *right = &other->nodes[n];
    size_t bytes = shape_count(model_shape(model, left->slot)) * sizeof(double);
    same = memcmp(run_values(&a, left->slot), run_values(&b, right->slot), bytes) == 0;
    if (same && left->kind == NODE_PARAM)
      same = memcmp(run_values(&a, left->gradient), run_values(&b, right->gradient), bytes) == 0;
    if (!same) print_error("%s differs\n", left->name);
  }
  run_done(&a);
  run_done(&b);
  if (same) return;
  print_trial(trial);
  fail_msg("%s", text);
}

static void reprint(const char *text, struct text *out) {
  struct source source = source_from("random", text, strlen(text));
  struct arena arena;
  struct syntax syntax;
  struct diag diag = {0};
  arena_init(&arena);
  assert_int_equal(parse_model(&source, &arena, &syntax, &diag), STATUS_OK);
  for (size_t i = 0; i < syntax.count; i++) print_stmt(out, &syntax.statements[i]);
  assert_false(out->failed);
  syntax_done(&syntax);
  arena_done(&arena);
}

static void assert_builds_the_same(const struct trial *trial, const char *text) {
  struct model model;
  struct source source;
  build(&model, &source, text);
  assert_same_model(trial, &model, "the text above and what was printed of it differ");
  model_done(&model);
}

/* A model's own rule lines, written down as its author's backward block, are the same pass. */
static void test_printing(void **state) {
  (void)state;
  static struct trial trial;
  struct tour tour = tour_begin("printed and parsed", 800000, 2000);
  for (uint32_t i = 0; i < tour.count; i++) {
    struct text printed, block;
    text_init(&printed);
    text_init(&block);
    trial_begin(&trial, tour.seed + i, wishes_of(i));
    reprint(trial.source.text, &printed);
    assert_builds_the_same(&trial, text_string(&printed));
    if (chance(tour.seed + i, 2)) fold_all(&trial.model, false);
    random_model_put_backward(&block, text_string(&printed), &trial.model);
    assert_builds_the_same(&trial, text_string(&block));
    trial_end(&trial);
    text_done(&printed);
    text_done(&block);
  }
  tour_end(&tour, "the same values and gradients, also by a backward block");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_op_and_gate),
      cmocka_unit_test(test_correct_models_are_never_wrong),
      cmocka_unit_test(test_correct_models_in_other_ways),
      cmocka_unit_test(test_mutants_are_wrong),
      cmocka_unit_test(test_numeric_bits),
      cmocka_unit_test(test_stripes),
      cmocka_unit_test(test_folding),
      cmocka_unit_test(test_printing),
  };
  random_library_init(&library);
  int failed = cmocka_run_group_tests_name("random", tests, NULL, NULL);
  random_library_done(&library);
  return failed;
}
