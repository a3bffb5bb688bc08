/* A second opinion: the slope of the loss, and the backward pass, in quadruple precision, for the
 * few entries that are in dispute. The slope comes from the forward program alone, as the numerical
 * gradient does, but from steps so small that hardly a function turns within them. Nothing is
 * computed before the first question. */
#ifndef GRADWALK_CHECK_SECOND_H
#define GRADWALK_CHECK_SECOND_H

#include "check/result.h"
#include "check/worker.h"
#include "core/wide.h"

enum second_state { SECOND_UNASKED, SECOND_READY, SECOND_UNABLE };

struct second {
  struct worker *worker;  /* in double, at its base */
  enum second_state state;
  wide *base, *values;    /* at the point; moved about it */
  struct rect *dirty;     /* by slot: where values differ from base */
  wide loss;
  uint64_t branches;      /* the decisions at the point */
  bool same_branches;     /* in double they are the same */
  bool passed_back;       /* base holds the gradients too */
  double spent;           /* additions so far, or the like */
};

enum answer {
  ANSWER_NONE,    /* there is no second opinion: no such type, no memory, too much work, stopped */
  ANSWER_SETTLED, /* two steps agree on the slope */
  ANSWER_KINK,    /* a kink lies within the smallest useful step */
  ANSWER_OPEN     /* quadruple precision cannot tell either */
};

struct opinion {
  enum answer answer;
  double slope, error; /* SETTLED: the slope and what it may be off; OPEN: the best there is */
  double step;
  double left, right;  /* KINK: the slopes to either side */
};

/* WORKER stays the caller's, and must be at its base at every question. */
void second_init(struct second *second, struct worker *worker);
void second_done(struct second *second);

/* The slope along PROBE, to an eighth of what LEEWAY gives an entry of its size; EXPECTED is the
 * size that is looked for first. */
struct opinion second_slope(struct second *second, const struct probe *probe, struct leeway leeway,
                            double expected);

/* Whether rounding in double spoils no value on the way forward: each is nearly what it is in
 * quadruple precision, for its tensor's size. */
bool second_forward_holds(struct second *second);

/* Whether the loss has no derivative along PROBE: its slopes to the two sides, which go to LEFT and
 * RIGHT, differ, grow as the step shrinks, or do not exist. False too if it cannot be told. */
bool second_breaks(struct second *second, const struct probe *probe, double *left, double *right);

/* What the backward pass says of the slope along PROBE when every line of it is computed in
 * quadruple precision; NaN if it cannot be. */
double second_gradient(struct second *second, const struct probe *probe);

#endif
