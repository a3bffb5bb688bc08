/* The views that are text: inspector, log, help. */
#include "core/intl.h"
#include "explore/log.h"
#include "tui/action.h"
#include "tui/rule_lines.h"
#include "tui/view.h"

void view_lines(struct ui *ui, enum view_id view, struct area area, const struct lines *lines) {
  int total = canvas_rows(lines, lines->text.length, area.cols);
  int most = total > area.rows ? total - area.rows : 0;
  if (ui->scroll[view] > most) ui->scroll[view] = most;
  if (ui->scroll[view] < 0) ui->scroll[view] = 0;
  ui->lines[view] = total;
  canvas_lines(&ui->canvas, area, 0, ui->scroll[view], lines);
  if (area.cols < 3) return; /* too narrow to give a column away */
  if (ui->scroll[view] > 0)
    canvas_puts(&ui->canvas, area, 0, area.cols - 1, ROLE_KEY, ui->canvas.unicode ? "▴" : "^");
  if (ui->scroll[view] < most)
    canvas_puts(&ui->canvas, area, area.rows - 1, area.cols - 1, ROLE_KEY,
                ui->canvas.unicode ? "▾" : "v");
}

void view_text(struct ui *ui, enum view_id view, struct area area, const char *text) {
  struct lines lines;
  lines_init(&lines);
  text_puts(&lines.text, text);
  view_lines(ui, view, area, &lines);
  lines_done(&lines);
}

/* LINES with the chosen rule line pointed at. */
static void draw_rules(struct ui *ui, enum view_id view, struct area area,
                       const struct lines *lines) {
  rule_lines_follow(ui, view, area, lines);
  view_lines(ui, view, area, lines);
  rule_lines_point(ui, view, area, lines);
}

void view_draw(struct ui *ui, enum view_id view, struct area area) {
  struct lines lines;
  if (view_table[view]->draw) {
    view_table[view]->draw(ui, area);
    return;
  }
  lines_init(&lines);
  view_table[view]->text(ui, &lines);
  draw_rules(ui, view, area, &lines);
  lines_done(&lines);
}

/* -- inspector: what the last command said, else the focused node -- */

void view_said(struct ui *ui, struct area area) {
  draw_rules(ui, VIEW_INSPECTOR, area, &ui->said);
}

const struct view_ops view_inspector = {.name = "inspector", .text = rule_lines_inspected};

/* -- log -- */

static void put_log(const struct ui *ui, struct lines *out) {
  log_put(ui->session, &out->text);
  if (out->text.length == 0) text_puts(&out->text, _("Nothing has been changed yet."));
}

const struct view_ops view_log = {.name = "log", .text = put_log};

/* -- help: the keys and the commands, from their tables -- */

static void put_help(const struct ui *ui, struct lines *out) {
  struct text *text = &out->text;
  struct diag diag;
  text_puts(text, _("Keys\n"));
  keymap_help(&ui->keymap, text);
  text_puts(text, _("\nCommands, at the prompt (:), in scripts and as keys; an expression alone is "
                     "evaluated\n"));
  command_do(ui->session, "help", out, &diag);
  text_puts(text, _("\nCommands of the explorer, at the prompt and as keys\n"));
  action_help(text);
  text_puts(text, _("\nv is a value, g a gradient; · is not computed yet.\n"));
}

const struct view_ops view_help = {.name = "help", .text = put_help};
