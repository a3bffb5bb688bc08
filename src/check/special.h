/* Special points, shapes and ways of checking at which mistakes stay unseen: rows of worth.c's
 * table. Each adds its notes, a sentence each, to what WORTH is about. STATUS_NO_MEMORY. */
#ifndef GRADWALK_CHECK_SPECIAL_H
#define GRADWALK_CHECK_SPECIAL_H

#include "check/activation.h"
#include "check/result.h"
#include "check/worker.h"

/* What a row reads, and the sentence that it writes. */
struct worth {
  struct check *check; /* decided */
  const struct model *model;
  const struct run *point; /* forward and backward pass done */
  struct worker *worker;
  struct activations activations; /* zeroed until a row needs them */
  struct text note;
};

/* Makes a note of the sentence, which is empty afterwards. */
enum status worth_add(struct worth *worth);

const char *worth_name(const struct worth *worth, size_t index); /* of tensor INDEX */
const double *worth_values(const struct worth *worth, size_t index);

/* A param that scales something and is 1 everywhere. */
enum status special_ones(struct worth *worth);

/* Units of a weight that are equal, and whose gradients are. */
enum status special_equal(struct worth *worth);

/* A column and a row as long that were spread to a square, all of which the loss adds up. */
enum status special_spread(struct worth *worth);

/* A number that depends on a param, which nothing reads. */
enum status special_unread(struct worth *worth);

/* What random directions can miss. */
enum status special_directions(struct worth *worth);

#endif
