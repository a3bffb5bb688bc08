/* The order of every sum as core/order.h defines it, written down a second time: the left part is
 * the largest power of two of blocks that is less than all. */
#ifndef GRADWALK_TESTS_PLAIN_ORDER_H
#define GRADWALK_TESTS_PLAIN_ORDER_H

#include <stddef.h>

static double plain_order(const double *terms, size_t count) {
  volatile double sum = 0;
  size_t left = 64;
  if (count <= left) {
    for (size_t i = 0; i < count; i++) sum += terms[i];
    return sum;
  }
  while (2 * left < count) left *= 2;
  sum = plain_order(terms, left) + plain_order(terms + left, count - left);
  return sum;
}

#endif
