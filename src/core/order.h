/* The order of every sum, in one place. The terms are taken in blocks of SUM_BLOCK, the last of which
 * may be shorter. Each block is added up from left to right, starting from 0. Then neighbouring sums
 * are added in pairs, left + right, level by level, until one is left; an odd one at the end of a
 * level goes up as it is. So a term that changes costs its block and one addition a level, and the
 * rounding error grows with the logarithm of the number of terms (N. J. Higham, "The accuracy of
 * floating point summation", SIAM J. Sci. Comput. 14, 1993).
 *
 * A loop over the blocks builds the same tree while it goes along, as a counter carries: each level
 * has room for one sum that waits for its right neighbour. Where the units that are counted are
 * sums of 2^k blocks, all of this holds from level k on. */
#ifndef GRADWALK_CORE_ORDER_H
#define GRADWALK_CORE_ORDER_H

#include <stddef.h>
#include <stdint.h>

enum {
  SUM_BLOCK = 64,
  SUM_LEVELS = 24 /* of waiting sums, for as many terms as a program has numbers */
};

static inline size_t order_blocks(size_t terms) {
  return (terms + SUM_BLOCK - 1) / SUM_BLOCK;
}

/* The levels, as bits, whose waiting sums are added before sum NUMBER (from 0) of COUNT, the lowest
 * first. */
static inline uint64_t order_merges(size_t number, size_t count) {
  return number + 1 == count ? number : number & ~(number + 1);
}

/* The level at which sum NUMBER, not the last one, then waits. */
static inline int order_level(size_t number) {
  return __builtin_ctzll(~(uint64_t)number);
}

/* Levels at which some of COUNT sums wait. */
static inline int order_levels(size_t count) {
  return count > 1 ? 64 - __builtin_clzll((uint64_t)count - 1) : 0;
}

#endif
