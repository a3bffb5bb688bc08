/* Many examples to train with, from a data function of the language: `data X, T = mnist(3)` takes
 * the first three, a trainer draws others in their place. */
#ifndef GRADWALK_LANG_DATASET_H
#define GRADWALK_LANG_DATASET_H

#include "lang/model.h"

enum { DATASET_PARTS = 2 }; /* what an example is, and what it should be taken for, one-hot */

struct dataset {
  uint32_t count;
  uint32_t widths[DATASET_PARTS]; /* numbers of one example in each part */
  /* Writes PART of the COUNT examples WHICH, numbered from 0, to VALUES, a row each. */
  void (*take)(const struct dataset *dataset, int part, const uint32_t *which, uint32_t count,
               double *values);
};

/* The whole examples, a row each in every part. */
static inline void dataset_take(const struct dataset *dataset, const uint32_t *which,
                                uint32_t count, double *const parts[DATASET_PARTS]) {
  for (int i = 0; i < DATASET_PARTS; i++) dataset->take(dataset, i, which, count, parts[i]);
}

/* Where datasets come from: whoever trains hands one in. */
struct library {
  const struct loader *loader; /* for functions that have no datasets */
  /* The examples of the data function NAME for training, and those for testing. Both are NULL if it
   * has none. */
  enum status (*open)(const char *name, struct dataset **train, struct dataset **test,
                      struct diag *diag);
  void (*close)(struct dataset *dataset);
};

#endif
