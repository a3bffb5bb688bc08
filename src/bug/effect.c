#include "bug/effect.h"

#include "check/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum status find_params(struct effect *effect) {
  const struct model *model = effect->model;
  effect->params = calloc(model->node_count + 1, sizeof *effect->params);
  if (!effect->params) return STATUS_NO_MEMORY;
  for (size_t n = 0; n < model->node_count; n++) {
    if (model->nodes[n].kind != NODE_PARAM) continue;
    effect->params[effect->param_count++] = (int)n;
    effect->count += shape_count(model_shape(model, model->nodes[n].slot));
  }
  return STATUS_OK;
}

/* All params' gradients one after the other, multiplied by FACTOR; 0 where no line assigns one. */
static void collect(const struct effect *effect, const struct run *run, double factor,
                    double *out) {
  const struct model *model = effect->model;
  for (size_t p = 0; p < effect->param_count; p++) {
    const struct node *node = &model->nodes[effect->params[p]];
    size_t count = shape_count(model_shape(model, node->slot));
    const double *values = node->gradient >= 0 ? run_values(run, node->gradient) : NULL;
    for (size_t i = 0; i < count; i++) *out++ = values ? factor * values[i] : 0;
  }
}

static double upstream_of(size_t pass) {
  return pass == PASS_DOUBLED ? 2 : 1;
}

static void run_pass(const struct effect *effect, struct run *run, size_t pass) {
  const struct model *model = effect->model;
  int upstream = model->loss >= 0 ? model->nodes[model->loss].gradient : -1;
  if (upstream >= 0) *run_values(run, upstream) = upstream_of(pass);
  run_code(run, &model->program.backward, 0);
}

static void run_passes(const struct effect *effect, struct run *run, double *gradients) {
  for (size_t pass = 0; pass < PASS_COUNT; pass++) {
    run_pass(effect, run, pass);
    collect(effect, run, 1 / upstream_of(pass), gradients + pass * effect->count);
  }
}

/* Two ways to compute one number may differ in the last digits. */
#define SAME_WITHIN 1e-12

/* Of IS (NULL: zeros), multiplied by FACTOR. */
static double distance(const double *is, double factor, const double *should, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; i++) {
    const double now = is ? factor * is[i] : 0;
    const double a = fabs(now), b = fabs(should[i]), size = a > b ? a : b;
    const double error = fabs(now - should[i]);
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

enum status effect_init(struct effect *effect, struct model *model, bool frozen, bool moved) {
  *effect = (struct effect){.model = model};
  if (find_params(effect)) return STATUS_NO_MEMORY;
  effect->right = calloc(effect->count * PASS_COUNT + 1, sizeof *effect->right);
  if (!effect->right ||
      run_init(&effect->base, &model->program, &model->random, PRECISION_DOUBLE))
    return STATUS_NO_MEMORY;
  effect->base.frozen = frozen;
  if (moved) move(&effect->base, model);
  run_code(&effect->base, &model->program.forward, 0);
  run_passes(effect, &effect->base, effect->right);
  effect->doubles =
      distance(effect->right + PASS_DOUBLED * effect->count, 1, effect->right, effect->count) == 0;
  return STATUS_OK;
}

void effect_done(struct effect *effect) {
  run_done(&effect->base);
  free(effect->params);
  free(effect->right);
  *effect = (struct effect){0};
}

/* A run that has had the forward pass and no backward one. */
static enum status begin(const struct effect *effect, struct run *run) {
  const struct model *model = effect->model;
  if (run_init(run, &model->program, &model->random, PRECISION_DOUBLE)) return STATUS_NO_MEMORY;
  memcpy(run->values, effect->base.values, model->built.size * sizeof *run->values);
  run->random = effect->base.random;
  return STATUS_OK;
}

/* How far the gradients that RUN holds after PASS are off. OWN, if not NULL, is what the pass of
 * the right lines left: what is the same there is not looked at more closely. */
static double pass_distance(const struct effect *effect, const struct run *run, size_t pass,
                            const struct run *own) {
  const double *right = effect->right + pass * effect->count;
  double largest = 0;
  if (pass == PASS_DOUBLED && !effect->doubles) return 0;
  for (size_t p = 0; p < effect->param_count; p++) {
    const struct node *node = &effect->model->nodes[effect->params[p]];
    const size_t count = shape_count(model_shape(effect->model, node->slot));
    const double *values = node->gradient >= 0 ? run_values(run, node->gradient) : NULL;
    if (!own || (values && memcmp(values, run_values(own, node->gradient),
                                  count * sizeof *values) != 0))
      largest = fmax(largest, distance(values, 1 / upstream_of(pass), right, count));
    right += count;
  }
  return largest;
}

enum status effect_measure(struct effect *effect, double *result) {
  struct run run;
  *result = 0;
  if (begin(effect, &run)) return STATUS_NO_MEMORY;
  for (size_t pass = 0; pass < PASS_COUNT; pass++) {
    run_pass(effect, &run, pass);
    *result = fmax(*result, pass_distance(effect, &run, pass, NULL));
  }
  run_done(&run);
  return STATUS_OK;
}

/* -- many at once -- */

struct measuring {
  struct effect *effect;
  const struct pass *passes; /* of the right lines */
  bool (*each)(void *context, size_t mutant, double distance);
  void *context;
  double distance; /* so far, of the mutant at hand */
};

/* The last pass completes a mutant. */
static bool measure_pass(void *context, size_t mutant, size_t pass, const struct run *run) {
  struct measuring *measuring = context;
  const double distance =
      pass_distance(measuring->effect, run, pass, measuring->passes[pass].run);
  measuring->distance = pass == 0 ? distance : fmax(measuring->distance, distance);
  return pass + 1 < PASS_COUNT ||
         measuring->each(measuring->context, mutant, measuring->distance);
}

static bool same_values(const struct run *one, const struct run *other) {
  return memcmp(one->values, other->values, one->program->size * sizeof *one->values) == 0;
}

/* The model's own passes, as runs. The second is the first where the model has no memory. */
static enum status make_passes(const struct effect *effect, struct run *runs, struct pass *passes) {
  struct run run;
  enum status status = begin(effect, &run);
  for (size_t pass = 0; !status && pass < PASS_COUNT; pass++) {
    run_pass(effect, &run, pass);
    status = run_copy(&runs[pass], &run);
    if (status) break;
    runs[pass].random = effect->base.random;
    const bool same = pass == PASS_TWO && same_values(&runs[pass], &runs[PASS_ONE]);
    passes[pass] = (struct pass){&runs[same ? PASS_ONE : pass], upstream_of(pass)};
  }
  run_done(&run);
  return status;
}

enum status effect_mutants(struct effect *effect, const struct catalogue *catalogue,
                           const struct mutants_options *options,
                           bool (*each)(void *context, size_t mutant, double distance),
                           void *context, size_t *done, struct diag *diag) {
  struct run runs[PASS_COUNT] = {{0}};
  struct pass passes[PASS_COUNT];
  struct measuring measuring = {.effect = effect, .passes = passes, .each = each,
                                .context = context};
  *done = 0;
  enum status status = make_passes(effect, runs, passes) ? diag_no_memory(diag) : STATUS_OK;
  if (!status)
    status = mutants_run(catalogue, effect->model, passes, PASS_COUNT, options, measure_pass,
                         &measuring, done, diag);
  for (size_t pass = 0; pass < PASS_COUNT; pass++) run_done(&runs[pass]);
  return status;
}
