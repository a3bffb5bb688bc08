/* The frame: where the panes are, by the size of the screen, and drawing all of it. */
#ifndef GRADWALK_TUI_FRAME_H
#define GRADWALK_TUI_FRAME_H

#include "tui/view.h"

void frame_draw(struct ui *ui);

/* The bar of what runs over the frame before: what the views would show is changing. */
void frame_busy(struct ui *ui);

/* Where the main view is drawn, without its title. */
struct area frame_main(const struct ui *ui);

/* The area of the lesson beside it; it has no rows if no lesson is there. */
struct area frame_lesson(const struct ui *ui);

#endif
