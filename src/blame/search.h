/* The search for wrong lines: what lines read, at which nodes their results are compared, and what
 * the check says when a line's result is put right and the rest of the pass is run. */
#ifndef GRADWALK_BLAME_SEARCH_H
#define GRADWALK_BLAME_SEARCH_H

#include "blame/truth.h"

/* LINE's result becomes VALUES (its target's shape, lent) or, with VALUES NULL, is divided by
 * DIVISOR. */
struct repair {
  size_t line;
  const double *values;
  double scale;   /* VALUES are taken this many times */
  bool of_truth;  /* VALUES are the true gradient of `node` */
  int node;
  double divisor;
};

enum { REPAIR_MOST = 64 };

struct search {
  const struct check *check;
  const struct model *model;
  struct truth *truth;
  bool *stations;  /* by slot of a node: the pass has its gradient, and its lines are compared there */
  bool *in_place;  /* by node: a line reads the very gradient that it assigns */
  bool *through;   /* by slot: the stations that the lines at hand read */
  bool *marked;    /* by rule: the lines at hand */
  bool *after;     /* by node: it is computed from the node that `after_of` is */
  int after_of;
  bool *failing;   /* by node: a param whose gradient is still wrong */
  double *initial; /* by node: how wrong that was at first */
  struct run now;    /* the person's pass with the repairs made so far */
  struct run tried;  /* the same with one more */
  struct repair repairs[REPAIR_MOST]; /* by line */
  size_t repair_count;
  size_t budget;     /* entries that may still be computed */
  bool exhausted;    /* it was not enough */
};

/* POINT is MODEL's run with forward and backward pass done in double precision; TRUTH is lent.
 * STATUS_NO_MEMORY; ends with search_done(), also then. */
enum status search_init(struct search *search, const struct check *check,
                        const struct model *model, struct truth *truth, const struct run *point);
void search_done(struct search *search);

/* The slot that the rule line LINE assigns, or -1. */
int search_target(const struct search *search, size_t line);

/* Whether LINE's target is a station: a node's gradient that is compared there. */
bool search_is_station(const struct search *search, size_t line);

/* Marks the lines that make the gradient of the station NODE: those that assign it, and of names
 * that are no station the lines that made them; and the stations that all of these read. */
void search_mark_group(struct search *search, int node);

/* The same for one line that assigns a gradient, and the names that it reads. */
void search_mark_line(struct search *search, size_t line);

/* Runs the pass in TRIED with the repairs so far and the COUNT ones at MORE. False, with nothing
 * run, once the budget is spent. */
bool search_try(struct search *search, const struct repair *more, size_t count);

/* The quality of TRIED: the number of failing params that are right now (a half for one that is
 * clearly better), SEARCH_ALL if none is wrong any more, -1 if a right one is spoilt. */
double search_rate(const struct search *search);
#define SEARCH_ALL 1e9

/* The one factor by which all failing params are multiples of the truth in TRIED; NaN: there is
 * none. */
double search_common_factor(const struct search *search);

/* What LINE adds to its target, or assigns, in the pass as it stands: as many numbers as the target
 * has, in SHARE. Runs TRIED up to it. */
void search_share(struct search *search, size_t line, double *share);

/* What its target holds after LINE, in RESULT. Runs TRIED up to it. */
void search_result(struct search *search, size_t line, double *result);

/* Keeps the COUNT repairs at MORE, which have just been tried. */
void search_keep(struct search *search, const struct repair *more, size_t count);

/* Back to the pass at POINT, without repairs. */
void search_reset(struct search *search, const struct run *point);

bool search_any_failing(const struct search *search);

/* The inner nodes whose gradients a name that a line assigns could hold: nodes of its shape that
 * come after NODE on the way to the loss and are no station. */
struct inner {
  struct search *search;
  int node;
  int at;               /* the node found */
  struct shape shape;
  size_t left;          /* how many more are looked at */
  const double *values; /* its true gradient */
};

void inner_begin(struct inner *inner, size_t line);
bool inner_next(struct inner *inner);

/* The gradient of NODE in RUN, a run of the model; NULL if it has none. */
const double *search_gradient(const struct search *search, const struct run *run, int node);

size_t search_size(const struct search *search, int node);

#endif
