/* A trace for people. */
#include "report/trace.h"

#include "core/intl.h"
#include "core/shortcut.h"
#include "lang/print.h"
#include "lang/shown.h"

#include <string.h>

enum { NAME_COLUMNS = 18 };

/* -- one slot, one instruction -- */

static void put_shape(struct text *out, struct shape shape) {
  text_printf(out, "%u x %u", shape.rows, shape.cols);
}

/* A constant without a name: the number, or how it was written if that is short. */
static void put_constant(struct text *out, const struct model *model, int slot) {
  const struct expr *ref = model->values[slot].ref;
  char number[NUMBER_TEXT_SIZE];
  struct text written;
  text_init(&written);
  const double *values = model->program.image + model->program.slots[slot].offset;
  if (shape_count(model_shape(model, slot)) == 1)
    text_puts(&written, number_text(*values, number));
  else if (ref)
    print_expr(&written, ref);
  if (written.length > 0 && text_columns(written.bytes, written.length) <= NAME_COLUMNS)
    text_puts(out, written.bytes);
  out->failed = out->failed || written.failed;
  text_done(&written);
}

/* What SLOT is called; nothing for a temporary. */
static void put_name(struct text *out, const struct trace *trace, int slot) {
  const struct trace_slot *of = &trace->slots[slot];
  char title[GRADIENT_SIZE];
  if (of->kind == SLOT_GRADIENT) text_puts(out, gradient_title(trace->model, of->node, title));
  else if (of->node >= 0) text_puts(out, node_title(trace->model, of->node, title));
  else if (of->kind == SLOT_LOCAL) text_puts(out, of->local);
  else if (of->kind == SLOT_CONSTANT) put_constant(out, trace->model, slot);
}

static void put_slot(struct text *out, const struct trace *trace, int slot) {
  text_printf(out, "#%d ", slot);
  const size_t named = out->length;
  put_name(out, trace, slot);
  if (out->length == named) text_truncate(out, named - 1);
}

/* "#6 dq = mul(#5 df, #2 z)" */
static void put_instr(struct text *out, const struct trace *trace, const struct instr *instr) {
  const struct op *op = &op_table[instr->op];
  put_slot(out, trace, instr->out);
  text_printf(out, " = %s(", op->name);
  for (int i = 0; i < op->arity; i++) {
    text_puts(out, i > 0 ? ", " : "");
    put_slot(out, trace, instr->in[i]);
  }
  if (op->flags & OP_AXIS && instr->axis != AXIS_ALL) text_printf(out, _(", axis %d"), instr->axis);
  if (op->flags & OP_PLACE) text_printf(out, _(", entry %d"), instr->axis);
  text_puts(out, ")");
}

/* Ends what began at START with spaces, up to COLUMN. */
static void pad_to(struct text *out, size_t start, int column) {
  text_pad(out, text_columns(out->bytes + start, out->length - start), column);
}

/* A numbered line of a list of instructions, without its end. */
static void put_numbered(struct text *out, const struct trace *trace, const struct code *code,
                         size_t index) {
  enum { SHAPE_COLUMN = 50 };
  const struct instr *instr = &code->items[index];
  const size_t start = out->length;
  text_printf(out, "%6zu  ", index);
  put_instr(out, trace, instr);
  pad_to(out, start, SHAPE_COLUMN);
  text_puts(out, "  ");
  put_shape(out, model_shape(trace->model, instr->out));
}

/* -- slots -- */

static void put_kind(struct text *out, const struct trace *trace, int slot) {
  const struct trace_slot *of = &trace->slots[slot];
  const bool gradient = of->kind == SLOT_GRADIENT, constant = of->kind == SLOT_CONSTANT;
  text_puts(out, slot_kind_names[of->kind]);
  if (gradient && of->node == trace->model->loss)
    text_puts(out, _(", the loss's: it starts at 1"));
  else if (gradient && of->written == 0)
    text_puts(out, _(", stays 0: no line assigns it"));
  if (constant && trace->model->values[slot].folded)
    text_puts(out, _(", computed when the model was built"));
  if (constant && of->read == 0) text_puts(out, _(", which no instruction reads"));
  if (trace_is_spare(of)) text_puts(out, _(", which no instruction uses after all"));
}

static void put_slots(struct text *out, const struct trace *trace) {
  enum { SHAPE_COLUMN = 9 + NAME_COLUMNS, OFFSET_COLUMN = 14, KIND_COLUMN = 11 };
  const struct program *program = &trace->model->program;
  text_printf(out, _("slots: %zu, which hold %zu numbers\n"), program->slot_count, program->size);
  for (size_t i = 0; i < program->slot_count; i++) {
    size_t start = out->length;
    text_printf(out, "  #%-5zu ", i);
    put_name(out, trace, (int)i);
    pad_to(out, start, SHAPE_COLUMN);
    start = out->length;
    text_puts(out, " ");
    put_shape(out, program->slots[i].shape);
    pad_to(out, start, OFFSET_COLUMN);
    start = out->length;
    text_printf(out, _(" at %zu"), program->slots[i].offset);
    pad_to(out, start, KIND_COLUMN);
    text_puts(out, " ");
    put_kind(out, trace, (int)i);
    text_puts(out, "\n");
  }
}

/* -- the two passes -- */

static void put_forward(struct text *out, const struct trace *trace) {
  const struct code *forward = &trace->model->program.forward;
  text_printf(out, _("\nforward: %zu instructions\n"), forward->count);
  for (size_t i = 0; i < forward->count; i++) {
    put_numbered(out, trace, forward, i);
    text_puts(out, "\n");
  }
}

/* What is to be said of instruction INDEX of the backward pass, which RULE made. */
static void put_remark(struct text *out, const struct trace *trace, size_t rule, size_t index) {
  const struct model *model = trace->model;
  const struct instr *instr = &model->program.backward.items[index];
  if (index + 1 == model->rules[rule].code_end && trace_in_place(model, rule))
    text_puts(out, _("  in place, without a copy"));
  if (trace_is_transposed(instr)) text_puts(out, _("  a.T @ b in one, without an a.T"));
}

/* A rule line, with the node that it belongs to and the bug that it may be. */
static void put_line(struct text *out, const struct trace *trace, size_t index) {
  const struct model *model = trace->model;
  const struct rule *rule = &model->rules[index];
  text_puts(out, "  ");
  rule_put_shown(out, model, index);
  if (rule->node >= 0) {
    text_puts(out, _("  of "));
    node_put_shown(out, model, rule->node);
  }
  if (rule->original) {
    text_puts(out, _("  a bug; the line was  "));
    line_put_shown(out, model, rule->original);
  }
  text_puts(out, "\n");
}

static void put_backward(struct text *out, const struct trace *trace) {
  const struct model *model = trace->model;
  text_printf(out, _("\nbackward: %zu instructions for %zu rule lines\n"),
              model->program.backward.count, model->rule_count);
  for (size_t r = 0; r < model->rule_count; r++) {
    put_line(out, trace, r);
    for (size_t i = trace_first(model, r); i < model->rules[r].code_end; i++) {
      put_numbered(out, trace, &model->program.backward, i);
      put_remark(out, trace, r, i);
      text_puts(out, "\n");
    }
  }
}

/* -- what is not there -- */

static void put_shortcuts(struct text *out, const struct trace *trace) {
  const struct {
    enum shortcut shortcut;
    size_t count;
  } taken[] = {{SHORTCUT_IN_PLACE, trace->in_place},
               {SHORTCUT_TRANSPOSED_PRODUCT, trace->transposed},
               {SHORTCUT_FOLDED_CONSTANTS, trace->folded}};
  text_puts(out, _("\nleft out\n"));
  for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
    text_printf(out, "%6zu  %s\n", taken[i].count, shortcut_texts[taken[i].shortcut]);
}

static void put_reason(struct text *out, const struct trace *trace, const struct no_line *no_line) {
  const struct model *model = trace->model;
  switch (no_line->reason) {
    case NO_LINE_GATE:
      text_printf(out, _("inside %s, whose own lines serve"),
                  model->instances[no_line->gate].gate->names[0]);
      break;
    case NO_LINE_NODE: text_puts(out, _("not on a path from a param to the loss")); break;
    case NO_LINE_CONSTANT: text_puts(out, _("is a constant")); break;
    case NO_LINE_RULE:
      text_printf(out, _("gets no gradient: %s has no rule for it"),
                  op_table[model->nodes[no_line->node].op].name);
      break;
    case NO_LINE_OPERAND: text_puts(out, _("is not on a path from a param to the loss")); break;
    case NO_LINE_COUNT: break;
  }
}

static void put_no_lines(struct text *out, const struct trace *trace) {
  char title[TITLE_SIZE];
  if (trace->no_line_count > 0) text_puts(out, _("\nno rule line for\n"));
  for (size_t i = 0; i < trace->no_line_count; i++) {
    const struct no_line *no_line = &trace->no_lines[i];
    text_printf(out, "  %s: ", node_title(trace->model, no_line->node, title));
    if (no_line->operand >= 0) {
      text_printf(out, _("operand %d, "), no_line->operand + 1);
      put_slot(out, trace, no_line->slot);
      text_puts(out, ", ");
    }
    put_reason(out, trace, no_line);
    text_puts(out, "\n");
  }
}

/* -- what a check computes anew -- */

static void put_sum(struct text *out, const struct trace_step *step) {
  if (step->moved_blocks == 0)
    text_printf(out, _("  sums of %zu terms, none of which moved"), step->terms);
  else if (step->kept > 0)
    text_printf(out, _("  sums of %zu terms, %zu of %zu blocks added up anew; "
                       "trees of %zu numbers are kept"),
                step->terms, step->moved_blocks, step->blocks, step->kept);
  else
    text_printf(out, _("  sums of %zu terms, added up whole"), step->terms);
}

static void put_step(struct text *out, const struct trace *trace, const struct trace_step *step) {
  enum { PART_COLUMN = 34 };
  const struct instr *instr = &trace->model->program.forward.items[step->instruction];
  const struct rect part = step->part;
  const size_t start = out->length;
  text_printf(out, "%6zu  ", step->instruction);
  put_slot(out, trace, instr->out);
  pad_to(out, start, PART_COLUMN);
  const struct shape whole = model_shape(trace->model, instr->out);
  text_printf(out, _("  %u x %u of %u x %u"), part.row1 - part.row0, part.col1 - part.col0,
              whole.rows, whole.cols);
  if (step->terms > 0) put_sum(out, step);
  if (step->same) text_puts(out, _("  to the bit as it was: it reaches nothing"));
  text_puts(out, "\n");
}

static void put_plan(struct text *out, const struct trace *trace, const struct trace_plan *plan) {
  const struct model *model = trace->model;
  const size_t cols = model_shape(model, model->nodes[plan->node].slot).cols;
  char title[TITLE_SIZE];
  text_printf(out, _("  %s[%zu, %zu]: %zu of %zu instructions"),
              node_title(model, plan->node, title), plan->entry / cols, plan->entry % cols,
              plan->step_count, model->program.forward.count);
  if (trace->terms > 0) {
    text_puts(out, ", ");
    text_printf(out, _("%zu of %zu terms of sums"), plan->terms, trace->terms);
  }
  if (plan->step_count < plan->planned) {
    text_puts(out, "; ");
    text_printf(out, _("its plan has %zu more, which nothing reached"),
                plan->planned - plan->step_count);
  }
  text_puts(out, "\n");
  for (size_t i = 0; i < plan->step_count; i++) put_step(out, trace, &plan->steps[i]);
}

void trace_put(struct text *out, const struct trace *trace) {
  put_slots(out, trace);
  put_forward(out, trace);
  if (trace->model->loss >= 0) {
    put_backward(out, trace);
    put_no_lines(out, trace);
  }
  put_shortcuts(out, trace);
  if (trace->plan_count > 0) text_puts(out, _("\na check moves an entry and computes anew\n"));
  for (size_t i = 0; i < trace->plan_count; i++) put_plan(out, trace, &trace->plans[i]);
}
