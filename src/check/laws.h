/* What every right backward pass keeps to, whatever its numbers: it is linear in the gradient that
 * arrives at the loss (its upstream), and says the same when it is asked again. */
#ifndef GRADWALK_CHECK_LAWS_H
#define GRADWALK_CHECK_LAWS_H

#include "check/result.h"
#include "lang/model.h"

/* Whether the pass takes its upstream from the loss's gradient. A derived one does; a backward
 * block that never reads it takes it to be 1, as is the custom, and is not asked. */
bool laws_take_upstream(const struct model *model);

/* Whether an entry that is FIRST at an upstream of 1 and NOW in the pass that LAW asks for breaks
 * it; and the upstream of that pass. */
bool law_breaks(enum law law, double first, double now);
double law_upstream(enum law law);

/* Runs the backward pass again on what BASE, forward and backward done, holds: as it stands, with
 * an upstream of 0 and with one of 2; and notes at every tensor of CHECK which law it breaks first,
 * and where. What is not finite breaks none. STATUS_NO_MEMORY. */
enum status laws_test(struct check *check, const struct model *model, const struct run *base);

#endif
