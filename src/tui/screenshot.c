#include "tui/screenshot.h"

#include "core/intl.h"
#include "draw/svg.h"
#include "io/file.h"
#include "io/file.h"

#include <stdio.h>
#include <string.h>

struct shot {
  const struct canvas *canvas;
  const struct theme *theme;
  bool light;
  const char *title;
};

/* What a cell looks like, after the theme. */
struct style_of_cell {
  uint8_t attributes;
  int fg, bg;
};

static const struct cell *cell_at(const struct canvas *canvas, int row, int col) {
  return &canvas->cells[row * canvas->cols + col];
}

static struct style_of_cell style_at(const struct shot *shot, int row, int col) {
  const struct cell *cell = cell_at(shot->canvas, row, col);
  struct style_of_cell style = {.bg = shot->canvas->colours > 0 ? cell->bg : COLOUR_DEFAULT};
  style.attributes = theme_look(shot->theme, cell, shot->canvas->colours, &style.fg);
  return style;
}

static bool same_style(struct style_of_cell a, struct style_of_cell b) {
  return a.attributes == b.attributes && a.fg == b.fg && a.bg == b.bg;
}

static bool is_blank(const struct cell *cell) {
  return strcmp(cell->text, " ") == 0;
}

/* -- text -- */

static void put_txt(const struct shot *shot, struct text *out) {
  canvas_dump(shot->canvas, out);
}

/* -- text with colours -- */

static void put_sgr(struct text *out, struct style_of_cell style) {
  text_puts(out, "\033[0");
  for (int bit = 0; bit < 4; bit++) {
    static const char *const codes[] = {";1", ";2", ";4", ";7"}; /* bold, dim, underline, reverse */
    if (style.attributes & 1 << bit) text_puts(out, codes[bit]);
  }
  if (style.fg != COLOUR_DEFAULT) text_printf(out, ";38;5;%d", style.fg);
  if (style.bg != COLOUR_DEFAULT) text_printf(out, ";48;5;%d", style.bg);
  text_puts(out, "m");
}

/* The column after the last one of ROW that shows anything. */
static int row_end(const struct shot *shot, int row) {
  const struct style_of_cell plain = {0, COLOUR_DEFAULT, COLOUR_DEFAULT};
  int end = shot->canvas->cols;
  while (end > 0 && is_blank(cell_at(shot->canvas, row, end - 1)) &&
         same_style(style_at(shot, row, end - 1), plain))
    end--;
  return end;
}

static void put_ans(const struct shot *shot, struct text *out) {
  const struct style_of_cell plain = {0, COLOUR_DEFAULT, COLOUR_DEFAULT};
  for (int row = 0; row < shot->canvas->rows; row++) {
    struct style_of_cell now = plain;
    int end = row_end(shot, row);
    for (int col = 0; col < end; col++) {
      struct style_of_cell style = style_at(shot, row, col);
      if (!same_style(style, now)) put_sgr(out, style);
      now = style;
      text_puts(out, cell_at(shot->canvas, row, col)->text);
    }
    text_puts(out, same_style(now, plain) ? "\n" : "\033[0m\n");
  }
}

/* -- a picture -- */

/* Pixels. */
#define CELL_WIDTH 8.4
enum { CELL_HEIGHT = 18, FONT = 14, BASELINE = 13, MARGIN = 14 };

static double x_of(double col) {
  return MARGIN + CELL_WIDTH * col;
}

static double y_of(double row) {
  return MARGIN + CELL_HEIGHT * row;
}

/* The 256 colours of xterm: 16 with names, a cube of 6 x 6 x 6, 24 greys. */
static unsigned rgb_of(int colour) {
  static const unsigned named[16] = {0x1e2127, 0xc0392b, 0x2e8b57, 0xb8860b, 0x1f6feb, 0x9b4dca,
                                     0x1f9aa8, 0xc8ccd4, 0x6b7280, 0xe5534b, 0x57ab5a, 0xd4a72c,
                                     0x539bf5, 0xb083f0, 0x39c5cf, 0xffffff};
  static const unsigned steps[6] = {0x00, 0x5f, 0x87, 0xaf, 0xd7, 0xff};
  if (colour < 16) return named[colour];
  if (colour >= 232) return 0x010101u * (unsigned)(8 + 10 * (colour - 232));
  colour -= 16;
  return steps[colour / 36] << 16 | steps[colour / 6 % 6] << 8 | steps[colour % 6];
}

static unsigned page_colour(const struct shot *shot) {
  return shot->light ? 0xffffff : 0x16181d;
}

/* The two colours of a cell, as they come out. */
static unsigned front_of(const struct shot *shot, struct style_of_cell style, unsigned *back) {
  unsigned front = style.fg != COLOUR_DEFAULT      ? rgb_of(style.fg)
                   : style.attributes & LOOK_DIM ? (shot->light ? 0x6c737d : 0x868d97)
                   : shot->light                 ? 0x24292f
                                                 : 0xd5d9e0;
  *back = style.bg != COLOUR_DEFAULT ? rgb_of(style.bg) : page_colour(shot);
  if (!(style.attributes & LOOK_REVERSE)) return front;
  unsigned other = *back;
  *back = front;
  return other;
}

/* Characters that are drawn, so that they join whatever the font: the lines of the frame by their
 * sides, parts of a full block, and dots. */
enum shape_kind { SHAPE_NONE, SHAPE_LINE, SHAPE_BLOCK, SHAPE_DOTS };

struct glyph_shape {
  enum shape_kind kind;
  unsigned bits;                       /* sides of a line; dots of a braille character */
  double left, top, width, height, ink; /* of a block, in parts of the cell */
};

static struct glyph_shape shape_of(const struct canvas *canvas, const char *character) {
  size_t size;
  if (!canvas->unicode || !*character) return (struct glyph_shape){SHAPE_NONE, 0, 0, 0, 0, 0, 0};
  int32_t code = utf8_decode(character, strlen(character), &size);
  struct glyph_shape block = {SHAPE_BLOCK, 0, 0, 0, 1, 1, 1};
  if (code >= 0x2500 && code < 0x2580)
    for (unsigned sides = 1; sides < 16; sides++)
      if (strcmp(canvas_line_glyph(canvas, sides), character) == 0)
        return (struct glyph_shape){.kind = SHAPE_LINE, .bits = sides};
  if (code > 0x2800 && code <= 0x28FF)
    return (struct glyph_shape){.kind = SHAPE_DOTS, .bits = (unsigned)code - 0x2800};
  if (code == 0x2580) block.height = 0.5;
  else if (code >= 0x2581 && code <= 0x2588)
    block.height = (code - 0x2580) / 8.0, block.top = 1 - block.height;
  else if (code >= 0x2589 && code <= 0x258F) block.width = (0x2590 - code) / 8.0;
  else if (code >= 0x2591 && code <= 0x2593) block.ink = (code - 0x2590) / 4.0;
  else block.kind = SHAPE_NONE;
  return block;
}

static void put_line_shape(struct text *out, int row, int col, unsigned sides) {
  enum { UP = 1, RIGHT = 2, DOWN = 4, LEFT = 8 };
  double x = x_of(col + 0.5), y = y_of(row + 0.5);
  bool corner = sides == (UP | RIGHT) || sides == (RIGHT | DOWN) || sides == (DOWN | LEFT) ||
                sides == (LEFT | UP);
  if (corner) {
    text_printf(out, "M%g %gQ%g %g %g %g", x_of(sides & RIGHT ? col + 1 : col), y, x, y, x,
                y_of(sides & DOWN ? row + 1 : row));
    return;
  }
  if (sides & (LEFT | RIGHT))
    text_printf(out, "M%g %gH%g", sides & LEFT ? x_of(col) : x, y,
                sides & RIGHT ? x_of(col + 1) : x);
  if (sides & (UP | DOWN))
    text_printf(out, "M%g %gV%g", x, sides & UP ? y_of(row) : y, sides & DOWN ? y_of(row + 1) : y);
}

/* Braille: dots 1 to 3 and 7 go down the left side, 4 to 6 and 8 down the right. */
static void put_dots(struct text *out, int row, int col, unsigned bits) {
  static const int places[8][2] = {{0, 0}, {1, 0}, {2, 0}, {0, 1}, {1, 1}, {2, 1}, {3, 0}, {3, 1}};
  for (int i = 0; i < 8; i++)
    if (bits & 1u << i)
      text_printf(out, "M%g %gh0", x_of(col + 0.25 + 0.5 * places[i][1]),
                  y_of(row + 0.125 + 0.25 * places[i][0]));
}

/* All lines, or all dots, of one colour in one path. Colours come in the order of their first
 * cell. */
static void put_strokes(const struct shot *shot, enum shape_kind kind, struct text *out) {
  enum { MOST = 64 };
  unsigned done[MOST];
  int done_count = 0, cells = shot->canvas->rows * shot->canvas->cols;
  for (int first = 0; first < cells && done_count < MOST; first++) {
    int cols = shot->canvas->cols;
    unsigned back, colour = front_of(shot, style_at(shot, first / cols, first % cols), &back);
    bool known = shape_of(shot->canvas, shot->canvas->cells[first].text).kind != kind;
    for (int i = 0; i < done_count; i++) known = known || done[i] == colour;
    if (known) continue;
    done[done_count++] = colour;
    text_printf(out, "<path fill=\"none\" stroke=\"#%06x\" stroke-width=\"%s\" d=\"", colour,
                kind == SHAPE_LINE ? "1.2" : "2.6\" stroke-linecap=\"round");
    for (int at = first; at < cells; at++) {
      struct glyph_shape shape = shape_of(shot->canvas, shot->canvas->cells[at].text);
      if (shape.kind != kind ||
          front_of(shot, style_at(shot, at / cols, at % cols), &back) != colour)
        continue;
      if (kind == SHAPE_LINE) put_line_shape(out, at / cols, at % cols, shape.bits);
      else put_dots(out, at / cols, at % cols, shape.bits);
    }
    text_puts(out, "\"/>\n");
  }
}

static void put_rect(struct text *out, double x, double y, double width, double height,
                     unsigned colour, double ink) {
  text_printf(out, "<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" fill=\"#%06x\"", x, y, width,
              height, colour);
  if (ink < 1) text_printf(out, " fill-opacity=\"%g\"", ink);
  text_puts(out, "/>\n");
}

/* Backgrounds that are not the page's, run by run; then the blocks on them. */
static void put_grounds(const struct shot *shot, struct text *out) {
  const struct canvas *canvas = shot->canvas;
  for (int row = 0; row < canvas->rows; row++) {
    unsigned back, next;
    for (int col = 0, end; col < canvas->cols; col = end) {
      front_of(shot, style_at(shot, row, col), &back);
      for (end = col + 1; end < canvas->cols; end++) {
        front_of(shot, style_at(shot, row, end), &next);
        if (next != back) break;
      }
      if (back != page_colour(shot))
        put_rect(out, x_of(col), y_of(row), CELL_WIDTH * (end - col), CELL_HEIGHT, back, 1);
    }
    for (int col = 0; col < canvas->cols; col++) {
      struct glyph_shape shape = shape_of(canvas, cell_at(canvas, row, col)->text);
      if (shape.kind == SHAPE_BLOCK)
        put_rect(out, x_of(col + shape.left), y_of(row + shape.top), CELL_WIDTH * shape.width,
                 CELL_HEIGHT * shape.height, front_of(shot, style_at(shot, row, col), &back),
                 shape.ink);
    }
  }
}

static bool is_text(const struct canvas *canvas, int row, int col) {
  const struct cell *cell = cell_at(canvas, row, col);
  return shape_of(canvas, cell->text).kind == SHAPE_NONE;
}

/* Characters of one look, stretched to the cells that they fill. */
static void put_run(const struct shot *shot, int row, int from, int to, struct text *out) {
  struct style_of_cell style = style_at(shot, row, from);
  unsigned back, colour = front_of(shot, style, &back);
  while (from < to && is_blank(cell_at(shot->canvas, row, from))) from++;
  while (to > from && is_blank(cell_at(shot->canvas, row, to - 1))) to--;
  if (from == to) return;
  text_printf(out, "<text x=\"%g\" y=\"%g\" textLength=\"%g\" fill=\"#%06x\"", x_of(from),
              y_of(row) + BASELINE, CELL_WIDTH * (to - from), colour);
  if (style.attributes & LOOK_BOLD) text_puts(out, " font-weight=\"700\"");
  if (style.attributes & LOOK_UNDERLINE) text_puts(out, " text-decoration=\"underline\"");
  text_puts(out, ">");
  for (int col = from; col < to; col++) svg_puts(out, cell_at(shot->canvas, row, col)->text);
  text_puts(out, "</text>\n");
}

static void put_characters(const struct shot *shot, struct text *out) {
  const struct canvas *canvas = shot->canvas;
  for (int row = 0; row < canvas->rows; row++)
    for (int col = 0, end; col < canvas->cols; col = end) {
      end = col + 1;
      if (!is_text(canvas, row, col)) continue;
      while (end < canvas->cols && is_text(canvas, row, end) &&
             same_style(style_at(shot, row, end), style_at(shot, row, col)))
        end++;
      put_run(shot, row, col, end, out);
    }
}

static void put_svg(const struct shot *shot, struct text *out) {
  char page[8];
  snprintf(page, sizeof page, "#%06x", page_colour(shot));
  svg_begin(out, 2 * MARGIN + CELL_WIDTH * shot->canvas->cols,
            2 * MARGIN + CELL_HEIGHT * shot->canvas->rows, shot->title, page);
  text_puts(out, "<g shape-rendering=\"crispEdges\">\n");
  put_grounds(shot, out);
  text_puts(out, "</g>\n");
  put_strokes(shot, SHAPE_LINE, out);
  put_strokes(shot, SHAPE_DOTS, out);
  text_printf(out,
              "<g font-family=\"'DejaVu Sans Mono', 'Liberation Mono', Menlo, Consolas, "
              "monospace\" font-size=\"%d\" style=\"white-space:pre\" xml:space=\"preserve\">\n",
              FONT);
  put_characters(shot, out);
  text_puts(out, "</g>\n");
  svg_end(out);
}

/* -- all of them -- */

static const struct {
  const char *ending;
  void (*put)(const struct shot *shot, struct text *out);
} formats[] = {{".txt", put_txt}, {".ans", put_ans}, {".svg", put_svg}};

enum status screenshot_write(const struct canvas *canvas, const struct theme *theme, bool light,
                             const char *title, const char *path, struct diag *diag) {
  struct shot shot = {canvas, theme, light, title};
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    if (!path_ends(path, formats[i].ending)) continue;
    struct text file;
    text_init(&file);
    formats[i].put(&shot, &file);
    enum status status = file.failed ? diag_no_memory(diag) : file_write(path, &file, diag);
    text_done(&file);
    return status;
  }
  diag_set(diag, STATUS_USAGE, SPAN_NONE, _("%s: the ending names no format"), path);
  diag_hint(diag, "%s", _("the screen is written as FILE.txt, FILE.ans or FILE.svg"));
  return STATUS_USAGE;
}
