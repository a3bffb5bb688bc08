#include "lang/diag.h"

#include "core/intl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum status diag_set(struct diag *diag, enum status status, struct span span, const char *format,
                     ...) {
  va_list arguments;
  va_start(arguments, format);
  diag->status = status;
  diag->span = span;
  diag->hint[0] = '\0';
  vsnprintf(diag->message, sizeof diag->message, format, arguments);
  va_end(arguments);
  return status;
}

void diag_hint(struct diag *diag, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(diag->hint, sizeof diag->hint, format, arguments);
  va_end(arguments);
}

enum status diag_no_memory(struct diag *diag) {
  return diag_set(diag, STATUS_NO_MEMORY, (struct span){0}, "%s", _("out of memory"));
}

static uint32_t line_start(struct span span) {
  uint32_t start = span.start;
  while (start > 0 && span.source->text[start - 1] != '\n') start--;
  return start;
}

static uint32_t line_end(struct span span) {
  uint32_t end = span.start;
  while (end < span.source->length && span.source->text[end] != '\n') end++;
  return end;
}

void span_position(struct span span, uint32_t *line, uint32_t *column) {
  *line = span.source->first_line;
  for (uint32_t i = 0; i < span.start; i++) *line += span.source->text[i] == '\n';
  *column = 1;
  size_t size;
  for (size_t at = line_start(span); at < span.start; at += size, ++*column)
    utf8_decode(span.source->text + at, span.start - at, &size);
}

/* The source line and a caret under the span; a long line is cut to a window around the caret. */
static void render_excerpt(struct span span, struct text *out) {
  enum { BEFORE = 60, AFTER = 40 };
  const char *text = span.source->text;
  uint32_t from = line_start(span), to = line_end(span);
  uint32_t end = span.end < to ? span.end : to;
  if (end < span.start) end = span.start;
  if (span.start - from > BEFORE) from = span.start - BEFORE;
  if (end - span.start > AFTER) end = span.start + AFTER;
  if (to - end > AFTER) to = end + AFTER;
  while (from < span.start && ((unsigned char)text[from] & 0xC0) == 0x80) from++;
  while (to > end && to < span.source->length && ((unsigned char)text[to] & 0xC0) == 0x80) to--;
  text_puts(out, "  ");
  int before = text_put_safe(out, text + from, span.start - from);
  int inside = text_put_safe(out, text + span.start, end - span.start);
  text_put_safe(out, text + end, to - end);
  text_printf(out, "\n  %*s^", before, "");
  for (int i = 1; i < inside; i++) text_puts(out, "~");
  text_puts(out, "\n");
}

void diag_render(const struct diag *diag, struct text *out) {
  if (diag->span.source) {
    uint32_t line, column;
    span_position(diag->span, &line, &column);
    text_put_safe(out, diag->span.source->name, strlen(diag->span.source->name));
    text_printf(out, ":%u:%u: ", line, column);
  } else {
    text_puts(out, "gradwalk: ");
  }
  text_put_safe(out, diag->message, strlen(diag->message));
  text_puts(out, "\n");
  if (diag->span.source) render_excerpt(diag->span, out);
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
