/* The layers of a model, as its graph tells them: a param that goes into one matrix product is its
 * layer's weight, one that is added to the product its bias. */
#ifndef GRADWALK_CHECK_LAYERS_H
#define GRADWALK_CHECK_LAYERS_H

#include "lang/model.h"

enum part { PART_NONE, PART_WEIGHT, PART_BIAS };

struct layer_role {
  enum part part;
  int output; /* slot: of the product with the bias added; slots grow from the data to the loss */
  int input;  /* slot: a weight's other operand; -1 */
};

/* The role of the param NODE. */
struct layer_role layer_role(const struct model *model, int node);

#endif
