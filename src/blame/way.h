/* What lies between a node and the gradients that its own is made from. */
#ifndef GRADWALK_BLAME_WAY_H
#define GRADWALK_BLAME_WAY_H

#include "lang/model.h"

enum passes {
  PASSES_PRODUCT = 1, /* a matrix product */
  PASSES_CURVE = 2,   /* a function with a slope of its own: tanh, max, … */
  PASSES_SCALE = 4,   /* a factor, entry by entry: a mask, a scale */
  PASSES_SUM = 8,     /* a sum, or one entry that serves many */
  PASSES_FAN_OUT = 16 /* several ways to the loss: shares that add up */
};

/* What NODE's value passes on its way to the next STATIONS (by slot), of enum passes. *FAILED for
 * lack of memory. */
unsigned way_passes(const struct model *model, const bool *stations, int node, bool *failed);

/* Marks in REGION, by node, NODE and what lies on its ways to the next stations: its gradient is
 * made by their rules. */
enum status way_region(const struct model *model, const bool *stations, int node, bool *region);

/* Whether the loss has a term of the param NODE alone, which the other terms are added to: a
 * regularisation. *FAILED for lack of memory. */
bool way_has_penalty(const struct model *model, int node, bool *failed);

#endif
