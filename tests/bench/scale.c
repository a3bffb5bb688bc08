/* How the cost of a check grows with the network: make bench-scale. Three samples, N inputs, 8
 * hidden units, 10 classes; a random direction a tensor from 100 to 10 million params, and every
 * entry from 100 to a million. Bars are logarithmic. */
#include "check/check.h"
#include "core/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HIDDEN = 8, CLASSES = 10, ENOUGH_SECONDS = 120 };

static void stop(const char *message) {
  fprintf(stderr, "scale: %s\n", message);
  exit(70);
}

static void build(struct model *model, struct source *source, char *text, size_t size,
                  size_t params) {
  struct diag diag;
  size_t inputs = params / HIDDEN > CLASSES ? params / HIDDEN - CLASSES : 1;
  snprintf(text, size,
           "seed 1; data X = randn(3, %zu); data T = eye(%d) * 1\n"
           "param W1 = 0.01 * randn(%zu, %d); param W2 = randn(%d, %d)\n"
           "L = softmax_cross_entropy(tanh(X @ W1) @ W2, [1 0 0] .T @ sum(T, 0) / %d)",
           inputs, CLASSES, inputs, HIDDEN, HIDDEN, CLASSES, CLASSES);
  *source = (struct source){"scale", text, strlen(text), 1};
  if (model_build(model, source, NULL, &diag)) stop(diag.message);
}

/* The least of a few turns, the fewer the longer they take; and the params. */
static double time_check(size_t params, unsigned directions, size_t *entries) {
  enum { TURNS = 5 };
  struct model model;
  struct source source;
  char text[512];
  double least = INFINITY;
  build(&model, &source, text, sizeof text, params);
  for (int i = 0; i < TURNS && (i == 0 || least < 1); i++) {
    struct check check;
    struct diag diag;
    struct check_options options = {.tolerance = -1, .directions = directions,
                                    .metrics_only = true};
    double start = seconds_now();
    if (check_run(&check, &model, &options, &diag)) stop(diag.message);
    least = fmin(least, seconds_now() - start);
    *entries = 0;
    for (size_t t = 0; t < check.tensor_count; t++)
      *entries += (size_t)check.tensors[t].shape.rows * check.tensors[t].shape.cols;
    check_done(&check);
  }
  model_done(&model);
  return least;
}

static void show(size_t entries, double seconds, double before, double ratio) {
  enum { A_DECADE = 8 };
  int length = (int)lround((log10(seconds) + 5) * A_DECADE);
  char bar[10 * A_DECADE + 1];
  memset(bar, '#', sizeof bar);
  if (length < 0) length = 0;
  if (length > 10 * A_DECADE) length = 10 * A_DECADE;
  printf("%10zu  %10.3g s  ", entries, seconds);
  if (before > 0) printf("%6.2f  ", log10(seconds / before) / log10(ratio));
  else printf("%6s  ", "");
  printf("%.*s\n", length, bar);
  fflush(stdout);
}

static void curve(const char *title, size_t most, unsigned directions) {
  double before = 0;
  size_t entries_before = 0;
  printf("%s\n%10s  %12s  %6s\n", title, "params", "time", "power");
  for (size_t params = 100; params <= most && before < ENOUGH_SECONDS / 10.0; params *= 10) {
    size_t entries;
    double seconds = time_check(params, directions, &entries);
    show(entries, seconds, before, (double)entries / (double)(entries_before + !entries_before));
    before = seconds;
    entries_before = entries;
  }
  printf("\n");
}

int main(void) {
  curve("A random direction a tensor", 10000000, 1);
  curve("Every entry", 1000000, 0);
  puts("power: p where the time grows as params to the p, from the row before");
  return 0;
}
