/* A twin: a model with the same graph and the same leaves, but with rules and a backward pass of its
 * own, so that another pass can be derived and run beside the model's. It lends the model's text,
 * names and scopes, and owns what differs until twin_done(); the model must outlive it and keep its
 * graph. */
#ifndef GRADWALK_LANG_TWIN_H
#define GRADWALK_LANG_TWIN_H

#include "lang/model.h"

/* The derived pass of OF's graph: without its backward block and its bugs, every gate and statement
 * folded as OF has it or, with UNFOLDED, none, so that only the rules of the operations count. Ends
 * with twin_done(), also after a failure. */
enum status twin_init(struct model *twin, const struct model *of, bool unfolded,
                      struct diag *diag);
void twin_done(struct model *twin);

/* Begins RUN, a run of TWIN in double precision, with the leaves and the forward pass of FROM, a run
 * of the model that it is a twin of, and runs its backward pass. STATUS_NO_MEMORY; ends with
 * run_done(). */
enum status twin_run(struct run *run, const struct model *twin, const struct run *from,
                     struct diag *diag);

#endif
