#include "train/history.h"

#include <stdlib.h>

/* Two full buckets become one, which is as long as both. */
static void join_neighbours(struct curve *curve) {
  for (size_t i = 0; i < CURVE_POINTS / 2; i++)
    curve->points[i] = curve->points[2 * i] / 2 + curve->points[2 * i + 1] / 2;
  curve->count = CURVE_POINTS / 2;
  curve->bucket *= 2;
  curve->last = curve->bucket;
}

void curve_add(struct curve *curve, double value) {
  if (curve->bucket == 0) curve->bucket = curve->last = 1;
  bool full = curve->count == 0 || curve->last == curve->bucket;
  if (full && curve->count == CURVE_POINTS) join_neighbours(curve);
  if (full) {
    curve->points[curve->count++] = value;
    curve->last = 1;
  } else {
    double *mean = &curve->points[curve->count - 1];
    const double values = (double)++curve->last;
    *mean += value / values - *mean / values;
  }
}

double curve_mean(const struct curve *curve, size_t first, size_t end) {
  double sum = 0, values = 0;
  for (size_t i = first; i < end; i++) {
    const double weight = (double)(i + 1 == curve->count ? curve->last : curve->bucket);
    sum += curve->points[i] * weight;
    values += weight;
  }
  return sum / values;
}

size_t curve_length(const struct curve *curve) {
  return curve->count > 0 ? (curve->count - 1) * curve->bucket + curve->last : 0;
}

void history_done(struct history *history) {
  free(history->rows);
  *history = (struct history){.scores = -1, .bad = -1, .advice = {.zero_param = -1, .zero_node = -1,
                                                                 .input = -1}};
}
