/* The kind of a mistake, by the catalogue: the mutants of the derived pass are run, and one whose
 * gradients are the person's own, rounding apart, is the mistake under a name. */
#ifndef GRADWALK_BLAME_KIND_H
#define GRADWALK_BLAME_KIND_H

#include "blame/form.h"
#include "blame/guess.h"
#include "blame/wrong.h"
#include "bug/catalogue.h"

struct named_kind {
  const struct bug_kind *kind; /* NULL: there is no word for it */
  struct guess guess;          /* what the line does instead, if that is known */
  struct form form;            /* of what the line makes, against what it should make */
  char *mutant;                /* the id of one that gives these gradients, of the model without its
                                * backward block; NULL: the line itself shows what it is */
};

/* Looks at what the only one of LINES makes, if there is just one, and searches the mutants of
 * MODEL's derived pass for the gradients of POINT, MODEL's run with forward and backward pass done
 * in double precision. Of several that fit it takes one whose line makes the gradient that the
 * wrong line makes. Mutants of the rules that make this gradient come first; of the others no more
 * are run than a bounded amount of work allows. STATUS_NO_MEMORY; ends with named_kind_done(), also
 * then. */
enum status kind_find(struct named_kind *found, const struct check *check,
                      const struct model *model, const struct truth *truth,
                      const struct run *point, const struct wrong_lines *lines, struct diag *diag);
void named_kind_done(struct named_kind *found);

#endif
