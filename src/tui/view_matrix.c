/* The detection matrix: a row a mutant, a column a check, and below it the mutant that is
 * chosen. */
#include "core/intl.h"
#include "report/report_bugs.h"
#include "tui/view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LEFT = 1, CELL = 7, NARROW_CELL = 3, LEAST_ID = 22, HEAD = 2 };

static enum role outcome_role(enum outcome outcome) {
  return canvas_roles[report_outcome_roles[outcome]];
}

/* The places of the parts in an area. */
struct grid {
  struct ui *ui;
  struct area area;
  const struct matrix *matrix;
  int cell, id; /* columns of a cell, of the ids */
  int rows;     /* of mutants */
  int foot;     /* rows below them */
};

static struct grid lay_out(struct ui *ui, struct area area) {
  struct grid grid = {.ui = ui, .area = area, .matrix = ui->session->now.at.matrix, .cell = CELL};
  int trials = (int)bug_trial_count;
  if (area.cols - LEFT - trials * CELL < LEAST_ID) grid.cell = NARROW_CELL;
  grid.id = area.cols - LEFT - trials * grid.cell;
  grid.foot = grid.cell == CELL ? 4 : 5;
  grid.rows = area.rows - HEAD - grid.foot;
  if (grid.rows < 1) grid.rows = 1;
  return grid;
}

static int last_mutant(const struct ui *ui) {
  return ui->session->now.at.matrix ? (int)ui->session->now.at.matrix->catalogue.count - 1 : -1;
}

/* Words where there is room, else their first letters. */
static void put_cell(const struct grid *grid, int row, size_t trial, enum role role,
                     const char *word) {
  int col = LEFT + grid->id + (int)trial * grid->cell;
  int most = grid->cell == CELL ? CELL - 1 : role == ROLE_TITLE ? NARROW_CELL - 1 : 1;
  canvas_printf(&grid->ui->canvas, grid->area, row, col, role, "%.*s", most, word);
}

static void draw_head(const struct grid *grid) {
  const struct matrix *matrix = grid->matrix;
  char number[24];
  canvas_printf(&grid->ui->canvas, grid->area, 0, LEFT, ROLE_TITLE, _("%zu mutants"),
                matrix->catalogue.count);
  canvas_puts(&grid->ui->canvas, grid->area, 1, LEFT, ROLE_FAINT, _("missed"));
  for (size_t t = 0; t < bug_trial_count; t++) {
    size_t missed = report_outcome_count(matrix, t, OUTCOME_MISSED);
    bool says = matrix->own[t] != OUTCOME_ABSENT && matrix->own[t] != OUTCOME_CAUGHT;
    put_cell(grid, 0, t, ROLE_TITLE, bug_trials[t].name);
    snprintf(number, sizeof number, "%zu", missed);
    if (!says) snprintf(number, sizeof number, "-");
    canvas_puts(&grid->ui->canvas, grid->area, 1, LEFT + grid->id + (int)t * grid->cell,
                says && missed > 0 ? ROLE_BAD : ROLE_FAINT, number);
  }
}

/* An id that is too long ends in dots; the foot shows all of it. */
static void draw_row(const struct grid *grid, int row, size_t index) {
  struct canvas *canvas = &grid->ui->canvas;
  const char *id = grid->matrix->catalogue.mutants[index].id;
  bool chosen = (int)index == grid->ui->mutant;
  struct area ids = grid->area;
  ids.cols = LEFT + grid->id - 1;
  int used = canvas_puts(canvas, ids, row, LEFT, chosen ? ROLE_FOCUS : ROLE_PLAIN, id);
  if (LEFT + used > ids.cols)
    canvas_puts(canvas, ids, row, ids.cols - 1, ROLE_FAINT, canvas->unicode ? "…" : ">");
  for (size_t t = 0; t < bug_trial_count; t++) {
    enum outcome outcome = matrix_cell(grid->matrix, index, t)->outcome;
    put_cell(grid, row, t, outcome_role(outcome), _(report_outcomes[outcome]));
  }
  if (!chosen) return;
  canvas_puts(canvas, grid->area, row, 0, ROLE_KEY, canvas->unicode ? "▸" : ">");
  canvas->cursor_row = grid->area.row + row;
  canvas->cursor_col = grid->area.col;
}

/* What the letters mean, where words have no room. */
static void draw_legend(const struct grid *grid, struct area foot, int row) {
  for (int outcome = 0, col = 0; outcome < OUTCOME_COUNT; outcome++) {
    const char *word = _(report_outcomes[outcome]);
    const enum role role = outcome_role((enum outcome)outcome);
    col += canvas_printf(&grid->ui->canvas, foot, row, col, role, "%.1s", word);
    col += canvas_printf(&grid->ui->canvas, foot, row, col, ROLE_FAINT, " %s  ",
                         _(outcome_names[outcome]));
  }
}

/* The chosen mutant: its id, what it does, its lines, how much it changes. */
static void draw_foot(const struct grid *grid) {
  struct canvas *canvas = &grid->ui->canvas;
  const struct mutant *mutant = &grid->matrix->catalogue.mutants[grid->ui->mutant];
  double change = matrix_cell(grid->matrix, (size_t)grid->ui->mutant, 0)->change;
  char number[NUMBER_TEXT_SIZE];
  struct area foot = {grid->area.row + grid->area.rows - grid->foot, grid->area.col + LEFT,
                      grid->foot, grid->area.cols - LEFT};
  canvas_rule(canvas, foot, 0, mutant->id, ROLE_TITLE);
  int col = 0;
  for (size_t i = 0; i < mutant->line_count; i++)
    col += canvas_printf(canvas, foot, 1, col, ROLE_GRADIENT, "%s%s", i > 0 ? "; " : "",
                         mutant->lines[i]);
  canvas_puts(canvas, foot, 2, 0, ROLE_PLAIN, _(mutant->kind->help));
  if (!(change > 0) && !isnan(change))
    canvas_puts(canvas, foot, 3, 0, ROLE_FAINT, _("changes no gradient here"));
  else
    canvas_printf(canvas, foot, 3, 0, ROLE_FAINT,
                  _("changes a gradient by %s times its largest entry"),
                  number_brief(change, 2, number));
  if (grid->cell != CELL) draw_legend(grid, foot, 4);
}

static void draw_matrix(struct ui *ui, struct area area) {
  struct grid grid = lay_out(ui, area);
  int last = last_mutant(ui), *scroll = &ui->scroll[VIEW_MATRIX];
  if (ui->mutant > last) ui->mutant = last;
  if (ui->mutant < 0) ui->mutant = 0;
  draw_head(&grid);
  if (last < 0) return;
  if (*scroll > last - grid.rows + 1) *scroll = last - grid.rows + 1;
  if (ui->mutant < *scroll) *scroll = ui->mutant;
  if (ui->mutant >= *scroll + grid.rows) *scroll = ui->mutant - grid.rows + 1;
  if (*scroll < 0) *scroll = 0;
  for (int row = 0; row < grid.rows && *scroll + row <= last; row++)
    draw_row(&grid, HEAD + row, (size_t)(*scroll + row));
  if (area.rows >= HEAD + grid.foot + 1) draw_foot(&grid);
}

static void draw(struct ui *ui, struct area area) {
  if (ui->progress.total > 0)
    view_progress(ui, area, _("Every mutant of the backward pass, through several checks"),
                  _("Ctrl-C or Esc stops it; nothing changes."));
  else if (ui->session->now.at.matrix)
    draw_matrix(ui, area);
  else
    view_text(ui, VIEW_MATRIX, area,
              _("No matrix of the model as it stands now. Press M to run one."));
}

static void move(struct ui *ui, enum direction direction) {
  enum { PAGE = 10 };
  static const int by[GO_COUNT] = {[GO_UP] = -1, [GO_DOWN] = 1, [GO_PAGE_UP] = -PAGE,
                                     [GO_PAGE_DOWN] = PAGE};
  int last = last_mutant(ui), to = ui->mutant + by[direction];
  if (direction == GO_HOME) to = 0;
  if (direction == GO_END) to = last;
  ui->mutant = to > last ? last : to;
  if (ui->mutant < 0) ui->mutant = 0;
}

/* Puts the chosen mutant in, and shows its line in the circuit. */
static void enter(struct ui *ui, struct text *out) {
  struct session *session = ui->session;
  if (!session->now.at.matrix || ui->mutant < 0 || ui->mutant > last_mutant(ui)) return;
  const struct mutant *mutant = &session->now.at.matrix->catalogue.mutants[ui->mutant];
  const int node = report_about_rule(session->model, mutant->rule).node;
  text_printf(out, "bug %s", mutant->id);
  if (node >= 0) session_look(session, node);
  ui->session->look.view = VIEW_CIRCUIT;
}

static void click(struct ui *ui, struct area area, int row, int col) {
  struct grid grid = lay_out(ui, area);
  (void)col;
  int to = row - HEAD + ui->scroll[VIEW_MATRIX];
  if (row >= HEAD && row < HEAD + grid.rows && to <= last_mutant(ui)) ui->mutant = to;
}

const struct view_ops view_matrix = {
    .name = "matrix", .draw = draw, .move = move, .enter = enter, .click = click};
