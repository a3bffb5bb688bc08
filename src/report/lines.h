/* What commands and reports hand over: text whose lines carry a role and the rule, node, entry or
 * tensor that they are about, with marks on parts of lines that have a role of their own. Whoever
 * prints or draws them goes by these and never reads the text. What is put into `text` and not
 * described makes plain lines about nothing. Lines own their memory until lines_done(); a failed
 * allocation is remembered in text.failed. */
#ifndef GRADWALK_REPORT_LINES_H
#define GRADWALK_REPORT_LINES_H

#include "core/text.h"

/* What a piece of text is. The one vocabulary of colours: lines_print() has an ANSI code for each,
 * and the explorer a role of its theme. */
enum line_role {
  LINE_PLAIN,
  LINE_VALUE,    /* a formula of the forward pass, its workings and its value */
  LINE_GRADIENT, /* the same of a rule line */
  LINE_REPLACED, /* the line that a bug replaces, which is no longer in force */
  LINE_TITLE,
  LINE_LABEL,    /* a word beside a sentence that names what it is about */
  LINE_FAINT,    /* what matters less: the heads of columns, hints */
  LINE_QUESTION, /* what the reader is asked */
  LINE_GOOD,     /* a verdict, and what speaks for it */
  LINE_DOUBT,
  LINE_BAD,
  LINE_ROLE_COUNT
};

enum about_kind { ABOUT_NOTHING, ABOUT_RULE, ABOUT_NODE, ABOUT_ENTRY, ABOUT_TENSOR };

struct about {
  enum about_kind kind;
  int rule;      /* its index in the model; ABOUT_RULE */
  int node;      /* of everything else: its value, or its gradient */
  bool gradient;
  size_t entry;  /* of the node; ABOUT_ENTRY */
  size_t tensor; /* its index in the check; ABOUT_TENSOR */
};

/* What was said of the line that begins at START, and of the bytes from START to END. */
struct line_note {
  size_t start;
  enum line_role role;
  struct about about;
};

struct line_mark {
  size_t start, end;
  enum line_role role;
};

struct lines {
  struct text text;
  struct line_note *notes; /* in the order of the lines */
  size_t note_count, note_capacity;
  struct line_mark *marks;
  size_t mark_count, mark_capacity;
};

/* A line, without its newline. */
struct report_line {
  size_t start, end;
  enum line_role role;
  struct about about;
};

/* Lines one below the other that are about the same thing: the first ends at HEAD, the last at
 * END. */
struct passage {
  size_t start, head, end;
  struct about about;
};

void lines_init(struct lines *lines);
void lines_done(struct lines *lines);

/* No line is left; the memory is kept for the next ones. */
void lines_clear(struct lines *lines);

/* Takes back everything after the first LENGTH bytes. */
void lines_truncate(struct lines *lines, size_t length);

/* Appends MORE with all that is said of it. */
void lines_append(struct lines *to, const struct lines *more);

/* Gives the lines from START, where one begins, to the end a role and what they are about; a line
 * that has these keeps them. */
void lines_describe(struct lines *lines, size_t start, enum line_role role, struct about about);

/* Gives the bytes from START to the end a role of their own. Of two marks in one place the later
 * counts. */
void lines_mark(struct lines *lines, size_t start, enum line_role role);

/* Appends STRING, marked. */
void lines_puts(struct lines *lines, enum line_role role, const char *string);

/* Gives the line at *AT, which is 0 for the first, and moves *AT to the next; false at the end. */
bool lines_next(const struct lines *lines, size_t *at, struct report_line *line);

/* The role of byte AT of LINE, which the bytes before *UNTIL have, too. */
enum line_role lines_role(const struct lines *lines, const struct report_line *line, size_t at,
                          size_t *until);

/* The passage about something of KIND that has INDEX others of that kind before it; false: there
 * are not that many. */
bool lines_passage(const struct lines *lines, enum about_kind kind, size_t index,
                struct passage *passage);
size_t lines_count(const struct lines *lines, enum about_kind kind);

/* Appends the text to OUT; with COLOUR, orange for trouble and blue for good, as a colour-blind eye
 * tells them apart. Colour is never the only sign of anything. */
void lines_print(const struct lines *lines, bool colour, struct text *out);

#endif
