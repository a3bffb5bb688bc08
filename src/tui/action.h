/* What the explorer itself does, beside the session's commands: where one looks, and at what. One
 * row an action (action.def); keys and the prompt name them like commands. */
#ifndef GRADWALK_TUI_ACTION_H
#define GRADWALK_TUI_ACTION_H

#include "core/text.h"

struct action {
  const char *name, *arguments, *help;
};

extern const struct action action_table[];
extern const size_t action_count;

/* A line for each. */
void action_help(struct text *out);

#endif
