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
