#include "explore/commands.h"

#include "core/intl.h"
#include "core/shared.h"
#include "explore/options.h"
#include "io/loader.h"
#include "io/params.h"
#include "train/train.h"

#include <stdio.h>

/* A training that was stopped is logged with the steps it did, so that a script does the same. */
static enum status run_training(struct session *session, struct training *training,
                                struct diag *diag) {
  const struct history *history = &training->history;
  session->training = history;
  enum status status = train_run(training, diag);
  session->training = NULL;
  if (status) return status;
  if (history->cancelled && history->done == 0)
    return diag_set(diag, STATUS_CANCELLED, SPAN_NONE, "%s",
                    _("the training was stopped"));
  if (history->cancelled)
    snprintf(session->log_suffix, sizeof session->log_suffix, " steps=%zu", history->done);
  return STATUS_OK;
}

static void end_history(void *history) {
  history_done(history);
}

/* The session goes on with what was learnt, and keeps how that came about. */
static enum status take_over(struct session *session, struct training *training, struct lines *out,
                             struct diag *diag) {
  struct visit *visit = &session->now.at;
  struct history *history = shared_new(sizeof *history, end_history);
  enum status status = history ? visit_before_change(visit, -1, diag) : diag_no_memory(diag);
  if (!status) {
    train_give_params(training, session->model);
    status = visit_after_change(visit, -1, diag);
  }
  if (!status) status = session_refresh(session, diag);
  if (!status) {
    report_train(out, &training->history, session->model);
    *history = training->history;
    training->history = (struct history){0};
    visit->history = shared_keep(history);
  }
  shared_drop(history);
  return status;
}

static enum status train(struct session *session, const struct options *options, struct lines *out,
                         struct diag *diag) {
  const struct lesson *lesson = session->now.lesson;
  const struct source *source = &lesson->graphs[lesson->page[session->now.page].model]->source;
  struct training training;
  struct train_options how = options_train(options);
  how.cancel = session->cancel;
  how.progress = session->progress;
  how.progress_context = session->progress_context;
  enum status status = train_init(&training, source, session->model, &how, &io_library, diag);
  if (status) return status;
  if (options->load && !(status = params_load(&training.model, options->load, diag)))
    train_take_params(&training);
  if (!status) status = run_training(session, &training, diag);
  if (!status && options->save) {
    train_give_params(&training, &training.model);
    status = params_save(&training.model, options->save, diag);
  }
  if (!status) status = take_over(session, &training, out, diag);
  train_done(&training);
  return status;
}

static const struct source no_words = {
    .name = "check", .text = "", .length = 0, .first_line = 1};

/* Puts a line about a check after LABEL; the check itself is the session's. VERDICT: its name. */
static enum status check_beside(struct session *session, const char *label, const char **verdict,
                                struct lines *out, struct diag *diag) {
  struct lines whole;
  lines_init(&whole);
  enum status status = do_check(session, &no_words, &whole, diag);
  lines_done(&whole);
  text_puts(&out->text, label);
  if (status) {
    text_printf(&out->text, "%s\n", diag->message);
    return status;
  }
  report_check_verdict(out, session->now.at.check);
  *verdict = verdict_names[session->now.at.check->verdict];
  return STATUS_OK;
}

static enum status train_between_checks(struct session *session, const struct options *options,
                                        struct lines *out, struct diag *diag) {
  const char *before = NULL;
  if (session->secret)
    return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s",
                    _("during a hunt checks are counted: check and train one after the other"));
  enum status status = check_beside(session, _(" check before: "), &before, out, diag);
  if (!status) status = train(session, options, out, diag);
  if (status) return status;
  session->now.at.history->before = before;
  check_beside(session, _(" check after: "), &session->now.at.history->after, out,
               diag); /* what is learnt stays */
  return STATUS_OK;
}

static enum status do_train(struct session *session, const struct source *arguments,
                            struct lines *out, struct diag *diag) {
  struct options options;
  enum status status = options_parse_words(&options, VERB_TRAIN, arguments, diag);
  if (!status)
    status = options.check ? train_between_checks(session, &options, out, diag)
                           : train(session, &options, out, diag);
  options_done(&options);
  return status;
}

const struct command train_commands[] = {
    {.name = "train", .arguments = "[steps=N] [lr=R] …",
     .flags = COMMAND_CHANGES | COMMAND_NEEDS_MODEL, .run = do_train,
     .options = VERB_TRAIN, .shown = SHOWN_MEANWHILE, .view = VIEW_TRAIN,
     .help = "follow the gradient downhill; the params keep what was learnt"},
    {0}};
