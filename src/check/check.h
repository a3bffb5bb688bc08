/* The gradient check: the analytic gradient (the backward pass) against the numerical one (finite
 * differences of the forward pass). A check returns data and prints nothing. */
#ifndef GRADWALK_CHECK_CHECK_H
#define GRADWALK_CHECK_CHECK_H

#include "check/result.h"
#include "lang/model.h"

/* Checks MODEL at the point its image holds, and leaves the model as it was. STATUS_DATA if there
 * is nothing to check, STATUS_USAGE if a name in params is unknown, STATUS_CANCELLED. Ends with
 * check_done(), also after a failure. */
enum status check_run(struct check *check, const struct model *model,
                      const struct check_options *options, struct diag *diag);

#endif
