/* The commands about bugs. Contracts: struct command in command.h. */
#ifndef GRADWALK_EXPLORE_COMMAND_BUG_H
#define GRADWALK_EXPLORE_COMMAND_BUG_H

#include "explore/session.h"

enum status do_bug(struct session *session, const struct source *arguments, struct lines *out,
                   struct diag *diag);
enum status do_bugs(struct session *session, const struct source *arguments, struct lines *out,
                    struct diag *diag);
enum status do_blind(struct session *session, const struct source *arguments, struct lines *out,
                     struct diag *diag);
enum status do_matrix(struct session *session, const struct source *arguments, struct lines *out,
                      struct diag *diag);

#endif
