/* Carrying out command lines in the explorer, and what that changes on the screen. */
#ifndef GRADWALK_TUI_PERFORM_H
#define GRADWALK_TUI_PERFORM_H

#include "tui/view.h"

/* Carries out LINE. What it says, or what is wrong with it, is on the screen then; ui->diag is of a
 * failure. */
enum status perform(struct ui *ui, const char *line);

/* Shows what DIAG says. */
void say_error(struct ui *ui, const struct diag *diag);

#endif
