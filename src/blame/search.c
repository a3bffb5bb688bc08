#include "blame/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BUDGET = 400 * 1000 * 1000 };

/* -- what lines read -- */

int search_target(const struct search *search, size_t line) {
  return model_target(search->model, &search->model->rules[line]);
}

bool search_is_station(const struct search *search, size_t line) {
  int node = search->model->rules[line].target_node;
  return node >= 0 && search->stations[search->model->nodes[node].slot];
}

static void mark_assigning(struct search *search, size_t before, const char *target) {
  for (size_t i = 0; i < before; i++)
    if (strcmp(search->model->rules[i].target, target) == 0) search->marked[i] = true;
}

/* What EXPR of line LINE reads: stations; of anything else the lines that made it. */
static void mark_reads(struct search *search, const struct expr *expr, size_t line) {
  const struct model *model = search->model;
  for (size_t i = 0; expr->kind == EXPR_APPLY && i < expr->count; i++)
    mark_reads(search, expr->args[i], line);
  if (expr->kind != EXPR_NAME) return;
  int node = model_gradient_named(model, expr->name);
  if (node >= 0 && search->stations[model->nodes[node].slot])
    search->through[model->nodes[node].slot] = true;
  else if (node >= 0 || scope_find(&model->locals, expr->name) >= 0)
    mark_assigning(search, line, expr->name);
}

/* A derived line passes on its own node's gradient, or one made inside the same gate. */
static void mark_derived_reads(struct search *search, const struct rule *rule) {
  const struct model *model = search->model;
  search->through[model->nodes[rule->node].slot] = true;
  for (size_t k = 0; k < model->rule_count; k++)
    if (model->rules[k].node == rule->node && model->rules[k].operand < 0)
      search->through[model->nodes[model->rules[k].target_node].slot] = true;
}

/* Completes the marks with what the lines up to LAST read. */
static void mark_back_from(struct search *search, size_t last) {
  const struct model *model = search->model;
  for (size_t i = last + 1; i-- > 0;) {
    if (!search->marked[i]) continue;
    mark_reads(search, model->rules[i].value, i);
    if (model->rules[i].node >= 0) mark_derived_reads(search, &model->rules[i]);
  }
}

static void unmark(struct search *search) {
  memset(search->through, 0, search->model->program.slot_count * sizeof *search->through);
  memset(search->marked, 0, search->model->rule_count * sizeof *search->marked);
}

void search_mark_group(struct search *search, int node) {
  const struct model *model = search->model;
  size_t last = 0;
  unmark(search);
  for (size_t i = 0; i < model->rule_count; i++)
    if (model->rules[i].target_node == node) search->marked[last = i] = true;
  mark_back_from(search, last);
}

void search_mark_line(struct search *search, size_t line) {
  unmark(search);
  search->marked[line] = true;
  mark_back_from(search, line);
}

/* A gradient that is changed in place is compared by its last value; one whose node the truth does
 * not know is not compared. */
static void find_stations(struct search *search) {
  const struct model *model = search->model;
  search->stations[model->nodes[model->loss].slot] = true;
  for (size_t i = 0; i < model->rule_count; i++) {
    const struct rule *rule = &model->rules[i];
    if (rule->target_node < 0) continue;
    if (expr_names(rule->value, rule->target)) search->in_place[rule->target_node] = true;
    if (truth_gradient(search->truth, rule->target_node))
      search->stations[model->nodes[rule->target_node].slot] = true;
  }
}

/* -- inner nodes -- */

static void find_after(struct search *search, int node) {
  const struct model *model = search->model;
  if (search->after_of == node) return;
  search->after_of = node;
  for (size_t n = 0; n < model->node_count; n++) {
    const struct node *other = &model->nodes[n];
    search->after[n] = (int)n == node;
    for (size_t k = 0; k < other->operand_count; k++) {
      int operand = model->values[other->operands[k]].node;
      search->after[n] = search->after[n] || (operand >= 0 && search->after[operand]);
    }
  }
}

enum { INNER_MOST = 64 };

void inner_begin(struct inner *inner, size_t line) {
  int slot = search_target(inner->search, line);
  find_after(inner->search, inner->node);
  inner->shape = slot >= 0 ? model_shape(inner->search->model, slot) : (struct shape){0, 0};
  inner->at = inner->node;
  inner->left = INNER_MOST;
}

bool inner_next(struct inner *inner) {
  const struct search *search = inner->search;
  const struct model *model = search->model;
  while (inner->left > 0 && ++inner->at < (int)model->node_count) {
    int slot = model->nodes[inner->at].slot;
    inner->values = truth_gradient(search->truth, inner->at);
    if (!search->after[inner->at] || search->stations[slot] || !inner->values ||
        !shape_equal(inner->shape, model_shape(model, slot)))
      continue;
    inner->left--;
    return true;
  }
  return false;
}

/* -- the params -- */

const double *search_gradient(const struct search *search, const struct run *run, int node) {
  return model_gradient(search->model, run, node);
}

size_t search_size(const struct search *search, int node) {
  return shape_count(model_shape(search->model, search->model->nodes[node].slot));
}

static double error_in(const struct search *search, const struct run *run, int node) {
  const double *is = search_gradient(search, run, node);
  const double *should = truth_gradient(search->truth, node);
  return is && should ? truth_error(is, should, search_size(search, node)) : 0;
}

/* The check's own test, entry by entry. */
static bool passes(const struct search *search, const struct run *run, int node) {
  const double *is = search_gradient(search, run, node);
  const double *should = truth_gradient(search->truth, node);
  for (size_t i = 0; is && should && i < search_size(search, node); i++) {
    double larger = fmax(fabs(is[i]), fabs(should[i]));
    if (!(fabs(is[i] - should[i]) <= CHECK_ABSOLUTE + CHECK_RELATIVE * larger)) return false;
  }
  return true;
}

static const struct tensor_check *checked(const struct check *check, int node) {
  for (size_t i = 0; i < check->tensor_count; i++)
    if (check->tensors[i].node == node) return &check->tensors[i];
  return NULL;
}

static void find_failing(struct search *search) {
  for (size_t n = 0; n < search->model->node_count; n++) {
    if (search->model->nodes[n].kind != NODE_PARAM) continue;
    const struct tensor_check *tensor = checked(search->check, (int)n);
    search->initial[n] = error_in(search, &search->now, (int)n);
    search->failing[n] =
        search->initial[n] > 0 && (tensor ? tensor->verdict == VERDICT_FAIL
                                          : !passes(search, &search->now, (int)n));
  }
}

void search_reset(struct search *search, const struct run *point) {
  memcpy(search->now.values, point->values, search->model->program.size * sizeof(double));
  search->repair_count = 0;
  find_failing(search);
}

bool search_any_failing(const struct search *search) {
  for (size_t n = 0; n < search->model->node_count; n++)
    if (search->failing[n]) return true;
  return false;
}

/* -- trials -- */

static void apply(const struct search *search, const struct run *run,
                  const struct repair *repair) {
  int slot = search_target(search, repair->line);
  double *result = run_values(run, slot);
  size_t count = shape_count(model_shape(search->model, slot));
  for (size_t i = 0; i < count; i++)
    result[i] = repair->values ? repair->scale * repair->values[i] : result[i] / repair->divisor;
}

/* Applies those of COUNT repairs that are about LINE. */
static void apply_at(const struct search *search, const struct run *run, size_t line,
                     const struct repair *repairs, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (repairs[i].line == line) apply(search, run, &repairs[i]);
}

/* Entries that a whole backward pass computes. */
static size_t work_of_pass(const struct model *model) {
  size_t work = 1;
  for (size_t i = 0; i < model->program.backward.count; i++)
    work += shape_count(model_shape(model, model->program.backward.items[i].out));
  return work;
}

/* Runs the first LINES lines of the pass in TRIED. */
static void run_lines(struct search *search, size_t lines, const struct repair *more,
                      size_t count) {
  const struct model *model = search->model;
  size_t from = 0;
  memcpy(search->tried.values, search->now.values, model->program.size * sizeof(double));
  *run_values(&search->tried, model->nodes[model->loss].gradient) = 1;
  for (size_t i = 0; i < lines; from = model->rules[i++].code_end) {
    run_slice(&search->tried, &model->program.backward, from, model->rules[i].code_end);
    apply_at(search, &search->tried, i, search->repairs, search->repair_count);
    apply_at(search, &search->tried, i, more, count);
  }
}

static bool spend(struct search *search) {
  size_t work = work_of_pass(search->model);
  if (search->budget < work) search->exhausted = true;
  if (!search->exhausted) search->budget -= work;
  return !search->exhausted;
}

bool search_try(struct search *search, const struct repair *more, size_t count) {
  if (!spend(search)) return false;
  run_lines(search, search->model->rule_count, more, count);
  return true;
}

/* Whether LINE adds to what lines before it have made: the first of several begins at 0. */
static bool adds(const struct model *model, size_t line) {
  const struct rule *rule = &model->rules[line];
  for (size_t i = 0; rule->accumulate && i < line; i++)
    if (strcmp(model->rules[i].target, rule->target) == 0) return true;
  return false;
}

void search_share(struct search *search, size_t line, double *share) {
  const struct model *model = search->model;
  const struct rule *rule = &model->rules[line];
  int slot = search_target(search, line);
  size_t count = shape_count(model_shape(model, slot));
  run_lines(search, line, NULL, 0);
  double *target = run_values(&search->tried, slot);
  for (size_t i = 0; i < count; i++) share[i] = adds(model, line) ? -target[i] : 0;
  run_slice(&search->tried, &model->program.backward,
            line > 0 ? model->rules[line - 1].code_end : 0, rule->code_end);
  for (size_t i = 0; i < count; i++) share[i] += target[i];
}

void search_result(struct search *search, size_t line, double *result) {
  int slot = search_target(search, line);
  run_lines(search, line + 1, NULL, 0);
  memcpy(result, run_values(&search->tried, slot),
         shape_count(model_shape(search->model, slot)) * sizeof *result);
}

static bool is_mended(const struct search *search, const struct run *run, int node) {
  const double rounding = 1e-8, part = 1e-3;
  return error_in(search, run, node) <= fmax(rounding, part * search->initial[node]);
}

static double error_norm(const struct search *search, const struct run *run, int node) {
  return metrics_compute(search_gradient(search, run, node), truth_gradient(search->truth, node),
                         search_size(search, node)).error_norm;
}

double search_rate(const struct search *search) {
  const double clearly = 0.5;
  double mended = 0;
  bool all = true;
  for (size_t i = 0; i < search->model->node_count; i++) {
    int node = (int)i;
    if (search->model->nodes[i].kind != NODE_PARAM) continue;
    if (!search->failing[i]) {
      if (passes(search, &search->now, node) && !passes(search, &search->tried, node)) return -1;
      continue;
    }
    bool right = is_mended(search, &search->tried, node);
    bool better = error_norm(search, &search->tried, node) <
                  clearly * error_norm(search, &search->now, node);
    mended += right ? 1 : better ? 0.5 : 0;
    all = all && right;
  }
  return all && mended > 0 ? SEARCH_ALL : mended;
}

double search_common_factor(const struct search *search) {
  double common = NAN;
  for (size_t n = 0; n < search->model->node_count; n++) {
    if (!search->failing[n]) continue;
    double factor = truth_factor(search_gradient(search, &search->tried, (int)n),
                                 truth_gradient(search->truth, (int)n),
                                 search_size(search, (int)n), NULL);
    if (isnan(factor) || fabs(factor - (isnan(common) ? factor : common)) > 1e-7 * fabs(factor))
      return (double)NAN;
    common = factor;
  }
  return common;
}

void search_keep(struct search *search, const struct repair *more, size_t count) {
  for (size_t i = 0; i < count && search->repair_count < REPAIR_MOST; i++)
    search->repairs[search->repair_count++] = more[i];
  memcpy(search->now.values, search->tried.values,
         search->model->program.size * sizeof *search->now.values);
  for (size_t n = 0; n < search->model->node_count; n++)
    if (search->failing[n] && is_mended(search, &search->now, (int)n)) search->failing[n] = false;
}

/* -- all of it -- */

enum status search_init(struct search *search, const struct check *check,
                        const struct model *model, struct truth *truth, const struct run *point) {
  *search = (struct search){.check = check, .model = model, .truth = truth, .budget = BUDGET};
  size_t slots = model->program.slot_count + 1, nodes = model->node_count + 1;
  search->stations = calloc(slots, sizeof *search->stations);
  search->through = calloc(slots, sizeof *search->through);
  search->in_place = calloc(nodes, sizeof *search->in_place);
  search->after = calloc(nodes, sizeof *search->after);
  search->after_of = -1;
  search->failing = calloc(nodes, sizeof *search->failing);
  search->initial = calloc(nodes, sizeof *search->initial);
  search->marked = calloc(model->rule_count + 1, sizeof *search->marked);
  bool short_of = !search->stations || !search->through || !search->in_place || !search->after ||
                  !search->failing || !search->initial || !search->marked;
  if (short_of || run_copy(&search->now, point) || run_copy(&search->tried, point))
    return STATUS_NO_MEMORY;
  find_stations(search);
  find_failing(search);
  return STATUS_OK;
}

void search_done(struct search *search) {
  void *parts[] = {search->stations, search->through, search->in_place, search->after,
                   search->failing,  search->initial, search->marked};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) free(parts[i]);
  run_done(&search->now);
  run_done(&search->tried);
}
