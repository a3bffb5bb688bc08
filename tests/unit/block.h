/* A model's own rule lines as a backward block. */
#ifndef GRADWALK_TESTS_BLOCK_H
#define GRADWALK_TESTS_BLOCK_H

#include "core/text.h"
#include "lang/model.h"

/* Appends the block's first lines: the gradients of params that no rule line of MODEL assigns, which
 * are zeros. The rule lines and "end" come after it. */
void block_begin(struct text *out, const struct model *model);

#endif
