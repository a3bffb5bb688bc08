#include "train/advice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double loss_of(const struct training *training) {
  return *run_values(&training->run, training->model.nodes[training->model.loss].slot);
}

static size_t entries_of(const struct training *training, size_t node) {
  return shape_count(model_shape(&training->model, training->model.nodes[node].slot));
}

/* -- how the loss went -- */

/* A batch may be a hard one, so the last quarter has to agree. */
static bool has_risen(const struct history *history) {
  const struct curve *curve = &history->loss;
  const double far = ADVICE_FAR * fabs(history->advice.first) + 1e-6;
  if (history->diverged) return true;
  return history->advice.last > far &&
         curve_mean(curve, curve->count - (curve->count + 3) / 4, curve->count) > far;
}

static bool has_stood_still(const struct history *history) {
  const struct advice *advice = &history->advice;
  return !history->diverged && history->examples == 0 && advice->last != 0 &&
         fabs(advice->last - advice->first) <= 1e-9 * fabs(advice->first);
}

/* -- params that never moved -- */

static bool is_zero(const double *values, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!(values[i] == 0)) return false;
  return true;
}

/* Params that are where they began, with a gradient that is exactly 0. */
static void find_unmoved(struct training *training) {
  struct advice *advice = &training->history.advice;
  const struct model *model = &training->model;
  for (size_t n = 0; n < model->node_count && advice->unmoved_count < ADVICE_MOST_NAMES; n++) {
    if (!training->velocity[n]) continue;
    const struct node *node = &model->nodes[n];
    const size_t count = entries_of(training, n);
    const double *now = run_values(&training->run, node->slot);
    const double *begun = model->program.image + model->program.slots[node->slot].offset;
    if (memcmp(now, begun, count * sizeof *now) == 0 &&
        is_zero(run_values(&training->run, node->gradient), count))
      advice->unmoved[advice->unmoved_count++] = (int)n;
  }
}

/* The first param that is still all zeros, and the first node whose every entry is 0. */
static void find_zeros(struct training *training) {
  struct advice *advice = &training->history.advice;
  const struct model *model = &training->model;
  for (size_t n = 0; n < model->node_count && advice->unmoved_count > 0; n++) {
    const struct node *node = &model->nodes[n];
    const bool param = node->kind == NODE_PARAM;
    int *found = param ? &advice->zero_param : &advice->zero_node;
    if (*found >= 0 || !node->active || (!param && node->kind != NODE_OP)) continue;
    if (model_states(model, node->name) &&
        is_zero(run_values(&training->run, node->slot), entries_of(training, n)))
      *found = (int)n;
  }
}

/* -- inputs -- */

static bool is_product(const struct instr *instr) {
  const struct op *op = &op_table[instr->op];
  return op->flags & OP_PRODUCT || op_multiplies(op);
}

/* The data that a param is multiplied with, by their largest number. */
static void find_largest_input(struct training *training) {
  struct advice *advice = &training->history.advice;
  const struct model *model = &training->model;
  const struct code *forward = &model->program.forward;
  for (size_t i = 0; i < forward->count; i++) {
    const struct instr *instr = &forward->items[i];
    for (int k = 0; k < 2 && is_product(instr); k++) {
      int node = model->values[instr->in[k]].node, other = model->values[instr->in[1 - k]].node;
      if (node < 0 || other < 0 || model->nodes[node].kind != NODE_DATA ||
          model->nodes[other].kind != NODE_PARAM)
        continue;
      const double *values = run_values(&training->run, instr->in[k]);
      for (size_t j = 0; j < entries_of(training, (size_t)node); j++)
        if (fabs(values[j]) > advice->largest) advice->largest = fabs(values[j]),
                                               advice->input = node;
    }
  }
}

/* -- other rates -- */

static void begin_again(struct training *training) {
  const struct model *model = &training->model;
  model_copy_params(model, training->run.values, model, model->program.image);
  training->random = training->begun;
  training->run.random = model->random;
  for (size_t n = 0; n < model->node_count; n++)
    if (training->velocity[n])
      memset(training->velocity[n], 0, entries_of(training, n) * sizeof(double));
}

static bool cancelled(const struct training *training) {
  return training->options.cancel && *training->options.cancel;
}

/* Whether STEPS steps at RATE bring the loss down by more than LEAST of its size. */
static bool falls(struct training *training, bool (*step)(struct training *), double rate,
                  size_t steps, double least) {
  struct advice *advice = &training->history.advice;
  training->options.rate = rate;
  begin_again(training);
  for (size_t i = 0; i < steps; i++) {
    if (cancelled(training) || !step(training)) return false;
    if (i == 0) advice->trial_first = loss_of(training);
  }
  advice->trial_rate = rate;
  advice->trial_last = loss_of(training);
  return advice->trial_last < advice->trial_first - least * fabs(advice->trial_first);
}

static double squared_gradient(const struct training *training) {
  double sum = 0;
  for (size_t n = 0; n < training->model.node_count; n++) {
    if (!training->velocity[n]) continue;
    const double *gradient = run_values(&training->run, training->model.nodes[n].gradient);
    for (size_t i = 0; i < entries_of(training, n); i++) sum += gradient[i] * gradient[i];
  }
  return sum;
}

/* The loss at the start, of the first batch, after one step at RATE; NaN where that cannot be
 * told. */
static double loss_after(struct training *training, bool (*step)(struct training *), double rate) {
  begin_again(training);
  training->options.rate = rate;
  if (!step(training)) return (double)NAN;
  training->random = training->begun;
  training->run.random = training->model.random;
  training->options.rate = 0;
  return step(training) ? loss_of(training) : (double)NAN;
}

/* Whether a step so small that the loss should fall by a ten thousandth of its size raises it. */
static bool leads_uphill(struct training *training, bool (*step)(struct training *)) {
  const double share = 1e-4, loss = loss_after(training, step, 0);
  const double square = squared_gradient(training);
  if (!(square > 0) || !isfinite(square)) return false;
  return loss_after(training, step, share * fabs(loss) / square) > loss;
}

/* The first of some rates, each FACTOR times the one before, with which the loss falls. */
static void try_rates(struct training *training, bool (*step)(struct training *), double factor,
                      double least) {
  enum { TRIALS = 5, FEWEST = 5, MOST = 50 };
  struct advice *advice = &training->history.advice;
  double rate = training->history.rate;
  size_t steps = training->history.steps / 4;
  steps = steps < FEWEST ? FEWEST : steps > MOST ? MOST : steps;
  advice->trial_steps = steps;
  for (int i = 0; i < TRIALS && !advice->trial_falls; i++) {
    rate *= factor;
    advice->trial_falls = falls(training, step, rate, steps, least);
  }
  advice->trial_rate = rate;
}

/* Tries other rates, and restores what that moves. */
static enum status try_again(struct training *training, bool (*step)(struct training *)) {
  struct history *history = &training->history;
  const struct model *model = &training->model;
  const struct random random = training->random, inner = training->run.random;
  const struct history kept = *history;
  double *params = malloc(model->program.size * sizeof *params);
  if (!params) return STATUS_NO_MEMORY;
  model_copy_params(model, params, model, training->run.values);
  if (history->advice.rose) history->advice.uphill = leads_uphill(training, step);
  if (!history->advice.uphill)
    try_rates(training, step, history->advice.rose ? 0.1 : 100, history->advice.rose ? 0 : 1e-3);
  const struct advice advice = history->advice;
  *history = kept;
  history->advice = advice;
  if (cancelled(training)) history->advice.trial_steps = 0, history->advice.uphill = false;
  training->options.rate = history->rate;
  training->random = random;
  training->run.random = inner;
  model_copy_params(model, training->run.values, model, params);
  free(params);
  return STATUS_OK;
}

enum status advice_make(struct training *training, bool (*step)(struct training *training)) {
  struct history *history = &training->history;
  if (history->done < (history->diverged ? 1 : 2) || history->cancelled) return STATUS_OK;
  history->advice.rose = has_risen(history);
  history->advice.stuck = has_stood_still(history);
  if (history->advice.last != 0) find_unmoved(training);
  find_zeros(training);
  if (history->advice.rose) find_largest_input(training);
  return history->advice.rose || history->advice.stuck ? try_again(training, step) : STATUS_OK;
}
