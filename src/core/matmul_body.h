/* The loops of the matrix product, for vectors of LANES doubles: matmul.c includes this once for
 * each instruction set, with BODY(name) naming what belongs to it and TARGET choosing it. (Inlining
 * one body into several would come too late: vectors that the common instruction set does not know
 * are taken apart before.) */

#define INLINE TARGET static inline __attribute__((always_inline))

/* Anywhere in memory. */
typedef double BODY(vector)
    __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));
typedef int64_t BODY(bits) __attribute__((vector_size(LANES * sizeof(int64_t))));

/* Where vector V of COUNT begins in WIDTH columns: the last one overlaps the one before it where
 * WIDTH is no multiple of LANES; both compute the same there. */
#define BEGINS(v) (v + 1 < count ? (size_t)v * LANES : width - LANES)

/* Adds to WIDTH columns of a row (LANES or more, in COUNT vectors; FRESH: to 0) those terms that
 * TERMS has a bit for; a's are STEP apart. PACKED: a row of b has its vectors one after the other.
 * The sums are variables of their own, since few compilers keep an array in registers. */
INLINE void BODY(add_terms)(double *out, const double *a, size_t step, uint64_t terms,
                            const double *b, size_t stride, size_t width, bool fresh,
                            const bool packed, const int count) {
#define SUM_FROM(v)                   \
  BODY(vector) sum##v = {0};          \
  if (v < count && !fresh) memcpy(&sum##v, out + BEGINS(v), sizeof sum##v);
#define SUM_ADD(v) \
  if (v < count)   \
    sum##v += factor * *(const BODY(vector) *)(bs + (packed ? (size_t)v * LANES : BEGINS(v)));
#define SUM_TO(v) \
  if (v < count) memcpy(out + BEGINS(v), &sum##v, sizeof sum##v);
  EACH_VECTOR(SUM_FROM)
  for (; terms; terms &= terms - 1) {
    const size_t k = (size_t)__builtin_ctzll(terms);
    const double factor = a[k * step], *bs = b + k * stride;
    EACH_VECTOR(SUM_ADD)
  }
  EACH_VECTOR(SUM_TO)
#undef SUM_FROM
#undef SUM_ADD
#undef SUM_TO
}

INLINE void BODY(add_terms_to_row)(double *out, const double *a, size_t step, uint64_t terms,
                                   const double *b, size_t stride, size_t width, bool fresh,
                                   const bool packed) {
#define COUNTED(count) BODY(add_terms)(out, a, step, terms, b, stride, width, fresh, packed, count)
  switch ((width + LANES - 1) / LANES) {
    case 1: COUNTED(1); break;
    case 2: COUNTED(2); break;
    case 3: COUNTED(3); break;
    case 4: COUNTED(4); break;
    case 5: COUNTED(5); break;
    case 6: COUNTED(6); break;
    case 7: COUNTED(7); break;
    default: COUNTED(8); break;
  }
#undef COUNTED
}

/* A bit for each of DEPTH neighbouring numbers that is not zero. */
INLINE uint64_t BODY(terms_of_row)(const double *a, size_t depth) {
  BODY(bits) bits = {0}, bit;
  uint64_t terms = 0;
  size_t k = 0;
  for (int l = 0; l < LANES; l++) bit[l] = (int64_t)1 << l;
  for (; k + LANES <= depth; k += LANES, bit <<= LANES)
    bits |= (*(const BODY(vector) *)(a + k) != 0) & bit;
  for (int l = 0; l < LANES; l++) terms |= (uint64_t)bits[l];
  for (; k < depth; k++) terms |= (uint64_t)(a[k] != 0) << k;
  return terms;
}

/* The same for COUNT neighbours at once, whose numbers are one below the other, STEP apart. */
INLINE void BODY(terms_of_columns)(const double *a, size_t step, size_t depth, size_t count,
                                   uint64_t *terms) {
  size_t j = 0;
  for (; j + LANES <= count; j += LANES) {
    BODY(bits) bits = {0}, bit = bits + 1;
    for (size_t k = 0; k < depth; k++, bit <<= 1)
      bits |= (*(const BODY(vector) *)(a + k * step + j) != 0) & bit;
    memcpy(terms + j, &bits, sizeof bits);
  }
  for (; j < count; j++) {
    terms[j] = 0;
    for (size_t k = 0; k < depth; k++) terms[j] |= (uint64_t)(a[k * step + j] != 0) << k;
  }
}

/* The same from the marks of a tensor of so many ROWS: of COUNT neighbours, a word of them or fewer,
 * from column AT on. */
INLINE void BODY(terms_of_marks)(const uint64_t *marks, size_t rows, size_t at, size_t depth,
                                 size_t count, uint64_t *terms) {
  for (size_t j = 0; j < count; j += LANES) {
    BODY(bits) bits = {0}, bit = bits + 1, own;
    for (int l = 0; l < LANES; l++) own[l] = (int64_t)1 << l;
    own <<= j;
    for (size_t k = 0; k < depth; k++, bit <<= 1)
      bits |= (((int64_t)marks_at(marks + k, rows, at, count) & own) != 0) & bit;
    memcpy(terms + j, &bits, (count - j < LANES ? count - j : LANES) * sizeof *terms);
  }
}

/* Copies a block of b, a row's vectors one after the other. False if a number is not finite. */
INLINE bool BODY(pack)(double *packed, const double *b, size_t stride, size_t depth,
                       size_t width) {
  const size_t count = (width + LANES - 1) / LANES;
  BODY(vector) zero = {0};
  for (size_t k = 0; k < depth; k++, b += stride)
    for (size_t v = 0; v < count; v++, packed += LANES) {
      const BODY(vector) bs = *(const BODY(vector) *)(b + BEGINS(v));
      *(BODY(vector) *)packed = bs;
      zero += 0 * bs;
    }
  for (int l = 0; l < LANES; l++)
    if (!(zero[l] <= 0)) return false; /* an infinity or a NaN, times 0, is NaN */
  return true;
}

/* Rows of the product that are taken together: the terms of all of them are found before the first
 * is added up, so that no row waits for its own. */
struct BODY(rows) {
  const double *a;
  size_t row_step, step; /* from row to row, from term to term */
  bool transposed;
  const uint64_t *marks; /* of a, from its first row of these on; NULL: not known */
  size_t marked_rows, at; /* rows that have marks; the number in them that these begin with */
  double *out;
  size_t cols, count;
};

/* The terms that are not 0 of the first COUNT rows, which are one after the other in A. */
INLINE void BODY(find_terms)(const struct BODY(rows) *rows, size_t depth, size_t count,
                             uint64_t *terms) {
  if (rows->transposed && rows->marks)
    BODY(terms_of_marks)(rows->marks, rows->marked_rows, rows->at, depth, count, terms);
  else if (rows->transposed)
    BODY(terms_of_columns)(rows->a, rows->step, depth, count, terms);
  else
    for (size_t r = 0; r < count; r++)
      terms[r] = rows->marks ? marks_at(rows->marks + r, rows->marked_rows, rows->at, depth)
                             : BODY(terms_of_row)(rows->a + r * rows->row_step, depth);
}

INLINE void BODY(add_to_rows)(struct BODY(rows) rows, size_t depth, bool skip, const double *b,
                              size_t stride, size_t width, bool fresh, const bool packed) {
  enum { AT_ONCE = 16 };
  uint64_t terms[AT_ONCE];
  memset(terms, 0xFF, sizeof terms);
  for (size_t r = 0; r < AT_ONCE; r++) terms[r] >>= WORD - depth;
  for (size_t most = AT_ONCE; rows.count > 0; rows.count -= most) {
    if (rows.count < most) most = rows.count;
    if (skip) BODY(find_terms)(&rows, depth, most, terms);
    if (rows.transposed) rows.at += most;
    else if (rows.marks) rows.marks += most;
    for (size_t r = 0; r < most; r++, rows.a += rows.row_step, rows.out += rows.cols)
      if (fresh || terms[r])
        BODY(add_terms_to_row)(rows.out, rows.a, rows.step, terms[r], b, stride, width, fresh,
                               packed);
  }
}

/* Terms [from, to), a word of bits or fewer, of WIDTH columns from COL on. Terms that are zero are
 * left out where it pays to look for them: a zero times a finite number adds +0 or -0 to a sum that
 * is never -0, which changes nothing. */
INLINE void BODY(add_block)(const struct call *call, const bool transposed, struct rect part,
                            size_t col, size_t width, uint32_t from, uint32_t to, bool fresh) {
  enum { MANY_ROWS = 16 };
  const size_t cols = call->shape.cols, depth = to - from, inner = call->in[0].shape.cols;
  struct BODY(rows) rows = {.row_step = transposed ? 1 : inner, .step = transposed ? inner : 1,
                            .transposed = transposed, .cols = cols,
                            .count = part.row1 - part.row0};
  const double *b = call->in[1].values + from * cols + col;
  rows.a = call->in[0].values + part.row0 * rows.row_step + from * rows.step;
  rows.out = call->out + part.row0 * cols + col;
  if (call->marks) {
    rows.marked_rows = call->in[0].shape.rows;
    rows.marks = call->marks + (transposed ? from : part.row0);
    rows.at = transposed ? part.row0 : from;
  }
  const bool may_skip = shortcut_taken(SHORTCUT_ZERO_TERMS);
  if (call->finite || rows.count < MANY_ROWS) {
    BODY(add_to_rows)(rows, depth, call->finite && may_skip, b, cols, width, fresh, false);
  } else {
    UNFILLED double packed[WORD * VECTORS * LANES] __attribute__((aligned(MEMORY_LINE)));
    const bool skip = BODY(pack)(packed, b, cols, depth, width) && may_skip;
    BODY(add_to_rows)(rows, depth, skip, packed, (width + LANES - 1) / LANES * LANES, width, fresh,
                      true);
  }
}

/* How many of REST columns to take at once: as many as there are vectors, but never so many that
 * fewer than one vector's are left. */
INLINE size_t BODY(next_width)(size_t rest) {
  const size_t most = VECTORS * LANES;
  if (rest <= most) return rest;
  return rest < most + LANES ? most - LANES : most;
}

INLINE void BODY(add_wide)(const struct call *call, const bool transposed, struct rect part,
                           uint32_t from, uint32_t to, bool fresh) {
  for (uint32_t k = from; k < to; k += WORD)
    for (size_t col = part.col0, width; col < part.col1; col += width) {
      width = BODY(next_width)(part.col1 - col);
      BODY(add_block)(call, transposed, part, col, width, k, to - k < WORD ? to : k + WORD,
                      fresh && k == from);
    }
}

/* One column, four rows at a time: four sums that do not wait for each other. */
INLINE void BODY(add_column)(const struct call *call, const bool transposed, struct rect part,
                             uint32_t col, uint32_t from, uint32_t to, bool fresh) {
  enum { SIDE_BY_SIDE = 4 };
  const size_t cols = call->shape.cols;
  const size_t row_step = transposed ? 1 : call->in[0].shape.cols;
  const size_t step = transposed ? call->in[0].shape.cols : 1;
  const double *bs = call->in[1].values + col;
  for (uint32_t i = part.row0; i < part.row1; i += SIDE_BY_SIDE) {
    uint32_t rows = part.row1 - i < SIDE_BY_SIDE ? part.row1 - i : SIDE_BY_SIDE;
    const double *as[SIDE_BY_SIDE];
    double sums[SIDE_BY_SIDE], *out = call->out + i * cols + col;
    for (uint32_t r = 0; r < SIDE_BY_SIDE; r++) { /* rows that are not there repeat the last */
      size_t row = r < rows ? r : rows - 1;
      as[r] = call->in[0].values + (i + row) * row_step;
      sums[r] = fresh ? 0 : out[row * cols];
    }
    for (size_t k = from; k < to; k++)
      for (uint32_t r = 0; r < SIDE_BY_SIDE; r++) sums[r] += as[r][k * step] * bs[k * cols];
    for (uint32_t r = 0; r < rows; r++) out[r * cols] = sums[r];
  }
}

INLINE void BODY(add)(const struct call *call, const bool transposed, struct rect part,
                      uint32_t from, uint32_t to, bool fresh) {
  if (part.col1 - part.col0 >= LANES)
    BODY(add_wide)(call, transposed, part, from, to, fresh);
  else
    for (uint32_t j = part.col0; j < part.col1; j++)
      BODY(add_column)(call, transposed, part, j, from, to, fresh);
}

TARGET static void BODY(multiply)(const struct call *call, struct rect part, uint32_t from,
                                  uint32_t to, bool fresh) {
  BODY(add)(call, false, part, from, to, fresh);
}

TARGET static void BODY(multiply_transposed)(const struct call *call, struct rect part,
                                             uint32_t terms) {
  BODY(add)(call, true, part, 0, terms, true);
}

#undef BEGINS
#undef INLINE
#undef BODY
#undef LANES
#undef TARGET
