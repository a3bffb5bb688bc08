/* Where one looks: beside the exploration, never undone. Only look_at() moves the focus, so that
 * whoever counts looks (a hunt) learns of each. */
#ifndef GRADWALK_EXPLORE_LOOK_H
#define GRADWALK_EXPLORE_LOOK_H

#include <stddef.h>

struct look {
  int focus;        /* node; -1: nothing is open */
  size_t arrivals;  /* how often the focus has come to another node */
};

static inline void look_at(struct look *look, int node) {
  look->arrivals += node != look->focus;
  look->focus = node;
}

#endif
