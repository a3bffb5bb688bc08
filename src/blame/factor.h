/* What a constant factor usually is: the model's own numbers (sizes of its data, constants in its
 * text) and those that everybody trips over. */
#ifndef GRADWALK_BLAME_FACTOR_H
#define GRADWALK_BLAME_FACTOR_H

#include "core/text.h"
#include "lang/model.h"

/* Appends a clause like "3 is m: a mean is left out", the likeliest reading first; nothing if
 * FACTOR is no number that means something here. A size of the data or a param counts only where it
 * stands to reason: the loss divides by it, or LINE (the wrong line's right side; may be NULL) sums
 * over or divides by it. POINT holds the constants. */
void factor_explain(struct text *out, const struct model *model, const struct run *point,
                    double factor, const struct expr *line);

/* Whether EXPR has the number in it. */
bool factor_stands_in(const struct expr *expr, double number);

/* "2.0000", "1 + 2e-6", "3.2e-5". */
const char *factor_text(double factor, char buffer[NUMBER_TEXT_SIZE]);

/* Whether two factors are the same but for the error of numerical gradients. */
bool factor_is(double factor, double number);

#endif
