/* A drawing of a graph: boxes on a grid of cells, and the lines that join them. */
#ifndef GRADWALK_DRAW_DRAWING_H
#define GRADWALK_DRAW_DRAWING_H

#include <stddef.h>
#include <stdint.h>

/* What a caller says of an input's port: a line may share its row with others, needs a row of its
 * own, or is not drawn. */
enum { LAYOUT_CUT = -1, LAYOUT_ANY = 0, LAYOUT_OWN = 1 };

struct box {
  int width, height; /* wanted; in cells. The height grows where lines need more room */
  int bottom;        /* wanted: rows above the lower edge where no line enters */
  int margin;        /* wanted: columns on the left of it where no line turns */
  int *inputs;       /* boxes whose result enters here, in operand order; the caller's */
  int *ports;        /* wanted, one an input; found: rows below the upper edge, or LAYOUT_CUT */
  int input_count;
  int outputs;       /* found: lines that are not cut and begin here */
  int layer, row, col; /* found: layer from 0 at the left; place of the upper left corner */
};

enum { SIDE_UP = 1, SIDE_RIGHT = 2, SIDE_DOWN = 4, SIDE_LEFT = 8, SIDE_JOINT = 16 };

struct layout {
  struct box *boxes;
  size_t count;
  int rows, cols;  /* of the whole drawing */
  uint8_t *lines;  /* rows * cols: the sides that lines leave a cell by */
  size_t cuts;     /* lines that the last layout_make() had to cut */
};

/* Rows below a box's upper edge where its result leaves. */
enum { LAYOUT_OUT = 1 };

#endif
