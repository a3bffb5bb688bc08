/* Training: stochastic gradient descent with the model's own backward pass, rule lines, bugs and
 * all. Where the model's data come from a data function that has more of them, each step draws a
 * batch; else every step sees all there is. */
#ifndef GRADWALK_TRAIN_TRAIN_H
#define GRADWALK_TRAIN_TRAIN_H

#include "train/training.h"

/* Builds the model of SOURCE anew, for batches, with the params, folds and bugs of LIKE, another
 * build of it. STATUS_DATA if it cannot be trained. */
enum status train_init(struct training *training, const struct source *source,
                       const struct model *like, const struct train_options *options,
                       const struct library *library, struct diag *diag);
void train_done(struct training *training);

/* Begins with the params that training->model has now. */
void train_take_params(struct training *training);

/* Hands the params as they are now to another build of the text. */
void train_give_params(const struct training *training, struct model *model);

/* Makes all the steps, or as many as there are until it is cancelled or diverges; what the last
 * whole step learnt stays. Fails only for lack of memory. */
enum status train_run(struct training *training, struct diag *diag);

#endif
