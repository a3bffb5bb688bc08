/* What every gradient should be. The derived pass of the same graph, by the rules of the operations
 * alone (gates unfolded, no block, no bugs), gives it to the last digits; it is believed only if it
 * agrees with the check's numerical gradient, which never looks at a rule. The same pass, fed at
 * each node with the gradient that the person's pass has there, says what a line should make of
 * what it reads, whatever went wrong before it. */
#ifndef GRADWALK_BLAME_TRUTH_H
#define GRADWALK_BLAME_TRUTH_H

#include "check/check.h"
#include "lang/reference.h"

struct truth {
  const struct model *model; /* lent */
  struct model reference;
  struct run right;    /* the derived pass */
  struct run mixed;    /* fed with the person's gradients */
  struct run expected; /* each node's gradient, as it came out before it was replaced */
  bool trusted;        /* it agrees with the numerical gradients of the check */
};

/* POINT is MODEL's run in double precision with the forward pass done. STATUS_NO_MEMORY; ends with
 * truth_done(), also then. */
enum status truth_init(struct truth *truth, const struct check *check, const struct model *model,
                       const struct run *point, struct diag *diag);
void truth_done(struct truth *truth);

/* The gradient of NODE as it should be, or NULL where the loss does not depend on it by any
 * param. */
const double *truth_gradient(const struct truth *truth, int node);

/* Works out what each node's gradient should be given the gradients that PERSON, a run of the
 * model, has at the STATIONS (by slot) after it; THROUGH, if not NULL: by way of these stations
 * alone. */
void truth_follow(struct truth *truth, const struct run *person, const bool *stations,
                  const bool *through);

/* The result for NODE of the last truth_follow(), or NULL as for truth_gradient(). */
const double *truth_expected(const struct truth *truth, int node);

/* What each node that reads another one adds to that one's gradient. */
struct share {
  int by;      /* the node that reads it */
  int operand; /* as which of its operands, from 0 */
  double *values;
};

struct shares {
  struct share *items;
  size_t count, capacity;
};

/* The shares of NODE's gradient, as truth_follow() would add them up, or the true ones if PERSON is
 * NULL. STATUS_NO_MEMORY; ends with shares_done(), also then. */
enum status truth_shares(struct truth *truth, const struct run *person, const bool *stations,
                         int node, struct shares *shares);
void shares_done(struct shares *shares);

/* How far an entry IS from SHOULD, against the larger of the two; entries that are nothing beside
 * LARGEST, the largest of their tensor, count as equal. */
double truth_entry_error(double is, double should, double largest);

/* The largest of |VALUES|, or of their errors. NaN where one is no number. */
double truth_largest(const double *values, size_t count);
double truth_error(const double *is, const double *should, size_t count);

/* Whether IS is FACTOR times SHOULD in every entry, rounding apart. */
bool truth_is_multiple(const double *is, const double *should, size_t count, double factor);

/* The one factor by which all entries of IS that can tell differ from SHOULD, rounding apart; NaN
 * if there is none. *TELLING, if not NULL, becomes how many can tell. */
double truth_factor(const double *is, const double *should, size_t count, size_t *telling);

#endif
