#include "tui/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum status plot_init(struct plot *plot, int rows, int cols, bool unicode) {
  *plot = (struct plot){.rows = rows, .cols = cols, .unicode = unicode};
  plot->cells = calloc((size_t)rows * (size_t)cols + 1, sizeof *plot->cells);
  return plot->cells ? STATUS_OK : STATUS_NO_MEMORY;
}

void plot_done(struct plot *plot) {
  free(plot->cells);
  plot->cells = NULL;
}

static int dots_across(const struct plot *plot) {
  return plot->cols * (plot->unicode ? 2 : 1);
}

static int dots_down(const struct plot *plot) {
  return plot->rows * (plot->unicode ? 4 : 1);
}

/* VALUE from 0 to 1 as one of COUNT places. */
static int place(double value, int count) {
  return (int)lround(value * (count - 1));
}

/* Braille numbers its dots 1 2 3 7 down on the left, 4 5 6 8 on the right. */
static void set_dot(struct plot *plot, int down, int across, enum role role, char letter) {
  static const uint8_t bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
  int high = plot->unicode ? 4 : 1, wide = plot->unicode ? 2 : 1;
  if (down < 0 || across < 0 || down >= dots_down(plot) || across >= dots_across(plot)) return;
  struct plot_cell *cell = &plot->cells[down / high * plot->cols + across / wide];
  cell->bits |= bits[down % high][across % wide];
  cell->role = (uint8_t)role;
  cell->letter = letter;
}

void plot_line(struct plot *plot, double x0, double y0, double x1, double y1, int every,
               enum role role, char letter) {
  int across = place(x0, dots_across(plot)), to_across = place(x1, dots_across(plot));
  int down = place(1 - y0, dots_down(plot)), to_down = place(1 - y1, dots_down(plot));
  int wide = to_across - across, high = to_down - down;
  int steps = abs(wide) > abs(high) ? abs(wide) : abs(high);
  for (int i = 0; i <= steps; i += every) {
    double part = steps > 0 ? (double)i / steps : 0;
    set_dot(plot, down + (int)lround(part * high), across + (int)lround(part * wide), role, letter);
  }
}

int plot_row(const struct plot *plot, double y) {
  return place(1 - y, dots_down(plot)) / (plot->unicode ? 4 : 1);
}

int plot_col(const struct plot *plot, double x) {
  return place(x, dots_across(plot)) / (plot->unicode ? 2 : 1);
}

bool plot_is_free(const struct plot *plot, int row, int col, int cols) {
  if (row < 0 || row >= plot->rows || col < 0 || col + cols > plot->cols) return false;
  for (int i = 0; i < cols; i++)
    if (plot->cells[row * plot->cols + col + i].bits) return false;
  return true;
}

void plot_show(const struct plot *plot, struct canvas *canvas, struct area area) {
  for (int row = 0; row < plot->rows; row++)
    for (int col = 0; col < plot->cols; col++) {
      const struct plot_cell *cell = &plot->cells[row * plot->cols + col];
      if (!cell->bits) continue;
      /* U+2800 and the dots, in UTF-8 */
      char braille[] = {(char)0xE2, (char)(0xA0 | cell->bits >> 6),
                        (char)(0x80 | (cell->bits & 63)), '\0'};
      canvas_puts(canvas, area, row, col, (enum role)cell->role,
                  plot->unicode ? braille : (char[]){cell->letter, '\0'});
    }
}

enum { UP = 1, RIGHT = 2, DOWN = 4, LEFT = 8 }; /* sides of a line's glyph */

static void mark_y(const struct plot *plot, struct canvas *canvas, struct area outer,
                   const struct tick *tick) {
  int row = plot_row(plot, tick->place), width = text_columns(tick->label, strlen(tick->label));
  int start = width < PLOT_LEFT - 1 ? PLOT_LEFT - 2 - width : 0;
  canvas_puts(canvas, outer, row, start, ROLE_FAINT, tick->label);
  canvas_puts(canvas, outer, row, PLOT_LEFT - 1, ROLE_FAINT,
              canvas_line_glyph(canvas, UP | DOWN | LEFT));
}

static void mark_x(const struct plot *plot, struct canvas *canvas, struct area outer,
                   const struct tick *tick) {
  int col = PLOT_LEFT + plot_col(plot, tick->place), width = (int)strlen(tick->label);
  int start = col - width / 2;
  if (start + width > outer.cols) start = outer.cols - width;
  canvas_puts(canvas, outer, plot->rows + 1, start, ROLE_FAINT, tick->label);
  canvas_puts(canvas, outer, plot->rows, col, ROLE_FAINT,
              canvas_line_glyph(canvas, RIGHT | DOWN | LEFT));
}

void plot_axes(const struct plot *plot, struct canvas *canvas, struct area area,
               const struct tick *y, int y_count, const struct tick *x, int x_count) {
  const struct area outer = {area.row, area.col - PLOT_LEFT, plot->rows + PLOT_BELOW,
                             plot->cols + PLOT_LEFT + 1};
  for (int row = 0; row < plot->rows; row++)
    canvas_puts(canvas, outer, row, PLOT_LEFT - 1, ROLE_FAINT,
                canvas_line_glyph(canvas, UP | DOWN));
  for (int col = PLOT_LEFT; col < outer.cols; col++)
    canvas_puts(canvas, outer, plot->rows, col, ROLE_FAINT,
                canvas_line_glyph(canvas, RIGHT | LEFT));
  canvas_puts(canvas, outer, plot->rows, PLOT_LEFT - 1, ROLE_FAINT,
              canvas_line_glyph(canvas, UP | RIGHT));
  for (int i = 0; i < y_count; i++) mark_y(plot, canvas, outer, &y[i]);
  for (int i = 0; i < x_count; i++) mark_x(plot, canvas, outer, &x[i]);
}
