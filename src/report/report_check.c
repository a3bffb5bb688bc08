#include "core/intl.h"
#include "lang/shown.h"
#include "report/report_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum line_role report_verdict_role(enum verdict verdict) {
  if (verdict == VERDICT_PASS) return LINE_GOOD;
  return verdict == VERDICT_FAIL ? LINE_BAD : LINE_DOUBT;
}

/* -- lines -- */

static int line_columns(struct style style) {
  return style.columns > 0 ? style.columns : 80;
}

/* Columns since the last newline. */
static int column_now(const struct text *out) {
  size_t start = out->length;
  while (start > 0 && out->bytes[start - 1] != '\n') start--;
  return text_columns(out->bytes + start, out->length - start);
}

/* The words of SENTENCE in lines as long as the style allows, broken at spaces, from INDENT columns
 * on. Returns where the first one begins. */
static size_t put_words(struct text *out, const char *sentence, int indent, struct style style) {
  int column = column_now(out), most = line_columns(style) - 1;
  size_t first = SIZE_MAX;
  text_pad(out, column, indent);
  column = column > indent ? column : indent;
  for (size_t length; *sentence; sentence += length + (sentence[length] == ' ')) {
    length = strcspn(sentence, " ");
    int columns = text_columns(sentence, length);
    if (column > indent && column + 1 + columns > most) {
      text_printf(out, "\n%*s", indent, "");
      column = indent;
    } else if (column > indent) {
      text_puts(out, " ");
      column++;
    }
    if (first > out->length) first = out->length;
    text_put(out, sentence, length);
    column += columns;
  }
  return first;
}

/* The same as whole lines. */
static void put_wrapped(struct text *out, const char *sentence, int indent, struct style style) {
  put_words(out, sentence, indent, style);
  text_puts(out, "\n");
}

/* -- what was done -- */

/* What the test per entry lets pass, and in which precision if not in double. */
static void put_leeway(struct text *out, const struct check *check) {
  char absolute[NUMBER_TEXT_SIZE], relative[NUMBER_TEXT_SIZE];
  const enum precision precision = check->options.precision;
  struct leeway leeway = {CHECK_ABSOLUTE, CHECK_RELATIVE};
  for (size_t i = 0; i < check->tensor_count; i++)
    if (check->tensors[i].leeway.relative > leeway.relative) leeway = check->tensors[i].leeway;
  if (precision == PRECISION_DOUBLE)
    text_printf(out, _("entries within %s + %s of their size"),
                number_brief(CHECK_ABSOLUTE, 2, absolute),
                number_brief(CHECK_RELATIVE, 2, relative));
  else
    text_printf(out, _("entries within %s of their size, as in %s precision"),
                number_brief(leeway.relative, 2, relative), precision_names[precision]);
}

/* What was done. TRANSLATORS: a list whose items are separated by commas. */
static void put_head(struct text *out, const struct check *check, struct style style) {
  struct text line;
  const struct check_options *options = &check->options;
  char step[NUMBER_TEXT_SIZE], tolerance[NUMBER_TEXT_SIZE];
  text_init(&line);
  text_printf(&line, _("check: %s difference"), method_names[options->method]);
  text_puts(&line, ", ");
  if (options->eps > 0)
    text_printf(&line, _("step %s"), number_text(options->eps, step));
  else
    text_printf(&line, _("step 2^%g * max(1, |x|)"), log2(check_base_step(options)));
  text_puts(&line, ", ");
  if (options->tolerance >= 0)
    text_printf(&line, _("overall tolerance %s"), number_text(options->tolerance, tolerance));
  else
    put_leeway(&line, check);
  text_puts(&line, ", ");
  report_put_count(&line, check->entries, options->directions > 0);
  if (style.columns > 0) put_wrapped(out, text_string(&line), 0, style);
  else text_printf(out, "%s\n", text_string(&line)); /* one line, for those that read it by line */
  if (options->tolerance >= 0)
    put_wrapped(out, _("share: a tensor's part of the overall difference, which the bar shows"), 0,
                style);
  out->failed = out->failed || line.failed;
  text_done(&line);
}

/* -- what it means -- */

static void put_factor(struct text *out, const struct tensor_check *tensor) {
  char buffer[NUMBER_TEXT_SIZE];
  text_printf(out, _("every entry is %s times the numerical gradient: a constant factor"),
              number_brief(tensor->metrics.scale, 6, buffer));
}

/* "at [0, 3]: ", where there is more than one place. TRANSLATORS: a whole sentence follows. */
static void put_place(struct text *out, const struct tensor_check *tensor) {
  uint32_t row, col;
  tensor_check_place(tensor, tensor->entry, &row, &col);
  if (tensor->by_direction) text_printf(out, _("along direction %zu: "), tensor->entry);
  else if (tensor->count > 1) text_printf(out, _("at [%u, %u]: "), row, col);
}

/* The two gradients at the entry that the verdict is about. */
static void put_entry(struct text *out, const struct tensor_check *tensor) {
  char a[NUMBER_TEXT_SIZE], b[NUMBER_TEXT_SIZE], c[NUMBER_TEXT_SIZE];
  const char *analytic = number_brief(tensor->analytic[tensor->entry], 8, a);
  const char *numeric = number_brief(tensor->numeric[tensor->entry], 8, b);
  put_place(out, tensor);
  if (tensor->count == 1 && isfinite(tensor->metrics.scale))
    text_printf(out, _("the backward pass says %s, the numerical gradient %s: %s times as much"),
                analytic, numeric, number_brief(tensor->metrics.scale, 6, c));
  else
    text_printf(out, _("the backward pass says %s, the numerical gradient %s"), analytic, numeric);
}

/* exp(1000), 1 / 0: the operation with the numbers that it had; its name alone if there are more of
 * them. */
static void put_operation(struct text *out, const struct op *op, const struct origin *origin) {
  char first[NUMBER_TEXT_SIZE], second[NUMBER_TEXT_SIZE];
  const char *a = number_brief(origin->in[0], 8, first);
  const char *b = number_brief(origin->in[1], 8, second);
  if (origin->operands == 0) text_puts(out, op->name);
  else if (op->form == FORM_INFIX) text_printf(out, "%s %s %s", a, op->symbol, b);
  else if (op->form == FORM_PREFIX) text_printf(out, "%s%s", op->symbol, a);
  else if (origin->operands == 2) text_printf(out, "%s(%s, %s)", op->name, a, b);
  else text_printf(out, "%s(%s)", op->name, a);
}

/* The first line of the backward pass whose result is not finite. */
static void put_bad_line(struct text *out, const struct model *model, const struct origin *origin) {
  char buffer[NUMBER_TEXT_SIZE];
  struct text line;
  text_init(&line);
  rule_put_shown(&line, model, (size_t)origin->rule);
  text_printf(out, _("the first line of the backward pass whose result is not finite is %s (%s)"),
              text_string(&line), number_brief(origin->value, 8, buffer));
  out->failed = out->failed || line.failed;
  text_done(&line);
}

/* The operation that made the first number that is not finite: one of NODE itself if that is shown,
 * else one within the gate that is shown in its place. */
static void put_bad_operation(struct text *out, const struct model *model,
                              const struct origin *origin, const char *place) {
  const int shown = model_visible(model, origin->node);
  char buffer[NUMBER_TEXT_SIZE], title[TITLE_SIZE];
  struct text operation;
  text_init(&operation);
  put_operation(&operation, &op_table[model->nodes[origin->node].op], origin);
  text_printf(out,
              shown == origin->node
                  ? _("the first number that is not finite is %s%s: %s is %s")
                  : _("the first number that is not finite is within %s%s: %s is %s"),
              node_title(model, shown, title), place, text_string(&operation),
              number_brief(origin->value, 8, buffer));
  out->failed = out->failed || operation.failed;
  text_done(&operation);
}

/* The first number that is not finite, where it is, and what made it. */
static void put_origin(struct text *out, const struct model *model, const struct check *check) {
  const struct origin *origin = &check->origin;
  const struct node *node = &model->nodes[origin->node];
  const struct shape shape = model_shape(model, node->slot);
  const bool own = model_visible(model, origin->node) == origin->node;
  char buffer[NUMBER_TEXT_SIZE], place[64] = "";
  if (own && shape_count(shape) > 1)
    snprintf(place, sizeof place, "[%zu, %zu]", origin->entry / shape.cols,
             origin->entry % shape.cols);
  text_puts(out, "; ");
  if (origin->rule >= 0) put_bad_line(out, model, origin);
  else if (node->kind == NODE_OP) put_bad_operation(out, model, origin, place);
  else
    text_printf(out, _("%s%s is %s"), node->name, place,
                number_brief(origin->value, 8, buffer));
}

/* What would have settled it: a clause. */
static void put_way_out(struct text *out, const struct tensor_check *tensor) {
  char number[NUMBER_TEXT_SIZE];
  if (tensor->way_out == WAY_NONE && !tensor->settled) return;
  text_puts(out, "; ");
  switch (tensor->way_out) {
    case WAY_CHOSEN_STEP: text_puts(out, _("without --eps the two agree there")); break;
    case WAY_RICHARDSON: text_puts(out, _("with --method=richardson the two agree there")); break;
    case WAY_STEP:
      text_printf(out, _("with --eps=%s the two agree there"),
                  number_text(tensor->way_out_step, number));
      break;
    case WAY_NONE:
      text_printf(out, _("in quadruple precision the slope is %s, and the gradient is right"),
                  number_brief(tensor->slope, 8, number));
      break;
  }
}

/* The slopes to either side of where there is no derivative: a kink within the step, or the point
 * itself. */
static void put_sides(struct text *out, const struct tensor_check *tensor) {
  char a[NUMBER_TEXT_SIZE], b[NUMBER_TEXT_SIZE], c[NUMBER_TEXT_SIZE];
  put_place(out, tensor);
  text_printf(out,
              tensor->reason == REASON_STRADDLES
                  ? _("a kink lies within the step, and the slope is %s to the left and %s to "
                      "the right; the backward pass says %s")
                  : _("the loss has no derivative here, and the slope is %s to the left and %s "
                      "to the right; the backward pass says %s"),
              number_brief(tensor->left, 6, a), number_brief(tensor->right, 6, b),
              number_brief(tensor->analytic[tensor->entry], 6, c));
}

static void put_step_error(struct text *out, const struct tensor_check *tensor) {
  char a[NUMBER_TEXT_SIZE], b[NUMBER_TEXT_SIZE], c[NUMBER_TEXT_SIZE];
  const double apart = fabs(tensor->analytic[tensor->entry] - tensor->numeric[tensor->entry]);
  put_place(out, tensor);
  text_printf(out, _("the two differ by %s, but with step %s the numerical side may itself be off "
                     "by %s"),
              number_brief(apart, 2, a), number_brief(tensor->step, 3, b),
              number_brief(tensor->step_error, 2, c));
}

static void put_rounding(struct text *out, const struct tensor_check *tensor) {
  char a[NUMBER_TEXT_SIZE], b[NUMBER_TEXT_SIZE];
  put_place(out, tensor);
  text_printf(out, _("rounding: the backward pass is right in quadruple precision, where the slope "
                     "is %s, but in double it says %s"),
              number_brief(tensor->slope, 8, a),
              number_brief(tensor->analytic[tensor->entry], 8, b));
}

/* How the two differ; where the numerical side is wrong too, by the slope in its place. */
static void put_difference(struct text *out, const struct tensor_check *tensor) {
  char a[NUMBER_TEXT_SIZE], b[NUMBER_TEXT_SIZE];
  const double n = tensor->numeric[tensor->entry];
  if (tensor->settled && !(check_entry_error(tensor->slope, n) <= CHECK_RELATIVE)) {
    put_place(out, tensor);
    text_printf(out, _("the backward pass says %s, the slope in quadruple precision is %s"),
                number_brief(tensor->analytic[tensor->entry], 8, a),
                number_brief(tensor->slope, 8, b));
  } else if (metrics_is_factor(&tensor->metrics, tensor->analytic, tensor->numeric,
                               tensor->count)) {
    put_factor(out, tensor);
  } else {
    put_entry(out, tensor);
  }
}

/* What needs no number. */
static const char *const plain_reasons[REASON_COUNT] = {
    [REASON_NOT_ASSIGNED] = "no line of the backward block assigns its gradient",
    [REASON_LOSS_NOT_FINITE] = "the loss itself is not a finite number at this point",
    [REASON_ALL_ZERO] = "its gradient is exactly zero on both sides, so a mistake in it could not "
                        "have shown; try another point or another loss",
    [REASON_BELOW_FLOOR] =
        "its gradient is nowhere larger than 1e-9 on either side, less than this "
        "check can tell from zero",
    [REASON_TRULY_ZERO] =
        "it is truly zero: what it adds is taken away again, and moving it leaves "
        "the loss as it is",
    [REASON_REDRAWN] = "the loss draws new random numbers at every run, so no two runs compare: "
                       "try --freeze",
};

/* TRANSLATORS: one or two clauses, each of which is whole, separated by a semicolon. */
static void put_reason(struct text *out, const struct model *model, const struct check *check,
                       const struct tensor_check *tensor) {
  const enum reason reason = tensor->reason;
  if (plain_reasons[reason]) text_puts(out, _(plain_reasons[reason]));
  if (reason == REASON_DIFFERS) put_difference(out, tensor);
  if (reason == REASON_STEP_ERROR) put_step_error(out, tensor);
  if (reason == REASON_SAME_RULES) {
    put_entry(out, tensor);
    text_puts(out, "; ");
    text_puts(out,
              _("but the rules of the operations give the same as the backward pass, so it is "
                "the numerical side that is in doubt"));
  }
  if (reason == REASON_ROUNDING) put_rounding(out, tensor);
  if (reason == REASON_STRADDLES || reason == REASON_NO_DERIVATIVE) put_sides(out, tensor);
  if (reason == REASON_NOT_FINITE || reason == REASON_NUMERIC_NOT_FINITE) put_entry(out, tensor);
  /* A line whose result is the first that is not finite is named as the wrong one. */
  bool infinite = reason == REASON_NOT_FINITE && check->origin.rule < 0;
  if (infinite || reason == REASON_NO_DERIVATIVE || reason == REASON_LOSS_NOT_FINITE)
    if (check->has_origin) put_origin(out, model, check);
  if (reason == REASON_STEP_ERROR || reason == REASON_STRADDLES ||
      reason == REASON_NUMERIC_NOT_FINITE)
    put_way_out(out, tensor);
}

static const struct about nothing = {0};

/* A label, and beside it SENTENCE, which is ABOUT something. */
static void put_labelled(struct lines *out, const struct model *model, const char *label,
                         const char *sentence, struct about about, struct style style) {
  const size_t start = out->text.length;
  int indent = report_name_width(model) + 3;
  text_puts(&out->text, " ");
  lines_puts(out, LINE_LABEL, label);
  text_puts(&out->text, column_now(&out->text) + 2 > indent ? ": " : "");
  put_wrapped(&out->text, sentence, indent, style);
  lines_describe(out, start, LINE_PLAIN, about);
}

/* Of a sentence about a tensor: the entry that its verdict is about. */
static struct about about_entry(const struct tensor_check *tensor) {
  struct about about = report_about_node(tensor->node, true);
  if (!tensor->by_direction) about.kind = ABOUT_ENTRY, about.entry = tensor->entry;
  return about;
}

/* The findings of one tensor, or what speaks for itself. */
static void put_tensor(struct lines *out, const struct model *model, const struct check *check,
                       size_t index, struct style style) {
  const struct diagnosis *diagnosis = check->diagnosis;
  const struct about about = about_entry(&check->tensors[index]);
  const char *name = model->nodes[check->tensors[index].node].name;
  struct text reason;
  text_init(&reason);
  put_reason(&reason, model, check, &check->tensors[index]);
  if (!(diagnosis && diagnosis_covers(diagnosis, index)) && reason.length > 0)
    put_labelled(out, model, name, text_string(&reason), about, style);
  out->text.failed = out->text.failed || reason.failed;
  text_done(&reason);
  for (size_t i = 0; diagnosis && i < diagnosis->count; i++) {
    const struct finding *finding = &diagnosis->findings[i];
    if (finding->tensor_count > 0 && finding->tensors[0] == index && !finding_is_pattern(finding))
      put_labelled(out, model, finding->label, finding->sentence,
                   report_about_node(about.node, true), style);
  }
}

static void put_reasons(struct lines *out, const struct model *model, const struct check *check,
                        struct style style) {
  const struct diagnosis *diagnosis = check->diagnosis;
  for (size_t i = 0; i < check->tensor_count; i++)
    if (check->tensors[i].verdict != VERDICT_PASS) put_tensor(out, model, check, i, style);
  for (size_t i = 0; diagnosis && i < diagnosis->count; i++)
    if (finding_is_pattern(&diagnosis->findings[i]))
      put_labelled(out, model, diagnosis->findings[i].label, diagnosis->findings[i].sentence,
                   nothing, style);
}

/* -- the wrong lines -- */

/* A rule line of any length takes at most about four rows. */
enum { LINE_COLUMNS = 220 };

static void put_rule(struct text *out, const struct model *model, const struct rule *rule,
                     struct style style) {
  struct text line;
  text_init(&line);
  line_put_brief(&line, model, rule->text, LINE_COLUMNS);
  put_wrapped(out, text_string(&line), column_now(out), style);
  out->failed = out->failed || line.failed;
  text_done(&line);
}

/* Whether it is said already by how much the line is off: it assigns a checked gradient a factor
 * too much. */
static bool is_told(const struct check *check, const struct wrong_line *line) {
  for (size_t i = 0; i < check->tensor_count && isfinite(line->factor); i++)
    if (check->tensors[i].node == line->node && diagnosis_covers(check->diagnosis, i)) return true;
  return false;
}

static void put_replaced(struct lines *out, const struct model *model, const struct rule *rule,
                         int indent, struct style style) {
  struct text line;
  if (!rule->original) return;
  text_init(&line);
  text_puts(&line, "~~");
  line_put_brief(&line, model, rule->original, LINE_COLUMNS);
  text_puts(&line, "~~");
  put_words(&out->text, _("a bug; the line was"), indent, style);
  lines_mark(out, put_words(&out->text, text_string(&line), indent, style), LINE_REPLACED);
  text_puts(&out->text, "\n");
  out->text.failed = out->text.failed || line.failed;
  text_done(&line);
}

/* The rule lines that LINE may be, each with the one that it replaces. */
static void put_candidates(struct lines *out, const struct model *model,
                           const struct wrong_line *line, const char *label, int indent,
                           struct style style) {
  for (size_t i = 0; i < line->count; i++) {
    const size_t start = out->text.length;
    const struct rule *rule = &model->rules[line->rules[i]];
    text_puts(&out->text, " ");
    lines_puts(out, LINE_LABEL, i == 0 ? label : "");
    text_pad(&out->text, column_now(&out->text), indent);
    if (line->count > 1 && i > 0) text_puts(&out->text, "    ");
    if (line->count > 1) lines_puts(out, LINE_LABEL, i == 0 ? _("one of") : _("or"));
    if (line->count > 1) text_puts(&out->text, "  ");
    put_rule(&out->text, model, rule, style);
    put_replaced(out, model, rule, indent, style);
    lines_describe(out, start, LINE_PLAIN, report_about_rule(model, line->rules[i]));
  }
}

/* Wrong line INDEX; with the first, what the diagnosis says of it. */
static void put_wrong_line(struct lines *out, const struct model *model, const struct check *check,
                           size_t index, struct style style) {
  const struct diagnosis *diagnosis = check->diagnosis;
  const struct wrong_line *line = &diagnosis->lines.items[index];
  const char *label = index == 0 ? _("first wrong line") : _("also wrong");
  const int indent = text_columns(_("first wrong line"), strlen(_("first wrong line"))) + 3;
  put_candidates(out, model, line, label, indent, style);
  const size_t start = out->text.length;
  for (size_t i = 0; index == 0 && i < diagnosis->count; i++) {
    const struct finding *finding = &diagnosis->findings[i];
    bool said = finding->kind == FINDING_LINE && is_told(check, line);
    if ((finding->kind == FINDING_LINE || finding->kind == FINDING_KIND) && !said)
      put_wrapped(&out->text, finding->sentence, indent, style);
  }
  lines_describe(out, start, LINE_PLAIN,
                 report_about_rule(model, line->rules[line->count - 1]));
}

static void put_notes(struct lines *out, const struct model *model, const struct check *check,
                      struct style style) {
  for (size_t i = 0; i < check->note_count; i++)
    put_labelled(out, model, _("note"), check->notes[i], nothing, style);
}

/* -- the lines between -- */

static bool agrees(const struct tensor_check *tensor) {
  const struct metrics *m = &tensor->metrics;
  return !metrics_is_factor(m, tensor->analytic, tensor->numeric, tensor->count) &&
         (m->difference <= 1e-5 || m->max_abs <= CHECK_ABSOLUTE);
}

/* How one line between compares: "agrees", or by how much not. */
static void put_comparison(struct text *out, const struct tensor_check *tensor) {
  const struct metrics *m = &tensor->metrics;
  char buffer[NUMBER_TEXT_SIZE];
  if (metrics_is_factor(m, tensor->analytic, tensor->numeric, tensor->count))
    put_factor(out, tensor);
  else if (agrees(tensor))
    text_printf(out, _("agrees; largest difference %s"), number_brief(m->max_abs, 2, buffer));
  else if (tensor->count == 1)
    text_printf(out, _("%s times the numerical gradient"), number_brief(m->scale, 6, buffer));
  else
    text_printf(out, _("differs: relative difference %s"), number_brief(m->difference, 2, buffer));
}

/* The columns that the names of those that agree take, up to a limit. */
static int between_width(const struct model *model, const struct check *check) {
  enum { MOST = 16 };
  int width = 0;
  for (size_t i = 0; i < check->intermediate_count; i++) {
    char title[GRADIENT_SIZE];
    const char *name = gradient_title(model, check->intermediates[i].node, title);
    int columns = text_columns(name, strlen(name));
    if (agrees(&check->intermediates[i]) && columns > width) width = columns;
  }
  return width < MOST ? width : MOST;
}

static void put_agreeing(struct text *out, const struct model *model,
                         const struct tensor_check *tensor, int width) {
  text_puts(out, " ");
  gradient_put_shown(out, model, tensor->node);
  text_pad(out, column_now(out), width + 1);
  text_puts(out, "  ");
  put_comparison(out, tensor);
  text_puts(out, "\n");
}

/* Intermediate *I and its neighbours that are off by as much, which share a line. */
static void put_differing(struct text *out, const struct model *model, const struct check *check,
                          size_t *i, struct style style) {
  struct text line, next;
  text_init(&line);
  text_init(&next);
  put_comparison(&line, &check->intermediates[*i]);
  text_puts(out, " ");
  gradient_put_shown(out, model, check->intermediates[*i].node);
  for (; *i + 1 < check->intermediate_count; ++*i) {
    next.length = 0;
    put_comparison(&next, &check->intermediates[*i + 1]);
    if (strcmp(text_string(&next), text_string(&line)) != 0) break;
    text_puts(out, ", ");
    gradient_put_shown(out, model, check->intermediates[*i + 1].node);
  }
  text_puts(out, ":");
  put_wrapped(out, text_string(&line), 3, style);
  out->failed = out->failed || line.failed || next.failed;
  text_done(&line);
  text_done(&next);
}

/* Each other dNAME of a backward block: it may be a multiple on purpose. What differs is said, and
 * each of the first that agree has a line. */
static void put_between(struct lines *out, const struct model *model, const struct check *check,
                        struct style style) {
  enum { MOST_AGREEING = 12 };
  int width = between_width(model, check);
  size_t agreeing = 0;
  if (check->intermediate_count > 0)
    text_puts(&out->text,
              _(" the lines between, against the numerical gradient of each node:\n"));
  for (size_t i = 0; i < check->intermediate_count; i++) {
    const struct tensor_check *tensor = &check->intermediates[i];
    const size_t start = out->text.length;
    if (!agrees(tensor)) put_differing(&out->text, model, check, &i, style);
    else if (++agreeing <= MOST_AGREEING) put_agreeing(&out->text, model, tensor, width);
    lines_describe(out, start, LINE_PLAIN, report_about_node(tensor->node, true));
  }
  const size_t more = agreeing > MOST_AGREEING ? agreeing - MOST_AGREEING : 0;
  if (more > 0)
    text_printf(&out->text, more == 1 ? _(" and %zu more agrees\n") : _(" and %zu more agree\n"),
                more);
}

void report_check_verdict(struct lines *out, const struct check *check) {
  static const char *const sentences[VERDICT_COUNT] = {
      [VERDICT_PASS] = "Your backward propagation works perfectly fine!",
      [VERDICT_FAIL] = "There is a mistake in the backward propagation!",
      [VERDICT_KINK] = "Undecided: the step crosses a kink, where no derivative exists.",
      [VERDICT_UNRELIABLE] = "Undecided: the numerical gradient itself is too inexact to tell.",
      [VERDICT_INADEQUATE] = "Undecided: this check could not have failed.",
  };
  char buffer[NUMBER_TEXT_SIZE];
  const char *sentence = _(sentences[check->verdict]);
  for (size_t i = 0; i < check->tensor_count; i++) {
    if (check->tensors[i].verdict != check->verdict) continue;
    if (check->tensors[i].reason == REASON_ROUNDING)
      sentence = _("Undecided: rounding in double precision hides what is right.");
    else if (check->tensors[i].reason == REASON_NO_DERIVATIVE)
      sentence = _("Undecided: the loss has no derivative at this point.");
    else if (check->tensors[i].reason == REASON_LOSS_NOT_FINITE)
      sentence = _("Undecided: the loss is not a finite number.");
    break;
  }
  text_puts(&out->text, " ");
  lines_puts(out, report_verdict_role(check->verdict), verdict_names[check->verdict]);
  text_printf(&out->text, "  %s difference = %s\n", sentence,
              number_text(check->difference, buffer));
}

void report_check_table(struct lines *out, const struct check_table *table, struct style style) {
  const struct model *model = table->model;
  const struct check *check = table->check;
  put_head(&out->text, check, style);
  text_puts(&out->text, "\n");
  check_table_put(out, table);
  text_puts(&out->text, "\n");
  report_check_verdict(out, check);
  put_reasons(out, model, check, style);
  for (size_t i = 0; check->diagnosis && i < check->diagnosis->lines.count; i++)
    put_wrong_line(out, model, check, i, style);
  put_between(out, model, check, style);
  put_notes(out, model, check, style);
}

void report_check(struct lines *out, const struct model *model, const struct check *check,
                  struct style style) {
  struct check_table table;
  check_table_plan(&table, model, check, style.unicode, line_columns(style));
  report_check_table(out, &table, style);
}
