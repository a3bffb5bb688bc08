#include "bug/outline.h"

#include <stdint.h>
#include <stdlib.h>

int outline_gate(const struct model *model, int node) {
  int found = -1;
  for (int i = model->nodes[node].instance; i >= 0; i = model->instances[i].parent)
    if (model->instances[i].gate && model->instances[i].folded) found = i;
  return found;
}

int outline_operand(const struct model *model, int node, size_t k) {
  int gate = outline_gate(model, node);
  const struct node *of = &model->nodes[node];
  size_t count = gate >= 0 ? model->instances[gate].operand_count : of->operand_count;
  const int *slots = gate >= 0 ? model->instances[gate].operands : of->operands;
  return k < count ? model->values[slots[k]].node : -1;
}

static struct shape node_shape(const struct model *model, int node) {
  return model_shape(model, model->nodes[node].slot);
}

int outline_input(const struct model *model, int node) {
  int operand = outline_operand(model, node, 0), other = outline_operand(model, node, 1);
  bool fits = operand >= 0 && other < 0 && model->nodes[node].kind == NODE_OP &&
              shape_equal(node_shape(model, operand), node_shape(model, node));
  return fits ? operand : -1;
}

/* A node that its author named: not within a folded gate, nor an inner operation of a statement. */
static bool is_named(const struct model *model, int node) {
  for (int i = model->nodes[node].instance; i >= 0; i = model->instances[i].parent) {
    const struct instance *instance = &model->instances[i];
    if ((!instance->gate || instance->folded) && instance->output != node) return false;
  }
  return model->nodes[node].kind != NODE_CONST;
}

static void find_results(struct outline *outline, const struct model *model) {
  for (size_t n = 0; n < model->node_count; n++) outline->results[n] = -1;
  for (size_t n = model->node_count; n-- > 0;) {
    const int input = is_named(model, (int)n) ? outline_input(model, (int)n) : -1;
    if (input >= 0 && input < (int)n) outline->results[input] = (int)n;
  }
}

/* -- nodes of one shape -- */

struct shaped {
  struct shape shape;
  int node;
};

static int by_shape(const void *a, const void *b) {
  const struct shaped *one = a, *other = b;
  if (one->shape.rows != other->shape.rows)
    return one->shape.rows < other->shape.rows ? -1 : 1;
  if (one->shape.cols != other->shape.cols)
    return one->shape.cols < other->shape.cols ? -1 : 1;
  return one->node - other->node;
}

/* The nodes [FIRST, END) of LIST are all those of one shape. */
static void link_shape(struct outline *outline, const struct model *model,
                       const struct shaped *list, size_t first, size_t end) {
  int last = -1;
  for (size_t i = first; i < end; i++) {
    outline->before[list[i].node] = last;
    if (is_named(model, list[i].node)) last = list[i].node;
  }
  last = -1;
  for (size_t i = end; i-- > first;) {
    outline->after[list[i].node] = last;
    if (is_named(model, list[i].node)) last = list[i].node;
  }
}

static enum status find_neighbours(struct outline *outline, const struct model *model) {
  const size_t count = model->node_count;
  struct shaped *list = calloc(count + 1, sizeof *list);
  if (!list) return STATUS_NO_MEMORY;
  for (size_t n = 0; n < count; n++)
    list[n] = (struct shaped){node_shape(model, (int)n), (int)n};
  qsort(list, count, sizeof *list, by_shape);
  for (size_t first = 0, end; first < count; first = end) {
    for (end = first + 1; end < count && shape_equal(list[end].shape, list[first].shape);) end++;
    link_shape(outline, model, list, first, end);
  }
  free(list);
  return STATUS_OK;
}

/* -- lines of one target -- */

/* Where lines I and K assign the same target. A line of a backward block has no node to tell it by;
 * an operand that is none, a gate's intermediate, is no address. */
static void tell_apart(struct outline *outline, const struct model *model, size_t i, size_t k) {
  const struct rule *one = &model->rules[i], *other = &model->rules[k];
  struct outline_line *line = &outline->lines[i];
  line->shared = true;
  line->first = line->first && k > i;
  if (one->node < 0) {
    line->addressed = false;
    return;
  }
  line->of_node = true;
  if (one->node != other->node) return;
  line->of_operand = true;
  line->addressed = line->addressed && one->operand >= 0 && one->operand != other->operand;
}

/* NEXT leads from each line to the next of its target. Many lines of one node and target are rare,
 * and two lines of other nodes differ in the same way whichever they are: so one of another node is
 * enough, and the lines of a node follow one another. */
static void compare_lines(struct outline *outline, const struct model *model, const size_t *next,
                          const size_t *last) {
  for (size_t i = 0; i < model->rule_count; i++) {
    const size_t before = last[i], after = next[i];
    if (before != SIZE_MAX) tell_apart(outline, model, i, before);
    if (after != SIZE_MAX) tell_apart(outline, model, i, after);
    for (size_t k = before; k != SIZE_MAX && model->rules[k].node == model->rules[i].node;
         k = last[k])
      tell_apart(outline, model, i, k);
    for (size_t k = after; k != SIZE_MAX && model->rules[k].node == model->rules[i].node;
         k = next[k])
      tell_apart(outline, model, i, k);
  }
}

static enum status find_shares(struct outline *outline, const struct model *model) {
  const size_t count = model->rule_count;
  size_t *next = calloc(count + 1, sizeof *next), *last = calloc(count + 1, sizeof *last);
  struct scope seen;
  scope_init(&seen);
  bool whole = next && last;
  for (size_t i = 0; whole && i < count; i++) {
    const int before = scope_find(&seen, model->rules[i].target);
    outline->lines[i] = (struct outline_line){.first = true, .addressed = true};
    next[i] = SIZE_MAX;
    last[i] = before >= 0 ? (size_t)before : SIZE_MAX;
    if (before >= 0) next[before] = i;
    whole = scope_bind(&seen, model->rules[i].target, (int)i);
  }
  if (whole) compare_lines(outline, model, next, last);
  scope_done(&seen);
  free(next);
  free(last);
  return whole ? STATUS_OK : STATUS_NO_MEMORY;
}

/* -- all of it -- */

static void find_rules(struct outline *outline, const struct model *model) {
  for (size_t n = 0; n < model->node_count; n++) outline->rules[n] = SIZE_MAX;
  for (size_t i = model->rule_count; i-- > 0;)
    if (model->rules[i].node >= 0) outline->rules[model->rules[i].node] = i;
}

enum status outline_init(struct outline *outline, const struct model *model) {
  const size_t nodes = model->node_count + 1;
  *outline = (struct outline){.samples = model_batch(model).count};
  outline->lines = calloc(model->rule_count + 1, sizeof *outline->lines);
  outline->rules = calloc(nodes, sizeof *outline->rules);
  outline->results = calloc(nodes, sizeof *outline->results);
  outline->before = calloc(nodes, sizeof *outline->before);
  outline->after = calloc(nodes, sizeof *outline->after);
  outline->penalised = calloc(nodes, sizeof *outline->penalised);
  if (!outline->lines || !outline->rules || !outline->results || !outline->before ||
      !outline->after || !outline->penalised)
    return STATUS_NO_MEMORY;
  find_rules(outline, model);
  find_results(outline, model);
  enum status status = find_neighbours(outline, model);
  return status ? status : find_shares(outline, model);
}

void outline_done(struct outline *outline) {
  free(outline->lines);
  free(outline->rules);
  free(outline->results);
  free(outline->before);
  free(outline->after);
  free(outline->penalised);
  *outline = (struct outline){0};
}

struct assign outline_line(const struct outline *outline, const struct model *model, size_t rule) {
  const struct rule *is = &model->rules[rule];
  struct assign line = {.target = is->target, .accumulate = is->accumulate, .value = is->value};
  if (outline->lines[rule].of_node) line.node = model->nodes[is->node].name;
  if (outline->lines[rule].of_operand) line.operand = is->operand + 1;
  return line;
}
