/* Where one looks: beside the exploration, never undone. Commands and the explorer's keys move it;
 * session_look() is how the focus comes to a node, and a hunt learns of looks from here. */
#ifndef GRADWALK_EXPLORE_LOOK_H
#define GRADWALK_EXPLORE_LOOK_H

#include "explore/views.h"

#include <stdbool.h>
#include <stdint.h>

struct look {
  int focus;         /* node; -1: nothing is open */
  uint32_t row, col; /* the entry of its tensor under the cursor */
  bool gradient;     /* it is one of dNAME, not of NAME */
  enum view_id view;
};

#endif
