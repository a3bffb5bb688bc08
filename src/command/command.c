#include "command/command.h"

#include "command/script.h"
#include "core/intl.h"
#include "explore/commands.h"
#include "explore/log.h"
#include "game/game.h"
#include "lang/parse.h"
#include "lang/shown.h"
#include "reader/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- the table -- */

/* What the rooms hand in, in the order in which help lists it. */
static const struct command *const handed_in[] = {
    read_commands, walk_commands, edit_commands, bug_commands,    ask_commands,
    train_commands, hunt_commands, export_commands, script_commands};

const struct command *command_at(size_t index) {
  for (size_t i = 0; i < sizeof handed_in / sizeof *handed_in; i++)
    for (const struct command *command = handed_in[i]; command->name; command++)
      if (index-- == 0) return command;
  return NULL;
}

static bool is_called(const char *name, const char *word, size_t length) {
  return name && strlen(name) == length && memcmp(name, word, length) == 0;
}

const struct command *command_named(const char *name, size_t length) {
  const struct command *command;
  for (size_t i = 0; (command = command_at(i)); i++)
    if (is_called(command->name, name, length) || is_called(command->also, name, length))
      return command;
  return NULL;
}

static enum status usage(struct diag *diag, const char *what) {
  return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s", what);
}

static enum status find_command(const char *line, size_t length, const struct command **command,
                                struct diag *diag) {
  const char *best = NULL;
  char word[64] = "";
  *command = command_named(line, length);
  if (*command) return STATUS_OK;
  if (length < sizeof word) memcpy(word, line, length);
  const struct command *other;
  for (size_t i = 0; (other = command_at(i)); i++) best = suggest_nearer(word, best, other->name);
  diag_set(diag, STATUS_USAGE, SPAN_NONE, _("unknown command \"%.*s\""), (int)length, line);
  if (best) diag_hint(diag, _("did you mean %s?"), best);
  else diag_hint(diag, "%s", _("help lists the commands"));
  return STATUS_USAGE;
}

/* -- what a line that begins with no command may mean -- */

/* The node whose value or gradient NAME is, or -1. */
static int find_named(const struct session *session, const char *name) {
  bool gradient;
  return session_is_open(session) ? model_find_either(session->model, name, &gradient) : -1;
}

/* The name that LINE begins with, and whether "=" follows it. */
static bool begins_assignment(const char *line, char name[64]) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  size_t length = strspn(line, letters);
  const char *rest = line + length + strspn(line + length, " \t");
  snprintf(name, 64, "%.*s", (int)length, line);
  return rest[0] == '=' && rest[1] != '=';
}

static void guess_assignment(const struct session *session, const char *line, struct diag *diag) {
  char name[64];
  if (!begins_assignment(line, name) || find_named(session, name) < 0) return;
  int node = model_find(session->model, name), length = (int)strcspn(line, "\r\n");
  if (node < 0)
    diag_hint(diag, _("a rule line is replaced with bug: bug %.*s"), length, line);
  else if (session->model->nodes[node].kind <= NODE_PARAM)
    diag_hint(diag, _("a leaf is given a value with set: set %.*s"), length, line);
}

/* Whether LINE, which begins with no command, asks for a value: it begins with a node's name or is
 * an expression, but not a mere word that nobody knows. */
static bool is_question(const struct session *session, const char *line) {
  struct arena arena;
  struct source source = source_from("eval", line, strcspn(line, "\r\n"));
  const struct expr *expr;
  struct diag ignored;
  char name[64];
  if (!session_is_open(session) || begins_assignment(line, name)) return false;
  if (find_named(session, name) >= 0) return true;
  if (node_find_shown(session->model, line, strcspn(line, "\r\n")) >= 0) return true;
  arena_init(&arena);
  bool question = !parse_expr(source_span(&source), &arena, &expr, &ignored) &&
                  expr->kind != EXPR_NAME;
  arena_done(&arena);
  return question;
}


/* -- carrying out a line -- */

/* The command of LINE, which begins with no blank, and where its arguments begin. */
static enum status understand(const struct session *session, const char *line,
                              const struct command **command, size_t *arguments,
                              struct diag *diag) {
  *arguments = strcspn(line, " \t\r\n");
  enum status status = find_command(line, *arguments, command, diag);
  if (status == STATUS_USAGE && is_question(session, line)) {
    *arguments = 0;
    status = find_command("eval", strlen("eval"), command, diag);
  }
  if (status) guess_assignment(session, line, diag);
  return status;
}

static enum status allows(const struct session *session, const struct command *command,
                          const char *arguments, struct diag *diag) {
  if (command->flags & COMMAND_NEEDS_MODEL && !session_is_open(session))
    return usage(diag, _("nothing is open yet: open a lesson first, as in open 1"));
  if (*arguments && !*command->arguments)
    return diag_set(diag, STATUS_USAGE, SPAN_NONE,
                    _("%s takes nothing after it; found \"%s\""), command->name, arguments);
  return play_allows(session, command, arguments, diag);
}

/* Carries out LINE without logging it. PLACE is where it is in a file, if it is in one; *COMMAND is
 * set to what was meant. */
static enum status apply(struct session *session, const char *line, struct span place,
                         const struct command **command, struct lines *out, struct diag *diag) {
  size_t at, end = strlen(line);
  enum status status = understand(session, line, command, &at, diag);
  if (status) return status;
  while (line[at] == ' ' || line[at] == '\t') at++;
  while (end > at && strchr(" \t\r\n", line[end - 1])) end--;
  char *words = strndup(line + at, end - at);
  if (!words) return diag_no_memory(diag);
  struct source arguments = source_from((*command)->name, words, end - at);
  arguments.whole = place.source;
  arguments.at = place.start + (uint32_t)at;
  session->log_suffix[0] = '\0';
  status = allows(session, *command, words, diag);
  if (!status) status = (*command)->run(session, &arguments, out, diag);
  if (!arguments.whole && diag->span.source == &arguments)
    diag->span = SPAN_NONE; /* it ends here */
  free(words);
  return status;
}

/* Whether a command that failed has left something: in the exploration, or in its model. */
static bool has_left(const struct session *session, const struct exploration *before) {
  return !exploration_is(before, &session->now) ||
         (session_is_open(session) && !edits_are(session->now.at.edits, session->model));
}

/* Back to BEFORE, which ends here, if the command that failed has left something. */
static void take_back(struct session *session, struct exploration before, enum status status) {
  struct diag ignored;
  if (status != STATUS_NO_MEMORY && !has_left(session, &before)) {
    exploration_drop(&before);
    return;
  }
  session_go_back(session, before, &ignored);
  play_settle(session, &ignored);
}

/* Carries out the LENGTH bytes of LINE and logs them if the exploration is another one then. */
static enum status apply_and_log(struct session *session, const char *line, size_t length,
                                 struct span place, struct lines *out, struct diag *diag) {
  const struct command *command;
  struct exploration before = session_keep(session);
  enum status status = apply(session, line, place, &command, out, diag);
  if (status) {
    take_back(session, before, status);
    return status;
  }
  bool changed = command->flags & COMMAND_CHANGES && !exploration_is(&before, &session->now);
  if (changed) status = log_add(session, line, length, before, diag);
  else exploration_drop(&before);
  return status ? status : play_note(session, command, line, diag);
}

static enum status do_line(struct session *session, const char *line, struct span place,
                           struct lines *out, struct diag *diag) {
  const size_t blanks = strspn(line, " \t\r\n");
  line += blanks;
  place.start += (uint32_t)blanks;
  if (!*line || *line == '#') return STATUS_OK;
  size_t length = strcspn(line, "\r\n");
  while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t')) length--;
  enum status status = session_catch_up(session, diag);
  return status ? status : apply_and_log(session, line, length, place, out, diag);
}

enum status command_do(struct session *session, const char *line, struct lines *out,
                       struct diag *diag) {
  return do_line(session, line, SPAN_NONE, out, diag);
}

/* Makes what is not about a part of LINE a message about the line. */
static void blame(struct diag *diag, struct span line) {
  const struct diag was = *diag;
  diag_within(diag, line);
  if (diag->span.source == was.span.source && diag->span.start == was.span.start) return;
  if (was.name[0])
    diag_set(diag, was.status, line, "%s:%u:%u: %s", was.name, was.line, was.column, was.message);
  memcpy(diag->hint, was.hint, sizeof diag->hint);
}

enum status command_do_at(struct session *session, struct span line, struct lines *out,
                          struct diag *diag) {
  const char *bytes = line.source->text;
  while (line.end > line.start && strchr("\r\n", bytes[line.end - 1])) line.end--;
  char *text = strndup(bytes + line.start, line.end - line.start);
  if (!text) return diag_no_memory(diag);
  enum status status = do_line(session, text, line, out, diag);
  free(text);
  if (status && status != STATUS_NO_MEMORY) blame(diag, span_trim(line));
  return status;
}

static enum status do_lesson_text(struct session *session, const char *text, struct span line,
                                  struct lines *out, struct diag *diag) {
  const struct command *command;
  enum status status = find_command(text, strcspn(text, " \t"), &command, diag);
  if (!status && !(command->flags & COMMAND_IN_LESSONS)) {
    diag_set(diag, STATUS_DATA, line, _("a lesson may not issue \"%s\""), command->name);
    diag_hint(diag, "%s", _("only what walks, changes or asks the model"));
    return STATUS_DATA;
  }
  return status ? status : apply(session, text, line, &command, out, diag);
}

static enum status do_lesson(struct session *session, struct span line, struct lines *out,
                             struct diag *diag) {
  char *text = strndup(line.source->text + line.start, line.end - line.start);
  if (!text) return diag_no_memory(diag);
  enum status status = do_lesson_text(session, text, line, out, diag);
  free(text);
  if (!status || status == STATUS_NO_MEMORY || status == STATUS_CANCELLED) return status;
  diag_within(diag, line);
  return diag->status = status == STATUS_USAGE ? STATUS_DATA : status;
}

const struct interpreter command_interpreter = {.at = command_at, .find = command_named,
                                                .do_lesson = do_lesson,
                                                .do_scripted = command_do_at,
                                                .do_typed = command_do};
