/* Diagnostics. A diag is a plain value that the caller passes in; a failure fills it with copies of
 * all it needs, so it may outlive the source, and diag_render() turns it into the lines that a
 * person reads. */
#ifndef GRADWALK_LANG_DIAG_H
#define GRADWALK_LANG_DIAG_H

#include "core/status.h"
#include "core/text.h"
#include "lang/source.h"

#include <stddef.h>
#include <stdint.h>

enum { DIAG_TEXT_SIZE = 480, DIAG_LINE_SIZE = 128 };

struct diag {
  enum status status;
  char message[DIAG_TEXT_SIZE]; /* what is wrong, what was found */
  char hint[DIAG_TEXT_SIZE];    /* what was expected, or what to try; "" if there is nothing */
  struct span span;             /* the place in its root: valid as long as that source */
  char name[DIAG_TEXT_SIZE];    /* of the root; "" without a place */
  uint32_t line, column;        /* from 1; columns are characters */
  char excerpt[DIAG_LINE_SIZE]; /* the source line, or a window of it around the place */
  uint32_t caret, caret_end;    /* bytes [caret, caret_end) of the excerpt */
};

/* Fills DIAG and returns STATUS, so that a caller can write `return diag_set(…)`. A span of a part
 * becomes one of the root: the file that was read. */
enum status diag_set(struct diag *diag, enum status status, struct span span, const char *format,
                     ...) __attribute__((format(printf, 4, 5)));

/* Adds the hint. */
void diag_hint(struct diag *diag, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds the hint "did you mean NAME?" in the place of another; nothing if NAME is NULL. */
void diag_suggest(struct diag *diag, const char *name);

enum status diag_no_memory(struct diag *diag);

/* Gives DIAG, unless it is about a part of PLACE already, that place. */
void diag_within(struct diag *diag, struct span place);

/* 1-based line, and column counted in characters, in the root of SPAN. */
void span_position(struct span span, uint32_t *line, uint32_t *column);

/* Appends
 *     model.gw:3:9: unknown name "Wl"
 *       Z1 = Wl @ X + b1
 *            ^~
 *       did you mean W1?
 * with everything that came from outside made safe for a terminal. */
void diag_render(const struct diag *diag, struct text *out);

/* The nearest of COUNT names to WRONG by edit distance, if it is near enough to suggest; NULL if
 * none is. Names may be NULL. */
const char *suggest_name(const char *wrong, const char *const *names, size_t count);

/* For a search name by name: the nearer to WRONG of BEST and OTHER (either may be NULL), BEST where
 * they are equally near; NULL if neither is near enough. */
const char *suggest_nearer(const char *wrong, const char *best, const char *other);

#endif
