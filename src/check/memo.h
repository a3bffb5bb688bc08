/* Remembers what the loss was at points that have been looked at: for many checks of one model at
 * one point that differ in their backward passes only. Any number of threads may share one. */
#ifndef GRADWALK_CHECK_MEMO_H
#define GRADWALK_CHECK_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum memo_what {
  MEMO_LOSS,
  MEMO_BRANCHES,
  MEMO_SLOPE, /* in quadruple precision, and its error; no step */
  MEMO_SLOPE_ERROR,
  MEMO_WHAT_COUNT
};

/* An entry of a tensor, the distance H by which it is moved, and the question. */
struct memo_key {
  double h;
  size_t entry;
  int slot;
  unsigned what; /* enum memo_what, and MEMO_WHAT_COUNT times what else tells answers apart */
};

struct memo;

/* NULL: no memory. The caller ends it with memo_done(), for which NULL is nothing. */
struct memo *memo_new(void);
void memo_done(struct memo *memo);

/* The bits of the answer. */
bool memo_find(struct memo *memo, const struct memo_key *key, uint64_t *answer);

/* Keeps an answer. Where there is no more room it is forgotten, and has to be found again. */
void memo_keep(struct memo *memo, const struct memo_key *key, uint64_t answer);

#endif
