/* Plain runs of numbers, with the machine's widest instructions. */
#ifndef GRADWALK_CORE_VECTOR_H
#define GRADWALK_CORE_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether none of them is infinite or NaN. */
bool vector_finite(const double *values, size_t count);

/* values = bytes / 255.0, correctly rounded. */
void vector_from_bytes(double *values, const uint8_t *bytes, size_t count);

/* Whether each of them is exactly FACTOR times that of the others. */
bool vector_is_times(const double *values, double factor, const double *others, size_t count);

/* sum of values * signs, signs of +1 and -1: in eight sums that take the terms in turn, and are
 * added up in order at the end, on every machine. */
double vector_dot_signs(const double *values, const signed char *signs, size_t count);

/* values = base + distance * signs. */
void vector_move(double *values, const double *base, double distance, const signed char *signs,
                 size_t count);

/* One step of gradient descent:  values -= rate * gradient. */
void vector_descend(double *values, const double *gradient, double rate, size_t count);

/* The same with momentum:
 *   velocity = momentum * velocity - rate * gradient;  values += velocity. */
void vector_descend_on(double *values, double *velocity, const double *gradient, double rate,
                       double momentum, size_t count);

#endif
