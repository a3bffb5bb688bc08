/* A training, while it runs and after: the curves of the loss and of the accuracies, and the end of
 * the table. */
#include "core/intl.h"
#include "tui/plot.h"
#include "tui/view.h"

#include <math.h>
#include <string.h>

/* -- what there is to draw -- */

struct curve_point {
  double step, value;
};

struct line {
  const char *name, *letter; /* LETTER marks it, and draws it where there are no dots */
  enum role role;
  struct curve_point points[CURVE_POINTS];
  int count;
};

enum { MOST_LINES_IN_PLOT = 2 };

struct loss_chart {
  struct ui *ui;
  const struct history *history;
  struct area area; /* with its legend and axes */
  double last_step; /* at the right edge */
  struct line lines[MOST_LINES_IN_PLOT];
  int line_count;
  double least, most; /* that a value can be */
  struct scale y, x;
  struct plot plot;
};

static void add_point(struct line *line, double step, double value) {
  if (isfinite(value) && line->count < CURVE_POINTS)
    line->points[line->count++] = (struct curve_point){step, value};
}

/* As many points of the curve as there are dots across, each the mean of its share; returns the
 * steps in one. */
static size_t take_loss(struct line *line, const struct curve *curve, int dots) {
  size_t joined = dots > 0 ? (curve->count + (size_t)dots - 1) / (size_t)dots : 1;
  for (size_t i = 0; i < curve->count; i += joined) {
    const size_t end = i + joined < curve->count ? i + joined : curve->count;
    const size_t first = i * curve->bucket + 1;
    const size_t last = end < curve->count ? end * curve->bucket : curve_length(curve);
    add_point(line, ((double)first + (double)last) / 2, curve_mean(curve, i, end));
  }
  return joined * curve->bucket;
}

static void take_shares(struct loss_chart *chart) {
  const struct history *history = chart->history;
  chart->lines[0] = (struct line){.name = _("train"), .letter = "o", .role = ROLE_VALUE};
  chart->lines[1] = (struct line){.name = _("test"), .letter = "x", .role = ROLE_GRADIENT};
  /* A long table is thinned to what a line holds; its last row is always there. */
  const size_t count = history->row_count, apart = (count + CURVE_POINTS - 1) / CURVE_POINTS;
  for (size_t i = count > 0 ? (count - 1) % apart : 0; i < count; i += apart) {
    const struct train_row *row = &history->rows[i];
    add_point(&chart->lines[0], (double)row->step, row->train);
    add_point(&chart->lines[1], (double)row->step, row->test);
  }
  chart->line_count = chart->lines[1].count > 0 ? 2 : 1;
}

/* -- drawing it -- */

enum { ROWS_APART = 2, COLS_APART = 9 }; /* labels of the axes, at least */

static int parts(int cells, int apart) {
  enum { ENOUGH = 8 };
  return cells / apart < ENOUGH ? cells / apart : ENOUGH;
}

static void set_scales(struct loss_chart *chart) {
  double low = (double)INFINITY, high = -(double)INFINITY;
  for (int k = 0; k < chart->line_count; k++)
    for (int i = 0; i < chart->lines[k].count; i++) {
      low = fmin(low, chart->lines[k].points[i].value);
      high = fmax(high, chart->lines[k].points[i].value);
    }
  if (!(low <= high)) low = 0, high = 1;
  chart->y = scale_around(low, high, parts(chart->plot.rows, ROWS_APART));
  chart->y.low = fmax(chart->y.low, chart->least);
  chart->y.high = fmin(chart->y.high, chart->most);
  chart->x = scale_between(0, chart->last_step, parts(chart->plot.cols, COLS_APART));
  chart->x.part = fmax(chart->x.part, 1); /* there is no half a step */
}

static double x_of(const struct loss_chart *chart, const struct curve_point *point) {
  return scale_place(&chart->x, point->step);
}

static double y_of(const struct loss_chart *chart, const struct curve_point *point) {
  return scale_place(&chart->y, point->value);
}

static void draw_line(struct loss_chart *chart, const struct line *line) {
  for (int i = 0; i < line->count; i++) {
    const struct curve_point *from = &line->points[i > 0 ? i - 1 : 0], *to = &line->points[i];
    plot_line(&chart->plot, x_of(chart, from), y_of(chart, from), x_of(chart, to),
              y_of(chart, to), 1, line->role, *line->letter);
  }
}

/* The letters of the two lines take turns from point to point, and no letter directly follows
 * another. */
static void draw_letters(struct loss_chart *chart, int index, struct area area) {
  enum { APART = 4 };
  const struct line *line = &chart->lines[index];
  int before = -APART;
  const int first = index < line->count ? index : 0;
  for (int i = first; i < line->count; i += chart->line_count) {
    int col = plot_col(&chart->plot, x_of(chart, &line->points[i]));
    if (first < index) col += APART / 2; /* a single point for both */
    if (col < before + APART) continue;
    canvas_puts(&chart->ui->canvas, area, plot_row(&chart->plot, y_of(chart, &line->points[i])),
                col, line->role, line->letter);
    before = col;
  }
}

static void draw_marks(struct loss_chart *chart, struct area area) {
  struct tick y[MOST_TICKS], x[MOST_TICKS];
  int y_count = scale_ticks(&chart->y, y), x_count = scale_ticks(&chart->x, x);
  plot_axes(&chart->plot, &chart->ui->canvas, area, y, y_count, x, x_count);
}

/* How many training steps one point is the mean of; in short where there is no room. */
static void draw_share(struct loss_chart *chart, int col, size_t steps_a_point) {
  char share[64];
  snprintf(share, sizeof share, _("mean of %zu training steps"), steps_a_point);
  if (col + text_columns(share, strlen(share)) > chart->area.cols)
    snprintf(share, sizeof share, _("mean of %zu"), steps_a_point);
  canvas_puts(&chart->ui->canvas, chart->area, 0, col, ROLE_FAINT, share);
}

/* The names with their last values: "loss 0.213, each point the mean of 4 training steps". */
static void draw_legend(struct loss_chart *chart, size_t steps_a_point) {
  struct canvas *canvas = &chart->ui->canvas;
  char number[NUMBER_TEXT_SIZE];
  int col = PLOT_LEFT - 1;
  for (int k = 0; k < chart->line_count; k++) {
    const struct line *line = &chart->lines[k];
    if (chart->line_count > 1)
      col += 1 + canvas_puts(canvas, chart->area, 0, col, line->role, line->letter);
    col += canvas_puts(canvas, chart->area, 0, col, line->role, line->name);
    if (line->count > 0)
      col += canvas_printf(canvas, chart->area, 0, col, ROLE_PLAIN, " %s",
                           number_brief(line->points[line->count - 1].value, 4, number));
    col += 3;
  }
  if (steps_a_point > 1) draw_share(chart, col - 1, steps_a_point);
}

enum { AROUND = 1 + PLOT_BELOW }; /* rows of the legend and of the axis */

static int dots_across(const struct loss_chart *chart) {
  return (chart->area.cols - PLOT_LEFT - 1) * (chart->ui->canvas.unicode ? 2 : 1);
}

static void draw_chart(struct loss_chart *chart, size_t steps_a_point) {
  const struct area area = {chart->area.row + 1, chart->area.col + PLOT_LEFT,
                            chart->area.rows - AROUND, chart->area.cols - PLOT_LEFT - 1};
  if (!plot_init(&chart->plot, area.rows, area.cols, chart->ui->canvas.unicode)) {
    set_scales(chart);
    draw_legend(chart, steps_a_point);
    for (int k = chart->line_count; k-- > 0;) draw_line(chart, &chart->lines[k]);
    draw_marks(chart, area);
    plot_show(&chart->plot, &chart->ui->canvas, area);
    for (int k = 0; k < chart->line_count; k++)
      if (chart->line_count > 1 || chart->lines[k].count == 1) draw_letters(chart, k, area);
  }
  plot_done(&chart->plot);
}

static struct loss_chart make_chart(struct ui *ui, const struct history *history,
                                    struct area area) {
  const bool runs = history == ui->session->training;
  return (struct loss_chart){.ui = ui, .history = history, .area = area,
                        .last_step = (double)(runs ? history->steps : history->done),
                        .least = -(double)INFINITY, .most = (double)INFINITY};
}

static void draw_loss(struct ui *ui, const struct history *history, struct area area) {
  struct loss_chart chart = make_chart(ui, history, area);
  chart.lines[0] = (struct line){.name = _("loss"), .letter = "*", .role = ROLE_VALUE};
  chart.line_count = 1;
  draw_chart(&chart, take_loss(&chart.lines[0], &history->loss, dots_across(&chart)));
}

static void draw_shares(struct ui *ui, const struct history *history, struct area area) {
  struct loss_chart chart = make_chart(ui, history, area);
  chart.least = 0, chart.most = 1;
  take_shares(&chart);
  draw_chart(&chart, 1);
}

/* -- where it goes -- */

enum { LEAST_ROWS = AROUND + 4, LEAST_COLS = PLOT_LEFT + 25 };

/* Side by side, or one below the other; the loss alone where there is no room for both. */
static void draw_charts(struct ui *ui, const struct history *history, struct area area) {
  struct area loss = area, shares = area;
  bool beside = area.cols >= 2 * LEAST_COLS, below = area.rows >= 2 * LEAST_ROWS;
  if (history->scores < 0 || !(beside || below)) {
    draw_loss(ui, history, area);
    return;
  }
  if (beside) {
    loss.cols = area.cols / 2;
    shares.col += loss.cols, shares.cols -= loss.cols;
  } else {
    loss.rows = area.rows / 2;
    shares.row += loss.rows, shares.rows -= loss.rows;
  }
  draw_loss(ui, history, loss);
  draw_shares(ui, history, shares);
}

/* As many of the last lines as have room, below the columns' names; the scroll state counts back
 * from the last one. */
static void draw_table(struct ui *ui, const struct history *history, struct area area) {
  struct lines lines;
  int *scroll = &ui->scroll[VIEW_TRAIN], rows = area.rows - 1, count = (int)history->row_count;
  int most = count > rows ? count - rows : 0;
  if (*scroll > 0) *scroll = 0;
  if (*scroll < -most) *scroll = -most;
  const int first = most + *scroll;
  lines_init(&lines);
  report_train_columns(&lines, history);
  for (int i = 0; i < rows && first + i < count; i++)
    report_train_row(&lines, history, &history->rows[first + i]);
  canvas_lines(&ui->canvas, area, 0, 0, &lines);
  lines_done(&lines);
}

/* What is left below the bar, or below how it ended. */
static void draw_body(struct ui *ui, const struct history *history, struct area area) {
  enum { TITLE = 1, SHARE = 4 }; /* a quarter of it for the table */
  int lines = (int)history->row_count, most = area.rows / SHARE;
  if (lines > most) lines = most;
  struct area charts = area, table = area;
  table.rows = lines > 0 ? TITLE + lines : 0;
  charts.rows -= table.rows;
  if (charts.rows >= LEAST_ROWS && charts.cols >= LEAST_COLS) {
    draw_charts(ui, history, charts);
    table.row += charts.rows;
  } else {
    table.rows = area.rows;
  }
  if (table.rows > TITLE) draw_table(ui, history, table);
}

static void draw_running(struct ui *ui, const struct history *history, struct area area) {
  struct lines title;
  lines_init(&title);
  report_train_title(&title, history);
  if (title.text.length > 0) lines_truncate(&title, title.text.length - 1);
  int used = view_progress(ui, area, text_string(&title.text),
                           _("Ctrl-C or Esc stops it; what was learnt is kept."));
  lines_done(&title);
  draw_body(ui, history, (struct area){area.row + used, area.col, area.rows - used, area.cols});
}

/* Its title and how it ended, one below the other; returns the rows it takes. The lines of the
 * second begin with a space. */
static int draw_words(struct ui *ui, const struct history *history, struct area area) {
  const struct model *model = ui->session->model;
  const struct area indented = {area.row, area.col + 1, area.rows, area.cols - 1};
  struct lines lines;
  lines_init(&lines);
  report_train_title(&lines, history);
  const int title = canvas_lines(&ui->canvas, indented, 0, 0, &lines);
  lines_clear(&lines);
  report_train_end(&lines, history, model);
  if (history->before && history->after)
    text_printf(&lines.text, _(" check before: %s; after: %s\n"), history->before, history->after);
  else if (history->before)
    text_printf(&lines.text, _(" check before: %s; the one after was stopped\n"), history->before);
  report_train_notes(&lines, history, model);
  const int words = canvas_lines(&ui->canvas, area, title, 0, &lines);
  lines_done(&lines);
  return title + words;
}

/* How it ended, and the curves; all of it as text where they have no room. */
static void draw_ended(struct ui *ui, const struct history *history, struct area area) {
  const struct area words = {area.row, area.col, area.rows, area.cols - 1};
  int used = draw_words(ui, history, (struct area){0, 0, 0, words.cols});
  struct area body = {area.row + used, area.col, area.rows - used, area.cols};
  if (body.rows >= LEAST_ROWS && body.cols >= LEAST_COLS) {
    draw_words(ui, history, words);
    draw_body(ui, history, body);
    return;
  }
  struct lines lines;
  lines_init(&lines);
  report_train(&lines, history, ui->session->model);
  view_lines(ui, VIEW_TRAIN, area, &lines);
  lines_done(&lines);
}

static void draw(struct ui *ui, struct area area) {
  const struct session *session = ui->session;
  if (ui->progress.total > 0 && session->training)
    draw_running(ui, session->training, area);
  else if (session->now.at.history)
    draw_ended(ui, session->now.at.history, area);
  else
    view_text(ui, VIEW_TRAIN, area,
              _("No training led to the model as it stands now. Press d to start one."));
}

const struct view_ops view_train = {.name = "train", .draw = draw};
