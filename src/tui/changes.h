/* What a key or a command has changed in the explorer, for the log of keys. */
#ifndef GRADWALK_TUI_CHANGES_H
#define GRADWALK_TUI_CHANGES_H

#include "tui/view.h"

/* Logs what has changed since this was called last. VALUES: the SIZE values of the run before a
 * command, to find the leaves that it changed; or NULL. */
void changes_log(struct ui *ui, const double *values, size_t size);

#endif
