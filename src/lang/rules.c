#include "lang/rules.h"

#include "core/intl.h"
#include "core/shortcut.h"
#include "lang/derive.h"
#include "lang/print.h"
#include "lang/shown.h"

#include <stdlib.h>
#include <string.h>

static enum status no_memory(struct derivation *derivation) {
  return diag_no_memory(derivation->diag);
}

/* -- the student's own lines -- */

static enum status use_block(struct derivation *derivation) {
  struct model *model = derivation->model;
  enum status status = derivation_add_gradient(derivation, model->loss);
  for (size_t i = 0; !status && i < model->backward->line_count; i++) {
    const struct assign *line = &model->backward->lines[i];
    int target = model_gradient_named(model, line->target);
    if (target < 0 && model_find(model, line->target) >= 0) {
      diag_set(derivation->diag, STATUS_DATA, line->target_span,
               _("\"%s\" is a node of the model; its value cannot be changed here"), line->target);
      diag_hint(derivation->diag, _("its gradient is d%s"), line->target);
      return STATUS_DATA;
    }
    const struct rule rule = {.node = -1, .operand = -1, .target = line->target,
                              .target_node = target, .accumulate = line->accumulate,
                              .value = line->value, .span = line->span};
    status = derivation_add_rule(derivation, rule);
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
  diag_suggest(derivation->diag, best);
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
    status = derivation_add_gradient(derivation, rule->target_node);
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
    status = derivation_add_gradient(derivation, rule->target_node);
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

static int resolve_gradient(const struct builder *builder, const char *name) {
  int slot = scope_find(&builder->model->locals, name);
  int node = slot < 0 ? model_gradient_named(builder->model, name) : -1;
  bool ready = node >= 0 && (!builder->assigned || builder->assigned[node] ||
                             node == builder->model->loss || node == builder->own);
  return ready ? builder->model->nodes[node].gradient : slot;
}

struct builder rules_builder(struct model *model, struct arena *arena, struct diag *diag) {
  return (struct builder){.model = model, .arena = arena, .diag = diag, .code = &model->program.backward,
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
  derivation_choose_owners(derivation);
  derivation_mark_active(derivation);
  if (model->loss < 0) return STATUS_OK;
  enum status status = model->backward ? use_block(derivation) : derivation_add_rules(derivation);
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
                                  .builder = rules_builder(model, &model->rule_arena, diag)};
  derivation.assigned = calloc(model->node_count + 1, sizeof *derivation.assigned);
  derivation.reaches = calloc(model->node_count + 1, sizeof *derivation.reaches);
  enum status status = derivation.assigned && derivation.reaches ? derive(&derivation)
                                                                  : no_memory(&derivation);
  free(derivation.assigned);
  free(derivation.reaches);
  /* Each time at least one more gate goes without its lines, so this ends. */
  return !status && derivation.again ? rules_derive(model, diag) : status;
}
