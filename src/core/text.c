#include "core/text.h"

#include "core/memory.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

void text_init(struct text *text) {
  *text = (struct text){0};
}

void text_done(struct text *text) {
  free(text->bytes);
  text_init(text);
}

void text_put(struct text *text, const char *bytes, size_t length) {
  if (text->failed || length > SIZE_MAX - text->length - 1 ||
      !array_reserve(&text->bytes, &text->capacity, text->length + length + 1, 1)) {
    text->failed = true;
    return;
  }
  if (length > 0) memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
  text->bytes[text->length] = '\0';
}

void text_puts(struct text *text, const char *string) {
  text_put(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  if (length < 0 || text->failed ||
      !array_reserve(&text->bytes, &text->capacity, text->length + (size_t)length + 1, 1)) {
    text->failed = true;
  } else {
    vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
    text->length += (size_t)length;
  }
  va_end(again);
  va_end(arguments);
}

void text_truncate(struct text *text, size_t length) {
  if (length >= text->length) return;
  text->length = length;
  text->bytes[length] = '\0';
}

const char *text_string(const struct text *text) {
  return text->bytes ? text->bytes : "";
}

char *text_keep(struct text *text, struct arena *arena) {
  char *kept = text->failed ? NULL : arena_copy(arena, text_string(text), text->length);
  text_done(text);
  return kept;
}

int32_t utf8_decode(const char *bytes, size_t length, size_t *size) {
  static const int32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  unsigned char first = (unsigned char)bytes[0];
  *size = 1;
  if (first < 0x80) return first;
  size_t want = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || want > length) return -1;
  int32_t code = first & (0x7F >> want);
  for (size_t i = 1; i < want; i++) {
    if (((unsigned char)bytes[i] & 0xC0) != 0x80) return -1;
    code = code << 6 | ((unsigned char)bytes[i] & 0x3F);
  }
  if (code < smallest[want] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return -1;
  *size = want;
  return code;
}

/* Code points that act on a terminal or hide from the eye. */
static bool is_unsafe(int32_t code) {
  static const int32_t ranges[][2] = {
      {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},
      {0x115F, 0x1160}, {0x180E, 0x180E}, {0x200B, 0x200F}, {0x2028, 0x202E},
      {0x2060, 0x206F}, {0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},
      {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF}};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    if (code >= ranges[i][0] && code <= ranges[i][1]) return true;
  return false;
}

static int code_columns(int32_t code) {
  int columns = wcwidth((wchar_t)code);
  return columns >= 0 ? columns : 1;
}

int text_put_safe(struct text *text, const char *bytes, size_t length) {
  int columns = 0;
  for (size_t at = 0, size; at < length; at += size) {
    int32_t code = utf8_decode(bytes + at, length - at, &size);
    char shown[16];
    if (code == '\t') {
      text_puts(text, " ");
      columns++;
    } else if (code < 0 || is_unsafe(code)) {
      columns += code < 0 ? snprintf(shown, sizeof shown, "<%02X>", (unsigned char)bytes[at])
                          : snprintf(shown, sizeof shown, "<U+%04X>", (unsigned)code);
      text_puts(text, shown);
    } else {
      text_put(text, bytes + at, size);
      columns += code_columns(code);
    }
  }
  return columns;
}

int text_columns(const char *bytes, size_t length) {
  int columns = 0;
  for (size_t at = 0, size; at < length; at += size)
    columns += code_columns(utf8_decode(bytes + at, length - at, &size));
  return columns;
}

void text_pad(struct text *text, int columns, int width) {
  if (columns < width) text_printf(text, "%*s", width - columns, "");
}

/* "1e-07" as people write it: "1e-7". */
static const char *tidy_exponent(char *buffer) {
  char *from = strchr(buffer, 'e');
  if (!from) return buffer;
  char *to = ++from;
  if (*from == '-') to++, from++;
  else if (*from == '+') from++;
  while (*from == '0' && from[1]) from++;
  memmove(to, from, strlen(from) + 1);
  return buffer;
}

const char *number_text(double value, char buffer[NUMBER_TEXT_SIZE]) {
  if (isnan(value)) return "nan"; /* printf would tell +nan from -nan */
  /* 15 digits always survive; a subnormal number may need fewer to be told from its neighbours. */
  for (int digits = fabs(value) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
    snprintf(buffer, NUMBER_TEXT_SIZE, "%.*g", digits, value);
    if (!(strtod(buffer, NULL) != value)) break;
  }
  return tidy_exponent(buffer);
}

const char *number_brief(double value, int digits, char buffer[NUMBER_TEXT_SIZE]) {
  if (isnan(value)) return "nan";
  if (!(value < 0) && !(value > 0)) return "0"; /* also -0: the sign says nothing to a reader */
  snprintf(buffer, NUMBER_TEXT_SIZE, "%.*g", digits, value);
  return tidy_exponent(buffer);
}
