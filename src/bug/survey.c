#include "bug/dataflow.h"
#include "bug/gauge.h"
#include "bug/matrix.h"
#include "core/intl.h"
#include "core/memory.h"

#include <stdint.h>
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

/* -- what it may cost -- */

enum {
  UNNOTICED = 2 << 20, /* entries: a hundredth of a second, about */
  NOT_FELT = 64 << 20, /* a third of one, where the check takes as long itself */
  PART_COST = 4 << 10  /* of finding the mutants of one expression in a line, about */
};

size_t survey_budget(const struct model *model, size_t slopes) {
  enum { SIDES = 2 };
  const size_t pass = model->program.forward.count * INSTR_CALL;
  size_t budget;
  if (!size_multiply(pass * SIDES, slopes, &budget) || budget > NOT_FELT) return NOT_FELT;
  return budget > UNNOTICED ? budget : UNNOTICED;
}

/* What making the catalogue costs, before it is made. */
static size_t catalogue_cost(const struct model *model) {
  size_t parts = 0;
  for (size_t i = 0; i < model->rule_count; i++) parts += model->rules[i].value->size;
  return parts * PART_COST;
}

/* What comparing the gradients of all mutants costs, which is quicker than computing them. */
static size_t comparing_cost(const struct catalogue *catalogue, const struct gauge *gauge) {
  enum { COMPARED = 4 }; /* as quick as one that is computed */
  size_t cost;
  if (!size_multiply(gauge->count / COMPARED * PASS_COUNT, catalogue->count, &cost)) return SIZE_MAX;
  return cost;
}

/* -- all of it -- */

static enum status survey_all(struct work *work, struct gauge *gauge, size_t budget,
                              const struct survey_options *options, struct diag *diag) {
  const struct mutants_options how = {.budget = budget, .cancel = options->cancel,
                                      .progress = options->progress,
                                      .progress_context = options->progress_context};
  size_t done;
  enum status status = gauge_mutants(gauge, work->catalogue, &how, count, work, &done, diag);
  if (!status && work->failed) status = diag_no_memory(diag);
  if (status == STATUS_CANCELLED)
    diag_set(diag, status, (struct span){0}, "%s", _("the survey was stopped"));
  work->survey->complete = !status && done == work->catalogue->count;
  return status;
}

enum status survey_run(struct survey *survey, struct model *model,
                       const struct survey_options *options, struct diag *diag) {
  struct catalogue catalogue;
  struct gauge gauge = {0};
  struct work work = {survey, &catalogue, false};
  size_t cost = catalogue_cost(model);
  const size_t budget = options->budget;
  *survey = (struct survey){0};
  if (budget > 0 && cost >= budget / 2) return STATUS_OK; /* running them costs as much again */
  enum status status = catalogue_make_edition(&catalogue, model, options->edition, diag);
  if (!status && gauge_init(&gauge, model, options->frozen, false)) status = diag_no_memory(diag);
  if (!status) cost += comparing_cost(&catalogue, &gauge);
  if (!status && (budget == 0 || cost < budget))
    status = survey_all(&work, &gauge, budget > 0 ? budget - cost : 0, options, diag);
  gauge_done(&gauge);
  catalogue_done(&catalogue);
  if (status != STATUS_LIMIT || budget == 0) return status;
  return STATUS_OK; /* more mutants than a catalogue holds are more than a note is worth */
}

void survey_done(struct survey *survey) {
  for (size_t i = 0; i < survey->blind_count; i++) free(survey->blind[i]);
  free(survey->blind);
  *survey = (struct survey){0};
}
