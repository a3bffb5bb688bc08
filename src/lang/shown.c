#include "lang/shown.h"

#include "lang/lower.h"
#include "lang/parse.h"
#include "lang/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A part of more expressions than that is called by its operation. */
enum { MOST_EXPRS = 60 };

bool node_is_named(const struct model *model, int node) {
  return !model->nodes[node].part;
}

/* -- what stands for a part -- */

/* What a line says instead of the name of a part: the part itself, or "(e in h)". */
static const struct expr *stand_in(struct arena *arena, const struct node *node) {
  if (!node->open) return node->part;
  const char *text = arena_printf(arena, "(%s)", node->shown);
  return text ? expr_name(arena, SPAN_NONE, text) : NULL;
}

struct writing {
  const struct model *model;
  struct arena *arena;
  bool plain;   /* parts within a part: in the gate's own names, without "in" */
  bool failed;  /* for lack of memory */
  bool open;    /* one of these parts cannot be computed by itself */
  size_t found; /* names of parts */
};

static const struct expr *write_value(void *context, const char *name) {
  struct writing *writing = context;
  int node = model_find(writing->model, name);
  const struct node *at = node >= 0 ? &writing->model->nodes[node] : NULL;
  if (!at || !at->part) return NULL;
  const struct expr *expr = writing->plain ? at->part : stand_in(writing->arena, at);
  writing->found++;
  writing->open = writing->open || at->open;
  writing->failed = writing->failed || !expr;
  return expr;
}

/* -- finding out, once the nodes are there -- */

struct part_naming {
  struct model *model;
  struct scope written; /* names of statements */
  struct scope counts;  /* of texts: how many nodes they would fit */
  bool *drawn;          /* by node: what readers see of it holds a draw */
  bool always;          /* a gate is called d: d(x) alone would be taken for a use of it */
};

static bool count_text(struct part_naming *naming, const char *text) {
  int seen = scope_find(&naming->counts, text);
  return scope_bind(&naming->counts, text, seen < 0 ? 1 : seen + 1);
}

static bool find_written(struct part_naming *naming) {
  const struct syntax *syntax = &naming->model->syntax;
  for (size_t s = 0; s < syntax->count; s++) {
    const struct stmt *stmt = &syntax->statements[s];
    naming->always = naming->always ||
                     (stmt->kind == STMT_GATE && strcmp(stmt->names[0], "d") == 0);
    for (size_t i = 0; stmt->kind <= STMT_NODE && i < stmt->name_count; i++)
      if (stmt->kind != STMT_SEED && !scope_bind(&naming->written, stmt->names[i], 1))
        return false;
  }
  return true;
}

static bool is_written(const struct part_naming *naming, int node) {
  return scope_find(&naming->written, naming->model->nodes[node].name) >= 0;
}

/* The outermost gate whose result NODE is, or -1; in *BODY the gate whose body asks for NODE. */
static int gate_of(const struct model *model, int node, int *body) {
  int whole = -1;
  *body = -1;
  for (int i = model->nodes[node].instance; i >= 0; i = model->instances[i].parent) {
    const struct instance *instance = &model->instances[i];
    if (!instance->gate) continue;
    if (instance->output == node) whole = i, *body = -1;
    else if (*body < 0) *body = i;
  }
  return whole;
}

/* What the body of a gate calls NODE, or NULL. */
static const char *local_name(const struct model *model, int body, int node) {
  const struct instance *instance = &model->instances[body];
  for (size_t i = 0; i < instance->gate->line_count; i++) {
    const char *target = instance->gate->lines[i].target;
    if (!gate_line_is_rule(instance->gate, i) && strcmp(target, "out") != 0 &&
        scope_find(&instance->scope, target) == model->nodes[node].slot)
      return target;
  }
  return NULL;
}

/* Whether NODE is a draw, or made of draws that nobody named: its text would draw anew. */
static bool is_drawn(const struct part_naming *naming, int node) {
  const struct node *at = &naming->model->nodes[node];
  bool drawn = at->kind == NODE_OP && op_table[at->op].flags & OP_RANDOM;
  for (size_t i = 0; i < at->operand_count; i++) {
    int operand = naming->model->values[at->operands[i]].node;
    drawn = drawn || (operand >= 0 && naming->drawn[operand]);
  }
  return drawn;
}

/* FORMULA with its parts written out, or NULL. *OPEN: it cannot be computed by itself. */
static const struct expr *written_out(struct model *model, const struct expr *formula,
                                      bool *open) {
  struct writing writing = {.model = model, .arena = &model->arena, .plain = true};
  const struct expr *written =
      formula ? expr_substitute(&model->arena, formula, write_value, &writing) : NULL;
  *open = writing.open;
  return written;
}

/* Fills in what part NODE is; every node before it is known. *WITHIN: it makes no sense outside of
 * its statement. */
static bool find_part(struct part_naming *naming, int node, bool *within) {
  struct model *model = naming->model;
  struct node *at = &model->nodes[node];
  int body, whole = gate_of(model, node, &body);
  const char *name = body >= 0 ? local_name(model, body, node) : NULL;
  if (name) {
    at->part = expr_name(&model->arena, SPAN_NONE, name);
    at->open = true;
  } else {
    at->part = written_out(model, whole >= 0 ? model->instances[whole].formula : at->formula,
                           &at->open);
  }
  if (at->part && at->part->size > MOST_EXPRS) {
    name = arena_printf(&model->arena, "%s(…)",
                        whole >= 0 ? model->instances[whole].gate->names[0]
                                   : op_table[at->op].name);
    at->part = name ? expr_name(&model->arena, SPAN_NONE, name) : NULL;
    at->open = true;
  }
  naming->drawn[node] = is_drawn(naming, node);
  at->open = at->open || naming->drawn[node];
  *within = body >= 0 || at->open;
  return at->part != NULL;
}

static const char *text_of(struct model *model, const struct expr *expr) {
  struct text text;
  text_init(&text);
  print_expr(&text, expr);
  return text_keep(&text, &model->arena);
}

/* Parts, and how often each text would serve; a named node of the same formula counts. */
static bool find_parts(struct part_naming *naming) {
  struct model *model = naming->model;
  for (size_t n = 0; n < model->node_count; n++) {
    struct node *node = &model->nodes[n];
    bool named = node->kind != NODE_OP || is_written(naming, (int)n), within = naming->always, open;
    const struct expr *part;
    if (named) {
      part = written_out(model, node->formula, &open);
      if (node->formula && !part) return false;
      if (!part || part->size > MOST_EXPRS) continue;
    } else {
      if (!find_part(naming, (int)n, &within)) return false;
      part = node->part;
      node->within = within || naming->always ? "" : NULL; /* to be found */
    }
    const char *text = text_of(model, part);
    if (!text || !count_text(naming, text)) return false;
    if (!named) node->shown = text;
  }
  return true;
}

/* The statement that NODE belongs to, by its name. NEXT is the next written name. */
static const char *statement_of(const struct part_naming *naming, int node, const char *next) {
  const struct model *model = naming->model;
  const char *name = next;
  for (int i = model->nodes[node].instance; i >= 0; i = model->instances[i].parent) {
    int output = model->instances[i].output;
    if (output >= 0 && is_written(naming, output)) name = model->nodes[output].name;
  }
  return name;
}

static bool find_statements(struct part_naming *naming) {
  struct model *model = naming->model;
  const char *next = "";
  for (size_t n = model->node_count; n-- > 0;) {
    struct node *node = &model->nodes[n];
    if (!node->part) {
      next = node->name;
      continue;
    }
    if (!node->within && scope_find(&naming->counts, node->shown) == 1) continue;
    node->within = statement_of(naming, (int)n, next);
    node->shown = arena_printf(&model->arena, "%s in %s", node->shown, node->within);
    if (!node->shown || !count_text(naming, node->shown)) return false;
  }
  return true;
}

static const char *ordinal(unsigned number) {
  unsigned last = number % 100 / 10 == 1 ? 0 : number % 10;
  return last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th";
}

/* Those that still read alike are counted. */
static bool number_parts(struct part_naming *naming) {
  struct model *model = naming->model;
  struct scope numbers;
  bool good = true;
  scope_init(&numbers);
  for (size_t n = 0; good && n < model->node_count; n++) {
    struct node *node = &model->nodes[n];
    if (!node->part || !node->within || scope_find(&naming->counts, node->shown) < 2) continue;
    int before = scope_find(&numbers, node->shown), number = before < 0 ? 1 : before + 1;
    good = scope_bind(&numbers, node->shown, number);
    node->shown = arena_printf(&model->arena, "%s, %d%s", node->shown, number,
                               ordinal((unsigned)number));
    good = good && node->shown;
  }
  scope_done(&numbers);
  return good;
}

bool shown_make(struct model *model) {
  struct part_naming naming = {.model = model};
  scope_init(&naming.written);
  scope_init(&naming.counts);
  naming.drawn = calloc(model->node_count + 1, sizeof *naming.drawn);
  bool good = naming.drawn && find_written(&naming) && find_parts(&naming) &&
              find_statements(&naming) && number_parts(&naming);
  scope_done(&naming.written);
  scope_done(&naming.counts);
  free(naming.drawn);
  return good;
}

/* -- nodes -- */

void node_put_shown(struct text *out, const struct model *model, int node) {
  const struct node *at = &model->nodes[node];
  text_puts(out, at->part ? at->shown : at->name);
}

void gradient_put_shown(struct text *out, const struct model *model, int node) {
  bool named = node_is_named(model, node);
  text_puts(out, named ? "d" : "d(");
  node_put_shown(out, model, node);
  if (!named) text_puts(out, ")");
}

/* The bytes of TEXT's first COLUMNS columns. */
static size_t bytes_for(const char *text, int columns) {
  size_t length = 0, size, all = strlen(text);
  while (length < all) {
    utf8_decode(text + length, all - length, &size);
    if (text_columns(text, length + size) > columns) break;
    length += size;
  }
  return length;
}

/* The two parts of TEXT that fit into COLUMNS columns with "…" between them: its first *HEAD bytes,
 * and what is returned, which is "" if all of it fits. */
static const char *shorten(const char *text, int columns, size_t *head) {
  int all = text_columns(text, strlen(text)), tail = (columns - 1) / 2;
  *head = all <= columns ? strlen(text) : bytes_for(text, columns - 1 - tail);
  return all <= columns ? "" : text + bytes_for(text, all - tail);
}

static void put_shortened(struct text *out, const char *text, int columns) {
  size_t head;
  const char *tail = shorten(text, columns, &head);
  text_put(out, text, head);
  if (*tail) text_printf(out, "…%s", tail);
}

void node_put_brief(struct text *out, const struct model *model, int node, int columns) {
  const struct node *at = &model->nodes[node];
  put_shortened(out, at->part ? at->shown : at->name, columns);
}

const char *node_title(const struct model *model, int node, char title[TITLE_SIZE]) {
  size_t head;
  if (node_is_named(model, node)) return model->nodes[node].name;
  const char *shown = model->nodes[node].shown, *tail = shorten(shown, TITLE_COLUMNS, &head);
  snprintf(title, TITLE_SIZE, "%.*s%s%s", (int)head, shown, *tail ? "…" : "", tail);
  return title;
}

const char *gradient_title(const struct model *model, int node, char title[GRADIENT_SIZE]) {
  char of[TITLE_SIZE];
  bool named = node_is_named(model, node);
  snprintf(title, GRADIENT_SIZE, "d%s%s%s", named ? "" : "(", node_title(model, node, of),
           named ? "" : ")");
  return title;
}

const char *name_title(const struct model *model, const char *name, char title[GRADIENT_SIZE]) {
  int node = model_find(model, name);
  if (node >= 0) return node_title(model, node, title);
  node = model_gradient_named(model, name);
  return node >= 0 ? gradient_title(model, node, title) : name;
}

void name_put_shown(struct text *out, const struct model *model, const char *name) {
  int node = model_find(model, name), of = model_gradient_named(model, name);
  if (node >= 0) node_put_shown(out, model, node);
  else if (of >= 0) gradient_put_shown(out, model, of);
  else text_puts(out, name);
}

/* -- formulas and lines -- */

/* In a formula of a node that has a name, what is inside a gate needs its "in". */
static const struct expr *write_operand(void *context, const char *name) {
  struct writing *writing = context;
  int node = model_find(writing->model, name), body = -1;
  if (node < 0 || !writing->model->nodes[node].part) return NULL;
  gate_of(writing->model, node, &body);
  writing->plain = body < 0;
  return write_value(writing, name);
}

void formula_put_shown(struct text *out, const struct model *model, int node) {
  const struct expr *formula = model_formula(model, node);
  struct arena arena;
  struct writing writing = {.model = model, .arena = &arena};
  if (!formula) return;
  arena_init(&arena);
  bool named = node_is_named(model, node);
  writing.plain = !named; /* a name of a gate's body, and then what the body says */
  const struct expr *written =
      expr_substitute(&arena, formula, named ? write_operand : write_value, &writing);
  if (written) print_expr(out, written);
  else out->failed = true;
  arena_done(&arena);
}

static bool is_hunted(const struct model *model) {
  for (size_t i = 0; i < model->bug_count; i++)
    if (model->bugs[i].hidden) return true;
  return false;
}

/* The name whose value the gradient of NODE, which is folded away, is a mere copy of; or NULL. */
static const char *handed_on(const struct model *model, int node) {
  const struct rule *only = NULL;
  if (node_is_named(model, node) || model_visible(model, node) == node || is_hunted(model))
    return NULL;
  for (size_t i = 0; i < model->rule_count; i++) {
    if (model->rules[i].target_node != node) continue;
    if (only) return NULL;
    only = &model->rules[i];
  }
  bool copies = only && !only->accumulate && !only->original && only->node >= 0 &&
                only->value->kind == EXPR_NAME &&
                model_gradient_named(model, only->value->name) >= 0;
  return copies ? only->value->name : NULL;
}

bool rule_is_handed_on(const struct model *model, const struct rule *rule) {
  return rule->node >= 0 && rule->target_node >= 0 && handed_on(model, rule->target_node);
}

static const struct expr *write_name(void *context, const char *name) {
  struct writing *writing = context;
  struct text text;
  int node = model_gradient_named(writing->model, name);
  const char *from = node >= 0 ? handed_on(writing->model, node) : NULL;
  if (node < 0 || node_is_named(writing->model, node)) return write_value(context, name);
  writing->found++;
  if (from) {
    const struct expr *other = write_name(context, from);
    return other ? other : expr_name(writing->arena, SPAN_NONE, from);
  }
  text_init(&text);
  gradient_put_shown(&text, writing->model, node);
  const char *kept = text_keep(&text, writing->arena);
  const struct expr *expr = kept ? expr_name(writing->arena, SPAN_NONE, kept) : NULL;
  writing->failed = writing->failed || !expr;
  return expr;
}

/* A literal of many numbers: the first two of them and how many there are. */
static const struct expr *brief_literal(struct arena *arena, const struct expr *expr) {
  enum { MOST = 6 };
  char first[NUMBER_TEXT_SIZE], second[NUMBER_TEXT_SIZE];
  size_t count = shape_count(expr->shape);
  if (count <= MOST) return expr;
  const char *text = arena_printf(arena, "[%s %s … %zu numbers]",
                                  number_brief(expr->entries[0], 4, first),
                                  number_brief(expr->entries[1], 4, second), count);
  return text ? expr_name(arena, SPAN_NONE, text) : NULL;
}

/* EXPR with its long literals shortened; NULL if there is no memory. */
static const struct expr *brief_expr(struct arena *arena, const struct expr *expr) {
  if (expr->kind == EXPR_MATRIX) return brief_literal(arena, expr);
  if (expr->kind != EXPR_APPLY) return expr;
  const struct expr **args = arena_alloc(arena, expr->count, sizeof *args);
  if (!args) return NULL;
  for (size_t i = 0; i < expr->count; i++)
    if (!(args[i] = brief_expr(arena, expr->args[i]))) return NULL;
  return expr_apply(arena, expr->span, expr->op, expr->name, args, expr->count);
}

/* Whether the names that LINE gives to what it is about would be foreign to a reader. */
static bool has_foreign_name(const struct model *model, const struct assign *line) {
  int node = line->node ? model_find(model, line->node) : -1;
  int target = model_gradient_named(model, line->target);
  return (node >= 0 && !node_is_named(model, node)) ||
         (target >= 0 && !node_is_named(model, target));
}

static void put_target(struct text *out, const struct model *model, const struct assign *line) {
  if (line->node) name_put_shown(out, model, line->node);
  if (line->node && line->operand > 0) text_printf(out, ":%d", line->operand);
  if (line->node) text_puts(out, ": ");
  name_put_shown(out, model, line->target);
  text_puts(out, line->accumulate ? " += " : " = ");
}

/* Puts ASSIGN in parts if it has any or is to be BRIEF. */
static void put_assign(struct text *out, struct writing *writing, const struct assign *assign,
                       bool brief) {
  const struct model *model = writing->model;
  const struct expr *value = expr_substitute(writing->arena, assign->value, write_name, writing);
  if (value && brief) value = brief_expr(writing->arena, value);
  out->failed = out->failed || !value || writing->failed;
  if (out->failed || (writing->found == 0 && !has_foreign_name(model, assign) && !brief)) return;
  put_target(out, model, assign);
  print_expr(out, value);
}

/* What LINE reads as in parts; nothing if it has none and need not be BRIEF, or is so high that
 * there is no room for parts in it. */
static void put_line(struct text *out, const struct model *model, const char *line, bool brief) {
  struct arena arena;
  struct assign assign;
  struct diag ignored;
  struct source source = source_from("line", line, strlen(line));
  struct span names = source_span(&source);
  struct writing writing = {.model = model, .arena = &arena};
  arena_init(&arena);
  enum status status = STATUS_NO_MEMORY; /* the line may say d(x @ W) itself */
  if (span_of_names(&names, model, &arena))
    status = parse_line(names, &arena, &assign, &ignored);
  bool roomy = !status && assign.value->height + MOST_EXPRS <= EXPR_MAX_HEIGHT;
  if (roomy) put_assign(out, &writing, &assign, brief);
  out->failed = out->failed || status == STATUS_NO_MEMORY;
  arena_done(&arena);
}

void line_put_shown(struct text *out, const struct model *model, const char *line) {
  size_t before = out->length;
  put_line(out, model, line, false);
  if (out->length == before) text_puts(out, line);
}

/* A line with a long literal, or "…" would be no line any more: it is only for reading. */
void line_put_brief(struct text *out, const struct model *model, const char *line, int columns) {
  struct text text;
  text_init(&text);
  line_put_shown(&text, model, line);
  if (text_columns(text_string(&text), text.length) > columns) {
    text.length = 0;
    put_line(&text, model, line, true);
    if (text.length == 0) text_puts(&text, line);
  }
  put_shortened(out, text_string(&text), columns);
  out->failed = out->failed || text.failed;
  text_done(&text);
}

void rule_put_shown(struct text *out, const struct model *model, size_t rule) {
  line_put_shown(out, model, model->rules[rule].text);
}

void rule_put_addressed(struct text *out, const struct model *model, size_t rule) {
  struct assign line = model_line(model, rule);
  if (line.node) name_put_shown(out, model, line.node);
  if (line.node && line.operand > 0) text_printf(out, ":%d", line.operand);
  if (line.node) text_puts(out, ": ");
  rule_put_shown(out, model, rule);
}
