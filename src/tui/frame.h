/* The frame: which panes stand where, by the size of the screen, and drawing all of it. */
#ifndef GRADWALK_TUI_FRAME_H
#define GRADWALK_TUI_FRAME_H

#include "tui/view.h"

void frame_draw(struct ui *ui);

/* The bar of what runs over the frame before: what the views would show is changing. */
void frame_busy(struct ui *ui);

/* Where the main view is drawn, without its title. */
struct area frame_main(const struct ui *ui);

/* The lesson beside it; no rows if there is none. */
struct area frame_lesson(const struct ui *ui);

#endif
