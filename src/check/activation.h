/* Activations: functions that turn each entry of a tensor into one of a tensor of the same shape.
 * An operation may be one, or a gate all of whose operations work entry by entry. How it behaves is
 * found by trying it, so that no list of names is kept: a new one is known by its kernel or its
 * text. A struct activations owns its parts until activations_done(). */
#ifndef GRADWALK_CHECK_ACTIVATION_H
#define GRADWALK_CHECK_ACTIVATION_H

#include "lang/model.h"

struct activation {
  int in, out;        /* slots */
  size_t first, last; /* instructions [first, last) of the forward pass */
  bool flat_below, flat_above; /* far to the left, far to the right: no gradient flows back there */
};

struct activations {
  const struct model *model;
  const struct run *base; /* lent: the point, forward pass done */
  struct run run;         /* of the same, moved about it */
  struct activation *items; /* those found, in the order in which they run */
  size_t count, capacity;
  unsigned char ops[OP_COUNT]; /* what is known of each operation of one operand */
};

/* Finds the activations on the way from a param to the loss that are no part of another one and
 * flat on at least one side. STATUS_NO_MEMORY; ends with activations_done(), also after a
 * failure. */
enum status activations_find(struct activations *all, const struct model *model,
                             const struct run *base);
void activations_done(struct activations *all);

/* The slope of each entry of ACTIVATION to the left and to the right of the point: exactly 0 where
 * it is flat. LEFT and RIGHT have room for its entries. */
void activation_slopes(struct activations *all, const struct activation *activation, double *left,
                       double *right);

#endif
