#include "blame/study.h"

#include "core/intl.h"
#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

enum status study_add(struct study *study, enum finding_kind kind, double factor,
                      const char *label) {
  struct diagnosis *diagnosis = study->diagnosis;
  struct finding finding = {.kind = kind, .factor = factor};
  bool kept = fill(&finding, study, label) &&
              array_push(&diagnosis->findings, &diagnosis->count, &diagnosis->capacity, &finding,
                         sizeof finding);
  text_truncate(&study->sentence, 0);
  study->claim_count = 0;
  if (!kept) finding_done(&finding);
  return kept ? STATUS_OK : STATUS_NO_MEMORY;
}
