#include "blame/truth.h"

#include "core/vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -- comparing -- */

/* Entries smaller than this beside the largest of their tensor are rounding. */
#define NOTHING 1e-11

/* How close two ways to compute one gradient come. */
#define SAME 1e-7

double truth_largest(const double *values, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; i++)
    if (!(fabs(values[i]) <= largest)) largest = fabs(values[i]);
  return largest;
}

double truth_entry_error(double is, double should, double largest) {
  double size = fmax(fabs(is), fabs(should)), error = fabs(is - should);
  if (error <= NOTHING * largest) return 0;
  return isnan(error) ? (double)NAN : error / size;
}

double truth_error(const double *is, const double *should, size_t count) {
  double largest = truth_largest(should, count), worst = 0;
  for (size_t i = 0; i < count; i++) {
    double error = truth_entry_error(is[i], should[i], largest);
    if (!(error <= worst)) worst = error;
    if (isnan(worst)) return worst;
  }
  return worst;
}

bool truth_is_multiple(const double *is, const double *should, size_t count, double factor) {
  double largest = fabs(factor) * truth_largest(should, count);
  for (size_t i = 0; i < count; i++)
    if (!(truth_entry_error(is[i], factor * should[i], largest) <= SAME)) return false;
  return true;
}

double truth_factor(const double *is, const double *should, size_t count, size_t *telling) {
  double largest = 0;
  size_t at = 0, tell = 0;
  for (size_t i = 0; i < count; i++)
    if (fabs(should[i]) > largest) largest = fabs(should[at = i]);
  if (!(largest > 0) || !isfinite(largest)) return (double)NAN;
  double factor = is[at] / should[at];
  if (!isfinite(factor) || !(fabs(factor) > 0) || !truth_is_multiple(is, should, count, factor))
    return (double)NAN;
  for (size_t i = 0; i < count; i++) tell += fabs(should[i]) > NOTHING * largest;
  if (telling) *telling = tell;
  return factor;
}

/* -- what is right -- */

const double *truth_gradient(const struct truth *truth, int node) {
  return model_gradient(&truth->reference, &truth->right, node);
}

const double *truth_expected(const struct truth *truth, int node) {
  return model_gradient(&truth->reference, &truth->expected, node);
}

/* Whether the derived gradient of TENSOR agrees with the numerical one far better than what the
 * check failed for. Along directions only their products are known; these are not compared. */
static bool agrees(const struct truth *truth, const struct tensor_check *tensor) {
  const double close = 1e-4, part = 0.02;
  const double *right = truth_gradient(truth, tensor->node);
  if (tensor->by_direction || !right) return true;
  struct metrics m = metrics_compute(right, tensor->numeric, tensor->count);
  return m.difference <= fmax(close, part * tensor->metrics.difference) ||
         m.max_abs <= CHECK_ABSOLUTE;
}

static bool all_agree(const struct truth *truth, const struct check *check) {
  for (size_t i = 0; i < check->tensor_count; i++)
    if (!agrees(truth, &check->tensors[i])) return false;
  return true;
}

enum status truth_init(struct truth *truth, const struct check *check, const struct model *model,
                       const struct run *point, struct diag *diag) {
  *truth = (struct truth){.model = model};
  enum status status = reference_init(&truth->reference, model, true, diag);
  if (!status) status = reference_run(&truth->right, &truth->reference, point, diag);
  if (status) return status;
  if (run_copy(&truth->mixed, &truth->right) || run_copy(&truth->expected, &truth->right))
    return diag_no_memory(diag);
  truth->trusted = all_agree(truth, check);
  return STATUS_OK;
}

void truth_done(struct truth *truth) {
  run_done(&truth->right);
  run_done(&truth->mixed);
  run_done(&truth->expected);
  reference_done(&truth->reference);
}

/* -- what is right given what was there -- */

static void copy_slot(const struct truth *truth, const struct run *to, const double *from,
                      int slot) {
  size_t count = shape_count(model_shape(&truth->reference, slot));
  memcpy(run_values(to, slot), from, count * sizeof *from);
}

/* Notes NODE's gradient, which is complete, and continues with the person's, or with none where the
 * way does not lead through it. */
static void pass_by(struct truth *truth, const struct run *person, const bool *stations,
                    const bool *through, int node) {
  int slot = truth->reference.nodes[node].gradient;
  const struct node *own = &truth->model->nodes[node];
  if (slot < 0) return;
  copy_slot(truth, &truth->expected, run_values(&truth->mixed, slot), slot);
  if (!person || own->gradient < 0 || !stations[own->slot]) return;
  if (!through || through[own->slot])
    copy_slot(truth, &truth->mixed, run_values(person, own->gradient), slot);
  else
    memset(run_values(&truth->mixed, slot), 0,
           shape_count(model_shape(&truth->reference, slot)) * sizeof(double));
}

/* Rules run from the last node to the first, and those of one node together: by the time that the
 * first of them runs, all nodes that read the node have added their share. */
void truth_follow(struct truth *truth, const struct run *person, const bool *stations,
                  const bool *through) {
  const struct model *reference = &truth->reference;
  size_t from = 0;
  int next = (int)reference->node_count;
  memcpy(truth->mixed.values, truth->right.values, reference->program.size * sizeof(double));
  for (size_t i = 0; i < reference->rule_count; from = reference->rules[i++].code_end) {
    while (next > reference->rules[i].node) pass_by(truth, person, stations, through, --next);
    run_slice(&truth->mixed, &reference->program.backward, from, reference->rules[i].code_end);
  }
  while (next > 0) pass_by(truth, person, stations, through, --next);
}

/* -- shares -- */

static struct share *add_share(struct shares *shares, const struct rule *line, size_t size) {
  double *values = calloc(size, sizeof *values);
  if (!values || !array_reserve(&shares->items, &shares->capacity, shares->count + 1,
                                sizeof *shares->items)) {
    free(values);
    return NULL;
  }
  shares->items[shares->count] = (struct share){line->node, line->operand, values};
  return &shares->items[shares->count++];
}

/* Runs rule RULE of the reference, whose target is the node of SHARES, and notes what it adds. */
static enum status take_share(struct truth *truth, struct shares *shares, size_t rule,
                              size_t from) {
  const struct rule *line = &truth->reference.rules[rule];
  int slot = truth->reference.nodes[line->target_node].gradient;
  size_t size = shape_count(model_shape(&truth->reference, slot));
  struct share *share = add_share(shares, line, size);
  double *sum = run_values(&truth->mixed, slot), *before = malloc(size * sizeof *before);
  if (!share || !before) {
    free(before);
    return STATUS_NO_MEMORY;
  }
  memcpy(before, sum, size * sizeof *before);
  memset(sum, 0, size * sizeof *sum);
  run_slice(&truth->mixed, &truth->reference.program.backward, from, line->code_end);
  memcpy(share->values, sum, size * sizeof *sum);
  for (size_t i = 0; i < size; i++) sum[i] += before[i];
  free(before);
  return STATUS_OK;
}

enum status truth_shares(struct truth *truth, const struct run *person, const bool *stations,
                         int node, struct shares *shares) {
  const struct model *reference = &truth->reference;
  size_t from = 0;
  int next = (int)reference->node_count;
  enum status status = STATUS_OK;
  *shares = (struct shares){0};
  memcpy(truth->mixed.values, truth->right.values, reference->program.size * sizeof(double));
  for (size_t i = 0; !status && i < reference->rule_count; from = reference->rules[i++].code_end) {
    while (next > reference->rules[i].node) pass_by(truth, person, stations, NULL, --next);
    if (reference->rules[i].target_node == node)
      status = take_share(truth, shares, i, from);
    else
      run_slice(&truth->mixed, &reference->program.backward, from, reference->rules[i].code_end);
  }
  return status;
}

void shares_done(struct shares *shares) {
  for (size_t i = 0; i < shares->count; i++) free(shares->items[i].values);
  free(shares->items);
  *shares = (struct shares){0};
}
