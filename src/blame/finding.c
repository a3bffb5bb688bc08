#include "blame/finding.h"

#include <stdlib.h>

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

void finding_done(struct finding *finding) {
  free(finding->tensors);
  free(finding->label);
  free(finding->sentence);
}

void diagnosis_free(struct diagnosis *diagnosis) {
  for (size_t i = 0; i < diagnosis->count; i++) finding_done(&diagnosis->findings[i]);
  free(diagnosis->findings);
  wrong_lines_done(&diagnosis->lines);
  named_kind_done(&diagnosis->named);
  free(diagnosis);
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
      [FINDING_OTHER] = true,        [FINDING_CLIPPED] = true,   [FINDING_NOT_ZERO] = true,
      [FINDING_NOT_DOUBLE] = true,   [FINDING_NOT_REPEATABLE] = true,
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
