#include "report/report.h"

#include "core/intl.h"
#include "lang/shown.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* -- what lines are about -- */

/* The node is the one that hands the gradient on or, in a backward block, the one whose gradient it
 * is; -1 for a name of the block's own. */
struct about report_about_rule(const struct model *model, size_t index) {
  const struct rule *rule = &model->rules[index];
  const int node = rule->node >= 0 ? rule->node : rule->target_node;
  return (struct about){.kind = ABOUT_RULE, .rule = (int)index, .gradient = true,
                        .node = node >= 0 ? model_visible(model, node) : -1};
}

struct about report_about_node(int node, bool gradient) {
  return (struct about){.kind = ABOUT_NODE, .node = node, .gradient = gradient};
}

void report_replaced(struct lines *out, const struct model *model, const char *line) {
  const size_t start = out->text.length;
  text_puts(&out->text, "~~");
  line_put_shown(&out->text, model, line);
  text_puts(&out->text, "~~");
  lines_mark(out, start, LINE_REPLACED);
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

int report_name_width(const struct model *model) {
  int width = 6;
  for (size_t i = 0; i < model->node_count; i++) {
    const char *name = model->nodes[i].name;
    int columns = text_columns(name, strlen(name));
    bool shows = node_is_named(model, (int)i) && model_visible(model, (int)i) == (int)i;
    if (shows && columns > width) width = columns;
  }
  return width < 16 ? width : 16;
}

/* NODE, -1 for none, in WIDTH columns; only as much of a part of a statement as has room. */
static void put_name(struct text *out, const struct model *model, int node, int width) {
  size_t start = out->length;
  if (node >= 0 && node_is_named(model, node)) node_put_shown(out, model, node);
  else if (node >= 0) node_put_brief(out, model, node, width);
  text_pad(out, text_columns(out->bytes + start, out->length - start), width);
}

/* A name and what it is computed as; for a part of a statement all of it is the formula. */
static void put_formula(struct text *out, const struct model *model, int node, int width) {
  bool named = node_is_named(model, node);
  put_name(out, model, named ? node : -1, width);
  text_puts(out, "  ");
  size_t start = out->length;
  if (!named) node_put_shown(out, model, node);
  if (!named && model->nodes[node].part->kind == EXPR_NAME) text_puts(out, " ");
  if (named && !model_formula(model, node)) text_puts(out, model_op_name(model, node));
  else if (named || model->nodes[node].part->kind == EXPR_NAME) {
    text_puts(out, "= ");
    formula_put_shown(out, model, node);
  }
  text_pad(out, text_columns(out->bytes + start, out->length - start), 21);
}

static void put_forward(struct lines *out, const struct model *model, const struct run *run,
                        int width) {
  lines_puts(out, LINE_FAINT, _("forward\n"));
  for (size_t i = 0; i < model->node_count; i++) {
    const struct node *node = &model->nodes[i];
    if (model_visible(model, (int)i) != (int)i) continue;
    const size_t start = out->text.length;
    text_puts(&out->text, "  ");
    put_formula(&out->text, model, (int)i, width);
    text_puts(&out->text, "  ");
    put_value(&out->text, run, node->slot);
    text_puts(&out->text, "\n");
    lines_describe(out, start, LINE_VALUE, report_about_node((int)i, false));
  }
}

/* Whether a later line gives the target of RULE another value. */
static bool is_overwritten(const struct model *model, size_t rule) {
  for (size_t i = rule + 1; i < model->rule_count; i++)
    if (!model->rules[i].accumulate &&
        strcmp(model->rules[i].target, model->rules[rule].target) == 0)
      return true;
  return false;
}

/* Puts a rule line, after its node's name if that differs from LAST. Returns the node. */
static int put_rule(struct text *out, const struct model *model, size_t index, int last,
                    int width) {
  const struct rule *rule = &model->rules[index];
  const int shown = rule->node >= 0 ? model_visible(model, rule->node) : -1;
  text_puts(out, "  ");
  put_name(out, model, shown != last ? shown : -1, width);
  text_puts(out, "  ");
  const size_t start = out->length;
  rule_put_shown(out, model, index);
  text_pad(out, text_columns(out->bytes + start, out->length - start), 23);
  text_puts(out, "  ");
  if (is_overwritten(model, index)) text_puts(out, _("in the end "));
  else if (rule->accumulate) text_puts(out, _("in all "));
  return shown;
}

/* Puts the line that RULE replaces below it. */
static void put_replaced(struct lines *out, const struct model *model, const struct rule *rule,
                         int width) {
  if (!rule->original) return;
  text_printf(&out->text, "  %*s  ", width, "");
  lines_puts(out, LINE_DOUBT, _("a bug; the line was  "));
  report_replaced(out, model, rule->original);
  text_puts(&out->text, "\n");
}

/* Puts every rule line with its gradient after the whole pass. */
static void put_backward(struct lines *out, const struct model *model, const struct run *run,
                         int width) {
  const struct node *loss = &model->nodes[model->loss];
  lines_puts(out, LINE_FAINT, model->backward ? _("backward, by the model's own lines\n")
                                              : _("backward\n"));
  size_t start = out->text.length;
  text_printf(&out->text, "  %*s  d%s = 1\n", width, "", loss->name);
  lines_describe(out, start, LINE_GRADIENT, report_about_node(model->loss, true));
  int last = -1;
  for (size_t i = 0; i < model->rule_count; i++) {
    const struct rule *rule = &model->rules[i];
    if (rule_is_handed_on(model, rule)) continue;
    start = out->text.length;
    last = put_rule(&out->text, model, i, last, width);
    put_value(&out->text, run, model_target(model, rule));
    text_puts(&out->text, "\n");
    put_replaced(out, model, rule, width);
    lines_describe(out, start, LINE_GRADIENT, report_about_rule(model, i));
  }
}

/* Parts of statements that hand a gradient on need more room than most names to be told apart. */
static int node_width(const struct model *model) {
  enum { LEAST = 12 };
  int width = report_name_width(model);
  for (size_t i = 0; width < LEAST && i < model->rule_count; i++) {
    int node = model->rules[i].node;
    if (node >= 0 && !node_is_named(model, model_visible(model, node))) width = LEAST;
  }
  return width;
}

void report_eval(struct lines *out, const struct model *model, const struct run *run) {
  int width = node_width(model);
  put_forward(out, model, run, width);
  if (model->loss >= 0 && model->rule_count > 0) {
    text_puts(&out->text, "\n");
    put_backward(out, model, run, width);
  }
}
