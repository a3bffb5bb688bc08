/* Scripts and the log: an exploration is the commands that made it, so that it can be saved and
 * taken up again. */
#ifndef GRADWALK_COMMAND_SCRIPT_H
#define GRADWALK_COMMAND_SCRIPT_H

#include "explore/session.h"

/* The commands that are about the log as a whole, and about the session; the list ends with a row
 * without a name. A script is carried out as a whole or not at all. */
extern const struct command script_commands[];

/* Keeps the session in a file of the user's own if it has come further than its first command;
 * nothing where there is no place for it. */
enum status script_keep(const struct session *session, struct diag *diag);

/* Appends a line that says how to take up the session that is kept, if one is. */
void script_tell_kept(struct text *out);

#endif
