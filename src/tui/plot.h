/* A plot made of dots: eight to a character cell in braille, one in ASCII. Its x and y run from 0
 * to 1, right and up. A plot owns its cells until plot_done(). */
#ifndef GRADWALK_TUI_PLOT_H
#define GRADWALK_TUI_PLOT_H

#include "tui/canvas.h"
#include "tui/scale.h"

struct plot_cell {
  uint8_t bits; /* of the braille character */
  uint8_t role;
  char letter;  /* drawn instead of dots where there is no braille */
};

struct plot {
  int rows, cols; /* cells */
  bool unicode;
  struct plot_cell *cells;
};

/* STATUS_NO_MEMORY leaves a plot that is only good for plot_done(). */
enum status plot_init(struct plot *plot, int rows, int cols, bool unicode);
void plot_done(struct plot *plot);

/* A straight line; what is drawn later is in front. EVERY: of how many dots one is set. */
void plot_line(struct plot *plot, double x0, double y0, double x1, double y1, int every,
               enum role role, char letter);

void plot_show(const struct plot *plot, struct canvas *canvas, struct area area);

enum { PLOT_LEFT = 8, PLOT_BELOW = 2 }; /* what axes take beside and below the plot */

/* The axes of a plot that is shown at AREA, with what they are marked with. */
void plot_axes(const struct plot *plot, struct canvas *canvas, struct area area,
               const struct tick *y, int y_count, const struct tick *x, int x_count);

/* The cell that a point falls into. */
int plot_row(const struct plot *plot, double y);
int plot_col(const struct plot *plot, double x);

/* Whether nothing is drawn in COLS cells from ROW, COL. */
bool plot_is_free(const struct plot *plot, int row, int col, int cols);

#endif
