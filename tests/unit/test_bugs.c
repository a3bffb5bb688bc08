/* Protects the bugs: that the catalogue makes what its tables say, that the check sees every mutant
 * that can be seen (for every operation, every gate and every lesson), that the matrix and the
 * survey tell the truth about it, and that a hunt is fair and the same for everybody. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "bug/matrix.h"
#include "core/hash.h"
#include "game/hunt.h"
#include "io/loader.h"
#include "pieces.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- models -- */

struct subject {
  struct text text;
  struct source source;
  struct model model;
};

/* Whether the text is a model. */
static bool subject_try(struct subject *subject, struct diag *diag) {
  assert_false(subject->text.failed);
  subject->source = source_from("subject", text_string(&subject->text), subject->text.length);
  return model_build(&subject->model, &subject->source, &io_loader, diag) == STATUS_OK;
}

static void subject_build(struct subject *subject) {
  struct diag diag = {0};
  if (!subject_try(subject, &diag))
    fail_msg("%s: %s (%s)", subject->source.text, diag.message, diag.hint);
}

static void subject_start(struct subject *subject, const char *text) {
  text_init(&subject->text);
  text_puts(&subject->text, text);
  subject_build(subject);
}

static void subject_done(struct subject *subject) {
  model_done(&subject->model);
  text_done(&subject->text);
}

static enum status put(struct model *model, const char *text, struct diag *diag) {
  const struct source source = source_from("test", text, strlen(text));
  return bug_put(model, &source, diag);
}

static enum status answer_as(struct hunt *hunt, struct model *model, const char *text,
                             const struct hidden_bug **found, struct text *why, struct diag *diag) {
  const struct source answer = source_from("answer", text, strlen(text));
  return hunt_answer(hunt, model, &answer, found, why, diag);
}

static const char chain[] = "param x = -2\nparam y = 5\nparam z = -4\nq = x + y\nf = q * z\nloss f\n";

static const char layers[] =
    "seed 1\ndata X = randn(4, 3)\nparam W1 = randn(5, 4)\nparam b1 = randn(5, 1)\n"
    "param W2 = randn(3, 5)\nparam b2 = randn(3, 1)\nparam W3 = randn(1, 3)\n"
    "param b3 = randn(1, 1)\ndata Y = [1 1 0]\nm = cols(X)\nZ1 = W1 @ X + b1\nA1 = relu(Z1)\n"
    "Z2 = W2 @ A1 + b2\nA2 = relu(Z2)\nZ3 = W3 @ A2 + b3\nA3 = sigmoid(Z3)\n"
    "cost = sum(-log(A3) * Y - log(1 - A3) * (1 - Y)) / m\nbackward\n  dZ3 = A3 - Y\n"
    "  dW3 = 1/m * dZ3 @ A2.T\n  db3 = 1/m * sum(dZ3, 1)\n  dA2 = W3.T @ dZ3\n"
    "  dZ2 = dA2 * (A2 > 0)\n  dW2 = 1/m * dZ2 @ A1.T\n  db2 = 1/m * sum(dZ2, 1)\n"
    "  dA1 = W2.T @ dZ2\n  dZ1 = dA1 * (A1 > 0)\n  dW1 = 1/m * dZ1 @ X.T\n"
    "  db1 = 1/m * sum(dZ1, 1)\nend\n";

/* Small, and with everything in it that the rarer rewrites look for. */
static const char everything[] =
    "seed 3\ndata X = randn(4, 3)\ndata T = [1 0 0; 0 1 0; 0 0 1; 1 0 0]\nparam W = randn(3, 3)\n"
    "param b = randn(1, 3)\nparam V = randn(3, 3)\nH = tanh(X @ W + b)\nD = dropout(H, 0.5)\nS = D @ V + H\np = softmax(S)\n"
    "loss = sum(-T * log(p + 1e-7)) / rows(X) + l2_penalty(W, 0.1)\n";

/* -- the catalogue -- */

/* A mutant of a model by its id, with its first line. */
static const struct {
  const char *model, *id, *line;
} made[] = {
    {chain, "dq:sign", "dq = -(df * z)"},
    {chain, "dq:scale(2)", "dq = 2 * (df * z)"},
    {chain, "dq:scale(0.999)", "dq = 0.999 * (df * z)"},
    {chain, "dq:swapped-operands(z,q)", "dq = df * q"},
    {chain, "dq:quotient", "dq = df * f / q"},
    {chain, "dq:derivative-skipped", "dq = df"},
    {chain, "dq:derivative-twice", "dq = df * z * z"},
    {chain, "dq:upstream-dropped", "dq = z"},
    {chain, "dq:upstream-twice", "dq = df * df * z"},
    {chain, "dz:stale", "dz = df * (0.9 * x + y)"},
    {chain, "dx:not-zeroed", "dx = dx + dq"},
    {chain, "dx:clipped", "dx = max(min(dq, 0.1), -0.1)"},
    {layers, "dW2:scale(m)", "dW2 = 3 * (1 / m * dZ2 @ A1.T)"},
    {layers, "dW2:scale(1/m)", "dW2 = 1 / m * dZ2 @ A1.T / 3"},
    {layers, "dW2:integer-division", "dW2 = 0 * dZ2 @ A1.T"},
    {layers, "dW2:pre-activation(A1,Z1)", "dW2 = 1 / m * dZ2 @ Z1.T"},
    {layers, "dA2:updated-early", "dA2 = (W3 - 0.1 * dW3).T @ dZ3"},
    {layers, "dZ2:mask-from-gradient", "dZ2 = dA2 * (dA2 > 0)"},
    {layers, "dZ2:comparison(flipped)", "dZ2 = dA2 * (A2 < 0)"},
    {layers, "dZ2:comparison(shifted)", "dZ2 = dA2 * (A2 > 0.5)"},
    {layers, "dZ3:term-sign", "dZ3 = A3 + Y"},
    {layers, "dZ3:dropped-term", "dZ3 = A3"},
    {layers, "dZ3:wrong-cache(Y,W3)", "dZ3 = A3 - W3"},
    {layers, "db2:wrong-axis", "db2 = 1 / m * sum(dZ2, 0).T"},
    {layers, "db2:sum-to-scalar", "db2 = 1 / m * (sum(dZ2) * ones(rows(dZ2), 1))"},
    {layers, "db2:mean-for-sum", "db2 = 1 / m * (sum(dZ2, 1) / cols(dZ2))"},
    {layers, "db2:first-only", "db2 = 1 / m * (dZ2 @ unit(cols(dZ2), 1, 0))"},
    {layers, "dW1:one-entry", "dW1 = 1 / m * dZ1 @ X.T + 0.001 * unit(5, 4, 10)"},
};

static void test_mutants_read_as_the_tables_say(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
    struct subject subject;
    struct catalogue catalogue;
    struct diag diag = {0};
    subject_start(&subject, made[i].model);
    assert_int_equal(catalogue_make(&catalogue, &subject.model, &diag), STATUS_OK);
    const struct mutant *mutant = catalogue_find(&catalogue, made[i].id);
    if (!mutant) fail_msg("no mutant %s", made[i].id);
    if (strcmp(mutant->lines[0], made[i].line) != 0)
      fail_msg("%s is %s", mutant->id, mutant->lines[0]);
    catalogue_done(&catalogue);
    subject_done(&subject);
  }
}

/* Every row of kind.def has a mutant somewhere in these models. */
static void test_every_kind_is_made(void **state) {
  (void)state;
  const char *const models[] = {chain, layers, everything,
                                "param w0 = 2\nparam x0 = -1\nparam w1 = -3\nparam x1 = -2\n"
                                "p = w0 * x0\nq = w1 * x1\nr = p + q\nloss r\n"};
  bool *seen = calloc(bug_kind_count, sizeof *seen);
  for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
    struct subject subject;
    struct catalogue catalogue;
    struct diag diag = {0};
    subject_start(&subject, models[m]);
    assert_int_equal(catalogue_make(&catalogue, &subject.model, &diag), STATUS_OK);
    for (size_t i = 0; i < catalogue.count; i++)
      seen[catalogue.mutants[i].kind - bug_kinds] = true;
    catalogue_done(&catalogue);
    subject_done(&subject);
  }
  for (size_t k = 0; k < bug_kind_count; k++)
    if (!seen[k]) fail_msg("no model has a mutant of the kind %s", bug_kinds[k].name);
  free(seen);
}

/* Ids tell mutants apart, each can be put in by its id, and the model is as it was afterwards. */
static void test_every_mutant_fits(void **state) {
  (void)state;
  struct subject subject;
  struct catalogue catalogue;
  struct diag diag = {0};
  subject_start(&subject, everything);
  assert_int_equal(catalogue_make(&catalogue, &subject.model, &diag), STATUS_OK);
  assert_true(catalogue.count > 100);
  for (size_t i = 0; i < catalogue.count; i++) {
    const struct mutant *mutant = &catalogue.mutants[i];
    assert_ptr_equal(catalogue_find(&catalogue, mutant->id), mutant);
    if (put(&subject.model, mutant->id, &diag))
      fail_msg("%s: %s: %s", mutant->id, mutant->lines[0], diag.message);
    assert_int_equal(subject.model.bug_count, mutant->line_count);
    assert_int_equal(model_drop_bugs(&subject.model, 0, &diag), STATUS_OK);
  }
  for (size_t i = 0; i < subject.model.rule_count; i++)
    assert_null(subject.model.rules[i].original);
  catalogue_done(&catalogue);
  subject_done(&subject);
}

static void test_a_wrong_id_changes_nothing(void **state) {
  (void)state;
  struct subject subject;
  struct diag diag = {0};
  subject_start(&subject, chain);
  assert_int_equal(put(&subject.model, "dq:scale(3)", &diag), STATUS_USAGE);
  assert_non_null(strstr(diag.hint, "dq:scale(2)"));
  assert_int_equal(put(&subject.model, "dq = df @@ z", &diag), STATUS_DATA);
  assert_int_equal(put(&subject.model, "dq = [1 2] * df", &diag), STATUS_DATA);
  assert_int_equal(subject.model.bug_count, 0);
  subject_done(&subject);
}

/* -- switching bugs, hiding them -- */

static double gradient(const struct model *model, const char *name) {
  struct run run;
  assert_int_equal(run_init(&run, &model->program, &model->random, PRECISION_DOUBLE), STATUS_OK);
  run_code(&run, &model->program.forward, 0);
  run_code(&run, &model->program.backward, 0);
  double value = *run_values(&run, model->nodes[model_find(model, name)].gradient);
  run_done(&run);
  return value;
}

static const struct rule *rule_for(const struct model *model, const char *target) {
  for (size_t i = 0; i < model->rule_count; i++)
    if (strcmp(model->rules[i].target, target) == 0) return &model->rules[i];
  fail_msg("no line for %s", target);
  return NULL;
}

static void test_bugs_can_be_switched(void **state) {
  (void)state;
  struct subject subject;
  struct diag diag = {0};
  subject_start(&subject, chain);
  struct model *model = &subject.model;
  assert_true(gradient(model, "x") == -4);
  assert_int_equal(put(model, "dq = df * q", &diag), STATUS_OK);
  assert_int_equal(put(model, "dq = 2 * df * z", &diag), STATUS_OK);
  assert_true(gradient(model, "x") == -8); /* the last in force wins */
  assert_int_equal(model_switch_bug(model, 1, true, &diag), STATUS_OK);
  assert_true(gradient(model, "x") == 3);
  assert_string_equal(rule_for(model, "dq")->original, "dq = df * z");
  assert_int_equal(model_switch_bug(model, 0, true, &diag), STATUS_OK);
  assert_true(gradient(model, "x") == -4);
  assert_null(rule_for(model, "dq")->original);
  assert_int_equal(model_switch_bug(model, 1, false, &diag), STATUS_OK);
  assert_true(gradient(model, "x") == -8);
  subject_done(&subject);
}

static void test_a_hidden_bug_runs_but_does_not_show(void **state) {
  (void)state;
  struct subject subject;
  struct diag diag = {0};
  const char line[] = "dq = df * q", mine[] = "dq = df * z";
  subject_start(&subject, chain);
  struct model *model = &subject.model;
  assert_int_equal(model_hide_bug(model, "test", line, strlen(line), &diag), STATUS_OK);
  assert_string_equal(rule_for(model, "dq")->text, "dq = df * z");
  assert_null(rule_for(model, "dq")->original);
  assert_true(gradient(model, "x") == 3);
  assert_int_equal(model_add_bug(model, "test", mine, strlen(mine), &diag), STATUS_OK);
  assert_true(gradient(model, "x") == -4); /* what the player writes is what runs */
  subject_done(&subject);
}

/* -- what the check catches -- */

enum { CHOSEN = 0 };

struct tally {
  size_t mutants, caught, same, small, undecided;
};

/* A mutant that changes a gradient must be caught, or change it by less than the check lets pass,
 * or the check must say that it cannot tell. */
static void judge(const struct matrix *matrix, const char *text, struct tally *tally) {
  for (size_t i = 0; i < matrix->catalogue.count; i++) {
    const struct matrix_cell *cell = matrix_cell(matrix, i, CHOSEN);
    const struct mutant *mutant = &matrix->catalogue.mutants[i];
    tally->mutants++;
    tally->caught += cell->outcome == OUTCOME_CAUGHT;
    tally->same += cell->outcome == OUTCOME_EQUIVALENT;
    tally->undecided += cell->outcome == OUTCOME_UNDECIDED;
    if (cell->outcome != OUTCOME_MISSED) continue;
    tally->small++;
    if (!(cell->change <= 10 * CHECK_RELATIVE)) {
      print_error("%s\n", text);
      fail_msg("missed %s: %s, which changes a gradient by %g of its largest entry", mutant->id,
               mutant->lines[0], cell->change);
    }
  }
}

static void run_matrix(struct matrix *matrix, const struct model *model, int threads) {
  struct diag diag = {0};
  struct matrix_options options = {.loader = &io_loader, .frozen = true, .threads = threads};
  if (matrix_run(matrix, model, &options, &diag) != STATUS_OK) fail_msg("%s", diag.message);
}

/* A subject that is built; ends it. */
static void judge_subject(struct subject *subject, struct tally *tally) {
  struct matrix matrix;
  run_matrix(&matrix, &subject->model, 1);
  assert_int_equal(matrix.own[CHOSEN], OUTCOME_EQUIVALENT);
  judge(&matrix, subject->source.text, tally);
  matrix_done(&matrix);
  subject_done(subject);
}

static void try_subject(struct subject *subject, struct tally *tally) {
  subject_build(subject);
  judge_subject(subject, tally);
}

static void report(const char *what, const struct tally *tally) {
  print_message("# %s: %zu mutants, %zu caught, %zu the same, %zu too small to see, %zu undecided\n",
                what, tally->mutants, tally->caught, tally->same, tally->small, tally->undecided);
}

static void test_every_op(void **state) {
  (void)state;
  struct tally tally = {0};
  for (int op = 0; op < OP_COUNT; op++) {
    const struct op *row = &op_table[op];
    struct site site = {row, AXIS_ALL, {{3, 4}, {3, 4}}, false};
    struct shape out;
    if (!row->rules[0] && !row->rules[1]) continue;
    if (op == OP_MATMUL) site.shapes[1] = (struct shape){4, 3};
    assert_true(row->shape(site.shapes, site.axis, &out));
    for (int axis = AXIS_ALL; axis <= (row->flags & OP_AXIS ? AXIS_ACROSS : AXIS_ALL); axis++) {
      struct subject subject;
      site.axis = axis;
      text_init(&subject.text);
      text_puts(&subject.text, "seed 11\n");
      put_site(&subject.text, &site);
      try_subject(&subject, &tally);
    }
  }
  report("operations", &tally);
  assert_true(tally.caught > 3 * (tally.same + tally.small + tally.undecided));
}

/* GATE of the first shapes that it takes. */
static void start_gate(struct subject *subject, const struct stmt *gate, struct sizes sizes) {
  struct diag diag = {0};
  for (size_t choice = 0;; choice++) {
    text_init(&subject->text);
    text_puts(&subject->text, "seed 12\n");
    if (!put_gate(&subject->text, gate, sizes, choice))
      fail_msg("%s takes no shapes that are tried", gate->names[0]);
    if (subject_try(subject, &diag)) return;
    subject_done(subject);
  }
}

static void test_every_gate(void **state) {
  (void)state;
  struct gates gates;
  struct diag diag = {0};
  struct tally tally = {0};
  assert_int_equal(gates_read(&gates, &diag), STATUS_OK);
  for (size_t i = 0; i < gates.syntax.count; i++)
    for (int batch = 3; batch <= 4; batch++) {
      struct subject subject;
      start_gate(&subject, &gates.syntax.statements[i], (struct sizes){batch, 4, 2});
      judge_subject(&subject, &tally);
    }
  report("gates", &tally);
  assert_true(tally.caught > 3 * (tally.same + tally.small + tally.undecided));
  gates_done(&gates);
}

static void test_the_famous_networks(void **state) {
  (void)state;
  const char *const texts[] = {chain, layers, everything};
  struct tally tally = {0};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct subject subject;
    text_init(&subject.text);
    text_puts(&subject.text, texts[i]);
    try_subject(&subject, &tally);
  }
  report("networks", &tally);
  assert_true(tally.caught > 3 * (tally.same + tally.small + tally.undecided));
}

/* The notes' two accidents. J / theta is right where it was tried, and only there it cannot be
 * seen: theta = 0 shows it. */
static void test_the_accidents_of_the_notes(void **state) {
  (void)state;
  struct subject subject;
  struct matrix matrix;
  subject_start(&subject, "param x = 2\nparam theta = 4\nJ = theta * x\nloss J\n");
  run_matrix(&matrix, &subject.model, 1);
  for (size_t i = 0; i < matrix.catalogue.count; i++)
    if (strcmp(matrix.catalogue.mutants[i].id, "dtheta:quotient") == 0)
      assert_int_equal(matrix_cell(&matrix, i, CHOSEN)->outcome, OUTCOME_EQUIVALENT);
  matrix_done(&matrix);
  subject_done(&subject);
  subject_start(&subject, "param x = 2\nparam theta = 0\nJ = theta * x\nloss J\n");
  run_matrix(&matrix, &subject.model, 1);
  bool found = false;
  for (size_t i = 0; i < matrix.catalogue.count; i++)
    if (strcmp(matrix.catalogue.mutants[i].id, "dtheta:quotient") == 0) {
      found = true;
      assert_int_equal(matrix_cell(&matrix, i, CHOSEN)->outcome, OUTCOME_CAUGHT);
    }
  assert_true(found);
  matrix_done(&matrix);
  subject_done(&subject);
}

/* The verdict of TRIAL's check on its own, which shares nothing with any other but the slopes. */
static enum verdict verdict_alone(struct model *model, const struct bug_trial *trial,
                                  const struct check *base) {
  struct check check;
  struct diag diag = {0};
  const struct check_options options = {.eps = trial->eps, .tolerance = trial->tolerance,
                                        .precision = trial->precision, .frozen = true,
                                        .directions = trial->directions, .numeric_from = base,
                                        .threads = 1};
  assert_int_equal(check_run(&check, model, &options, &diag), STATUS_OK);
  const enum verdict verdict = check.verdict;
  check_done(&check);
  return verdict;
}

static enum outcome outcome_of(enum verdict verdict, double change) {
  if (verdict == VERDICT_FAIL) return OUTCOME_CAUGHT;
  if (change <= 1e-12) return OUTCOME_EQUIVALENT;
  return verdict == VERDICT_PASS ? OUTCOME_MISSED : OUTCOME_UNDECIDED;
}

/* What the checks of a matrix share is right for each: in single precision they look closely at the
 * same entries again and again, some beside kinks. */
static void test_a_matrix_says_what_its_checks_say(void **state) {
  (void)state;
  struct subject subject;
  struct matrix matrix;
  struct diag diag = {0};
  subject_start(&subject, layers);
  run_matrix(&matrix, &subject.model, 2);
  for (size_t t = 0; t < bug_trial_count; t++) {
    const struct bug_trial *trial = &bug_trials[t];
    struct check base;
    if (trial->point != POINT_HERE || trial->mean_abs > 0 || matrix.own[t] == OUTCOME_CAUGHT)
      continue;
    const struct check_options options = {.eps = trial->eps, .tolerance = trial->tolerance,
                                          .precision = trial->precision, .frozen = true,
                                          .directions = trial->directions, .threads = 1};
    assert_int_equal(check_run(&base, &subject.model, &options, &diag), STATUS_OK);
    for (size_t i = 0; i < matrix.catalogue.count; i++) {
      const struct matrix_cell *cell = matrix_cell(&matrix, i, t);
      const struct mutant *mutant = &matrix.catalogue.mutants[i];
      assert_int_equal(mutant_apply(mutant, &subject.model, false, &diag), STATUS_OK);
      const enum verdict verdict = verdict_alone(&subject.model, trial, &base);
      if (cell->outcome != outcome_of(verdict, cell->change))
        fail_msg("%s, %s: %s, but its own check says %s", mutant->id, trial->name,
                 outcome_names[cell->outcome], verdict_names[verdict]);
      assert_int_equal(model_drop_bugs(&subject.model, 0, &diag), STATUS_OK);
    }
    check_done(&base);
  }
  matrix_done(&matrix);
  subject_done(&subject);
}

static void test_threads_change_nothing(void **state) {
  (void)state;
  struct subject subject;
  struct matrix one, two;
  subject_start(&subject, layers);
  run_matrix(&one, &subject.model, 1);
  run_matrix(&two, &subject.model, 2);
  assert_int_equal(one.catalogue.count, two.catalogue.count);
  for (size_t i = 0; i < one.catalogue.count; i++)
    for (size_t t = 0; t < bug_trial_count; t++) {
      const struct matrix_cell *a = matrix_cell(&one, i, t), *b = matrix_cell(&two, i, t);
      assert_int_equal(a->outcome, b->outcome);
      assert_memory_equal(&a->change, &b->change, sizeof a->change);
    }
  matrix_done(&one);
  matrix_done(&two);
  subject_done(&subject);
}

/* The survey, which runs no numerical gradient, and the matrix agree on what passes. */
static void test_the_survey_agrees_with_the_matrix(void **state) {
  (void)state;
  struct subject subject;
  struct matrix matrix;
  struct survey survey;
  struct diag diag = {0};
  size_t passing = 0;
  subject_start(&subject, layers);
  run_matrix(&matrix, &subject.model, 1);
  const struct survey_options options = {.frozen = true};
  assert_int_equal(survey_run(&survey, &subject.model, &options, &diag), STATUS_OK);
  assert_true(survey.complete);
  for (size_t i = 0; i < matrix.catalogue.count; i++) {
    enum outcome outcome = matrix_cell(&matrix, i, CHOSEN)->outcome;
    const char *id = matrix.catalogue.mutants[i].id;
    bool blind = false;
    for (size_t b = 0; b < survey.blind_count; b++) blind |= strcmp(survey.blind[b], id) == 0;
    passing += outcome == OUTCOME_EQUIVALENT || outcome == OUTCOME_MISSED;
    if (blind != (outcome == OUTCOME_EQUIVALENT || outcome == OUTCOME_MISSED))
      fail_msg("%s: the matrix says %s", id, outcome_names[outcome]);
  }
  assert_int_equal(survey.blind_count, passing);
  assert_int_equal(survey.mutants, matrix.catalogue.count);
  assert_int_equal(survey.same + survey.small, survey.blind_count);
  assert_int_equal(subject.model.bug_count, 0);
  survey_done(&survey);
  matrix_done(&matrix);
  subject_done(&subject);
}

static void test_a_matrix_can_be_stopped(void **state) {
  (void)state;
  struct subject subject;
  struct matrix matrix;
  struct diag diag = {0};
  volatile sig_atomic_t cancel = 1;
  struct matrix_options options = {.loader = &io_loader, .cancel = &cancel};
  subject_start(&subject, layers);
  assert_int_equal(matrix_run(&matrix, &subject.model, &options, &diag), STATUS_CANCELLED);
  matrix_done(&matrix);
  subject_done(&subject);
}

/* -- hunts -- */

static void begin(struct hunt *hunt, struct subject *subject, uint32_t seed, int level, int bugs) {
  struct diag diag = {0};
  struct hunt_options options = {.seed = seed, .level = level, .bugs = bugs, .frozen = true};
  if (hunt_begin(hunt, &subject->model, &options, &diag) != STATUS_OK)
    fail_msg("seed %u, level %d: %s", seed, level, diag.message);
}

static bool check_fails(const struct model *model) {
  struct check check;
  struct check_options options = {.tolerance = -1, .frozen = true, .threads = 1};
  struct diag diag = {0};
  assert_int_equal(check_run(&check, model, &options, &diag), STATUS_OK);
  bool fails = check.verdict == VERDICT_FAIL;
  check_done(&check);
  return fails;
}

static void test_a_hunt_hides_what_a_check_can_see(void **state) {
  (void)state;
  const char *const texts[] = {chain, layers, everything};
  for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
    for (uint32_t seed = 0; seed < 20; seed++)
      for (int level = 1; level < HARDEST_LEVEL; level++) {
        struct subject subject;
        struct hunt hunt, again;
        subject_start(&subject, texts[t]);
        begin(&hunt, &subject, seed, level, 1);
        assert_true(hunt.bugs[0].mutant.kind->level <= level);
        assert_true(check_fails(&subject.model));
        for (size_t i = 0; i < subject.model.rule_count; i++)
          assert_null(subject.model.rules[i].original);
        begin(&again, &subject, seed, level, 1);
        assert_string_equal(again.bugs[0].mutant.id, hunt.bugs[0].mutant.id);
        hunt_done(&hunt);
        hunt_done(&again);
        subject_done(&subject);
      }
}

/* The same on every machine: figures to compare with. */
static void test_the_seed_decides(void **state) {
  (void)state;
  struct subject subject;
  struct text ids;
  text_init(&ids);
  subject_start(&subject, layers);
  for (uint32_t seed = 0; seed < 6; seed++) {
    struct hunt hunt;
    begin(&hunt, &subject, seed, 1 + (int)seed % HARDEST_LEVEL, 1);
    text_printf(&ids, "%s ", hunt.bugs[0].mutant.id);
    hunt_done(&hunt);
  }
  assert_string_equal(text_string(&ids),
                      "dW2:scale(2) dW2:dropped-factor dZ3:swapped-operands dA1:not-zeroed "
                      "db1:one-entry db2:scale(2) ");
  text_done(&ids);
  subject_done(&subject);
}

/* A model with more lines hides what it did, or something new; that goes for a catalogue that has
 * grown, too. */
static void test_a_seed_outlives_what_is_new(void **state) {
  enum { SEEDS = 100 };
  static const char less[] = "param x = -2; param y = 5; param z = -4; q = x + y; f = q * z";
  static const char more[] = "param e = 3; h = e * e; param x = -2; param y = 5; param z = -4\n"
                             "q = x + y; f = q * z; L = h + f";
  (void)state;
  int kept = 0;
  for (uint32_t seed = 0; seed < SEEDS; seed++) {
    struct subject before, after;
    struct hunt hunts[2];
    subject_start(&before, less);
    subject_start(&after, more);
    begin(&hunts[0], &before, seed, 1, 1);
    begin(&hunts[1], &after, seed, 1, 1);
    const struct hidden_bug *was = &hunts[0].bugs[0], *is = &hunts[1].bugs[0];
    const bool same = strcmp(was->mutant.id, is->mutant.id) == 0;
    kept += same;
    if (!same && !strchr("efh", is->target[1]))
      fail_msg("seed %u: %s became %s", seed, was->mutant.id, is->mutant.id);
    for (int i = 0; i < 2; i++) hunt_done(&hunts[i]);
    subject_done(&before);
    subject_done(&after);
  }
  assert_in_range(kept, SEEDS / 4, SEEDS - 1);
}

/* A hash of all mutants of TEXT in EDITION of the catalogue. */
static uint64_t catalogue_hash(const char *text, int edition) {
  struct subject subject;
  struct catalogue catalogue;
  struct diag diag = {0};
  uint64_t hash = HASH_START;
  subject_start(&subject, text);
  assert_int_equal(catalogue_make_edition(&catalogue, &subject.model, edition, &diag), STATUS_OK);
  for (size_t i = 0; i < catalogue.count; i++) {
    const struct mutant *mutant = &catalogue.mutants[i];
    hash = hash_bytes(hash, mutant->id, strlen(mutant->id));
    for (size_t k = 0; k < mutant->line_count; k++)
      hash = hash_bytes(hash, mutant->lines[k], strlen(mutant->lines[k]));
  }
  catalogue_done(&catalogue);
  subject_done(&subject);
  return hash;
}

/* A hash of what some hunts of TEXT hide. */
static uint64_t hunts_hash(const char *text) {
  uint64_t hash = HASH_START;
  for (uint32_t seed = 0; seed < 40; seed++) {
    struct subject subject;
    struct hunt hunt;
    subject_start(&subject, text);
    begin(&hunt, &subject, seed, 1 + (int)seed % HARDEST_LEVEL, 2);
    for (size_t i = 0; i < hunt.count; i++)
      hash = hash_bytes(hash, hunt.bugs[i].mutant.id, strlen(hunt.bugs[i].mutant.id));
    hunt_done(&hunt);
    subject_done(&subject);
  }
  return hash;
}

/* Hunts that were handed out go on hiding what they hid: the first edition of the catalogue is
 * what it was, whatever came later. */
static void test_the_first_edition_stays(void **state) {
  static const struct {
    const char *text;
    uint64_t catalogue, hunts;
  } kept[] = {
      {chain, UINT64_C(0x1a474da086fce09e), UINT64_C(0x89685868132d74d2)},
      {layers, UINT64_C(0x6ae3477985af06bc), UINT64_C(0xed7d735fa4e6371b)},
  };
  (void)state;
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
    const uint64_t catalogue = catalogue_hash(kept[i].text, FIRST_EDITION);
    const uint64_t hunts = hunts_hash(kept[i].text);
    if (catalogue == kept[i].catalogue && hunts == kept[i].hunts) continue;
    fail_msg("the first edition of the catalogue has changed (0x%016" PRIx64 ", 0x%016" PRIx64
             "): what comes later wants a row LATER_KIND or LATER_REWRITE",
             catalogue, hunts);
  }
}

/* An edition is the one before and what came with it. */
static void test_editions_grow(void **state) {
  struct subject subject;
  struct diag diag = {0};
  size_t before = 0;
  (void)state;
  subject_start(&subject, layers);
  for (int edition = FIRST_EDITION; edition <= catalogue_newest(); edition++) {
    struct catalogue catalogue;
    assert_int_equal(catalogue_make_edition(&catalogue, &subject.model, edition, &diag), STATUS_OK);
    assert_true(catalogue.count > before);
    for (size_t i = 0; i < catalogue.count; i++)
      assert_in_range(catalogue.mutants[i].kind->edition, FIRST_EDITION, edition);
    before = catalogue.count;
    catalogue_done(&catalogue);
  }
  for (int i = 0; i < 2; i++) {
    struct catalogue catalogue;
    const int none = i == 0 ? -1 : catalogue_newest() + 1;
    assert_int_equal(catalogue_make_edition(&catalogue, &subject.model, none, &diag), STATUS_USAGE);
    catalogue_done(&catalogue);
  }
  subject_done(&subject);
}

static void test_a_hunt_won(void **state) {
  (void)state;
  struct subject subject;
  struct hunt hunt;
  struct diag diag = {0};
  struct text why;
  const struct hidden_bug *found;
  char answer[200];
  text_init(&why);
  subject_start(&subject, layers);
  begin(&hunt, &subject, 4, 2, 3);
  assert_int_equal(hunt.count, 3);
  assert_int_equal(hunt_score(&hunt), 0); /* nothing found yet */
  hunt_act(&hunt, HUNT_CHECK);
  for (size_t i = 0; i < 3; i++) { /* by kind, by node's name, by the right line */
    const struct hidden_bug *hidden = &hunt.bugs[i];
    if (i < 2)
      snprintf(answer, sizeof answer, "%s %s", hidden->target + (i == 1),
               hidden->mutant.kind->name);
    else
      snprintf(answer, sizeof answer, "%s", hidden->original);
    assert_int_equal(answer_as(&hunt, &subject.model, answer, &found, &why, &diag), STATUS_OK);
    assert_ptr_equal(found, hidden);
    assert_int_equal(hunt.over, i == 2);
  }
  assert_false(check_fails(&subject.model));
  assert_int_equal(hunt_score(&hunt), 100 - hunt_prices[HUNT_CHECK].points);
  assert_int_equal(answer_as(&hunt, &subject.model, answer, &found, &why, &diag), STATUS_USAGE);
  text_done(&why);
  hunt_done(&hunt);
  subject_done(&subject);
}

static void test_a_hunt_lost(void **state) {
  (void)state;
  struct subject subject;
  struct hunt hunt;
  struct diag diag = {0};
  struct text why, hints;
  const struct hidden_bug *found;
  text_init(&why);
  text_init(&hints);
  subject_start(&subject, layers);
  begin(&hunt, &subject, 0, 1, 1);
  const char *target = hunt.bugs[0].target;
  const char *elsewhere = strcmp(target, "dW1") == 0 ? "dW3" : "dW1";
  char answer[200];
  snprintf(answer, sizeof answer, "%s sign", elsewhere);
  assert_int_equal(answer_as(&hunt, &subject.model, answer, &found, &why, &diag), STATUS_OK);
  assert_null(found);
  assert_non_null(strstr(text_string(&why), "is right"));
  snprintf(answer, sizeof answer, "%s quotient", target);
  assert_int_equal(answer_as(&hunt, &subject.model, answer, &found, &why, &diag), STATUS_OK);
  assert_null(found);
  assert_non_null(strstr(text_string(&why), "not in this way"));
  assert_int_equal(hunt.acts[HUNT_WRONG], 2);
  assert_int_equal(answer_as(&hunt, &subject.model, "dW1 sgin", &found, &why, &diag),
                   STATUS_USAGE);
  assert_non_null(strstr(diag.hint, "sign"));
  assert_int_equal(answer_as(&hunt, &subject.model, "nowhere sign", &found, &why, &diag),
                   STATUS_USAGE);
  assert_int_equal(hunt.acts[HUNT_WRONG], 2); /* slips are free */
  for (int i = 0; i < HUNT_HINTS; i++)
    assert_int_equal(hunt_hint(&hunt, &hints, &diag), STATUS_OK);
  assert_non_null(strstr(text_string(&hints), target));
  assert_int_equal(hunt_hint(&hunt, &hints, &diag), STATUS_USAGE);
  assert_true(check_fails(&subject.model));
  assert_int_equal(hunt_end(&hunt, &subject.model, &diag), STATUS_OK);
  assert_true(hunt.over);
  assert_false(check_fails(&subject.model));
  assert_int_equal(hunt_score(&hunt), 0);
  text_done(&why);
  text_done(&hints);
  hunt_done(&hunt);
  subject_done(&subject);
}

static void test_scores(void **state) {
  (void)state;
  struct hunt hunt = {.count = 2, .seconds = 150};
  hunt.bugs[0].found = true;
  hunt_act(&hunt, HUNT_CHECK);
  hunt_act(&hunt, HUNT_HINT_1);
  unsigned cost = hunt_prices[HUNT_CHECK].points + hunt_prices[HUNT_HINT_1].points +
                  2 * HUNT_MINUTE_POINTS;
  assert_int_equal(hunt_score(&hunt), (HUNT_FULL_SCORE - cost) / 2);
  for (int i = 0; i < 100; i++) hunt_act(&hunt, HUNT_WRONG);
  assert_int_equal(hunt_score(&hunt), 0);
}

static void test_impossible_hunts(void **state) {
  (void)state;
  struct subject subject;
  struct hunt hunt;
  struct diag diag = {0};
  const struct hunt_options too[] = {{.level = 0, .bugs = 1}, {.level = 6, .bugs = 1},
                                     {.level = 1, .bugs = 0}, {.level = 1, .bugs = 10}};
  subject_start(&subject, chain);
  for (size_t i = 0; i < sizeof too / sizeof *too; i++) {
    assert_int_equal(hunt_begin(&hunt, &subject.model, &too[i], &diag), STATUS_USAGE);
    hunt_done(&hunt);
  }
  struct hunt_options more = {.level = 1, .bugs = 9}; /* lines than the model has */
  assert_int_equal(hunt_begin(&hunt, &subject.model, &more, &diag), STATUS_DATA);
  assert_int_equal(subject.model.bug_count, 0);
  hunt_done(&hunt);
  subject_done(&subject);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_mutants_read_as_the_tables_say),
      cmocka_unit_test(test_every_kind_is_made),
      cmocka_unit_test(test_every_mutant_fits),
      cmocka_unit_test(test_a_wrong_id_changes_nothing),
      cmocka_unit_test(test_bugs_can_be_switched),
      cmocka_unit_test(test_a_hidden_bug_runs_but_does_not_show),
      cmocka_unit_test(test_every_op),
      cmocka_unit_test(test_every_gate),
      cmocka_unit_test(test_the_famous_networks),
      cmocka_unit_test(test_the_accidents_of_the_notes),
      cmocka_unit_test(test_a_matrix_says_what_its_checks_say),
      cmocka_unit_test(test_threads_change_nothing),
      cmocka_unit_test(test_the_survey_agrees_with_the_matrix),
      cmocka_unit_test(test_a_matrix_can_be_stopped),
      cmocka_unit_test(test_a_hunt_hides_what_a_check_can_see),
      cmocka_unit_test(test_the_seed_decides),
      cmocka_unit_test(test_a_seed_outlives_what_is_new),
      cmocka_unit_test(test_the_first_edition_stays),
      cmocka_unit_test(test_editions_grow),
      cmocka_unit_test(test_a_hunt_won),
      cmocka_unit_test(test_a_hunt_lost),
      cmocka_unit_test(test_scores),
      cmocka_unit_test(test_impossible_hunts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
