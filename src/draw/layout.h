/* Drawing a graph left to right: boxes in layers, ordered for few crossings, joined by lines that
 * run only along rows and columns. Knows boxes and lines, not models. (The method is Sugiyama's:
 * layers, dummies for long edges, barycentre sweeps.) */
#ifndef GRADWALK_DRAW_LAYOUT_H
#define GRADWALK_DRAW_LAYOUT_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

enum { LAYOUT_MAX_INPUTS = 6 };

struct box {
  int width, height; /* wanted; in cells */
  int inputs[LAYOUT_MAX_INPUTS]; /* boxes whose result enters here, in operand order */
  int input_count;
  int layer, row, col; /* found: layer from 0 at the left; place of the upper left corner */
};

enum { SIDE_UP = 1, SIDE_RIGHT = 2, SIDE_DOWN = 4, SIDE_LEFT = 8 };

struct layout {
  struct box *boxes;
  size_t count;
  int rows, cols;  /* of the whole drawing */
  uint8_t *lines;  /* rows * cols: the sides that lines leave a cell by */
};

/* Places layout->boxes (which the caller filled and owns; inputs must come before their users) and
 * draws the lines. Ends with layout_done(). */
enum status layout_make(struct layout *layout);

/* Rows below BOX's upper edge where its result leaves (OPERAND 0 will do) and operands enter; in a
 * low box the last operands share one. */
int layout_port(const struct box *box, int operand);
void layout_done(struct layout *layout);

#endif
