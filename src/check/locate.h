/* Which line is wrong: found numerically. Each line's result is compared with what it should be
 * given what it reads (local.h); a line that differs is put right, the rest of the pass is run, and
 * only if the gradients get better by it, and none worse, is the line to blame. So a factor that
 * later lines undo, or a name that holds something else on purpose, accuses nobody. */
#ifndef GRADWALK_CHECK_LOCATE_H
#define GRADWALK_CHECK_LOCATE_H

#include "check/check.h"

/* What lies on the way from a line's node to what it reads. */
enum passes {
  PASSES_PRODUCT = 1, /* a matrix product */
  PASSES_CURVE = 2,   /* a function with a slope of its own: tanh, max, … */
  PASSES_SCALE = 4,   /* a factor, entry by entry: a mask, a scale */
  PASSES_SUM = 8,     /* a sum, or one entry that serves many */
  PASSES_FAN_OUT = 16 /* several ways to the loss: shares that add up */
};

enum { WRONG_LINE_MOST = 6 };

struct wrong_line {
  size_t rules[WRONG_LINE_MOST]; /* the mistake is in one of these; indexes of model->rules */
  size_t count;
  int node;       /* whose gradient the last of them assigns; -1: a name of the block's own */
  double factor;  /* how many times too much the line makes; NaN: it is no mere factor */
  bool overwrites; /* it assigns where it should add */
  bool forgets;   /* no line brings the share of one of the ways to the loss */
  unsigned passes; /* of enum passes */
  enum law law;   /* it was found by the law that it is the first to break */
};

struct wrong_lines {
  struct wrong_line *items; /* in the order in which they run */
  size_t count, capacity;
  bool complete; /* nothing was too large to be looked at */
};

/* Looks for the lines that make CHECK fail; POINT holds the forward and the backward pass. It is
 * cheap beside the check, and bounded. STATUS_NO_MEMORY; ends with wrong_lines_done(). */
enum status locate(struct wrong_lines *found, const struct check *check, const struct model *model,
                   const struct run *point);
void wrong_lines_done(struct wrong_lines *found);

#endif
