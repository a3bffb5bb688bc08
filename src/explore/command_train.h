/* The command that trains. Contract: struct command in command.h. */
#ifndef GRADWALK_EXPLORE_COMMAND_TRAIN_H
#define GRADWALK_EXPLORE_COMMAND_TRAIN_H

#include "explore/session.h"

enum status do_train(struct session *session, const struct source *arguments, struct lines *out,
                     struct diag *diag);

#endif
