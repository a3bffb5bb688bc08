#include "session/picture.h"

#include "core/intl.h"
#include "draw/circuit.h"
#include "draw/svg.h"
#include "lang/shown.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 4, NUMBER_SIZE = 64, SIGN_SIZE = 80 };

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
  snprintf(out, size, "%ux%u |%s|", shape.rows, shape.cols,
           number_brief(sqrt(squares), 3, number));
}

/* The number in a box: false if none is wanted there. *KNOWN: the walk has come to it. */
static bool number_in(const struct session *session, int node, bool gradient, bool *known,
                      char text[NUMBER_SIZE]) {
  const struct node *at = &session->model.nodes[node];
  int slot = gradient ? at->gradient : at->slot;
  if (slot < 0) return false;
  *known = gradient ? session_has_gradient(session, node) : session_has_value(session, node);
  if (*known) picture_value(&session->run, slot, DIGITS, text, NUMBER_SIZE);
  else snprintf(text, NUMBER_SIZE, "·");
  return true;
}

static const char *title_of(const struct session *session) {
  const struct lesson *lesson = &session->lesson;
  return text_string(lesson->title.length > 0 ? &lesson->title : &lesson->path);
}

/* "step 4 of 5, backward" */
static void put_place(const struct session *session, struct text *out) {
  size_t position = session->position;
  text_printf(out, _("step %zu of %zu"), position, session->step_count);
  if (position > 0)
    text_puts(out, position > session->forward_count ? _(", backward") : _(", forward"));
}

/* -- SVG -- */

/* Pixels. A cell of the layout is COLUMN wide and ROW high; lines run through the middles of cells,
 * and a box reaches from the middle of its first cell to that of its last. */
enum { COLUMN = 9, ROW = 26, MARGIN = 28, HEADER = 26, FOOTER = 34, RADIUS = 4, LEAST_WIDTH = 440 };

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

/* The part of a straight line from cell A on, in the direction NEXT, as far as it goes; 0: it does
 * not begin here. */
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
      text_printf(sheet->out, "M%g %gH%g", x_of(right - 1), y_of(box->row + 1), x_of(right - 0.5));
    for (int k = 0; k < box->input_count; k++)
      text_printf(sheet->out, "M%g %gH%g", x_of(box->col - 0.5),
                  y_of(box->row + layout_port(box, k)), x_of(box->col));
  }
  text_puts(sheet->out, "\"/>\n");
}

static void put_word(struct text *out, double x, double y, const char *anchor, const char *colour,
                     const char *more, const char *word) {
  text_printf(out, "<text x=\"%g\" y=\"%g\" text-anchor=\"%s\" fill=\"%s\"%s>", x, y, anchor, colour,
              more);
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

static void put_number(const struct sheet *sheet, int node, bool gradient, double left,
                       double right, double y) {
  char text[NUMBER_SIZE], printed[3 * SIGN_SIZE];
  bool known;
  if (!number_in(sheet->session, node, gradient, &known, text)) return;
  put_word(sheet->out, left, y, "start", grey, " font-style=\"italic\"", gradient ? "g" : "v");
  put_word(sheet->out, right, y, "end",
           !known ? grey : gradient ? gradient_colour : value_colour,
           known ? " font-weight=\"600\"" : "", typeset(text, printed));
}

/* Params, which are to be learnt, are tinted; data are grey, what is computed is white. */
static const char *fill_of(const struct node *node) {
  return node->kind == NODE_PARAM ? "#eef4fb" : node->kind == NODE_OP ? "#ffffff" : "#f4f4f5";
}

static void put_box(const struct sheet *sheet, int index) {
  enum { PAD = 9, NAME = 18, RULE = 25, VALUE = 45, GRADIENT = 67 };
  const struct model *model = &sheet->session->model;
  const struct box *box = &sheet->circuit->layout.boxes[index];
  int node = sheet->circuit->nodes[index];
  double x = x_of(box->col), right = x_of(box->col + box->width - 1), y = y_of(box->row);
  char sign[SIGN_SIZE], printed[3 * SIGN_SIZE], title[TITLE_SIZE];
  circuit_sign(model, node, sign, sizeof sign);
  bool is_name = isalpha((unsigned char)sign[0]);
  text_printf(sheet->out,
              "<g>\n<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%d\" rx=\"6\" fill=\"%s\" "
              "stroke=\"#aeb6c0\"/>\n<path d=\"M%g %gH%g\" stroke=\"#dfe3e8\"/>\n",
              x, y, right - x, ROW * (box->height - 1), fill_of(&model->nodes[node]), x, y + RULE,
              right);
  put_word(sheet->out, x + PAD, y + NAME, "start", ink, " font-weight=\"700\"",
           node_title(model, node, title));
  put_word(sheet->out, right - PAD, y + NAME, "end", grey, "", is_name ? sign : typeset(sign, printed));
  put_number(sheet, node, false, x + PAD, right - PAD, y + VALUE);
  put_number(sheet, node, true, x + PAD, right - PAD, y + GRADIENT);
  text_puts(sheet->out, "</g>\n");
}

static void put_arrows(const struct sheet *sheet) {
  const struct layout *layout = &sheet->circuit->layout;
  text_puts(sheet->out, "<path fill=\"#8c959f\" d=\"");
  for (size_t i = 0; i < layout->count; i++) {
    const struct box *box = &layout->boxes[i];
    for (int k = 0; k < box->input_count; k++)
      if (k == 0 || layout_port(box, k) != layout_port(box, k - 1))
        text_printf(sheet->out, "M%g %gl-7 -3.5v7z", x_of(box->col),
                    y_of(box->row + layout_port(box, k)));
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
  const struct model *model = &sheet->session->model;
  char title[TITLE_SIZE];
  struct text words;
  text_init(&words);
  put_word(sheet->out, MARGIN, y, "start", value_colour, small, _("v value"));
  text_printf(&words, _("g gradient of %s"),
              model->loss >= 0 ? node_title(model, model->loss, title) : _("the loss"));
  put_word(sheet->out, MARGIN + SECOND, y, "start", gradient_colour, small, text_string(&words));
  words.length = 0;
  put_place(sheet->session, &words);
  if (sheet->circuit->partial) text_puts(&words, _("; the neighbourhood only"));
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
  text_puts(sheet->out, "<g font-family=\"'Source Sans 3', 'Source Sans Pro', Inter, 'Helvetica Neue', "
                        "Arial, sans-serif\" font-size=\"15\" "
                        "style=\"font-variant-numeric:tabular-nums;white-space:pre\">\n");
  put_header(sheet);
  put_wires(sheet);
  for (size_t i = 0; i < layout->count; i++) put_box(sheet, (int)i);
  put_arrows(sheet);
  put_footer(sheet, width, height - MARGIN + 4);
  text_puts(sheet->out, "</g>\n");
  svg_end(sheet->out);
}

enum status picture_svg(const struct session *session, struct text *out, struct diag *diag) {
  struct circuit circuit = {0};
  struct sheet sheet = {session, &circuit, out};
  enum status status = circuit_make(&circuit, &session->model, session->focus);
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
  const struct model *model = &sheet->session->model;
  char sign[SIGN_SIZE], title[TITLE_SIZE];
  circuit_sign(model, node, sign, sizeof sign);
  text_puts(sheet->out, "  ");
  put_quoted(sheet->out, model->nodes[node].name);
  text_printf(sheet->out,
              " [label=<<TABLE BORDER=\"1\" CELLBORDER=\"0\" CELLSPACING=\"0\" STYLE=\"ROUNDED\" "
              "COLOR=\"#aeb6c0\" BGCOLOR=\"%s\"><TR><TD ALIGN=\"LEFT\"><B>",
              fill_of(&model->nodes[node]));
  svg_puts(sheet->out, node_title(model, node, title));
  text_puts(sheet->out, "</B></TD><TD ALIGN=\"RIGHT\">");
  svg_puts(sheet->out, sign);
  text_puts(sheet->out, "</TD></TR>");
  put_dot_row(sheet, node, false);
  put_dot_row(sheet, node, true);
  text_puts(sheet->out, "</TABLE>>];\n");
}

static void put_dot_edges(const struct sheet *sheet, int index) {
  const struct model *model = &sheet->session->model;
  const struct box *box = &sheet->circuit->layout.boxes[index];
  for (int k = 0; k < box->input_count; k++) {
    text_puts(sheet->out, "  ");
    put_quoted(sheet->out, model->nodes[sheet->circuit->nodes[box->inputs[k]]].name);
    text_puts(sheet->out, " -> ");
    put_quoted(sheet->out, model->nodes[sheet->circuit->nodes[index]].name);
    text_puts(sheet->out, ";\n");
  }
}

static void put_dot(const struct sheet *sheet) {
  const struct layout *layout = &sheet->circuit->layout;
  text_puts(sheet->out, "digraph gradwalk {\n  rankdir=LR;\n  labelloc=t;\n  label=");
  put_quoted(sheet->out, title_of(sheet->session));
  text_printf(sheet->out, ";\n  fontname=\"Helvetica\";\n  fontcolor=\"%s\";\n"
                          "  node [shape=plain, fontname=\"Helvetica\", fontcolor=\"%s\"];\n"
                          "  edge [color=\"#8c959f\", arrowsize=0.7];\n", ink, ink);
  for (size_t i = 0; i < layout->count; i++) put_dot_node(sheet, sheet->circuit->nodes[i]);
  for (size_t i = 0; i < layout->count; i++) put_dot_edges(sheet, (int)i);
  text_puts(sheet->out, "}\n");
}

enum status picture_dot(const struct session *session, struct text *out, struct diag *diag) {
  struct circuit circuit = {0};
  struct sheet sheet = {session, &circuit, out};
  enum status status = circuit_make(&circuit, &session->model, session->focus);
  if (!status) put_dot(&sheet);
  circuit_done(&circuit);
  return status || out->failed ? diag_no_memory(diag) : STATUS_OK;
}
