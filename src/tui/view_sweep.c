/* The step sweep: the error of the differences against the step, both in powers of ten. */
#include "core/intl.h"
#include "tui/plot.h"
#include "tui/view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const enum role curve_roles[SWEEP_CURVE_COUNT] = {
    [SWEEP_CENTRAL] = ROLE_VALUE,
    [SWEEP_FORWARD] = ROLE_GRADIENT,
    [SWEEP_SINGLE_CENTRAL] = ROLE_TITLE,
    [SWEEP_SINGLE_FORWARD] = ROLE_PLAIN,
};

enum { LOWEST_ERROR = -16 }; /* as a power of ten; the top is 1 */

struct chart {
  struct ui *ui;
  const struct sweep *sweep;
  struct plot plot;
  struct area area; /* of the plot */
  int lowest_step;  /* as a power of ten; the right edge is 1 */
};

/* -- places -- */

static double x_of(const struct chart *chart, double step) {
  return 1 - log10(step) / chart->lowest_step;
}

/* An error below the lowest, 0 included, lies on the bottom line. */
static double y_of(double error) {
  double y = error > 0 ? 1 - log10(error) / LOWEST_ERROR : 0;
  return y < 0 ? 0 : y > 1 ? 1 : y;
}

static int chosen_step(const struct ui *ui, const struct sweep *sweep) {
  int best = sweep->lines[SWEEP_CENTRAL].best;
  if (ui->swept >= 0 && ui->swept < (int)sweep->count) return ui->swept;
  return best >= 0 ? best : 0;
}

/* -- the curves -- */

static void draw_curve(struct chart *chart, int curve) {
  const double *errors = chart->sweep->lines[curve].errors, *steps = chart->sweep->steps;
  for (size_t i = 0; i < chart->sweep->count; i++) {
    size_t from = i > 0 && !isnan(errors[i - 1]) ? i - 1 : i;
    if (isnan(errors[i])) continue;
    plot_line(&chart->plot, x_of(chart, steps[from]), y_of(errors[from]), x_of(chart, steps[i]),
              y_of(errors[i]), 1, curve_roles[curve], sweep_kinds[curve].letter);
  }
}

/* The curve's letter on it, now and then, each curve at other steps. */
static void draw_letters(struct chart *chart, int curve) {
  enum { EVERY = 8 };
  const struct sweep *sweep = chart->sweep;
  for (size_t i = (size_t)(1 + 2 * curve); i < sweep->count; i += EVERY) {
    double error = sweep->lines[curve].errors[i];
    if (isnan(error)) continue;
    canvas_printf(&chart->ui->canvas, chart->area, plot_row(&chart->plot, y_of(error)),
                  plot_col(&chart->plot, x_of(chart, sweep->steps[i])), curve_roles[curve], "%c",
                  sweep_kinds[curve].letter);
  }
}

/* Step at which a law gives ERROR. */
static double law_step(const struct power_law *law, double error) {
  return pow(error / law->factor, 1.0 / law->exponent);
}

/* A law from where it gives 1 to where it gives the lowest error, as far as there are steps. */
static void draw_law(struct chart *chart, const struct power_law *law) {
  double smallest = pow(10, chart->lowest_step), lowest = pow(10, LOWEST_ERROR);
  if (!law->found) return;
  double from = fmin(fmax(law_step(law, 1), smallest), 1);
  double to = fmin(fmax(law_step(law, lowest), smallest), 1);
  plot_line(&chart->plot, x_of(chart, from), y_of(law->factor * pow(from, law->exponent)),
            x_of(chart, to), y_of(law->factor * pow(to, law->exponent)), 3, ROLE_FAINT, '.');
}

/* Its name beside its lower end, if there is room. */
static void name_law(struct chart *chart, const struct power_law *law) {
  const double above = 10;
  double smallest = pow(10, chart->lowest_step), lowest = above * pow(10, LOWEST_ERROR);
  if (!law->found) return;
  double step = fmin(fmax(law_step(law, lowest), above * smallest), 1 / above);
  const char *name = law->exponent == 2 ? chart->ui->canvas.unicode ? "h²" : "h^2"
                     : law->exponent == 1 ? "h" : "1/h";
  int row = plot_row(&chart->plot, y_of(law->factor * pow(step, law->exponent)));
  int col = plot_col(&chart->plot, x_of(chart, step));
  if (law->exponent > 0) col -= 4;
  else row--, col++;
  if (plot_is_free(&chart->plot, row, col, text_columns(name, strlen(name))))
    canvas_puts(&chart->ui->canvas, chart->area, row, col, ROLE_FAINT, name);
}

static void draw_plot(struct chart *chart) {
  const struct sweep_line *lines = chart->sweep->lines;
  const struct power_law *const laws[] = {
      &lines[SWEEP_CENTRAL].truncation, &lines[SWEEP_FORWARD].truncation,
      &lines[SWEEP_CENTRAL].round_off, &lines[SWEEP_SINGLE_CENTRAL].round_off};
  enum { LAWS = sizeof laws / sizeof *laws };
  for (int i = 0; i < LAWS; i++) draw_law(chart, laws[i]);
  for (int k = SWEEP_CURVE_COUNT; k-- > 0;) draw_curve(chart, k);
  plot_show(&chart->plot, &chart->ui->canvas, chart->area);
  for (int i = 0; i < LAWS; i++) name_law(chart, laws[i]);
  for (int k = SWEEP_CURVE_COUNT; k-- > 0;) draw_letters(chart, k);
}

/* -- the axes -- */

static void power_text(int power, bool lowest, bool unicode, char text[16]) {
  snprintf(text, 16, "%s1e%d", !lowest ? "" : unicode ? "≤" : "<", power);
  if (power == 0) snprintf(text, 16, "1");
}

/* Decades from one label to the next, so that labels are at least LEAST cells apart. */
static int label_every(int decades, int cells, int least) {
  int every = 1;
  while (every < decades && cells * every < least * decades) every *= 2;
  return every;
}

static void draw_axes(struct chart *chart) {
  struct canvas *canvas = &chart->ui->canvas;
  struct tick y[MOST_TICKS], x[MOST_TICKS];
  int y_count = 0, x_count = 0;
  int every = label_every(-LOWEST_ERROR, chart->area.rows, 2);
  for (int power = 0; power >= LOWEST_ERROR && y_count < MOST_TICKS; power -= every) {
    y[y_count].place = y_of(pow(10, power));
    power_text(power, power == LOWEST_ERROR, canvas->unicode, y[y_count++].label);
  }
  every = label_every(-chart->lowest_step, chart->area.cols, 8);
  for (int power = 0; power >= chart->lowest_step && x_count < MOST_TICKS; power -= every) {
    x[x_count].place = x_of(chart, pow(10, power));
    power_text(power, false, canvas->unicode, x[x_count++].label);
  }
  plot_axes(&chart->plot, canvas, chart->area, y, y_count, x, x_count);
}

/* The best step on the axis, and the chosen one, with the cursor, on the curve. */
static void mark_steps(struct chart *chart, struct area area) {
  struct canvas *canvas = &chart->ui->canvas;
  const struct sweep_line *line = &chart->sweep->lines[SWEEP_CENTRAL];
  int chosen = chosen_step(chart->ui, chart->sweep), bottom = chart->area.row - area.row +
                                                             chart->area.rows;
  int col = plot_col(&chart->plot, x_of(chart, chart->sweep->steps[chosen]));
  int row = plot_row(&chart->plot, y_of(line->errors[chosen]));
  canvas_mark(canvas, chart->area, row, col, 1, ROLE_FOCUS);
  canvas->cursor_row = chart->area.row + row;
  canvas->cursor_col = chart->area.col + col;
  if (line->best < 0) return;
  const double best = x_of(chart, chart->sweep->steps[line->best]);
  canvas_puts(canvas, area, bottom, PLOT_LEFT + plot_col(&chart->plot, best), ROLE_KEY,
              canvas->unicode ? "▲" : "^");
}

/* -- words -- */

static void draw_legend(struct ui *ui, struct area area) {
  int col = 1;
  for (int k = 0; k < SWEEP_CURVE_COUNT; k++) {
    col += canvas_printf(&ui->canvas, area, 0, col, curve_roles[k], "%c %s", sweep_kinds[k].letter,
                         _(sweep_kinds[k].name));
    col += 3;
  }
  canvas_puts(&ui->canvas, area, 0, col, ROLE_FAINT, _("faint: the laws"));
}

static void draw_chosen(struct ui *ui, struct area area, int row, const struct sweep *sweep) {
  char number[NUMBER_TEXT_SIZE];
  int chosen = chosen_step(ui, sweep);
  int col = 1 + canvas_printf(&ui->canvas, area, row, 1, ROLE_TITLE, "h = 2^%g = %s",
                              log2(sweep->steps[chosen]),
                              report_scientific(sweep->steps[chosen], number));
  for (int k = 0; k < SWEEP_CURVE_COUNT; k++)
    col += 2 + canvas_printf(&ui->canvas, area, row, col + 2, curve_roles[k], "%c %s",
                             sweep_kinds[k].letter,
                             report_scientific(sweep->lines[k].errors[chosen], number));
  canvas_puts(&ui->canvas, area, row, col + 3, ROLE_FAINT, _("Left, Right: step"));
}

static void draw_sweep(struct ui *ui, struct area area, const struct sweep *sweep) {
  enum { LEAST_ROWS = 4, LEAST_COLS = 30, AROUND = 4 }; /* legend, axis, its labels, chosen step */
  struct chart chart = {.ui = ui, .sweep = sweep};
  struct lines summary;
  lines_init(&summary);
  report_sweep_summary(&summary, sweep);
  int lines = canvas_rows(&summary, summary.text.length, area.cols - 1);
  int rows = area.rows - AROUND - lines, cols = area.cols - PLOT_LEFT - 1;
  if (rows < LEAST_ROWS || cols < LEAST_COLS) {
    view_lines(ui, VIEW_SWEEP, area, &summary);
  } else if (!plot_init(&chart.plot, rows, cols, ui->canvas.unicode)) {
    chart.area = (struct area){area.row + 1, area.col + PLOT_LEFT, rows, cols};
    chart.lowest_step = (int)floor(log10(sweep->steps[sweep->count - 1]));
    draw_legend(ui, area);
    draw_axes(&chart);
    draw_plot(&chart);
    mark_steps(&chart, area);
    draw_chosen(ui, area, rows + 1 + PLOT_BELOW, sweep);
    canvas_lines(&ui->canvas, (struct area){area.row, area.col + 1, area.rows, area.cols - 1},
                 rows + AROUND, 0, &summary);
  }
  plot_done(&chart.plot);
  lines_done(&summary);
}

static void draw(struct ui *ui, struct area area) {
  if (ui->progress.total > 0)
    view_progress(ui, area, _("The error of the differences, step by step"),
                  _("Ctrl-C or Esc stops it; nothing changes."));
  else if (ui->session->now.at.sweep)
    draw_sweep(ui, area, ui->session->now.at.sweep);
  else
    view_text(ui, VIEW_SWEEP, area,
              _("No sweep of the model as it stands now. Press s to run one."));
}

/* The plot's right is a larger step; steps are numbered from the largest. */
static void move(struct ui *ui, enum direction direction) {
  enum { PAGE = 5 };
  static const int by[GO_COUNT] = {[GO_LEFT] = 1,     [GO_RIGHT] = -1,
                                     [GO_PAGE_UP] = -PAGE, [GO_PAGE_DOWN] = PAGE};
  const struct sweep *sweep = ui->session->now.at.sweep;
  if (!ui->session->now.at.sweep) return;
  int last = (int)sweep->count - 1, to = chosen_step(ui, sweep) + by[direction];
  if (direction == GO_HOME) to = last;
  if (direction == GO_END) to = 0;
  ui->swept = to < 0 ? 0 : to > last ? last : to;
}

static void enter(struct ui *ui, struct text *out) {
  const struct sweep *sweep = ui->session->now.at.sweep;
  char number[NUMBER_TEXT_SIZE];
  if (ui->session->now.at.sweep)
    text_printf(out, "check eps=%s", number_text(sweep->steps[chosen_step(ui, sweep)], number));
}

const struct view_ops view_sweep = {.name = "sweep", .draw = draw, .move = move, .enter = enter};
