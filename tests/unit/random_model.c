#include "random_model.h"

#include "block.h"
#include "lang/lower.h"
#include "lang/parse.h"
#include "lang/print.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

/* Its rule ignores the 1e-7 in its logarithm and takes each row of t for a distribution. */
static const char *const inexact_gates[] = {"softmax_with_loss"};

static const struct span nowhere = {0};

/* -- the maker and its dice -- */

struct maker {
  struct random_model *made;
  unsigned wishes;
  uint32_t sides[3]; /* few of them, so that many operands fit each other */
  uint32_t seed;
  struct random dice;
  struct random leaves; /* what the model's generator draws for its leaves */
  struct random nodes;  /* what stands in for the draws of its nodes */
  struct random_walker walker;
};

/* A tree and what it is worth. */
struct piece {
  const struct expr *expr;
  bool constant; /* made of numbers and shapes only */
  struct random_tensor value;
};

static size_t pick(struct maker *maker, size_t count) {
  return (size_t)(random_uniform(&maker->dice) * (double)count);
}

/* True PERCENT times of a hundred. */
static bool chance(struct maker *maker, size_t percent) {
  return pick(maker, 100) < percent;
}

static uint32_t pick_side(struct maker *maker) {
  return maker->sides[pick(maker, 3)];
}

/* Two long sides would be too many numbers. */
static struct shape pick_shape(struct maker *maker) {
  struct shape shape = {pick_side(maker), pick_side(maker)};
  if (shape_count(shape) > RANDOM_MAX_ENTRIES) shape.cols = maker->sides[0];
  return shape;
}

static const struct expr *number(struct maker *maker, double value) {
  return expr_number(&maker->made->arena, nowhere, value);
}

static const struct expr *call_op(struct maker *maker, int op, const struct expr *const *args,
                                  size_t count) {
  const struct expr *expr =
      expr_apply(&maker->made->arena, nowhere, op, op_table[op].name, args, count);
  assert_non_null(expr);
  return expr;
}

/* -- templates: an expression of z -- */

static const struct expr *replace_z(void *context, const char *name) {
  return strcmp(name, "z") == 0 ? context : NULL;
}

/* PIECE becomes TEMPLATE with it in the place of z. TEMPLATE lasts as long as the program. */
static bool wrap(struct maker *maker, const char *template, struct piece *piece) {
  struct arena *arena = &maker->made->arena;
  struct source *source = ARENA_NEW(arena, struct source);
  struct random_frame frame RANDOM_UNFILLED;
  struct random_tensor value RANDOM_UNFILLED;
  const struct expr *expr;
  struct diag diag;
  assert_non_null(source);
  *source = source_from("template", template, strlen(template));
  assert_int_equal(parse_expr(source_span(source), arena, &expr, &diag), STATUS_OK);
  frame.count = 0;
  random_bind(&frame, "z", &piece->value);
  if (!random_evaluate(&maker->walker, &frame, expr, &value)) return false;
  piece->expr = expr_substitute(arena, expr, replace_z, (void *)(uintptr_t)piece->expr);
  assert_non_null(piece->expr);
  piece->value = value;
  return true;
}

/* -- pieces -- */

static bool make_piece(struct maker *maker, struct random_frame *frame, int depth,
                       struct piece *piece);

/* A name: often one without a user, or one of the last. */
static struct random_binding *pick_name(struct maker *maker, struct random_frame *frame) {
  size_t at = pick(maker, frame->count);
  if (chance(maker, 30)) return &frame->items[at];
  if (chance(maker, 40)) return &frame->items[frame->count - 1 - pick(maker, frame->count) / 3];
  for (size_t i = 0; i < frame->count; i++)
    if (!frame->items[(at + i) % frame->count].used) return &frame->items[(at + i) % frame->count];
  return &frame->items[at];
}

static void make_name(struct maker *maker, struct random_frame *frame, struct piece *piece) {
  struct random_binding *binding = pick_name(maker, frame);
  piece->expr = expr_name(&maker->made->arena, nowhere, binding->name);
  piece->constant = binding->constant;
  piece->value = binding->value;
  binding->used = true;
}

static void make_number(struct maker *maker, struct piece *piece) {
  static const double numbers[] = {0, 1, 2, 3, 0.5, 0.1, 0.7, 1e-3, 20};
  double value = numbers[pick(maker, sizeof numbers / sizeof *numbers)];
  piece->expr = number(maker, value);
  piece->constant = true;
  piece->value = (struct random_tensor){{1, 1}, {value}};
}

/* Small whole numbers and halves: ties, zeros. */
static void make_matrix(struct maker *maker, struct piece *piece) {
  struct shape shape = pick_shape(maker);
  struct expr *expr = ARENA_NEW(&maker->made->arena, struct expr);
  double *entries = arena_alloc(&maker->made->arena, shape_count(shape), sizeof *entries);
  assert_true(expr && entries);
  for (size_t i = 0; i < shape_count(shape); i++)
    entries[i] = chance(maker, 80) ? (double)pick(maker, 4) - 1 : (double)pick(maker, 5) / 2;
  *expr = (struct expr){.kind = EXPR_MATRIX, .height = 1, .size = 1, .shape = shape,
                        .entries = entries};
  piece->expr = expr;
  piece->constant = true;
  piece->value.shape = shape;
  memcpy(piece->value.values, entries, shape_count(shape) * sizeof *entries);
}

static void make_atom(struct maker *maker, struct random_frame *frame, struct piece *piece) {
  if (frame->count > 0 && chance(maker, 80)) make_name(maker, frame, piece);
  else if (chance(maker, 70)) make_number(maker, piece);
  else make_matrix(maker, piece);
}

/* zeros(r, c), rand(r, c), eye(n), unit(r, c, k), … */
static void make_constructor(struct maker *maker, int op, struct piece *piece) {
  const struct expr *args[3];
  const struct shape shape = pick_shape(maker);
  uint32_t sides[2] = {shape.rows, shape.cols};
  int axis = AXIS_ALL;
  size_t count = 0, sizes = (size_t)op_table[op].sizes;
  if (sizes == 1 && sides[0] * sides[0] > RANDOM_MAX_ENTRIES) sides[0] = maker->sides[0];
  for (; count < sizes; count++) args[count] = number(maker, sides[count]);
  if (op_table[op].flags & OP_PLACE) {
    axis = (int)pick(maker, (size_t)sides[0] * sides[sizes - 1]);
    args[count++] = number(maker, axis);
  }
  piece->expr = call_op(maker, op, args, count);
  piece->constant = op_table[op].flags & OP_STATIC;
  piece->value.shape = (struct shape){sides[0], sides[sizes - 1]};
  assert_true(random_run_op(&maker->walker, &op_table[op], NULL, axis, &piece->value));
}

/* An operand that has a domain is put into it; now and then it lies there as it is, unless other
 * draws could move it out. */
static bool make_operation(struct maker *maker, struct random_frame *frame, int id, int depth,
                           struct piece *piece) {
  const struct op *op = &op_table[id];
  struct piece in RANDOM_UNFILLED;
  struct random_tensor values[MAX_OPERANDS] RANDOM_UNFILLED;
  bool fixed[MAX_OPERANDS];
  const struct expr *args[MAX_OPERANDS + 1];
  size_t count = 0;
  int axis = AXIS_ALL;
  bool bare = !maker->walker.drew && chance(maker, 15);
  piece->constant = true;
  for (int i = 0; i < op->arity; i++) {
    if (!make_piece(maker, frame, depth - 1, &in)) return false;
    if (op->domain[i] && !bare && !wrap(maker, op->domain[i], &in)) return false;
    values[i] = in.value;
    fixed[i] = in.constant;
    args[count++] = in.expr;
    piece->constant = piece->constant && in.constant;
  }
  if (piece->constant) return false; /* long constants want names of their own */
  if (op->flags & OP_AXIS && chance(maker, 67)) {
    axis = chance(maker, 50) ? AXIS_DOWN : AXIS_ACROSS;
    args[count++] = number(maker, axis);
  }
  if (!random_run_op(&maker->walker, op, values, axis, &piece->value) ||
      !random_has_slopes(&maker->walker, id, values, fixed, &piece->value))
    return false;
  piece->expr = call_op(maker, id, args, count);
  piece->constant = op->flags & OP_STATIC;
  return true;
}

/* What a gate's operands must be is written nowhere: they are tried as they are, positive, and
 * between 0 and 1. */
static bool make_gate_call(struct maker *maker, struct random_frame *frame, size_t index,
                           int depth, struct piece *piece) {
  static const char *const domains[] = {"0.5 + z^2", "0.1 + 0.8 / (1 + z^2)"};
  const struct stmt *gate = maker->walker.gates[index];
  const struct expr *args[8];
  struct random_frame inner RANDOM_UNFILLED;
  struct piece in RANDOM_UNFILLED;
  bool own = index >= maker->walker.library->prelude_count;
  inner.count = 0;
  piece->constant = true;
  for (size_t i = 1; i < gate->name_count; i++) {
    assert_true(i <= sizeof args / sizeof *args);
    if (!make_piece(maker, frame, depth - 1, &in)) return false;
    if (in.constant && (own || shape_count(in.value.shape) > 1)) return false;
    if (chance(maker, 40) && !wrap(maker, domains[pick(maker, 2)], &in)) return false;
    random_bind(&inner, gate->names[i], &in.value);
    args[i - 1] = in.expr;
    piece->constant = piece->constant && in.constant;
  }
  if (piece->constant || !random_run_gate(&maker->walker, gate, &inner, &piece->value))
    return false;
  piece->expr = expr_apply(&maker->made->arena, nowhere, -1, gate->names[0], args,
                           gate->name_count - 1);
  assert_non_null(piece->expr);
  return true;
}

/* One application of any operation or gate; false if what was drawn does not fit. */
static bool try_application(struct maker *maker, struct random_frame *frame, int depth,
                            struct piece *piece) {
  size_t which = pick(maker, OP_COUNT + maker->walker.gate_count);
  if (which >= OP_COUNT)
    return make_gate_call(maker, frame, which - OP_COUNT, depth, piece);
  const struct op *op = &op_table[which];
  bool flat = op->arity > 0 && !op->rules[0] && !op->rules[1];
  if (op->flags & OP_HIDDEN || (flat && chance(maker, 60))) return false;
  if (op->sizes == 0) return make_operation(maker, frame, (int)which, depth, piece);
  make_constructor(maker, (int)which, piece);
  return true;
}

static bool make_piece(struct maker *maker, struct random_frame *frame, int depth,
                       struct piece *piece) {
  enum { ATTEMPTS = 4 };
  if (depth > 0 && chance(maker, 70))
    for (int i = 0; i < ATTEMPTS; i++)
      if (try_application(maker, frame, depth, piece)) return true;
  make_atom(maker, frame, piece);
  return true;
}

/* -- statements -- */

static void note_body(struct maker *maker, const struct expr *expr);

static void note_gate(struct maker *maker, const char *name) {
  const struct stmt *gate = maker->walker.gates[random_find_gate(&maker->walker, name)];
  for (size_t i = 0; i < sizeof inexact_gates / sizeof *inexact_gates; i++)
    if (strcmp(name, inexact_gates[i]) == 0) maker->made->inexact = true;
  for (size_t i = 0; i < gate->line_count; i++)
    if (!gate_line_is_rule(gate, i)) note_body(maker, gate->lines[i].value);
}

/* What a gate's body does, the model does. */
static void note_body(struct maker *maker, const struct expr *expr) {
  if (expr->kind != EXPR_APPLY) return;
  for (size_t i = 0; i < expr->count; i++) note_body(maker, expr->args[i]);
  if (expr->op < 0) note_gate(maker, expr->name);
  else if (op_table[expr->op].flags & OP_RANDOM) maker->made->draws = true;
}

static void count_uses(struct maker *maker, const struct expr *expr) {
  struct random_model *made = maker->made;
  if (expr->kind != EXPR_APPLY) return;
  for (size_t i = 0; i < expr->count; i++) count_uses(maker, expr->args[i]);
  if (expr->op < 0) made->gates[random_find_gate(&maker->walker, expr->name)]++;
  else made->ops[expr->op]++;
}

static void put_statement(struct maker *maker, enum stmt_kind kind, const char *name,
                          const struct piece *piece) {
  struct random_model *made = maker->made;
  struct stmt stmt = {.kind = kind, .name_count = 1, .names = &name, .value = piece->expr};
  count_uses(maker, piece->expr);
  if (kind == STMT_NODE) note_body(maker, piece->expr);
  print_stmt(&made->text, &stmt);
  random_bind(&made->frame, name, &piece->value);
  struct random_binding *binding = &made->frame.items[made->frame.count - 1];
  binding->leaf = kind != STMT_NODE;
  binding->param = kind == STMT_PARAM;
  binding->constant = kind == STMT_NODE && piece->constant;
  binding->expr = piece->expr;
}

static const char *new_name(struct maker *maker, const char *prefix) {
  const char *name =
      arena_printf(&maker->made->arena, "%s%zu", prefix, maker->made->frame.count);
  assert_non_null(name);
  return name;
}

/* randn(r, c) or rand(r, c), here and there times a power of ten. */
static void make_draws(struct maker *maker, struct piece *piece) {
  make_constructor(maker, chance(maker, 80) ? OP_RANDN : OP_RAND, piece);
  if (!(maker->wishes & RANDOM_SCALES) || chance(maker, 50)) return;
  static const double powers[] = {1e-6, 1e-4, 1e-2, 10, 100, 1000};
  const struct expr *args[] = {number(maker, powers[pick(maker, 6)]), piece->expr};
  piece->expr = call_op(maker, OP_MUL, args, 2);
}

/* A leaf's right side is drawn for once more, from the stream that the model will draw from. */
static bool settle_leaf(struct maker *maker, struct piece *piece) {
  struct random before = maker->leaves;
  maker->walker.draws = &maker->leaves;
  bool fits = random_evaluate(&maker->walker, &maker->made->frame, piece->expr, &piece->value);
  maker->walker.draws = &maker->nodes;
  if (!fits) maker->leaves = before;
  return fits;
}

static void put_leaf(struct maker *maker, enum stmt_kind kind) {
  struct piece piece;
  do {
    if (!(maker->wishes & RANDOM_TIES) || chance(maker, 40)) make_draws(maker, &piece);
    else if (chance(maker, 60)) make_matrix(maker, &piece);
    else make_piece(maker, &maker->made->frame, 2, &piece);
  } while (!settle_leaf(maker, &piece));
  put_statement(maker, kind, new_name(maker, "v"), &piece);
}

static void put_node(struct maker *maker) {
  struct piece piece;
  int depth = 1 + (int)pick(maker, 3);
  while (!try_application(maker, &maker->made->frame, depth, &piece)) continue;
  put_statement(maker, STMT_NODE, new_name(maker, "v"), &piece);
}

/* A gate of the model's own, of two operands that fit each other, without a rule. */
static void put_gate(struct maker *maker) {
  struct arena *arena = &maker->made->arena;
  struct stmt *gate = ARENA_NEW(arena, struct stmt);
  static const char *names[] = {"own", "x", "y"};
  static const char *const targets[] = {"h", "out"};
  struct assign *lines = arena_alloc(arena, 2, sizeof *lines);
  struct random_frame frame RANDOM_UNFILLED;
  struct piece piece;
  assert_true(gate && lines);
  frame.count = 0;
  for (int i = 1; i <= 2; i++) {
    make_draws(maker, &piece);
    random_bind(&frame, names[i], &piece.value);
  }
  for (int i = 0; i < 2; i++) {
    do {
      piece.constant = true;
    } while (!try_application(maker, &frame, 2, &piece) || piece.constant);
    lines[i] = (struct assign){.target = targets[i], .value = piece.expr};
    random_bind(&frame, targets[i], &piece.value);
  }
  *gate = (struct stmt){.kind = STMT_GATE, .name_count = 3, .names = names, .line_count = 2,
                        .lines = lines};
  print_stmt(&maker->made->text, gate);
  maker->walker.gates[maker->walker.gate_count++] = gate;
}

/* -- the loss -- */

/* One number out of the value NAME: its product with random numbers, or something simpler. */
static bool make_term(struct maker *maker, const struct random_binding *binding,
                      struct piece *piece) {
  static const char *const templates[] = {"sum(z)", "mean(z)", "sum(z^2)", "mean(sin(z))",
                                          "l2_penalty(z, 0.3)"};
  piece->expr = expr_name(&maker->made->arena, nowhere, binding->name);
  piece->value = binding->value;
  piece->constant = false;
  if (chance(maker, 50)) {
    struct shape shape = binding->value.shape;
    struct piece other;
    const struct expr *sides[] = {number(maker, shape.rows), number(maker, shape.cols)};
    other.expr = call_op(maker, OP_RANDN, sides, 2);
    if (!settle_leaf(maker, &other)) return false;
    const char *name = new_name(maker, "u");
    put_statement(maker, STMT_DATA, name, &other);
    maker->made->frame.items[maker->made->frame.count - 1].used = true;
    const struct expr *args[] = {piece->expr, expr_name(&maker->made->arena, nowhere, name)};
    const struct expr *product = call_op(maker, OP_MUL, args, 2);
    piece->expr = call_op(maker, OP_SUM, &product, 1);
    return random_evaluate(&maker->walker, &maker->made->frame, piece->expr, &piece->value);
  }
  return wrap(maker, templates[pick(maker, sizeof templates / sizeof *templates)], piece);
}

/* LOSS + TERM, unless that is too large. */
static void add_term(struct maker *maker, struct piece *loss, const struct piece *term) {
  const struct expr *args[] = {loss->expr, term->expr};
  struct piece sum = *term;
  if (loss->expr) sum.expr = call_op(maker, OP_ADD, args, 2);
  if (random_evaluate(&maker->walker, &maker->made->frame, sum.expr, &sum.value)) *loss = sum;
}

/* The sum of a term for everything that has no user, and for most params. */
static void put_loss(struct maker *maker) {
  struct random_model *made = maker->made;
  struct piece loss = {.expr = NULL}, term;
  for (size_t i = 0, count = made->frame.count; i < count; i++) {
    struct random_binding *binding = &made->frame.items[i];
    bool wanted = !binding->used || (binding->param && chance(maker, 75));
    if (wanted && (!binding->leaf || binding->param) && make_term(maker, binding, &term))
      add_term(maker, &loss, &term);
  }
  if (!loss.expr) make_number(maker, &loss);
  put_statement(maker, STMT_NODE, "cost", &loss);
  text_puts(&made->text, "loss cost\n");
}

/* -- all of it -- */

static void begin(struct maker *maker, struct random_model *made,
                  const struct random_library *library, uint32_t seed, unsigned wishes) {
  *maker = (struct maker){.made = made, .wishes = wishes, .seed = seed,
                          .walker = {.library = library, .gate_count = library->gate_count}};
  memcpy(maker->walker.gates, library->gates, sizeof maker->walker.gates);
  random_seed(&maker->dice, seed);
  random_seed(&maker->leaves, seed);
  random_seed(&maker->nodes, seed + 1);
  maker->walker.draws = &maker->nodes;
  size_t most = wishes & RANDOM_LARGE ? RANDOM_MAX_SIDE : 6;
  for (int i = 0; i < 3; i++)
    maker->sides[i] = i == 0 && chance(maker, 60) ? 1 : (uint32_t)(1 + pick(maker, most));
  if (wishes & RANDOM_LONG)
    for (int i = 0; i < 3; i++)
      maker->sides[i] = (uint32_t)(i == 1 ? 20 + pick(maker, 200) : 1 + pick(maker, 2));
  arena_init(&made->arena);
  text_init(&made->text);
  made->frame.count = 0;
  made->draws = made->inexact = false;
  memset(made->ops, 0, sizeof made->ops);
  memset(made->gates, 0, sizeof made->gates);
}

/* What the nodes are worth with the draws of the model's own first run. */
static bool settle_nodes(struct maker *maker) {
  struct random_frame *frame = &maker->made->frame;
  maker->walker.draws = &maker->leaves;
  for (size_t i = 0; i < frame->count; i++) {
    struct random_binding *binding = &frame->items[i];
    if (!binding->leaf &&
        !random_evaluate(&maker->walker, frame, binding->expr, &binding->value))
      return false;
  }
  return true;
}

static bool try_model(struct maker *maker) {
  struct text *text = &maker->made->text;
  text_printf(text, "seed %u\n", maker->seed);
  text_puts(text, random_own_gates);
  if (chance(maker, 30)) put_gate(maker);
  for (size_t i = 0, leaves = 1 + pick(maker, 4); i < leaves; i++)
    put_leaf(maker, i == 0 || chance(maker, 70) ? STMT_PARAM : STMT_DATA);
  maker->walker.drew = false;
  for (size_t i = 0, nodes = 1 + pick(maker, 7); i < nodes; i++) put_node(maker);
  put_loss(maker);
  assert_false(text->failed);
  return settle_nodes(maker);
}

void random_model_make(struct random_model *made, const struct random_library *library,
                       uint32_t seed, unsigned wishes) {
  struct maker maker;
  begin(&maker, made, library, seed, wishes);
  while (!try_model(&maker)) {
    random_model_done(made);
    begin(&maker, made, library, random_bits(&maker.dice), wishes);
  }
}

void random_model_done(struct random_model *made) {
  text_done(&made->text);
  arena_done(&made->arena);
}

/* -- a model's rule lines as its author's own -- */

void random_model_put_backward(struct text *out, const char *source, const struct model *model) {
  text_puts(out, source);
  block_begin(out, model);
  for (size_t i = 0; i < model->rule_count; i++)
    text_printf(out, "  %s\n", model->rules[i].text);
  text_puts(out, "end\n");
}
