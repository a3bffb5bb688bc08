/* Verbs that hold a session: run, the explorer and its plain twin, hunt. */
#include "cli/invocation.h"

#include "command/command.h"
#include "command/script.h"
#include "core/intl.h"
#include "game/game.h"
#include "reader/page.h"
#include "tui/app.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- sessions in plain lines -- */

/* The question that is open, or -1, and its page. */
struct place {
  int page, question;
};

static struct place place_of(const struct session *session) {
  bool asks = session_is_open(session) && !session->examiner;
  return (struct place){asks ? session->now.page : -1, asks ? page_question(session) : -1};
}

/* Where a question is over, the text goes on as it does on the explorer's page. */
static void go_on_reading(struct session *session, struct place before, struct lines *out) {
  struct place now = place_of(session);
  if (before.question < 0 || now.page != before.page || now.question == before.question) return;
  if (session->now.quizzes[before.question].state == QUIZ_OPEN) return; /* undone */
  text_puts(&out->text, "\n");
  page_text_after(session, before.question, out);
}

/* One command line, number NUMBER of SCRIPT if that is not NULL; what it says is printed at
 * once. */
static enum status do_line(struct invocation *call, struct session *session, const char *line,
                           const char *script, uint32_t number) {
  const struct place before = place_of(session);
  lines_clear(&call->out);
  call_catch_interrupt(true);
  struct source text = source_from(script ? script : "", line, strlen(line));
  text.first_line = number;
  enum status status = script
                           ? command_do_at(session, source_span(&text), &call->out, &call->diag)
                           : command_do(session, line, &call->out, &call->diag);
  call_catch_interrupt(false);
  call_interrupted = 0;
  if (!status && !script) go_on_reading(session, before, &call->out);
  int printed = status ? 0 : call_print(call);
  if (!status && call->progress_writer &&
      progress_write(call->progress_writer, session, &call->diag))
    call_print_diag(&call->diag);
  lines_clear(&call->out);
  return printed ? (enum status)printed : status;
}

/* Goes on by itself until somebody types. */
static enum status autoplay(struct invocation *call, struct session *session) {
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  double seconds = call->options.autoplay;
  int wait = seconds < 1e6 ? (int)(seconds * 1000) + 1 : 1000000000;
  enum status status = STATUS_OK;
  const char *line;
  while (!status && seconds > 0 && !call_ending && (line = page_autoplay(session)) &&
         poll(&input, 1, wait) == 0)
    status = do_line(call, session, line, NULL, 0);
  return status;
}

/* Commands from FILE until its end or "quit". In a SCRIPT, so called, a mistake is the end; without
 * a name it is reported and the session goes on, and where nobody sat at a terminal the first one
 * is the exit status. */
static int run_lines(struct invocation *call, struct session *session, FILE *file,
                     const char *script) {
  char *line = NULL;
  size_t capacity = 0;
  uint32_t number = 0;
  bool interactive = !script;
  enum status status = STATUS_OK, first_mistake = STATUS_OK;
  while (!status && !session->quitting && !call_ending) {
    if (interactive && isatty(STDIN_FILENO)) fputs("> ", stdout), fflush(stdout);
    errno = 0;
    if (getline(&line, &capacity, file) < 0) {
      if (!call_ending && (ferror(file) || errno == ENOMEM))
        status = diag_set(&call->diag, errno == ENOMEM ? STATUS_NO_MEMORY : STATUS_IO,
                          SPAN_NONE, _("cannot read: %s"), strerror(errno));
      break;
    }
    status = do_line(call, session, line, script, ++number);
    if (status && interactive && status < STATUS_INTERNAL) {
      call_print_diag(&call->diag);
      call->reported = true;
      if (!first_mistake && !isatty(STDIN_FILENO)) first_mistake = status;
      status = STATUS_OK;
    }
  }
  free(line);
  call->reported = status == STATUS_OK;
  if (status) return (int)status;
  if (first_mistake) return (int)first_mistake;
  return session->now.at.check && !interactive ? call_verdict_status(session->now.at.check->verdict)
                                               : 0;
}

static void start_session(struct invocation *call, struct session *session) {
  session_init(session, &command_interpreter);
  session->style = call->style;
  session->cancel = &call_interrupted;
  session->edition = call->options.edition;
}

int verb_run(struct invocation *call) {
  struct session session;
  if (call->operand_count != 1)
    return (int)diag_set(&call->diag, STATUS_USAGE, SPAN_NONE, "%s",
                         _("run takes one script, or - for standard input"));
  bool standard = strcmp(call->operands[0], "-") == 0;
  FILE *file = standard ? stdin : fopen(call->operands[0], "re");
  if (!file)
    return (int)diag_set(&call->diag, STATUS_NO_INPUT, SPAN_NONE, "%s: %s",
                         call->operands[0], strerror(errno));
  start_session(call, &session);
  int result = run_lines(call, &session, file, call->operands[0]);
  session_done(&session);
  if (!standard) fclose(file);
  return result;
}

/* A session that a signal cuts off is kept, and then the signal takes its course. */
static void end_by_signal(struct invocation *call, const struct session *session) {
  int signal = call_ending;
  if (script_keep(session, &call->diag)) call_print_diag(&call->diag);
  call_catch_endings(false);
  raise(signal);
}

/* A session that begins with the commands FIRST, a line each; with a record of the hunt among them
 * if one was asked for. */
static int plain_session(struct invocation *call, struct text *first) {
  struct session session;
  struct progress_writer writer = {0};
  enum status status = first->failed ? diag_no_memory(&call->diag) : STATUS_OK;
  if (call->options.trace)
    return (int)diag_set(&call->diag, STATUS_USAGE, SPAN_NONE, "%s",
                         _("--trace logs the keys of the explorer, and a plain session has none"));
  start_session(call, &session);
  call_catch_endings(true);
  if (!status && isatty(STDIN_FILENO)) {
    script_tell_kept(&call->out.text);
    status = (enum status)call_print(call);
  }
  call->progress_writer = &writer;
  for (char *rest = first->bytes, *line; !status && rest && (line = strsep(&rest, "\n"));)
    status = do_line(call, &session, line, NULL, 0);
  if (!status && call->options.record)
    status = play_record(&session, call->options.record, &call->diag);
  if (!status && session_is_open(&session) && !session.examiner &&
      lesson_last_page(session.now.lesson) > 0)
    status = do_line(call, &session, "page", NULL, 0);
  if (!status) status = autoplay(call, &session);
  int result = status ? (int)status : run_lines(call, &session, stdin, NULL);
  call->progress_writer = NULL;
  progress_writer_done(&writer);
  if (call_ending) end_by_signal(call, &session);
  call_catch_endings(false);
  session_done(&session);
  return result;
}

/* A first word that is neither a lesson nor a file may be a misspelt verb. */
static int check_first_word(struct invocation *call) {
  enum status status = call_open_lesson(call);
  const char *verb = status ? call_nearest_verb(call->operands[0]) : NULL;
  if (verb) {
    diag_set(&call->diag, status, SPAN_NONE, _("\"%s\" is neither a verb nor a lesson"),
             call->operands[0]);
    diag_hint(&call->diag, _("did you mean %s?"), verb);
  }
  lesson_done(&call->lesson);
  call->lesson = (struct lesson){0};
  return (int)status;
}

/* The explorer, which begins with the commands FIRST. */
static int explore(struct invocation *call, const struct text *first, bool hunt) {
  struct term_options options = {.ascii = call->options.ascii,
                                 .no_mouse = call->options.no_mouse};
  struct app_start start = {.lines = text_string(first), .hunt = hunt,
                            .record = call->options.record,
                            .trace = call->options.trace,
                            .edition = call->options.edition,
                            .autoplay = call->options.autoplay};
  int signal = 0;
  if (first->failed) return (int)diag_no_memory(&call->diag);
  int result = (int)app_run(&start, &options, &signal, &call->diag);
  if (signal && result) call_print_diag(&call->diag);
  if (signal) raise(signal);
  return result;
}

int verb_walk(struct invocation *call) {
  int result = 0;
  if (call->operand_count > 0 && (result = check_first_word(call))) return result;
  struct text first;
  text_init(&first);
  if (call->operand_count > 0) text_printf(&first, "open %s", call->operands[0]);
  result = call->options.plain ? plain_session(call, &first) : explore(call, &first, false);
  text_done(&first);
  return result;
}

/* -- hunts -- */

int verb_hunt(struct invocation *call) {
  const struct options *options = &call->options;
  struct text first;
  if (call->operand_count != 1)
    return (int)diag_set(&call->diag, STATUS_USAGE, SPAN_NONE, "%s",
                         _("hunt takes one lesson or model"));
  text_init(&first);
  text_printf(&first, "open %s\n", call->operands[0]);
  if (options->page > 0) text_printf(&first, "page %d\n", options->page);
  if (options->frozen) text_puts(&first, "freeze on\n");
  text_printf(&first, "hunt seed=%d level=%d bugs=%d", options->seed > 0 ? options->seed : 0,
              options->level > 0 ? options->level : 1,
              options->bug_count > 0 ? options->bug_count : 1);
  if (options->edition > 0) text_printf(&first, " edition=%d", options->edition);
  int result = options->plain ? STATUS_NO_TERMINAL : explore(call, &first, true);
  if (result == STATUS_NO_TERMINAL) result = plain_session(call, &first);
  text_done(&first);
  return result;
}
