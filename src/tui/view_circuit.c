/* The circuit: boxes with value and gradient, joined by lines, from left to right. */
#include "core/intl.h"
#include "explore/picture.h"
#include "lang/shown.h"
#include "tui/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- one box -- */

static void draw_number(struct ui *ui, struct area area, int row, int col, int width, int node,
                        bool gradient) {
  const struct session *session = ui->session;
  const struct node *at = &session->model->nodes[node];
  int slot = gradient ? at->gradient : at->slot;
  bool known = gradient ? session_has_gradient(session, node) : session_has_value(session, node);
  char text[64] = "";
  if (slot < 0) return; /* this node has no gradient */
  if (known) picture_value(&session->run, slot, ui->presenting ? 3 : 4, text, sizeof text);
  else snprintf(text, sizeof text, "%s", ui->canvas.unicode ? "·" : ".");
  enum role role = !known ? ROLE_FAINT : gradient ? ROLE_GRADIENT : ROLE_VALUE;
  if (known && ui->flash && (size_t)node < ui->flash_count && ui->flash[node]) role = ROLE_FLASH;
  canvas_puts(&ui->canvas, area, row, col, ROLE_FAINT, gradient ? "g" : "v");
  canvas_puts(&ui->canvas, area, row, col + width - text_columns(text, strlen(text)), role, text);
}

/* Whether a line enters BOX that many rows below its upper edge. */
static bool enters_at(const struct box *box, int row) {
  for (int k = 0; k < box->input_count; k++)
    if (box->ports[k] == row) return true;
  return false;
}

static void draw_frame(struct ui *ui, struct area area, const struct box *box, int row, int col,
                       bool has_users) {
  struct canvas *canvas = &ui->canvas;
  int bottom = row + box->height - 1, right = col + box->width - 1;
  for (int c = col + 1; c < right; c++) {
    canvas_puts(canvas, area, row, c, ROLE_FAINT, canvas_line_glyph(canvas, 2 | 8));
    canvas_puts(canvas, area, bottom, c, ROLE_FAINT, canvas_line_glyph(canvas, 2 | 8));
  }
  for (int r = row + 1; r < bottom; r++) {
    bool enters = enters_at(box, r - row), leaves = r - row == LAYOUT_OUT && has_users;
    canvas_puts(canvas, area, r, col, ROLE_FAINT,
                canvas_line_glyph(canvas, 1 | 4 | (enters ? 8 : 0)));
    canvas_puts(canvas, area, r, right, ROLE_FAINT,
                canvas_line_glyph(canvas, 1 | 4 | (leaves ? 2 : 0)));
    for (int c = col + 1; c < right; c++) canvas_puts(canvas, area, r, c, ROLE_PLAIN, " ");
  }
  canvas_puts(canvas, area, row, col, ROLE_FAINT, canvas_line_glyph(canvas, 2 | 4));
  canvas_puts(canvas, area, row, right, ROLE_FAINT, canvas_line_glyph(canvas, 4 | 8));
  canvas_puts(canvas, area, bottom, col, ROLE_FAINT, canvas_line_glyph(canvas, 1 | 2));
  canvas_puts(canvas, area, bottom, right, ROLE_FAINT, canvas_line_glyph(canvas, 1 | 8));
}

/* How often an operand is used, on its line, right before the box; and the names of those that have
 * no line. */
static void draw_operands(struct ui *ui, struct area area, int index, int row, int col) {
  const struct circuit *circuit = &ui->circuit;
  const struct box *box = &circuit->layout.boxes[index];
  int ghost_row = circuit_ghost_row(circuit, index);
  bool unicode = ui->canvas.unicode;
  char times[16];
  for (int k = 0; k < box->input_count; k++) {
    int uses = box->ports[k] == LAYOUT_CUT ? 1 : circuit_uses(circuit, index, k);
    if (uses == 1) continue;
    int digits = snprintf(times, sizeof times, "%d", uses);
    canvas_puts(&ui->canvas, area, row + box->ports[k], col - digits, ROLE_KEY, times);
  }
  if (ghost_row == 0) return;
  struct text names;
  text_init(&names);
  circuit_ghosts(circuit, ui->session->model, index, box->width - 3, unicode ? "×" : "x", &names);
  canvas_puts(&ui->canvas, area, row + ghost_row, col + 1, ROLE_KEY, unicode ? "↖" : "<");
  canvas_puts(&ui->canvas, area, row + ghost_row, col + 2, ROLE_FAINT, text_string(&names));
  text_done(&names);
}

static void draw_box(struct ui *ui, struct area area, int index) {
  const struct circuit *circuit = &ui->circuit;
  const struct box *box = &circuit->layout.boxes[index];
  const struct model *model = ui->session->model;
  int node = circuit->nodes[index];
  int row = box->row - ui->pan_row, col = box->col - ui->pan_col;
  bool focused = node == ui->session->look.focus;
  draw_frame(ui, area, box, row, col, circuit_has_users(circuit, index));
  char title[TITLE_SIZE];
  int used = canvas_puts(&ui->canvas, area, row, col + 1, focused ? ROLE_FOCUS : ROLE_TITLE,
                         node_title(model, node, title));
  struct text sign;
  text_init(&sign);
  circuit_sign(model, node, &sign);
  int columns = text_columns(text_string(&sign), sign.length);
  if (columns > 0 && col + 1 + used < col + box->width - 2 - columns)
    canvas_puts(&ui->canvas, area, row, col + box->width - 1 - columns, ROLE_KEY,
                text_string(&sign));
  text_done(&sign);
  draw_number(ui, area, row + 1, col + 1, box->width - 2, node, false);
  draw_number(ui, area, row + 2, col + 1, box->width - 2, node, true);
  draw_operands(ui, area, index, row, col);
  if (focused && row >= 0 && row < area.rows && col >= 0 && col < area.cols) {
    ui->canvas.cursor_row = area.row + row;
    ui->canvas.cursor_col = area.col + col + 1;
  }
}

/* -- the whole -- */

static void draw_lines(struct ui *ui, struct area area) {
  const struct circuit *circuit = &ui->circuit;
  const struct layout *layout = &circuit->layout;
  for (int row = 0; row < area.rows; row++)
    for (int col = 0; col < area.cols; col++) {
      int r = row + ui->pan_row, c = col + ui->pan_col;
      if (r < 0 || c < 0 || r >= layout->rows || c >= layout->cols) continue;
      unsigned sides = layout->lines[r * layout->cols + c];
      if (sides)
        canvas_puts(&ui->canvas, area, row, col, ROLE_FAINT,
                    canvas_line_glyph(&ui->canvas, sides));
    }
}

static int pan_to(int pan, int from, int length, int room, int whole) {
  if (whole <= room) return -(room - whole) / 2; /* all of it, in the middle */
  if (from < pan) pan = from;
  if (from + length > pan + room) pan = from + length - room;
  if (pan > whole - room) pan = whole - room;
  return pan < 0 ? 0 : pan;
}

/* Moves the window so that the focus is in it. */
static void follow_focus(struct ui *ui, struct area area) {
  struct circuit *circuit = &ui->circuit;
  int focus = ui->session->look.focus;
  int index = focus >= 0 && (size_t)focus < circuit->node_count ? circuit->box_of[focus] : -1;
  struct box none = {0};
  const struct box *box = index >= 0 ? &circuit->layout.boxes[index] : &none;
  ui->pan_row = pan_to(ui->pan_row, box->row, box->height, area.rows,
                            circuit->layout.rows);
  ui->pan_col = pan_to(ui->pan_col, box->col, box->width, area.cols,
                            circuit->layout.cols);
}

/* Where the window is in the drawing: a small map at the right end of the title's line. */
static void draw_map(struct ui *ui, struct area pane) {
  enum { WIDTH = 12 };
  const struct circuit *circuit = &ui->circuit;
  int whole = circuit->layout.cols, above = ui->pan_row > 0;
  int below = ui->pan_row + pane.rows < circuit->layout.rows;
  struct area area = {pane.row - 1, pane.col, 1, pane.cols};
  bool unicode = ui->canvas.unicode;
  int col = area.cols - WIDTH - 4;
  if (col < 0 || (whole <= area.cols && !above && !below)) return;
  if (above) canvas_puts(&ui->canvas, area, 0, col - 2, ROLE_KEY, unicode ? "▴" : "^");
  if (below) canvas_puts(&ui->canvas, area, 0, col - 1, ROLE_KEY, unicode ? "▾" : "v");
  for (int i = 0; whole > area.cols && i < WIDTH; i++) {
    int at = i * whole / WIDTH;
    bool inside = at + whole / WIDTH > ui->pan_col && at < ui->pan_col + area.cols;
    canvas_puts(&ui->canvas, area, 0, col + 1 + i, inside ? ROLE_KEY : ROLE_FAINT,
                inside ? unicode ? "▬" : "#" : unicode ? "·" : ".");
  }
}

static void draw(struct ui *ui, struct area area) {
  if (!session_is_open(ui->session)) {
    canvas_puts(&ui->canvas, area, 1, 2, ROLE_PLAIN, _("Nothing is open. L lists the lessons."));
    return;
  }
  follow_focus(ui, area);
  if (ui->circuit.layout.lines) draw_lines(ui, area);
  for (size_t i = 0; i < ui->circuit.layout.count; i++) draw_box(ui, area, (int)i);
  draw_map(ui, area);
}

/* -- moving along the edges -- */

/* The nearest box in the next layer to the left or right that is joined to the focus, else any box
 * of that layer; up and down: the neighbour in the same layer. */
static int neighbour(const struct circuit *circuit, int from, enum direction direction) {
  const struct box *boxes = circuit->layout.boxes;
  int best = -1, best_score = 0;
  for (int i = 0; i < (int)circuit->layout.count; i++) {
    bool joined = false;
    const struct box *left = direction == GO_LEFT ? &boxes[from] : &boxes[i];
    int other = direction == GO_LEFT ? i : from;
    for (int k = 0; k < left->input_count; k++) joined = joined || left->inputs[k] == other;
    int across = boxes[i].layer - boxes[from].layer, down = boxes[i].row - boxes[from].row;
    bool fits = direction == GO_LEFT    ? across < 0 && joined
                : direction == GO_RIGHT ? across > 0 && joined
                : direction == GO_UP    ? across == 0 && down < 0
                                          : across == 0 && down > 0;
    int score = 1000 * abs(across) + abs(down);
    if (!fits || (best >= 0 && score >= best_score)) continue;
    best = i;
    best_score = score;
  }
  return best;
}

static void move(struct ui *ui, enum direction direction) {
  const struct circuit *circuit = &ui->circuit;
  if (!session_is_open(ui->session) || circuit->layout.count == 0) return;
  int focus = ui->session->look.focus;
  int from = focus >= 0 ? circuit->box_of[focus] : -1;
  int to = from < 0 || direction == GO_HOME ? 0
           : direction == GO_END            ? (int)circuit->layout.count - 1
                                              : neighbour(circuit, from, direction);
  if (to >= 0 && direction <= GO_END) session_look(ui->session, circuit->nodes[to]);
  if (ui->circuit.partial) circuit_make(&ui->circuit, ui->session->model, ui->session->look.focus);
}

static void enter(struct ui *ui, struct text *out) {
  const struct model *model = ui->session->model;
  if (!session_is_open(ui->session) || ui->session->look.focus < 0) return;
  int focus = ui->session->look.focus;
  if (model_shown_as(model, focus) >= 0) {
    text_puts(out, "unfold ");
    node_put_shown(out, model, focus);
  } else {
    text_puts(out, "view tensor");
  }
}

static void click(struct ui *ui, struct area area, int row, int col) {
  (void)area;
  const struct circuit *circuit = &ui->circuit;
  row += ui->pan_row;
  col += ui->pan_col;
  for (size_t i = 0; i < circuit->layout.count; i++) {
    const struct box *box = &circuit->layout.boxes[i];
    if (row >= box->row && row < box->row + box->height && col >= box->col &&
        col < box->col + box->width)
      session_look(ui->session, circuit->nodes[i]);
  }
}

const struct view_ops view_circuit = {
    .name = "circuit", .draw = draw, .move = move, .enter = enter, .click = click};
