#include "core/shape.h"

size_t shape_count(struct shape shape) {
  return (size_t)shape.rows * shape.cols;
}

bool shape_equal(struct shape a, struct shape b) {
  return a.rows == b.rows && a.cols == b.cols;
}

struct rect shape_rect(struct shape shape) {
  return (struct rect){0, shape.rows, 0, shape.cols};
}
