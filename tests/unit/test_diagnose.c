/* Protects what a failing check says: the laws that every backward pass keeps to, the first wrong
 * line, the findings and their words. The rows are mistakes seen in real code, each with the
 * signature that was measured for it. */
#include "trial.h"

#include "blame/diagnose.h"

static const struct check_options explained = {.tolerance = -1, .explain = true};

/* 4-5-5-3, tanh, a fixed dropout mask, a way past the middle layer, L2. */
#define NET \
  "seed 3\n" \
  "data X = randn(6, 4); data Y = randn(6, 3); data mask = rand(6, 5) < 0.7\n" \
  "data keep = 0.7; data lambda = 0.1\n" \
  "param W1 = 0.5 * randn(4, 5); param b1 = 0.3 * randn(1, 5)\n" \
  "param Wh = 0.5 * randn(5, 5); param bh = 0.3 * randn(1, 5)\n" \
  "param W2 = 0.5 * randn(5, 3); param b2 = 0.3 * randn(1, 3)\n" \
  "Z1 = X @ W1 + b1; A1 = tanh(Z1); D1 = A1 * mask / keep\n" \
  "Zh = D1 @ Wh + bh; Ah = tanh(Zh); S = Ah + D1; Z2 = S @ W2 + b2\n" \
  "cost = sum((Z2 - Y)^2) / 12 + lambda / 2 * (sum(W1^2) + sum(Wh^2) + sum(W2^2))\nloss cost\n"
static const char *const back[] = {
    "dZ2 = dcost * (Z2 - Y) / 6",
    "dW2 = S.T @ dZ2 + dcost * lambda * W2",
    "db2 = sum(dZ2, 0)",
    "dS = dZ2 @ W2.T",
    "dZh = dS * (1 - Ah^2)",
    "dWh = D1.T @ dZh + dcost * lambda * Wh",
    "dbh = sum(dZh, 0)",
    "dD1 = dZh @ Wh.T",
    "dD1 += dS",
    "dA1 = dD1 * mask / keep",
    "dZ1 = dA1 * (1 - A1^2)",
    "dW1 = X.T @ dZ1 + dcost * lambda * W1",
    "db1 = sum(dZ1, 0)",
};
enum { LINES = sizeof back / sizeof *back };

/* The net with line NUMBER of its backward block replaced. */
static void write_net(struct text *out, int number, const char *line) {
  text_init(out);
  text_puts(out, NET "backward\n");
  for (int i = 0; i < LINES; i++) text_printf(out, "  %s\n", i == number ? line : back[i]);
  text_puts(out, "end\n");
}

/* A check, and why it failed. */
static void run_explained(struct trial *trial, struct check_options options) {
  struct diag diag = {0};
  trial_run(trial, options);
  if (diagnose(&trial->check, &trial->model, &diag) != STATUS_OK) fail_msg("%s", diag.message);
}

static const struct wrong_line *first_line(const struct trial *trial) {
  const struct diagnosis *diagnosis = trial->check.diagnosis;
  return diagnosis && diagnosis->lines.count > 0 ? &diagnosis->lines.items[0] : NULL;
}

static void say_findings(const struct trial *trial) {
  const struct diagnosis *diagnosis = trial->check.diagnosis;
  for (size_t i = 0; diagnosis && i < diagnosis->count; i++)
    print_error("%s: %s\n", diagnosis->findings[i].label, diagnosis->findings[i].sentence);
}

/* Some finding of KIND has PIECE in its label and sentence. */
static void assert_says(const struct trial *trial, enum finding_kind kind, const char *label,
                        const char *piece) {
  const struct diagnosis *diagnosis = trial->check.diagnosis;
  for (size_t i = 0; i < diagnosis->count; i++)
    if (diagnosis->findings[i].kind == kind && strcmp(diagnosis->findings[i].label, label) == 0 &&
        strstr(diagnosis->findings[i].sentence, piece))
      return;
  say_findings(trial);
  fail_msg("no finding \"%s\" about %s with \"%s\"", finding_names[kind], label, piece);
}

/* The first wrong line is LINE, and no other is accused. */
static void assert_line(const struct trial *trial, const char *line) {
  const struct wrong_line *wrong = first_line(trial);
  if (!wrong) fail_msg("no line found for %s", line);
  bool found = false;
  for (size_t i = 0; i < wrong->count; i++)
    found = found || strcmp(trial->model.rules[wrong->rules[i]].text, line) == 0;
  if (!found) fail_msg("%s, not %s", trial->model.rules[wrong->rules[0]].text, line);
  assert_int_equal(trial->check.diagnosis->lines.count, 1);
  assert_int_equal(wrong->count, 1);
  assert_true(trial->check.diagnosis->lines.complete);
}

/* -- mistakes and what is said of them -- */

struct row {
  const char *title; /* number in the catalogue of real mistakes, and what it is */
  int number;        /* the line that is replaced */
  const char *line;
  enum finding_kind kind;
  const char *label, *piece; /* of a finding; NULL: only the line */
};

static const struct row net_rows[] = {
    {"1 no 1/m", 0, "dZ2 = dcost * (Z2 - Y)", FINDING_FACTOR, "b1, bh and b2",
     "6 is the number of rows of X"},
    {"2 1/m twice", 0, "dZ2 = dcost * (Z2 - Y) / 6 / 6", FINDING_FACTOR, "b1, bh and b2",
     "one divided by the number of rows of X"},
    {"1 is from the loss", 0, "dZ2 = dcost * (Z2 - Y)", FINDING_FROM_THE_LOSS, "where",
     "near the loss"},
    {"3 db summed to a scalar", 12, "db1 = sum(dZ1) * ones(1, 5)", FINDING_SAME_ENTRIES, "b1",
     "it is their sum"},
    {"3 dW beside it is right", 12, "db1 = sum(dZ1) * ones(1, 5)", FINDING_SAME_ENTRIES, "b1",
     "W1 beside it is right, so dZ1"},
    {"only the first sample", 12, "db1 = [1 0 0 0 0 0] @ dZ1", FINDING_REDUCTION, "b1",
     "the sum over the batch"},
    {"7 upstream dropped", 4, "dZh = 1 - Ah^2", FINDING_NOT_ZERO, "W1, b1, Wh and bh", "dropped"},
    {"8 derivative skipped", 4, "dZh = dS", FINDING_FROM_A_LAYER, "where", "from dS to dZh"},
    {"8 by its name", 4, "dZh = dS", FINDING_KIND, "kind", "derivative skipped"},
    {"11 slope of the score", 4, "dZh = dS * Zh * (1 - Zh)", FINDING_FROM_A_LAYER, "where",
     "W1, b1, Wh and bh are wrong"},
    {"12 tanh' from z", 4, "dZh = dS * (1 - Zh^2)", FINDING_KIND, "kind", "pre-activation"},
    {"13 tanh twice", 10, "dZ1 = dA1 * (1 - tanh(A1)^2)", FINDING_KIND, "kind",
     "activation applied twice"},
    {"no kind, so where to look", 10, "dZ1 = dA1 * (1 - 1.1 * A1^2)", FINDING_LINE,
     "first wrong line", "slope"},
    {"16 W not transposed", 7, "dD1 = dZh @ Wh", FINDING_FROM_A_LAYER, "where", "from dZh to dD1"},
    {"16 by its name", 7, "dD1 = dZh @ Wh", FINDING_KIND, "kind", "transpos"},
    {"16 no kind, so where to look", 7, "dD1 = dZh @ (Wh + 0.1).T", FINDING_LINE,
     "first wrong line", "product"},
    {"17 dW from the wrong tensor", 5, "dWh = A1.T @ dZh + dcost * lambda * Wh", FINDING_OPERAND,
     "Wh", "the product with D1"},
    {"18 fan-out overwritten", 8, "dD1 = dS", FINDING_LINE, "first wrong line", "should add"},
    {"18 by its name", 8, "dD1 = dS", FINDING_KIND, "kind", "overwrite"},
    {"19 fan-out counted twice", 8, "dD1 += dS + dS", FINDING_LINE, "first wrong line",
     "its share is there 2.0000 times"},
    {"22 regularisation forgotten", 5, "dWh = D1.T @ dZh", FINDING_OWN_VALUE, "Wh",
     "-0.1000 times Wh itself"},
    {"22 is forgotten", 5, "dWh = D1.T @ dZh", FINDING_OWN_VALUE, "Wh", "forgotten"},
    {"23 regularisation doubled", 1, "dW2 = S.T @ dZ2 + 2 * dcost * lambda * W2",
     FINDING_OWN_VALUE, "W2", "counted twice"},
    {"25 decay with the wrong sign", 11, "dW1 = X.T @ dZ1 - dcost * lambda * W1",
     FINDING_OWN_VALUE, "W1", "-0.2000 times W1 itself"},
    {"26 mask not reapplied", 9, "dA1 = dD1 / keep", FINDING_KIND, "kind", "derivative skipped"},
    {"27 dropout scale missing", 9, "dA1 = dD1 * mask", FINDING_FACTOR, "b1", "0.7 is keep"},
    {"28 mask drawn anew", 9, "dA1 = dD1 * (rand(6, 5) < 0.7) / keep", FINDING_NOT_REPEATABLE,
     "W1 and b1", "a mask drawn anew"},
    {"40 sign", 0, "dZ2 = -dcost * (Z2 - Y) / 6", FINDING_FACTOR, "b1, bh and b2", "minus sign"},
    {"43 upstream applied twice", 4, "dZh = dS * dS * (1 - Ah^2)", FINDING_NOT_DOUBLE,
     "W1, b1, Wh and bh", "applied twice"},
    {"46 the 2 of a square", 0, "dZ2 = dcost * (Z2 - Y) / 12", FINDING_FACTOR, "b1, bh and b2",
     "2 of a square's slope"},
    {"47 learning rate", 12, "db1 = 0.1 * sum(dZ1, 0)", FINDING_FACTOR, "b1",
     "its line has a 0.1"},
    {"48 clipping", 3, "dS = min(max(dZ2 @ W2.T, -0.01), 0.01)", FINDING_NOT_DOUBLE,
     "W1, b1, Wh and bh", "clipped"},
    {"one entry", 6, "dbh = sum(dZh, 0) + dcost * [0 0 0.1 0 0]", FINDING_PART, "bh",
     "only its entry [0, 2]"},
    {"one row", 11, "dW1 = X.T @ dZ1 * [1; 1; 2; 1] + dcost * lambda * W1", FINDING_PART, "W1",
     "only its row 2"},
    {"a small factor", 3, "dS = 1.001 * dZ2 @ W2.T", FINDING_LINE, "first wrong line",
     "1.0010 times"},
};

static void run_row(const struct row *row) {
  struct text text;
  struct trial trial;
  write_net(&text, row->number, row->line);
  trial_start(&trial, text_string(&text));
  run_explained(&trial, explained);
  if (trial.check.verdict != VERDICT_FAIL) print_error("%s\n", row->title);
  assert_verdict(&trial, VERDICT_FAIL);
  if (!first_line(&trial) || trial.check.diagnosis->lines.count != 1) {
    print_error("%s: %s\n", row->title, row->line);
    say_findings(&trial);
  }
  assert_line(&trial, row->line);
  assert_says(&trial, row->kind, row->label, row->piece);
  trial_done(&trial);
  text_done(&text);
}

static void test_net(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof net_rows / sizeof *net_rows; i++) run_row(&net_rows[i]);
}

/* The same lines with a factor that later lines undo, as the notes have it, and with one that is
 * not what its name says: right as a whole, so nothing is found; a mistake elsewhere is found
 * there. */
#define SHIFTED \
  NET "backward\n" \
  "dZ2 = dcost * (Z2 - Y); dW2 = S.T @ dZ2 / 6 + dcost * lambda * W2; db2 = sum(dZ2, 0) / 6\n" \
  "dS = -(dZ2 @ W2.T)\n" \
  "dZh = dS\n" /* its slope comes later, where it is used */ \
  "dWh = -1 / 6 * D1.T @ (dZh * (1 - Ah^2)) + dcost * lambda * Wh\n" \
  "dbh = -1 / 6 * sum(dZh * (1 - Ah^2), 0)\n" \
  "dD1 = -((dZh * (1 - Ah^2)) @ Wh.T + dS) / 6\n" \
  "helper = dD1 * mask\n" \
  "dA1 = helper / keep\n" \
  "dA1 = dA1 * (1 - A1^2)\n" /* by now it is dZ1 */

static void test_other_habits(void **state) {
  (void)state;
  struct trial trial;
  trial_start(&trial, SHIFTED "dW1 = X.T @ dA1 + dcost * lambda * W1; db1 = sum(dA1, 0)\nend");
  run_explained(&trial, explained);
  assert_verdict(&trial, VERDICT_PASS);
  assert_null(trial.check.diagnosis);
  trial_done(&trial);
  trial_start(&trial, SHIFTED "dW1 = X.T @ dA1 + dcost * lambda * W1; db1 = 3 * sum(dA1, 0)\nend");
  run_explained(&trial, explained);
  const struct wrong_line *wrong = first_line(&trial);
  assert_non_null(wrong);
  assert_string_equal(trial.model.rules[wrong->rules[wrong->count - 1]].text,
                      "db1 = 3 * sum(dA1, 0)");
  assert_int_equal(trial.check.diagnosis->lines.count, 1);
  trial_done(&trial);
}

/* A name that is no node's gradient is compared with the inner node's that it should hold. */
static void test_helpers(void **state) {
  (void)state;
#define HELPED \
  "seed 1; data X = randn(3, 2); param W = randn(2, 2); param b = randn(1, 2)\n" \
  "A = tanh(X @ W + b); L = sum(A^2)\nbackward\n  dA = 2 * A\n"
  static const char *const rows[][2] = {
      {"  inner = dA * (1 - A)\n  dW = X.T @ inner\n  db = sum(inner, 0)\nend",
       "inner = dA * (1 - A)"},
      {"  inner = dA * (1 - A^2)\n  dW = X.T @ (inner * A)\n  db = sum(inner, 0)\nend",
       "dW = X.T @ (inner * A)"},
      {"  inner = dA * (1 - A^2)\n  dW = X.T @ inner\n  db = 3 * sum(inner, 0)\nend",
       "db = 3 * sum(inner, 0)"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct trial trial;
    char text[400];
    snprintf(text, sizeof text, "%s%s", HELPED, rows[i][0]);
    trial_start(&trial, text);
    run_explained(&trial, explained);
    assert_line(&trial, rows[i][1]);
    trial_done(&trial);
  }
}

/* -- lesson 4 -- */

static void test_two_mistakes(void **state) {
  (void)state;
  struct trial trial;
  trial_start(&trial, three_layers_notes);
  spoil(&trial, "dW2 = 2/m * dZ2 @ A1.T");
  spoil(&trial, bug_b1);
  run_explained(&trial, (struct check_options){.eps = 1e-7, .tolerance = 2e-7, .explain = true});
  assert_says(&trial, FINDING_FACTOR, "W2", "every entry is 2.0000 times");
  assert_says(&trial, FINDING_FACTOR, "W2", "b2 beside it is right, so dZ2");
  assert_says(&trial, FINDING_FACTOR, "b1", "every entry is 4.0000 times");
  const struct wrong_lines *lines = &trial.check.diagnosis->lines;
  assert_int_equal(lines->count, 2);
  assert_string_equal(trial.model.rules[lines->items[0].rules[0]].text, "dW2 = 2/m * dZ2 @ A1.T");
  assert_string_equal(trial.model.rules[lines->items[1].rules[0]].text, bug_b1);
  assert_near(lines->items[0].factor, 2, 1e-5);
  trial_done(&trial);
}

/* Any line of the notes' pass by any factor: that line, though all of them carry factors. */
static void test_factors_in_the_notes(void **state) {
  (void)state;
  static const char *const lines[] = {"dZ3 = %s * (A3 - Y)",          "dA2 = %s * W3.T @ dZ3",
                                      "dZ2 = %s * dA2 * (A2 > 0)",    "dA1 = W2.T @ dZ2 * %s",
                                      "dZ1 = %s * (dA1 * (A1 > 0))",  "dW3 = %s / m * dZ3 @ A2.T",
                                      "dW1 = %s * (1 / m * dZ1 @ X.T)"};
  static const char *const factors[] = {"2", "0.5", "-1", "3", "(1 / 3)", "1.01"};
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    for (size_t k = 0; k < sizeof factors / sizeof *factors; k++) {
      struct trial trial;
      char *format = strdup(lines[i]), *place = strstr(format, "%s"), bug[80];
      assert_non_null(place);
      snprintf(bug, sizeof bug, "%.*s%s%s", (int)(place - format), format, factors[k], place + 2);
      trial_start(&trial, three_layers_notes);
      spoil(&trial, bug);
      run_explained(&trial, explained);
      assert_line(&trial, bug);
      free(format);
      trial_done(&trial);
    }
}

/* -- derived passes -- */

static const char derived_net[] = NET;

static void expect_derived(const char *text, const char *bug, const char *line) {
  struct trial trial;
  trial_start(&trial, text);
  spoil(&trial, bug);
  run_explained(&trial, explained);
  if (trial.check.verdict != VERDICT_FAIL) print_error("%s\n", bug);
  assert_verdict(&trial, VERDICT_FAIL);
  assert_line(&trial, line);
  trial_done(&trial);
}

static void test_derived(void **state) {
  (void)state;
  static const char scalar[] =
      "param x = -2; param y = 5; param z = -4; q = x + y; f = q * z + x * 3; L = f * f";
  static const char *const rows[][2] = {
      {"dq = df_1 * q", "dq = df_1 * q"},
      {"dz = df_1 * q * 2", "dz = df_1 * q * 2"},
      {"q: dx += 2 * dq", "dx += 2 * dq"},
      {"q: dx = dq", "dx = dq"},
      {"f_2: dx += -df_2 * 3", "dx += -df_2 * 3"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    expect_derived(scalar, rows[i][0], rows[i][1]);
  expect_derived(derived_net, "dAh = dS * 2", "dAh = dS * 2");
  expect_derived(derived_net, "dZ1 = dA1 * (1 - Z1^2)", "dZ1 = dA1 * (1 - Z1^2)");
  expect_derived(derived_net, "db1 = sum(dZ1) * ones(1, 5)", "db1 = sum(dZ1) * ones(1, 5)");
}

/* Every line of a derived pass in turn, twice as large: the check finds that line, whatever the
 * model; lines that share a target by their node. */
static void test_every_line(void **state) {
  (void)state;
  static const char *const texts[] = {
      NET,
      "seed 2; data X = randn(4, 3); data T = eye(4); param W = randn(3, 4); param b = randn(1, 4)\n"
      "param g = randn(1, 4); param c = randn(1, 4)\n"
      "H = layer_norm(affine(X, W, b), g, c); L = softmax_cross_entropy(H, T)",
      "seed 4; data X = randn(5, 3); param W = randn(3, 3)\n"
      "Q = X @ W; P = softmax(Q @ Q.T); L = sum(P * P * 3) + sum(sin(Q) / (2 + cos(Q)))",
      "seed 5; param a = rand(2, 3) + 0.5; param b = rand(1, 3) + 0.5\n"
      "y = a^b + sqrt(a) * log(b + 1) - max(a, b) / exp(b); L = mean(y^2)",
  };
  size_t tried = 0, told = 0;
  for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
    struct trial trial;
    trial_start(&trial, texts[t]);
    size_t count = trial.model.rule_count;
    for (size_t i = 0; i < count; i++) {
      struct diag diag = {0};
      struct text bug;
      const struct rule *rule = &trial.model.rules[i];
      text_init(&bug);
      if (rule->operand >= 0)
        text_printf(&bug, "%s:%d: ", trial.model.nodes[rule->node].name, rule->operand + 1);
      const char *value = strstr(rule->text, "= ") + 2;
      text_printf(&bug, "%s %s 2 * (%s)", rule->target, rule->accumulate ? "+=" : "=", value);
      struct trial spoilt;
      trial_start(&spoilt, texts[t]);
      if (model_add_bug(&spoilt.model, "bug", text_string(&bug), bug.length, &diag))
        fail_msg("%s: %s", text_string(&bug), diag.message);
      run_explained(&spoilt, explained);
      assert_verdict(&spoilt, VERDICT_FAIL);
      const struct wrong_line *wrong = first_line(&spoilt);
      bool among = false;
      for (size_t k = 0; wrong && k < wrong->count; k++) among = among || wrong->rules[k] == i;
      if (!among) {
        say_findings(&spoilt);
        fail_msg("%s is not found, but %s", text_string(&bug),
                 wrong ? spoilt.model.rules[wrong->rules[0]].text : "nothing");
      }
      tried++;
      told += wrong->count == 1;
      text_done(&bug);
      trial_done(&spoilt);
    }
    trial_done(&trial);
  }
  assert_in_range(tried, 40, 1000);
  assert_in_range(told, tried * 3 / 4, tried);
}

/* -- laws -- */

static enum law broken(const char *text, const char *bug) {
  struct trial trial;
  enum law law = LAW_NONE;
  trial_start(&trial, text);
  if (bug) spoil(&trial, bug);
  run_explained(&trial, (struct check_options){.tolerance = -1});
  for (size_t i = 0; i < trial.check.tensor_count; i++)
    if (trial.check.tensors[i].broken) {
      law = trial.check.tensors[i].broken;
      assert_int_equal(trial.check.tensors[i].verdict, VERDICT_FAIL);
    }
  trial_done(&trial);
  return law;
}

/* Agreeing with the numerical gradient is not enough: at an upstream of 1 these do. */
static void test_laws(void **state) {
  (void)state;
  static const char text[] = "param x = 3; y = 2 * x; L = y + 1";
  assert_int_equal(broken(text, NULL), LAW_NONE);
  assert_int_equal(broken(text, "dy = 1"), LAW_ZERO);
  assert_int_equal(broken(text, "dy = dL * dL"), LAW_DOUBLE);
  assert_int_equal(broken(text, "dy = min(dL, 1)"), LAW_DOUBLE);
  assert_int_equal(broken(text, "dx = dy * 2 + 0 * rand(1, 1)"), LAW_NONE);
  assert_int_equal(broken(text, "dx = dy * (2 + 1e-6 * rand(1, 1))"), LAW_REPEAT);
}

static void test_reasons_of_laws(void **state) {
  (void)state;
  struct trial trial;
  trial_start(&trial, "param x = 3; y = 2 * x; L = y + 1");
  spoil(&trial, "dy = 1");
  run_explained(&trial, explained);
  assert_int_equal(trial.check.tensors[0].reason, REASON_UPSTREAM);
  assert_line(&trial, "dy = 1");
  spoil(&trial, "dx = dy * 2 + 1e-3 * rand(1, 1)");
  run_explained(&trial, explained);
  assert_int_equal(trial.check.tensors[0].reason, REASON_NOT_REPEATABLE);
  assert_line(&trial, "dx = dy * 2 + 1e-3 * rand(1, 1)");
  trial_done(&trial);
}

/* A backward block that never reads the loss's gradient takes it to be 1; one that does is held to
 * it; one that changes it on its way is not repeatable. */
static void test_laws_of_a_block(void **state) {
  (void)state;
#define SQUARE "param x = 3; L = x^2\nbackward\n"
  assert_int_equal(broken(SQUARE "dx = 2 * x\nend", NULL), LAW_NONE);
  assert_int_equal(broken(SQUARE "dL = 1\ndx = dL * 2 * x\nend", NULL), LAW_NONE);
  assert_int_equal(broken(SQUARE "dx = dL * 2 * x\nend", NULL), LAW_NONE);
  assert_int_equal(broken(SQUARE "dx = (1 + dL) * x\nend", NULL), LAW_ZERO);
  assert_int_equal(broken(SQUARE "dx = dL * 2 * x\ndL = dL / 2\nend", NULL), LAW_REPEAT);
  assert_int_equal(broken(three_layers_notes, NULL), LAW_NONE);
}

/* Draws, infinities, numbers at both ends of the scale, coarse precision: none of them breaks a law
 * by itself. */
static void test_laws_spare_the_right(void **state) {
  (void)state;
  static const char *const texts[] = {
      "seed 1; param x = randn(3, 4); y = dropout(x, 0.5); L = sum(y * y)",
      "param x = [1 2]; y = x * 1e308; L = sum(y)",
      "param x = [1 2]; y = 1e-300 * (x * 1e-20); z = y * 1e300; L = sum(z)",
      "param x = 800; y = exp(-x); L = y * 1e300",
      "param x = [-800 800 3]; y = sigmoid(x); L = sum(y)",
      "data u = [1 0]; data v = u / 0; param x = [1 2]; y = sum(x * v)",
      "param x = 0; y = sqrt(x)",
      "param x = 0; y = 1 / (1 + 1 / x)",
      "param x = 2; loss x",
      "seed 3; param x = randn(4, 4); y = batch_norm(x, ones(1, 4), zeros(1, 4)); L = sum(y * x)",
      "seed 3; param x = randn(4, 4); y = rowmax(x) + leaky_relu(x, 0.1); L = sum(abs(y))",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    for (int precision = 0; precision < PRECISION_COUNT; precision++) {
      struct trial trial;
      trial_start(&trial, texts[i]);
      run_explained(&trial, (struct check_options){.tolerance = -1, .explain = true,
                                               .precision = (enum precision)precision});
      for (size_t k = 0; k < trial.check.tensor_count; k++)
        if (trial.check.tensors[k].broken) fail_msg("%s in %s", texts[i], precision_names[precision]);
      trial_done(&trial);
    }
}

/* -- what a pass is worth -- */

static void test_worth(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"seed 1; data X = randn(1, 3); param W = randn(3, 2); param b = randn(1, 2)\n"
       "L = sum(tanh(X @ W + b))", "single sample"},
      {"seed 1; data X = randn(4, 3); param W = [2 1 0; 1 3 1; 0 1 2]; L = sum(tanh(X @ W))",
       "W equals its transpose"},
      {"seed 1; data X = randn(4, 3); param W = 9 * randn(3, 2); L = sum(tanh(X @ W))",
       "saturated"},
      {"seed 1; data X = rand(4, 3); param W = randn(3, 2); param b = [-9 9]\n"
       "L = sum(relu(X @ W + b))", "1 of 2 units"},
      {"param x = 1e-4; param y = 2; L = max(x, 0) * y", "a kink is within 16 steps of x [0, 0]"},
      {"seed 1; param x = 2; param unused = 3; L = x^2", "does not depend on unused"},
      {"seed 1; data X = randn(4, 3); param W = randn(3, 1); param b = randn(1, 1)\n"
       "param V = randn(1, 2); param c = randn(1, 2); L = sum(tanh(tanh(X @ W + b) @ V + c))",
       "the layer of b has a single unit"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct trial trial;
    bool found = false;
    trial_start(&trial, rows[i][0]);
    run_explained(&trial, explained);
    for (size_t k = 0; k < trial.check.note_count; k++)
      found = found || strstr(trial.check.notes[k], rows[i][1]);
    for (size_t k = 0; !found && k < trial.check.note_count; k++)
      print_error("%s\n", trial.check.notes[k]);
    if (!found) fail_msg("%s: no note \"%s\"", rows[i][0], rows[i][1]);
    trial_done(&trial);
  }
  struct trial trial; /* and none where nothing is to be said */
  trial_start(&trial, NET);
  run_explained(&trial, explained);
  assert_int_equal(trial.check.note_count, 0);
  assert_int_equal(check_add_note(&trial.check, "one more"), STATUS_OK);
  assert_string_equal(trial.check.notes[0], "one more");
  trial_done(&trial);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_net),
      cmocka_unit_test(test_other_habits),
      cmocka_unit_test(test_helpers),
      cmocka_unit_test(test_two_mistakes),
      cmocka_unit_test(test_factors_in_the_notes),
      cmocka_unit_test(test_derived),
      cmocka_unit_test(test_every_line),
      cmocka_unit_test(test_laws),
      cmocka_unit_test(test_reasons_of_laws),
      cmocka_unit_test(test_laws_of_a_block),
      cmocka_unit_test(test_laws_spare_the_right),
      cmocka_unit_test(test_worth),
  };
  return cmocka_run_group_tests_name("diagnose", tests, NULL, NULL);
}
