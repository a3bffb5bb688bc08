/* A terminal, as far as the terminfo of xterm-256color, vt100 and their kin can drive one: what a
 * program writes becomes cells and a cursor. Whatever is not on its list of permitted sequences is
 * noted as a complaint. A struct vt owns its cells until vt_done(). */
#ifndef GRADWALK_TESTS_VT_H
#define GRADWALK_TESTS_VT_H

#include <stdbool.h>
#include <stddef.h>

struct look {
  bool bold, dim, underline, reverse;
  int fg, bg; /* of the terminal's 256; -1: its own */
};

struct vt_cell {
  char text[16]; /* UTF-8, with combining marks; "" behind a wide character */
  struct look look;
};

struct vt {
  int rows, cols;
  struct vt_cell *cells, *saved; /* of the screen in use; of the ordinary one meanwhile */
  int row, col, saved_row, saved_col;
  int top, bottom;     /* the scrolling region */
  bool wrap_pending;   /* the last column is written: the next character wraps */
  bool alternate, cursor_visible, cursor_keys, mouse;
  struct look look;
  bool utf8;           /* else any byte above 0x7F is a complaint */
  char pending[64];    /* a sequence or character whose end has not come yet */
  size_t pending_count;
  char last[16];       /* for REP */
  bool looks_at_flash; /* a bold and reversed cell was written since the flag was cleared */
  bool colour_used;
  char complaint[256]; /* the first; empty: none */
};

void vt_init(struct vt *vt, int rows, int cols, bool utf8);
void vt_done(struct vt *vt);

/* Also fills every cell with junk: a program must not trust what a resized terminal shows. */
void vt_resize(struct vt *vt, int rows, int cols);
void vt_feed(struct vt *vt, const char *bytes, size_t count);

/* The screen as lines without trailing spaces, then one about the cursor; LOOKS adds a letter for
 * the look of every cell, and what the letters mean. The caller frees it. */
char *vt_dump(const struct vt *vt, bool looks);

#endif
