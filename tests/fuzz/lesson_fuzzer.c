/* Protects lesson_parse(): no byte string crashes it, what it refuses has a reason, and what it
 * accepts is in order: every part lies within the text, every span within the file, and every quiz
 * has its question, hints, answer and debrief. */
#include "lesson/open.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition) {
  if (!condition) abort();
}

static void check_span(const struct lesson *lesson, struct span span) {
  if (!span.source) return;
  const struct span root = span_root(span);
  require(root.source == lesson->whole || root.source == lesson->pages);
  require(root.start <= root.end && root.end <= root.source->length);
  require(span.start <= span.end && span.end <= span.source->length);
}

static void check_lines(struct span rest) {
  struct span line;
  while (rest.source && lesson_line(&rest, &line)) require(line.end > line.start);
}

static void check_figure(const struct lesson *lesson, const struct figure *figure) {
  check_span(lesson, figure->expr);
  check_span(lesson, figure->number);
  check_span(lesson, figure->place);
  require(figure->expr.end > figure->expr.start && figure->expr.end < figure->number.start);
  require(!figure_holds(figure, (double)NAN));
  require(isfinite(figure->value) && isfinite(figure->slack));
  require(!figure->fault || !figure_holds(figure, figure->value));
}

static void check_block(const struct lesson *lesson, const struct block *block) {
  size_t last = block->first_figure + block->figure_count;
  require(block->start <= block->end && block->end <= lesson->prose.length);
  require(last <= lesson->figure_count && block->quiz < (int)lesson->quiz_count);
  check_span(lesson, block->lines);
  check_span(lesson, block->place);
  check_lines(block->lines);
  for (size_t i = block->first_figure; i < last; i++) {
    const struct figure *figure = &lesson->figures[i];
    check_figure(lesson, figure);
    check_span(lesson, figure->shown);
    require(figure->shown.start >= block->start && figure->shown.end <= block->end);
  }
}

static void check_quiz(const struct lesson *lesson, int index) {
  const struct quiz *quiz = &lesson->quizzes[index];
  require(quiz->hint_count >= 1 && quiz->hint_count <= LESSON_MAX_HINTS);
  require(quiz->first_hint > 0);
  for (size_t i = 0; i < quiz->hint_count; i++)
    require(lesson->blocks[quiz->first_hint + i].kind == BLOCK_HINT);
  for (size_t i = 0; i < quiz->reason_count; i++)
    require(lesson->blocks[quiz->first_reason + i].kind == BLOCK_REASON);
  require(lesson->blocks[quiz->debrief].kind == BLOCK_DEBRIEF);
  require(lesson->blocks[quiz->debrief].quiz == index);
  check_span(lesson, quiz->answer);
  check_span(lesson, quiz->proof);
  if (quiz->kind == QUIZ_NUMBER) check_figure(lesson, &quiz->figure);
}

static void check_lookalike(const struct lesson *lesson, size_t index) {
  const struct lookalike *lookalike = &lesson->lookalikes[index];
  struct span left, right;
  check_span(lesson, lookalike->text);
  check_span(lesson, lookalike->place);
  require(lookalike->page < lesson->page_count);
  require(!lookalike->text.source || figure_sides(lookalike->text, &left, &right));
}

static void check_accepted(const struct lesson *lesson) {
  struct diag diag;
  size_t next = 0;
  require(lesson->page_count > 0 && lesson->graph_count > 0);
  for (size_t p = 0; p < lesson->page_count; p++) {
    const struct page *page = &lesson->page[p];
    require(page->first_block == next && page->model < lesson->graph_count);
    next += page->block_count;
  }
  require(next == lesson->block_count);
  for (size_t i = 0; i < lesson->block_count; i++) check_block(lesson, &lesson->blocks[i]);
  for (size_t i = 0; i < lesson->quiz_count; i++) check_quiz(lesson, (int)i);
  for (size_t i = 0; i < lesson->lookalike_count; i++) check_lookalike(lesson, i);
  require(lesson_same_fences(lesson, lesson, &diag));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  struct lesson lesson;
  struct diag diag = {0};
  if (length > 0 && memchr(bytes, '\0', length)) return 0; /* file_read() refuses these */
  enum status status = lesson_parse(&lesson, "fuzz.md", (const char *)bytes, length, &diag);
  if (status == STATUS_OK) check_accepted(&lesson);
  else require((status == STATUS_DATA || status == STATUS_LIMIT) && diag.message[0]);
  lesson_done(&lesson);
  return 0;
}
