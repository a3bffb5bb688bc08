#include "bug/dataflow.h"
#include "bug/effect.h"
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

struct survey_work {
  struct survey *survey;
  const struct catalogue *catalogue;
  bool failed; /* for lack of memory */
};

static bool count(void *context, size_t mutant, double distance) {
  struct survey_work *work = context;
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

/* The cost of making the catalogue, estimated beforehand. */
static size_t catalogue_cost(const struct model *model) {
  size_t parts = 0;
  for (size_t i = 0; i < model->rule_count; i++) parts += model->rules[i].value->size;
  return parts * PART_COST;
}

/* The cost of comparing the gradients of all mutants, which is less than that of computing them. */
static size_t comparing_cost(const struct catalogue *catalogue, const struct effect *effect) {
  enum { COMPARED = 4 }; /* as quick as one that is computed */
  size_t cost;
  const size_t entries = effect->count / COMPARED * PASS_COUNT;
  if (!size_multiply(entries, catalogue->count, &cost)) return SIZE_MAX;
  return cost;
}

/* -- all of it -- */

static enum status survey_all(struct survey_work *work, struct effect *effect, size_t budget,
                              const struct survey_options *options, struct diag *diag) {
  const struct mutants_options how = {.budget = budget, .cancel = options->cancel,
                                      .progress = options->progress,
                                      .progress_context = options->progress_context};
  size_t done;
  enum status status = effect_mutants(effect, work->catalogue, &how, count, work, &done, diag);
  if (!status && work->failed) status = diag_no_memory(diag);
  if (status == STATUS_CANCELLED)
    diag_set(diag, status, SPAN_NONE, "%s", _("the survey was stopped"));
  work->survey->complete = !status && done == work->catalogue->count;
  return status;
}

enum status survey_run(struct survey *survey, struct model *model,
                       const struct survey_options *options, struct diag *diag) {
  struct catalogue catalogue;
  struct effect effect = {0};
  struct survey_work work = {survey, &catalogue, false};
  size_t cost = catalogue_cost(model);
  const size_t budget = options->budget;
  *survey = (struct survey){0};
  if (budget > 0 && cost >= budget / 2) return STATUS_OK; /* running them costs as much again */
  enum status status = catalogue_make_edition(&catalogue, model, options->edition, diag);
  if (!status && effect_init(&effect, model, options->frozen, false)) status = diag_no_memory(diag);
  if (!status) cost += comparing_cost(&catalogue, &effect);
  if (!status && (budget == 0 || cost < budget))
    status = survey_all(&work, &effect, budget > 0 ? budget - cost : 0, options, diag);
  effect_done(&effect);
  catalogue_done(&catalogue);
  if (status != STATUS_LIMIT || budget == 0) return status;
  return STATUS_OK; /* a note is not worth more mutants than a catalogue holds */
}

void survey_done(struct survey *survey) {
  for (size_t i = 0; i < survey->blind_count; i++) free(survey->blind[i]);
  free(survey->blind);
  *survey = (struct survey){0};
}
