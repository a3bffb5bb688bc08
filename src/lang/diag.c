#include "lang/diag.h"

#include "core/intl.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void diag_hint(struct diag *diag, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(diag->hint, sizeof diag->hint, format, arguments);
  va_end(arguments);
}

void diag_suggest(struct diag *diag, const char *name) {
  if (name) diag_hint(diag, _("did you mean %s?"), name);
}

enum status diag_no_memory(struct diag *diag) {
  return diag_set(diag, STATUS_NO_MEMORY, SPAN_NONE, "%s", _("out of memory"));
}

static uint32_t line_start(struct span span) {
  uint32_t start = span.start;
  while (start > 0 && span.source->text[start - 1] != '\n') start--;
  return start;
}

static uint32_t line_end(struct span span) {
  uint32_t end = span.start;
  while (end < span.source->length && span.source->text[end] != '\n') end++;
  bool crlf = end > span.start && end < span.source->length && span.source->text[end - 1] == '\r';
  return crlf ? end - 1 : end;
}

void span_position(struct span span, uint32_t *line, uint32_t *column) {
  span = span_root(span);
  *line = span.source->first_line;
  for (uint32_t i = 0; i < span.start; i++) *line += span.source->text[i] == '\n';
  *column = 1;
  size_t size;
  for (size_t at = line_start(span); at < span.start; at += size, ++*column)
    utf8_decode(span.source->text + at, span.start - at, &size);
}

static bool inside_character(const struct source *source, uint32_t at) {
  return at < source->length && ((unsigned char)source->text[at] & 0xC0) == 0x80;
}

/* Keeps the source line, or where it is long a window around the place. */
static void keep_excerpt(struct diag *diag, struct span span) {
  enum { BEFORE = 60, AFTER = 40, REST = 20 };
  uint32_t from = line_start(span), to = line_end(span);
  uint32_t end = span.end < to ? span.end : to;
  if (end < span.start) end = span.start;
  if (span.start - from > BEFORE) from = span.start - BEFORE;
  if (end - span.start > AFTER) end = span.start + AFTER;
  if (to - end > REST) to = end + REST;
  while (from < span.start && inside_character(span.source, from)) from++;
  while (end > span.start && inside_character(span.source, end)) end--;
  while (to > end && inside_character(span.source, to)) to--;
  memcpy(diag->excerpt, span.source->text + from, to - from);
  diag->excerpt[to - from] = '\0';
  diag->caret = span.start - from;
  diag->caret_end = end - from;
}

/* SPAN is of a root. */
static void set_place(struct diag *diag, struct span span) {
  diag->span = span;
  diag->name[0] = '\0';
  if (!span.source) return;
  snprintf(diag->name, sizeof diag->name, "%s", span.source->name);
  span_position(span, &diag->line, &diag->column);
  keep_excerpt(diag, span);
}

enum status diag_set(struct diag *diag, enum status status, struct span span, const char *format,
                     ...) {
  va_list arguments;
  va_start(arguments, format);
  diag->status = status;
  diag->hint[0] = '\0';
  vsnprintf(diag->message, sizeof diag->message, format, arguments);
  va_end(arguments);
  set_place(diag, span_root(span));
  return status;
}

void diag_within(struct diag *diag, struct span place) {
  const struct span is = diag->span, root = span_root(place);
  if (is.source != root.source || is.start < root.start || is.end > root.end)
    set_place(diag, root);
}

/* The excerpt and a caret under the place. */
static void render_excerpt(const struct diag *diag, struct text *out) {
  const char *line = diag->excerpt;
  text_puts(out, "  ");
  int before = text_put_safe(out, line, diag->caret);
  int inside = text_put_safe(out, line + diag->caret, diag->caret_end - diag->caret);
  text_put_safe(out, line + diag->caret_end, strlen(line + diag->caret_end));
  text_printf(out, "\n  %*s^", before, "");
  for (int i = 1; i < inside; i++) text_puts(out, "~");
  text_puts(out, "\n");
}

void diag_render(const struct diag *diag, struct text *out) {
  if (diag->name[0]) {
    text_put_safe(out, diag->name, strlen(diag->name));
    text_printf(out, ":%u:%u: ", diag->line, diag->column);
  } else {
    text_puts(out, "gradwalk: ");
  }
  text_put_safe(out, diag->message, strlen(diag->message));
  text_puts(out, "\n");
  if (diag->name[0] && diag->excerpt[0]) render_excerpt(diag, out);
  if (diag->hint[0]) {
    text_puts(out, "  ");
    text_put_safe(out, diag->hint, strlen(diag->hint));
    text_puts(out, "\n");
  }
}

/* Edits (insert, delete, replace, swap neighbours) that turn A into B; names longer than the
 * table count as far away. */
static size_t edit_distance(const char *a, const char *b) {
  enum { LONGEST = 40 };
  size_t rows = strlen(a), columns = strlen(b);
  if (rows > LONGEST || columns > LONGEST) return LONGEST;
  unsigned char d[LONGEST + 1][LONGEST + 1];
  for (size_t i = 0; i <= rows; i++) d[i][0] = (unsigned char)i;
  for (size_t j = 0; j <= columns; j++) d[0][j] = (unsigned char)j;
  for (size_t i = 1; i <= rows; i++)
    for (size_t j = 1; j <= columns; j++) {
      size_t best = d[i - 1][j - 1] + (size_t)(a[i - 1] != b[j - 1]);
      if (best > d[i - 1][j] + 1u) best = d[i - 1][j] + 1u;
      if (best > d[i][j - 1] + 1u) best = d[i][j - 1] + 1u;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
          best > d[i - 2][j - 2] + 1u)
        best = d[i - 2][j - 2] + 1u;
      d[i][j] = (unsigned char)best;
    }
  return d[rows][columns];
}

const char *suggest_name(const char *wrong, const char *const *names, size_t count) {
  size_t best = strlen(wrong) <= 3 ? 2 : 3; /* must be nearer than this */
  const char *nearest = NULL;
  for (size_t i = 0; i < count; i++) {
    if (!names[i] || strcmp(names[i], wrong) == 0) continue;
    size_t distance = edit_distance(wrong, names[i]);
    if (distance < best && distance < strlen(names[i])) {
      best = distance;
      nearest = names[i];
    }
  }
  return nearest;
}

const char *suggest_nearer(const char *wrong, const char *best, const char *other) {
  return suggest_name(wrong, (const char *const[]){best, other}, 2);
}
