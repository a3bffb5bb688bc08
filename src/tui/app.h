/* The explorer: the loop of keys, commands and frames. */
#ifndef GRADWALK_TUI_APP_H
#define GRADWALK_TUI_APP_H

#include "tui/term.h"

/* Runs the explorer on LESSON (NULL: starts at the list of lessons) until the user leaves; with
 * AUTOPLAY above 0 the lesson goes on by itself after so many seconds, until a key is pressed.
 * STATUS_NO_TERMINAL if there is no terminal to run on; *SIGNAL is set if a signal ended it, and is
 * to be raised again. */
enum status app_run(const char *lesson, const struct term_options *options, double autoplay,
                    int *signal, struct diag *diag);

#endif
