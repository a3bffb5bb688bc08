#include "cli/cli.h"

#include "cli/lessons.h"
#include "cli/manual.h"
#include "session/keep.h"
#include "session/page.h"
#include "session/options.h"
#include "session/command.h"
#include "session/params.h"
#include "session/play.h"
#include "session/report_bugs.h"
#include "session/script.h"
#include "tui/action.h"
#include "tui/app.h"
#include "tui/keymap.h"
#include "config.h"
#include "core/clock.h"
#include "core/intl.h"
#include "io/loader.h"
#include "io/paths.h"
#include "lesson/lesson.h"

#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One call of the program. */
struct invocation {
  struct options options;
  const char *const *operands; /* after the verb */
  size_t operand_count;
  struct lesson lesson;
  struct model model;
  struct text out; /* printed as a whole at the end, or not at all */
  struct diag diag;
  bool reported; /* the diag has been printed */
  struct style style;
  struct keeper *keeper; /* of the reader's progress; NULL: nobody reads */
};

enum { EXIT_MISTAKE = 1, EXIT_UNDECIDED = 2 };

/* -- what the terminal can do -- */

static bool environment_set(const char *name) {
  const char *value = getenv(name);
  return value && *value;
}

static struct style choose_style(void) {
  const char *term = getenv("TERM");
  bool terminal = isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
  return (struct style){.colour = terminal && !environment_set("NO_COLOR"),
                        .unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0};
}

/* -- Ctrl-C and progress -- */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal) {
  (void)signal;
  interrupted = 1;
}

static void catch_interrupt(bool catch) {
  struct sigaction action = {.sa_handler = catch ? on_interrupt : SIG_DFL};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
}

/* A signal that asks a session to end, or 0. */
static volatile sig_atomic_t ending;

/* Closing standard input ends a read that has begun as well as one that is about to. */
static void on_ending(int signal) {
  ending = signal;
  interrupted = 1;
  close(STDIN_FILENO);
}

static void catch_endings(bool catch) {
  static const int signals[] = {SIGTERM, SIGHUP};
  struct sigaction action = {.sa_handler = catch ? on_ending : SIG_DFL};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    sigaction(signals[i], &action, NULL);
}

/* A bar on standard error for checks that take longer than a moment. */
struct progress_bar {
  double started, shown;
  bool drawn;
};

static void show_progress(void *context, size_t done, size_t total) {
  enum { WIDTH = 40 };
  struct progress_bar *progress = context;
  double now = seconds_now(), elapsed = now - progress->started;
  if (elapsed < 0.5 || now - progress->shown < 0.1) return;
  progress->shown = now;
  progress->drawn = true;
  int filled = (int)(WIDTH * done / total);
  char bar[WIDTH + 1] = "";
  memset(bar, '#', (size_t)filled);
  fprintf(stderr, _("\r\033[K[%-*s] %zu of %zu, %.0f a second, %.0f s left"), WIDTH, bar, done,
          total, (double)done / elapsed, (double)(total - done) * elapsed / (double)done);
}

static void clear_progress(const struct progress_bar *progress) {
  if (progress->drawn) fputs("\r\033[K", stderr);
}

/* -- printing -- */

/* Prints what was made; what cannot be written whole is an error, never a success. */
static int print_out(struct invocation *call) {
  if (call->out.failed) return (int)diag_no_memory(&call->diag);
  size_t length = call->out.length;
  if ((length > 0 && fwrite(call->out.bytes, 1, length, stdout) != length) || fflush(stdout) != 0)
    return (int)diag_set(&call->diag, STATUS_IO, (struct span){0}, _("cannot write: %s"),
                         strerror(errno));
  return 0;
}

static void print_diag(const struct diag *diag) {
  struct text text;
  text_init(&text);
  diag_render(diag, &text);
  fputs(text.failed ? "gradwalk: out of memory\n" : text_string(&text), stderr);
  text_done(&text);
}

/* -- a model from the command line -- */

static enum status open_lesson(struct invocation *call) {
  const struct options *options = &call->options;
  if (options->statements && call->operand_count == 0)
    return lesson_from_text(&call->lesson, "-e", options->statements, &call->diag);
  if (call->operand_count == 1 && !options->statements)
    return lesson_open(&call->lesson, call->operands[0], options->step, &call->diag);
  diag_set(&call->diag, STATUS_USAGE, (struct span){0}, "%s",
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
  for (size_t i = 0; !status && i < options->bugs.count; i++)
    status = bug_put(&call->model, "--bug", options->bugs.items[i], &call->diag);
  return status;
}

static enum status open_model(struct invocation *call) {
  enum status status = open_lesson(call);
  if (!status)
    status = model_build(&call->model, &call->lesson.source, &io_loader, &call->diag);
  return status ? status : edit_model(call);
}

/* -- verbs -- */

static int report_values(struct invocation *call) {
  const struct model *model = &call->model;
  struct run run;
  enum status status =
      run_init(&run, &model->program, &model->random, (enum precision)call->options.precision);
  if (status) return (int)diag_no_memory(&call->diag);
  run_code(&run, &model->program.forward, 0);
  run_code(&run, &model->program.backward, 0);
  if (call->options.json) status = report_eval_json(&call->out, model, &run);
  else report_eval(&call->out, model, &run, call->style);
  run_done(&run);
  return (int)(status ? diag_no_memory(&call->diag) : STATUS_OK);
}

static int verb_eval(struct invocation *call) {
  enum status status = open_model(call);
  return status ? (int)status : report_values(call);
}

static enum status run_check(struct invocation *call, struct check *check) {
  struct progress_bar progress = {.started = seconds_now()};
  struct check_options how = options_check(&call->options);
  how.cancel = &interrupted;
  if (isatty(STDERR_FILENO)) {
    how.progress = show_progress;
    how.progress_context = &progress;
  }
  catch_interrupt(true);
  enum status status = check_run(check, &call->model, &how, &call->diag);
  catch_interrupt(false);
  clear_progress(&progress);
  return status;
}

static int verdict_status(enum verdict verdict) {
  if (verdict == VERDICT_PASS) return 0;
  return verdict == VERDICT_FAIL ? EXIT_MISTAKE : EXIT_UNDECIDED;
}

static int report_verdict(struct invocation *call) {
  struct check check = {0};
  enum status status = run_check(call, &check);
  if (!status) status = report_survey(&check, &call->model, &call->diag);
  if (!status && call->options.json) {
    if (report_check_json(&call->out, &call->model, &check)) status = diag_no_memory(&call->diag);
  } else if (!status) {
    report_check(&call->out, &call->model, &check, call->style);
  }
  int result = status ? (int)status : verdict_status(check.verdict);
  check_done(&check);
  return result;
}

static int verb_check(struct invocation *call) {
  enum status status = open_model(call);
  return status ? (int)status : report_verdict(call);
}

static enum status report_detection(struct invocation *call) {
  struct matrix matrix;
  struct progress_bar progress = {.started = seconds_now()};
  struct matrix_options how = {.loader = &io_loader, .frozen = call->options.frozen,
                               .threads = call->options.threads, .cancel = &interrupted};
  if (isatty(STDERR_FILENO)) {
    how.progress = show_progress;
    how.progress_context = &progress;
  }
  catch_interrupt(true);
  enum status status = matrix_run(&matrix, &call->model, &how, &call->diag);
  catch_interrupt(false);
  clear_progress(&progress);
  if (!status && call->options.json) {
    if (report_matrix_json(&call->out, &matrix)) status = diag_no_memory(&call->diag);
  } else if (!status && call->options.csv) {
    report_matrix_csv(&call->out, &matrix);
  } else if (!status) {
    report_matrix(&call->out, &matrix);
  }
  matrix_done(&matrix);
  return status;
}

static int verb_bugs(struct invocation *call) {
  struct catalogue catalogue;
  enum status status = open_model(call);
  if (status) return (int)status;
  if (call->options.matrix) return (int)report_detection(call);
  status = catalogue_make(&catalogue, &call->model, &call->diag);
  if (!status && !call->options.json)
    report_catalogue(&call->out, &call->model, &catalogue, "");
  else if (!status && report_catalogue_json(&call->out, &call->model, &catalogue))
    status = diag_no_memory(&call->diag);
  catalogue_done(&catalogue);
  return (int)status;
}

/* -- training -- */

/* What a check says of the backward pass, before or after; RESULT becomes its exit status if that
 * is worse. */
static enum status check_again(struct invocation *call, const char *when, int *result,
                               const char **verdict) {
  struct check check = {0};
  enum status status = run_check(call, &check);
  if (!status) {
    *verdict = verdict_names[check.verdict];
    if (!call->options.json) {
      text_printf(&call->out, _(" check %s: "), when);
      report_check_verdict(&call->out, &check, call->style);
    }
    if (*result == 0) *result = verdict_status(check.verdict);
  }
  check_done(&check);
  return status;
}

static enum status run_training(struct invocation *call, struct training *training) {
  struct progress_bar progress = {.started = seconds_now()};
  struct train_options how = options_train(&call->options);
  how.cancel = &interrupted;
  if (isatty(STDERR_FILENO)) {
    how.progress = show_progress;
    how.progress_context = &progress;
  }
  enum status status = train_init(training, &call->lesson.source, &call->model, &how, &io_library,
                                  &call->diag);
  catch_interrupt(true);
  if (!status) status = train_run(training, &call->diag);
  catch_interrupt(false);
  interrupted = 0;
  clear_progress(&progress);
  return status;
}

/* A stop keeps what was learnt, so it is no failure. */
static int verb_train(struct invocation *call) {
  const struct options *options = &call->options;
  struct training training = {0};
  const char *before = NULL, *after = NULL;
  int result = 0;
  enum status status = open_model(call);
  if (!status && options->load) status = params_load(&call->model, options->load, &call->diag);
  if (!status && options->check) status = check_again(call, _("before"), &result, &before);
  if (!status) status = run_training(call, &training);
  if (!status) {
    train_give_params(&training, &call->model);
    if (!options->json) report_train(&call->out, &training);
  }
  if (training.diverged) result = EXIT_MISTAKE;
  if (!status && options->save) status = params_save(&call->model, options->save, &call->diag);
  if (!status && options->check) status = check_again(call, _("after"), &result, &after);
  if (!status && options->json && report_train_json(&call->out, &training, before, after))
    status = diag_no_memory(&call->diag);
  train_done(&training);
  return status ? (int)status : result;
}

/* -- sessions in plain lines -- */

/* One command line, number NUMBER of SCRIPT if that is not NULL; what it says is printed at
 * once. */
static enum status do_line(struct invocation *call, struct session *session, const char *line,
                           const char *script, uint32_t number) {
  call->out.length = 0;
  catch_interrupt(true);
  enum status status = command_do(session, line, &call->out, &call->diag);
  catch_interrupt(false);
  interrupted = 0;
  if (status && script && status != STATUS_NO_MEMORY)
    command_blame(&call->diag, script, number, line);
  int printed = status ? 0 : print_out(call);
  if (!status && call->keeper && keeper_note(call->keeper, session, &call->diag))
    print_diag(&call->diag);
  call->out.length = 0;
  return printed ? (enum status)printed : status;
}

/* Goes on by itself until somebody types. */
static enum status autoplay(struct invocation *call, struct session *session) {
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  double seconds = call->options.autoplay;
  int wait = seconds < 1e6 ? (int)(seconds * 1000) + 1 : 1000000000;
  enum status status = STATUS_OK;
  const char *line;
  while (!status && seconds > 0 && !ending && (line = page_autoplay(session)) &&
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
  while (!status && !session->quitting && !ending) {
    if (interactive && isatty(STDIN_FILENO)) fputs("> ", stdout), fflush(stdout);
    errno = 0;
    if (getline(&line, &capacity, file) < 0) {
      if (!ending && (ferror(file) || errno == ENOMEM))
        status = diag_set(&call->diag, errno == ENOMEM ? STATUS_NO_MEMORY : STATUS_IO,
                          (struct span){0}, _("cannot read: %s"), strerror(errno));
      break;
    }
    status = do_line(call, session, line, script, ++number);
    if (status && interactive && status < STATUS_INTERNAL) {
      print_diag(&call->diag);
      call->reported = true;
      if (!first_mistake && !isatty(STDIN_FILENO)) first_mistake = status;
      status = STATUS_OK;
    }
  }
  free(line);
  call->reported = status == STATUS_OK;
  if (status) return (int)status;
  if (first_mistake) return (int)first_mistake;
  return session->has_check && !interactive ? verdict_status(session->check.verdict) : 0;
}

static void start_session(struct invocation *call, struct session *session) {
  session_init(session);
  session->style = call->style;
  session->cancel = &interrupted;
}

static int verb_run(struct invocation *call) {
  struct session session;
  if (call->operand_count != 1)
    return (int)diag_set(&call->diag, STATUS_USAGE, (struct span){0}, "%s",
                         _("run takes one script, or - for standard input"));
  bool standard = strcmp(call->operands[0], "-") == 0;
  FILE *file = standard ? stdin : fopen(call->operands[0], "re");
  if (!file)
    return (int)diag_set(&call->diag, STATUS_NO_INPUT, (struct span){0}, "%s: %s",
                         call->operands[0], strerror(errno));
  start_session(call, &session);
  int result = run_lines(call, &session, file, call->operands[0]);
  session_done(&session);
  if (!standard) fclose(file);
  return result;
}

/* A session that a signal cuts off is kept, and then the signal takes its course. */
static void end_by_signal(struct invocation *call, const struct session *session) {
  int signal = ending;
  if (script_keep(session, &call->diag)) print_diag(&call->diag);
  catch_endings(false);
  raise(signal);
}

/* A session that begins with the commands FIRST, a line each; with a record of the hunt among them
 * if one was asked for. */
static int plain_session(struct invocation *call, struct text *first) {
  struct session session;
  struct keeper keeper = {0};
  enum status status = first->failed ? diag_no_memory(&call->diag) : STATUS_OK;
  start_session(call, &session);
  catch_endings(true);
  if (!status && isatty(STDIN_FILENO)) {
    script_tell_kept(&call->out);
    status = (enum status)print_out(call);
  }
  call->keeper = &keeper;
  for (char *rest = first->bytes, *line; !status && rest && (line = strsep(&rest, "\n"));)
    status = do_line(call, &session, line, NULL, 0);
  if (!status && call->options.record)
    status = play_record(&session, call->options.record, &call->diag);
  if (!status && session.is_open && !session.examiner && lesson_steps(&session.lesson) > 0)
    status = do_line(call, &session, "page", NULL, 0);
  if (!status) status = autoplay(call, &session);
  int result = status ? (int)status : run_lines(call, &session, stdin, NULL);
  call->keeper = NULL;
  keeper_done(&keeper);
  if (ending) end_by_signal(call, &session);
  catch_endings(false);
  session_done(&session);
  return result;
}

static const char *nearest_verb(const char *wrong);

/* A first word that is neither a lesson nor a file may be a misspelt verb. */
static int check_first_word(struct invocation *call) {
  enum status status = open_lesson(call);
  const char *verb = status ? nearest_verb(call->operands[0]) : NULL;
  if (verb) {
    diag_set(&call->diag, status, (struct span){0}, _("\"%s\" is neither a verb nor a lesson"),
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
                            .autoplay = call->options.autoplay};
  int signal = 0;
  if (first->failed) return (int)diag_no_memory(&call->diag);
  int result = (int)app_run(&start, &options, &signal, &call->diag);
  if (signal && result) print_diag(&call->diag);
  if (signal) raise(signal);
  return result;
}

static int verb_walk(struct invocation *call) {
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

static int verb_hunt(struct invocation *call) {
  const struct options *options = &call->options;
  struct text first;
  if (call->operand_count != 1)
    return (int)diag_set(&call->diag, STATUS_USAGE, (struct span){0}, "%s",
                         _("hunt takes one lesson or model"));
  text_init(&first);
  text_printf(&first, "open %s\n", call->operands[0]);
  if (options->step > 0) text_printf(&first, "step %d\n", options->step);
  if (options->frozen) text_puts(&first, "freeze on\n");
  text_printf(&first, "hunt seed=%d level=%d bugs=%d", options->seed > 0 ? options->seed : 0,
              options->level > 0 ? options->level : 1,
              options->bug_count > 0 ? options->bug_count : 1);
  int result = options->plain ? STATUS_NO_TERMINAL : explore(call, &first, true);
  if (result == STATUS_NO_TERMINAL) result = plain_session(call, &first);
  text_done(&first);
  return result;
}

static void put_grade(struct text *out, const char *file, const struct grade *grade, bool csv) {
  if (csv) {
    text_printf(out, "\"%s\",\"%s\",%u,%d,%zu,%zu,%u,%u,%u,%u,%.0f,%u\n", file,
                text_string(&grade->lesson), grade->seed, grade->level, grade->bugs, grade->found,
                grade->checks, grade->looks, grade->hints, grade->wrong, grade->seconds,
                grade->score);
    return;
  }
  size_t start = out->length;
  text_put_safe(out, file, strlen(file));
  text_pad(out, text_columns(out->bytes + start, out->length - start), 28);
  text_printf(out, " %6u %5d %3zu/%zu %6u %5u %5u %5u %6.0f %6u%s\n", grade->seed, grade->level,
              grade->found, grade->bugs, grade->checks, grade->looks, grade->hints, grade->wrong,
              grade->seconds, grade->score, grade->over ? "" : _("  not finished"));
  const char *remark = text_string(&grade->remarks);
  while (*remark) {
    size_t length = strcspn(remark, "\n");
    text_printf(out, "    %.*s\n", (int)length, remark);
    remark += length + (remark[length] == '\n');
  }
}

/* Grades all that can be graded; the first trouble is the exit status. */
static int verb_grade(struct invocation *call) {
  enum status first = STATUS_OK;
  struct diag diag;
  if (call->operand_count == 0)
    return (int)diag_set(&call->diag, STATUS_USAGE, (struct span){0}, "%s",
                         _("grade takes records of hunts"));
  if (call->options.csv)
    text_puts(&call->out, "record,lesson,seed,level,bugs,found,checks,looks,hints,wrong,seconds,"
                          "score\n");
  else
    text_printf(&call->out, "%-28s %6s %5s %5s %6s %5s %5s %5s %6s %6s\n", _("record"), _("seed"),
                _("level"), _("found"), _("checks"), _("looks"), _("hints"), _("wrong"),
                _("seconds"), _("score"));
  for (size_t i = 0; i < call->operand_count; i++) {
    struct grade grade;
    enum status status = grade_record(call->operands[i], &grade, &diag);
    if (!status) put_grade(&call->out, call->operands[i], &grade, call->options.csv);
    else print_diag(&diag);
    if (status && !first) first = status;
    grade_done(&grade);
  }
  int printed = print_out(call);
  call->out.length = 0;
  call->reported = first != STATUS_OK;
  return printed ? printed : (int)first;
}

/* -- lessons -- */

static int verb_list(struct invocation *call) {
  return (int)lessons_list(call->options.json, &call->out, &call->diag);
}

static int verb_test(struct invocation *call) {
  struct text errors;
  if (call->operand_count == 0)
    return (int)diag_set(&call->diag, STATUS_USAGE, (struct span){0}, "%s",
                         _("test takes lessons: numbers, names or paths"));
  text_init(&errors);
  int result = lessons_test(call->operands, call->operand_count, call->options.json, &call->out,
                            &errors, &call->diag);
  call->reported = errors.length > 0;
  fputs(text_string(&errors), stderr);
  text_done(&errors);
  return result;
}

static int verb_new(struct invocation *call) {
  if (call->operand_count == 1)
    return (int)lessons_new(call->operands[0], &call->out, &call->diag);
  return (int)diag_set(&call->diag, STATUS_USAGE, (struct span){0}, "%s",
                       _("new takes the name of a lesson"));
}

static int verb_help(struct invocation *call);

static const struct {
  enum verb verb;
  const char *name; /* NULL: no verb on the command line */
  int (*run)(struct invocation *call);
  const char *usage, *help;
} verbs[] = {
    {VERB_WALK, NULL, verb_walk, "[LESSON]",
     "the explorer; without LESSON it starts at the list of lessons"},
    {VERB_LIST, "list", verb_list, "", "the lessons"},
    {VERB_EVAL, "eval", verb_eval, "FILE | -e STATEMENTS", "every node's value and gradient"},
    {VERB_CHECK, "check", verb_check, "FILE | -e STATEMENTS",
     "the backward pass against the numerical gradient"},
    {VERB_BUGS, "bugs", verb_bugs, "FILE | -e STATEMENTS",
     "the mutants of a model, and which checks catch which"},
    {VERB_HUNT, "hunt", verb_hunt, "FILE", "a hidden bug to find"},
    {VERB_GRADE, "grade", verb_grade, "RECORD…", "score the records of hunts"},
    {VERB_TRAIN, "train", verb_train, "FILE | -e STATEMENTS",
     "gradient descent along the backward pass, with batches where there is more data"},
    {VERB_RUN, "run", verb_run, "SCRIPT", "commands from a file, or from standard input (-)"},
    {VERB_TEST, "test", verb_test, "FILE...", "prove lessons: figures, bugs and answers"},
    {VERB_NEW, "new", verb_new, "NAME", "begin a lesson of your own, NAME.md"},
    {VERB_HELP, "help", verb_help, "[TOPIC]",
     "this text; or commands, keys, or one command"},
};

enum { VERB_COUNT = sizeof verbs / sizeof *verbs };

static void help_verbs(struct text *out) {
  text_puts(out, _("gradwalk: walk a computation node by node, forward and backward, and check its "
                   "gradient\n\n"));
  for (size_t i = 0; i < VERB_COUNT; i++) {
    size_t start = out->length;
    text_printf(out, "  gradwalk %s%s%s", verbs[i].name ? verbs[i].name : "",
                verbs[i].name && *verbs[i].usage ? " " : "", verbs[i].usage);
    text_pad(out, (int)(out->length - start), 38);
    text_printf(out, " %s\n", verbs[i].help);
    options_help(out, verbs[i].verb);
  }
  text_puts(out, _("\nFILE is a lesson's number, name or path, a model (.gw), or - for standard "
                   "input.\nExit status: 0 pass, 1 a mistake was found, 2 undecided, 64 and up "
                   "trouble.\n"));
}

static enum status help_keys(struct text *out, struct diag *diag) {
  struct keymap keymap;
  enum status status = keymap_defaults(&keymap, diag);
  if (!status) keymap_help(&keymap, out);
  keymap_done(&keymap);
  return status;
}

/* The manual's lists, for tests/cli/run-manual. */
static enum status help_manual(struct text *out, struct diag *diag) {
  struct verb_name names[VERB_COUNT + 1];
  size_t count = 0;
  for (size_t i = 0; i < VERB_COUNT; i++)
    names[count++] = (struct verb_name){verbs[i].verb, verbs[i].name ? verbs[i].name : "explorer"};
  names[count++] = (struct verb_name){VERB_SWEEP, "sweep"};
  return manual_lists(out, names, count, diag);
}

/* What the session's own command "help" knows: all of its commands, or one. */
static enum status help_command(const char *topic, struct text *out, struct diag *diag) {
  struct session session;
  struct text line;
  session_init(&session);
  text_init(&line);
  text_printf(&line, "help %s", strcmp(topic, "commands") == 0 ? "" : topic);
  enum status status = line.failed ? diag_no_memory(diag)
                                   : command_do(&session, text_string(&line), out, diag);
  if (!status && strcmp(topic, "commands") == 0) action_help(out);
  text_done(&line);
  session_done(&session);
  return status;
}

static int verb_help(struct invocation *call) {
  const char *topic = call->operand_count > 0 ? call->operands[0] : NULL;
  if (!topic) return help_verbs(&call->out), STATUS_OK;
  if (call->operand_count > 1)
    return (int)diag_set(&call->diag, STATUS_USAGE, (struct span){0}, "%s",
                         _("help takes one topic"));
  if (strcmp(topic, "keys") == 0) return (int)help_keys(&call->out, &call->diag);
  if (strcmp(topic, "manual") == 0) return (int)help_manual(&call->out, &call->diag);
  return (int)help_command(topic, &call->out, &call->diag);
}

/* -- the program -- */

static const char *nearest_verb(const char *wrong) {
  const char *best = NULL;
  for (size_t i = 0; i < VERB_COUNT; i++) {
    best = suggest_nearer(wrong, best, verbs[i].name);
  }
  return best;
}

static size_t find_verb(int argc, char **argv) {
  if (argc < 2) return 0;
  for (size_t i = 0; i < VERB_COUNT; i++)
    if (verbs[i].name && strcmp(argv[1], verbs[i].name) == 0) return i;
  return 0;
}

static int run_verb(struct invocation *call, int argc, char **argv) {
  size_t verb = find_verb(argc, argv);
  int first, shift = verbs[verb].name ? 1 : 0;
  enum status status = options_parse(&call->options, verbs[verb].verb, argc - shift, argv + shift,
                                     &first, &call->diag);
  if (status) return (int)status;
  call->operands = (const char *const *)argv + shift + first;
  call->operand_count = (size_t)(argc - shift - first);
  if (call->operand_count > 0 && !*verbs[verb].usage)
    return (int)diag_set(&call->diag, STATUS_USAGE, (struct span){0}, _("%s takes no \"%s\""),
                         verbs[verb].name, call->operands[0]);
  return verbs[verb].run(call);
}

/* "--version" where a verb could stand, "--help" anywhere. */
static bool standard_option(struct invocation *call, int argc, char **argv) {
  bool help = false;
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
    help = help || strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
  if (argc > 1 && strcmp(argv[1], "--version") == 0)
    text_printf(&call->out, "gradwalk %s\n%s\n", PACKAGE_VERSION,
                _("GPL-3.0-or-later; there is no warranty."));
  else if (help)
    help_verbs(&call->out);
  else
    return false;
  return true;
}

int cli_run(int argc, char **argv) {
  struct invocation call = {.style = choose_style(), .model = {.loss = -1}};
  int result = standard_option(&call, argc, argv) ? 0 : run_verb(&call, argc, argv);
  if (result < STATUS_USAGE || call.reported) {
    int printed = print_out(&call);
    if (printed) result = printed;
  }
  if (result >= STATUS_USAGE && !call.reported) print_diag(&call.diag);
  text_done(&call.out);
  model_done(&call.model);
  lesson_done(&call.lesson);
  options_done(&call.options);
  if (result == STATUS_CANCELLED) raise(SIGINT);
  return result;
}
