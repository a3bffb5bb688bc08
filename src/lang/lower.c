#include "lang/lower.h"

#include "core/intl.h"
#include "core/shortcut.h"
#include "lang/lex.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* MAX_DEPTH bounds the recursion over expressions and the gates that they call, all together. */
enum { MAX_DEPTH = 300, MAX_REF_SIZE = 40, MAX_SIDE = 1 << 24 };

/* -- messages -- */

/* An error in the user's text: inside a gate the place to look at is the call. */
static struct span place_of(const struct builder *builder, struct span span) {
  return builder->gate_depth > 0 ? builder->call : span;
}

static enum status fail(struct builder *builder, enum status status, struct span span,
                        const char *message) {
  return diag_set(builder->diag, status, place_of(builder, span), "%s", message);
}

static void hint_inside(struct builder *builder, struct span span) {
  if (builder->gate_depth > 0 && span.source)
    diag_hint(builder->diag, _("inside the gate, at \"%.*s\""),
              (int)(span.end - span.start > 120 ? 120 : span.end - span.start),
              span.source->text + span.start);
}

static enum status no_room(struct builder *builder, enum status status, struct span span,
                           struct shape shape) {
  if (status == STATUS_NO_MEMORY) return diag_no_memory(builder->diag);
  diag_set(builder->diag, status, place_of(builder, span),
           _("a %u x %u tensor here would exceed the limit of %d numbers for one model"),
           shape.rows, shape.cols, PROGRAM_MAX_VALUES);
  return status;
}

/* -- slots and nodes -- */

enum status lower_slot(struct builder *builder, struct shape shape, struct value value,
                       struct span span, int *slot) {
  struct model *model = builder->model;
  enum status status = program_slot(&model->program, shape, slot);
  if (status) return no_room(builder, status, span, shape);
  if (!array_reserve(&model->values, &model->value_capacity, (size_t)*slot + 1,
                     sizeof *model->values))
    return diag_no_memory(builder->diag);
  model->values[*slot] = value;
  return STATUS_OK;
}

static bool name_defined(const struct builder *builder, const char *name) {
  return scope_find(&builder->model->scope, name) >= 0 ||
         (builder->reserved && scope_find(builder->reserved, name) >= 0);
}

/* A name is also taken if it would read as a gradient, or have a gradient that reads as a name. */
static bool name_taken(const struct builder *builder, const char *name) {
  char gradient[NAME_MAX_BYTES + 2];
  snprintf(gradient, sizeof gradient, "d%s", name);
  return name_defined(builder, name) || name_defined(builder, gradient) ||
         (name[0] == 'd' && name_defined(builder, name + 1));
}

/* WANTED if it is free (a statement's own name always is), else PREFIX_1, PREFIX_2, … */
static const char *free_name(struct builder *builder, const char *wanted) {
  if (wanted && builder->instance < 0) return wanted;
  if (wanted && (wanted == builder->prefix || !name_taken(builder, wanted))) return wanted;
  for (;;) {
    const char *name = arena_printf(builder->arena, "%s_%u", builder->prefix, ++builder->number);
    if (!name || !name_taken(builder, name)) return name;
  }
}

enum status lower_node(struct builder *builder, struct node node) {
  struct model *model = builder->model;
  if (model->node_count >= MODEL_MAX_NODES)
    return diag_set(builder->diag, STATUS_DATA, place_of(builder, node.span),
                    _("the model has more than %d nodes"), MODEL_MAX_NODES);
  const struct expr *ref = expr_name(builder->arena, SPAN_NONE, node.name);
  if (!ref || !scope_bind(&model->scope, node.name, node.slot) ||
      !array_reserve(&model->nodes, &model->node_capacity, model->node_count + 1,
                     sizeof *model->nodes))
    return diag_no_memory(builder->diag);
  node.instance = builder->instance;
  node.gradient = -1;
  node.span = place_of(builder, node.span);
  model->values[node.slot].node = (int)model->node_count;
  model->values[node.slot].ref = ref;
  model->nodes[model->node_count++] = node;
  return STATUS_OK;
}

/* -- applying an operation -- */

struct application {
  int op;
  struct shape shape; /* of the output */
  int in[MAX_OPERANDS];
  int axis;
  bool turns_left; /* a matrix product whose left operand is a transpose that is written in it, so
                    * that nothing else can have a name for it */
  struct span span;
  const struct expr *extra[3]; /* sizes and place, or axis, for the formula */
  size_t extra_count;
};

/* The operation written over how its operands are written: `x + y`, `sum(z, 1)`, `ones(5, 3)`. */
static const struct expr *formula_of(struct builder *builder, const struct application *apply) {
  const struct expr *args[MAX_OPERANDS + 3];
  size_t count = 0;
  for (int i = 0; i < op_table[apply->op].arity; i++) {
    args[count] = builder->model->values[apply->in[i]].ref;
    if (!args[count++]) return NULL;
  }
  for (size_t i = 0; i < apply->extra_count; i++) args[count++] = apply->extra[i];
  return expr_apply(builder->arena, SPAN_NONE, apply->op, op_table[apply->op].name, args,
                    count);
}

/* The numbers of a constant, as a matrix; in *REF, NULL if no memory is left. False if they are too
 * many to be read in a line, or cannot be written. */
static bool constant_matrix(struct builder *builder, struct shape shape, int slot,
                            const struct expr **ref) {
  enum { MOST_ENTRIES = 64 };
  struct model *model = builder->model;
  const double *values = program_image(&model->program, slot);
  const size_t count = shape_count(shape);
  if (count > MOST_ENTRIES) return false;
  for (size_t i = 0; i < count; i++)
    if (!isfinite(values[i])) return false;
  struct expr *matrix = ARENA_NEW(builder->arena, struct expr);
  double *entries = arena_alloc(builder->arena, count, sizeof *entries);
  *ref = entries ? matrix : NULL;
  if (!*ref) return true;
  memcpy(entries, values, count * sizeof *entries);
  *matrix = (struct expr){.kind = EXPR_MATRIX, .height = 1, .size = 1, .shape = shape,
                          .entries = entries};
  return true;
}

/* How a constant is written by the lines that use it; one that would grow too long is written as
 * its numbers. */
static enum status constant_ref(struct builder *builder, const struct application *apply, int slot,
                                const struct expr **ref) {
  struct model *model = builder->model;
  *ref = formula_of(builder, apply);
  if (*ref && (*ref)->size > MAX_REF_SIZE) {
    if (shape_count(apply->shape) == 1)
      *ref = expr_number(builder->arena, SPAN_NONE, *program_image(&model->program, slot));
    else if (!constant_matrix(builder, apply->shape, slot, ref))
      return fail(builder, STATUS_DATA, apply->span,
                  _("this constant is made of too many parts; give some of them names"));
  }
  return *ref ? STATUS_OK : diag_no_memory(builder->diag);
}

static enum status apply_now(struct builder *builder, const struct application *apply,
                             struct instr instr, int *slot) {
  struct model *model = builder->model;
  struct value value = {.known = true, .constant = true, .folded = true, .node = -1};
  enum status status = lower_slot(builder, apply->shape, value, apply->span, slot);
  if (status) return status;
  instr.out = *slot;
  program_run_on_image(&model->program, instr, &model->random);
  if (builder->code && !shortcut_taken(SHORTCUT_FOLDED_CONSTANTS) &&
      program_emit(builder->code, instr))
    return diag_no_memory(builder->diag);
  if (!builder->recording) return STATUS_OK; /* a leaf's right side, a rule: not written again */
  return constant_ref(builder, apply, *slot, &model->values[*slot].ref);
}

/* A rule's  a.T @ b  needs no a.T of its own: takes back the instruction that made it, if it was
 * the last. A transpose that has a name is another line's, and stays. */
static struct instr without_transpose(struct builder *builder, const struct application *apply,
                                      struct instr instr) {
  struct code *code = builder->code;
  if (builder->recording || !apply->turns_left || code->count == 0 ||
      !shortcut_taken(SHORTCUT_TRANSPOSED_PRODUCT))
    return instr;
  const struct instr *last = &code->items[code->count - 1];
  if (last->op != OP_TRANSPOSE || last->out != instr.in[0]) return instr;
  instr.op = OP_MATMUL_TRANSPOSED;
  instr.in[0] = last->in[0];
  code->count--;
  return instr;
}

static enum status apply_later(struct builder *builder, const struct application *apply,
                               struct instr instr, const char *wanted, int *slot) {
  const struct op *op = &op_table[apply->op];
  enum status status = lower_slot(builder, apply->shape, (struct value){.node = -1}, apply->span,
                                  slot);
  if (status) return status;
  instr = without_transpose(builder, apply, instr);
  instr.out = *slot;
  if ((status = program_emit(builder->code, instr))) return diag_no_memory(builder->diag);
  if (!builder->recording) return STATUS_OK;
  struct node node = {.name = free_name(builder, wanted), .kind = NODE_OP, .op = apply->op,
                      .slot = *slot, .operand_count = (size_t)op->arity, .span = apply->span,
                      .formula = formula_of(builder, apply)};
  if (!node.name || !node.formula) return diag_no_memory(builder->diag);
  for (int i = 0; i < op->arity; i++) node.operands[i] = apply->in[i];
  return lower_node(builder, node);
}

static enum status not_known(struct builder *builder, struct span span, int slot) {
  int node = builder->model->values[slot].node;
  diag_set(builder->diag, STATUS_DATA, place_of(builder, span),
           _("\"%s\" is computed by the model, so it has no value yet"),
           node >= 0 ? builder->model->nodes[node].name : "?");
  diag_hint(builder->diag, "%s", _("a leaf can be made of numbers and of other leaves"));
  return STATUS_DATA;
}

/* Constants are folded; a leaf's right side is computed at once; the rest becomes code. */
static enum status apply_op(struct builder *builder, const struct application *apply,
                            const char *wanted, int *slot) {
  const struct op *op = &op_table[apply->op];
  struct instr instr = {.op = apply->op, .axis = apply->axis};
  bool now = !builder->code || !(op->flags & OP_RANDOM);
  for (int i = 0; i < op->arity; i++) {
    const struct value *value = &builder->model->values[apply->in[i]];
    instr.in[i] = apply->in[i];
    if (!builder->code && !value->known && !(op->flags & OP_STATIC))
      return not_known(builder, apply->span, apply->in[i]);
    now = now && (!builder->code || value->constant || op->flags & OP_STATIC);
  }
  return now ? apply_now(builder, apply, instr, slot)
             : apply_later(builder, apply, instr, wanted, slot);
}

static enum status shape_mismatch(struct builder *builder, const struct application *apply) {
  const struct op *op = &op_table[apply->op];
  struct shape a = model_shape(builder->model, apply->in[0]);
  struct shape b = model_shape(builder->model, apply->in[op->arity - 1]);
  diag_set(builder->diag, STATUS_DATA, place_of(builder, apply->span),
           _("the shapes %u x %u and %u x %u do not fit \"%s\""), a.rows, a.cols, b.rows, b.cols,
           op->symbol ? op->symbol : op->name);
  if (builder->gate_depth > 0)
    hint_inside(builder, apply->span);
  else if (op->flags & OP_PRODUCT)
    diag_hint(builder->diag, _("a matrix product needs as many columns on the left (%u) as rows "
                               "on the right (%u)"), a.cols, b.rows);
  else
    diag_hint(builder->diag, "%s", _("sides must be equal, or 1 to be repeated"));
  return STATUS_DATA;
}

enum status lower_copy(struct builder *builder, int slot, struct span span, const char *wanted,
                       int *copy) {
  struct application apply = {.op = OP_COPY, .shape = model_shape(builder->model, slot),
                              .in = {slot}, .span = span};
  return apply_op(builder, &apply, wanted, copy);
}

/* -- expressions -- */

static enum status lower_constant(struct builder *builder, const struct expr *expr, int *slot) {
  struct value value = {.known = true, .constant = true, .node = -1, .ref = expr};
  struct shape shape = expr->kind == EXPR_MATRIX ? expr->shape : (struct shape){1, 1};
  enum status status = lower_slot(builder, shape, value, expr->span, slot);
  if (!status)
    memcpy(program_image(&builder->model->program, *slot),
           expr->kind == EXPR_MATRIX ? expr->entries : &expr->number,
           shape_count(shape) * sizeof(double));
  return status;
}

static enum status unknown(struct builder *builder, const struct expr *expr, const char *what,
                           const char *nearest) {
  diag_set(builder->diag, STATUS_DATA, expr->span, _("unknown %s \"%s\""), what, expr->name);
  diag_suggest(builder->diag, nearest);
  return STATUS_DATA;
}

static const char *nearest_node(struct builder *builder, const char *name) {
  const char *best = NULL;
  for (size_t i = 0; i < builder->model->node_count; i++)
    if (!builder->model->nodes[i].part) /* nobody would type the others */
      best = suggest_nearer(name, best, builder->model->nodes[i].name);
  return best;
}

static enum status lower_name(struct builder *builder, const struct expr *expr, int *slot) {
  *slot = scope_find(builder->scope ? builder->scope : &builder->model->scope, expr->name);
  if (*slot < 0 && builder->resolve) *slot = builder->resolve(builder, expr->name);
  if (*slot >= 0) return STATUS_OK;
  if (builder->resolve && model_gradient_named(builder->model, expr->name) >= 0)
    return diag_set(builder->diag, STATUS_DATA, expr->span,
                    _("\"%s\" has not been assigned by the lines before"), expr->name);
  return unknown(builder, expr, _("name"), nearest_node(builder, expr->name));
}

enum status lower_number(struct builder *builder, const struct expr *expr, const char *what,
                         double *number) {
  int slot;
  enum status status = lower_expr(builder, expr, NULL, &slot);
  if (status) return status;
  const struct value *value = &builder->model->values[slot];
  bool known = builder->code ? value->constant : value->known;
  if (!known || shape_count(model_shape(builder->model, slot)) != 1) {
    diag_set(builder->diag, STATUS_DATA, place_of(builder, expr->span),
             _("%s must be a number that is known when the model is built"), what);
    diag_hint(builder->diag, "%s", _("a number, rows(x), cols(x), or made of these"));
    return STATUS_DATA;
  }
  *number = *program_image(&builder->model->program, slot);
  return STATUS_OK;
}

static enum status lower_size(struct builder *builder, const struct expr *expr, uint32_t *size,
                              const struct expr **written) {
  double number;
  enum status status = lower_number(builder, expr, _("a size"), &number);
  if (status) return status;
  if (!(number >= 1 && number <= MAX_SIDE) || number != (double)(uint32_t)number) {
    char text[NUMBER_TEXT_SIZE];
    return diag_set(builder->diag, STATUS_DATA, place_of(builder, expr->span),
                    _("a size must be a whole number from 1 to %d; this is %s"), MAX_SIDE,
                    number_text(number, text));
  }
  *size = (uint32_t)number;
  *written = expr_number(builder->arena, SPAN_NONE, number);
  return *written ? STATUS_OK : diag_no_memory(builder->diag);
}

static enum status wrong_count(struct builder *builder, const struct expr *expr, size_t want) {
  return diag_set(builder->diag, STATUS_DATA, place_of(builder, expr->span),
                  _("\"%s\" takes %zu %s; this has %zu"), expr->name, want,
                  want == 1 ? _("argument") : _("arguments"), expr->count);
}

/* The index of an entry of the result, from 0. */
static enum status lower_place(struct builder *builder, const struct expr *expr,
                               struct application *apply) {
  double number;
  size_t count = shape_count(apply->shape);
  enum status status = lower_number(builder, expr, _("a place"), &number);
  if (status) return status;
  if (!(number >= 0 && number < (double)count && number <= INT_MAX) ||
      number != (double)(int)number) {
    char text[NUMBER_TEXT_SIZE];
    return diag_set(builder->diag, STATUS_DATA, place_of(builder, expr->span),
                    _("a place must be a whole number from 0 to %zu; this is %s"), count - 1,
                    number_text(number, text));
  }
  apply->axis = (int)number;
  apply->extra[apply->extra_count] = expr_number(builder->arena, SPAN_NONE, number);
  return apply->extra[apply->extra_count++] ? STATUS_OK : diag_no_memory(builder->diag);
}

static enum status lower_constructor(struct builder *builder, const struct expr *expr,
                                     const char *wanted, int *slot) {
  const struct op *op = &op_table[expr->op];
  struct application apply = {.op = expr->op, .span = expr->span};
  size_t sizes = (size_t)op->sizes, places = op->flags & OP_PLACE ? 1 : 0;
  uint32_t sides[2];
  enum status status = STATUS_OK;
  if (expr->count != sizes + places) return wrong_count(builder, expr, sizes + places);
  for (size_t i = 0; !status && i < sizes; i++)
    status = lower_size(builder, expr->args[i], &sides[i], &apply.extra[apply.extra_count++]);
  if (status) return status;
  apply.shape = (struct shape){sides[0], sides[sizes - 1]};
  if (places > 0 && (status = lower_place(builder, expr->args[sizes], &apply))) return status;
  return apply_op(builder, &apply, wanted, slot);
}

static enum status lower_axis(struct builder *builder, const struct expr *expr,
                              struct application *apply) {
  const struct expr *axis = expr->args[1];
  if (axis->kind != EXPR_NUMBER || (axis->number != AXIS_DOWN && axis->number != AXIS_ACROSS))
    return fail(builder, STATUS_DATA, axis->span,
                _("the axis must be 0 (down the rows) or 1 (across the columns)"));
  apply->axis = (int)axis->number;
  apply->extra[apply->extra_count++] = axis;
  return STATUS_OK;
}

static enum status lower_primitive(struct builder *builder, const struct expr *expr,
                                   const char *wanted, int *slot) {
  const struct op *op = &op_table[expr->op];
  if (op->sizes > 0) return lower_constructor(builder, expr, wanted, slot);
  struct application apply = {.op = expr->op, .axis = AXIS_ALL, .span = expr->span};
  struct shape shapes[MAX_OPERANDS];
  size_t arity = (size_t)op->arity;
  bool has_axis = op->flags & OP_AXIS && expr->count == arity + 1;
  enum status status;
  if (expr->count != arity + has_axis) return wrong_count(builder, expr, arity);
  apply.turns_left = expr->op == OP_MATMUL && expr->args[0]->kind == EXPR_APPLY &&
                     expr->args[0]->op == OP_TRANSPOSE;
  for (size_t i = 0; i < arity; i++) {
    if ((status = lower_expr(builder, expr->args[i], NULL, &apply.in[i]))) return status;
    shapes[i] = model_shape(builder->model, apply.in[i]);
  }
  if (has_axis && (status = lower_axis(builder, expr, &apply))) return status;
  if (!op->shape(shapes, apply.axis, &apply.shape)) return shape_mismatch(builder, &apply);
  return apply_op(builder, &apply, wanted, slot);
}

/* -- gates -- */

static const struct stmt *find_gate(const struct model *model, const char *name) {
  const struct syntax *sources[] = {&model->syntax, &model->prelude};
  for (int s = 0; s < 2; s++)
    for (size_t i = sources[s]->count; i-- > 0;) {
      const struct stmt *stmt = &sources[s]->statements[i];
      if (stmt->kind == STMT_GATE && strcmp(stmt->names[0], name) == 0) return stmt;
    }
  return NULL;
}

static enum status unknown_function(struct builder *builder, const struct expr *expr) {
  const char *best = NULL;
  const struct model *model = builder->model;
  const struct syntax *sources[] = {&model->syntax, &model->prelude};
  for (int op = 0; op < OP_COUNT; op++)
    if (op_table[op].form == FORM_CALL)
      best = suggest_nearer(expr->name, best, op_table[op].name);
  for (int s = 0; s < 2; s++)
    for (size_t i = 0; i < sources[s]->count; i++) {
      const struct stmt *stmt = &sources[s]->statements[i];
      best = suggest_nearer(expr->name, best, stmt->kind == STMT_GATE ? stmt->names[0] : NULL);
    }
  for (const char *const *name = builder->data_functions; name && *name; name++) {
    best = suggest_nearer(expr->name, best, *name);
  }
  return unknown(builder, expr, _("function"), best);
}

bool gate_line_is_rule(const struct stmt *gate, size_t line) {
  const char *target = gate->lines[line].target;
  if (target[0] != 'd') return false;
  for (size_t i = 1; i < gate->name_count; i++)
    if (strcmp(gate->names[i], target + 1) == 0) return true;
  for (size_t i = 0; i < line; i++)
    if (strcmp(gate->lines[i].target, target + 1) == 0 && !gate_line_is_rule(gate, i)) return true;
  return false;
}

/* Binds the body's names one after the other and leaves the slot of `out`. */
static enum status lower_body(struct builder *builder, const struct stmt *gate,
                              struct scope *scope, const char *name, int *slot) {
  size_t first_slot = builder->model->program.slot_count;
  *slot = -1;
  for (size_t i = 0; i < gate->line_count; i++) {
    const struct assign *line = &gate->lines[i];
    if (gate_line_is_rule(gate, i)) continue;
    bool is_out = strcmp(line->target, "out") == 0;
    const char *wanted = NULL;
    if (builder->recording) {
      wanted = is_out ? name : arena_printf(builder->arena, "%s_%s", name, line->target);
      if (!wanted) return diag_no_memory(builder->diag);
    }
    int value;
    enum status status = lower_expr(builder, line->value, wanted, &value);
    if (!status && is_out && (size_t)value < first_slot)
      status = lower_copy(builder, value, line->span, wanted, &value);
    if (status) return status;
    if (!scope_bind(scope, line->target, value)) return diag_no_memory(builder->diag);
    if (is_out) *slot = value;
  }
  if (*slot < 0)
    return fail(builder, STATUS_DATA, gate->span, _("this gate never assigns its result, \"out\""));
  return STATUS_OK;
}

static enum status add_instance(struct builder *builder, const struct stmt *gate,
                                const int *operands, int *index) {
  struct model *model = builder->model;
  size_t count = gate->name_count - 1;
  int *kept = arena_alloc(builder->arena, count, sizeof *kept);
  const struct expr **refs = arena_alloc(builder->arena, count, sizeof *refs);
  if (!kept || !refs ||
      !array_reserve(&model->instances, &model->instance_capacity, model->instance_count + 1,
                     sizeof *model->instances))
    return diag_no_memory(builder->diag);
  for (size_t i = 0; i < count; i++) {
    kept[i] = operands[i];
    refs[i] = model->values[operands[i]].ref;
  }
  const struct expr *formula =
      expr_apply(builder->arena, SPAN_NONE, -1, gate->names[0], refs, count);
  if (!formula) return diag_no_memory(builder->diag);
  *index = (int)model->instance_count++;
  model->instances[*index] = (struct instance){.gate = gate, .parent = builder->instance,
                                               .output = -1, .folded = true,
                                               .operand_count = count, .operands = kept,
                                               .formula = formula};
  return STATUS_OK;
}

/* Lowers the body in a builder of its own, whose names are the body's. */
static enum status enter_gate(struct builder *builder, const struct stmt *gate,
                              const struct expr *expr, const int *operands, const char *name,
                              int instance, int *slot) {
  struct builder inner = *builder;
  struct scope scope;
  scope_init(&scope);
  inner.scope = &scope;
  inner.resolve = NULL;
  inner.gate_depth++;
  if (builder->gate_depth == 0) inner.call = expr->span;
  if (instance >= 0) inner.instance = instance;
  if (name != builder->prefix) inner.number = 0;
  inner.prefix = name;
  enum status status = STATUS_OK;
  for (size_t i = 1; !status && i < gate->name_count; i++)
    if (!scope_bind(&scope, gate->names[i], operands[i - 1])) status = diag_no_memory(inner.diag);
  if (!status) status = lower_body(&inner, gate, &scope, name, slot);
  if (inner.prefix == builder->prefix) builder->number = inner.number;
  if (instance >= 0 && !status) builder->model->instances[instance].scope = scope;
  else scope_done(&scope);
  return status;
}

static enum status lower_gate(struct builder *builder, const struct expr *expr,
                              const char *wanted, int *slot) {
  struct model *model = builder->model;
  const struct stmt *gate = find_gate(model, expr->name);
  int operands[32], instance = -1;
  enum status status;
  if (!gate) return unknown_function(builder, expr);
  size_t count = gate->name_count - 1;
  if (expr->count != count) return wrong_count(builder, expr, count);
  for (size_t i = 0; i < count; i++)
    if ((status = lower_expr(builder, expr->args[i], NULL, &operands[i]))) return status;
  const char *name = builder->recording ? free_name(builder, wanted) : NULL;
  if (builder->recording && !name) return diag_no_memory(builder->diag);
  if (name && (status = add_instance(builder, gate, operands, &instance))) return status;
  status = enter_gate(builder, gate, expr, operands, name, instance, slot);
  if (!status && instance >= 0) model->instances[instance].output = model->values[*slot].node;
  return status;
}

enum status lower_expr(struct builder *builder, const struct expr *expr, const char *wanted,
                       int *slot) {
  enum status status = STATUS_INTERNAL;
  if (++builder->model->lowered > MODEL_MAX_LOWERED)
    return fail(builder, STATUS_DATA, expr->span,
                _("this model asks for more than a million operations"));
  if (builder->depth >= MAX_DEPTH)
    return fail(builder, STATUS_DATA, expr->span,
                _("expressions and gates nest too deeply here (does a gate call itself?)"));
  builder->depth++;
  switch (expr->kind) {
    case EXPR_NUMBER:
    case EXPR_MATRIX: status = lower_constant(builder, expr, slot); break;
    case EXPR_NAME: status = lower_name(builder, expr, slot); break;
    case EXPR_APPLY:
      status = expr->op >= 0 ? lower_primitive(builder, expr, wanted, slot)
                             : lower_gate(builder, expr, wanted, slot);
      break;
  }
  builder->depth--;
  return status;
}
