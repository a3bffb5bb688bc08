#include "blame/form.h"

#include <math.h>
#include <string.h>

/* Rounding beside the largest number that takes part. */
#define ROUNDING 1e-9

static size_t count_of(const struct compared *c) {
  return shape_count(c->shape);
}

static bool is_close(double a, double b, double scale) {
  const double close = 1e-7;
  return fabs(a - b) <= close * fmax(fabs(a), fabs(b)) || fabs(a - b) <= ROUNDING * scale;
}

static bool is_wrong(const struct compared *c, size_t i) {
  return !(truth_entry_error(c->is[i], c->should[i], c->largest) <= 1e-7);
}

/* How many entries of VALUES are not one number. */
static bool all_same(const double *values, size_t count, double scale) {
  for (size_t i = 1; i < count; i++)
    if (!is_close(values[i], values[0], scale)) return false;
  return true;
}

/* -- all of it at once -- */

static bool find_factor(const struct compared *c, struct form *form) {
  size_t telling = 0;
  double factor = truth_factor(c->is, c->should, count_of(c), &telling);
  if (isnan(factor)) return false;
  form->kind = telling > 1 || count_of(c) == 1 ? FORM_FACTOR : FORM_ONE_NUMBER;
  form->factor = factor;
  return true;
}

static bool find_zero(const struct compared *c, struct form *form) {
  if (truth_largest(c->is, count_of(c)) > 0) return false;
  form->kind = FORM_ZERO;
  return true;
}

static bool find_same(const struct compared *c, struct form *form) {
  double sum = 0, scale = c->scale;
  size_t count = count_of(c);
  if (count < 2 || !all_same(c->is, count, 0) || all_same(c->should, count, scale)) return false;
  for (size_t i = 0; i < count; i++) sum += c->should[i];
  form->kind = is_close(c->is[0], sum, 0)                   ? FORM_SUM
               : is_close(c->is[0], sum / (double)count, 0) ? FORM_MEAN
                                                            : FORM_SAME;
  form->factor = c->is[0];
  return true;
}

static bool find_offset(const struct compared *c, struct form *form) {
  size_t count = count_of(c);
  double offset = c->is[0] - c->should[0], scale = c->scale;
  if (count < 2 || !(fabs(offset) > ROUNDING * scale)) return false;
  for (size_t i = 0; i < count; i++)
    if (!(fabs(c->is[i] - c->should[i] - offset) <= 1e-7 * fabs(offset) + 1e-13 * scale))
      return false;
  form->kind = FORM_OFFSET;
  form->factor = offset;
  return true;
}

/* IS - SHOULD as a multiple of the param's own values, over all entries or those of one row or
 * column; NaN: it is none. */
static double own_multiple(const struct compared *c, const bool *within) {
  double product = 0, squares = 0, scale = c->scale;
  size_t telling = 0;
  for (size_t i = 0; c->own && i < count_of(c); i++) {
    if (within && !within[i]) continue;
    product += (c->is[i] - c->should[i]) * c->own[i];
    squares += c->own[i] * c->own[i];
    telling += fabs(c->own[i]) > 0;
  }
  if (telling < 3 || !(squares > 0)) return (double)NAN;
  double k = product / squares;
  for (size_t i = 0; i < count_of(c); i++) {
    double error = c->is[i] - c->should[i] - k * c->own[i];
    bool inside = !within || within[i];
    if (inside && !(fabs(error) <= 1e-6 * fabs(k * c->own[i]) + 1e-12 * scale))
      return (double)NAN;
  }
  return fabs(k) > ROUNDING ? k : (double)NAN;
}

static bool find_own_value(const struct compared *c, struct form *form) {
  double k = own_multiple(c, NULL);
  if (isnan(k)) return false;
  form->kind = FORM_OWN_VALUE;
  form->factor = k;
  return true;
}

/* -- entries that have changed places -- */

static double at(const double *values, struct shape shape, uint32_t row, uint32_t col) {
  return values[(size_t)row * shape.cols + col];
}

static bool find_transposed(const struct compared *c, struct form *form) {
  struct shape s = c->shape;
  double scale = c->scale;
  if (s.rows != s.cols || s.rows < 2) return false;
  for (uint32_t i = 0; i < s.rows; i++)
    for (uint32_t j = 0; j < s.cols; j++)
      if (!is_close(at(c->is, s, i, j), at(c->should, s, j, i), scale)) return false;
  form->kind = FORM_TRANSPOSED;
  return true;
}

/* Whether line I of IS (a row, or with COLS a column) is line J of SHOULD. */
static bool same_line(const struct compared *c, bool cols, uint32_t i, uint32_t j) {
  uint32_t length = cols ? c->shape.rows : c->shape.cols;
  double scale = c->scale;
  for (uint32_t k = 0; k < length; k++) {
    double is = cols ? at(c->is, c->shape, k, i) : at(c->is, c->shape, i, k);
    double should = cols ? at(c->should, c->shape, k, j) : at(c->should, c->shape, j, k);
    if (!is_close(is, should, scale)) return false;
  }
  return true;
}

/* Each line of IS is another one of SHOULD, and each of SHOULD is there once. */
static bool find_moved(const struct compared *c, bool cols, struct form *form) {
  enum { MOST = 64 };
  uint32_t lines = cols ? c->shape.cols : c->shape.rows;
  bool used[MOST] = {false}, reversed = true, shifted = true;
  uint32_t shift = 0;
  if (lines < 2 || lines > MOST) return false;
  for (uint32_t i = 0; i < lines; i++) {
    uint32_t j = 0;
    while (j < lines && (used[j] || !same_line(c, cols, i, j))) j++;
    if (j == lines) return false;
    used[j] = true;
    if (i == 0) shift = j;
    reversed = reversed && j == lines - 1 - i;
    shifted = shifted && j == (i + shift) % lines;
  }
  form->kind = cols ? FORM_COLS_MOVED : FORM_ROWS_MOVED;
  form->order = reversed ? ORDER_REVERSED : shifted ? ORDER_SHIFTED : ORDER_ANY;
  return true;
}

static bool find_moved_rows(const struct compared *c, struct form *form) {
  return find_moved(c, false, form);
}

static bool find_moved_cols(const struct compared *c, struct form *form) {
  return find_moved(c, true, form);
}

/* -- the gradient of something else -- */

static bool find_other(const struct compared *c, struct form *form) {
  const struct model *model = c->truth ? c->truth->model : NULL;
  for (size_t n = 0; model && count_of(c) > 1 && n < model->node_count; n++) {
    const double *other = truth_gradient(c->truth, (int)n);
    bool fits = other && (int)n != c->node &&
                shape_equal(model_shape(model, model->nodes[n].slot), c->shape);
    size_t telling = 0;
    if (!fits || !truth_is_multiple(c->is, other, count_of(c), 1)) continue;
    truth_factor(c->is, other, count_of(c), &telling);
    if (telling < 2) continue;
    form->kind = FORM_OTHER;
    form->other = model_visible(model, (int)n);
    return true;
  }
  return false;
}

/* -- a factor for each row or column -- */

static double line_factor(const struct compared *c, bool cols, uint32_t line, size_t *telling) {
  uint32_t length = cols ? c->shape.rows : c->shape.cols;
  double factor = NAN, scale = c->scale;
  for (uint32_t k = 0; k < length; k++) {
    double is = cols ? at(c->is, c->shape, k, line) : at(c->is, c->shape, line, k);
    double should = cols ? at(c->should, c->shape, k, line) : at(c->should, c->shape, line, k);
    if (!(fabs(should) > ROUNDING * scale)) {
      if (fabs(is) > ROUNDING * scale) return INFINITY;
      continue;
    }
    if (isnan(factor)) factor = is / should;
    else if (!is_close(is / should, factor, 0)) return INFINITY;
    ++*telling;
  }
  return factor;
}

static bool find_scales(const struct compared *c, bool cols, struct form *form) {
  uint32_t lines = cols ? c->shape.cols : c->shape.rows;
  size_t telling = 0;
  uint32_t known = 0;
  for (uint32_t i = 0; i < lines; i++) {
    double factor = line_factor(c, cols, i, &telling);
    if (isinf(factor)) return false;
    known += !isnan(factor);
  }
  if (known < 2 || telling < 2 * (size_t)known) return false;
  form->kind = cols ? FORM_COL_SCALES : FORM_ROW_SCALES;
  return true;
}

static bool find_row_scales(const struct compared *c, struct form *form) {
  return find_scales(c, false, form);
}

static bool find_col_scales(const struct compared *c, struct form *form) {
  return find_scales(c, true, form);
}

/* -- only a part -- */

static bool find_part(const struct compared *c, struct form *form) {
  bool one_row = true, one_col = true;
  size_t count = count_of(c);
  form->wrong = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t row = (uint32_t)(i / c->shape.cols), col = (uint32_t)(i % c->shape.cols);
    if (!is_wrong(c, i)) continue;
    if (form->wrong++ == 0) form->row = row, form->col = col;
    one_row = one_row && row == form->row;
    one_col = one_col && col == form->col;
  }
  if (count < 3 || form->wrong == 0 || form->wrong == count) return false;
  if (form->wrong == 1) form->kind = FORM_ENTRY;
  else if (one_row && c->shape.rows > 1) form->kind = FORM_ROW;
  else if (one_col && c->shape.cols > 1) form->kind = FORM_COL;
  else return false;
  return true;
}

/* Whether what a row or column is off is a multiple of the param's own values there. */
static void ask_own_value(const struct compared *c, struct form *form) {
  enum { MOST = 4096 };
  bool within[MOST];
  if (count_of(c) > MOST || (form->kind != FORM_ROW && form->kind != FORM_COL)) return;
  for (size_t i = 0; i < count_of(c); i++)
    within[i] = form->kind == FORM_ROW ? i / c->shape.cols == form->row
                                       : i % c->shape.cols == form->col;
  form->factor = own_multiple(c, within);
  form->own_value_there = !isnan(form->factor);
}

/* -- entry by entry -- */

/* Whether MAKES of each right entry gives the person's, at least TELLING of which are not right. */
static bool is_made_by(const struct compared *c, double (*makes)(double should, double limit),
                       double limit, size_t least) {
  size_t telling = 0;
  double scale = c->scale;
  for (size_t i = 0; i < count_of(c); i++) {
    if (!is_close(c->is[i], makes(c->should[i], limit), scale)) return false;
    telling += is_wrong(c, i);
  }
  return telling >= least;
}

static double clip(double should, double limit) {
  return fmax(-limit, fmin(limit, should));
}

static double square(double should, double limit) {
  (void)limit;
  return should * should;
}

static double magnitude(double should, double limit) {
  (void)limit;
  return fabs(should);
}

static bool find_clipped(const struct compared *c, struct form *form) {
  double limit = truth_largest(c->is, count_of(c));
  if (!is_made_by(c, clip, limit, 1) || count_of(c) < 2) return false;
  form->kind = FORM_CLIPPED;
  form->factor = limit;
  return true;
}

static bool find_squared(const struct compared *c, struct form *form) {
  if (!is_made_by(c, square, 0, 2)) return false;
  form->kind = FORM_SQUARED;
  return true;
}

static bool find_magnitude(const struct compared *c, struct form *form) {
  if (!is_made_by(c, magnitude, 0, 1)) return false;
  form->kind = FORM_MAGNITUDE;
  return true;
}

/* Wrong entries all of which are 0 in ZERO, one of the two sides. */
static bool find_mask(const struct compared *c, const double *zero, enum form_kind kind,
                      struct form *form) {
  double scale = c->scale;
  size_t wrong = 0;
  for (size_t i = 0; i < count_of(c); i++) {
    if (!is_wrong(c, i)) continue;
    if (fabs(zero[i]) > 1e-12 * scale) return false;
    wrong++;
  }
  if (wrong < 2 || wrong == count_of(c)) return false;
  form->kind = kind;
  form->wrong = wrong;
  return true;
}

static bool find_mask_missing(const struct compared *c, struct form *form) {
  return find_mask(c, c->should, FORM_MASK_MISSING, form);
}

static bool find_mask_extra(const struct compared *c, struct form *form) {
  return find_mask(c, c->is, FORM_MASK_EXTRA, form);
}

/* -- all of them -- */

/* In the order in which they are tried. */
static bool (*const finders[])(const struct compared *c, struct form *form) = {
    find_zero,       find_factor,     find_same,    find_part,       find_own_value,
    find_offset,     find_other,      find_clipped, find_transposed, find_moved_rows,
    find_moved_cols, find_mask_missing, find_mask_extra, find_squared, find_magnitude,
    find_row_scales, find_col_scales,
};

const char *form_bug_kind(const struct form *form) {
  static const char *const kinds[FORM_KIND_COUNT] = {
      [FORM_SUM] = "sum-to-scalar",        [FORM_TRANSPOSED] = "transpose",
      [FORM_OTHER] = "wrong-cache",        [FORM_MASK_MISSING] = "mask-dropped",
      [FORM_CLIPPED] = "clipped",          [FORM_ENTRY] = "one-entry",
  };
  return kinds[form->kind];
}

struct form form_find(const struct compared *compared) {
  struct form form = {FORM_UNKNOWN, NAN, 0, 0, 0, ORDER_ANY, -1, false};
  struct compared c = *compared;
  c.largest = truth_largest(c.should, count_of(&c));
  c.scale = fmax(truth_largest(c.is, count_of(&c)), c.largest);
  for (size_t i = 0; i < sizeof finders / sizeof *finders; i++)
    if (finders[i](&c, &form)) break;
  ask_own_value(&c, &form);
  return form;
}
