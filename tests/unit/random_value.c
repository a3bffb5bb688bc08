#include "random_value.h"

#include "lang/lower.h"
#include "lang/parse.h"
#include "lang/prelude.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

const char random_own_gates[] =
    "gate swish(x)\n  h = sigmoid(x)\n  out = x * h\n"
    "  dh = dout * x\n  dx = dout * h + dh * h * (1 - h)\nend\n"
    "gate total(x)\n  out = sum(x)\n  dx = dout\nend\n"
    "gate gated(x, y)\n  h = tanh(x)\n  out = h * swish(y) + x\nend\n";

/* -- library -- */

static void take_gates(struct random_library *library, const struct syntax *syntax) {
  for (size_t i = 0; i < syntax->count; i++) {
    assert_true(library->gate_count < RANDOM_MAX_GATES - 1); /* one more is each model's own */
    if (syntax->statements[i].kind == STMT_GATE)
      library->gates[library->gate_count++] = &syntax->statements[i];
  }
}

static void take_rules(struct random_library *library, int op) {
  struct diag diag;
  for (int i = 0; i < MAX_OPERANDS; i++) {
    const char *at_zero = op_table[op].rules_at_zero[i];
    const char *rule = at_zero ? at_zero : op_table[op].rules[i];
    struct source source = source_from("rule", rule, rule ? strlen(rule) : 0);
    if (rule)
      assert_int_equal(
          parse_expr(source_span(&source), &library->arena, &library->rules[op][i], &diag),
          STATUS_OK);
  }
}

void random_library_init(struct random_library *library) {
  static const struct source own_source = {
      .name = "own", .text = random_own_gates, .length = sizeof random_own_gates - 1,
      .first_line = 1};
  struct diag diag;
  *library = (struct random_library){0};
  arena_init(&library->arena);
  assert_int_equal(parse_model(&prelude_source, &library->arena, &library->prelude, &diag),
                   STATUS_OK);
  assert_int_equal(parse_model(&own_source, &library->arena, &library->own, &diag), STATUS_OK);
  take_gates(library, &library->prelude);
  library->prelude_count = library->gate_count;
  take_gates(library, &library->own);
  for (int op = 0; op < OP_COUNT; op++) take_rules(library, op);
}

void random_library_done(struct random_library *library) {
  syntax_done(&library->prelude);
  syntax_done(&library->own);
  arena_done(&library->arena);
}

/* -- what a tree is worth -- */

static bool room_for(struct shape shape) {
  return shape_count(shape) <= RANDOM_MAX_ENTRIES;
}

/* Nothing that overflows a little further on, and nothing beside which all else is round-off. */
static bool is_moderate(const struct random_tensor *tensor) {
  for (size_t i = 0; i < shape_count(tensor->shape); i++)
    if (!(fabs(tensor->values[i]) <= 1e5)) return false;
  return true;
}

void random_bind(struct random_frame *frame, const char *name, const struct random_tensor *value) {
  assert_true(frame->count < RANDOM_MAX_NODES);
  struct random_binding *binding = &frame->items[frame->count++];
  binding->name = name;
  binding->expr = NULL;
  binding->used = binding->leaf = binding->param = binding->constant = false;
  binding->value.shape = value->shape;
  memcpy(binding->value.values, value->values, shape_count(value->shape) * sizeof(double));
}

bool random_run_op(struct random_walker *walker, const struct op *op,
                   const struct random_tensor in[],
                   int axis, struct random_tensor *out) {
  struct call call = {.out = out->values, .axis = axis, .random = walker->draws};
  struct shape shapes[MAX_OPERANDS];
  for (int i = 0; i < op->arity; i++) {
    shapes[i] = in[i].shape;
    call.in[i] = (struct operand){in[i].values, shapes[i]};
  }
  if (op->sizes == 0 && !op->shape(shapes, axis, &out->shape)) return false;
  call.shape = out->shape;
  if (!room_for(out->shape)) return false;
  op->forward(&call, shape_rect(call.shape));
  if (op->flags & OP_RANDOM) walker->drew = true;
  return is_moderate(out);
}

bool random_has_slopes(struct random_walker *walker, int op, const struct random_tensor in[],
                       const bool fixed[], const struct random_tensor *out) {
  static const char *const names[MAX_OPERANDS] = {"a", "b"};
  struct random_frame frame RANDOM_UNFILLED;
  struct random_tensor slope RANDOM_UNFILLED;
  bool fits = true;
  if (walker->in_rule || (!op_table[op].domain[0] && !op_table[op].domain[1])) return true;
  frame.count = 0;
  for (int i = 0; i < op_table[op].arity; i++) random_bind(&frame, names[i], &in[i]);
  random_bind(&frame, "out", out);
  slope.shape = out->shape;
  for (size_t i = 0; i < shape_count(slope.shape); i++) slope.values[i] = 1;
  random_bind(&frame, "dout", &slope);
  walker->in_rule = true;
  for (int i = 0; i < op_table[op].arity; i++) {
    const struct expr *rule = walker->library->rules[op][i];
    fits = fits && (!rule || fixed[i] || random_evaluate(walker, &frame, rule, &slope));
  }
  walker->in_rule = false;
  return fits;
}

static bool evaluate_op(struct random_walker *walker, const struct random_frame *frame,
                        const struct expr *expr, struct random_tensor *out) {
  const struct op *op = &op_table[expr->op];
  struct random_tensor in[MAX_OPERANDS] RANDOM_UNFILLED;
  bool fixed[MAX_OPERANDS];
  int axis = AXIS_ALL;
  for (int i = 0; i < op->arity; i++) {
    if (!random_evaluate(walker, frame, expr->args[i], &in[i])) return false;
    fixed[i] = expr->args[i]->kind == EXPR_NUMBER;
  }
  if (op->flags & OP_AXIS && expr->count > (size_t)op->arity)
    axis = (int)expr->args[op->arity]->number;
  for (int i = 0; i < op->sizes; i++) {
    if (!random_evaluate(walker, frame, expr->args[i], &in[0])) return false;
    *(i == 0 ? &out->shape.rows : &out->shape.cols) = (uint32_t)in[0].values[0];
    if (op->sizes == 1) out->shape.cols = out->shape.rows;
  }
  if (op->flags & OP_PLACE) {
    if (!random_evaluate(walker, frame, expr->args[op->sizes], &in[0])) return false;
    axis = (int)in[0].values[0];
  }
  return random_run_op(walker, op, in, axis, out) &&
         random_has_slopes(walker, expr->op, in, fixed, out);
}

size_t random_find_gate(const struct random_walker *walker, const char *name) {
  size_t i = walker->gate_count;
  while (i > 0 && strcmp(walker->gates[i - 1]->names[0], name) != 0) i--;
  assert_true(i > 0);
  return i - 1;
}

static const struct random_tensor *look_up(const struct random_frame *frame, const char *name) {
  for (size_t i = frame->count; i-- > 0;)
    if (strcmp(frame->items[i].name, name) == 0) return &frame->items[i].value;
  fail_msg("no name \"%s\"", name);
  return NULL;
}

bool random_run_gate(struct random_walker *walker, const struct stmt *gate,
                     struct random_frame *frame,
                     struct random_tensor *out) {
  struct random_tensor value RANDOM_UNFILLED;
  for (size_t i = 0; i < gate->line_count; i++) {
    if (gate_line_is_rule(gate, i)) continue;
    if (!random_evaluate(walker, frame, gate->lines[i].value, &value)) return false;
    random_bind(frame, gate->lines[i].target, &value);
  }
  *out = *look_up(frame, "out");
  return true;
}

static bool evaluate_gate(struct random_walker *walker, const struct random_frame *frame,
                          const struct expr *expr, struct random_tensor *out) {
  const struct stmt *gate = walker->gates[random_find_gate(walker, expr->name)];
  struct random_frame inner RANDOM_UNFILLED;
  struct random_tensor value RANDOM_UNFILLED;
  inner.count = 0;
  for (size_t i = 0; i < expr->count; i++) {
    if (!random_evaluate(walker, frame, expr->args[i], &value)) return false;
    random_bind(&inner, gate->names[i + 1], &value);
  }
  return random_run_gate(walker, gate, &inner, out);
}

bool random_evaluate(struct random_walker *walker, const struct random_frame *frame,
                     const struct expr *expr, struct random_tensor *out) {
  switch (expr->kind) {
    case EXPR_NUMBER:
      *out = (struct random_tensor){{1, 1}, {expr->number}};
      return true;
    case EXPR_MATRIX:
      out->shape = expr->shape;
      memcpy(out->values, expr->entries, shape_count(expr->shape) * sizeof(double));
      return true;
    case EXPR_NAME: *out = *look_up(frame, expr->name); return true;
    case EXPR_APPLY: break;
  }
  return expr->op >= 0 ? evaluate_op(walker, frame, expr, out)
                       : evaluate_gate(walker, frame, expr, out);
}
