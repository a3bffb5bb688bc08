/* The list of lessons: their names and titles. */
#include "core/intl.h"
#include "tui/view.h"

#include <string.h>

static void keep_listed(struct ui *ui) {
  int count = (int)ui->shelf.count;
  if (ui->listed >= count) ui->listed = count - 1;
  if (ui->listed < 0) ui->listed = 0;
}

/* Lines above the first that is shown. */
static int skipped(const struct ui *ui, struct area area) {
  return ui->listed >= area.rows ? ui->listed - area.rows + 1 : 0;
}

static int widest_name(const struct shelf *shelf) {
  int widest = 0;
  for (size_t i = 0; i < shelf->count; i++) {
    const char *name = shelf->entries[i].name;
    int columns = text_columns(name, strlen(name));
    if (columns > widest) widest = columns;
  }
  return widest;
}

static void draw(struct ui *ui, struct area area) {
  enum { LEFT = 2, GAP = 2, LEAST_TITLE = 20 };
  const struct shelf *shelf = &ui->shelf;
  int skip, width = widest_name(shelf), title = LEFT + width + GAP;
  keep_listed(ui);
  skip = skipped(ui, area);
  if (shelf->count == 0)
    canvas_puts(&ui->canvas, area, 1, LEFT, ROLE_PLAIN,
                _("No lessons were found. open PATH opens a model."));
  for (int row = 0; row < area.rows && row + skip < (int)shelf->count; row++) {
    const struct shelf_entry *entry = &shelf->entries[row + skip];
    bool listed = row + skip == ui->listed;
    canvas_puts(&ui->canvas, area, row, LEFT, listed ? ROLE_FOCUS : ROLE_PLAIN, entry->name);
    if (title + LEAST_TITLE <= area.cols)
      canvas_puts(&ui->canvas, area, row, title, entry->broken ? ROLE_BAD : ROLE_PLAIN,
                  entry->title);
    if (!listed) continue;
    canvas_puts(&ui->canvas, area, row, 0, ROLE_KEY, ">");
    ui->canvas.cursor_row = area.row + row;
    ui->canvas.cursor_col = area.col;
  }
}

static void move(struct ui *ui, enum direction direction) {
  enum { FAR = 1000, PAGE = 10 };
  static const int by[GO_COUNT] = {[GO_UP] = -1,       [GO_DOWN] = 1,
                                     [GO_HOME] = -FAR,   [GO_END] = FAR,
                                     [GO_PAGE_UP] = -PAGE, [GO_PAGE_DOWN] = PAGE};
  ui->listed += by[direction];
  keep_listed(ui);
}

static void enter(struct ui *ui, struct text *out) {
  keep_listed(ui);
  if (ui->shelf.count > 0)
    text_printf(out, "open %s", ui->shelf.entries[ui->listed].name);
}

static void click(struct ui *ui, struct area area, int row, int col) {
  (void)col;
  ui->listed = row + skipped(ui, area);
  keep_listed(ui);
}

const struct view_ops view_lessons = {
    .name = "lessons", .draw = draw, .move = move, .enter = enter, .click = click};
