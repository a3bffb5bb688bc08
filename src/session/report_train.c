#include "session/report.h"

#include "core/intl.h"

#include <math.h>

static void put_share(struct text *out, double share) {
  if (isnan(share)) text_printf(out, "  %8s", "-");
  else text_printf(out, "  %8.4f", share);
}

void report_train_head(struct text *out, const struct training *training) {
  const struct train_options *options = &training->options;
  char rate[NUMBER_TEXT_SIZE], momentum[NUMBER_TEXT_SIZE];
  text_printf(out, _("train: %zu steps, rate %s"), options->steps,
              number_text(options->rate, rate));
  if (options->momentum > 0)
    text_printf(out, _(", momentum %s"), number_text(options->momentum, momentum));
  if (training->train_set)
    text_printf(out, _(", batches of %u from %u examples"), options->batch,
                training->train_set->count);
  text_printf(out, "\n\n %7s  %10s", _("step"), _("loss"));
  if (training->scores >= 0) text_printf(out, "  %8s  %8s", _("train"), _("test"));
  text_puts(out, "\n");
}

void report_train_row(struct text *out, const struct training *training,
                      const struct train_row *row) {
  char loss[NUMBER_TEXT_SIZE];
  text_printf(out, " %7zu  %10s", row->step, number_brief(row->loss, 5, loss));
  if (training->scores >= 0) {
    put_share(out, row->train);
    put_share(out, row->test);
  }
  text_puts(out, "\n");
}

void report_train_end(struct text *out, const struct training *training) {
  const struct model *model = &training->model;
  const char *bad = "?";
  if (training->bad >= 0) bad = model->nodes[model_visible(model, training->bad)].name;
  text_puts(out, "\n");
  if (training->diverged)
    text_printf(out,
                _(" DIVERGED  at step %zu: %s%s is the first that is not finite. The params are as "
                  "step %zu left them; a smaller rate may help.\n"),
                training->done + 1, training->bad_gradient ? "d" : "", bad, training->done);
  else if (training->cancelled)
    text_printf(out, _(" stopped after step %zu; what was learnt until then is kept\n"),
                training->done);
  else
    text_printf(out, _(" %zu steps done\n"), training->done);
  if (training->scores >= 0)
    text_printf(out,
                _(" note    train and test: the share of examples whose largest number in %s is in "
                  "the right column\n"),
                model->nodes[training->scores].name);
  else if (training->train_set)
    text_puts(out, _(" note    nothing stands beside the labels in their shape, so there is no "
                     "accuracy\n"));
}

void report_train(struct text *out, const struct training *training) {
  report_train_head(out, training);
  for (size_t i = 0; i < training->row_count; i++)
    report_train_row(out, training, &training->rows[i]);
  report_train_end(out, training);
}
