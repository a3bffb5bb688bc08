#include "tui/rule_lines.h"

#include "core/intl.h"
#include "explore/explain.h"
#include "game/game.h"
#include "lang/shown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- which lines there are -- */

size_t lines_head(const char *line, size_t length) {
  for (size_t i = 0; i + 3 < length; i++)
    if (memcmp(line + i, " = ", 3) == 0 || memcmp(line + i, " += ", 4) == 0) return i;
  return length;
}

static bool reads(const struct model *model, size_t rule, const char *line, size_t length) {
  struct text text;
  text_init(&text);
  rule_put_shown(&text, model, rule);
  bool same = text.length == length && memcmp(text_string(&text), line, length) == 0;
  text_done(&text);
  return same;
}

/* Two lines may read the same: each stands for the first rule that no line above stands for. */
static int find_rule(const struct model *model, const char *line, size_t length,
                     const struct shown_line *above, size_t count) {
  size_t head = lines_head(line, length);
  struct text target;
  int found = -1;
  if (head == length || *line == ' ') return -1;
  text_init(&target);
  names_put(&target, model, line, head);
  for (size_t i = 0; found < 0 && i < model->rule_count; i++) {
    bool fits = strcmp(model->rules[i].target, text_string(&target)) == 0;
    for (size_t k = 0; fits && k < count; k++) fits = above[k].rule != i;
    if (fits && reads(model, i, line, length)) found = (int)i;
  }
  text_done(&target);
  return found;
}

size_t lines_in(const struct model *model, const char *text, struct shown_line lines[MOST_LINES]) {
  size_t count = 0, end;
  for (size_t at = 0; text[at] && count < MOST_LINES; at = end + (text[end] == '\n')) {
    end = at + strcspn(text + at, "\n");
    int rule = find_rule(model, text + at, end - at, lines, count);
    if (rule >= 0) lines[count++] = (struct shown_line){(size_t)rule, end};
  }
  return count;
}

void lines_inspected(const struct ui *ui, struct text *out) {
  struct diag diag;
  const struct session *session = ui->session;
  if (ui->said.text.length > 0) text_puts(out, text_string(&ui->said.text));
  else if (session_is_open(session) && session->look.focus >= 0)
    explain_node(ui->session, session->look.focus, out, &diag);
}

/* Those of the inspector; where its words are about something else, those of the focused node. */
static size_t find_lines(const struct ui *ui, struct shown_line lines[MOST_LINES]) {
  struct text text;
  struct diag diag;
  size_t count = 0;
  if (!session_is_open(ui->session) || ui->session->look.focus < 0) return 0;
  text_init(&text);
  lines_inspected(ui, &text);
  count = lines_in(ui->session->model, text_string(&text), lines);
  text.length = 0;
  if (count == 0) explain_node(ui->session, ui->session->look.focus, &text, &diag);
  if (count == 0) count = lines_in(ui->session->model, text_string(&text), lines);
  text_done(&text);
  return count;
}

int lines_chosen(const struct ui *ui) {
  struct shown_line lines[MOST_LINES];
  int rule = ui->view == VIEW_CHECK ? view_check_rule(ui) : -1;
  if (rule >= 0) return rule;
  size_t count = find_lines(ui, lines), at = ui->line > 0 ? (size_t)ui->line : 0;
  return count == 0 ? -1 : (int)lines[at < count ? at : count - 1].rule;
}

void lines_move(struct ui *ui, int step) {
  struct shown_line lines[MOST_LINES];
  int last = (int)find_lines(ui, lines) - 1, to = (ui->line < 0 ? 0 : ui->line) + step;
  ui->line = last < 0 ? -1 : to < 0 ? 0 : to > last ? last : to;
  ui->follow = true;
}

/* -- what keys do with it -- */

bool lines_edit(struct ui *ui, struct text *out) {
  const struct model *model = ui->session->model;
  int rule = lines_chosen(ui);
  if (rule < 0) return false;
  text_puts(out, play_is_on(ui->session) ? "answer " : "bug ");
  rule_put_addressed(out, model, (size_t)rule);
  if (ui->line < 0) lines_move(ui, 0);
  return true;
}

/* The number under which "bugs" lists bug INDEX. */
static size_t bug_number(const struct model *model, int index) {
  size_t number = 0;
  for (int i = 0; i <= index; i++) number += !model->bugs[i].hidden;
  return number;
}

bool lines_toggle(const struct ui *ui, struct text *out) {
  const struct model *model = ui->session->model;
  int rule = lines_chosen(ui), last = (int)model->bug_count - 1;
  int bug = rule >= 0 ? model_bug_of(model, (size_t)rule) : -1;
  while (last >= 0 && model->bugs[last].hidden) last--;
  if (bug < 0 && last >= 0 && bug_number(model, last) == 1) bug = last;
  if (bug >= 0)
    text_printf(out, "bug %s %zu", model->bugs[bug].off ? "on" : "off", bug_number(model, bug));
  else if (last < 0)
    text_puts(out, _("there is no bug to switch off or on"));
  else
    text_puts(out, _("no bug is in this line; \"bugs\" numbers those that are in, and \"bug off N\" "
                     "switches one off"));
  return bug >= 0;
}

/* -- the mark -- */

/* Where the chosen line ends, counted from the top of all; false: there is nothing to choose. */
static bool find_place(const struct ui *ui, struct area area, const char *text, int *row,
                       int *col) {
  struct shown_line lines[MOST_LINES];
  struct canvas canvas = ui->canvas;
  struct area nowhere = {0, 0, 0, area.cols};
  size_t count = session_is_open(ui->session) ? lines_in(ui->session->model, text, lines) : 0;
  if (ui->line < 0 || (size_t)ui->line >= count || count < 2) return false;
  size_t end = lines[ui->line].end;
  char *above = strndup(text, end);
  if (!above) return false;
  *row = canvas_paragraphs(&canvas, nowhere, 0, 0, ROLE_PLAIN, above) - 1;
  free(above);
  struct text rule;
  text_init(&rule);
  rule_put_shown(&rule, ui->session->model, lines[ui->line].rule);
  *col = text_columns(text_string(&rule), rule.length);
  text_done(&rule);
  if (*col + 2 >= area.cols) *col = area.cols - 3; /* it goes on in the next row */
  return *col > 0;
}

void lines_follow(struct ui *ui, struct area area, const char *text) {
  int row, col, *scroll = &ui->scroll[VIEW_INSPECTOR];
  if (!ui->follow || !find_place(ui, area, text, &row, &col)) return;
  ui->follow = false;
  if (row < *scroll) *scroll = row;
  if (row >= *scroll + area.rows) *scroll = row - area.rows + 1;
}

void lines_mark(struct ui *ui, struct area area, const char *text) {
  int row, col;
  if (find_place(ui, area, text, &row, &col))
    canvas_puts(&ui->canvas, area, row - ui->scroll[VIEW_INSPECTOR], col, ROLE_KEY,
                ui->canvas.unicode ? " ◂" : " <");
}
