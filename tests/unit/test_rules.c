/* Protects the one idea: the rule that is read is the rule that runs, and it is right. Every example
 * of op.def must hold. Every rule of op.def and every gate of the prelude, folded and unfolded, must
 * pass the gradient check at random points under a random upstream gradient; each of their lines,
 * spoilt in a small way, must fail it; and no random composition of correct pieces may ever be called
 * wrong. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "check/check.h"
#include "core/random.h"
#include "lang/parse.h"
#include "lang/print.h"
#include "lang/rules.h"
#include "pieces.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OP_ROUNDS = 2, GATE_ROUNDS = 5, COMPOSITES = 2400 };

/* -- a model under test -- */

struct trial {
  struct text text;
  struct source source;
  struct model model;
  enum evaluate evaluate;
  double eps;
};

static struct random generator;

static int pick(int count) {
  return (int)(random_uniform(&generator) * count);
}

static void trial_begin(struct trial *trial) {
  *trial = (struct trial){.evaluate = EVALUATE_INCREMENTAL};
  text_init(&trial->text);
  text_printf(&trial->text, "seed %u\n", random_bits(&generator));
}

/* Whether the text is a model. */
static bool trial_try(struct trial *trial, struct diag *diag) {
  assert_false(trial->text.failed);
  trial->source = source_from("trial", text_string(&trial->text), trial->text.length);
  return model_build(&trial->model, &trial->source, NULL, diag) == STATUS_OK;
}

static void trial_build(struct trial *trial) {
  struct diag diag = {0};
  if (trial_try(trial, &diag)) return;
  fail_msg("%s: %s (%s)", trial->source.text, diag.message, diag.hint);
}

static void trial_end(struct trial *trial) {
  model_done(&trial->model);
  text_done(&trial->text);
}

static void trial_fold(struct trial *trial, bool folded) {
  struct diag diag = {0};
  assert_int_equal(model_fold(&trial->model, NULL, folded, &diag), STATUS_OK);
}

/* Caller ends it with check_done(). */
static struct check trial_check(const struct trial *trial) {
  struct check check;
  struct diag diag = {0};
  struct check_options options = {.tolerance = -1, .frozen = true, .threads = 1,
                                  .evaluate = trial->evaluate, .eps = trial->eps};
  if (check_run(&check, &trial->model, &options, &diag) != STATUS_OK)
    fail_msg("%s: %s", trial->source.text, diag.message);
  return check;
}

/* The model and its rule lines, piece by piece, since cmocka cuts long messages. */
static void print_trial(const struct trial *trial) {
  print_error("%s\n", trial->source.text);
  for (size_t i = 0; i < trial->model.rule_count; i++)
    print_error("%s\n", trial->model.rules[i].text);
}

static void fail_tensor(const struct trial *trial, const struct check *check, size_t i) {
  const struct tensor_check *tensor = &check->tensors[i];
  print_trial(trial);
  fail_msg("%s is %s (%s) at entry %zu: g = %.17g, n = %.17g, slopes %g and %g, error %g",
           trial->model.nodes[tensor->node].name, verdict_names[tensor->verdict],
           reason_names[tensor->reason], tensor->entry, tensor->analytic[tensor->entry],
           tensor->numeric[tensor->entry], tensor->left, tensor->right, tensor->step_error);
}

static double largest(const double *values, size_t count) {
  double most = 0;
  for (size_t i = 0; i < count; i++) most = fmax(most, fabs(values[i]));
  return most;
}

/* A correct model at a point in general position: PASS, or INADEQUATE where the gradient is 0. */
static void assert_passes(const struct trial *trial, const struct check *check) {
  for (size_t i = 0; i < check->tensor_count; i++) {
    const struct tensor_check *tensor = &check->tensors[i];
    bool zero = largest(tensor->analytic, tensor->count) <= 1e-12;
    if (tensor->verdict != (zero ? VERDICT_INADEQUATE : VERDICT_PASS))
      fail_tensor(trial, check, i);
  }
}

/* -- mutants -- */

enum { MOST_LINES = 1000, SURE_MUTANTS = 2 };

struct tally {
  size_t mutants, caught, same, faint, misfits;
};

/* `a + (a == 0)` differs from a at 0 only, where test_limits.c looks. */
static bool is_guard(const struct expr *expr) {
  const struct expr *last = expr->args[expr->count - 1];
  return last->kind == EXPR_APPLY && (last->op == OP_EQUAL || last->op == OP_NOT_EQUAL);
}

static size_t edits_of(const struct expr *expr) {
  if (expr->kind != EXPR_APPLY || is_guard(expr)) return 0;
  switch (expr->op) {
    case OP_ADD:
    case OP_SUB:
    case OP_MUL: return 2;
    case OP_DIV: return 1;
    default: return 0;
  }
}

/* EXPR without its argument `1 - KEPT`. */
static const struct expr *drop(struct arena *arena, const struct expr *expr, size_t kept) {
  const struct expr *rest = expr->args[kept];
  return expr->op == OP_SUB && kept == 1
             ? expr_apply(arena, (struct span){0}, OP_NEG, op_table[OP_NEG].name, &rest, 1)
             : rest;
}

/* EXPR with a term or a factor missing: the edit number *LEFT, counted down; EXPR itself when there
 * are fewer. */
static const struct expr *edit(struct arena *arena, const struct expr *expr, size_t *left) {
  for (size_t kept = 0; kept < edits_of(expr); kept++)
    if ((*left)-- == 0) return drop(arena, expr, kept);
  for (size_t i = 0; expr->kind == EXPR_APPLY && i < expr->count; i++) {
    const struct expr *args[4];
    const struct expr *arg = edit(arena, expr->args[i], left);
    if (arg == expr->args[i]) continue;
    assert_true(expr->count <= 4);
    memcpy(args, expr->args, expr->count * sizeof *args);
    args[i] = arg;
    return expr_apply(arena, (struct span){0}, expr->op, expr->name, args, expr->count);
  }
  return expr;
}

/* Mutant NUMBER of a rule's right side; false if there are fewer. */
static bool put_mutant(struct text *line, const struct expr *value, size_t number) {
  static const char *const wraps[] = {"1.001 * (", "-("};
  if (number < SURE_MUTANTS) {
    text_puts(line, wraps[number]);
    print_expr(line, value);
    text_puts(line, ")");
    return true;
  }
  struct arena arena;
  arena_init(&arena);
  size_t left = number - SURE_MUTANTS;
  const struct expr *mutant = edit(&arena, value, &left);
  assert_non_null(mutant);
  print_expr(line, mutant);
  arena_done(&arena);
  return mutant != value;
}

static bool put_bug(struct text *line, const struct model *model, const struct rule *rule,
                    size_t number) {
  text_printf(line, "%s", model->nodes[rule->node].name);
  if (rule->operand >= 0) text_printf(line, ":%d", rule->operand + 1);
  text_printf(line, ": %s %s ", rule->target, rule->accumulate ? "+=" : "=");
  return put_mutant(line, rule->value, number);
}

/* Whether the check as it is documented can see the difference between two analytic gradients. */
static bool is_visible(const struct check *right, const struct check *wrong, bool *same) {
  bool visible = false;
  *same = true;
  for (size_t i = 0; i < right->tensor_count; i++)
    for (size_t j = 0; j < right->tensors[i].count; j++) {
      double a = right->tensors[i].analytic[j], b = wrong->tensors[i].analytic[j];
      double allowed = CHECK_ABSOLUTE + CHECK_RELATIVE * fmax(fabs(a), fabs(b));
      if (!(fabs(a - b) <= 4 * allowed)) visible = true;
      if (!(fabs(a - b) <= 0)) *same = false;
    }
  return visible;
}

/* Checks the model with the one bug LINE, unless the line does not fit. */
static bool try_mutant(struct trial *trial, const struct text *line, const struct check *right,
                       struct tally *tally) {
  struct diag diag = {0};
  bool same;
  trial->model.bug_count = 0;
  if (model_add_bug(&trial->model, "mutant", line->bytes, line->length, &diag)) return false;
  struct check wrong = trial_check(trial);
  bool visible = is_visible(right, &wrong, &same);
  tally->mutants++;
  *(visible ? &tally->caught : same ? &tally->same : &tally->faint) += 1;
  if (visible && wrong.verdict != VERDICT_FAIL) {
    print_trial(trial);
    fail_msg("mutant %s is %s", text_string(line), verdict_names[wrong.verdict]);
  }
  check_done(&wrong);
  return true;
}

/* The upstream gradient's own nodes; a factor dloss_ = 1 can go missing there unseen. */
static bool is_upstream(const struct model *model, const struct rule *rule) {
  return strncmp(model->nodes[rule->node].name, "loss_", 5) == 0;
}

/* Every mutant of every line that stands in the model now; the first SURE_MUTANTS of a line fit
 * whatever the shapes. */
static size_t write_mutants(const struct model *model, struct text lines[], bool sure[]) {
  size_t count = 0;
  for (size_t i = 0; i < model->rule_count; i++)
    for (size_t number = 0; !is_upstream(model, &model->rules[i]); number++) {
      assert_true(count < MOST_LINES);
      text_init(&lines[count]);
      sure[count] = number < SURE_MUTANTS;
      bool made = put_bug(&lines[count], model, &model->rules[i], number);
      assert_false(lines[count].failed);
      if (made) count++;
      else text_done(&lines[count]);
      if (!made) break;
    }
  return count;
}

/* Tries them all. RIGHT: the check of the model as it is, which is how it ends, too. */
static void mutate(struct trial *trial, const struct check *right, struct tally *tally) {
  static struct text lines[MOST_LINES];
  static bool sure[MOST_LINES];
  struct diag diag = {0};
  size_t count = write_mutants(&trial->model, lines, sure);
  for (size_t i = 0; i < count; i++) {
    bool fits = try_mutant(trial, &lines[i], right, tally);
    if (sure[i] && !fits) fail_msg("%s: does not fit", text_string(&lines[i]));
    tally->misfits += !fits;
    text_done(&lines[i]);
  }
  trial->model.bug_count = 0;
  assert_int_equal(rules_derive(&trial->model, &diag), STATUS_OK);
}

/* At most SHARE of the mutants may hide at the points that they were tried at. */
static void assert_power(const struct tally *tally, double share) {
  size_t hidden = tally->same + tally->faint;
  if (tally->mutants > 0 && (double)hidden <= share * (double)tally->mutants) return;
  fail_msg("%zu mutants: %zu caught, %zu make no difference, %zu one too small, %zu do not fit",
           tally->mutants, tally->caught, tally->same, tally->faint, tally->misfits);
}

/* -- every row of the op table -- */

static void try_site(const struct site *site, struct tally *tally) {
  struct trial trial;
  trial_begin(&trial);
  put_site(&trial.text, site);
  trial_build(&trial);
  struct check right = trial_check(&trial);
  assert_passes(&trial, &right);
  mutate(&trial, &right, tally);
  check_done(&right);
  trial_end(&trial);
}

/* Every pair of shapes out of these that the row takes, and every axis. */
static size_t try_op(const struct op *op, struct tally *tally) {
  uint32_t r = (uint32_t)(2 + pick(3)), c = (uint32_t)(2 + pick(3)), k = (uint32_t)(2 + pick(2));
  const struct shape shapes[] = {{1, 1}, {1, c}, {r, 1}, {r, c}, {c, r}, {c, k}};
  enum { SHAPES = sizeof shapes / sizeof *shapes };
  size_t tried = 0;
  for (int i = 0; i < SHAPES; i++)
    for (int j = 0; j < (op->arity == 2 ? SHAPES : 1); j++)
      for (int axis = AXIS_ALL; axis <= (op->flags & OP_AXIS ? AXIS_ACROSS : AXIS_ALL); axis++) {
        struct site site = {op, axis, {shapes[i], shapes[j]}, false};
        struct shape out;
        if (!op->shape(site.shapes, axis, &out)) continue;
        try_site(&site, tally);
        tried++;
        site.shared = op->arity == 2 && i == j;
        if (site.shared) try_site(&site, tally);
      }
  return tried;
}

static bool has_rule(const struct op *op) {
  return op->rules[0] || op->rules[1];
}

static void test_every_op(void **state) {
  (void)state;
  struct tally tally = {0};
  random_seed(&generator, 20260101);
  for (int round = 0; round < OP_ROUNDS; round++)
    for (int op = 0; op < OP_COUNT; op++) {
      if (!has_rule(&op_table[op])) continue;
      size_t tried = try_op(&op_table[op], &tally);
      assert_true(tried >= (op == OP_MATMUL ? 4 : op_table[op].arity == 2 ? 16 : 6));
    }
  assert_power(&tally, 0.08);
}

/* A comparison has no slope: a param behind one gets the gradient 0 and the check says so. */
static void test_ops_without_rule_pass_nothing_on(void **state) {
  (void)state;
  for (int op = 0; op < OP_COUNT; op++) {
    if (!op_table[op].branches || has_rule(&op_table[op])) continue;
    struct trial trial;
    struct site site = {&op_table[op], AXIS_ALL, {{2, 3}, {2, 1}}, false};
    trial_begin(&trial);
    put_site(&trial.text, &site);
    trial_build(&trial);
    struct check check = trial_check(&trial);
    assert_int_equal(check.verdict, VERDICT_INADEQUATE);
    assert_int_equal(check.zeros, 8);
    check_done(&check);
    trial_end(&trial);
  }
}

/* -- the examples of the op table, which are worked out by hand -- */

static const double *values_of(const struct run *run, const struct model *model, const char *name,
                               struct shape *shape) {
  int node = model_find(model, name);
  assert_true(node >= 0);
  *shape = model_shape(model, model->nodes[node].slot);
  return run_values(run, model->nodes[node].slot);
}

/* The two sides are the same to ten digits. Widens *LEAST and *MOST to what they hold. */
static void compare_sides(const struct trial *trial, double *least, double *most) {
  struct run run;
  struct shape left, right;
  const struct model *model = &trial->model;
  assert_int_equal(run_init(&run, &model->program, &model->random, PRECISION_DOUBLE), STATUS_OK);
  run_code(&run, &model->program.forward, 0);
  const double *is = values_of(&run, model, "left", &left);
  const double *wanted = values_of(&run, model, "right", &right);
  if (!shape_equal(left, right)) fail_msg("%s: it has another shape", trial->source.text);
  for (size_t i = 0; i < shape_count(left); i++) {
    if (!(fabs(is[i] - wanted[i]) <= 6e-10 * fabs(wanted[i])))
      fail_msg("%s: %.10g is not %.10g", trial->source.text, is[i], wanted[i]);
    *least = fmin(*least, wanted[i]);
    *most = fmax(*most, wanted[i]);
  }
  run_done(&run);
}

/* EXAMPLE, "max([1 5], 3) = [3 5]", is about the row OP and true. */
static void try_example(int op, const char *example, double *least, double *most) {
  struct trial trial;
  const char *equals = strstr(example, " = ");
  if (!equals) fail_msg("\"%s\" has no \" = \"", example);
  trial_begin(&trial);
  text_printf(&trial.text, "left = %.*s\nright = %s\nloss_ = sum(left)\n",
              (int)(equals - example), example, equals + 3);
  trial_build(&trial);
  const struct expr *left = trial.model.syntax.statements[1].value;
  if (left->kind != EXPR_APPLY || left->op != op)
    fail_msg("\"%s\" is no example of %s", example, op_table[op].name);
  compare_sides(&trial, least, most);
  trial_end(&trial);
}

/* With the slope, which every rule is compared with above, they leave a kernel no choice. */
static void test_every_example(void **state) {
  (void)state;
  random_seed(&generator, 20260104);
  for (int op = 0; op < OP_COUNT; op++) {
    const struct op *row = &op_table[op];
    double least = INFINITY, most = -INFINITY;
    if (row->flags & (OP_HIDDEN | OP_RANDOM)) continue;
    if (!row->examples[0]) fail_msg("the row of %s has no example", row->name);
    for (int i = 0; i < MAX_EXAMPLES && row->examples[i]; i++)
      try_example(op, row->examples[i], &least, &most);
    if (row->arity > 0 && !(row->flags & OP_STATIC) && !(most > least))
      fail_msg("the examples of %s have only one number", row->name);
  }
}

/* -- every gate of the prelude -- */

/* Folded and unfolded are two ways to write the same gradient. */
static void assert_same_gradients(const struct trial *trial, const struct check *folded,
                                  const struct check *unfolded, double relative) {
  for (size_t i = 0; i < folded->tensor_count; i++) {
    const struct tensor_check *a = &folded->tensors[i], *b = &unfolded->tensors[i];
    double allowed = relative * (1e-3 + largest(a->analytic, a->count));
    for (size_t j = 0; j < a->count; j++) {
      if (fabs(a->analytic[j] - b->analytic[j]) <= allowed) continue;
      print_trial(trial);
      fail_msg("d%s[%zu]: %.17g folded, %.17g unfolded", trial->model.nodes[a->node].name, j,
               a->analytic[j], b->analytic[j]);
    }
  }
}

static const double *value_of(const struct run *run, const struct model *model, const char *name) {
  int node = model_find(model, name);
  assert_true(node >= 0);
  return run_values(run, model->nodes[node].slot);
}

/* The exact slope of log(p + 1e-7) is p / (p + 1e-7) of what the rule takes it for: the rule is off
 * by its share 1e-7 / (p + 1e-7), with p of each row's own target. */
static void assert_constant_ignored(const struct trial *trial, const struct check *folded,
                                    const struct check *unfolded) {
  const struct model *model = &trial->model;
  struct run run;
  assert_int_equal(run_init(&run, &model->program, &model->random, PRECISION_DOUBLE), STATUS_OK);
  run_code(&run, &model->program.forward, 0);
  const double *p = value_of(&run, model, "result_p"), *t = value_of(&run, model, "t");
  struct shape shape = folded->tensors[0].shape;
  for (uint32_t i = 0; i < shape.rows; i++) {
    double hit = 0;
    for (uint32_t j = 0; j < shape.cols; j++) hit += t[i * shape.cols + j] * p[i * shape.cols + j];
    for (uint32_t j = 0; j < shape.cols; j++) {
      size_t at = (size_t)i * shape.cols + j;
      double g = folded->tensors[0].analytic[at], exact = unfolded->tensors[0].analytic[at];
      assert_true(fabs(g - exact - g * 1e-7 / (hit + 1e-7)) <= 1e-14);
      assert_true(shape.cols == 1 || fabs(g - exact) > 0);
    }
  }
  run_done(&run);
}

static bool ignores_constant(const struct stmt *gate) {
  return strcmp(gate->names[0], "softmax_with_loss") == 0; /* on purpose, as its comment says */
}

static void put_rules(struct text *text, const struct model *model) {
  for (size_t i = 0; i < model->rule_count; i++) text_printf(text, "%s\n", model->rules[i].text);
}

/* Folding and unfolding goes there and back. */
static void assert_folds_back(struct trial *trial, const struct stmt *gate) {
  struct text before, after;
  text_init(&before);
  text_init(&after);
  put_rules(&before, &trial->model);
  assert_string_equal(trial->model.instances[0].gate->names[0], gate->names[0]);
  assert_true(trial->model.instances[0].folded);
  trial_fold(trial, false);
  assert_false(trial->model.instances[0].folded);
  trial_fold(trial, true);
  put_rules(&after, &trial->model);
  assert_string_equal(text_string(&before), text_string(&after));
  text_done(&before);
  text_done(&after);
}

static void check_gate(struct trial *trial, const struct stmt *gate, struct tally *tally) {
  assert_folds_back(trial, gate);
  struct check folded = trial_check(trial);
  assert_passes(trial, &folded);
  mutate(trial, &folded, &tally[0]);
  trial_fold(trial, false);
  struct check unfolded = trial_check(trial);
  assert_passes(trial, &unfolded);
  mutate(trial, &unfolded, &tally[1]);
  if (ignores_constant(gate)) assert_constant_ignored(trial, &folded, &unfolded);
  else assert_same_gradients(trial, &folded, &unfolded, 1e-10);
  check_done(&folded);
  check_done(&unfolded);
}

/* GATE at the first MOST choices of shapes that it takes. */
static void try_gate(const struct stmt *gate, struct sizes sizes, size_t most,
                     struct tally *tally) {
  size_t fitting = 0;
  bool more = true;
  for (size_t choice = 0; more && fitting < most; choice++) {
    struct trial trial;
    struct diag diag = {0};
    trial_begin(&trial);
    more = put_gate(&trial.text, gate, sizes, choice);
    if (more && trial_try(&trial, &diag)) {
      check_gate(&trial, gate, tally);
      fitting++;
    }
    trial_end(&trial);
  }
  if (fitting == 0)
    fail_msg("%s takes no shapes that are tried: its comment wants a line \"Tests draw …\"",
             gate->names[0]);
}

static void test_every_gate(void **state) {
  (void)state;
  struct gates gates;
  struct diag diag = {0};
  struct tally tally[2] = {0};
  random_seed(&generator, 20260102);
  assert_int_equal(gates_read(&gates, &diag), STATUS_OK);
  assert_true(gates.syntax.count > 10);
  for (size_t i = 0; i < gates.syntax.count; i++) {
    const struct stmt *gate = &gates.syntax.statements[i];
    try_gate(gate, (struct sizes){3, 4, 2}, SIZE_MAX, tally);
    for (int round = 0; round < GATE_ROUNDS; round++)
      for (int rows = 1; rows <= 5; rows += 1 + rows / 2)
        try_gate(gate, (struct sizes){rows, 1 + pick(4), 1 + pick(3)}, 1, tally);
  }
  assert_power(&tally[0], 0.15);
  assert_power(&tally[1], 0.2);
  gates_done(&gates);
}

/* -- random compositions -- */

/* How a piece's result is shaped by its operands A and B: from COPY to SQUARE there is no B. */
enum make { COPY, TURN, ONE, COLUMN, ROW, SQUARE, SPREAD, SPREAD_ONE, PRODUCT, PRODUCT_T };

/* A formula that is safe wherever its operands are; V is a row of numbers as wide as A. */
struct piece {
  enum make make;
  const char *form;
};

static const struct piece pieces[] = {
    {COPY, "-A"}, {TURN, "A.T"}, {COPY, "tanh(A)"}, {COPY, "sin(A)"}, {COPY, "cos(A)"},
    {COPY, "exp(tanh(A))"}, {COPY, "log(0.5 + A^2)"}, {COPY, "sqrt(0.5 + A * A)"},
    {COPY, "abs(A) - 0.7"}, {ROW, "sum(A, 0)"}, {COLUMN, "sum(A, 1)"}, {ONE, "sum(A)"},
    {COLUMN, "rowmax(A)"}, {COPY, "A^3 / 4"}, {COPY, "A * (A > 0.1)"},
    {COPY, "A / sqrt(1 + sum(A^2))"}, {COPY, "A"}, {COPY, "sigmoid(A)"}, {COPY, "relu(A)"},
    {COPY, "leaky_relu(A, 0.1)"}, {COPY, "softplus(A)"}, {COPY, "softmax(A)"},
    {COPY, "dropout(A, 0.8)"}, {ONE, "mean(A)"}, {ONE, "l1_penalty(A, 0.3)"},
    {ONE, "l2_penalty(A, 0.3)"}, {COPY, "softmax(A) * A"}, {COPY, "swish(A)"},
    {COPY, "layer_norm(A, V, 0.2 * V)"}, {COPY, "batch_norm(A, V, 1 - V)"},
    {SQUARE, "affine(A, A.T, 0.3)"}, {SPREAD, "A + B"}, {SPREAD, "A - B"}, {SPREAD, "A * B"},
    {SPREAD, "A / (0.5 + B^2)"}, {SPREAD, "(0.5 + A^2)^tanh(B)"}, {SPREAD, "max(A, B)"},
    {SPREAD, "min(A, B)"}, {SPREAD_ONE, "mse(A, B)"}, {SPREAD, "gated(A, B)"},
    {SPREAD, "(A < B) * A + B"}, {PRODUCT, "A @ B"}, {PRODUCT_T, "A @ B.T"},
    {PRODUCT, "affine(A, B, 0.1)"},
};
enum { PIECES = sizeof pieces / sizeof *pieces };

/* The last piece turns the node Z into one number. */
static const char *const losses[] = {
    "sum(A * randn_)", "sum(A * A * randn_)", "mse(A, rand_)", "softmax_cross_entropy(A, rand_)",
    "binary_cross_entropy(sigmoid(sin(A)), rand_)", "sum(A * randn_) + l2_penalty(v0, 0.1)",
    "mean(A * randn_) * 3 + sum(tanh(v0))",
};
enum { LOSSES = sizeof losses / sizeof *losses };

/* Gates of the user's own without a rule, one of them around others. */
static const char own_gates[] =
    "gate swish(x)\n  out = x * sigmoid(x)\nend\n"
    "gate gated(x, y)\n  h = tanh(x)\n  out = h * swish(y) + x\nend\n";

enum { MOST_NODES = 16 };

struct sketch {
  struct text *text;
  struct shape shapes[MOST_NODES]; /* of the nodes v0, v1, … */
  bool used[MOST_NODES];
  int count;
};

static bool make_shape(enum make make, struct shape a, struct shape b, struct shape *out) {
  switch (make) {
    case COPY: *out = a; return true;
    case TURN: *out = (struct shape){a.cols, a.rows}; return true;
    case ONE: *out = (struct shape){1, 1}; return true;
    case COLUMN: *out = (struct shape){a.rows, 1}; return true;
    case ROW: *out = (struct shape){1, a.cols}; return true;
    case SQUARE: *out = (struct shape){a.rows, a.rows}; return true;
    case PRODUCT: *out = (struct shape){a.rows, b.cols}; return a.cols == b.rows;
    case PRODUCT_T: *out = (struct shape){a.rows, b.rows}; return a.cols == b.cols;
    case SPREAD:
    case SPREAD_ONE: break;
  }
  *out = (struct shape){a.rows > b.rows ? a.rows : b.rows, a.cols > b.cols ? a.cols : b.cols};
  bool fits = (a.rows == b.rows || a.rows == 1 || b.rows == 1) &&
              (a.cols == b.cols || a.cols == 1 || b.cols == 1);
  if (make == SPREAD_ONE) *out = (struct shape){1, 1};
  return fits;
}

/* FORM with the nodes' names for A and B. */
static void put_piece(const struct sketch *sketch, const char *form, int a, int b) {
  struct shape shape = sketch->shapes[a];
  for (const char *c = form; *c; c++) {
    if (*c == 'A') text_printf(sketch->text, "v%d", a);
    else if (*c == 'B') text_printf(sketch->text, "v%d", b);
    else if (*c == 'V') text_printf(sketch->text, "(ones(1, %u) / 2)", shape.cols);
    else text_put(sketch->text, c, 1);
  }
}

static void put_leaf(struct sketch *sketch, bool is_param) {
  uint32_t side = (uint32_t)(1 + pick(3));
  struct shape shape = {pick(3) ? side : 1, (uint32_t)(1 + pick(3))};
  text_printf(sketch->text, "%s v%d = randn(%u, %u)\n", is_param ? "param" : "data",
              sketch->count, shape.rows, shape.cols);
  sketch->shapes[sketch->count++] = shape;
}

/* One of the nodes so far: often one that has no user yet, or one of the last two. */
static int pick_node(const struct sketch *sketch) {
  int node = pick(sketch->count);
  if (pick(3) == 0) return node;
  if (pick(2) && sketch->count > 2) return sketch->count - 1 - pick(2);
  for (int i = 0; i < sketch->count; i++)
    if (!sketch->used[(node + i) % sketch->count]) return (node + i) % sketch->count;
  return node;
}

static void put_node(struct sketch *sketch) {
  for (;;) {
    const struct piece *piece = &pieces[pick(PIECES)];
    int a = pick_node(sketch), b = pick_node(sketch);
    struct shape *out = &sketch->shapes[sketch->count];
    if (!make_shape(piece->make, sketch->shapes[a], sketch->shapes[b], out)) continue;
    text_printf(sketch->text, "v%d = ", sketch->count);
    put_piece(sketch, piece->form, a, b);
    text_puts(sketch->text, "\n");
    sketch->used[a] = true;
    if (piece->make >= SPREAD) sketch->used[b] = true;
    sketch->count++;
    return;
  }
}

static void put_loss(struct sketch *sketch) {
  int last = sketch->count - 1;
  struct shape shape = sketch->shapes[last];
  text_printf(sketch->text, "data randn_ = randn(%u, %u)\ndata rand_ = rand(%u, %u)\nloss_ = ",
              shape.rows, shape.cols, shape.rows, shape.cols);
  put_piece(sketch, losses[pick(LOSSES)], last, last);
  for (int i = 0; i < last; i++)
    if (!sketch->used[i] && pick(4)) text_printf(sketch->text, " + mean(sin(v%d))", i);
  text_puts(sketch->text, "\n");
}

static void compose(struct trial *trial) {
  struct sketch sketch = {.text = &trial->text};
  trial_begin(trial);
  text_puts(&trial->text, own_gates);
  for (int i = 0, leaves = 1 + pick(4); i < leaves; i++) put_leaf(&sketch, i == 0 || pick(3) > 0);
  for (int i = 0, nodes = 2 + pick(8); i < nodes; i++) put_node(&sketch);
  put_loss(&sketch);
  trial_build(trial);
}

/* Folds and unfolds at random, one node at a time; not every one has something to fold. */
static void shuffle_folding(struct trial *trial) {
  struct diag diag = {0};
  const struct model *model = &trial->model;
  for (size_t n = 0; n < model->node_count; n++) {
    enum status status = model_fold(&trial->model, model->nodes[n].name, pick(2), &diag);
    assert_true(status == STATUS_OK || status == STATUS_USAGE);
  }
}

static void assert_not_wrong(const struct trial *trial, const struct check *check,
                             size_t verdicts[]) {
  verdicts[check->verdict]++;
  for (size_t i = 0; i < check->tensor_count; i++)
    if (check->tensors[i].verdict == VERDICT_FAIL) fail_tensor(trial, check, i);
}

/* The textbook loop and its shortcut give the same bits. */
static void assert_full_is_the_same(struct trial *trial, const struct check *quick) {
  trial->evaluate = EVALUATE_FULL;
  struct check full = trial_check(trial);
  trial->evaluate = EVALUATE_INCREMENTAL;
  assert_int_equal(full.verdict, quick->verdict);
  for (size_t i = 0; i < full.tensor_count; i++) {
    const struct tensor_check *a = &full.tensors[i], *b = &quick->tensors[i];
    if (memcmp(a->numeric, b->numeric, a->count * sizeof *a->numeric) == 0) continue;
    print_trial(trial);
    fail_msg("%s: the numerical gradients differ", trial->model.nodes[a->node].name);
  }
  check_done(&full);
}

/* With so coarse a step the numerical side is off nearly everywhere, and is to blame. */
static void assert_not_wrong_from_afar(struct trial *trial) {
  size_t verdicts[VERDICT_COUNT] = {0};
  trial->eps = 0.1;
  struct check check = trial_check(trial);
  trial->eps = 0;
  assert_not_wrong(trial, &check, verdicts);
  check_done(&check);
}

/* A backward pass starts from nothing, also the second time. */
static void assert_repeats(const struct trial *trial, const struct check *check) {
  const struct model *model = &trial->model;
  struct run run;
  assert_int_equal(run_init(&run, &model->program, &model->random, PRECISION_DOUBLE), STATUS_OK);
  run_code(&run, &model->program.forward, 0);
  for (int i = 0; i < 2; i++) run_code(&run, &model->program.backward, 0);
  for (size_t i = 0; i < check->tensor_count; i++) {
    const struct tensor_check *tensor = &check->tensors[i];
    assert_memory_equal(run_values(&run, model->nodes[tensor->node].gradient), tensor->analytic,
                        tensor->count * sizeof *tensor->analytic);
  }
  run_done(&run);
}

/* One random mutant of one random line. */
static void spoil(struct trial *trial, const struct check *right, struct tally *tally) {
  struct text line;
  const struct model *model = &trial->model;
  if (model->rule_count == 0) return; /* no param reaches the loss */
  text_init(&line);
  const struct rule *rule = &model->rules[pick((int)model->rule_count)];
  assert_true(put_bug(&line, model, rule, (size_t)pick(SURE_MUTANTS)));
  assert_true(try_mutant(trial, &line, right, tally));
  text_done(&line);
}

static void try_composite(struct tally *tally, size_t verdicts[]) {
  struct trial trial;
  compose(&trial);
  struct check folded = trial_check(&trial);
  assert_not_wrong(&trial, &folded, verdicts);
  trial_fold(&trial, false);
  struct check unfolded = trial_check(&trial);
  assert_not_wrong(&trial, &unfolded, verdicts);
  shuffle_folding(&trial);
  struct check mixed = trial_check(&trial);
  assert_not_wrong(&trial, &mixed, verdicts);
  assert_full_is_the_same(&trial, &mixed);
  assert_repeats(&trial, &mixed);
  assert_not_wrong_from_afar(&trial);
  assert_same_gradients(&trial, &folded, &unfolded, 1e-9);
  assert_same_gradients(&trial, &folded, &mixed, 1e-9);
  spoil(&trial, &mixed, tally);
  check_done(&folded);
  check_done(&unfolded);
  check_done(&mixed);
  trial_end(&trial);
}

static void test_composites(void **state) {
  (void)state;
  struct tally tally = {0};
  size_t verdicts[VERDICT_COUNT] = {0};
  random_seed(&generator, 20260103);
  for (int i = 0; i < COMPOSITES; i++) try_composite(&tally, verdicts);
  assert_true(verdicts[VERDICT_PASS] >= COMPOSITES); /* of three checks each */
  assert_true(verdicts[VERDICT_UNRELIABLE] + verdicts[VERDICT_KINK] <= COMPOSITES / 50);
  assert_power(&tally, 0.3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_op),
      cmocka_unit_test(test_ops_without_rule_pass_nothing_on),
      cmocka_unit_test(test_every_example),
      cmocka_unit_test(test_every_gate),
      cmocka_unit_test(test_composites),
  };
  return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
