/* Random keys: whatever is typed, pasted, clicked or resized, the program neither crashes nor hangs
 * nor sends what it must not, and still finds its help screen. */
#include "drive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <signal.h>

struct fuzz {
  struct scratch scratch;
  struct child child;
  char **arguments;
  unsigned long state;
  size_t keys, runs;
  char recent[4000]; /* what was sent last */
  size_t recent_count;
  const char *trouble; /* NULL: none so far */
};

/* Marsaglia's xorshift */
static unsigned long draw(struct fuzz *fuzz, unsigned long below) {
  fuzz->state ^= fuzz->state << 13;
  fuzz->state ^= fuzz->state >> 7;
  fuzz->state ^= fuzz->state << 17;
  return (fuzz->state >> 11) % below;
}

static void start(struct fuzz *fuzz) {
  struct start how = {.arguments = fuzz->arguments, .environment = fuzz->scratch.environment,
                      .folder = fuzz->scratch.folder, .rows = 24, .cols = 80, .utf8 = true,
                      .silent = true};
  child_start(&fuzz->child, &how);
  fuzz->runs++;
  if (!child_settle(&fuzz->child, 20, 20)) fuzz->trouble = "it does not start";
}

static void send(struct fuzz *fuzz, const char *bytes, size_t count) {
  child_write(&fuzz->child, bytes, count);
  fuzz->keys++;
  if (count > sizeof fuzz->recent) return;
  if (fuzz->recent_count + count > sizeof fuzz->recent) {
    size_t half = fuzz->recent_count / 2;
    fuzz->recent_count = fuzz->recent_count + count - half > sizeof fuzz->recent
                             ? 0 : fuzz->recent_count - half;
    memmove(fuzz->recent, fuzz->recent + half, fuzz->recent_count);
  }
  memcpy(fuzz->recent + fuzz->recent_count, bytes, count);
  fuzz->recent_count += count;
}

/* -- what is sent -- */

static void send_key(struct fuzz *fuzz) {
  static const char *const names[] = {
      "n",    "n",    "p",    "Left", "Right", "Up",   "Down",     "Enter",   "e",      "c",
      "t",    "l",    ":",    ":",    "?",     "Space", "b",       "h",       "j",      "k",
      "Home", "End",  "PageUp", "PageDown", "f", "g",   "r",       "u",       "Ctrl-R", "w",
      "W",    "Tab",  "BackTab", "v", "L",     "o",    "C",        "P",       "i",      "F1",
      "Ctrl-L", "Esc", "Backspace", "Delete", "Ctrl-A",  "Ctrl-C",  "Ctrl-D", "Ctrl-E",
      "Ctrl-G", "Ctrl-K", "Ctrl-U", "Ctrl-W", "Ctrl-Y", "Ctrl-V",  "Ctrl-X",  "Ctrl-S", "Ctrl-Q",
      "Ctrl-T", "Ctrl-_", "Alt-f", "Alt-b", "Alt-d", "Alt-.", "Alt-#", "Alt-?", "Alt-*", "Ctrl-@"};
  char bytes[16];
  size_t count = key_bytes(&fuzz->child.vt, names[draw(fuzz, sizeof names / sizeof *names)], bytes);
  send(fuzz, bytes, count);
}

static void send_leaving_key(struct fuzz *fuzz) {
  static const char *const keys[] = {"q", "Q", "\034", ":quit\r", "q", "q"};
  const char *key = keys[draw(fuzz, sizeof keys / sizeof *keys)];
  send(fuzz, key, strlen(key));
}

static void send_line(struct fuzz *fuzz) {
  static const char *const lines[] = {
      "open 1", "open 2", "open 3", "open 4", "open 5", "open 99", "open", "next", "run", "reset",
      "forward", "backward", "forward f", "backward x", "focus x", "focus W1", "focus nothing",
      "set x = 3", "set x = 1/0", "set W1[0, 0] = nan", "set b1[9, 9] = 1", "set x", "fold all",
      "unfold all", "unfold s", "bug dq = df * q", "bug dtheta = dJ", "bug dW1 = W1", "bug",
      "precision half", "precision bfloat16", "precision none", "freeze on", "seed 3", "seed -1",
      "undo", "redo", "show", "show x", "eval W1 @ X", "eval x + y", "eval (((((((((", "eval",
      "check", "check params=b1", "check eps=1e-4", "check --json", "source nothing", "save saved",
      "source saved", "log", "help", "help bug", "theme mono", "theme cs231n", "theme blue",
      "view log", "view next", "move end", "enter", "edit", "present", "swap", "close", "prompt x",
      "redraw", "\xed\x95\x9c\xea\xb8\x80 \xce\xb8", "\xe2\x80\xae", "# nothing", "nxt"};
  const char *line = lines[draw(fuzz, sizeof lines / sizeof *lines)];
  send(fuzz, "\007:", 2);
  send(fuzz, line, strlen(line));
  if (draw(fuzz, 8) == 0) send(fuzz, "\t\t", 2);
  if (draw(fuzz, 8) > 0) send(fuzz, "\r", 1);
}

static void send_junk(struct fuzz *fuzz) {
  char bytes[64];
  size_t count = 1 + draw(fuzz, sizeof bytes);
  for (size_t i = 0; i < count; i++) {
    bytes[i] = (char)draw(fuzz, 256);
    /* SIGQUIT has its own place; without a shell, Ctrl-Z only makes the terminal echo a while */
    if (bytes[i] == 034 || bytes[i] == 032) bytes[i] = 0;
  }
  send(fuzz, bytes, count);
}

static void send_paste(struct fuzz *fuzz) {
  char bytes[2000] = "\033[200~:";
  size_t count = strlen(bytes), length = draw(fuzz, sizeof bytes - 40);
  while (count < length) bytes[count++] = (char)(' ' + draw(fuzz, 95));
  memcpy(bytes + count, "\033[201~", 6);
  send(fuzz, bytes, count + 6);
}

static void send_mouse(struct fuzz *fuzz) {
  static const int buttons[] = {0, 0, 0, 1, 2, 64, 65, 32, 35, 4};
  char bytes[64];
  int button = buttons[draw(fuzz, sizeof buttons / sizeof *buttons)];
  int length = snprintf(bytes, sizeof bytes, "\033[<%d;%lu;%lu%c", button, draw(fuzz, 220),
                        draw(fuzz, 70), draw(fuzz, 2) ? 'M' : 'm');
  send(fuzz, bytes, (size_t)length);
}

static void change_size(struct fuzz *fuzz) {
  static const int sizes[][2] = {{1, 1},   {2, 2},   {1, 200}, {200, 1}, {24, 80},
                                 {60, 200}, {24, 80}, {40, 120}, {18, 60}, {3, 10}};
  const int *size = sizes[draw(fuzz, sizeof sizes / sizeof *sizes)];
  child_resize(&fuzz->child, size[0], size[1]);
}

static void act(struct fuzz *fuzz) {
  unsigned long kind = draw(fuzz, 1000);
  if (kind < 700) send_key(fuzz);
  else if (kind < 820) send_line(fuzz);
  else if (kind < 880) send_mouse(fuzz);
  else if (kind < 940) change_size(fuzz);
  else if (kind < 970) send_junk(fuzz);
  else if (kind < 990) send_paste(fuzz);
  else send_leaving_key(fuzz);
}

/* -- what must hold -- */

/* A long check may keep it from resting; Ctrl-C must not fail to stop that. */
static void come_to_rest(struct fuzz *fuzz) {
  enum { HUNG = 90 }; /* seconds: a matrix takes its time beside other tests, with sanitizers */
  if (child_settle(&fuzz->child, 10, 1)) return;
  child_write(&fuzz->child, "\003", 1);
  if (child_settle(&fuzz->child, 10, 20)) return;
  child_write(&fuzz->child, "\003", 1); /* keys from before may have begun the next check */
  if (!child_settle(&fuzz->child, 10, HUNG)) fuzz->trouble = "it hangs";
}

static void check_end(struct fuzz *fuzz) {
  const char *difference;
  int status = fuzz->child.status;
  bool left = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  bool killed = WIFSIGNALED(status) && (WTERMSIG(status) == SIGQUIT || WTERMSIG(status) == SIGINT);
  if (!left && !killed) fuzz->trouble = "it crashed";
  else if (!child_restored(&fuzz->child, &difference)) fuzz->trouble = difference;
}

/* From anywhere, F1 leads to the help screen. */
static void check_help(struct fuzz *fuzz) {
  child_resize(&fuzz->child, 24, 80);
  send(fuzz, "\007\007\007\007", 4);
  come_to_rest(fuzz);
  send(fuzz, "\033OP", 3);
  come_to_rest(fuzz);
  if (fuzz->child.ended) return;
  char *screen = vt_dump(&fuzz->child.vt, false);
  if (!strstr(screen, " help ")) fuzz->trouble = "F1 does not lead to the help screen";
  free(screen);
}

static void report(struct fuzz *fuzz, unsigned long seed) {
  char *screen = vt_dump(&fuzz->child.vt, false), *reports = scratch_reports(&fuzz->scratch);
  FILE *keys = fopen("screen-fuzz.keys", "we");
  if (keys) fwrite(fuzz->recent, 1, fuzz->recent_count, keys), fclose(keys);
  printf("not ok 1 - random keys, seed %lu: %s\n", seed, fuzz->trouble);
  printf("# wait status %#x; %s\n# what was sent last is in screen-fuzz.keys\n",
         (unsigned)fuzz->child.status, fuzz->child.vt.complaint);
  for (char *line = strtok(screen, "\n"); line; line = strtok(NULL, "\n")) printf("# %s\n", line);
  for (char *line = reports ? strtok(reports, "\n") : NULL; line; line = strtok(NULL, "\n"))
    printf("# %s\n", line);
  free(screen);
  free(reports);
}

static void round_of(struct fuzz *fuzz, unsigned long number) {
  enum { BATCH = 20, ROUNDS_TO_HELP = 8 };
  for (int i = 0; i < BATCH && !fuzz->child.ended; i++) act(fuzz);
  come_to_rest(fuzz);
  if (!fuzz->child.ended && number % ROUNDS_TO_HELP == 0 && !fuzz->trouble) check_help(fuzz);
  if (*fuzz->child.vt.complaint) fuzz->trouble = "it sent what it must not";
  char *reports = scratch_reports(&fuzz->scratch);
  if (reports) fuzz->trouble = "a sanitizer has something to say";
  free(reports);
  if (!fuzz->child.ended || fuzz->trouble) return;
  check_end(fuzz);
  if (fuzz->trouble) return;
  child_stop(&fuzz->child);
  start(fuzz);
}

int fuzz(double seconds, unsigned long seed, char **arguments) {
  struct fuzz fuzz = {.state = seed * 2654435769UL + 88172645463325252UL};
  char *all[16] = {getenv("GRADWALK")};
  double end = seconds_now() + seconds;
  for (int i = 0; arguments[i] && i < 14; i++) all[i + 1] = arguments[i];
  fuzz.arguments = all;
  scratch_init(&fuzz.scratch);
  start(&fuzz);
  for (unsigned long i = 1; !fuzz.trouble && seconds_now() < end; i++) round_of(&fuzz, i);
  if (fuzz.trouble) report(&fuzz, seed);
  else printf("ok 1 - random keys, seed %lu\n", seed);
  printf("# %zu keys in %zu runs\n1..1\n", fuzz.keys, fuzz.runs);
  child_stop(&fuzz.child);
  scratch_done(&fuzz.scratch);
  return 0;
}
