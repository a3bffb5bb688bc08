/* The sums of one step, taken apart as core/order.h builds them: for some numbers of the result,
 * the sums of all blocks and all that is made of them, at the base. A move that changes a few terms
 * computes the blocks that they are in and what lies above those, to the very bits of the whole
 * sum. */
#ifndef GRADWALK_CHECK_SUMS_H
#define GRADWALK_CHECK_SUMS_H

#include "core/op.h"

struct sums {
  const struct op *op;
  struct call base;  /* with its operands at the base */
  size_t terms, blocks; /* of each number */
  struct rect part;  /* the numbers that are taken apart; empty: none yet */
  bool missed;       /* others were asked for: the next time, all are taken apart */
  size_t moved_blocks; /* as of the last call; more than half of all: it had none to gain */
  double *nodes;     /* by level, by place in it: a number each */
  double *moved;     /* the same of those on the way up */
  size_t *places;    /* of these in their level */
  size_t node_capacity, moved_capacity, place_capacity;
  size_t *room;      /* how many nodes more all sums that share it may keep */
};

/* Begins with the sums of OP, none of which is taken apart before sums_run() needs it. ROOM, and
 * what BASE points to, must outlive it. */
void sums_init(struct sums *sums, const struct op *op, const struct call *base, size_t *room);
void sums_done(struct sums *sums);

enum sums_outcome {
  SUMS_LEFT,  /* nothing done: the whole sums are as quick, or there is no room */
  SUMS_SAME,  /* nothing done: PART is to the bit what it is at the base */
  SUMS_MOVED  /* PART is computed */
};

/* Computes PART of the result of CALL, whose operands differ from the base in DIRTY. */
enum sums_outcome sums_run(struct sums *sums, const struct call *call,
                           const struct rect dirty[MAX_OPERANDS], struct rect part);

#endif
