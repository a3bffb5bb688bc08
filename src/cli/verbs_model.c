/* Verbs that take one model: eval, trace, check, bugs, train. */
#include "cli/invocation.h"

#include "core/intl.h"
#include "io/loader.h"
#include "io/params.h"
#include "report/report_bugs.h"
#include "report/trace.h"

static int report_values(struct invocation *call) {
  const struct model *model = &call->model;
  struct run run;
  enum status status =
      run_init(&run, &model->program, &model->random, (enum precision)call->options.precision);
  if (status) return (int)diag_no_memory(&call->diag);
  run_code(&run, &model->program.forward, 0);
  run_code(&run, &model->program.backward, 0);
  if (call->options.json) status = report_eval_json(&call->out.text, model, &run);
  else report_eval(&call->out, model, &run);
  run_done(&run);
  return (int)(status ? diag_no_memory(&call->diag) : STATUS_OK);
}

int verb_eval(struct invocation *call) {
  enum status status = call_open_model(call);
  return status ? (int)status : report_values(call);
}

int verb_trace(struct invocation *call) {
  struct trace trace = {0};
  enum status status = call_open_model(call);
  if (status) return (int)status;
  status = trace_make(&trace, &call->model);
  if (!status && call->options.json) status = trace_json(&call->out.text, &trace);
  else if (!status) trace_put(&call->out.text, &trace);
  trace_done(&trace);
  return (int)(status ? diag_no_memory(&call->diag) : STATUS_OK);
}

static enum status run_check(struct invocation *call, struct check *check) {
  struct progress_bar progress = {0};
  struct check_options how = options_check(&call->options);
  how.cancel = &call_interrupted;
  how.progress = call_bar();
  how.progress_context = &progress;
  call_catch_interrupt(true);
  enum status status = check_run(check, &call->model, &how, &call->diag);
  if (!status) status = diagnose(check, &call->model, &call->diag);
  call_catch_interrupt(false);
  call_clear_progress(&progress);
  return status;
}

static int report_verdict(struct invocation *call) {
  struct check check = {0};
  enum status status = run_check(call, &check);
  if (!status) status = report_survey(&check, &call->model, call->options.edition, &call->diag);
  if (!status && call->options.json) {
    if (report_check_json(&call->out.text, &call->model, &check))
      status = diag_no_memory(&call->diag);
  } else if (!status) {
    report_check(&call->out, &call->model, &check, call->style);
  }
  int result = status ? (int)status : call_verdict_status(check.verdict);
  check_done(&check);
  return result;
}

int verb_check(struct invocation *call) {
  enum status status = call_open_model(call);
  return status ? (int)status : report_verdict(call);
}

static enum status report_detection(struct invocation *call) {
  struct matrix matrix;
  struct progress_bar progress = {0};
  struct matrix_options how = {.loader = &io_loader, .edition = call->options.edition,
                               .frozen = call->options.frozen,
                               .threads = call->options.threads, .cancel = &call_interrupted};
  how.progress = call_bar();
  how.progress_context = &progress;
  call_catch_interrupt(true);
  enum status status = matrix_run(&matrix, &call->model, &how, &call->diag);
  call_catch_interrupt(false);
  call_clear_progress(&progress);
  if (!status && call->options.json) {
    if (report_matrix_json(&call->out.text, &matrix)) status = diag_no_memory(&call->diag);
  } else if (!status && call->options.csv) {
    report_matrix_csv(&call->out.text, &matrix);
  } else if (!status) {
    report_matrix(&call->out, &matrix);
  }
  matrix_done(&matrix);
  return status;
}

int verb_bugs(struct invocation *call) {
  struct catalogue catalogue;
  enum status status = call_open_model(call);
  if (status) return (int)status;
  if (call->options.matrix) return (int)report_detection(call);
  status = catalogue_make_edition(&catalogue, &call->model, call->options.edition, &call->diag);
  if (!status && !call->options.json)
    report_catalogue(&call->out, &call->model, &catalogue, "");
  else if (!status && report_catalogue_json(&call->out.text, &call->model, &catalogue))
    status = diag_no_memory(&call->diag);
  catalogue_done(&catalogue);
  return (int)status;
}

/* -- training -- */

/* What a check says of the backward pass, after LABEL; RESULT becomes its exit status if that is
 * worse. */
static enum status check_again(struct invocation *call, const char *label, int *result,
                               const char **verdict) {
  struct check check = {0};
  enum status status = run_check(call, &check);
  if (!status) {
    *verdict = verdict_names[check.verdict];
    if (!call->options.json) {
      text_puts(&call->out.text, label);
      report_check_verdict(&call->out, &check);
    }
    if (*result == 0) *result = call_verdict_status(check.verdict);
  }
  check_done(&check);
  return status;
}

static enum status run_training(struct invocation *call, struct training *training) {
  struct progress_bar progress = {0};
  struct train_options how = options_train(&call->options);
  how.cancel = &call_interrupted;
  how.progress = call_bar();
  how.progress_context = &progress;
  enum status status = train_init(training, &call->lesson.source, &call->model, &how, &io_library,
                                  &call->diag);
  call_catch_interrupt(true);
  if (!status) status = train_run(training, &call->diag);
  call_catch_interrupt(false);
  call_interrupted = 0;
  call_clear_progress(&progress);
  return status;
}

/* A stop keeps what was learnt, so it is no failure. */
int verb_train(struct invocation *call) {
  const struct options *options = &call->options;
  struct training training = {0};
  const char *before = NULL, *after = NULL;
  int result = 0;
  enum status status = call_open_model(call);
  if (!status && options->load) status = params_load(&call->model, options->load, &call->diag);
  if (!status && options->check) status = check_again(call, _(" check before: "), &result, &before);
  if (!status) status = run_training(call, &training);
  if (!status) {
    train_give_params(&training, &call->model);
    if (!options->json) report_train(&call->out, &training.history, &call->model);
  }
  if (training.history.diverged) result = EXIT_MISTAKE;
  if (!status && options->save) status = params_save(&call->model, options->save, &call->diag);
  if (!status && options->check) status = check_again(call, _(" check after: "), &result, &after);
  if (!status && options->json &&
      report_train_json(&call->out.text, &training.history, &call->model, before, after))
    status = diag_no_memory(&call->diag);
  train_done(&training);
  return status ? (int)status : result;
}
