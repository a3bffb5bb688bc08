/* A translation has the fences of its original. */
#include "lesson/lesson.h"

#include "core/intl.h"

#include <string.h>

/* The next block of LESSON from *AT that has a fence; NULL at the end. */
static const struct block *next_fence(const struct lesson *lesson, size_t *at) {
  while (*at < lesson->block_count) {
    const struct block *block = &lesson->blocks[(*at)++];
    if (block->lines.source) return block;
  }
  return NULL;
}

static int page_of(const struct lesson *lesson, const struct block *block) {
  size_t index = (size_t)(block - lesson->blocks);
  for (size_t p = 0; p < lesson->page_count; p++)
    if (index - lesson->page[p].first_block < lesson->page[p].block_count) return (int)p;
  return -1;
}

static bool same_lines(struct span a, struct span b) {
  size_t length = a.end - a.start;
  return length == b.end - b.start &&
         memcmp(a.source->text + a.start, b.source->text + b.start, length) == 0;
}

static bool same_graph(const struct lesson *a, const struct lesson *b, size_t index) {
  const struct text *text = &a->graphs[index]->text, *other = &b->graphs[index]->text;
  return text->length == other->length &&
         memcmp(text->bytes, other->bytes, text->length) == 0;
}

static bool differs(struct diag *diag, struct span place, const char *message) {
  diag_set(diag, STATUS_DATA, place, "%s", message);
  diag_hint(diag, "%s", _("a translation changes the prose and leaves the fences as they are"));
  return false;
}

bool lesson_same_fences(const struct lesson *lesson, const struct lesson *original,
                        struct diag *diag) {
  size_t at = 0, other_at = 0;
  if (lesson->page_count != original->page_count)
    return differs(diag, lesson->page[lesson->page_count - 1].place,
                   _("the original has another number of pages"));
  for (size_t p = 0; p < lesson->page_count; p++)
    if (lesson->page[p].model != original->page[p].model ||
        !same_graph(lesson, original, lesson->page[p].model))
      return differs(diag, lesson->page[p].place, _("the original has another model on this page"));
  for (;;) {
    const struct block *block = next_fence(lesson, &at);
    const struct block *other = next_fence(original, &other_at);
    if (!block && !other) return true;
    if (!block) return differs(diag, lesson->page[lesson->page_count - 1].place,
                               _("the original has one more fence"));
    if (!other || block->kind != other->kind || !same_lines(block->lines, other->lines) ||
        page_of(lesson, block) != page_of(original, other))
      return differs(diag, block->place, _("this fence is not that of the original"));
  }
}
