/* The views that are text: inspector, lesson, log, help. */
#include "core/intl.h"
#include "session/explain.h"
#include "tui/action.h"
#include "tui/view.h"

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
  keymap_help(&ui->keymap, &text);
  text_puts(&text, _("\nCommands, at the prompt (:), in scripts and as keys; an expression alone is "
                     "evaluated\n"));
  command_do(ui->session, "help", &text, &diag);
  text_puts(&text, _("\nCommands of the explorer, at the prompt and as keys\n"));
  action_help(&text);
  text_puts(&text, _("\nv is a value, g a gradient; · is not computed yet.\n"));
  view_text(ui, VIEW_HELP, area, text_string(&text));
  text_done(&text);
}

const struct view_ops view_help = {.name = "help", .draw = draw_help};
