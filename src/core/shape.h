/* Shapes of tensors and rectangles of their entries. */
#ifndef GRADWALK_CORE_SHAPE_H
#define GRADWALK_CORE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shape {
  uint32_t rows, cols;
};

/* Rows [row0, row1) and columns [col0, col1) of a tensor. */
struct rect {
  uint32_t row0, row1, col0, col1;
};

size_t shape_count(struct shape shape); /* rows * cols */
bool shape_equal(struct shape a, struct shape b);
struct rect shape_rect(struct shape shape); /* all of it */

static inline bool rect_empty(struct rect rect) {
  return rect.row0 >= rect.row1 || rect.col0 >= rect.col1;
}

/* An empty INNER is always covered. */
static inline bool rect_covers(struct rect outer, struct rect inner) {
  return rect_empty(inner) || (outer.row0 <= inner.row0 && outer.row1 >= inner.row1 &&
                               outer.col0 <= inner.col0 && outer.col1 >= inner.col1);
}

/* The smallest around both. */
static inline struct rect rect_join(struct rect a, struct rect b) {
  if (rect_empty(a)) return b;
  if (rect_empty(b)) return a;
  return (struct rect){a.row0 < b.row0 ? a.row0 : b.row0, a.row1 > b.row1 ? a.row1 : b.row1,
                       a.col0 < b.col0 ? a.col0 : b.col0, a.col1 > b.col1 ? a.col1 : b.col1};
}

#endif
