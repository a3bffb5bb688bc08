#include "blame/study.h"

#include "core/intl.h"
#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const finding_names[FINDING_KIND_COUNT] = {
    [FINDING_FACTOR] = "factor",
    [FINDING_OWN_VALUE] = "own value",
    [FINDING_SAME_ENTRIES] = "same entries",
    [FINDING_ZERO] = "zero",
    [FINDING_OFFSET] = "offset",
    [FINDING_MOVED] = "moved entries",
    [FINDING_OTHER] = "another gradient",
    [FINDING_SCALES] = "scales",
    [FINDING_CLIPPED] = "clipped",
    [FINDING_ENTRIES] = "entries",
    [FINDING_PART] = "part",
    [FINDING_REDUCTION] = "reduction",
    [FINDING_OPERAND] = "operand",
    [FINDING_FROM_THE_LOSS] = "from the loss",
    [FINDING_FROM_A_LAYER] = "from a layer",
    [FINDING_NOT_ZERO] = "upstream of 0",
    [FINDING_NOT_DOUBLE] = "upstream of 2",
    [FINDING_NOT_REPEATABLE] = "not repeatable",
    [FINDING_LINE] = "line",
    [FINDING_KIND] = "kind",
    [FINDING_CONSTANT] = "constant left out",
    [FINDING_NO_LINE] = "no line",
};

/* -- tensors -- */

const struct tensor_check *study_tensor(const struct study *study, size_t index) {
  return &study->check->tensors[index];
}

const char *study_name(const struct study *study, size_t index) {
  return study->model->nodes[study_tensor(study, index)->node].name;
}

bool study_is_wrong(const struct study *study, size_t index) {
  const struct tensor_check *tensor = study_tensor(study, index);
  return tensor->verdict == VERDICT_FAIL && tensor->reason == REASON_DIFFERS;
}

/* Clearly better than what is wrong: under an overall tolerance a small tensor passes with an error
 * that counts elsewhere. */
bool study_is_right(const struct study *study, size_t index) {
  const double clearly = 0.01;
  double worst = 0;
  for (size_t i = 0; i < study->check->tensor_count; i++)
    if (study_tensor(study, i)->verdict == VERDICT_FAIL)
      worst = fmax(worst, study_tensor(study, i)->metrics.difference);
  return study_tensor(study, index)->verdict == VERDICT_PASS &&
         study_tensor(study, index)->metrics.difference <= clearly * worst;
}

bool study_is_multiple(const struct study *study, int node, double *factor) {
  const double *should = truth_gradient(study->truth, node);
  int slot = study->model->nodes[node].gradient;
  *factor = NAN;
  if (!study->truth->trusted || !should || slot < 0) return false;
  size_t count = shape_count(model_shape(study->model, slot));
  *factor = truth_factor(run_values(study->point, slot), should, count, NULL);
  return !isnan(*factor);
}

const char *study_node(const struct study *study, int node, char title[TITLE_SIZE]) {
  return node_title(study->model, model_visible(study->model, node), title);
}

const char *study_gradient(const struct study *study, int node, char title[GRADIENT_SIZE]) {
  return gradient_title(study->model, model_visible(study->model, node), title);
}

/* -- findings -- */

void study_choose(struct study *study, bool (*wanted)(const struct study *, size_t)) {
  for (size_t i = 0; i < study->check->tensor_count; i++)
    study->chosen[i] = wanted && wanted(study, i);
}

void study_choose_one(struct study *study, size_t index) {
  study_choose(study, NULL);
  study->chosen[index] = true;
}

void study_put_names(struct text *out, const struct study *study, const bool *chosen) {
  size_t left = 0;
  for (size_t i = 0; i < study->check->tensor_count; i++) left += chosen[i];
  for (size_t i = 0, count = left; i < study->check->tensor_count; i++) {
    if (!chosen[i]) continue;
    if (left < count) text_puts(out, left == 1 ? _(" and ") : ", ");
    text_puts(out, study_name(study, i));
    left--;
  }
}

void study_claim(struct study *study, int node, bool right) {
  if (study->claim_count < CLAIM_MOST)
    study->claims[study->claim_count++] = (struct claim){node, right};
}

static bool fill(struct finding *finding, const struct study *study, const char *label) {
  struct text names;
  text_init(&names);
  if (label) text_puts(&names, label);
  else study_put_names(&names, study, study->chosen);
  finding->tensors = calloc(study->check->tensor_count + 1, sizeof *finding->tensors);
  for (size_t i = 0; finding->tensors && i < study->check->tensor_count; i++)
    if (study->chosen[i]) finding->tensors[finding->tensor_count++] = i;
  finding->label = names.failed ? NULL : strdup(text_string(&names));
  finding->sentence = study->sentence.failed ? NULL : strdup(text_string(&study->sentence));
  finding->claim_count = study->claim_count;
  memcpy(finding->claims, study->claims, sizeof finding->claims);
  text_done(&names);
  return finding->tensors && finding->label && finding->sentence;
}

static void finding_done(struct finding *finding) {
  free(finding->tensors);
  free(finding->label);
  free(finding->sentence);
}

enum status study_add(struct study *study, enum finding_kind kind, double factor,
                      const char *label) {
  struct diagnosis *diagnosis = study->diagnosis;
  struct finding finding = {.kind = kind, .factor = factor};
  bool kept = fill(&finding, study, label) &&
              array_reserve(&diagnosis->findings, &diagnosis->capacity, diagnosis->count + 1,
                            sizeof *diagnosis->findings);
  text_truncate(&study->sentence, 0);
  study->claim_count = 0;
  if (kept) diagnosis->findings[diagnosis->count++] = finding;
  else finding_done(&finding);
  return kept ? STATUS_OK : STATUS_NO_MEMORY;
}

bool finding_is_pattern(const struct finding *finding) {
  return finding->kind == FINDING_FROM_THE_LOSS || finding->kind == FINDING_FROM_A_LAYER ||
         finding->kind == FINDING_CONSTANT || finding->kind == FINDING_NO_LINE;
}

/* Findings after which a single entry's two numbers say nothing more. */
static bool covers(enum finding_kind kind) {
  static const bool covering[FINDING_KIND_COUNT] = {
      [FINDING_FACTOR] = true,       [FINDING_OWN_VALUE] = true, [FINDING_SAME_ENTRIES] = true,
      [FINDING_ZERO] = true,         [FINDING_OFFSET] = true,    [FINDING_MOVED] = true,
      [FINDING_OTHER] = true,        [FINDING_CLIPPED] = true,  [FINDING_NOT_ZERO] = true,  [FINDING_NOT_DOUBLE] = true,
      [FINDING_NOT_REPEATABLE] = true,
  };
  return covering[kind];
}

bool diagnosis_covers(const struct diagnosis *diagnosis, size_t index) {
  for (size_t i = 0; i < diagnosis->count; i++)
    for (size_t k = 0; k < diagnosis->findings[i].tensor_count; k++)
      if (covers(diagnosis->findings[i].kind) && diagnosis->findings[i].tensors[k] == index)
        return true;
  return false;
}

/* -- all of it -- */

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

/* A constant that is left out explains all there is, and no more is said of the tensors. */
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

static void diagnosis_done(struct diagnosis *diagnosis) {
  for (size_t i = 0; i < diagnosis->count; i++) finding_done(&diagnosis->findings[i]);
  free(diagnosis->findings);
  wrong_lines_done(&diagnosis->lines);
  named_kind_done(&diagnosis->named);
  free(diagnosis);
}

enum status diagnose(struct check *check, const struct model *model, struct diag *diag) {
  if (check->verdict != VERDICT_FAIL || !check->options.explain) return STATUS_OK;
  check->diagnosis = calloc(1, sizeof *check->diagnosis);
  check->diagnosis_done = diagnosis_done;
  return check->diagnosis ? make(check->diagnosis, check, model, diag) : diag_no_memory(diag);
}
