/* The matrix products: out[i, j] = sum over k of a[i, k] * b[k, j] (or of a[k, i] * b[k, j], the
 * product with a transposed), in the order of order.h, whichever loop computes it and however many
 * elements it computes side by side. */
#include "core/clone.h"
#include "core/kernels.h"
#include "core/memory.h"
#include "core/order.h"
#include "core/shortcut.h"

#include <math.h>
#include <string.h>

enum {
  VECTORS = 8,      /* of neighbouring columns, side by side */
  MANY_ROWS = 16,  /* for which it pays to copy what they share */
  FEW_VECTORS = 4, /* a row that is no longer pays to look for zeros only where there are many */
  KEPT = 256,     /* waiting sums of a row: with a block of b, they stay near */
  FOUND = 1024    /* sets of terms, a bit each */
};

/* The sums of a row that wait for their right neighbours. */
struct waiting {
  const double *sums; /* those of the lowest level */
  size_t level;       /* from level to level */
  uint64_t merges;    /* see order_merges() */
};

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

void add_up_matmul(const struct call *call, struct rect part, size_t from, size_t to, double *out,
                   size_t stride) {
  CLONE_CALL(multiply, (call, part, from, to, out, stride));
}

void add_up_matmul_transposed(const struct call *call, struct rect part, size_t from, size_t to,
                              double *out, size_t stride) {
  CLONE_CALL(multiply_transposed, (call, part, from, to, out, stride));
}

static double *first_of(const struct call *call, struct rect part) {
  return call->out + (size_t)part.row0 * call->shape.cols + part.col0;
}

void forward_matmul(const struct call *call, struct rect part) {
  add_up_matmul(call, part, 0, terms_matmul(call), first_of(call, part), call->shape.cols);
}

void forward_matmul_transposed(const struct call *call, struct rect part) {
  add_up_matmul_transposed(call, part, 0, terms_matmul_transposed(call), first_of(call, part),
                           call->shape.cols);
}

size_t terms_matmul(const struct call *call) {
  return call->in[0].shape.cols;
}

size_t terms_matmul_transposed(const struct call *call) {
  return call->in[0].shape.rows;
}

static bool all_zero(const double *values, size_t count, size_t step) {
  for (size_t i = 0; i < count; i++)
    if (values[i * step] != 0) return false;
  return true;
}

static bool is_finite(const struct operand *operand, struct rect part) {
  for (size_t i = part.row0; i < part.row1; i++)
    for (size_t j = part.col0; j < part.col1; j++)
      if (!isfinite(operand->values[i * operand->shape.cols + j])) return false;
  return true;
}

/* Whether PART of operand WHICH is in term TERM only, and is multiplied by zeros: that adds 0. */
static bool is_silent(const struct call *call, int which, struct rect part, uint32_t term) {
  const struct operand *other = &call->in[!which];
  const struct shape shape = other->shape;
  const bool zeros = which == 0 ? all_zero(other->values + (size_t)term * shape.cols, shape.cols, 1)
                                : all_zero(other->values + term, shape.rows, shape.cols);
  return zeros && is_finite(&call->in[which], part);
}

struct reach reach_matmul(const struct call *call, int which, struct rect part) {
  const uint32_t from = which == 0 ? part.col0 : part.row0, to = which == 0 ? part.col1 : part.row1;
  struct reach reach = reach_run(from, to);
  if (to - from == 1 && shortcut_taken(SHORTCUT_ZERO_TERMS) && is_silent(call, which, part, from))
    reach.count = 0;
  return reach;
}

struct reach reach_matmul_transposed(const struct call *call, int which, struct rect part) {
  (void)call, (void)which;
  return reach_run(part.row0, part.row1);
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
