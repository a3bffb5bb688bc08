/* Commands: the only way to change an exploration. Keys, the prompt, scripts and lessons issue
 * them. The table is made of the rows that the rooms below hand in. */
#ifndef GRADWALK_COMMAND_COMMAND_H
#define GRADWALK_COMMAND_COMMAND_H

#include "explore/session.h"

/* Row INDEX of the table, from 0; NULL after the last. */
const struct command *command_at(size_t index);

/* The command whose name, or other name, are the LENGTH bytes of NAME; NULL if there is none. */
const struct command *command_named(const char *name, size_t length);

/* Carries out one line and appends what it has to say to OUT. A line that begins with no command
 * but is an expression over the session's nodes is a question for its value, as with eval. Empty
 * lines and comments do nothing. A failure leaves the session as it was. */
enum status command_do(struct session *session, const char *line, struct lines *out,
                       struct diag *diag);

/* The same for LINE of a script: DIAG says where in the script. */
enum status command_do_at(struct session *session, struct span line, struct lines *out,
                          struct diag *diag);

/* What carries out lines for the rooms below. */
extern const struct interpreter command_interpreter;

#endif
