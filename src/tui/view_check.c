/* The gradient check: its tensors filling in while it runs, then its report, in which one chooses a
 * tensor, or a line that is wrong, to go to. */
#include "core/intl.h"
#include "lang/shown.h"
#include "report/report_table.h"
#include "tui/view.h"

#include <string.h>

static const enum role tone_roles[TONE_COUNT] = {
    [TONE_PLAIN] = ROLE_PLAIN, [TONE_GOOD] = ROLE_GOOD,   [TONE_DOUBT] = ROLE_DOUBT,
    [TONE_BAD] = ROLE_BAD,     [TONE_FAINT] = ROLE_FAINT,
};

/* Draws line under line of something longer than its area. Lines count from the top of it all. */
struct pen {
  struct ui *ui;
  struct area area;
  struct style style;
  int line, scroll;
  int item;        /* that comes next: tensors, then wrong lines */
  int chosen_from, chosen_to; /* lines of the chosen item */
  int sought;      /* a line; */
  int found;       /* the item that stands there, or -1 */
};

static const struct check *checked(const struct pen *pen) {
  return pen->ui->session->now.at.check;
}

/* Draws TEXT and empties it. */
static void put_text(struct pen *pen, struct text *text, enum role role) {
  int row = pen->line - pen->scroll, skip = row < 0 ? -row : 0;
  if (text->length == 0) return;
  pen->line += canvas_paragraphs(&pen->ui->canvas, pen->area, row + skip, skip, role,
                                 text_string(text));
  text->length = 0;
}

/* What was drawn since line FROM is something to choose. */
static void end_item(struct pen *pen, int from, int name_columns) {
  struct canvas *canvas = &pen->ui->canvas;
  int row = from - pen->scroll;
  if (pen->sought >= from && pen->sought < pen->line) pen->found = pen->item;
  if (pen->item++ != pen->ui->checked) return;
  pen->chosen_from = from;
  pen->chosen_to = pen->line;
  if (row < 0 || row >= pen->area.rows) return;
  canvas_puts(canvas, pen->area, row, 0, ROLE_KEY, canvas->unicode ? "▸" : ">");
  canvas_mark(canvas, pen->area, row, 1, name_columns, ROLE_FOCUS);
  canvas->cursor_row = pen->area.row + row;
  canvas->cursor_col = pen->area.col;
}

/* -- the table -- */

static void put_cell(struct pen *pen, const struct check_table *table, enum check_column column,
                     const struct tensor_check *tensor) {
  struct canvas *canvas = &pen->ui->canvas;
  struct text cell;
  int row = pen->line - pen->scroll, start = table->starts[column];
  text_init(&cell);
  enum tone tone = TONE_PLAIN;
  if (tensor) tone = check_table_cell(table, column, tensor, &cell);
  else check_table_title(table, column, &cell);
  canvas_text(canvas, pen->area, row, start, tone_roles[tone], text_string(&cell), cell.length);
  for (int band = BAND_DOUBTFUL; tensor && column == COLUMN_BAR && band < BAND_COUNT; band++)
    canvas_mark(canvas, pen->area, row, start + check_table_edge(table, band), 1, ROLE_PLAIN);
  text_done(&cell);
}

static void put_row(struct pen *pen, const struct check_table *table,
                    const struct tensor_check *tensor) {
  for (int column = 0; column < COLUMN_COUNT; column++)
    if (table->widths[column] > 0) put_cell(pen, table, column, tensor);
  pen->line++;
}

static void put_table(struct pen *pen) {
  const struct check *check = checked(pen);
  const struct model *model = pen->ui->session->model;
  struct check_table table;
  check_table_plan(&table, model, check, pen->style.unicode, pen->area.cols);
  put_row(pen, &table, NULL);
  for (size_t i = 0; i < check->tensor_count; i++) {
    const char *name = model->nodes[check->tensors[i].node].name;
    put_row(pen, &table, &check->tensors[i]);
    end_item(pen, pen->line - 1, text_columns(name, strlen(name)));
  }
}

/* -- the words -- */

static void put_wrong_lines(struct pen *pen, struct text *text) {
  enum { LABEL_COLUMNS = 16 };
  for (size_t i = 0; i < report_wrong_line_count(checked(pen)); i++) {
    int from = pen->line;
    report_wrong_line(text, pen->ui->session->model, checked(pen), i, pen->style);
    put_text(pen, text, ROLE_PLAIN);
    end_item(pen, from, LABEL_COLUMNS);
  }
}

static void put_report(struct pen *pen) {
  const struct check *check = checked(pen);
  const struct model *model = pen->ui->session->model;
  struct text text;
  text_init(&text);
  report_check_head(&text, check, pen->style);
  text_puts(&text, "\n");
  put_text(pen, &text, ROLE_PLAIN);
  put_table(pen);
  text_puts(&text, "\n");
  put_text(pen, &text, ROLE_PLAIN);
  int line = pen->line - pen->scroll;
  report_check_verdict(&text, check, pen->style);
  put_text(pen, &text, ROLE_PLAIN);
  canvas_mark(&pen->ui->canvas, pen->area, line, 1, (int)strlen(verdict_names[check->verdict]),
              tone_roles[report_verdict_tone(check->verdict)]);
  report_check_reasons(&text, model, check, pen->style);
  put_text(pen, &text, ROLE_PLAIN);
  put_wrong_lines(pen, &text);
  report_check_between(&text, model, check, pen->style);
  report_check_notes(&text, model, check, pen->style);
  put_text(pen, &text, ROLE_PLAIN);
  text_puts(&text, pen->ui->canvas.unicode ? "\n ↑↓" : "\n Up, Down");
  text_puts(&text, report_wrong_line_count(check) > 0
                       ? _(" choose a tensor or a wrong line; Enter goes there, e edits it, T "
                           "switches a bug off and on\n")
                       : _(" choose a tensor; Enter goes there\n"));
  put_text(pen, &text, ROLE_FAINT);
  text_done(&text);
}

static struct pen make_pen(struct ui *ui, struct area area) {
  struct style style = {.unicode = ui->canvas.unicode, .columns = area.cols + 1};
  return (struct pen){.ui = ui, .area = area, .style = style, .scroll = ui->scroll[VIEW_CHECK],
                      .sought = -1, .found = -1};
}

/* All of it drawn nowhere, to see how long it gets and what stands on line SOUGHT. */
static struct pen measure(struct ui *ui, struct area area, int sought) {
  struct pen pen = make_pen(ui, (struct area){0, 0, 0, area.cols});
  pen.sought = sought;
  put_report(&pen);
  return pen;
}

/* -- the view -- */

static int item_count(const struct check *check) {
  return (int)(check->tensor_count + report_wrong_line_count(check));
}

/* The first wrong line, if there is one; else the tensor with the worst verdict. */
static int worst_item(const struct check *check) {
  size_t worst = 0;
  if (report_wrong_line_count(check) > 0) return (int)check->tensor_count;
  for (size_t i = 1; i < check->tensor_count; i++)
    if (check->tensors[i].verdict > check->tensors[worst].verdict) worst = i;
  return (int)worst;
}

static void draw_report(struct ui *ui, struct area area) {
  const struct check *check = ui->session->now.at.check;
  int *scroll = &ui->scroll[VIEW_CHECK];
  if (ui->checked < 0) { /* a new check: its worst is to be seen */
    ui->checked = worst_item(check);
    ui->follow = true;
  }
  if (ui->checked >= item_count(check)) ui->checked = item_count(check) - 1;
  struct pen whole = measure(ui, area, -1);
  int most = whole.line - area.rows;
  if (ui->follow && whole.chosen_to > *scroll + area.rows) *scroll = whole.chosen_to - area.rows;
  if (ui->follow && whole.chosen_from < *scroll) *scroll = whole.chosen_from;
  ui->follow = false;
  if (*scroll > most) *scroll = most;
  if (*scroll < 0) *scroll = 0;
  struct pen pen = make_pen(ui, area);
  put_report(&pen);
  canvas_strike(&ui->canvas, area);
  if (*scroll < most)
    canvas_puts(&ui->canvas, area, area.rows - 1, area.cols - 1, ROLE_KEY,
                ui->canvas.unicode ? "▾" : "v");
}

static void draw(struct ui *ui, struct area area) {
  const struct session *session = ui->session;
  if (ui->progress.total > 0 && session->running)
    view_live_check(ui, area, session->running);
  else if (session->now.at.check)
    draw_report(ui, area);
  else
    view_text(ui, VIEW_CHECK, area,
              _("No check of the model as it stands now. Press c to run one."));
}

/* Up and down choose; pages scroll. */
static void move(struct ui *ui, enum direction direction) {
  enum { PAGE = 10 };
  static const int by[GO_COUNT] = {[GO_UP] = -1, [GO_DOWN] = 1};
  static const int page[GO_COUNT] = {[GO_PAGE_UP] = -PAGE, [GO_PAGE_DOWN] = PAGE};
  if (!ui->session->now.at.check) return;
  int last = item_count(ui->session->now.at.check) - 1, to = ui->checked + by[direction];
  if (direction == GO_HOME) to = 0;
  if (direction == GO_END) to = last;
  ui->checked = to < 0 ? 0 : to > last ? last : to;
  ui->scroll[VIEW_CHECK] += page[direction];
  ui->follow = page[direction] == 0;
}

/* The node at which a line is shown: the one that hands the gradient on, or, in a backward block,
 * the one whose gradient it is; -1 for a name of the block's own. */
static int line_node(const struct model *model, const struct rule *rule) {
  int node = rule->node >= 0 ? rule->node : rule->target_node;
  return node >= 0 ? model_visible(model, node) : -1;
}

int view_check_rule(const struct ui *ui) {
  const struct session *session = ui->session;
  const struct check *check = session->now.at.check;
  int rule = -1;
  if (!session->now.at.check || ui->checked < 0 || ui->checked >= item_count(check)) return -1;
  size_t item = (size_t)ui->checked;
  if (item >= check->tensor_count) {
    const struct wrong_line *line = &check->diagnosis->lines.items[item - check->tensor_count];
    return (int)line->rules[line->count - 1];
  }
  for (size_t i = 0; i < session->model->rule_count; i++)
    if (session->model->rules[i].target_node == check->tensors[item].node) rule = (int)i;
  return rule;
}

/* To the circuit, and to the line that made the gradient. */
static void enter(struct ui *ui, struct text *out) {
  struct session *session = ui->session;
  const struct model *model = session->model;
  const struct check *check = session->now.at.check;
  if (!session->now.at.check || ui->checked < 0 || ui->checked >= item_count(check)) return;
  size_t item = (size_t)ui->checked;
  int node, target;
  if (item < check->tensor_count) {
    target = check->tensors[item].node;
    node = model_visible(model, target);
  } else {
    const struct wrong_line *line = &check->diagnosis->lines.items[item - check->tensor_count];
    const struct rule *rule = &model->rules[line->rules[line->count - 1]];
    target = rule->target_node;
    node = line_node(model, rule);
  }
  ui->view = VIEW_CIRCUIT;
  if (node < 0) return;
  session_look(session, node);
  text_puts(out, "show ");
  gradient_put_shown(out, model, target);
}

static void click(struct ui *ui, struct area area, int row, int col) {
  (void)col;
  if (!ui->session->now.at.check) return;
  struct pen pen = measure(ui, area, row + ui->scroll[VIEW_CHECK]);
  if (pen.found >= 0) ui->checked = pen.found;
}

const struct view_ops view_check = {.name = "check", .draw = draw, .move = move, .enter = enter,
                                    .click = click};
