/* Guesses at what a wrong line does, each tried by computing it: the derived lines of its node with
 * one tensor in the place of another, a param as it would be after an update, or some samples
 * alone. */
#ifndef GRADWALK_BLAME_GUESS_H
#define GRADWALK_BLAME_GUESS_H

#include "blame/truth.h"
#include "blame/wrong.h"

enum guess_kind {
  GUESS_NONE,
  GUESS_OTHER_VALUE,    /* the value of node `is` where that of `should` belongs */
  GUESS_OTHER_GRADIENT, /* the same of their gradients */
  GUESS_NO_SLOPE,       /* the gradient of the node `is` itself, handed on as it stands */
  GUESS_UPDATED,        /* the param `should` as it is after a step against its gradient */
  GUESS_ONE_SAMPLE,     /* only sample number `sample` */
  GUESS_SAMPLE_LEFT_OUT,
  GUESS_KIND_COUNT
};

struct guess {
  enum guess_kind kind;
  int is, should; /* nodes */
  size_t sample;
};

/* What LINE, of which what it makes is SCALE times IS in truth, does instead. RIGHT is REFERENCE's
 * run, forward and backward done; REFERENCE is folded as the person's model, changed for a while
 * and left as it was. STATUS_NO_MEMORY. */
enum status guess_find(struct guess *found, struct model *reference, const struct run *right,
                       const double *is, int node);

/* The name in the catalogue of what was guessed, or NULL. */
const char *guess_bug_kind(const struct guess *guess);

#endif
