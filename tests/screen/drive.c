/* Runs $GRADWALK in a pseudo-terminal as a .steps file says, and compares what the terminal shows
 * with saved screens. README.md describes the steps. Prints TAP.
 *
 *   drive [--accept] FILE.steps...
 *   drive --fuzz SECONDS SEED [ARGUMENT...] */
#include "play.h"

#include <libgen.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONG_QUIET = 330 /* longer than a number flashes */ };
static const double patience = 20;

/* Seconds in which a program stops or ends, also on a busy machine; a check that is not stopped
 * takes more than twice as long. */
static double a_moment(void) {
  const char *sanitizers = getenv("GRADWALK_SANITIZERS");
  return sanitizers && strcmp(sanitizers, "no") != 0 ? 15 : 3;
}

/* -- reporting -- */

static void comment(const char *text) {
  while (*text) {
    size_t length = strcspn(text, "\n");
    printf("# %.*s\n", (int)length, text);
    text += length + (text[length] == '\n');
  }
}

void result(struct play *play, bool good, const char *format, ...) {
  va_list arguments;
  printf("%sok %d - %s:%d: ", good ? "" : "not ", ++play->cases, play->title, play->line);
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  putchar('\n');
}

void show_screen(const struct play *play) {
  char *screen = vt_dump(&play->child.vt, false);
  comment(screen);
  free(screen);
}

/* A mistake in the script, or a program that is gone: the rest makes no sense. */
void give_up(struct play *play, const char *why) {
  result(play, false, "%s", why);
  if (play->running) show_screen(play);
  play->failed_hard = true;
}

/* Every line that differs: - as it was saved, + as it is. */
static void print_difference(const char *was, const char *is) {
  for (int line = 1; *was || *is; line++) {
    size_t old = strcspn(was, "\n"), new = strcspn(is, "\n");
    if (old != new || memcmp(was, is, old) != 0)
      printf("# %3d - %.*s\n# %3d + %.*s\n", line, (int)old, was, line, (int)new, is);
    was += old + (was[old] == '\n');
    is += new + (is[new] == '\n');
  }
}

/* -- steps: what is around the program -- */

static bool parse_size(const char *text, int *rows, int *cols) {
  return sscanf(text, "%dx%d", cols, rows) == 2 && *rows > 0 && *cols > 0 && *rows <= 500 &&
         *cols <= 500;
}

static void step_size(struct play *play, char **words) {
  if (!parse_size(words[0], &play->rows, &play->cols)) give_up(play, "size COLUMNSxROWS");
}

static void step_env(struct play *play, char **words) {
  for (int i = 0; words[i]; i++) {
    scratch_setenv(&play->scratch, words[i]);
    if (strncmp(words[i], "LC_ALL=", 7) == 0) play->utf8 = strstr(words[i], "UTF-8") != NULL;
  }
}

static void step_file(struct play *play, char **words) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", play->scratch.folder, words[0]);
  free(play->written);
  play->written = strdup(path);
  if (!write_whole(path, "")) give_up(play, "cannot write the file");
}

static void add_line(struct play *play, const char *line) {
  FILE *file = play->written ? fopen(play->written, "ae") : NULL;
  if (!file) {
    give_up(play, "which file does this line belong to?");
    return;
  }
  fprintf(file, "%s\n", line + (*line == ' '));
  fclose(file);
}

static void step_errors(struct play *play, char **words) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", play->scratch.folder, words[0]);
  free(play->error_file);
  play->error_file = strdup(path);
}

/* -- steps: the program -- */

/* What holds for every run: nothing forbidden was sent. */
static void stop(struct play *play) {
  if (!play->running) return;
  bool clean = !*play->child.vt.complaint;
  result(play, clean, "only permitted bytes and sequences were sent");
  if (!clean) comment(play->child.vt.complaint);
  child_stop(&play->child);
  play->running = false;
}

static void run(struct play *play, char **words) {
  struct start start = {.arguments = words, .environment = play->scratch.environment,
                        .folder = play->scratch.folder, .error_file = play->error_file,
                        .rows = play->rows, .cols = play->cols, .utf8 = play->utf8};
  stop(play);
  child_start(&play->child, &start);
  play->running = true;
  play->sent = seconds_now();
}

static void step_run(struct play *play, char **words) {
  for (int i = 0; words[i]; i++) words[i] += *words[i] == '"';
  run(play, words);
}

static void step_start(struct play *play, char **words) {
  char *all[MOST_WORDS + 2] = {getenv("GRADWALK")};
  for (int i = 0; words[i]; i++) all[i + 1] = words[i];
  step_run(play, all);
}

bool settle(struct play *play, int quiet) {
  if (child_settle(&play->child, quiet, patience)) return true;
  give_up(play, "the program does not come to rest");
  return false;
}

/* Keys whose bytes depend on a mode, or whose meaning on what follows, stand alone. */
static bool stands_alone(const char *name) {
  static const char *const names[] = {"Left", "Right", "Up", "Down", "Home", "End", "Esc"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(names[i], name) == 0) return true;
  return false;
}

/* A quoted word (it keeps its opening quote) is text, any other the name of a key. */
static void send_keys(struct play *play, char **words, bool patient) {
  char bytes[16];
  char *pending = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&pending, &size);
  for (int i = 0; words[i] && !play->failed_hard; i++) {
    bool alone = patient && words[i][0] != '"' && stands_alone(words[i]);
    if (alone) {
      fflush(out);
      if (size > 0) child_write(&play->child, pending, size);
      rewind(out);
      settle(play, QUIET);
    }
    size_t count = words[i][0] == '"' ? 0 : key_bytes(&play->child.vt, words[i], bytes);
    if (words[i][0] == '"') fputs(words[i] + 1, out);
    else if (count == 0) give_up(play, "there is no such key");
    else if (alone) child_write(&play->child, bytes, count), settle(play, QUIET);
    else fwrite(bytes, 1, count, out);
  }
  fclose(out);
  if (size > 0) child_write(&play->child, pending, size);
  free(pending);
  play->sent = seconds_now();
}

static void step_keys(struct play *play, char **words) {
  if (settle(play, QUIET)) send_keys(play, words, true); /* while it starts they would be lost */
}

static void step_keys_now(struct play *play, char **words) {
  send_keys(play, words, false);
}

/* repeat COUNT TEXT: as one paste */
static void step_repeat(struct play *play, char **words) {
  const char *text = words[1] ? words[1] + (words[1][0] == '"') : "";
  size_t length = strlen(text), count = (size_t)strtoul(words[0], NULL, 10);
  char *bytes = malloc(length * count + 1);
  if (!bytes) exit(71);
  for (size_t i = 0; i < count; i++) memcpy(bytes + i * length, text, length);
  child_write(&play->child, bytes, length * count);
  free(bytes);
  play->sent = seconds_now();
}

static void mouse(struct play *play, int button, const char *row, const char *col) {
  char bytes[64];
  int length = snprintf(bytes, sizeof bytes, "\033[<%d;%d;%dM", button, atoi(col), atoi(row));
  if (button == 0)
    length += snprintf(bytes + length, sizeof bytes - (size_t)length, "\033[<0;%d;%dm", atoi(col),
                       atoi(row));
  child_write(&play->child, bytes, (size_t)length);
}

static void step_click(struct play *play, char **words) {
  if (words[1]) mouse(play, 0, words[0], words[1]);
  else give_up(play, "click ROW COLUMN");
}

static void step_wheel(struct play *play, char **words) {
  if (words[1] && words[2]) mouse(play, strcmp(words[0], "up") == 0 ? 64 : 65, words[1], words[2]);
  else give_up(play, "wheel up|down ROW COLUMN");
}

static void step_resize(struct play *play, char **words) {
  int rows, cols;
  if (!parse_size(words[0], &rows, &cols)) give_up(play, "resize COLUMNSxROWS");
  else child_resize(&play->child, rows, cols);
}

static const struct {
  const char *name;
  int signal;
} signals[] = {{"TERM", SIGTERM}, {"HUP", SIGHUP}, {"INT", SIGINT}, {"QUIT", SIGQUIT},
               {"KILL", SIGKILL}, {"TSTP", SIGTSTP}, {"CONT", SIGCONT}, {"USR1", SIGUSR1}};

static int signal_of(struct play *play, const char *name) {
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    if (strcmp(signals[i].name, name) == 0) return signals[i].signal;
  give_up(play, "there is no such signal");
  return 0;
}

static void step_signal_now(struct play *play, char **words) {
  int number = signal_of(play, words[0]);
  if (number) child_signal(&play->child, number);
  play->sent = seconds_now();
}

static void step_signal(struct play *play, char **words) {
  if (settle(play, QUIET)) step_signal_now(play, words);
}

static void step_close(struct play *play, char **words) {
  (void)words;
  if (settle(play, QUIET)) child_close(&play->child);
  play->sent = seconds_now();
}

/* -- steps: what is to be seen -- */

/* Screens are compared once the program rests, and for a while longer: a check may be running. */
static void compare(struct play *play, const char *name, bool looks) {
  char path[2048], work[2048];
  snprintf(path, sizeof path, "%s/%s.screen", play->folder, name);
  if (!settle(play, looks ? LONG_QUIET : QUIET)) return;
  char *saved = read_whole(path), *now = vt_dump(&play->child.vt, looks);
  double until = seconds_now() + 1.5;
  while (!play->accept && strcmp(saved, now) != 0 && seconds_now() < until && !play->child.ended) {
    if (!child_pump(&play->child, 20)) continue;
    free(now);
    now = vt_dump(&play->child.vt, looks);
  }
  bool same = strcmp(saved, now) == 0;
  if (play->accept && !same) {
    same = write_whole(path, now);
    printf("# accepted %s\n", path);
  }
  result(play, same, "screen %s", name);
  if (!same) {
    snprintf(work, sizeof work, "screen-work/%s.screen", name);
    print_difference(saved, now);
    if (write_whole(work, now)) printf("# to accept the new one: cp %s %s\n", work, path);
  }
  if (play->child.ended) give_up(play, "the program has ended");
  free(saved);
  free(now);
}

static void step_screen(struct play *play, char **words) {
  compare(play, words[0], false);
}

static void step_looks(struct play *play, char **words) {
  compare(play, words[0], true);
}

static bool shows(const struct play *play, const char *text) {
  char *screen = vt_dump(&play->child.vt, false);
  bool found = strstr(screen, text) != NULL;
  free(screen);
  return found;
}

static const char *unquoted(const char *word) {
  return word + (*word == '"');
}

static void step_text(struct play *play, char **words) {
  const char *text = unquoted(words[0]);
  double until = seconds_now() + patience;
  while (!shows(play, text) && seconds_now() < until && !play->child.ended) {
    child_pump(&play->child, 20);
    if (child_wait(&play->child, 0)) break;
  }
  bool found = shows(play, text);
  result(play, found, "the screen shows \"%s\"", text);
  if (!found) show_screen(play);
}

static void step_no_text(struct play *play, char **words) {
  const char *text = unquoted(words[0]);
  if (!settle(play, QUIET)) return;
  bool found = shows(play, text);
  result(play, !found, "the screen does not show \"%s\"", text);
  if (found) show_screen(play);
}

static void step_no_colour(struct play *play, char **words) {
  (void)words;
  if (settle(play, QUIET)) result(play, !play->child.vt.colour_used, "no colour was used");
}

static void step_flash(struct play *play, char **words) {
  (void)words;
  if (settle(play, QUIET)) result(play, play->child.vt.looks_at_flash, "something flashed");
  play->child.vt.looks_at_flash = false;
}

static void step_prompt_return(struct play *play, char **words) {
  (void)words;
  if (!settle(play, QUIET)) return;
  double seconds = seconds_now() - play->sent;
  result(play, seconds < a_moment(), "it is ready again within %.0f s", a_moment());
  printf("# after %.0f ms\n", seconds * 1000);
}

/* -- steps: its end -- */

static bool ends(struct play *play) {
  bool ended = child_wait(&play->child, a_moment() + (play->child.ended ? 0 : 1));
  double seconds = seconds_now() - play->sent;
  if (!ended) result(play, false, "the program has ended");
  else if (seconds > 0.3) printf("# it took %.1f s to end\n", seconds);
  return ended;
}

static void step_exit(struct play *play, char **words) {
  if (!ends(play)) return;
  int status = play->child.status, wanted = atoi(words[0]);
  bool good = WIFEXITED(status) && WEXITSTATUS(status) == wanted;
  result(play, good, "exit status %d", wanted);
  if (good) return;
  if (WIFSIGNALED(status)) printf("# it died of signal %d\n", WTERMSIG(status));
  else printf("# the exit status is %d\n", WEXITSTATUS(status));
  show_screen(play);
}

static void step_dies(struct play *play, char **words) {
  int wanted = signal_of(play, words[0]);
  if (!wanted || !ends(play)) return;
  int status = play->child.status;
  bool good = WIFSIGNALED(status) && WTERMSIG(status) == wanted;
  result(play, good, "ends by SIG%s", words[0]);
  if (!good) printf("# the wait status is %#x\n", (unsigned)status);
}

static void step_restored(struct play *play, char **words) {
  const char *difference;
  (void)words;
  if (!ends(play)) return;
  bool good = child_restored(&play->child, &difference);
  result(play, good, "the terminal is as it was");
  if (!good) printf("# %s\n", difference);
}

/* What the terminal or a file holds, in full; lines are joined by \n in the script. */
static void check_contents(struct play *play, const char *what, const char *is,
                           const char *wanted) {
  bool good = *wanted ? strstr(is, wanted) != NULL : *is == '\0';
  result(play, good, *wanted ? "%s holds \"%s\"" : "%s is empty%s", what, wanted);
  if (!good) comment(is);
}

static void step_contents(struct play *play, char **words) {
  char path[512];
  if (!words[1]) {
    give_up(play, "contents FILE \"TEXT\"");
    return;
  }
  snprintf(path, sizeof path, "%s/%s", play->scratch.folder, words[0]);
  char *text = read_whole(path);
  check_contents(play, words[0], text, unquoted(words[1]));
  free(text);
}

/* One message line, perhaps with an indented hint, and nothing that acts on a terminal. */
static void one_message(struct play *play, char **words, bool may_hint) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", play->scratch.folder, words[0]);
  char *text = read_whole(path);
  int lines = 0;
  bool clean = true;
  for (char *at = text; *at; at++) {
    if ((at == text || at[-1] == '\n') && (*at != ' ' || !may_hint)) lines++;
    if (*at != '\n' && ((unsigned char)*at < 0x20 || *at == 0x7F)) clean = false;
  }
  result(play, lines == 1 && clean, "%s holds one %s", words[0], may_hint ? "message" : "line");
  if (lines != 1 || !clean) comment(text);
  free(text);
}

static void step_one_message(struct play *play, char **words) {
  one_message(play, words, true);
}

static void step_one_line(struct play *play, char **words) {
  one_message(play, words, false);
}

static void step_blank(struct play *play, char **words) {
  (void)words;
  bool blank = true;
  for (int i = 0; i < play->child.vt.rows * play->child.vt.cols; i++)
    if (strcmp(play->child.vt.cells[i].text, " ") != 0) blank = false;
  result(play, blank, "nothing was written to the terminal");
  if (!blank) show_screen(play);
}

/* -- reading the script -- */

static const struct move {
  const char *name;
  int words; /* at least */
  bool needs_program;
  void (*run)(struct play *play, char **words);
} steps[] = {
    {"size", 1, false, step_size},
    {"env", 1, false, step_env},
    {"file", 1, false, step_file},
    {"errors", 1, false, step_errors},
    {"start", 0, false, step_start},
    {"run", 1, false, step_run},
    {"keys", 1, true, step_keys},
    {"type", 2, true, step_type},
    {"keys-now", 1, true, step_keys_now},
    {"repeat", 2, true, step_repeat},
    {"click", 2, true, step_click},
    {"wheel", 3, true, step_wheel},
    {"resize", 1, true, step_resize},
    {"signal", 1, true, step_signal},
    {"signal-now", 1, true, step_signal_now},
    {"close", 0, true, step_close},
    {"screen", 1, true, step_screen},
    {"looks", 1, true, step_looks},
    {"text", 1, true, step_text},
    {"no-text", 1, true, step_no_text},
    {"no-colour", 0, true, step_no_colour},
    {"flash", 0, true, step_flash},
    {"first-frame", 0, true, step_first_frame},
    {"latency", 2, true, step_latency},
    {"ready", 0, true, step_prompt_return},
    {"expect-exit", 1, true, step_exit},
    {"expect-death", 1, true, step_dies},
    {"restored", 0, true, step_restored},
    {"blank", 0, true, step_blank},
    {"contents", 2, false, step_contents},
    {"one-message", 1, false, step_one_message},
    {"one-line", 1, false, step_one_line},
};

static void do_step(struct play *play, char *line) {
  char *words[MOST_WORDS + 1];
  if (*line == '|') {
    add_line(play, line + 1);
    return;
  }
  int count = split_words(line, words);
  if (count == 0) return;
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    if (strcmp(steps[i].name, words[0]) != 0) continue;
    if (count - 1 < steps[i].words) give_up(play, "this step needs more words");
    else if (steps[i].needs_program && !play->running) give_up(play, "nothing was started yet");
    else steps[i].run(play, words + 1);
    return;
  }
  give_up(play, "there is no such step");
}

/* -- a whole script -- */

static void final_cases(struct play *play) {
  stop(play);
  char *reports = scratch_reports(&play->scratch);
  if (reports) {
    result(play, false, "no report of a sanitizer");
    comment(reports);
  }
  free(reports);
}

static int run_script(const char *path, bool accept) {
  struct play play = {.path = path, .accept = accept, .rows = 24, .cols = 80, .utf8 = true};
  char *line = NULL, *copy = strdup(path);
  size_t capacity = 0;
  ssize_t length;
  FILE *file = fopen(path, "re");
  if (!file || !copy) {
    fprintf(stderr, "drive: cannot read %s\n", path);
    return 66;
  }
  snprintf(play.folder, sizeof play.folder, "%s", dirname(copy));
  const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
  snprintf(play.title, sizeof play.title, "%.*s", (int)strcspn(name, "."), name);
  char steps_at[sizeof play.folder + 8];
  scratch_init(&play.scratch);
  snprintf(steps_at, sizeof steps_at, "STEPS=%s", play.folder);
  scratch_setenv(&play.scratch, steps_at);
  if (accept) scratch_setenv(&play.scratch, "ACCEPT=yes");
  while (!play.failed_hard && (length = getline(&line, &capacity, file)) >= 0) {
    play.line++;
    if (length > 0 && line[length - 1] == '\n') line[length - 1] = '\0';
    do_step(&play, line);
  }
  final_cases(&play);
  printf("1..%d\n", play.cases);
  scratch_done(&play.scratch);
  free(play.error_file);
  free(play.written);
  free(line);
  free(copy);
  fclose(file);
  return 0;
}

int main(int argc, char **argv) {
  bool accept = argc > 1 && strcmp(argv[1], "--accept") == 0;
  bool more = argc > 1 && strcmp(argv[1], "--") == 0;
  int status = 0;
  if (!getenv("GRADWALK")) {
    fputs("drive: GRADWALK must name the program to test\n", stderr);
    return 64;
  }
  if (!setlocale(LC_CTYPE, "C.UTF-8")) setlocale(LC_CTYPE, "");
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc >= 4 && strcmp(argv[1], "--fuzz") == 0)
    return fuzz(atof(argv[2]), strtoul(argv[3], NULL, 10), argv + 4);
  for (int i = accept || more ? 2 : 1; i < argc && !status; i++)
    status = run_script(argv[i], accept);
  return status;
}
