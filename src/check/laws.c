#include "check/laws.h"

#include "core/vector.h"

#include <math.h>
#include <string.h>

/* -- what breaks them: FIRST is an entry at an upstream of 1, NOW the same in the other pass -- */

static bool changes(double first, double now) {
  return memcmp(&first, &now, sizeof now) != 0;
}

static bool stays(double first, double now) {
  (void)first;
  return isfinite(now) && fabs(now) > 0;
}

/* Doubling rounds nothing, unless numbers get so small that they lose digits. */
static bool bends(double first, double now) {
  const double rounding = 1e-12, smallest = 1e-200;
  double size = fmax(fabs(now), fabs(2 * first));
  return isfinite(size) && size > smallest && fabs(now - 2 * first) > rounding * size;
}

static const struct {
  double upstream;
  bool (*breaks)(double first, double now);
} laws[LAW_COUNT] = {
    [LAW_REPEAT] = {1, changes},
    [LAW_ZERO] = {0, stays},
    [LAW_DOUBLE] = {2, bends},
};

bool law_breaks(enum law law, double first, double now) {
  return laws[law].breaks(first, now);
}

double law_upstream(enum law law) {
  return laws[law].upstream;
}

/* -- whom they bind -- */

bool laws_take_upstream(const struct model *model) {
  int upstream = model->nodes[model->loss].gradient;
  const struct code *backward = &model->program.backward;
  if (!model->backward) return true;
  for (size_t i = 0; i < backward->count; i++) {
    for (int k = 0; k < op_table[backward->items[i].op].arity; k++)
      if (backward->items[i].in[k] == upstream) return true;
    if (backward->items[i].out == upstream) return false;
  }
  return false;
}

/* -- the passes -- */

/* Whether NOW is exactly what the law predicts from FIRST, which is quick to see and mostly so. */
static bool is_foretold(enum law law, const double *first, const double *now, size_t count) {
  if (law == LAW_REPEAT) return memcmp(first, now, count * sizeof *now) == 0;
  return vector_is_times(now, laws[law].upstream, first, count);
}

/* The size below which a value beside the largest of VALUES is rounding. */
static double rounding_of(const double *values, size_t count) {
  const double rounding = 1e-14;
  double largest = 0;
  for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs(values[i]));
  return rounding * largest;
}

static bool compare(struct tensor_check *tensor, enum law law, const struct model *model,
                    const struct run *first, const struct run *now) {
  int slot = model->nodes[tensor->node].gradient;
  if (slot < 0 || tensor->broken) return tensor->broken != LAW_NONE;
  const double *before = run_values(first, slot), *after = run_values(now, slot);
  size_t i = 0, count = shape_count(tensor->shape);
  if (is_foretold(law, before, after, count)) return false;
  double nothing = law == LAW_REPEAT ? -1 : rounding_of(before, count);
  while (i < count && (fabs(after[i] - laws[law].upstream * before[i]) <= nothing ||
                       !laws[law].breaks(before[i], after[i])))
    i++;
  if (i < count) {
    tensor->broken = law;
    tensor->broken_entry = i;
    tensor->broken_first = before[i];
    tensor->broken_now = after[i];
  }
  return tensor->broken != LAW_NONE;
}

/* Whether some tensor breaks it. */
static bool compare_all(struct check *check, enum law law, const struct model *model,
                        const struct run *first, const struct run *now) {
  bool broken = false;
  for (size_t i = 0; i < check->tensor_count; i++)
    broken |= compare(&check->tensors[i], law, model, first, now);
  for (size_t i = 0; i < check->intermediate_count; i++)
    broken |= compare(&check->intermediates[i], law, model, first, now);
  return broken;
}

static void run_with(struct run *run, const struct model *model, double upstream) {
  *run_values(run, model->nodes[model->loss].gradient) = upstream;
  run_code(run, &model->program.backward, 0);
}

static void test_upstream(struct check *check, const struct model *model, const struct run *first,
                          struct run *again) {
  for (enum law law = LAW_ZERO; law < LAW_COUNT; law++) {
    run_with(again, model, laws[law].upstream);
    compare_all(check, law, model, first, again);
  }
}

/* The same in double precision: a coarse precision is linear only within its digits. */
static enum status test_upstream_exactly(struct check *check, const struct model *model,
                                         const struct run *base, struct run *again) {
  struct run first;
  if (base->precision == PRECISION_DOUBLE) {
    test_upstream(check, model, base, again);
    return STATUS_OK;
  }
  enum status status = run_copy(&first, base);
  if (!status) {
    first.precision = again->precision = PRECISION_DOUBLE;
    run_with(&first, model, 1);
    test_upstream(check, model, &first, again);
  }
  run_done(&first);
  return status;
}

enum status laws_test(struct check *check, const struct model *model, const struct run *base) {
  struct run again;
  enum status status = run_copy(&again, base);
  if (!status) {
    run_code(&again, &model->program.backward, 0);
    bool repeats = !compare_all(check, LAW_REPEAT, model, base, &again);
    if (repeats && laws_take_upstream(model))
      status = test_upstream_exactly(check, model, base, &again);
  }
  run_done(&again);
  return status;
}
