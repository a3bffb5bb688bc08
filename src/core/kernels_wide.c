/* The forward kernels in quadruple precision: the text of those in double, and plain loops for the
 * products, which add up in the same order. */
#include "core/clone.h"
#include "core/hash.h"
#include "core/kernels.h"
#include "core/memory.h"
#include "core/order.h"
#include "core/wide.h"

#include <math.h>

#define REAL wide
#define CALL struct wide_call
#define OPERAND struct wide_operand
#define OF(name) name##_wide
#define MATH(name) WIDE_MATH(name)
#define KERNEL(name) \
  void name PARAMETERS { BODY_OF(name) ARGUMENTS; }
#define SUM_KERNEL(name)                          \
  static void name SUM_PARAMETERS {               \
    BODY_OF(name) SUM_ARGUMENTS;                  \
  }
#include "core/kernels_body.h"

/* Adds FACTOR times the row B to SUMS. A factor of 0 adds 0, unless to what is not finite. */
static void add_row(wide *sums, wide factor, const wide *b, uint32_t width) {
  if (factor != 0)
    for (uint32_t j = 0; j < width; j++) sums[j] += factor * b[j];
  else
    for (uint32_t j = 0; j < width; j++)
      if (!isfinite(b[j])) sums[j] += factor * b[j];
}

/* WIDTH (SUM_WIDTH or fewer) columns of a row of the product; a's terms are STEP, b's COLS
 * apart. */
static void multiply_row(const wide *a, size_t step, const wide *b, size_t cols, size_t terms,
                         uint32_t width, wide *out) {
  const size_t blocks = order_blocks(terms);
  UNFILLED wide kept[SUM_LEVELS][SUM_WIDTH];
  for (size_t block = 0, k = 0; block < blocks; block++) {
    const size_t end = terms - k < SUM_BLOCK ? terms : k + SUM_BLOCK;
    wide *sums = block + 1 < blocks ? kept[order_level(block)] : out;
    for (uint32_t j = 0; j < width; j++) sums[j] = 0;
    for (; k < end; k++) add_row(sums, a[k * step], b + k * cols, width);
    for (uint64_t merges = order_merges(block, blocks); merges; merges &= merges - 1)
      for (uint32_t j = 0; j < width; j++) sums[j] = kept[__builtin_ctzll(merges)][j] + sums[j];
  }
}

/* A's rows and terms are ROW_STEP and STEP apart. */
static void multiply(const struct wide_call *call, struct rect part, size_t terms, size_t row_step,
                     size_t step) {
  const size_t cols = call->shape.cols;
  for (uint32_t i = part.row0; i < part.row1; i++)
    for (uint32_t j = part.col0; j < part.col1; j += SUM_WIDTH)
      multiply_row(call->in[0].values + i * row_step, step, call->in[1].values + j, cols, terms,
                   part.col1 - j < SUM_WIDTH ? part.col1 - j : SUM_WIDTH,
                   call->out + i * cols + j);
}

void forward_matmul_wide(const struct wide_call *call, struct rect part) {
  multiply(call, part, call->in[0].shape.cols, call->in[0].shape.cols, 1);
}

void forward_matmul_transposed_wide(const struct wide_call *call, struct rect part) {
  multiply(call, part, call->in[0].shape.rows, 1, call->in[0].shape.cols);
}
