#include "command/script.h"

#include "core/intl.h"
#include "explore/log.h"
#include "explore/options.h"
#include "game/game.h"
#include "io/file.h"
#include "io/paths.h"
#include "lang/describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


/* -- the log -- */

static enum status do_log(struct session *session, const struct source *arguments,
                          struct lines *out, struct diag *diag) {
  (void)arguments, (void)diag;
  log_put(session, &out->text);
  return STATUS_OK;
}

static enum status do_undo(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag) {
  const char *line;
  (void)arguments;
  enum status status = play_allows_undo(session, diag);
  if (!status) status = log_undo(session, &line, diag);
  if (!status) text_printf(&out->text, _("undone: %s\n"), line);
  return status ? status : play_settle(session, diag);
}

static enum status do_redo(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag) {
  const char *line;
  (void)arguments;
  enum status status = log_redo(session, &line, diag);
  if (!status) text_printf(&out->text, _("done again: %s\n"), line);
  return status ? status : play_settle(session, diag);
}

/* -- scripts -- */

static enum status run_lines(struct session *session, const struct source *script,
                             struct lines *out, struct diag *diag) {
  enum status status = STATUS_OK;
  struct span line = {script, 0, 0};
  for (; !status && !session->quitting && line.start < script->length; line.start = line.end + 1) {
    const char *text = script->text + line.start;
    const char *end = memchr(text, '\n', script->length - line.start);
    line.end = end ? (uint32_t)(end - script->text) : (uint32_t)script->length;
    status = session->interpreter->do_scripted(session, line, out, diag);
    if (!status && session->cancel && *session->cancel)
      status = diag_set(diag, STATUS_CANCELLED, span_trim(line), "%s", _("the script was stopped"));
  }
  diag->span = SPAN_NONE; /* the script ends here */
  return status;
}

/* All that a script can change. */
struct before {
  struct exploration now;
  struct deed *done, *undone;
  int focus;
};

static struct before keep(const struct session *session) {
  return (struct before){session_keep(session), deeds_keep(session->done),
                         deeds_keep(session->undone), session->look.focus};
}

/* Ends BEFORE, to which the session goes back if the script has FAILED. */
static void settle(struct session *session, struct before before, bool failed) {
  struct diag ignored;
  if (!failed) {
    exploration_drop(&before.now);
    deeds_drop(before.done);
    deeds_drop(before.undone);
    return;
  }
  deeds_drop(session->done);
  deeds_drop(session->undone);
  session->done = before.done;
  session->undone = before.undone;
  if (!session_go_back(session, before.now, &ignored)) session_look(session, before.focus);
  play_settle(session, &ignored);
}

static enum status run_script(struct session *session, const char *path, struct lines *out,
                              struct diag *diag) {
  struct text script;
  size_t said = out->text.length;
  text_init(&script);
  enum status status = file_read(path, &script, diag);
  if (!status) {
    const struct source source = source_from(path, text_string(&script), script.length);
    struct before before = keep(session);
    session->script_depth++;
    status = run_lines(session, &source, out, diag);
    session->script_depth--;
    settle(session, before, status);
  }
  if (status) lines_truncate(out, said);
  text_done(&script);
  return status;
}

static enum status do_source(struct session *session, const struct source *arguments,
                             struct lines *out, struct diag *diag) {
  enum { MAX_DEPTH = 8 };
  if (session->script_depth >= MAX_DEPTH)
    return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s", _("scripts source each other too deeply"));
  return run_script(session, arguments->text, out, diag);
}

static enum status write_log(const struct session *session, const char *path, struct diag *diag) {
  struct text script;
  text_init(&script);
  log_put(session, &script);
  enum status status = script.failed ? diag_no_memory(diag) : file_write(path, &script, diag);
  text_done(&script);
  return status;
}

static enum status do_save(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag) {
  if (!*arguments->text)
    return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s", _("save to which file?"));
  enum status status = write_log(session, arguments->text, diag);
  if (!status) text_printf(&out->text, _("saved: \"source %s\" replays it\n"), arguments->text);
  return status;
}

/* -- a session that was cut off -- */

static void kept_path(struct text *path) {
  paths_user(path, "XDG_STATE_HOME", ".local/state", "session.gws");
}

enum status script_keep(const struct session *session, struct diag *diag) {
  struct text path;
  enum status status = STATUS_OK;
  text_init(&path);
  kept_path(&path);
  if (path.failed) status = diag_no_memory(diag);
  if (path.length > 0 && deeds_count(session->done) > 1) {
    file_make_folders(path.bytes);
    status = write_log(session, path.bytes, diag);
  }
  text_done(&path);
  return status;
}

void script_tell_kept(struct text *out) {
  struct text path;
  text_init(&path);
  kept_path(&path);
  if (path.length > 0 && access(path.bytes, R_OK) == 0)
    text_puts(out, _("The last session was cut off. The command resume takes it up again.\n"));
  text_done(&path);
}

static enum status do_resume(struct session *session, const struct source *arguments,
                             struct lines *out, struct diag *diag) {
  (void)arguments;
  struct text path;
  text_init(&path);
  kept_path(&path);
  enum status status = STATUS_OK;
  if (path.failed)
    status = diag_no_memory(diag);
  else if (path.length == 0 || access(path.bytes, R_OK) != 0)
    status = diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s", _("no session was cut off"));
  else
    status = run_script(session, path.bytes, out, diag);
  if (!status) remove(path.bytes);
  text_done(&path);
  return status;
}

/* -- help, and leaving -- */

static enum status help_unknown(const struct session *session, const char *topic,
                                struct diag *diag) {
  const char *best = NULL;
  const struct command *command;
  struct gates gates;
  enum status status = gates_read(&gates, diag);
  if (status) {
    gates_done(&gates);
    return status;
  }
  for (size_t i = 0; (command = session->interpreter->at(i)); i++)
    best = suggest_nearer(topic, best, command->name);
  best = describe_nearest(&gates, topic, best);
  status = diag_set(diag, STATUS_USAGE, SPAN_NONE,
                    _("there is no command, operation or gate called \"%s\""), topic);
  if (best) diag_hint(diag, _("did you mean %s?"), best);
  else diag_hint(diag, "%s", _("help lists the commands"));
  gates_done(&gates);
  return status;
}

static void help_command(struct text *out, const struct command *command) {
  enum { HELP_COLUMN = 30 };
  size_t start = out->length;
  text_printf(out, "%s%s%s", command->name, *command->arguments ? " " : "", command->arguments);
  text_pad(out, text_columns(out->bytes + start, out->length - start), HELP_COLUMN);
  text_printf(out, " %s\n", _(command->help));
}

static enum status do_help(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag) {
  const struct interpreter *interpreter = session->interpreter;
  const struct command *command = interpreter->find(arguments->text, arguments->length);
  bool described = false;
  if (command) {
    help_command(&out->text, command);
    options_help_words(&out->text, command->options);
    return STATUS_OK;
  }
  for (size_t i = 0; arguments->length == 0 && (command = interpreter->at(i)); i++)
    help_command(&out->text, command);
  if (arguments->length == 0) return STATUS_OK;
  enum status status = describe(&out->text, arguments->text, &described, diag);
  return status || described ? status : help_unknown(session, arguments->text, diag);
}

static enum status do_quit(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag) {
  (void)arguments, (void)out, (void)diag;
  session->quitting = true;
  return STATUS_OK;
}

const struct command script_commands[] = {
    {.name = "undo", .arguments = "", .flags = COMMAND_OF_PLAYERS, .run = do_undo,
     .help = "take back the last command that changed something"},
    {.name = "redo", .arguments = "", .flags = COMMAND_OF_PLAYERS, .run = do_redo,
     .help = "take back the last undo"},
    {.name = "log", .arguments = "", .run = do_log,
     .help = "the commands that made this session what it is"},
    {.name = "source", .arguments = "FILE", .hunt = IN_HUNT_WAITS, .run = do_source,
     .completes = COMPLETE_FILES, .shown = SHOWN_AFTER, .view = VIEW_CIRCUIT,
     .help = "run the commands in FILE"},
    {.name = "save", .arguments = "FILE", .flags = COMMAND_NEEDS_MODEL, .run = do_save,
     .completes = COMPLETE_FILES, .help = "write this session as commands that FILE replays"},
    {.name = "resume", .arguments = "", .hunt = IN_HUNT_WAITS, .run = do_resume,
     .shown = SHOWN_AFTER, .view = VIEW_CIRCUIT,
     .help = "take up the session that was cut off, by a closed window or a signal"},
    {.name = "help", .arguments = "[NAME]", .run = do_help, .completes = COMPLETE_TOPICS,
     .help = "the commands; or one command, operation or gate"},
    {.name = "quit", .arguments = "", .run = do_quit, .help = "leave"},
    {0}};
