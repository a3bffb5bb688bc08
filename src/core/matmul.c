/* The matrix products: out[i, j] = sum over k of a[i, k] * b[k, j] (or of a[k, i] * b[k, j], the
 * product with a transposed), k rising from 0, whichever loop computes it and however many elements
 * it computes side by side. */
#include "core/clone.h"
#include "core/kernels.h"
#include "core/memory.h"
#include "core/shortcut.h"

#include <string.h>

enum {
  VECTORS = 8,      /* of neighbouring columns, side by side */
  WORD = MARKS_WORD /* terms in one go: a bit each, and this much of b stays near */
};

/* The marks of the COUNT numbers, a word of them or fewer, from number AT of a row on; ROW is its
 * first word, ROWS those of the whole tensor. */
static inline uint64_t marks_at(const uint64_t *row, size_t rows, size_t at, size_t count) {
  const size_t shift = at % WORD;
  const uint64_t *word = row + at / WORD * rows;
  uint64_t marks = *word >> shift;
  if (shift + count > WORD) marks |= word[rows] << (WORD - shift);
  return marks & UINT64_MAX >> (WORD - count);
}

/* A variable that need not be cleared before it is written, whatever the compiler is told to do. */
#if defined __has_attribute
#if __has_attribute(uninitialized)
#define UNFILLED __attribute__((uninitialized))
#endif
#endif
#ifndef UNFILLED
#define UNFILLED
#endif

#define EACH_VECTOR(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)

#define BODY(name) name##_portable
#define LANES 2
#define TARGET
#include "core/matmul_body.h"

#ifdef __x86_64__
#define BODY(name) name##_avx2
#define LANES 4
#define TARGET __attribute__((target(CLONE_TARGET_AVX2)))
#include "core/matmul_body.h"

#define BODY(name) name##_avx512
#define LANES 8
#define TARGET __attribute__((target(CLONE_TARGET_AVX512)))
#include "core/matmul_body.h"
#endif

static void multiply(const struct call *call, struct rect part, uint32_t from, uint32_t to,
                     bool fresh) {
  CLONE_CALL(multiply, (call, part, from, to, fresh));
}

void accumulate_matmul(const struct call *call, struct rect part, uint32_t from, uint32_t to) {
  multiply(call, part, from, to, false);
}

void forward_matmul(const struct call *call, struct rect part) {
  multiply(call, part, 0, call->in[0].shape.cols, true);
}

static void multiply_transposed(const struct call *call, struct rect part, uint32_t terms) {
  CLONE_CALL(multiply_transposed, (call, part, terms));
}

void forward_matmul_transposed(const struct call *call, struct rect part) {
  multiply_transposed(call, part, call->in[0].shape.rows);
}

bool shape_matmul(const struct shape in[], int axis, struct shape *out) {
  (void)axis;
  *out = (struct shape){in[0].rows, in[1].cols};
  return in[0].cols == in[1].rows;
}

struct rect touch_matmul(const struct call *call, int which, struct rect part) {
  return which == 0 ? (struct rect){part.row0, part.row1, 0, call->shape.cols}
                    : (struct rect){0, call->shape.rows, part.col0, part.col1};
}

bool shape_matmul_transposed(const struct shape in[], int axis, struct shape *out) {
  (void)axis;
  *out = (struct shape){in[0].cols, in[1].cols};
  return in[0].rows == in[1].rows;
}

struct rect touch_matmul_transposed(const struct call *call, int which, struct rect part) {
  return which == 0 ? (struct rect){part.col0, part.col1, 0, call->shape.cols}
                    : (struct rect){0, call->shape.rows, part.col0, part.col1};
}
