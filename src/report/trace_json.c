/* A trace for programs. Instructions name slots by number; numbers read back exactly. */
#include "report/trace.h"

#include "report/json.h"

/* Any part that finds no memory spoils the whole, and is noticed at the end. */
struct writer {
  const struct trace *trace;
  bool failed;
};

static void set(struct writer *writer, json_t *object, const char *key, json_t *value) {
  if (json_object_set_new(object, key, value)) writer->failed = true;
}

static void add(struct writer *writer, json_t *array, json_t *value) {
  if (json_array_append_new(array, value)) writer->failed = true;
}

static void set_count(struct writer *writer, json_t *object, const char *key, size_t count) {
  set(writer, object, key, json_integer((json_int_t)count));
}

static json_t *counts_json(size_t first, size_t second) {
  return json_pair(json_integer((json_int_t)first), json_integer((json_int_t)second));
}

/* -- slots -- */

static json_t *name_json(const struct model *model, const struct trace_slot *slot) {
  if (slot->kind == SLOT_GRADIENT) return json_sprintf("d%s", model->nodes[slot->node].name);
  if (slot->node >= 0) return json_string(model->nodes[slot->node].name);
  return slot->local ? json_string(slot->local) : json_null();
}

/* With a value where the program brings one that no instruction computes; leaves have theirs from
 * the model. */
static json_t *slot_json(struct writer *writer, int index) {
  const struct model *model = writer->trace->model;
  const struct trace_slot *slot = &writer->trace->slots[index];
  const bool seed = slot->kind == SLOT_GRADIENT && slot->node == model->loss;
  json_t *json = json_object();
  set(writer, json, "slot", json_integer(index));
  set(writer, json, "label", name_json(model, slot));
  set(writer, json, "kind", json_string(slot_kind_names[slot->kind]));
  set(writer, json, "shape", json_shape(model_shape(model, index)));
  set_count(writer, json, "offset", model->program.slots[index].offset);
  set_count(writer, json, "written", slot->written);
  set_count(writer, json, "read", slot->read);
  if (slot->kind == SLOT_CONSTANT)
    set(writer, json, "folded", json_boolean(model->values[index].folded));
  if (slot->kind == SLOT_CONSTANT || seed)
    set(writer, json, "value",
        json_tensor(model->program.image + model->program.slots[index].offset,
                    model_shape(model, index)));
  return json;
}

/* -- instructions and lines -- */

static json_t *instr_json(struct writer *writer, const struct instr *instr) {
  const struct op *op = &op_table[instr->op];
  json_t *json = json_object(), *in = json_array();
  for (int i = 0; i < op->arity; i++) add(writer, in, json_integer(instr->in[i]));
  set(writer, json, "op", json_string(op->name));
  set(writer, json, "in", in);
  set(writer, json, "out", json_integer(instr->out));
  set(writer, json, "shape", json_shape(model_shape(writer->trace->model, instr->out)));
  if (op->flags & OP_AXIS)
    set(writer, json, "axis", instr->axis == AXIS_ALL ? json_null() : json_integer(instr->axis));
  if (op->flags & OP_PLACE) set(writer, json, "place", json_integer(instr->axis));
  return json;
}

static json_t *forward_json(struct writer *writer) {
  const struct code *forward = &writer->trace->model->program.forward;
  json_t *array = json_array();
  for (size_t i = 0; i < forward->count; i++)
    add(writer, array, instr_json(writer, &forward->items[i]));
  return array;
}

/* Each instruction with the index of its rule line. */
static json_t *backward_json(struct writer *writer) {
  const struct model *model = writer->trace->model;
  json_t *array = json_array();
  for (size_t r = 0; r < model->rule_count; r++)
    for (size_t i = trace_first(model, r); i < model->rules[r].code_end; i++) {
      json_t *json = instr_json(writer, &model->program.backward.items[i]);
      set_count(writer, json, "line", r);
      add(writer, array, json);
    }
  return array;
}

static json_t *line_json(struct writer *writer, size_t index) {
  const struct model *model = writer->trace->model;
  const struct rule *rule = &model->rules[index];
  const size_t first = trace_first(model, index);
  json_t *json = json_object();
  set(writer, json, "text", json_string(rule->text));
  set(writer, json, "node", rule->node < 0 ? json_null()
                                           : json_string(model->nodes[rule->node].name));
  set(writer, json, "operand", rule->operand < 0 ? json_null() : json_integer(rule->operand));
  set(writer, json, "target", json_integer(model_target(model, rule)));
  set_count(writer, json, "first", first);
  set_count(writer, json, "count", rule->code_end - first);
  set(writer, json, "in_place", json_boolean(trace_in_place(model, index)));
  if (rule->original) set(writer, json, "original", json_string(rule->original));
  return json;
}

static json_t *no_line_json(struct writer *writer, const struct no_line *no_line) {
  const struct model *model = writer->trace->model;
  json_t *json = json_object();
  set(writer, json, "node", json_string(model->nodes[no_line->node].name));
  set(writer, json, "operand", no_line->operand < 0 ? json_null() : json_integer(no_line->operand));
  set(writer, json, "reason", json_string(no_line_names[no_line->reason]));
  if (no_line->gate >= 0)
    set(writer, json, "gate", json_string(model->instances[no_line->gate].gate->names[0]));
  return json;
}

/* -- plans -- */

static json_t *step_json(struct writer *writer, const struct trace_step *step) {
  json_t *json = json_object();
  set_count(writer, json, "instruction", step->instruction);
  set(writer, json, "rows", counts_json(step->part.row0, step->part.row1));
  set(writer, json, "cols", counts_json(step->part.col0, step->part.col1));
  set(writer, json, "same", json_boolean(step->same));
  if (step->terms == 0) return json;
  set_count(writer, json, "terms", step->terms);
  set_count(writer, json, "blocks", step->blocks);
  set_count(writer, json, "moved_blocks", step->moved_blocks);
  set_count(writer, json, "kept", step->kept);
  return json;
}

static json_t *plan_json(struct writer *writer, const struct trace_plan *plan) {
  const struct model *model = writer->trace->model;
  const size_t cols = model_shape(model, model->nodes[plan->node].slot).cols;
  json_t *json = json_object(), *steps = json_array();
  for (size_t i = 0; i < plan->step_count; i++)
    add(writer, steps, step_json(writer, &plan->steps[i]));
  set(writer, json, "param", json_string(model->nodes[plan->node].name));
  set(writer, json, "entry", counts_json(plan->entry / cols, plan->entry % cols));
  set_count(writer, json, "planned", plan->planned);
  set_count(writer, json, "terms", plan->terms);
  set(writer, json, "steps", steps);
  return json;
}

enum status trace_json(struct text *out, const struct trace *trace) {
  struct writer writer = {.trace = trace};
  const struct model *model = trace->model;
  json_t *json = json_object(), *slots = json_array(), *lines = json_array();
  json_t *no_lines = json_array(), *plans = json_array();
  for (size_t i = 0; i < model->program.slot_count; i++)
    add(&writer, slots, slot_json(&writer, (int)i));
  for (size_t i = 0; i < model->rule_count; i++) add(&writer, lines, line_json(&writer, i));
  for (size_t i = 0; i < trace->no_line_count; i++)
    add(&writer, no_lines, no_line_json(&writer, &trace->no_lines[i]));
  for (size_t i = 0; i < trace->plan_count; i++)
    add(&writer, plans, plan_json(&writer, &trace->plans[i]));
  set_count(&writer, json, "numbers", model->program.size);
  set(&writer, json, "slots", slots);
  set(&writer, json, "forward", forward_json(&writer));
  set(&writer, json, "backward", backward_json(&writer));
  set(&writer, json, "lines", lines);
  set(&writer, json, "no_lines", no_lines);
  set_count(&writer, json, "in_place", trace->in_place);
  set_count(&writer, json, "transposed", trace->transposed);
  set_count(&writer, json, "folded", trace->folded);
  set_count(&writer, json, "terms", trace->terms);
  set(&writer, json, "plans", plans);
  const enum status status = json_print(out, json, 0);
  return writer.failed ? STATUS_NO_MEMORY : status;
}
