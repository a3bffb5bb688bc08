#include "check/metrics.h"

#include <math.h>

double relative_difference(double error_norm, double grad_norm, double numeric_norm) {
  double sum = grad_norm + numeric_norm;
  return sum > 0 || isnan(sum) ? error_norm / sum : 0;
}

bool metrics_is_factor(const struct metrics *m, const double *g, const double *n,
                       size_t count) {
  const double close = 1e-4, nothing = 1e-9; /* the numerical gradient has no more digits */
  double largest = 0;
  size_t telling = 0;
  if (!(fabs(m->cosine) > 1 - 1e-6) || !(fabs(m->scale - 1) > close)) return false;
  for (size_t i = 0; i < count; i++) largest = fmax(largest, fmax(fabs(g[i]), fabs(n[i])));
  for (size_t i = 0; i < count; i++) {
    double multiple = m->scale * n[i], error = fabs(g[i] - multiple);
    if (error > close * fmax(fabs(g[i]), fabs(multiple)) + nothing * largest) return false;
    telling += fabs(n[i]) > nothing * largest;
  }
  return telling > 1;
}

/* Whether the sum of squares SUM can be trusted: it is neither infinite nor so small that its terms
 * may have vanished. */
static bool sum_holds(double sum) {
  return sum > 1e-280 && sum < 1e280;
}

/* The square root of SUM, the sum of (a - b)^2 (B NULL: of a^2). Where that sum cannot be trusted,
 * it is taken again in units of the largest term. */
static double norm(double sum, const double *a, const double *b, size_t count) {
  double unit = 0;
  if (sum_holds(sum)) return sqrt(sum);
  for (size_t i = 0; i < count; i++) unit = fmax(unit, fabs(a[i] - (b ? b[i] : 0)));
  if (!(unit > 0) || isinf(unit)) unit = 1;
  sum = 0;
  for (size_t i = 0; i < count; i++) {
    double x = (a[i] - (b ? b[i] : 0)) / unit;
    sum += x * x;
  }
  return unit * sqrt(sum);
}

double norm_of_norms(double a, double b) {
  const double entries[] = {a, b};
  return norm(a * a + b * b, entries, NULL, 2);
}

/* The first entry whose error is not a number is the worst. */
static void find_nan(struct metrics *m, const double *g, const double *n, size_t count) {
  m->max_abs = m->max_rel = (double)NAN;
  for (m->worst = 0; m->worst + 1 < count && !isnan(g[m->worst] - n[m->worst]);) m->worst++;
}

/* One loop, with no division and no call for most entries: no other thread helps here, and all of
 * them wait for it. */
struct metrics metrics_compute(const double *g, const double *n, size_t count) {
  struct metrics m = {0};
  double total = 0, error_sum = 0, grad_sum = 0, numeric_sum = 0, product = 0;
  for (size_t i = 0; i < count; i++) {
    const double grad = fabs(g[i]), numeric = fabs(n[i]), error = fabs(g[i] - n[i]);
    const double larger = grad > numeric ? grad : numeric;
    total += error;
    error_sum += error * error;
    grad_sum += grad * grad;
    numeric_sum += numeric * numeric;
    product += g[i] * n[i];
    if (error > m.max_abs) m.max_abs = error, m.worst = i;
    if (grad == 0 && numeric == 0) {
      m.zeros++;
    } else if (!(error < 0.999 * m.max_rel * larger)) {
      const double relative = error / larger;
      if (!isnan(m.max_rel) && !(relative <= m.max_rel)) m.max_rel = relative;
    }
  }
  if (isnan(total)) find_nan(&m, g, n, count);
  m.mean_abs = count > 0 ? total / (double)count : 0;
  m.error_norm = norm(error_sum, g, n, count);
  m.grad_norm = norm(grad_sum, g, NULL, count);
  m.numeric_norm = norm(numeric_sum, n, NULL, count);
  m.difference = relative_difference(m.error_norm, m.grad_norm, m.numeric_norm);
  double g_unit = m.grad_norm > 0 ? m.grad_norm : 1;
  double n_unit = m.numeric_norm > 0 ? m.numeric_norm : 1;
  if (sum_holds(grad_sum) && sum_holds(numeric_sum)) {
    product = product / g_unit / n_unit;
  } else {
    product = 0;
    for (size_t i = 0; i < count; i++) product += g[i] / g_unit * (n[i] / n_unit);
  }
  m.cosine = m.grad_norm > 0 && m.numeric_norm > 0 ? product : (double)NAN;
  m.scale = m.numeric_norm > 0 ? product * g_unit / n_unit : (double)NAN;
  return m;
}
