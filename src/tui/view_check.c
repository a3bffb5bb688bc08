/* The gradient check: its tensors filling in while it runs, then its report, in which one chooses a
 * tensor to go to. */
#include "core/intl.h"
#include "tui/view.h"

#include <string.h>

static const enum role verdict_roles[VERDICT_COUNT] = {
    [VERDICT_PASS] = ROLE_GOOD,       [VERDICT_INADEQUATE] = ROLE_DOUBT,
    [VERDICT_UNRELIABLE] = ROLE_DOUBT, [VERDICT_KINK] = ROLE_DOUBT,
    [VERDICT_FAIL] = ROLE_BAD,
};
static const enum role band_roles[BAND_COUNT] = {
    [BAND_OK] = ROLE_GOOD, [BAND_DOUBTFUL] = ROLE_DOUBT, [BAND_WRONG] = ROLE_BAD};

/* Draws line under line of something longer than its area. LINE counts from the top of it all. */
struct pen {
  struct ui *ui;
  struct area area;
  int line, scroll;
};

/* Draws TEXT and empties it. */
static void put_text(struct pen *pen, struct text *text, enum role role) {
  int row = pen->line - pen->scroll, skip = row < 0 ? -row : 0;
  if (text->length == 0) return;
  pen->line += canvas_paragraphs(&pen->ui->canvas, pen->area, row + skip, skip, role,
                                 text_string(text));
  text->length = 0;
}

static bool is_block(const char *at, size_t size) {
  return strncmp(at, "▇", size) == 0 || *at == '#';
}

static bool is_edge(const char *at, size_t size) {
  return strncmp(at, "│", size) == 0 || *at == '|';
}

/* Takes the bar out of a row that is wider than COLS, so that its verdict is seen. */
static void drop_bar(struct text *row, int start, int cols) {
  struct text kept;
  int col = 0;
  bool behind = false;
  const char *bytes = text_string(row);
  if (text_columns(bytes, row->length) <= cols) return;
  text_init(&kept);
  for (size_t at = 0, size; at < row->length; at += size, col++) {
    utf8_decode(bytes + at, row->length - at, &size);
    bool of_bar = is_block(bytes + at, size) || is_edge(bytes + at, size) || bytes[at] == ' ';
    behind = behind || (col >= start && !of_bar);
    if (col < start || behind) text_put(&kept, bytes + at, size);
  }
  text_done(row);
  *row = kept;
}

/* The bar in the role of the band that it reaches into, the verdict behind it in its own. */
static void colour_row(struct pen *pen, const struct text *row, enum role bar, enum role verdict) {
  const char *bytes = text_string(row);
  int line = pen->line - pen->scroll, start = report_bar_start(&pen->ui->session->model), col = 0;
  for (size_t at = 0, size; at < row->length && bytes[at] != '\n'; at += size, col++) {
    utf8_decode(bytes + at, row->length - at, &size);
    if (col < start || is_edge(bytes + at, size) || bytes[at] == ' ') continue;
    canvas_mark(&pen->ui->canvas, pen->area, line, col, 1,
                is_block(bytes + at, size) ? bar : verdict);
  }
}

/* A row of the table; the chosen one has the cursor. */
static void put_row(struct pen *pen, const struct check *check, int index, struct style style) {
  struct canvas *canvas = &pen->ui->canvas;
  const struct model *model = &pen->ui->session->model;
  const struct tensor_check *tensor = &check->tensors[index];
  struct text row;
  text_init(&row);
  report_check_row(&row, model, check, tensor, style);
  drop_bar(&row, report_bar_start(model), pen->area.cols);
  int line = pen->line - pen->scroll;
  canvas_text(canvas, pen->area, line, 0, ROLE_PLAIN, text_string(&row), row.length - 1);
  colour_row(pen, &row, band_roles[check_band(&check->options, tensor->metrics.difference)],
             verdict_roles[tensor->verdict]);
  if (index == pen->ui->checked && line >= 0 && line < pen->area.rows) {
    canvas_puts(canvas, pen->area, line, 0, ROLE_KEY, canvas->unicode ? "▸" : ">");
    canvas_mark(canvas, pen->area, line, 1,
                (int)strlen(model->nodes[tensor->node].name), ROLE_FOCUS);
    canvas->cursor_row = pen->area.row + line;
    canvas->cursor_col = pen->area.col;
  }
  pen->line++;
  text_done(&row);
}

/* The tensor with the worst verdict. */
static int worst_tensor(const struct check *check) {
  size_t worst = 0;
  for (size_t i = 1; i < check->tensor_count; i++)
    if (check->tensors[i].verdict > check->tensors[worst].verdict) worst = i;
  return (int)worst;
}

static int put_head(struct pen *pen, const struct check *check, struct style style) {
  struct text text;
  text_init(&text);
  report_check_head(&text, &pen->ui->session->model, check, style);
  char *scale = text.length > 0 ? strstr(text.bytes, "\n\n") : NULL;
  if (scale) { /* the head of the table stands behind an empty line */
    size_t before = (size_t)(scale - text.bytes) + 2;
    int start = report_bar_start(&pen->ui->session->model);
    bool narrow = text_columns(text.bytes + before, text.length - before) > pen->area.cols;
    if (narrow && before + (size_t)start < text.length) text.bytes[before + (size_t)start] = '\0';
  }
  put_text(pen, &text, ROLE_PLAIN);
  text_done(&text);
  return pen->line;
}

static void put_words(struct pen *pen, const struct check *check, struct style style) {
  const struct model *model = &pen->ui->session->model;
  struct text text;
  text_init(&text);
  report_check_between(&text, model, check);
  text_puts(&text, "\n");
  put_text(pen, &text, ROLE_PLAIN);
  report_check_verdict(&text, check, style);
  int line = pen->line - pen->scroll;
  put_text(pen, &text, ROLE_PLAIN);
  canvas_mark(&pen->ui->canvas, pen->area, line, 1, (int)strlen(verdict_names[check->verdict]),
              verdict_roles[check->verdict]);
  report_check_reasons(&text, model, check);
  put_text(pen, &text, ROLE_PLAIN);
  text_puts(&text, pen->ui->canvas.unicode ? "\n ↑↓" : "\n Up, Down");
  text_puts(&text, _(" choose a tensor\n"));
  put_text(pen, &text, ROLE_FAINT);
  text_done(&text);
}

/* Draws it all; returns how many lines there are. */
static int put_report(struct ui *ui, struct area area, const struct check *check) {
  struct style style = {.unicode = ui->canvas.unicode};
  struct pen pen = {ui, area, 0, ui->scroll[VIEW_CHECK]};
  put_head(&pen, check, style);
  for (int i = 0; i < (int)check->tensor_count; i++) put_row(&pen, check, i, style);
  put_words(&pen, check, style);
  return pen.line;
}

/* The line on which the first tensor stands: the head may be wrapped. */
static int first_row(struct ui *ui, struct area area, const struct check *check) {
  struct pen pen = {ui, {0, 0, 0, area.cols}, 0, 0};
  return put_head(&pen, check, (struct style){.unicode = ui->canvas.unicode});
}

static void draw_report(struct ui *ui, struct area area, const struct check *check) {
  int *scroll = &ui->scroll[VIEW_CHECK], count = (int)check->tensor_count;
  if (ui->checked < 0) ui->checked = worst_tensor(check);
  if (ui->checked >= count) ui->checked = count - 1;
  int chosen = first_row(ui, area, check) + ui->checked;
  struct area nowhere = {0, 0, 0, area.cols};
  int most = put_report(ui, nowhere, check) - area.rows;
  if (ui->follow && chosen < *scroll) *scroll = chosen;
  if (ui->follow && chosen >= *scroll + area.rows) *scroll = chosen - area.rows + 1;
  ui->follow = false;
  if (*scroll > most) *scroll = most;
  if (*scroll < 0) *scroll = 0;
  put_report(ui, area, check);
  if (*scroll < most)
    canvas_puts(&ui->canvas, area, area.rows - 1, area.cols - 1, ROLE_KEY,
                ui->canvas.unicode ? "▾" : "v");
}

static void draw(struct ui *ui, struct area area) {
  const struct session *session = ui->session;
  if (ui->progress.total > 0 && session->running)
    view_live_check(ui, area, session->running);
  else if (session->has_check)
    draw_report(ui, area, &session->check);
  else
    view_text(ui, VIEW_CHECK, area,
              _("No check of the model as it stands now. Press c to run one."));
}

/* Up and down choose a tensor; pages scroll. */
static void move(struct ui *ui, enum direction direction) {
  enum { PAGE = 10 };
  static const int by[MOVE_COUNT] = {[MOVE_UP] = -1, [MOVE_DOWN] = 1};
  static const int page[MOVE_COUNT] = {[MOVE_PAGE_UP] = -PAGE, [MOVE_PAGE_DOWN] = PAGE};
  if (!ui->session->has_check) return;
  int last = (int)ui->session->check.tensor_count - 1, to = ui->checked + by[direction];
  if (direction == MOVE_HOME) to = 0;
  if (direction == MOVE_END) to = last;
  ui->checked = to < 0 ? 0 : to > last ? last : to;
  ui->scroll[VIEW_CHECK] += page[direction];
  ui->follow = page[direction] == 0;
}

/* To the circuit, and to the line that made the gradient. */
static void enter(struct ui *ui, struct text *out) {
  struct session *session = ui->session;
  if (!session->has_check || ui->checked < 0) return;
  int node = session->check.tensors[ui->checked].node;
  ui->view = VIEW_CIRCUIT;
  session->focus = model_visible(&session->model, node);
  text_printf(out, "show d%s", session->model.nodes[node].name);
}

static void click(struct ui *ui, struct area area, int row, int col) {
  (void)col;
  if (!ui->session->has_check) return;
  int index = row + ui->scroll[VIEW_CHECK] - first_row(ui, area, &ui->session->check);
  if (index >= 0 && index < (int)ui->session->check.tensor_count) ui->checked = index;
}

const struct view_ops view_check = {.name = "check", .draw = draw, .move = move, .enter = enter,
                                    .click = click};
