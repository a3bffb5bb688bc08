#include "tui/frame.h"

#include "core/intl.h"
#include "game/game.h"
#include "lang/shown.h"
#include "tui/prompt.h"

#include <stdio.h>
#include <string.h>

enum {
  SIDE_COLUMNS = 110,  /* from here on the lesson is beside the circuit */
  LESSON_COLUMNS = 40, /* at least; a third of a wide screen */
  SMALL_ROWS = 16,     /* below this there is one pane */
  LEAST_BELOW = 6,     /* of the inspector, with its title */
  CHROME_ROWS = 4      /* a screen lower than this has no room for titles and hints */
};

/* Of a hunt that is on; where there is no room for both, in the title's place. */
static bool draw_hunt(struct ui *ui, struct area area, int used) {
  struct text state;
  if (!play_is_on(ui->session)) return false;
  text_init(&state);
  play_put_state(ui->session, &state);
  int columns = text_columns(text_string(&state), state.length), col = area.cols - columns - 1;
  if (col <= used + 2) canvas_blank(&ui->canvas, area);
  canvas_puts(&ui->canvas, area, 0, col > used + 2 ? col : 1, ROLE_KEY, text_string(&state));
  text_done(&state);
  return true;
}

static void draw_status(struct ui *ui, struct area area) {
  const struct session *session = ui->session;
  const char *title = session_is_open(session) && session->now.lesson->title.length > 0
                          ? text_string(&session->now.lesson->title)
                          : "gradwalk";
  int used = canvas_puts(&ui->canvas, area, 0, 1, ROLE_TITLE, title);
  if (!session_is_open(session) || draw_hunt(ui, area, used)) return;
  char text[96];
  const size_t position = session->now.at.position, count = session->walk.count;
  const bool forward = position <= session->walk.forward_count;
  snprintf(text, sizeof text,
           position == 0 ? _("move %zu of %zu  start  %s")
           : forward     ? _("move %zu of %zu  forward  %s")
                         : _("move %zu of %zu  backward  %s"),
           position, count, precision_names[session->now.at.precision]);
  if (used + 3 + text_columns(text, strlen(text)) >= area.cols)
    snprintf(text, sizeof text, _("move %zu of %zu"), position, count);
  int col = area.cols - text_columns(text, strlen(text)) - 1;
  if (col > used + 2) canvas_puts(&ui->canvas, area, 0, col, ROLE_FAINT, text);
}

static void draw_footer(struct ui *ui, struct area area) {
  int col = 1;
  for (size_t i = 0; i < ui->keymap.count; i++) {
    const struct binding *binding = &ui->keymap.bindings[i];
    const char *view = view_table[ui->session->look.view]->name;
    if (!binding->label || keymap_find(&ui->keymap, view, binding->key) != binding) continue;
    int width = (int)strlen(binding->key_name) + 1 + text_columns(binding->label,
                                                                  strlen(binding->label));
    if (col + width > area.cols) break;
    col += canvas_puts(&ui->canvas, area, 0, col, ROLE_KEY, binding->key_name) + 1;
    col += canvas_puts(&ui->canvas, area, 0, col, ROLE_FAINT, binding->label) + 2;
  }
}

static bool has_chrome(const struct ui *ui) {
  return ui->canvas.rows >= CHROME_ROWS;
}

static struct area body_of(const struct ui *ui) {
  return has_chrome(ui) ? (struct area){1, 0, ui->canvas.rows - 2, ui->canvas.cols}
                        : (struct area){0, 0, ui->canvas.rows, ui->canvas.cols};
}

/* Where the main view goes, and what is beside and below it. */
struct frame {
  struct area lesson, main, inspector;
};

static struct frame lay_out(const struct ui *ui) {
  struct area body = body_of(ui);
  struct frame frame = {.main = body};
  bool circuit = ui->session->look.view == VIEW_CIRCUIT;
  if (!circuit || body.rows < SMALL_ROWS || body.cols < 60) return frame;
  if (body.cols >= SIDE_COLUMNS && ui->session->now.lesson->prose.length > 0) {
    int cols = body.cols / 3 > LESSON_COLUMNS ? body.cols / 3 : LESSON_COLUMNS;
    frame.lesson = (struct area){body.row, 0, body.rows, cols};
    body.col = cols + 1;
    body.cols -= cols + 1;
  }
  int below = body.rows >= 30 ? body.rows / 3 : body.rows - 14;
  if (below > 14) below = 14;
  if (below < LEAST_BELOW) below = LEAST_BELOW;
  frame.main = (struct area){body.row, body.col, body.rows - below, body.cols};
  frame.inspector = (struct area){body.row + body.rows - below, body.col, below, body.cols};
  return frame;
}

static struct area below_rule(struct area area) {
  return (struct area){area.row + 1, area.col, area.rows - 1, area.cols};
}

static void draw_pane(struct ui *ui, enum view_id view, struct area area) {
  const char *title = view_table[view]->name;
  char node[TITLE_SIZE];
  struct text lesson;
  text_init(&lesson);
  if (view == VIEW_LESSON) {
    view_lesson_title(ui, &lesson);
    title = text_string(&lesson);
  }
  if (view == VIEW_INSPECTOR && ui->said.text.length == 0 && session_is_open(ui->session))
    title = node_title(ui->session->model, ui->session->look.focus, node);
  canvas_rule(&ui->canvas, area, 0, title, ROLE_TITLE);
  text_done(&lesson);
  view_draw(ui, view, below_rule(area));
}

/* Draws one node, bold, in the middle, and how far the walk has come. */
static void draw_presented(struct ui *ui) {
  enum { LEAST = 12 }; /* rows; below that, all of them are for the node */
  const struct session *session = ui->session;
  int rows = ui->canvas.rows, cols = ui->canvas.cols;
  struct area all = {0, 0, rows, cols};
  struct area middle = {rows / 5, cols / 8, rows - rows / 5 - 1, cols - cols / 8};
  view_draw(ui, VIEW_INSPECTOR, rows < LEAST ? all : middle);
  canvas_strong(&ui->canvas, all);
  if (rows >= LEAST && session_is_open(session))
    canvas_printf(&ui->canvas, all, rows - 1, 1, ROLE_FAINT, "%zu / %zu", session->now.at.position,
                  session->walk.count);
}

/* The line between the lesson and the rest, joined to the titles' lines. */
static void draw_divider(struct ui *ui, const struct frame *frame) {
  enum { UP = 1, RIGHT = 2, DOWN = 4, LEFT = 8 };
  struct area column = {frame->lesson.row, frame->lesson.cols, frame->lesson.rows, 1};
  for (int row = 0; row < column.rows; row++) {
    bool joins = frame->inspector.rows > 0 && column.row + row == frame->inspector.row;
    unsigned sides = row == 0 ? RIGHT | DOWN | LEFT : UP | DOWN | (joins ? RIGHT : 0);
    canvas_puts(&ui->canvas, column, row, 0, ROLE_FAINT, canvas_line_glyph(&ui->canvas, sides));
  }
}

static void draw_panes(struct ui *ui, const struct frame *frame) {
  if (!has_chrome(ui)) {
    enum view_id view = ui->session->look.view;
    view_draw(ui, view == VIEW_CIRCUIT ? VIEW_INSPECTOR : view, frame->main);
    return;
  }
  draw_status(ui, (struct area){0, 0, 1, ui->canvas.cols});
  if (frame->lesson.rows > 0) {
    draw_pane(ui, VIEW_LESSON, frame->lesson);
    draw_divider(ui, frame);
  }
  if (frame->inspector.rows > 0) draw_pane(ui, VIEW_INSPECTOR, frame->inspector);
  draw_pane(ui, ui->session->look.view, frame->main);
  draw_footer(ui, (struct area){ui->canvas.rows - 1, 0, 1, ui->canvas.cols});
}

/* What a command said in a view without an inspector: at the foot of the view. */
static void draw_answer(struct ui *ui) {
  struct area body = body_of(ui);
  int rows = canvas_rows(&ui->said, ui->said.text.length, body.cols);
  if (rows > body.rows / 2) rows = body.rows / 2;
  if (rows < 1) rows = 1;
  struct area area = {body.row + body.rows - rows, body.col, rows, body.cols};
  canvas_blank(&ui->canvas, area);
  view_said(ui, area);
  if (area.row > body.row) area.row--, area.rows++;
  if (area.rows > rows) canvas_rule(&ui->canvas, area, 0, "", ROLE_TITLE);
}

void frame_draw(struct ui *ui) {
  struct frame frame = lay_out(ui);
  bool presents = ui->presenting && ui->session->look.view == VIEW_CIRCUIT;
  canvas_clear(&ui->canvas);
  if (presents) draw_presented(ui);
  else draw_panes(ui, &frame);
  bool inspects = presents || frame.inspector.rows > 0 ||
                  (ui->session->look.view == VIEW_CIRCUIT && !has_chrome(ui));
  if (!inspects && ui->said.text.length > 0 && ui->said_in == ui->session->look.view)
    draw_answer(ui);
  if (prompt_active())
    prompt_draw(&ui->canvas, (struct area){0, 0, ui->canvas.rows, ui->canvas.cols});
}

void frame_busy(struct ui *ui) {
  enum { ROWS = 4 };
  struct area foot = {ui->canvas.rows - ROWS, 0, ROWS, ui->canvas.cols};
  if (foot.row < 0) foot = (struct area){0, 0, ui->canvas.rows, ui->canvas.cols};
  canvas_blank(&ui->canvas, foot);
  view_progress(ui, foot, "", _("Ctrl-C or Esc stops it; nothing changes."));
}

struct area frame_main(const struct ui *ui) {
  return below_rule(lay_out(ui).main);
}

struct area frame_lesson(const struct ui *ui) {
  return lay_out(ui).lesson;
}
