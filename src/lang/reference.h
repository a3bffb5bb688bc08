/* A reference: a model with the same graph and the same leaves, but with rules and a backward pass
 * of its own, so that another pass can be derived and run beside the model's. It lends the model's
 * text, names and scopes, and owns what differs until reference_done(); the model must outlive it
 * and keep its graph. */
#ifndef GRADWALK_LANG_REFERENCE_H
#define GRADWALK_LANG_REFERENCE_H

#include "lang/model.h"

/* The derived pass of OF's graph: without its backward block and its bugs, every gate and statement
 * folded as OF has it or, with UNFOLDED, none, so that only the rules of the operations count. Ends
 * with reference_done(), also after a failure. */
enum status reference_init(struct model *reference, const struct model *of, bool unfolded,
                           struct diag *diag);
void reference_done(struct model *reference);

/* Begins RUN, a run of REFERENCE in double precision, with the leaves and the forward pass of FROM,
 * a run of the model that it is a reference of, and runs its backward pass. STATUS_NO_MEMORY; ends
 * with run_done(). */
enum status reference_run(struct run *run, const struct model *reference, const struct run *from,
                          struct diag *diag);

#endif
