/* Protects the circuit's edges: every operand of every node that is drawn has a line or a name on
 * the screen and in SVG, and an edge in DOT. What the operands are is read from the formulas, as
 * text; what is drawn is read back from the characters of the screen, from the paths of the SVG and
 * from the lines of the DOT, never from the layout's own lists. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lang/print.h"
#include "session/command.h"
#include "session/picture.h"
#include "tui/view.h"

#include <ctype.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the tests looked at, to be told with GRADWALK_TIMES. */
static struct {
  size_t models, edges, ghosts, crossings, captions;
} tally;

/* -- edges: how often one node uses another -- */

struct edges {
  int *uses; /* [user * count + source] */
  int count; /* nodes */
};

static int *edge_at(const struct edges *edges, int source, int user) {
  return &edges->uses[(size_t)user * (size_t)edges->count + (size_t)source];
}

static struct edges edges_new(const struct model *model) {
  struct edges edges = {calloc(model->node_count * model->node_count + 1, sizeof(int)),
                        (int)model->node_count};
  assert_non_null(edges.uses);
  return edges;
}

static bool begins_name(char c) {
  return isalpha((unsigned char)c) || c == '_';
}

/* Behind what names no operand, where TEXT begins with it: rows(…) and cols(…), which are numbers,
 * and the .T of a transpose. */
static const char *behind_other(const char *text) {
  if (strncmp(text, ".T", 2) == 0) return text + 2;
  if (strncmp(text, "rows(", 5) != 0 && strncmp(text, "cols(", 5) != 0) return text;
  int depth = 0;
  do depth += *text == '(' ? 1 : *text == ')' ? -1 : 0;
  while (*text++ && (depth > 0 || text[-1] != ')'));
  return text;
}

/* Adds the nodes that FORMULA names, as text, to what USER uses. */
static void add_named(struct edges *edges, const struct model *model, const char *formula,
                      int user) {
  char name[256];
  for (const char *at = formula; *at;) {
    const char *end = behind_other(at);
    if (end > at || !begins_name(*at)) {
      bool number = isdigit((unsigned char)*at);
      at = end > at ? end : at + 1;
      while (number && (isalnum((unsigned char)*at) || *at == '.')) at++; /* 1e5 names no e5 */
      continue;
    }
    while (isalnum((unsigned char)*end) || *end == '_') end++;
    snprintf(name, sizeof name, "%.*s", (int)(end - at), at);
    int node = *end == '(' ? -1 : model_find(model, name);
    if (node >= 0) ++*edge_at(edges, model_visible(model, node), user);
    at = end;
  }
}

/* Whatever else its formula says, what an operation or a gate was built from is among its edges. */
static void assert_slots(const struct edges *edges, const struct model *model, int user) {
  int shown = model_shown_as(model, user);
  const struct instance *instance = shown >= 0 ? &model->instances[shown] : NULL;
  size_t count = instance ? instance->operand_count : model->nodes[user].operand_count;
  int slots = 0, named = 0;
  for (size_t i = 0; i < count; i++) {
    int slot = instance ? instance->operands[i] : model->nodes[user].operands[i];
    int source = model->values[slot].node;
    if (source < 0) continue;
    slots++;
    if (*edge_at(edges, model_visible(model, source), user) == 0)
      fail_msg("%s: %s is no operand", model->nodes[user].name, model->nodes[source].name);
  }
  for (int n = 0; n < edges->count; n++) named += *edge_at(edges, n, user);
  assert_true(named >= slots);
}

/* What should be drawn, whatever is. */
static struct edges edges_of_model(const struct model *model) {
  struct edges edges = edges_new(model);
  struct text formula;
  text_init(&formula);
  for (int n = 0; n < edges.count; n++) {
    const struct expr *expr = model_formula(model, n);
    if (model_visible(model, n) != n || model->nodes[n].kind != NODE_OP) continue;
    formula.length = 0;
    print_expr(&formula, expr);
    add_named(&edges, model, text_string(&formula), n);
    assert_slots(&edges, model, n);
  }
  text_done(&formula);
  return edges;
}

static bool is_used(const struct edges *edges, int source) {
  for (int n = 0; n < edges->count; n++)
    if (*edge_at(edges, source, n) > 0) return true;
  return false;
}

/* -- a drawing, read back -- */

/* The lines of a drawing, cell by cell, and what stands in and before its boxes. */
struct drawing {
  int rows, cols;
  uint8_t *sides;
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

static void drawing_init(struct drawing *drawing, const struct circuit *circuit,
                         const struct model *model, const char *what) {
  const struct layout *layout = &circuit->layout;
  *drawing = (struct drawing){.rows = layout->rows, .cols = layout->cols, .circuit = circuit,
                              .model = model, .what = what};
  drawing->sides = calloc((size_t)(layout->rows * layout->cols) + 1, 1);
  drawing->ghosts = calloc(layout->count + 1, sizeof *drawing->ghosts);
  drawing->numbers = calloc(circuit->wires.count + 1, sizeof *drawing->numbers);
  assert_true(drawing->sides && drawing->ghosts && drawing->numbers);
  for (size_t i = 0; i < layout->count; i++) text_init(&drawing->ghosts[i]);
}

static void drawing_done(struct drawing *drawing) {
  for (size_t i = 0; i < drawing->circuit->layout.count; i++) text_done(&drawing->ghosts[i]);
  free(drawing->ghosts);
  free(drawing->numbers);
  free(drawing->sides);
}

static uint8_t *side_at(const struct drawing *drawing, int row, int col) {
  if (row < 0 || col < 0 || row >= drawing->rows || col >= drawing->cols)
    fail_msg("%s: a line leaves the drawing at %d, %d", drawing->what, row, col);
  return &drawing->sides[row * drawing->cols + col];
}

static int box_at(const struct drawing *drawing, int row, int col) {
  const struct layout *layout = &drawing->circuit->layout;
  for (size_t i = 0; i < layout->count; i++) {
    const struct box *box = &layout->boxes[i];
    if (row >= box->row && row < box->row + box->height && col >= box->col &&
        col < box->col + box->width)
      return (int)i;
  }
  return -1;
}

static void add_number(struct drawing *drawing, int box, int row, int uses) {
  drawing->numbers[drawing->number_count].box = box;
  drawing->numbers[drawing->number_count].row = row;
  drawing->numbers[drawing->number_count++].uses = uses;
}

static int number_at(const struct drawing *drawing, int box, int row) {
  for (size_t i = 0; i < drawing->number_count; i++)
    if (drawing->numbers[i].box == box && drawing->numbers[i].row == row)
      return drawing->numbers[i].uses;
  return 1;
}

struct follower {
  const struct drawing *drawing;
  struct edges *found;
  int source;
  uint8_t *seen; /* by cell: the sides that it was entered by */
};

enum { UP = 1, RIGHT = 2, DOWN = 4, LEFT = 8, ALL = 15, JOINT = 16 };

static void arrive(struct follower *follower, int box, int row, int col) {
  const struct drawing *drawing = follower->drawing;
  const struct box *at = &drawing->circuit->layout.boxes[box];
  int user = drawing->circuit->nodes[box];
  if (col != at->col || !(*side_at(drawing, row, col) & LEFT))
    fail_msg("%s: a line from %s runs into %s at %d, %d", drawing->what,
             drawing->model->nodes[follower->source].name, drawing->model->nodes[user].name, row,
             col);
  *edge_at(follower->found, follower->source, user) +=
      number_at(drawing, box, row - at->row);
}

/* Follows a line that enters the cell by the side FROM, as a reader does: never back to the left,
 * and straight on where four lines meet without a joint. */
static void follow(struct follower *follower, int row, int col, int from) {
  const struct drawing *drawing = follower->drawing;
  int sides = *side_at(drawing, row, col), box = box_at(drawing, row, col);
  uint8_t *seen = &follower->seen[row * drawing->cols + col];
  if (*seen & from) return;
  *seen |= (uint8_t)from;
  if (box >= 0) {
    arrive(follower, box, row, col);
    return;
  }
  if (!(sides & from)) fail_msg("%s: a line is broken at %d, %d", drawing->what, row, col);
  int straight = from == LEFT ? RIGHT : from == UP ? DOWN : UP;
  int on = (sides & ALL) == ALL && !(sides & JOINT) ? straight : sides & ~from & ALL & ~LEFT;
  if (on & RIGHT) follow(follower, row, col + 1, LEFT);
  if (on & UP) follow(follower, row - 1, col, DOWN);
  if (on & DOWN) follow(follower, row + 1, col, UP);
}

static struct edges read_lines(struct drawing *drawing) {
  struct edges found = edges_new(drawing->model);
  const struct circuit *circuit = drawing->circuit;
  size_t cells = (size_t)(drawing->rows * drawing->cols);
  struct follower follower = {drawing, &found, -1, malloc(cells + 1)};
  assert_non_null(follower.seen);
  for (size_t i = 0; i < circuit->layout.count; i++) {
    const struct box *box = &circuit->layout.boxes[i];
    int row = box->row + 1, right = box->col + box->width - 1;
    follower.source = circuit->nodes[i];
    memset(follower.seen, 0, cells);
    if (*side_at(drawing, row, right) & RIGHT) follow(&follower, row, right + 1, LEFT);
  }
  for (size_t i = 0; i < cells; i++) drawing->crossings += drawing->sides[i] == ALL;
  free(follower.seen);
  return found;
}

/* -- the screen -- */

static int sides_of(const char *glyph) {
  static const char *const lines[16] = {" ", "╵", "╶", "╰", "╷", "│", "╭", "├",
                                        "╴", "╯", "─", "┴", "╮", "┤", "┬", "┼"};
  for (int i = 0; i < 16; i++)
    if (strcmp(glyph, lines[i]) == 0) return i;
  return strcmp(glyph, "●") == 0 ? ALL | JOINT : isdigit((unsigned char)*glyph) ? LEFT | RIGHT : -1;
}

static const char *glyph_at(const struct canvas *canvas, int row, int col) {
  return canvas->cells[row * canvas->cols + col].text;
}

static void read_screen_box(struct drawing *drawing, const struct canvas *canvas, int index) {
  const struct box *box = &drawing->circuit->layout.boxes[index];
  for (int r = 1; r < box->height - 1; r++) {
    int row = box->row + r, right = box->col + box->width - 1, uses = 0, scale = 1;
    for (int c = box->col - 1; c >= 0 && isdigit((unsigned char)*glyph_at(canvas, row, c)); c--) {
      uses += scale * (*glyph_at(canvas, row, c) - '0');
      scale *= 10;
    }
    if (uses > 0) add_number(drawing, index, r, uses);
    if (strcmp(glyph_at(canvas, row, box->col + 1), "↖") != 0) continue;
    for (int c = box->col + 2; c < right; c++)
      text_puts(&drawing->ghosts[index], glyph_at(canvas, row, c));
  }
}

static void read_screen(struct drawing *drawing, const struct canvas *canvas) {
  for (int row = 0; row < drawing->rows; row++)
    for (int col = 0; col < drawing->cols; col++) {
      int sides = sides_of(glyph_at(canvas, row, col)), box = box_at(drawing, row, col);
      if (sides < 0 && box < 0)
        fail_msg("screen: %s at %d, %d is no line", glyph_at(canvas, row, col), row, col);
      if (sides > 0) *side_at(drawing, row, col) = (uint8_t)sides;
    }
  for (size_t i = 0; i < drawing->circuit->layout.count; i++)
    read_screen_box(drawing, canvas, (int)i);
}

/* Operands that are numbers have no line: they stand beside the sign, in the frame and in DOT. */
static void assert_captions(const struct drawing *drawing, const struct canvas *canvas,
                            const char *dot, int index) {
  const struct model *model = drawing->model;
  const struct box *box = &drawing->circuit->layout.boxes[index];
  int node = drawing->circuit->nodes[index], shown = model_shown_as(model, node);
  const struct instance *gate = shown >= 0 ? &model->instances[shown] : NULL;
  size_t count = gate ? gate->operand_count : model->nodes[node].operand_count;
  char number[NUMBER_TEXT_SIZE], label[300];
  if (gate && !gate->gate) return;
  struct text title;
  text_init(&title);
  for (int c = 1; c < box->width - 1; c++)
    text_puts(&title, glyph_at(canvas, box->row, box->col + c));
  snprintf(label, sizeof label, "\n  \"%s\" [label=", model->nodes[node].name);
  const char *sign = strstr(strstr(dot, label), "<TD ALIGN=\"RIGHT\">");
  for (size_t i = 0; i < count; i++) {
    const struct value *value =
        &model->values[gate ? gate->operands[i] : model->nodes[node].operands[i]];
    if (value->node >= 0 || value->ref->kind != EXPR_NUMBER) continue;
    const char *brief = number_brief(value->ref->number, 4, number);
    const char *in_dot = strstr(sign, brief);
    if (!strstr(text_string(&title), brief) || !in_dot || in_dot > strstr(sign, "</TD>"))
      fail_msg("%s: no %s in %s", model->nodes[node].name, brief, text_string(&title));
    tally.captions++;
  }
  text_done(&title);
}

/* The circuit's view, on a screen that holds all of it. */
static void draw_screen(struct drawing *drawing, struct session *session,
                        struct circuit *circuit, const char *dot) {
  struct ui ui = {.session = session, .circuit = *circuit};
  struct layout *layout = &circuit->layout;
  assert_int_equal(canvas_init(&ui.canvas, layout->rows, layout->cols), STATUS_OK);
  ui.canvas.unicode = true;
  canvas_clear(&ui.canvas);
  view_circuit.draw(&ui, (struct area){0, 0, layout->rows, layout->cols});
  assert_int_equal(ui.pan_row, 0);
  assert_int_equal(ui.pan_col, 0);
  read_screen(drawing, &ui.canvas);
  for (size_t i = 0; i < layout->count; i++) assert_captions(drawing, &ui.canvas, dot, (int)i);
  canvas_done(&ui.canvas);
}

/* -- SVG -- */

/* The cell that a coordinate lies in and, doubled, how far from its middle: picture.c's own
 * measures. */
static double col_of(double x) {
  return (x - 28) / 9 - 0.5;
}

static double row_of(double y) {
  return (y - 28 - 26) / 26 - 0.5;
}

/* Marks what a straight line covers, half a cell at a time. */
static void mark_line(struct drawing *drawing, double row, double col, double to, bool across) {
  double from = across ? col : row;
  int other = (int)lround(across ? row : col);
  for (double at = from; at < to - 0.1; at += 0.5) {
    int cell = (int)floor(at + 0.75);
    bool first = at + 0.25 < cell;
    int side = across ? (first ? LEFT : RIGHT) : (first ? UP : DOWN);
    *side_at(drawing, across ? other : cell, across ? cell : other) |= (uint8_t)side;
  }
}

/* One "M…" of a path: a straight line, or a corner. Returns its end. */
static const char *read_piece(struct drawing *drawing, const char *at) {
  double x, y, to, cx, cy, ex, ey, last;
  int used = 0;
  if (sscanf(at, "M%lf %lfH%lfQ%lf %lf %lf %lfV%lf%n", &x, &y, &to, &cx, &cy, &ex, &ey, &last,
             &used) == 8 && used > 0) {
    int row = (int)lround(row_of(y)), col = (int)lround(col_of(cx));
    *side_at(drawing, row, col) |= (uint8_t)((x > cx ? RIGHT : LEFT) | (last > cy ? DOWN : UP));
  } else if (sscanf(at, "M%lf %lfH%lf%n", &x, &y, &to, &used) == 3 && used > 0) {
    mark_line(drawing, row_of(y), col_of(x), col_of(to), true);
  } else if (sscanf(at, "M%lf %lfV%lf%n", &x, &y, &to, &used) == 3 && used > 0) {
    mark_line(drawing, row_of(y), col_of(x), row_of(to), false);
  } else {
    fail_msg("SVG: no piece of a line: %.40s", at);
  }
  return at + used;
}

static void read_svg_lines(struct drawing *drawing, const char *svg) {
  double x, y;
  const char *at = strstr(svg, "<path fill=\"none\"");
  assert_non_null(at);
  at = strstr(at, " d=\"") + 4;
  while (*at == 'M') at = read_piece(drawing, at);
  assert_int_equal(*at, '"');
  for (at = svg; (at = strstr(at, "<circle ")); at++) {
    assert_int_equal(sscanf(at, "<circle cx=\"%lf\" cy=\"%lf\"", &x, &y), 2);
    *side_at(drawing, (int)lround(row_of(y)), (int)lround(col_of(x))) |= JOINT;
  }
}

/* Small words: a number that ends right before a box, above its line, or the names inside it. */
static void read_svg_word(struct drawing *drawing, const char *at, int index) {
  const struct box *box = &drawing->circuit->layout.boxes[index];
  const char *words = strchr(at, '>') + 1;
  double x, y;
  assert_int_equal(sscanf(at, "<text x=\"%lf\" y=\"%lf\"", &x, &y), 2);
  if (strncmp(strstr(at, "text-anchor="), "text-anchor=\"end\"", 17) == 0)
    add_number(drawing, index, (int)lround(row_of(y + 5)) - box->row, atoi(words));
  else
    text_put(&drawing->ghosts[index], words, strcspn(words, "<"));
}

static void read_svg(struct drawing *drawing, const char *svg) {
  int index = -1;
  read_svg_lines(drawing, svg);
  for (const char *at = svg; (at = strchr(at, '<')); at++) {
    if (strncmp(at, "<g>", 3) == 0) index++;
    const char *end = strchr(at, '>');
    if (strncmp(at, "<text ", 6) != 0) continue;
    for (const char *small = at; small < end; small++)
      if (strncmp(small, "font-size=\"12\"", 14) == 0) read_svg_word(drawing, at, index);
  }
  assert_int_equal(index + 1, drawing->circuit->layout.count);
}

/* -- comparing -- */

/* Takes "W1 b×2 +3" out of the uses that no line was found for: all of them have to be said. */
static void take_ghosts(const struct drawing *drawing, struct edges *missing, int box) {
  int user = drawing->circuit->nodes[box], more = 0;
  char *words = strdup(text_string(&drawing->ghosts[box])), *place = NULL;
  assert_non_null(words);
  for (char *word = strtok_r(words, " ", &place); word; word = strtok_r(NULL, " ", &place)) {
    char *times = strstr(word, "×");
    if (*word == '+') {
      more = atoi(word + 1);
      continue;
    }
    if (times) *times = '\0';
    int source = model_find(drawing->model, word);
    int *uses = source >= 0 ? edge_at(missing, source, user) : NULL;
    if (!uses || *uses < 1) fail_msg("%s: %s names %s", drawing->what,
                                     drawing->model->nodes[user].name, word);
    *uses -= times ? atoi(times + strlen("×")) : 1;
  }
  free(words);
  for (int n = 0; n < missing->count; n++) {
    int *uses = edge_at(missing, n, user);
    if (*uses > 0 && more > 0) more--, *uses = 0;
  }
  assert_int_equal(more, 0);
}

/* All that is drawn is expected, and all that is expected is drawn or named. */
static void compare(struct drawing *drawing, const struct edges *expected) {
  struct edges found = read_lines(drawing), missing = edges_new(drawing->model);
  const struct model *model = drawing->model;
  int wrong = 0;
  for (int user = 0; user < expected->count; user++)
    for (int source = 0; source < expected->count; source++)
      if (drawing->circuit->box_of[user] >= 0)
        *edge_at(&missing, source, user) =
            *edge_at(expected, source, user) - *edge_at(&found, source, user);
  for (size_t i = 0; i < drawing->circuit->layout.count; i++)
    take_ghosts(drawing, &missing, (int)i);
  for (int user = 0; user < expected->count; user++)
    for (int source = 0; source < expected->count; source++) {
      int uses = *edge_at(&missing, source, user);
      if (uses == 0) continue;
      print_message("%s: %s -> %s, %d %s\n", drawing->what, model->nodes[source].name,
                    model->nodes[user].name, abs(uses), uses > 0 ? "missing" : "too many");
      wrong++;
    }
  assert_int_equal(wrong, 0);
  free(found.uses);
  free(missing.uses);
}

/* "a" -> "b" [label="×2"]; of all nodes, whatever the circuit of the screen holds. */
static void compare_dot(const char *dot, const struct model *model, const struct edges *expected) {
  struct edges found = edges_new(model);
  char source[256], user[256];
  for (const char *at = dot; (at = strchr(at, '\n')); at++) {
    int uses = 1;
    if (sscanf(at, "\n  \"%255[^\"]\" -> \"%255[^\"]\" [label=\"×%d\"]", source, user, &uses) < 2)
      continue;
    int from = model_find(model, source), to = model_find(model, user);
    assert_true(from >= 0 && to >= 0);
    *edge_at(&found, from, to) += uses;
  }
  for (int u = 0; u < expected->count; u++)
    for (int s = 0; s < expected->count; s++)
      if (*edge_at(&found, s, u) != *edge_at(expected, s, u))
        fail_msg("DOT: %s -> %s: %d, not %d", model->nodes[s].name, model->nodes[u].name,
                 *edge_at(&found, s, u), *edge_at(expected, s, u));
  free(found.uses);
}

/* Leaves that nothing reads may be left out; everything else has a box. */
static void compare_boxes(const struct circuit *circuit, const struct model *model,
                          const struct edges *expected) {
  for (int n = 0; n < expected->count && !circuit->partial; n++) {
    bool wanted = model_visible(model, n) == n && (model->nodes[n].kind == NODE_OP ||
                                                   model->nodes[n].kind == NODE_PARAM ||
                                                   is_used(expected, n));
    if (wanted && circuit->box_of[n] < 0) fail_msg("%s has no box", model->nodes[n].name);
  }
}

static void check(struct session *session) {
  const struct model *model = &session->model;
  struct circuit circuit = {0};
  struct drawing screen, svg;
  struct text picture, dot;
  struct diag diag;
  text_init(&picture);
  text_init(&dot);
  assert_int_equal(circuit_make(&circuit, model, session->focus), STATUS_OK);
  assert_int_equal(picture_svg(session, &picture, &diag), STATUS_OK);
  assert_int_equal(picture_dot(session, &dot, &diag), STATUS_OK);
  struct edges expected = edges_of_model(model);
  compare_boxes(&circuit, model, &expected);
  drawing_init(&screen, &circuit, model, "screen");
  draw_screen(&screen, session, &circuit, text_string(&dot));
  compare(&screen, &expected);
  drawing_init(&svg, &circuit, model, "SVG");
  read_svg(&svg, text_string(&picture));
  compare(&svg, &expected);
  compare_dot(text_string(&dot), model, &expected);
  tally.models++;
  tally.crossings += (size_t)screen.crossings;
  for (size_t i = 0; i < circuit.layout.count; i++) tally.ghosts += screen.ghosts[i].length > 0;
  for (int i = 0; i < expected.count * expected.count; i++)
    tally.edges += (size_t)expected.uses[i];
  drawing_done(&screen);
  drawing_done(&svg);
  circuit_done(&circuit);
  free(expected.uses);
  text_done(&picture);
  text_done(&dot);
}

static void tell_tally(const char *what) {
  if (getenv("GRADWALK_TIMES"))
    print_message("# %s: %zu models, %zu edges, %zu boxes with names, %zu crossings, %zu numbers\n",
                  what, tally.models, tally.edges, tally.ghosts, tally.crossings, tally.captions);
  memset(&tally, 0, sizeof tally);
}

/* -- which models -- */

static bool doing(struct session *session, const char *line) {
  struct text out;
  struct diag diag;
  text_init(&out);
  enum status status = command_do(session, line, &out, &diag);
  text_done(&out);
  return status == STATUS_OK;
}

static void check_both(struct session *session) {
  check(session);
  assert_true(doing(session, "unfold all"));
  check(session);
  assert_true(doing(session, "fold all"));
}

/* Every file of the pattern, and every page of it. */
static size_t check_files(const char *pattern) {
  struct session session;
  char path[512], line[600];
  glob_t found;
  snprintf(path, sizeof path, "%s/%s", getenv("GRADWALK_TEST_DATA"), pattern);
  assert_int_equal(glob(path, 0, NULL, &found), 0);
  session_init(&session);
  for (size_t i = 0; i < found.gl_pathc; i++) {
    snprintf(line, sizeof line, "open %s", found.gl_pathv[i]);
    for (int page = 1; doing(&session, line); page++) {
      check_both(&session);
      snprintf(line, sizeof line, "step %d", page);
    }
  }
  size_t count = found.gl_pathc;
  globfree(&found);
  session_done(&session);
  return count;
}

static void test_shipped_models(void **state) {
  (void)state;
  assert_true(check_files("models/*.gw") >= 20);
  assert_true(tally.models >= 40);
  tell_tally("data/models");
}

static void test_lessons(void **state) {
  (void)state;
  assert_true(check_files("../lessons/[0-9]*.md") >= 15);
  assert_true(tally.models >= 100 && tally.captions > 100);
  tell_tally("lessons");
}

static void open_text(struct session *session, const char *text) {
  char path[] = "/tmp/gradwalk-circuit-XXXXXX", line[64];
  int file = mkstemp(path);
  assert_true(file >= 0);
  assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
  close(file);
  session_init(session);
  snprintf(line, sizeof line, "open %s", path);
  if (!doing(session, line)) fail_msg("cannot open:\n%s", text);
  remove(path);
}

static void check_text(const char *text) {
  struct session session;
  open_text(&session, text);
  check_both(&session);
  session_done(&session);
}

static uint32_t dice;

static int roll(int sides) {
  dice = dice * 1664525u + 1013904223u;
  return (int)((dice >> 8) % (uint32_t)sides);
}

/* A node of up to MOST operands, some of them several times, now and then in a gate, a constant or
 * nothing but one operation. */
static void put_node(struct text *out, int node, int leaves, int most) {
  static const char *const joins[] = {" + ", " - ", " * "};
  static const char *const gates[] = {"sigmoid", "relu", "tanh", ""};
  int before = leaves + node, count = 1 + roll(roll(3) ? 4 : most);
  text_printf(out, "v%d = %s(", node + leaves, gates[roll(4)]);
  for (int i = 0; i < count; i++) {
    int from = roll(4) ? before - 1 - roll(before < 8 ? before : 8) : roll(before);
    text_printf(out, "%sv%d", i > 0 ? joins[roll(3)] : "", from);
    if (roll(8) == 0) text_printf(out, " * v%d", from);
    if (roll(12) == 0) text_puts(out, " / (2 * k)");
  }
  text_puts(out, ")\n");
}

static void test_random_models(void **state) {
  (void)state;
  struct text text;
  text_init(&text);
  for (int seed = 1; seed <= 60; seed++) {
    dice = (uint32_t)seed;
    int leaves = 1 + roll(seed % 3 ? 10 : 40), nodes = 1 + roll(25);
    text.length = 0;
    text_puts(&text, "k = 3\n");
    for (int i = 0; i < leaves; i++)
      text_printf(&text, "%s v%d = 0.%d\n", roll(3) ? "param" : "data", i, 1 + roll(9));
    for (int i = 0; i < nodes; i++) put_node(&text, i, leaves, 40);
    check_text(text_string(&text));
  }
  text_done(&text);
  tell_tally("random models");
}

/* From one input to forty, each its own, each twice, all the same. */
static void test_every_fan_in(void **state) {
  (void)state;
  struct text text;
  text_init(&text);
  for (int count = 1; count <= 40; count++)
    for (int kind = 0; kind < 3; kind++) {
      text.length = 0;
      for (int i = 0; i < count; i++) text_printf(&text, "param p%d = %d\n", i, i);
      text_puts(&text, "n = 1");
      for (int i = 0; i < count; i++)
        text_printf(&text, kind == 1 ? " + p%d * p%d" : " + p%d", kind == 2 ? 0 : i, i);
      text_puts(&text, "\nf = tanh(n) * n\n");
      check_text(text_string(&text));
    }
  text_done(&text);
  tell_tally("fan-ins");
}

/* Too large to be drawn whole: what lies outside is named where it enters. */
static void test_large_models(void **state) {
  (void)state;
  struct text text;
  text_init(&text);
  for (int kind = 0; kind < 2; kind++) {
    text.length = 0;
    text_puts(&text, "k = 2\nparam v0 = 0.5\nparam w = 0.3\nparam u = 0.2\n");
    dice = 7;
    for (int i = 1; kind == 0 && i < 400; i++)
      text_printf(&text, "v%d = tanh(w * v%d + u)\n", i, i - 1);
    for (int i = 0; kind == 1 && i < 360; i++) put_node(&text, i, 1, 40);
    check_text(text_string(&text));
  }
  text_done(&text);
  tell_tally("large models");
}

/* Leaves that only served to make others have no box; those that nothing reads at all have one. */
static void test_served_leaves(void **state) {
  (void)state;
  struct session session;
  struct circuit circuit = {0};
  static const struct {
    const char *name;
    bool drawn;
  } wanted[] = {{"q", false}, {"at", false}, {"G", true}, {"x", true}, {"unread", true},
                {"m", false}, {"h", true},  {"unused", true}, {"L", true}};
  open_text(&session,
            "data q = [0; 1; 2]\ndata at = [0 1 2]\ndata G = (q == at)\nparam x = [1 2 3]\n"
            "data unread = 4\nparam unused = 5\nm = rows(q)\nh = 1 / m\nL = sum(x @ G) * h\n");
  check_both(&session);
  assert_int_equal(circuit_make(&circuit, &session.model, 0), STATUS_OK);
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    int node = model_find(&session.model, wanted[i].name);
    if ((circuit.box_of[node] >= 0) != wanted[i].drawn) fail_msg("%s", wanted[i].name);
  }
  circuit_done(&circuit);
  session_done(&session);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_shipped_models), cmocka_unit_test(test_lessons),
      cmocka_unit_test(test_random_models),  cmocka_unit_test(test_every_fan_in),
      cmocka_unit_test(test_large_models),   cmocka_unit_test(test_served_leaves),
  };
  if (getenv("GRADWALK_TEST_DATA")) setenv("GRADWALK_DATA", getenv("GRADWALK_TEST_DATA"), 1);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
