#include "bug/gauge.h"
#include "bug/matrix.h"
#include "core/memory.h"

#include <stdlib.h>
#include <string.h>

static enum status remember(struct survey *survey, const struct mutant *mutant) {
  if (!array_reserve(&survey->blind, &survey->blind_capacity, survey->blind_count + 1,
                     sizeof *survey->blind) ||
      !(survey->blind[survey->blind_count] = strdup(mutant->id)))
    return STATUS_NO_MEMORY;
  survey->blind_count++;
  return STATUS_OK;
}

static enum status count(struct survey *survey, const struct mutant *mutant, double distance) {
  survey->mutants++;
  survey->same += distance == 0;
  survey->small += distance > 0 && distance <= 1;
  return distance <= 1 ? remember(survey, mutant) : STATUS_OK;
}

/* The mutants one after the other, behind the bugs that the model has already. */
static enum status survey_all(struct survey *survey, struct gauge *gauge,
                              const struct catalogue *catalogue, struct diag *diag) {
  struct model *model = gauge->model;
  size_t bugs = model->bug_count;
  enum status status = STATUS_OK;
  struct diag again;
  for (size_t i = 0; !status && i < catalogue->count; i++) {
    double distance = 0;
    status = mutant_apply(&catalogue->mutants[i], model, false, diag);
    if (!status && (gauge_measure(gauge, &distance) ||
                    count(survey, &catalogue->mutants[i], distance)))
      status = diag_no_memory(diag);
    if (model_drop_bugs(model, bugs, &again) && !status) status = diag_no_memory(diag);
  }
  return status;
}

enum status survey_run(struct survey *survey, struct model *model, bool frozen,
                       struct diag *diag) {
  struct catalogue catalogue;
  struct gauge gauge = {0};
  *survey = (struct survey){0};
  enum status status = catalogue_make(&catalogue, model, diag);
  if (!status && gauge_init(&gauge, model, frozen, false)) status = diag_no_memory(diag);
  if (!status) status = survey_all(survey, &gauge, &catalogue, diag);
  gauge_done(&gauge);
  catalogue_done(&catalogue);
  return status;
}

void survey_done(struct survey *survey) {
  for (size_t i = 0; i < survey->blind_count; i++) free(survey->blind[i]);
  free(survey->blind);
  *survey = (struct survey){0};
}
