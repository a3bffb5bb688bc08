/* Protects the notes beside a PASS on special points, shapes and directions: each is there where it
 * is true, is not where it is not, and what it says stays unseen does. */
#include "trial.h"

/* -- when each is said -- */

static const char norm[] =
    "seed 7; data X = randn(4, 5); data T = randn(4, 6); param W = randn(5, 6); param g = %s\n"
    "h = X @ W; r = 1 / sqrt(sum(h^2, 1) / 6 + 1e-6); y = h * r * g; L = mse(y, T)\n"
    "backward; dy = 2 * (y - T) / 24; dg = sum(dy * h * r, 0); s = sum(dy * h * g, 1)\n"
    "dh = dy * %s * r - r^3 * h * s / 6; dW = X.T @ dh; end";

enum note { ONES, TWINS, SPREAD, UNREAD, DIRECTIONS, SPECIAL, DEAD = SPECIAL, SATURATED, NOTES };

static const char *const phrases[NOTES] = {
    [ONES] = "where it is a factor that is missing", [TWINS] = "so are their gradients",
    [SPREAD] = "its operands are",                   [UNREAD] = "is not part of the loss",
    [DIRECTIONS] = "random direction",
    [DEAD] = "are dead",
    [SATURATED] = "are saturated",
};

#define NET "seed 3; data X = randn(5, 3); data T = randn(5, 1); "
#define UNITS "seed 3; data X = rand(5, 3); param W = randn(3, 2); param b = [-9 1]; Z = X @ W + b\n"
#define FAR_OUT "seed 3; data X = randn(5, 3); param W = 90 * randn(3, 2); Z = X @ W\n"
#define HEAD "h = tanh(X @ W + b); L = mse(h @ V, T)"

static const struct {
  const char *text;
  int note;         /* the only one of these that is said; -1: none is */
  const char *says; /* in it */
} cases[] = {
    /* A scale that is 1. */
    {"data x = [2 3]; param g = [1 1]; L = sum(x * g)", ONES, "g is all ones at this point"},
    {"data x = [2 3]; param g = [1; 1]; L = sum(g.T * x)", ONES, "g is all ones"},
    {"data x = [2 3]; param k = 1; L = sum(k * x)", ONES, "k is 1 at this point"},
    {"data x = [2 3]; param g = [1 1.5]; L = sum(x * g)", -1, NULL},
    {"data x = [2 3]; param b = [1 1]; L = sum((x + b)^2)", -1, NULL},
    {"data x = [2 3]; param g = [1 1]; L = sum(exp(3 * g) + x)", -1, NULL},
    {"data x = [2 3]; param g = [1 1]; q = x * g < 2.5; L = sum((x + g)^2 * q)", -1, NULL},
    {"data x = [2 3]; param g = [1 1]; q = x * g; r = 2 * q; L = sum((x + g)^2)", -1, NULL},
    {"data x = [2 3]; param W = ones(2, 1); L = sum(x @ W)", -1, NULL},
    /* Units that are the same. */
    {NET "param W = 0.5 * ones(3, 4); param b = randn(1, 1) * ones(1, 4); param V = ones(4, 1)\n"
     HEAD, TWINS, "all 4 units of W (its columns)"},
    {NET "param W = [1 2 1; 3 0 3; 4 5 4]; param b = [1 0.5 1]; param V = [2; 1; 2]\n" HEAD, TWINS,
     "columns 0 and 2 of W"},
    {NET "param W = [1 2 1; 3 0 3; 4 5 4]; param b = [1 0.5 1.1]; param V = [2; 1; 2]\n" HEAD, -1,
     NULL},
    {NET "param W = [1 2 1; 3 0 3; 4 5 4]; param b = [1 0.5 1]; param V = [2; 1; 2.1]\n" HEAD, -1,
     NULL},
    {NET "param W = [1 2 1; 3 0 3; 4 5 4.1]; param b = [1 0.5 1]; param V = [2; 1; 2]\n" HEAD, -1,
     NULL},
    {"seed 2; data X = randn(3, 5); param W = [1 2 3; 1 2 3]; L = sum(tanh(W @ X)^2)", TWINS,
     "all 2 units of W (its rows)"},
    {"seed 2; data X = randn(5, 3); param W = [1 2 3; 1 2 3]; L = sum(tanh(X @ W.T)^2)", TWINS,
     "all 2 units of W (its rows)"},
    {"seed 2; data X = randn(5, 3); data T = randn(5, 2); param W = ones(3, 2); L = mse(X @ W, T)",
     -1, NULL},
    /* A column and a row that make a square. */
    {"seed 3; data X = randn(6, 1); data y = [1 2 3 4 5 6]; param w = 0.5; pred = X * w\n"
     "L = mse(pred, y)", SPREAD, "pred - y is 6 x 6, its operands are 6 x 1 and 1 x 6"},
    {"seed 3; data X = randn(6, 2); data y = [1 0 1 0 1 0]; param w = randn(2, 1)\n"
     "p = sigmoid(X @ w); L = -sum(y * log(p) + (1 - y) * log(1 - p)) / 6", SPREAD,
     "a \"*\" in L is 6 x 6, its operands are 1 x 6 and 6 x 1"},
    {"seed 3; data x = randn(5, 1); data y = randn(1, 5); param w = 2; D = (w * x - y)^2\n"
     "L = mean(D)", SPREAD, "a \"-\" in D is 5 x 5"},
    {"seed 3; data x = randn(5, 1); data y = randn(5, 1); param w = 2; L = mse(w * x, y)", -1,
     NULL},
    {"seed 3; data x = randn(5, 1); data y = randn(1, 4); param w = 2; L = mse(w * x, y)", -1,
     NULL},
    {"seed 3; data x = randn(5, 1); data y = randn(5, 1); param w = 2\n"
     "L = sum(exp(-(w * x - y.T)^2))", -1, NULL},
    {"seed 3; data X = randn(6, 2); param W = randn(2, 2); Z = X @ W; s = sum(Z^2, 1)\n"
     "D = s + s.T - 2 * Z @ Z.T; L = sum(exp(-D))", -1, NULL},
    {"seed 3; param u = randn(4, 1); param v = randn(1, 4); data M = randn(4, 4)\n"
     "L = sum((u * v - M)^2)", -1, NULL},
    {"seed 3; data x = randn(5, 1); param c = randn(1, 5); param w = randn(5, 1)\n"
     "data t = randn(5, 1); K = exp(-(x - c)^2); L = mse(K @ w, t)", -1, NULL},
    {"seed 3; data x = randn(5, 1); data y = randn(1, 5); param w = 2\n"
     "L = sum(sqrt(sum((w * x - y)^2, 1)))", -1, NULL},
    {"seed 3; data x = randn(5, 1); param w = 2; L = mse(w * x, 3 * ones(1, 5))", -1, NULL},
    {"seed 3; data x = randn(5, 1); data y = randn(1, 5); param w = randn(1, 5)\n"
     "n = sum((x - y)^2); L = sum(w^2) + n", -1, NULL},
    /* A number that nothing reads. */
    {NET "param W = randn(3, 1); y = X @ W; p = 0.1 * sum(W^2); L = mse(y, T)", UNREAD,
     "p is not part of the loss L"},
    {NET "param W = randn(3, 1); y = X @ W; q = mse(y, T); L = q + sum(W^2); loss q", UNREAD,
     "L is not part of the loss q"},
    {NET "param W = randn(3, 1); y = X @ W; q = mse(y, T); L = mean(y); loss q", UNREAD,
     "L is not part of the loss q"},
    {NET "param W = randn(3, 1); y = X @ W; L = mse(y, T); hits = mean((y > 0) == (T > 0))\n"
     "loss L", -1, NULL},
    {NET "param W = randn(3, 1); y = X @ W; L = mse(y, T); root = sqrt(L); loss L", -1, NULL},
    {NET "param W = randn(3, 1); y = X @ W; p = exp(y); L = mse(y, T)", -1, NULL},
    {NET "param W = randn(3, 1); y = X @ W; n = mean(X); L = mse(y, T)", -1, NULL},
};

/* What is said of activations. */
static const struct {
  const char *text;
  int note;
  const char *says;
} activations[] = {
    /* Units through which nothing flows back, whatever the function is called. */
    {UNITS "H = relu(Z); L = sum(H)", DEAD, "1 of 2 units of H"},
    {UNITS "L = sum(max(0, Z))", DEAD, "1 of 2 units"},
    {"gate clip(x); out = max(2 * x, 0) / 2; end\n" UNITS "H = clip(Z); L = sum(H)", DEAD,
     "1 of 2 units of H"},
    {UNITS "H = leaky_relu(Z, 0.1); L = sum(H)", -1, NULL},
    {UNITS "H = softplus(Z); L = sum(H)", -1, NULL},
    {"gate swish(x); out = x * sigmoid(x); end\n" UNITS "H = swish(Z); L = sum(H)", -1, NULL},
    {UNITS "H = abs(Z); L = sum(H)", -1, NULL},
    /* Entries at which a function is nearly flat. */
    {FAR_OUT "H = tanh(Z); L = sum(H)", SATURATED, "10 of 10 entries of H"},
    {FAR_OUT "H = sigmoid(Z); L = sum(H)", SATURATED, "10 of 10 entries of H"},
    {"gate hard(x); out = max(min(x, 1), -1); end\n" FAR_OUT "H = hard(Z); L = sum(H)", SATURATED,
     "10 of 10 entries of H"},
    {"gate bent(x); out = x / (1 + abs(x)); end\n" FAR_OUT "H = bent(Z); L = sum(H)", SATURATED,
     "10 of 10 entries of H"},
    {"gate swish(x); out = x * sigmoid(x); end\n" FAR_OUT "H = swish(Z); L = sum(H)", -1, NULL},
    {FAR_OUT "H = tanh(Z / 300); L = sum(H)", -1, NULL},
    {FAR_OUT "H = sin(Z); L = sum(H)", -1, NULL},
    {FAR_OUT "H = softmax(Z); L = sum(H^2)", -1, NULL},
};

static const char *find_note(const struct check *check, int note) {
  for (size_t i = 0; i < check->note_count; i++)
    if (strstr(check->notes[i], phrases[note])) return check->notes[i];
  return NULL;
}

/* Of the notes [FROM, TO), TEXT has none but WANTED. */
static void expect_of(const char *text, const struct check_options *options, int from, int to,
                      int wanted, const char *says) {
  struct trial trial;
  trial_start(&trial, text);
  trial_run(&trial, *options);
  for (int note = from; note < to; note++) {
    const char *found = find_note(&trial.check, note);
    if ((found != NULL) != (note == wanted)) fail_msg("%s: %s", text, found ? found : "no note");
    if (found && says && !strstr(found, says)) fail_msg("%s: %s", text, found);
  }
  trial_done(&trial);
}

static void expect_notes(const char *text, const struct check_options *options, int wanted,
                         const char *says) {
  expect_of(text, options, 0, SPECIAL, wanted, says);
}

static void test_notes(void **state) {
  (void)state;
  const struct check_options options = {.tolerance = -1, .explain = true};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    expect_notes(cases[i].text, &options, cases[i].note, cases[i].says);
}

static void test_activations(void **state) {
  (void)state;
  const struct check_options options = {.tolerance = -1, .explain = true};
  for (size_t i = 0; i < sizeof activations / sizeof *activations; i++)
    expect_of(activations[i].text, &options, SPECIAL, NOTES, activations[i].note,
              activations[i].says);
}

/* A failing check has more important things to say. */
static void test_no_notes_of_failures(void **state) {
  (void)state;
  struct trial trial;
  trial_start(&trial, "seed 3; data X = randn(6, 1); data y = [1 2 3 4 5 6]; param w = 1\n"
                      "pred = X * w; L = mse(pred, y)");
  spoil(&trial, "dw = 2 * sum(dpred * X)");
  trial_run(&trial, (struct check_options){.tolerance = -1, .explain = true});
  for (int note = 0; note < NOTES; note++) assert_null(find_note(&trial.check, note));
  trial_done(&trial);
}

/* -- what stays unseen -- */

static enum verdict verdict_of_norm(const char *scale, const char *factor, bool *noted) {
  char text[800];
  struct trial trial;
  snprintf(text, sizeof text, norm, scale, factor);
  trial_start(&trial, text);
  trial_run(&trial, (struct check_options){.tolerance = -1, .explain = true});
  enum verdict verdict = trial.check.verdict;
  *noted = find_note(&trial.check, ONES) != NULL;
  trial_done(&trial);
  return verdict;
}

/* gamma's factor left out, or there twice: unseen exactly where the note is. */
static void test_ones_hide(void **state) {
  (void)state;
  static const char *const wrong[] = {"1", "g * g"};
  bool noted;
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(verdict_of_norm("ones(1, 6)", wrong[i], &noted), VERDICT_PASS);
    assert_true(noted);
    assert_int_equal(verdict_of_norm("1 + randn(1, 6) * 0.2", wrong[i], &noted), VERDICT_FAIL);
    assert_false(noted);
  }
  assert_int_equal(verdict_of_norm("1 + randn(1, 6) * 0.2", "g", &noted), VERDICT_PASS);
  assert_false(noted);
}

/* Columns of a gradient that are mixed up: unseen exactly where the note is. */
static void test_twins_hide(void **state) {
  (void)state;
  static const char *const biases[] = {"[1 0.5 1]", "[1 0.5 2]"};
  for (size_t i = 0; i < 2; i++) {
    char text[400];
    struct trial trial;
    snprintf(text, sizeof text, NET "param W = [1 2 1; 3 0 3; 4 5 4]; param b = %s\n"
             "param V = [2; 1; 2]; " HEAD "\nbackward; dh = 2 * (h @ V - T) @ V.T / 5\n"
             "dz = dh * (1 - h^2); dW = X.T @ dz @ [0 0 1; 0 1 0; 1 0 0]; db = sum(dz, 0)\n"
             "dV = h.T @ (2 * (h @ V - T)) / 5; end", biases[i]);
    trial_start(&trial, text);
    trial_run(&trial, (struct check_options){.tolerance = -1, .explain = true});
    assert_int_equal(trial.check.verdict, i == 0 ? VERDICT_PASS : VERDICT_FAIL);
    assert_int_equal(find_note(&trial.check, TWINS) != NULL, i == 0);
    trial_done(&trial);
  }
}

static const char wide[] = "seed 4; data X = randn(9, 8); param W = randn(8, 5); h = X @ W\n"
                           "L = sum(h^2)";

static double unseen_size(const struct check *check) {
  const char *note = find_note(check, DIRECTIONS);
  assert_non_null(note);
  const char *size = strstr(note, "unseen below ");
  assert_non_null(size);
  return strtod(size + strlen("unseen below "), NULL);
}

/* A mistake in a single entry shows along the directions where it is as large as the note says. */
static void test_directions_miss(void **state) {
  (void)state;
  const struct check_options options = {.tolerance = -1, .directions = 4, .explain = true};
  struct trial trial;
  trial_start(&trial, wide);
  trial_run(&trial, options);
  assert_int_equal(trial.check.verdict, VERDICT_PASS);
  const char *note = find_note(&trial.check, DIRECTIONS);
  assert_true(note && strstr(note, "4 random directions") && strstr(note, "40 entries") &&
              strstr(note, "1 of 16 draws"));
  const double size = unseen_size(&trial.check);
  for (int larger = 0; larger < 2; larger++) {
    char bug[120];
    snprintf(bug, sizeof bug, "dW = X.T @ dh + %.6g * dL * unit(8, 5, 7)",
             size * (larger ? 1.2 : 0.8));
    spoil(&trial, bug);
    trial_run(&trial, options);
    assert_int_equal(trial.check.verdict, larger ? VERDICT_FAIL : VERDICT_PASS);
    assert_int_equal(find_note(&trial.check, DIRECTIONS) != NULL, !larger);
  }
  trial_done(&trial);
}

static void test_directions_said(void **state) {
  (void)state;
  const struct check_options one = {.tolerance = -1, .directions = 1, .explain = true};
  expect_notes(wide, &one, DIRECTIONS, "1 random direction a tensor stands for 40 entries");
  const struct check_options overall = {.tolerance = 1e-7, .directions = 3, .explain = true};
  expect_notes(wide, &overall, DIRECTIONS, "in up to 1 of 8 draws");
  const struct check_options all = {.tolerance = -1, .explain = true};
  expect_notes(wide, &all, -1, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_notes),
      cmocka_unit_test(test_activations),
      cmocka_unit_test(test_no_notes_of_failures),
      cmocka_unit_test(test_ones_hide),
      cmocka_unit_test(test_twins_hide),
      cmocka_unit_test(test_directions_miss),
      cmocka_unit_test(test_directions_said),
  };
  return cmocka_run_group_tests_name("worth", tests, NULL, NULL);
}
