#include "tui/perform.h"

#include "command/command.h"
#include "game/game.h"
#include "reader/page.h"
#include "tui/changes.h"
#include "tui/frame.h"

#include <stdlib.h>
#include <string.h>

void say_error(struct ui *ui, const struct diag *diag) {
  struct text message;
  text_init(&message);
  diag_render(diag, &message);
  lines_clear(&ui->said); /* who speaks is clear here */
  text_puts(&ui->said.text, text_string(&message) + (diag->name[0] ? 0 : strlen("gradwalk: ")));
  ui->said_is_error = true;
  key_log_line(&ui->key_log, "refused", text_string(&ui->said.text));
  text_done(&message);
}

/* Notes which numbers the command has just changed. */
static void note_changes(struct ui *ui, const double *before, size_t size, size_t position) {
  const struct session *session = ui->session;
  const struct model *model = session->model;
  free(ui->flash);
  ui->flash_count = session_is_open(session) ? model->node_count : 0;
  ui->flash = calloc(ui->flash_count + 1, sizeof *ui->flash);
  for (size_t n = 0; ui->flash && n < ui->flash_count; n++) {
    const struct node *node = &model->nodes[n];
    size_t offset = model->program.slots[node->slot].offset;
    size_t count = shape_count(model_shape(model, node->slot));
    bool comparable = before && offset + count <= size;
    bool differs = comparable && memcmp(before + offset, session->run.values + offset,
                                        count * sizeof *before) != 0;
    int value = session->walk.value_move[n], gradient = session->walk.gradient_move[n];
    bool reached = (value > (int)position && value <= (int)session->now.at.position) ||
                   (gradient > (int)position && gradient <= (int)session->now.at.position);
    ui->flash[n] = before && (reached || (differs && session_has_value(session, (int)n)));
  }
}

/* The text of a page goes beside the circuit, or takes its place where there is no room. What the
 * page's own commands found has views of its own. */
static void show_page(struct ui *ui) {
  if (frame_lesson(ui).rows == 0) ui->session->look.view = VIEW_LESSON;
  ui->scroll[VIEW_LESSON] = 0;
  lines_clear(&ui->said);
  ui->checked = ui->swept = -1;
}

static bool lesson_is_seen(const struct ui *ui) {
  return ui->session->look.view == VIEW_LESSON || frame_lesson(ui).rows > 0;
}

/* Scrolls to a hint, which is at the end of the page. */
static void show_hint(struct ui *ui) {
  enum { END = 1000000 };
  if (!lesson_is_seen(ui)) return;
  ui->scroll[VIEW_LESSON] = END;
  lines_clear(&ui->said);
}

/* The page goes on where the question ended, if it was answered. */
static void show_answer(struct ui *ui) {
  enum { ABOVE = 6 };
  const struct session *session = ui->session;
  bool asked = ui->question >= 0 && session->now.quizzes[ui->question].state == QUIZ_OPEN;
  if (!lesson_is_seen(ui) || asked) return;
  if (ui->lines[VIEW_LESSON] > ABOVE) ui->scroll[VIEW_LESSON] = ui->lines[VIEW_LESSON] - ABOVE;
  lines_clear(&ui->said);
}

static void show_in_lesson(struct ui *ui, const struct command *command) {
  if (ui->session->examiner) return;
  switch (command->shown) {
    case SHOWN_AS_PAGE:
      if (ui->session->now.page != ui->page_before) show_page(ui);
      break;
    case SHOWN_AS_HINT: show_hint(ui); break;
    case SHOWN_AS_ANSWER: show_answer(ui); break;
    case SHOWN_WHERE_ONE_IS:
    case SHOWN_MEANWHILE:
    case SHOWN_AFTER: break;
  }
}

/* The row of LINE's command, if the view that shows its result is to be turned to; or NULL. */
static const struct command *shown_by(const struct session *session, const char *line) {
  struct diag ignored;
  size_t word = strcspn(line, " ");
  const struct command *command = command_named(line, word);
  bool waits = command && play_allows(session, command, line + word + strspn(line + word, " "),
                                      &ignored);
  return waits ? NULL : command;
}

static void before_command(struct ui *ui, const struct command *command) {
  struct lines said_before = ui->said_before;
  ui->said_before = ui->said;
  ui->said = said_before;
  lines_clear(&ui->said);
  ui->said_is_error = false;
  ui->busy = !command || command->shown != SHOWN_MEANWHILE;
  ui->page_before = ui->session->now.page;
  ui->question = session_is_open(ui->session) ? page_question(ui->session) : -1;
  if (ui->busy) return;
  ui->session->look.view = command->view;
  ui->checked = ui->swept = -1;
  ui->mutant = 0;
}

static void after_command(struct ui *ui, const struct command *command, enum status status) {
  ui->busy = false;
  ui->page_known = false;
  if (status) say_error(ui, &ui->diag);
  else if (command && command->shown == SHOWN_MEANWHILE) lines_clear(&ui->said);
  else if (command && command->shown == SHOWN_AFTER) ui->session->look.view = command->view;
  else if (command) show_in_lesson(ui, command);
  if (!status && progress_write(&ui->progress_writer, ui->session, &ui->diag)) say_error(ui, &ui->diag);
  ui->said_in = ui->session->look.view;
  ui->scroll[VIEW_INSPECTOR] = 0;
  ui->line = -1;
}

enum status perform(struct ui *ui, const char *line) {
  struct session *session = ui->session;
  const struct command *command = shown_by(session, line);
  size_t size = session->model->program.size, position = session->now.at.position;
  double *before = size > 0 ? malloc(size * sizeof *before) : NULL;
  if (before) memcpy(before, session->run.values, size * sizeof *before);
  key_log_line(&ui->key_log, "command", line);
  before_command(ui, command);
  enum status status = command_do(session, line, &ui->said, &ui->diag);
  after_command(ui, command, status);
  note_changes(ui, before, size, position);
  changes_log(ui, before, size);
  if (session_is_open(session)) circuit_make(&ui->circuit, session->model, session->look.focus);
  else circuit_done(&ui->circuit);
  free(before);
  return status;
}
