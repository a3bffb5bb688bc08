/* The lists of the manual page that are made from the tables of options, commands,
 * keys, operations and gates. */
#ifndef GRADWALK_CLI_MANUAL_H
#define GRADWALK_CLI_MANUAL_H

#include "explore/options.h"

/* What a verb is called, for the options that name it. */
struct verb_name {
  enum verb verb;
  const char *name;
};

/* Appends the sections in mdoc, each between the comments "begin NAME" and "end NAME" between which
 * it stands in gradwalk.1; tests/cli/run-manual puts it there. */
enum status manual_lists(struct text *out, const struct verb_name *verbs, size_t count,
                         struct diag *diag);

#endif
