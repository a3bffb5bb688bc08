/* A small constant that keeps a logarithm or a quotient from 0, and that the backward pass leaves
 * out: with 0 in its place, the pass would be right. */
#ifndef GRADWALK_BLAME_CONSTANT_H
#define GRADWALK_BLAME_CONSTANT_H

#include "blame/truth.h"

struct left_out {
  bool found;
  double value;
  int node; /* that reads it */
};

/* Tries each small constant of the forward pass; POINT as for lines_find(). STATUS_NO_MEMORY. */
enum status constant_find(struct left_out *found, const struct model *model,
                          const struct truth *truth, const struct run *point);

#endif
