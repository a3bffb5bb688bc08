/* The number of examples that a model gets right: those whose largest score is in the column where
 * the label has its 1. */
#ifndef GRADWALK_TRAIN_SCORE_H
#define GRADWALK_TRAIN_SCORE_H

#include "train/training.h"

/* Finds the scores: the operand beside the labels, of the same shape, in the first gate or else the
 * first operation that takes both. TRAINING->scores stays -1 where there is none. */
enum status score_init(struct training *training, struct diag *diag);
void score_done(struct training *training);

/* Sets the row's accuracies over the whole sets, with the params as they are now. */
void score_row(struct training *training, struct train_row *row);

#endif
