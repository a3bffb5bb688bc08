/* Where a number that is not finite comes from. */
#ifndef GRADWALK_CHECK_ORIGIN_H
#define GRADWALK_CHECK_ORIGIN_H

#include "check/result.h"
#include "lang/model.h"

/* Finds the first node, in the order of evaluation, with a value that is not finite; else the first
 * line of the backward pass whose result is not. POINT has run both passes. What it finds, if
 * anything, goes to check->origin. STATUS_NO_MEMORY. */
enum status origin_find(struct check *check, const struct model *model, const struct run *point);

#endif
