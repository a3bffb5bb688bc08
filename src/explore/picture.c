#include "explore/picture.h"

#include "core/intl.h"
#include "draw/circuit.h"
#include "draw/svg.h"
#include "lang/shown.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A box has room for a norm of six columns. */
enum { DIGITS = 4, NUMBER_SIZE = 64, SIGN_SIZE = 80, NORM_COLUMNS = 6 };

/* Blue and orange differ for every eye, and both have contrast enough on white. */
static const char value_colour[] = "#1d5fa6", gradient_colour[] = "#b4500b", ink[] = "#1b1f24",
                  grey[] = "#57606a";

void picture_value(const struct run *run, int slot, int digits, char *out, size_t size) {
  struct shape shape = run->program->slots[slot].shape;
  const double *values = run_values(run, slot);
  char number[NUMBER_TEXT_SIZE];
  double squares = 0;
  if (shape_count(shape) == 1) {
    snprintf(out, size, "%s", number_brief(values[0], digits, number));
    return;
  }
  for (size_t i = 0; i < shape_count(shape); i++) squares += values[i] * values[i];
  const char *norm = number_brief(sqrt(squares), 3, number);
  for (int few = 2; strlen(norm) > NORM_COLUMNS && few > 0; few--)
    norm = number_brief(sqrt(squares), few, number);
  snprintf(out, size, "%ux%u |%s|", shape.rows, shape.cols, norm);
}

/* The number in a box; false if the box has none. *KNOWN: the walk has reached it. */
static bool number_in(const struct session *session, int node, bool gradient, bool *known,
                      char text[NUMBER_SIZE]) {
  const struct node *at = &session->model->nodes[node];
  int slot = gradient ? at->gradient : at->slot;
  if (slot < 0) return false;
  *known = gradient ? session_has_gradient(session, node) : session_has_value(session, node);
  if (*known) picture_value(&session->run, slot, DIGITS, text, NUMBER_SIZE);
  else snprintf(text, NUMBER_SIZE, "·");
  return true;
}

static const char *title_of(const struct session *session) {
  const struct lesson *lesson = session->now.lesson;
  return text_string(lesson->title.length > 0 ? &lesson->title : &lesson->path);
}

/* "move 4 of 5, backward" */
static void put_place(const struct session *session, struct text *out) {
  const size_t position = session->now.at.position, count = session->walk.count;
  const bool backward = position > session->walk.forward_count;
  text_printf(out,
              position == 0 ? _("move %zu of %zu")
              : backward    ? _("move %zu of %zu, backward")
                            : _("move %zu of %zu, forward"), position, count);
}

/* The same of a picture that shows only the part of the circuit around the focus. */
static void put_place_partial(const struct session *session, struct text *out) {
  const size_t position = session->now.at.position, count = session->walk.count;
  const bool backward = position > session->walk.forward_count;
  text_printf(out,
              position == 0 ? _("move %zu of %zu; the neighbourhood only")
              : backward    ? _("move %zu of %zu, backward; the neighbourhood only")
                            : _("move %zu of %zu, forward; the neighbourhood only"),
              position, count);
}

/* -- SVG -- */

/* Pixels. A cell of the layout is COLUMN wide and ROW high; lines run through the middles of cells,
 * and a box reaches from the middle of its first cell to that of its last. */
enum { COLUMN = 9, ROW = 26, MARGIN = 28, HEADER = 26, FOOTER = 34, RADIUS = 4, LEAST_WIDTH = 440 };
enum { FONT_SIZE = 15 };

struct sheet {
  const struct session *session;
  const struct circuit *circuit;
  struct text *out;
};

static double x_of(double col) {
  return MARGIN + COLUMN * (col + 0.5);
}

static double y_of(double row) {
  return MARGIN + HEADER + ROW * (row + 0.5);
}

static unsigned sides_at(const struct layout *layout, int row, int col) {
  bool inside = row >= 0 && col >= 0 && row < layout->rows && col < layout->cols;
  return inside ? layout->lines[row * layout->cols + col] : 0;
}

static bool is_corner(unsigned sides) {
  return sides == (SIDE_UP | SIDE_RIGHT) || sides == (SIDE_RIGHT | SIDE_DOWN) ||
         sides == (SIDE_DOWN | SIDE_LEFT) || sides == (SIDE_LEFT | SIDE_UP);
}

/* From the edge of one cell to that of another, round the corner in the middle. */
static void put_corner(struct text *out, int row, int col, unsigned sides) {
  double x = x_of(col), y = y_of(row);
  double across = sides & SIDE_RIGHT ? 1 : -1, down = sides & SIDE_DOWN ? 1 : -1;
  text_printf(out, "M%g %gH%gQ%g %g %g %gV%g", x + across * COLUMN / 2.0, y, x + across * RADIUS,
              x, y, x, y + down * RADIUS, y + down * ROW / 2.0);
}

/* The length in cells of the straight line that begins here and goes right if it is ACROSS, else
 * down; 0 if none begins here. */
static int run_length(const struct layout *layout, int row, int col, bool across) {
  unsigned from = across ? SIDE_LEFT : SIDE_UP, to = across ? SIDE_RIGHT : SIDE_DOWN;
  int dr = across ? 0 : 1, dc = across ? 1 : 0, length = 0;
  unsigned here = sides_at(layout, row, col), before = sides_at(layout, row - dr, col - dc);
  if (is_corner(here) || !(here & (from | to))) return 0;
  if (here & from && before & to && !is_corner(before)) return 0; /* part of a longer one */
  for (;; length++) {
    unsigned at = sides_at(layout, row + length * dr, col + length * dc);
    unsigned next = sides_at(layout, row + (length + 1) * dr, col + (length + 1) * dc);
    if (!(at & to) || !(next & from) || is_corner(next)) return length + 1;
  }
}

static void put_run(struct text *out, const struct layout *layout, int row, int col, bool across) {
  int length = run_length(layout, row, col, across);
  if (length == 0) return;
  int last_row = across ? row : row + length - 1, last_col = across ? col + length - 1 : col;
  unsigned first = sides_at(layout, row, col), last = sides_at(layout, last_row, last_col);
  double start = first & (across ? SIDE_LEFT : SIDE_UP) ? -0.5 : 0;
  double end = last & (across ? SIDE_RIGHT : SIDE_DOWN) ? 0.5 : 0;
  if (across) text_printf(out, "M%g %gH%g", x_of(col + start), y_of(row), x_of(last_col + end));
  else text_printf(out, "M%g %gV%g", x_of(col), y_of(row + start), y_of(last_row + end));
}

/* The next row of a box, below PORT, where lines enter, or that of the operands that have none; 0:
 * there are no more. */
static int port_after(const struct sheet *sheet, int index, int port) {
  const struct box *box = &sheet->circuit->layout.boxes[index];
  int next = circuit_ghost_row(sheet->circuit, index);
  if (next <= port) next = 0;
  for (int k = 0; k < box->input_count; k++)
    if (box->ports[k] > port && (next == 0 || box->ports[k] < next)) next = box->ports[k];
  return next;
}

static void put_wires(const struct sheet *sheet) {
  const struct layout *layout = &sheet->circuit->layout;
  text_puts(sheet->out, "<path fill=\"none\" stroke=\"#8c959f\" stroke-width=\"1.5\" d=\"");
  for (int row = 0; row < layout->rows; row++)
    for (int col = 0; col < layout->cols; col++) {
      unsigned sides = sides_at(layout, row, col);
      if (is_corner(sides)) put_corner(sheet->out, row, col, sides);
      put_run(sheet->out, layout, row, col, true);
      put_run(sheet->out, layout, row, col, false);
    }
  for (size_t i = 0; i < layout->count; i++) { /* from the boxes to where the lines begin and end */
    const struct box *box = &layout->boxes[i];
    int right = box->col + box->width;
    if (circuit_has_users(sheet->circuit, (int)i))
      text_printf(sheet->out, "M%g %gH%g", x_of(right - 1), y_of(box->row + LAYOUT_OUT),
                  x_of(right - 0.5));
    for (int port = 0; (port = port_after(sheet, (int)i, port));)
      text_printf(sheet->out, "M%g %gH%g", x_of(box->col - 0.5), y_of(box->row + port),
                  x_of(box->col));
  }
  text_puts(sheet->out, "\"/>\n");
}

/* Where the lines of a cross are joined. */
static void put_joints(const struct sheet *sheet) {
  const struct layout *layout = &sheet->circuit->layout;
  for (int row = 0; row < layout->rows; row++)
    for (int col = 0; col < layout->cols; col++)
      if (sides_at(layout, row, col) & SIDE_JOINT)
        text_printf(sheet->out, "<circle cx=\"%g\" cy=\"%g\" r=\"3\" fill=\"#8c959f\"/>\n",
                    x_of(col), y_of(row));
}

static void put_word(struct text *out, double x, double y, const char *anchor, const char *colour,
                     const char *more, const char *word) {
  text_printf(out, "<text x=\"%g\" y=\"%g\" text-anchor=\"%s\" fill=\"%s\"%s>", x, y, anchor,
              colour, more);
  svg_puts(out, word);
  text_puts(out, "</text>\n");
}

/* TEXT as it is printed in books: a minus sign, a times sign, an ellipsis. */
static const char *typeset(const char *text, char out[3 * SIGN_SIZE]) {
  size_t to = 0;
  for (size_t at = 0; text[at]; at++) {
    bool times = text[at] == '*' || (text[at] == 'x' && at > 0 && text[at - 1] <= '9');
    bool dots = text[at] == '.' && text[at + 1] == '.';
    const char *sign = times ? "×" : dots ? "…" : text[at] == '-' ? "−" : NULL;
    if (to + 4 > 3 * SIGN_SIZE) break;
    if (sign) to += (size_t)snprintf(out + to, 4, "%s", sign);
    else out[to++] = text[at];
    at += dots;
  }
  out[to] = '\0';
  return out;
}

/* How wide TEXT, a number or a shape with a norm, may become in pixels: no font that browsers fall
 * back to is wider than DejaVu Sans Bold. */
static double widest(const char *text) {
  double ems = 0;
  for (const char *at = text; *at; at++)
    ems += (*at & 0xC0) == 0x80              ? 0 /* inside a character */
           : *at == ' ' || *at == '.'        ? 0.38
           : *at == '|'                      ? 0.37
           : isalnum((unsigned char)*at)     ? 0.70
                                             : 0.84;
  return FONT_SIZE * ems;
}

static void put_number(const struct sheet *sheet, int node, bool gradient, double left,
                       double right, double y) {
  enum { LABEL = 14 }; /* pixels that the letter before the number takes, and a gap */
  char text[NUMBER_SIZE], printed[3 * SIGN_SIZE], more[64];
  bool known;
  if (!number_in(sheet->session, node, gradient, &known, text)) return;
  put_word(sheet->out, left, y, "start", grey, " font-style=\"italic\"", gradient ? "g" : "v");
  snprintf(more, sizeof more, known ? " font-weight=\"600\"" : "");
  double room = right - left - LABEL, wide = widest(typeset(text, printed));
  if (wide > room)
    snprintf(more + strlen(more), sizeof more - strlen(more), " font-size=\"%.3g\"",
             FONT_SIZE * room / wide);
  put_word(sheet->out, right, y, "end",
           !known ? grey : gradient ? gradient_colour : value_colour, more, printed);
}

/* Params, which are to be learnt, are tinted; data are grey, what is computed is white. */
static const char *fill_of(const struct node *node) {
  return node->kind == NODE_PARAM ? "#eef4fb" : node->kind == NODE_OP ? "#ffffff" : "#f4f4f5";
}

/* How often an operand is used, above its line, and the names of those that have no line. */
static void put_operands(const struct sheet *sheet, int index) {
  enum { PAD = 9, ABOVE = 5, BELOW = 5 };
  static const char small[] = " font-size=\"12\"";
  const struct box *box = &sheet->circuit->layout.boxes[index];
  int ghost_row = circuit_ghost_row(sheet->circuit, index);
  struct text words;
  text_init(&words);
  for (int k = 0; k < box->input_count; k++) {
    int uses = box->ports[k] == LAYOUT_CUT ? 1 : circuit_uses(sheet->circuit, index, k);
    if (uses == 1) continue;
    words.length = 0;
    text_printf(&words, "%d", uses);
    put_word(sheet->out, x_of(box->col) - PAD, y_of(box->row + box->ports[k]) - ABOVE, "end", grey,
             small, text_string(&words));
  }
  words.length = 0;
  if (ghost_row > 0) {
    circuit_ghosts(sheet->circuit, sheet->session->model, index, box->width - 3, "×", &words);
    put_word(sheet->out, x_of(box->col) + PAD, y_of(box->row + ghost_row) + BELOW, "start", grey,
             small, text_string(&words));
  }
  sheet->out->failed = sheet->out->failed || words.failed;
  text_done(&words);
}

static void put_box(const struct sheet *sheet, int index) {
  enum { PAD = 9, NAME = 18, RULE = 25, VALUE = 45, GRADIENT = 67 };
  const struct model *model = sheet->session->model;
  const struct box *box = &sheet->circuit->layout.boxes[index];
  int node = sheet->circuit->nodes[index];
  double x = x_of(box->col), right = x_of(box->col + box->width - 1), y = y_of(box->row);
  char printed[3 * SIGN_SIZE], title[TITLE_SIZE];
  struct text sign;
  text_init(&sign);
  circuit_sign(model, node, &sign);
  bool is_name = isalpha((unsigned char)*text_string(&sign));
  text_printf(sheet->out,
              "<g>\n<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%d\" rx=\"6\" fill=\"%s\" "
              "stroke=\"#aeb6c0\"/>\n<path d=\"M%g %gH%g\" stroke=\"#dfe3e8\"/>\n",
              x, y, right - x, ROW * (box->height - 1), fill_of(&model->nodes[node]), x, y + RULE,
              right);
  put_word(sheet->out, x + PAD, y + NAME, "start", ink, " font-weight=\"700\"",
           node_title(model, node, title));
  put_word(sheet->out, right - PAD, y + NAME, "end", grey, "",
           is_name ? text_string(&sign) : typeset(text_string(&sign), printed));
  put_number(sheet, node, false, x + PAD, right - PAD, y + VALUE);
  put_number(sheet, node, true, x + PAD, right - PAD, y + GRADIENT);
  put_operands(sheet, index);
  text_puts(sheet->out, "</g>\n");
  sheet->out->failed = sheet->out->failed || sign.failed;
  text_done(&sign);
}

static void put_arrows(const struct sheet *sheet) {
  const struct layout *layout = &sheet->circuit->layout;
  text_puts(sheet->out, "<path fill=\"#8c959f\" d=\"");
  for (size_t i = 0; i < layout->count; i++) {
    const struct box *box = &layout->boxes[i];
    for (int port = 0; (port = port_after(sheet, (int)i, port));)
      text_printf(sheet->out, "M%g %gl-7 -3.5v7z", x_of(box->col), y_of(box->row + port));
  }
  text_puts(sheet->out, "\"/>\n");
}

static void put_header(const struct sheet *sheet) {
  put_word(sheet->out, MARGIN, MARGIN + 8, "start", ink, " font-size=\"19\" font-weight=\"700\"",
           title_of(sheet->session));
}

static void put_footer(const struct sheet *sheet, double width, double y) {
  enum { SECOND = 62 };
  static const char small[] = " font-size=\"13\"";
  const struct model *model = sheet->session->model;
  char title[TITLE_SIZE];
  struct text words;
  text_init(&words);
  put_word(sheet->out, MARGIN, y, "start", value_colour, small, _("v value"));
  if (model->loss >= 0)
    text_printf(&words, _("g gradient of %s"), node_title(model, model->loss, title));
  else text_puts(&words, _("g gradient of the loss"));
  put_word(sheet->out, MARGIN + SECOND, y, "start", gradient_colour, small, text_string(&words));
  words.length = 0;
  (sheet->circuit->partial ? put_place_partial : put_place)(sheet->session, &words);
  put_word(sheet->out, width - MARGIN, y, "end", grey, small, text_string(&words));
  sheet->out->failed = sheet->out->failed || words.failed;
  text_done(&words);
}

static void put_sheet(const struct sheet *sheet) {
  const struct layout *layout = &sheet->circuit->layout;
  double width = 2 * MARGIN + COLUMN * layout->cols;
  double height = 2 * MARGIN + HEADER + ROW * layout->rows + FOOTER - ROW;
  if (width < LEAST_WIDTH) width = LEAST_WIDTH;
  svg_begin(sheet->out, width, height, title_of(sheet->session), "#ffffff");
  text_puts(sheet->out,
            "<g font-family=\"'Source Sans 3', 'Source Sans Pro', Inter, 'Helvetica Neue', "
            "Arial, sans-serif\" font-size=\"15\" "
            "style=\"font-variant-numeric:tabular-nums;white-space:pre\">\n");
  put_header(sheet);
  put_wires(sheet);
  put_joints(sheet);
  for (size_t i = 0; i < layout->count; i++) put_box(sheet, (int)i);
  put_arrows(sheet);
  put_footer(sheet, width, height - MARGIN + 4);
  text_puts(sheet->out, "</g>\n");
  svg_end(sheet->out);
}

enum status picture_svg(const struct session *session, struct text *out, struct diag *diag) {
  struct circuit circuit = {0};
  struct sheet sheet = {session, &circuit, out};
  enum status status = circuit_make(&circuit, session->model, session->look.focus);
  if (!status) put_sheet(&sheet);
  circuit_done(&circuit);
  return status || out->failed ? diag_no_memory(diag) : STATUS_OK;
}

/* -- DOT -- */

/* A quoted string of DOT: the quote and the backslash are escaped. */
static void put_quoted(struct text *out, const char *text) {
  struct text safe;
  text_init(&safe);
  text_put_safe(&safe, text, strlen(text));
  text_puts(out, "\"");
  for (size_t i = 0; i < safe.length; i++) {
    if (safe.bytes[i] == '"' || safe.bytes[i] == '\\') text_puts(out, "\\");
    text_put(out, &safe.bytes[i], 1);
  }
  text_puts(out, "\"");
  out->failed = out->failed || safe.failed;
  text_done(&safe);
}

static void put_dot_row(const struct sheet *sheet, int node, bool gradient) {
  char text[NUMBER_SIZE];
  bool known;
  if (!number_in(sheet->session, node, gradient, &known, text)) return;
  text_printf(sheet->out,
              "<TR><TD ALIGN=\"LEFT\"><FONT COLOR=\"%s\">%s</FONT></TD><TD ALIGN=\"RIGHT\">"
              "<FONT COLOR=\"%s\">",
              grey, gradient ? "g" : "v",
              !known ? grey : gradient ? gradient_colour : value_colour);
  svg_puts(sheet->out, text); /* Graphviz reads these labels as XML */
  text_puts(sheet->out, "</FONT></TD></TR>");
}

static void put_dot_node(const struct sheet *sheet, int node) {
  const struct model *model = sheet->session->model;
  char title[TITLE_SIZE];
  struct text sign;
  text_init(&sign);
  circuit_sign(model, node, &sign);
  text_puts(sheet->out, "  ");
  put_quoted(sheet->out, model->nodes[node].name);
  text_printf(sheet->out,
              " [label=<<TABLE BORDER=\"1\" CELLBORDER=\"0\" CELLSPACING=\"0\" STYLE=\"ROUNDED\" "
              "COLOR=\"#aeb6c0\" BGCOLOR=\"%s\"><TR><TD ALIGN=\"LEFT\"><B>",
              fill_of(&model->nodes[node]));
  svg_puts(sheet->out, node_title(model, node, title));
  text_puts(sheet->out, "</B></TD><TD ALIGN=\"RIGHT\">");
  svg_puts(sheet->out, text_string(&sign));
  text_puts(sheet->out, "</TD></TR>");
  sheet->out->failed = sheet->out->failed || sign.failed;
  text_done(&sign);
  put_dot_row(sheet, node, false);
  put_dot_row(sheet, node, true);
  text_puts(sheet->out, "</TABLE>>];\n");
}

static void put_dot_edges(const struct sheet *sheet, int node) {
  const struct model *model = sheet->session->model;
  const struct wires *wires = &sheet->circuit->wires;
  for (size_t i = wires->first[node]; i < wires->first[node + 1]; i++) {
    text_puts(sheet->out, "  ");
    put_quoted(sheet->out, model->nodes[wires->items[i].node].name);
    text_puts(sheet->out, " -> ");
    put_quoted(sheet->out, model->nodes[node].name);
    if (wires->items[i].uses > 1)
      text_printf(sheet->out, " [label=\"×%d\"]", wires->items[i].uses);
    text_puts(sheet->out, ";\n");
  }
}

/* All of the circuit, however large it is: Graphviz finds the places. */
static void put_dot(const struct sheet *sheet) {
  const struct wires *wires = &sheet->circuit->wires;
  text_puts(sheet->out, "digraph gradwalk {\n  rankdir=LR;\n  labelloc=t;\n  label=");
  put_quoted(sheet->out, title_of(sheet->session));
  text_printf(sheet->out, ";\n  fontname=\"Helvetica\";\n  fontcolor=\"%s\";\n"
                          "  node [shape=plain, fontname=\"Helvetica\", fontcolor=\"%s\"];\n"
                          "  edge [color=\"#8c959f\", fontcolor=\"%s\", arrowsize=0.7];\n",
              ink, ink, grey);
  for (size_t n = 0; n < wires->node_count; n++)
    if (wires->drawn[n]) put_dot_node(sheet, (int)n);
  for (size_t n = 0; n < wires->node_count; n++)
    if (wires->drawn[n]) put_dot_edges(sheet, (int)n);
  text_puts(sheet->out, "}\n");
}

enum status picture_dot(const struct session *session, struct text *out, struct diag *diag) {
  struct circuit circuit = {0};
  struct sheet sheet = {session, &circuit, out};
  enum status status = wires_find(&circuit.wires, session->model);
  if (!status) put_dot(&sheet);
  circuit_done(&circuit);
  return status || out->failed ? diag_no_memory(diag) : STATUS_OK;
}
