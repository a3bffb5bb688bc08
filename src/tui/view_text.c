/* The views that are text: inspector, lesson, list of lessons, log, help. */
#include "core/intl.h"
#include "session/explain.h"
#include "tui/view.h"

#include <stdlib.h>
#include <string.h>

void view_text(struct ui *ui, enum view_id view, struct area area, const char *text) {
  int total = canvas_paragraphs(&ui->canvas, (struct area){0, 0, 0, area.cols}, 0, 0, ROLE_PLAIN,
                                text);
  int most = total > area.rows ? total - area.rows : 0;
  if (ui->scroll[view] > most) ui->scroll[view] = most;
  if (ui->scroll[view] < 0) ui->scroll[view] = 0;
  ui->lines[view] = total;
  canvas_paragraphs(&ui->canvas, area, 0, ui->scroll[view], ROLE_PLAIN, text);
  if (area.cols < 3) return; /* too narrow to give a column away */
  if (ui->scroll[view] > 0)
    canvas_puts(&ui->canvas, area, 0, area.cols - 1, ROLE_KEY, ui->canvas.unicode ? "▴" : "^");
  if (ui->scroll[view] < most)
    canvas_puts(&ui->canvas, area, area.rows - 1, area.cols - 1, ROLE_KEY,
                ui->canvas.unicode ? "▾" : "v");
}

/* -- inspector: what the last command said, else the focused node -- */

static void draw_inspector(struct ui *ui, struct area area) {
  struct text text;
  struct diag diag;
  if (ui->said.length > 0) {
    view_text(ui, VIEW_INSPECTOR, area, text_string(&ui->said));
    return;
  }
  if (!ui->session->is_open || ui->session->focus < 0) return;
  text_init(&text);
  explain_node(ui->session, ui->session->focus, &text, &diag);
  view_text(ui, VIEW_INSPECTOR, area, text_string(&text));
  text_done(&text);
}

const struct view_ops view_inspector = {.name = "inspector", .draw = draw_inspector};

/* -- lesson -- */

static void draw_lesson(struct ui *ui, struct area area) {
  const struct text *prose = &ui->session->lesson.prose;
  bool has_prose = ui->session->is_open && prose->length > 0;
  view_text(ui, VIEW_LESSON, area,
            has_prose ? text_string(prose) : _("This model came without a lesson."));
}

const struct view_ops view_lesson = {.name = "lesson", .draw = draw_lesson};

/* -- the list of lessons -- */

static void keep_listed(struct ui *ui, size_t count) {
  if (ui->listed >= (int)count) ui->listed = (int)count - 1;
  if (ui->listed < 0) ui->listed = 0;
}

static void draw_lessons(struct ui *ui, struct area area) {
  char **names;
  size_t count;
  struct diag diag;
  enum status status = lesson_list(&names, &count, &diag);
  if (status) canvas_puts(&ui->canvas, area, 0, 0, ROLE_BAD, diag.message);
  keep_listed(ui, count);
  int skip = ui->listed >= area.rows ? ui->listed - area.rows + 1 : 0;
  for (size_t i = 0; i < count; i++) {
    int row = (int)i - skip;
    names[i][strlen(names[i]) - strlen(".md")] = '\0';
    canvas_puts(&ui->canvas, area, row, 2, (int)i == ui->listed ? ROLE_FOCUS : ROLE_PLAIN,
                names[i]);
    if ((int)i == ui->listed) {
      canvas_puts(&ui->canvas, area, row, 0, ROLE_KEY, ">");
      ui->canvas.cursor_row = area.row + row;
      ui->canvas.cursor_col = area.col;
    }
    free(names[i]);
  }
  free(names);
}

static void move_lessons(struct ui *ui, enum direction direction) {
  enum { FAR = 1000, PAGE = 10 };
  static const int by[MOVE_COUNT] = {[MOVE_UP] = -1,       [MOVE_DOWN] = 1,
                                     [MOVE_HOME] = -FAR,   [MOVE_END] = FAR,
                                     [MOVE_PAGE_UP] = -PAGE, [MOVE_PAGE_DOWN] = PAGE};
  ui->listed += by[direction];
}

static void enter_lessons(struct ui *ui, struct text *out) {
  char **names;
  size_t count;
  struct diag diag;
  if (lesson_list(&names, &count, &diag)) return;
  keep_listed(ui, count);
  if (count > 0) {
    names[ui->listed][strlen(names[ui->listed]) - strlen(".md")] = '\0';
    text_printf(out, "open %s", names[ui->listed]);
  }
  for (size_t i = 0; i < count; i++) free(names[i]);
  free(names);
}

static void click_lessons(struct ui *ui, struct area area, int row, int col) {
  (void)area, (void)col;
  ui->listed = row;
}

const struct view_ops view_lessons = {.name = "lessons", .draw = draw_lessons,
                                      .move = move_lessons, .enter = enter_lessons,
                                      .click = click_lessons};

/* -- log -- */

static void draw_log(struct ui *ui, struct area area) {
  struct text text;
  text_init(&text);
  command_script(ui->session, &text);
  view_text(ui, VIEW_LOG, area, text.length > 0 ? text_string(&text)
                                                : _("Nothing has been changed yet."));
  text_done(&text);
}

const struct view_ops view_log = {.name = "log", .draw = draw_log};

/* -- help: the keys and the commands, from their tables -- */

static void draw_help(struct ui *ui, struct area area) {
  struct text text;
  struct diag diag;
  text_init(&text);
  text_puts(&text, _("Keys\n"));
  for (size_t i = 0; i < ui->keymap.count; i++) {
    const struct binding *binding = &ui->keymap.bindings[i];
    size_t start = text.length;
    text_printf(&text, "  %s%s%s", binding->view, *binding->view ? ": " : "", binding->key_name);
    text_pad(&text, text_columns(text.bytes + start, text.length - start), 18);
    text_printf(&text, "%s\n", binding->command);
  }
  text_puts(&text, _("\nCommands, at the prompt (:), in scripts and as keys\n"));
  command_do(ui->session, "help", &text, &diag);
  text_puts(&text, _("\nv is a value, g a gradient; · is not computed yet.\n"));
  view_text(ui, VIEW_HELP, area, text_string(&text));
  text_done(&text);
}

const struct view_ops view_help = {.name = "help", .draw = draw_help};
