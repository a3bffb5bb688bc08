#include "reader/page.h"

#include "core/intl.h"
#include "reader/figures.h"
#include "reader/judge.h"
#include "reader/reading.h"

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

/* Puts what the reader sees in the place of the figure's number. */
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

/* -- a page -- */

int page_question(const struct session *session) {
  const struct lesson *lesson = session->now.lesson;
  const struct page *page = &lesson->page[session->now.page];
  for (size_t i = 0; i < page->block_count; i++) {
    const struct block *block = &lesson->blocks[page->first_block + i];
    if (block->kind == BLOCK_QUIZ && session->now.quizzes[block->quiz].state == QUIZ_OPEN)
      return block->quiz;
  }
  return -1;
}

/* The hints so far, and how to go on. */
static void put_asked(struct lines *out, const struct session *session, struct figures *figures,
                      int index) {
  const struct lesson *lesson = session->now.lesson;
  const struct quiz *quiz = &lesson->quizzes[index];
  int hints = session->now.quizzes[index].hints, left = (int)quiz->hint_count - hints;
  for (int i = 0; i < hints; i++) {
    put_live(&out->text, lesson, figures, &lesson->blocks[quiz->first_hint + (size_t)i]);
    end_paragraph(&out->text);
  }
  const size_t start = out->text.length;
  if (left > 0)
    text_printf(&out->text,
                /* TRANSLATORS: answer, hint and skip are commands; the count is of the hints. */
                left == 1 ? _("? answer TEXT, hint (1 left), or skip\n")
                          : _("? answer TEXT, hint (%d left), or skip\n"), left);
  else text_puts(&out->text, _("? answer TEXT, or skip\n"));
  lines_describe(out, start, LINE_QUESTION, (struct about){0});
}

/* What came of a question that is over. */
static void put_answered(struct lines *out, const struct session *session, int index) {
  const bool right = session->now.quizzes[index].state == QUIZ_RIGHT;
  const size_t start = out->text.length;
  struct text answer;
  text_init(&answer);
  quiz_put_answer(session, index, &answer);
  text_printf(&out->text, right ? _("Right: %s\n") : _("Skipped: %s\n"), text_string(&answer));
  out->text.failed = out->text.failed || answer.failed;
  text_done(&answer);
  lines_describe(out, start, right ? LINE_GOOD : LINE_DOUBT, (struct about){0});
}

/* Puts the blocks of the page from number FIRST on. */
static void put_blocks(struct session *session, size_t first, struct lines *out) {
  const struct lesson *lesson = session->now.lesson;
  const struct page *page = &lesson->page[session->now.page];
  struct figures figures;
  struct diag diag;
  int asked = page_question(session);
  bool live = !figures_init(&figures, session, &diag);
  if (!live) out->text.failed = true;
  for (size_t i = first; i < page->block_count; i++) {
    const struct block *block = &lesson->blocks[page->first_block + i];
    bool told =
        block->kind == BLOCK_DEBRIEF && session->now.quizzes[block->quiz].state != QUIZ_OPEN;
    if (block->kind == BLOCK_QUIZ && block->quiz != asked)
      put_answered(out, session, block->quiz);
    if (block->kind == BLOCK_PROSE || told)
      put_live(&out->text, lesson, live ? &figures : NULL, block);
    if (block->kind != BLOCK_QUIZ || block->quiz != asked) continue;
    put_asked(out, session, live ? &figures : NULL, asked);
    break;
  }
  figures_done(&figures);
}

void page_text(struct session *session, struct lines *out) {
  put_blocks(session, 0, out);
}

void page_text_after(struct session *session, int question, struct lines *out) {
  const struct page *page = &session->now.lesson->page[session->now.page];
  size_t first = 0;
  for (size_t i = 0; i < page->block_count; i++)
    if (session->now.lesson->blocks[page->first_block + i].quiz == question) first = i + 1;
  put_blocks(session, first, out);
}

/* -- moving -- */

static enum status do_open(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag) {
  if (!*arguments->text)
    return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s",
                    _("open what? a lesson's number or name, or a model's path"));
  struct lines found;
  lines_init(&found);
  enum status status = reading_open(session, arguments->text, &found, diag);
  if (!status) {
    const struct text *title = &session->now.lesson->title;
    text_put_safe(&out->text, title->length > 0 ? title->bytes : arguments->text,
                  title->length > 0 ? title->length : strlen(arguments->text));
    text_printf(&out->text, session->walk.count == 1 ? _("\n%zu move\n") : _("\n%zu moves\n"),
                session->walk.count);
    lines_append(out, &found);
  }
  lines_done(&found);
  return status;
}

static bool parse_target(const struct session *session, const char *arguments, long *target) {
  char *end;
  if (strcmp(arguments, "next") == 0) *target = session->now.page + 1L;
  else if (strcmp(arguments, "back") == 0) *target = session->now.page - 1L;
  else *target = strtol(arguments, &end, 10);
  bool word = strcmp(arguments, "next") == 0 || strcmp(arguments, "back") == 0;
  return word || (*arguments >= '0' && *arguments <= '9' && *end == '\0');
}

static enum status turn(struct session *session, int target, struct lines *out,
                        struct diag *diag) {
  struct lines found;
  lines_init(&found);
  enum status status = reading_enter(session, target, &found, diag);
  if (!status) {
    text_printf(&out->text, _("page %d of %d\n\n"), session->now.page,
                lesson_last_page(session->now.lesson));
    page_text(session, out);
    lines_append(out, &found);
  }
  lines_done(&found);
  return status;
}

static enum status refuse(struct diag *diag, const char *why) {
  return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s", why);
}

static enum status do_page(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag) {
  long target;
  const int last = lesson_last_page(session->now.lesson);
  if (!*arguments->text) {
    page_text(session, out);
    return STATUS_OK;
  }
  if (!parse_target(session, arguments->text, &target))
    return refuse(diag, _("page next, page back, or page N"));
  if (last == 0) return refuse(diag, _("this model has no pages to read"));
  if (target < 0) return refuse(diag, _("this is the lesson's beginning"));
  if (target == last + 1L) return refuse(diag, _("this is the lesson's last page"));
  if (target > last)
    return diag_set(diag, STATUS_USAGE, SPAN_NONE,
                    last == 1 ? _("this lesson has %d page") : _("this lesson has %d pages"), last);
  return turn(session, (int)target, out, diag);
}

const char *page_autoplay(const struct session *session) {
  if (!session_is_open(session) || session->examiner) return NULL;
  if (page_question(session) >= 0) return "skip";
  if (session->now.at.position < session->walk.count) return "next";
  return session->now.page < lesson_last_page(session->now.lesson) ? "page next" : NULL;
}

/* -- quizzes -- */

static enum status nothing_asked(struct diag *diag) {
  return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s", _("nothing is asked here"));
}

/* Puts a block of the lesson with its figures as they are now. */
static void put_block(struct session *session, size_t index, struct text *out) {
  struct figures figures;
  struct diag diag;
  bool live = !figures_init(&figures, session, &diag);
  if (!live) out->failed = true;
  put_live(out, session->now.lesson, live ? &figures : NULL, &session->now.lesson->blocks[index]);
  end_paragraph(out);
  if (out->length > 0) text_truncate(out, out->length - 1);
  figures_done(&figures);
}

static enum status do_hint(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag) {
  if (session->examiner) return session->examiner->hint(session, arguments, out, diag);
  int index = page_question(session);
  if (index < 0) return nothing_asked(diag);
  const struct quiz *quiz = &session->now.lesson->quizzes[index];
  struct quiz_progress *quizzes = exploration_own_quizzes(&session->now);
  if (!quizzes) return diag_no_memory(diag);
  struct quiz_progress *progress = &quizzes[index];
  if ((size_t)progress->hints >= quiz->hint_count)
    return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s",
                    _("there are no more hints; skip shows the answer"));
  put_block(session, quiz->first_hint + (size_t)progress->hints++, &out->text);
  return STATUS_OK;
}

static enum status do_skip(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag) {
  if (session->examiner) return session->examiner->skip(session, arguments, out, diag);
  int index = page_question(session);
  if (index < 0) return nothing_asked(diag);
  struct quiz_progress *quizzes = exploration_own_quizzes(&session->now);
  if (!quizzes) return diag_no_memory(diag);
  struct quiz_progress *progress = &quizzes[index];
  enum status status = quiz_choice(session, index, &progress->choice, diag);
  if (status) return status;
  progress->state = QUIZ_SKIPPED;
  put_answered(out, session, index);
  put_block(session, session->now.lesson->quizzes[index].debrief, &out->text);
  return STATUS_OK;
}

static enum status do_answer(struct session *session, const struct source *arguments,
                             struct lines *out, struct diag *diag) {
  struct judgement judgement;
  if (session->examiner) return session->examiner->answer(session, arguments, out, diag);
  int index = page_question(session);
  if (index < 0) return nothing_asked(diag);
  enum status status = quiz_judge(session, index, arguments, &judgement, diag);
  if (status) return status;
  struct quiz_progress *quizzes = exploration_own_quizzes(&session->now);
  if (!quizzes) return diag_no_memory(diag);
  struct quiz_progress *progress = &quizzes[index];
  if (judgement.right) {
    progress->state = QUIZ_RIGHT;
    progress->choice = judgement.choice;
    text_puts(&out->text, _("Right.\n"));
    put_block(session, session->now.lesson->quizzes[index].debrief, &out->text);
    return STATUS_OK;
  }
  progress->tries++;
  text_puts(&out->text, _("Not yet.\n"));
  if (judgement.reason >= 0) put_block(session, (size_t)judgement.reason, &out->text);
  else text_printf(&out->text, "%s\n", judgement.why);
  return STATUS_OK;
}

/* -- the rows -- */

static const char *const page_words[] = {"next", "back", NULL};

enum { READS = COMMAND_CHANGES | COMMAND_NEEDS_MODEL };

const struct command read_commands[] = {
    {.name = "open", .arguments = "LESSON", .flags = COMMAND_CHANGES, .hunt = IN_HUNT_WAITS,
     .run = do_open, .completes = COMPLETE_LESSONS, .shown = SHOWN_AFTER, .view = VIEW_CIRCUIT,
     .help = "open a lesson (number, name) or a model (path)"},
    {.name = "page", .also = "step", .arguments = "[next | back | N]", .flags = READS,
     .hunt = IN_HUNT_WORDS_WAIT, .run = do_page, .completes = COMPLETE_CHOICES,
     .choices = page_words, .shown = SHOWN_AS_PAGE,
     .help = "the text of this page of the lesson, or of another page; 0 is the opening"},
    {.name = "answer", .arguments = "TEXT", .flags = READS | COMMAND_OF_PLAYERS, .run = do_answer,
     .shown = SHOWN_AS_ANSWER, .help = "answer the question that is asked"},
    {.name = "hint", .arguments = "", .flags = READS | COMMAND_OF_PLAYERS, .run = do_hint,
     .shown = SHOWN_AS_HINT, .help = "a hint for it, up to three"},
    {.name = "skip", .arguments = "", .flags = READS | COMMAND_OF_PLAYERS, .run = do_skip,
     .shown = SHOWN_AS_ANSWER, .help = "leave it, and read on"},
    {0}};
