#include "report/trace.h"

#include "check/worker.h"
#include "core/memory.h"
#include "core/order.h"
#include "lang/derive.h"

#include <stdlib.h>

const char *const slot_kind_names[SLOT_KIND_COUNT] = {
    [SLOT_DATA] = "data",         [SLOT_PARAM] = "param", [SLOT_CONSTANT] = "constant",
    [SLOT_VALUE] = "value",       [SLOT_GRADIENT] = "gradient",
    [SLOT_LOCAL] = "local",       [SLOT_TEMPORARY] = "temporary",
};

const char *const no_line_names[NO_LINE_COUNT] = {
    [NO_LINE_GATE] = "gate",         [NO_LINE_NODE] = "node off path",
    [NO_LINE_CONSTANT] = "constant", [NO_LINE_RULE] = "no rule",
    [NO_LINE_OPERAND] = "operand off path",
};

/* -- slots -- */

static void name_slots(struct trace *trace) {
  static const enum slot_use kinds[] = {[NODE_DATA] = SLOT_DATA, [NODE_PARAM] = SLOT_PARAM,
                                         [NODE_CONST] = SLOT_CONSTANT, [NODE_OP] = SLOT_VALUE};
  const struct model *model = trace->model;
  for (size_t i = 0; i < model->program.slot_count; i++)
    trace->slots[i] = (struct trace_slot){
        .kind = model->values[i].constant ? SLOT_CONSTANT : SLOT_TEMPORARY, .node = -1};
  for (size_t n = 0; n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    trace->slots[node->slot] = (struct trace_slot){.kind = kinds[node->kind], .node = (int)n};
    if (node->gradient >= 0)
      trace->slots[node->gradient] = (struct trace_slot){.kind = SLOT_GRADIENT, .node = (int)n};
  }
  for (size_t i = 0; i < model->locals.capacity; i++) {
    const struct scope_entry *local = &model->locals.entries[i];
    if (local->name)
      trace->slots[local->value] =
          (struct trace_slot){.kind = SLOT_LOCAL, .node = -1, .local = local->name};
  }
}

static void count_uses(struct trace *trace, const struct code *code) {
  for (size_t i = 0; i < code->count; i++) {
    const struct instr *instr = &code->items[i];
    trace->slots[instr->out].written++;
    for (int k = 0; k < op_table[instr->op].arity; k++) trace->slots[instr->in[k]].read++;
  }
}

bool trace_is_spare(const struct trace_slot *slot) {
  return slot->kind == SLOT_TEMPORARY && slot->written == 0 && slot->read == 0;
}

/* -- what lowering left out -- */

size_t trace_first(const struct model *model, size_t rule) {
  return rule > 0 ? model->rules[rule - 1].code_end : 0;
}

bool trace_in_place(const struct model *model, size_t rule) {
  const struct rule *line = &model->rules[rule];
  const bool accumulate = line->hidden ? line->hidden->accumulate : line->accumulate;
  return !accumulate && model->program.backward.items[line->code_end - 1].op != OP_COPY;
}

bool trace_is_transposed(const struct instr *instr) {
  return instr->op == OP_MATMUL_TRANSPOSED;
}

static void count_shortcuts(struct trace *trace) {
  const struct model *model = trace->model;
  const struct code *backward = &model->program.backward;
  for (size_t i = 0; i < model->rule_count; i++) trace->in_place += trace_in_place(model, i);
  for (size_t i = 0; i < backward->count; i++)
    trace->transposed += trace_is_transposed(&backward->items[i]);
  for (size_t i = 0; i < model->program.slot_count; i++)
    trace->folded += trace->slots[i].kind == SLOT_CONSTANT && model->values[i].folded;
}

/* -- operands without a rule line -- */

static enum status add_no_line(struct trace *trace, struct no_line no_line) {
  if (!array_reserve(&trace->no_lines, &trace->no_line_capacity, trace->no_line_count + 1,
                     sizeof *trace->no_lines))
    return STATUS_NO_MEMORY;
  trace->no_lines[trace->no_line_count++] = no_line;
  return STATUS_OK;
}

static enum status explain_operand(struct trace *trace, int node, int operand, int slot,
                                   bool has_rule) {
  const struct model *model = trace->model;
  const int of = model->values[slot].node;
  enum no_line_reason reason = NO_LINE_OPERAND;
  if (!has_rule) reason = NO_LINE_RULE;
  if (model->values[slot].constant) reason = NO_LINE_CONSTANT;
  if (has_rule && of >= 0 && model->nodes[of].active) return STATUS_OK;
  return add_no_line(trace, (struct no_line){reason, node, operand, slot, -1});
}

/* A gate whose own lines serve has operands like an operation. Those that want a gradient have a
 * line, or its lines would not serve. */
static enum status explain_gate(struct trace *trace, int node, int gate) {
  const struct instance *instance = &trace->model->instances[gate];
  enum status status = add_no_line(trace, (struct no_line){NO_LINE_GATE, node, -1, -1, gate});
  for (size_t i = 0; !status && instance->output == node && i < instance->operand_count; i++)
    status = explain_operand(trace, node, (int)i, instance->operands[i], true);
  return status;
}

static enum status explain_node(struct trace *trace, int index) {
  const struct node *node = &trace->model->nodes[index];
  const int gate = rule_owner(trace->model, index);
  enum status status = STATUS_OK;
  if (node->operand_count == 0) return STATUS_OK;
  if (!node->active) return add_no_line(trace, (struct no_line){NO_LINE_NODE, index, -1, -1, -1});
  if (gate >= 0) return explain_gate(trace, index, gate);
  for (size_t i = 0; !status && i < node->operand_count; i++)
    status = explain_operand(trace, index, (int)i, node->operands[i],
                             op_table[node->op].rules[i] != NULL);
  return status;
}

static enum status find_no_lines(struct trace *trace) {
  const struct model *model = trace->model;
  enum status status = STATUS_OK;
  if (model->backward || model->loss < 0) return STATUS_OK;
  for (size_t n = 0; !status && n < model->node_count; n++) status = explain_node(trace, (int)n);
  return status;
}

/* -- what a move computes anew -- */

static size_t part_count(struct rect part) {
  return rect_empty(part) ? 0 : (size_t)(part.row1 - part.row0) * (part.col1 - part.col0);
}

static size_t count_terms(const struct model *model, struct run *run) {
  const struct code *forward = &model->program.forward;
  size_t terms = 0;
  for (size_t i = 0; i < forward->count; i++) {
    const struct op *op = &op_table[forward->items[i].op];
    const struct call call = run_call(run, &forward->items[i]);
    if (op->terms) terms += shape_count(call.shape) * op->terms(&call);
  }
  return terms;
}

static struct trace_step look_at_step(const struct worker *worker, const struct kept_step *kept) {
  const struct sums *sums = &kept->sums;
  struct trace_step step = {.part = kept->part, .same = rect_empty(worker->dirty[kept->plan.out]),
                            .terms = sums->terms, .blocks = sums->blocks,
                            .moved_blocks = sums->moved_blocks};
  if (!rect_empty(sums->part)) step.kept = sums->node_capacity;
  return step;
}

/* The terms of each number that STEP added up anew: with a tree only the blocks that moved. */
static size_t terms_anew(const struct trace_step *step) {
  const bool some = step->kept > 0 || step->moved_blocks == 0;
  const size_t moved = some ? step->moved_blocks * SUM_BLOCK : step->terms;
  return moved < step->terms ? moved : step->terms;
}

/* Steps come in the order of their instructions, each of which has a result of its own. */
static enum status look_at_steps(struct trace_plan *plan, const struct worker *worker) {
  const struct code *forward = &worker->model->program.forward;
  size_t instruction = 0;
  plan->planned = worker->step_count;
  plan->steps = calloc(worker->step_count + 1, sizeof *plan->steps);
  if (!plan->steps) return STATUS_NO_MEMORY;
  for (size_t i = 0; i < worker->step_count; i++) {
    const struct kept_step *kept = &worker->steps[i];
    while (forward->items[instruction].out != kept->plan.out) instruction++;
    if (rect_empty(kept->part)) continue;
    struct trace_step *step = &plan->steps[plan->step_count++];
    *step = look_at_step(worker, kept);
    step->instruction = instruction;
    plan->terms += part_count(step->part) * terms_anew(step);
  }
  return STATUS_OK;
}

static enum status move_param(struct trace *trace, struct worker *worker, int node) {
  const struct shape shape = model_shape(trace->model, trace->model->nodes[node].slot);
  struct trace_plan *plan = &trace->plans[trace->plan_count++];
  struct probe probe = node_probe(trace->model, node);
  probe.entry = (size_t)(shape.rows / 2) * shape.cols + shape.cols / 2;
  *plan = (struct trace_plan){.node = node, .entry = probe.entry};
  if (!worker_plan(worker, &probe)) return STATUS_NO_MEMORY;
  worker_move(worker, &probe, worker_step(worker, &probe, 0));
  enum status status = look_at_steps(plan, worker);
  worker_restore(worker, &probe);
  worker_unplan(worker);
  return status;
}

static enum status move_params(struct trace *trace, const struct run *base) {
  const struct model *model = trace->model;
  struct worker worker;
  enum status status = worker_init(&worker, model, base);
  trace->plans = calloc(model->node_count + 1, sizeof *trace->plans);
  if (!trace->plans) status = STATUS_NO_MEMORY;
  for (size_t n = 0; !status && n < model->node_count; n++)
    if (model->nodes[n].kind == NODE_PARAM) status = move_param(trace, &worker, (int)n);
  worker_done(&worker);
  return status;
}

static enum status find_plans(struct trace *trace) {
  const struct model *model = trace->model;
  struct run base;
  enum status status = run_init(&base, &model->program, &model->random, PRECISION_DOUBLE);
  if (status) return status;
  run_code(&base, &model->program.forward, 0);
  trace->terms = count_terms(model, &base);
  if (model->loss >= 0) status = move_params(trace, &base);
  run_done(&base);
  return status;
}

/* -- all of it -- */

enum status trace_make(struct trace *trace, const struct model *model) {
  *trace = (struct trace){.model = model};
  trace->slots = calloc(model->program.slot_count + 1, sizeof *trace->slots);
  if (!trace->slots) return STATUS_NO_MEMORY;
  name_slots(trace);
  count_uses(trace, &model->program.forward);
  count_uses(trace, &model->program.backward);
  count_shortcuts(trace);
  enum status status = find_no_lines(trace);
  return status ? status : find_plans(trace);
}

void trace_done(struct trace *trace) {
  for (size_t i = 0; i < trace->plan_count; i++) free(trace->plans[i].steps);
  free(trace->plans);
  free(trace->no_lines);
  free(trace->slots);
  *trace = (struct trace){0};
}
