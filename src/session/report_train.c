#include "session/report.h"

#include "core/intl.h"
#include "lang/shown.h"

#include <math.h>

static void put_share(struct text *out, double share) {
  if (isnan(share)) text_printf(out, "  %8s", "-");
  else text_printf(out, "  %8.4f", share);
}

void report_train_title(struct text *out, const struct history *history) {
  char rate[NUMBER_TEXT_SIZE], momentum[NUMBER_TEXT_SIZE];
  text_printf(out, _("train: %zu steps, rate %s"), history->steps,
              number_text(history->rate, rate));
  if (history->momentum > 0)
    text_printf(out, _(", momentum %s"), number_text(history->momentum, momentum));
  if (history->examples > 0)
    text_printf(out, _(", batches of %u from %u examples"), history->batch, history->examples);
  text_puts(out, "\n");
}

void report_train_columns(struct text *out, const struct history *history) {
  text_printf(out, " %7s  %10s", _("step"), _("loss"));
  if (history->scores >= 0) text_printf(out, "  %8s  %8s", _("train"), _("test"));
  text_puts(out, "\n");
}

void report_train_row(struct text *out, const struct history *history,
                      const struct train_row *row) {
  char loss[NUMBER_TEXT_SIZE];
  text_printf(out, " %7zu  %10s", row->step, number_brief(row->loss, 5, loss));
  if (history->scores >= 0) {
    put_share(out, row->train);
    put_share(out, row->test);
  }
  text_puts(out, "\n");
}

void report_train_end(struct text *out, const struct history *history,
                      const struct model *model) {
  struct text bad;
  text_init(&bad);
  if (history->bad >= 0)
    (history->bad_gradient ? gradient_put_shown : node_put_shown)(
        &bad, model, model_visible(model, history->bad));
  if (history->diverged)
    text_printf(out,
                _(" DIVERGED  at step %zu: %s is the first that is not finite. The params are as "
                  "step %zu left them; a smaller rate may help.\n"),
                history->done + 1, bad.length > 0 ? text_string(&bad) : "?", history->done);
  else if (history->cancelled)
    text_printf(out, _(" stopped after step %zu; what was learnt until then is kept\n"),
                history->done);
  else
    text_printf(out, _(" %zu steps done\n"), history->done);
  text_done(&bad);
}

void report_train_notes(struct text *out, const struct history *history,
                        const struct model *model) {
  struct text scores;
  text_init(&scores);
  if (history->scores >= 0) node_put_shown(&scores, model, history->scores);
  if (history->scores >= 0)
    text_printf(out,
                _(" note    train and test: the share of examples whose largest number in %s is in "
                  "the right column\n"),
                text_string(&scores));
  else if (history->examples > 0)
    text_puts(out, _(" note    nothing stands beside the labels in their shape, so there is no "
                     "accuracy\n"));
  text_done(&scores);
}

void report_train(struct text *out, const struct history *history, const struct model *model) {
  report_train_title(out, history);
  text_puts(out, "\n");
  report_train_columns(out, history);
  for (size_t i = 0; i < history->row_count; i++)
    report_train_row(out, history, &history->rows[i]);
  text_puts(out, "\n");
  report_train_end(out, history, model);
  report_train_notes(out, history, model);
}
