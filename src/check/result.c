#include "check/result.h"

#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const verdict_names[VERDICT_COUNT] = {
    [VERDICT_PASS] = "PASS",   [VERDICT_INADEQUATE] = "INADEQUATE",
    [VERDICT_KINK] = "KINK",   [VERDICT_UNRELIABLE] = "UNRELIABLE",
    [VERDICT_FAIL] = "FAIL",
};
const char *const reason_names[REASON_COUNT] = {
    [REASON_AGREES] = "agrees",
    [REASON_DIFFERS] = "differs",
    [REASON_NOT_ASSIGNED] = "not assigned",
    [REASON_NOT_FINITE] = "not finite",
    [REASON_NO_DERIVATIVE] = "no derivative",
    [REASON_NOT_REPEATABLE] = "not repeatable",
    [REASON_UPSTREAM] = "upstream not followed",
    [REASON_ALL_ZERO] = "all zero",
    [REASON_BELOW_FLOOR] = "below the floor",
    [REASON_TRULY_ZERO] = "truly zero",
    [REASON_ROUNDING] = "rounding of the backward pass",
    [REASON_STEP_ERROR] = "error of the step",
    [REASON_NUMERIC_NOT_FINITE] = "numerical side not finite",
    [REASON_LOSS_NOT_FINITE] = "loss not finite",
    [REASON_SAME_RULES] = "the rules of the operations give the same",
    [REASON_REDRAWN] = "redrawn at every run",
    [REASON_STRADDLES] = "step straddles a kink",
};
const char *const law_names[LAW_COUNT] = {
    [LAW_NONE] = "none",
    [LAW_REPEAT] = "a second pass gives the same",
    [LAW_ZERO] = "an upstream of 0 gives 0",
    [LAW_DOUBLE] = "an upstream of 2 gives twice as much",
};

void tensor_check_place(const struct tensor_check *tensor, size_t entry, uint32_t *row,
                        uint32_t *col) {
  *row = tensor->by_direction ? 0 : (uint32_t)(entry / tensor->shape.cols);
  *col = tensor->by_direction ? (uint32_t)entry : (uint32_t)(entry % tensor->shape.cols);
}

double check_band_start(const struct check_options *options, enum band band) {
  const double starts[BAND_COUNT] = {0, options->tolerance > 0 ? options->tolerance : 1e-7, 1e-2};
  return starts[band];
}

enum band check_band(const struct check_options *options, double difference) {
  if (difference <= check_band_start(options, BAND_DOUBTFUL)) return BAND_OK;
  return difference <= check_band_start(options, BAND_WRONG) ? BAND_DOUBTFUL : BAND_WRONG;
}

double check_entry_error(double g, double n) {
  double error = fabs(g - n);
  return error <= CHECK_ABSOLUTE ? 0 : error / fmax(fabs(g), fabs(n));
}

enum status check_add_note(struct check *check, const char *sentence) {
  size_t capacity = check->note_count; /* grown by one: there are few */
  if (!array_reserve(&check->notes, &capacity, check->note_count + 1, sizeof *check->notes) ||
      !(check->notes[check->note_count] = strdup(sentence)))
    return STATUS_NO_MEMORY;
  check->note_count++;
  return STATUS_OK;
}

static void tensors_done(struct tensor_check *tensors, size_t count) {
  for (size_t i = 0; i < count; i++) {
    free(tensors[i].analytic);
    free(tensors[i].numeric);
  }
  free(tensors);
}

void check_done(struct check *check) {
  tensors_done(check->tensors, check->tensor_count);
  tensors_done(check->intermediates, check->intermediate_count);
  if (check->diagnosis) check->diagnosis_done(check->diagnosis);
  for (size_t i = 0; i < check->note_count; i++) free(check->notes[i]);
  free(check->notes);
  *check = (struct check){0};
}

static const uint64_t pending_bits = 0x7FF8676E69646E65;

double slope_pending(void) {
  double slope;
  memcpy(&slope, &pending_bits, sizeof slope);
  return slope;
}

bool slope_is_pending(double slope) {
  return memcmp(&slope, &pending_bits, sizeof slope) == 0;
}

double slope_read(const double *slopes, size_t index) {
  double slope;
  __atomic_load(&slopes[index], &slope, __ATOMIC_RELAXED);
  return slope;
}
