/* The step of the lesson that the reader is at: its text up to the first open question, with its
 * figures as they are now. */
#include "core/intl.h"
#include "reader/page.h"
#include "tui/view.h"

#include <string.h>

/* Evaluating figures takes the model for a moment, so never while something runs on it. */
static const char *page_of(struct ui *ui) {
  if (!ui->page_known && ui->progress.total == 0) {
    text_truncate(&ui->page, 0);
    page_text(ui->session, &ui->page);
    ui->page_known = true;
  }
  return text_string(&ui->page);
}

static bool begins(const char *line, const char *word) {
  return strncmp(line, word, strlen(word)) == 0;
}

/* What is asked, and what came of it. */
static enum role line_role(const struct ui *ui, const char *line, size_t length,
                           enum role before) {
  (void)ui, (void)length, (void)before;
  if (begins(line, "? ")) return ROLE_KEY;
  if (begins(line, _("Right: "))) return ROLE_GOOD;
  return begins(line, _("Skipped: ")) ? ROLE_DOUBT : ROLE_PLAIN;
}

static void draw_lesson(struct ui *ui, struct area area) {
  const struct session *session = ui->session;
  bool has_prose = session_is_open(session) && session->now.lesson->prose.length > 0;
  if (has_prose) view_lines(ui, VIEW_LESSON, area, line_role, page_of(ui));
  else view_text(ui, VIEW_LESSON, area, _("This model came without a lesson."));
}

/* To the prompt with an answer, or where nothing is asked to the next step. */
static void enter_lesson(struct ui *ui, struct text *out) {
  const struct session *session = ui->session;
  if (!session_is_open(session)) return;
  if (page_question(session) >= 0) text_puts(out, "prompt answer ");
  else if (session->now.page < lesson_steps(session->now.lesson)) text_puts(out, "page next");
}

void view_lesson_title(const struct ui *ui, struct text *out) {
  const struct session *session = ui->session;
  int steps = session_is_open(session) ? lesson_steps(session->now.lesson) : 0;
  text_puts(out, view_lesson.name);
  if (steps > 0) text_printf(out, _(", step %d of %d"), session->now.page, steps);
}

const struct view_ops view_lesson = {.name = "lesson", .draw = draw_lesson,
                                     .enter = enter_lesson};
