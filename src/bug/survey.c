#include "bug/matrix.h"

#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a check takes from the backward pass: once, once more, and with twice as much upstream. */
enum pass { PASS_ONE, PASS_TWO, PASS_DOUBLED, PASS_COUNT };

struct work {
  struct survey *survey;
  struct model *model;
  struct diag *diag;
  struct run base;   /* of the model without a bug */
  size_t count;      /* entries of all params together */
  double *right, *wrong; /* gradients, `count` a pass */
  bool doubles;      /* the model without a bug does what it should with twice the upstream */
};

static enum status no_memory(struct work *work) {
  return diag_no_memory(work->diag);
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

static void run_passes(const struct work *work, struct run *run, double *gradients) {
  const struct model *model = work->model;
  int upstream = model->nodes[model->loss].gradient;
  for (int pass = 0; pass < PASS_COUNT; pass++) {
    double factor = pass == PASS_DOUBLED ? 2 : 1;
    if (upstream >= 0) *run_values(run, upstream) = factor;
    run_code(run, &model->program.backward, 0);
    collect(model, run, 1 / factor, gradients + (size_t)pass * work->count);
  }
}

/* The largest difference between two gradients: 0 none, up to 1 what the test per entry lets pass. */
static double distance(const double *is, const double *should, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; i++) {
    double error = fabs(is[i] - should[i]), size = fmax(fabs(is[i]), fabs(should[i]));
    if (error <= 1e-12 * size) continue; /* two roads to one number */
    double share = error / (CHECK_ABSOLUTE + CHECK_RELATIVE * size);
    if (!(share <= largest)) largest = share;
    if (isnan(share)) return INFINITY;
  }
  return largest;
}

static enum status remember(struct work *work, const struct mutant *mutant) {
  struct survey *survey = work->survey;
  if (!array_reserve(&survey->blind, &survey->blind_capacity, survey->blind_count + 1,
                     sizeof *survey->blind) ||
      !(survey->blind[survey->blind_count] = strdup(mutant->id)))
    return no_memory(work);
  survey->blind_count++;
  return STATUS_OK;
}

static enum status compare(struct work *work, const struct mutant *mutant) {
  struct run run;
  double largest = 0;
  if (run_init(&run, &work->model->program, &work->model->random, PRECISION_DOUBLE))
    return no_memory(work);
  memcpy(run.values, work->base.values, work->model->built.size * sizeof *run.values);
  run.random = work->base.random;
  run_passes(work, &run, work->wrong);
  run_done(&run);
  for (int pass = 0; pass < PASS_COUNT; pass++)
    if (pass != PASS_DOUBLED || work->doubles)
      largest = fmax(largest, distance(work->wrong + (size_t)pass * work->count,
                                       work->right + (size_t)pass * work->count, work->count));
  work->survey->mutants++;
  work->survey->same += largest == 0;
  work->survey->small += largest > 0 && largest <= 1;
  return largest <= 1 ? remember(work, mutant) : STATUS_OK;
}

static enum status start(struct work *work, bool frozen) {
  const struct model *model = work->model;
  for (size_t n = 0; n < model->node_count; n++)
    if (model->nodes[n].kind == NODE_PARAM)
      work->count += shape_count(model_shape(model, model->nodes[n].slot));
  work->right = calloc(work->count * PASS_COUNT + 1, sizeof *work->right);
  work->wrong = calloc(work->count * PASS_COUNT + 1, sizeof *work->wrong);
  if (!work->right || !work->wrong ||
      run_init(&work->base, &model->program, &model->random, PRECISION_DOUBLE))
    return no_memory(work);
  work->base.frozen = frozen;
  run_code(&work->base, &model->program.forward, 0);
  run_passes(work, &work->base, work->right);
  work->doubles =
      distance(work->right + PASS_DOUBLED * work->count, work->right, work->count) == 0;
  return STATUS_OK;
}

/* The mutants one after the other, behind the bugs that the model has already. */
static enum status survey_all(struct work *work, const struct catalogue *catalogue) {
  struct model *model = work->model;
  size_t bugs = model->bug_count;
  enum status status = STATUS_OK;
  struct diag again;
  for (size_t i = 0; !status && i < catalogue->count; i++) {
    status = mutant_apply(&catalogue->mutants[i], model, false, work->diag);
    if (!status) status = compare(work, &catalogue->mutants[i]);
    if (model_drop_bugs(model, bugs, &again) && !status) status = no_memory(work);
  }
  return status;
}

enum status survey_run(struct survey *survey, struct model *model, bool frozen,
                       struct diag *diag) {
  struct work work = {.survey = survey, .model = model, .diag = diag};
  struct catalogue catalogue;
  *survey = (struct survey){0};
  enum status status = catalogue_make(&catalogue, model, diag);
  if (!status) status = start(&work, frozen);
  if (!status) status = survey_all(&work, &catalogue);
  catalogue_done(&catalogue);
  run_done(&work.base);
  free(work.right);
  free(work.wrong);
  return status;
}

void survey_done(struct survey *survey) {
  for (size_t i = 0; i < survey->blind_count; i++) free(survey->blind[i]);
  free(survey->blind);
  *survey = (struct survey){0};
}
