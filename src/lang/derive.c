#include "lang/derive.h"

#include "core/memory.h"
#include "lang/parse.h"

#include <stdlib.h>
#include <string.h>

static const struct expr *ref_of(const struct model *model, int slot) {
  return model->values[slot].ref;
}

static enum status no_memory(struct derivation *derivation) {
  return diag_no_memory(derivation->diag);
}

/* -- who hands a gradient to whom -- */

static bool gate_has_rule(const struct stmt *gate, const char *name) {
  for (size_t i = 0; i < gate->line_count; i++)
    if (gate_line_is_rule(gate, i) && (!name || strcmp(gate->lines[i].target + 1, name) == 0))
      return true;
  return false;
}

int rule_owner(const struct model *model, int node) {
  int owner = -1;
  for (int i = model->nodes[node].instance; i >= 0; i = model->instances[i].parent)
    if (model->instances[i].own_rule) owner = i;
  return owner;
}

void derivation_choose_owners(struct derivation *derivation) {
  struct model *model = derivation->model;
  bool *depends = derivation->reaches; /* by node, on a param; scratch until the nodes are marked */
  for (size_t n = 0; n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    depends[n] = node->kind == NODE_PARAM;
    for (size_t i = 0; i < node->operand_count; i++) {
      int operand = model->values[node->operands[i]].node;
      depends[n] = depends[n] || (operand >= 0 && depends[operand] && op_table[node->op].rules[i]);
    }
  }
  for (size_t i = 0; i < model->instance_count; i++) {
    struct instance *instance = &model->instances[i];
    instance->own_rule = instance->folded && !instance->unfit && instance->gate &&
                         instance->output >= 0 && gate_has_rule(instance->gate, NULL);
    for (size_t k = 0; instance->own_rule && k < instance->operand_count; k++) {
      int operand = model->values[instance->operands[k]].node;
      if (operand >= 0 && depends[operand] &&
          !gate_has_rule(instance->gate, instance->gate->names[k + 1]))
        instance->own_rule = false;
    }
  }
}

/* How many operands NODE's rules can serve, and the node that operand I is; -1: none, or no rule
 * for it. A node inside a folded gate serves nobody. */
static size_t edge_count(const struct model *model, int node) {
  int owner = rule_owner(model, node);
  if (owner < 0) return model->nodes[node].operand_count;
  return model->instances[owner].output == node ? model->instances[owner].gate->name_count - 1 : 0;
}

static int edge(const struct model *model, int node, size_t i) {
  int owner = rule_owner(model, node), slot;
  if (owner < 0) {
    if (!op_table[model->nodes[node].op].rules[i]) return -1;
    slot = model->nodes[node].operands[i];
  } else {
    const struct instance *instance = &model->instances[owner];
    if (!gate_has_rule(instance->gate, instance->gate->names[i + 1])) return -1;
    slot = instance->operands[i];
  }
  return model->values[slot].node;
}

void derivation_mark_active(struct derivation *derivation) {
  struct model *model = derivation->model;
  bool *reaches = derivation->reaches;
  for (size_t n = 0; n < model->node_count; n++) {
    struct node *node = &model->nodes[n];
    node->active = node->kind == NODE_PARAM;
    node->gradient = -1;
    reaches[n] = (int)n == model->loss;
    for (size_t i = 0, count = edge_count(model, (int)n); i < count; i++) {
      int operand = edge(model, (int)n, i);
      if (operand >= 0 && model->nodes[operand].active) node->active = true;
    }
  }
  for (size_t n = model->node_count; n-- > 0;)
    for (size_t i = 0, count = reaches[n] ? edge_count(model, (int)n) : 0; i < count; i++)
      if (edge(model, (int)n, i) >= 0) reaches[edge(model, (int)n, i)] = true;
  for (size_t n = 0; n < model->node_count; n++)
    model->nodes[n].active = model->nodes[n].active && reaches[n];
}

/* -- gradients as names -- */

enum status derivation_add_gradient(struct derivation *derivation, int node) {
  struct model *model = derivation->model;
  struct node *target = &model->nodes[node];
  struct value value = {.node = -1};
  enum status status = lower_slot(&derivation->builder, model_shape(model, target->slot), value,
                                  target->span, &target->gradient);
  if (!status && node == model->loss) *program_image(&model->program, target->gradient) = 1;
  return status;
}

/* -- rule lines from their templates -- */

struct template {
  struct model *model;
  int node;
  const struct instance *instance; /* NULL: a primitive's rule over a, b, out, dout */
  bool failed; /* for lack of memory */
};

static const struct expr *gradient_name(struct model *model, int node) {
  const char *name = arena_printf(&model->rule_arena, "d%s", model->nodes[node].name);
  return name ? expr_name(&model->rule_arena, SPAN_NONE, name) : NULL;
}

static const struct expr *template_gradient(struct template *template, int node) {
  const struct expr *name = gradient_name(template->model, node);
  template->failed = template->failed || !name;
  return name;
}

/* What a template's name stands for in the model's own names; NULL: itself. */
static const struct expr *template_lookup(void *context, const char *name) {
  struct template *template = context;
  struct model *model = template->model;
  const struct node *node = &model->nodes[template->node];
  if (strcmp(name, "dout") == 0) return template_gradient(template, template->node);
  if (strcmp(name, "out") == 0) return ref_of(model, node->slot);
  if (!template->instance) return ref_of(model, node->operands[name[0] - 'a']);
  int slot = scope_find(&template->instance->scope, name);
  if (slot >= 0) return ref_of(model, slot);
  slot = name[0] == 'd' ? scope_find(&template->instance->scope, name + 1) : -1;
  return slot >= 0 && model->values[slot].node >= 0
             ? template_gradient(template, model->values[slot].node)
             : NULL;
}

static const struct expr *make_call(struct arena *arena, int op, const struct expr *const *args,
                                    size_t count) {
  return expr_apply(arena, SPAN_NONE, op, op_table[op].name, args, count);
}

/* Fits a line to its operand where something was broadcast: sum(…, axis) over the sides that were
 * repeated, * ones(r, c) where one value serves many entries. */
static const struct expr *fit(struct arena *arena, const struct expr *value, struct shape from,
                              struct shape to) {
  bool down = to.rows == 1 && from.rows > 1, across = to.cols == 1 && from.cols > 1;
  if (value && (down || across)) {
    const struct expr *args[2] = {value, expr_number(arena, SPAN_NONE, down ? 0 : 1)};
    value = args[1] ? make_call(arena, OP_SUM, args, down && across ? 1 : 2) : NULL;
  }
  if (value && ((to.rows > 1 && from.rows == 1) || (to.cols > 1 && from.cols == 1))) {
    const struct expr *sides[2] = {expr_number(arena, SPAN_NONE, to.rows),
                                   expr_number(arena, SPAN_NONE, to.cols)};
    const struct expr *args[2] = {value, NULL};
    if (sides[0] && sides[1]) args[1] = make_call(arena, OP_ONES, sides, 2);
    value = args[1] ? make_call(arena, OP_MUL, args, 2) : NULL;
  }
  return value;
}

/* The shape that VALUE has as it stands. */
static enum status shape_of(struct derivation *derivation, const struct expr *value,
                            struct shape *shape) {
  struct model *model = derivation->model;
  struct program_mark mark = program_mark(&model->program);
  int slot;
  enum status status = lower_expr(&derivation->builder, value, NULL, &slot);
  if (!status) *shape = model_shape(model, slot);
  program_rollback(&model->program, mark);
  return status;
}

enum status derivation_add_rule(struct derivation *derivation, struct rule rule) {
  struct model *model = derivation->model;
  return array_push(&model->rules, &model->rule_count, &model->rule_capacity, &rule, sizeof rule)
             ? STATUS_OK
             : no_memory(derivation);
}

static bool is_from_prelude(const struct model *model, const struct stmt *gate) {
  const struct syntax *prelude = &model->prelude;
  return gate >= prelude->statements && gate < prelude->statements + prelude->count;
}

/* Whether a gate's line that makes FROM cannot be trusted for an operand of shape TO. A user's line
 * is the user's word unless it cannot be fitted. One of the prelude must come out as it stands: its
 * gates take operands that broadcast within them, for which their lines were not written. */
static bool is_unfit(const struct model *model, const struct stmt *gate, struct shape from,
                     struct shape to) {
  bool grows = to.rows > from.rows || to.cols > from.cols;
  return is_from_prelude(model, gate) ? !shape_equal(from, to) : grows && shape_count(from) > 1;
}

/* The line TARGET_NODE's gradient = TEXT, a template. */
static enum status add_derived(struct derivation *derivation, struct template template,
                               int operand, int target_node, const struct assign *line) {
  struct model *model = derivation->model;
  struct arena *arena = &model->rule_arena;
  struct shape from = {0};
  const struct expr *target = gradient_name(model, target_node);
  const struct expr *value = expr_substitute(arena, line->value, template_lookup, &template);
  if (!target || !value || template.failed) return no_memory(derivation);
  const struct stmt *gate = template.instance ? template.instance->gate : NULL;
  enum status status = shape_of(derivation, value, &from);
  bool unfit = status == STATUS_DATA && gate && is_from_prelude(model, gate);
  if (status && !unfit) return status;
  struct shape to = model_shape(model, model->nodes[target_node].slot);
  if (unfit || (gate && is_unfit(model, gate, from, to))) {
    model->instances[template.instance - model->instances].unfit = derivation->again = true;
    return STATUS_OK;
  }
  value = fit(arena, value, from, to);
  if (!value) return no_memory(derivation);
  const struct rule rule = {.node = template.node, .operand = operand, .target = target->name,
                            .target_node = target_node, .accumulate = line->accumulate,
                            .value = value, .span = line->span};
  return derivation_add_rule(derivation, rule);
}

static bool may_be_zero(const struct model *model, int slot) {
  const double *values = model->program.image + model->program.slots[slot].offset;
  if (!model->values[slot].constant) return true;
  for (size_t i = 0; i < shape_count(model_shape(model, slot)); i++)
    if (values[i] == 0) return true;
  return false;
}

/* The text of NODE's rule for operand I. */
static const char *primitive_rule(const struct model *model, int node, size_t i) {
  const struct op *op = &op_table[model->nodes[node].op];
  bool careful = op->rules_at_zero[i] && may_be_zero(model, model->nodes[node].operands[!i]);
  return careful ? op->rules_at_zero[i] : op->rules[i];
}

static enum status derive_primitive(struct derivation *derivation, int node) {
  struct model *model = derivation->model;
  const struct op *op = &op_table[model->nodes[node].op];
  struct template template = {.model = model, .node = node};
  for (size_t i = 0; i < model->nodes[node].operand_count; i++) {
    int operand = edge(model, node, i);
    if (operand < 0 || !model->nodes[operand].active) continue;
    struct source *source = ARENA_NEW(&model->rule_arena, struct source);
    if (!source) return no_memory(derivation);
    const char *text = primitive_rule(model, node, i);
    *source = source_from(op->name, text, strlen(text));
    struct assign line = {0};
    enum status status = parse_expr(source_span(source), &model->rule_arena, &line.value,
                                    derivation->diag);
    if (!status) status = add_derived(derivation, template, (int)i, operand, &line);
    if (status) return status;
  }
  return STATUS_OK;
}

/* The parameter that a gate's rule line serves, or -1 for a name of its body. */
static int line_operand(const struct stmt *gate, const struct assign *line) {
  for (size_t i = 1; i < gate->name_count; i++)
    if (strcmp(gate->names[i], line->target + 1) == 0) return (int)i - 1;
  return -1;
}

static enum status derive_gate(struct derivation *derivation, int node, int owner) {
  struct model *model = derivation->model;
  const struct instance *instance = &model->instances[owner];
  struct template template = {.model = model, .node = node, .instance = instance};
  for (size_t i = 0; i < instance->gate->line_count; i++) {
    const struct assign *line = &instance->gate->lines[i];
    if (!gate_line_is_rule(instance->gate, i)) continue;
    int operand = line_operand(instance->gate, line);
    int slot = scope_find(&instance->scope, line->target + 1);
    int target = slot >= 0 ? model->values[slot].node : -1;
    if (target < 0 || (operand >= 0 && !model->nodes[target].active)) continue;
    if (model->nodes[target].gradient < 0) {
      enum status added = derivation_add_gradient(derivation, target);
      if (added) return added;
    }
    enum status status = add_derived(derivation, template, operand, target, line);
    if (status) return status;
  }
  return STATUS_OK;
}

/* Where several lines serve one gradient, each adds its share. */
static enum status mark_fan_out(struct derivation *derivation) {
  struct model *model = derivation->model;
  int *uses = calloc(model->node_count + 1, sizeof *uses);
  if (!uses) return no_memory(derivation);
  for (size_t i = 0; i < model->rule_count; i++) uses[model->rules[i].target_node]++;
  for (size_t i = 0; i < model->rule_count; i++)
    if (uses[model->rules[i].target_node] > 1) model->rules[i].accumulate = true;
  free(uses);
  return STATUS_OK;
}

enum status derivation_add_rules(struct derivation *derivation) {
  struct model *model = derivation->model;
  enum status status = STATUS_OK;
  for (size_t n = 0; !status && n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    if ((node->active && (rule_owner(model, (int)n) < 0 || edge_count(model, (int)n) > 0)) ||
        node->kind == NODE_PARAM || (int)n == model->loss)
      status = derivation_add_gradient(derivation, (int)n);
  }
  for (size_t n = model->node_count; !status && n-- > 0;) {
    int owner = rule_owner(model, (int)n);
    if (!model->nodes[n].active || model->nodes[n].kind != NODE_OP) continue;
    if (owner < 0) status = derive_primitive(derivation, (int)n);
    else if (model->instances[owner].output == (int)n)
      status = derive_gate(derivation, (int)n, owner);
  }
  return status ? status : mark_fan_out(derivation);
}
