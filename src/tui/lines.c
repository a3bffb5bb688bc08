#include "tui/lines.h"

#include "core/intl.h"
#include "lang/print.h"
#include "session/explain.h"
#include "session/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- which lines there are -- */

/* Two lines may read the same: each stands for the first rule that no line above stands for. */
static int find_rule(const struct model *model, const char *line, size_t length,
                     const struct shown_line *above, size_t count) {
  for (size_t i = 0; i < model->rule_count; i++) {
    bool fits = strlen(model->rules[i].text) == length &&
                memcmp(model->rules[i].text, line, length) == 0;
    for (size_t k = 0; fits && k < count; k++) fits = above[k].rule != i;
    if (fits) return (int)i;
  }
  return -1;
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
  if (ui->said.length > 0) text_puts(out, text_string(&ui->said));
  else if (session->is_open && session->focus >= 0)
    explain_node(ui->session, session->focus, out, &diag);
}

/* Those of the inspector; where its words are about something else, those of the focused node. */
static size_t find_lines(const struct ui *ui, struct shown_line lines[MOST_LINES]) {
  struct text text;
  struct diag diag;
  size_t count = 0;
  if (!ui->session->is_open || ui->session->focus < 0) return 0;
  text_init(&text);
  lines_inspected(ui, &text);
  count = lines_in(&ui->session->model, text_string(&text), lines);
  text.length = 0;
  if (count == 0) explain_node(ui->session, ui->session->focus, &text, &diag);
  if (count == 0) count = lines_in(&ui->session->model, text_string(&text), lines);
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
  const struct model *model = &ui->session->model;
  int rule = lines_chosen(ui);
  if (rule < 0) return false;
  struct assign address = model_line(model, (size_t)rule);
  text_puts(out, play_is_on(ui->session) ? "answer " : "bug ");
  print_address(out, &address);
  text_puts(out, model->rules[rule].text);
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
  const struct model *model = &ui->session->model;
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
  size_t count = ui->session->is_open ? lines_in(&ui->session->model, text, lines) : 0;
  if (ui->line < 0 || (size_t)ui->line >= count || count < 2) return false;
  size_t end = lines[ui->line].end;
  char *above = strndup(text, end);
  if (!above) return false;
  *row = canvas_paragraphs(&canvas, nowhere, 0, 0, ROLE_PLAIN, above) - 1;
  free(above);
  const char *rule = ui->session->model.rules[lines[ui->line].rule].text;
  *col = text_columns(rule, strlen(rule));
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
