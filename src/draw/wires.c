#include "draw/wires.h"

#include <stdlib.h>

void wires_done(struct wires *wires) {
  free(wires->items);
  free(wires->first);
  free(wires->drawn);
  *wires = (struct wires){0};
}

static bool add_wire(struct wires *wires, int node) {
  const struct wire wire = {node, 1};
  return array_push(&wires->items, &wires->count, &wires->capacity, &wire, sizeof wire);
}

/* A size is a number that was known when the model was built: nothing flows from its tensor. */
static bool is_size(const struct expr *expr) {
  return expr->kind == EXPR_APPLY && expr->op >= 0 && op_table[expr->op].flags & OP_STATIC;
}

/* Calls VISIT for each node that EXPR names, as often as it does, from left to right, until VISIT
 * says false. SIZES: those whose size alone matters too. */
static bool each_name(const struct model *model, const struct expr *expr, bool sizes,
                      bool (*visit)(void *context, int node), void *context) {
  int node = expr->kind == EXPR_NAME ? model_find(model, expr->name) : -1;
  if (node >= 0) return visit(context, node);
  if (is_size(expr) && !sizes) return true;
  for (size_t i = 0; expr->kind == EXPR_APPLY && i < expr->count; i++)
    if (!each_name(model, expr->args[i], sizes, visit, context)) return false;
  return true;
}

static bool stop(void *context, int node) {
  (void)context;
  return node < 0;
}

bool wires_named(const struct model *model, const struct expr *expr) {
  return !each_name(model, expr, false, stop, NULL);
}

struct finder {
  struct wires *wires;
  const struct model *model;
  int user;
  bool once;  /* a name that comes again is counted, not added */
  bool *served, *read; /* by node: something was made of it; a wire leaves it */
};

static bool find_wire(void *context, int node) {
  struct finder *finder = context;
  struct wires *wires = finder->wires;
  int from = model_visible(finder->model, node);
  if (from == finder->user) return true;
  finder->read[from] = true;
  for (size_t i = wires->first[finder->user]; finder->once && i < wires->count; i++)
    if (wires->items[i].node == from) {
      wires->items[i].uses++;
      return true;
    }
  return add_wire(wires, from);
}

static bool find_served(void *context, int node) {
  ((struct finder *)context)->served[node] = true;
  return true;
}

static bool find_of_node(struct finder *finder, int node) {
  const struct model *model = finder->model;
  const struct expr *formula = model_formula(model, node);
  int shown = model_shown_as(model, node);
  if (!formula) return true;
  if (model->nodes[node].kind == NODE_CONST)
    return each_name(model, formula, true, find_served, finder);
  finder->user = node;
  finder->once = shown >= 0 && !model->instances[shown].gate;
  return each_name(model, formula, false, find_wire, finder);
}

static bool find_all(struct finder *finder) {
  const struct model *model = finder->model;
  struct wires *wires = finder->wires;
  for (size_t n = 0; n < model->node_count; n++) {
    wires->first[n] = wires->count;
    wires->drawn[n] = model_visible(model, (int)n) == (int)n;
    if (wires->drawn[n] && !find_of_node(finder, (int)n)) return false;
  }
  wires->first[model->node_count] = wires->count;
  for (size_t i = 0; i < model->syntax.count; i++) {
    const struct stmt *stmt = &model->syntax.statements[i];
    if (stmt->kind == STMT_DATA || stmt->kind == STMT_PARAM)
      each_name(model, stmt->value, true, find_served, finder);
  }
  return true;
}

enum status wires_find(struct wires *wires, const struct model *model) {
  size_t count = model->node_count;
  wires_done(wires);
  wires->node_count = count;
  wires->first = calloc(count + 1, sizeof *wires->first);
  wires->drawn = calloc(count + 1, sizeof *wires->drawn);
  struct finder finder = {.wires = wires, .model = model, .served = calloc(count + 1, 1),
                          .read = calloc(count + 1, 1)};
  bool found = wires->first && wires->drawn && finder.served && finder.read && find_all(&finder);
  for (size_t n = 0; found && n < count; n++) {
    bool leaf = model->nodes[n].kind == NODE_DATA || model->nodes[n].kind == NODE_CONST;
    if (leaf && finder.served[n] && !finder.read[n] && (int)n != model->loss)
      wires->drawn[n] = false;
    wires->drawn_count += wires->drawn[n];
  }
  free(finder.served);
  free(finder.read);
  return found ? STATUS_OK : STATUS_NO_MEMORY;
}
