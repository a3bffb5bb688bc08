#include "lesson/lesson.h"

#include <stdlib.h>
#include <string.h>

void lesson_done(struct lesson *lesson) {
  for (size_t i = 0; i < lesson->graph_count; i++) {
    text_done(&lesson->graphs[i]->text);
    free(lesson->graphs[i]);
  }
  text_done(&lesson->path);
  text_done(&lesson->title);
  text_done(&lesson->file);
  text_done(&lesson->prose);
  arena_done(&lesson->arena);
  free(lesson->whole);
  free(lesson->pages);
  free(lesson->graphs);
  free(lesson->page);
  free(lesson->blocks);
  free(lesson->figures);
  free(lesson->lookalikes);
  free(lesson->quizzes);
}

int lesson_last_page(const struct lesson *lesson) {
  return lesson->page_count > 0 ? (int)lesson->page_count - 1 : 0;
}

/* -- lines of a fence -- */

bool lesson_line(struct span *rest, struct span *line) {
  while (rest->start < rest->end) {
    const char *text = rest->source->text + rest->start;
    const char *newline = memchr(text, '\n', rest->end - rest->start);
    uint32_t length = newline ? (uint32_t)(newline - text) : rest->end - rest->start;
    *line = span_trim((struct span){rest->source, rest->start, rest->start + length});
    rest->start += length + (newline ? 1 : 0);
    if (line->start < line->end && rest->source->text[line->start] != '#') return true;
  }
  return false;
}
