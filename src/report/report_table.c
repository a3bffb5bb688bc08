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

/* What the verdict goes by: the share under an overall tolerance, else the tensor's own. */
static double judged(const struct check_table *table, const struct tensor_check *tensor) {
  if (tensor->reason == REASON_TRULY_ZERO) return 0; /* noise over noise says nothing */
  return table->check->options.tolerance >= 0 ? tensor->share : tensor->metrics.difference;
}

/* In ROLE, but for the edges of the bands. */
static void put_bar(const struct check_table *table, const struct tensor_check *tensor,
                    enum line_role role, struct lines *out) {
  int length = bar_cell(table, judged(table, tensor));
  int doubt = band_cell(table, BAND_DOUBTFUL), wrong = band_cell(table, BAND_WRONG);
  size_t start = out->text.length;
  for (int cell = 0; cell <= table->bar; cell++) {
    if (cell == doubt || cell == wrong) {
      lines_mark(out, start, role);
      text_puts(&out->text, table->unicode ? "│" : "|");
      start = out->text.length;
    }
    text_puts(&out->text, cell < length ? table->unicode ? "▇" : "#" : " ");
  }
  lines_mark(out, start, role);
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

static void tensor_cell(const struct check_table *table, const struct tensor_check *tensor,
                        struct lines *out) {
  lines_puts(out, LINE_LABEL, table->model->nodes[tensor->node].name);
}

static void shape_cell(const struct check_table *table, const struct tensor_check *tensor,
                       struct lines *out) {
  (void)table;
  text_printf(&out->text, "%u x %u", tensor->shape.rows, tensor->shape.cols);
}

static void put_number(struct lines *out, double value, int digits) {
  char buffer[NUMBER_TEXT_SIZE];
  text_puts(&out->text, number_brief(value, digits, buffer));
}

static void relative_cell(const struct check_table *table, const struct tensor_check *tensor,
                          struct lines *out) {
  (void)table;
  if (tensor->reason == REASON_TRULY_ZERO) text_puts(&out->text, _("zero"));
  else put_number(out, tensor->metrics.difference, 2);
}

static void share_cell(const struct check_table *table, const struct tensor_check *tensor,
                       struct lines *out) {
  (void)table;
  put_number(out, tensor->share, 2);
}

static void mean_cell(const struct check_table *table, const struct tensor_check *tensor,
                      struct lines *out) {
  (void)table;
  put_number(out, tensor->metrics.mean_abs, 2);
}

static void largest_cell(const struct check_table *table, const struct tensor_check *tensor,
                         struct lines *out) {
  (void)table;
  put_number(out, tensor->metrics.max_abs, 2);
}

static void factor_cell(const struct check_table *table, const struct tensor_check *tensor,
                        struct lines *out) {
  (void)table;
  put_number(out, tensor->metrics.scale, 5);
}

static void cosine_cell(const struct check_table *table, const struct tensor_check *tensor,
                        struct lines *out) {
  (void)table;
  put_number(out, tensor->metrics.cosine, 5);
}

static void bar_cells(const struct check_table *table, const struct tensor_check *tensor,
                      struct lines *out) {
  static const enum line_role roles[BAND_COUNT] = {LINE_GOOD, LINE_DOUBT, LINE_BAD};
  const bool settled = tensor->verdict == VERDICT_PASS && tensor->settled_count > 0;
  const enum band band = check_band(&table->check->options, judged(table, tensor));
  put_bar(table, tensor, settled ? LINE_GOOD : roles[band], out);
}

/* A tensor that is truly zero is no doubt. */
static void verdict_cell(const struct check_table *table, const struct tensor_check *tensor,
                         struct lines *out) {
  const size_t start = out->text.length;
  if (tensor->reason == REASON_TRULY_ZERO) {
    text_puts(&out->text, _("no effect"));
    return;
  }
  if (tensor->verdict == VERDICT_FAIL) text_puts(&out->text, table->unicode ? "✗ " : "x ");
  text_puts(&out->text, verdict_names[tensor->verdict]);
  lines_mark(out, start, report_verdict_role(tensor->verdict));
}

static const struct {
  const char *title;
  int width; /* 0: it depends */
  void (*cell)(const struct check_table *table, const struct tensor_check *tensor,
               struct lines *out);
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

/* The cell of COLUMN for TENSOR, unpadded; NULL: the head. */
static void put_cell(const struct check_table *table, enum check_column column,
                     const struct tensor_check *tensor, struct lines *out) {
  if (tensor) columns_of[column].cell(table, tensor, out);
  else if (column == COLUMN_BAR) put_scale(table, &out->text);
  else if (*columns_of[column].title) text_puts(&out->text, _(columns_of[column].title));
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
static int column_width(struct check_table *table, enum check_column column) {
  int width = column == COLUMN_TENSOR ? report_name_width(table->model) : columns_of[column].width;
  struct lines cell;
  lines_init(&cell);
  for (size_t i = 0; i < table->check->tensor_count; i++) {
    lines_clear(&cell);
    put_cell(table, column, &table->check->tensors[i], &cell);
    const int columns = text_columns(text_string(&cell.text), cell.text.length);
    if (columns > width) width = columns;
  }
  table->failed = table->failed || cell.text.failed;
  lines_done(&cell);
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
    before.failed = table->failed;
    *table = before;
    break;
  }
  place_columns(table);
}

/* -- as lines -- */

static void put_line(struct lines *out, const struct check_table *table,
                     const struct tensor_check *tensor) {
  struct lines cell;
  int at = 0;
  lines_init(&cell);
  for (int i = 0; i < COLUMN_COUNT; i++) {
    if (table->widths[i] == 0) continue;
    lines_clear(&cell);
    put_cell(table, i, tensor, &cell);
    if (cell.text.length == 0) continue;
    text_pad(&out->text, at, table->starts[i]);
    at = at > table->starts[i] ? at : table->starts[i];
    lines_append(out, &cell);
    at += text_columns(text_string(&cell.text), cell.text.length);
  }
  out->text.failed = out->text.failed || cell.text.failed;
  lines_done(&cell);
  text_puts(&out->text, "\n");
}

void check_table_put(struct lines *out, const struct check_table *table) {
  if (table->failed) out->text.failed = true;
  put_line(out, table, NULL);
  for (size_t i = 0; i < table->check->tensor_count; i++) {
    const struct tensor_check *tensor = &table->check->tensors[i];
    const struct about about = {.kind = ABOUT_TENSOR, .node = tensor->node, .gradient = true,
                                .tensor = i};
    const size_t start = out->text.length;
    put_line(out, table, tensor);
    lines_describe(out, start, LINE_PLAIN, about);
  }
}
