#include "check/metrics.h"

#include <math.h>

double relative_difference(double error_norm, double grad_norm, double numeric_norm) {
  double sum = grad_norm + numeric_norm;
  return sum > 0 || isnan(sum) ? error_norm / sum : 0;
}

bool metrics_is_factor(const struct metrics *m) {
  const double rest = 0.01;
  if (!(fabs(m->cosine) > 1 - 1e-6) || !(fabs(m->scale - 1) > 1e-4)) return false;
  double sine = sqrt(fmax(0, 1 - m->cosine * m->cosine));
  return sine * m->grad_norm <= rest * m->error_norm;
}

/* sqrt of the sum of (a - b)^2 (B NULL: of a^2), in units of LARGEST where the plain sum would
 * overflow or vanish. */
static double norm(const double *a, const double *b, size_t count, double largest) {
  double unit = largest > 1e150 || largest < 1e-150 ? largest : 1, sum = 0;
  if (!(largest > 0) || isinf(largest)) unit = 1;
  for (size_t i = 0; i < count; i++) {
    double x = (a[i] - (b ? b[i] : 0)) / unit;
    sum += x * x;
  }
  return unit * sqrt(sum);
}

struct metrics metrics_compute(const double *g, const double *n, size_t count) {
  struct metrics m = {0};
  double total = 0, product = 0, largest = 0;
  for (size_t i = 0; i < count; i++) {
    double error = fabs(g[i] - n[i]), larger = fmax(fabs(g[i]), fabs(n[i]));
    total += error;
    largest = fmax(largest, larger);
    if (!isnan(m.max_abs) && !(error <= m.max_abs)) m.max_abs = error, m.worst = i;
    if (larger > 0 || isnan(error)) {
      double relative = error / larger;
      if (!isnan(m.max_rel) && !(relative <= m.max_rel)) m.max_rel = relative;
    } else {
      m.zeros++;
    }
  }
  m.mean_abs = count > 0 ? total / (double)count : 0;
  m.error_norm = norm(g, n, count, m.max_abs);
  m.grad_norm = norm(g, NULL, count, largest);
  m.numeric_norm = norm(n, NULL, count, largest);
  m.difference = relative_difference(m.error_norm, m.grad_norm, m.numeric_norm);
  double g_unit = m.grad_norm > 0 ? m.grad_norm : 1;
  double n_unit = m.numeric_norm > 0 ? m.numeric_norm : 1;
  for (size_t i = 0; i < count; i++) product += g[i] / g_unit * (n[i] / n_unit);
  m.cosine = m.grad_norm > 0 && m.numeric_norm > 0 ? product : (double)NAN;
  m.scale = m.numeric_norm > 0 ? product * g_unit / n_unit : (double)NAN;
  return m;
}
