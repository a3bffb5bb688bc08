/* The commands of this room, for the table; each list ends with a row without a name. */
#ifndef GRADWALK_EXPLORE_COMMANDS_H
#define GRADWALK_EXPLORE_COMMANDS_H

#include "explore/session.h"

extern const struct command walk_commands[], edit_commands[], ask_commands[], bug_commands[],
    train_commands[], export_commands[];

/* What "check" does, for another command that checks, too. */
enum status do_check(struct session *session, const struct source *arguments, struct lines *out,
                     struct diag *diag);

#endif
