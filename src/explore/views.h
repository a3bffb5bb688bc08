/* The views of the explorer by name: what a command's row can say that shows its result. What they
 * are is the explorer's (tui/view.h). */
#ifndef GRADWALK_EXPLORE_VIEWS_H
#define GRADWALK_EXPLORE_VIEWS_H

enum view_id {
#define VIEW(id, name) VIEW_##id,
#include "explore/views.def"
#undef VIEW
  VIEW_COUNT
};

#endif
