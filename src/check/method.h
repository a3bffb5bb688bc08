/* The ways to take a numerical slope, and the steps that suit each precision. */
#ifndef GRADWALK_CHECK_METHOD_H
#define GRADWALK_CHECK_METHOD_H

#include "core/program.h"

enum method { METHOD_CENTRAL, METHOD_FORWARD, METHOD_RICHARDSON, METHOD_COUNT };
extern const char *const method_names[METHOD_COUNT + 1]; /* NULL at the end */

/* Both compute the same bits: incremental computes anew only what a perturbation touches, full runs
 * the whole forward pass each time, as the textbook does. */
enum evaluate { EVALUATE_INCREMENTAL, EVALUATE_FULL, EVALUATE_COUNT };
extern const char *const evaluate_names[EVALUATE_COUNT + 1]; /* likewise */

/* The step chosen for PRECISION at |x| <= 1: about the cube root of its rounding unit, where the
 * truncation error h^2 and the round-off unit/h of a central difference meet. */
double precision_step(enum precision precision);

/* The same at |x| = SIZE: times the power of two at or above max(1, SIZE), so that x ± h is exact
 * or nearly. */
double step_at(enum precision precision, double size);

/* Half a unit in the last place of 1. */
double precision_unit(enum precision precision);

#endif
