/* Lessons: CommonMark files with a model in their `graph` fences (lessons/README.md describes the
 * format); and bare models. A lesson owns its texts and everything below it; the sources and spans
 * that it lends stay valid until lesson_done(), even if the struct is moved. */
#ifndef GRADWALK_LESSON_LESSON_H
#define GRADWALK_LESSON_LESSON_H

#include "core/memory.h"
#include "lang/diag.h"

#include <stdbool.h>

enum { LESSON_MAX_BYTES = 8 << 20, LESSON_MAX_PAGES = 999, LESSON_MAX_HINTS = 3 };

/* Why no value agrees with a number. */
enum number_fault { NUMBER_FINE, NUMBER_TOO_LARGE, NUMBER_TOO_SMALL, NUMBER_TOO_LONG };

/* What FAULT, which is not NUMBER_FINE, says to a reader. */
const char *number_fault_text(enum number_fault fault);

/* "EXPR = NUMBER", in prose or in a quiz: what the model must agree with. The number is good to its
 * last printed digit, or, where "…" follows, its digits are the first ones; a whole number is
 * exact. A verdict may take the place of a number. */
struct figure {
  struct span expr, number; /* of the text in the file, or of code that knows its place there */
  struct span place;        /* in the file */
  struct span shown;        /* the number in lesson.pages, if it is in prose */
  bool is_word;             /* a verdict */
  bool is_cut;              /* "…" follows */
  enum number_fault fault;  /* then value and slack are 0 */
  double value;             /* finite */
  double slack;             /* how far off it may be */
};

/* Inline code that may be meant as a figure but is written as none. */
struct lookalike {
  struct span text;  /* as of a figure; source NULL: one in the title */
  struct span place; /* in the file */
  size_t page;
};

enum block_kind {
  BLOCK_PROSE,
  BLOCK_HINT,    /* of the quiz that follows */
  BLOCK_QUIZ,    /* where the answer is asked for */
  BLOCK_REASON,  /* why a wrong answer is wrong */
  BLOCK_DEBRIEF,
  BLOCK_DO,
  BLOCK_EXPECT
};

/* A part of a page, in the order of the file. */
struct block {
  enum block_kind kind;
  size_t start, end; /* of lesson.prose */
  size_t first_figure, figure_count;
  int quiz;          /* index; -1: none */
  size_t choices;    /* items of the ordered list that a prose block ends with */
  struct span lines; /* of a do, expect or quiz fence, in the file */
  struct span place; /* for messages */
};

enum quiz_kind { QUIZ_NUMBER, QUIZ_NAME, QUIZ_CHOICE };

struct quiz {
  enum quiz_kind kind;
  struct span place;
  struct span answer; /* QUIZ_NUMBER: the figure; QUIZ_NAME: the names */
  struct span proof;  /* QUIZ_NAME: what holds for them and for no other node */
  struct figure figure;
  double tolerance;   /* of an answer; negative: QUIZ_TOLERANCE of its size */
  size_t choice_count, wrong_count;
  size_t first_hint, hint_count;     /* blocks */
  size_t first_reason, reason_count; /* blocks */
  size_t debrief;                    /* block */
};

#define QUIZ_TOLERANCE 0.005

/* A page of the lesson; page 0 is the opening, before the first second-level heading. */
struct page {
  size_t first_block, block_count;
  size_t model; /* in force */
  struct span place;
};

/* The text of one graph fence. */
struct graph {
  struct text text;
  struct source source;
};

struct lesson {
  struct arena arena; /* code that goes on in another line */
  struct text path;  /* as shown */
  struct text title; /* the first heading; empty for a bare model */
  struct text file;  /* as read, with one kind of line end */
  struct text prose; /* everything that is to be read, as plain lines */
  struct source *whole, *pages; /* file and prose, for spans */
  struct source source;         /* of the model in force on the page that was asked for */
  struct graph **graphs;
  size_t graph_count, graph_capacity;
  struct page *page;
  size_t page_count, page_capacity; /* at least 1: page 0 */
  struct block *blocks;
  size_t block_count, block_capacity;
  struct figure *figures;
  size_t figure_count, figure_capacity;
  struct lookalike *lookalikes;
  size_t lookalike_count, lookalike_capacity;
  struct quiz *quizzes;
  size_t quiz_count, quiz_capacity;
};

void lesson_done(struct lesson *lesson);

/* The number of the last page, which is the count of pages after the opening. */
int lesson_last_page(const struct lesson *lesson);

/* Takes the next line off REST that is neither empty nor a comment (#), without the blanks around
 * it; false at the end. */
bool lesson_line(struct span *rest, struct span *line);

/* KEY of a line "KEY: rest" of a quiz; the rest, without blanks, in *VALUE. False if LINE has no
 * such key. */
bool quiz_value(struct span line, const char *key, struct span *value);

/* Splits SPAN at its first MARK into what comes before and after, without blanks; false if one of
 * them is missing. */
bool span_split(struct span span, const char *mark, struct span *left, struct span *right);

/* "EXPR = NUMBER" (or "≈") in TEXT, a span of any source; false if it is none. */
bool figure_parse(struct span text, struct figure *figure);

/* Finds what comes before the first "=", "==" or "≈" of TEXT and after the last one, without
 * blanks; false if TEXT has no such sign, or nothing on one side of it. Other signs with an "=" in
 * them ("+=", "<=") do not count. */
bool figure_sides(struct span text, struct span *left, struct span *right);

/* NUMBER alone. */
bool figure_number(struct span text, struct figure *figure);

/* Whether VALUE agrees with the figure's digits. A NaN never does. */
bool figure_holds(const struct figure *figure, double value);

/* Whether LESSON has the same pages, models and fences as ORIGINAL to the byte; else DIAG says
 * where it differs first. */
bool lesson_same_fences(const struct lesson *lesson, const struct lesson *original,
                        struct diag *diag);

/* -- where lessons are -- */

/* The name in a lesson's file name, without number and ending: "three-layer" of 04-three-layer.md;
 * its length in *LENGTH. */
const char *lesson_name(const char *file, size_t *length);

/* The file names in the lessons' folders, sorted; *NAMES and each name end with free(). */
enum status lesson_list(char ***names, size_t *count, struct diag *diag);

/* The path of the lesson that WHAT names; a path stays as it is. */
enum status lesson_find(struct text *path, const char *what, struct diag *diag);

#endif
