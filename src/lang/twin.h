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

/* Copies the values of the leaves and the forward pass from one run to another, of a model and of
 * its twin (or of two twins). */
void twin_copy_forward(const struct run *to, const struct run *from, const struct model *model);

#endif
