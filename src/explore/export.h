/* Seeing it elsewhere: tensors, the circuit and the explorer's screen as files. */
#ifndef GRADWALK_EXPLORE_EXPORT_H
#define GRADWALK_EXPLORE_EXPORT_H

#include "explore/session.h"

/* Whether PATH ends in ENDING, with something before it. */
bool export_has_ending(const char *path, const char *ending);

/* The command:
 *   export NODE FILE.csv|.npy       a value, or with dNODE a gradient
 *   export FILE.svg|.dot            the circuit
 *   export screen FILE.txt|.ans|.svg, or export screen.svg, or any .txt or .ans: the screen
 * Files are written whole or not at all. */
enum status do_export(struct session *session, const struct source *arguments, struct lines *out,
                      struct diag *diag);

#endif
