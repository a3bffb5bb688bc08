#include "bug/rewrite.h"

#include "lang/print.h"

#include <string.h>

/* -- what a line is made of -- */

static const struct rule *rule_of(const struct rule_line *line) {
  return &line->model->rules[line->rule];
}

static int node_of(const struct model *model, const struct expr *expr) {
  return expr->kind == EXPR_NAME ? model_find(model, expr->name) : -1;
}

static struct shape node_shape(const struct model *model, int node) {
  return model_shape(model, model->nodes[node].slot);
}

static size_t node_size(const struct model *model, int node) {
  return shape_count(node_shape(model, node));
}

struct name_search {
  const struct model *model;
  const char *name;  /* sought */
  bool found;
  bool wide;         /* a gradient of more than one number occurs */
  const struct expr *upstream; /* the first gradient */
};

static void look_for(struct name_search *search, const struct expr *expr) {
  if (expr->kind == EXPR_NAME) {
    int node = model_gradient_named(search->model, expr->name);
    search->found = search->found || (search->name && strcmp(expr->name, search->name) == 0);
    search->wide = search->wide || (node >= 0 && node_size(search->model, node) > 1);
    if (node >= 0 && !search->upstream) search->upstream = expr;
  }
  for (size_t i = 0; expr->kind == EXPR_APPLY && i < expr->count; i++)
    look_for(search, expr->args[i]);
}

static struct name_search search(const struct model *model, const struct expr *expr, const char *name) {
  struct name_search search = {.model = model, .name = name};
  look_for(&search, expr);
  return search;
}

/* Known when the model is built: numbers, what depends on shapes only, and names of such. */
static bool is_constant(const struct model *model, const struct expr *expr) {
  int node = node_of(model, expr);
  if (expr->kind == EXPR_NAME) return node >= 0 && model->nodes[node].kind == NODE_CONST;
  if (expr->kind != EXPR_APPLY) return true;
  if (expr->op >= 0 && op_table[expr->op].flags & OP_STATIC) return true;
  for (size_t i = 0; i < expr->count; i++)
    if (!is_constant(model, expr->args[i])) return false;
  return expr->op >= 0;
}

/* A 0/1 mask that is drawn: a comparison with a random operand. */
static bool is_mask(const struct model *model, int node) {
  if (node < 0 || model->nodes[node].kind != NODE_OP || !op_table[model->nodes[node].op].branches)
    return false;
  for (size_t i = 0; i < model->nodes[node].operand_count; i++) {
    int operand = model->values[model->nodes[node].operands[i]].node;
    if (operand >= 0 && model->nodes[operand].kind == NODE_OP &&
        op_table[model->nodes[operand].op].flags & OP_RANDOM)
      return true;
  }
  return false;
}

static bool is_penalty(const struct model *model, const struct rule *rule,
                       const struct expr *expr) {
  int target = rule->target_node;
  if (target < 0 || model->nodes[target].kind != NODE_PARAM || node_size(model, target) < 2)
    return false;
  struct name_search found = search(model, expr, model->nodes[target].name);
  return found.found && !found.wide;
}

/* -- patterns -- */

enum { VARIABLES = 14 };

struct match {
  const struct rule_line *line;
  const struct expr *bound[VARIABLES];
};

static bool any(const struct rule_line *line, const struct expr *expr) {
  (void)line, (void)expr;
  return true;
}
static bool gradient(const struct rule_line *line, const struct expr *expr) {
  return expr->kind == EXPR_NAME && model_gradient_named(line->model, expr->name) >= 0;
}
static bool value(const struct rule_line *line, const struct expr *expr) {
  return node_of(line->model, expr) >= 0 && !is_constant(line->model, expr);
}
static bool param(const struct rule_line *line, const struct expr *expr) {
  int node = node_of(line->model, expr);
  return node >= 0 && line->model->nodes[node].kind == NODE_PARAM;
}
static bool target(const struct rule_line *line, const struct expr *expr) {
  int node = node_of(line->model, expr);
  return node >= 0 && node == rule_of(line)->target_node;
}
static bool one(const struct rule_line *line, const struct expr *expr) {
  (void)line;
  return expr->kind == EXPR_NUMBER && expr->number == 1;
}
static bool constant(const struct rule_line *line, const struct expr *expr) {
  return is_constant(line->model, expr);
}
static bool varies(const struct rule_line *line, const struct expr *expr) {
  return !is_constant(line->model, expr);
}
static bool small(const struct rule_line *line, const struct expr *expr) {
  (void)line;
  return expr->kind == EXPR_NUMBER && expr->number > 0 && expr->number <= 1e-3;
}
static bool mask(const struct rule_line *line, const struct expr *expr) {
  return is_mask(line->model, node_of(line->model, expr));
}
static bool penalty(const struct rule_line *line, const struct expr *expr) {
  return is_penalty(line->model, rule_of(line), expr);
}
static bool whole(const struct rule_line *line, const struct expr *expr) {
  return expr == line->root;
}

static const struct {
  const char *name;
  bool (*fits)(const struct rule_line *line, const struct expr *expr);
} variables[VARIABLES] = {
    {"a", any},   {"b", any},      {"c", any},   {"g", gradient}, {"v", value},
    {"p", param}, {"w", target},   {"k", one},   {"n", constant}, {"s", small},
    {"r", penalty}, {"x", varies}, {"mask", mask}, {"line", whole},
};

static int variable(const char *name) {
  for (int i = 0; i < VARIABLES; i++)
    if (strcmp(variables[i].name, name) == 0) return i;
  return -1;
}

static bool matches(struct match *match, const struct expr *pattern, const struct expr *expr) {
  int i = pattern->kind == EXPR_NAME ? variable(pattern->name) : -1;
  if (i >= 0) {
    if (match->bound[i]) return expr_equal(match->bound[i], expr);
    match->bound[i] = expr;
    return variables[i].fits(match->line, expr);
  }
  if (pattern->kind != expr->kind) return false;
  if (pattern->kind == EXPR_NUMBER) return pattern->number == expr->number;
  if (pattern->kind != EXPR_APPLY || pattern->op != expr->op || pattern->count != expr->count)
    return false;
  for (size_t k = 0; k < pattern->count; k++)
    if (!matches(match, pattern->args[k], expr->args[k])) return false;
  return true;
}

/* -- replacements -- */

struct expansion {
  const struct match *match;
  bool failed;    /* for lack of memory */
  bool senseless; /* a name in the replacement means nothing here */
};

static const struct expr *senseless(struct expansion *expansion) {
  expansion->senseless = true;
  return NULL;
}

static const struct expr *made(struct expansion *expansion, const struct expr *expr) {
  if (!expr) expansion->failed = true;
  return expr;
}

static const struct expr *number(struct expansion *expansion, double number) {
  return made(expansion, expr_number(expansion->match->line->arena, SPAN_NONE, number));
}

static const struct expr *name_of(struct expansion *expansion, int node) {
  const struct rule_line *line = expansion->match->line;
  if (node < 0) return senseless(expansion);
  return made(expansion, expr_name(line->arena, SPAN_NONE, line->model->nodes[node].name));
}

static const struct expr *gradient_of(struct expansion *expansion, const char *name) {
  struct arena *arena = expansion->match->line->arena;
  const char *gradient = arena_printf(arena, "d%s", name);
  return made(expansion, gradient ? expr_name(arena, SPAN_NONE, gradient) : NULL);
}

static bool is_number(const struct expr *expr, double number) {
  return expr->kind == EXPR_NUMBER && expr->number == number;
}

/* An application, where 1 * x, x / 1 and 0 + x are x. */
static const struct expr *simplified(struct arena *arena, int op, const char *name,
                                     const struct expr *const *args, size_t count) {
  if (op == OP_MUL && is_number(args[0], 1)) return args[1];
  if ((op == OP_MUL || op == OP_DIV) && is_number(args[1], 1)) return args[0];
  if (op == OP_ADD && is_number(args[0], 0)) return args[1];
  return expr_apply(arena, SPAN_NONE, op, name, args, count);
}

static const struct expr *apply(struct expansion *expansion, int op, const char *name,
                                const struct expr *const *args, size_t count) {
  return made(expansion, simplified(expansion->match->line->arena, op, name, args, count));
}

/* The line as a product of what arrives, a gradient, and a local derivative: EXPR with 1 for the
 * gradient, which becomes *UPSTREAM; NULL if it is no factor of EXPR or memory is short. */
static const struct expr *take_upstream(struct expansion *expansion, const struct expr *expr,
                                        const struct expr **upstream) {
  const struct expr *args[MAX_OPERANDS], *taken = NULL;
  if (gradient(expansion->match->line, expr)) {
    *upstream = expr;
    return number(expansion, 1);
  }
  bool product = expr->kind == EXPR_APPLY &&
                 (expr->op == OP_MUL || expr->op == OP_DIV || expr->op == OP_NEG);
  for (size_t i = 0; product && i < expr->count; i++) {
    args[i] = expr->args[i];
    if (taken || (i > 0 && expr->op == OP_DIV)) continue;
    if ((taken = take_upstream(expansion, args[i], upstream))) args[i] = taken;
  }
  return taken ? apply(expansion, expr->op, expr->name, args, expr->count) : NULL;
}

static const struct expr *expand_product(struct expansion *expansion, bool local) {
  const struct expr *upstream = NULL;
  const struct expr *rest = take_upstream(expansion, expansion->match->line->root, &upstream);
  if (!rest || is_number(rest, 1)) return senseless(expansion);
  return local ? rest : upstream;
}

static struct shape line_shape(const struct rule_line *line) {
  const struct model *model = line->model;
  const struct rule *rule = rule_of(line);
  int slot = rule->target_node >= 0 ? model->nodes[rule->target_node].slot
                                    : scope_find(&model->locals, rule->target);
  return slot >= 0 ? model_shape(model, slot) : (struct shape){1, 1};
}

/* A name in a replacement that no pattern binds; NULL where it means nothing. */
static const struct expr *expand_name(struct expansion *expansion, const struct expr *expr) {
  const struct rule_line *line = expansion->match->line;
  const struct model *model = line->model;
  const struct rule *rule = rule_of(line);
  struct shape shape = line_shape(line);
  const char *name = expr->name;
  int i = variable(name);
  if (i >= 0 && expansion->match->bound[i]) return expansion->match->bound[i];
  if (strcmp(name, "up") == 0) {
    const struct expr *upstream = search(model, line->root, NULL).upstream;
    return upstream ? upstream : senseless(expansion);
  }
  if (strcmp(name, "arrives") == 0) return expand_product(expansion, false);
  if (strcmp(name, "local") == 0) return expand_product(expansion, true);
  if (strcmp(name, "line") == 0) return line->root;
  if (strcmp(name, "out") == 0) return name_of(expansion, rule->node);
  if (strcmp(name, "w") == 0) return name_of(expansion, rule->target_node);
  if (strcmp(name, "own") == 0)
    return rule->target_node < 0 ? senseless(expansion)
                                 : made(expansion, expr_name(line->arena, SPAN_NONE, rule->target));
  if (strcmp(name, "m") == 0) return number(expansion, line->outline->samples);
  if (strcmp(name, "R") == 0) return number(expansion, shape.rows);
  if (strcmp(name, "C") == 0) return number(expansion, shape.cols);
  if (strcmp(name, "middle") == 0) return number(expansion, (double)(shape_count(shape) / 2));
  return senseless(expansion);
}

static int sibling(const struct rule_line *line, int node) {
  const struct model *model = line->model;
  int of = rule_of(line)->node, operand;
  bool is_operand = false;
  for (size_t k = 0; of >= 0 && k < 3; k++) is_operand |= outline_operand(model, of, k) == node;
  for (size_t k = 0; is_operand && k < 3; k++)
    if ((operand = outline_operand(model, of, k)) >= 0 && operand != node) return operand;
  return -1;
}

/* An activation has one operand that depends on a param, of its own shape. */
static int input(const struct rule_line *line, int node) {
  return outline_input(line->model, node);
}

static int result(const struct rule_line *line, int node) {
  return line->outline->results[node];
}

/* The nodes of NODE's shape, by distance in evaluation order: the one at RANK. */
static int neighbour(const struct rule_line *line, int node, int rank) {
  const struct outline *outline = line->outline;
  int before = outline->before[node], after = outline->after[node];
  while (before >= 0 || after >= 0) {
    const bool back = before >= 0 && (after < 0 || node - before <= after - node);
    const int other = back ? before : after;
    if (rank-- == 0) return other;
    if (back) before = outline->before[before];
    else after = outline->after[after];
  }
  return -1;
}

static int near(const struct rule_line *line, int node) { return neighbour(line, node, 0); }
static int far(const struct rule_line *line, int node) { return neighbour(line, node, 1); }

static const struct expr *formula(const struct rule_line *line, int node) {
  return line->model->nodes[node].kind == NODE_OP ? model_formula(line->model, node) : NULL;
}

static const struct expr *shrink(void *context, const char *name) {
  struct expansion *expansion = context;
  struct arena *arena = expansion->match->line->arena;
  const struct expr *args[2] = {number(expansion, 0.9), expr_name(arena, SPAN_NONE, name)};
  return args[0] && args[1] ? apply(expansion, OP_MUL, "mul", args, 2) : NULL;
}

/* NODE's formula with its first name made a tenth smaller. */
static const struct expr *stale(struct expansion *expansion, const struct expr *expr) {
  const struct expr *args[8];
  bool done = false;
  if (expr->kind != EXPR_APPLY || expr->count > sizeof args / sizeof *args)
    return senseless(expansion);
  for (size_t i = 0; i < expr->count; i++) {
    args[i] = expr->args[i];
    if (done || args[i]->kind != EXPR_NAME) continue;
    done = true;
    if (!(args[i] = shrink(expansion, args[i]->name))) return made(expansion, NULL);
  }
  return done ? apply(expansion, expr->op, expr->name, args, expr->count) : senseless(expansion);
}

/* A draw for its name. */
static const struct expr *draw_again(void *context, const char *name) {
  const struct model *model = context;
  int node = model_find(model, name);
  bool drawn = node >= 0 && model->nodes[node].kind == NODE_OP &&
               op_table[model->nodes[node].op].flags & OP_RANDOM;
  return drawn ? model->nodes[node].formula : NULL;
}

/* NODE's own operation with new draws for those it used. */
static const struct expr *expand_redrawn(struct expansion *expansion, int node) {
  struct model *model = expansion->match->line->model;
  const struct expr *expr = model->nodes[node].formula;
  if (!expr) return senseless(expansion);
  return made(expansion, expr_substitute(expansion->match->line->arena, expr, draw_again, model));
}

static const struct expr *expand_stale(struct expansion *expansion, int node) {
  const struct expr *expr = formula(expansion->match->line, node);
  return expr ? stale(expansion, expr) : senseless(expansion);
}

static const struct expr *expand_ones(struct expansion *expansion, int node) {
  struct shape shape = node_shape(expansion->match->line->model, node);
  const struct expr *sides[2] = {number(expansion, shape.rows), number(expansion, shape.cols)};
  if (shape_count(shape) == 1) return number(expansion, 1);
  return sides[0] && sides[1] ? apply(expansion, OP_ONES, "ones", sides, 2) : NULL;
}

static const struct expr *expand_gradient(struct expansion *expansion, int node) {
  return gradient_of(expansion, expansion->match->line->model->nodes[node].name);
}

/* What a function of a replacement makes of a node: another node, or an expression. */
static const struct {
  const char *name;
  int (*node)(const struct rule_line *line, int node);
  const struct expr *(*expand)(struct expansion *expansion, int node);
} functions[] = {
    {"sibling", sibling, NULL}, {"input", input, NULL},
    {"result", result, NULL},   {"near", near, NULL},
    {"far", far, NULL},         {"redrawn", NULL, expand_redrawn},
    {"stale", NULL, expand_stale}, {"ones_like", NULL, expand_ones},
    {"grad", NULL, expand_gradient},
};

static const struct expr *expand(struct expansion *expansion, const struct expr *expr);

static const struct expr *expand_function(struct expansion *expansion, const struct expr *expr) {
  const struct rule_line *line = expansion->match->line;
  const struct expr *argument = expand(expansion, expr->args[0]);
  if (!argument || argument->kind != EXPR_NAME) return senseless(expansion);
  bool gradient;
  int node = model_find_either(line->model, argument->name, &gradient);
  for (size_t i = 0; node >= 0 && i < sizeof functions / sizeof *functions; i++) {
    if (strcmp(functions[i].name, expr->name) != 0) continue;
    return functions[i].node ? name_of(expansion, functions[i].node(line, node))
                             : functions[i].expand(expansion, node);
  }
  return senseless(expansion);
}

static const struct expr *expand(struct expansion *expansion, const struct expr *expr) {
  const struct expr *args[MAX_OPERANDS + 1];
  if (expr->kind == EXPR_NAME) return expand_name(expansion, expr);
  if (expr->kind != EXPR_APPLY) return expr;
  if (expr->op < 0) return expand_function(expansion, expr);
  for (size_t i = 0; i < expr->count; i++)
    if (!(args[i] = expand(expansion, expr->args[i]))) return NULL;
  return apply(expansion, expr->op, expr->name, args, expr->count);
}

/* -- all of it -- */

/* ROOT with the expression at preorder index *PLACE replaced. */
static const struct expr *replace(struct arena *arena, const struct expr *root, uint32_t place,
                                  const struct expr *by) {
  if (place == 0) return by;
  const struct expr **args = arena_alloc(arena, root->count, sizeof *args);
  if (!args) return NULL;
  place--;
  for (size_t i = 0; i < root->count; i++) {
    args[i] = root->args[i];
    if (place < args[i]->size && !(args[i] = replace(arena, args[i], place, by))) return NULL;
    place = place < root->args[i]->size ? UINT32_MAX : place - root->args[i]->size;
  }
  return simplified(arena, root->op, root->name, args, root->count);
}

static const struct expr *part_at(const struct expr *root, uint32_t place) {
  while (place > 0) {
    size_t i = 0;
    for (place--; place >= root->args[i]->size; i++) place -= root->args[i]->size;
    root = root->args[i];
  }
  return root;
}

const struct expr *line_rewrite(const struct rule_line *line, const struct expr *pattern,
                                const struct expr *replacement, uint32_t place,
                                const char **variant, bool *failed) {
  struct match match = {.line = line};
  struct expansion expansion = {.match = &match};
  const struct expr *part = part_at(line->root, place);
  if (!matches(&match, pattern, part)) return NULL;
  const struct expr *by = expand(&expansion, replacement);
  *failed = *failed || expansion.failed;
  if (!by || expansion.failed || expansion.senseless) return NULL;
  if (part->kind == EXPR_NAME && by->kind == EXPR_NAME) {
    *variant = arena_printf(line->arena, "%s,%s", part->name, by->name);
    *failed = *failed || !*variant;
  }
  const struct expr *made = replace(line->arena, line->root, place, by);
  *failed = *failed || !made;
  return made;
}

bool line_has_penalty(const struct model *model, size_t rule) {
  const struct rule *of = &model->rules[rule];
  for (uint32_t place = 0; place < of->value->size; place++)
    if (is_penalty(model, of, part_at(of->value, place))) return true;
  return false;
}

bool line_wants(const struct rule_line *line, enum where where) {
  const struct model *model = line->model;
  const struct outline *outline = line->outline;
  const struct rule *rule = rule_of(line);
  const bool shared = outline->lines[line->rule].shared, first = outline->lines[line->rule].first;
  switch (where) {
    case PART:
    case WHOLE: return true;
    case BATCH: return outline->samples > 1;
    case SHARE: return shared && rule->accumulate;
    case LATER_SHARE: return shared && rule->accumulate && !first;
    case FIRST: return first && rule->target_node >= 0 && rule->target_node != model->loss;
    case TENSOR: return shape_count(line_shape(line)) > 1;
    case PRODUCT: return rule->node >= 0 && op_multiplies(&op_table[model->nodes[rule->node].op]) &&
                         outline_gate(model, rule->node) < 0;
    case UNPENALISED:
      return first && rule->target_node >= 0 && outline->penalties &&
             model->nodes[rule->target_node].kind == NODE_PARAM &&
             !outline->penalised[rule->target_node];
  }
  return false;
}
