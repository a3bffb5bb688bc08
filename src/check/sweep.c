#include "check/sweep.h"

#include "core/intl.h"

#include <math.h>

const struct sweep_kind sweep_kinds[SWEEP_CURVE_COUNT] = {
    [SWEEP_CENTRAL] = {"central", 'C', METHOD_CENTRAL, PRECISION_DOUBLE, 2},
    [SWEEP_FORWARD] = {"forward", 'F', METHOD_FORWARD, PRECISION_DOUBLE, 1},
    [SWEEP_SINGLE_CENTRAL] = {"single central", 'c', METHOD_CENTRAL, PRECISION_SINGLE, 2},
    [SWEEP_SINGLE_FORWARD] = {"single forward", 'f', METHOD_FORWARD, PRECISION_SINGLE, 1},
};

/* -- the best step -- */

/* The worst error at a step and its neighbours: a single lucky step is not the best. */
static double error_around(const struct sweep *sweep, const struct sweep_line *line, size_t at) {
  double worst = 0;
  for (size_t i = at > 0 ? at - 1 : 0; i <= at + 1 && i < sweep->count; i++)
    worst = fmax(worst, isnan(line->errors[i]) ? (double)INFINITY : line->errors[i]);
  return worst;
}

static double distance(double step, double from) {
  return fabs(log2(step) - log2(from));
}

/* Where the curve is flat (a mistake that no step mends, or no error at all), the step that a check
 * would choose is as good as any. */
static int find_best(const struct sweep *sweep, const struct sweep_line *line, double chosen) {
  const double as_good = 1.1;
  int best = -1;
  double least = INFINITY;
  for (size_t i = 0; i < sweep->count; i++)
    if (!isnan(line->errors[i])) least = fmin(least, error_around(sweep, line, i));
  for (size_t i = 0; i < sweep->count; i++) {
    if (isnan(line->errors[i]) || error_around(sweep, line, i) > as_good * least) continue;
    if (best < 0 || distance(sweep->steps[i], chosen) < distance(sweep->steps[best], chosen))
      best = (int)i;
  }
  return best;
}

/* -- the laws on both sides of it -- */

/* Sums of a straight line through (log h, log error). */
struct line_sums {
  double count, x, y, xx, xy;
};

static void add_point(struct line_sums *sums, double x, double y) {
  sums->count++;
  sums->x += x;
  sums->y += y;
  sums->xx += x * x;
  sums->xy += x * y;
}

/* log error over log h from one point to the next one. */
static double slope_between(const struct sweep *sweep, const struct sweep_line *line, int from,
                            int to) {
  return log(line->errors[to] / line->errors[from]) / log(sweep->steps[to] / sweep->steps[from]);
}

/* Least squares over the points from the best step outward (SIDE: -1 to larger steps, 1 to smaller
 * ones) that have left the bottom of the curve and are not yet all error; on the side of the
 * truncation error, which is smooth, only as far as a kink comes into reach. A law is found where
 * their slope is nearer to its exponent than to the next. */
static struct power_law fit_law(const struct sweep *sweep, const struct sweep_line *line, int side,
                                int exponent) {
  enum { LEAST_POINTS = 3 };
  const double leaving = 4, saturated = 0.1;
  const double near = 0.5;
  struct power_law law = {.exponent = exponent};
  struct line_sums sums = {0};
  for (int i = line->best; line->best >= 0 && i >= 0 && i < (int)sweep->count; i += side) {
    double error = line->errors[i];
    bool bends = side < 0 && sums.count > 0 &&
                 !(fabs(slope_between(sweep, line, i + 1, i) - exponent) < near);
    if (bends) break;
    if (error > leaving * line->errors[line->best] && error < saturated)
      add_point(&sums, log(sweep->steps[i]), log(error));
  }
  if (sums.count < LEAST_POINTS) return law;
  law.measured = (sums.count * sums.xy - sums.x * sums.y) /
                 (sums.count * sums.xx - sums.x * sums.x);
  law.factor = exp((sums.y - exponent * sums.x) / sums.count);
  law.found = fabs(law.measured - exponent) < near;
  return law;
}

void sweep_fit(struct sweep *sweep) {
  for (int k = 0; k < SWEEP_CURVE_COUNT; k++) {
    const struct sweep_kind *kind = &sweep_kinds[k];
    struct sweep_line *line = &sweep->lines[k];
    line->best = find_best(sweep, line, precision_step(kind->precision));
    line->truncation = fit_law(sweep, line, -1, kind->order);
    line->round_off = fit_law(sweep, line, 1, -1);
  }
}

/* -- running it -- */

/* The progress of one check as a part of the whole. */
struct fitted {
  const struct check_options *options;
  size_t number, count;
};

static void on_progress(void *context, size_t done, size_t total) {
  const struct fitted *part = context;
  part->options->progress(part->options->progress_context, part->number * total + done,
                          part->count * total);
}

static size_t count_entries(const struct model *model, const struct check_options *options,
                            size_t *tensors) {
  size_t entries = 0;
  *tensors = 0;
  for (size_t n = 0; n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    if (node->kind != NODE_PARAM || !check_wants(options, node->name)) continue;
    entries += shape_count(model_shape(model, node->slot));
    ++*tensors;
  }
  return entries;
}

/* Sets what is compared at each step, and the steps. */
static void plan(struct sweep *sweep, const struct model *model, struct check_options *options) {
  enum { DIRECTIONS = 2, MANY_SLOPES = 200 };
  size_t tensors, entries = count_entries(model, options, &tensors);
  if (options->directions == 0 && entries > SWEEP_MAX_ENTRIES) options->directions = DIRECTIONS;
  sweep->by_direction = options->directions > 0;
  sweep->slopes = sweep->by_direction ? tensors * options->directions : entries;
  int every = sweep->slopes > MANY_SLOPES ? 2 : 1;
  for (int power = 1; power <= SWEEP_MAX_STEPS; power += every)
    sweep->steps[sweep->count++] = exp2(-power);
}

static enum status run_step(struct sweep *sweep, size_t step, const struct sweep_kind *kind,
                            const struct model *model, struct check_options options,
                            struct diag *diag) {
  struct check check;
  options.eps = sweep->steps[step];
  options.method = kind->method;
  options.precision = kind->precision;
  enum status status = check_run(&check, model, &options, diag);
  if (!status) sweep->lines[kind - sweep_kinds].errors[step] = check.difference;
  check_done(&check);
  return status;
}

enum status sweep_run(struct sweep *sweep, const struct model *model,
                      const struct check_options *options, struct diag *diag) {
  struct check_options how = *options;
  struct fitted part = {.options = options};
  enum status status = STATUS_OK;
  *sweep = (struct sweep){0};
  plan(sweep, model, &how);
  how.metrics_only = true;
  how.tolerance = -1;
  part.count = sweep->count * SWEEP_CURVE_COUNT;
  if (options->progress) how.progress = on_progress;
  how.progress_context = &part;
  for (size_t i = 0; !status && i < sweep->count; i++)
    for (int k = 0; !status && k < SWEEP_CURVE_COUNT; k++, part.number++)
      status = run_step(sweep, i, &sweep_kinds[k], model, how, diag);
  if (status == STATUS_CANCELLED)
    diag_set(diag, status, SPAN_NONE, "%s", _("the sweep was stopped"));
  if (!status) sweep_fit(sweep);
  return status;
}
