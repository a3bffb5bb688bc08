/* Runs the backward passes of mutants without deriving a model anew for each: a mutant's line is
 * lowered alone, and then only those instructions run that read something which it has changed. The
 * results are those of mutant_apply() and a whole pass, to the bit. */
#ifndef GRADWALK_BUG_MUTANTS_H
#define GRADWALK_BUG_MUTANTS_H

#include "bug/catalogue.h"

#include <signal.h>

/* A backward pass of the model as it stands, done. */
struct pass {
  const struct run *run; /* its generator as it was when the first pass began */
  double upstream;       /* the gradient at the loss that it began with */
};

struct mutants_options {
  bool (*wants)(void *wants_context, size_t mutant); /* NULL: all */
  void *wants_context;
  const volatile sig_atomic_t *cancel;
  size_t budget; /* in entries computed, as instr_cost() counts them; 0: none */
  void (*progress)(void *context, size_t done, size_t total); /* after each mutant */
  void *progress_context;
};

/* Called with the run that holds the gradients of MUTANT in pass number PASS. False: stop. */
typedef bool mutants_each(void *context, size_t mutant, size_t pass, const struct run *run);

/* Puts each mutant of CATALOGUE, which is of MODEL as it stands, through PASS_COUNT passes that
 * follow one another, the first on a run that has had none, and hands them to EACH with CONTEXT.
 * PASSES are MODEL's own, with the same forward values; where two that follow one another are the
 * same run, so are a mutant's, unless it remembers the pass before or draws random numbers, and the
 * second is left out. *DONE is how many mutants were run or not wanted: fewer than all of them if
 * EACH or the budget ended it. MODEL is left as it was. STATUS_CANCELLED. */
enum status mutants_run(const struct catalogue *catalogue, struct model *model,
                        const struct pass *passes, size_t pass_count,
                        const struct mutants_options *options, mutants_each *each, void *context,
                        size_t *done, struct diag *diag);

#endif
