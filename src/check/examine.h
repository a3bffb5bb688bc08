/* A closer look at one entry where the two gradients differ: whose fault it is. First in quadruple
 * precision (second.h), which mostly has the last word; else by what other steps in double say. */
#ifndef GRADWALK_CHECK_EXAMINE_H
#define GRADWALK_CHECK_EXAMINE_H

#include "check/result.h"
#include "check/second.h"

/* What it takes to look closer at one tensor. */
struct examination {
  struct worker *worker;
  struct second *second;
  struct probe probe; /* of the tensor, without an entry */
  const signed char *directions;
  bool redrawn;      /* the loss changes from run to run */
  double loss;
  struct leeway leeway; /* of an entry; set by verdict_decide() */
  bool confirmed;    /* of the entry at hand: another backward pass has agreed with this slope */
};

/* What was found. */
struct ruling {
  enum verdict verdict;
  enum reason reason;
  double step, left, right, error;
  bool settled;  /* in quadruple precision, which has the slope */
  double slope;
  bool rounding; /* passed, but only because the rules are right: rounding puts it off by more */
  enum way_out way_out;
  double way_out_step;
};

/* The slope G against a numerical slope that may be off by ERROR. */
bool agrees(struct leeway leeway, double g, double slope, double error);

/* Why the analytic slope G and the numerical slope N differ. */
struct ruling examine_entry(const struct check *check, const struct examination *exam,
                            const struct probe *probe, double g, double n);

/* An entry too small for the test, looked at relatively, in quadruple precision only. SCALE is the
 * largest of its tensor. Unless CLOSELY, a backward pass that finds nothing there is believed. */
enum smallness {
  SMALL_UNKNOWN,
  SMALL_ZERO,  /* moving it leaves the loss as it is: what G says is rounding */
  SMALL_RIGHT,
  SMALL_WRONG
};
enum smallness examine_small(const struct examination *exam, const struct probe *probe, double g,
                             double scale, bool closely);

#endif
