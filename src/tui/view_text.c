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

/* -- inspector: what the last command said, else the focused node -- */

/* LINES with the chosen rule line pointed at. */
static void draw_rules(struct ui *ui, struct area area, const struct lines *lines) {
  rule_lines_follow(ui, area, lines);
  view_lines(ui, VIEW_INSPECTOR, area, lines);
  rule_lines_point(ui, area, lines);
}

void view_said(struct ui *ui, struct area area) {
  draw_rules(ui, area, &ui->said);
}

static void draw_inspector(struct ui *ui, struct area area) {
  struct lines lines;
  lines_init(&lines);
  rule_lines_inspected(ui, &lines);
  draw_rules(ui, area, &lines);
  lines_done(&lines);
}

const struct view_ops view_inspector = {.name = "inspector", .draw = draw_inspector};

/* -- log -- */

static void draw_log(struct ui *ui, struct area area) {
  struct text text;
  text_init(&text);
  log_put(ui->session, &text);
  view_text(ui, VIEW_LOG, area, text.length > 0 ? text_string(&text)
                                                : _("Nothing has been changed yet."));
  text_done(&text);
}

const struct view_ops view_log = {.name = "log", .draw = draw_log};

/* -- help: the keys and the commands, from their tables -- */

static void draw_help(struct ui *ui, struct area area) {
  struct lines lines;
  struct text *text = &lines.text;
  struct diag diag;
  lines_init(&lines);
  text_puts(text, _("Keys\n"));
  keymap_help(&ui->keymap, text);
  text_puts(text, _("\nCommands, at the prompt (:), in scripts and as keys; an expression alone is "
                     "evaluated\n"));
  command_do(ui->session, "help", &lines, &diag);
  text_puts(text, _("\nCommands of the explorer, at the prompt and as keys\n"));
  action_help(text);
  text_puts(text, _("\nv is a value, g a gradient; · is not computed yet.\n"));
  view_lines(ui, VIEW_HELP, area, &lines);
  lines_done(&lines);
}

const struct view_ops view_help = {.name = "help", .draw = draw_help};
