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

/* 1/255 is 2^-8 + 2^-16 + …, here cut off where a byte times the first of two parts has no
 * rounding, and the second's is far below the last bit of the sum. A division takes ten times as
 * long. */
CLONE_BODY void vector_from_bytes_body(double *restrict values, const uint8_t *restrict bytes,
                                       size_t count) {
  const double first = 0x1.010101p-8, second = 0x1.0101010101010p-40;
  for (size_t i = 0; i < count; i++) values[i] = bytes[i] * first + bytes[i] * second;
}

CLONES(extern, vector_from_bytes, (double *values, const uint8_t *bytes, size_t count),
       (values, bytes, count))

CLONE_BODY void find_other_body(const double *values, double factor, const double *others,
                                size_t count, bool *found) {
  int other = 0;
  for (size_t i = 0; i < count; i++) other |= !(values[i] == factor * others[i]);
  *found = other;
}
CLONES(static, find_other,
       (const double *values, double factor, const double *others, size_t count, bool *found),
       (values, factor, others, count, found))

bool vector_is_times(const double *values, double factor, const double *others, size_t count) {
  bool other;
  find_other(values, factor, others, count, &other);
  return !other;
}

enum { SUMS = 8 };

CLONE_BODY void add_signed_body(const double *restrict values, const signed char *restrict signs,
                                size_t count, double *restrict sums) {
  double own[SUMS] = {0};
  for (size_t i = 0; i < count; i += SUMS)
    for (size_t s = 0; s < SUMS; s++) own[s] += values[i + s] * signs[i + s];
  for (size_t s = 0; s < SUMS; s++) sums[s] = own[s];
}
CLONES(static, add_signed,
       (const double *values, const signed char *signs, size_t count, double *sums),
       (values, signs, count, sums))

double vector_dot_signs(const double *values, const signed char *signs, size_t count) {
  double sums[SUMS], sum = 0;
  const size_t whole = count / SUMS * SUMS;
  add_signed(values, signs, whole, sums);
  for (size_t i = whole; i < count; i++) sums[i - whole] += values[i] * signs[i];
  for (size_t s = 0; s < SUMS; s++) sum += sums[s];
  return sum;
}

CLONE_BODY void vector_move_body(double *restrict values, const double *restrict base,
                                 double distance, const signed char *restrict signs,
                                 size_t count) {
  for (size_t i = 0; i < count; i++) values[i] = base[i] + distance * signs[i];
}
CLONES(extern, vector_move,
       (double *values, const double *base, double distance, const signed char *signs,
        size_t count),
       (values, base, distance, signs, count))

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
