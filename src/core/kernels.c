#include "core/kernels.h"

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

bool shape_matmul(const struct shape in[], int axis, struct shape *out) {
  (void)axis;
  *out = (struct shape){in[0].rows, in[1].cols};
  return in[0].cols == in[1].rows;
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

static struct walk walk_operand(const struct call *call, int which) {
  const struct operand *in = &call->in[which];
  return (struct walk){in->values, in->shape.rows == 1 ? 0 : in->shape.cols,
                       in->shape.cols == 1 ? 0 : 1};
}

#define ELEMENTWISE_1(name, formula)                                                              \
  void name(const struct call *call, struct rect part) {                                          \
    for (uint32_t i = part.row0; i < part.row1; i++) {                                            \
      const double *as = call->in[0].values + (size_t)i * call->shape.cols;                       \
      double *out = call->out + (size_t)i * call->shape.cols;                                     \
      for (uint32_t j = part.col0; j < part.col1; j++) {                                          \
        double a = as[j];                                                                         \
        out[j] = (formula);                                                                       \
      }                                                                                           \
    }                                                                                             \
  }

#define ELEMENTWISE_2(name, formula)                                                              \
  void name(const struct call *call, struct rect part) {                                          \
    struct walk wa = walk_operand(call, 0), wb = walk_operand(call, 1);                           \
    for (uint32_t i = part.row0; i < part.row1; i++) {                                            \
      const double *as = wa.values + i * wa.row_stride, *bs = wb.values + i * wb.row_stride;      \
      double *out = call->out + (size_t)i * call->shape.cols;                                     \
      for (uint32_t j = part.col0; j < part.col1; j++) {                                          \
        double a = as[j * wa.col_stride], b = bs[j * wb.col_stride];                              \
        out[j] = (formula);                                                                       \
      }                                                                                           \
    }                                                                                             \
  }

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

/* out[i, j] = sum over k of a[i, k] * b[k, j], k rising from 0, whichever of the two loops below
 * computes it. */

/* The loop over j is innermost, so that the compiler can compute neighbouring elements side by side
 * without touching the order of any one sum. */
static void matmul_rows(const struct call *call, struct rect part) {
  const struct operand *a = &call->in[0], *b = &call->in[1];
  uint32_t inner = a->shape.cols, cols = call->shape.cols;
  for (uint32_t i = part.row0; i < part.row1; i++) {
    double *restrict out = call->out + (size_t)i * cols;
    const double *as = a->values + (size_t)i * inner;
    for (uint32_t j = part.col0; j < part.col1; j++) out[j] = 0;
    for (uint32_t k = 0; k < inner; k++) {
      const double factor = as[k], *restrict bs = b->values + (size_t)k * cols;
      for (uint32_t j = part.col0; j < part.col1; j++) out[j] += factor * bs[j];
    }
  }
}

/* One column, four rows at a time: four sums that do not wait for each other. */
static void matmul_column(const struct call *call, uint32_t row0, uint32_t row1, uint32_t col) {
  enum { SIDE_BY_SIDE = 4 };
  size_t inner = call->in[0].shape.cols, cols = call->shape.cols;
  const double *bs = call->in[1].values + col;
  for (uint32_t i = row0; i < row1; i += SIDE_BY_SIDE) {
    uint32_t rows = row1 - i < SIDE_BY_SIDE ? row1 - i : SIDE_BY_SIDE;
    const double *as[SIDE_BY_SIDE];
    double sums[SIDE_BY_SIDE] = {0};
    for (uint32_t r = 0; r < SIDE_BY_SIDE; r++) /* rows that are not there repeat the last */
      as[r] = call->in[0].values + (i + (r < rows ? r : rows - 1)) * inner;
    for (size_t k = 0; k < inner; k++)
      for (uint32_t r = 0; r < SIDE_BY_SIDE; r++) sums[r] += as[r][k] * bs[k * cols];
    for (uint32_t r = 0; r < rows; r++) call->out[(i + r) * cols + col] = sums[r];
  }
}

void forward_matmul(const struct call *call, struct rect part) {
  enum { NARROW = 3 };
  if (part.col1 - part.col0 > NARROW) {
    matmul_rows(call, part);
    return;
  }
  for (uint32_t j = part.col0; j < part.col1; j++)
    matmul_column(call, part.row0, part.row1, j);
}

struct rect touch_matmul(const struct call *call, int which, struct rect part) {
  return which == 0 ? (struct rect){part.row0, part.row1, 0, call->shape.cols}
                    : (struct rect){0, call->shape.rows, part.col0, part.col1};
}

void forward_transpose(const struct call *call, struct rect part) {
  for (uint32_t i = part.row0; i < part.row1; i++)
    for (uint32_t j = part.col0; j < part.col1; j++)
      call->out[(size_t)i * call->shape.cols + j] =
          call->in[0].values[(size_t)j * call->shape.rows + i];
}

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
    for (uint32_t j = part.col0; j < part.col1; j++) call->out[(size_t)i * call->shape.cols + j] = 0;
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
