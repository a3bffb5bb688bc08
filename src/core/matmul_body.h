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

/* Adds up, in WIDTH columns of a row (LANES or more, in COUNT vectors), those of a word's terms that
 * TERMS has a bit for; before it the sums that wait; a's are STEP apart. PACKED: a row of b has its
 * vectors one after the other. The sums are variables of their own, since few compilers keep an
 * array in registers. */
INLINE void BODY(add_terms)(double *out, const double *a, size_t step, uint64_t terms,
                            const double *b, size_t stride, size_t width,
                            const struct waiting waiting, const bool packed, const int count) {
#define SUM_OF(v) BODY(vector) sum##v = {0}, left##v = {0};
#define SUM_ADD(v) \
  if (v < count)   \
    sum##v += factor * *(const BODY(vector) *)(bs + (packed ? (size_t)v * LANES : BEGINS(v)));
#define SUM_NEXT(v) left##v = sum##v, sum##v = (BODY(vector)){0};
#define SUM_JOIN(v) sum##v = left##v + sum##v;
#define SUM_MERGE(v) \
  if (v < count) sum##v = *(const BODY(vector) *)(waits + BEGINS(v)) + sum##v;
#define SUM_TO(v) \
  if (v < count) memcpy(out + BEGINS(v), &sum##v, sizeof sum##v);
#define SUM_BLOCK_OF(bits)                                       \
  for (uint64_t rest = bits; rest; rest &= rest - 1) {           \
    const size_t k = (size_t)__builtin_ctzll(rest);              \
    const double factor = a[k * step], *bs = b + k * stride;     \
    EACH_VECTOR(SUM_ADD)                                         \
  }
  const uint64_t right = terms >> SUM_BLOCK << SUM_BLOCK;
  EACH_VECTOR(SUM_OF)
  SUM_BLOCK_OF(terms ^ right)
  if (right) {
    EACH_VECTOR(SUM_NEXT)
    SUM_BLOCK_OF(right)
    EACH_VECTOR(SUM_JOIN)
  }
  for (uint64_t merges = waiting.merges; merges; merges &= merges - 1) {
    const double *waits = waiting.sums + (size_t)__builtin_ctzll(merges) * waiting.level;
    EACH_VECTOR(SUM_MERGE)
  }
  EACH_VECTOR(SUM_TO)
#undef SUM_OF
#undef SUM_ADD
#undef SUM_NEXT
#undef SUM_JOIN
#undef SUM_MERGE
#undef SUM_TO
#undef SUM_BLOCK_OF
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
  double *out;
  size_t stride, count;   /* of OUT from row to row; rows */
  struct waiting waiting; /* of the first row */
};

/* The terms that are not 0 of the first COUNT rows. */
INLINE void BODY(find_terms)(const struct BODY(rows) *rows, size_t depth, size_t count,
                             uint64_t *terms) {
  if (rows->transposed)
    BODY(terms_of_columns)(rows->a, rows->step, depth, count, terms);
  else
    for (size_t r = 0; r < count; r++)
      terms[r] = BODY(terms_of_row)(rows->a + r * rows->row_step, depth);
}

INLINE void BODY(add_to_rows)(struct BODY(rows) rows, size_t depth, bool skip, const double *b,
                              size_t stride, size_t width, const bool packed) {
  enum { AT_ONCE = 16 };
  uint64_t terms[AT_ONCE];
  for (size_t r = 0; r < AT_ONCE; r++) terms[r] = UINT64_MAX >> (WORD - depth);
  for (size_t most = AT_ONCE; rows.count > 0; rows.count -= most) {
    if (rows.count < most) most = rows.count;
    if (skip) BODY(find_terms)(&rows, depth, most, terms);
    for (size_t r = 0; r < most; r++) {
      BODY(add_terms_to_row)(rows.out, rows.a, rows.step, terms[r], b, stride, width, rows.waiting,
                             packed);
      rows.a += rows.row_step;
      rows.out += rows.stride;
      rows.waiting.sums += width;
    }
  }
}

/* DEPTH terms, a word of bits or fewer, of WIDTH columns of b, whose rows are COLS apart. Terms that
 * are zero are left out where it pays to look for them: a zero times a finite number adds +0 or -0
 * to a sum that is never -0, which changes nothing. */
INLINE void BODY(add_word)(const struct BODY(rows) rows, size_t depth, const double *b, size_t cols,
                           size_t width) {
  enum { MANY_ROWS = 16 };
  if (rows.count < MANY_ROWS) {
    BODY(add_to_rows)(rows, depth, false, b, cols, width, false);
  } else {
    UNFILLED double packed[WORD * VECTORS * LANES] __attribute__((aligned(MEMORY_LINE)));
    const bool skip = BODY(pack)(packed, b, cols, depth, width) &&
                      shortcut_taken(SHORTCUT_ZERO_TERMS);
    BODY(add_to_rows)(rows, depth, skip, packed, (width + LANES - 1) / LANES * LANES, width, true);
  }
}

/* How many of REST columns to take at once: as many as there are vectors, but never so many that
 * fewer than one vector's are left. */
INLINE size_t BODY(next_width)(size_t rest) {
  const size_t most = VECTORS * LANES;
  if (rest <= most) return rest;
  return rest < most + LANES ? most - LANES : most;
}

/* Many words of WIDTH columns: as many rows at a time as there is room for their waiting sums. */
TARGET static __attribute__((noinline)) void BODY(add_words)(struct BODY(rows) rows, size_t terms,
                                                             const double *b, size_t cols,
                                                             size_t width) {
  UNFILLED double kept[KEPT] __attribute__((aligned(MEMORY_LINE)));
  const size_t words = (terms + WORD - 1) / WORD;
  const size_t most = KEPT / ((size_t)order_levels(words) * width);
  for (size_t rest = rows.count; rest > 0; rest -= rows.count) {
    rows.count = rest < most ? rest : most;
    for (size_t w = 0; w < words; w++) {
      struct BODY(rows) some = rows;
      const bool last = w + 1 == words;
      some.a += w * WORD * rows.step;
      some.waiting = (struct waiting){kept, most * width, order_merges(w, words)};
      if (!last) some.out = kept + (size_t)order_level(w) * most * width;
      if (!last) some.stride = width;
      BODY(add_word)(some, last ? terms - w * WORD : WORD, b + w * WORD * cols, cols, width);
    }
    rows.a += rows.count * rows.row_step;
    rows.out += rows.count * rows.stride;
  }
}

INLINE void BODY(add_wide)(const struct call *call, const bool transposed, struct rect part,
                           size_t from, size_t to, double *out, size_t stride) {
  const size_t cols = call->in[1].shape.cols, inner = call->in[0].shape.cols;
  struct BODY(rows) rows = {.row_step = transposed ? 1 : inner, .step = transposed ? inner : 1,
                            .transposed = transposed, .stride = stride,
                            .count = part.row1 - part.row0};
  rows.a = call->in[0].values + part.row0 * rows.row_step + from * rows.step;
  for (size_t col = part.col0, width; col < part.col1; col += width) {
    const double *b = call->in[1].values + from * cols + col;
    width = BODY(next_width)(part.col1 - col);
    rows.out = out + (col - part.col0);
    if (to - from <= WORD) BODY(add_word)(rows, to - from, b, cols, width);
    else BODY(add_words)(rows, to - from, b, cols, width);
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
