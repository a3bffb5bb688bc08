#include "check/metrics.h"

#include <math.h>

double relative_difference(double error_norm, double grad_norm, double numeric_norm) {
  double sum = grad_norm + numeric_norm;
  return sum > 0 || isnan(sum) ? error_norm / sum : 0;
}

struct metrics metrics_compute(const double *g, const double *n, size_t count) {
  struct metrics m = {0};
  double errors = 0, gg = 0, nn = 0, gn = 0, total = 0;
  for (size_t i = 0; i < count; i++) {
    double error = fabs(g[i] - n[i]), larger = fmax(fabs(g[i]), fabs(n[i]));
    errors += error * error;
    gg += g[i] * g[i];
    nn += n[i] * n[i];
    gn += g[i] * n[i];
    total += error;
    if (!isnan(m.max_abs) && !(error <= m.max_abs)) m.max_abs = error, m.worst = i;
    if (larger > 0 || isnan(error)) {
      double relative = error / larger;
      if (!isnan(m.max_rel) && !(relative <= m.max_rel)) m.max_rel = relative;
    } else {
      m.zeros++;
    }
  }
  m.mean_abs = count > 0 ? total / (double)count : 0;
  m.error_norm = sqrt(errors);
  m.grad_norm = sqrt(gg);
  m.numeric_norm = sqrt(nn);
  m.difference = relative_difference(m.error_norm, m.grad_norm, m.numeric_norm);
  m.cosine = gn / (m.grad_norm * m.numeric_norm);
  m.scale = gn / nn;
  return m;
}
