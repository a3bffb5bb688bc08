/* Verdicts: whether a difference between the two gradients is the backward pass's fault. */
#ifndef GRADWALK_CHECK_VERDICT_H
#define GRADWALK_CHECK_VERDICT_H

#include "check/examine.h"

/* An entry and how far the two gradients are apart there. */
struct ranked {
  double error;
  size_t entry;
};

/* Sets verdict and reason of every tensor and of the whole. EXAMINATIONS: one a tensor. SCRATCH has
 * room for the entries of the largest tensor. Only entries that differ cost anything. */
void verdict_decide(struct check *check, struct examination *examinations,
                    struct ranked *scratch);

#endif
