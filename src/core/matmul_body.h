/* The loops of the matrix product, for vectors of LANES doubles: matmul.c includes this once for
 * each instruction set, with BODY(name) naming what belongs to it and TARGET choosing it. (Inlining
 * one body into several would come too late: vectors that the common instruction set does not know
 * are taken apart before.) */

#define INLINE TARGET static inline __attribute__((always_inline))

/* Anywhere in memory. */
typedef double BODY(vector)
    __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));

/* Adds to WIDTH columns of a row (LANES or more, in COUNT vectors; FRESH: to 0) so many TERMS of a
 * row of a: those at WHICH, or, with NULL, the first ones. The last vector overlaps the one before
 * it where WIDTH is no multiple of LANES: both compute the same there. */
INLINE void BODY(add_terms)(double *out, const double *a, const uint16_t *which, size_t terms,
                            const double *b, size_t stride, size_t width, bool fresh,
                            const int count) {
  BODY(vector) sums[VECTORS];
  size_t at[VECTORS];
  for (int v = 0; v < count; v++) {
    at[v] = v + 1 < count ? (size_t)v * LANES : width - LANES;
    sums[v] = fresh ? (BODY(vector)){0} : *(BODY(vector) *)(out + at[v]);
  }
  for (size_t t = 0; t < terms; t++) {
    const size_t k = which ? which[t] : t;
    const double factor = a[k], *bs = b + k * stride;
    for (int v = 0; v < count; v++) sums[v] += factor * *(const BODY(vector) *)(bs + at[v]);
  }
  for (int v = 0; v < count; v++) *(BODY(vector) *)(out + at[v]) = sums[v];
}

INLINE void BODY(add_terms_to_row)(double *out, const double *a, const uint16_t *which,
                                   size_t terms, const double *b, size_t stride, size_t width,
                                   bool fresh) {
  switch ((width + LANES - 1) / LANES) {
    case 1: BODY(add_terms)(out, a, which, terms, b, stride, width, fresh, 1); break;
    case 2: BODY(add_terms)(out, a, which, terms, b, stride, width, fresh, 2); break;
    case 3: BODY(add_terms)(out, a, which, terms, b, stride, width, fresh, 3); break;
    case 4: BODY(add_terms)(out, a, which, terms, b, stride, width, fresh, 4); break;
    case 5: BODY(add_terms)(out, a, which, terms, b, stride, width, fresh, 5); break;
    case 6: BODY(add_terms)(out, a, which, terms, b, stride, width, fresh, 6); break;
    case 7: BODY(add_terms)(out, a, which, terms, b, stride, width, fresh, 7); break;
    default: BODY(add_terms)(out, a, which, terms, b, stride, width, fresh, 8); break;
  }
}

INLINE bool BODY(all_finite)(const double *values, size_t stride, size_t rows, size_t width) {
  int infinite = 0;
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < width; j++) infinite |= !(fabs(values[i * stride + j]) <= DBL_MAX);
  return !infinite;
}

/* Lists the terms that are not zero: marks them, a byte each, then looks for marks by the word. */
INLINE size_t BODY(list_terms)(const double *a, size_t depth, uint16_t *which) {
  uint8_t marks[DEPTH] = {0};
  size_t terms = 0;
  for (size_t k = 0; k < depth; k++) marks[k] = a[k] != 0;
  for (size_t k = 0; k < depth; k += sizeof(uint64_t)) {
    uint64_t word;
    memcpy(&word, marks + k, sizeof word);
    for (word = le64toh(word); word; word &= word - 1)
      which[terms++] = (uint16_t)(k + (size_t)__builtin_ctzll(word) / 8);
  }
  return terms;
}

/* How many of REST columns to take at once: as many as there are vectors, but never so many that
 * fewer than one vector's are left. */
INLINE size_t BODY(next_width)(size_t rest) {
  const size_t most = VECTORS * LANES;
  if (rest <= most) return rest;
  return rest < most + LANES ? most - LANES : most;
}

/* A zero times a finite number adds +0 or -0 to a sum that is never -0, which changes nothing:
 * where there are rows enough to make the search worth it, such terms are left out. */
INLINE void BODY(add_wide)(const struct call *call, struct rect part, uint32_t from, uint32_t to,
                         bool fresh) {
  enum { MANY_ROWS = 8 };
  size_t inner = call->in[0].shape.cols, cols = call->shape.cols, width = part.col1 - part.col0;
  uint16_t which[DEPTH];
  for (uint32_t k = from; k < to; k += DEPTH) {
    uint32_t depth = to - k < DEPTH ? to - k : DEPTH;
    const double *b = call->in[1].values + k * cols + part.col0;
    bool skip = part.row1 - part.row0 >= MANY_ROWS && BODY(all_finite)(b, cols, depth, width);
    for (uint32_t i = part.row0; i < part.row1; i++) {
      const double *a = call->in[0].values + i * inner + k;
      double *out = call->out + i * cols + part.col0;
      size_t terms = skip ? BODY(list_terms)(a, depth, which) : depth;
      for (size_t j = 0, columns; j < width; j += columns) {
        columns = BODY(next_width)(width - j);
        BODY(add_terms_to_row)(out + j, a, skip ? which : NULL, terms, b + j, cols, columns,
                         fresh && k == from);
      }
    }
  }
}

/* One column, four rows at a time: four sums that do not wait for each other. */
INLINE void BODY(add_column)(const struct call *call, struct rect part, uint32_t col, uint32_t from,
                           uint32_t to, bool fresh) {
  enum { SIDE_BY_SIDE = 4 };
  size_t inner = call->in[0].shape.cols, cols = call->shape.cols;
  const double *bs = call->in[1].values + col;
  for (uint32_t i = part.row0; i < part.row1; i += SIDE_BY_SIDE) {
    uint32_t rows = part.row1 - i < SIDE_BY_SIDE ? part.row1 - i : SIDE_BY_SIDE;
    const double *as[SIDE_BY_SIDE];
    double sums[SIDE_BY_SIDE], *out = call->out + i * cols + col;
    for (uint32_t r = 0; r < SIDE_BY_SIDE; r++) { /* rows that are not there repeat the last */
      size_t row = r < rows ? r : rows - 1;
      as[r] = call->in[0].values + (i + row) * inner;
      sums[r] = fresh ? 0 : out[row * cols];
    }
    for (size_t k = from; k < to; k++)
      for (uint32_t r = 0; r < SIDE_BY_SIDE; r++) sums[r] += as[r][k] * bs[k * cols];
    for (uint32_t r = 0; r < rows; r++) out[r * cols] = sums[r];
  }
}

TARGET static void BODY(multiply)(const struct call *call, struct rect part, uint32_t from,
                                  uint32_t to, bool fresh) {
  if (part.col1 - part.col0 >= LANES) BODY(add_wide)(call, part, from, to, fresh);
  else
    for (uint32_t j = part.col0; j < part.col1; j++)
      BODY(add_column)(call, part, j, from, to, fresh);
}

#undef INLINE
#undef BODY
#undef LANES
#undef TARGET
