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

struct work {
  struct survey *survey;
  const struct catalogue *catalogue;
  bool failed; /* for want of memory */
};

static bool count(void *context, size_t mutant, double distance) {
  struct work *work = context;
  struct survey *survey = work->survey;
  survey->mutants++;
  survey->same += distance == 0;
  survey->small += distance > 0 && distance <= 1;
  if (distance <= 1)
    work->failed = remember(survey, &work->catalogue->mutants[mutant]) != STATUS_OK;
  return !work->failed;
}

enum status survey_run(struct survey *survey, struct model *model, bool frozen,
                       struct diag *diag) {
  struct catalogue catalogue;
  struct gauge gauge = {0};
  struct work work = {survey, &catalogue, false};
  size_t done;
  *survey = (struct survey){0};
  enum status status = catalogue_make(&catalogue, model, diag);
  if (!status && gauge_init(&gauge, model, frozen, false)) status = diag_no_memory(diag);
  if (!status)
    status = gauge_mutants(&gauge, &catalogue, &(struct mutants_options){0}, count, &work, &done,
                           diag);
  if (!status && work.failed) status = diag_no_memory(diag);
  gauge_done(&gauge);
  catalogue_done(&catalogue);
  return status;
}

void survey_done(struct survey *survey) {
  for (size_t i = 0; i < survey->blind_count; i++) free(survey->blind[i]);
  free(survey->blind);
  *survey = (struct survey){0};
}
