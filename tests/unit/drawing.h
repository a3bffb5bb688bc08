/* A drawing of a circuit, read back as a reader would: from the characters of a screen or from the
 * paths of an SVG. A struct drawing lends the circuit and the model and owns the rest until
 * drawing_done(). Every function fails the test where a drawing cannot be read. */
#ifndef GRADWALK_TESTS_DRAWING_H
#define GRADWALK_TESTS_DRAWING_H

#include "draw/circuit.h"
#include "tui/canvas.h"

/* How often one node uses another. */
struct edges {
  int *uses; /* [user * count + source] */
  int count; /* nodes */
};

/* No edges yet; to be given to free() by its uses. */
struct edges edges_new(const struct model *model);
int *edge_at(const struct edges *edges, int source, int user);

/* The lines of a drawing, cell by cell, and what stands in and before its boxes. */
struct drawing {
  int rows, cols;
  uint8_t *sides;
  int *boxes;              /* which box covers a cell, counted from 1; 0: none */
  const struct circuit *circuit;
  const struct model *model;
  const char *what;        /* "screen" or "SVG" */
  struct text *ghosts;     /* by box: the names of operands without a line */
  struct {
    int box, row, uses;
  } *numbers;              /* right before a box, on a line */
  size_t number_count;
  int crossings;
};

void drawing_init(struct drawing *drawing, const struct circuit *circuit,
                  const struct model *model, const char *what);
void drawing_done(struct drawing *drawing);

/* Reads what the circuit's view has drawn, all of it, on CANVAS. */
void drawing_read_screen(struct drawing *drawing, const struct canvas *canvas);
void drawing_read_svg(struct drawing *drawing, const char *svg);

/* All that is drawn is expected, and all that is expected of the nodes drawn is drawn or named. */
void drawing_compare(struct drawing *drawing, const struct edges *expected);

#endif
