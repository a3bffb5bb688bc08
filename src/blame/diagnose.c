#include "blame/diagnose.h"

#include "blame/mending.h"
#include "blame/study.h"

#include <math.h>
#include <stdlib.h>

/* The form of every tensor that differs, against what it should be. */
static void find_forms(struct study *study) {
  const struct model *model = study->model;
  for (size_t i = 0; i < study->check->tensor_count; i++) {
    const struct node *node = &model->nodes[study_tensor(study, i)->node];
    const double *should = truth_gradient(study->truth, study_tensor(study, i)->node);
    if (!study_is_wrong(study, i) || !should || node->gradient < 0) continue;
    struct compared compared = {.is = run_values(study->point, node->gradient),
                                .should = should, .own = run_values(study->point, node->slot),
                                .shape = study_tensor(study, i)->shape, .truth = study->truth,
                                .node = study_tensor(study, i)->node};
    study->forms[i] = form_find(&compared);
  }
}

static bool differs_somewhere(const struct study *study) {
  for (size_t i = 0; i < study->check->tensor_count; i++)
    if (study_is_wrong(study, i)) return true;
  return false;
}

/* A constant that is left out explains everything; then no more is said of the tensors. */
static enum status study_all(struct study *study, struct diag *diag) {
  enum status status = lines_find(&study->diagnosis->lines, study->check, study->model,
                                  study->truth, study->point);
  bool differs = differs_somewhere(study), constant = false;
  if (status) return diag_no_memory(diag);
  if (differs && study->truth->trusted && tell_constant(study, &constant))
    return diag_no_memory(diag);
  if (!constant && differs && study->truth->trusted) {
    find_forms(study);
    status = kind_find(&study->diagnosis->named, study->check, study->model, study->truth,
                       study->point, &study->diagnosis->lines, diag);
    if (status) return status;
  }
  bool short_of = tell_laws(study) || tell_tensors(study) || tell_lines(study);
  return short_of ? diag_no_memory(diag) : STATUS_OK;
}

/* The person's pass in double precision, at the point that was checked. */
static enum status run_point(struct run *point, const struct check *check,
                             const struct model *model, struct diag *diag) {
  if (run_init(point, &model->program, &model->random, PRECISION_DOUBLE))
    return diag_no_memory(diag);
  point->frozen = check->options.frozen;
  run_code(point, &model->program.forward, 0);
  run_code(point, &model->program.backward, 0);
  return STATUS_OK;
}

static enum status make(struct diagnosis *diagnosis, const struct check *check,
                        const struct model *model, struct diag *diag) {
  struct truth truth = {0};
  struct run point = {0};
  struct study study = {.diagnosis = diagnosis, .check = check, .model = model,
                        .truth = &truth, .point = &point};
  text_init(&study.sentence);
  study.chosen = calloc(check->tensor_count + 1, sizeof *study.chosen);
  study.forms = calloc(check->tensor_count + 1, sizeof *study.forms); /* all FORM_UNKNOWN */
  enum status status = run_point(&point, check, model, diag);
  if (!status) status = truth_init(&truth, check, model, &point, diag);
  if (!status && (!study.chosen || !study.forms)) status = diag_no_memory(diag);
  if (!status) status = study_all(&study, diag);
  truth_done(&truth);
  run_done(&point);
  text_done(&study.sentence);
  free(study.chosen);
  free(study.forms);
  return status;
}

enum status diagnose(struct check *check, const struct model *model, struct diag *diag) {
  if (check->verdict != VERDICT_FAIL || !check->options.explain) return STATUS_OK;
  check->diagnosis = calloc(1, sizeof *check->diagnosis);
  check->diagnosis_done = diagnosis_free;
  return check->diagnosis ? make(check->diagnosis, check, model, diag) : diag_no_memory(diag);
}
