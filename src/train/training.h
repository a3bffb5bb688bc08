/* A training while it runs: what its steps, its scores and the advice at its end share. A training
 * owns everything below it until train_done(). */
#ifndef GRADWALK_TRAIN_TRAINING_H
#define GRADWALK_TRAIN_TRAINING_H

#include "core/schedule.h"
#include "lang/dataset.h"
#include "train/history.h"

#include <signal.h>

struct train_options {
  size_t steps;
  uint32_t batch;  /* examples a step; 0: as many as the model's text takes */
  double rate;     /* a step is  v = momentum * v - rate * dW;  W = W + v */
  double momentum;
  bool seeded;     /* batches are drawn from a generator of their own, seeded with SEED; else the
                    * model's own goes on where the build left it, as in a notebook */
  uint32_t seed;
  int threads;     /* 0: as many as there are processors */
  const volatile sig_atomic_t *cancel; /* may be NULL; heard after every step */
  void (*progress)(void *context, size_t done, size_t total); /* may be NULL; after every step */
  void *progress_context;
};

struct training {
  struct model model; /* the text, built for batches */
  struct train_options options;
  const struct library *library;
  struct dataset *train_set, *test_set; /* NULL: the model brings all its data */
  int parts[DATASET_PARTS]; /* nodes that batches are put into; -1 */
  size_t epoch;             /* steps from one line of the table to the next */
  struct history history;
  uint32_t *drawn;          /* the batch */
  double **velocity;        /* by node; NULL where there is none */
  struct run run;
  struct schedule forward, backward;
  struct team *team;
  struct scorer *scorers;   /* one a member */
  struct random random, begun; /* as it is, as it was before the first step */
};

#endif
