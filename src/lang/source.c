#include "lang/source.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

struct source source_from(const char *name, const char *text, size_t length) {
  return (struct source){.name = name, .text = text, .length = length, .first_line = 1};
}

struct source source_part(const struct source *of, size_t start, size_t end, const char *copy) {
  return (struct source){.name = of->name, .text = copy ? copy : of->text + start,
                         .length = end - start, .first_line = 1, .whole = of,
                         .at = (uint32_t)start};
}

struct span source_span(const struct source *source) {
  return (struct span){source, 0, (uint32_t)source->length};
}

static bool is_blank(char byte) {
  return byte == ' ' || byte == '\t';
}

struct span span_trim(struct span span) {
  const char *text = span.source->text;
  while (span.start < span.end && is_blank(text[span.start])) span.start++;
  while (span.end > span.start && is_blank(text[span.end - 1])) span.end--;
  return span;
}

/* Where PLACE of SOURCE's text is in the source that it is a part of. Inside of what was rewritten
 * that is an end of what stood there: the last one for the end of a span. */
static uint32_t place_in_whole(const struct source *source, uint32_t place, bool is_end) {
  const struct change *before = NULL;
  for (size_t i = 0; i < source->change_count; i++) {
    const struct change *change = &source->changes[i];
    if (is_end ? change->start >= place : change->start > place) break;
    before = change;
  }
  if (!before) return source->at + place;
  if (place >= before->end) return source->at + before->from_end + (place - before->end);
  return source->at + (is_end ? before->from_end : before->from);
}

struct span span_root(struct span span) {
  while (span.source && span.source->whole) {
    const uint32_t start = place_in_whole(span.source, span.start, false);
    const uint32_t end = place_in_whole(span.source, span.end, true);
    span = (struct span){span.source->whole, start, end > start ? end : start};
  }
  return span;
}

void rewriting_init(struct rewriting *rewriting) {
  *rewriting = (struct rewriting){0};
  text_init(&rewriting->text);
}

void rewriting_done(struct rewriting *rewriting) {
  text_done(&rewriting->text);
  free(rewriting->changes);
}

void rewriting_keep(struct rewriting *rewriting, const char *bytes, size_t length) {
  text_put(&rewriting->text, bytes, length);
  rewriting->from += (uint32_t)length;
}

void rewriting_put(struct rewriting *rewriting, const char *bytes, size_t length, size_t old) {
  const uint32_t start = (uint32_t)rewriting->text.length, from = rewriting->from;
  if (!array_reserve(&rewriting->changes, &rewriting->capacity, rewriting->count + 1,
                     sizeof *rewriting->changes)) {
    rewriting->text.failed = true;
    return;
  }
  rewriting->from += (uint32_t)old;
  rewriting->changes[rewriting->count++] =
      (struct change){start, start + (uint32_t)length, from, rewriting->from};
  text_put(&rewriting->text, bytes, length);
}

void rewriting_extend(struct rewriting *rewriting, const char *bytes, size_t length) {
  if (rewriting->count > 0) rewriting->changes[rewriting->count - 1].end += (uint32_t)length;
  text_put(&rewriting->text, bytes, length);
}

bool rewriting_end(struct rewriting *rewriting, struct arena *arena, struct span *span) {
  const size_t count = rewriting->count, length = rewriting->text.length;
  struct source *source = ARENA_NEW(arena, struct source);
  struct change *changes = arena_alloc(arena, count + 1, sizeof *changes);
  const char *text = arena_copy(arena, text_string(&rewriting->text), length);
  const bool good = source && changes && text && !rewriting->text.failed;
  if (good) {
    if (count > 0) memcpy(changes, rewriting->changes, count * sizeof *changes);
    *source = source_part(span->source, span->start, span->end, text);
    source->length = length;
    source->changes = changes;
    source->change_count = count;
    *span = source_span(source);
  }
  rewriting_done(rewriting);
  return good;
}
