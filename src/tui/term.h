/* The terminal: the one file with curses. Shows a canvas, reads keys, and always leaves the
 * terminal as it was: on a normal end, on SIGINT, SIGTERM and SIGHUP, and when it is stopped by
 * Ctrl-Z. */
#ifndef GRADWALK_TUI_TERM_H
#define GRADWALK_TUI_TERM_H

#include "lang/diag.h"
#include "tui/theme.h"

/* Keys that are not characters. A character is its code point; Ctrl-A is 1. */
enum key {
  KEY_OF_NONE = 0x110000, /* nothing came in time */
  KEY_OF_LEFT,
  KEY_OF_RIGHT,
  KEY_OF_UP,
  KEY_OF_DOWN,
  KEY_OF_HOME,
  KEY_OF_END,
  KEY_OF_PAGE_UP,
  KEY_OF_PAGE_DOWN,
  KEY_OF_BACK_TAB,
  KEY_OF_BACKSPACE,
  KEY_OF_DELETE,
  KEY_OF_F1,
  KEY_OF_RESIZE,
  KEY_OF_MOUSE, /* then term_mouse() tells where */
  KEY_OF_CLOSED /* the terminal is gone, or we are asked to end */
};

struct mouse {
  int row, col;
  int wheel; /* -1 up, 1 down, 0: a click */
};

struct term_options {
  bool ascii;     /* no characters beyond ASCII, whatever the locale says */
  bool no_colour; /* as NO_COLOR */
  bool no_mouse;
};

/* STATUS_NO_TERMINAL, with a reason and without having written anything, if there is none to
 * use. */
enum status term_open(const struct term_options *options, struct diag *diag);
void term_close(void);

void term_size(int *rows, int *cols);
bool term_unicode(void);
int term_colours(void);

/* What roles look like from the next frame on. THEME is lent. */
void term_theme(const struct theme *theme);

/* Shows CANVAS with one update of the screen; REDRAW: as if nothing were known of it. */
void term_show(const struct canvas *canvas, bool redraw);

/* The next key; waits at most MILLISECONDS (negative: as long as it takes). RAW: escape sequences
 * come byte by byte, for readline. */
int term_key(int milliseconds, bool raw);
struct mouse term_mouse(void);

/* Whether SIGINT came since the last call; SIGTERM and SIGHUP stay. */
bool term_interrupted(void);
int term_ending(void); /* the signal that asks us to end, or 0 */

/* Suspends the program as Ctrl-Z does, with the terminal as it was meanwhile. */
void term_suspend(void);

#endif
