#include "tui/term.h"

#include "core/intl.h"

#include <curses.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct {
  SCREEN *screen;
  bool unicode, mouse;
  bool raw;     /* see choose_mode() */
  bool resized; /* since the last frame: who knows what the terminal shows */
  int colours;
  const struct theme *theme; /* lent */
  struct mouse last_mouse;
} term;

static volatile sig_atomic_t interrupt_came, end_signal;

static void on_signal(int signal) {
  if (signal == SIGINT) interrupt_came = 1;
  else end_signal = signal;
}

/* Before curses, which otherwise turns SIGINT and SIGTERM into an exit of its own and leaves the
 * screen behind on SIGHUP. */
static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static void catch_signals(bool catch) {
  struct sigaction action = {.sa_handler = catch ? on_signal : SIG_DFL};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof end_signals / sizeof *end_signals; i++)
    sigaction(end_signals[i], &action, NULL);
}

bool term_interrupted(void) {
  if (!interrupt_came) return false; /* one that comes now is kept for the next call */
  interrupt_came = 0;
  return true;
}

int term_ending(void) {
  return end_signal;
}

void term_theme(const struct theme *theme) {
  term.theme = theme;
}

/* -- opening and closing -- */

static enum status no_terminal(struct diag *diag, const char *why) {
  return diag_set(diag, STATUS_NO_TERMINAL, SPAN_NONE, "%s", why);
}

static void choose_colours(const struct term_options *options) {
  const char *no_colour = getenv("NO_COLOR");
  term.colours = 0;
  if (options->no_colour || (no_colour && *no_colour) || !has_colors() || start_color() == ERR)
    return;
  use_default_colors();
  term.colours = COLORS >= 256 ? 256 : COLORS >= 16 ? 16 : COLORS >= 8 ? 8 : 0;
}

/* RAW: keys reach us as the bytes that the terminal sends, and the mouse sends none. */
static void choose_mode(bool raw) {
  enum { BUTTONS = BUTTON1_CLICKED | BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED };
  if (raw == term.raw) return;
  term.raw = raw;
  keypad(stdscr, !raw);
  if (term.mouse) mousemask(raw ? 0 : BUTTONS, NULL);
}

/* Ctrl-S and Ctrl-Q are keys like any other. */
static void free_flow_keys(void) {
  struct termios modes;
  if (tcgetattr(STDIN_FILENO, &modes) < 0) return;
  modes.c_iflag &= ~(tcflag_t)IXON;
  tcsetattr(STDIN_FILENO, TCSADRAIN, &modes);
  def_prog_mode();
}

/* Curses' handler of SIGTSTP writes to the terminal: it may do so only while we wait for a key, not
 * in the middle of a frame, and never in another thread. */
static void hold_stops(bool hold) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &stop, NULL);
}

/* A change of size between curses' look at it and curses' handler of SIGWINCH. */
static void catch_up_with_size(void) {
  struct winsize size;
  if (getenv("LINES") || getenv("COLUMNS") || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0) return;
  if (size.ws_row > 0 && size.ws_col > 0 && is_term_resized(size.ws_row, size.ws_col))
    resizeterm(size.ws_row, size.ws_col);
}

enum status term_open(const struct term_options *options, struct diag *diag) {
  const char *name = getenv("TERM");
  if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
    return no_terminal(diag, _("the explorer needs a terminal, and standard input and output are "
                               "none; --plain works without one"));
  if (!name || !*name || strcmp(name, "dumb") == 0)
    return no_terminal(diag, name && *name
                                 ? _("the explorer needs a terminal, and TERM says that this one "
                                     "is dumb; --plain works without one")
                                 : _("the explorer needs a terminal, and TERM is not set; --plain "
                                     "works without one"));
  catch_signals(true);
  term.screen = newterm(NULL, stdout, stdin);
  if (!term.screen) {
    catch_signals(false);
    return no_terminal(diag, _("the explorer needs a terminal, and the type of this one is unknown "
                               "here; --plain works without one"));
  }
  set_term(term.screen);
  catch_up_with_size();
  if (!getenv("ESCDELAY")) set_escdelay(25);
  cbreak();
  noecho();
  nonl();
  noqiflush(); /* or the kernel drops the rest of a frame when Ctrl-C is typed */
  free_flow_keys();
  hold_stops(true);
  choose_colours(options);
  term.unicode = !options->ascii && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  term.mouse = !options->no_mouse;
  mouseinterval(0);
  term.raw = true; /* unlike what comes next */
  choose_mode(false);
  return STATUS_OK;
}

void term_close(void) {
  if (!term.screen) return;
  endwin();
  delscreen(term.screen);
  term.screen = NULL;
  hold_stops(false);
  catch_signals(false);
}

void term_size(int *rows, int *cols) {
  getmaxyx(stdscr, *rows, *cols);
}

bool term_unicode(void) {
  return term.unicode;
}

int term_colours(void) {
  return term.colours;
}

/* -- showing -- */

static attr_t attributes_of(uint8_t look) {
  return (look & LOOK_BOLD ? A_BOLD : 0) | (look & LOOK_DIM ? A_DIM : 0) |
         (look & LOOK_UNDERLINE ? A_UNDERLINE : 0) | (look & LOOK_REVERSE ? A_REVERSE : 0);
}

void term_show(const struct canvas *canvas, bool redraw) {
  if (redraw || term.resized) clearok(stdscr, TRUE);
  term.resized = false;
  for (int row = 0; row < canvas->rows; row++)
    for (int col = 0; col < canvas->cols; col++) {
      const struct cell *cell = &canvas->cells[row * canvas->cols + col];
      int fg, bg = cell->bg;
      if (!*cell->text) continue; /* the right half of a wide character */
      attr_t attributes = attributes_of(theme_look(term.theme, cell, term.colours, &fg));
      int pair = term.colours > 0 && (fg >= 0 || bg >= 0) ? alloc_pair(fg, bg) : 0;
      attr_set(attributes, 0, &(int){pair > 0 ? pair : 0});
      mvaddstr(row, col, cell->text);
    }
  bool cursor = canvas->cursor_row >= 0;
  curs_set(cursor);
  if (cursor) move(canvas->cursor_row, canvas->cursor_col);
  refresh();
}

/* -- keys -- */

static const struct {
  int curses, ours;
} key_map[] = {
    {KEY_LEFT, KEY_OF_LEFT},       {KEY_RIGHT, KEY_OF_RIGHT},
    {KEY_UP, KEY_OF_UP},           {KEY_DOWN, KEY_OF_DOWN},
    {KEY_HOME, KEY_OF_HOME},       {KEY_END, KEY_OF_END},
    {KEY_PPAGE, KEY_OF_PAGE_UP},   {KEY_NPAGE, KEY_OF_PAGE_DOWN},
    {KEY_BTAB, KEY_OF_BACK_TAB},   {KEY_BACKSPACE, KEY_OF_BACKSPACE},
    {KEY_DC, KEY_OF_DELETE},       {KEY_F(1), KEY_OF_F1},
    {KEY_RESIZE, KEY_OF_RESIZE},   {KEY_ENTER, '\r'},
};

static int take_mouse(void) {
  MEVENT event;
  if (getmouse(&event) == ERR) return KEY_OF_NONE;
  int wheel = event.bstate & BUTTON4_PRESSED ? -1 : event.bstate & BUTTON5_PRESSED ? 1 : 0;
  term.last_mouse = (struct mouse){event.y, event.x, wheel};
  return KEY_OF_MOUSE;
}

struct mouse term_mouse(void) {
  return term.last_mouse;
}

static int key_of_curses(int key) {
  if (key == KEY_MOUSE) return take_mouse();
  if (key == KEY_RESIZE) term.resized = true;
  for (size_t i = 0; i < sizeof key_map / sizeof *key_map; i++)
    if (key == key_map[i].curses) return key_map[i].ours;
  return KEY_OF_NONE;
}

/* The key at hand, or ERR. Puts UTF-8 together itself: curses would swallow 144 more keys after a
 * byte that begins no character. */
static int read_key(void) {
  enum { MOST = 4, PATIENCE = 25 };
  char bytes[MOST];
  size_t count = 0, size;
  timeout(0);
  int key = getch();
  if (key == ERR || (key >= 0 && key < 0x80)) return key;
  if (key > 0xFF) return key_of_curses(key);
  size_t wanted = key >= 0xF0 ? 4 : key >= 0xE0 ? 3 : 2;
  bytes[count++] = (char)key;
  timeout(PATIENCE);
  while (count < wanted && (key = getch()) != ERR) {
    if (key < 0x80 || key > 0xBF) {
      ungetch(key);
      break;
    }
    bytes[count++] = (char)key;
  }
  int32_t code = utf8_decode(bytes, count, &size);
  return code >= 0 && size == count ? code : KEY_OF_NONE;
}

/* Whether there is input, or none will ever come, within MILLISECONDS. Signals come through only
 * here, so that none is lost between looking and waiting. */
static bool wait_for_input(int milliseconds, const sigset_t *unblocked) {
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  if (end_signal || interrupt_came) milliseconds = 0, time = (struct timespec){0};
  return ppoll(&input, 1, milliseconds < 0 ? NULL : &time, unblocked) > 0;
}

int term_key(int milliseconds, bool raw) {
  sigset_t held, before, waiting;
  sigemptyset(&held);
  for (size_t i = 0; i < sizeof end_signals / sizeof *end_signals; i++)
    sigaddset(&held, end_signals[i]);
  sigaddset(&held, SIGWINCH);
  choose_mode(raw);
  sigprocmask(SIG_BLOCK, &held, &before);
  waiting = before;
  sigdelset(&waiting, SIGTSTP);
  int key = read_key();
  bool waited = key == ERR && wait_for_input(milliseconds, &waiting);
  if (key == ERR) key = read_key(); /* a change of size comes without input */
  bool closed = key == ERR && waited && wait_for_input(0, &waiting);
  sigprocmask(SIG_SETMASK, &before, NULL);
  return end_signal || closed ? KEY_OF_CLOSED : key == ERR ? KEY_OF_NONE : key;
}

void term_suspend(void) {
  raise(SIGTSTP); /* curses' own handler restores the terminal and redraws on return */
}

