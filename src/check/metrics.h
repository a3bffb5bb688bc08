/* How far two gradients are apart. */
#ifndef GRADWALK_CHECK_METRICS_H
#define GRADWALK_CHECK_METRICS_H

#include <stdbool.h>
#include <stddef.h>

struct metrics {
  double difference; /* ‖g − n‖ / (‖g‖ + ‖n‖); 0 if both are zero */
  double mean_abs, max_abs;
  double max_rel;    /* largest |g − n| / max(|g|, |n|), over entries that are not both zero */
  size_t worst;      /* the entry with the largest |g − n|; a NaN is worse than anything */
  double cosine;     /* of the angle between g and n; NaN if one is zero */
  double scale;      /* k = ⟨g, n⟩ / ⟨n, n⟩: g is about k times n; NaN if n is zero */
  double error_norm, grad_norm, numeric_norm; /* ‖g − n‖, ‖g‖, ‖n‖ */
  size_t zeros;      /* entries that are exactly zero on both sides */
};

/* Compares G with N, COUNT entries each, summing in index order. A NaN in an entry is a NaN in
 * every figure that the entry takes part in. */
struct metrics metrics_compute(const double *g, const double *n, size_t count);

/* Whether G is a constant multiple of N, and not N itself, in every entry that can tell, and more
 * than one of them can: the factor, METRICS' scale, explains what G is off. */
bool metrics_is_factor(const struct metrics *metrics, const double *g, const double *n,
                       size_t count);

/* ‖g − n‖ / (‖g‖ + ‖n‖) from the norms: 0/0 is 0, NaN stays NaN. */
double relative_difference(double error_norm, double grad_norm, double numeric_norm);

/* sqrt(a^2 + b^2), neither cut off nor vanished on the way; NaN if one of them is NaN. It takes
 * only what IEEE 754 rounds in one way: the C library's hypot does not, and its last bit changes
 * from machine to machine. */
double norm_of_norms(double a, double b);

#endif
