/* The part of a gradient that one needs no whole backward pass for: how a node acts on the next
 * nodes whose gradients are known (its stations), numerically, weighted with these gradients. It
 * says whether a line is right given what the line reads, whatever went wrong before it. */
#ifndef GRADWALK_CHECK_LOCAL_H
#define GRADWALK_CHECK_LOCAL_H

#include "check/numeric.h"

struct local {
  const struct model *model;
  const bool *stations; /* by slot; moves stop there */
  struct run base, run; /* forward passes in double precision; RUN is moved about BASE */
  struct rect *dirty;
  bool *moving;         /* by slot */
  size_t *plan;         /* instructions from the node that is moved to its stations */
  size_t plan_count;
  size_t budget;        /* entries that may still be computed */
};

/* POINT holds the forward pass. STATIONS are lent. Ends with local_done(), also after a failure. */
enum status local_init(struct local *local, const struct model *model, const struct run *point,
                       const bool *stations);
void local_done(struct local *local);

struct local_slope {
  double value;
  bool kink; /* the slopes to its two sides differ: VALUE is neither */
};

/* Prepares local_slope() for moves of NODE; false if it would take more than the budget allows to
 * ask for COUNT entries. */
bool local_begin(struct local *local, int node, size_t count);

/* sum over the stations S of dS * dS/dNODE[ENTRY], the gradients dS from NOW, by central
 * difference. THROUGH, by slot: the stations that count; NULL: all. */
struct local_slope local_slope(struct local *local, const struct run *now, int node, size_t entry,
                               const bool *through);

/* Whether a move of the node that was begun with reaches the station SLOT. */
bool local_reaches(const struct local *local, int slot);

#endif
