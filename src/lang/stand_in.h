/* Lines that take the place of a model's rule lines: each is lowered after the program as it is, so
 * that nothing has to be derived anew in order to try one. */
#ifndef GRADWALK_LANG_STAND_IN_H
#define GRADWALK_LANG_STAND_IN_H

#include "lang/model.h"

struct stand_in {
  struct model *model; /* lent; its rules stay as they are meanwhile */
  size_t *first;       /* by node: the first rule line that assigns its gradient */
  bool *assigned;      /* by node: by a line before `at` */
  size_t at;
  struct arena arena;  /* of what is said of their slots */
  struct code code;    /* of the lines that were lowered */
};

/* STATUS_NO_MEMORY. Ends with stand_in_done(), also after a failure. */
enum status stand_in_init(struct stand_in *stand_in, struct model *model);
void stand_in_done(struct stand_in *stand_in);

/* Appends to `code` what computes VALUE in the place of rule line RULE and hands it to the rule's
 * target: *TARGET is that slot, *HANDED the first instruction of the handing over. The line may use
 * its own gradient, as the pass before left it. Slots that it needs come after the program's own:
 * the caller marks the program before and rolls it back afterwards. Rule lines in ascending order
 * cost the least. STATUS_DATA if it does not fit. */
enum status stand_in_line(struct stand_in *stand_in, size_t rule, bool accumulate,
                          const struct expr *value, int *target, size_t *handed,
                          struct diag *diag);

/* Whether VALUE would fit on the right of rule line RULE: every name is known there, and the shape
 * is the target's. STATUS_NO_MEMORY if it cannot be told. */
enum status stand_in_fits(struct stand_in *stand_in, size_t rule, const struct expr *value,
                          bool *fits);

#endif
