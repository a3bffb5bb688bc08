#include "lang/model.h"

#include "core/intl.h"
#include "lang/lower.h"
#include "lang/parse.h"
#include "lang/prelude.h"
#include "lang/rules.h"
#include "lang/shown.h"

#include <stdlib.h>
#include <string.h>

struct build {
  struct builder builder;
  const struct loader *loader;
  struct scope reserved; /* every name that a statement defines, to its statement */
  const struct stmt *loss_statement;
  struct batch cut; /* data leaves with this many samples keep the first */
};

/* -- names -- */

static enum status clash(struct diag *diag, struct span span, const char *name,
                         struct span earlier) {
  uint32_t line, column;
  span_position(earlier, &line, &column);
  return diag_set(diag, STATUS_DATA, span, _("\"%s\" is already defined, on line %u"), name, line);
}

static enum status reserve_name(struct build *build, const struct stmt *stmt, size_t i) {
  const struct syntax *syntax = &build->builder.model->syntax;
  int earlier = scope_find(&build->reserved, stmt->names[i]);
  if (earlier >= 0)
    return clash(build->builder.diag, stmt->name_spans[i], stmt->names[i],
                 syntax->statements[earlier].span);
  return scope_bind(&build->reserved, stmt->names[i], (int)(stmt - syntax->statements))
             ? STATUS_OK
             : diag_no_memory(build->builder.diag);
}

static enum status reserve_names(struct build *build) {
  const struct syntax *syntax = &build->builder.model->syntax;
  enum status status;
  for (size_t s = 0; s < syntax->count; s++) {
    const struct stmt *stmt = &syntax->statements[s];
    if (stmt->kind != STMT_DATA && stmt->kind != STMT_PARAM && stmt->kind != STMT_NODE) continue;
    for (size_t i = 0; i < stmt->name_count; i++)
      if ((status = reserve_name(build, stmt, i))) return status;
  }
  return STATUS_OK;
}

/* A node called dx beside a node called x would make dx mean two things. */
static enum status check_gradient_names(struct build *build) {
  const struct syntax *syntax = &build->builder.model->syntax;
  for (size_t s = 0; s < syntax->count; s++) {
    const struct stmt *stmt = &syntax->statements[s];
    for (size_t i = 0; stmt->kind <= STMT_NODE && i < stmt->name_count; i++) {
      const char *name = stmt->names[i];
      if (name[0] != 'd' || scope_find(&build->reserved, name + 1) < 0) continue;
      diag_set(build->builder.diag, STATUS_DATA, stmt->name_spans[i],
               _("\"%s\" is the gradient of \"%s\", so it cannot be a node"), name, name + 1);
      diag_hint(build->builder.diag, "%s", _("choose another name"));
      return STATUS_DATA;
    }
  }
  return STATUS_OK;
}

/* -- gates -- */

static bool is_parameter(const struct stmt *gate, const char *name, size_t before) {
  for (size_t i = 1; i < before; i++)
    if (strcmp(gate->names[i], name) == 0) return true;
  return false;
}

static enum status check_gate(const struct stmt *gate, struct diag *diag) {
  bool has_out = false;
  if (op_find(gate->names[0], strlen(gate->names[0])) >= 0)
    return diag_set(diag, STATUS_DATA, gate->name_spans[0],
                    _("\"%s\" is an operation of the language; a gate needs another name"),
                    gate->names[0]);
  for (size_t i = 1; i < gate->name_count; i++)
    if (is_parameter(gate, gate->names[i], i))
      return clash(diag, gate->name_spans[i], gate->names[i], gate->span);
  for (size_t i = 0; i < gate->line_count; i++) {
    const struct assign *line = &gate->lines[i];
    if (strcmp(line->target, "dout") == 0 || (line->accumulate && !gate_line_is_rule(gate, i)))
      return diag_set(diag, STATUS_DATA, line->span, "%s",
                      _("\"dout\" is what arrives at the gate and \"+=\" is for gradients"));
    if (is_parameter(gate, line->target, gate->name_count))
      return clash(diag, line->target_span, line->target, gate->span);
    for (size_t j = 0; j < i && !gate_line_is_rule(gate, i); j++)
      if (strcmp(gate->lines[j].target, line->target) == 0)
        return clash(diag, line->target_span, line->target, gate->lines[j].span);
    has_out = has_out || strcmp(line->target, "out") == 0;
  }
  if (has_out) return STATUS_OK;
  diag_set(diag, STATUS_DATA, gate->span, _("the gate \"%s\" never says what its result is"),
           gate->names[0]);
  diag_hint(diag, "%s", _("expected a line \"out = …\""));
  return STATUS_DATA;
}

/* -- leaves -- */

static enum status add_leaf(struct build *build, const struct stmt *stmt, size_t i,
                            const double *values, struct shape shape) {
  struct value value = {.known = true, .node = -1};
  struct node node = {.name = stmt->names[i], .span = stmt->name_spans[i],
                      .kind = stmt->kind == STMT_PARAM ? NODE_PARAM : NODE_DATA};
  uint32_t stride = shape.cols;
  if (build->cut.count > 1 && node.kind == NODE_DATA)
    *(build->cut.across ? &shape.cols : &shape.rows) = 1; /* a side that all data leaves share */
  enum status status = lower_slot(&build->builder, shape, value, stmt->span, &node.slot);
  if (status) return status;
  double *image = program_image(&build->builder.model->program, node.slot);
  for (uint32_t row = 0; row < shape.rows; row++)
    memcpy(image + (size_t)row * shape.cols, values + (size_t)row * stride,
           shape.cols * sizeof *values);
  return lower_node(&build->builder, node);
}

static bool loader_knows(const struct loader *loader, const struct expr *expr) {
  if (!loader || expr->kind != EXPR_APPLY || expr->op >= 0) return false;
  for (const char *const *name = loader->names; *name; name++)
    if (strcmp(*name, expr->name) == 0) return true;
  return false;
}

static enum status load_leaves(struct build *build, const struct stmt *stmt) {
  enum { MOST = 32 };
  const struct expr *call = stmt->value;
  double args[MOST];
  struct operand tensors[MOST] = {0};
  enum status status = STATUS_OK;
  for (size_t i = 0; !status && i < call->count; i++)
    status = lower_number(&build->builder, call->args[i], _("an argument"), &args[i]);
  if (!status)
    status = build->loader->load(build->loader, call->name, args, call->count, tensors,
                                 stmt->name_count, call->span, build->builder.diag);
  for (size_t i = 0; i < stmt->name_count; i++) {
    if (!status) status = add_leaf(build, stmt, i, tensors[i].values, tensors[i].shape);
    free((void *)(uintptr_t)tensors[i].values);
  }
  return status;
}

/* Computes the right side at once and keeps only its result. */
static enum status compute_leaf(struct build *build, const struct stmt *stmt) {
  struct model *model = build->builder.model;
  struct builder now = build->builder;
  struct program_mark mark = program_mark(&model->program);
  int slot;
  now.code = NULL;
  now.recording = false;
  enum status status = lower_expr(&now, stmt->value, NULL, &slot);
  if (status) return status;
  if (stmt->name_count != 1)
    return diag_set(now.diag, STATUS_DATA, stmt->span, _("%zu names, but one value"),
                    stmt->name_count);
  if (!model->values[slot].known)
    return diag_set(now.diag, STATUS_DATA, stmt->value->span, "%s",
                    _("a leaf can be made of numbers and of other leaves only"));
  struct shape shape = model_shape(model, slot);
  double *values = malloc(shape_count(shape) * sizeof *values);
  if (!values) return diag_no_memory(now.diag);
  memcpy(values, program_image(&model->program, slot), shape_count(shape) * sizeof *values);
  program_rollback(&model->program, mark);
  status = add_leaf(build, stmt, 0, values, shape);
  free(values);
  return status;
}

/* -- statements -- */

/* The slots of the nodes outside [FIRST, end) that the nodes inside are computed from, each
 * once. */
static int *outer_operands(struct model *model, size_t first, size_t *count) {
  int *operands = arena_alloc(&model->arena, 2 * (model->node_count - first), sizeof *operands);
  *count = 0;
  for (size_t n = first; operands && n < model->node_count; n++)
    for (size_t i = 0; i < model->nodes[n].operand_count; i++) {
      int slot = model->nodes[n].operands[i], known = model->values[slot].node >= (int)first;
      for (size_t k = 0; k < *count; k++) known = known || operands[k] == slot;
      if (!known && model->values[slot].node >= 0) operands[(*count)++] = slot;
    }
  return operands;
}

/* Makes the nodes and gates of one statement foldable, if there are several. */
static enum status group_statement(struct build *build, const struct stmt *stmt, size_t first_node,
                                   size_t first_instance, int slot) {
  struct model *model = build->builder.model;
  size_t parts = 0;
  for (size_t n = first_node; n < model->node_count; n++) parts += model->nodes[n].instance < 0;
  for (size_t i = first_instance; i < model->instance_count; i++)
    parts += model->instances[i].parent < 0;
  if (parts <= 1) return STATUS_OK;
  struct instance group = {.parent = -1, .output = model->values[slot].node,
                           .formula = stmt->value};
  group.operands = outer_operands(model, first_node, &group.operand_count);
  if (!group.operands ||
      !array_reserve(&model->instances, &model->instance_capacity, model->instance_count + 1,
                     sizeof *model->instances))
    return diag_no_memory(build->builder.diag);
  int index = (int)model->instance_count;
  for (size_t n = first_node; n < model->node_count; n++)
    if (model->nodes[n].instance < 0) model->nodes[n].instance = index;
  for (size_t i = first_instance; i < model->instance_count; i++)
    if (model->instances[i].parent < 0) model->instances[i].parent = index;
  model->instances[model->instance_count++] = group;
  return STATUS_OK;
}

static enum status build_node(struct build *build, const struct stmt *stmt) {
  struct builder *builder = &build->builder;
  struct model *model = builder->model;
  size_t first_slot = model->program.slot_count, first_node = model->node_count;
  size_t first_instance = model->instance_count;
  int slot;
  builder->prefix = stmt->names[0];
  builder->number = 0;
  enum status status = lower_expr(builder, stmt->value, stmt->names[0], &slot);
  if (!status && (size_t)slot < first_slot)
    status = lower_copy(builder, slot, stmt->span, stmt->names[0], &slot);
  if (status) return status;
  if (model->values[slot].constant) {
    struct node node = {.name = stmt->names[0], .kind = NODE_CONST, .slot = slot,
                        .span = stmt->span, .formula = model->values[slot].ref};
    if ((status = lower_node(builder, node))) return status;
  }
  if (!build->loss_statement) model->loss = model->values[slot].node;
  return group_statement(build, stmt, first_node, first_instance, slot);
}

static enum status build_loss(struct build *build, const struct stmt *stmt) {
  struct model *model = build->builder.model;
  struct diag *diag = build->builder.diag;
  if (build->loss_statement)
    return diag_set(diag, STATUS_DATA, stmt->span, "%s", _("the loss is already named"));
  build->loss_statement = stmt;
  model->loss = model_find(model, stmt->names[0]);
  if (model->loss >= 0) return STATUS_OK;
  struct expr name = {.kind = EXPR_NAME, .span = stmt->name_spans[0], .name = stmt->names[0]};
  int slot;
  return lower_expr(&build->builder, &name, NULL, &slot); /* says what is wrong */
}

static enum status build_statement(struct build *build, const struct stmt *stmt) {
  struct model *model = build->builder.model;
  switch (stmt->kind) {
    case STMT_SEED: random_seed(&model->random, stmt->seed); return STATUS_OK;
    case STMT_DATA:
    case STMT_PARAM:
      return loader_knows(build->loader, stmt->value) ? load_leaves(build, stmt)
                                                      : compute_leaf(build, stmt);
    case STMT_NODE: return build_node(build, stmt);
    case STMT_LOSS: return build_loss(build, stmt);
    case STMT_GATE: return check_gate(stmt, build->builder.diag);
    case STMT_BACKWARD:
      if (model->backward)
        return diag_set(build->builder.diag, STATUS_DATA, stmt->span, "%s",
                        _("a model has one backward block"));
      model->backward = stmt;
      return STATUS_OK;
  }
  return STATUS_INTERNAL;
}

static enum status check_loss(const struct build *build, const struct source *source) {
  struct model *model = build->builder.model;
  struct diag *diag = build->builder.diag;
  struct shape shape = {1, 1};
  if (model->loss >= 0) shape = model_shape(model, model->nodes[model->loss].slot);
  if (shape_count(shape) == 1) return STATUS_OK;
  if (!build->loss_statement && !model->backward) {
    model->loss = -1; /* a model without a loss: values only */
    return STATUS_OK;
  }
  struct span span = build->loss_statement ? build->loss_statement->span
                                           : (struct span){source, 0, 0};
  diag_set(diag, STATUS_DATA, span, _("the loss \"%s\" is %u x %u"),
           model->nodes[model->loss].name, shape.rows, shape.cols);
  diag_hint(diag, "%s", _("expected one number, 1 x 1: sum(…) or mean(…) makes one"));
  return STATUS_DATA;
}

static enum status build_all(struct build *build, const struct source *source) {
  struct model *model = build->builder.model;
  struct diag *diag = build->builder.diag;
  enum status status;
  if ((status = parse_model(&prelude_source, &model->arena, &model->prelude, diag)) ||
      (status = parse_model(source, &model->arena, &model->syntax, diag)) ||
      (status = reserve_names(build)) || (status = check_gradient_names(build)))
    return status;
  if (model->syntax.count == 0)
    return diag_set(diag, STATUS_DATA, (struct span){source, 0, 0}, "%s",
                    _("this text has no statement"));
  for (size_t i = 0; i < model->syntax.count; i++)
    if ((status = build_statement(build, &model->syntax.statements[i]))) return status;
  if ((status = check_loss(build, source))) return status;
  model->built = program_mark(&model->program);
  if (!shown_make(model)) return diag_no_memory(diag);
  return rules_derive(model, diag);
}

static enum status build(struct model *model, const struct source *source,
                         const struct loader *loader, struct batch cut, struct diag *diag) {
  struct build build = {.loader = loader, .cut = cut};
  *model = (struct model){.loss = -1};
  arena_init(&model->arena);
  arena_init(&model->rule_arena);
  random_seed(&model->random, 0);
  build.builder = (struct builder){.model = model, .arena = &model->arena, .diag = diag,
                                   .code = &model->program.forward,
                                   .recording = true, .own = -1, .instance = -1,
                                   .reserved = &build.reserved,
                                   .data_functions = loader ? loader->names : NULL};
  struct source *kept = ARENA_NEW(&model->arena, struct source); /* spans point to it */
  if (kept) *kept = *source;
  model->source = kept;
  enum status status = kept ? build_all(&build, kept) : diag_no_memory(diag);
  scope_done(&build.reserved);
  return status;
}

enum status model_build(struct model *model, const struct source *source,
                        const struct loader *loader, struct diag *diag) {
  return build(model, source, loader, (struct batch){0}, diag);
}

/* Copies the values of the leaves of OF that have the same shape here. */
static void copy_leaves(struct model *model, const struct model *of) {
  for (size_t n = 0; n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    if (node->kind > NODE_PARAM) continue;
    int other = model_find(of, node->name), from = other < 0 ? node->slot : of->nodes[other].slot;
    struct shape shape = model_shape(model, node->slot), wider = model_shape(of, from);
    if (other < 0 || shape.rows > wider.rows || shape.cols > wider.cols) continue;
    const double *values = of->program.image + of->program.slots[from].offset;
    double *image = program_image(&model->program, node->slot);
    for (uint32_t row = 0; row < shape.rows; row++)
      memcpy(image + (size_t)row * shape.cols, values + (size_t)row * wider.cols,
             shape.cols * sizeof *image);
  }
}

enum status model_rebuild(struct model *model, const struct model *of, const struct loader *loader,
                          bool first_only, struct diag *diag) {
  struct batch cut = first_only ? model_batch(of) : (struct batch){0};
  enum status status = build(model, of->source, loader, cut, diag);
  if (status) return status;
  copy_leaves(model, of);
  for (size_t i = 0; i < model->instance_count && i < of->instance_count; i++)
    model->instances[i].folded = of->instances[i].folded;
  model->random = of->random;
  return rules_derive(model, diag);
}
