/* Expressions over the values of a session: any node, any gradient, every operation and gate. */
#ifndef GRADWALK_EXPLORE_EVALUATE_H
#define GRADWALK_EXPLORE_EVALUATE_H

#include "explore/session.h"

struct evaluation {
  struct shape shape;
  double *values; /* free() */
};

/* Evaluates TEXT over the values so far. A name whose value the walk has not reached yet is an
 * error, never a 0. */
enum status evaluate_text(struct session *session, struct span text, struct evaluation *result,
                          struct diag *diag);

/* The same for an expression that is parsed already. */
enum status evaluate_expr(struct session *session, const struct expr *expr,
                          struct evaluation *result, struct diag *diag);

/* The same over BASE, a run of the session's model whose forward and backward pass are done. */
enum status evaluate_in(struct session *session, const struct run *base, const struct expr *expr,
                        struct evaluation *result, struct diag *diag);

#endif
