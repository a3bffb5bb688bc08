/* How far a model's gradients are from what they were without its bugs, by the backward pass alone:
 * no numerical gradient is needed where the right lines are known. */
#ifndef GRADWALK_BUG_EFFECT_H
#define GRADWALK_BUG_EFFECT_H

#include "bug/mutants.h"

/* What is compared: the gradients of one pass, of a second one, and with twice the upstream. */
enum effect_pass { PASS_ONE, PASS_TWO, PASS_DOUBLED, PASS_COUNT };

struct effect {
  struct model *model;
  struct run base;       /* forward pass done, at the effect's point */
  int *params;           /* nodes */
  size_t param_count;
  size_t count;          /* entries of all params together */
  double *right;         /* gradients, `count` a pass */
  bool doubles;          /* without the bugs, twice the upstream gives twice the gradients */
};

/* Takes the gradients of MODEL as it stands for right, at the point its image holds or, if MOVED,
 * at one a little away. Ends with effect_done(), also after a failure: STATUS_NO_MEMORY. */
enum status effect_init(struct effect *effect, struct model *model, bool frozen, bool moved);
void effect_done(struct effect *effect);

/* How far the gradients of the model are off now: 0 if not at all (rounding apart), up to 1 what
 * the test per entry of a check lets pass, infinity if one is no number. STATUS_NO_MEMORY. */
enum status effect_measure(struct effect *effect, double *distance);

/* The same of each mutant of CATALOGUE, which is of the effect's model as it stands, handed to EACH
 * with CONTEXT; EACH returns false to stop. OPTIONS and *DONE as for mutants_run(). */
enum status effect_mutants(struct effect *effect, const struct catalogue *catalogue,
                           const struct mutants_options *options,
                           bool (*each)(void *context, size_t mutant, double distance),
                           void *context, size_t *done, struct diag *diag);

#endif
