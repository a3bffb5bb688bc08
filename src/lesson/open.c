#include "lesson/open.h"

#include "core/intl.h"
#include "core/memory.h"
#include "io/file.h"
#include "lesson/read.h"

#include <stdlib.h>
#include <string.h>

static enum status prepare(struct lesson *lesson, const char *name, struct diag *diag) {
  *lesson = (struct lesson){0};
  arena_init(&lesson->arena);
  text_puts(&lesson->path, name);
  lesson->whole = calloc(1, sizeof *lesson->whole);
  lesson->pages = calloc(1, sizeof *lesson->pages);
  return lesson->path.failed || !lesson->whole || !lesson->pages ? diag_no_memory(diag)
                                                                 : STATUS_OK;
}

enum status lesson_parse(struct lesson *lesson, const char *name, const char *bytes,
                         size_t length, struct diag *diag) {
  enum status status = prepare(lesson, name, diag);
  if (!status) status = read_lesson(lesson, bytes, length, diag);
  if (!status) lesson->source = lesson->graphs[0]->source;
  return status;
}

/* A lesson that is nothing but its model. */
static enum status take_model(struct lesson *lesson, const char *bytes, size_t length,
                              struct diag *diag) {
  struct graph *graph;
  if (!array_reserve(&lesson->page, &lesson->page_capacity, 1, sizeof *lesson->page) ||
      !(graph = read_graph(lesson, bytes, length, 1)))
    return diag_no_memory(diag);
  lesson->page[lesson->page_count++] = (struct page){0};
  lesson->source = graph->source;
  return STATUS_OK;
}

static size_t byte_order_mark(const struct text *text) {
  return text->length >= 3 && memcmp(text->bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

static enum status choose_page(struct lesson *lesson, int page, struct diag *diag) {
  if (page > lesson_last_page(lesson))
    return diag_set(diag, STATUS_USAGE, SPAN_NONE,
                    lesson_last_page(lesson) == 1 ? _("%s: this lesson has %d page")
                                                  : _("%s: this lesson has %d pages"),
                    text_string(&lesson->path), lesson_last_page(lesson));
  lesson->source = lesson->graphs[lesson->page[page].model]->source;
  return STATUS_OK;
}

enum status lesson_open(struct lesson *lesson, const char *what, int page, struct diag *diag) {
  struct text path, file;
  *lesson = (struct lesson){0};
  text_init(&path);
  text_init(&file);
  enum status status = lesson_find(&path, what, diag);
  if (!status) status = file_read(text_string(&path), &file, diag);
  size_t skip = byte_order_mark(&file);
  const char *bytes = text_string(&file) + skip;
  if (!status && path_ends(text_string(&path), ".md")) {
    status = lesson_parse(lesson, text_string(&path), bytes, file.length - skip, diag);
    if (!status) status = choose_page(lesson, page, diag);
  } else if (!status) {
    status = prepare(lesson, text_string(&path), diag);
    if (!status) status = take_model(lesson, bytes, file.length - skip, diag);
  }
  text_done(&path);
  text_done(&file);
  return status;
}

enum status lesson_from_text(struct lesson *lesson, const char *name, const char *text,
                             struct diag *diag) {
  enum status status = prepare(lesson, name, diag);
  return status ? status : take_model(lesson, text, strlen(text), diag);
}
