#include "bug/gauge.h"

#include "check/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t count_entries(const struct model *model) {
  size_t count = 0;
  for (size_t n = 0; n < model->node_count; n++)
    if (model->nodes[n].kind == NODE_PARAM)
      count += shape_count(model_shape(model, model->nodes[n].slot));
  return count;
}

/* All params' gradients one after the other, multiplied by FACTOR; 0 where no line assigns one. */
static void collect(const struct model *model, const struct run *run, double factor, double *out) {
  for (size_t n = 0; n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    if (node->kind != NODE_PARAM) continue;
    size_t count = shape_count(model_shape(model, node->slot));
    const double *values = node->gradient >= 0 ? run_values(run, node->gradient) : NULL;
    for (size_t i = 0; i < count; i++) *out++ = values ? factor * values[i] : 0;
  }
}

static void run_passes(const struct gauge *gauge, struct run *run, double *gradients) {
  const struct model *model = gauge->model;
  int upstream = model->loss >= 0 ? model->nodes[model->loss].gradient : -1;
  for (int pass = 0; pass < PASS_COUNT; pass++) {
    double factor = pass == PASS_DOUBLED ? 2 : 1;
    if (upstream >= 0) *run_values(run, upstream) = factor;
    run_code(run, &model->program.backward, 0);
    collect(model, run, 1 / factor, gradients + (size_t)pass * gauge->count);
  }
}

/* Two roads to one number may differ in the last digits. */
#define SAME_WITHIN 1e-12

static double distance(const double *is, const double *should, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; i++) {
    const double a = fabs(is[i]), b = fabs(should[i]), size = a > b ? a : b;
    const double error = fabs(is[i] - should[i]);
    if (error <= SAME_WITHIN * size) continue;
    const double share = error / (CHECK_ABSOLUTE + CHECK_RELATIVE * size);
    if (isnan(share)) return INFINITY;
    if (share > largest) largest = share;
  }
  return largest;
}

/* Every param a quarter larger and up to a tenth away, the same way every time. */
static void move(struct run *run, const struct model *model) {
  struct random random;
  random_seed(&random, 7);
  for (size_t n = 0; n < model->node_count; n++) {
    if (model->nodes[n].kind != NODE_PARAM) continue;
    double *values = run_values(run, model->nodes[n].slot);
    size_t count = shape_count(model_shape(model, model->nodes[n].slot));
    for (size_t i = 0; i < count; i++)
      values[i] = 1.25 * values[i] + 0.2 * random_uniform(&random) - 0.1;
  }
}

enum status gauge_init(struct gauge *gauge, struct model *model, bool frozen, bool moved) {
  *gauge = (struct gauge){.model = model, .count = count_entries(model)};
  gauge->right = calloc(gauge->count * PASS_COUNT + 1, sizeof *gauge->right);
  gauge->now = calloc(gauge->count * PASS_COUNT + 1, sizeof *gauge->now);
  if (!gauge->right || !gauge->now ||
      run_init(&gauge->base, &model->program, &model->random, PRECISION_DOUBLE))
    return STATUS_NO_MEMORY;
  gauge->base.frozen = frozen;
  if (moved) move(&gauge->base, model);
  run_code(&gauge->base, &model->program.forward, 0);
  run_passes(gauge, &gauge->base, gauge->right);
  gauge->doubles =
      distance(gauge->right + PASS_DOUBLED * gauge->count, gauge->right, gauge->count) == 0;
  return STATUS_OK;
}

void gauge_done(struct gauge *gauge) {
  run_done(&gauge->base);
  free(gauge->right);
  free(gauge->now);
  *gauge = (struct gauge){0};
}

enum status gauge_measure(struct gauge *gauge, double *result) {
  const struct model *model = gauge->model;
  struct run run;
  *result = 0;
  if (run_init(&run, &model->program, &model->random, PRECISION_DOUBLE)) return STATUS_NO_MEMORY;
  memcpy(run.values, gauge->base.values, model->built.size * sizeof *run.values);
  run.random = gauge->base.random;
  run_passes(gauge, &run, gauge->now);
  run_done(&run);
  for (int pass = 0; pass < PASS_COUNT; pass++) {
    if (pass == PASS_DOUBLED && !gauge->doubles) continue;
    const size_t first = (size_t)pass * gauge->count;
    *result = fmax(*result, distance(gauge->now + first, gauge->right + first, gauge->count));
  }
  return STATUS_OK;
}
