/* What can be said of a training that has ended: a loss that rose or did not move, params that
 * never moved, and what another rate does from the same start. All of it is computed. */
#ifndef GRADWALK_TRAIN_ADVICE_H
#define GRADWALK_TRAIN_ADVICE_H

#include "train/training.h"

/* Fills the advice of TRAINING's history, which is over; STEP makes one more step, or returns false
 * where a number runs out of bounds. Tries other rates for a quarter of the steps each, 50 at most,
 * and leaves the params and the generators as they are. STATUS_NO_MEMORY. */
enum status advice_make(struct training *training, bool (*step)(struct training *training));

#endif
