/* What is said of each wrong tensor. */
#include "blame/factor.h"
#include "blame/study.h"
#include "blame/way.h"
#include "check/layers.h"
#include "core/intl.h"

#include <math.h>

static struct layer_role role_of(const struct study *study, size_t index) {
  return layer_role(study->model, study_tensor(study, index)->node);
}

/* The other param of the same layer among those checked, or their number. */
static size_t beside(const struct study *study, size_t index) {
  struct layer_role own = role_of(study, index);
  for (size_t i = 0; i < study->check->tensor_count && own.part; i++) {
    struct layer_role other = role_of(study, i);
    if (i != index && other.part && other.part != own.part && other.output == own.output) return i;
  }
  return study->check->tensor_count;
}

/* The node that the layer of the tensor INDEX makes, if its gradient is in the pass and is right
 * but for a factor that later lines undo; else -1. */
static int right_output(const struct study *study, size_t index) {
  double factor;
  int node = study->model->values[role_of(study, index).output].node;
  return node >= 0 && study_is_multiple(study, node, &factor) ? node : -1;
}

/* ". b2 beside it is right, so dZ2 is not to blame" */
static void put_neighbour(struct study *study, size_t index) {
  char title[GRADIENT_SIZE];
  size_t other = beside(study, index);
  if (other == study->check->tensor_count || !study_is_right(study, other)) return;
  int output = right_output(study, index);
  study_claim(study, study_tensor(study, other)->node, true);
  if (output >= 0)
    text_printf(&study->sentence, _(". %s beside it is right, so %s is not to blame"),
                study_name(study, other), study_gradient(study, output, title));
  else
    text_printf(&study->sentence, _(". %s beside it is right"), study_name(study, other));
}

/* -- a constant factor -- */

static bool is_scaled(const struct study *study, size_t index) {
  return study_is_wrong(study, index) && study->forms[index].kind == FORM_FACTOR;
}

static bool same_factor(const struct study *study, size_t a, size_t b) {
  double one = study->forms[a].factor, other = study->forms[b].factor;
  return fabs(one - other) <= 1e-6 * fabs(other);
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

/* The first wrong line, if just one is accused. */
static const struct rule *wrong_line(const struct study *study) {
  const struct wrong_lines *lines = &study->diagnosis->lines;
  bool one = lines->count == 1 && lines->items[0].count == 1;
  return one ? &study->model->rules[lines->items[0].rules[0]] : NULL;
}

/* Appends where the factor comes from: a number in the line itself, or what the number means
 * elsewhere. The error of a single entry is always a factor, so there only the line is searched. */
static void put_source(struct study *study, size_t index, size_t tensors, size_t entries) {
  struct text *out = &study->sentence;
  double factor = study->forms[index].factor;
  char number[NUMBER_TEXT_SIZE];
  struct text meaning;
  text_init(&meaning);
  const struct rule *line =
      tensors == 1 ? only_line(study->model, study_tensor(study, index)->node) : NULL;
  const struct rule *wrong = wrong_line(study);
  if (entries > 1)
    factor_explain(&meaning, study->model, study->point, factor, wrong ? wrong->value : NULL);
  if (entries > 1) text_puts(out, _(": a pure factor"));
  if (line && factor_stands_in(line->value, factor))
    text_printf(out, _(", and its line has a %s"), number_brief(factor, 5, number));
  else if (meaning.length > 0)
    text_printf(out, "; %s", text_string(&meaning));
  else if (entries > 1 && wrong && factor_stands_in(wrong->value, factor))
    text_printf(out, _(", and the first wrong line has a %s"), number_brief(factor, 5, number));
  else if (entries > 1)
    text_puts(out, tensors == 1 ? _("; look at its line")
                                : _("; look at a line before them"));
  out->failed = out->failed || meaning.failed;
  text_done(&meaning);
}

/* The person's gradient and the right one at an entry of the tensor INDEX. */
static double is_at(const struct study *study, size_t index, size_t entry) {
  int slot = study->model->nodes[study_tensor(study, index)->node].gradient;
  return run_values(study->point, slot)[entry];
}

static double should_at(const struct study *study, size_t index, size_t entry) {
  const struct tensor_check *tensor = study_tensor(study, index);
  if (!tensor->by_direction) return tensor->numeric[entry];
  return truth_gradient(study->truth, tensor->node)[entry];
}

/* The two gradients of an entry. */
static void put_entry(struct study *study, size_t index, size_t entry) {
  char analytic[NUMBER_TEXT_SIZE], numeric[NUMBER_TEXT_SIZE], factor[NUMBER_TEXT_SIZE];
  double is = is_at(study, index, entry), should = should_at(study, index, entry);
  double right = truth_gradient(study->truth, study_tensor(study, index)->node)[entry];
  bool near = fabs(should - right) <= 1e-3 * fabs(right); /* else the step is too coarse to see it */
  text_printf(&study->sentence,
              near ? _("the backward pass says %s, the numerical gradient %s: %s times as much")
                   : _("the backward pass says %s where %s is right: %s times as much"),
              number_brief(is, 8, analytic), number_brief(near ? should : right, 8, numeric),
              factor_text(study->forms[index].factor, factor));
}

static enum status tell_factor(struct study *study, size_t first) {
  char number[NUMBER_TEXT_SIZE];
  size_t count = 0, entries = 0;
  for (size_t i = 0; i < first; i++) /* told with an earlier one */
    if (is_scaled(study, i) && same_factor(study, i, first)) return STATUS_OK;
  for (size_t i = 0; i < study->check->tensor_count; i++) {
    study->chosen[i] = is_scaled(study, i) && same_factor(study, i, first);
    count += study->chosen[i];
    entries += study->chosen[i] ? shape_count(study_tensor(study, i)->shape) : 0;
  }
  if (entries > 1)
    text_printf(&study->sentence, _("every entry is %s times the numerical gradient"),
                factor_text(study->forms[first].factor, number));
  else
    put_entry(study, first, 0);
  put_source(study, first, count, entries);
  if (count == 1) put_neighbour(study, first);
  return study_add(study, FINDING_FACTOR, study->forms[first].factor, NULL);
}

/* Where all other entries are 0 on both sides. */
static enum status tell_one_number(struct study *study, size_t index) {
  const struct tensor_check *tensor = study_tensor(study, index);
  size_t entry = 0, count = shape_count(tensor->shape);
  while (entry + 1 < count && !(fabs(is_at(study, index, entry)) > 0)) entry++;
  study_choose_one(study, index);
  text_printf(&study->sentence, _("only its entry [%u, %u] is not 0, so no factor can be told: "),
              (unsigned)(entry / tensor->shape.cols), (unsigned)(entry % tensor->shape.cols));
  put_entry(study, index, entry);
  return study_add(study, FINDING_PART, NAN, NULL);
}

/* -- other forms -- */

static enum status tell_zero(struct study *study, size_t index) {
  study_choose_one(study, index);
  text_puts(&study->sentence, _("all of it is 0, and the numerical gradient is not: nothing arrives "
                                "there"));
  put_neighbour(study, index);
  return study_add(study, FINDING_ZERO, NAN, NULL);
}

static enum status tell_same(struct study *study, size_t index) {
  enum form_kind kind = study->forms[index].kind;
  char number[NUMBER_TEXT_SIZE];
  study_choose_one(study, index);
  text_printf(&study->sentence, _("every entry is the same, %s, and those of the numerical gradient "
                                  "are not"),
              number_brief(study->forms[index].factor, 5, number));
  text_puts(&study->sentence,
            kind == FORM_SUM    ? _("; it is their sum: summed over too much, down to one number")
            : kind == FORM_MEAN ? _("; it is their mean: averaged down to one number")
                                : _(": summed over too much, down to one number?"));
  put_neighbour(study, index);
  return study_add(study, FINDING_SAME_ENTRIES, NAN, NULL);
}

static enum status tell_offset(struct study *study, size_t index) {
  char number[NUMBER_TEXT_SIZE];
  double offset = study->forms[index].factor;
  study_choose_one(study, index);
  text_printf(&study->sentence,
              offset > 0 ? _("every entry is %s too large: one number is added to all of them")
                         : _("every entry is %s too small: one number is taken from all of them"),
              number_brief(fabs(offset), 5, number));
  put_neighbour(study, index);
  return study_add(study, FINDING_OFFSET, offset, NULL);
}

/* Whether one of the shares of NODE's gradient is a multiple of its values, as a penalty's is. */
static enum status has_own_share(const struct study *study, int node, bool *found) {
  const struct model *model = study->model;
  const double *own = run_values(study->point, model->nodes[node].slot);
  size_t size = shape_count(model_shape(model, model->nodes[node].slot));
  struct shares shares;
  enum status status = truth_shares(study->truth, NULL, NULL, node, &shares);
  *found = false;
  for (size_t i = 0; !status && i < shares.count; i++)
    *found = *found || !isnan(truth_factor(shares.items[i].values, own, size, NULL));
  shares_done(&shares);
  return status;
}

/* ": a regularisation term is forgotten, or too small" */
static enum status put_own_value(struct study *study, size_t index) {
  double k = study->forms[index].factor;
  int node = study_tensor(study, index)->node;
  bool failed = false, own_share = false;
  bool term = way_has_penalty(study->model, node, &failed);
  if (failed || has_own_share(study, node, &own_share)) return STATUS_NO_MEMORY;
  if (!term)
    text_printf(&study->sentence, _(", though the loss has no penalty on %s"),
                study_name(study, index));
  else if (own_share)
    text_puts(&study->sentence,
              k < 0 ? _(": a regularisation term is forgotten, or too small")
                    : _(": a regularisation term is counted twice, or too large"));
  return STATUS_OK;
}

static enum status tell_own_value(struct study *study, size_t index) {
  char number[NUMBER_TEXT_SIZE];
  double k = study->forms[index].factor;
  study_choose_one(study, index);
  text_printf(&study->sentence, _("what it is off is %s times %s itself, entry by entry"),
              factor_text(k, number), study_name(study, index));
  enum status status = put_own_value(study, index);
  put_neighbour(study, index);
  return status ? status : study_add(study, FINDING_OWN_VALUE, k, NULL);
}

static enum status tell_moved(struct study *study, size_t index) {
  const struct form *form = &study->forms[index];
  static const char *const words[2][3] = {
      {"its rows are those of the numerical gradient, in another order",
       "its rows are those of the numerical gradient, in the reverse order",
       "its rows are those of the numerical gradient, in another order: shifted"},
      {"its columns are those of the numerical gradient, in another order",
       "its columns are those of the numerical gradient, in the reverse order",
       "its columns are those of the numerical gradient, in another order: shifted"}};
  study_choose_one(study, index);
  text_puts(&study->sentence, form->kind == FORM_TRANSPOSED
                                  ? _("it is the numerical gradient, transposed")
                                  : _(words[form->kind == FORM_COLS_MOVED][form->order]));
  put_neighbour(study, index);
  return study_add(study, FINDING_MOVED, NAN, NULL);
}

static enum status tell_other(struct study *study, size_t index) {
  char title[GRADIENT_SIZE];
  study_choose_one(study, index);
  text_printf(&study->sentence, _("it is the gradient of another node: %s"),
              study_gradient(study, study->forms[index].other, title));
  put_neighbour(study, index);
  return study_add(study, FINDING_OTHER, NAN, NULL);
}

static enum status tell_scales(struct study *study, size_t index) {
  study_choose_one(study, index);
  text_puts(&study->sentence,
            study->forms[index].kind == FORM_ROW_SCALES
                ? _("each of its rows is the numerical gradient's times a factor of its own: look for "
                    "a scale of the rows")
                : _("each of its columns is the numerical gradient's times a factor of its own: "
                    "look for a scale of the columns"));
  put_neighbour(study, index);
  return study_add(study, FINDING_SCALES, NAN, NULL);
}

static enum status tell_entries(struct study *study, size_t index) {
  const struct form *form = &study->forms[index];
  char number[NUMBER_TEXT_SIZE];
  size_t count = shape_count(study_tensor(study, index)->shape);
  study_choose_one(study, index);
  if (form->kind == FORM_CLIPPED)
    text_printf(&study->sentence, _("it is the numerical gradient, cut off at %s"),
                number_brief(form->factor, 5, number));
  else if (form->kind == FORM_SQUARED || form->kind == FORM_MAGNITUDE)
    text_puts(&study->sentence, form->kind == FORM_SQUARED
                                    ? _("every entry is the square of the numerical gradient")
                                    : _("every entry has the size of the numerical gradient, but "
                                        "none of the signs"));
  else
    text_printf(&study->sentence,
                form->kind == FORM_MASK_MISSING
                    ? _("%zu of its %zu entries should be 0 and are not; the others are right")
                    : _("%zu of its %zu entries are 0 and should not be; the others are right"),
                form->wrong, count);
  put_neighbour(study, index);
  return study_add(study, form->kind == FORM_CLIPPED ? FINDING_CLIPPED : FINDING_ENTRIES, NAN,
                   NULL);
}

static enum status tell_part(struct study *study, size_t index) {
  const struct form *form = &study->forms[index];
  size_t count = shape_count(study_tensor(study, index)->shape);
  char number[NUMBER_TEXT_SIZE];
  study_choose_one(study, index);
  if (form->kind == FORM_ENTRY)
    text_printf(&study->sentence, _("only its entry [%u, %u] is wrong, the other %zu are right"),
                form->row, form->col, count - 1);
  else
    text_printf(&study->sentence, form->kind == FORM_ROW
                                      ? _("only its row %u is wrong (%zu of %zu entries)")
                                      : _("only its column %u is wrong (%zu of %zu entries)"),
                form->kind == FORM_ROW ? form->row : form->col, form->wrong, count);
  if (form->own_value_there)
    text_printf(&study->sentence, _("; what it is off there is %s times %s itself"),
                factor_text(form->factor, number), study_name(study, index));
  enum status status = form->own_value_there ? put_own_value(study, index) : STATUS_OK;
  return status ? status : study_add(study, FINDING_PART, NAN, NULL);
}

/* -- which are wrong and which are right -- */

static enum status tell_alone(struct study *study, size_t index) {
  size_t other = beside(study, index);
  struct layer_role role = role_of(study, index);
  if (other == study->check->tensor_count || !study_is_right(study, other)) return STATUS_OK;
  int output = right_output(study, index);
  char title[GRADIENT_SIZE];
  if (output < 0) return STATUS_OK;
  study_choose_one(study, index);
  study_claim(study, study_tensor(study, other)->node, true);
  text_printf(&study->sentence,
              _("d%s alone is wrong; d%s is right, and %s, from which both are made, is not to "
                "blame: look at "),
              study_name(study, index), study_name(study, other),
              study_gradient(study, output, title));
  if (role.part == PART_BIAS) {
    text_puts(&study->sentence, _("the sum over the batch"));
    return study_add(study, FINDING_REDUCTION, NAN, NULL);
  }
  int input = study->model->values[role.input].node;
  if (input >= 0)
    text_printf(&study->sentence, _("the product with %s: its operand, its transposition, or a "
                                    "term of the loss that %s has for itself"),
                study_node(study, input, title), study_name(study, index));
  else
    text_puts(&study->sentence, _("the product: its operand, or its transposition"));
  return study_add(study, FINDING_OPERAND, NAN, NULL);
}

/* -- all of them -- */

enum status tell_tensors(struct study *study) {
  static enum status (*const tellers[FORM_KIND_COUNT])(struct study *study, size_t index) = {
      [FORM_UNKNOWN] = tell_alone,        [FORM_FACTOR] = tell_factor,
      [FORM_ONE_NUMBER] = tell_one_number, [FORM_ZERO] = tell_zero,
      [FORM_SAME] = tell_same,            [FORM_SUM] = tell_same,
      [FORM_MEAN] = tell_same,            [FORM_OFFSET] = tell_offset,
      [FORM_OWN_VALUE] = tell_own_value,  [FORM_TRANSPOSED] = tell_moved,
      [FORM_ROWS_MOVED] = tell_moved,     [FORM_COLS_MOVED] = tell_moved,
      [FORM_OTHER] = tell_other,          [FORM_ROW_SCALES] = tell_scales,
      [FORM_COL_SCALES] = tell_scales,    [FORM_ENTRY] = tell_part,
      [FORM_ROW] = tell_part,             [FORM_COL] = tell_part,
      [FORM_MASK_MISSING] = tell_entries, [FORM_MASK_EXTRA] = tell_entries,
      [FORM_CLIPPED] = tell_entries,      [FORM_SQUARED] = tell_entries,
      [FORM_MAGNITUDE] = tell_entries,
  };
  enum status status = STATUS_OK;
  for (size_t i = 0; !status && i < study->check->tensor_count; i++)
    if (study_is_wrong(study, i)) status = tellers[study->forms[i].kind](study, i);
  return status;
}
