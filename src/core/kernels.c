#include "core/kernels.h"

#include "core/clone.h"
#include "core/hash.h"

#include <math.h>

/* -- shapes -- */

static bool broadcast_side(uint32_t a, uint32_t b, uint32_t *out) {
  *out = a == 1 ? b : a;
  return a == b || a == 1 || b == 1;
}

bool shape_broadcast(const struct shape in[], int axis, struct shape *out) {
  (void)axis;
  return broadcast_side(in[0].rows, in[1].rows, &out->rows) &&
         broadcast_side(in[0].cols, in[1].cols, &out->cols);
}

bool shape_same(const struct shape in[], int axis, struct shape *out) {
  (void)axis;
  *out = in[0];
  return true;
}

bool shape_transpose(const struct shape in[], int axis, struct shape *out) {
  (void)axis;
  *out = (struct shape){in[0].cols, in[0].rows};
  return true;
}

bool shape_sum(const struct shape in[], int axis, struct shape *out) {
  *out = (struct shape){axis == AXIS_ACROSS ? in[0].rows : 1, axis == AXIS_DOWN ? in[0].cols : 1};
  return true;
}

bool shape_rowmax(const struct shape in[], int axis, struct shape *out) {
  (void)axis;
  *out = (struct shape){in[0].rows, 1};
  return true;
}

bool shape_scalar(const struct shape in[], int axis, struct shape *out) {
  (void)in, (void)axis;
  *out = (struct shape){1, 1};
  return true;
}

/* -- elementwise: an operand with one row or column is repeated, by a stride of 0 -- */

struct walk {
  const double *values;
  size_t row_stride, col_stride;
};

CLONE_BODY struct walk walk_operand(const struct call *call, int which) {
  const struct operand *in = &call->in[which];
  return (struct walk){in->values, in->shape.rows == 1 ? 0 : in->shape.cols,
                       in->shape.cols == 1 ? 0 : 1};
}

/* A kernel may write over its own operand, but no entry waits for another one. */
#ifdef __clang__
#define INDEPENDENT /* clang looks for itself */
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

#define PARAMETERS (const struct call *call, struct rect part)
#define ARGUMENTS (call, part)

#define ELEMENTWISE_1(name, formula)                                                              \
  CLONE_BODY void name##_body PARAMETERS {                                                        \
    for (uint32_t i = part.row0; i < part.row1; i++) {                                            \
      const double *as = call->in[0].values + (size_t)i * call->shape.cols;                       \
      double *out = call->out + (size_t)i * call->shape.cols;                                     \
      INDEPENDENT for (uint32_t j = part.col0; j < part.col1; j++) {                              \
        double a = as[j];                                                                         \
        out[j] = (formula);                                                                       \
      }                                                                                           \
    }                                                                                             \
  }                                                                                               \
  CLONES(extern, name, PARAMETERS, ARGUMENTS)

/* A row of it, with the strides of both operands as constants. */
#define ELEMENTWISE_ROW(a_stride, b_stride, formula)                                              \
  INDEPENDENT for (uint32_t j = part.col0; j < part.col1; j++) {                                  \
    double a = as[j * (a_stride)], b = bs[j * (b_stride)];                                        \
    out[j] = (formula);                                                                           \
  }

#define ELEMENTWISE_2(name, formula)                                                              \
  CLONE_BODY void name##_body PARAMETERS {                                                        \
    struct walk wa = walk_operand(call, 0), wb = walk_operand(call, 1);                           \
    for (uint32_t i = part.row0; i < part.row1; i++) {                                            \
      const double *as = wa.values + i * wa.row_stride, *bs = wb.values + i * wb.row_stride;      \
      double *out = call->out + (size_t)i * call->shape.cols;                                     \
      if (wa.col_stride && wb.col_stride) { ELEMENTWISE_ROW(1, 1, formula) }                      \
      else if (wa.col_stride) { ELEMENTWISE_ROW(1, 0, formula) }                                  \
      else if (wb.col_stride) { ELEMENTWISE_ROW(0, 1, formula) }                                  \
      else { ELEMENTWISE_ROW(0, 0, formula) }                                                     \
    }                                                                                             \
  }                                                                                               \
  CLONES(extern, name, PARAMETERS, ARGUMENTS)

ELEMENTWISE_2(forward_add, a + b)
ELEMENTWISE_2(forward_sub, a - b)
ELEMENTWISE_2(forward_mul, a * b)
ELEMENTWISE_2(forward_div, a / b)
ELEMENTWISE_2(forward_pow, pow(a, b))
/* a + b hands on a NaN from either side, which fmax() would swallow. */
ELEMENTWISE_2(forward_max, a > b ? a : a <= b ? b : a + b)
ELEMENTWISE_2(forward_min, a < b ? a : a >= b ? b : a + b)
ELEMENTWISE_2(forward_less, a < b)
ELEMENTWISE_2(forward_less_equal, a <= b)
ELEMENTWISE_2(forward_greater, a > b)
ELEMENTWISE_2(forward_greater_equal, a >= b)
ELEMENTWISE_2(forward_equal, a == b)
ELEMENTWISE_2(forward_not_equal, a != b)
ELEMENTWISE_1(forward_neg, -a)
ELEMENTWISE_1(forward_exp, exp(a))
ELEMENTWISE_1(forward_log, log(a))
ELEMENTWISE_1(forward_sqrt, sqrt(a))
ELEMENTWISE_1(forward_abs, fabs(a))
ELEMENTWISE_1(forward_sin, sin(a))
ELEMENTWISE_1(forward_cos, cos(a))
ELEMENTWISE_1(forward_tanh, tanh(a))
ELEMENTWISE_1(forward_copy, a)

struct rect touch_elementwise(const struct call *call, int which, struct rect part) {
  if (call->in[which].shape.rows == 1) part.row0 = 0, part.row1 = call->shape.rows;
  if (call->in[which].shape.cols == 1) part.col0 = 0, part.col1 = call->shape.cols;
  return part;
}

/* -- across entries -- */

static void transpose_rows(const struct call *call, struct rect part) {
  size_t rows = call->shape.rows, cols = call->shape.cols;
  for (size_t j = part.col0; j < part.col1; j++)
    for (size_t i = part.row0; i < part.row1; i++)
      call->out[i * cols + j] = call->in[0].values[j * rows + i];
}

/* A few rows at a time, so that what is read together is written together. */
CLONE_BODY void forward_transpose_body PARAMETERS {
  enum { BLOCK = 8 };
  size_t rows = call->shape.rows, cols = call->shape.cols;
  for (; part.row0 + BLOCK <= part.row1; part.row0 += BLOCK) {
    double *out = call->out + part.row0 * cols;
    for (size_t j = part.col0; j < part.col1; j++)
      for (size_t i = 0; i < BLOCK; i++)
        out[i * cols + j] = call->in[0].values[j * rows + part.row0 + i];
  }
  transpose_rows(call, part);
}
CLONES(extern, forward_transpose, PARAMETERS, ARGUMENTS)

struct rect touch_transpose(const struct call *call, int which, struct rect part) {
  (void)call, (void)which;
  return (struct rect){part.col0, part.col1, part.row0, part.row1};
}

/* Every sum starts at 0 and adds its entries in row-major order. */
void forward_sum(const struct call *call, struct rect part) {
  const struct operand *a = &call->in[0];
  uint32_t rows = a->shape.rows, cols = a->shape.cols;
  if (rect_empty(part)) return;
  for (uint32_t i = part.row0; i < part.row1; i++)
    for (uint32_t j = part.col0; j < part.col1; j++)
      call->out[(size_t)i * call->shape.cols + j] = 0;
  uint32_t first = call->axis == AXIS_ACROSS ? part.row0 : 0;
  uint32_t last = call->axis == AXIS_ACROSS ? part.row1 : rows;
  uint32_t left = call->axis == AXIS_DOWN ? part.col0 : 0;
  uint32_t right = call->axis == AXIS_DOWN ? part.col1 : cols;
  for (uint32_t i = first; i < last; i++) {
    const double *as = a->values + (size_t)i * cols;
    double *out = call->out + (call->axis == AXIS_ACROSS ? i : 0);
    if (call->axis == AXIS_DOWN)
      for (uint32_t j = left; j < right; j++) out[j] += as[j];
    else
      for (uint32_t j = left; j < right; j++) *out += as[j];
  }
}

struct rect touch_sum(const struct call *call, int which, struct rect part) {
  (void)which;
  if (call->axis != AXIS_ACROSS) part.row0 = 0, part.row1 = 1;
  if (call->axis != AXIS_DOWN) part.col0 = 0, part.col1 = 1;
  return part;
}

/* Column of the largest entry of a row, the first at a tie; a NaN counts as the largest. */
static uint32_t row_argmax(const double *row, uint32_t cols) {
  uint32_t best = 0;
  for (uint32_t j = 1; j < cols && !isnan(row[best]); j++)
    if (!(row[j] <= row[best])) best = j;
  return best;
}

void forward_rowmax(const struct call *call, struct rect part) {
  uint32_t cols = call->in[0].shape.cols;
  for (uint32_t i = part.row0; i < part.row1 && !rect_empty(part); i++) {
    const double *row = call->in[0].values + (size_t)i * cols;
    call->out[i] = row[row_argmax(row, cols)];
  }
}

struct rect touch_rows(const struct call *call, int which, struct rect part) {
  (void)which;
  return (struct rect){part.row0, part.row1, 0, call->shape.cols};
}

/* -- decisions, for finding kinks -- */

uint64_t branches_compare(const struct call *call, uint64_t hash) {
  struct walk wa = walk_operand(call, 0), wb = walk_operand(call, 1);
  for (uint32_t i = 0; i < call->shape.rows; i++)
    for (uint32_t j = 0; j < call->shape.cols; j++) {
      double a = wa.values[i * wa.row_stride + j * wa.col_stride];
      double b = wb.values[i * wb.row_stride + j * wb.col_stride];
      hash = hash_mix(hash, (uint64_t)(1 + (a > b) - (a < b)));
    }
  return hash;
}

uint64_t branches_sign(const struct call *call, uint64_t hash) {
  for (size_t i = 0; i < shape_count(call->shape); i++) {
    double a = call->in[0].values[i];
    hash = hash_mix(hash, (uint64_t)(1 + (a > 0) - (a < 0)));
  }
  return hash;
}

uint64_t branches_rowmax(const struct call *call, uint64_t hash) {
  uint32_t cols = call->in[0].shape.cols;
  for (uint32_t i = 0; i < call->shape.rows; i++) {
    const double *row = call->in[0].values + (size_t)i * cols;
    uint32_t best = row_argmax(row, cols);
    for (uint32_t j = 0; j < cols; j++) hash = hash_mix(hash, row[j] == row[best]);
  }
  return hash;
}

/* -- shapes and constructors -- */

struct rect touch_nothing(const struct call *call, int which, struct rect part) {
  (void)call, (void)which, (void)part;
  return (struct rect){0};
}

#define FILL(name, formula)                                                                       \
  void name(const struct call *call, struct rect part) {                                          \
    for (uint32_t i = part.row0; i < part.row1; i++)                                              \
      for (uint32_t j = part.col0; j < part.col1; j++)                                            \
        call->out[(size_t)i * call->shape.cols + j] = (formula);                                  \
  }

FILL(forward_rows, call->in[0].shape.rows)
FILL(forward_cols, call->in[0].shape.cols)
FILL(forward_zeros, 0)
FILL(forward_ones, 1)
FILL(forward_eye, i == j)
FILL(forward_unit, (uint64_t)i * call->shape.cols + j == (uint64_t)call->axis)
FILL(forward_rand, random_uniform(call->random))
FILL(forward_randn, random_normal(call->random))
