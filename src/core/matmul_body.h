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

/* Adds up, in WIDTH columns of a row (LANES or more, in COUNT vectors), those of a block's terms
 * that TERMS has a bit for, and before them the sums that wait; a's are STEP apart. PACKED: a row
 * of b has its vectors one after the other. The sums are variables of their own, since few
 * compilers keep an array in registers. */
INLINE void BODY(add_terms)(double *out, const double *a, size_t step, uint64_t terms,
                            const double *b, size_t stride, size_t width,
                            const struct waiting waiting, const bool packed, const int count) {
#define SUM_OF(v) BODY(vector) sum##v = {0};
#define SUM_ADD(v) \
  if (v < count)   \
    sum##v += factor * *(const BODY(vector) *)(bs + (packed ? (size_t)v * LANES : BEGINS(v)));
#define SUM_MERGE(v) \
  if (v < count) sum##v = *(const BODY(vector) *)(waits + BEGINS(v)) + sum##v;
#define SUM_TO(v) \
  if (v < count) *(BODY(vector) *)(out + BEGINS(v)) = sum##v;
  EACH_VECTOR(SUM_OF)
  for (; terms; terms &= terms - 1) {
    const size_t k = (size_t)__builtin_ctzll(terms);
    const double factor = a[k * step], *bs = b + k * stride;
    EACH_VECTOR(SUM_ADD)
  }
  for (uint64_t merges = waiting.merges; merges; merges &= merges - 1) {
    const double *waits = waiting.sums + (size_t)__builtin_ctzll(merges) * waiting.level;
    EACH_VECTOR(SUM_MERGE)
  }
  EACH_VECTOR(SUM_TO)
#undef SUM_OF
#undef SUM_ADD
#undef SUM_MERGE
#undef SUM_TO
}

INLINE void BODY(add_terms_to_row)(double *out, const double *a, size_t step, uint64_t terms,
                                   const double *b, size_t stride, size_t width,
                                   const struct waiting waiting, const bool packed) {
#define COUNTED(count) \
  BODY(add_terms)(out, a, step, terms, b, stride, width, waiting, packed, count)
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

INLINE bool BODY(any_bit)(BODY(bits) bits) {
  int64_t all = 0;
  for (int l = 0; l < LANES; l++) all |= bits[l];
  return all != 0;
}

/* Copies a block of b, a row's vectors one after the other. False if a number is not finite: an
 * infinity or a NaN, times 0, is NaN. */
INLINE bool BODY(pack)(double *packed, const double *b, size_t stride, size_t depth,
                       size_t width) {
  const size_t count = (width + LANES - 1) / LANES;
  BODY(bits) infinite = {0};
  for (size_t k = 0; k < depth; k++, b += stride)
    for (size_t v = 0; v < count; v++, packed += LANES) {
      const BODY(vector) bs = *(const BODY(vector) *)(b + BEGINS(v));
      *(BODY(vector) *)packed = bs;
      infinite |= 0 * bs != 0;
    }
  return !BODY(any_bit)(infinite);
}

/* Whether the rows of b that TERMS has a bit for are finite. */
INLINE bool BODY(are_finite)(uint64_t terms, const double *b, size_t stride, size_t width) {
  const size_t count = (width + LANES - 1) / LANES;
  BODY(bits) infinite = {0};
  for (; terms; terms &= terms - 1) {
    const double *bs = b + (size_t)__builtin_ctzll(terms) * stride;
    for (size_t v = 0; v < count; v++)
      infinite |= 0 * *(const BODY(vector) *)(bs + BEGINS(v)) != 0;
  }
  return !BODY(any_bit)(infinite);
}

/* Rows of the product that are taken together. */
struct BODY(rows) {
  const double *a;
  size_t row_step, step; /* from row to row, from term to term */
  bool transposed;
  double *out;
  size_t stride, count;   /* of OUT from row to row; rows */
  struct waiting waiting; /* of the first row */
};

/* The terms of a block of DEPTH that are not 0, for each row: for all of them before the first is
 * added up, so that no row waits for its own. */
INLINE void BODY(find_terms)(const struct BODY(rows) *rows, size_t depth, uint64_t *terms) {
  if (rows->transposed)
    BODY(terms_of_columns)(rows->a, rows->step, depth, rows->count, terms);
  else
    for (size_t r = 0; r < rows->count; r++)
      terms[r] = BODY(terms_of_row)(rows->a + r * rows->row_step, depth);
}

/* TERMS: those of each row that are added, or NULL for all. */
INLINE void BODY(add_to_rows)(struct BODY(rows) rows, size_t depth, const uint64_t *terms,
                              const double *b, size_t stride, size_t width, const bool packed) {
  const uint64_t all = UINT64_MAX >> (SUM_BLOCK - depth);
  for (size_t r = 0; r < rows.count; r++) {
    BODY(add_terms_to_row)(rows.out, rows.a, rows.step, terms ? terms[r] : all, b, stride, width,
                           rows.waiting, packed);
    rows.a += rows.row_step;
    rows.out += rows.stride;
    if (rows.waiting.merges) rows.waiting.sums += width;
  }
}

/* Whether a few rows leave out so many of their TERMS that it pays to see whether those are finite,
 * and they are. */
INLINE bool BODY(few_may_skip)(const uint64_t *terms, size_t rows, size_t depth, const double *b,
                               size_t cols, size_t width) {
  const uint64_t all = UINT64_MAX >> (SUM_BLOCK - depth);
  uint64_t kept = all;
  int saved = (int)(rows * depth);
  for (size_t r = 0; r < rows; r++) {
    kept &= terms[r];
    saved -= __builtin_popcountll(terms[r]);
  }
  const uint64_t left_out = all & ~kept;
  return saved >= 2 * __builtin_popcountll(left_out) &&
         BODY(are_finite)(left_out, b, cols, width);
}

/* A block of DEPTH terms, of WIDTH columns of b, whose rows are COLS apart. Those that are zero are
 * left out where TERMS says which they are: a zero times a finite number adds +0 or -0 to a sum
 * that is never -0, which changes nothing. */
INLINE void BODY(add_block)(const struct BODY(rows) rows, size_t depth, const uint64_t *terms,
                            const double *b, size_t cols, size_t width) {
  if (rows.count < MANY_ROWS) {
    const bool skip = terms && BODY(few_may_skip)(terms, rows.count, depth, b, cols, width);
    BODY(add_to_rows)(rows, depth, skip ? terms : NULL, b, cols, width, false);
  } else {
    UNFILLED double packed[SUM_BLOCK * VECTORS * LANES] __attribute__((aligned(MEMORY_LINE)));
    const bool finite = BODY(pack)(packed, b, cols, depth, width);
    BODY(add_to_rows)(rows, depth, finite ? terms : NULL, packed,
                      (width + LANES - 1) / LANES * LANES, width, true);
  }
}

/* How many of REST columns to take at once: as many as there are vectors, but never so many that
 * fewer than one vector's are left. */
INLINE size_t BODY(next_width)(size_t rest) {
  const size_t most = VECTORS * LANES;
  if (rest <= most) return rest;
  return rest < most + LANES ? most - LANES : most;
}

/* A few rows: in each block the terms that matter are found once, for all columns. KEPT has room
 * for the waiting sums. */
INLINE void BODY(add_blocks)(struct BODY(rows) rows, size_t terms, const double *b, size_t cols,
                             size_t width, double *kept, uint64_t *found) {
  const size_t blocks = order_blocks(terms), level = rows.count * VECTORS * LANES;
  const bool wide = width > FEW_VECTORS * LANES; /* or looking costs more than it saves */
  const bool may_skip = (wide ? rows.count > 1 : rows.count >= MANY_ROWS) &&
                        shortcut_taken(SHORTCUT_ZERO_TERMS);
  const bool once = blocks * rows.count <= FOUND;
  for (size_t col = 0, some; col < width; col += some) {
    some = BODY(next_width)(width - col);
    for (size_t n = 0; n < blocks; n++) {
      struct BODY(rows) here = rows;
      const bool last = n + 1 == blocks;
      const size_t depth = last ? terms - n * SUM_BLOCK : SUM_BLOCK;
      uint64_t *matter = found + (once ? n * rows.count : 0);
      here.a += n * SUM_BLOCK * rows.step;
      here.waiting = (struct waiting){kept, level, order_merges(n, blocks)};
      here.out = last ? rows.out + col : kept + (size_t)order_level(n) * level;
      if (!last) here.stride = some;
      if (may_skip && (col == 0 || !once)) BODY(find_terms)(&here, depth, matter);
      BODY(add_block)(here, depth, may_skip ? matter : NULL, b + n * SUM_BLOCK * cols + col, cols,
                      some);
    }
  }
}

/* As many rows at a time as there is room for. A function of its own, since small products are
 * quicker without so much stack. */
TARGET static __attribute__((noinline)) void BODY(add_groups)(struct BODY(rows) rows, size_t terms,
                                                              const double *b, size_t cols,
                                                              size_t width) {
  UNFILLED double kept[KEPT * VECTORS * LANES] __attribute__((aligned(MEMORY_LINE)));
  UNFILLED uint64_t found[FOUND];
  const size_t levels = (size_t)order_levels(order_blocks(terms));
  const size_t most = levels > 0 ? KEPT / levels : KEPT;
  for (size_t rest = rows.count; rest > 0; rest -= rows.count) {
    rows.count = rest < most ? rest : most;
    BODY(add_blocks)(rows, terms, b, cols, width, kept, found);
    rows.a += rows.count * rows.row_step;
    rows.out += rows.count * rows.stride;
  }
}

INLINE void BODY(add_wide)(const struct call *call, const bool transposed, struct rect part,
                           size_t from, size_t to, double *out, size_t stride) {
  const size_t cols = call->in[1].shape.cols, inner = call->in[0].shape.cols;
  struct BODY(rows) rows = {.row_step = transposed ? 1 : inner, .step = transposed ? inner : 1,
                            .transposed = transposed, .out = out, .stride = stride,
                            .count = part.row1 - part.row0};
  const double *b = call->in[1].values + from * cols + part.col0;
  const size_t width = part.col1 - part.col0;
  rows.a = call->in[0].values + part.row0 * rows.row_step + from * rows.step;
  if (to - from <= SUM_BLOCK && rows.count < MANY_ROWS) {
    for (size_t col = 0, some; col < width; col += some, rows.out += some) {
      some = BODY(next_width)(width - col);
      BODY(add_block)(rows, to - from, NULL, b + col, cols, some);
    }
  } else {
    BODY(add_groups)(rows, to - from, b, cols, width);
  }
}

/* One column, four rows at a time: four sums that do not wait for each other. */
enum { BODY(SIDE_BY_SIDE) = 4 };

INLINE void BODY(add_column)(const double *const *as, size_t step, const double *bs, size_t cols,
                             size_t terms, double *sums) {
  const size_t blocks = order_blocks(terms);
  UNFILLED double kept[SUM_LEVELS][BODY(SIDE_BY_SIDE)];
  for (size_t block = 0, k = 0; block < blocks; block++) {
    const size_t end = terms - k < SUM_BLOCK ? terms : k + SUM_BLOCK;
    for (int r = 0; r < BODY(SIDE_BY_SIDE); r++) sums[r] = 0;
    for (; k < end; k++)
      for (int r = 0; r < BODY(SIDE_BY_SIDE); r++) sums[r] += as[r][k * step] * bs[k * cols];
    for (uint64_t merges = order_merges(block, blocks); merges; merges &= merges - 1)
      for (int r = 0; r < BODY(SIDE_BY_SIDE); r++)
        sums[r] = kept[__builtin_ctzll(merges)][r] + sums[r];
    if (block + 1 < blocks) memcpy(kept[order_level(block)], sums, sizeof *kept);
  }
}

INLINE void BODY(add_columns)(const struct call *call, const bool transposed, struct rect part,
                              size_t from, size_t to, double *out, size_t stride) {
  const size_t cols = call->in[1].shape.cols, inner = call->in[0].shape.cols;
  const size_t row_step = transposed ? 1 : inner, step = transposed ? inner : 1;
  const double *a = call->in[0].values + from * step, *as[BODY(SIDE_BY_SIDE)];
  double sums[BODY(SIDE_BY_SIDE)];
  for (uint32_t i = part.row0; i < part.row1; i += BODY(SIDE_BY_SIDE)) {
    const uint32_t rest = part.row1 - i;
    const uint32_t rows = rest < BODY(SIDE_BY_SIDE) ? rest : BODY(SIDE_BY_SIDE);
    for (uint32_t r = 0; r < BODY(SIDE_BY_SIDE); r++) /* those that are not there repeat the last */
      as[r] = a + (i + (r < rows ? r : rows - 1)) * row_step;
    for (uint32_t j = part.col0; j < part.col1; j++) {
      BODY(add_column)(as, step, call->in[1].values + from * cols + j, cols, to - from, sums);
      for (uint32_t r = 0; r < rows; r++)
        out[(i + r - part.row0) * stride + (j - part.col0)] = sums[r];
    }
  }
}

INLINE void BODY(add)(const struct call *call, const bool transposed, struct rect part, size_t from,
                      size_t to, double *out, size_t stride) {
  if (part.col1 - part.col0 >= LANES)
    BODY(add_wide)(call, transposed, part, from, to, out, stride);
  else
    BODY(add_columns)(call, transposed, part, from, to, out, stride);
}

TARGET static void BODY(multiply)(const struct call *call, struct rect part, size_t from, size_t to,
                                  double *out, size_t stride) {
  BODY(add)(call, false, part, from, to, out, stride);
}

TARGET static void BODY(multiply_transposed)(const struct call *call, struct rect part, size_t from,
                                             size_t to, double *out, size_t stride) {
  BODY(add)(call, true, part, from, to, out, stride);
}

#undef BEGINS
#undef INLINE
#undef BODY
#undef LANES
#undef TARGET
