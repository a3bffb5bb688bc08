#include "check/diagnose.h"

#include "check/factor.h"
#include "check/layers.h"
#include "core/intl.h"
#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const finding_names[FINDING_KIND_COUNT] = {
    [FINDING_FACTOR] = "factor",
    [FINDING_OWN_VALUE] = "own value",
    [FINDING_SAME_ENTRIES] = "same entries",
    [FINDING_PART] = "part",
    [FINDING_REDUCTION] = "reduction",
    [FINDING_OPERAND] = "operand",
    [FINDING_FROM_THE_LOSS] = "from the loss",
    [FINDING_FROM_A_LAYER] = "from a layer",
    [FINDING_NOT_ZERO] = "upstream of 0",
    [FINDING_NOT_DOUBLE] = "upstream of 2",
    [FINDING_NOT_REPEATABLE] = "not repeatable",
    [FINDING_LINE] = "line",
};

/* A diagnosis while it is made. */
struct study {
  struct diagnosis *diagnosis;
  const struct check *check;
  const struct model *model;
  const struct run *point;
  bool *chosen;        /* by tensor: what the next finding is about */
  struct text sentence; /* of the next finding */
};

/* -- tensors -- */

static const struct tensor_check *tensor_at(const struct study *study, size_t index) {
  return &study->check->tensors[index];
}

static const char *name_of(const struct study *study, size_t index) {
  return study->model->nodes[tensor_at(study, index)->node].name;
}

static bool is_wrong(const struct study *study, size_t index) {
  const struct tensor_check *tensor = tensor_at(study, index);
  return tensor->verdict == VERDICT_FAIL && tensor->reason == REASON_DIFFERS;
}

/* Clearly better than what is wrong: under an overall tolerance a small tensor passes with an error
 * that counts elsewhere. */
static bool is_right(const struct study *study, size_t index) {
  const double clearly = 0.01;
  double worst = 0;
  for (size_t i = 0; i < study->check->tensor_count; i++)
    if (tensor_at(study, i)->verdict == VERDICT_FAIL)
      worst = fmax(worst, tensor_at(study, i)->metrics.difference);
  return tensor_at(study, index)->verdict == VERDICT_PASS &&
         tensor_at(study, index)->metrics.difference <= clearly * worst;
}

static struct place place_of(const struct study *study, size_t index) {
  return layer_place(study->model, tensor_at(study, index)->node);
}

/* The other param of the same layer among those checked, or their number. */
static size_t beside(const struct study *study, size_t index) {
  struct place own = place_of(study, index);
  size_t i = 0;
  for (; i < study->check->tensor_count && own.part; i++) {
    struct place other = place_of(study, i);
    if (i != index && other.part && other.part != own.part && other.output == own.output) return i;
  }
  return study->check->tensor_count;
}

/* The name of a slot's node as it is shown. */
static const char *slot_name(const struct study *study, int slot) {
  int node = study->model->values[slot].node;
  return node >= 0 ? study->model->nodes[model_visible(study->model, node)].name : "?";
}

/* -- findings -- */

static void choose(struct study *study, bool (*wanted)(const struct study *, size_t)) {
  for (size_t i = 0; i < study->check->tensor_count; i++)
    study->chosen[i] = wanted && wanted(study, i);
}

static void choose_one(struct study *study, size_t index) {
  choose(study, NULL);
  study->chosen[index] = true;
}

/* "W1, b1 and W2" */
static void put_names(struct text *out, const struct study *study, const bool *chosen) {
  size_t left = 0;
  for (size_t i = 0; i < study->check->tensor_count; i++) left += chosen[i];
  for (size_t i = 0, count = left; i < study->check->tensor_count; i++) {
    if (!chosen[i]) continue;
    if (left < count) text_puts(out, left == 1 ? _(" and ") : ", ");
    text_puts(out, name_of(study, i));
    left--;
  }
}

/* A finding about the chosen tensors, with the sentence that stands ready; LABEL NULL: their
 * names. */
static enum status add(struct study *study, enum finding_kind kind, double factor,
                       const char *label) {
  struct diagnosis *diagnosis = study->diagnosis;
  struct finding finding = {.kind = kind, .factor = factor};
  struct text names;
  text_init(&names);
  if (label) text_puts(&names, label);
  else put_names(&names, study, study->chosen);
  finding.tensors = calloc(study->check->tensor_count + 1, sizeof *finding.tensors);
  for (size_t i = 0; finding.tensors && i < study->check->tensor_count; i++)
    if (study->chosen[i]) finding.tensors[finding.tensor_count++] = i;
  finding.label = names.failed ? NULL : strdup(text_string(&names));
  finding.sentence = study->sentence.failed ? NULL : strdup(text_string(&study->sentence));
  text_done(&names);
  text_truncate(&study->sentence, 0);
  bool kept = finding.tensors && finding.label && finding.sentence &&
              array_reserve(&diagnosis->findings, &diagnosis->capacity, diagnosis->count + 1,
                            sizeof *diagnosis->findings);
  if (kept) {
    diagnosis->findings[diagnosis->count++] = finding;
    return STATUS_OK;
  }
  free(finding.tensors);
  free(finding.label);
  free(finding.sentence);
  return STATUS_NO_MEMORY;
}

bool finding_is_pattern(const struct finding *finding) {
  return finding->kind == FINDING_FROM_THE_LOSS || finding->kind == FINDING_FROM_A_LAYER;
}

static bool covers(enum finding_kind kind) {
  return kind == FINDING_FACTOR || kind == FINDING_OWN_VALUE || kind == FINDING_SAME_ENTRIES ||
         kind == FINDING_NOT_REPEATABLE || kind == FINDING_NOT_ZERO || kind == FINDING_NOT_DOUBLE;
}

bool diagnosis_covers(const struct diagnosis *diagnosis, size_t index) {
  for (size_t i = 0; i < diagnosis->count; i++)
    for (size_t k = 0; k < diagnosis->findings[i].tensor_count; k++)
      if (covers(diagnosis->findings[i].kind) && diagnosis->findings[i].tensors[k] == index)
        return true;
  return false;
}

/* -- a constant factor -- */

static bool same_factor(const struct study *study, size_t a, size_t b) {
  const struct metrics *m = &tensor_at(study, a)->metrics, *o = &tensor_at(study, b)->metrics;
  return fabs(m->scale - o->scale) <= 1e-4 * fabs(o->scale);
}

static bool is_scaled(const struct study *study, size_t index) {
  return is_wrong(study, index) && metrics_is_factor(&tensor_at(study, index)->metrics);
}

/* The line that assigns the gradient of NODE, if there is just one; else NULL. */
static const struct rule *only_line(const struct model *model, int node) {
  const struct rule *found = NULL;
  for (size_t i = 0; i < model->rule_count; i++)
    if (model->rules[i].target_node == node) {
      if (found) return NULL;
      found = &model->rules[i];
    }
  return found;
}

/* Where the factor comes from: a number in its own line, or what the number means elsewhere. Of a
 * single entry any error is a factor, so there only the line is asked. */
static void put_source(struct study *study, size_t index, size_t tensors, size_t entries) {
  struct text *out = &study->sentence;
  double factor = tensor_at(study, index)->metrics.scale;
  char number[NUMBER_TEXT_SIZE];
  struct text meaning;
  text_init(&meaning);
  const struct rule *line =
      tensors == 1 ? only_line(study->model, tensor_at(study, index)->node) : NULL;
  if (entries > 1) factor_explain(&meaning, study->model, study->point, factor);
  if (entries > 1) text_puts(out, _(": a pure factor"));
  if (line && factor_stands_in(line->value, factor))
    text_printf(out, _(", and its line has a %s"), number_brief(factor, 5, number));
  else if (meaning.length > 0)
    text_printf(out, "; %s", text_string(&meaning));
  else if (entries > 1)
    text_puts(out, tensors == 1 ? _("; look at its line")
                                : _("; look at a line before them"));
  out->failed = out->failed || meaning.failed;
  text_done(&meaning);
}

/* "b2 beside it is right, so dZ2 is right" */
static void put_neighbour(struct study *study, size_t index) {
  size_t other = beside(study, index);
  if (other == study->check->tensor_count || !is_right(study, other)) return;
  text_printf(&study->sentence, _(". %s beside it is right, so d%s is right"),
              name_of(study, other), slot_name(study, place_of(study, index).output));
}

/* The two gradients of a single entry. */
static void put_entry(struct study *study, size_t index) {
  const struct tensor_check *tensor = tensor_at(study, index);
  char analytic[NUMBER_TEXT_SIZE], numeric[NUMBER_TEXT_SIZE], factor[NUMBER_TEXT_SIZE];
  text_printf(&study->sentence,
              _("the backward pass says %s, the numerical gradient %s: %s times as much"),
              number_brief(tensor->analytic[0], 8, analytic),
              number_brief(tensor->numeric[0], 8, numeric),
              factor_text(tensor->metrics.scale, factor));
}

static enum status find_factor(struct study *study, size_t first) {
  char number[NUMBER_TEXT_SIZE];
  size_t count = 0, entries = 0;
  const struct metrics *m = &tensor_at(study, first)->metrics;
  for (size_t i = 0; i < first; i++) /* told with an earlier one */
    if (is_scaled(study, i) && same_factor(study, i, first)) return STATUS_OK;
  for (size_t i = 0; i < study->check->tensor_count; i++) {
    study->chosen[i] = is_scaled(study, i) && same_factor(study, i, first);
    count += study->chosen[i];
    entries += study->chosen[i] ? tensor_at(study, i)->count : 0;
  }
  if (entries > 1)
    text_printf(&study->sentence, _("every entry is %s times the numerical gradient"),
                factor_text(m->scale, number));
  else
    put_entry(study, first);
  put_source(study, first, count, entries);
  if (count == 1) put_neighbour(study, first);
  return add(study, FINDING_FACTOR, m->scale, NULL);
}

/* -- other errors of a special form -- */

/* g - n against the param's own values. */
static enum status find_own_value(struct study *study, size_t index) {
  const double rest = 1e-3;
  const struct tensor_check *tensor = tensor_at(study, index);
  const double *values = run_values(study->point, study->model->nodes[tensor->node].slot);
  double product = 0, squares = 0, errors = 0, left = 0;
  char number[NUMBER_TEXT_SIZE];
  if (tensor->by_direction || tensor->count < 3) return STATUS_OK;
  for (size_t i = 0; i < tensor->count; i++) {
    double error = tensor->analytic[i] - tensor->numeric[i];
    product += error * values[i];
    squares += values[i] * values[i];
    errors += error * error;
  }
  double k = squares > 0 ? product / squares : 0;
  for (size_t i = 0; i < tensor->count; i++) {
    double error = tensor->analytic[i] - tensor->numeric[i] - k * values[i];
    left += error * error;
  }
  if (!(sqrt(left) <= rest * sqrt(errors))) return STATUS_OK;
  choose_one(study, index);
  text_printf(&study->sentence, _("what it is off is %s times %s itself, entry by entry: a "
                                  "regularisation term is "),
              factor_text(k, number), name_of(study, index));
  text_puts(&study->sentence,
            k < 0 ? _("forgotten, or too small") : _("counted twice, or too large"));
  put_neighbour(study, index);
  return add(study, FINDING_OWN_VALUE, k, NULL);
}

static bool all_same(const double *values, size_t count, double close) {
  double low = values[0], high = values[0];
  for (size_t i = 1; i < count; i++) {
    low = fmin(low, values[i]);
    high = fmax(high, values[i]);
  }
  return high - low <= close * fmax(fabs(low), fabs(high));
}

static enum status find_same_entries(struct study *study, size_t index) {
  const struct tensor_check *tensor = tensor_at(study, index);
  char number[NUMBER_TEXT_SIZE];
  double sum = 0;
  if (tensor->by_direction || tensor->count < 2 || !(fabs(tensor->analytic[0]) > 0) ||
      !all_same(tensor->analytic, tensor->count, 0) ||
      all_same(tensor->numeric, tensor->count, 1e-3))
    return STATUS_OK;
  for (size_t i = 0; i < tensor->count; i++) sum += tensor->numeric[i];
  choose_one(study, index);
  text_printf(&study->sentence, _("every entry is the same, %s, and those of the numerical gradient "
                                  "are not"), number_brief(tensor->analytic[0], 5, number));
  text_puts(&study->sentence, fabs(tensor->analytic[0] - sum) <= 1e-4 * fabs(sum)
                ? _("; it is their sum: summed over too much, down to one number")
                : _(": summed over too much, down to one number?"));
  put_neighbour(study, index);
  return add(study, FINDING_SAME_ENTRIES, NAN, NULL);
}

/* Where the wrong entries lie, if they are but a part. */
static enum status find_part(struct study *study, size_t index) {
  const double much = 0.01; /* of the largest error: others are noise */
  const struct tensor_check *tensor = tensor_at(study, index);
  size_t wrong = 0;
  uint32_t row = 0, col = 0, first_row = 0, first_col = 0;
  bool one_row = true, one_col = true;
  if (tensor->by_direction || tensor->count < 3) return STATUS_OK;
  for (size_t i = 0; i < tensor->count; i++) {
    const double error = fabs(tensor->analytic[i] - tensor->numeric[i]);
    if (!(error > much * tensor->metrics.max_abs)) continue;
    tensor_check_place(tensor, i, &row, &col);
    if (wrong++ == 0) first_row = row, first_col = col;
    one_row = one_row && row == first_row;
    one_col = one_col && col == first_col;
  }
  bool told = wrong > 0 && wrong < tensor->count && (one_row || one_col) &&
              (wrong == 1 || (one_row && tensor->shape.rows > 1) ||
               (one_col && tensor->shape.cols > 1));
  if (!told) return STATUS_OK;
  choose_one(study, index);
  if (wrong == 1)
    text_printf(&study->sentence, _("only its entry [%u, %u] is wrong, the other %zu are right"),
                first_row, first_col, tensor->count - 1);
  else
    text_printf(&study->sentence, one_row ? _("only its row %u is wrong (%zu of %zu entries)")
                                          : _("only its column %u is wrong (%zu of %zu entries)"),
                one_row ? first_row : first_col, wrong, tensor->count);
  return add(study, FINDING_PART, NAN, NULL);
}

/* -- which are wrong and which are right -- */

static enum status find_alone(struct study *study, size_t index) {
  size_t other = beside(study, index);
  struct place place = place_of(study, index);
  if (other == study->check->tensor_count || !is_right(study, other)) return STATUS_OK;
  choose_one(study, index);
  text_printf(&study->sentence, _("d%s alone is wrong; d%s is right, so d%s, from which both are "
                                  "made, is right: look at "),
              name_of(study, index), name_of(study, other), slot_name(study, place.output));
  if (place.part == PART_BIAS) {
    text_puts(&study->sentence, _("the sum over the batch"));
    return add(study, FINDING_REDUCTION, NAN, NULL);
  }
  text_printf(&study->sentence, _("the product with %s: its operand, its transposition, or a term "
                                  "of the loss that %s has for itself"),
              slot_name(study, place.input), name_of(study, index));
  return add(study, FINDING_OPERAND, NAN, NULL);
}

/* The layer nearest to the input whose params, and those of all layers behind it, are right; -1:
 * even the last layer has a wrong one, or there are no layers. Slots grow towards the loss. */
static int right_down_to(const struct study *study) {
  int wrong = -1, right = -1;
  for (size_t i = 0; i < study->check->tensor_count; i++) {
    int output = place_of(study, i).output;
    if (!is_right(study, i) && output > wrong) wrong = output;
  }
  for (size_t i = 0; i < study->check->tensor_count; i++) {
    int output = place_of(study, i).output;
    if (output > wrong && (right < 0 || output < right)) right = output;
  }
  return wrong >= 0 ? right : -1;
}

/* Whether all params of layers before OUTPUT are wrong, as far as they have a gradient; the layer
 * next to it in *NEXT. */
static bool wrong_before(const struct study *study, int output, int *next) {
  size_t wrong = 0;
  *next = -1;
  for (size_t i = 0; i < study->check->tensor_count; i++) {
    int own = place_of(study, i).output;
    if (own < 0 || own >= output) continue;
    if (is_right(study, i)) return false;
    wrong += is_wrong(study, i);
    if (own > *next) *next = own;
  }
  return wrong > 1;
}

static enum status find_pattern(struct study *study) {
  size_t wrong = 0, count = study->check->tensor_count;
  int next, right = right_down_to(study);
  for (size_t i = 0; i < count; i++) wrong += is_wrong(study, i);
  choose(study, is_wrong);
  if (wrong == count && count > 1) {
    text_puts(&study->sentence, _("no gradient is right, so look near the loss first: at the first "
                                  "lines, from which all others follow"));
    return add(study, FINDING_FROM_THE_LOSS, NAN, _("where"));
  }
  if (right < 0 || !wrong_before(study, right, &next)) return STATUS_OK;
  put_names(&study->sentence, study, study->chosen);
  text_printf(&study->sentence, _(" are wrong, what lies nearer to the loss is right: the mistake "
                                  "lies on the way from d%s to d%s: a transposition, the slope of "
                                  "the activation, a mask, a way past the layer"),
              slot_name(study, right), slot_name(study, next));
  return add(study, FINDING_FROM_A_LAYER, NAN, _("where"));
}

/* -- laws -- */

static enum status find_law(struct study *study, enum law law) {
  static const struct {
    enum finding_kind kind;
    const char *duty, *meaning;
  } rows[LAW_COUNT] = {
      [LAW_REPEAT] = {FINDING_NOT_REPEATABLE, "a second backward pass gives something else",
                      "a gradient that is not zeroed, or a mask drawn anew"},
      [LAW_ZERO] = {FINDING_NOT_ZERO,
                    "if a 0 arrives at the loss instead of a 1, only zeros may come out",
                    "what arrives is dropped on the way"},
      [LAW_DOUBLE] = {FINDING_NOT_DOUBLE,
                      "if a 2 arrives at the loss instead of a 1, twice as much must come out",
                      "what arrives is applied twice, or clipped"},
  };
  char first[NUMBER_TEXT_SIZE], now[NUMBER_TEXT_SIZE];
  size_t count = 0, index = 0;
  for (size_t i = study->check->tensor_count; i-- > 0;) {
    study->chosen[i] = tensor_at(study, i)->broken == law;
    if (study->chosen[i]) index = i, count++;
  }
  if (count == 0) return STATUS_OK;
  const struct tensor_check *tensor = tensor_at(study, index);
  text_printf(&study->sentence, "%s; ", _(rows[law].duty));
  if (tensor->count > 1 || tensor->by_direction) {
    uint32_t cols = tensor->shape.cols;
    text_printf(&study->sentence, _("at [%u, %u] "), (unsigned)(tensor->broken_entry / cols),
                (unsigned)(tensor->broken_entry % cols));
  }
  text_printf(&study->sentence, _("%s becomes %s"), number_brief(tensor->broken_first, 4, first),
              number_brief(tensor->broken_now, 4, now));
  text_printf(&study->sentence, ": %s", _(rows[law].meaning));
  return add(study, rows[law].kind, NAN, NULL);
}

/* -- the first wrong line -- */

static void put_hints(struct text *out, unsigned passes) {
  static const struct {
    unsigned passes;
    const char *hint;
  } hints[] = {
      {PASSES_FAN_OUT, "the shares that should add up"},
      {PASSES_PRODUCT, "the other factor of the product and its transposition"},
      {PASSES_CURVE, "the slope of the function on the way and where it is taken"},
      {PASSES_SCALE, "what it is multiplied with, a mask or a scale"},
      {PASSES_SUM, "what is summed, and over which side"},
  };
  bool first = true;
  for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
    if (!(passes & hints[i].passes)) continue;
    text_puts(out, first ? _(": look at ") : ", ");
    text_puts(out, _(hints[i].hint));
    first = false;
  }
}

static bool breaks_law(const struct study *study) {
  for (size_t i = 0; i < study->check->tensor_count; i++)
    if (tensor_at(study, i)->broken) return true;
  return false;
}

static enum status find_line(struct study *study) {
  const struct wrong_lines *lines = &study->diagnosis->lines;
  struct text *out = &study->sentence;
  char number[NUMBER_TEXT_SIZE];
  choose(study, NULL);
  if (lines->count == 0) return STATUS_OK;
  const struct wrong_line *line = &lines->items[0];
  if (line->law) {
    text_puts(out, _("it is the first for which this does not hold"));
  } else if (line->overwrites) {
    text_puts(out, _("it assigns where it should add (+=): the share that was there is lost"));
  } else if (line->forgets) {
    text_puts(out, _("one of the ways to the loss brings no share to it"));
  } else if (isfinite(line->factor)) {
    text_printf(out, _("what it reads is right; what it makes is %s times what it should be"),
                factor_text(line->factor, number));
  } else if (breaks_law(study)) {
    text_puts(out, _("what it reads is right; what it makes does not follow it"));
  } else {
    text_puts(out, _("what it reads is right, what it makes is not"));
    put_hints(out, line->passes);
  }
  return add(study, FINDING_LINE, line->factor, _("first wrong line"));
}

/* -- all of it -- */

static enum status study_tensor(struct study *study, size_t index) {
  size_t before = study->diagnosis->count;
  enum status status = find_same_entries(study, index);
  if (!status && study->diagnosis->count == before) status = find_own_value(study, index);
  if (!status && study->diagnosis->count == before) status = find_part(study, index);
  return status || study->diagnosis->count > before ? status : find_alone(study, index);
}

static enum status study_all(struct study *study) {
  enum status status = STATUS_OK;
  for (enum law law = LAW_REPEAT; !status && law < LAW_COUNT; law++) status = find_law(study, law);
  for (size_t i = 0; !status && i < study->check->tensor_count; i++) {
    if (!is_wrong(study, i)) continue;
    status = is_scaled(study, i) ? find_factor(study, i) : study_tensor(study, i);
  }
  if (!status) status = find_pattern(study);
  if (!status) status = locate(&study->diagnosis->lines, study->check, study->model, study->point);
  return status ? status : find_line(study);
}

enum status diagnose(struct diagnosis *diagnosis, const struct check *check,
                     const struct model *model, const struct run *point) {
  struct study study = {diagnosis, check, model, point, NULL, {0}};
  *diagnosis = (struct diagnosis){0};
  if (check->verdict != VERDICT_FAIL) return STATUS_OK;
  study.chosen = calloc(check->tensor_count + 1, sizeof *study.chosen);
  text_init(&study.sentence);
  enum status status = study.chosen ? study_all(&study) : STATUS_NO_MEMORY;
  text_done(&study.sentence);
  free(study.chosen);
  return status;
}

void diagnosis_done(struct diagnosis *diagnosis) {
  for (size_t i = 0; i < diagnosis->count; i++) {
    free(diagnosis->findings[i].tensors);
    free(diagnosis->findings[i].label);
    free(diagnosis->findings[i].sentence);
  }
  free(diagnosis->findings);
  wrong_lines_done(&diagnosis->lines);
  *diagnosis = (struct diagnosis){0};
}
