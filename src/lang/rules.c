#include "lang/rules.h"

#include "core/intl.h"
#include "core/shortcut.h"
#include "lang/lower.h"
#include "lang/parse.h"
#include "lang/print.h"
#include "lang/shown.h"

#include <stdlib.h>
#include <string.h>

struct derivation {
  struct model *model;
  struct diag *diag;
  struct builder builder;
  bool *assigned;  /* by node: a line before this one has assigned its gradient */
  bool *reaches;   /* by node: a change of it reaches the loss */
  bool again;      /* a gate's lines turned out not to fit: derive anew without them */
};

static const struct span nowhere = {0};

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

/* The outermost instance around NODE whose hand-written lines are its rule; -1: NODE's own
 * rules. */
static int rule_owner(const struct model *model, int node) {
  int owner = -1;
  for (int i = model->nodes[node].instance; i >= 0; i = model->instances[i].parent)
    if (model->instances[i].own_rule) owner = i;
  return owner;
}

/* Decides which folded gates use their own lines. A gate that has none for an operand which depends
 * on a param (a slope, say, that is usually a constant) would lose that gradient. */
static void choose_own_rules(struct derivation *derivation) {
  struct model *model = derivation->model;
  bool *depends = derivation->reaches; /* by node, on a param; scratch until mark_active() */
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

/* Marks the nodes on a path from a param to the loss. */
static void mark_active(struct derivation *derivation) {
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

static enum status add_gradient(struct derivation *derivation, int node) {
  struct model *model = derivation->model;
  struct node *target = &model->nodes[node];
  struct value value = {.node = -1};
  enum status status = lower_slot(&derivation->builder, model_shape(model, target->slot), value,
                                  target->span, &target->gradient);
  if (!status && node == model->loss) *program_image(&model->program, target->gradient) = 1;
  return status;
}

static int gradient_node(const struct model *model, const char *name) {
  return name[0] == 'd' ? model_find(model, name + 1) : -1;
}

static int resolve_gradient(const struct builder *builder, const char *name) {
  int slot = scope_find(&builder->model->locals, name);
  int node = slot < 0 ? gradient_node(builder->model, name) : -1;
  bool ready = node >= 0 && (!builder->assigned || builder->assigned[node] ||
                             node == builder->model->loss || node == builder->own);
  return ready ? builder->model->nodes[node].gradient : slot;
}

/* -- rule lines from their templates -- */

struct template {
  struct model *model;
  int node;
  const struct instance *instance; /* NULL: a primitive's rule over a, b, out, dout */
  bool failed; /* for want of memory */
};

static const struct expr *gradient_name(struct model *model, int node) {
  const char *name = arena_printf(&model->rule_arena, "d%s", model->nodes[node].name);
  return name ? expr_name(&model->rule_arena, nowhere, name) : NULL;
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
  return expr_apply(arena, nowhere, op, op_table[op].name, args, count);
}

/* Fits a line to its operand where something was broadcast: sum(…, axis) over the sides that were
 * repeated, * ones(r, c) where one value serves many entries. */
static const struct expr *fit(struct arena *arena, const struct expr *value, struct shape from,
                              struct shape to) {
  bool down = to.rows == 1 && from.rows > 1, across = to.cols == 1 && from.cols > 1;
  if (value && (down || across)) {
    const struct expr *args[2] = {value, expr_number(arena, nowhere, down ? 0 : 1)};
    value = args[1] ? make_call(arena, OP_SUM, args, down && across ? 1 : 2) : NULL;
  }
  if (value && ((to.rows > 1 && from.rows == 1) || (to.cols > 1 && from.cols == 1))) {
    const struct expr *sides[2] = {expr_number(arena, nowhere, to.rows),
                                   expr_number(arena, nowhere, to.cols)};
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

static enum status add_rule(struct derivation *derivation, struct rule rule) {
  struct model *model = derivation->model;
  if (!array_reserve(&model->rules, &model->rule_capacity, model->rule_count + 1,
                     sizeof *model->rules))
    return no_memory(derivation);
  model->rules[model->rule_count++] = rule;
  return STATUS_OK;
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
  return add_rule(derivation, (struct rule){.node = template.node, .operand = operand,
                                            .target = target->name, .target_node = target_node,
                                            .accumulate = line->accumulate, .value = value,
                                            .span = line->span});
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
      enum status added = add_gradient(derivation, target);
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

static enum status derive_all(struct derivation *derivation) {
  struct model *model = derivation->model;
  enum status status = STATUS_OK;
  for (size_t n = 0; !status && n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    if ((node->active && (rule_owner(model, (int)n) < 0 || edge_count(model, (int)n) > 0)) ||
        node->kind == NODE_PARAM || (int)n == model->loss)
      status = add_gradient(derivation, (int)n);
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

/* -- the student's own lines -- */

static enum status use_block(struct derivation *derivation) {
  struct model *model = derivation->model;
  enum status status = add_gradient(derivation, model->loss);
  for (size_t i = 0; !status && i < model->backward->line_count; i++) {
    const struct assign *line = &model->backward->lines[i];
    int target = gradient_node(model, line->target);
    if (target < 0 && model_find(model, line->target) >= 0) {
      diag_set(derivation->diag, STATUS_DATA, line->target_span,
               _("\"%s\" is a node of the model; its value cannot be changed here"), line->target);
      diag_hint(derivation->diag, _("its gradient is d%s"), line->target);
      return STATUS_DATA;
    }
    status = add_rule(derivation,
                      (struct rule){.node = -1, .operand = -1, .target = line->target,
                                    .target_node = target, .accumulate = line->accumulate,
                                    .value = line->value, .span = line->span});
  }
  return status;
}

/* -- bugs: lines that replace lines -- */

static const char *rule_node_name(const struct model *model, const struct rule *rule) {
  return rule->node >= 0 ? model->nodes[rule->node].name : "";
}

bool rules_match(const struct model *model, const struct assign *bug, const struct rule *rule) {
  return strcmp(rule->target, bug->target) == 0 &&
         (!bug->node || strcmp(rule_node_name(model, rule), bug->node) == 0) &&
         (bug->operand == 0 || rule->operand + 1 == bug->operand);
}

static enum status no_such_rule(struct derivation *derivation, const struct assign *bug) {
  struct model *model = derivation->model;
  const char *best = NULL;
  char title[GRADIENT_SIZE];
  for (size_t i = 0; i < model->rule_count; i++) {
    const struct rule *rule = &model->rules[i];
    if (rule->target_node < 0 || node_is_named(model, rule->target_node))
      best = suggest_nearer(bug->target, best, rule->target);
  }
  diag_set(derivation->diag, STATUS_DATA, bug->node ? bug->node_span : bug->target_span,
           bug->node ? _("no rule line of that node assigns \"%s\"")
                     : _("no rule line assigns \"%s\""),
           name_title(model, bug->target, title));
  if (best) diag_hint(derivation->diag, _("did you mean %s?"), best);
  return STATUS_DATA;
}

static enum status ambiguous(struct derivation *derivation, const struct assign *bug) {
  struct model *model = derivation->model;
  struct text list;
  char title[GRADIENT_SIZE];
  text_init(&list);
  for (size_t i = 0; i < model->rule_count; i++) {
    const struct rule *rule = &model->rules[i];
    if (!rules_match(model, bug, rule)) continue;
    text_puts(&list, list.length > 0 ? ", " : "");
    if (rule->node >= 0) {
      node_put_shown(&list, model, rule->node);
      text_printf(&list, ":%d: ", rule->operand + 1);
    }
    rule_put_shown(&list, model, i);
  }
  diag_set(derivation->diag, STATUS_DATA, bug->span, _("several rule lines assign \"%s\""),
           name_title(model, bug->target, title));
  diag_hint(derivation->diag, _("say which: %s"), text_string(&list));
  text_done(&list);
  return STATUS_DATA;
}

static enum status apply_bug(struct derivation *derivation, const struct assign *bug, bool hidden) {
  struct model *model = derivation->model;
  struct rule *found = NULL;
  for (size_t i = 0; i < model->rule_count; i++) {
    if (!rules_match(model, bug, &model->rules[i])) continue;
    if (found) return ambiguous(derivation, bug);
    found = &model->rules[i];
  }
  if (!found) return no_such_rule(derivation, bug);
  found->hidden = hidden ? bug : NULL;
  if (hidden) return STATUS_OK;
  if (!found->original) found->original = found->text;
  found->accumulate = bug->accumulate;
  found->value = bug->value;
  found->span = (struct span){bug->span.source, bug->target_span.start, bug->span.end};
  return STATUS_OK;
}

/* -- text -- */

/* The author's own text with its white space evened out, or the printed line. */
static enum status write_rule(struct derivation *derivation, struct rule *rule, bool own) {
  struct text text;
  text_init(&text);
  if (own) {
    for (uint32_t i = rule->span.start; i < rule->span.end; i++) {
      char byte = rule->span.source->text[i];
      bool blank = byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
      if (!blank) text_put(&text, &byte, 1);
      else if (text.length > 0 && text.bytes[text.length - 1] != ' ') text_puts(&text, " ");
    }
  } else {
    struct assign line = {.target = rule->target, .accumulate = rule->accumulate,
                          .value = rule->value};
    print_assign(&text, &line);
  }
  rule->text = text_keep(&text, &derivation->model->rule_arena);
  return rule->text ? STATUS_OK : no_memory(derivation);
}

static enum status write_rules(struct derivation *derivation) {
  struct model *model = derivation->model;
  enum status status = STATUS_OK;
  for (size_t i = 0; !status && i < model->rule_count; i++)
    status = write_rule(derivation, &model->rules[i], model->rules[i].node < 0);
  for (size_t b = 0; !status && b < model->bug_count; b++) {
    const struct bug *bug = &model->bugs[b];
    if (bug->off) continue;
    status = apply_bug(derivation, &bug->line, bug->hidden);
    for (size_t i = 0; !status && !bug->hidden && i < model->rule_count; i++)
      if (rules_match(model, &bug->line, &model->rules[i]))
        status = write_rule(derivation, &model->rules[i], true);
  }
  return status;
}

/* -- code -- */

static enum status emit(struct derivation *derivation, int op, int out, int a, int b) {
  struct instr instr = {.op = op, .out = out, .in = {a, b}, .axis = AXIS_ALL};
  return program_emit(&derivation->model->program.backward, instr) ? no_memory(derivation)
                                                                   : STATUS_OK;
}

/* Moves the result of a line's last instruction from its scratch slot straight into TARGET, if
 * nothing speaks against it: saves a copy. BEFORE: where the line began. A slot from before it has
 * a name, by which later lines may want it, and an instruction from before it is another line's. */
static bool redirect(struct model *model, struct program_mark before, int slot, int target) {
  struct code *code = &model->program.backward;
  if (!shortcut_taken(SHORTCUT_IN_PLACE) || code->count == before.backward_count ||
      (size_t)slot < before.slot_count || (size_t)slot + 1 != model->program.slot_count)
    return false;
  struct instr *last = &code->items[code->count - 1];
  if (last->out != slot) return false;
  for (int i = 0; i < op_table[last->op].arity; i++)
    if (last->in[i] == target) return false;
  last->out = target;
  model->program.slot_count--;
  model->program.size = model->program.slots[slot].offset;
  return true;
}

static enum status wrong_shape(struct derivation *derivation, const struct rule *rule, int slot,
                               int target) {
  struct shape is = model_shape(derivation->model, slot);
  struct shape wanted = model_shape(derivation->model, target);
  return diag_set(derivation->diag, STATUS_DATA, rule->span,
                  _("this line makes %u x %u, but \"%s\" is %u x %u"), is.rows, is.cols,
                  rule->target, wanted.rows, wanted.cols);
}

/* A local name of a backward block takes the shape of its first value. */
static enum status local_target(struct derivation *derivation, const struct rule *rule,
                                bool accumulate, int slot, int *target) {
  struct model *model = derivation->model;
  *target = scope_find(&model->locals, rule->target);
  if (*target >= 0) return STATUS_OK;
  if (accumulate)
    return diag_set(derivation->diag, STATUS_DATA, rule->span,
                    _("\"%s\" has no value yet that this line could add to"), rule->target);
  struct value value = {.node = -1};
  enum status status = lower_slot(&derivation->builder, model_shape(model, slot), value,
                                  rule->span, target);
  if (!status && !scope_bind(&model->locals, rule->target, *target))
    status = no_memory(derivation);
  return status;
}

static enum status rule_target(struct derivation *derivation, const struct rule *rule,
                               bool accumulate, int slot, int *target) {
  struct model *model = derivation->model;
  if (rule->target_node < 0) return local_target(derivation, rule, accumulate, slot, target);
  enum status status = STATUS_OK;
  if (model->nodes[rule->target_node].gradient < 0)
    status = add_gradient(derivation, rule->target_node);
  *target = model->nodes[rule->target_node].gradient;
  if (!status && accumulate && !derivation->assigned[rule->target_node])
    status = emit(derivation, OP_ZEROS, *target, 0, 0);
  derivation->assigned[rule->target_node] = true;
  return status;
}

/* A bug that reads its own gradient as the pass before left it (dx += dx) reads it before it is
 * zeroed for what is to be added. */
static enum status keep_before_zeros(struct derivation *derivation, const struct rule *rule,
                                     int *slot) {
  int node = rule->target_node;
  if (node < 0 || derivation->assigned[node] || *slot != derivation->model->nodes[node].gradient)
    return STATUS_OK;
  return lower_copy(&derivation->builder, *slot, rule->span, NULL, slot);
}

static enum status lower_rule(struct derivation *derivation, const struct rule *rule) {
  struct model *model = derivation->model;
  const struct expr *value = rule->hidden ? rule->hidden->value : rule->value;
  bool accumulate = rule->hidden ? rule->hidden->accumulate : rule->accumulate;
  bool bug = rule->hidden || rule->original;
  int slot, target;
  enum status status = STATUS_OK;
  if (bug && rule->target_node >= 0 && model->nodes[rule->target_node].gradient < 0)
    status = add_gradient(derivation, rule->target_node);
  derivation->builder.own = bug ? rule->target_node : -1;
  struct program_mark before = program_mark(&model->program);
  if (!status) status = lower_expr(&derivation->builder, value, NULL, &slot);
  derivation->builder.own = -1;
  if (!status && accumulate) status = keep_before_zeros(derivation, rule, &slot);
  if (status) return status;
  size_t slots = model->program.slot_count, code = model->program.backward.count;
  if ((status = rule_target(derivation, rule, accumulate, slot, &target))) return status;
  if (!shape_equal(model_shape(model, slot), model_shape(model, target)))
    return wrong_shape(derivation, rule, slot, target);
  if (accumulate) return emit(derivation, OP_ADD, target, target, slot);
  bool untouched = slots == model->program.slot_count && code == model->program.backward.count;
  if (untouched && redirect(model, before, slot, target)) return STATUS_OK;
  return emit(derivation, OP_COPY, target, slot, 0);
}

/* -- all of it -- */

struct builder rules_builder(struct model *model, struct diag *diag) {
  return (struct builder){.model = model, .diag = diag, .code = &model->program.backward,
                          .resolve = resolve_gradient, .own = -1, .instance = -1};
}

static void forget(struct model *model) {
  program_rollback(&model->program, model->built);
  arena_done(&model->rule_arena);
  scope_done(&model->locals);
  model->rule_count = 0;
  model->lowered = 0;
}

static enum status derive(struct derivation *derivation) {
  struct model *model = derivation->model;
  choose_own_rules(derivation);
  mark_active(derivation);
  if (model->loss < 0) return STATUS_OK;
  enum status status = model->backward ? use_block(derivation) : derive_all(derivation);
  if (status || derivation->again) return status;
  status = write_rules(derivation);
  derivation->builder.assigned = derivation->assigned;
  for (size_t i = 0; !status && i < model->rule_count; i++) {
    status = lower_rule(derivation, &model->rules[i]);
    model->rules[i].code_end = model->program.backward.count;
  }
  return status;
}

enum status rules_derive(struct model *model, struct diag *diag) {
  forget(model);
  struct derivation derivation = {.model = model, .diag = diag,
                                  .builder = rules_builder(model, diag)};
  derivation.assigned = calloc(model->node_count + 1, sizeof *derivation.assigned);
  derivation.reaches = calloc(model->node_count + 1, sizeof *derivation.reaches);
  enum status status = derivation.assigned && derivation.reaches ? derive(&derivation)
                                                                  : no_memory(&derivation);
  free(derivation.assigned);
  free(derivation.reaches);
  /* Each time at least one more gate goes without its lines, so this ends. */
  return !status && derivation.again ? rules_derive(model, diag) : status;
}
