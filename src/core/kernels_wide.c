/* The forward kernels in quadruple precision: the text of those in double, and plain loops for the
 * products, which add up in the same order. */
#include "core/clone.h"
#include "core/hash.h"
#include "core/kernels.h"
#include "core/wide.h"

#include <math.h>

#define REAL wide
#define CALL struct wide_call
#define OPERAND struct wide_operand
#define OF(name) name##_wide
#define MATH(name) WIDE_MATH(name)
#define KERNEL(name) \
  void name PARAMETERS { BODY_OF(name) ARGUMENTS; }
#include "core/kernels_body.h"

/* Adds FACTOR times the row B to SUMS. A factor of 0 adds 0, unless to what is not finite. */
static void add_row(wide *sums, wide factor, const wide *b, uint32_t from, uint32_t to) {
  if (factor != 0)
    for (uint32_t j = from; j < to; j++) sums[j] += factor * b[j];
  else
    for (uint32_t j = from; j < to; j++)
      if (!isfinite(b[j])) sums[j] += factor * b[j];
}

/* A's rows and terms are ROW_STEP and STEP apart. */
static void multiply(const struct wide_call *call, struct rect part, uint32_t terms,
                     size_t row_step, size_t step) {
  const size_t cols = call->shape.cols;
  for (uint32_t i = part.row0; i < part.row1; i++) {
    wide *out = call->out + i * cols;
    const wide *a = call->in[0].values + i * row_step;
    for (uint32_t j = part.col0; j < part.col1; j++) out[j] = 0;
    for (uint32_t k = 0; k < terms; k++)
      add_row(out, a[k * step], call->in[1].values + k * cols, part.col0, part.col1);
  }
}

void forward_matmul_wide(const struct wide_call *call, struct rect part) {
  multiply(call, part, call->in[0].shape.cols, call->in[0].shape.cols, 1);
}

void forward_matmul_transposed_wide(const struct wide_call *call, struct rect part) {
  multiply(call, part, call->in[0].shape.rows, 1, call->in[0].shape.cols);
}
