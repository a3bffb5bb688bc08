#include "core/intl.h"
#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *report_scientific(double value, char buffer[NUMBER_TEXT_SIZE]) {
  const double nearly_one = 0.995;
  char digits[NUMBER_TEXT_SIZE];
  if (!(value > 0 && value < nearly_one)) return number_brief(value, 2, buffer);
  snprintf(digits, sizeof digits, "%.1e", value);
  char *exponent = strchr(digits, 'e');
  snprintf(buffer, NUMBER_TEXT_SIZE, "%.*s%d", (int)(exponent + 1 - digits), digits,
           atoi(exponent + 1));
  return buffer;
}

void report_put_count(struct text *out, size_t slopes, bool by_direction) {
  if (by_direction)
    text_printf(out, slopes == 1 ? _("%zu direction") : _("%zu directions"), slopes);
  else text_printf(out, slopes == 1 ? _("%zu entry") : _("%zu entries"), slopes);
}

static void put_cell(struct text *out, const struct sweep_line *line, size_t step) {
  char buffer[NUMBER_TEXT_SIZE];
  text_printf(out, "%9s %s", report_scientific(line->errors[step], buffer),
              (int)step == line->best ? "*" : " ");
}

/* 2^-17  7.6e-6  then the four errors */
static void put_step(struct text *out, const struct sweep *sweep, size_t step) {
  char buffer[NUMBER_TEXT_SIZE];
  text_printf(out, " 2^%-4g %-8s", log2(sweep->steps[step]),
              report_scientific(sweep->steps[step], buffer));
  for (int k = 0; k < SWEEP_CURVE_COUNT; k++) {
    if (k == SWEEP_SINGLE_CENTRAL) text_puts(out, "   ");
    put_cell(out, &sweep->lines[k], step);
  }
  text_puts(out, "\n");
}

static size_t count_nan(const struct sweep_line *line, size_t count) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) found += isnan(line->errors[i]);
  return found;
}

/* What limits the error on either side of the best step, with the exponents measured.
 * TRANSLATORS: "larger h: truncation error" and then a list of one or two laws. */
static void put_limits(struct text *out, const struct sweep *sweep) {
  const struct power_law *central = &sweep->lines[SWEEP_CENTRAL].truncation;
  const struct power_law *forward = &sweep->lines[SWEEP_FORWARD].truncation;
  const struct power_law *round_off = &sweep->lines[SWEEP_CENTRAL].round_off;
  if (!central->found && !forward->found)
    text_puts(out, _("larger h: truncation error; it follows no power of h here (no curvature, or "
                     "kinks)"));
  else text_puts(out, _("larger h: truncation error"));
  if (central->found) text_printf(out, _(", central ~ h^%.2f"), central->measured);
  if (forward->found) text_printf(out, _(", forward ~ h^%.2f"), forward->measured);
  text_puts(out, "\n");
  if (round_off->found)
    text_printf(out, _("smaller h: round-off error, central ~ h^%.2f\n"), round_off->measured);
  else text_puts(out, _("smaller h: round-off error; it follows no power of h here\n"));
}

static const double suspicious = 1e-4;

/* The best step; an error that no step brings down is not the step's. */
static void put_best(struct text *out, const struct sweep *sweep) {
  const struct sweep_line *line = &sweep->lines[SWEEP_CENTRAL];
  char step[NUMBER_TEXT_SIZE], error[NUMBER_TEXT_SIZE];
  text_printf(out,
              line->errors[line->best] > 0
                  ? _("best step: 2^%g = %s, where the central difference errs by %s\n")
                  : _("best step: 2^%g = %s, where the central difference errs by %s: the loss "
                      "bends no more than a parabola\n"),
              log2(sweep->steps[line->best]), report_scientific(sweep->steps[line->best], step),
              report_scientific(line->errors[line->best], error));
  if (line->errors[line->best] > suspicious)
    text_puts(out, _("No step brings the error down: it is the backward pass, or a kink, that is "
                     "to blame.\n"));
}

static void put_summary(struct text *out, const struct sweep *sweep) {
  const struct sweep_line *line = &sweep->lines[SWEEP_CENTRAL];
  size_t nans = count_nan(line, sweep->count);
  if (line->best >= 0) {
    put_best(out, sweep);
    bool curve = line->errors[line->best] > 0 && line->errors[line->best] <= suspicious;
    if (curve) put_limits(out, sweep);
  }
  if (nans > 0)
    text_printf(out, _("%zu of %zu errors are NaN: the loss or a gradient is no number there\n"),
                nans, sweep->count);
}

void report_sweep_summary(struct lines *out, const struct sweep *sweep) {
  put_summary(&out->text, sweep);
}

static void put_table(struct text *out, const struct sweep *sweep) {
  text_puts(out, _("sweep: relative difference of the two gradients at each step h"));
  text_puts(out, ", ");
  report_put_count(out, sweep->slopes, sweep->by_direction);
  text_puts(out, "\n");
  text_printf(out, "\n %-15s%20s   %22s\n", _("step h"), _("double precision"),
              _("single precision"));
  text_printf(out, " %-15s%9s %10s %13s %10s\n", "", sweep_kinds[SWEEP_CENTRAL].name,
              sweep_kinds[SWEEP_FORWARD].name, sweep_kinds[SWEEP_CENTRAL].name,
              sweep_kinds[SWEEP_FORWARD].name);
  for (size_t i = 0; i < sweep->count; i++) put_step(out, sweep, i);
  text_puts(out, _(" * the best of its column\n\n"));
}

void report_sweep(struct lines *out, const struct sweep *sweep) {
  put_table(&out->text, sweep);
  report_sweep_summary(out, sweep);
}
