#include "report/lines.h"

#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

/* -- making them -- */

void lines_init(struct lines *lines) {
  *lines = (struct lines){0};
}

void lines_done(struct lines *lines) {
  text_done(&lines->text);
  free(lines->notes);
  free(lines->marks);
  lines_init(lines);
}

void lines_clear(struct lines *lines) {
  lines_truncate(lines, 0);
}

void lines_truncate(struct lines *lines, size_t length) {
  text_truncate(&lines->text, length);
  while (lines->note_count > 0 && lines->notes[lines->note_count - 1].start >= length)
    lines->note_count--;
  while (lines->mark_count > 0 && lines->marks[lines->mark_count - 1].start >= length)
    lines->mark_count--;
  for (size_t i = 0; i < lines->mark_count; i++)
    if (lines->marks[i].end > length) lines->marks[i].end = length;
}

static void add_note(struct lines *lines, struct line_note note) {
  if (array_reserve(&lines->notes, &lines->note_capacity, lines->note_count + 1,
                    sizeof *lines->notes))
    lines->notes[lines->note_count++] = note;
  else
    lines->text.failed = true;
}

static void add_mark(struct lines *lines, struct line_mark mark) {
  if (array_reserve(&lines->marks, &lines->mark_capacity, lines->mark_count + 1,
                    sizeof *lines->marks))
    lines->marks[lines->mark_count++] = mark;
  else
    lines->text.failed = true;
}

void lines_append(struct lines *to, const struct lines *more) {
  const size_t shift = to->text.length;
  text_put(&to->text, text_string(&more->text), more->text.length);
  if (more->text.failed) to->text.failed = true;
  for (size_t i = 0; !to->text.failed && i < more->note_count; i++) {
    struct line_note note = more->notes[i];
    note.start += shift;
    add_note(to, note);
  }
  for (size_t i = 0; !to->text.failed && i < more->mark_count; i++) {
    struct line_mark mark = more->marks[i];
    mark.start += shift, mark.end += shift;
    add_mark(to, mark);
  }
}

/* Where the line that begins at START ends. */
static size_t end_of_line(const struct lines *lines, size_t start) {
  const struct text *text = &lines->text;
  const char *newline = memchr(text->bytes + start, '\n', text->length - start);
  return newline ? (size_t)(newline - text->bytes) : text->length;
}

void lines_describe(struct lines *lines, size_t start, enum line_role role, struct about about) {
  const size_t count = lines->note_count;
  if (count > 0 && start <= lines->notes[count - 1].start)
    start = end_of_line(lines, lines->notes[count - 1].start) + 1;
  for (; !lines->text.failed && start < lines->text.length; start = end_of_line(lines, start) + 1)
    add_note(lines, (struct line_note){start, role, about});
}

void lines_mark(struct lines *lines, size_t start, enum line_role role) {
  if (!lines->text.failed && start < lines->text.length)
    add_mark(lines, (struct line_mark){start, lines->text.length, role});
}

void lines_puts(struct lines *lines, enum line_role role, const char *string) {
  const size_t start = lines->text.length;
  text_puts(&lines->text, string);
  lines_mark(lines, start, role);
}

/* -- reading them -- */

/* What was said of the line at START; NULL: nothing. */
static const struct line_note *find_note(const struct lines *lines, size_t start) {
  size_t low = 0, high = lines->note_count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (lines->notes[middle].start < start) low = middle + 1;
    else high = middle;
  }
  return low < lines->note_count && lines->notes[low].start == start ? &lines->notes[low] : NULL;
}

bool lines_next(const struct lines *lines, size_t *at, struct report_line *line) {
  if (*at >= lines->text.length) return false;
  const struct line_note *note = find_note(lines, *at);
  *line = (struct report_line){.start = *at, .end = end_of_line(lines, *at)};
  if (note) line->role = note->role, line->about = note->about;
  *at = line->end + 1;
  return true;
}

enum line_role lines_role(const struct lines *lines, const struct report_line *line, size_t at,
                          size_t *until) {
  enum line_role role = line->role;
  *until = line->end;
  for (size_t i = 0; i < lines->mark_count; i++) {
    const struct line_mark *mark = &lines->marks[i];
    const bool covers = mark->start <= at && at < mark->end;
    const size_t border = covers ? mark->end : mark->start;
    if (covers) role = mark->role;
    if (border > at && border < *until) *until = border;
  }
  return role;
}

static bool same_thing(const struct about *a, const struct about *b) {
  return a->kind == b->kind && a->rule == b->rule && a->node == b->node &&
         a->gradient == b->gradient && a->entry == b->entry && a->tensor == b->tensor;
}

/* The passage at *AT, as lines_next() has it for a line. */
static bool next_passage(const struct lines *lines, size_t *at, struct passage *passage) {
  struct report_line line;
  if (!lines_next(lines, at, &line)) return false;
  *passage = (struct passage){line.start, line.end, line.end, line.about};
  for (size_t next = *at; lines_next(lines, &next, &line) &&
                          same_thing(&line.about, &passage->about); *at = next)
    passage->end = line.end;
  return true;
}

bool lines_passage(const struct lines *lines, enum about_kind kind, size_t index,
                struct passage *passage) {
  for (size_t at = 0; next_passage(lines, &at, passage);)
    if (passage->about.kind == kind && index-- == 0) return true;
  return false;
}

size_t lines_count(const struct lines *lines, enum about_kind kind) {
  struct passage passage;
  size_t count = 0;
  for (size_t at = 0; next_passage(lines, &at, &passage);) count += passage.about.kind == kind;
  return count;
}

/* -- in plain text -- */

static const char *const codes[LINE_ROLE_COUNT] = {
    [LINE_FAINT] = "\033[2m", [LINE_REPLACED] = "\033[2m", [LINE_GOOD] = "\033[34m",
    [LINE_DOUBT] = "\033[33m", [LINE_BAD] = "\033[1;33m",
};

static void print_line(const struct lines *lines, const struct report_line *line,
                       struct text *out) {
  for (size_t at = line->start, until; at < line->end; at = until) {
    const char *code = codes[lines_role(lines, line, at, &until)];
    if (code) text_puts(out, code);
    text_put(out, lines->text.bytes + at, until - at);
    if (code) text_puts(out, "\033[0m");
  }
  if (line->end < lines->text.length) text_puts(out, "\n");
}

void lines_print(const struct lines *lines, bool colour, struct text *out) {
  struct report_line line;
  if (lines->text.failed) out->failed = true;
  if (!colour) text_put(out, text_string(&lines->text), lines->text.length);
  for (size_t at = 0; colour && lines_next(lines, &at, &line);) print_line(lines, &line, out);
}
