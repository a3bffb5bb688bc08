#include "tui/app.h"

#include "command/script.h"
#include "core/clock.h"
#include "core/intl.h"
#include "game/game.h"
#include "reader/page.h"
#include "tui/action.h"
#include "tui/changes.h"
#include "tui/conf.h"
#include "tui/frame.h"
#include "tui/key_log.h"
#include "tui/perform.h"
#include "tui/prompt.h"
#include "tui/rule_lines.h"
#include "tui/screenshot.h"
#include "tui/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct view_ops *const view_table[VIEW_COUNT] = {
#define VIEW(id, name) [VIEW_##id] = &view_##name,
#include "explore/views.def"
#undef VIEW
};

/* -- size -- */

static enum status resize(struct ui *ui) {
  int rows, cols;
  enum { LARGEST = 1000 };
  term_size(&rows, &cols);
  if (rows == ui->canvas.rows && cols == ui->canvas.cols) return STATUS_OK;
  canvas_done(&ui->canvas);
  enum status status = canvas_init(&ui->canvas, rows < 1 ? 1 : rows > LARGEST ? LARGEST : rows,
                                   cols < 1 ? 1 : cols > LARGEST ? LARGEST : cols);
  ui->canvas.unicode = term_unicode();
  ui->canvas.colours = term_colours();
  return status;
}

static void show(struct ui *ui) {
  ui->clock = seconds_now();
  if (ui->busy) frame_busy(ui);
  else frame_draw(ui);
  term_show(&ui->canvas, ui->redraw);
  ui->redraw = false;
}

/* What is on the screen, as it was when the command was typed. */
static enum status export_screen(void *context, const char *path, struct diag *diag) {
  struct ui *ui = context;
  struct lines said = ui->said;
  const struct session *session = ui->session;
  ui->said = ui->said_before;
  frame_draw(ui);
  ui->said_before = ui->said;
  ui->said = said;
  return screenshot_write(&ui->canvas, ui->canvas.colours > 0 ? ui->theme : &ui->themes.items[0],
                          ui->light,
                          session_is_open(session) && session->now.lesson->title.length > 0
                              ? text_string(&session->now.lesson->title)
                              : "gradwalk",
                          path, diag);
}

/* -- actions -- */

/* Once, not at every frame; there may be new ones when one comes back to the list. */
static void read_lessons(struct ui *ui) {
  struct diag diag;
  if (!shelf_load(&ui->shelf, &diag)) return;
  ui->said_in = ui->session->look.view;
  say_error(ui, &diag);
}

static void act_view(struct ui *ui, const char *arguments) {
  if (ui->said_is_error) lines_clear(&ui->said); /* seen by now */
  int step = strcmp(arguments, "next") == 0 ? 1 : strcmp(arguments, "previous") == 0 ? -1 : 0;
  if (step != 0) {
    do
      ui->session->look.view =
          (enum view_id)(((int)ui->session->look.view + step + VIEW_COUNT) % VIEW_COUNT);
    while (ui->session->look.view == VIEW_INSPECTOR);
    return;
  }
  for (int i = 0; i < VIEW_COUNT; i++)
    if (strcmp(view_table[i]->name, arguments) == 0) ui->session->look.view = (enum view_id)i;
  if (ui->session->look.view == VIEW_LESSONS) read_lessons(ui);
}

static void scroll(struct ui *ui, enum direction direction) {
  enum { PAGE = 10, FAR = 1000000 };
  static const int by[GO_COUNT] = {[GO_UP] = -1,     [GO_DOWN] = 1,
                                     [GO_HOME] = -FAR, [GO_END] = FAR,
                                     [GO_PAGE_UP] = -PAGE, [GO_PAGE_DOWN] = PAGE};
  enum view_id view =
      ui->session->look.view == VIEW_CIRCUIT ? VIEW_INSPECTOR : ui->session->look.view;
  ui->scroll[view] += by[direction];
}

static void act_move(struct ui *ui, const char *arguments) {
  static const char *const names[GO_COUNT] = {"left", "right", "up",     "down",
                                                "home", "end",   "pageup", "pagedown"};
  for (int i = 0; i < GO_COUNT; i++) {
    if (strcmp(names[i], arguments) != 0) continue;
    bool scrolls =
        !view_table[ui->session->look.view]->move ||
        (ui->session->look.view == VIEW_CIRCUIT && (i == GO_PAGE_UP || i == GO_PAGE_DOWN));
    if (ui->session->look.view == VIEW_LESSON) lines_clear(&ui->said);
    if (scrolls) {
      scroll(ui, (enum direction)i);
      continue;
    }
    lines_clear(&ui->said);
    ui->line = -1;
    view_table[ui->session->look.view]->move(ui, (enum direction)i);
  }
}

static void do_line(struct ui *ui, const char *line);

static void act_enter(struct ui *ui, const char *arguments) {
  (void)arguments;
  struct text line;
  text_init(&line);
  if (view_table[ui->session->look.view]->enter)
    view_table[ui->session->look.view]->enter(ui, &line);
  if (line.length > 0) do_line(ui, text_string(&line));
  text_done(&line);
}

static void say(struct ui *ui, const char *words) {
  lines_clear(&ui->said);
  text_printf(&ui->said.text, "%s\n", words);
  ui->said_is_error = true;
  key_log_line(&ui->key_log, "refused", words);
  ui->said_in = ui->session->look.view;
}

static void act_edit(struct ui *ui, const char *arguments) {
  (void)arguments;
  struct text line;
  text_init(&line);
  if (rule_lines_edit(ui, &line)) prompt_start(text_string(&line));
  else say(ui, _("there is no rule line here to edit"));
  text_done(&line);
}

static void act_line(struct ui *ui, const char *arguments) {
  bool down = strcmp(arguments, "previous") != 0;
  rule_lines_move(ui, ui->line < 0 ? down : down ? 1 : -1);
}

static void act_toggle(struct ui *ui, const char *arguments) {
  (void)arguments;
  struct text line;
  text_init(&line);
  if (rule_lines_toggle(ui, &line)) perform(ui, text_string(&line));
  else say(ui, text_string(&line));
  text_done(&line);
}

/* Asks for the hunt's seed and level: the next one after the last hunt's. In the list of lessons
 * the one that is chosen there is opened for it. */
static void act_hide(struct ui *ui, const char *arguments) {
  const struct play *play = ui->session->now.at.play;
  char line[64];
  (void)arguments;
  bool listed = ui->session->look.view == VIEW_LESSONS;
  if (listed) act_enter(ui, "");
  if (!session_is_open(ui->session) || (listed && ui->said_is_error)) return;
  int length = snprintf(line, sizeof line, "hunt seed=%u level=%d",
                        play ? play->options.seed + 1 : 1, play ? play->options.level : 1);
  const int edition = ui->session->edition > 0 ? ui->session->edition : catalogue_newest();
  if (edition > FIRST_EDITION) /* whose kinds nobody would meet otherwise */
    snprintf(line + length, sizeof line - (size_t)length, " edition=%d", edition);
  prompt_start(line);
}

/* What is typed next is a word of its own. */
static void act_prompt(struct ui *ui, const char *arguments) {
  (void)ui;
  struct text line;
  text_init(&line);
  text_puts(&line, arguments);
  if (line.length > 0 && arguments[line.length - 1] != ' ') text_puts(&line, " ");
  prompt_start(text_string(&line));
  text_done(&line);
}

static void act_swap(struct ui *ui, const char *arguments) {
  (void)arguments;
  ui->session->look.gradient = !ui->session->look.gradient;
}

static void act_present(struct ui *ui, const char *arguments) {
  (void)arguments;
  ui->presenting = !ui->presenting;
  lines_clear(&ui->said);
}

static void choose_theme(struct ui *ui, const char *name, bool light) {
  const struct theme *theme = themes_find(&ui->themes, name, light);
  if (!theme) return;
  ui->light = light;
  ui->theme = theme;
  term_theme(term_colours() > 0 ? theme : &ui->themes.items[0]);
}

/* Names and backgrounds in any order; what is not named stays. */
static void act_theme(struct ui *ui, const char *arguments) {
  char name[24] = "";
  const char *at = arguments, *end = arguments + strlen(arguments), *word;
  bool light = ui->light;
  snprintf(name, sizeof name, "%s", ui->theme->name);
  for (size_t length; (length = conf_word(&at, end, &word)) > 0;) {
    bool is_light = length == 5 && strncmp(word, "light", 5) == 0;
    bool is_dark = length == 4 && strncmp(word, "dark", 4) == 0;
    if (is_light || is_dark) light = is_light;
    else snprintf(name, sizeof name, "%.*s", (int)length, word);
  }
  bool known = themes_find(&ui->themes, name, light);
  if (known) choose_theme(ui, name, light);
  if (known && *arguments) return;
  lines_clear(&ui->said);
  ui->said_is_error = !known;
  ui->said_in = ui->session->look.view;
  if (known) text_printf(&ui->said.text, "%s %s\n", name, light ? "light" : "dark");
  text_puts(&ui->said.text, _("the themes: "));
  themes_names(&ui->themes, &ui->said.text);
  text_puts(&ui->said.text, _("; each for light and dark backgrounds\n"));
}

static void act_close(struct ui *ui, const char *arguments) {
  (void)arguments;
  if (ui->presenting) ui->presenting = false;
  else if (ui->session->look.view == VIEW_CIRCUIT) ui->session->quitting = true;
  else ui->session->look.view = VIEW_CIRCUIT;
}

static void act_redraw(struct ui *ui, const char *arguments) {
  (void)arguments;
  ui->redraw = true;
}

static void act_suspend(struct ui *ui, const char *arguments) {
  (void)arguments;
  term_suspend();
  ui->redraw = true;
}

/* In the order of action_table. */
static void (*const action_handlers[])(struct ui *ui, const char *arguments) = {
#define ACTION(name, arguments, completes, help) act_##name,
#include "tui/action.def"
#undef ACTION
};

/* A line from a key or the prompt: one of the explorer's own actions, or a command. */
static void do_line(struct ui *ui, const char *line) {
  size_t word = strcspn(line, " ");
  const char *arguments = line + word + strspn(line + word, " ");
  const struct action *action = action_named(line, word);
  if (action) key_log_line(&ui->key_log, "action", line);
  if (action) action_handlers[action - action_table](ui, arguments);
  else perform(ui, line);
}

/* -- a check under way -- */

static volatile sig_atomic_t cancelled;

static bool stop_is_typed(struct ui *ui) {
  int key;
  while ((key = typed_look(&ui->typed)) == KEY_OF_RESIZE)
    if (resize(ui)) return true; /* the loop says why */
  return key != KEY_OF_NONE;
}

static void on_progress(void *context, size_t done, size_t total) {
  struct ui *ui = context;
  double now = seconds_now();
  if (ui->progress.total != total || done < ui->progress.done) /* the first, or the next thing */
    ui->progress = (struct progress_state){.started = now};
  ui->progress.done = done;
  ui->progress.total = total;
  if (now - ui->progress.shown < 0.05) return;
  ui->progress.shown = now;
  if (now - ui->progress.started > 0.15) show(ui);
  if (stop_is_typed(ui) || term_interrupted() || term_ending()) cancelled = 1;
}

/* -- the loop -- */

/* The pane under the mouse scrolls, or what is chosen in it moves. */
static void turn_wheel(struct ui *ui, struct mouse mouse) {
  struct area lesson = frame_lesson(ui);
  enum direction direction = mouse.wheel < 0 ? GO_UP : GO_DOWN;
  bool on_lesson = lesson.rows > 0 && mouse.col < lesson.cols;
  if (on_lesson) ui->scroll[VIEW_LESSON] += mouse.wheel;
  else if (view_table[ui->session->look.view]->move && ui->session->look.view != VIEW_CIRCUIT)
    view_table[ui->session->look.view]->move(ui, direction);
  else scroll(ui, direction);
}

static void take_mouse(struct ui *ui) {
  struct mouse mouse = term_mouse();
  struct area area = frame_main(ui);
  if (mouse.wheel != 0) {
    turn_wheel(ui, mouse);
    return;
  }
  int row = mouse.row - area.row, col = mouse.col - area.col;
  if (row < 0 || col < 0 || row >= area.rows || col >= area.cols) return;
  lines_clear(&ui->said);
  ui->line = -1;
  if (view_table[ui->session->look.view]->click)
    view_table[ui->session->look.view]->click(ui, area, row, col);
}

static void take_key(struct ui *ui, int key) {
  struct text line;
  if (key == KEY_OF_RESIZE) return;
  if (key == KEY_OF_MOUSE) {
    take_mouse(ui);
    return;
  }
  if (!prompt_active()) {
    const struct binding *binding =
        keymap_find(&ui->keymap, view_table[ui->session->look.view]->name, key);
    if (binding) do_line(ui, binding->command);
    return;
  }
  text_init(&line);
  bool ended = prompt_key(key, &line);
  if (ended && line.length > 0) do_line(ui, text_string(&line));
  text_done(&line);
}

/* Looking at another node is something that a hunt counts. */
static void note_look(struct ui *ui) {
  struct diag diag;
  if (play_look(ui->session, &diag)) say_error(ui, &diag);
}

/* Esc alone at the prompt has a meaning; Esc with more right after it is a key that readline
 * knows. */
static int prompt_or_escape(struct ui *ui, int key) {
  if (!prompt_active() || key != 27) return key;
  int next = term_key(25, true);
  struct text ignored;
  text_init(&ignored);
  if (next == KEY_OF_NONE) key = prompt_escape();
  else prompt_key(27, &ignored), key = next;
  key_log_key(&ui->key_log, key);
  text_done(&ignored);
  return key;
}

/* -- autoplay -- */

static int patience(const struct ui *ui) {
  int wait = ui->flash_count > 0 ? 250 : -1;
  if (ui->autoplay <= 0) return wait;
  double left = ui->played + ui->autoplay - seconds_now();
  int most = left < 0 ? 0 : left > 1e6 ? 1000000000 : (int)(left * 1000) + 1;
  return wait < 0 || most < wait ? most : wait;
}

/* The walk is shown where it is drawn. */
static void play_on(struct ui *ui) {
  if (ui->autoplay <= 0 || seconds_now() < ui->played + ui->autoplay) return;
  const char *line = page_autoplay(ui->session);
  if (!line) {
    ui->autoplay = 0;
    return;
  }
  if (strcmp(line, "next") == 0) ui->session->look.view = VIEW_CIRCUIT;
  do_line(ui, line);
  ui->progress.total = 0;
  ui->played = seconds_now();
}

/* Keys that wait already come before the next frame, or a paste would draw one for each. */
static enum status loop(struct ui *ui) {
  while (!ui->session->quitting) {
    int key = typed_next(&ui->typed, prompt_active());
    if (key == KEY_OF_NONE || seconds_now() - ui->clock > 0.05) {
      enum status status = resize(ui);
      if (status) return status;
      show(ui);
    }
    if (key == KEY_OF_NONE) key = term_key(patience(ui), prompt_active());
    if (key == KEY_OF_CLOSED || term_ending()) return STATUS_OK;
    if (term_interrupted() && prompt_active()) key = 7;
    cancelled = 0;
    ui->flash_count = 0;
    if (key == KEY_OF_NONE) {
      play_on(ui);
      continue;
    }
    if (key != KEY_OF_RESIZE) ui->autoplay = 0;
    key_log_key(&ui->key_log, key);
    take_key(ui, prompt_or_escape(ui, key));
    changes_log(ui, NULL, 0);
    note_look(ui);
    ui->progress.total = 0;
  }
  return STATUS_OK;
}

/* Without lines to begin with, at the list of lessons. A hunt that cannot be had is no session; of
 * any other line the explorer itself shows what is wrong. */
static enum status begin(struct ui *ui, const struct app_start *start, struct diag *diag) {
  enum status status = STATUS_OK;
  read_lessons(ui);
  if (!*start->lines) ui->session->look.view = ui->said_in = VIEW_LESSONS;
  for (const char *at = start->lines; !status && *at;) {
    size_t length = strcspn(at, "\n");
    char *line = strndup(at, length);
    if (!line) return diag_no_memory(diag);
    status = perform(ui, line);
    free(line);
    at += length + (at[length] == '\n');
  }
  if (status && start->hunt) *diag = ui->diag;
  if (!status && start->record) status = play_record(ui->session, start->record, diag);
  if (!start->hunt) script_tell_kept(&ui->said.text);
  return start->hunt ? status : STATUS_OK;
}

static void ui_done(struct ui *ui) {
  circuit_done(&ui->circuit);
  canvas_done(&ui->canvas);
  keymap_done(&ui->keymap);
  themes_done(&ui->themes);
  shelf_done(&ui->shelf);
  lines_done(&ui->said);
  lines_done(&ui->page);
  progress_writer_done(&ui->progress_writer);
  lines_done(&ui->said_before);
  free(ui->flash);
}

enum status app_run(const struct app_start *start, const struct term_options *options, int *signal,
                    struct diag *diag) {
  struct session session;
  struct ui ui = {.session = &session, .line = -1,
                  .autoplay = start->autoplay, .played = seconds_now()};
  *signal = 0;
  session_init(&session, &command_interpreter);
  session.edition = start->edition;
  enum status status = key_log_open(&ui.key_log, start->trace, diag);
  if (!status) status = keymap_load(&ui.keymap, diag);
  if (!status) status = themes_load(&ui.themes, diag);
  if (!status) status = term_open(options, diag);
  if (!status) {
    session.style.unicode = term_unicode();
    session.cancel = &cancelled;
    session.progress = on_progress;
    session.progress_context = &ui;
    session.screen = export_screen;
    session.screen_context = &ui;
    choose_theme(&ui, ui.themes.wanted, ui.themes.light || theme_background_is_light());
    prompt_open(&session, &ui.shelf);
    status = begin(&ui, start, diag);
    if (!status && (status = loop(&ui))) diag_no_memory(diag);
    *signal = term_ending();
    prompt_close();
    term_close();
    if (!status && !session.quitting) status = script_keep(&session, diag);
  }
  struct diag gaps;
  enum status logged = key_log_close(&ui.key_log, status ? &gaps : diag);
  ui_done(&ui);
  session_done(&session);
  return status ? status : logged;
}
