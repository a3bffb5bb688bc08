/* Protects the session: every change is a command, a command that fails changes nothing, undo, redo
 * and a replayed log come back to the same bits, and no number is shown before the walk reaches
 * it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "command/command.h"
#include "command/script.h"
#include "core/random.h"
#include "explore/evaluate.h"
#include "explore/log.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* -- a session and what it says -- */

struct trial {
  struct session session;
  struct lines out;
  struct diag diag;
};

static char folder[] = "/tmp/gradwalk-session-XXXXXX";

static void start(struct trial *trial) {
  *trial = (struct trial){0};
  session_init(&trial->session, &command_interpreter);
  lines_init(&trial->out);
}

static void done(struct trial *trial) {
  session_done(&trial->session);
  lines_done(&trial->out);
}

static enum status try(struct trial *trial, const char *line) {
  lines_clear(&trial->out);
  trial->diag = (struct diag){0};
  return command_do(&trial->session, line, &trial->out, &trial->diag);
}

static const char *said(const struct trial *trial) {
  return trial->out.text.length > 0 ? text_string(&trial->out.text) : "";
}

static void doing(struct trial *trial, const char *line) {
  if (try(trial, line)) fail_msg("%s: %s (%s)", line, trial->diag.message, trial->diag.hint);
}

static void says(struct trial *trial, const char *line, const char *expected) {
  doing(trial, line);
  if (strcmp(said(trial), expected) != 0)
    fail_msg("%s: said\n%sexpected\n%s", line, said(trial), expected);
}

static void mentions(struct trial *trial, const char *line, const char *expected) {
  doing(trial, line);
  if (!strstr(said(trial), expected)) fail_msg("%s: no \"%s\" in\n%s", line, expected, said(trial));
}

static void fails(struct trial *trial, const char *line, enum status status, const char *why) {
  enum status got = try(trial, line);
  if (got != status) fail_msg("%s: status %d, expected %d", line, (int)got, (int)status);
  if (!strstr(trial->diag.message, why) && !strstr(trial->diag.hint, why))
    fail_msg("%s: \"%s\" (%s), expected \"%s\"", line, trial->diag.message, trial->diag.hint, why);
}

static void in_folder(char path[256], const char *name) {
  snprintf(path, 256, "%s/%s", folder, name);
}

static void write_text(const char *name, const char *text) {
  char path[256];
  in_folder(path, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

/* The bytes of a file, for free(). */
static char *read_bytes(const char *name, size_t *length) {
  char path[256], *bytes = calloc(1, 1 << 20);
  in_folder(path, name);
  FILE *file = fopen(path, "rb");
  assert_non_null(bytes);
  if (!file) fail_msg("%s is missing", name);
  *length = fread(bytes, 1, (1 << 20) - 1, file);
  fclose(file);
  return bytes;
}

/* COMMAND with a path in the test's own folder behind it. */
static const char *with_path(char line[512], const char *command, const char *name) {
  snprintf(line, 512, "%s %s/%s", command, folder, name);
  return line;
}

static void open_model(struct trial *trial, const char *text) {
  char line[512];
  write_text("model.gw", text);
  start(trial);
  doing(trial, with_path(line, "open", "model.gw"));
}

static const char chain[] = "param x = -2; param y = 5; param z = -4; q = x + y; f = q * z";

static const char net[] =
    "seed 1; data X = randn(4, 3); data Y = [1 1 0]\n"
    "param W1 = randn(5, 4); param b1 = randn(5, 1)\n"
    "param W2 = randn(1, 5); param b2 = randn(1, 1)\n"
    "A1 = relu(W1 @ X + b1); A2 = sigmoid(W2 @ A1 + b2)\n"
    "cost = sum(-log(A2) * Y - log(1 - A2) * (1 - Y)) / cols(X)";

static const char dropout[] =
    "seed 2; data X = randn(3, 4); param W = randn(2, 3)\n"
    "mask = rand(2, 4) < 0.5; H = tanh(W @ X) * mask; L = sum(H ^ 2)";

/* -- the whole state, to the bit -- */

struct snapshot {
  double *values, *image;
  size_t size, position, step_count, log_done, bugs;
  struct random random;
  int focus;
  enum precision precision;
  bool frozen, is_open;
  char *folds; /* by instance */
  size_t instance_count;
  struct text rules, log;
};

static void take_model(struct snapshot *shot, const struct model *model) {
  size_t bytes = model->program.size * sizeof *shot->image;
  shot->image = malloc(bytes + 1);
  shot->folds = calloc(model->instance_count + 1, 1);
  assert_true(shot->image && shot->folds);
  if (bytes > 0) memcpy(shot->image, model->program.image, bytes);
  for (size_t i = 0; i < model->instance_count; i++) shot->folds[i] = model->instances[i].folded;
  for (size_t i = 0; i < model->rule_count; i++)
    text_printf(&shot->rules, "%s # %s\n", model->rules[i].text,
                model->rules[i].original ? model->rules[i].original : "");
}

static struct snapshot take(const struct session *session) {
  struct snapshot shot = {.position = session->now.at.position, .step_count = session->walk.count,
                          .log_done = deeds_count(session->done), .focus = session->look.focus,
                          .precision = session->now.at.precision, .frozen = session->now.at.frozen,
                          .is_open = session_is_open(session), .bugs = session->model->bug_count,
                          .random = session->model->random,
                          .instance_count = session->model->instance_count};
  text_init(&shot.rules);
  text_init(&shot.log);
  log_put(session, &shot.log);
  if (!session_is_open(session)) return shot;
  take_model(&shot, session->model);
  shot.size = session->model->program.size;
  shot.values = malloc(shot.size * sizeof *shot.values + 1);
  assert_non_null(shot.values);
  memcpy(shot.values, session->run.values, shot.size * sizeof *shot.values);
  return shot;
}

static void snapshot_done(struct snapshot *shot) {
  free(shot->values);
  free(shot->image);
  free(shot->folds);
  text_done(&shot->rules);
  text_done(&shot->log);
}

static void assert_leaves_equal(const struct session *session, const struct snapshot *a,
                                const struct snapshot *b) {
  const struct model *model = session->model;
  for (size_t n = 0; n < model->node_count; n++) {
    const struct slot *slot = &model->program.slots[model->nodes[n].slot];
    if (model->nodes[n].kind <= NODE_PARAM)
      assert_memory_equal(a->image + slot->offset, b->image + slot->offset,
                          shape_count(slot->shape) * sizeof *a->image);
  }
}

/* The state of SESSION is SHOT, but for the log where LOG is false. */
static void assert_state(const struct session *session, const struct snapshot *shot, bool log) {
  struct snapshot now = take(session);
  assert_int_equal(now.is_open, shot->is_open);
  assert_int_equal(now.position, shot->position);
  assert_int_equal(now.step_count, shot->step_count);
  assert_int_equal(now.focus, shot->focus);
  assert_int_equal(now.precision, shot->precision);
  assert_int_equal(now.frozen, shot->frozen);
  assert_int_equal(now.bugs, shot->bugs);
  assert_int_equal(now.size, shot->size);
  assert_int_equal(now.instance_count, shot->instance_count);
  assert_string_equal(text_string(&now.rules), text_string(&shot->rules));
  if (log) assert_string_equal(text_string(&now.log), text_string(&shot->log));
  if (now.is_open) {
    assert_memory_equal(now.values, shot->values, now.size * sizeof *now.values);
    assert_memory_equal(now.folds, shot->folds, now.instance_count + 1);
    assert_memory_equal(&now.random, &shot->random, sizeof now.random);
    assert_leaves_equal(session, &now, shot);
  }
  snapshot_done(&now);
}

/* -- commands by name -- */

static void test_command_names(void **state) {
  (void)state;
  struct trial trial;
  start(&trial);
  doing(&trial, "help");
  const struct command *command;
  for (size_t i = 0; (command = command_at(i)); i++) {
    assert_non_null(strstr(said(&trial), command->name));
    assert_non_null(strstr(said(&trial), command->help));
    for (size_t j = 0; j < i; j++) assert_string_not_equal(command->name, command_at(j)->name);
  }
  mentions(&trial, "help sweep", "sweep");
  mentions(&trial, "help tanh", "da = dout * (1 - out^2)");
  mentions(&trial, "help softmax", "dx = out * (dout - sum(dout * out, 1))");
  fails(&trial, "help tahn", STATUS_USAGE, "did you mean tanh?");
  fails(&trial, "help nosuch", STATUS_USAGE, "no command, operation or gate called \"nosuch\"");
  fails(&trial, "nxt", STATUS_USAGE, "did you mean next?");
  fails(&trial, "zzzzzzzzz", STATUS_USAGE, "help lists the commands");
  says(&trial, "", "");
  says(&trial, "   # a comment", "");
  done(&trial);
}

/* Whatever needs a model says so while there is none, and nothing else reads one. */
static void test_nothing_open(void **state) {
  (void)state;
  struct trial trial;
  const struct command *command;
  for (size_t i = 0; (command = command_at(i)); i++) {
    start(&trial);
    if (command->flags & COMMAND_NEEDS_MODEL)
      fails(&trial, command->name, STATUS_USAGE, "nothing is open");
    else
      try(&trial, command->name);
    assert_false(session_is_open(&trial.session));
    done(&trial);
  }
  start(&trial);
  fails(&trial, "undo", STATUS_USAGE, "nothing to undo");
  fails(&trial, "redo", STATUS_USAGE, "nothing to redo");
  fails(&trial, "open", STATUS_USAGE, "open what?");
  assert_true(try(&trial, "open /nonexistent/model.gw") >= STATUS_USAGE);
  assert_false(session_is_open(&trial.session));
  assert_int_equal(deeds_count(trial.session.done), 0);
  doing(&trial, "quit");
  assert_true(trial.session.quitting);
  done(&trial);
}

/* -- the walk of lesson 1 -- */

/* What is known after each move, and what it is: "" is not known yet. */
static const struct {
  const char *move, *name[8];
} lesson_walk[] = {
    /*            x     y    z     q    f      df   dq    dz */
    {"start", {"-2", "5", "-4", "", "", "", "", ""}},
    {"q", {"-2", "5", "-4", "3", "", "", "", ""}},
    {"f", {"-2", "5", "-4", "3", "-12", "", "", ""}},
    {"df", {"-2", "5", "-4", "3", "-12", "1", "", ""}},
    {"dq dz", {"-2", "5", "-4", "3", "-12", "1", "-4", "3"}},
    {"dx dy", {"-2", "5", "-4", "3", "-12", "1", "-4", "3"}},
};
enum { WALK_MOVES = sizeof lesson_walk / sizeof *lesson_walk };

static void assert_shown(struct trial *trial, const char *name, const char *value) {
  char line[64], expected[64];
  snprintf(line, sizeof line, "eval %s", name);
  snprintf(expected, sizeof expected, "%s\n", value);
  if (*value) says(trial, line, expected);
  else fails(trial, line, STATUS_USAGE, "has no value yet");
}

static void assert_walk(struct trial *trial, size_t move) {
  static const char *const names[] = {"x", "y", "z", "q", "f", "df", "dq", "dz"};
  assert_int_equal(trial->session.now.at.position, move);
  for (size_t i = 0; i < 8; i++) assert_shown(trial, names[i], lesson_walk[move].name[i]);
  assert_shown(trial, "dx", move == 5 ? "-4" : "");
  assert_shown(trial, "dy", move == 5 ? "-4" : "");
}

static void test_walk_lesson(void **state) {
  (void)state;
  const char *data = getenv("GRADWALK_TEST_DATA");
  char line[512];
  struct trial trial;
  start(&trial);
  snprintf(line, sizeof line, "open %s/../lessons/01-chain-rule.md", data ? data : "data");
  mentions(&trial, line, "5 moves");
  assert_int_equal(trial.session.walk.count, WALK_MOVES - 1);
  for (size_t move = 0;; move++) {
    assert_walk(&trial, move);
    if (move == WALK_MOVES - 1) break;
    doing(&trial, "next");
  }
  fails(&trial, "next", STATUS_USAGE, "end of the walk");
  for (size_t move = WALK_MOVES - 1; move > 0; move--) {
    assert_walk(&trial, move);
    doing(&trial, "prev");
  }
  assert_walk(&trial, 0);
  fails(&trial, "prev", STATUS_USAGE, "start of the walk");
  done(&trial);
}

static void test_walk_says(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, chain);
  says(&trial, "next", "move 1 of 5, forward\nq = x + y\n  = -2 + 5\n  = 3\n");
  mentions(&trial, "next", "f = q * z\n  = 3 * -4\n  = -12\n");
  mentions(&trial, "next", "df = 1\n");
  mentions(&trial, "next", "dq = df * z\n   = 1 * -4\n   = -4\n");
  mentions(&trial, "next", "dx = dq\n   = -4\n");
  mentions(&trial, "reset", "at the start");
  done(&trial);
}

static void test_jumps(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, chain);
  const struct session *session = &trial.session;
  doing(&trial, "forward q");
  assert_int_equal(session->now.at.position, 1);
  doing(&trial, "forward");
  assert_int_equal(session->now.at.position, 2);
  doing(&trial, "backward q");
  assert_int_equal(session->now.at.position, 4);
  doing(&trial, "backward");
  assert_int_equal(session->now.at.position, 5);
  doing(&trial, "reset");
  assert_int_equal(session->now.at.position, 0);
  doing(&trial, "run");
  assert_int_equal(session->now.at.position, 5);
  fails(&trial, "forward nobody", STATUS_USAGE, "nobody");
  done(&trial);
}

/* A fan-out is complete when its last line has run; before that the sum so far is shown. */
static void test_fan_out(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, "param x = 3; a = x * 2; b = x ^ 2; L = a + b");
  doing(&trial, "backward x");
  says(&trial, "eval dx", "8\n");
  doing(&trial, "prev");
  says(&trial, "eval dx", "6\n"); /* b's share has come, a's not */
  done(&trial);
}

/* -- focus and gradients by name -- */

static void test_focus(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, chain);
  doing(&trial, "run");
  mentions(&trial, "focus q", "dx = dq");
  assert_string_equal(trial.session.model->nodes[trial.session.look.focus].name, "q");
  says(&trial, "focus dz", "dz = df * q\n   = 1 * 3\n   = 3\n");
  assert_string_equal(trial.session.model->nodes[trial.session.look.focus].name, "z");
  says(&trial, "show dx", "dx = dq\n   = -4\n");
  fails(&trial, "focus nobody", STATUS_USAGE, "no node");
  fails(&trial, "show dnobody", STATUS_USAGE, "no node");
  doing(&trial, "reset");
  mentions(&trial, "show dz", "not computed yet");
  done(&trial);
}

/* -- set -- */

static void test_set(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, chain);
  doing(&trial, "run");
  doing(&trial, "set x = 3");
  says(&trial, "eval f", "-32\n");
  says(&trial, "eval dz", "8\n");
  doing(&trial, "set z = x + 1");
  says(&trial, "eval dx", "4\n");
  assert_int_equal(trial.session.now.at.position, 5);
  done(&trial);
}

static void test_set_entries(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, "param W = [1 2; 3 4]; L = sum(W ^ 2)");
  doing(&trial, "run");
  doing(&trial, "set W[1, 0] = 10");
  says(&trial, "eval L", "121\n");
  doing(&trial, "set W = [0 0; 0 1]");
  says(&trial, "eval L", "1\n");
  fails(&trial, "set W = [1 2]", STATUS_USAGE, "1 x 2; expected 2 x 2");
  fails(&trial, "set W[2, 0] = 1", STATUS_USAGE, "no entry [2, 0]");
  fails(&trial, "set W[0, 0] = [1 2]", STATUS_USAGE, "expected 1 x 1");
  fails(&trial, "set W[0 0] = 1", STATUS_USAGE, "NAME[row, column]");
  fails(&trial, "set L = 1", STATUS_USAGE, "only a leaf");
  fails(&trial, "set W", STATUS_USAGE, "NAME = VALUE");
  says(&trial, "eval L", "1\n");
  done(&trial);
}

/* An expression that begins where the last line has ended leaves that line's code alone. */
static void test_expressions_touch_no_line(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, "param X = [1 2; 3 4]; h = X.T; L = sum(h * h)");
  doing(&trial, "run");
  says(&trial, "eval sum(dX @ X)", "108\n");
  doing(&trial, "set X[1, 1] = 5");
  says(&trial, "eval sum(dX)", "22\n");
  done(&trial);
}

/* -- bugs, folding, precision, draws -- */

static void test_bug(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, chain);
  doing(&trial, "run");
  mentions(&trial, "bug dq = 2 * df * z", "the line was  ~~dq = df * z~~");
  says(&trial, "eval dx", "-8\n");
  mentions(&trial, "check", "FAIL");
  assert_int_equal(trial.session.now.at.check->verdict, VERDICT_FAIL);
  mentions(&trial, "focus dq", "a bug; the line was  ~~dq = df * z~~");
  fails(&trial, "bug dq = nothing", STATUS_DATA, "nothing");
  says(&trial, "eval dx", "-8\n");
  doing(&trial, "bug dq = df * z"); /* the right line again */
  says(&trial, "eval dx", "-4\n");
  done(&trial);
}

static void test_fold(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, net);
  doing(&trial, "run");
  size_t folded = trial.session.walk.count;
  doing(&trial, "eval dW1");
  struct lines gradient = trial.out;
  lines_init(&trial.out);
  doing(&trial, "unfold A2");
  size_t unfolded = trial.session.walk.count;
  assert_true(unfolded > folded);
  doing(&trial, "unfold all");
  assert_true(trial.session.walk.count > unfolded);
  doing(&trial, "run");
  says(&trial, "eval dW1", text_string(&gradient.text)); /* the inside derives the same rule */
  doing(&trial, "fold all");
  assert_int_equal(trial.session.walk.count, folded);
  fails(&trial, "fold", STATUS_USAGE, "name the result");
  fails(&trial, "unfold W1", STATUS_USAGE, "W1");
  lines_done(&gradient);
  done(&trial);
}

/* What a folded gate hides is computed when its result is, not before. */
static void test_inside_a_gate(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, net);
  const struct session *session = &trial.session;
  const struct model *model = session->model;
  size_t hidden = 0;
  for (;; doing(&trial, "next")) {
    for (int n = 0; n < (int)model->node_count; n++) {
      int shown = model_visible(model, n);
      bool known = model->values[model->nodes[n].slot].known;
      assert_int_equal(session_has_value(session, n), known || session_has_value(session, shown));
      hidden += shown != n;
    }
    if (session->now.at.position == session->walk.count) break;
  }
  assert_true(hidden > 0);
  done(&trial);
}

static void test_precision(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, "param x = 0.1; L = x * 3");
  doing(&trial, "run");
  doing(&trial, "precision single");
  mentions(&trial, "eval L", "0.3000000119209");
  doing(&trial, "precision half");
  assert_int_equal(trial.session.now.at.precision, PRECISION_HALF);
  doing(&trial, "precision double");
  says(&trial, "eval L", "0.30000000000000004\n");
  fails(&trial, "precision huge", STATUS_USAGE, "double, single, half and bfloat16");
  fails(&trial, "freeze maybe", STATUS_USAGE, "freeze on");
  doing(&trial, "freeze on");
  assert_true(trial.session.now.at.frozen);
  done(&trial);
}

/* Draws in the forward pass are the same wherever one stands; another seed draws others. */
static void test_draws(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, dropout);
  doing(&trial, "run");
  struct snapshot at_end = take(&trial.session);
  doing(&trial, "reset");
  for (size_t i = 0; i < trial.session.walk.count; i++) doing(&trial, "next");
  assert_state(&trial.session, &at_end, false);
  doing(&trial, "seed 5");
  size_t same = 0;
  for (size_t i = 0; i < at_end.size; i++) same += at_end.values[i] == trial.session.run.values[i];
  assert_true(same < at_end.size);
  doing(&trial, "undo");
  assert_state(&trial.session, &at_end, false);
  mentions(&trial, "check", "UNRELIABLE");
  doing(&trial, "freeze on");
  mentions(&trial, "check", "PASS");
  fails(&trial, "seed -1", STATUS_USAGE, "whole number");
  fails(&trial, "seed 4294967296", STATUS_USAGE, "whole number");
  snapshot_done(&at_end);
  done(&trial);
}

/* -- undo, redo and the log -- */

static const char *const changes[] = {
    "next", "next", "forward", "set W1[0, 0] = 0.25", "run", "bug db1 = 2 * sum(dZ1, 1)",
    "unfold A2", "precision single", "set b2 = 1 / 3", "seed 7", "freeze on",
    "prev", "fold all",
    "backward A1", "precision double", "reset", "forward A1", "set X = X * 2", "unfold all", "run",
    "prev", "prev", "fold A1",
};
enum { CHANGES = sizeof changes / sizeof *changes };

static size_t make_changes(struct trial *trial, struct snapshot *shots) {
  size_t count = 0;
  shots[0] = take(&trial->session);
  for (size_t i = 0; i < CHANGES; i++) {
    doing(trial, changes[i]);
    assert_int_equal(deeds_count(trial->session.done), count + 2);
    shots[++count] = take(&trial->session);
  }
  return count;
}

static const char buggable[] =
    "seed 1; data X = randn(4, 3); data Y = [1 1 0]\n"
    "param W1 = randn(5, 4); param b1 = randn(5, 1)\n"
    "param W2 = randn(1, 5); param b2 = randn(1, 1)\n"
    "Z1 = W1 @ X + b1; A1 = relu(Z1); A2 = sigmoid(W2 @ A1 + b2)\n"
    "cost = sum(-log(A2) * Y - log(1 - A2) * (1 - Y)) / cols(X)";

static void test_undo_redo(void **state) {
  (void)state;
  struct trial trial;
  struct snapshot shots[CHANGES + 1];
  open_model(&trial, buggable);
  size_t count = make_changes(&trial, shots);
  for (size_t i = count; i-- > 0;) {
    doing(&trial, "undo");
    assert_state(&trial.session, &shots[i], true);
  }
  fails(&trial, "undo", STATUS_USAGE, "nothing to undo");
  for (size_t i = 1; i <= count; i++) {
    doing(&trial, "redo");
    assert_state(&trial.session, &shots[i], true);
  }
  fails(&trial, "redo", STATUS_USAGE, "nothing to redo");
  for (size_t i = 0; i <= count; i++) snapshot_done(&shots[i]);
  done(&trial);
}

/* Where what undo goes back to takes too much memory, the newest of it stays, and undo says so. */
static void test_undo_is_bounded(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, "param W = zeros(100, 100); L = sum(W)");
  const size_t bytes = 100 * 100 * sizeof(double);
  for (int i = 1; i <= 5; i++) {
    char line[64];
    snprintf(line, sizeof line, "set W = %d * ones(100, 100)", i);
    doing(&trial, line);
  }
  deeds_bound(trial.session.done, 4 * bytes);
  doing(&trial, "undo"), doing(&trial, "undo");
  says(&trial, "eval sum(W)", "30000\n");
  fails(&trial, "undo", STATUS_USAGE, "no longer kept");
  says(&trial, "eval sum(W)", "30000\n");
  doing(&trial, "redo"), doing(&trial, "redo");
  says(&trial, "eval sum(W)", "50000\n");
  done(&trial);
}

/* A copy of an exploration shares what is large, and outlives the session. */
static void test_copies_share(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, "param W = zeros(100, 100); L = sum(W)");
  doing(&trial, "set W = ones(100, 100)");
  struct exploration kept = session_keep(&trial.session);
  assert_ptr_equal(kept.at.values, trial.session.now.at.values);
  assert_true(exploration_is(&kept, &trial.session.now));
  doing(&trial, "show W"), doing(&trial, "focus L"), doing(&trial, "check");
  assert_true(exploration_is(&kept, &trial.session.now));
  doing(&trial, "next");
  assert_false(exploration_is(&kept, &trial.session.now));
  assert_true(exploration_bytes(&kept, &trial.session.now) < 1000);
  doing(&trial, "set W = zeros(100, 100)");
  assert_true(exploration_bytes(&kept, &trial.session.now) >= 100 * 100 * sizeof(double));
  assert_true(kept.at.values->of[0][0] == 1);
  assert_int_equal(session_go_to(&trial.session, kept, &trial.diag), STATUS_OK);
  says(&trial, "eval sum(W)", "10000\n");
  done(&trial);
}

/* A change after an undo makes what was undone unreachable. */
static void test_new_branch(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, chain);
  doing(&trial, "set x = 1");
  doing(&trial, "set x = 2");
  doing(&trial, "set x = 3");
  doing(&trial, "undo");
  doing(&trial, "undo");
  doing(&trial, "set x = 7");
  fails(&trial, "redo", STATUS_USAGE, "nothing to redo");
  doing(&trial, "undo");
  says(&trial, "eval x", "1\n");
  done(&trial);
}

static void test_replay(void **state) {
  (void)state;
  struct trial trial, other;
  struct snapshot shots[CHANGES + 1];
  char line[512];
  open_model(&trial, buggable);
  size_t count = make_changes(&trial, shots);
  mentions(&trial, with_path(line, "save", "script.gws"), "saved");
  start(&other);
  doing(&other, with_path(line, "source", "script.gws"));
  assert_state(&other.session, &shots[count], true);
  mentions(&other, "show", "cost"); /* reads what the run says of itself */
  doing(&other, "undo");
  assert_state(&other.session, &shots[count - 1], true);
  for (size_t i = 0; i <= count; i++) snapshot_done(&shots[i]);
  done(&other);
  done(&trial);
}

/* Any walk of random commands, failing ones among them, replays to the same bits. */
static void test_random_walks(void **state) {
  (void)state;
  static const char *const lines[] = {
      "next", "next", "next", "prev", "run", "reset", "forward A1", "backward W1", "unfold A2",
      "fold A2", "unfold all", "fold all", "set W1[1, 2] = 0.5", "set b1 = b1 * 2", "seed 3",
      "precision single", "precision double", "focus A1", "undo", "undo", "redo", "bug db1 = dZ1_",
      "set A1 = 3", "bug db1 = 3 * sum(dZ1, 1)", "freeze on", "freeze off", "eval cost", "nosuch",
  };
  struct random random;
  random_seed(&random, 11);
  for (int round = 0; round < 6; round++) {
    struct trial trial, other;
    char line[512];
    open_model(&trial, buggable);
    for (int i = 0; i < 40; i++)
      try(&trial, lines[random_bits(&random) % (sizeof lines / sizeof *lines)]);
    struct snapshot shot = take(&trial.session);
    doing(&trial, with_path(line, "save", "random.gws"));
    start(&other);
    doing(&other, with_path(line, "source", "random.gws"));
    assert_state(&other.session, &shot, true);
    snapshot_done(&shot);
    done(&other);
    done(&trial);
  }
}

/* What changes nothing leaves no trace: undo takes back the last command that did something. */
static void test_nothing_to_do(void **state) {
  (void)state;
  static const char *const idle[] = {"run", "backward", "unfold all", "focus A1", "focus dW1"};
  static const char *const idle_at_start[] = {"reset", "fold all"};
  struct trial trial;
  open_model(&trial, buggable);
  for (size_t i = 0; i < sizeof idle_at_start / sizeof *idle_at_start; i++) {
    doing(&trial, idle_at_start[i]);
    assert_int_equal(deeds_count(trial.session.done), 1);
  }
  mentions(&trial, "fold all", "folded already");
  doing(&trial, "unfold all");
  assert_int_equal(deeds_count(trial.session.done), 2);
  doing(&trial, "run");
  for (size_t i = 0; i < sizeof idle / sizeof *idle; i++) {
    doing(&trial, idle[i]);
    assert_int_equal(deeds_count(trial.session.done), 3);
  }
  mentions(&trial, "undo", "undone: run");
  mentions(&trial, "undo", "undone: unfold all");
  doing(&trial, "redo");
  doing(&trial, "unfold all"); /* nothing to do: what was undone can still be done again */
  mentions(&trial, "redo", "done again: run");
  done(&trial);
  open_model(&trial, "param x = 3; f = x");
  mentions(&trial, "fold all", "nothing to fold");
  assert_int_equal(deeds_count(trial.session.done), 1);
  done(&trial);
}

/* One looks where one looked before, unless the walk itself moves. */
static void test_undo_keeps_focus(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, buggable);
  const struct session *session = &trial.session;
  doing(&trial, "run");
  doing(&trial, "set b1 = b1 * 2");
  doing(&trial, "focus X");
  int there = session->look.focus;
  doing(&trial, "undo");
  assert_int_equal(session->look.focus, there);
  doing(&trial, "redo");
  assert_int_equal(session->look.focus, there);
  doing(&trial, "prev");
  assert_int_not_equal(session->look.focus, there);
  done(&trial);
}

/* Once the chain is walked, what a question says. */
static const struct {
  const char *line, *said;
} answers[] = {
    {"eval q", "3\n"},
    {"eval dq * x", "8\n"},
    {"show dx", "dx = dq\n   = -4\n"},
    {"numeric z", "3\n"},
};

static void test_answers(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, chain);
  doing(&trial, "run");
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
    says(&trial, answers[i].line, answers[i].said);
  done(&trial);
}

static void test_bare_expressions(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, chain);
  fails(&trial, "q", STATUS_USAGE, "no value yet");
  doing(&trial, "run");
  says(&trial, "q", "3\n");
  says(&trial, "  dq * x \r\n", "8\n");
  says(&trial, "(x + y) * 2", "6\n");
  says(&trial, "-x", "2\n");
  says(&trial, "q == 3", "1\n");
  fails(&trial, "q + nobody", STATUS_DATA, "unknown name");
  fails(&trial, "q +", STATUS_DATA, "end of the text");
  fails(&trial, "nxt", STATUS_USAGE, "did you mean next?");
  fails(&trial, "x = 3", STATUS_USAGE, "set x = 3");
  fails(&trial, "dq = df", STATUS_USAGE, "bug dq = df");
  fails(&trial, "run 3", STATUS_USAGE, "takes nothing");
  assert_int_equal(deeds_count(trial.session.done), 2);
  done(&trial);
  start(&trial);
  fails(&trial, "1 + 2", STATUS_USAGE, "unknown command");
  done(&trial);
}

/* A script that fails names its line and leaves everything as it was, what was undone included. */
static void test_failing_scripts(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
    uint32_t line, column;
  } cases[] = {
      {"prev\n\n  nxt \n", "unknown command \"nxt\"", 3, 3},
      {"# walk\nrun\n\nset x = 9\neval  q + nobody\nset x = 1", "unknown name", 5, 11},
      {"set y = 2\nbug dq = nobody\r\n", "unknown name", 2, 10},
      {"q + nobody", "unknown name", 1, 5},
      {"set z = 8\nopen /nonexistent.gw", "/nonexistent.gw", 2, 1},
  };
  struct trial trial;
  char line[512], name[300];
  open_model(&trial, chain);
  doing(&trial, "run");
  doing(&trial, "check");
  doing(&trial, "set z = 5");
  doing(&trial, "undo");
  doing(&trial, "check");
  doing(&trial, "focus q");
  struct snapshot before = take(&trial.session);
  in_folder(name, "wrong.gws");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    write_text("wrong.gws", cases[i].text);
    assert_int_not_equal(try(&trial, with_path(line, "source", "wrong.gws")), STATUS_OK);
    assert_string_equal(trial.diag.name, name);
    assert_int_equal(trial.diag.line, cases[i].line);
    assert_int_equal(trial.diag.column, cases[i].column);
    assert_non_null(strstr(trial.diag.message, cases[i].message));
    assert_string_equal(said(&trial), "");
    assert_state(&trial.session, &before, true);
    assert_true(trial.session.now.at.check);
  }
  snprintf(line, sizeof line, "set x = 4\nsource %s\n", name);
  write_text("outer.gws", line);
  fails(&trial, with_path(line, "source", "outer.gws"), STATUS_NO_INPUT, "wrong.gws:2:1: ");
  assert_int_equal(trial.diag.line, 2);
  assert_state(&trial.session, &before, true);
  mentions(&trial, "redo", "done again: set z = 5");
  snapshot_done(&before);
  done(&trial);
}

/* A session that is cut off can be taken up again, once. */
static void test_cut_off(void **state) {
  (void)state;
  struct trial trial, other;
  struct snapshot shots[CHANGES + 1];
  struct text told;
  struct diag diag;
  char path[300];
  snprintf(path, sizeof path, "%s/state", folder);
  setenv("XDG_STATE_HOME", path, 1);
  text_init(&told);
  open_model(&trial, buggable);
  assert_int_equal(script_keep(&trial.session, &diag), STATUS_OK); /* nothing to lose yet */
  script_tell_kept(&told);
  assert_int_equal(told.length, 0);
  fails(&trial, "resume", STATUS_USAGE, "no session was cut off");
  size_t count = make_changes(&trial, shots);
  assert_int_equal(script_keep(&trial.session, &diag), STATUS_OK);
  script_tell_kept(&told);
  assert_non_null(strstr(text_string(&told), "resume"));
  start(&other);
  doing(&other, "resume");
  assert_state(&other.session, &shots[count], true);
  fails(&other, "resume", STATUS_USAGE, "no session was cut off");
  told.length = 0;
  script_tell_kept(&told);
  assert_int_equal(told.length, 0);
  write_text("state/gradwalk/session.gws", "next\nnosuch\n"); /* one that cannot be taken up stays */
  fails(&other, "resume", STATUS_USAGE, "unknown command");
  assert_state(&other.session, &shots[count], true);
  script_tell_kept(&told);
  assert_true(told.length > 0);
  char kept[300];
  snprintf(kept, sizeof kept, "%s/state/gradwalk/session.gws", folder);
  remove(kept);
  for (size_t i = 0; i <= count; i++) snapshot_done(&shots[i]);
  text_done(&told);
  done(&other);
  done(&trial);
}

static void test_scripts(void **state) {
  (void)state;
  struct trial trial;
  char line[512];
  open_model(&trial, chain);
  write_text("good.gws", "# a comment\n\n  set x = 1\r\nrun\nquit\nset x = 9\n");
  write_text("self.gws", "");
  doing(&trial, with_path(line, "source", "good.gws"));
  assert_true(trial.session.quitting);
  says(&trial, "eval x", "1\n");
  trial.session.quitting = false;
  char self[512];
  snprintf(self, sizeof self, "source %s/self.gws\n", folder);
  write_text("self.gws", self);
  fails(&trial, with_path(line, "source", "self.gws"), STATUS_USAGE, "too deeply");
  assert_int_equal(trial.session.script_depth, 0);
  fails(&trial, "source /nonexistent/x", STATUS_NO_INPUT, "/nonexistent/x");
  fails(&trial, "save", STATUS_USAGE, "which file");
  fails(&trial, "save /nonexistent/x", STATUS_IO, "/nonexistent/x");
  done(&trial);
}

/* -- what is wrong changes nothing -- */

static void test_wrong_commands(void **state) {
  (void)state;
  static const char *const wrong[] = {
      "open", "open /nonexistent", "open nosuchlesson", "forward nobody", "backward nobody",
      "backward X", "focus", "focus nobody", "focus dnobody", "set", "set x", "set A1 = 1",
      "set W1 = 1", "set W1[9, 9] = 1", "set W1[0, 0] = 1 +", "set W1[0, 0] = nobody",
      "set W1[ = 1",
      "fold", "fold nobody", "fold W1", "unfold nobody", "unfold W1", "bug", "bug dW1",
      "bug dnobody = 1", "bug dW1 = nobody", "bug dW1 = ones(1, 1)", "precision",
      "precision triple",
      "freeze", "seed", "seed x", "seed 1.5", "show nobody", "eval", "eval 1 +", "eval nobody",
      "eval X @ X", "check eps=0", "check nosuch=1", "check step=2", "check --json",
      "check bug=dW1:zero", "check expr=1", "sweep eps=1e-3", "train unfold=A1", "train eps=1",
      "check params=nobody", "check method=magic",
      "sweep eps=1", "sweep params=nobody", "sweep nosuch", "export", "export W1", "export W1 x",
      "export W1 x.txt", "export nobody /tmp/x.csv", "export W1 /nonexistent/x.csv", "source",
      "source /nonexistent", "save", "save /nonexistent/x", "help nosuch", "redo", "nosuch", "NEXT",
      "next 3", "run all", "W1 = 3", "dW1 = X", "W1 +", "nobody + 1", "3 *", "W1 @ W1",
      "hunt seed=1 record=/nonexistent/r.json", "hunt level=9",
      "hunt edition=99", "hunt bugs=99",
      "train steps=3 save=/dev/null/x",
  };
  struct trial trial;
  open_model(&trial, buggable);
  doing(&trial, "bug dW1 = 2 * dZ1 @ X.T");
  doing(&trial, "run");
  doing(&trial, "prev");
  doing(&trial, "check");
  doing(&trial, "sweep params=b2");
  struct snapshot shot = take(&trial.session);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    enum status status = try(&trial, wrong[i]);
    if (!status) fail_msg("\"%s\" was done: %s", wrong[i], said(&trial));
    assert_true(*trial.diag.message);
    assert_state(&trial.session, &shot, true);
    if (!trial.session.now.at.check || !trial.session.now.at.sweep) fail_msg("%s: forgotten", wrong[i]);
  }
  snapshot_done(&shot);
  done(&trial);
}

/* Options are the same with the dashes that the command line has, and those that mean something
 * there only are not passed over in silence. */
static void test_options_of_commands(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, buggable);
  doing(&trial, "check eps=1e-3 freeze");
  char *plainly = strdup(said(&trial));
  says(&trial, "check --eps=1e-3 --freeze", plainly);
  free(plainly);
  fails(&trial, "check epz=1", STATUS_USAGE, "did you mean eps?");
  fails(&trial, "check --epz=1", STATUS_USAGE, "did you mean --eps?");
  fails(&trial, "check xpr=1", STATUS_USAGE, "\"help\" and the command's name");
  fails(&trial, "check -eps=1", STATUS_USAGE, "unknown option \"-eps\"");
  doing(&trial, "precision single");
  doing(&trial, "check");
  assert_int_equal(trial.session.now.at.check->options.precision, PRECISION_SINGLE);
  doing(&trial, "check precision=double");
  assert_int_equal(trial.session.now.at.check->options.precision, PRECISION_DOUBLE);
  doing(&trial, "check precision=half");
  assert_int_equal(trial.session.now.at.check->options.precision, PRECISION_HALF);
  mentions(&trial, "help check", "\n      eps=H  ");
  if (strstr(said(&trial), "expr") || strstr(said(&trial), "lr=")) fail_msg("%s", said(&trial));
  mentions(&trial, "help train", "\n      lr=R  ");
  mentions(&trial, "help sweep", "\n      directions=N  ");
  mentions(&trial, "help hunt", "\n      level=1..5  ");
  done(&trial);
}

static void test_training_between_checks(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, buggable);
  doing(&trial, "bug dW2:scale(2)");
  doing(&trial, "train steps=2 check");
  const char *before = strstr(said(&trial), "check before: "), *after =
      strstr(said(&trial), "check after: ");
  assert_true(before && after && strstr(before, "FAIL") && strstr(before, "FAIL") < after);
  assert_true(strstr(after, "FAIL") && trial.session.now.at.check);
  assert_int_equal(trial.session.now.at.check->verdict, VERDICT_FAIL);
  assert_string_equal(trial.session.now.at.history->before, "FAIL");
  assert_string_equal(trial.session.now.at.history->after, "FAIL");
  doing(&trial, "train steps=2");
  assert_null(trial.session.now.at.history->before);
  doing(&trial, "undo");
  mentions(&trial, "log", "train steps=2 check");
  doing(&trial, "undo"); /* replays what was before */
  doing(&trial, "redo");
  doing(&trial, "hunt freeze");
  assert_true(trial.session.now.at.frozen);
  fails(&trial, "train steps=2 check", STATUS_USAGE, "during a hunt checks are counted");
  doing(&trial, "train steps=2");
  doing(&trial, "undo"); /* the hunt is hidden again */
  assert_true(trial.session.now.at.frozen);
  done(&trial);
}

/* A gate that cannot be unfolded, since a bug does not fit its inside, stays folded. */
static void test_failing_unfold(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, "data X = [1 -2]; param W = [3 1]; Z = X * W; A = leaky_relu(Z, 0.2)\n"
                     "L = sum(A^2)");
  doing(&trial, "bug dZ:comparison(tie,2)");
  doing(&trial, "run");
  doing(&trial, "check");
  struct snapshot shot = take(&trial.session);
  fails(&trial, "unfold all", STATUS_DATA, "several rule lines assign");
  assert_state(&trial.session, &shot, true);
  assert_non_null(trial.session.now.at.check);
  mentions(&trial, "bugs dZ:sign", "1 of");
  snapshot_done(&shot);
  done(&trial);
}

/* Questions leave the log and every value alone. */
static void test_questions(void **state) {
  (void)state;
  struct trial trial;
  char line[512];
  open_model(&trial, buggable);
  doing(&trial, "run");
  struct snapshot shot = take(&trial.session);
  static const char *const questions[] = {
      "show", "show A1", "show dA1", "eval dW1", "eval W1 @ X", "eval randn(2, 2)", "check",
      "check method=richardson", "sweep", "log", "help",
  };
  for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
    doing(&trial, questions[i]);
    assert_state(&trial.session, &shot, true);
  }
  doing(&trial, with_path(line, "export dW1", "q.csv"));
  doing(&trial, with_path(line, "save", "q.gws"));
  assert_state(&trial.session, &shot, true);
  assert_false(command_named("export", strlen("export"))->flags & COMMAND_CHANGES);
  assert_false(command_named("sweep", strlen("sweep"))->flags & COMMAND_CHANGES);
  snapshot_done(&shot);
  done(&trial);
}

/* -- check and sweep -- */

static void test_findings_are_kept(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, buggable);
  const struct session *session = &trial.session;
  doing(&trial, "run");
  mentions(&trial, "check", "PASS");
  mentions(&trial, "sweep", "best step: 2^-");
  assert_true(session->now.at.check && session->now.at.sweep);
  assert_null(session->running);
  doing(&trial, "prev"); /* another place, the same model */
  doing(&trial, "focus A1");
  assert_true(session->now.at.check && session->now.at.sweep);
  static const char *const forgetting[] = {"set b2 = 1", "unfold A2", "bug db1 = 2 * sum(dZ1, 1)",
                                           "precision single", "seed 3"};
  for (size_t i = 0; i < sizeof forgetting / sizeof *forgetting; i++) {
    doing(&trial, "check");
    doing(&trial, "sweep params=b2");
    doing(&trial, forgetting[i]);
    if (session->now.at.check || session->now.at.sweep) fail_msg("%s: still there", forgetting[i]);
    double difference = 0;
    doing(&trial, "undo"); /* what was found of the model as it was is true of it again */
    assert_true(session->now.at.check && session->now.at.sweep);
    difference = session->now.at.check->difference;
    doing(&trial, "check");
    assert_true(session->now.at.check->difference == difference);
    doing(&trial, "redo");
    assert_null(session->now.at.check);
  }
  done(&trial);
}

static void test_sweep_says(void **state) {
  (void)state;
  struct trial trial;
  open_model(&trial, "param x = 0.3; param y = 0.8; L = exp(x) * sigmoid(y) + tanh(x * y)");
  mentions(&trial, "sweep", "2 entries");
  static const char *const parts[] = {"central", "forward", "double precision", "single precision",
                                      " 2^-1   5.0e-1", " 2^-44  5.7e-14", "truncation error",
                                      "round-off error", ", central ~ h^2", ", forward ~ h^",
                                      "~ h^-"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (!strstr(said(&trial), parts[i])) fail_msg("no \"%s\" in\n%s", parts[i], said(&trial));
  for (const char *line = said(&trial); *line; line += strcspn(line, "\n") + 1)
    if (strcspn(line, "\n") > 88) fail_msg("a long line: %.100s", line);
  done(&trial);
}

static volatile sig_atomic_t stop_flag;

static void stop_soon(void *context, size_t reached, size_t total) {
  (void)total;
  if (reached >= *(size_t *)context) stop_flag = 1;
}

/* Counts down; every check of a param's entries and every step is a call. */
static void stop_after_calls(void *context, size_t reached, size_t total) {
  size_t *left = context;
  (void)reached, (void)total;
  if (*left > 0 && --*left == 0) stop_flag = 1;
}

/* Stopped in the check before, nothing is learnt; in the one after, what was learnt stays, and is
 * in the log. */
static void test_stopping_between_checks(void **state) {
  enum { STEPS = 3 };
  (void)state;
  struct trial trial;
  open_model(&trial, buggable);
  struct session *session = &trial.session;
  session->cancel = &stop_flag;
  session->progress = stop_after_calls;
  size_t left = SIZE_MAX;
  session->progress_context = &left;
  doing(&trial, "check");
  const size_t calls = SIZE_MAX - left;
  struct snapshot shot = take(session);
  left = calls - 1;
  fails(&trial, "train steps=3 check", STATUS_CANCELLED, "stopped");
  assert_state(session, &shot, true);
  snapshot_done(&shot);
  stop_flag = 0;
  left = calls + STEPS + 2;
  mentions(&trial, "train steps=3 check", " 3 training steps done\n check after: the check was stopped\n");
  stop_flag = 0;
  assert_int_equal(session->now.at.history->done, STEPS);
  assert_string_equal(session->now.at.history->before, "PASS");
  assert_null(session->now.at.history->after);
  mentions(&trial, "log", "train steps=3 check");
  done(&trial);
}

/* A stopped check or sweep leaves the last ones as they were. */
static void test_stopping(void **state) {
  (void)state;
  struct trial trial;
  size_t when = 7;
  open_model(&trial, buggable);
  struct session *session = &trial.session;
  doing(&trial, "check");
  doing(&trial, "sweep params=b2");
  struct snapshot shot = take(session);
  double difference = session->now.at.check->difference;
  session->cancel = &stop_flag;
  session->progress = stop_soon;
  session->progress_context = &when;
  stop_flag = 0;
  fails(&trial, "check eps=0.1", STATUS_CANCELLED, "stopped");
  stop_flag = 0;
  fails(&trial, "sweep", STATUS_CANCELLED, "stopped");
  assert_state(session, &shot, true);
  assert_true(session->now.at.check && session->now.at.sweep);
  assert_true(session->now.at.check->difference == difference);
  assert_int_equal(session->now.at.sweep->slopes, 1);
  assert_null(session->running);
  stop_flag = 0;
  when = SIZE_MAX;
  doing(&trial, "check eps=0.1");
  assert_true(session->now.at.check->difference != difference);
  snapshot_done(&shot);
  done(&trial);
}

/* -- export -- */

static void assert_csv(const char *name, const double *values, struct shape shape) {
  size_t length;
  char *bytes = read_bytes(name, &length), *at = bytes;
  for (size_t i = 0; i < shape_count(shape); i++) {
    double value = strtod(at, &at);
    assert_memory_equal(&value, &values[i], sizeof value);
    assert_int_equal(*at++, (i + 1) % shape.cols == 0 ? '\n' : ',');
  }
  assert_int_equal(at - bytes, length);
  free(bytes);
}

/* numpy.lib.format 1.0, as numpy.load() reads it. */
static void assert_npy(const char *name, const double *values, struct shape shape) {
  size_t length;
  unsigned char *bytes = (unsigned char *)read_bytes(name, &length);
  char expected[128];
  assert_memory_equal(bytes, "\x93NUMPY\x01\x00", 8);
  size_t header = bytes[8] + 256u * bytes[9], start_of = 10 + header;
  assert_int_equal(start_of % 64, 0);
  assert_int_equal(bytes[start_of - 1], '\n');
  snprintf(expected, sizeof expected,
           "{'descr': '<f8', 'fortran_order': False, 'shape': (%u, %u), }", shape.rows,
           shape.cols);
  assert_memory_equal(bytes + 10, expected, strlen(expected));
  for (size_t i = 10 + strlen(expected); i < start_of - 1; i++) assert_int_equal(bytes[i], ' ');
  assert_int_equal(length, start_of + 8 * shape_count(shape));
  for (size_t i = 0; i < shape_count(shape); i++) {
    uint64_t bits = 0;
    for (size_t k = 8; k-- > 0;) bits = bits << 8 | bytes[start_of + 8 * i + k];
    assert_memory_equal(&bits, &values[i], sizeof bits);
  }
  free(bytes);
}

static void test_export(void **state) {
  (void)state;
  struct trial trial;
  char line[512];
  open_model(&trial, buggable);
  struct session *session = &trial.session;
  doing(&trial, "run");
  static const char *const names[] = {"W1", "dW1", "X", "cost", "dA1"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    struct evaluation value;
    char command[32];
    const struct source name = source_from("test", names[i], strlen(names[i]));
    assert_int_equal(evaluate_text(session, source_span(&name), &value, &trial.diag), STATUS_OK);
    snprintf(command, sizeof command, "export %s", names[i]);
    mentions(&trial, with_path(line, command, "t.csv"), "t.csv");
    assert_csv("t.csv", value.values, value.shape);
    doing(&trial, with_path(line, command, "t.npy"));
    assert_npy("t.npy", value.values, value.shape);
    free(value.values);
  }
  done(&trial);
}

static void test_export_extremes(void **state) {
  (void)state;
  struct trial trial;
  char line[512];
  size_t length;
  open_model(&trial, "data W = [0.1 -0.3333333333333333; 1e-300 12345678.9]\n"
                     "param x = -1; Z = W / 0; N = log(x) * W; L = sum(N)");
  doing(&trial, "run");
  doing(&trial, with_path(line, "export W", "w.csv"));
  assert_csv("w.csv", run_values(&trial.session.run, trial.session.model->nodes[0].slot),
             (struct shape){2, 2});
  doing(&trial, with_path(line, "export Z", "z.csv"));
  char *bytes = read_bytes("z.csv", &length);
  assert_string_equal(bytes, "inf,-inf\ninf,inf\n");
  free(bytes);
  doing(&trial, with_path(line, "export N", "n.csv"));
  bytes = read_bytes("n.csv", &length);
  assert_string_equal(bytes, "nan,nan\nnan,nan\n");
  free(bytes);
  done(&trial);
}

/* What cannot be written leaves what was there. */
static void test_export_failures(void **state) {
  (void)state;
  struct trial trial;
  char line[512], path[256];
  size_t length;
  open_model(&trial, chain);
  write_text("kept.csv", "kept");
  fails(&trial, with_path(line, "export q", "kept.csv"), STATUS_USAGE, "has no value yet");
  fails(&trial, with_path(line, "export nobody", "kept.csv"), STATUS_DATA, "nobody");
  char *bytes = read_bytes("kept.csv", &length);
  assert_string_equal(bytes, "kept");
  free(bytes);
  fails(&trial, with_path(line, "export x", "kept.txt"), STATUS_USAGE, "FILE.csv or FILE.npy");
  fails(&trial, "export x .csv", STATUS_USAGE, "FILE.csv or FILE.npy");
  fails(&trial, "export x", STATUS_USAGE, "to which file");
  in_folder(path, "a-folder.npy");
  assert_int_equal(mkdir(path, 0700), 0);
  fails(&trial, with_path(line, "export x", "a-folder.npy"), STATUS_IO, "a-folder.npy");
  in_folder(path, "a-folder.npy.tmp");
  assert_int_not_equal(access(path, F_OK), 0);
  done(&trial);
}

/* A disk that is full: simulated by a limit on the size of files. */
static void test_half_written(void **state) {
  (void)state;
  struct trial trial;
  struct rlimit before, limit;
  char line[512];
  size_t length;
  open_model(&trial, "data X = randn(40, 10); param w = 1; L = sum(X) * w");
  write_text("kept.csv", "kept");
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  limit = before;
  limit.rlim_cur = 100;
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  enum status status = try(&trial, with_path(line, "export X", "kept.csv"));
  setrlimit(RLIMIT_FSIZE, &before);
  assert_int_equal(status, STATUS_IO);
  char *bytes = read_bytes("kept.csv", &length);
  assert_string_equal(bytes, "kept");
  free(bytes);
  doing(&trial, line);
  bytes = read_bytes("kept.csv", &length);
  assert_true(length > 1000);
  free(bytes);
  done(&trial);
}

static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
  static const char *const files[] = {"model.gw", "script.gws", "random.gws", "good.gws",
                                      "self.gws", "wrong.gws", "outer.gws",
                                      "state/gradwalk", "state",
                                      "q.csv", "q.gws", "w.csv", "z.csv", "n.csv", "t.csv", "t.npy",
                                      "kept.csv", "a-folder.npy"};
  char path[256];
  (void)state;
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    in_folder(path, files[i]);
    remove(path);
  }
  return rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_command_names),
      cmocka_unit_test(test_nothing_open),
      cmocka_unit_test(test_walk_lesson),
      cmocka_unit_test(test_walk_says),
      cmocka_unit_test(test_jumps),
      cmocka_unit_test(test_fan_out),
      cmocka_unit_test(test_focus),
      cmocka_unit_test(test_set),
      cmocka_unit_test(test_set_entries),
      cmocka_unit_test(test_expressions_touch_no_line),
      cmocka_unit_test(test_bug),
      cmocka_unit_test(test_fold),
      cmocka_unit_test(test_inside_a_gate),
      cmocka_unit_test(test_precision),
      cmocka_unit_test(test_draws),
      cmocka_unit_test(test_undo_redo),
      cmocka_unit_test(test_undo_is_bounded),
      cmocka_unit_test(test_copies_share),
      cmocka_unit_test(test_new_branch),
      cmocka_unit_test(test_replay),
      cmocka_unit_test(test_random_walks),
      cmocka_unit_test(test_nothing_to_do),
      cmocka_unit_test(test_undo_keeps_focus),
      cmocka_unit_test(test_answers),
      cmocka_unit_test(test_bare_expressions),
      cmocka_unit_test(test_failing_scripts),
      cmocka_unit_test(test_cut_off),
      cmocka_unit_test(test_scripts),
      cmocka_unit_test(test_wrong_commands),
      cmocka_unit_test(test_options_of_commands),
      cmocka_unit_test(test_training_between_checks),
      cmocka_unit_test(test_failing_unfold), cmocka_unit_test(test_questions),
      cmocka_unit_test(test_findings_are_kept),
      cmocka_unit_test(test_sweep_says),
      cmocka_unit_test(test_stopping),
      cmocka_unit_test(test_stopping_between_checks),
      cmocka_unit_test(test_export),
      cmocka_unit_test(test_export_extremes),
      cmocka_unit_test(test_export_failures),
      cmocka_unit_test(test_half_written),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
