/* What a check is worth: reasons why it could have missed something, a sentence each. */
#ifndef GRADWALK_CHECK_WORTH_H
#define GRADWALK_CHECK_WORTH_H

#include "check/result.h"
#include "check/worker.h"

/* Adds its notes to CHECK, which is decided; POINT holds the forward pass, WORKER moves about it.
 * STATUS_NO_MEMORY. */
enum status worth_note(struct check *check, const struct model *model, const struct run *point,
                       struct worker *worker);

#endif
