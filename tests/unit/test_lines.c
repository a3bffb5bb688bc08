/* Protects lines: each keeps the role and the thing that were said of it, whatever its text reads;
 * marks give parts of them another role; what is appended brings both along and what is taken back
 * leaves nothing; plain text is the same with and without them, and colour only adds codes. Also
 * that what commands say is about the rule lines that it shows, and two that read the same are told
 * apart. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "command/command.h"
#include "report/report.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct about nothing = {0};

static struct about about_rule(int rule) {
  return (struct about){.kind = ABOUT_RULE, .rule = rule};
}

/* Line NUMBER of LINES, from 0 on. */
static struct report_line line_at(const struct lines *lines, size_t number) {
  struct report_line line;
  for (size_t at = 0; lines_next(lines, &at, &line);)
    if (number-- == 0) return line;
  fail_msg("%s", "there are fewer lines");
  return line;
}

static enum line_role role_at(const struct lines *lines, const char *what) {
  const char *found = strstr(text_string(&lines->text), what);
  assert_non_null(found);
  const size_t byte = (size_t)(found - lines->text.bytes);
  struct report_line line;
  size_t until;
  for (size_t at = 0; lines_next(lines, &at, &line);)
    if (byte >= line.start && byte < line.end) return lines_role(lines, &line, byte, &until);
  return LINE_ROLE_COUNT;
}

/* -- the type -- */

static void test_plain(void **state) {
  (void)state;
  struct lines lines;
  struct report_line line;
  size_t at = 0;
  lines_init(&lines);
  assert_false(lines_next(&lines, &at, &line));
  text_puts(&lines.text, "one\n\nq = ~~3~~");
  line = line_at(&lines, 0);
  assert_int_equal(line.end, 3);
  assert_int_equal(line.role, LINE_PLAIN);
  assert_int_equal(line.about.kind, ABOUT_NOTHING);
  line = line_at(&lines, 1);
  assert_int_equal(line.start, line.end);
  line = line_at(&lines, 2);
  assert_int_equal(line.end, lines.text.length);
  assert_int_equal(role_at(&lines, "~~"), LINE_PLAIN);
  assert_int_equal(lines_count(&lines, ABOUT_RULE), 0);
  lines_done(&lines);
}

static void put(struct lines *lines, const char *text, enum line_role role, struct about about) {
  const size_t start = lines->text.length;
  text_puts(&lines->text, text);
  lines_describe(lines, start, role, about);
}

/* Two passages of the same text, one below the other. */
static void test_described(void **state) {
  (void)state;
  struct lines lines;
  struct passage passage;
  lines_init(&lines);
  put(&lines, "title\n", LINE_TITLE, nothing);
  put(&lines, "dx += df\n  = 1\n", LINE_GRADIENT, about_rule(4));
  put(&lines, "dx += df\n  = 1\n", LINE_GRADIENT, about_rule(7));
  text_puts(&lines.text, "the end\n");
  assert_int_equal(line_at(&lines, 0).role, LINE_TITLE);
  assert_int_equal(line_at(&lines, 2).role, LINE_GRADIENT);
  assert_int_equal(line_at(&lines, 5).role, LINE_PLAIN);
  assert_int_equal(lines_count(&lines, ABOUT_RULE), 2);
  assert_true(lines_passage(&lines, ABOUT_RULE, 1, &passage));
  assert_int_equal(passage.about.rule, 7);
  assert_int_equal(passage.head - passage.start, strlen("dx += df"));
  assert_int_equal(passage.end - passage.start, strlen("dx += df\n  = 1"));
  assert_false(lines_passage(&lines, ABOUT_RULE, 2, &passage));
  assert_false(lines_passage(&lines, ABOUT_TENSOR, 0, &passage));
  lines_done(&lines);
}

/* What is said first of a line counts, so that whoever describes the whole keeps the parts. */
static void test_described_twice(void **state) {
  (void)state;
  struct lines lines;
  lines_init(&lines);
  put(&lines, "one\ntwo\n", LINE_VALUE, nothing);
  text_puts(&lines.text, "three\n");
  lines_describe(&lines, 0, LINE_BAD, about_rule(1));
  assert_int_equal(line_at(&lines, 1).role, LINE_VALUE);
  assert_int_equal(line_at(&lines, 2).role, LINE_BAD);
  assert_int_equal(line_at(&lines, 2).about.rule, 1);
  lines_done(&lines);
}

static void test_marks(void **state) {
  (void)state;
  struct lines lines;
  struct report_line line;
  size_t until;
  lines_init(&lines);
  text_puts(&lines.text, "the line was ");
  lines_puts(&lines, LINE_REPLACED, "~~dq = ~~ df~~");
  text_puts(&lines.text, ", ");
  lines_puts(&lines, LINE_BAD, "FAIL");
  text_puts(&lines.text, ".\n");
  lines_describe(&lines, 0, LINE_GRADIENT, nothing);
  line = line_at(&lines, 0);
  assert_int_equal(lines_role(&lines, &line, 0, &until), LINE_GRADIENT);
  assert_int_equal(until, strlen("the line was "));
  assert_int_equal(lines_role(&lines, &line, until, &until), LINE_REPLACED);
  assert_int_equal(until, strlen("the line was ~~dq = ~~ df~~"));
  assert_int_equal(role_at(&lines, ", "), LINE_GRADIENT);
  assert_int_equal(role_at(&lines, "FAIL"), LINE_BAD);
  assert_int_equal(role_at(&lines, "."), LINE_GRADIENT);
  lines_mark(&lines, strlen("the line was "), LINE_GOOD); /* the later one counts */
  assert_int_equal(role_at(&lines, "FAIL"), LINE_GOOD);
  lines_done(&lines);
}

static void test_appended(void **state) {
  (void)state;
  struct lines lines, more;
  lines_init(&lines);
  lines_init(&more);
  put(&lines, "first\n", LINE_VALUE, nothing);
  text_puts(&more.text, "second ");
  lines_puts(&more, LINE_BAD, "FAIL\n");
  lines_describe(&more, 0, LINE_PLAIN, about_rule(3));
  lines_append(&lines, &more);
  assert_string_equal(text_string(&lines.text), "first\nsecond FAIL\n");
  assert_int_equal(line_at(&lines, 0).role, LINE_VALUE);
  assert_int_equal(line_at(&lines, 1).about.rule, 3);
  assert_int_equal(role_at(&lines, "FAIL"), LINE_BAD);
  assert_int_equal(role_at(&lines, "second"), LINE_PLAIN);
  more.text.failed = true;
  lines_append(&lines, &more);
  assert_true(lines.text.failed);
  lines_done(&lines);
  lines_done(&more);
}

/* Nothing of what is gone is found in what comes in its place. */
static void test_truncated(void **state) {
  (void)state;
  struct lines lines;
  lines_init(&lines);
  put(&lines, "one\n", LINE_VALUE, about_rule(1));
  const size_t length = lines.text.length;
  text_puts(&lines.text, "two ");
  lines_puts(&lines, LINE_BAD, "FAIL\n");
  lines_describe(&lines, length, LINE_GRADIENT, about_rule(2));
  lines_truncate(&lines, length);
  text_puts(&lines.text, "too FALL\n");
  assert_int_equal(line_at(&lines, 0).about.rule, 1);
  assert_int_equal(line_at(&lines, 1).about.kind, ABOUT_NOTHING);
  assert_int_equal(role_at(&lines, "FALL"), LINE_PLAIN);
  lines_clear(&lines);
  text_puts(&lines.text, "one\n");
  assert_int_equal(line_at(&lines, 0).role, LINE_PLAIN);
  lines_done(&lines);
}

static void test_printed(void **state) {
  (void)state;
  struct lines lines;
  struct text plain, coloured;
  lines_init(&lines);
  text_init(&plain);
  text_init(&coloured);
  lines_puts(&lines, LINE_FAINT, "head\n");
  put(&lines, "q = 3\n", LINE_VALUE, nothing);
  text_puts(&lines.text, "now ");
  lines_puts(&lines, LINE_BAD, "FAIL\nagain");
  lines_print(&lines, false, &plain);
  lines_print(&lines, true, &coloured);
  assert_string_equal(text_string(&plain), text_string(&lines.text));
  assert_string_equal(text_string(&coloured), "\033[2mhead\033[0m\nq = 3\n"
                                              "now \033[1;33mFAIL\033[0m\n\033[1;33magain\033[0m");
  lines_done(&lines);
  text_done(&plain);
  text_done(&coloured);
}

/* -- what commands say -- */

struct trial {
  struct session session;
  struct lines out;
  char path[64];
};

static void doing(struct trial *trial, const char *line) {
  struct diag diag = {0};
  lines_clear(&trial->out);
  if (command_do(&trial->session, line, &trial->out, &diag)) fail_msg("%s: %s", line, diag.message);
}

static void start(struct trial *trial, const char *model) {
  char line[80];
  snprintf(trial->path, sizeof trial->path, "/tmp/gradwalk-lines-%ld.gw", (long)getpid());
  FILE *file = fopen(trial->path, "w");
  assert_non_null(file);
  fputs(model, file);
  assert_int_equal(fclose(file), 0);
  session_init(&trial->session, &command_interpreter);
  lines_init(&trial->out);
  snprintf(line, sizeof line, "open %s", trial->path);
  doing(trial, line);
  doing(trial, "run");
}

static void end(struct trial *trial) {
  session_done(&trial->session);
  lines_done(&trial->out);
  remove(trial->path);
}

static void test_explained(void **state) {
  (void)state;
  struct trial trial;
  struct passage passage;
  start(&trial, "param x = -2\nparam y = 5\nparam z = -4\nq = x + y\nf = q * z\nloss f\n");
  doing(&trial, "show q");
  assert_int_equal(role_at(&trial.out, "q = x + y"), LINE_VALUE);
  assert_int_equal(role_at(&trial.out, "dx = dq"), LINE_GRADIENT);
  assert_true(lines_passage(&trial.out, ABOUT_NODE, 0, &passage));
  assert_string_equal(trial.session.model->nodes[passage.about.node].name, "q");
  assert_int_equal(lines_count(&trial.out, ABOUT_RULE), 2);
  for (size_t i = 0; lines_passage(&trial.out, ABOUT_RULE, i, &passage); i++)
    assert_string_equal(trial.session.model->nodes[passage.about.node].name, "q");
  doing(&trial, "bug dq = df * q");
  assert_int_equal(role_at(&trial.out, "~~"), LINE_REPLACED);
  assert_int_equal(lines_count(&trial.out, ABOUT_RULE), 1);
  doing(&trial, "check");
  assert_int_equal(lines_count(&trial.out, ABOUT_TENSOR), 3);
  assert_int_equal(lines_count(&trial.out, ABOUT_RULE), 1);
  assert_int_equal(role_at(&trial.out, "FAIL  There"), LINE_BAD);
  assert_int_equal(role_at(&trial.out, "first wrong"), LINE_LABEL);
  assert_int_equal(role_at(&trial.out, "~~"), LINE_REPLACED);
  end(&trial);
}

/* f = x + x hands df to x twice, in two lines that read the same. */
static void test_told_apart(void **state) {
  (void)state;
  struct trial trial;
  struct passage first, second;
  start(&trial, "param x = 3\nf = x + x\nloss f\n");
  doing(&trial, "show f");
  assert_int_equal(lines_count(&trial.out, ABOUT_RULE), 2);
  assert_true(lines_passage(&trial.out, ABOUT_RULE, 0, &first));
  assert_true(lines_passage(&trial.out, ABOUT_RULE, 1, &second));
  assert_int_not_equal(first.about.rule, second.about.rule);
  end(&trial);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_plain),     cmocka_unit_test(test_described),
      cmocka_unit_test(test_described_twice), cmocka_unit_test(test_marks),
      cmocka_unit_test(test_appended),  cmocka_unit_test(test_truncated),
      cmocka_unit_test(test_printed),   cmocka_unit_test(test_explained),
      cmocka_unit_test(test_told_apart)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
