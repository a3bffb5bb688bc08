#include "command/command.h"

#include "command/script.h"
#include "core/intl.h"
#include "core/memory.h"
#include "explore/command_bug.h"
#include "explore/command_train.h"
#include "explore/evaluate.h"
#include "explore/explain.h"
#include "explore/export.h"
#include "explore/options.h"
#include "game/game.h"
#include "lang/parse.h"
#include "lang/shown.h"
#include "reader/page.h"
#include "report/report_bugs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct span nowhere = {0};

static enum status usage(struct diag *diag, const char *what) {
  return diag_set(diag, STATUS_USAGE, nowhere, "%s", what);
}

/* -- the walk -- */

static enum status tell_step(struct session *session, struct lines *out, struct diag *diag) {
  size_t position = session->position;
  if (position == 0) {
    text_puts(&out->text, _("at the start: only the leaves have values\n"));
    return STATUS_OK;
  }
  const struct step *step = &session->steps[position - 1];
  int node = step->node >= 0 ? step->node
                             : session->model.rules[step->first_rule].target_node;
  if (node >= 0) session->focus = model_visible(&session->model, node);
  text_printf(&out->text, _("step %zu of %zu, %s\n"), position, session->step_count,
              step->kind == STEP_FORWARD ? _("forward") : _("backward"));
  return explain_step(session, step, &out->text, diag);
}

static enum status go(struct session *session, size_t position, struct lines *out,
                      struct diag *diag) {
  session->unchanged = position == session->position;
  enum status status = session_go(session, position, diag);
  return status ? status : tell_step(session, out, diag);
}

static enum status do_open(struct session *session, const struct source *arguments, struct lines *out,
                           struct diag *diag) {
  if (!*arguments->text) return usage(diag, _("open what? a lesson's number or name, or a model's path"));
  struct lines found;
  lines_init(&found);
  enum status status = session_open(session, arguments->text, &found, diag);
  const struct text *title = &session->lesson.title;
  if (!status) {
    text_put_safe(&out->text, title->length > 0 ? title->bytes : arguments->text,
                  title->length > 0 ? title->length : strlen(arguments->text));
    text_printf(&out->text, _("\n%zu steps\n"), session->step_count);
    text_puts(&out->text, text_string(&found.text));
  }
  lines_done(&found);
  return status;
}

static enum status do_next(struct session *session, const struct source *arguments, struct lines *out,
                           struct diag *diag) {
  (void)arguments;
  if (session->position >= session->step_count) return usage(diag, _("this is the end of the walk"));
  return go(session, session->position + 1, out, diag);
}

static enum status do_prev(struct session *session, const struct source *arguments, struct lines *out,
                           struct diag *diag) {
  (void)arguments;
  if (session->position == 0) return usage(diag, _("this is the start of the walk"));
  return go(session, session->position - 1, out, diag);
}

static enum status do_forward(struct session *session, const struct source *arguments, struct lines *out,
                              struct diag *diag) {
  int node;
  if (!*arguments->text) return go(session, session->forward_count, out, diag);
  enum status status = session_find(session, arguments->text, &node, diag);
  if (status) return status;
  return go(session, (size_t)session->value_step[node], out, diag);
}

static enum status do_backward(struct session *session, const struct source *arguments, struct lines *out,
                               struct diag *diag) {
  int node;
  if (!*arguments->text) return go(session, session->step_count, out, diag);
  enum status status = session_find(session, arguments->text, &node, diag);
  if (status) return status;
  if (session->gradient_step[node] < 0)
    return diag_set(diag, STATUS_USAGE, nowhere, _("no line assigns a gradient of \"%s\""),
                    arguments->text);
  size_t last = 0; /* all of a fan-out's lines */
  for (size_t i = session->forward_count; i < session->step_count; i++)
    for (size_t r = 0; r < session->steps[i].rule_count; r++)
      if (session->model.rules[session->steps[i].first_rule + r].target_node == node) last = i + 1;
  return go(session, last > 0 ? last : (size_t)session->gradient_step[node], out, diag);
}

static enum status do_run(struct session *session, const struct source *arguments, struct lines *out,
                          struct diag *diag) {
  (void)arguments;
  return go(session, session->step_count, out, diag);
}

static enum status do_reset(struct session *session, const struct source *arguments, struct lines *out,
                            struct diag *diag) {
  (void)arguments;
  return go(session, 0, out, diag);
}

/* NODE, or dNODE. */
static enum status find_either(const struct session *session, const char *name, int *node,
                               bool *gradient, struct diag *diag) {
  const struct model *model = &session->model;
  size_t length = strlen(name);
  struct text names; /* d(x @ W) is dh_1 */
  text_init(&names);
  if (!names_put(&names, model, name, length)) {
    names.length = 0;
    text_put(&names, name, length);
  }
  if (names.failed) return diag_no_memory(diag);
  const char *text = text_string(&names);
  *gradient = model_find(model, text) < 0 && text[0] == 'd' && model_find(model, text + 1) >= 0;
  enum status status = session_find(session, text + *gradient, node, diag);
  text_done(&names);
  return status;
}

static enum status do_focus(struct session *session, const struct source *arguments, struct lines *out,
                            struct diag *diag) {
  int node;
  bool gradient;
  enum status status = find_either(session, arguments->text, &node, &gradient, diag);
  if (status) return status;
  session->unchanged = true; /* where one looks is not what the session is */
  session->focus = model_visible(&session->model, node);
  return gradient ? explain_gradient(session, node, &out->text, diag)
                  : explain_node(session, session->focus, &out->text, diag);
}

/* -- changes of the model -- */

enum status command_place(const struct session *session, char *text, int *node, size_t *entry,
                          struct diag *diag) {
  bool whole = node_find_shown(&session->model, text, strlen(text)) >= 0; /* x * [1 2] */
  char *bracket = whole ? NULL : strrchr(text, '['), *end = NULL;
  unsigned long row = 0, col = 0;
  size_t length = bracket ? (size_t)(bracket - text) : strlen(text);
  if (bracket) {
    row = strtoul(bracket + 1, &end, 10);
    if (*end == ',') col = strtoul(end + 1, &end, 10);
    if (*end != ']') return usage(diag, _("an entry is written NAME[row, column], from 0"));
  }
  while (length > 0 && text[length - 1] == ' ') length--;
  text[length] = '\0';
  enum status status = session_find(session, text, node, diag);
  if (status) return status;
  struct shape shape = model_shape(&session->model, session->model.nodes[*node].slot);
  *entry = bracket ? row * shape.cols + col : shape_count(shape);
  if (bracket && (row >= shape.rows || col >= shape.cols))
    return diag_set(diag, STATUS_USAGE, nowhere, _("%s is %u x %u; there is no entry [%lu, %lu]"),
                    text, shape.rows, shape.cols, row, col);
  return STATUS_OK;
}

static enum status set_leaf(struct session *session, int node, size_t entry,
                            const struct evaluation *value, struct diag *diag) {
  struct model *model = &session->model;
  int slot = model->nodes[node].slot;
  struct shape shape = model_shape(model, slot), wanted = shape;
  double *image = program_image(&model->program, slot);
  if (entry < shape_count(shape)) wanted = (struct shape){1, 1};
  if (!shape_equal(value->shape, wanted))
    return diag_set(diag, STATUS_USAGE, nowhere, _("the value is %u x %u; expected %u x %u"),
                    value->shape.rows, value->shape.cols, wanted.rows, wanted.cols);
  memcpy(entry < shape_count(shape) ? image + entry : image, value->values,
         shape_count(wanted) * sizeof *image);
  return session_refresh(session, diag);
}

static enum status do_set(struct session *session, const struct source *arguments, struct lines *out,
                          struct diag *diag) {
  const char *equals = strchr(arguments->text, '=');
  struct evaluation value = {0};
  int node = -1;
  size_t entry = 0;
  if (!equals) return usage(diag, _("set NAME = VALUE, or NAME[i, j] = VALUE"));
  const struct span after_sign = {arguments, (uint32_t)(equals + 1 - arguments->text),
                                  (uint32_t)arguments->length};
  char *place = strndup(arguments->text, (size_t)(equals - arguments->text));
  if (!place) return diag_no_memory(diag);
  enum status status = command_place(session, place, &node, &entry, diag);
  if (!status && session->model.nodes[node].kind > NODE_PARAM)
    status = diag_set(diag, STATUS_USAGE, nowhere,
                      _("%s is computed by the model; only a leaf can be set"), place);
  if (!status) status = evaluate_text(session, after_sign, &value, diag);
  if (!status) status = set_leaf(session, node, entry, &value, diag);
  if (!status) status = explain_value(session, node, &out->text, diag);
  free(value.values);
  free(place);
  return status;
}

static bool all_are(const struct model *model, bool folded) {
  for (size_t i = 0; i < model->instance_count; i++)
    if (model->instances[i].folded != folded) return false;
  return true;
}

static enum status fold(struct session *session, const char *name, bool folded, struct lines *out,
                        struct diag *diag) {
  if (!*name) return usage(diag, _("name the result of a gate, or say all"));
  bool all = strcmp(name, "all") == 0;
  session->unchanged = all && all_are(&session->model, folded);
  if (session->unchanged) {
    text_puts(&out->text, session->model.instance_count == 0 ? _("there is nothing to fold or unfold here\n")
                   : folded                           ? _("everything is folded already\n")
                                                      : _("everything is unfolded already\n"));
    return STATUS_OK;
  }
  enum status status = model_fold(&session->model, all ? NULL : name, folded, diag);
  return status ? status : session_refresh(session, diag);
}

static enum status do_fold(struct session *session, const struct source *arguments, struct lines *out,
                           struct diag *diag) {
  return fold(session, arguments->text, true, out, diag);
}

static enum status do_unfold(struct session *session, const struct source *arguments, struct lines *out,
                             struct diag *diag) {
  return fold(session, arguments->text, false, out, diag);
}

static enum status do_precision(struct session *session, const struct source *arguments, struct lines *out,
                                struct diag *diag) {
  for (int i = 0; i < PRECISION_COUNT; i++) {
    if (strcmp(precision_names[i], arguments->text) != 0) continue;
    session->precision = (enum precision)i;
    text_printf(&out->text, _("every result is rounded to %s\n"), arguments->text);
    return session_refresh(session, diag);
  }
  return usage(diag, _("the precisions are double, single, half and bfloat16"));
}

static enum status do_freeze(struct session *session, const struct source *arguments, struct lines *out,
                             struct diag *diag) {
  bool on = strcmp(arguments->text, "on") == 0;
  if (!on && strcmp(arguments->text, "off") != 0) return usage(diag, _("freeze on, or freeze off"));
  session->frozen = on;
  text_puts(&out->text, on ? _("random draws are kept during a check\n")
                    : _("random draws are made anew at every forward pass\n"));
  return session_refresh(session, diag);
}

static bool draws(const struct model *model) {
  const struct code *forward = &model->program.forward;
  for (size_t i = 0; i < forward->count; i++)
    if (op_table[forward->items[i].op].flags & OP_RANDOM) return true;
  return false;
}

static enum status do_seed(struct session *session, const struct source *arguments, struct lines *out,
                           struct diag *diag) {
  char *end;
  unsigned long seed = strtoul(arguments->text, &end, 10);
  if (!*arguments->text || *arguments->text == '-' || *end || seed > UINT32_MAX)
    return usage(diag, _("a seed is a whole number from 0 to 4294967295"));
  random_seed(&session->model.random, (uint32_t)seed);
  text_puts(&out->text, draws(&session->model)
                     ? _("the forward pass draws from this seed; the leaves stay as they are\n")
                     : _("this forward pass draws nothing, so nothing changes; the leaves were drawn "
                         "when the model was built, from its own \"seed\" line\n"));
  return session_refresh(session, diag);
}

/* -- questions -- */

static enum status show_all(struct session *session, struct text *out) {
  const struct model *model = &session->model;
  for (size_t i = 0; i < model->node_count; i++) {
    const struct node *node = &model->nodes[i];
    if (model_visible(model, (int)i) != (int)i) continue;
    size_t start = out->length;
    node_put_shown(out, model, (int)i);
    text_pad(out, text_columns(out->bytes + start, out->length - start), 8);
    text_puts(out, " v ");
    if (session_has_value(session, (int)i))
      report_tensor(out, run_values(&session->run, node->slot), model_shape(model, node->slot));
    else
      text_puts(out, session->style.unicode ? "·" : ".");
    if (node->gradient >= 0) {
      text_puts(out, "\n         g ");
      if (session_has_gradient(session, (int)i))
        report_tensor(out, run_values(&session->run, node->gradient),
                      model_shape(model, node->slot));
      else
        text_puts(out, session->style.unicode ? "·" : ".");
    }
    text_puts(out, "\n");
  }
  return STATUS_OK;
}

static enum status do_show(struct session *session, const struct source *arguments, struct lines *out,
                           struct diag *diag) {
  int node;
  bool gradient;
  if (!*arguments->text) return show_all(session, &out->text);
  enum status status = find_either(session, arguments->text, &node, &gradient, diag);
  if (status) return status;
  return gradient ? explain_gradient(session, node, &out->text, diag)
                  : explain_node(session, node, &out->text, diag);
}

static enum status do_eval(struct session *session, const struct source *arguments, struct lines *out,
                           struct diag *diag) {
  struct evaluation value;
  enum status status = evaluate_text(session, source_span(arguments), &value, diag);
  if (status) return status;
  report_tensor(&out->text, value.values, value.shape);
  text_puts(&out->text, "\n");
  free(value.values);
  return STATUS_OK;
}

/* What every long question does with the session's settings. */
static void watch(const struct session *session, struct check_options *how) {
  how->frozen = how->frozen || session->frozen;
  how->cancel = session->cancel;
  how->progress = session->progress;
  how->progress_context = session->progress_context;
}

enum status do_check(struct session *session, const struct source *arguments, struct lines *out,
                     struct diag *diag) {
  struct options options;
  struct check check = {0};
  enum status status = options_parse_words(&options, VERB_CHECK, arguments, diag);
  struct check_options how = options_check(&options);
  if (options.precision < 0) how.precision = session->precision;
  /* During a hunt, where the bug is, is for the player to find. */
  how.explain = how.explain && !session->terse && !play_is_on(session);
  watch(session, &how);
  session->running = &check;
  if (!status) status = check_run(&check, &session->model, &how, diag);
  if (!status) status = diagnose(&check, &session->model, diag);
  session->running = NULL;
  if (!status && !session->terse && !play_is_on(session))
    status = report_survey(&check, &session->model, diag);
  check.options.params = NULL; /* lent by the options, which end here */
  if (!status) {
    report_check(&out->text, &session->model, &check, session->style);
    if (session->has_check) check_done(&session->check);
    session->check = check;
    session->has_check = true;
  } else {
    check_done(&check);
  }
  options_done(&options);
  return status;
}

static enum status do_sweep(struct session *session, const struct source *arguments, struct lines *out,
                            struct diag *diag) {
  struct options options;
  struct sweep sweep;
  enum status status = options_parse_words(&options, VERB_SWEEP, arguments, diag);
  struct check_options how = options_check(&options);
  watch(session, &how);
  if (!status) status = sweep_run(&sweep, &session->model, &how, diag);
  if (!status) {
    report_sweep(&out->text, &sweep);
    session->sweep = sweep;
    session->has_sweep = true;
  }
  options_done(&options);
  return status;
}

static enum status do_help(struct session *session, const struct source *arguments, struct lines *out,
                           struct diag *diag) {
  bool found = false;
  (void)session;
  for (size_t i = 0; i < command_count; i++) {
    const struct command *command = &command_table[i];
    if (*arguments->text && strcmp(arguments->text, command->name) != 0) continue;
    size_t start = out->text.length;
    text_printf(&out->text, "%s%s%s", command->name, *command->arguments ? " " : "", command->arguments);
    text_pad(&out->text, text_columns(out->text.bytes + start, out->text.length - start), 30);
    text_printf(&out->text, " %s\n", command->help);
    if (*arguments->text) options_help_words(&out->text, arguments->text);
    found = true;
  }
  return found ? STATUS_OK : usage(diag, _("there is no such command"));
}

static enum status do_quit(struct session *session, const struct source *arguments, struct lines *out,
                           struct diag *diag) {
  (void)arguments, (void)out, (void)diag;
  session->quitting = true;
  return STATUS_OK;
}

/* -- the table, and doing a line -- */

const struct command command_table[] = {
#define COMMAND(name, arguments, changes, needs_model, lesson, hunt, handler, help) \
  {#name, arguments, changes, needs_model, lesson, IN_HUNT_##hunt, handler, help},
#include "command/command.def"
#undef COMMAND
};
const size_t command_count = sizeof command_table / sizeof *command_table;

const struct command *command_named(const char *name, size_t length) {
  for (size_t i = 0; i < command_count; i++)
    if (strlen(command_table[i].name) == length &&
        memcmp(command_table[i].name, name, length) == 0)
      return &command_table[i];
  return NULL;
}

static enum status find_command(const char *line, size_t length, const struct command **command,
                                struct diag *diag) {
  const char *best = NULL;
  char word[64] = "";
  *command = command_named(line, length);
  if (*command) return STATUS_OK;
  if (length < sizeof word) memcpy(word, line, length);
  for (size_t i = 0; i < command_count; i++)
    best = suggest_nearer(word, best, command_table[i].name);
  diag_set(diag, STATUS_USAGE, nowhere, _("unknown command \"%.*s\""), (int)length, line);
  if (best) diag_hint(diag, _("did you mean %s?"), best);
  else diag_hint(diag, "%s", _("help lists the commands"));
  return STATUS_USAGE;
}

bool command_is_for_lessons(const char *line) {
  line += strspn(line, " \t");
  const struct command *command = command_named(line, strcspn(line, " \t"));
  return command && command->lesson;
}

bool command_changes(const char *line) {
  const struct command *command = command_named(line, strcspn(line, " \t\r\n"));
  return command && command->changes;
}

/* The node whose value or gradient NAME is, or -1. */
static int find_named(const struct session *session, const char *name) {
  int node = session->is_open ? model_find(&session->model, name) : -1;
  if (node < 0 && session->is_open && name[0] == 'd') node = model_find(&session->model, name + 1);
  return node;
}

/* The name that LINE begins with, and whether "=" follows it. */
static bool begins_assignment(const char *line, char name[64]) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  size_t length = strspn(line, letters);
  const char *rest = line + length + strspn(line + length, " \t");
  snprintf(name, 64, "%.*s", (int)length, line);
  return rest[0] == '=' && rest[1] != '=';
}

static void guess_assignment(const struct session *session, const char *line, struct diag *diag) {
  char name[64];
  if (!begins_assignment(line, name) || find_named(session, name) < 0) return;
  int node = model_find(&session->model, name), length = (int)strcspn(line, "\r\n");
  if (node < 0)
    diag_hint(diag, _("a rule line is replaced with bug: bug %.*s"), length, line);
  else if (session->model.nodes[node].kind <= NODE_PARAM)
    diag_hint(diag, _("a leaf is given a value with set: set %.*s"), length, line);
}

/* Whether LINE, which begins with no command, asks for a value: it begins with a node's name or is
 * an expression, but not a mere word that nobody knows. */
static bool is_question(const struct session *session, const char *line) {
  struct arena arena;
  struct source source = source_from("eval", line, strcspn(line, "\r\n"));
  const struct expr *expr;
  struct diag ignored;
  char name[64];
  if (!session->is_open || begins_assignment(line, name)) return false;
  if (find_named(session, name) >= 0) return true;
  if (node_find_shown(&session->model, line, strcspn(line, "\r\n")) >= 0) return true;
  arena_init(&arena);
  bool question = !parse_expr(source_span(&source), &arena, &expr, &ignored) && expr->kind != EXPR_NAME;
  arena_done(&arena);
  return question;
}

/* LINE; where it stands, its arguments are a part of PLACE. */
static enum status apply(struct session *session, const char *line, struct span place,
                         const struct command **command, struct lines *out, struct diag *diag) {
  size_t word = strcspn(line, " \t\r\n"), end = strlen(line);
  enum status status = find_command(line, word, command, diag);
  if (status == STATUS_USAGE && is_question(session, line)) {
    word = 0;
    status = find_command("eval", strlen("eval"), command, diag);
  }
  if (status) guess_assignment(session, line, diag);
  if (status) return status;
  if ((*command)->needs_model && !session->is_open)
    return usage(diag, _("nothing is open yet: open a lesson first, as in open 1"));
  if ((status = play_allows(session, (*command)->name, diag))) return status;
  while (line[word] == ' ' || line[word] == '\t') word++;
  while (end > word && strchr(" \t\r\n", line[end - 1])) end--;
  char *words = strndup(line + word, end - word);
  if (!words) return diag_no_memory(diag);
  struct source arguments = source_from((*command)->name, words, end - word);
  arguments.whole = place.source;
  arguments.at = place.start + (uint32_t)word;
  session->unchanged = false;
  session->log_suffix[0] = '\0';
  if (*words && !*(*command)->arguments)
    status = diag_set(diag, STATUS_USAGE, nowhere, _("%s takes nothing behind it; found \"%s\""),
                      (*command)->name, words);
  else
    status = (*command)->run(session, &arguments, out, diag);
  if (!arguments.whole && diag->span.source == &arguments) diag->span = nowhere; /* it ends here */
  free(words);
  return status;
}

enum status command_apply(struct session *session, const char *line,
                          const struct command **command, struct lines *out, struct diag *diag) {
  return apply(session, line, nowhere, command, out, diag);
}

static enum status do_line(struct session *session, const char *line, struct span place,
                           struct lines *out, struct diag *diag) {
  const struct command *command;
  const size_t blanks = strspn(line, " \t\r\n");
  line += blanks;
  place.start += (uint32_t)blanks;
  if (!*line || *line == '#') return STATUS_OK;
  enum status status = apply(session, line, place, &command, out, diag);
  if (!status && command->changes && !session->unchanged)
    status = script_remember(session, line, diag);
  if (!status) status = play_note(session, command->name, line, diag);
  return status;
}

enum status command_do(struct session *session, const char *line, struct lines *out,
                       struct diag *diag) {
  return do_line(session, line, nowhere, out, diag);
}

/* Makes what is not about a part of LINE a message about the line. */
static void blame(struct diag *diag, struct span line) {
  const struct diag was = *diag;
  diag_within(diag, line);
  if (diag->span.source == was.span.source && diag->span.start == was.span.start) return;
  if (was.name[0])
    diag_set(diag, was.status, line, "%s:%u:%u: %s", was.name, was.line, was.column, was.message);
  memcpy(diag->hint, was.hint, sizeof diag->hint);
}

enum status command_do_at(struct session *session, struct span line, struct lines *out,
                          struct diag *diag) {
  const char *bytes = line.source->text;
  while (line.end > line.start && strchr("\r\n", bytes[line.end - 1])) line.end--;
  char *text = strndup(bytes + line.start, line.end - line.start);
  if (!text) return diag_no_memory(diag);
  enum status status = do_line(session, text, line, out, diag);
  free(text);
  if (status && status != STATUS_NO_MEMORY) blame(diag, span_trim(line));
  return status;
}

static enum status do_lesson(struct session *session, const char *text, struct span line,
                             bool *changes, struct lines *out, struct diag *diag) {
  const struct command *command;
  enum status status = find_command(text, strcspn(text, " \t"), &command, diag);
  if (!status && !command->lesson) {
    diag_set(diag, STATUS_DATA, nowhere, _("a lesson may not issue \"%s\""), command->name);
    diag_hint(diag, "%s", _("only what walks, changes or asks the model"));
    return STATUS_DATA;
  }
  if (status) return status;
  *changes = command->changes;
  return apply(session, text, line, &command, out, diag);
}

enum status command_do_lesson(struct session *session, struct span line, bool *changes,
                              struct lines *out, struct diag *diag) {
  char *text = strndup(line.source->text + line.start, line.end - line.start);
  if (!text) return diag_no_memory(diag);
  enum status status = do_lesson(session, text, line, changes, out, diag);
  free(text);
  if (!status || status == STATUS_NO_MEMORY || status == STATUS_CANCELLED) return status;
  diag_within(diag, line);
  return diag->status = status == STATUS_USAGE ? STATUS_DATA : status;
}
