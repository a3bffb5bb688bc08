/* What a failing check saw, in a student's words: which tensors are wrong and which are right, what
 * that pattern usually means, and the lines that are wrong. */
#ifndef GRADWALK_CHECK_DIAGNOSE_H
#define GRADWALK_CHECK_DIAGNOSE_H

#include "check/locate.h"

enum finding_kind {
  FINDING_FACTOR,       /* g = k n, in every entry */
  FINDING_OWN_VALUE,    /* g - n = k times the param itself: a regularisation term */
  FINDING_SAME_ENTRIES, /* all entries of g are one number, those of n are not */
  FINDING_PART,         /* only some entries are wrong, all of them in one row or column */
  FINDING_REDUCTION,    /* a bias alone is wrong, the weight beside it is right */
  FINDING_OPERAND,      /* a weight alone is wrong, the bias beside it is right */
  FINDING_FROM_THE_LOSS, /* everything is wrong */
  FINDING_FROM_A_LAYER, /* right down to some layer, wrong from the next one on */
  FINDING_NOT_ZERO,     /* an upstream of 0 leaves something */
  FINDING_NOT_DOUBLE,
  FINDING_NOT_REPEATABLE,
  FINDING_LINE,         /* what is wrong with the first wrong line */
  FINDING_KIND_COUNT
};
extern const char *const finding_names[FINDING_KIND_COUNT];

struct finding {
  enum finding_kind kind;
  size_t *tensors; /* indexes of check->tensors; none for FINDING_LINE */
  size_t tensor_count;
  double factor;   /* k; NaN where there is none */
  char *label;     /* what it is about: "W2", "W1, b1" */
  char *sentence;
};

struct diagnosis {
  struct finding *findings;
  size_t count, capacity;
  struct wrong_lines lines;
};

/* Says why CHECK failed; POINT holds the forward and the backward pass. Nothing is said of a check
 * that did not fail. STATUS_NO_MEMORY; ends with diagnosis_done(), also then. */
enum status diagnose(struct diagnosis *diagnosis, const struct check *check,
                     const struct model *model, const struct run *point);
void diagnosis_done(struct diagnosis *diagnosis);

/* Whether it is about the model as a whole rather than some of its tensors. */
bool finding_is_pattern(const struct finding *finding);

/* Whether a finding says all that is to be said of the tensor INDEX. */
bool diagnosis_covers(const struct diagnosis *diagnosis, size_t index);

#endif
