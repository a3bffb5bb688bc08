/* The first instruction that a moving entry reaches, where that is a sum of terms (a matrix
 * product): the entry is in one term of each sum of one line of the result. The sums up to each
 * term are kept while the entries of one line of the operand (a row of the first, a column of the
 * second) move one after the other, so that only the terms from there on have to be added, in the
 * same order. Terms that are zero whatever the operand holds are left out: they add +0 or -0 to a
 * sum that is never -0. A lead owns its arrays until lead_done(). */
#ifndef GRADWALK_CHECK_LEAD_H
#define GRADWALK_CHECK_LEAD_H

#include "core/op.h"

struct lead {
  const struct op *op;
  const struct call *call; /* NULL: there is no lead */
  int which;               /* the operand of the call that moves */
  uint32_t length;         /* of a line of the result */
  uint32_t line;           /* the one that the sums are of; UINT32_MAX: none yet */
  uint32_t *index;         /* by term: its place among those kept, or UINT32_MAX */
  /* The line as a product of its own: SUM (1 x width) of MOVING (1 x kept) and FIXED (kept x
   * width), width being the length rounded up to whole vectors. */
  uint32_t kept, width;
  double *moving, *fixed, *sum;
  double *sums; /* (kept + 1) x width: before each term, and at the end */
};

/* For operand WHICH of CALL, which outlives the lead and has its operands at the base now. False if
 * there is no memory; without effect where OP is no sum of terms. */
bool lead_init(struct lead *lead, const struct op *op, const struct call *call, int which);
void lead_done(struct lead *lead);

/* Comes to the line of the operand's entry at ROW, COL. The operands must be at the base. */
void lead_enter(struct lead *lead, uint32_t row, uint32_t col);

/* The part of the result that the entry is in. */
struct rect lead_part(const struct lead *lead);

/* Computes that part for the entry being VALUE, a finite number. False, with the result untouched,
 * if it is to the bit what it is at the base. */
bool lead_run(struct lead *lead, uint32_t row, uint32_t col, double value);

#endif
