/* What a failing check saw, in a student's words: which tensors are wrong and which are right, what
 * that pattern usually means, the lines that are wrong, and what kind of mistake it is. */
#ifndef GRADWALK_BLAME_DIAGNOSE_H
#define GRADWALK_BLAME_DIAGNOSE_H

#include "blame/finding.h"

/* Says why CHECK, of MODEL as it stands, failed, and keeps it in check->diagnosis until
 * check_done(). Nothing is said of a check that did not fail, or was not to be explained.
 * STATUS_NO_MEMORY, STATUS_CANCELLED. */
enum status diagnose(struct check *check, const struct model *model, struct diag *diag);

#endif
