#include "report/report.h"

#include "core/intl.h"
#include "lang/shown.h"

#include <math.h>

static const struct about nothing = {0};

static void put_share(struct text *out, double share) {
  if (isnan(share)) text_printf(out, "  %8s", "-");
  else text_printf(out, "  %8.4f", share);
}

/* TRANSLATORS: a list, "train: 1000 training steps, rate 0.1, momentum 0.9", whose items are
 * separated by commas. */
static void put_title(struct text *out, const struct history *history) {
  char rate[NUMBER_TEXT_SIZE], momentum[NUMBER_TEXT_SIZE];
  text_printf(out,
              history->steps == 1 ? _("train: %zu training step")
                                  : _("train: %zu training steps"), history->steps);
  text_puts(out, ", ");
  text_printf(out, _("rate %s"), number_text(history->rate, rate));
  if (history->momentum > 0) {
    text_puts(out, ", ");
    text_printf(out, _("momentum %s"), number_text(history->momentum, momentum));
  }
  if (history->examples > 0) {
    text_puts(out, ", ");
    text_printf(out, _("batches of %u from %u examples"), history->batch, history->examples);
  }
  text_puts(out, "\n");
}

void report_train_title(struct lines *out, const struct history *history) {
  const size_t start = out->text.length;
  put_title(&out->text, history);
  lines_describe(out, start, LINE_TITLE, nothing);
}

void report_train_columns(struct lines *out, const struct history *history) {
  const size_t start = out->text.length;
  text_printf(&out->text, " %7s  %10s", _("step"), _("loss"));
  if (history->scores >= 0) text_printf(&out->text, "  %8s  %8s", _("train"), _("test"));
  text_puts(&out->text, "\n");
  lines_describe(out, start, LINE_FAINT, nothing);
}

static void put_row(struct text *out, const struct history *history,
                    const struct train_row *row) {
  char loss[NUMBER_TEXT_SIZE];
  text_printf(out, " %7zu  %10s", row->step, number_brief(row->loss, 5, loss));
  if (history->scores >= 0) {
    put_share(out, row->train);
    put_share(out, row->test);
  }
  text_puts(out, "\n");
}

void report_train_row(struct lines *out, const struct history *history,
                      const struct train_row *row) {
  put_row(&out->text, history, row);
}

static void put_diverged(struct lines *out, const struct history *history,
                         const struct model *model) {
  struct text bad;
  text_init(&bad);
  if (history->bad >= 0)
    (history->bad_gradient ? gradient_put_shown : node_put_shown)(
        &bad, model, model_visible(model, history->bad));
  text_puts(&out->text, " ");
  lines_puts(out, LINE_BAD, _("DIVERGED"));
  text_printf(&out->text,
              history->advice.uphill
                  ? _("  at training step %zu: %s is the first that is not finite. The params are "
                      "as training step %zu left them.\n")
                  : _("  at training step %zu: %s is the first that is not finite. The params are "
                      "as training step %zu left them; a smaller rate may help.\n"),
              history->done + 1, bad.length > 0 ? text_string(&bad) : "?", history->done);
  text_done(&bad);
}

void report_train_end(struct lines *out, const struct history *history,
                      const struct model *model) {
  if (history->diverged)
    put_diverged(out, history, model);
  else if (history->cancelled)
    text_printf(&out->text,
                _(" stopped after training step %zu; what was learnt until then is kept\n"),
                history->done);
  else
    text_printf(&out->text,
                history->done == 1 ? _(" %zu training step done\n")
                                   : _(" %zu training steps done\n"), history->done);
}

/* -- what to make of it -- */

/* "W1, b1 and W2" */
static void put_names(struct text *out, const struct model *model, const int *nodes,
                      size_t count) {
  struct text first;
  text_init(&first);
  for (size_t i = 0; i + 1 < count; i++)
    text_printf(&first, "%s%s", i == 0 ? "" : ", ", model->nodes[nodes[i]].name);
  const char *last = model->nodes[nodes[count - 1]].name;
  if (count > 1) text_printf(out, _("%s and %s"), text_string(&first), last);
  else text_puts(out, last);
  out->failed = out->failed || first.failed;
  text_done(&first);
}

static void put_loss(struct text *out, const struct history *history) {
  char first[NUMBER_TEXT_SIZE], last[NUMBER_TEXT_SIZE];
  number_brief(history->advice.first, 5, first);
  number_brief(history->advice.last, 5, last);
  if (history->advice.rose && !history->diverged)
    text_printf(out, _(" note    the loss ended at %s, far above the %s that it began with\n"),
                last, first);
  else if (history->advice.stuck)
    text_printf(out, _(" note    the loss has not moved: it was %s at the first training step and "
                       "is %s after the last\n"), first, last);
}

/* What another rate does; said only because it was tried. */
static void put_trial(struct text *out, const struct advice *advice) {
  char rate[NUMBER_TEXT_SIZE], first[NUMBER_TEXT_SIZE], last[NUMBER_TEXT_SIZE];
  if (advice->uphill)
    text_puts(out, _(" note    tried: even a very small training step raises the loss, so a "
                     "smaller rate does not help: look at the gradient (\"check\"), its sign "
                     "first\n"));
  if (advice->trial_steps == 0) return;
  number_brief(advice->trial_rate, 3, rate);
  number_brief(advice->trial_first, 5, first);
  number_brief(advice->trial_last, 5, last);
  if (advice->trial_falls && advice->rose)
    text_printf(out,
                _(" note    the rate is too large. Tried: with rate %s, %zu training steps from "
                  "the same start bring the loss from %s down to %s\n"),
                rate, advice->trial_steps, first, last);
  else if (advice->trial_falls)
    text_printf(out,
                _(" note    the rate is too small. Tried: with rate %s, %zu training steps from "
                  "the same start bring the loss from %s down to %s\n"),
                rate, advice->trial_steps, first, last);
  else if (advice->rose)
    text_printf(out, _(" note    tried: even with rates down to %s the loss does not fall in %zu "
                       "training steps from the same start\n"), rate, advice->trial_steps);
}

static void put_input(struct text *out, const struct advice *advice, const struct model *model) {
  const double worth_saying = 3;
  char largest[NUMBER_TEXT_SIZE];
  if (!advice->trial_falls || advice->input < 0 || advice->largest < worth_saying) return;
  text_printf(out,
              _(" note    %s has numbers up to %s, and gradients grow with them: inputs scaled "
                "to about 1 allow a larger rate\n"),
              model->nodes[advice->input].name, number_brief(advice->largest, 4, largest));
}

/* TRANSLATORS: one to three clauses, each of which is whole, separated by semicolons. */
static void put_unmoved(struct text *out, const struct advice *advice, const struct model *model) {
  struct text names;
  if (advice->unmoved_count == 0) return;
  text_init(&names);
  put_names(&names, model, advice->unmoved, advice->unmoved_count);
  text_printf(out,
              advice->unmoved_count == 1
                  ? _(" note    %s has not moved: its gradient is 0 in every entry")
                  : _(" note    %s have not moved: their gradients are 0 in every entry"),
              text_string(&names));
  out->failed = out->failed || names.failed;
  text_done(&names);
  if (advice->zero_node >= 0) {
    text_puts(out, "; ");
    text_printf(out, _("%s is 0 in every entry"), model->nodes[advice->zero_node].name);
  }
  if (advice->zero_param >= 0) {
    text_puts(out, "; ");
    text_printf(out, _("%s is all zeros, and what is multiplied by it gets no gradient"),
                model->nodes[advice->zero_param].name);
  }
  text_puts(out, "\n");
}

static void put_advice(struct text *out, const struct history *history,
                       const struct model *model) {
  put_loss(out, history);
  put_trial(out, &history->advice);
  put_input(out, &history->advice, model);
  put_unmoved(out, &history->advice, model);
}

static void put_notes(struct text *out, const struct history *history,
                      const struct model *model) {
  struct text scores;
  text_init(&scores);
  if (history->scores >= 0) node_put_shown(&scores, model, history->scores);
  put_advice(out, history, model);
  if (history->scores >= 0)
    text_printf(out,
                _(" note    train and test: the share of examples whose largest number in %s is in "
                  "the right column\n"),
                text_string(&scores));
  else if (history->examples > 0)
    text_puts(out, _(" note    no other node has the shape of the labels, so there is no "
                     "accuracy\n"));
  text_done(&scores);
}

void report_train_notes(struct lines *out, const struct history *history,
                        const struct model *model) {
  put_notes(&out->text, history, model);
}

void report_train(struct lines *out, const struct history *history, const struct model *model) {
  report_train_title(out, history);
  text_puts(&out->text, "\n");
  report_train_columns(out, history);
  for (size_t i = 0; i < history->row_count; i++)
    report_train_row(out, history, &history->rows[i]);
  text_puts(&out->text, "\n");
  report_train_end(out, history, model);
  report_train_notes(out, history, model);
}
