/* The page of the lesson that the reader is at: its text up to the first open question, with its
 * figures as they are now. */
#include "core/intl.h"
#include "reader/page.h"
#include "tui/view.h"

/* Evaluating figures takes the model for a moment, so never while something runs on it. */
static const struct lines *page_of(struct ui *ui) {
  if (!ui->page_known && ui->progress.total == 0) {
    lines_clear(&ui->page);
    page_text(ui->session, &ui->page);
    ui->page_known = true;
  }
  return &ui->page;
}

static void draw_lesson(struct ui *ui, struct area area) {
  const struct session *session = ui->session;
  bool has_prose = session_is_open(session) && session->now.lesson->prose.length > 0;
  if (has_prose) view_lines(ui, VIEW_LESSON, area, page_of(ui));
  else view_text(ui, VIEW_LESSON, area, _("This model came without a lesson."));
}

/* Goes to the prompt with an answer or, where nothing is asked, to the next page. */
static void enter_lesson(struct ui *ui, struct text *out) {
  const struct session *session = ui->session;
  if (!session_is_open(session)) return;
  if (page_question(session) >= 0) text_puts(out, "prompt answer ");
  else if (session->now.page < lesson_last_page(session->now.lesson)) text_puts(out, "page next");
}

void view_lesson_title(const struct ui *ui, struct text *out) {
  const struct session *session = ui->session;
  int last = session_is_open(session) ? lesson_last_page(session->now.lesson) : 0;
  if (last > 0) text_printf(out, _("lesson, page %d of %d"), session->now.page, last);
  else text_puts(out, _("lesson"));
}

const struct view_ops view_lesson = {.name = "lesson", .draw = draw_lesson,
                                     .enter = enter_lesson};
