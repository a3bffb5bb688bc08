#include "blame/guess.h"

#include "lang/rules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct guessing {
  struct guess *found;
  struct model *reference;
  const struct run *right;
  const double *is;
  int node;
  size_t size;
  struct arena arena;        /* of new expressions */
  struct program_mark base;  /* of the reference's program */
  struct code code;          /* of the guess at hand */
  struct run run;            /* the reference's values, and after them room for a guess */
  size_t room;
  size_t budget;             /* guesses that may still be tried */
  const struct rule *rule;   /* the line at hand */
  double *share;             /* what it makes */
  double *made;              /* what a guess makes of it */
  bool failed;
};

enum { GUESSES_MOST = 4000, NODES_MOST = 256 };

/* -- computing an expression -- */

static bool make_room(struct guessing *g) {
  size_t size = g->reference->program.size;
  if (size > g->room) {
    double *values = realloc(g->run.values, 2 * size * sizeof *values);
    if (!values) return false;
    g->run.values = values;
    g->room = 2 * size;
  }
  memcpy(g->run.values + g->base.size, g->reference->program.image + g->base.size,
         (size - g->base.size) * sizeof *g->run.values);
  return true;
}

/* VALUE in the place of the line's right side, in `made`; false if it has no sense there. */
static bool compute(struct guessing *g, const struct expr *value) {
  struct diag diag;
  struct builder builder = rules_builder(g->reference, &g->reference->rule_arena, &diag);
  const size_t lowered = g->reference->lowered;
  int slot = -1;
  builder.code = &g->code;
  g->code.count = 0;
  enum status status = value ? lower_expr(&builder, value, NULL, &slot) : STATUS_NO_MEMORY;
  g->reference->lowered = lowered;
  g->failed = g->failed || status == STATUS_NO_MEMORY;
  bool fits = !status && shape_equal(model_shape(g->reference, slot),
                                     model_shape(g->reference, g->reference->nodes[g->node].slot));
  if (fits && make_room(g)) {
    run_slice(&g->run, &g->code, 0, g->code.count);
    memcpy(g->made, run_values(&g->run, slot), g->size * sizeof *g->made);
  } else if (fits) {
    g->failed = true;
    fits = false;
  }
  program_rollback(&g->reference->program, g->base);
  return fits;
}

/* The gradient of the node if its line made VALUE; true if that is the person's. */
static bool fits_with(struct guessing *g, const struct expr *value) {
  const double *right = run_values(g->right, g->reference->nodes[g->node].gradient);
  if (g->budget == 0 || g->found->kind) return false;
  g->budget--;
  if (!compute(g, value)) return false;
  for (size_t i = 0; i < g->size; i++) g->made[i] += right[i] - g->share[i];
  return truth_is_multiple(g->is, g->made, g->size, 1) &&
         !truth_is_multiple(right, g->made, g->size, 1);
}

/* -- one name for another -- */

struct tensor_exchange {
  const char *name;
  const struct expr *by;
};

static const struct expr *look_up(void *context, const char *name) {
  const struct tensor_exchange *exchange = context;
  return strcmp(name, exchange->name) == 0 ? exchange->by : NULL;
}

static const struct expr *with(struct guessing *g, const char *name, const struct expr *by) {
  struct tensor_exchange exchange = {name, by};
  return by ? expr_substitute(&g->arena, g->rule->value, look_up, &exchange) : NULL;
}

static const struct expr *name_of(struct guessing *g, int node, bool gradient) {
  const char *name = g->reference->nodes[node].name;
  if (gradient) name = arena_printf(&g->arena, "d%s", name);
  return name ? expr_name(&g->arena, SPAN_NONE, name) : NULL;
}

static bool keep(struct guessing *g, enum guess_kind kind, int is, int should, size_t sample) {
  *g->found = (struct guess){kind, is, should, sample};
  return true;
}

static void try_exchanges(struct guessing *g, const char *name, int node, bool gradient) {
  const struct model *reference = g->reference;
  size_t tried = 0;
  for (size_t n = 0; n < reference->node_count && tried < NODES_MOST && !g->found->kind; n++) {
    const struct node *other = &reference->nodes[n];
    bool fits = (int)n != node && shape_equal(model_shape(reference, other->slot),
                                              model_shape(reference, reference->nodes[node].slot));
    if (!fits || (gradient && other->gradient < 0)) continue;
    tried++;
    if (fits_with(g, with(g, name, name_of(g, (int)n, gradient))))
      keep(g, gradient ? GUESS_OTHER_GRADIENT : GUESS_OTHER_VALUE, (int)n, node, 0);
  }
}

/* -- a param after its update -- */

/* Whether what is too much is a multiple of the line with the param's gradient for the param. */
static void try_update(struct guessing *g, const char *name, int node) {
  const double *right = run_values(g->right, g->reference->nodes[g->node].gradient);
  double *off = g->share;
  if (g->found->kind || g->reference->nodes[node].kind != NODE_PARAM ||
      g->reference->nodes[node].gradient < 0 || !compute(g, with(g, name, name_of(g, node, true))))
    return;
  double *saved = malloc(g->size * sizeof *saved);
  g->failed = g->failed || !saved;
  if (!saved) return;
  memcpy(saved, g->share, g->size * sizeof *saved);
  for (size_t i = 0; i < g->size; i++) off[i] = g->is[i] - right[i];
  size_t telling = 0;
  double step = -truth_factor(off, g->made, g->size, &telling);
  memcpy(g->share, saved, g->size * sizeof *saved);
  free(saved);
  if (step > 0 && step <= 10 && telling > 1) keep(g, GUESS_UPDATED, node, node, 0);
}

/* -- some samples alone -- */

static const struct expr *call(struct guessing *g, int op, const struct expr *const *args,
                               size_t count) {
  return expr_apply(&g->arena, SPAN_NONE, op, op_table[op].name, args, count);
}

/* A row or column that is 1 at sample K and 0 elsewhere. */
static const struct expr *picks(struct guessing *g, bool across, size_t samples, size_t k) {
  const struct expr *args[3] = {expr_number(&g->arena, SPAN_NONE, across ? 1 : (double)samples),
                                expr_number(&g->arena, SPAN_NONE, across ? (double)samples : 1),
                                expr_number(&g->arena, SPAN_NONE, (double)k)};
  return args[0] && args[1] && args[2] ? call(g, OP_UNIT, args, 3) : NULL;
}

static void try_sample(struct guessing *g, const char *name, int node, bool across, size_t k) {
  struct shape shape = model_shape(g->reference, g->reference->nodes[node].slot);
  const struct expr *own = name_of(g, node, true);
  const struct expr *picked[2] = {own, picks(g, across, across ? shape.cols : shape.rows, k)};
  const struct expr *only = own && picked[1] ? call(g, OP_MUL, picked, 2) : NULL;
  const struct expr *both[2] = {own, only};
  const struct expr *rest = only ? call(g, OP_SUB, both, 2) : NULL;
  if (fits_with(g, with(g, name, only))) keep(g, GUESS_ONE_SAMPLE, node, node, k);
  if (fits_with(g, with(g, name, rest))) keep(g, GUESS_SAMPLE_LEFT_OUT, node, node, k);
}

static void try_samples(struct guessing *g, const char *name, int node) {
  enum { SAMPLES_MOST = 64 };
  struct shape shape = model_shape(g->reference, g->reference->nodes[node].slot);
  struct batch batch = model_batch(g->reference);
  uint32_t samples = batch.across ? shape.cols : shape.rows;
  if (batch.count < 2 || samples != batch.count || samples > SAMPLES_MOST) return;
  for (uint32_t k = 0; k < samples && !g->found->kind; k++)
    try_sample(g, name, node, batch.across, k);
}

/* -- one line after the other -- */

static void try_name(struct guessing *g, const char *name) {
  bool gradient;
  int node = model_find_either(g->reference, name, &gradient);
  if (node < 0) return;
  if (gradient) try_samples(g, name, node);
  try_exchanges(g, name, node, gradient);
  if (!gradient) try_update(g, name, node);
}

static void try_names(struct guessing *g, const struct expr *expr) {
  if (expr->kind == EXPR_NAME) try_name(g, expr->name);
  for (size_t i = 0; expr->kind == EXPR_APPLY && i < expr->count && !g->found->kind; i++)
    try_names(g, expr->args[i]);
}

static void try_rule(struct guessing *g, const struct rule *rule) {
  g->rule = rule;
  if (!compute(g, rule->value)) return;
  memcpy(g->share, g->made, g->size * sizeof *g->share);
  try_names(g, rule->value);
}

/* What arrives, handed on as it stands. */
static void try_no_slope(struct guessing *g) {
  const struct model *reference = g->reference;
  for (size_t i = 0; i < reference->rule_count && !g->found->kind; i++) {
    const struct rule *rule = &reference->rules[i];
    if (rule->target_node != g->node || rule->node < 0) continue;
    int slot = reference->nodes[rule->node].gradient;
    bool fits = slot >= 0 && shape_equal(model_shape(reference, slot),
                                         model_shape(reference, reference->nodes[g->node].slot));
    if (fits && truth_is_multiple(g->is, run_values(g->right, slot), g->size, 1))
      keep(g, GUESS_NO_SLOPE, rule->node, rule->node, 0);
  }
}

/* -- all of it -- */

static bool start(struct guessing *g) {
  g->share = calloc(g->size + 1, sizeof *g->share);
  g->made = calloc(g->size + 1, sizeof *g->made);
  g->room = g->base.size;
  return g->share && g->made && !run_copy(&g->run, g->right);
}

enum status guess_find(struct guess *found, struct model *reference, const struct run *right,
                       const double *is, int node) {
  struct guessing g = {.found = found, .reference = reference, .right = right, .is = is,
                       .node = node,
                       .size = shape_count(model_shape(reference, reference->nodes[node].slot)),
                       .base = program_mark(&reference->program), .budget = GUESSES_MOST};
  *found = (struct guess){GUESS_NONE, -1, -1, 0};
  if (reference->nodes[node].gradient < 0) return STATUS_OK;
  arena_init(&g.arena);
  if (start(&g)) {
    try_no_slope(&g);
    for (size_t i = 0; i < reference->rule_count && !found->kind; i++)
      if (reference->rules[i].target_node == node) try_rule(&g, &reference->rules[i]);
  } else {
    g.failed = true;
  }
  free(g.share);
  free(g.made);
  free(g.code.items);
  run_done(&g.run);
  arena_done(&g.arena);
  return g.failed ? STATUS_NO_MEMORY : STATUS_OK;
}

const char *guess_bug_kind(const struct guess *guess) {
  static const char *const kinds[GUESS_KIND_COUNT] = {
      [GUESS_OTHER_VALUE] = "wrong-cache", [GUESS_OTHER_GRADIENT] = "wrong-cache",
      [GUESS_NO_SLOPE] = "derivative-skipped", [GUESS_UPDATED] = "updated-early",
      [GUESS_ONE_SAMPLE] = "first-only",
  };
  return kinds[guess->kind];
}
