#include "core/vector.h"

#include "core/clone.h"

#include <float.h>
#include <math.h>

CLONE_BODY void find_infinite_body(const double *values, size_t count, bool *found) {
  int infinite = 0;
  for (size_t i = 0; i < count; i++) infinite |= !(fabs(values[i]) <= DBL_MAX);
  *found = infinite;
}
CLONES(static, find_infinite, (const double *values, size_t count, bool *found),
       (values, count, found))

bool vector_finite(const double *values, size_t count) {
  bool infinite;
  find_infinite(values, count, &infinite);
  return !infinite;
}

/* 1/255 is 2^-8 + 2^-16 + …: cut after so many terms that a byte times the first of two parts has no
 * rounding, and the second's is far below the last bit of the sum. A division takes ten times as
 * long. */
CLONE_BODY void vector_from_bytes_body(double *restrict values, const uint8_t *restrict bytes,
                                       size_t count) {
  const double first = 0x1.010101p-8, second = 0x1.0101010101010p-40;
  for (size_t i = 0; i < count; i++) values[i] = bytes[i] * first + bytes[i] * second;
}
CLONES(extern, vector_from_bytes, (double *values, const uint8_t *bytes, size_t count),
       (values, bytes, count))

CLONE_BODY void vector_descend_body(double *restrict values, const double *restrict gradient,
                                    double rate, size_t count) {
  for (size_t i = 0; i < count; i++) values[i] -= rate * gradient[i];
}
CLONES(extern, vector_descend,
       (double *values, const double *gradient, double rate, size_t count),
       (values, gradient, rate, count))

CLONE_BODY void vector_descend_on_body(double *restrict values, double *restrict velocity,
                                       const double *restrict gradient, double rate,
                                       double momentum, size_t count) {
  for (size_t i = 0; i < count; i++) {
    velocity[i] = momentum * velocity[i] - rate * gradient[i];
    values[i] += velocity[i];
  }
}
CLONES(extern, vector_descend_on,
       (double *values, double *velocity, const double *gradient, double rate, double momentum,
        size_t count),
       (values, velocity, gradient, rate, momentum, count))
