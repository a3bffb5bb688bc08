#include "cli/cli.h"

#include "cli/invocation.h"
#include "cli/lessons.h"
#include "cli/manual.h"
#include "command/command.h"
#include "config.h"
#include "core/intl.h"
#include "game/grade.h"
#include "lesson/lesson.h"
#include "tui/action.h"
#include "tui/keymap.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* -- what the terminal can do -- */

static bool environment_set(const char *name) {
  const char *value = getenv(name);
  return value && *value;
}

static bool may_colour(void) {
  const char *term = getenv("TERM");
  bool terminal = isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
  return terminal && !environment_set("NO_COLOR");
}

static struct style choose_style(void) {
  return (struct style){.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0};
}

/* -- hunts -- */

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
    return (int)diag_set(&call->diag, STATUS_USAGE, SPAN_NONE, "%s",
                         _("grade takes records of hunts"));
  struct text *out = &call->out.text;
  if (call->options.csv)
    text_puts(out, "record,lesson,seed,level,bugs,found,checks,looks,hints,wrong,seconds,score\n");
  else
    text_printf(out, "%-28s %6s %5s %5s %6s %5s %5s %5s %6s %6s\n", _("record"), _("seed"),
                _("level"), _("found"), _("checks"), _("looks"), _("hints"), _("wrong"),
                _("seconds"), _("score"));
  for (size_t i = 0; i < call->operand_count; i++) {
    struct grade grade;
    enum status status = grade_record(call->operands[i], &command_interpreter, &grade, &diag);
    if (!status) put_grade(out, call->operands[i], &grade, call->options.csv);
    else call_print_diag(&diag);
    if (status && !first) first = status;
    grade_done(&grade);
  }
  int printed = call_print(call);
  lines_clear(&call->out);
  call->reported = first != STATUS_OK;
  return printed ? printed : (int)first;
}

/* -- lessons -- */

static int verb_list(struct invocation *call) {
  return (int)lessons_list(call->options.json, &call->out.text, &call->diag);
}

static int verb_test(struct invocation *call) {
  struct text errors;
  if (call->operand_count == 0)
    return (int)diag_set(&call->diag, STATUS_USAGE, SPAN_NONE, "%s",
                         _("test takes lessons: numbers, names or paths"));
  text_init(&errors);
  int result = lessons_test(call->operands, call->operand_count, call->options.json,
                            &call->out.text, &errors, &call->diag);
  call->reported = errors.length > 0;
  fputs(text_string(&errors), stderr);
  text_done(&errors);
  return result;
}

static int verb_new(struct invocation *call) {
  if (call->operand_count == 1)
    return (int)lessons_new(call->operands[0], &call->out.text, &call->diag);
  return (int)diag_set(&call->diag, STATUS_USAGE, SPAN_NONE, "%s",
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
    {VERB_TRACE, "trace", verb_trace, "FILE | -e STATEMENTS",
     "the program that a model runs: slots, instructions, and what a check computes anew"},
    {VERB_TRAIN, "train", verb_train, "FILE | -e STATEMENTS",
     "gradient descent along the backward pass, with batches where there is more data"},
    {VERB_RUN, "run", verb_run, "SCRIPT", "commands from a file, or from standard input (-)"},
    {VERB_TEST, "test", verb_test, "FILE...", "prove lessons: figures, bugs and answers"},
    {VERB_NEW, "new", verb_new, "NAME", "begin a lesson of your own, NAME.md"},
    {VERB_HELP, "help", verb_help, "[TOPIC]",
     "this text; or commands, keys, or one command, operation or gate"},
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
    text_printf(out, " %s\n", _(verbs[i].help));
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
  struct lines said;
  struct text line;
  lines_init(&said);
  session_init(&session, &command_interpreter);
  text_init(&line);
  text_printf(&line, "help %s", strcmp(topic, "commands") == 0 ? "" : topic);
  enum status status = line.failed ? diag_no_memory(diag)
                                   : command_do(&session, text_string(&line), &said, diag);
  text_puts(out, text_string(&said.text));
  out->failed = out->failed || said.text.failed;
  lines_done(&said);
  if (!status && strcmp(topic, "commands") == 0) action_help(out);
  text_done(&line);
  session_done(&session);
  return status;
}

static int verb_help(struct invocation *call) {
  const char *topic = call->operand_count > 0 ? call->operands[0] : NULL;
  if (!topic) return help_verbs(&call->out.text), STATUS_OK;
  if (call->operand_count > 1)
    return (int)diag_set(&call->diag, STATUS_USAGE, SPAN_NONE, "%s",
                         _("help takes one topic"));
  if (strcmp(topic, "keys") == 0) return (int)help_keys(&call->out.text, &call->diag);
  if (strcmp(topic, "manual") == 0) return (int)help_manual(&call->out.text, &call->diag);
  return (int)help_command(topic, &call->out.text, &call->diag);
}

/* -- the program -- */

const char *call_nearest_verb(const char *wrong) {
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
    return (int)diag_set(&call->diag, STATUS_USAGE, SPAN_NONE, _("%s takes no \"%s\""),
                         verbs[verb].name, call->operands[0]);
  return verbs[verb].run(call);
}

/* "--version" in the place of a verb, "--help" anywhere. */
static bool standard_option(struct invocation *call, int argc, char **argv) {
  bool help = false;
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
    help = help || strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
  if (argc > 1 && strcmp(argv[1], "--version") == 0)
    text_printf(&call->out.text, "gradwalk %s\n%s\n", PACKAGE_VERSION,
                _("GPL-3.0-or-later; there is no warranty."));
  else if (help)
    help_verbs(&call->out.text);
  else
    return false;
  return true;
}

int cli_run(int argc, char **argv) {
  struct invocation call = {.style = choose_style(), .colour = may_colour(), .model = {.loss = -1}};
  int result = standard_option(&call, argc, argv) ? 0 : run_verb(&call, argc, argv);
  if (result < STATUS_USAGE || call.reported) {
    int printed = call_print(&call);
    if (printed) result = printed;
  }
  if (result >= STATUS_USAGE && !call.reported) call_print_diag(&call.diag);
  lines_done(&call.out);
  model_done(&call.model);
  lesson_done(&call.lesson);
  options_done(&call.options);
  if (result == STATUS_CANCELLED) raise(SIGINT);
  return result;
}
