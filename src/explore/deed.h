/* Chains of logged commands, each with an exploration to go to. They are shared: a chain ends with
 * its last owner. */
#ifndef GRADWALK_EXPLORE_DEED_H
#define GRADWALK_EXPLORE_DEED_H

#include "explore/exploration.h"

/* One logged command. In the list of what was done OTHER is the exploration before it, in that of
 * what was undone the one after it. */
struct deed {
  size_t owners;
  size_t number; /* of those in its list up to this one, from 1 */
  char *line;
  bool kept;     /* OTHER is still there; false: what came later needed its memory */
  size_t bytes;  /* what only OTHER needs */
  size_t total;  /* of this deed and those that follow it */
  struct exploration other;
  struct deed *next; /* the one before it in the log, or the next one to be done again */
};

/* Makes a deed in front of NEXT, which it keeps. OTHER is taken over, also after a failure (NULL).
 */
struct deed *deed_new(const char *line, struct exploration other, size_t bytes, struct deed *next);

struct deed *deeds_keep(struct deed *deed);
void deeds_drop(struct deed *deed);
size_t deeds_count(const struct deed *deed);

/* The line of the deed with INDEX, from 0, which is in the chain. */
const char *deeds_line(const struct deed *deed, size_t index);

/* Where those that are kept take more than MOST bytes, lets explorations go, the oldest first, until
 * they take no more than three quarters of that; so it has little to do at most calls. */
void deeds_bound(struct deed *deed, size_t most);

#endif
