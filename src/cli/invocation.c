#include "cli/invocation.h"

#include "bug/catalogue.h"
#include "core/clock.h"
#include "core/intl.h"
#include "io/loader.h"
#include "lesson/open.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* -- Ctrl-C and progress -- */

volatile sig_atomic_t call_interrupted;

static void on_interrupt(int signal) {
  (void)signal;
  call_interrupted = 1;
}

void call_catch_interrupt(bool catch) {
  struct sigaction action = {.sa_handler = catch ? on_interrupt : SIG_DFL};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
}

/* A signal that asks a session to end, or 0. */
volatile sig_atomic_t call_ending;

/* Closing standard input ends a read that has begun as well as one that is about to. */
static void on_ending(int signal) {
  call_ending = signal;
  call_interrupted = 1;
  close(STDIN_FILENO);
}

void call_catch_endings(bool catch) {
  static const int signals[] = {SIGTERM, SIGHUP};
  struct sigaction action = {.sa_handler = catch ? on_ending : SIG_DFL};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    sigaction(signals[i], &action, NULL);
}

static int terminal_columns(void) {
  enum { USUAL = 80 };
  struct winsize size;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : USUAL;
}

/* The rate is that since the first call, as what came before has another one; at the end there is
 * none. */
static void put_count(const struct progress_bar *progress, size_t done, size_t total,
                      double elapsed, struct text *out) {
  const double rate = (double)(done - progress->first) / elapsed;
  if (done < total && rate > 0)
    text_printf(out, _("%zu of %zu, %.0f a second, %.0f s left"), done, total, rate,
                (double)(total - done) / rate);
  else
    text_printf(out, _("%zu of %zu"), done, total);
}

/* In one row of the terminal, whose last column stays free: with as long a bar as there is room
 * for. */
static void show_progress(void *context, size_t done, size_t total) {
  enum { LONGEST = 40, AROUND = 4 };
  struct progress_bar *progress = context;
  const double now = seconds_now();
  if (progress->started <= 0) progress->started = now, progress->first = done;
  const double elapsed = now - progress->started;
  if (elapsed < 0.5 || now - progress->shown < 0.1) return;
  progress->shown = now;
  progress->drawn = true;
  struct text count;
  text_init(&count);
  put_count(progress, done, total, elapsed, &count);
  const int columns = terminal_columns(), rest = columns - AROUND - (int)count.length;
  const int width = rest < 0 ? 0 : rest > LONGEST ? LONGEST : rest;
  const int filled = (int)((double)width * (double)done / (double)total);
  fputs("\r\033[K", stderr);
  if (width > 0) fprintf(stderr, "[%.*s%*s] ", filled, "########################################",
                         width - filled, "");
  fprintf(stderr, "%.*s", columns - 1, text_string(&count));
  text_done(&count);
}

call_progress *call_bar(void) {
  return isatty(STDERR_FILENO) ? show_progress : NULL;
}

void call_clear_progress(const struct progress_bar *progress) {
  if (progress->drawn) fputs("\r\033[K", stderr);
}

/* -- printing -- */

static enum status print_text(const struct text *text, struct diag *diag) {
  const size_t length = text->length;
  if (text->failed) return diag_no_memory(diag);
  if ((length > 0 && fwrite(text->bytes, 1, length, stdout) != length) || fflush(stdout) != 0)
    return diag_set(diag, STATUS_IO, SPAN_NONE, _("cannot write: %s"), strerror(errno));
  return STATUS_OK;
}

int call_print(struct invocation *call) {
  struct text coloured;
  if (!call->colour) return (int)print_text(&call->out.text, &call->diag);
  text_init(&coloured);
  lines_print(&call->out, true, &coloured);
  enum status status = print_text(&coloured, &call->diag);
  text_done(&coloured);
  return (int)status;
}

void call_print_diag(const struct diag *diag) {
  struct text text;
  text_init(&text);
  diag_render(diag, &text);
  fputs(text.failed ? "gradwalk: out of memory\n" : text_string(&text), stderr);
  text_done(&text);
}

/* -- a model from the command line -- */

enum status call_open_lesson(struct invocation *call) {
  const struct options *options = &call->options;
  if (options->statements && call->operand_count == 0)
    return lesson_from_text(&call->lesson, "-e", options->statements, &call->diag);
  if (call->operand_count == 1 && !options->statements)
    return lesson_open(&call->lesson, call->operands[0], options->page, &call->diag);
  diag_set(&call->diag, STATUS_USAGE, SPAN_NONE, "%s",
           _("this verb takes one model: a lesson, a file, or -e STATEMENTS"));
  diag_hint(&call->diag, "%s", _("\"gradwalk list\" shows the lessons"));
  return STATUS_USAGE;
}

/* The folding and the bugs that the options ask for. */
static enum status edit_model(struct invocation *call) {
  const struct options *options = &call->options;
  enum status status = STATUS_OK;
  for (size_t i = 0; !status && i < options->unfolds.count; i++) {
    const char *name = options->unfolds.items[i];
    bool all = strcmp(name, "all") == 0;
    status = model_fold(&call->model, all ? NULL : name, false, &call->diag);
  }
  for (size_t i = 0; !status && i < options->bugs.count; i++) {
    const char *bug = options->bugs.items[i];
    const struct source text = source_from("--bug", bug, strlen(bug));
    status = bug_put(&call->model, &text, &call->diag);
  }
  return status;
}

enum status call_open_model(struct invocation *call) {
  enum status status = call_open_lesson(call);
  if (!status)
    status = model_build(&call->model, &call->lesson.source, &io_loader, &call->diag);
  return status ? status : edit_model(call);
}

int call_verdict_status(enum verdict verdict) {
  if (verdict == VERDICT_PASS) return 0;
  return verdict == VERDICT_FAIL ? EXIT_MISTAKE : EXIT_UNDECIDED;
}
