#include "lesson/file_lines.h"

#include "core/intl.h"
#include "core/memory.h"

#include <string.h>

uint32_t file_lines_start(const struct file_lines *lines, int line) {
  size_t index = line < 1 ? 0 : (size_t)line - 1;
  return lines->starts[index < lines->count ? index : lines->count];
}

struct span file_lines_span(const struct file_lines *lines, const struct lesson *lesson, int line) {
  uint32_t start = file_lines_start(lines, line), end = file_lines_start(lines, line + 1);
  if (end > start && lesson->whole->text[end - 1] == '\n') end--;
  return (struct span){lesson->whole, start, end};
}

/* False if there is no memory. */
static bool keep(struct file_lines *lines, struct text *file, const char *bytes, size_t length) {
  bool room = array_reserve(&lines->starts, &lines->capacity, 1, sizeof *lines->starts);
  for (size_t at = 0; room && at < length;) {
    size_t end = at;
    while (end < length && bytes[end] != '\n' && bytes[end] != '\r') end++;
    room = array_reserve(&lines->starts, &lines->capacity, lines->count + 2,
                         sizeof *lines->starts);
    if (!room) break;
    lines->starts[lines->count++] = (uint32_t)file->length;
    text_put(file, bytes + at, end - at);
    if (end < length) text_puts(file, "\n");
    at = end + (end + 1 < length && bytes[end] == '\r' && bytes[end + 1] == '\n' ? 2 : 1);
  }
  if (room) lines->starts[lines->count] = (uint32_t)file->length;
  return room && !file->failed;
}

static enum status check(const struct file_lines *lines, const struct lesson *lesson,
                         struct diag *diag) {
  enum { LINE = 8 << 10, PARAGRAPH = 16 << 10, MARKS = 100 };
  uint32_t paragraph = 0;
  for (size_t i = 0; i < lines->count; i++) {
    struct span line = file_lines_span(lines, lesson, (int)i + 1);
    const char *text = line.source->text + line.start;
    uint32_t length = line.end - line.start, marks = 0;
    while (marks < length && strchr(" \t>*+-_0123456789.)[]", text[marks])) marks++;
    paragraph = strspn(text, " \t") >= length ? 0 : paragraph + length + 1;
    if (length > LINE)
      return diag_set(diag, STATUS_DATA, line, "%s", _("this line is longer than 8 KiB"));
    if (paragraph > PARAGRAPH)
      return diag_set(diag, STATUS_DATA, line, "%s", _("this paragraph is longer than 16 KiB"));
    if (marks > MARKS && marks < length)
      return diag_set(diag, STATUS_DATA, line, "%s", _("this is nested too deeply"));
  }
  return STATUS_OK;
}

enum status file_lines_read(struct file_lines *lines, struct lesson *lesson, const char *bytes,
                       size_t length, struct diag *diag) {
  *lines = (struct file_lines){0};
  if (!keep(lines, &lesson->file, bytes, length)) return diag_no_memory(diag);
  *lesson->whole = source_from(text_string(&lesson->path), text_string(&lesson->file),
                               lesson->file.length);
  return check(lines, lesson, diag);
}

bool file_lines_place(const struct file_lines *lines, struct lesson *lesson, int line,
                 struct source *source) {
  struct rewriting text;
  const char *at = source->text, *end = at + source->length;
  struct span span = {lesson->whole, file_lines_start(lines, line), file_lines_start(lines, line)};
  rewriting_init(&text);
  for (int i = line; at < end; i++) {
    const struct span is = file_lines_span(lines, lesson, i);
    const size_t length = strcspn(at, "\n"), whole = is.end - is.start;
    if (whole > length) rewriting_put(&text, "", 0, whole - length);
    rewriting_keep(&text, at, length + (at + length < end));
    at += length + 1;
    span.end = is.end;
  }
  if (!rewriting_end(&text, &lesson->arena, &span)) return false;
  source->whole = lesson->whole;
  source->at = span.source->at;
  source->changes = span.source->changes;
  source->change_count = span.source->change_count;
  return true;
}

size_t file_lines_fence_marks(struct span line) {
  const char *text = line.source->text;
  size_t count = 0;
  while (line.start < line.end && text[line.start] == ' ') line.start++;
  while (line.start + count < line.end && text[line.start + count] == text[line.start]) count++;
  return count > 0 && strchr("`~", text[line.start]) ? count : 0;
}
