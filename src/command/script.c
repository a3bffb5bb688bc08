#include "command/script.h"

#include "command/command.h"
#include "core/intl.h"
#include "core/memory.h"
#include "io/file.h"
#include "io/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct span nowhere = {0};

/* -- the log -- */

static bool append(struct session *session, const char *line, size_t length) {
  char *copy = NULL;
  if (asprintf(&copy, "%.*s%s", (int)length, line, session->log_suffix) < 0) copy = NULL;
  session->log_suffix[0] = '\0';
  if (!copy || !array_reserve(&session->log, &session->log_capacity, session->log_done + 1,
                              sizeof *session->log)) {
    free(copy);
    return false;
  }
  for (size_t i = session->log_done; i < session->log_count; i++) free(session->log[i]);
  session->log[session->log_done++] = copy;
  session->log_count = session->log_done;
  return true;
}

enum status script_remember(struct session *session, const char *line, struct diag *diag) {
  size_t length = strcspn(line, "\r\n");
  while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t')) length--;
  return append(session, line, length) ? STATUS_OK : diag_no_memory(diag);
}

void command_script(const struct session *session, struct text *out) {
  for (size_t i = 0; i < session->log_done; i++) text_printf(out, "%s\n", session->log[i]);
}

enum status script_log(struct session *session, const struct source *arguments, struct lines *out,
                       struct diag *diag) {
  (void)arguments, (void)diag;
  command_script(session, &out->text);
  return STATUS_OK;
}

/* The first COUNT commands of the log, from nothing. */
static enum status replay(struct session *session, size_t count, struct diag *diag) {
  struct lines ignored;
  const struct command *command;
  enum status status = STATUS_OK;
  lines_init(&ignored);
  session_close(session);
  session->replaying = true;
  for (size_t i = 0; !status && i < count; i++)
    status = command_apply(session, session->log[i], &command, &ignored, diag);
  session->replaying = false;
  if (!status && session->is_open) status = session_catch_up(session, &ignored, diag);
  lines_done(&ignored);
  if (!status) session->log_done = count;
  return status;
}

/* -- twins -- */

/* A session made by the first COUNT commands of SESSION's log; it ends with end_twin(). */
static enum status make_twin(struct session *twin, const struct session *session, size_t count,
                             struct diag *diag) {
  session_init(twin);
  twin->style = session->style;
  twin->cancel = session->cancel;
  twin->progress = session->progress;
  twin->progress_context = session->progress_context;
  twin->screen = session->screen;
  twin->screen_context = session->screen_context;
  twin->script_depth = session->script_depth;
  twin->play = session->play; /* a hunt that is over; see end_twin() */
  for (size_t i = 0; i < session->log_count; i++)
    if (!append(twin, session->log[i], strlen(session->log[i]))) return diag_no_memory(diag);
  return replay(twin, count, diag);
}

/* Takes the twin's state over, or lets it go after a failure. Its hunt was the session's own,
 * unless another one has taken its place and so ended it. */
static void end_twin(struct session *twin, struct session *session, bool failed) {
  bool same_hunt = twin->play == session->play;
  if (failed && same_hunt) twin->play = NULL;
  if (!failed || !same_hunt) session->play = NULL;
  if (failed && !same_hunt) session->examiner = NULL;
  if (failed) session_done(twin);
  else session_move(session, twin);
}

/* -- undo and redo -- */

/* Where one looks is no part of the log; it only moves if the walk does. */
struct gaze {
  char *name; /* of the node; NULL if memory was short, and then the gaze is lost */
  int node;
  size_t position;
};

static struct gaze gaze_of(const struct session *session) {
  bool has = session->is_open && session->focus >= 0;
  return (struct gaze){has ? strdup(session->model.nodes[session->focus].name) : NULL,
                       session->focus, session->position};
}

static void look_there(struct session *session, struct gaze gaze) {
  const struct model *model = &session->model;
  bool fits = gaze.name && session->is_open && gaze.position == session->position &&
              (size_t)gaze.node < model->node_count &&
              strcmp(model->nodes[gaze.node].name, gaze.name) == 0;
  if (fits) session->focus = model_visible(model, gaze.node);
  free(gaze.name);
}

static enum status go_in_log(struct session *session, size_t count, const char *said,
                             const char *line, struct lines *out, struct diag *diag) {
  struct session twin;
  struct gaze gaze = gaze_of(session);
  text_printf(&out->text, "%s%s\n", said, line);
  enum status status = make_twin(&twin, session, count, diag);
  end_twin(&twin, session, status);
  look_there(session, gaze);
  return status;
}

enum status script_undo(struct session *session, const struct source *arguments, struct lines *out,
                        struct diag *diag) {
  (void)arguments;
  if (session->log_done <= 1)
    return diag_set(diag, STATUS_USAGE, nowhere, "%s", _("there is nothing to undo"));
  const char *line = session->log[session->log_done - 1];
  return go_in_log(session, session->log_done - 1, _("undone: "), line, out, diag);
}

enum status script_redo(struct session *session, const struct source *arguments, struct lines *out,
                        struct diag *diag) {
  (void)arguments;
  if (session->log_done >= session->log_count)
    return diag_set(diag, STATUS_USAGE, nowhere, "%s", _("there is nothing to redo"));
  const char *line = session->log[session->log_done];
  return go_in_log(session, session->log_done + 1, _("done again: "), line, out, diag);
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
    status = command_do_at(session, line, out, diag);
    if (!status && session->cancel && *session->cancel)
      status = diag_set(diag, STATUS_CANCELLED, span_trim(line), "%s", _("the script was stopped"));
  }
  diag->span = nowhere; /* the script ends here */
  return status;
}

static enum status run_script(struct session *session, const char *path, struct lines *out,
                              struct diag *diag) {
  struct session twin;
  struct text script;
  size_t said = out->text.length;
  text_init(&script);
  enum status status = file_read(path, &script, diag);
  if (!status) {
    status = make_twin(&twin, session, session->log_done, diag);
    if (!status) twin.focus = session->focus;
    twin.script_depth++;
    const struct source source = source_from(path, text_string(&script), script.length);
    if (!status) status = run_lines(&twin, &source, out, diag);
    twin.script_depth--;
    end_twin(&twin, session, status);
  }
  if (status) text_truncate(&out->text, said);
  text_done(&script);
  return status;
}

enum status script_source(struct session *session, const struct source *arguments, struct lines *out,
                          struct diag *diag) {
  enum { MAX_DEPTH = 8 };
  if (session->script_depth >= MAX_DEPTH)
    return diag_set(diag, STATUS_USAGE, nowhere, "%s", _("scripts source each other too deeply"));
  return run_script(session, arguments->text, out, diag);
}

static enum status write_log(const struct session *session, const char *path, struct diag *diag) {
  struct text script;
  text_init(&script);
  command_script(session, &script);
  enum status status = script.failed ? diag_no_memory(diag) : file_write(path, &script, diag);
  text_done(&script);
  return status;
}

enum status script_save(struct session *session, const struct source *arguments, struct lines *out,
                        struct diag *diag) {
  if (!*arguments->text) return diag_set(diag, STATUS_USAGE, nowhere, "%s", _("save to which file?"));
  enum status status = write_log(session, arguments->text, diag);
  if (!status) text_printf(&out->text, _("saved: \"source %s\" replays it\n"), arguments->text);
  return status;
}

/* -- a session that was cut off -- */

void script_kept_path(struct text *path) {
  paths_user(path, "XDG_STATE_HOME", ".local/state", "session.gws");
}

enum status script_keep(const struct session *session, struct diag *diag) {
  struct text path;
  enum status status = STATUS_OK;
  text_init(&path);
  script_kept_path(&path);
  if (path.failed) status = diag_no_memory(diag);
  if (path.length > 0 && session->log_done > 1) {
    file_make_folders(path.bytes);
    status = write_log(session, path.bytes, diag);
  }
  text_done(&path);
  return status;
}

void script_tell_kept(struct text *out) {
  struct text path;
  text_init(&path);
  script_kept_path(&path);
  if (path.length > 0 && access(path.bytes, R_OK) == 0)
    text_puts(out, _("The last session was cut off. The command resume takes it up again.\n"));
  text_done(&path);
}

enum status script_resume(struct session *session, const struct source *arguments, struct lines *out,
                          struct diag *diag) {
  (void)arguments;
  struct text path;
  text_init(&path);
  script_kept_path(&path);
  enum status status = STATUS_OK;
  if (path.failed)
    status = diag_no_memory(diag);
  else if (path.length == 0 || access(path.bytes, R_OK) != 0)
    status = diag_set(diag, STATUS_USAGE, nowhere, "%s", _("no session was cut off"));
  else
    status = run_script(session, path.bytes, out, diag);
  if (!status) remove(path.bytes);
  text_done(&path);
  return status;
}
