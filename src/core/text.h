/* Growing text, numbers as text, and text made safe for a terminal. A struct text owns its bytes
 * until text_done(); a failed allocation is remembered in `failed` and later calls do nothing, so
 * that a writer checks once, at the end. */
#ifndef GRADWALK_CORE_TEXT_H
#define GRADWALK_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct text {
  char *bytes; /* NUL-terminated once anything was put */
  size_t length, capacity;
  bool failed;
};

void text_init(struct text *text);
void text_done(struct text *text);
void text_put(struct text *text, const char *bytes, size_t length);
void text_puts(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Removes everything after the first LENGTH bytes. */
void text_truncate(struct text *text, size_t length);

/* What was put so far as a string; "" if nothing was. */
const char *text_string(const struct text *text);

/* Copies what was put into ARENA and ends TEXT; NULL if there was no memory for either. */
char *text_keep(struct text *text, struct arena *arena);

/* Appends untrusted UTF-8 so that it can do nothing to a terminal: control, bidirectional,
 * zero-width and tag characters become <U+202E>, bytes that are not UTF-8 become <FF>. Tabs become
 * a space. Returns the columns it takes on the screen. */
int text_put_safe(struct text *text, const char *bytes, size_t length);

/* Pads with spaces up to WIDTH when the text just put took COLUMNS. */
void text_pad(struct text *text, int columns, int width);

/* Screen columns of trusted UTF-8. */
int text_columns(const char *bytes, size_t length);

/* The code point at the start of BYTES and its length in *SIZE; -1 with size 1 if it is not valid
 * UTF-8 (overlong forms and surrogates are not). LENGTH is at least 1. */
int32_t utf8_decode(const char *bytes, size_t length, size_t *size);

enum { NUMBER_TEXT_SIZE = 32 };

/* The shortest decimal text that reads back as exactly VALUE ("0.1", "1e-7", "nan", "-inf"). */
const char *number_text(double value, char buffer[NUMBER_TEXT_SIZE]);

/* VALUE with about DIGITS significant digits, for reading. */
const char *number_brief(double value, int digits, char buffer[NUMBER_TEXT_SIZE]);

#endif
