/* The views that are text: inspector, log, help. */
#include "core/intl.h"
#include "explore/log.h"
#include "lang/shown.h"
#include "tui/action.h"
#include "tui/rule_lines.h"
#include "tui/view.h"

#include <stdio.h>
#include <string.h>

/* As canvas_paragraphs() does, with roles line by line. */
static int draw_lines(struct ui *ui, struct area area, int skip, view_role *role_of,
                      const char *text) {
  int row = 0, total = 0;
  enum role role = ROLE_PLAIN;
  if (!role_of) return canvas_paragraphs(&ui->canvas, area, 0, skip, ROLE_PLAIN, text);
  struct text line;
  text_init(&line);
  for (size_t length; *text; text += length) {
    length = strcspn(text, "\n");
    role = role_of(ui, text, length, role);
    length += text[length] == '\n';
    text_truncate(&line, 0);
    text_put(&line, text, length);
    int lines = canvas_paragraphs(&ui->canvas, area, row, skip, role, text_string(&line));
    row += lines > skip ? lines - skip : 0;
    skip -= lines < skip ? lines : skip;
    total += lines;
  }
  text_done(&line);
  return total;
}

void view_lines(struct ui *ui, enum view_id view, struct area area, view_role *role_of,
                const char *text) {
  int total = draw_lines(ui, (struct area){0, 0, 0, area.cols}, 0, role_of, text);
  int most = total > area.rows ? total - area.rows : 0;
  if (ui->scroll[view] > most) ui->scroll[view] = most;
  if (ui->scroll[view] < 0) ui->scroll[view] = 0;
  ui->lines[view] = total;
  draw_lines(ui, area, ui->scroll[view], role_of, text);
  if (area.cols < 3) return; /* too narrow to give a column away */
  if (ui->scroll[view] > 0)
    canvas_puts(&ui->canvas, area, 0, area.cols - 1, ROLE_KEY, ui->canvas.unicode ? "▴" : "^");
  if (ui->scroll[view] < most)
    canvas_puts(&ui->canvas, area, area.rows - 1, area.cols - 1, ROLE_KEY,
                ui->canvas.unicode ? "▾" : "v");
}

void view_text(struct ui *ui, enum view_id view, struct area area, const char *text) {
  view_lines(ui, view, area, NULL, text);
}

/* -- inspector: what the last command said, else the focused node -- */

/* "q = ..." is about a value, "dq = ..." about a gradient, and what is indented goes on with
 * that. */
static enum role formula_role(const struct ui *ui, const char *line, size_t length,
                              enum role before) {
  static const char *const kinds[] = {"param ", "data "};
  const struct model *model = ui->session->model;
  if (length == 0 || *line == ' ') return before;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strncmp(line, kinds[i], strlen(kinds[i])) == 0)
      line += strlen(kinds[i]), length -= strlen(kinds[i]);
  size_t head = lines_head(line, length);
  if (!session_is_open(ui->session)) return ROLE_PLAIN;
  if (node_find_shown(model, line, head) >= 0) return ROLE_VALUE;
  bool gradient = *line == 'd' && head < length;
  return gradient && (line[1] == '(' || !memchr(line, ' ', head)) ? ROLE_GRADIENT : ROLE_PLAIN;
}

/* TEXT with its struck lines faint and its chosen line marked. */
static void draw_rules(struct ui *ui, struct area area, const char *text) {
  lines_follow(ui, area, text);
  view_lines(ui, VIEW_INSPECTOR, area, formula_role, text);
  canvas_strike(&ui->canvas, area);
  lines_mark(ui, area, text);
}

void view_said(struct ui *ui, struct area area) {
  if (ui->said_is_error) view_lines(ui, VIEW_INSPECTOR, area, NULL, text_string(&ui->said.text));
  else draw_rules(ui, area, text_string(&ui->said.text));
}

static void draw_inspector(struct ui *ui, struct area area) {
  struct text text;
  if (ui->said.text.length > 0) {
    view_said(ui, area);
    return;
  }
  text_init(&text);
  lines_inspected(ui, &text);
  draw_rules(ui, area, text_string(&text));
  text_done(&text);
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
  view_text(ui, VIEW_HELP, area, text_string(text));
  lines_done(&lines);
}

const struct view_ops view_help = {.name = "help", .draw = draw_help};
