/* What is said of the wrong lines, of the pass as a whole, and of the kind of mistake. */
#include "blame/factor.h"
#include "blame/study.h"
#include "blame/way.h"
#include "core/intl.h"

#include <math.h>
#include <string.h>

/* -- laws -- */

static enum status tell_law(struct study *study, enum law law) {
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
    study->chosen[i] = study_tensor(study, i)->broken == law;
    if (study->chosen[i]) index = i, count++;
  }
  if (count == 0) return STATUS_OK;
  const struct tensor_check *tensor = study_tensor(study, index);
  text_printf(&study->sentence, "%s; ", _(rows[law].duty));
  if (tensor->count > 1 || tensor->by_direction) {
    uint32_t cols = tensor->shape.cols;
    text_printf(&study->sentence, _("at [%u, %u] "), (unsigned)(tensor->broken_entry / cols),
                (unsigned)(tensor->broken_entry % cols));
  }
  text_printf(&study->sentence, _("%s becomes %s"), number_brief(tensor->broken_first, 4, first),
              number_brief(tensor->broken_now, 4, now));
  text_printf(&study->sentence, ": %s", _(rows[law].meaning));
  return study_add(study, rows[law].kind, NAN, NULL);
}

enum status tell_laws(struct study *study) {
  enum status status = STATUS_OK;
  for (enum law law = LAW_REPEAT; !status && law < LAW_COUNT; law++) status = tell_law(study, law);
  return status;
}

/* -- where -- */

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

static const struct wrong_line *first_line(const struct study *study) {
  const struct wrong_lines *lines = &study->diagnosis->lines;
  return lines->count > 0 ? &lines->items[0] : NULL;
}

static size_t count_wrong(const struct study *study) {
  size_t wrong = 0;
  for (size_t i = 0; i < study->check->tensor_count; i++) wrong += study_is_wrong(study, i);
  return wrong;
}

static bool some_right(const struct study *study) {
  for (size_t i = 0; i < study->check->tensor_count; i++)
    if (study_is_right(study, i)) return true;
  return false;
}

/* Everything is wrong from the loss on: no gradient that the pass makes is right, not even one
 * between. */
static enum status tell_from_the_loss(struct study *study) {
  study_choose(study, study_is_wrong);
  text_puts(&study->sentence, _("no gradient is right, so look near the loss first: at the first "
                                "lines, from which all others follow"));
  return study_add(study, FINDING_FROM_THE_LOSS, NAN, _("where"));
}

/* Right down to what the wrong line reads. */
static enum status tell_from_a_node(struct study *study, const struct wrong_line *line) {
  char from[GRADIENT_SIZE], to[GRADIENT_SIZE];
  study_choose(study, study_is_wrong);
  study_put_names(&study->sentence, study, study->chosen);
  study_claim(study, line->reads, true);
  study_claim(study, line->node, false);
  text_printf(&study->sentence, _(" are wrong, what lies nearer to the loss is right: the mistake "
                                  "lies on the way from %s to %s"),
              study_gradient(study, line->reads, from), study_gradient(study, line->node, to));
  if (!study->diagnosis->named.kind) put_hints(&study->sentence, line->passes);
  return study_add(study, FINDING_FROM_A_LAYER, NAN, _("where"));
}

static enum status tell_where(struct study *study) {
  const struct wrong_lines *lines = &study->diagnosis->lines;
  const struct wrong_line *line = first_line(study);
  size_t wrong = count_wrong(study);
  if (!lines->trusted || wrong < 2) return STATUS_OK;
  if (wrong == study->check->tensor_count && !lines->any_right) return tell_from_the_loss(study);
  bool told = line && lines->count == 1 && line->count == 1 && line->reads_right &&
              line->reads >= 0 && line->node >= 0 && line->reads != study->model->loss &&
              study->model->nodes[line->node].kind == NODE_OP && some_right(study);
  return told ? tell_from_a_node(study, line) : STATUS_OK;
}

/* -- the first wrong line -- */

static bool breaks_law(const struct study *study) {
  for (size_t i = 0; i < study->check->tensor_count; i++)
    if (study_tensor(study, i)->broken) return true;
  return false;
}

static void put_ways(struct text *out, const struct study *study, const struct wrong_line *line) {
  int last = -1;
  for (size_t i = 0; i < line->by_count; i++) {
    int shown = model_visible(study->model, line->by[i]);
    if (shown == last) continue;
    char title[TITLE_SIZE];
    text_printf(out, last < 0 ? "%s" : ", %s", study_node(study, shown, title));
    last = shown;
  }
}

static void put_share(struct study *study, const struct wrong_line *line) {
  struct text *out = &study->sentence;
  char number[NUMBER_TEXT_SIZE];
  text_puts(out, _("one of the ways to the loss, by "));
  put_ways(out, study, line);
  if (line->share == SHARE_MISSING)
    text_puts(out, _(", brings no share to it"));
  else if (factor_is(line->share_factor, -1))
    text_puts(out, _(": its share has the wrong sign"));
  else
    text_printf(out, _(": its share is there %s times"), factor_text(line->share_factor, number));
}

/* What the line was seen to do instead; false: that is not known. */
static bool put_guess(struct study *study) {
  const struct guess *guess = &study->diagnosis->named.guess;
  struct text *out = &study->sentence;
  char is[GRADIENT_SIZE], should[GRADIENT_SIZE];
  switch (guess->kind) {
    case GUESS_OTHER_VALUE:
      text_printf(out, _("it takes %s where %s belongs"), study_node(study, guess->is, is),
                  study_node(study, guess->should, should));
      return true;
    case GUESS_OTHER_GRADIENT:
      text_printf(out, _("it takes %s where %s belongs"), study_gradient(study, guess->is, is),
                  study_gradient(study, guess->should, should));
      return true;
    case GUESS_NO_SLOPE:
      text_printf(out, _("it hands on %s as it stands: the slope, or the factor, is left out"),
                  study_gradient(study, guess->is, is));
      return true;
    case GUESS_UPDATED:
      text_printf(out, _("it takes %s as it is after the update"),
                  study_node(study, guess->is, is));
      return true;
    case GUESS_ONE_SAMPLE:
      text_printf(out, _("only sample %zu counts in it, not the sum over the batch"),
                  guess->sample);
      return true;
    case GUESS_SAMPLE_LEFT_OUT:
      text_printf(out, _("sample %zu is left out of the sum over the batch"), guess->sample);
      return true;
    default: return false;
  }
}

/* How what the line makes can be had from what it should make; false: that is not known, or said
 * elsewhere. */
static bool put_form(struct study *study) {
  const struct form *form = &study->diagnosis->named.form;
  struct text *out = &study->sentence;
  char number[NUMBER_TEXT_SIZE], title[GRADIENT_SIZE];
  static const char *const plain[FORM_KIND_COUNT] = {
      [FORM_ZERO] = "what it makes is 0, and should not be",
      [FORM_SAME] = "what it makes is the same number everywhere, and should not be",
      [FORM_SUM] = "what it makes is the same number everywhere: the total of what it should be",
      [FORM_MEAN] = "what it makes is the same number everywhere: the mean of what it should be",
      [FORM_TRANSPOSED] = "what it makes is what it should be, transposed",
      [FORM_ROWS_MOVED] = "what it makes has the right rows in another order",
      [FORM_COLS_MOVED] = "what it makes has the right columns in another order",
      [FORM_MASK_MISSING] = "some of what it makes should be 0 and is not; all else is right",
      [FORM_MASK_EXTRA] = "some of what it makes is 0 and should not be; all else is right",
      [FORM_SQUARED] = "what it makes is the square of what it should be",
      [FORM_MAGNITUDE] = "what it makes has lost its signs",
      [FORM_ROW_SCALES] = "each row of what it makes has a factor of its own",
      [FORM_COL_SCALES] = "each column of what it makes has a factor of its own",
  };
  switch (form->kind) {
    case FORM_OFFSET:
      text_printf(out, _("every entry of what it makes is off by the same number, %s"),
                  number_brief(form->factor, 5, number));
      return true;
    case FORM_CLIPPED:
      text_printf(out, _("what it makes is what it should be, cut off at %s"),
                  number_brief(form->factor, 5, number));
      return true;
    case FORM_OTHER:
      if (study->diagnosis->named.mutant) return false; /* which says why */
      text_printf(out, _("what it makes is the gradient of another node: %s"),
                  study_gradient(study, form->other, title));
      return true;
    case FORM_ENTRY:
      text_printf(out, _("only its entry [%u, %u] is wrong"), form->row, form->col);
      return true;
    case FORM_ROW: text_printf(out, _("only its row %u is wrong"), form->row); return true;
    case FORM_COL: text_printf(out, _("only its column %u is wrong"), form->col); return true;
    default: break;
  }
  if (plain[form->kind]) text_puts(out, _(plain[form->kind]));
  return plain[form->kind] != NULL;
}

static void put_result(struct study *study, const struct wrong_line *line) {
  struct text *out = &study->sentence;
  char number[NUMBER_TEXT_SIZE];
  bool factor = isfinite(line->factor) && line->telling > 0;
  bool alone = study->diagnosis->lines.count == 1;
  if (factor && alone && !factor_is(line->scale, 1)) { /* it is to be a multiple that later lines undo */
    text_printf(out, _("if what it makes is divided by %s, every gradient is right"),
                factor_text(line->factor, number));
    return;
  }
  text_puts(out, line->reads_right ? _("what it reads is right") : _("given what it reads"));
  if (factor)
    text_printf(out, line->reads_right ? _("; what it makes is %s times what it should be")
                                       : _(", what it makes is %s times what it should be"),
                factor_text(line->factor, number));
  else if (breaks_law(study))
    text_puts(out, line->reads_right ? _("; what it makes does not follow it")
                                     : _(", what it makes does not follow it"));
  else
    text_puts(out, line->reads_right ? _(", what it makes is not") : _(", what it makes is wrong"));
  if (!factor && !breaks_law(study) && !study->diagnosis->named.kind)
    put_hints(out, line->passes);
}

static void put_line(struct study *study, const struct wrong_line *line) {
  struct text *out = &study->sentence;
  if (line->law)
    text_puts(out, _("it is the first for which this does not hold"));
  else if (line->not_finite)
    text_puts(out, _("it is the first whose result is not a finite number"));
  else if (line->overwrites)
    text_puts(out, _("it assigns where it should add (+=): the share that was there is lost"));
  else if (line->share)
    put_share(study, line);
  else if (put_guess(study) || put_form(study)) {
  } else if (line->node < 0)
    text_puts(out, _("with what it makes put right, all gradients are right"));
  else
    put_result(study, line);
  if (line->together)
    text_puts(out, _("; the lines below are wrong as well, and mending one alone does not help"));
}

static enum status tell_line(struct study *study) {
  const struct wrong_line *line = first_line(study);
  study_choose(study, NULL);
  if (!line) return STATUS_OK;
  put_line(study, line);
  if (line->node >= 0 && line->reads >= 0 && line->reads_right)
    study_claim(study, line->reads, true);
  return study_add(study, FINDING_LINE, line->factor, _("first wrong line"));
}

/* -- its kind -- */

/* Whether KIND says no more than the factor that is told already. */
static bool is_plain_factor(const struct study *study, const struct bug_kind *kind) {
  const struct wrong_line *line = first_line(study);
  bool factor = line && isfinite(line->factor) && line->telling > 0;
  return factor && (strcmp(kind->name, "scale") == 0 || strcmp(kind->name, "sign") == 0);
}

static enum status tell_kind(struct study *study) {
  const struct bug_kind *kind = study->diagnosis->named.kind;
  study_choose(study, NULL);
  if (!kind || is_plain_factor(study, kind)) return STATUS_OK;
  text_printf(&study->sentence,
              study->diagnosis->named.mutant
                  ? _("the gradients are those of the catalogue's \"%s\": %s")
                  : _("the catalogue calls this \"%s\": %s"), _(kind->title), _(kind->help));
  if (strcmp(kind->seen, "-") != 0) text_printf(&study->sentence, _(" (seen: %s)"), kind->seen);
  return study_add(study, FINDING_KIND, NAN, _("kind"));
}

/* -- a constant on one side -- */

/* The gate of the prelude whose own rule the wrong line is, as it came; or NULL. */
static const char *own_gate(const struct study *study) {
  const struct wrong_line *line = first_line(study);
  const struct model *model = study->model;
  const struct rule *rule = line && line->count == 1 ? &model->rules[line->rules[0]] : NULL;
  if (!rule || rule->node < 0 || rule->original) return NULL;
  int shown = model_shown_as(model, rule->node);
  bool own = shown >= 0 && model->instances[shown].own_rule;
  return own ? model->instances[shown].gate->names[0] : NULL;
}

enum status tell_constant(struct study *study, bool *told) {
  struct left_out left_out;
  char number[NUMBER_TEXT_SIZE];
  if (constant_find(&left_out, study->model, study->truth, study->point)) return STATUS_NO_MEMORY;
  study_choose(study, NULL);
  *told = left_out.found;
  if (!left_out.found) return STATUS_OK;
  const char *gate = own_gate(study);
  number_brief(left_out.value, 5, number);
  if (gate)
    text_printf(&study->sentence,
                _("the rule of the gate %s leaves out the %s that its value is computed with, and "
                  "this is what the check sees: with 0 in its place they would agree"),
                gate, number);
  else
    text_printf(&study->sentence,
                _("the backward pass leaves out the %s that the loss is computed with: with 0 in "
                  "its place they would agree"), number);
  return study_add(study, FINDING_CONSTANT, left_out.value, _("constant"));
}

/* -- when there is none -- */

static enum status tell_no_line(struct study *study) {
  const struct wrong_lines *lines = &study->diagnosis->lines;
  struct text *out = &study->sentence;
  char title[GRADIENT_SIZE];
  if (lines->count > 0 || count_wrong(study) == 0) return STATUS_OK;
  study_choose(study, NULL);
  if (!lines->trusted)
    text_puts(out, _("no line is named: at this point the numerical gradient does not agree with "
                     "gradwalk's own rules either"));
  else if (!lines->complete)
    text_puts(out, _("no line is named: the search for it was cut short"));
  else
    text_puts(out, _("no line is named: no one line that is put right makes the check pass"));
  if (lines->trusted && lines->differs >= 0)
    text_printf(out, _("; %s is the first gradient to differ while what it is made from is right"),
                study_gradient(study, lines->differs, title));
  return study_add(study, FINDING_NO_LINE, NAN, _("line"));
}

/* -- all of it -- */

enum status tell_lines(struct study *study) {
  enum status status = tell_where(study);
  if (!status) status = tell_line(study);
  if (!status) status = tell_kind(study);
  return status ? status : tell_no_line(study);
}
