/* Figures: what a lesson says about its model. Expressions over every value and gradient, as if the
 * walk were at its end, and over what the last check and sweep have found:
 *     difference  verdict  entries  zeros            of the whole check
 *     difference(W)  verdict(W)  scale(W)  …         of one tensor
 *     numeric(W)                                     its numerical gradient
 *     best_step(central)  best_error(central)        of a curve of the sweep
 *     PASS  FAIL  KINK  UNRELIABLE  INADEQUATE       the verdicts
 * A name of the model comes before any of these. */
#ifndef GRADWALK_READER_FIGURES_H
#define GRADWALK_READER_FIGURES_H

#include "explore/evaluate.h"

/* A look at the session as it is now; not to be used once it has changed. */
struct figures {
  struct session *session;
  struct run run;
  struct arena arena;
  const char *it; /* the node that "it" means, and "dit" its gradient; or NULL */
};

/* Ends with figures_done(), also after a failure. */
enum status figures_init(struct figures *figures, struct session *session, struct diag *diag);
void figures_done(struct figures *figures);

/* Evaluates TEXT. A wrong one is bad data, in a lesson. */
enum status figures_value(struct figures *figures, struct span text, struct evaluation *result,
                          struct diag *diag);

/* The same for what must be 1 x 1. */
enum status figures_number(struct figures *figures, struct span text, double *number,
                           struct diag *diag);

struct comparison {
  struct evaluation left, right;
  bool holds; /* in every entry; never if there is a NaN on either side */
};

/* Evaluates TEXT, which must compare two expressions: STATUS_DATA if it does not. Ends with
 * comparison_done(), also after a failure. */
enum status figures_comparison(struct figures *figures, struct span text,
                               struct comparison *result, struct diag *diag);
void comparison_done(struct comparison *comparison);
bool evaluation_has_nan(const struct evaluation *value);

/* Whether the assertion TEXT holds:
 *     A == B, A != B, A < B, …   in every entry
 *     A ~ NUMBER                 to the digits that are printed
 *     A ~ B +- T                 |A - B| <= T in every entry
 *     … and …                    both
 * A NaN on either side never satisfies one. What does not hold is told in WHY, which may be
 * NULL. */
enum { WHY_SIZE = 240 };
enum status figures_assert(struct figures *figures, struct span text, bool *holds,
                           char why[WHY_SIZE], struct diag *diag);

/* Whether a figure in prose says something of the model: its left side is an expression, and not
 * just the name of a check's option ("eps = 1e-7"). */
bool figures_speaks(struct figures *figures, const struct figure *figure);

/* Whether TEXT, which is no figure, reads as one: "EXPR=3" with an expression that has a value here,
 * and what begins as a number does, or a verdict. A statement or a rule line ("dx = 2 * df") is
 * none. STATUS_NO_MEMORY, with DIAG, if it cannot be told. */
enum status figures_resembles(struct figures *figures, struct span text, bool *resembles,
                              struct diag *diag);

/* Whether FIGURE agrees with the model, and what the model says. */
enum status figures_agree(struct figures *figures, const struct figure *figure, bool *holds,
                          double *value, struct diag *diag);

/* Whether TEXT names a verdict, and which. */
bool figures_verdict(struct span text, double *verdict);

/* Whether TEXT asks for a verdict, so that its number is one. */
bool figures_about_verdict(struct span text);

#endif
