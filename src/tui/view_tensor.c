/* A value or gradient as numbers under a cursor, as a heat map, and, where it is made of 28 x 28
 * images, as a picture; always with a summary in words. */
#include "core/intl.h"
#include "explore/explain.h"
#include "lang/shown.h"
#include "tui/view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CELL_COLUMNS = 10, IMAGE_SIDE = 28, IMAGE_PIXELS = IMAGE_SIDE * IMAGE_SIDE };

struct tensor {
  struct shape shape;
  const double *values; /* NULL: not computed yet */
  char name[GRADIENT_SIZE]; /* "W", "dW", "d(x @ W)" */
  bool gradient;
  double low, high, largest; /* of all entries; largest in size */
};

static double at(const struct tensor *tensor, uint32_t row, uint32_t col) {
  return tensor->values[(size_t)row * tensor->shape.cols + col];
}

static struct tensor focused(const struct ui *ui) {
  const struct session *session = ui->session;
  const struct node *node = &session->model->nodes[session->look.focus];
  bool gradient = ui->session->look.gradient && node->gradient >= 0;
  struct tensor tensor = {.gradient = gradient};
  char title[GRADIENT_SIZE];
  const char *name = (gradient ? gradient_title : node_title)(session->model, session->look.focus,
                                                              title);
  snprintf(tensor.name, sizeof tensor.name, "%s", name);
  tensor.shape = model_shape(session->model, node->slot);
  if (gradient ? session_has_gradient(session, session->look.focus)
               : session_has_value(session, session->look.focus))
    tensor.values = run_values(&session->run, gradient ? node->gradient : node->slot);
  for (size_t i = 0; tensor.values && i < shape_count(tensor.shape); i++) {
    double value = tensor.values[i];
    if (i == 0 || value < tensor.low) tensor.low = value;
    if (i == 0 || value > tensor.high) tensor.high = value;
    if (fabs(value) > tensor.largest) tensor.largest = fabs(value);
  }
  return tensor;
}

/* -- colours: blue below zero, orange above, nothing at zero -- */

static int heat_colour(double value, double largest) {
  static const int below[] = {252, 153, 110, 67, 31}, above[] = {252, 223, 216, 209, 202};
  enum { STEPS = sizeof below / sizeof *below };
  if (!(largest > 0) || !isfinite(value)) return below[0];
  int step = (int)(fabs(value) / largest * (STEPS - 1) + 0.5);
  return value < 0 ? below[step] : above[step];
}

static int grey_colour(double value, double low, double high) {
  enum { DARKEST = 232, SHADES = 23 };
  return high > low ? DARKEST + (int)((value - low) / (high - low) * SHADES + 0.5) : DARKEST;
}

/* Without enough colours: the sign, and its size by the weight of the character. */
static char heat_character(double value, double largest) {
  static const char weights[] = " .-+*#";
  if (!isfinite(value)) return '!';
  if (!(largest > 0)) return ' ';
  int step = (int)(fabs(value) / largest * 5 + 0.5);
  return value < 0 && step > 1 ? "  ~=%@"[step] : weights[step];
}

static void draw_heat(struct ui *ui, struct area area, const struct tensor *tensor) {
  uint32_t rows = tensor->shape.rows, cols = tensor->shape.cols;
  int high = rows < (uint32_t)area.rows ? (int)rows : area.rows;
  int wide = cols < (uint32_t)area.cols ? (int)cols : area.cols;
  for (int r = 0; r < high; r++)
    for (int c = 0; c < wide; c++) {
      double value = at(tensor, (uint32_t)((uint64_t)r * rows / (uint32_t)high),
                        (uint32_t)((uint64_t)c * cols / (uint32_t)wide));
      char character[2] = {heat_character(value, tensor->largest), 0};
      if (ui->canvas.colours == 256)
        canvas_colour(&ui->canvas, area, r, c, COLOUR_DEFAULT,
                      heat_colour(value, tensor->largest), " ");
      else
        canvas_puts(&ui->canvas, area, r, c, ROLE_PLAIN, character);
    }
}

/* -- pictures -- */

/* A row of 784 is an image; so is a column of 784, such as what one hidden unit looks for. */
static bool is_picture(const struct tensor *tensor) {
  return tensor->shape.cols == IMAGE_PIXELS || tensor->shape.rows == IMAGE_PIXELS;
}

static double pixel(const struct ui *ui, const struct tensor *tensor, int row, int col) {
  uint32_t i = (uint32_t)(row * IMAGE_SIDE + col);
  return tensor->shape.cols == IMAGE_PIXELS ? at(tensor, ui->session->look.row, i)
                                            : at(tensor, i, ui->session->look.col);
}

static int pixel_colour(const struct tensor *tensor, double value) {
  return tensor->low < 0 ? heat_colour(value, tensor->largest)
                         : grey_colour(value, tensor->low, tensor->high);
}

/* Two pixels a cell: the upper half in the foreground, the lower in the background. */
static void draw_picture(struct ui *ui, struct area area, const struct tensor *tensor) {
  for (int row = 0; row < IMAGE_SIDE; row += 2)
    for (int col = 0; col < IMAGE_SIDE; col++) {
      double upper = pixel(ui, tensor, row, col), lower = pixel(ui, tensor, row + 1, col);
      char character[2] = {heat_character((upper + lower) / 2, tensor->largest), 0};
      if (ui->canvas.colours == 256 && ui->canvas.unicode)
        canvas_colour(&ui->canvas, area, row / 2, col, pixel_colour(tensor, upper),
                      pixel_colour(tensor, lower), "▀");
      else
        canvas_puts(&ui->canvas, area, row / 2, col, ROLE_PLAIN, character);
    }
}

/* -- numbers -- */

static void draw_summary(struct ui *ui, struct area area, const struct tensor *tensor) {
  char n[4][NUMBER_TEXT_SIZE];
  size_t count = shape_count(tensor->shape), zeros = 0;
  double sum = 0, squares = 0;
  for (size_t i = 0; i < count; i++) {
    sum += tensor->values[i];
    squares += tensor->values[i] * tensor->values[i];
    zeros += !(tensor->values[i] < 0) && !(tensor->values[i] > 0);
  }
  canvas_printf(&ui->canvas, area, 0, 0, ROLE_PLAIN,
                _("%s  %u x %u  min %s  max %s  mean %s  norm %s  zeros %zu"),
                tensor->name, tensor->shape.rows, tensor->shape.cols,
                number_brief(tensor->low, 4, n[0]), number_brief(tensor->high, 4, n[1]),
                number_brief(sum / (double)count, 4, n[2]), number_brief(sqrt(squares), 4, n[3]),
                zeros);
  canvas_printf(&ui->canvas, area, 1, 0, tensor->gradient ? ROLE_GRADIENT : ROLE_VALUE,
                "%s[%u, %u] = %s", tensor->name, ui->session->look.row, ui->session->look.col,
                number_text(at(tensor, ui->session->look.row, ui->session->look.col), n[0]));
}

/* The entry under the cursor, term by term. */
static void draw_entry(struct ui *ui, struct area area, const struct tensor *tensor) {
  struct lines lines;
  struct diag diag;
  lines_init(&lines);
  explain_entry(ui->session, ui->session->look.focus, tensor->gradient, ui->session->look.row,
                ui->session->look.col, &lines, &diag);
  canvas_puts(&ui->canvas, area, 2, 0, ROLE_PLAIN, text_string(&lines.text));
  lines_done(&lines);
}

static void draw_numbers(struct ui *ui, struct area area, const struct tensor *tensor) {
  enum { HEAD = 6 };
  int rows = area.rows - 1, cols = (area.cols - HEAD) / CELL_COLUMNS;
  if (rows < 1 || cols < 1) return;
  uint32_t top = ui->session->look.row / (uint32_t)rows * (uint32_t)rows;
  uint32_t left = ui->session->look.col / (uint32_t)cols * (uint32_t)cols;
  for (int c = 0; c < cols && left + (uint32_t)c < tensor->shape.cols; c++)
    canvas_printf(&ui->canvas, area, 0, HEAD + c * CELL_COLUMNS, ROLE_FAINT, "%*u",
                  CELL_COLUMNS - 1, left + (uint32_t)c);
  for (int r = 0; r < rows && top + (uint32_t)r < tensor->shape.rows; r++) {
    uint32_t row = top + (uint32_t)r;
    canvas_printf(&ui->canvas, area, r + 1, 0, ROLE_FAINT, "%*u", HEAD - 1, row);
    for (int c = 0; c < cols && left + (uint32_t)c < tensor->shape.cols; c++) {
      uint32_t col = left + (uint32_t)c;
      char number[NUMBER_TEXT_SIZE];
      bool here = row == ui->session->look.row && col == ui->session->look.col;
      canvas_printf(&ui->canvas, area, r + 1, HEAD + c * CELL_COLUMNS,
                    here ? ROLE_FOCUS : tensor->gradient ? ROLE_GRADIENT : ROLE_VALUE, "%*s",
                    CELL_COLUMNS - 1, number_brief(at(tensor, row, col), 4, number));
      if (!here) continue;
      ui->canvas.cursor_row = area.row + r + 1;
      ui->canvas.cursor_col = area.col + HEAD + c * CELL_COLUMNS;
    }
  }
}

static void draw(struct ui *ui, struct area area) {
  if (!session_is_open(ui->session)) return;
  struct tensor tensor = focused(ui);
  if (ui->session->look.row >= tensor.shape.rows) ui->session->look.row = tensor.shape.rows - 1;
  if (ui->session->look.col >= tensor.shape.cols) ui->session->look.col = tensor.shape.cols - 1;
  if (!tensor.values) {
    canvas_printf(&ui->canvas, area, 0, 0, ROLE_PLAIN, _("%s is not computed yet"),
                  tensor.name);
    return;
  }
  draw_summary(ui, area, &tensor);
  draw_entry(ui, area, &tensor);
  int side = area.cols >= 76 ? IMAGE_SIDE + 2 : 0;
  struct area numbers = {area.row + 3, area.col, area.rows - 3, area.cols - side};
  struct area picture = {area.row + 3, area.col + area.cols - IMAGE_SIDE, area.rows - 3,
                         IMAGE_SIDE};
  draw_numbers(ui, numbers, &tensor);
  if (side > 0 && is_picture(&tensor)) draw_picture(ui, picture, &tensor);
  else if (side > 0) draw_heat(ui, picture, &tensor);
}

static uint32_t clamp(int64_t value, uint32_t count) {
  return value < 0 ? 0 : value >= count ? count - 1 : (uint32_t)value;
}

static void move(struct ui *ui, enum direction direction) {
  enum { PAGE = 10 };
  static const int rows[GO_COUNT] = {[GO_UP] = -1, [GO_DOWN] = 1, [GO_PAGE_UP] = -PAGE,
                                       [GO_PAGE_DOWN] = PAGE};
  static const int cols[GO_COUNT] = {[GO_LEFT] = -1, [GO_RIGHT] = 1};
  if (!session_is_open(ui->session)) return;
  struct shape shape = focused(ui).shape;
  ui->session->look.row = clamp((int64_t)ui->session->look.row + rows[direction], shape.rows);
  ui->session->look.col = clamp((int64_t)ui->session->look.col + cols[direction], shape.cols);
  if (direction == GO_HOME) ui->session->look.row = ui->session->look.col = 0;
  if (direction == GO_END)
    ui->session->look.row = shape.rows - 1, ui->session->look.col = shape.cols - 1;
}

const struct view_ops view_tensor = {.name = "tensor", .draw = draw, .move = move};
