/* The forward kernels, and the decisions that they take, for one type of number: kernels.c includes
 * this for double, kernels_wide.c for wide. Both have the formulas and the order of every sum from
 * here, so that the second opinion is about the same function. The file that includes it says what
 *   REAL, CALL, OPERAND  the number and the structures made of it are,
 *   OF(name)             a kernel is called,
 *   MATH(name)           the C library's function is called,
 *   KERNEL(name), SUM_KERNEL(name)  make a kernel of the body that stands before them. */

#define BODY_OF(name) BODY_OF_(name)
#define BODY_OF_(name) name##_body

/* -- elementwise: an operand with one row or column is repeated, by a stride of 0 -- */

struct stride {
  const REAL *values;
  size_t row_stride, col_stride;
};

CLONE_BODY struct stride walk_operand(const CALL *call, int which) {
  const OPERAND *in = &call->in[which];
  return (struct stride){in->values, in->shape.rows == 1 ? 0 : in->shape.cols,
                       in->shape.cols == 1 ? 0 : 1};
}

/* Whole rows are one long row, where an operand that is not repeated stands beside the result. */
struct runs {
  size_t first, stride; /* numbers of the result: the first, and from one line to the next */
  uint32_t count, length;
};

/* Whether an operand has a number of its own for each of the result, or just one for all. */
CLONE_BODY bool walks_along(const CALL *call, struct stride walk) {
  return walk.row_stride == walk.col_stride * call->shape.cols;
}

CLONE_BODY struct runs lines_of(const CALL *call, struct rect part, bool joined) {
  const size_t cols = call->shape.cols;
  struct runs lines = {part.row0 * cols + part.col0, cols, part.row1 - part.row0,
                        part.col1 - part.col0};
  if (joined && lines.length == cols && lines.count > 0) lines.length *= lines.count, lines.count = 1;
  return lines;
}

/* A kernel may write over its own operand, but no entry waits for another one. */
#ifdef __clang__
#define INDEPENDENT /* clang looks for itself */
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

#define PARAMETERS (const CALL *call, struct rect part)
#define ARGUMENTS (call, part)
#define SUM_PARAMETERS                                                                  \
  (const CALL *call, struct rect part, size_t from, size_t to, REAL *out, size_t stride)
#define SUM_ARGUMENTS (call, part, from, to, out, stride)

#define ELEMENTWISE_1(name, formula)                                                              \
  CLONE_BODY void BODY_OF(name) PARAMETERS {                                                      \
    const struct runs lines = lines_of(call, part, true);                                        \
    const REAL *as = call->in[0].values + lines.first;                                            \
    REAL *out = call->out + lines.first;                                                          \
    for (uint32_t i = 0; i < lines.count; i++, as += lines.stride, out += lines.stride)           \
      INDEPENDENT for (uint32_t j = 0; j < lines.length; j++) {                                   \
        REAL a = as[j];                                                                           \
        out[j] = (formula);                                                                       \
      }                                                                                           \
  }                                                                                               \
  KERNEL(name)

/* A line of it, with the strides of both operands as constants. */
#define ELEMENTWISE_ROW(a_stride, b_stride, formula)                                              \
  INDEPENDENT for (uint32_t j = 0; j < lines.length; j++) {                                       \
    REAL a = as[j * (a_stride)], b = bs[j * (b_stride)];                                          \
    out[j] = (formula);                                                                           \
  }

#define ELEMENTWISE_2(name, formula)                                                              \
  CLONE_BODY void BODY_OF(name) PARAMETERS {                                                      \
    const struct stride wa = walk_operand(call, 0), wb = walk_operand(call, 1);                     \
    const struct runs lines = lines_of(call, part, walks_along(call, wa) && walks_along(call, wb)); \
    const REAL *as = wa.values + part.row0 * wa.row_stride + part.col0 * wa.col_stride;           \
    const REAL *bs = wb.values + part.row0 * wb.row_stride + part.col0 * wb.col_stride;           \
    REAL *out = call->out + lines.first;                                                          \
    for (uint32_t i = 0; i < lines.count; i++) {                                                  \
      if (wa.col_stride && wb.col_stride) { ELEMENTWISE_ROW(1, 1, formula) }                      \
      else if (wa.col_stride) { ELEMENTWISE_ROW(1, 0, formula) }                                  \
      else if (wb.col_stride) { ELEMENTWISE_ROW(0, 1, formula) }                                  \
      else { ELEMENTWISE_ROW(0, 0, formula) }                                                     \
      as += wa.row_stride, bs += wb.row_stride, out += lines.stride;                              \
    }                                                                                             \
  }                                                                                               \
  KERNEL(name)

ELEMENTWISE_2(OF(forward_add), a + b)
ELEMENTWISE_2(OF(forward_sub), a - b)
ELEMENTWISE_2(OF(forward_mul), a * b)
ELEMENTWISE_2(OF(forward_div), a / b)
ELEMENTWISE_2(OF(forward_pow), MATH(pow)(a, b))
/* a + b hands on a NaN from either side, which fmax() would swallow. */
ELEMENTWISE_2(OF(forward_max), a > b ? a : a <= b ? b : a + b)
ELEMENTWISE_2(OF(forward_min), a < b ? a : a >= b ? b : a + b)
ELEMENTWISE_2(OF(forward_less), a < b)
ELEMENTWISE_2(OF(forward_less_equal), a <= b)
ELEMENTWISE_2(OF(forward_greater), a > b)
ELEMENTWISE_2(OF(forward_greater_equal), a >= b)
ELEMENTWISE_2(OF(forward_equal), a == b)
ELEMENTWISE_2(OF(forward_not_equal), a != b)
ELEMENTWISE_1(OF(forward_neg), -a)
ELEMENTWISE_1(OF(forward_exp), MATH(exp)(a))
ELEMENTWISE_1(OF(forward_log), MATH(log)(a))
ELEMENTWISE_1(OF(forward_sqrt), MATH(sqrt)(a))
ELEMENTWISE_1(OF(forward_abs), MATH(fabs)(a))
ELEMENTWISE_1(OF(forward_sin), MATH(sin)(a))
ELEMENTWISE_1(OF(forward_cos), MATH(cos)(a))
ELEMENTWISE_1(OF(forward_tanh), MATH(tanh)(a))
ELEMENTWISE_1(OF(forward_copy), a)

/* -- across entries -- */

enum { SUM_WIDTH = 16 };

static void transpose_rows(const CALL *call, struct rect part) {
  size_t rows = call->shape.rows, cols = call->shape.cols;
  for (size_t j = part.col0; j < part.col1; j++)
    for (size_t i = part.row0; i < part.row1; i++)
      call->out[i * cols + j] = call->in[0].values[j * rows + i];
}

/* A few rows at a time, so that what is read together is written together. */
CLONE_BODY void BODY_OF(OF(forward_transpose)) PARAMETERS {
  enum { BLOCK = 8 };
  size_t rows = call->shape.rows, cols = call->shape.cols;
  for (; part.row0 + BLOCK <= part.row1; part.row0 += BLOCK) {
    REAL *out = call->out + part.row0 * cols;
    for (size_t j = part.col0; j < part.col1; j++)
      for (size_t i = 0; i < BLOCK; i++)
        out[i * cols + j] = call->in[0].values[j * rows + part.row0 + i];
  }
  transpose_rows(call, part);
}
KERNEL(OF(forward_transpose))

static size_t sum_terms(struct shape shape, int axis) {
  return axis == AXIS_DOWN ? shape.rows : axis == AXIS_ACROSS ? shape.cols : shape_count(shape);
}

/* The sums of WIDTH (SUM_WIDTH or fewer) neighbours' TERMS, STEP apart, in the order of order.h. */
CLONE_BODY void add_side_by_side(const REAL *values, size_t step, size_t terms, uint32_t width,
                                 REAL *out) {
  const size_t blocks = order_blocks(terms);
  UNFILLED REAL kept[SUM_LEVELS][SUM_WIDTH], sums[SUM_WIDTH];
  for (size_t block = 0, k = 0; block < blocks; block++) {
    const size_t end = terms - k < SUM_BLOCK ? terms : k + SUM_BLOCK;
    for (uint32_t j = 0; j < width; j++) sums[j] = 0;
    for (; k < end; k++)
      for (uint32_t j = 0; j < width; j++) sums[j] += values[k * step + j];
    for (uint64_t merges = order_merges(block, blocks); merges; merges &= merges - 1)
      for (uint32_t j = 0; j < width; j++) sums[j] = kept[__builtin_ctzll(merges)][j] + sums[j];
    REAL *to = block + 1 < blocks ? kept[order_level(block)] : out;
    for (uint32_t j = 0; j < width; j++) to[j] = sums[j];
  }
}

CLONE_BODY void BODY_OF(OF(add_up_sum))(const CALL *call, struct rect part, size_t from, size_t to,
                                        REAL *out, size_t stride) {
  const size_t cols = call->in[0].shape.cols;
  if (call->axis == AXIS_DOWN) {
    for (uint32_t j = part.col0; j < part.col1; j += SUM_WIDTH)
      add_side_by_side(call->in[0].values + from * cols + j, cols, to - from,
                       part.col1 - j < SUM_WIDTH ? part.col1 - j : SUM_WIDTH,
                       out + (j - part.col0));
    return;
  }
  for (uint32_t i = part.row0; i < part.row1; i++) /* the only one, or one a row */
    add_side_by_side(call->in[0].values + i * cols + from, 1, to - from, 1,
                     out + (i - part.row0) * stride);
}
SUM_KERNEL(OF(add_up_sum))

void OF(forward_sum)(const CALL *call, struct rect part) {
  REAL *out = call->out + (size_t)part.row0 * call->shape.cols + part.col0;
  if (rect_empty(part)) return;
  OF(add_up_sum)(call, part, 0, sum_terms(call->in[0].shape, call->axis), out, call->shape.cols);
}

/* Column of the largest entry of a row, the first at a tie; a NaN counts as the largest. */
static uint32_t row_argmax(const REAL *row, uint32_t cols) {
  uint32_t best = 0;
  for (uint32_t j = 1; j < cols && !isnan(row[best]); j++)
    if (!(row[j] <= row[best])) best = j;
  return best;
}

void OF(forward_rowmax)(const CALL *call, struct rect part) {
  uint32_t cols = call->in[0].shape.cols;
  for (uint32_t i = part.row0; i < part.row1 && !rect_empty(part); i++) {
    const REAL *row = call->in[0].values + (size_t)i * cols;
    call->out[i] = row[row_argmax(row, cols)];
  }
}

/* -- decisions, for finding kinks -- */

uint64_t OF(branches_compare)(const CALL *call, uint64_t hash) {
  struct stride wa = walk_operand(call, 0), wb = walk_operand(call, 1);
  for (uint32_t i = 0; i < call->shape.rows; i++)
    for (uint32_t j = 0; j < call->shape.cols; j++) {
      REAL a = wa.values[i * wa.row_stride + j * wa.col_stride];
      REAL b = wb.values[i * wb.row_stride + j * wb.col_stride];
      hash = hash_mix(hash, (uint64_t)(1 + (a > b) - (a < b)));
    }
  return hash;
}

uint64_t OF(branches_sign)(const CALL *call, uint64_t hash) {
  for (size_t i = 0; i < shape_count(call->shape); i++) {
    REAL a = call->in[0].values[i];
    hash = hash_mix(hash, (uint64_t)(1 + (a > 0) - (a < 0)));
  }
  return hash;
}

uint64_t OF(branches_rowmax)(const CALL *call, uint64_t hash) {
  uint32_t cols = call->in[0].shape.cols;
  for (uint32_t i = 0; i < call->shape.rows; i++) {
    const REAL *row = call->in[0].values + (size_t)i * cols;
    uint32_t best = row_argmax(row, cols);
    for (uint32_t j = 0; j < cols; j++) hash = hash_mix(hash, row[j] == row[best]);
  }
  return hash;
}

/* -- shapes and constructors -- */

#define FILL(name, formula)                                                                       \
  void name(const CALL *call, struct rect part) {                                                 \
    for (uint32_t i = part.row0; i < part.row1; i++)                                              \
      for (uint32_t j = part.col0; j < part.col1; j++)                                            \
        call->out[(size_t)i * call->shape.cols + j] = (formula);                                  \
  }

FILL(OF(forward_rows), call->in[0].shape.rows)
FILL(OF(forward_cols), call->in[0].shape.cols)
FILL(OF(forward_zeros), 0)
FILL(OF(forward_ones), 1)
FILL(OF(forward_eye), i == j)
FILL(OF(forward_unit), (uint64_t)i * call->shape.cols + j == (uint64_t)call->axis)
