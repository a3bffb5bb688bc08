#include "session/report.h"

#include "core/intl.h"
#include "lang/print.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* -- colours: orange for trouble, blue for good, as a colour-blind eye tells them apart -- */

enum tone { TONE_PLAIN, TONE_GOOD, TONE_DOUBT, TONE_BAD, TONE_FAINT };

static void put_toned(struct text *out, struct style style, enum tone tone, const char *string) {
  static const char *const codes[] = {[TONE_PLAIN] = "", [TONE_GOOD] = "\033[34m",
                                      [TONE_DOUBT] = "\033[33m", [TONE_BAD] = "\033[1;33m",
                                      [TONE_FAINT] = "\033[2m"};
  bool coloured = style.colour && tone != TONE_PLAIN;
  if (coloured) text_puts(out, codes[tone]);
  text_puts(out, string);
  if (coloured) text_puts(out, "\033[0m");
}

static enum tone verdict_tone(enum verdict verdict) {
  if (verdict == VERDICT_PASS) return TONE_GOOD;
  return verdict == VERDICT_FAIL ? TONE_BAD : TONE_DOUBT;
}

/* -- values -- */

static void put_summary(struct text *out, const double *values, size_t count) {
  double low = values[0], high = values[0], squares = 0;
  char numbers[3][NUMBER_TEXT_SIZE];
  for (size_t i = 0; i < count; i++) {
    if (!(values[i] >= low)) low = values[i];
    if (!(values[i] <= high)) high = values[i];
    squares += values[i] * values[i];
  }
  text_printf(out, _("from %s to %s, norm %s"), number_brief(low, 4, numbers[0]),
              number_brief(high, 4, numbers[1]), number_brief(sqrt(squares), 4, numbers[2]));
}

/* Columns since the last newline. */
static int column_now(const struct text *out) {
  size_t start = out->length;
  while (start > 0 && out->bytes[start - 1] != '\n') start--;
  return text_columns(out->bytes + start, out->length - start);
}

/* Row under row, in columns. */
static void put_rows(struct text *out, const double *values, struct shape shape) {
  int indent = column_now(out);
  char buffer[NUMBER_TEXT_SIZE];
  for (uint32_t i = 0; i < shape.rows; i++) {
    if (i > 0) text_printf(out, "\n%*s", indent, "");
    for (uint32_t j = 0; j < shape.cols; j++) {
      double value = values[(size_t)i * shape.cols + j];
      text_printf(out, "%s%8s", j > 0 ? " " : "", number_brief(value, 3, buffer));
    }
  }
}

void report_tensor(struct text *out, const double *values, struct shape shape) {
  enum { MAX_COLS = 5, MAX_ENTRIES = 30 };
  char buffer[NUMBER_TEXT_SIZE];
  if (shape_count(shape) == 1) {
    text_puts(out, number_text(values[0], buffer));
  } else if (shape.cols <= MAX_COLS && shape_count(shape) <= MAX_ENTRIES) {
    put_rows(out, values, shape);
  } else {
    text_printf(out, "%u x %u: ", shape.rows, shape.cols);
    put_summary(out, values, shape_count(shape));
  }
}

static void put_value(struct text *out, const struct run *run, int slot) {
  report_tensor(out, run_values(run, slot), run->program->slots[slot].shape);
}

/* -- eval -- */

static int name_width(const struct model *model) {
  int width = 6;
  for (size_t i = 0; i < model->node_count; i++) {
    const char *name = model->nodes[i].name;
    int columns = text_columns(name, strlen(name));
    if (model_visible(model, (int)i) == (int)i && columns > width) width = columns;
  }
  return width < 16 ? width : 16;
}

static void put_name(struct text *out, const char *name, int width) {
  text_puts(out, name);
  text_pad(out, text_columns(name, strlen(name)), width);
}

static void put_forward(struct text *out, const struct model *model, const struct run *run,
                        struct style style, int width) {
  put_toned(out, style, TONE_FAINT, _("forward\n"));
  for (size_t i = 0; i < model->node_count; i++) {
    const struct node *node = &model->nodes[i];
    if (model_visible(model, (int)i) != (int)i) continue;
    text_puts(out, "  ");
    put_name(out, node->name, width);
    text_puts(out, "  ");
    size_t start = out->length;
    const struct expr *formula = model_formula(model, (int)i);
    if (formula) {
      text_puts(out, "= ");
      print_expr(out, formula);
    } else {
      text_puts(out, model_op_name(model, (int)i));
    }
    text_pad(out, text_columns(out->bytes + start, out->length - start), 21);
    text_puts(out, "  ");
    put_value(out, run, node->slot);
    text_puts(out, "\n");
  }
}

/* Every rule line with the gradient as it stands after the whole pass. */
static void put_backward(struct text *out, const struct model *model, const struct run *run,
                         struct style style, int width) {
  const struct node *loss = &model->nodes[model->loss];
  put_toned(out, style, TONE_FAINT, model->backward ? _("backward, by the model's own lines\n")
                                                    : _("backward\n"));
  text_printf(out, "  %*s  d%s = 1\n", width, "", loss->name);
  int last = -1;
  for (size_t i = 0; i < model->rule_count; i++) {
    const struct rule *rule = &model->rules[i];
    int shown = rule->node >= 0 ? model_visible(model, rule->node) : -1;
    text_puts(out, "  ");
    put_name(out, shown >= 0 && shown != last ? model->nodes[shown].name : "", width);
    last = shown;
    text_puts(out, "  ");
    text_puts(out, rule->text);
    text_pad(out, text_columns(rule->text, strlen(rule->text)), 23);
    int gradient = rule->target_node >= 0 ? model->nodes[rule->target_node].gradient
                                          : scope_find(&model->locals, rule->target);
    text_puts(out, "  ");
    if (rule->accumulate) text_puts(out, _("in all "));
    put_value(out, run, gradient);
    if (rule->original) {
      text_printf(out, "\n  %*s  ", width, "");
      put_toned(out, style, TONE_DOUBT, _("a bug; the line was  "));
      text_puts(out, rule->original);
    }
    text_puts(out, "\n");
  }
}

void report_eval(struct text *out, const struct model *model, const struct run *run,
                 struct style style) {
  int width = name_width(model);
  put_forward(out, model, run, style, width);
  if (model->loss >= 0 && model->rule_count > 0) {
    text_puts(out, "\n");
    put_backward(out, model, run, style, width);
  }
}

/* -- check: the table -- */

enum { BAR_COLUMNS = 24, BAR_DECADES = 12 }; /* 1e-12 to 1 */

/* The column at which a relative difference stands, on a scale of powers of ten. */
static int bar_column(double difference) {
  if (!(difference > 0)) return isnan(difference) ? BAR_COLUMNS : 0;
  double column = (log10(difference) + BAR_DECADES) * BAR_COLUMNS / BAR_DECADES;
  return column < 0 ? 0 : column > BAR_COLUMNS ? BAR_COLUMNS : (int)lround(column);
}

static int band_column(const struct check *check, enum band band) {
  return bar_column(check_band_start(&check->options, band));
}

static void put_bar(struct text *out, const struct check *check, double difference,
                    struct style style) {
  int length = bar_column(difference), doubt = band_column(check, BAND_DOUBTFUL);
  int wrong = band_column(check, BAND_WRONG);
  for (int column = 0; column <= BAR_COLUMNS; column++) {
    if (column == doubt || column == wrong) text_puts(out, style.unicode ? "│" : "|");
    text_puts(out, column < length ? style.unicode ? "▇" : "#" : " ");
  }
}

static void put_scale(struct text *out, const struct check *check, struct style style) {
  int doubt = band_column(check, BAND_DOUBTFUL), wrong = band_column(check, BAND_WRONG);
  const char *bar = style.unicode ? "│" : "|";
  text_pad(out, 0, doubt - 2);
  text_puts(out, "ok");
  if (wrong > doubt) {
    text_puts(out, bar);
    const char *word = wrong - doubt >= 8 ? _("doubtful") : "?";
    text_puts(out, word);
    text_pad(out, (int)strlen(word), wrong - doubt);
  }
  text_printf(out, "%s%s", bar, _("wrong"));
}

enum { ROW_COLUMNS = 35 }; /* before the bar, besides the name */

int report_bar_start(const struct model *model) {
  return ROW_COLUMNS + name_width(model);
}

void report_check_row(struct text *out, const struct model *model, const struct check *check,
                      const struct tensor_check *tensor, struct style style) {
  char relative[NUMBER_TEXT_SIZE], mean[NUMBER_TEXT_SIZE], shape[32];
  text_puts(out, " ");
  put_name(out, model->nodes[tensor->node].name, name_width(model));
  snprintf(shape, sizeof shape, "%u x %u", tensor->shape.rows, tensor->shape.cols);
  text_printf(out, "  %-8s  %-9s  %-10s ", shape,
              number_brief(tensor->metrics.difference, 2, relative),
              number_brief(tensor->metrics.mean_abs, 2, mean));
  put_bar(out, check, tensor->metrics.difference, style);
  text_puts(out, " ");
  if (tensor->verdict == VERDICT_FAIL) text_puts(out, style.unicode ? "✗ " : "x ");
  put_toned(out, style, verdict_tone(tensor->verdict), verdict_names[tensor->verdict]);
  text_puts(out, "\n");
}

void report_check_head(struct text *out, const struct model *model, const struct check *check,
                       struct style style) {
  const struct check_options *options = &check->options;
  char step[NUMBER_TEXT_SIZE], tolerance[NUMBER_TEXT_SIZE];
  text_printf(out, _("check: %s difference, step "), method_names[options->method]);
  if (options->eps > 0)
    text_printf(out, "%s, ", number_text(options->eps, step));
  else
    text_printf(out, _("2^%g * max(1, |x|), "), log2(check_base_step(options)));
  if (options->tolerance >= 0)
    text_printf(out, _("overall tolerance %s"), number_text(options->tolerance, tolerance));
  else
    text_puts(out, _("entries within 1e-9 + 1e-5 of their size"));
  const char *unit = options->directions > 0 ? check->entries == 1 ? _("direction")
                                                                   : _("directions")
                     : check->entries == 1   ? _("entry")
                                             : _("entries");
  text_printf(out, ", %zu %s\n\n ", check->entries, unit);
  put_name(out, _("tensor"), name_width(model));
  text_printf(out, "  %-8s  %-9s  %-10s ", _("shape"), _("rel. diff"), _("mean |g-n|"));
  put_scale(out, check, style);
  text_puts(out, "\n");
}

/* -- check: what it means -- */

static bool is_factor(const struct tensor_check *tensor) {
  const struct metrics *m = &tensor->metrics;
  return fabs(m->cosine) > 1 - 1e-6 && fabs(m->scale - 1) > 1e-4;
}

static void put_factor(struct text *out, const struct tensor_check *tensor) {
  char buffer[NUMBER_TEXT_SIZE];
  text_printf(out, _("every entry is %s times the numerical gradient: a constant factor"),
              number_brief(tensor->metrics.scale, 6, buffer));
}

/* "at [0, 3] ", where there is more than one place to be at. */
static void put_place(struct text *out, const struct tensor_check *tensor) {
  uint32_t row, col;
  tensor_check_place(tensor, tensor->entry, &row, &col);
  if (tensor->count > 1) text_printf(out, _("at [%u, %u] "), row, col);
}

/* The two gradients at the entry that the verdict is about. */
static void put_entry(struct text *out, const struct tensor_check *tensor) {
  char buffer[NUMBER_TEXT_SIZE];
  put_place(out, tensor);
  text_printf(out, _("the backward pass says %s, "),
              number_brief(tensor->analytic[tensor->entry], 8, buffer));
  text_printf(out, _("the numerical gradient %s"),
              number_brief(tensor->numeric[tensor->entry], 8, buffer));
  if (tensor->count == 1 && is_factor(tensor))
    text_printf(out, _(": %s times as much"), number_brief(tensor->metrics.scale, 6, buffer));
}

static void put_reason(struct text *out, const struct tensor_check *tensor) {
  char a[NUMBER_TEXT_SIZE], b[NUMBER_TEXT_SIZE], c[NUMBER_TEXT_SIZE];
  switch (tensor->reason) {
    case REASON_DIFFERS:
      if (is_factor(tensor) && tensor->count > 1) put_factor(out, tensor);
      else put_entry(out, tensor);
      break;
    case REASON_NOT_ASSIGNED:
      text_puts(out, _("no line of the backward block assigns its gradient"));
      break;
    case REASON_NOT_FINITE:
    case REASON_NUMERIC_NOT_FINITE: put_entry(out, tensor); break;
    case REASON_LOSS_NOT_FINITE:
      text_puts(out, _("the loss itself is not a finite number at this point"));
      break;
    case REASON_ALL_ZERO:
      text_puts(out, _("its gradient is exactly zero on both sides: this check could not have "
                       "failed; try another point or another loss"));
      break;
    case REASON_BELOW_FLOOR:
      text_puts(out, _("its gradient is nowhere larger than 1e-9 on either side, less than this "
                       "check can tell from zero"));
      break;
    case REASON_STEP_ERROR:
      put_place(out, tensor);
      text_printf(out, _("the two differ by %s, but with step %s the numerical side may itself be "
                         "off by %s: try another --eps"),
                  number_brief(fabs(tensor->analytic[tensor->entry] -
                                    tensor->numeric[tensor->entry]), 2, a),
                  number_brief(tensor->step, 3, b), number_brief(tensor->step_error, 2, c));
      break;
    case REASON_REDRAWN:
      text_puts(out, _("the loss draws new random numbers at every run, so no two runs compare: "
                       "try --freeze"));
      break;
    case REASON_STRADDLES:
      put_place(out, tensor);
      text_printf(out, _("a kink lies within the step: the slope is %s to the left and %s to the "
                         "right; the backward pass says %s"),
                  number_brief(tensor->left, 6, a), number_brief(tensor->right, 6, b),
                  number_brief(tensor->analytic[tensor->entry], 6, c));
      break;
    case REASON_AGREES:
    case REASON_COUNT: break;
  }
}

/* SENTENCE in lines of LINE_COLUMNS at most, broken at spaces, from INDENT columns on. */
static void put_wrapped(struct text *out, const char *sentence, int indent) {
  enum { LINE_COLUMNS = 79 };
  int column = column_now(out);
  text_pad(out, column, indent);
  column = column > indent ? column : indent;
  for (size_t length; *sentence; sentence += length + (sentence[length] == ' ')) {
    length = strcspn(sentence, " ");
    int columns = text_columns(sentence, length);
    if (column > indent && column + 1 + columns > LINE_COLUMNS) {
      text_printf(out, "\n%*s", indent, "");
      column = indent;
    } else if (column > indent) {
      text_puts(out, " ");
      column++;
    }
    text_put(out, sentence, length);
    column += columns;
  }
  text_puts(out, "\n");
}

void report_check_reasons(struct text *out, const struct model *model, const struct check *check) {
  int width = name_width(model);
  struct text reason;
  text_init(&reason);
  for (size_t i = 0; i < check->tensor_count; i++) {
    const struct tensor_check *tensor = &check->tensors[i];
    if (tensor->verdict == VERDICT_PASS) continue;
    reason.length = 0;
    put_reason(&reason, tensor);
    out->failed = out->failed || reason.failed;
    text_puts(out, " ");
    text_puts(out, model->nodes[tensor->node].name);
    put_wrapped(out, text_string(&reason), width + 3);
  }
  text_done(&reason);
  for (size_t i = 0; i < check->note_count; i++) {
    text_printf(out, " %s", _("note"));
    put_wrapped(out, check->notes[i], width + 3);
  }
}

/* How one line between compares: "agrees", or by how much not. */
static void put_comparison(struct text *out, const struct tensor_check *tensor) {
  const struct metrics *m = &tensor->metrics;
  char buffer[NUMBER_TEXT_SIZE];
  if (is_factor(tensor)) put_factor(out, tensor);
  else if (m->difference <= 1e-5 || m->max_abs <= CHECK_ABSOLUTE) text_puts(out, _("agrees"));
  else text_printf(out, _("differs: relative difference %s"), number_brief(m->difference, 2, buffer));
}

/* Each other dNAME of a backward block: it may be a multiple on purpose. Neighbours that compare
 * alike share a line. */
void report_check_between(struct text *out, const struct model *model, const struct check *check) {
  struct text line, next;
  text_init(&line);
  text_init(&next);
  if (check->intermediate_count > 0)
    text_puts(out, _("\n the lines between, against the numerical gradient of each node:\n"));
  for (size_t i = 0; i < check->intermediate_count; i++) {
    line.length = 0;
    put_comparison(&line, &check->intermediates[i]);
    text_printf(out, " d%s", model->nodes[check->intermediates[i].node].name);
    for (; i + 1 < check->intermediate_count; i++) {
      next.length = 0;
      put_comparison(&next, &check->intermediates[i + 1]);
      if (strcmp(text_string(&next), text_string(&line)) != 0) break;
      text_printf(out, ", d%s", model->nodes[check->intermediates[i + 1].node].name);
    }
    text_puts(out, ":");
    put_wrapped(out, text_string(&line), 3);
  }
  out->failed = out->failed || line.failed || next.failed;
  text_done(&line);
  text_done(&next);
}

void report_check_verdict(struct text *out, const struct check *check, struct style style) {
  static const char *const sentences[VERDICT_COUNT] = {
      [VERDICT_PASS] = "Your backward propagation works perfectly fine!",
      [VERDICT_FAIL] = "There is a mistake in the backward propagation!",
      [VERDICT_KINK] = "Undecided: the step crosses a kink, where no derivative exists.",
      [VERDICT_UNRELIABLE] = "Undecided: the numerical gradient itself is too inexact to tell.",
      [VERDICT_INADEQUATE] = "Undecided: this check could not have failed.",
  };
  char buffer[NUMBER_TEXT_SIZE];
  text_puts(out, " ");
  put_toned(out, style, verdict_tone(check->verdict), verdict_names[check->verdict]);
  text_printf(out, "  %s difference = %s\n", _(sentences[check->verdict]),
              number_text(check->difference, buffer));
}

void report_check(struct text *out, const struct model *model, const struct check *check,
                  struct style style) {
  report_check_head(out, model, check, style);
  for (size_t i = 0; i < check->tensor_count; i++)
    report_check_row(out, model, check, &check->tensors[i], style);
  report_check_between(out, model, check);
  text_puts(out, "\n");
  report_check_verdict(out, check, style);
  report_check_reasons(out, model, check);
}
