/* One application of an operation as its kernel sees it. A call owns nothing. */
#ifndef GRADWALK_CORE_CALL_H
#define GRADWALK_CORE_CALL_H

#include "core/random.h"
#include "core/shape.h"

enum { MAX_OPERANDS = 2 };
enum { AXIS_ALL = -1, AXIS_DOWN = 0, AXIS_ACROSS = 1 }; /* sum(x), sum(x, 0), sum(x, 1) */

/* Of a sum's terms: COUNT runs of LENGTH, the first from FIRST on, the next ones APART further. */
struct reach {
  size_t first, length, apart, count;
};

struct operand {
  const double *values; /* row-major */
  struct shape shape;
};

/* One application as a kernel sees it. The output never overlaps an operand, except that an
 * elementwise kernel may write over an operand of the output's own shape. */
struct call {
  double *out;
  struct shape shape; /* of the output */
  struct operand in[MAX_OPERANDS];
  int axis;
  struct random *random; /* only for OP_RANDOM rows */
};

struct wide_call; /* the same in quadruple precision: wide.h */

/* The terms [from, to). */
static inline struct reach reach_run(size_t from, size_t to) {
  return (struct reach){from, to - from, to - from, 1};
}

#endif
