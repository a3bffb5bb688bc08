/* The course of a training, for those who draw or report it, also after its end. A history owns its
 * rows until history_done(). */
#ifndef GRADWALK_TRAIN_HISTORY_H
#define GRADWALK_TRAIN_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CURVE_POINTS = 512 };

/* Any number of values in limited room: each point is the mean of a bucket of neighbours. When all
 * points are full, neighbours are joined and buckets hold twice as many. */
struct curve {
  double points[CURVE_POINTS]; /* the last one may be the mean of a bucket that is not yet full */
  size_t count;  /* points */
  size_t bucket; /* values a point; 0 before the first */
  size_t last;   /* values in the last point */
};

void curve_add(struct curve *curve, double value);

/* The mean of the points FIRST to END - 1, each as often as it has values. */
double curve_mean(const struct curve *curve, size_t first, size_t end);

/* How many values were added. */
size_t curve_length(const struct curve *curve);

/* A line of the table: after the first step of each epoch (without batches: of each sixteenth of
 * the way), and after the last step. */
struct train_row {
  size_t step;   /* steps done */
  double loss;   /* of the batch, before that step moved the params */
  double train, test; /* share of examples whose largest score is in the right column; or NaN */
};

enum { ADVICE_MOST_NAMES = 8, ADVICE_FAR = 3 };

/* What can be said of a training when it is over. Nodes are indices; -1: none. */
struct advice {
  double first, last; /* the loss of the first whole step, and of the last */
  bool rose;          /* to ADVICE_FAR times the size that it began with, or out of bounds */
  bool stuck;         /* it is what it was */
  bool uphill;        /* a very small step against the gradient raises the loss */
  int unmoved[ADVICE_MOST_NAMES]; /* params that never moved: their gradient is 0 */
  size_t unmoved_count;
  int zero_param, zero_node;      /* the first of either whose every entry is 0 */
  int input;          /* the data with the largest number that a param is multiplied with */
  double largest;
  size_t trial_steps; /* from the same start at another rate; 0: none were made */
  double trial_rate;  /* the last that was tried */
  double trial_first, trial_last; /* its first and last loss */
  bool trial_falls;
};

struct history {
  size_t steps;             /* wanted */
  double rate, momentum;
  uint32_t batch, examples; /* a step's, and those they are drawn from; 0: the model brings all */
  int scores;               /* node whose largest column is the answer; -1: none was found */
  size_t done;              /* whole steps */
  bool cancelled;
  bool diverged;            /* a number ran out of bounds in the step after DONE */
  int bad;                  /* the first node where: its value, or its gradient; -1 */
  bool bad_gradient;
  struct train_row *rows;
  size_t row_count, row_capacity;
  struct curve loss;        /* step by step */
  struct advice advice;
  const char *before, *after; /* what checks around it said, a verdict's name; NULL: nothing */
};

void history_done(struct history *history);

#endif
