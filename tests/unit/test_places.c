/* Protects the places of messages: what is wrong is shown where it was written, in the file,
 * however often the same words stand there, and whatever was rewritten before it was parsed. Each text has
 * its right place between guillemets, which are taken out before it is read; line and column are
 * counted here. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "command/command.h"
#include "game/game.h"
#include "io/loader.h"
#include "lang/parse.h"
#include "reader/prove.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* -- marked texts -- */

struct marked {
  struct text text;      /* without the marks */
  struct text place;     /* what stands between them, up to the end of its line */
  uint32_t line, column; /* of the first mark, from 1; columns are characters */
};

static bool is_mark(const char *at, const char *mark) {
  return strncmp(at, mark, strlen(mark)) == 0;
}

static void read_marks(struct marked *marked, const char *text) {
  bool inside = false, seen = false;
  uint32_t line = 1, column = 1;
  *marked = (struct marked){0};
  text_init(&marked->text);
  text_init(&marked->place);
  while (*text) {
    const bool open = is_mark(text, "«"), close = is_mark(text, "»");
    if (open) marked->line = line, marked->column = column, inside = seen = true;
    if (close) inside = false;
    if (open || close) {
      text += strlen("«");
      continue;
    }
    inside = inside && *text != '\n';
    text_put(&marked->text, text, 1);
    if (inside) text_put(&marked->place, text, 1);
    column += (*text & 0xC0) != 0x80;
    if (*text++ == '\n') line++, column = 1;
  }
  assert_true(seen && !marked->text.failed && !marked->place.failed);
}

static void marks_done(struct marked *marked) {
  text_done(&marked->text);
  text_done(&marked->place);
}

static void assert_place(const struct diag *diag, const char *name, const struct marked *marked) {
  const char *place = text_string(&marked->place);
  const size_t length = diag->caret_end - diag->caret;
  const bool right = strcmp(diag->name, name) == 0 && diag->line == marked->line &&
                     diag->column == marked->column && length == marked->place.length &&
                     memcmp(diag->excerpt + diag->caret, place, length) == 0;
  if (!right)
    fail_msg("%s\n%s:%u:%u \"%.*s\", which is %s; right is %s:%u:%u \"%s\"",
             text_string(&marked->text), diag->name, diag->line, diag->column, (int)length,
             diag->excerpt + diag->caret, diag->message, name, marked->line, marked->column, place);
}

/* -- files -- */

static char folder[] = "/tmp/gradwalk-places-XXXXXX";
static char lesson_path[64], script_path[64], other_path[64];

static void write_file(const char *path, const struct text *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(text_string(text), 1, text->length, file), text->length);
  assert_int_equal(fclose(file), 0);
}

static int make_folder(void **state) {
  (void)state;
  if (!mkdtemp(folder)) return -1;
  snprintf(lesson_path, sizeof lesson_path, "%s/l.md", folder);
  snprintf(script_path, sizeof script_path, "%s/s.gws", folder);
  snprintf(other_path, sizeof other_path, "%s/other.gws", folder);
  return chdir(folder);
}

static int remove_folder(void **state) {
  (void)state;
  unlink(lesson_path);
  unlink(script_path);
  unlink(other_path);
  unlink("m.gw");
  unlink("q.csv"); /* that it could be written was tried */
  return rmdir(folder);
}

/* -- lessons -- */

#define MODEL "param x = 3\nparam W = [1 2; 3 4]\ny = x * x\nh = sum(tanh(W @ W)) + y\nloss h\n"
#define HEAD "# T\n\n```graph\n" MODEL "```\n\n## S\n\n"
#define HINT "<details><summary>Hint</summary>\n\nTry.\n</details>\n\n"
#define ANSWER(lines) \
  "<details><summary>Answer</summary>\n\n```quiz\n" lines \
  "```\n\n- a\n- b\n\nBecause.\n</details>\n"

/* Of each the first thing that is amiss. */
static const char *const lessons[] = {
    /* the first right, the second wrong; the same in prose before it */
    HEAD "We have `x = 3`, and `x = 3`, and then x = 4, `«x = 4»`.\n",
    HEAD "x = 4 and `y = 9` and `«y = 8»` and `y = 9`.\n",
    HEAD "글 x = 4 글 `«x = 4»`.\n",
    /* behind a line's end of any sort */
    HEAD "An x = 4 here\nand `x = 3` there,  \nx = 4, `«x = 4»`.\n",
    HEAD "An x = 4\\\n   x = 4 `«x = 4»`\n",
    HEAD "`x\n= 3` `x\n= 3` `«x\n= 4»`\n",
    HEAD "`y = 9` and `x =\n4 * 4`, x = 4 `«x = 4»`\n",
    /* in lists and quotations */
    HEAD "> x = 4\\\n    lazily x = 4 `«x = 4»`\n",
    HEAD "> `x\n   = 3` x = 4 `«x = 4»`\n",
    HEAD "x = 4\n     > no quotation `«x = 4»`\n",
    HEAD "- x = 4\n  and `x = 3`\n  and `«x = 4»`\n",
    HEAD "1. one\n2. x = 4,\nlazily x = 4 `«x = 4»`\n",
    HEAD "> x = 4\n> is `x = 3`\n> not `«x = 4»`\n",
    HEAD "> x = 4\nis `x = 3`\n> > not `y = 9`\n> > not `«x = 4»`\n",
    HEAD "> - x = 4\n>   `x\n>   = 3` `«x\n>   = 4»`\n",
    /* with more backticks, and what only looks like code */
    HEAD "``x = 4 ` `` and `` x = 3 `` ```«x = 4»```\n",
    HEAD "\\`x = 4\\` and `«x = 4»`\n",
    HEAD "`` ` `` x = 3 ``x = 4` `` `«x = 4»`\n",
    HEAD "[`x = 3`](<`x = 4`>) \"x = 4\" `«x = 4»`\n",
    HEAD "[a](u \"`x = 4`\") ![b](u\n'`x = 4`') `«x = 4»`\n",
    HEAD "<a href=\"`x = 4`\"> and <!-- `x = 4` --> and `«x = 4»`\n",
    HEAD "<http://x/`x\\*> `«x = 4»`\n",
    HEAD "&amp; &hellip; &NotEqualTilde;&AMP; &#96;x = 4&#96; &nothing; *a **b*** \\* `«x = 4»`\n",
    HEAD "[r]: /u '`x = 4`'\n[r] [`x = 3`][r] [][r] `«x = 4»`\n\n",
    HEAD "### x = 4 `«x = 4»`\n",
    HEAD "x = 4\n`«x = 4»`\n---\n",
    /* parts of a figure */
    HEAD "`y = 9` `x + «zz» * 2 = 4`\n",
    HEAD "`x +\n«zz» = 4`\n",
    HEAD "x=4 `x = 3` `«x=4»`\n",
    /* fences */
    HEAD "```do\nset x = x\nset x = x\neval «v»\n```\n",
    HEAD "```do\nset x = 3 * x / x\n  set x = 3 * «X» / x  \n```\n",
    HEAD "```do\nset x = x\nshow y\n«show z»\n```\n",
    HEAD "```do\ncheck eps=1e-6\ncheck tolerance=1e-6 eps=«1e-6x»\n```\n",
    HEAD "```do\ncheck «epz=1e-6»\n```\n",
    HEAD "```do\nbug dy = dh\nbug dy = dh * «dhh»\n```\n",
    HEAD "```do\nbug d(W @ W) = d(tanh(W @ W)) * «nothing»\n```\n",
    HEAD "```expect\ny == 9\ny == 9 and x == «zz»\n```\n",
    HEAD "```expect\ny == 9\n«y == 8»\n```\n",
    HEAD "```expect\ny ~ 9.0\ny ~ 9.0 +- «zz»\n```\n",
    HEAD "```expect\nset x = 3\nset x = «xx»\n```\n",
    HEAD "Q?\n\n" HINT ANSWER("answer: y = 9\nwrong: x = 3\nwrong: x = «4»\n"),
    HEAD "Q?\n\n" HINT ANSWER("answer: y = 9\nwrong: x = 3\nwrong: «xx» = 3\n"),
    HEAD "Q?\n\n" HINT ANSWER("try: set x = 3\ntry: set x = «xx»\nanswer: y = 9\n"),
    HEAD "Q?\n\n" HINT ANSWER("answer: x, y, «z» where it > 1\n"),
};

/* Models: the first of a lesson, and another one. */
static const char *const models[] = {
    "# T\n\n```graph\nparam x = 3\ny = x * «xx»\n```\n\n## S\n",
    "# T\n\n  ```graph\n  param x = 3\n    y = x\n z = y * «xx»\n  ```\n\n## S\n",
    "# T\n\n   ~~~graph\nparam x = 3 # 글\n     y = 3 * «xx»\n   ~~~\n\n## S\n",
    HEAD "   ```graph\n   param x = 3\n\n     y = [1 2 «)»\n   ```\n",
};

static void prove(const char *marks) {
  struct session session;
  struct proof proof;
  struct diag diag = {0};
  struct marked marked;
  read_marks(&marked, marks);
  write_file(lesson_path, &marked.text);
  session_init(&session, &command_interpreter);
  const enum status status = prove_lesson(&proof, &session, lesson_path, &diag);
  if (!status && proof.failure_count > 0) diag = proof.failures[0];
  else if (!status && proof.warning_count > 0) diag = proof.warnings[0];
  assert_place(&diag, lesson_path, &marked);
  proof_done(&proof);
  session_done(&session);
  marks_done(&marked);
}

static void lessons_have_places(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(lessons); i++) prove(lessons[i]);
  for (size_t i = 0; i < COUNT_OF(models); i++) prove(models[i]);
}

/* -- scripts -- */

static const char chain[] =
    "param x = -2\nparam y = 5\nparam z = -4\nq = x + y\nf = q * z\nloss f\n";

#define OPEN "open m.gw\nrun\n"

static const char *const lines[] = {
    OPEN "eval «e»\n",
    OPEN "eval q\neval q + «qq»\neval q + qq\n",
    OPEN "  eval   q\n  q +   «qq»  \n",
    OPEN "# eval qq\n\neval «qq»",
    OPEN "eval q\r\neval «qq»\r\n",
    OPEN "bug dq = df * z\nbug dq = df * z * «zz»\n",
    OPEN "bug dx = dq\nbug «dxx» = dq\n",
    OPEN "bug dq = df * z\nbug off «2»\n",
    OPEN "bug «dq:sgin»\n",
    OPEN "check eps=1e-6\ncheck eps=«abc»\n",
    OPEN "check\ncheck freeze «chek=1»\n",
    OPEN "sweep «eps=»\n" + 0,
    OPEN "export q q.csv\nexport «qq» q.csv\n" + 0,
    OPEN "show q\n«show qq»\n",
    OPEN "«evil q»\n",
};

static void run(const char *marks, struct diag *diag, struct marked *marked) {
  FILE *model = fopen("m.gw", "w");
  assert_true(model && fputs(chain, model) >= 0 && fclose(model) == 0);
  struct session session;
  struct lines said;
  char command[96];
  read_marks(marked, marks);
  write_file(script_path, &marked->text);
  snprintf(command, sizeof command, "source %s", script_path);
  session_init(&session, &command_interpreter);
  lines_init(&said);
  assert_true(command_do(&session, command, &said, diag) != STATUS_OK);
  lines_done(&said);
  session_done(&session);
}

static void scripts_have_places(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(lines); i++) {
    struct diag diag = {0};
    struct marked marked;
    run(lines[i], &diag, &marked);
    assert_place(&diag, script_path, &marked);
    marks_done(&marked);
  }
}

/* A mistake of another file is told at the line that reads it. */
static void a_line_tells_of_another_file(void **state) {
  (void)state;
  struct marked marked, other;
  struct diag diag = {0};
  read_marks(&other, OPEN "eval «qq»\n");
  write_file("other.gws", &other.text);
  run(OPEN "eval q\n«source other.gws»\n", &diag, &marked);
  assert_place(&diag, script_path, &marked);
  assert_string_equal(diag.message, "other.gws:3:6: unknown name \"qq\"");
  marks_done(&marked);
  marks_done(&other);
}

/* -- at the prompt: the command's words are all there is -- */

static const char model_text[] = MODEL;

static const char *const words[][2] = {
    {"eval", "x + «xx»"},
    {"eval", "d(W @ W) + d(W @ W) * «dxx»"},
    {"eval", "«[1 2] @ d(W @ W) * [1 2 3]»"},
    {"eval", "d(W @ W) @ 2 «3»"},
    {"set", "x = x * «xx»"},
    {"bug", "d(W @ W) = d(tanh(W @ W)) * «dxx»"},
    {"bug", "d(W @ W) = d(tanh(W @ W)) + d(W @ W) * «d(dxx)»"},
    {"bug", "d(W @ W) = «[1 2 3] * d(tanh(W @ W))»"},
    {"bug", "«W @ W»: dyy = dh"},
    {"check", "tolerance=1e-6 eps=«abc»"},
    {"check", "«epss=1»"},
    {"train", "steps=3 lr=0.1 steps=«0.5»"},
    {"export", "«xx» q.csv"},
};

/* A session after the lines of FIRST, with TEXT open as PATH. */
static void start(struct session *session, const char *path, const char *text, const char *first) {
  struct lines said;
  struct diag diag = {0};
  struct text file, line;
  text_init(&file);
  text_init(&line);
  text_puts(&file, text);
  write_file(path, &file);
  text_printf(&line, "open %s", path);
  session_init(session, &command_interpreter);
  lines_init(&said);
  assert_int_equal(command_do(session, text_string(&line), &said, &diag), STATUS_OK);
  if (command_do(session, first, &said, &diag)) fail_msg("%s: %s", first, diag.message);
  lines_done(&said);
  text_done(&line);
  text_done(&file);
}

/* COMMAND with the words that MARKS are, typed at the prompt. */
static void refuse_words(struct session *session, const char *command, const char *marks) {
  struct lines said;
  struct diag diag = {0};
  struct marked marked;
  struct text line;
  read_marks(&marked, marks);
  text_init(&line);
  lines_init(&said);
  text_printf(&line, "%s  %s", command, text_string(&marked.text));
  if (!command_do(session, text_string(&line), &said, &diag))
    fail_msg("%s is carried out", text_string(&line));
  assert_place(&diag, command, &marked);
  lines_done(&said);
  text_done(&line);
  marks_done(&marked);
}

static void words_have_places(void **state) {
  (void)state;
  struct session session;
  start(&session, other_path, model_text, "run");
  for (size_t i = 0; i < COUNT_OF(words); i++) refuse_words(&session, words[i][0], words[i][1]);
  session_done(&session);
}

/* Signs of print are more than one byte, and are replaced before the answer is read. */
static void answers_have_places(void **state) {
  (void)state;
  static const char *const numbers[] = {"−3 × «zz»", "−(2 − −3) «)»", "−3 · 2 – 1 «$»",
                                        "−3 − «x» − x"};
  static const char *const names[] = {"x, «zz»", "x «−»"};
  struct session session;
  start(&session, lesson_path, HEAD "Q?\n\n" HINT ANSWER("answer: y = 9\n"), "page next");
  for (size_t i = 0; i < COUNT_OF(numbers); i++) refuse_words(&session, "answer", numbers[i]);
  session_done(&session);
  start(&session, lesson_path, HEAD "Q?\n\n" HINT ANSWER("answer: y where it == 9\n"), "page next");
  for (size_t i = 0; i < COUNT_OF(names); i++) refuse_words(&session, "answer", names[i]);
  session_done(&session);
}

static void hunters_answers_have_places(void **state) {
  (void)state;
  static const char *const answers[] = {
      "dW «sgin»", "«zz» sign", "dW = d(W @ W) * «*»", "d(W @ W) = d(W @ W) «)»",
      "d(W @ W) «sgin»"};
  struct session session;
  char line[160];
  start(&session, other_path, model_text, "hunt seed=1 level=1");
  for (size_t i = 0; i < COUNT_OF(answers); i++) refuse_words(&session, "answer", answers[i]);
  const char *target = session.now.at.play->hunt.bugs[0].target; /* its line is tried */
  snprintf(line, sizeof line, "%s = d(W @ W) * «zz» * zz", target);
  refuse_words(&session, "answer", line);
  session_done(&session);
}

/* -- parts and changes -- */

/* A bug is kept when the script that it was a line of is gone. */
static void a_bug_outlives_its_script(void **state) {
  (void)state;
  char script[] = "bug W @ W:1: dW = 2 * d(W @ W)", name[] = "gone.gws";
  const struct source model_source = source_from("m.gw", model_text, strlen(model_text));
  struct source whole = source_from(name, script, strlen(script));
  struct source part = source_part(&whole, 4, strlen(script), NULL);
  struct model model;
  struct diag diag = {0};
  assert_int_equal(model_build(&model, &model_source, &io_loader, &diag), STATUS_OK);
  const size_t rule_count = model.rule_count;
  const enum status status = model_write_bug(&model, source_span(&part), &diag);
  if (status) fail_msg("%s", diag.message);
  memset(script, '?', sizeof script);
  memset(name, '?', sizeof name);
  memset(&whole, 0xFF, sizeof whole);
  memset(&part, 0xFF, sizeof part);
  assert_int_equal(model_fold(&model, NULL, true, &diag), STATUS_OK);
  assert_int_equal(model.rule_count, rule_count);
  const struct span place = span_root(model.bugs[0].line.target_span);
  assert_memory_equal(place.source->text + place.start, "dW", 2);
  assert_string_equal(place.source->name, "gone.gws");
  model_done(&model);
}

/* Every place of a text that was rewritten three times. */
static void changes_are_followed_to_the_root(void **state) {
  (void)state;
  static const char text[] = "aa<bb>cc<>dd";
  const struct source root = source_from("root", text, strlen(text));
  struct span span = {&root, 1, (uint32_t)strlen(text) - 1}; /* "a<bb>cc<>d" */
  struct arena arena;
  arena_init(&arena);
  for (int i = 0; i < 3; i++) { /* each time <…> becomes longer by an X, and the empty one goes */
    struct rewriting more;
    rewriting_init(&more);
    const char *at = span.source->text + span.start;
    const char *open = strchr(at, '<'), *close = strchr(at, '>');
    rewriting_keep(&more, at, (size_t)(open - at));
    rewriting_put(&more, "<X", 2, 1);
    rewriting_extend(&more, open + 1, 0);
    rewriting_keep(&more, open + 1, (size_t)(close - open));
    const char *rest = close + 1, *empty = strstr(rest, "<>");
    const char *end = span.source->text + span.end;
    rewriting_keep(&more, rest, (size_t)((empty ? empty : end) - rest));
    if (empty) rewriting_put(&more, "", 0, 2);
    if (empty) rewriting_keep(&more, empty + 2, (size_t)(end - empty - 2));
    assert_true(rewriting_end(&more, &arena, &span));
  }
  assert_string_equal(span.source->text, "a<XXXbb>ccd");
  const char *made = span.source->text;
  for (uint32_t i = 0; made[i]; i++) {
    if (made[i] == 'X') continue; /* stands for "<" */
    const struct span is = span_root((struct span){span.source, i, i + 1});
    assert_ptr_equal(is.source, &root);
    assert_int_equal(is.end - is.start, 1);
    assert_int_equal(text[is.start], made[i]);
  }
  const struct span all = span_root(span);
  assert_int_equal(all.start, 1);
  assert_int_equal(all.end, strlen(text) - 1);
  arena_done(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lessons_have_places),
      cmocka_unit_test(scripts_have_places),
      cmocka_unit_test(a_line_tells_of_another_file),
      cmocka_unit_test(words_have_places),
      cmocka_unit_test(answers_have_places),
      cmocka_unit_test(hunters_answers_have_places),
      cmocka_unit_test(a_bug_outlives_its_script),
      cmocka_unit_test(changes_are_followed_to_the_root),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
