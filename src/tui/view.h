/* Views and what they share. A view is one file with one `const struct view_ops`; it reads the
 * session and draws on the canvas. Only commands change the session; a view's own state is where
 * one looks: focus, scrolling, cursors. */
#ifndef GRADWALK_TUI_VIEW_H
#define GRADWALK_TUI_VIEW_H

#include "command/command.h"
#include "draw/circuit.h"
#include "lesson/shelf.h"
#include "reader/progress_writer.h"
#include "tui/canvas.h"
#include "tui/key_log.h"
#include "tui/keymap.h"
#include "tui/theme.h"
#include "tui/typed.h"

enum direction {
  GO_LEFT,
  GO_RIGHT,
  GO_UP,
  GO_DOWN,
  GO_HOME,
  GO_END,
  GO_PAGE_UP,
  GO_PAGE_DOWN,
  GO_COUNT
};

struct ui {
  struct session *session;
  struct canvas canvas;
  struct keymap keymap;
  struct themes themes;
  const struct theme *theme;
  bool light;             /* the background */
  struct circuit circuit;
  int pan_row, pan_col;   /* of the circuit: what is off the top and the left */
  struct lines said;      /* what the last command had to say */
  struct lines said_before;/* the one before that */
  bool said_is_error;
  struct diag diag;       /* of the last command that failed */
  enum view_id said_in;   /* the view in which it was said */
  bool *flash;            /* by node: its value or gradient has just changed */
  size_t flash_count;
  int scroll[VIEW_COUNT]; /* lines scrolled off the top */
  int lines[VIEW_COUNT];  /* lines there are, as of the last frame */
  struct shelf shelf; /* of the lessons */
  int listed;             /* line of their list */
  int checked;            /* tensor of the check; -1: the worst */
  bool follow;            /* it was chosen just now: scroll to it */
  int line;               /* of the rule lines in the inspector, the chosen one; -1: none yet */
  int mutant;             /* row of the matrix */
  int swept;              /* step of the sweep; -1: the best */
  struct progress_state {
    size_t done, total;
    double started, shown;
  } progress;             /* of a running check, sweep or training; total 0: none runs */
  bool busy;              /* a command is changing what the views show */
  struct lines page;      /* of the lesson, as of the last command */
  bool page_known;
  int question;           /* that was asked before the last command, or -1 */
  int page_before;        /* the page before it */
  struct progress_writer progress_writer;
  double autoplay;        /* seconds from one thing to the next; 0: the reader leads */
  double played;          /* when the last came */
  bool presenting;        /* one node a screen, few digits, no chrome */
  struct typed typed;     /* while a command was at work */
  struct key_log key_log;
  bool redraw;
  double clock;           /* seconds; tests stop it */
};

struct view_ops {
  const char *name;
  /* What it shows where that is text, which scrolls. Of the rule lines that its lines are about one
   * can be chosen, to be edited or switched off. */
  void (*text)(const struct ui *ui, struct lines *out);
  void (*draw)(struct ui *ui, struct area area); /* NULL: its text */
  void (*move)(struct ui *ui, enum direction direction); /* NULL: scrolls */
  /* The command line that Enter means here, in OUT; NULL: nothing. */
  void (*enter)(struct ui *ui, struct text *out);
  void (*click)(struct ui *ui, struct area area, int row, int col); /* may be NULL */
};

#define VIEW(id, name) extern const struct view_ops view_##name;
#include "explore/views.def"
#undef VIEW
extern const struct view_ops *const view_table[VIEW_COUNT];

/* Draws a view. */
void view_draw(struct ui *ui, enum view_id view, struct area area);

/* Draws TEXT scrolled as the view's state says, and keeps that state in range. */
void view_text(struct ui *ui, enum view_id view, struct area area, const char *text);

/* The same with lines, in their roles. */
void view_lines(struct ui *ui, enum view_id view, struct area area, const struct lines *lines);

/* Appends "lesson, page 2 of 4". */
void view_lesson_title(const struct ui *ui, struct text *out);

/* What the last command said, scrolled as the inspector is. */
void view_said(struct ui *ui, struct area area);

/* Draws the bar of what runs, with its rate, the time left and HINT, a sentence that tells how to
 * stop it and what that means. Returns the count of rows used. */
int view_progress(struct ui *ui, struct area area, const char *title, const char *hint);

/* The rule line that is chosen in the check: a wrong one, or the last that makes the gradient;
 * -1. */
int view_check_rule(const struct ui *ui);

/* A check under way: the bar, and its tensors filling in. */
void view_live_check(struct ui *ui, struct area area, const struct check *check);

#endif
