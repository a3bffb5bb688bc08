/* The laws that every correct backward pass obeys, whatever its numbers: it is linear in the
 * gradient that arrives at the loss (its upstream), and a second pass gives the same. */
#ifndef GRADWALK_CHECK_LAWS_H
#define GRADWALK_CHECK_LAWS_H

#include "check/result.h"
#include "lang/model.h"

/* Whether the pass takes its upstream from the loss's gradient. A derived one does. A backward
 * block that never reads it assumes 1, as is the custom, and is not tested. */
bool laws_take_upstream(const struct model *model);

/* Whether an entry that is FIRST at an upstream of 1 and NOW in the pass that LAW asks for breaks
 * it; and the upstream of that pass. */
bool law_breaks(enum law law, double first, double now);
double law_upstream(enum law law);

/* Runs the backward pass again on BASE, which has done both passes: as it is, with an upstream of 0
 * and with one of 2. Notes for every tensor of CHECK the first law that it breaks, and where. What
 * is not finite breaks none. STATUS_NO_MEMORY. */
enum status laws_test(struct check *check, const struct model *model, const struct run *base);

#endif
