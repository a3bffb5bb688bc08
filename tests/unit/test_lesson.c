/* Protects the lesson format: what a lesson says is read as it is meant, what makes no sense is
 * refused with its place, figures are held to their digits, each claim is proved, a page that is
 * come back to is as it was left to the bit, and progress survives merging and damage. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "command/command.h"
#include "lesson/open.h"
#include "lesson/progress.h"
#include "reader/page.h"
#include "reader/progress_writer.h"
#include "reader/prove.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* -- lessons made here -- */

/* What stands below it begins in line 12. */
#define HEAD "# T\n\n```graph\nparam a = 3\nparam b = 2\ny = a * b\nloss y\n```\n\n## S\n\n"
#define HINT "<details><summary>Hint</summary>\n\nTry.\n</details>\n\n"
#define ANSWER(lines) \
  "<details><summary>Answer</summary>\n\n```quiz\n" lines "```\n\nBecause.\n</details>\n"

static char folder[] = "/tmp/gradwalk-lesson-XXXXXX";
static char path[64];

static void write_lesson(const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

struct trial {
  struct session session;
  struct lines out;
  struct diag diag;
};

static void start(struct trial *trial, const char *text) {
  *trial = (struct trial){0};
  session_init(&trial->session, &command_interpreter);
  lines_init(&trial->out);
  write_lesson(text);
  char open[96];
  snprintf(open, sizeof open, "open %s", path);
  if (command_do(&trial->session, open, &trial->out, &trial->diag))
    fail_msg("%u: %s", trial->diag.line, trial->diag.message);
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

static void doing(struct trial *trial, const char *line) {
  if (try(trial, line)) fail_msg("%s: %s", line, trial->diag.message);
}

/* LINE succeeds and says PART. */
static void says(struct trial *trial, const char *line, const char *part) {
  doing(trial, line);
  if (!strstr(text_string(&trial->out.text), part))
    fail_msg("%s says %s instead of %s", line, text_string(&trial->out.text), part);
}

static void never_says(struct trial *trial, const char *line, const char *part) {
  doing(trial, line);
  if (strstr(text_string(&trial->out.text), part))
    fail_msg("%s says %s", line, text_string(&trial->out.text));
}

/* -- what is malformed -- */

static const struct {
  const char *text;
  uint32_t line, column;
  const char *message;
} malformed[] = {
    {"# T\n\nno model\n", 3, 1, "no model"},
    {"", 1, 1, "no model"},
    {HEAD "```grph\nx\n```\n", 12, 1, "kind of fence is unknown"},
    {HEAD "```graph\nparam c = 1\ny = c\n```\n```graph\nparam c = 1\ny = c\n```\n", 16, 1,
     "model already"},
    {HEAD "# Again\n", 12, 1, "title already"},
    {HEAD "```do\nrun\n", 12, 1, "never closed"},
    {HEAD "~~~~do\nrun\n~~~\n", 12, 1, "never closed"},
    {HEAD "- item\n\n  ```do\n  run\n  ```\n", 14, 1, "inside a list"},
    {HEAD "> ```sh\n> x\n> ```\n> <p>\n", 15, 1, "HTML must not"},
    {HEAD "<p>hello</p>\n", 12, 1, "found HTML"},
    {HEAD "<details><summary>H</summary>\ntext\n</details>\n", 13, 1, "found HTML"},
    {HEAD "<details>\n<details>\n", 13, 1, "<details> inside"},
    {HEAD "</details>\n", 12, 1, "without <details>"},
    {HEAD "<details><summary>H</summary>\n\n</details>\n", 14, 1, "is empty"},
    {HEAD "<details><summary>H</summary>\n\nText\n", 12, 1, "never closed"},
    {HEAD "<details>\n\n## X\n", 14, 1, "inside <details>"},
    {HEAD "<details>\n\n```do\nrun\n```\n</details>\n", 14, 1, "only a quiz"},
    {HEAD "Q?\n\n```quiz\nanswer: y = 6\n```\n", 14, 1, "inside <details>"},
    {HEAD "Q?\n\n" ANSWER("answer: y = 6\n"), 16, 1, "one to three hints"},
    {HEAD "Q?\n\n" HINT HINT HINT HINT ANSWER("answer: y = 6\n"), 36, 1, "one to three hints"},
    {"# T\n\n```graph\na = 1\nloss a\n```\n" HINT ANSWER("answer: a = 1\n"), 14, 1, "no question"},
    {HEAD "Q?\n\n" HINT ANSWER("# nothing\n"), 21, 1, "no answer"},
    {HEAD "Q?\n\n" HINT ANSWER("anser: y = 6\n"), 22, 1, "one of its keys"},
    {HEAD "Q?\n\n" HINT ANSWER("answer: y = 6\nanswer: y = 6\n"), 23, 1, "answer already"},
    {HEAD "Q?\n\n" HINT ANSWER("answer: 6\n"), 22, 9, "what proves it"},
    {HEAD "Q?\n\n" HINT ANSWER("answer: y = 6 +- 0\n"), 22, 18, "above 0"},
    {HEAD "Q?\n\n" HINT ANSWER("answer: y = 6\nwrong: a = 3\n"), 21, 1, "one reason"},
    {HEAD "Q?\n\n" HINT ANSWER("choice: 1 == 1\n"), 21, 1, "as many choices"},
    {HEAD "1. one\n2. two\n\n" HINT ANSWER("choice: 1 == 1\n"), 22, 1, "as many choices"},
    {HEAD "Q?\n\n" HINT "<details>\n\n```quiz\nanswer: y = 6\n```\n</details>\n", 24, 1,
     "no debrief"},
    {HEAD "Q?\n\n" HINT "<details>\n\ntext\n\n```quiz\nanswer: y = 6\n```\n</details>\n", 23, 1,
     "comes first"},
};

static void test_malformed(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
    struct lesson lesson;
    struct diag diag = {0};
    const char *text = malformed[i].text;
    enum status status = lesson_parse(&lesson, "m.md", text, strlen(text), &diag);
    if (status != STATUS_DATA || !strstr(diag.message, malformed[i].message) ||
        diag.line != malformed[i].line || diag.column != malformed[i].column)
      fail_msg("%zu: %d %u:%u %s instead of %u:%u %s", i, status, diag.line, diag.column,
               diag.message, malformed[i].line, malformed[i].column, malformed[i].message);
    lesson_done(&lesson);
  }
}

/* -- what is read -- */

static void test_pages(void **state) {
  (void)state;
  static const char text[] =
      "\r# The *title*\r\n\r\nOpening.\r\n\r\n```graph\r\nparam a = 3\r\ny = a\r\n```\r\n\r\n"
      "## One\r\n\r\n- first\r\n- second\r\n\r\n## Two `y = 3`\r\n\r\n"
      "```graph\r\nparam a = 4\r\ny = a\r\n```\r\n\r\n## Three\r\n\r\nText.\r\n";
  struct lesson lesson;
  struct diag diag;
  assert_int_equal(lesson_parse(&lesson, "s.md", text, strlen(text), &diag), STATUS_OK);
  assert_string_equal(text_string(&lesson.title), "The title");
  assert_int_equal(lesson_last_page(&lesson), 3);
  assert_int_equal(lesson.graph_count, 2);
  static const size_t models[] = {0, 0, 1, 1};
  for (size_t i = 0; i < 4; i++) assert_int_equal(lesson.page[i].model, models[i]);
  assert_string_equal(lesson.graphs[1]->source.text, "param a = 4\ny = a\n");
  assert_int_equal(lesson.graphs[1]->source.first_line, 19);
  assert_int_equal(lesson.figure_count, 1);
  assert_int_equal(lesson.figures[0].place.start, strstr(text_string(&lesson.file), "y = 3") -
                                                      text_string(&lesson.file));
  assert_string_equal(text_string(&lesson.prose),
                      "Opening.\n\nOne\n\n- first\n- second\n\nTwo y = 3\n\nThree\n\nText.\n\n");
  lesson_done(&lesson);
}

static const struct {
  const char *text;
  bool is_figure;
  double yes, no;
} figures[] = {
    {"dx = -4", true, -4, -4.001},       {"dx = −4", true, -4, 4},
    {"dx ≈ -4", true, -4, NAN},          {"d = 0.33", true, 1.0 / 3, 0.3351},
    {"d = 0.330", true, 0.3304, 1.0 / 3}, {"d = 0.285…", true, 0.2859999, 0.2849999},
    {"d = -0.285…", true, -0.2859999, -0.2849999}, {"d = 1.2e-7", true, 1.19e-7, 1.1e-7},
    {"d = 1e-7", true, 1.4e-7, 1.6e-7},  {"n = 39760", true, 39760, 39761},
    {"s = 0.19661193324148188", true, 0.19661193324148185, 0.1966119332415},
    {"x + y = 3", true, 3, 2},           {"d = 0.0", true, 0.04, 0.06},
    {"d = 3", true, 3, INFINITY},        {"eps=1e-7", false, 0, 0},
    {"dq = df * z", false, 0, 0},        {"x = ", false, 0, 0},
    {" = 3", false, 0, 0},               {"x = 3.", false, 0, 0},
    {"x = 1e", false, 0, 0},             {"x = .5", true, 0.5, 0.6},
    {"x == 3", false, 0, 0},             {"x = 3 4", false, 0, 0},
    {"x = -", false, 0, 0},              {"x = 50%", false, 0, 0},
    {"x = 1e-320", true, 1e-320, 2e-320}, {"x = 4.9e-324", true, 5e-324, 1e-323},
    {"x = 1.79e308", true, 1.79e308, 1.7e308}, {"x = 0e5", true, 0, 3},
    {"x = 0.0e999", true, 0.04, 3},      {"x = 0.0e-999", true, 0, 5e-324},
    {"x = 0.0…", true, 0.09, 0.11},
};

static void test_figures(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
    struct source source = {.text = figures[i].text, .length = strlen(figures[i].text)};
    struct figure figure;
    bool is = figure_parse((struct span){&source, 0, (uint32_t)source.length}, &figure);
    if (is != figures[i].is_figure) fail_msg("%s", figures[i].text);
    if (is && !figure_holds(&figure, figures[i].yes)) fail_msg("%s: yes", figures[i].text);
    if (is && figure_holds(&figure, figures[i].no)) fail_msg("%s: no", figures[i].text);
    if (is) assert_false(figure_holds(&figure, NAN));
  }
}

/* Numbers that no double is near: nothing agrees with them, whatever it is. */
static const struct {
  const char *text;
  enum number_fault fault;
} faults[] = {
    {"x = 1.0e999", NUMBER_TOO_LARGE},   {"x = -1.0e999", NUMBER_TOO_LARGE},
    {"x = 7e400", NUMBER_TOO_LARGE},     {"x = −7.5e309…", NUMBER_TOO_LARGE},
    {"x = 1e99999", NUMBER_TOO_LARGE},   {"x = 1.8e308", NUMBER_TOO_LARGE},
    {"x = 1e99999999999999999999", NUMBER_TOO_LARGE},
    {"x = 1e-999", NUMBER_TOO_SMALL},    {"x = -2.0e-324", NUMBER_TOO_SMALL},
    {"x = 0.001e-322", NUMBER_TOO_SMALL}, {"x = 1e-99999999999999999999", NUMBER_TOO_SMALL},
};

static void expect_fault(const char *text, enum number_fault fault) {
  static const double values[] = {0, 3, -3, INFINITY, -INFINITY, NAN};
  struct source source = {.text = text, .length = strlen(text)};
  struct figure figure;
  if (!figure_parse((struct span){&source, 0, (uint32_t)source.length}, &figure) ||
      figure.fault != fault || !isfinite(figure.value))
    fail_msg("%s: %d", text, figure.fault);
  for (size_t v = 0; v < sizeof values / sizeof *values; v++)
    if (figure_holds(&figure, values[v])) fail_msg("%s holds for %g", text, values[v]);
}

static void test_faulty_figures(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
    expect_fault(faults[i].text, faults[i].fault);
  char digits[1000] = "x = 1.";
  memset(digits + strlen(digits), '0', 700);
  struct source source = {.text = digits, .length = strlen(digits)};
  struct figure figure;
  assert_true(figure_parse((struct span){&source, 0, (uint32_t)source.length}, &figure));
  assert_true(figure_holds(&figure, 1));
  assert_false(figure_holds(&figure, 1 + 1e-14));
  memset(digits + strlen(digits), '0', 200);
  expect_fault(digits, NUMBER_TOO_LONG);
}

/* What stands on the sides of a figure that is written badly. */
static void test_sides(void **state) {
  (void)state;
  static const char *const texts[][3] = {
      {"x=1.8", "x", "1.8"},         {"sum(y) == 1.8", "sum(y)", "1.8"}, {"x≈2", "x", "2"},
      {"x = y = 3", "x", "3"},       {"f = 3 and x=2", "f", "2"},        {"x >= 0", NULL, NULL},
      {"dx += 3", NULL, NULL},       {"x != 3", NULL, NULL},             {"=", NULL, NULL},
      {"x =", NULL, NULL},           {"x", NULL, NULL},
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct source source = {.text = texts[i][0], .length = strlen(texts[i][0])};
    struct span left, right;
    bool found = figure_sides((struct span){&source, 0, (uint32_t)source.length}, &left, &right);
    if (found != (texts[i][1] != NULL)) fail_msg("%s", texts[i][0]);
    if (!found) continue;
    assert_int_equal(left.end - left.start, strlen(texts[i][1]));
    assert_int_equal(right.end - right.start, strlen(texts[i][2]));
    assert_memory_equal(source.text + left.start, texts[i][1], strlen(texts[i][1]));
    assert_memory_equal(source.text + right.start, texts[i][2], strlen(texts[i][2]));
  }
}

/* -- what is proved -- */

static const struct {
  const char *body;
  uint32_t line, column; /* 0: it holds */
  const char *message;
} claims[] = {
    {"`y = 6` and `dy = 1` and `2 * da = 4` and `eps = 1e-7` and `set b = 7`.\n", 0, 0, ""},
    {"Text `y = 7`.\n", 12, 7, "the model says 6"},
    {"Text\n`da\n= 7`.\n", 13, 2, "the model says 2"},
    {"Text `z = 7`.\n", 12, 7, "unknown name \"z\""},
    {"Text `z = 1e999`.\n", 12, 7, "unknown name \"z\""},
    {"Text `y = 6.0e999`.\n", 12, 7, "larger than a double"},
    {"Text `y - y = 1e-999`.\n", 12, 7, "smaller than a double"},
    {"Text `difference = 7`.\n", 12, 7, "no check has been made"},
    {"```do\ncheck\n```\n`verdict = PASS`, `entries = 2`, `numeric(a) ≈ 2.000`\n", 0, 0, ""},
    {"```do\ncheck\n```\n`verdict = FAIL`\n", 15, 2, "the model says PASS"},
    {"```do\ncheck\n```\n`verdict(y) = FAIL`\n", 15, 10, "did not look at"},
    {"```do\nsweep\n```\n`best_step(sideways) = 1`\n", 15, 12, "no such curve"},
    {"```do\nchek\n```\n", 13, 1, "unknown command"},
    {"```do\nsave x\n```\n", 13, 1, "may not issue"},
    {"```do\nopen 1\n```\n", 13, 1, "may not issue"},
    {"```do\nstep next\n```\n", 13, 1, "may not issue"},
    {"```do\nexport y y.csv\n```\n", 13, 1, "may not issue"},
    {"```do\nsource x\n```\n", 13, 1, "may not issue"},
    {"```do\nundo\n```\n", 13, 1, "may not issue"},
    {"```do\nset a = zz\n```\n", 13, 9, "unknown name"},
    {"```expect\ny == 6 and a > b\nda ~ 2\ny ~ 5.9 +- 0.2\nrefused set y = 3\n```\n", 0, 0, ""},
    {"```expect\ny == 7\n```\n", 13, 1, "does not hold"},
    {"```expect\ny ~ 6.5\n```\n", 13, 1, "does not hold"},
    {"```expect\ny ~ 5.9 +- 0.01\n```\n", 13, 1, "does not hold"},
    {"```expect\ny == 6 and a == 2\n```\n", 13, 1, "does not hold"},
    {"```expect\ny == 7 and zz == 2\n```\n", 13, 12, "unknown name"},
    {"```expect\n0/0 == 0/0\n```\n", 13, 1, "does not hold"},
    {"```expect\n0/0 != 1\n```\n", 13, 1, "does not hold"},
    {"```expect\nlog(-1) ~ 0 +- 1e300\n```\n", 13, 1, "does not hold"},
    {"```expect\n1 ~ 1 +- 0/0\n```\n", 13, 1, "does not hold"},
    {"```expect\ny ~ 7 +- 1/0\n```\n", 13, 10, "must be finite"},
    {"```expect\ny ~ 7 +- 1e999\n```\n", 13, 10, "larger than a double"},
    {"```expect\ny ~ 6.0e999\n```\n", 13, 5, "larger than a double"},
    {"```expect\n0 ~ 1e-999\n```\n", 13, 5, "smaller than a double"},
    {"```expect\ny\n```\n", 13, 1, "compares nothing"},
    {"```expect\ny ~ a * b\n```\n", 13, 5, "how near"},
    {"```expect\nrefused set a = 3\n```\n", 13, 9, "not refused"},
    {"```expect\n[1 2; 3 4] == [1 2; 3 5]\n```\n", 13, 1, "does not hold"},
    {"```expect\nbug da = dy * a\n```\n", 0, 0, ""},
    {"```expect\nbug da = dy * b\n```\n", 13, 1, "does not catch this bug"},
    {"```expect\nbug da = dy * b\nverdict(b) == PASS\n```\n", 14, 1, "no check"},
    {"```expect\nbug da = dy * b\ncheck\nverdict(b) == PASS\n```\n", 13, 1, "does not catch"},
    {"```expect\nbug da = dy * b\ncheck\nverdict == PASS\n```\n", 0, 0, ""},
    {"```expect\nbug dz = dy * b\n```\n", 13, 5, ""},
    {"```do\nbug da = dy * b\n```\n", 13, 1, "does not catch"},
    {"```do\nbug da = dy * a\n```\n```expect\nda == 3\n```\n```expect\nda == 3\nset a = 1\n"
     "da == 1\n```\n", 0, 0, ""},
    {"Q?\n\n" HINT ANSWER("answer: y = 6\n"), 0, 0, ""},
    {"Q?\n\n" HINT ANSWER("answer: y = 7\n"), 22, 13, "the answer is not right"},
    {"Q?\n\n" HINT ANSWER("answer: y = 6.0e999\n"), 22, 13, "larger than a double"},
    {"Q?\n\n" HINT ANSWER("answer: y = 6\nwrong: a = 3.0e999\n```\n\n- r\n\n```text\nx\n"),
     23, 12, "larger than a double"},
    {"Q?\n\n" HINT ANSWER("try: set a = 4\nanswer: y = 8\n"), 0, 0, ""},
    {"Q?\n\n" HINT ANSWER("answer: a where it == 3\n"), 0, 0, ""},
    {"Q?\n\n" HINT ANSWER("answer: a where it < 4\n"), 22, 9, "holds for b, too"},
    {"Q?\n\n" HINT ANSWER("answer: a, b where dit > 1\n"), 0, 0, ""},
    {"Q?\n\n" HINT ANSWER("answer: b where it == 3\n"), 22, 9, "holds for a, too"},
    {"Q?\n\n" HINT ANSWER("answer: z where it == 3\n"), 22, 9, "no node is called"},
    {"1. x\n2. y\n\n" HINT ANSWER("choice: y == 6\nchoice: y == 7\n"), 0, 0, ""},
    {"1. x\n2. y\n\n" HINT ANSWER("choice: y == 5\nchoice: y == 7\n"), 22, 1, "0 of the choices hold"},
    {"1. x\n2. y\n\n" HINT ANSWER("choice: y == 6\nchoice: y < 7\n"), 22, 1, "2 of the choices hold"},
};

static void prove(const char *text, enum status *status, struct diag *first) {
  struct session session;
  struct proof proof;
  session_init(&session, &command_interpreter);
  write_lesson(text);
  *status = prove_lesson(&proof, &session, path, first);
  if (!*status && proof.failure_count > 0) {
    *status = STATUS_DATA;
    *first = proof.failures[0];
  }
  proof_done(&proof);
  session_done(&session);
}

static void test_claims(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
    struct text text;
    struct diag diag = {0};
    enum status status;
    text_init(&text);
    text_printf(&text, "%s%s", HEAD, claims[i].body);
    prove(text_string(&text), &status, &diag);
    bool wanted = claims[i].line == 0 ? status == STATUS_OK
                                      : status == STATUS_DATA && diag.line == claims[i].line &&
                                            diag.column == claims[i].column &&
                                            strstr(diag.message, claims[i].message);
    if (!wanted)
      fail_msg("%s: %d %u:%u %s", claims[i].body, status, diag.line, diag.column, diag.message);
    text_done(&text);
  }
}

/* Inline code that reads as a figure and is none is said, where it stands; the lesson holds. */
static const struct {
  const char *body;
  uint32_t line, column; /* 0: nothing is said */
} lookalikes[] = {
    {"Text `y=7`.\n", 12, 7},            {"Text `y == 6`.\n", 12, 7},
    {"Text `y = a * b = 6`.\n", 12, 7},  {"Text `y = 6,5`.\n", 12, 7},
    {"Text `y = 50%`.\n", 12, 7},        {"Text `a = [3 1]`.\n", 12, 7},
    {"Text `a = 1/3`.\n", 12, 7},        {"Text `da=−2`.\n", 12, 7},
    {"Text `y ≈6`.\n", 12, 7},           {"Text `y = 6.`.\n", 12, 7},
    {"Text\n- *some `a=3`*\n", 13, 10},   {"```do\ncheck\n```\n`verdict=PASS`\n", 15, 2},
    {"Text `y=1e999`.\n", 12, 7},        {"Text `y = 6`.\n", 0, 0},
    {"Text `da = 2 * dy`.\n", 0, 0},     {"Text `a = 0.1 * randn(1, 1)`.\n", 0, 0},
    {"Text `eps=1e-7`.\n", 0, 0},        {"Text `check eps=1e-7`.\n", 0, 0},
    {"Text `set a=3` `bug da=2`.\n", 0, 0}, {"Text `n=3`.\n", 0, 0},
    {"Text `a >= 3`, `da += 3`.\n", 0, 0}, {"Text `y=a`, `y == a * b`.\n", 0, 0},
    {"Text y=7.\n\n```text\ny=7\n```\n", 0, 0},
};

static void test_warnings(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof lookalikes / sizeof *lookalikes; i++) {
    struct session session;
    struct proof proof;
    struct diag diag = {0};
    struct text text;
    text_init(&text);
    text_printf(&text, "%s%s", HEAD, lookalikes[i].body);
    session_init(&session, &command_interpreter);
    write_lesson(text_string(&text));
    assert_int_equal(prove_lesson(&proof, &session, path, &diag), STATUS_OK);
    assert_int_equal(proof.failure_count, 0);
    if (proof.warning_count != (lookalikes[i].line > 0)) fail_msg("%s", lookalikes[i].body);
    if (proof.warning_count > 0 && (proof.warnings[0].line != lookalikes[i].line ||
                                    proof.warnings[0].column != lookalikes[i].column))
      fail_msg("%s: %u:%u", lookalikes[i].body, proof.warnings[0].line, proof.warnings[0].column);
    proof_done(&proof);
    session_done(&session);
    text_done(&text);
  }
}

static void test_translation(void **state) {
  (void)state;
  static const char original[] = HEAD "Text `y = 6`.\n\n```expect\ny == 6\n```\n";
  static const struct {
    const char *text, *message;
  } others[] = {{HEAD "글 `y = 6`.\n\n```expect\ny == 6\n```\n", NULL},
                {HEAD "글.\n\n```expect\ny == 6.0\n```\n", "not that of the original"},
                {HEAD "글.\n\n", "one more fence"},
                {HEAD "글.\n\n```expect\ny == 6\n```\n```do\nrun\n```\n",
                 "not that of the original"},
                {HEAD "글.\n\n```expect\ny == 6\n```\n## T\n", "number of pages"},
                {"# T\n\n```graph\nparam a = 3\nparam b = 2\ny = b * a\nloss y\n```\n\n## S\n\n"
                 "```expect\ny == 6\n```\n", "another model"}};
  char kept[sizeof path];
  struct diag diag = {0};
  enum status status;
  write_lesson(original);
  memcpy(kept, path, sizeof kept);
  snprintf(path, sizeof path, "%s/ko", folder);
  assert_int_equal(mkdir(path, 0700), 0);
  snprintf(path, sizeof path, "%s/ko/lesson.md", folder);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    prove(others[i].text, &status, &diag);
    if (others[i].message ? !status || !strstr(diag.message, others[i].message) : status)
      fail_msg("%zu: %d %s", i, status, diag.message);
  }
  remove(path);
  *strrchr(path, '/') = '\0';
  rmdir(path);
  memcpy(path, kept, sizeof path);
}

/* -- the reader -- */

#define READER \
  HEAD "Figures: `y = 6`, `verdict = PASS`.\n\nWhat is `da`?\n\n" HINT HINT \
  ANSWER("answer: da = 2\n") "\nHidden until then.\n\n" \
  "## Two\n\n```do\nset b = 5\nrun\ncheck\n```\n" \
  "Here `da = 5`.\n\n1. one\n2. two\n3. three\n\n" HINT \
  "<details><summary>Answer</summary>\n\n```quiz\ntry: set a = 7\nchoice: y == 34\n" \
  "choice: y == 35\nchoice: y == 36\n```\n\n- Too small.\n- Too large.\n\nIndeed.\n</details>\n\n" \
  "## Three\n\nWhich?\n\n" \
  HINT ANSWER("answer: a, b where it < 4\n")

static void test_answers(void **state) {
  (void)state;
  static const char *const right[] = {"2", "2.0", " 2 ", "4/2", "1.999", "2e0", "3 − 1", "1×2"};
  static const char *const wrong[] = {"3", "-2", "1.9", "1/0", "0/0", "1e999 * 0", "−2"};
  static const char *const no_answer[] = {"", "a", "da", "two", "2 2", "[1 2]", "1e999", "2,0"};
  struct trial trial;
  start(&trial, READER);
  assert_int_equal(try(&trial, "answer 2"), STATUS_USAGE); /* nothing is asked on page 0 */
  doing(&trial, "page 1");
  for (size_t i = 0; i < sizeof no_answer / sizeof *no_answer; i++) {
    char line[64];
    snprintf(line, sizeof line, "answer %s", no_answer[i]);
    if (try(&trial, line) != STATUS_USAGE) fail_msg("%s", line);
  }
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    char line[64];
    snprintf(line, sizeof line, "answer %s", wrong[i]);
    if (i >= 3 && i < 6 && try(&trial, line) == STATUS_USAGE) continue;
    says(&trial, line, "Not yet.");
  }
  says(&trial, "answer -2", "the sign is not");
  says(&trial, "answer 3", "That is a.");
  says(&trial, "answer 4", "2 times");
  for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
    char line[64];
    snprintf(line, sizeof line, "answer %s", right[i]);
    says(&trial, line, "Right.\nBecause.");
    doing(&trial, "undo");
  }
  done(&trial);
}

static void test_reading(void **state) {
  (void)state;
  struct trial trial;
  start(&trial, READER);
  never_says(&trial, "page next", "Hidden");
  says(&trial, "page", "hint (2 left)");
  says(&trial, "page", "y = 6, verdict = .");
  says(&trial, "set a = 4", "");
  says(&trial, "page", "y = 8");
  says(&trial, "hint", "Try.");
  says(&trial, "page", "hint (1 left)");
  doing(&trial, "hint");
  assert_int_equal(try(&trial, "hint"), STATUS_USAGE);
  says(&trial, "answer 2", "Right.\nBecause."); /* as the page began, whatever a is now */
  says(&trial, "page", "Hidden");
  assert_int_equal(try(&trial, "answer 2"), STATUS_USAGE);
  says(&trial, "page 2", "Here da = 5.");
  says(&trial, "answer 1", "Too small.");
  says(&trial, "answer 3", "Too large.");
  assert_int_equal(try(&trial, "answer 4"), STATUS_USAGE);
  says(&trial, "answer 2", "Right.");
  says(&trial, "undo", "undone: answer 2");
  says(&trial, "skip", "Skipped: 2\nIndeed.");
  says(&trial, "page", "Skipped: 2\n");
  doing(&trial, "page next");
  says(&trial, "answer a", "1 more");
  says(&trial, "answer a y b", "Not y.");
  assert_int_equal(try(&trial, "answer a zz"), STATUS_USAGE);
  says(&trial, "answer b, da", "Right.");
  assert_int_equal(try(&trial, "page next"), STATUS_USAGE);
  assert_int_equal(try(&trial, "page 4"), STATUS_USAGE);
  assert_int_equal(try(&trial, "page -1"), STATUS_USAGE);
  assert_int_equal(try(&trial, "page x"), STATUS_USAGE);
  assert_int_equal(try(&trial, "page 1x"), STATUS_USAGE);
  doing(&trial, "page 0");
  assert_int_equal(try(&trial, "page back"), STATUS_USAGE);
  done(&trial);
}

/* -- coming back -- */

/* All that a page can change, as bytes. */
static void photograph(struct session *session, struct text *out) {
  const struct model *model = session->model;
  text_printf(out, "%d %zu %d %d %d %d %d ", session->now.page, session->now.at.position,
              session->look.focus, (int)session->now.at.precision, session->now.at.frozen,
              session->now.at.check != NULL, session->now.at.sweep != NULL);
  text_put(out, (const char *)session->run.values, model->program.size * sizeof(double));
  text_put(out, (const char *)&model->random, sizeof model->random);
  text_put(out, (const char *)model->program.image, model->program.size * sizeof(double));
  for (size_t i = 0; i < model->rule_count; i++) text_printf(out, "%s\n", model->rules[i].text);
  if (session->now.at.check)
    text_printf(out, "%a %d %zu", session->now.at.check->difference, (int)session->now.at.check->verdict,
                session->now.at.check->entries);
  struct lines page;
  lines_init(&page);
  page_text(session, &page);
  lines_print(&page, false, out);
  lines_done(&page);
}

static void expect_same(struct trial *trial, const struct text *before) {
  struct text now;
  text_init(&now);
  photograph(&trial->session, &now);
  assert_int_equal(now.length, before->length);
  assert_memory_equal(now.bytes, before->bytes, now.length);
  text_done(&now);
}

static void test_coming_back(void **state) {
  (void)state;
  static const char *const changes[] = {"set a = 0.1", "next", "bug db = dy * b", "check eps=1e-3",
                                        "precision single", "freeze on", "sweep", "focus b"};
  struct trial trial;
  struct text first, second;
  text_init(&first);
  text_init(&second);
  start(&trial, READER);
  doing(&trial, "page 1");
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) doing(&trial, changes[i]);
  doing(&trial, "check");
  photograph(&trial.session, &first);
  doing(&trial, "page 2");
  doing(&trial, "set a = 11");
  doing(&trial, "unfold all");
  photograph(&trial.session, &second);
  assert_int_not_equal(try(&trial, "page 9"), STATUS_OK);
  expect_same(&trial, &second);
  doing(&trial, "step back"); /* its old name */
  expect_same(&trial, &first);
  doing(&trial, "page next");
  expect_same(&trial, &second);
  doing(&trial, "page 0");
  doing(&trial, "page 1");
  expect_same(&trial, &first);
  /* judging an answer leaves no trace in the model */
  doing(&trial, "answer 7");
  doing(&trial, "page 2");
  doing(&trial, "answer 1");
  expect_same(&trial, &second);
  text_done(&first);
  text_done(&second);
  done(&trial);
}

/* The log leads to the same bits, and undo and redo go across steps. */
static void test_replay(void **state) {
  (void)state;
  static const char *const lines[] = {"page 1", "set a = 0.1", "answer 2", "page 2", "set b = 9",
                                      "page back", "run", "page 3", "skip", "page 2"};
  struct trial trial;
  struct text before;
  text_init(&before);
  start(&trial, READER);
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) doing(&trial, lines[i]);
  doing(&trial, "seed 5");
  doing(&trial, "undo"); /* a replay; what the check found is not part of it */
  photograph(&trial.session, &before);
  for (size_t i = 0; i < 7; i++) doing(&trial, "undo");
  assert_int_equal(trial.session.now.page, 1);
  for (size_t i = 0; i < 7; i++) doing(&trial, "redo");
  expect_same(&trial, &before);
  text_done(&before);
  done(&trial);
}

/* A page whose commands fail is not entered, and what was there stays. */
static void test_failing_page(void **state) {
  (void)state;
  struct trial trial;
  struct text before;
  text_init(&before);
  start(&trial, HEAD "Text.\n\n## Bad\n\n```do\nset a = 4\nset y = 3\n```\n");
  doing(&trial, "page 1");
  doing(&trial, "set a = 5");
  photograph(&trial.session, &before);
  assert_int_equal(try(&trial, "page 2"), STATUS_DATA);
  assert_int_equal(trial.diag.line, 18);
  expect_same(&trial, &before);
  text_done(&before);
  done(&trial);
}

/* -- hostile text -- */

static void repeat(struct text *text, const char *part, size_t count) {
  for (size_t i = 0; i < count; i++) text_puts(text, part);
}

/* A page of hostile text shows nothing that acts on a terminal. */
static void test_unsafe(void **state) {
  (void)state;
  struct trial trial;
  start(&trial, "# T\x1b]0;x\a\n\n```graph\nparam a = 3\ny = a\nloss y\n```\n\n"
                "## \xe2\x80\xae" "evil\n\n`y = 3` \x1b[31m \xc2\x9b \xff %n%s\n");
  doing(&trial, "page 1");
  for (const char *at = text_string(&trial.out.text); *at; at++)
    assert_true((unsigned char)*at >= ' ' || *at == '\n');
  assert_null(strstr(text_string(&trial.out.text), "\xe2\x80\xae"));
  assert_non_null(strstr(text_string(&trial.out.text), "%n%s"));
  done(&trial);
}

/* What would make a parser slow is refused or read in bounded time. */
static void test_large(void **state) {
  (void)state;
  static const struct {
    const char *part, *line_end;
    size_t count, per_line, per_paragraph;
  } kinds[] = {
      {"![[]()", "\n", 1200000, 1300, 100000}, {"![[]()", "\n", 1200000, 1300, 2},
      {">", "\n", 100000, 100000, 1}, {"[", "\n", 50000, 50000, 1}, {"## a", "\n", 100000, 1, 9},
      {"*a_", "\n", 2000000, 2600, 2}, {"![[](", "\n", 1400000, 1600, 2},
      {"- ", "a\n", 2000000, 40, 300}, {"`a``", "\n", 1900000, 2000, 2},
      {"<!--", "\n", 900000, 20, 1}, {"<details>", "\n", 100000, 1, 1},
      {"a\n", "", 2000000, 1, 2}, {"\n", "", 8000000, 1, 1}, {"```do\n", "", 900000, 1, 1},
      {"[a]: /u\n", "", 500000, 1, 9}, {"[a] ", "\n", 1900000, 2000, 2},
      {"&", "\n", 7000000, 8000, 2}, {"1. ", "x\n", 2000000, 30, 300},
      {"<a b='", "\n", 1200000, 1300, 2}, {"\\", "\n", 7000000, 8000, 2},
      {"a**b", "\n", 1900000, 2000, 2}, {"`y = 6` ", "\n", 900000, 900, 2},
      {"[", "\n", 7000000, 8000, 2}, {"![", "\n", 3500000, 4000, 2},
      {"](", "\n", 3500000, 4000, 2}, {"<", "\n", 7000000, 8000, 2},
      {"[a](b", "\n", 1300000, 1300, 2},
      {"> > > > > > > > > > > > > > > > > > > > > > > > > > > > > > > > > > > > > > > > a\n", "", 90000, 1, 300},
      {"                - a\n", "", 380000, 1, 300}, {"a <!A ", "\n", 1300000, 1300, 2},
      {"a <?", "\n", 1900000, 2000, 2}, {"a <![CDATA[", "\n", 700000, 700, 2}};
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    struct text text;
    struct lesson lesson;
    struct diag diag = {0};
    struct timespec began, ended;
    text_init(&text);
    text_puts(&text, HEAD);
    for (size_t i = 0; i < kinds[k].count / 4; i += kinds[k].per_line) {
      repeat(&text, kinds[k].part, kinds[k].per_line);
      text_puts(&text, kinds[k].line_end);
      if (i / kinds[k].per_line % kinds[k].per_paragraph == 0) text_puts(&text, "\n");
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began);
    enum status status =
        lesson_parse(&lesson, "l.md", text_string(&text), text.length, &diag);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
    double took = (double)(ended.tv_sec - began.tv_sec) +
                  1e-9 * (double)(ended.tv_nsec - began.tv_nsec);
    if (getenv("GRADWALK_TIMES"))
      print_message("%-10.8s %zu bytes %d %.2f s %s\n", kinds[k].part, text.length, status, took,
                    diag.message);
    if (status && !diag.message[0]) fail_msg("%s says nothing", kinds[k].part);
    if (took > 5) fail_msg("%s took %g s", kinds[k].part, took);
    lesson_done(&lesson);
    text_done(&text);
  }
}

/* -- progress -- */

static void parses(const char *text, const char *expected, bool damaged) {
  struct progress progress;
  struct diag diag;
  struct text out;
  text_init(&out);
  assert_int_equal(progress_parse(&progress, text, strlen(text), &diag), STATUS_OK);
  progress_put(&progress, &out);
  assert_string_equal(text_string(&out), expected);
  assert_int_equal(progress.damaged, damaged);
  text_done(&out);
  progress_done(&progress);
}

#define FIRST "gradwalk progress 1\n"

static void test_progress(void **state) {
  (void)state;
  struct progress progress;
  struct diag diag;
  parses("", FIRST, false);
  parses(FIRST, FIRST, false);
  parses(FIRST "a 1 2 rs-\nb 0 3 .\n", FIRST "a 1 2 rs-\nb 0 3 .\n", false);
  parses(FIRST "a 1 2 rs-\na 2 2 -r-r\n", FIRST "a 2 2 rr-r\n", false); /* the further of both */
  parses(FIRST "a 1 2 rs-", FIRST, true);                               /* cut off */
  parses(FIRST "a 3 2 r\na 1 2 rx\na 1 2\n\na -1 2 .\na 1 2 r.\nb 1 1 .\n", FIRST "b 1 1 .\n",
         true);
  parses("something else\na 1 2 r\n", FIRST "a 1 2 r\n", true);
  static const char newer[] = "gradwalk progress 2\na 1 2 r\n";
  assert_int_equal(progress_parse(&progress, newer, strlen(newer), &diag), STATUS_LIMIT);
  progress_done(&progress);
}

static void put_file(const char *file, const char *text) {
  FILE *out = fopen(file, "w");
  assert_non_null(out);
  assert_true(fputs(text, out) >= 0);
  assert_int_equal(fclose(out), 0);
}

static void file_holds(const char *file, const char *expected) {
  char bytes[512] = "";
  FILE *in = fopen(file, "r");
  assert_non_null(in);
  bytes[fread(bytes, 1, sizeof bytes - 1, in)] = '\0';
  fclose(in);
  assert_string_equal(bytes, expected);
}

static void test_progress_file(void **state) {
  (void)state;
  static char marks[] = "r-", other[] = "-s";
  struct progress_entry a = {"a", 1, 3, marks}, b = {"b", 2, 2, other};
  struct diag diag;
  char file[160], bad[176], deep[128];
  snprintf(deep, sizeof deep, "%s/state/deep", folder);
  snprintf(file, sizeof file, "%s/gradwalk/progress", deep);
  snprintf(bad, sizeof bad, "%s.bad-1", file);
  setenv("XDG_STATE_HOME", deep, 1);
  assert_int_equal(progress_save(&a, &diag), STATUS_OK);
  assert_int_equal(progress_save(&b, &diag), STATUS_OK);
  a.page = 3;
  a.marks = other;
  assert_int_equal(progress_save(&a, &diag), STATUS_OK);
  file_holds(file, FIRST "a 3 3 rs\nb 2 2 -s\n");
  /* a damaged file is kept beside */
  put_file(file, FIRST "a 3 3 rs\nb 2 2 -");
  assert_int_equal(progress_save(&b, &diag), STATUS_OK);
  file_holds(file, FIRST "a 3 3 rs\nb 2 2 -s\n");
  file_holds(bad, FIRST "a 3 3 rs\nb 2 2 -");
  /* one from a newer program is left alone */
  put_file(file, "gradwalk progress 2\nsecret\n");
  assert_int_equal(progress_save(&b, &diag), STATUS_LIMIT);
  file_holds(file, "gradwalk progress 2\nsecret\n");
  /* what is no file is left alone, too */
  assert_int_equal(remove(file), 0);
  assert_int_equal(mkdir(file, 0700), 0);
  assert_int_not_equal(progress_save(&b, &diag), STATUS_OK);
  rmdir(file);
  unsetenv("XDG_STATE_HOME");
}

/* What was reached is kept, once; a failure is told once. */
static void test_progress_is_written(void **state) {
  (void)state;
  struct trial trial;
  struct progress_writer writer = {0};
  char file[128], home[96];
  snprintf(home, sizeof home, "%s/kept", folder);
  snprintf(file, sizeof file, "%s/gradwalk/progress", home);
  setenv("XDG_STATE_HOME", home, 1);
  start(&trial, READER);
  assert_int_equal(progress_write(&writer, &trial.session, &trial.diag), STATUS_OK);
  assert_int_not_equal(access(file, F_OK), 0); /* nothing to tell yet */
  doing(&trial, "page 2");
  doing(&trial, "skip");
  doing(&trial, "page 1");
  doing(&trial, "answer 2");
  assert_int_equal(progress_write(&writer, &trial.session, &trial.diag), STATUS_OK);
  file_holds(file, FIRST "lesson 2 3 rs-\n");
  doing(&trial, "page 0");
  assert_int_equal(progress_write(&writer, &trial.session, &trial.diag), STATUS_OK);
  setenv("XDG_STATE_HOME", "/dev/null", 1);
  doing(&trial, "page 3");
  assert_int_equal(progress_write(&writer, &trial.session, &trial.diag), STATUS_IO);
  assert_int_equal(progress_write(&writer, &trial.session, &trial.diag), STATUS_OK);
  unsetenv("XDG_STATE_HOME");
  progress_writer_done(&writer);
  done(&trial);
}

static int make_folder(void **state) {
  (void)state;
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/lesson.md", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  char command[96];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_malformed),    cmocka_unit_test(test_pages),
      cmocka_unit_test(test_figures),
      cmocka_unit_test(test_faulty_figures),
      cmocka_unit_test(test_sides),
      cmocka_unit_test(test_warnings),      cmocka_unit_test(test_claims),
      cmocka_unit_test(test_translation),  cmocka_unit_test(test_answers),
      cmocka_unit_test(test_reading),      cmocka_unit_test(test_coming_back),
      cmocka_unit_test(test_replay),       cmocka_unit_test(test_failing_page),
      cmocka_unit_test(test_unsafe),       cmocka_unit_test(test_large),
      cmocka_unit_test(test_progress),     cmocka_unit_test(test_progress_file),
      cmocka_unit_test(test_progress_is_written),
  };
  return cmocka_run_group_tests_name("lesson", tests, make_folder, remove_folder);
}
