/* Sources and spans: where a text comes from. A source lends its text (whoever loaded it owns it)
 * and must outlive every span into it. It may be a part of another one: a command of a script, code
 * in a lesson's prose, or a text with some pieces rewritten before it is parsed. span_root() finds
 * the place in the file, so that what is parsed need not be searched for afterwards. */
#ifndef GRADWALK_LANG_SOURCE_H
#define GRADWALK_LANG_SOURCE_H

#include "core/text.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes [start, end) of a source's text that replace other bytes, [from, from_end) of the text that
 * they were made from. */
struct change {
  uint32_t start, end;
  uint32_t from, from_end;
};

struct source {
  const char *name;   /* as shown: a path, "-e", "--bug" */
  const char *text;   /* need not be NUL-terminated */
  size_t length;
  uint32_t first_line; /* line number of the text's first line in its file (a fence in a lesson) */
  const struct source *whole;   /* the source that it is a part of, or NULL */
  uint32_t at;                  /* the part begins here */
  const struct change *changes; /* where the text is not that of the part, in their order; they
                                 * count from `at` */
  size_t change_count;
};

/* Bytes [start, end) of a source, or no place at all. */
struct span {
  const struct source *source; /* NULL: no place */
  uint32_t start, end;
};
#define SPAN_NONE ((struct span){0})

/* A whole source that begins in line 1. */
struct source source_from(const char *name, const char *text, size_t length);

/* Bytes [START, END) of OF as a source of its own, with the same name. Its text is COPY, or where
 * that is NULL the text of OF. */
struct source source_part(const struct source *of, size_t start, size_t end, const char *copy);

/* All of SOURCE. */
struct span source_span(const struct source *source);

/* SPAN without the blanks at its ends. */
struct span span_trim(struct span span);

/* The place in the source that SPAN's source is a part of, after all; a piece that was rewritten
 * stands for the whole piece that it replaced. */
struct span span_root(struct span span);

/* A text that is being rewritten, from its beginning to its end. Ends with rewriting_end() or
 * rewriting_done(); like struct text it remembers a failed allocation. */
struct rewriting {
  struct text text;
  struct change *changes;
  size_t count, capacity;
  uint32_t from; /* this much of the old text is done */
};
void rewriting_init(struct rewriting *rewriting);
void rewriting_done(struct rewriting *rewriting);

/* The next LENGTH bytes stay as they are: BYTES. */
void rewriting_keep(struct rewriting *rewriting, const char *bytes, size_t length);

/* LENGTH bytes replace the next OLD ones; and with them LENGTH bytes more. */
void rewriting_put(struct rewriting *rewriting, const char *bytes, size_t length, size_t old);
void rewriting_extend(struct rewriting *rewriting, const char *bytes, size_t length);

/* Makes *SPAN, whose text was rewritten, all of what came of it, which ARENA owns; false if there
 * was no memory. */
bool rewriting_end(struct rewriting *rewriting, struct arena *arena, struct span *span);

#endif
