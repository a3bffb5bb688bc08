#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "drawing.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int *edge_at(const struct edges *edges, int source, int user) {
  return &edges->uses[(size_t)user * (size_t)edges->count + (size_t)source];
}

struct edges edges_new(const struct model *model) {
  struct edges edges = {calloc(model->node_count * model->node_count + 1, sizeof(int)),
                        (int)model->node_count};
  assert_non_null(edges.uses);
  return edges;
}

/* -- following lines -- */

/* Of boxes that overlap, the first has the cell. */
static void place_box(struct drawing *drawing, int index) {
  const struct box *box = &drawing->circuit->layout.boxes[index];
  for (int row = box->row; row < box->row + box->height; row++)
    for (int col = box->col; col < box->col + box->width; col++) {
      assert_true(row >= 0 && col >= 0 && row < drawing->rows && col < drawing->cols);
      int *cell = &drawing->boxes[row * drawing->cols + col];
      if (*cell == 0) *cell = index + 1;
    }
}

void drawing_init(struct drawing *drawing, const struct circuit *circuit,
                  const struct model *model, const char *what) {
  const struct layout *layout = &circuit->layout;
  *drawing = (struct drawing){.rows = layout->rows, .cols = layout->cols, .circuit = circuit,
                              .model = model, .what = what};
  const size_t cells = (size_t)(layout->rows * layout->cols) + 1;
  drawing->sides = calloc(cells, 1);
  drawing->boxes = calloc(cells, sizeof *drawing->boxes);
  drawing->ghosts = calloc(layout->count + 1, sizeof *drawing->ghosts);
  drawing->numbers = calloc(circuit->wires.count + 1, sizeof *drawing->numbers);
  assert_true(drawing->sides && drawing->boxes && drawing->ghosts && drawing->numbers);
  for (size_t i = 0; i < layout->count; i++) text_init(&drawing->ghosts[i]);
  for (size_t i = 0; i < layout->count; i++) place_box(drawing, (int)i);
}

void drawing_done(struct drawing *drawing) {
  for (size_t i = 0; i < drawing->circuit->layout.count; i++) text_done(&drawing->ghosts[i]);
  free(drawing->ghosts);
  free(drawing->numbers);
  free(drawing->boxes);
  free(drawing->sides);
}

static uint8_t *side_at(const struct drawing *drawing, int row, int col) {
  if (row < 0 || col < 0 || row >= drawing->rows || col >= drawing->cols)
    fail_msg("%s: a line leaves the drawing at %d, %d", drawing->what, row, col);
  return &drawing->sides[row * drawing->cols + col];
}

static int box_at(const struct drawing *drawing, int row, int col) {
  bool inside = row >= 0 && col >= 0 && row < drawing->rows && col < drawing->cols;
  return inside ? drawing->boxes[row * drawing->cols + col] - 1 : -1;
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

void drawing_read_screen(struct drawing *drawing, const struct canvas *canvas) {
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

void drawing_read_svg(struct drawing *drawing, const char *svg) {
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

void drawing_compare(struct drawing *drawing, const struct edges *expected) {
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

