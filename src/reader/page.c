#include "reader/page.h"

#include "core/intl.h"
#include "reader/figures.h"
#include "reader/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -- text with live figures -- */

static void put_safe_lines(struct text *out, const char *text, size_t length) {
  for (size_t at = 0; at < length;) {
    const char *newline = memchr(text + at, '\n', length - at);
    size_t line = newline ? (size_t)(newline - text) - at : length - at;
    text_put_safe(out, text + at, line);
    if (newline) text_puts(out, "\n");
    at += line + 1;
  }
}

static void put_span(struct text *out, struct span span) {
  put_safe_lines(out, span.source->text + span.start, span.end - span.start);
}

static void put_number(struct text *out, const struct figure *figure, double value) {
  char buffer[NUMBER_TEXT_SIZE];
  int index = (int)value;
  bool verdict = figure->is_word && value >= 0 && value < VERDICT_COUNT;
  text_puts(out, verdict ? verdict_names[index] : number_brief(value, 6, buffer));
}

/* What stands in place of the figure's number. */
static void put_figure(struct text *out, struct figures *figures, const struct figure *figure) {
  struct diag diag;
  double value;
  bool holds = true;
  bool speaks = figures && figures_speaks(figures, figure);
  enum status status =
      speaks ? figures_agree(figures, figure, &holds, &value, &diag) : STATUS_OK;
  if (status == STATUS_NO_MEMORY) out->failed = true;
  if (status)
    text_puts(out, figures->session->style.unicode ? "·" : ".");
  else if (holds) put_span(out, figure->number);
  else put_number(out, figure, value);
}

static void put_live(struct text *out, const struct lesson *lesson, struct figures *figures,
                     const struct block *block) {
  struct span rest = {lesson->pages, (uint32_t)block->start, (uint32_t)block->end};
  for (size_t i = 0; i < block->figure_count; i++) {
    const struct figure *figure = &lesson->figures[block->first_figure + i];
    put_span(out, (struct span){rest.source, rest.start, figure->shown.start});
    put_figure(out, figures, figure);
    rest.start = figure->shown.end;
  }
  put_span(out, rest);
}

static void end_paragraph(struct text *out) {
  while (out->length > 0 && out->bytes[out->length - 1] == '\n')
    text_truncate(out, out->length - 1);
  text_puts(out, "\n\n");
}

/* -- a step -- */

int page_question(const struct session *session) {
  const struct lesson *lesson = &session->lesson;
  const struct page *page = &lesson->page[session->page];
  for (size_t i = 0; i < page->block_count; i++) {
    const struct block *block = &lesson->blocks[page->first_block + i];
    if (block->kind == BLOCK_QUIZ && session->quizzes[block->quiz].state == QUIZ_OPEN)
      return block->quiz;
  }
  return -1;
}

/* The hints so far, and how to go on. */
static void put_asked(struct text *out, const struct session *session, struct figures *figures,
                      int index) {
  const struct lesson *lesson = &session->lesson;
  const struct quiz *quiz = &lesson->quizzes[index];
  int hints = session->quizzes[index].hints, left = (int)quiz->hint_count - hints;
  for (int i = 0; i < hints; i++) {
    put_live(out, lesson, figures, &lesson->blocks[quiz->first_hint + (size_t)i]);
    end_paragraph(out);
  }
  text_puts(out, _("? answer TEXT"));
  if (left > 0) text_printf(out, left == 1 ? _(", hint (1 left)") : _(", hint (%d left)"), left);
  text_puts(out, _(", or skip\n"));
}

/* The blocks from number FIRST of the step on. */
static void put_blocks(struct session *session, size_t first, struct text *out) {
  const struct lesson *lesson = &session->lesson;
  const struct page *page = &lesson->page[session->page];
  struct figures figures;
  struct diag diag;
  int asked = page_question(session);
  bool live = !figures_init(&figures, session, &diag);
  if (!live) out->failed = true;
  for (size_t i = first; i < page->block_count; i++) {
    const struct block *block = &lesson->blocks[page->first_block + i];
    bool told = block->kind == BLOCK_DEBRIEF && session->quizzes[block->quiz].state != QUIZ_OPEN;
    if (block->kind == BLOCK_QUIZ && block->quiz != asked) {
      bool right = session->quizzes[block->quiz].state == QUIZ_RIGHT;
      text_puts(out, right ? _("Right: ") : _("Skipped: "));
      quiz_put_answer(session, block->quiz, out);
      text_puts(out, "\n");
    }
    if (block->kind == BLOCK_PROSE || told) put_live(out, lesson, live ? &figures : NULL, block);
    if (block->kind != BLOCK_QUIZ || block->quiz != asked) continue;
    put_asked(out, session, live ? &figures : NULL, asked);
    break;
  }
  figures_done(&figures);
}

void page_text(struct session *session, struct text *out) {
  put_blocks(session, 0, out);
}

void page_text_after(struct session *session, int question, struct text *out) {
  const struct page *page = &session->lesson.page[session->page];
  size_t first = 0;
  for (size_t i = 0; i < page->block_count; i++)
    if (session->lesson.blocks[page->first_block + i].quiz == question) first = i + 1;
  put_blocks(session, first, out);
}

enum status do_page(struct session *session, const struct source *arguments, struct lines *out,
                    struct diag *diag) {
  (void)arguments, (void)diag;
  page_text(session, &out->text);
  return STATUS_OK;
}

/* -- moving -- */

static bool parse_target(const struct session *session, const char *arguments, long *target) {
  char *end;
  if (strcmp(arguments, "next") == 0) *target = session->page + 1L;
  else if (strcmp(arguments, "back") == 0) *target = session->page - 1L;
  else *target = strtol(arguments, &end, 10);
  bool word = strcmp(arguments, "next") == 0 || strcmp(arguments, "back") == 0;
  return word || (*arguments >= '0' && *arguments <= '9' && *end == '\0');
}

enum status do_step(struct session *session, const struct source *arguments, struct lines *out,
                    struct diag *diag) {
  long target;
  int last = lesson_steps(&session->lesson);
  struct span nowhere = {0};
  struct lines found;
  if (!parse_target(session, arguments->text, &target))
    return diag_set(diag, STATUS_USAGE, nowhere, "%s", _("step next, step back, or step N"));
  if (last == 0)
    return diag_set(diag, STATUS_USAGE, nowhere, "%s", _("this model has no steps to read"));
  if (target < 0 || target > last)
    return diag_set(diag, STATUS_USAGE, nowhere,
                    target < 0 ? _("this is the lesson's beginning")
                    : target == last + 1L ? _("this is the lesson's last step")
                                          : _("this lesson has %d steps"),
                    last);
  lines_init(&found);
  session->unchanged = target == session->page;
  enum status status = session_enter(session, (int)target, &found, diag);
  if (!status) {
    text_printf(&out->text, _("lesson step %d of %d\n\n"), session->page, last);
    page_text(session, &out->text);
    text_puts(&out->text, text_string(&found.text));
  }
  if (found.text.failed) out->text.failed = true;
  lines_done(&found);
  return status;
}

const char *page_autoplay(const struct session *session) {
  if (!session->is_open || session->examiner) return NULL;
  if (page_question(session) >= 0) return "skip";
  if (session->position < session->step_count) return "next";
  return session->page < lesson_steps(&session->lesson) ? "step next" : NULL;
}

/* -- quizzes -- */

static enum status nothing_asked(struct diag *diag) {
  return diag_set(diag, STATUS_USAGE, (struct span){0}, "%s", _("nothing is asked here"));
}

/* A block of the lesson as it stands now. */
static void put_block(struct session *session, size_t index, struct text *out) {
  struct figures figures;
  struct diag diag;
  bool live = !figures_init(&figures, session, &diag);
  if (!live) out->failed = true;
  put_live(out, &session->lesson, live ? &figures : NULL, &session->lesson.blocks[index]);
  end_paragraph(out);
  if (out->length > 0) text_truncate(out, out->length - 1);
  figures_done(&figures);
}

enum status do_hint(struct session *session, const struct source *arguments, struct lines *out,
                    struct diag *diag) {
  if (session->examiner) return session->examiner->hint(session, arguments, out, diag);
  int index = page_question(session);
  if (index < 0) return nothing_asked(diag);
  const struct quiz *quiz = &session->lesson.quizzes[index];
  struct quiz_progress *progress = &session->quizzes[index];
  if ((size_t)progress->hints >= quiz->hint_count)
    return diag_set(diag, STATUS_USAGE, (struct span){0}, "%s",
                    _("there are no more hints; skip shows the answer"));
  put_block(session, quiz->first_hint + (size_t)progress->hints++, &out->text);
  return STATUS_OK;
}

enum status do_skip(struct session *session, const struct source *arguments, struct lines *out,
                    struct diag *diag) {
  if (session->examiner) return session->examiner->skip(session, arguments, out, diag);
  int index = page_question(session);
  if (index < 0) return nothing_asked(diag);
  struct quiz_progress *progress = &session->quizzes[index];
  enum status status = quiz_choice(session, index, &progress->choice, diag);
  if (status) return status;
  progress->state = QUIZ_SKIPPED;
  text_puts(&out->text, _("skipped: "));
  quiz_put_answer(session, index, &out->text);
  text_puts(&out->text, "\n");
  put_block(session, session->lesson.quizzes[index].debrief, &out->text);
  return STATUS_OK;
}

enum status do_answer(struct session *session, const struct source *arguments, struct lines *out,
                      struct diag *diag) {
  struct judgement judgement;
  if (session->examiner) return session->examiner->answer(session, arguments, out, diag);
  int index = page_question(session);
  if (index < 0) return nothing_asked(diag);
  enum status status = quiz_judge(session, index, arguments, &judgement, diag);
  if (status) return status;
  struct quiz_progress *progress = &session->quizzes[index];
  if (judgement.right) {
    progress->state = QUIZ_RIGHT;
    progress->choice = judgement.choice;
    text_puts(&out->text, _("Right.\n"));
    put_block(session, session->lesson.quizzes[index].debrief, &out->text);
    return STATUS_OK;
  }
  progress->tries++;
  text_puts(&out->text, _("Not yet.\n"));
  if (judgement.reason >= 0) put_block(session, (size_t)judgement.reason, &out->text);
  else text_printf(&out->text, "%s\n", judgement.why);
  return STATUS_OK;
}
