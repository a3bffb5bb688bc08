#include "tui/rule_lines.h"

#include "core/intl.h"
#include "explore/explain.h"
#include "game/game.h"
#include "lang/shown.h"

/* -- which lines there are -- */

void rule_lines_inspected(const struct ui *ui, struct lines *out) {
  struct diag diag;
  const struct session *session = ui->session;
  if (ui->said.text.length > 0) lines_append(out, &ui->said);
  else if (session_is_open(session) && session->look.focus >= 0)
    explain_node(ui->session, session->look.focus, out, &diag);
}

/* Those of the view, where it is text, else of the inspector; where the words are about something
 * else, those of the focused node. Returns how many. */
static size_t find_lines(const struct ui *ui, struct lines *out) {
  struct diag diag;
  const struct view_ops *view = view_table[ui->session->look.view];
  if (!session_is_open(ui->session) || ui->session->look.focus < 0) return 0;
  if (view->text) view->text(ui, out);
  else rule_lines_inspected(ui, out);
  if (lines_count(out, ABOUT_RULE) == 0) {
    lines_clear(out);
    explain_node(ui->session, ui->session->look.focus, out, &diag);
  }
  return lines_count(out, ABOUT_RULE);
}

/* What commands said one after the other may be about a model that the later of them changed. */
static int rule_of(const struct ui *ui, const struct lines *lines, size_t index) {
  struct passage passage;
  if (!lines_passage(lines, ABOUT_RULE, index, &passage)) return -1;
  return passage.about.rule < (int)ui->session->model->rule_count ? passage.about.rule : -1;
}

int rule_lines_chosen(const struct ui *ui) {
  struct lines lines;
  int rule = ui->session->look.view == VIEW_CHECK ? view_check_rule(ui) : -1;
  if (rule >= 0) return rule;
  lines_init(&lines);
  size_t count = find_lines(ui, &lines), at = ui->line > 0 ? (size_t)ui->line : 0;
  if (count > 0) rule = rule_of(ui, &lines, at < count ? at : count - 1);
  lines_done(&lines);
  return rule;
}

void rule_lines_move(struct ui *ui, int by) {
  struct lines lines;
  lines_init(&lines);
  int last = (int)find_lines(ui, &lines) - 1, to = (ui->line < 0 ? 0 : ui->line) + by;
  lines_done(&lines);
  ui->line = last < 0 ? -1 : to < 0 ? 0 : to > last ? last : to;
  ui->follow = true;
}

/* -- what keys do with it -- */

bool rule_lines_edit(struct ui *ui, struct text *out) {
  const struct model *model = ui->session->model;
  int rule = rule_lines_chosen(ui);
  if (rule < 0) return false;
  text_puts(out, play_is_on(ui->session) ? "answer " : "bug ");
  rule_put_addressed(out, model, (size_t)rule);
  if (ui->line < 0) rule_lines_move(ui, 0);
  return true;
}

/* The number under which "bugs" lists bug INDEX. */
static size_t bug_number(const struct model *model, int index) {
  size_t number = 0;
  for (int i = 0; i <= index; i++) number += !model->bugs[i].hidden;
  return number;
}

bool rule_lines_toggle(const struct ui *ui, struct text *out) {
  const struct model *model = ui->session->model;
  int rule = rule_lines_chosen(ui), last = (int)model->bug_count - 1;
  int bug = rule >= 0 ? model_bug_of(model, (size_t)rule) : -1;
  while (last >= 0 && model->bugs[last].hidden) last--;
  if (bug < 0 && last >= 0 && bug_number(model, last) == 1) bug = last;
  if (bug >= 0)
    text_printf(out, "bug %s %zu", model->bugs[bug].off ? "on" : "off", bug_number(model, bug));
  else if (last < 0)
    text_puts(out, _("there is no bug to switch off or on"));
  else
    text_puts(out,
              _("no bug is in this line; \"bugs\" numbers those that are in, and \"bug off N\" "
                "switches one off"));
  return bug >= 0;
}

/* -- the pointer -- */

/* Where the chosen line ends, counted from the top of all; false: there is nothing to choose. */
static bool find_place(const struct ui *ui, struct area area, const struct lines *lines, int *row,
                       int *col) {
  struct passage chosen;
  if (!session_is_open(ui->session) || ui->line < 0 || lines_count(lines, ABOUT_RULE) < 2 ||
      !lines_passage(lines, ABOUT_RULE, (size_t)ui->line, &chosen))
    return false;
  *row = canvas_rows(lines, chosen.head, area.cols) - 1;
  *col = text_columns(lines->text.bytes + chosen.start, chosen.head - chosen.start);
  if (*col + 2 >= area.cols) *col = area.cols - 3; /* it goes on in the next row */
  return *col > 0;
}

void rule_lines_follow(struct ui *ui, enum view_id view, struct area area,
                       const struct lines *lines) {
  int row, col, *scroll = &ui->scroll[view];
  if (!ui->follow || !find_place(ui, area, lines, &row, &col)) return;
  ui->follow = false;
  if (row < *scroll) *scroll = row;
  if (row >= *scroll + area.rows) *scroll = row - area.rows + 1;
}

void rule_lines_point(struct ui *ui, enum view_id view, struct area area,
                      const struct lines *lines) {
  int row, col;
  if (find_place(ui, area, lines, &row, &col))
    canvas_puts(&ui->canvas, area, row - ui->scroll[view], col, ROLE_KEY,
                ui->canvas.unicode ? " ◂" : " <");
}
