/* What the rules of the operations give for a gradient, gates unfolded, whatever the person's pass
 * says: a third opinion, beside the numerical gradient and the one in quadruple precision. */
#ifndef GRADWALK_CHECK_DERIVED_H
#define GRADWALK_CHECK_DERIVED_H

#include "check/worker.h"

struct derived {
  bool ready, failed;
  struct model reference;
  struct run right; /* of the reference, in double precision */
  struct run own;   /* of the person's pass, in double precision */
};

/* Whether the person's gradient of NODE, computed in double precision at the point of WORKER, which
 * is at its base, is the derived one in every entry, rounding apart. Derives at the first question;
 * false where that fails. DERIVED begins as zeros and ends with derived_done(). */
bool derived_agrees(struct derived *derived, const struct worker *worker, int node);
void derived_done(struct derived *derived);

#endif
