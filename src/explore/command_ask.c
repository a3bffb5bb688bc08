#include "explore/commands.h"

#include "blame/diagnose.h"
#include "check/worker.h"
#include "core/intl.h"
#include "core/shared.h"
#include "explore/evaluate.h"
#include "explore/explain.h"
#include "explore/find.h"
#include "explore/options.h"
#include "lang/shown.h"
#include "report/report_bugs.h"

#include <stdlib.h>
#include <string.h>

/* The numbers of SLOT, or a dot where they are not KNOWN yet, and the end of the line. */
static void put_numbers(const struct session *session, int slot, bool known, struct text *out) {
  if (known)
    report_tensor(out, run_values(&session->run, slot), model_shape(session->model, slot));
  else
    text_puts(out, session->style.unicode ? "·" : ".");
  text_puts(out, "\n");
}

static void show_value(const struct session *session, int node, struct lines *out) {
  const struct model *model = session->model;
  struct text *text = &out->text;
  const size_t start = text->length;
  node_put_shown(text, model, node);
  text_pad(text, text_columns(text->bytes + start, text->length - start), 8);
  text_puts(text, " v ");
  put_numbers(session, model->nodes[node].slot, session_has_value(session, node), text);
  lines_describe(out, start, LINE_VALUE, report_about_node(node, false));
}

static void show_gradient(const struct session *session, int node, struct lines *out) {
  const int slot = session->model->nodes[node].gradient;
  const size_t start = out->text.length;
  if (slot < 0) return;
  text_puts(&out->text, "         g ");
  put_numbers(session, slot, session_has_gradient(session, node), &out->text);
  lines_describe(out, start, LINE_GRADIENT, report_about_node(node, true));
}

static enum status show_all(const struct session *session, struct lines *out) {
  for (int i = 0; i < (int)session->model->node_count; i++) {
    if (model_visible(session->model, i) != i) continue;
    show_value(session, i, out);
    show_gradient(session, i, out);
  }
  return STATUS_OK;
}

static enum status do_show(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag) {
  int node;
  bool gradient;
  if (!*arguments->text) return show_all(session, out);
  enum status status = find_node_or_gradient(session, arguments->text, &node, &gradient, diag);
  if (status) return status;
  return gradient ? explain_gradient(session, node, out, diag)
                  : explain_node(session, node, out, diag);
}

static enum status do_eval(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag) {
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
  how->frozen = how->frozen || session->now.at.frozen;
  how->cancel = session->cancel;
  how->progress = session->progress;
  how->progress_context = session->progress_context;
}

static void end_check(void *check) {
  check_done(check);
}

enum status do_check(struct session *session, const struct source *arguments, struct lines *out,
                     struct diag *diag) {
  struct options options;
  struct check *check = shared_new(sizeof *check, end_check);
  enum status status = options_parse_words(&options, VERB_CHECK, arguments, diag);
  if (!status && !check) status = diag_no_memory(diag);
  struct check_options how = options_check(&options);
  if (options.precision < 0) how.precision = session->now.at.precision;
  /* During a hunt, where the bug is, is for the player to find. */
  bool open = !session->terse && !session->secret;
  how.explain = how.explain && open;
  watch(session, &how);
  session->running = check;
  if (!status) status = check_run(check, session->model, &how, diag);
  if (!status) status = diagnose(check, session->model, diag);
  session->running = NULL;
  if (!status && open) status = report_survey(check, session->model,
                           options.edition > 0 ? options.edition : session->edition, diag);
  if (!status) {
    check->options.params = NULL; /* lent by the options, which end here */
    report_check(out, session->model, check, session->style);
    shared_drop(session->now.at.check);
    session->now.at.check = shared_keep(check);
  }
  shared_drop(check);
  options_done(&options);
  return status;
}

static enum status do_sweep(struct session *session, const struct source *arguments,
                            struct lines *out, struct diag *diag) {
  struct options options;
  struct sweep *sweep = shared_new(sizeof *sweep, NULL);
  enum status status = options_parse_words(&options, VERB_SWEEP, arguments, diag);
  if (!status && !sweep) status = diag_no_memory(diag);
  struct check_options how = options_check(&options);
  watch(session, &how);
  if (!status) status = sweep_run(sweep, session->model, &how, diag);
  if (!status) {
    report_sweep(out, sweep);
    shared_drop(session->now.at.sweep);
    session->now.at.sweep = shared_keep(sweep);
  }
  shared_drop(sweep);
  options_done(&options);
  return status;
}

/* -- one entry of the numerical gradient -- */

static enum status slope_at(const struct session *session, int node, size_t entry, double *slope,
                            struct diag *diag) {
  const struct model *model = session->model;
  struct probe probe = node_probe(model, node);
  struct run base;
  struct worker worker;
  if (run_init(&base, &model->program, &model->random, session->now.at.precision))
    return diag_no_memory(diag);
  base.frozen = session->now.at.frozen;
  run_code(&base, &model->program.forward, 0);
  probe.entry = entry;
  enum status status = worker_init(&worker, model, &base) ? diag_no_memory(diag) : STATUS_OK;
  if (!status)
    *slope = worker_slope(&worker, &probe, METHOD_CENTRAL, worker_step(&worker, &probe, 0));
  worker_done(&worker);
  run_done(&base);
  return status;
}

static enum status do_numeric(struct session *session, const struct source *arguments,
                              struct lines *out, struct diag *diag) {
  const struct model *model = session->model;
  char number[NUMBER_TEXT_SIZE], title[TITLE_SIZE];
  double slope = 0;
  int node = -1;
  size_t entry = 0;
  char *place = strdup(arguments->text);
  if (!place) return diag_no_memory(diag);
  enum status status = find_entry(session, place, &node, &entry, diag);
  free(place);
  if (status) return status;
  size_t count = shape_count(model_shape(model, model->nodes[node].slot));
  if (model->loss < 0)
    return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s", _("the model has no loss"));
  if (entry == count && count > 1)
    return diag_set(diag, STATUS_USAGE, SPAN_NONE, _("which entry? numeric %s[0, 0]"),
                    node_title(model, node, title));
  status = slope_at(session, node, entry == count ? 0 : entry, &slope, diag);
  if (!status) text_printf(&out->text, "%s\n", number_text(slope, number));
  return status;
}

enum { ASKS = COMMAND_NEEDS_MODEL | COMMAND_IN_LESSONS };

const struct command ask_commands[] = {
    {.name = "show", .arguments = "[NODE]", .flags = ASKS, .hunt = IN_HUNT_A_LOOK, .run = do_show,
     .help = "a node with its formulas and numbers, or the whole graph"},
    {.name = "eval", .arguments = "EXPRESSION", .flags = ASKS, .hunt = IN_HUNT_A_LOOK,
     .run = do_eval, .help = "any expression over the values so far: eval dq * x"},
    {.name = "check", .arguments = "[eps=H] [tolerance=T] …", .flags = ASKS,
     .hunt = IN_HUNT_A_CHECK, .run = do_check, .options = VERB_CHECK,
     .shown = SHOWN_MEANWHILE, .view = VIEW_CHECK,
     .help = "the backward pass against differences"},
    {.name = "sweep", .arguments = "[params=NAMES] …", .flags = ASKS, .hunt = IN_HUNT_A_CHECK,
     .run = do_sweep, .options = VERB_SWEEP, .shown = SHOWN_MEANWHILE, .view = VIEW_SWEEP,
     .help = "the error of the differences at each step h"},
    {.name = "numeric", .arguments = "NAME[i, j]", .flags = ASKS, .hunt = IN_HUNT_AN_ENTRY,
     .run = do_numeric, .help = "one entry of the numerical gradient, by a central difference"},
    {0}};
