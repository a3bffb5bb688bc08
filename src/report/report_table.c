#include "report/report_table.h"

#include "core/intl.h"

#include <math.h>
#include <string.h>

/* -- the bar: a relative difference on a scale of powers of ten -- */

enum { BAR_DECADES = 12 }; /* 1e-12 to 1 */

static int bar_cell(const struct check_table *table, double difference) {
  if (!(difference > 0)) return isnan(difference) ? table->bar : 0;
  double cell = (log10(difference) + BAR_DECADES) * table->bar / BAR_DECADES;
  return cell < 0 ? 0 : cell > table->bar ? table->bar : (int)lround(cell);
}

static int band_cell(const struct check_table *table, enum band band) {
  return bar_cell(table, check_band_start(&table->check->options, band));
}

int check_table_edge(const struct check_table *table, enum band band) {
  if (band == BAND_OK) return -1;
  int doubt = band_cell(table, BAND_DOUBTFUL), wrong = band_cell(table, BAND_WRONG);
  return band == BAND_DOUBTFUL || wrong <= doubt ? doubt : wrong + 1;
}

/* What the verdict goes by: the share under an overall tolerance, else the tensor's own. */
static double judged(const struct check_table *table, const struct tensor_check *tensor) {
  if (tensor->reason == REASON_TRULY_ZERO) return 0; /* noise over noise says nothing */
  return table->check->options.tolerance >= 0 ? tensor->share : tensor->metrics.difference;
}

static void put_bar(const struct check_table *table, const struct tensor_check *tensor,
                    struct text *out) {
  int length = bar_cell(table, judged(table, tensor));
  int doubt = band_cell(table, BAND_DOUBTFUL), wrong = band_cell(table, BAND_WRONG);
  for (int cell = 0; cell <= table->bar; cell++) {
    if (cell == doubt || cell == wrong) text_puts(out, table->unicode ? "│" : "|");
    text_puts(out, cell < length ? table->unicode ? "▇" : "#" : " ");
  }
}

static void put_scale(const struct check_table *table, struct text *out) {
  int doubt = band_cell(table, BAND_DOUBTFUL), wrong = band_cell(table, BAND_WRONG);
  const char *edge = table->unicode ? "│" : "|";
  text_pad(out, 0, doubt - 2);
  text_puts(out, "ok");
  if (wrong > doubt) {
    const char *word = wrong - doubt >= 8 ? _("doubtful") : "?";
    text_puts(out, edge);
    text_puts(out, word);
    text_pad(out, (int)strlen(word), wrong - doubt);
  }
  text_printf(out, "%s%s", edge, _("wrong"));
}

/* -- the cells -- */

static enum tone tensor_cell(const struct check_table *table, const struct tensor_check *tensor,
                             struct text *out) {
  text_puts(out, table->model->nodes[tensor->node].name);
  return TONE_PLAIN;
}

static enum tone shape_cell(const struct check_table *table, const struct tensor_check *tensor,
                            struct text *out) {
  (void)table;
  text_printf(out, "%u x %u", tensor->shape.rows, tensor->shape.cols);
  return TONE_PLAIN;
}

static enum tone put_number(struct text *out, double value, int digits) {
  char buffer[NUMBER_TEXT_SIZE];
  text_puts(out, number_brief(value, digits, buffer));
  return TONE_PLAIN;
}

static enum tone relative_cell(const struct check_table *table, const struct tensor_check *tensor,
                               struct text *out) {
  (void)table;
  if (tensor->reason != REASON_TRULY_ZERO) return put_number(out, tensor->metrics.difference, 2);
  text_puts(out, _("zero"));
  return TONE_PLAIN;
}

static enum tone share_cell(const struct check_table *table, const struct tensor_check *tensor,
                            struct text *out) {
  (void)table;
  return put_number(out, tensor->share, 2);
}

static enum tone mean_cell(const struct check_table *table, const struct tensor_check *tensor,
                           struct text *out) {
  (void)table;
  return put_number(out, tensor->metrics.mean_abs, 2);
}

static enum tone largest_cell(const struct check_table *table, const struct tensor_check *tensor,
                              struct text *out) {
  (void)table;
  return put_number(out, tensor->metrics.max_abs, 2);
}

static enum tone factor_cell(const struct check_table *table, const struct tensor_check *tensor,
                             struct text *out) {
  (void)table;
  return put_number(out, tensor->metrics.scale, 5);
}

static enum tone cosine_cell(const struct check_table *table, const struct tensor_check *tensor,
                             struct text *out) {
  (void)table;
  return put_number(out, tensor->metrics.cosine, 5);
}

static enum tone bar_cells(const struct check_table *table, const struct tensor_check *tensor,
                           struct text *out) {
  static const enum tone tones[BAND_COUNT] = {TONE_GOOD, TONE_DOUBT, TONE_BAD};
  put_bar(table, tensor, out);
  if (tensor->verdict == VERDICT_PASS && tensor->settled_count > 0) return TONE_GOOD;
  return tones[check_band(&table->check->options, judged(table, tensor))];
}

/* A tensor that is truly zero is no doubt. */
static enum tone verdict_cell(const struct check_table *table, const struct tensor_check *tensor,
                              struct text *out) {
  if (tensor->reason == REASON_TRULY_ZERO) {
    text_puts(out, _("no effect"));
    return TONE_PLAIN;
  }
  if (tensor->verdict == VERDICT_FAIL) text_puts(out, table->unicode ? "✗ " : "x ");
  text_puts(out, verdict_names[tensor->verdict]);
  return report_verdict_tone(tensor->verdict);
}

static const struct {
  const char *title;
  int width; /* 0: it depends */
  enum tone (*cell)(const struct check_table *table, const struct tensor_check *tensor,
                    struct text *out);
} columns_of[COLUMN_COUNT] = {
    [COLUMN_TENSOR] = {"tensor", 0, tensor_cell},
    [COLUMN_SHAPE] = {"shape", 8, shape_cell},
    [COLUMN_RELATIVE] = {"rel. diff", 9, relative_cell},
    [COLUMN_SHARE] = {"share", 9, share_cell},
    [COLUMN_MEAN] = {"mean |g-n|", 10, mean_cell},
    [COLUMN_LARGEST] = {"max |g-n|", 9, largest_cell},
    [COLUMN_FACTOR] = {"factor", 9, factor_cell},
    [COLUMN_COSINE] = {"cosine", 9, cosine_cell},
    [COLUMN_BAR] = {NULL, 0, bar_cells},
    [COLUMN_VERDICT] = {"", 10, verdict_cell},
};

void check_table_title(const struct check_table *table, enum check_column column,
                       struct text *out) {
  if (column == COLUMN_BAR) put_scale(table, out);
  else if (*columns_of[column].title) text_puts(out, _(columns_of[column].title));
}

enum tone check_table_cell(const struct check_table *table, enum check_column column,
                           const struct tensor_check *tensor, struct text *out) {
  return columns_of[column].cell(table, tensor, out);
}

/* -- which of them fit -- */

/* Taken in this order until one does not fit. The bar comes in several lengths. */
static const struct {
  enum check_column column;
  int bar;
} wanted[] = {
    {COLUMN_TENSOR, 0}, {COLUMN_VERDICT, 0}, {COLUMN_RELATIVE, 0}, {COLUMN_SHARE, 0},
    {COLUMN_BAR, 12},   {COLUMN_SHAPE, 0},   {COLUMN_BAR, 24},     {COLUMN_MEAN, 0},
    {COLUMN_FACTOR, 0}, {COLUMN_COSINE, 0},  {COLUMN_BAR, 48},     {COLUMN_LARGEST, 0},
};

static int bar_width(int bar) {
  return bar + 3; /* cell 0 to BAR, and two edges */
}

/* Of the column with all its cells. */
static int column_width(const struct check_table *table, enum check_column column) {
  int width = column == COLUMN_TENSOR ? report_name_width(table->model) : columns_of[column].width;
  struct text cell;
  text_init(&cell);
  for (size_t i = 0; i < table->check->tensor_count; i++) {
    text_truncate(&cell, 0);
    check_table_cell(table, column, &table->check->tensors[i], &cell);
    const int columns = text_columns(text_string(&cell), cell.length);
    if (columns > width) width = columns;
  }
  text_done(&cell);
  return width;
}

/* Sets where everything begins; returns the width of it all. */
static int place_columns(struct check_table *table) {
  int at = 1;
  for (int i = 0; i < COLUMN_COUNT; i++) {
    bool close = i == COLUMN_BAR || i == COLUMN_VERDICT; /* they need less room */
    if (table->widths[i] == 0) continue;
    if (i > 0) at += close ? 1 : 2;
    table->starts[i] = at;
    at += table->widths[i];
  }
  return at;
}

void check_table_plan(struct check_table *table, const struct model *model,
                      const struct check *check, bool unicode, int columns) {
  *table = (struct check_table){.model = model, .check = check, .unicode = unicode};
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    enum check_column column = wanted[i].column;
    struct check_table before = *table;
    if (column == COLUMN_SHARE && !(check->options.tolerance >= 0)) continue;
    table->widths[column] =
        column == COLUMN_BAR ? bar_width(wanted[i].bar) : column_width(table, column);
    if (column == COLUMN_BAR) table->bar = wanted[i].bar;
    if (place_columns(table) <= columns || i < 2) continue;
    *table = before;
    break;
  }
  place_columns(table);
}

/* -- as lines -- */

static void put_line(struct text *out, const struct check_table *table,
                     const struct tensor_check *tensor, struct style style) {
  struct text cell;
  int at = 0;
  text_init(&cell);
  for (int i = 0; i < COLUMN_COUNT; i++) {
    enum tone tone = TONE_PLAIN;
    if (table->widths[i] == 0) continue;
    text_truncate(&cell, 0);
    if (tensor) tone = check_table_cell(table, i, tensor, &cell);
    else check_table_title(table, i, &cell);
    if (cell.length == 0) continue;
    text_pad(out, at, table->starts[i]);
    at = at > table->starts[i] ? at : table->starts[i];
    report_toned(out, style, i == COLUMN_BAR ? TONE_PLAIN : tone, text_string(&cell));
    at += text_columns(text_string(&cell), cell.length);
  }
  out->failed = out->failed || cell.failed;
  text_done(&cell);
  text_puts(out, "\n");
}

void check_table_put(struct text *out, const struct check_table *table, struct style style) {
  put_line(out, table, NULL, style);
  for (size_t i = 0; i < table->check->tensor_count; i++)
    put_line(out, table, &table->check->tensors[i], style);
}
