#include "cli/lessons.h"

#include "command/command.h"
#include "core/intl.h"
#include "io/file.h"
#include "lesson/open.h"
#include "reader/progress_writer.h"
#include "reader/prove.h"
#include "report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* -- list -- */

static void list_lesson(const struct progress *progress, const char *file, struct text *out) {
  struct lesson lesson;
  struct diag diag;
  struct progress_entry entry;
  size_t length;
  const char *name = lesson_name(file, &length);
  progress_name(&entry, file);
  enum status status = lesson_open(&lesson, entry.name, 0, &diag);
  if (name > file) text_printf(out, "%2ld  ", strtol(file, NULL, 10));
  else text_puts(out, "    ");
  text_pad(out, text_put_safe(out, name, length), 16);
  text_puts(out, "  ");
  int columns = text_put_safe(out, status ? diag.message : text_string(&lesson.title),
                              status ? strlen(diag.message) : lesson.title.length);
  if (progress_find(progress, entry.name)) {
    text_pad(out, columns, 36);
    text_puts(out, "  ");
    progress_put_summary(progress, entry.name, out);
  }
  text_puts(out, "\n");
  lesson_done(&lesson);
}

enum status lessons_list(bool json, struct text *out, struct diag *diag) {
  char **names;
  size_t count;
  struct progress progress = {0};
  enum status status = lesson_list(&names, &count, diag);
  enum status unknown = status ? STATUS_OK : progress_load(&progress, diag);
  if (unknown == STATUS_NO_MEMORY) status = unknown;
  if (!status && json) status = report_list_json(out, names, count, &progress);
  for (size_t i = 0; i < count; i++) {
    if (!status && !json) list_lesson(&progress, names[i], out);
    free(names[i]);
  }
  free(names);
  if (!status && unknown && !json) text_printf(out, "\n%s\n", diag->message);
  progress_done(&progress);
  return status;
}

/* -- test -- */

/* One lesson, gone through. */
struct lesson_outcome {
  const char *file;
  enum status status; /* why it could not be gone through to its end */
  struct proof proof;
  struct diag diag;
};

static bool holds(const struct lesson_outcome *outcome) {
  return !outcome->status && outcome->proof.failure_count == 0;
}

static void put_line(struct text *out, const struct lesson_outcome *outcome, size_t number) {
  text_printf(out, "%s %zu - ", holds(outcome) ? "ok" : "not ok", number);
  text_put_safe(out, outcome->file, strlen(outcome->file));
  if (!outcome->status) {
    text_puts(out, ": ");
    proof_summary(&outcome->proof, out);
  }
  text_puts(out, "\n");
}

static void put_errors(struct text *errors, const struct lesson_outcome *outcome) {
  for (size_t i = 0; i < outcome->proof.failure_count; i++)
    diag_render(&outcome->proof.failures[i], errors);
  if (outcome->status) diag_render(&outcome->diag, errors);
  for (size_t i = 0; i < outcome->proof.warning_count; i++)
    diag_render(&outcome->proof.warnings[i], errors);
}

static json_t *failure_json(const struct diag *diag) {
  return json_pack("{s:i, s:i, s:s, s:s}", "line", diag->name[0] ? (int)diag->line : 0, "column",
                   diag->name[0] ? (int)diag->column : 0, "message", diag->message, "hint",
                   diag->hint);
}

/* NULL if there is no memory; text that is not UTF-8 is left out. */
static json_t *outcome_json(const struct lesson_outcome *outcome) {
  const struct proof *proof = &outcome->proof;
  json_t *failures = json_array(), *warnings = json_array();
  json_t *file = json_string(outcome->file);
  for (size_t i = 0; i < proof->failure_count; i++)
    json_array_append_new(failures, failure_json(&proof->failures[i]));
  if (outcome->status) json_array_append_new(failures, failure_json(&outcome->diag));
  for (size_t i = 0; i < proof->warning_count; i++)
    json_array_append_new(warnings, failure_json(&proof->warnings[i]));
  return json_pack("{s:o, s:b, s:i, s:i, s:i, s:i, s:i, s:o, s:o}", "file",
                   file ? file : json_null(), "ok", holds(outcome), "steps", (int)proof->pages,
                   "figures", (int)proof->figures, "expectations", (int)proof->expectations, "bugs",
                   (int)proof->bugs, "quizzes", (int)proof->quizzes, "failures", failures,
                   "warnings", warnings);
}

static enum status put_json(struct text *out, json_t *array, struct diag *diag) {
  char *text = array ? json_dumps(array, 0) : NULL;
  if (text) text_printf(out, "%s\n", text);
  free(text);
  return text ? STATUS_OK : diag_no_memory(diag);
}

int lessons_test(const char *const *files, size_t count, bool json, struct text *out,
                 struct text *errors, struct diag *diag) {
  json_t *array = json ? json_array() : NULL;
  int result = 0;
  for (size_t i = 0; i < count; i++) {
    struct lesson_outcome outcome = {.file = files[i]};
    struct session session;
    session_init(&session, &command_interpreter);
    session.terse = true;
    outcome.status = prove_lesson(&outcome.proof, &session, files[i], &outcome.diag);
    if (json && json_array_append_new(array, outcome_json(&outcome)))
      result = (int)diag_no_memory(diag);
    if (!json) put_line(out, &outcome, i + 1);
    put_errors(errors, &outcome);
    int worst = outcome.status ? (int)outcome.status : !holds(&outcome);
    if (worst > result) result = worst;
    proof_done(&outcome.proof);
    session_done(&session);
  }
  if (!json) text_printf(out, "1..%zu\n", count);
  else if (put_json(out, array, diag)) result = STATUS_NO_MEMORY;
  json_decref(array);
  return result;
}

/* -- new -- */

static const char template[] =
    "# %s\n"
    "\n"
    "What is this lesson about? The text before the first page says it in a few lines.\n"
    "\n"
    "```graph\n"
    "param a = 3\n"
    "param b = 2\n"
    "y = a * b\n"
    "loss y\n"
    "```\n"
    "\n"
    "## A first page\n"
    "\n"
    "Every heading of this level begins a page.\n"
    "Figures are written as expressions, and are proved: here `y = 6`.\n"
    "\n"
    "What is `da`, the slope of y with respect to a?\n"
    "\n"
    "<details><summary>Hint</summary>\n"
    "\n"
    "Move a by a little. How much does a * b move?\n"
    "</details>\n"
    "\n"
    "<details><summary>Answer</summary>\n"
    "\n"
    "```quiz\n"
    "answer: da = 2\n"
    "wrong: db = 3\n"
    "```\n"
    "\n"
    "- 3 is the slope with respect to b. A multiply node swaps.\n"
    "\n"
    "A multiply node hands each operand the other one.\n"
    "</details>\n"
    "\n"
    "## A mistake\n"
    "\n"
    "The commands in a \"do\" fence are issued when the reader comes here.\n"
    "This one plants a bug, and `verdict = FAIL`.\n"
    "\n"
    "```do\n"
    "bug da = dy * a\n"
    "check\n"
    "```\n"
    "\n"
    "```expect\n"
    "verdict(a) == FAIL\n"
    "verdict(b) == PASS\n"
    "da == 3\n"
    "```\n";

static void put_path(struct text *path, const char *name) {
  size_t length = strlen(name);
  text_puts(path, name);
  if (length < 3 || strcmp(name + length - 3, ".md") != 0) text_puts(path, ".md");
}

/* The file's name without folders, number and ending, dashes as spaces. */
static void put_title(struct text *title, const char *path) {
  const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
  base += strspn(base, "0123456789-");
  size_t length = strlen(base) - strlen(".md");
  if (length == 0) text_puts(title, _("A lesson"));
  for (size_t i = 0; i < length; i++) text_put(title, base[i] == '-' ? " " : base + i, 1);
}

enum status lessons_new(const char *name, struct text *out, struct diag *diag) {
  struct text path, title, lesson;
  text_init(&path);
  text_init(&title);
  text_init(&lesson);
  put_path(&path, name);
  put_title(&title, text_string(&path));
  text_printf(&lesson, template, text_string(&title));
  bool failed = path.failed || title.failed || lesson.failed;
  /* Reserved first: what is there already must stay. */
  int file = failed ? -1 : open(text_string(&path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  enum status status = STATUS_OK;
  if (failed) status = diag_no_memory(diag);
  else if (file < 0)
    status = diag_set(diag, STATUS_IO, SPAN_NONE, "%s: %s", text_string(&path),
                      strerror(errno));
  else status = file_write(text_string(&path), &lesson, diag);
  if (file >= 0) close(file);
  if (!status)
    text_printf(out, _("%s is a lesson now; prove it with: gradwalk test %s\n"),
                text_string(&path), text_string(&path));
  text_done(&path);
  text_done(&title);
  text_done(&lesson);
  return status;
}
