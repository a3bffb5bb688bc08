#include "tui/prompt.h"

#include "core/intl.h"
#include "explore/options.h"
#include "io/file.h"
#include "io/paths.h"
#include "lang/describe.h"
#include "lang/shown.h"
#include "tui/action.h"
#include "tui/term.h"
#include "tui/view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <readline/history.h>
#include <readline/readline.h>

enum { HISTORY_LINES = 1000, CTRL_G = 7, ESCAPE = 27 };

static struct {
  const struct session *session;
  const struct shelf *shelf;
  FILE *nowhere;     /* what readline would print */
  unsigned char queue[16];
  size_t head, tail; /* bytes of one key */
  bool active, done;
  char *line;        /* the finished line */
  const char *start; /* what the line begins with */
  const struct command *completing; /* whose words are to be completed, or NULL */
  char word[64];     /* the last that was offered, where it is made up */
  struct text offers;
  struct text history;
} prompt;

/* -- bytes in -- */

static void queue_key(int key);

/* Some of readline's commands ask for one more key at once, such as Ctrl-R Ctrl-X: wait for it, for
 * an end of file here makes readline jump out of its own frames. */
static int next_byte(FILE *file) {
  (void)file;
  while (prompt.head == prompt.tail) {
    int key = term_key(-1, true);
    if (key == KEY_OF_CLOSED) return EOF;
    if (term_interrupted()) return CTRL_G;
    if (key < KEY_OF_NONE) queue_key(key);
  }
  return prompt.queue[prompt.head++];
}

static int bytes_waiting(void) {
  return prompt.head < prompt.tail;
}

static void queue_key(int key) {
  char *queue = (char *)prompt.queue;
  prompt.head = 0;
  if (key < 0x80) {
    prompt.tail = 1;
    queue[0] = (char)key;
  } else if (key < 0x800) {
    prompt.tail = 2;
    queue[0] = (char)(0xC0 | key >> 6);
    queue[1] = (char)(0x80 | (key & 0x3F));
  } else if (key < 0x10000) {
    prompt.tail = 3;
    queue[0] = (char)(0xE0 | key >> 12);
    queue[1] = (char)(0x80 | (key >> 6 & 0x3F));
    queue[2] = (char)(0x80 | (key & 0x3F));
  } else {
    prompt.tail = 4;
    queue[0] = (char)(0xF0 | key >> 18);
    queue[1] = (char)(0x80 | (key >> 12 & 0x3F));
    queue[2] = (char)(0x80 | (key >> 6 & 0x3F));
    queue[3] = (char)(0x80 | (key & 0x3F));
  }
}

/* -- completion -- */

/* The word number INDEX that an argument may be; NULL after the last. */
typedef const char *nth_word(size_t index);

static const char *nth_command(size_t index) {
  size_t count = 0;
  for (const struct command *command; (command = command_at(count)); count++)
    if (count == index) return command->name;
  index -= count;
  return index < action_count ? action_table[index].name : NULL;
}

/* What help knows: commands, operations and gates. */
static const char *nth_topic(size_t index) {
  size_t count = 0;
  for (const struct command *command; (command = command_at(count)); count++)
    if (count == index) return command->name;
  return describe_nth(index - count, prompt.word, sizeof prompt.word) ? prompt.word : NULL;
}

static const char *nth_nothing(size_t index) {
  (void)index;
  return NULL;
}

static const char *nth_lesson(size_t index) {
  const struct shelf *shelf = prompt.shelf;
  return index < shelf->count ? shelf->entries[index].name : NULL;
}

static const char *nth_view(size_t index) {
  static const char *const steps[] = {"next", "previous"};
  if (index < VIEW_COUNT) return view_table[index]->name;
  return index < VIEW_COUNT + 2 ? steps[index - VIEW_COUNT] : NULL;
}

static const char *nth_choice(size_t index) {
  const char *const *choice = prompt.completing->choices;
  while (*choice && index > 0) choice++, index--;
  return *choice;
}

static const char *nth_option(size_t index) {
  struct option_help option;
  if (!options_word(prompt.completing->options, (int)index, &option)) return NULL;
  snprintf(prompt.word, sizeof prompt.word, "%s%s", option.name, option.argument ? "=" : "");
  return prompt.word;
}

/* Nodes, and their gradients; not those that nobody named. */
static const char *nth_node(size_t index) {
  const struct model *model = prompt.session->model;
  size_t node = 0, named = 0;
  if (!session_is_open(prompt.session)) return NULL;
  for (; node < model->node_count; node++)
    if (node_is_named(model, (int)node) && named++ == index / 2) break;
  if (node == model->node_count) return NULL;
  snprintf(prompt.word, sizeof prompt.word, "%s%s", index % 2 ? "d" : "",
           model->nodes[node].name);
  return prompt.word;
}

static nth_word *offered;

static char *offer_next(const char *text, int state) {
  static size_t at;
  if (state == 0) at = 0;
  for (const char *word; (word = offered(at));) {
    at++;
    if (strncmp(word, text, strlen(text)) == 0) return strdup(word);
  }
  return NULL;
}

/* What may follow a command or an action: files from the word numbered FILE on (0: never, or where
 * nothing else fits), else words. */
struct offer {
  int file;
  nth_word *words;
};

static struct offer find_offer(const char *line, size_t before) {
  static const struct offer offers[] = {
      [COMPLETE_NODES] = {0, nth_node},     [COMPLETE_NODES_THEN_FILES] = {2, nth_node},
      [COMPLETE_FILES] = {1, nth_node},     [COMPLETE_LESSONS] = {0, nth_lesson},
      [COMPLETE_TOPICS] = {0, nth_topic}, [COMPLETE_CHOICES] = {0, nth_choice}};
  size_t word = strcspn(line, " ");
  const struct action *action = action_named(line, word);
  prompt.completing = command_named(line, word);
  if (before == 0) return (struct offer){0, nth_command};
  if (action) return (struct offer){0, action->completes == ACTION_VIEWS ? nth_view : nth_nothing};
  if (prompt.completing && !*prompt.completing->arguments) return (struct offer){0, nth_nothing};
  if (prompt.completing && prompt.completing->options) return (struct offer){0, nth_option};
  return offers[prompt.completing ? prompt.completing->completes : COMPLETE_NODES];
}

/* The count of words before byte START of LINE. */
static int words_before(const char *line, size_t start) {
  int words = 0;
  for (size_t at = 0; at < start; at++)
    words += line[at] != ' ' && (at + 1 == start || line[at + 1] == ' ');
  return words;
}

static char **complete(const char *text, int start, int end) {
  (void)end;
  const char *line = rl_line_buffer + strspn(rl_line_buffer, " ");
  size_t before = (size_t)(rl_line_buffer + start - line);
  const struct offer offer = find_offer(line, before);
  rl_attempted_completion_over = 1;
  if (offer.file > 0 && words_before(line, before) >= offer.file)
    return rl_completion_matches(text, rl_filename_completion_function);
  offered = offer.words;
  if (offered == nth_option && line[before - 1] == '=') offered = nth_node;
  char **matches = rl_completion_matches(text, offer_next);
  if (matches && strchr(matches[0], '=')) rl_completion_suppress_append = 1; /* a value comes */
  return matches || offered != nth_lesson
             ? matches
             : rl_completion_matches(text, rl_filename_completion_function);
}

static void show_offers(char **matches, int count, int longest) {
  (void)longest;
  prompt.offers.length = 0;
  for (int i = 1; i <= count; i++) text_printf(&prompt.offers, "%s ", matches[i]);
}

/* -- lines out -- */

static void take_line(char *line) {
  prompt.done = true;
  free(prompt.line);
  prompt.line = line;
}

static void draw_nothing(void) {}
static void prepare_nothing(int meta) {
  (void)meta;
}

static int insert_start(void) {
  if (prompt.start) rl_insert_text(prompt.start);
  prompt.start = NULL;
  return 0;
}

static int do_nothing(int count, int key) {
  (void)count, (void)key;
  return 0;
}

static int give_up(int count, int key) {
  (void)count, (void)key;
  rl_replace_line("", 0);
  rl_done = 1; /* so that an empty line is taken */
  return 0;
}

/* -- opening -- */

void prompt_open(const struct session *session, const struct shelf *shelf) {
  prompt.session = session;
  prompt.shelf = shelf;
  prompt.nowhere = fopen("/dev/null", "re+");
  rl_readline_name = "gradwalk";
  rl_catch_signals = 0;
  rl_catch_sigwinch = 0;
  rl_change_environment = 0;
  rl_instream = prompt.nowhere;
  rl_outstream = prompt.nowhere;
  rl_getc_function = next_byte;
  rl_input_available_hook = bytes_waiting;
  rl_redisplay_function = draw_nothing;
  rl_prep_term_function = prepare_nothing;
  rl_deprep_term_function = NULL;
  rl_attempted_completion_function = complete;
  rl_completion_display_matches_hook = show_offers;
  rl_startup_hook = insert_start;
  rl_bind_key(CTRL_G, give_up);
  rl_bind_key_in_map(CTRL_G, give_up, vi_insertion_keymap);
  rl_bind_key_in_map(CTRL_G, give_up, vi_movement_keymap);
  /* Ctrl-X ends a search: readline 8.2 crashes if a key without meaning follows it there. */
  rl_variable_bind("isearch-terminators", "\\e\\C-j\\C-x");
  /* A paste's marks: we did not ask for them, and readline would wait for the second for ever. */
  rl_bind_keyseq("\\e[200~", do_nothing);
  rl_bind_keyseq("\\e[201~", do_nothing);
  /* An edited line of the history stays as it was. */
  rl_variable_bind("revert-all-at-newline", "on");
  using_history();
  stifle_history(HISTORY_LINES);
  paths_user(&prompt.history, "XDG_STATE_HOME", ".local/state", "history");
  if (prompt.history.length > 0) read_history(text_string(&prompt.history));
}

void prompt_close(void) {
  if (prompt.history.length > 0) {
    file_make_folders(prompt.history.bytes);
    write_history(text_string(&prompt.history));
  }
  if (prompt.active) {
    rl_callback_sigcleanup(); /* of a search under way */
    rl_free_undo_list();
    rl_callback_handler_remove();
  }
  clear_history();
  if (prompt.nowhere) fclose(prompt.nowhere);
  text_done(&prompt.offers);
  text_done(&prompt.history);
  free(prompt.line);
  memset(&prompt, 0, sizeof prompt);
}

/* -- editing -- */

void prompt_start(const char *text) {
  prompt.active = true;
  prompt.done = false;
  prompt.start = text;
  prompt.offers.length = 0;
  rl_callback_handler_install("", take_line);
  prompt.start = NULL;
}

bool prompt_active(void) {
  return prompt.active;
}

static bool searching(void) {
  return rl_readline_state & (RL_STATE_ISEARCH | RL_STATE_NSEARCH);
}

int prompt_escape(void) {
  enum { VI_MODE = 0 };
  return rl_editing_mode == VI_MODE ? ESCAPE : CTRL_G;
}

bool prompt_key(int key, struct text *line) {
  if (key > 0x10FFFF) return false;
  if (key == 0 && searching()) return false; /* readline takes it for half a character */
  prompt.offers.length = 0;
  queue_key(key);
  while (!prompt.done && prompt.head < prompt.tail) rl_callback_read_char();
  if (!prompt.done) return false;
  prompt.active = false;
  rl_clear_pending_input();
  rl_callback_handler_remove();
  if (prompt.line && *prompt.line) {
    add_history(prompt.line);
    text_puts(line, prompt.line);
  }
  free(prompt.line);
  prompt.line = NULL;
  return true;
}

/* The names that completion offers, above the line. */
static void draw_offers(struct canvas *canvas, struct area area) {
  const char *offers = text_string(&prompt.offers);
  struct area nowhere = {0, 0, 0, area.cols};
  int lines = canvas_paragraphs(canvas, nowhere, 0, 0, ROLE_FAINT, offers);
  if (lines > area.rows - 1) lines = area.rows - 1;
  struct area above = {area.row + area.rows - 1 - lines, area.col, lines, area.cols};
  canvas_blank(canvas, above);
  canvas_paragraphs(canvas, above, 0, 0, ROLE_FAINT, offers);
}

void prompt_draw(struct canvas *canvas, struct area area) {
  const char *line = rl_line_buffer ? rl_line_buffer : "";
  const char *sign = searching() && rl_display_prompt ? rl_display_prompt : ": ";
  int before = text_columns(line, (size_t)rl_point), margin = text_columns(sign, strlen(sign));
  int room = area.cols - margin - 1;
  int skip = before > room ? before - room : 0;
  size_t from = 0, size;
  for (int columns = 0; line[from] && columns < skip; from += size) {
    utf8_decode(line + from, strlen(line + from), &size);
    columns += text_columns(line + from, size);
    if (columns >= skip) skip = columns;
  }
  canvas_blank(canvas, (struct area){area.row + area.rows - 1, area.col, 1, area.cols});
  canvas_puts(canvas, area, area.rows - 1, 0, ROLE_KEY, sign);
  canvas_text(canvas, area, area.rows - 1, margin, ROLE_PLAIN, line + from, strlen(line + from));
  if (prompt.offers.length > 0) draw_offers(canvas, area);
  canvas->cursor_row = area.row + area.rows - 1;
  canvas->cursor_col = area.col + margin + before - skip;
}
