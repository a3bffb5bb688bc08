/* The gradient check: its tensors filling in while it runs, then its report, in which one chooses a
 * tensor, or a line that is wrong, to go to. */
#include "core/intl.h"
#include "lang/shown.h"
#include "report/report_table.h"
#include "tui/view.h"

/* What the keys of the view do, where there are only TENSORS to choose from. */
static const char *keys_hint(bool unicode, bool tensors) {
  if (tensors)
    return unicode ? _("\n ↑↓ choose a tensor; Enter goes there\n")
                   : _("\n Up, Down choose a tensor; Enter goes there\n");
  return unicode ? _("\n ↑↓ choose a tensor or a wrong line; Enter goes there, e edits it, T "
                     "switches a bug off and on\n")
                 : _("\n Up, Down choose a tensor or a wrong line; Enter goes there, e edits it, T "
                     "switches a bug off and on\n");
}

/* The report for a view of COLS columns, and what its keys do. */
static void put_report(const struct ui *ui, int cols, struct lines *out) {
  const struct style style = {.unicode = ui->canvas.unicode, .columns = cols + 1};
  struct check_table table;
  check_table_plan(&table, ui->session->model, ui->session->now.at.check, style.unicode, cols);
  report_check_table(out, &table, style);
  const size_t start = out->text.length;
  text_puts(&out->text, keys_hint(ui->canvas.unicode, lines_count(out, ABOUT_RULE) == 0));
  lines_describe(out, start, LINE_FAINT, (struct about){0});
}

/* -- what one chooses: the tensors, then the wrong lines -- */

static int item_count(const struct lines *lines) {
  return (int)(lines_count(lines, ABOUT_TENSOR) + lines_count(lines, ABOUT_RULE));
}

static bool find_item(const struct lines *lines, int item, struct passage *passage) {
  const int tensors = (int)lines_count(lines, ABOUT_TENSOR);
  if (item < 0) return false;
  return item < tensors ? lines_passage(lines, ABOUT_TENSOR, (size_t)item, passage)
                        : lines_passage(lines, ABOUT_RULE, (size_t)(item - tensors), passage);
}

enum { ANY_COLUMNS = 80 }; /* where the width changes nothing */

static int last_item(const struct ui *ui) {
  struct lines lines;
  lines_init(&lines);
  put_report(ui, ANY_COLUMNS, &lines);
  const int last = item_count(&lines) - 1;
  lines_done(&lines);
  return last;
}

static struct about chosen_about(const struct ui *ui) {
  struct passage passage = {0};
  struct lines lines;
  if (!ui->session->now.at.check) return passage.about;
  lines_init(&lines);
  put_report(ui, ANY_COLUMNS, &lines);
  if (!find_item(&lines, ui->checked, &passage)) passage = (struct passage){0};
  lines_done(&lines);
  return passage.about;
}

/* The first wrong line, if there is one; else the tensor with the worst verdict. */
static int worst_item(const struct check *check, const struct lines *lines) {
  size_t worst = 0;
  if (lines_count(lines, ABOUT_RULE) > 0) return (int)check->tensor_count;
  for (size_t i = 1; i < check->tensor_count; i++)
    if (check->tensors[i].verdict > check->tensors[worst].verdict) worst = i;
  return (int)worst;
}

/* -- the view -- */

/* Points at ITEM, whose first row is ROW of the area, and brings its label out. */
static void point_at(struct ui *ui, struct area area, int row, const struct lines *lines,
                     const struct passage *item) {
  struct canvas *canvas = &ui->canvas;
  struct report_line line;
  size_t next = item->start, until;
  if (row < 0 || row >= area.rows || !lines_next(lines, &next, &line)) return;
  canvas_puts(canvas, area, row, 0, ROLE_KEY, canvas->unicode ? "▸" : ">");
  for (size_t at = line.start; at < line.end; at = until)
    if (lines_role(lines, &line, at, &until) == LINE_LABEL)
      canvas_mark(canvas, area, row, text_columns(lines->text.bytes + line.start, at - line.start),
                  text_columns(lines->text.bytes + at, until - at), ROLE_FOCUS);
  canvas->cursor_row = area.row + row;
  canvas->cursor_col = area.col;
}

/* Scrolls to ITEM where it was chosen just now, and never too far. */
static void follow(struct ui *ui, struct area area, const struct lines *lines,
                   const struct passage *item) {
  int *scroll = &ui->scroll[VIEW_CHECK];
  const int from = canvas_rows(lines, item->start, area.cols);
  const int to = canvas_rows(lines, item->end, area.cols);
  const int most = canvas_rows(lines, lines->text.length, area.cols) - area.rows;
  if (ui->follow && to > *scroll + area.rows) *scroll = to - area.rows;
  if (ui->follow && from < *scroll) *scroll = from;
  ui->follow = false;
  if (*scroll > most) *scroll = most;
  if (*scroll < 0) *scroll = 0;
}

static void draw_lines(struct ui *ui, struct area area, const struct lines *lines) {
  struct passage item = {0};
  int *scroll = &ui->scroll[VIEW_CHECK];
  if (ui->checked < 0) { /* a new check: its worst is to be seen */
    ui->checked = worst_item(ui->session->now.at.check, lines);
    ui->follow = true;
  }
  if (ui->checked >= item_count(lines)) ui->checked = item_count(lines) - 1;
  const bool chosen = find_item(lines, ui->checked, &item);
  follow(ui, area, lines, &item);
  const int rows = canvas_lines(&ui->canvas, area, 0, *scroll, lines);
  if (chosen)
    point_at(ui, area, canvas_rows(lines, item.start, area.cols) - *scroll, lines, &item);
  if (*scroll < rows - area.rows)
    canvas_puts(&ui->canvas, area, area.rows - 1, area.cols - 1, ROLE_KEY,
                ui->canvas.unicode ? "▾" : "v");
}

static void draw_report(struct ui *ui, struct area area) {
  struct lines lines;
  lines_init(&lines);
  put_report(ui, area.cols, &lines);
  draw_lines(ui, area, &lines);
  lines_done(&lines);
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
  int last = last_item(ui), to = ui->checked + by[direction];
  if (direction == GO_HOME) to = 0;
  if (direction == GO_END) to = last;
  ui->checked = to < 0 ? 0 : to > last ? last : to;
  ui->scroll[VIEW_CHECK] += page[direction];
  ui->follow = page[direction] == 0;
}

int view_check_rule(const struct ui *ui) {
  const struct model *model = ui->session->model;
  const struct about about = chosen_about(ui);
  int rule = about.kind == ABOUT_RULE ? about.rule : -1;
  for (size_t i = 0; about.kind == ABOUT_TENSOR && i < model->rule_count; i++)
    if (model->rules[i].target_node == about.node) rule = (int)i;
  return rule;
}

/* To the circuit, and to the line that made the gradient. */
static void enter(struct ui *ui, struct text *out) {
  struct session *session = ui->session;
  const struct model *model = session->model;
  const struct about about = chosen_about(ui);
  if (about.kind == ABOUT_NOTHING) return;
  const bool wrong = about.kind == ABOUT_RULE;
  const int node = wrong ? about.node : model_visible(model, about.node);
  ui->session->look.view = VIEW_CIRCUIT;
  if (node < 0) return;
  session_look(session, node);
  text_puts(out, "show ");
  gradient_put_shown(out, model, wrong ? model->rules[about.rule].target_node : about.node);
}

static void click(struct ui *ui, struct area area, int row, int col) {
  struct passage item;
  struct lines lines;
  (void)col;
  if (!ui->session->now.at.check) return;
  lines_init(&lines);
  put_report(ui, area.cols, &lines);
  row += ui->scroll[VIEW_CHECK];
  for (int i = 0; find_item(&lines, i, &item); i++)
    if (row >= canvas_rows(&lines, item.start, area.cols) &&
        row < canvas_rows(&lines, item.end, area.cols))
      ui->checked = i;
  lines_done(&lines);
}

const struct view_ops view_check = {.name = "check", .draw = draw, .move = move, .enter = enter,
                                    .click = click};
