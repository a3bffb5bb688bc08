/* A grid of character cells that views draw on. It knows no terminal: term.c shows it, tests read
 * it. Everything drawn outside a view's area is cut off, and text is made safe on the way in. */
#ifndef GRADWALK_TUI_CANVAS_H
#define GRADWALK_TUI_CANVAS_H

#include "core/status.h"
#include "core/text.h"
#include "report/lines.h"

#include <stdbool.h>
#include <stdint.h>

/* What a piece of text is; the theme says how it looks. */
enum role {
  ROLE_PLAIN,
  ROLE_VALUE,
  ROLE_GRADIENT,
  ROLE_FAINT,
  ROLE_TITLE,
  ROLE_FOCUS,
  ROLE_KEY,
  ROLE_GOOD,
  ROLE_DOUBT,
  ROLE_BAD,
  ROLE_FLASH,
  ROLE_COUNT
};

/* As what the roles of lines are drawn. */
extern const enum role canvas_roles[LINE_ROLE_COUNT];

/* A colour of the terminal's 256, or one of these. */
enum { COLOUR_DEFAULT = -1 };

struct cell {
  char text[13];   /* UTF-8: a character with its combining marks; "" after a wide one */
  uint8_t role;
  bool strong;     /* bold, whatever its role */
  int16_t fg, bg;  /* beyond the role's own: pictures and heat maps */
};

struct area {
  int row, col, rows, cols;
};

struct canvas {
  int rows, cols;
  struct cell *cells;
  bool unicode; /* else only ASCII may be drawn */
  int colours;  /* 0, 8, 16 or 256 */
  int cursor_row, cursor_col; /* where the hardware cursor belongs; -1: nowhere */
};

enum status canvas_init(struct canvas *canvas, int rows, int cols);
void canvas_done(struct canvas *canvas);
void canvas_clear(struct canvas *canvas);

/* Draws untrusted UTF-8 at ROW, COL of AREA, cut at its right edge. Returns the columns used. */
int canvas_text(struct canvas *canvas, struct area area, int row, int col, enum role role,
                const char *text, size_t length);
int canvas_puts(struct canvas *canvas, struct area area, int row, int col, enum role role,
                const char *text);
int canvas_printf(struct canvas *canvas, struct area area, int row, int col, enum role role,
                  const char *format, ...) __attribute__((format(printf, 6, 7)));

/* One cell with colours of its own. */
void canvas_colour(struct canvas *canvas, struct area area, int row, int col, int fg, int bg,
                   const char *character);

/* Empties AREA. */
void canvas_blank(struct canvas *canvas, struct area area);

/* Gives COLS cells from ROW, COL another role. */
void canvas_mark(struct canvas *canvas, struct area area, int row, int col, int cols,
                 enum role role);

/* Makes AREA bold. */
void canvas_strong(struct canvas *canvas, struct area area);

/* A horizontal rule with a title in it. */
void canvas_rule(struct canvas *canvas, struct area area, int row, const char *title,
                 enum role role);

/* Text of several lines from ROW, the first SKIP of them left out; long lines are wrapped, and go
 * on below where their last column or their list item begins. Returns how many lines it would take
 * in all. */
int canvas_paragraphs(struct canvas *canvas, struct area area, int row, int skip, enum role role,
                      const char *text);

/* The same with LINES, line by line and mark by mark in the roles that they have. */
int canvas_lines(struct canvas *canvas, struct area area, int row, int skip,
                 const struct lines *lines);

/* How many rows of COLS columns those of LINES take that begin before byte END. */
int canvas_rows(const struct lines *lines, size_t end, int cols);

/* The character of a line of the frame in which SIDES (1 up, 2 right, 4 down, 8 left) meet; 16: all
 * of them are joined there. */
const char *canvas_line_glyph(const struct canvas *canvas, unsigned sides);

/* The whole as lines of text, without trailing spaces. */
void canvas_dump(const struct canvas *canvas, struct text *out);

#endif
