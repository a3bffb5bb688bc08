/* What is known of a wrong line. A list of them owns its arrays until wrong_lines_done(). */
#ifndef GRADWALK_BLAME_WRONG_H
#define GRADWALK_BLAME_WRONG_H

#include "check/check.h"

enum { WRONG_LINE_MOST = 6 };

/* What is wrong with the shares that make up a gradient. */
enum share_fault {
  SHARE_UNKNOWN,
  SHARE_MISSING, /* that of the nodes `by` is not there */
  SHARE_FACTOR   /* that of the node `by` is there, `share_factor` times */
};

enum { SHARE_MOST = 4 };

struct wrong_line {
  size_t rules[WRONG_LINE_MOST]; /* the mistake is in one of these; indexes of model->rules */
  size_t count;
  int node;         /* the gradient that was compared is this node's; -1: none was */
  bool reads_right; /* every gradient that it reads was compared, and is right */
  int reads;        /* a node whose gradient it reads; -1: none */
  double scale;     /* its result should be this multiple of the node's gradient; NaN: it should be
                     * no multiple */
  double factor;    /* the factor by which its result is too large; NaN: it is no mere factor */
  size_t telling;   /* entries that the factor is seen in */
  bool overwrites;  /* it assigns where it should add */
  enum share_fault share;
  int by[SHARE_MOST];
  size_t by_count;
  double share_factor;
  unsigned passes;  /* of enum passes: what lies between it and what it reads */
  bool together;    /* several lines are wrong at once: mending this one alone does not help */
  enum law law;     /* it was found by the law that it is the first to break */
  bool not_finite;  /* the first whose result is not finite */
};

struct wrong_lines {
  bool *stations; /* by slot: where the pass was compared; NULL: nowhere */
  struct wrong_line *items; /* in the order in which they run */
  size_t count, capacity;
  bool complete; /* the search was not cut short */
  bool mended;   /* with these lines put right, every gradient is right */
  bool trusted;  /* there was a truth to compare with */
  int differs;   /* the first node whose gradient is wrong while all it is made from is right; -1 */
  bool any_right; /* some gradient that the pass makes, other than the loss's own, is right */
};

void wrong_lines_done(struct wrong_lines *found);

/* Adds LINE. STATUS_NO_MEMORY. */
enum status wrong_lines_add(struct wrong_lines *found, struct wrong_line line);

#endif
