/* What a failing check saw: findings, each with a sentence, and the wrong lines. A diagnosis owns
 * them until diagnosis_free(). */
#ifndef GRADWALK_BLAME_FINDING_H
#define GRADWALK_BLAME_FINDING_H

#include "blame/kind.h"
#include "blame/wrong.h"

enum finding_kind {
  FINDING_FACTOR,       /* g = k n, in every entry */
  FINDING_OWN_VALUE,    /* g - n = k times the param itself: a regularisation term */
  FINDING_SAME_ENTRIES, /* all entries of g are one number, those of n are not */
  FINDING_ZERO,         /* all of g is 0 */
  FINDING_OFFSET,       /* g - n is one number */
  FINDING_MOVED,        /* the right entries at other places */
  FINDING_OTHER,        /* it is the gradient of something else */
  FINDING_SCALES,       /* a factor for each row or column */
  FINDING_CLIPPED,      /* the right entries, cut off */
  FINDING_ENTRIES,      /* a mask that is missing, or one too many; signs that are lost */
  FINDING_PART,         /* only some entries are wrong, all of them in one row or column */
  FINDING_REDUCTION,    /* a bias alone is wrong, the weight beside it is right */
  FINDING_OPERAND,      /* a weight alone is wrong, the bias beside it is right */
  FINDING_FROM_THE_LOSS, /* everything is wrong */
  FINDING_FROM_A_LAYER, /* right down to some node, wrong from the next one on */
  FINDING_NOT_ZERO,     /* an upstream of 0 leaves something */
  FINDING_NOT_DOUBLE,
  FINDING_NOT_REPEATABLE,
  FINDING_LINE,         /* what is wrong with the first wrong line */
  FINDING_KIND,         /* the mistake by its name in the catalogue */
  FINDING_CONSTANT,     /* a small constant is in the loss and not in the rule */
  FINDING_NO_LINE,      /* why no line is named */
  FINDING_KIND_COUNT
};
extern const char *const finding_names[FINDING_KIND_COUNT];

/* What a sentence says of the gradient of a node, so that no two can contradict each other. */
struct claim {
  int node;
  bool right;
};

enum { CLAIM_MOST = 4 };

struct finding {
  enum finding_kind kind;
  size_t *tensors; /* indexes of check->tensors; none where it is about the model or a line */
  size_t tensor_count;
  double factor;   /* k; NaN where there is none */
  char *label;     /* what it is about: "W2", "W1, b1" */
  char *sentence;
  struct claim claims[CLAIM_MOST];
  size_t claim_count;
};

struct diagnosis {
  struct finding *findings;
  size_t count, capacity;
  struct wrong_lines lines;
  struct named_kind named;
};

void finding_done(struct finding *finding);
void diagnosis_free(struct diagnosis *diagnosis);

/* Whether it is about the model as a whole rather than some of its tensors or a line. */
bool finding_is_pattern(const struct finding *finding);

/* Whether a finding says all that is to be said of the tensor INDEX. */
bool diagnosis_covers(const struct diagnosis *diagnosis, size_t index);

#endif
