/* The explorer: the loop of keys, commands and frames. */
#ifndef GRADWALK_TUI_APP_H
#define GRADWALK_TUI_APP_H

#include "tui/term.h"

/* What the explorer begins with. */
struct app_start {
  const char *lines;  /* commands, a line each; "": the list of lessons */
  bool hunt;          /* they begin a hunt: one of them that fails is the end */
  const char *record; /* of the hunt, or NULL */
  const char *trace;  /* the file that keys and commands are logged to, or NULL */
  int edition;        /* of the catalogue of bugs; 0: the newest */
  double autoplay;    /* above 0: the seconds after which the lesson goes on by itself, until a key
                       * is pressed */
};

/* Runs the explorer until the user leaves. STATUS_NO_TERMINAL if there is no terminal to run on;
 * *SIGNAL is set if a signal ended it, and is to be raised again. */
enum status app_run(const struct app_start *start, const struct term_options *options, int *signal,
                    struct diag *diag);

#endif
