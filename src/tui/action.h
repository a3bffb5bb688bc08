/* What the explorer itself does, beside the session's commands: where one looks, and at what. One
 * row an action (action.def); keys and the prompt name them like commands. */
#ifndef GRADWALK_TUI_ACTION_H
#define GRADWALK_TUI_ACTION_H

#include "core/text.h"

/* What the words after an action can be completed to. */
enum action_words { ACTION_NOTHING, ACTION_VIEWS };

struct action {
  const char *name, *arguments, *help;
  enum action_words completes;
};

extern const struct action action_table[];
extern const size_t action_count;

/* The action whose name are the LENGTH bytes of NAME; NULL if there is none. */
const struct action *action_named(const char *name, size_t length);

/* A line for each. */
void action_help(struct text *out);

#endif
