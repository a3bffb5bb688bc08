/* What runs: how far it has come, and a running check's tensors filling in entry by entry. */
#include "core/intl.h"
#include "tui/view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { GAP = 3 }; /* columns between things side by side */

/* "120 of 500, 40 a second, 9.5 s left" */
static int put_count(struct ui *ui, struct area area, int row, int col) {
  const struct progress_state *progress = &ui->progress;
  const size_t done = progress->done, total = progress->total;
  const double elapsed = ui->clock - progress->started;
  const double rate = elapsed > 0 ? (double)done / elapsed : 0;
  if (done < total && rate > 0)
    return canvas_printf(&ui->canvas, area, row, col, ROLE_PLAIN,
                         _("%zu of %zu, %.0f a second, %.1f s left"), done, total, rate,
                         (double)(total - done) / rate);
  return canvas_printf(&ui->canvas, area, row, col, ROLE_PLAIN, _("%zu of %zu"), done, total);
}

int view_progress(struct ui *ui, struct area area, const char *title, const char *hint) {
  enum { ROWS = 4, MARGIN = 2 };
  const struct progress_state *progress = &ui->progress;
  int width = area.cols - 2 * MARGIN;
  int filled = (int)((double)width * (double)progress->done / (double)progress->total);
  const char *full = ui->canvas.unicode ? "█" : "#", *empty = ui->canvas.unicode ? "░" : ".";
  canvas_puts(&ui->canvas, area, 0, MARGIN, ROLE_TITLE, title);
  for (int col = 0; col < width; col++)
    canvas_puts(&ui->canvas, area, 1, MARGIN + col, col < filled ? ROLE_VALUE : ROLE_FAINT,
                col < filled ? full : empty);
  int used = put_count(ui, area, 2, MARGIN);
  bool fits = MARGIN + used + GAP + text_columns(hint, strlen(hint)) <= area.cols;
  canvas_puts(&ui->canvas, area, fits ? 2 : 3, fits ? MARGIN + used + GAP : MARGIN, ROLE_FAINT,
              hint);
  return ROWS;
}

/* -- one map a tensor: the params, then what lies between -- */

/* What is known of an entry, or the worst of several. */
enum heat { HEAT_PENDING, HEAT_OK, HEAT_DOUBTFUL, HEAT_WRONG, HEAT_COUNT };

static const struct {
  const char *unicode, *ascii, *name;
  enum role role;
} heats[HEAT_COUNT] = {
    [HEAT_PENDING] = {"·", ".", "not yet", ROLE_FAINT},
    [HEAT_OK] = {"░", "-", "ok", ROLE_GOOD},
    [HEAT_DOUBTFUL] = {"▒", "o", "doubtful", ROLE_DOUBT},
    [HEAT_WRONG] = {"█", "#", "wrong", ROLE_BAD},
};

struct map {
  const struct tensor_check *tensor;
  const char *name;
  struct shape shape; /* of the tensor, or 1 x directions */
  int row, col;       /* in the area */
  int rows, cols;     /* cells */
  int wide;           /* columns a cell */
  double scale;       /* what the backward pass may be a multiple of: 1 for a param */
};

/* By how much a line between is a multiple of the numerical gradient, as far as that is known. */
static double scale_between(const struct tensor_check *tensor) {
  double product = 0, squares = 0;
  for (size_t i = 0; i < tensor->count; i++) {
    double numeric = slope_read(tensor->numeric, i);
    if (slope_is_pending(numeric)) continue;
    product += tensor->analytic[i] * numeric;
    squares += numeric * numeric;
  }
  double scale = product / squares;
  return fabs(scale) > 0 && isfinite(scale) ? scale : 1;
}

static enum heat entry_heat(const struct check *check, const struct map *map, size_t entry) {
  double numeric = slope_read(map->tensor->numeric, entry);
  if (slope_is_pending(numeric)) return HEAT_PENDING;
  double error = check_entry_error(map->tensor->analytic[entry], map->scale * numeric);
  return (enum heat)(HEAT_OK + check_band(&check->options, error));
}

/* The worst of the entries that share the cell ROW, COL. */
static enum heat cell_heat(const struct check *check, const struct map *map, int row, int col) {
  enum heat worst = HEAT_PENDING;
  uint32_t rows = map->shape.rows, cols = map->shape.cols;
  uint32_t high = (uint32_t)map->rows, wide = (uint32_t)map->cols;
  uint32_t to_row = (uint32_t)((uint64_t)(row + 1) * rows / high);
  uint32_t to_col = (uint32_t)((uint64_t)(col + 1) * cols / wide);
  for (uint32_t i = (uint32_t)((uint64_t)row * rows / high); i < to_row; i++)
    for (uint32_t j = (uint32_t)((uint64_t)col * cols / wide); j < to_col; j++) {
      enum heat heat = entry_heat(check, map, (size_t)i * cols + j);
      if (heat > worst) worst = heat;
    }
  return worst;
}

static void draw_map(struct ui *ui, struct area area, const struct check *check,
                     const struct map *map) {
  canvas_printf(&ui->canvas, area, map->row, map->col, ROLE_TITLE, "%s %u x %u", map->name,
                map->tensor->shape.rows, map->tensor->shape.cols);
  for (int row = 0; row < map->rows; row++)
    for (int col = 0; col < map->cols * map->wide; col++) {
      enum heat heat = cell_heat(check, map, row, col / map->wide);
      canvas_puts(&ui->canvas, area, map->row + 1 + row, map->col + col, heats[heat].role,
                  ui->canvas.unicode ? heats[heat].unicode : heats[heat].ascii);
    }
}

/* -- where they go -- */

enum { MOST_MAPS = 12 };

/* As large as its tensor, but at most ROWS x COLS; cells of two columns are nearly square. */
static struct map size_map(const struct model *model, const struct tensor_check *tensor, int rows,
                           int cols) {
  bool param = model->nodes[tensor->node].kind == NODE_PARAM;
  struct map map = {.tensor = tensor, .name = model->nodes[tensor->node].name,
                    .shape = tensor->shape, .scale = param ? 1 : scale_between(tensor)};
  if (tensor->count != shape_count(tensor->shape))
    map.shape = (struct shape){1, (uint32_t)tensor->count};
  map.wide = map.shape.cols <= (uint32_t)cols / 2 ? 2 : 1;
  map.rows = map.shape.rows < (uint32_t)rows ? (int)map.shape.rows : rows;
  map.cols = map.shape.cols < (uint32_t)cols ? (int)map.shape.cols : cols;
  return map;
}

static int map_width(const struct map *map) {
  char title[64];
  int length = snprintf(title, sizeof title, "%s %u x %u", map->name, map->tensor->shape.rows,
                        map->tensor->shape.cols);
  return map->cols * map->wide > length ? map->cols * map->wide : length;
}

/* One under the other in as many columns as it takes; returns how wide these are in all. */
static int pack(struct map *maps, size_t count, int rows) {
  int row = 0, col = 0, wide = 0;
  for (size_t i = 0; i < count; i++) {
    if (row > 0 && row + 1 + maps[i].rows > rows) {
      col += wide + GAP;
      row = wide = 0;
    }
    maps[i].row = row;
    maps[i].col = col;
    row += maps[i].rows + 2;
    if (map_width(&maps[i]) > wide) wide = map_width(&maps[i]);
  }
  return col + wide;
}

/* The largest maps for which all have room; none in less than two rows. */
static size_t place_maps(struct map *maps, const struct model *model, const struct check *check,
                         struct area area) {
  size_t all = check->tensor_count + check->intermediate_count;
  size_t count = all < MOST_MAPS ? all : MOST_MAPS, params = check->tensor_count;
  if (area.rows < 2) return 0;
  int most_cols = count > 1 ? (area.cols - GAP) / 2 : area.cols;
  for (int rows = area.rows - 1; rows > 0; rows--) {
    for (size_t i = 0; i < count; i++)
      maps[i] = size_map(model, i < params ? &check->tensors[i] : &check->intermediates[i - params],
                         rows, most_cols > 1 ? most_cols : 1);
    if (pack(maps, count, area.rows) <= area.cols) break;
  }
  return count;
}

static void draw_legend(struct ui *ui, struct area area, int row) {
  int col = 0;
  for (int i = 0; i < HEAT_COUNT; i++) {
    col += canvas_puts(&ui->canvas, area, row, col, heats[i].role,
                       ui->canvas.unicode ? heats[i].unicode : heats[i].ascii);
    col += canvas_printf(&ui->canvas, area, row, col, ROLE_FAINT, " %s   ", _(heats[i].name));
  }
}

void view_live_check(struct ui *ui, struct area area, const struct check *check) {
  const struct model *model = ui->session->model;
  struct map maps[MOST_MAPS];
  char title[128];
  snprintf(title, sizeof title, "%s", _("The numerical gradient, entry by entry"));
  if (check->examined)
    snprintf(title, sizeof title, _("%.40s differs: a closer look at entry %zu of %zu"),
             model->nodes[check->examined->node].name, check->examined_done + 1,
             check->examined_total);
  int used = view_progress(ui, area, title, _("Ctrl-C or Esc stops it; nothing changes."));
  struct area inside = {area.row + used, area.col + 2, area.rows - used - 2, area.cols - 4};
  size_t count = place_maps(maps, model, check, inside);
  for (size_t i = 0; i < count; i++) draw_map(ui, inside, check, &maps[i]);
  draw_legend(ui, (struct area){area.row, area.col + 2, area.rows, area.cols - 4}, area.rows - 1);
}
