/* Drawing a graph left to right: boxes in layers, ordered for few crossings, joined by lines that
 * run only along rows and columns. Knows boxes and lines, not models. (The method is Sugiyama's:
 * layers, dummies for long edges, barycentre sweeps.)
 *
 * The drawing can be read back: three lines that meet in a cell are joined there, four that meet
 * only cross unless the cell is a joint; lines of two boxes are joined only where both end in the
 * same place. A line for which there is no such way is cut, and its reader names it instead. */
#ifndef GRADWALK_DRAW_LAYOUT_H
#define GRADWALK_DRAW_LAYOUT_H

#include "core/status.h"
#include "draw/drawing.h"

/* Places layout->boxes (which the caller filled and owns; inputs must come before their users) and
 * draws the lines, but those whose port is LAYOUT_CUT already. Where it has to cut others it sets
 * their ports and layout->cuts and draws nothing: the caller makes room for their names and calls
 * again, which ends because every call cuts some. Ends with layout_done(). */
enum status layout_make(struct layout *layout);
void layout_done(struct layout *layout);

#endif
