/* The step sweep: the distance between the numerical gradient and the analytic one, step by step. A
 * large step errs because the loss is no straight line (truncation error), a small one because the
 * loss has a limited number of digits (round-off error). A struct sweep owns nothing. */
#ifndef GRADWALK_CHECK_SWEEP_H
#define GRADWALK_CHECK_SWEEP_H

#include "check/check.h"

enum sweep_curve {
  SWEEP_CENTRAL,
  SWEEP_FORWARD,
  SWEEP_SINGLE_CENTRAL,
  SWEEP_SINGLE_FORWARD,
  SWEEP_CURVE_COUNT
};

struct sweep_kind {
  const char *name;
  char letter; /* in the plot */
  enum method method;
  enum precision precision;
  int order;   /* the truncation error is proportional to h^order */
};
extern const struct sweep_kind sweep_kinds[SWEEP_CURVE_COUNT];

/* error = factor * h^exponent, fitted to the part of a curve that follows it. */
struct power_law {
  bool found;
  int exponent;    /* as theory has it */
  double factor;   /* fitted */
  double measured; /* the exponent that fits best */
};

enum { SWEEP_MAX_STEPS = 44, SWEEP_MAX_ENTRIES = 2000 };

struct sweep_line {
  double errors[SWEEP_MAX_STEPS]; /* ‖g − n‖ / (‖g‖ + ‖n‖) over all tensors; NaN stays NaN */
  int best; /* the step with the smallest error; -1: all are NaN */
  struct power_law truncation, round_off;
};

struct sweep {
  size_t count;                  /* steps: 2^-1, 2^-2, …, or every second of them */
  double steps[SWEEP_MAX_STEPS]; /* falling */
  size_t slopes;                 /* compared at each step */
  bool by_direction;             /* along random directions, not entry by entry */
  struct sweep_line lines[SWEEP_CURVE_COUNT];
};

/* Compares the params of MODEL at every step, central and forward, in double and in single
 * precision: every entry of them, or 2 random directions a tensor where they have more than
 * SWEEP_MAX_ENTRIES in all. Of OPTIONS the params, directions, evaluate, frozen, threads, cancel
 * and progress count. Fails as check_run() does; what is in *SWEEP then is not to be used. */
enum status sweep_run(struct sweep *sweep, const struct model *model,
                      const struct check_options *options, struct diag *diag);

/* Finds the best step of each line and the two laws around it. sweep_run() does it. */
void sweep_fit(struct sweep *sweep);

#endif
