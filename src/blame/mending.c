#include "blame/mending.h"

#include "blame/breaking.h"
#include "blame/refine.h"
#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -- groups: the lines of one gradient -- */

enum fault { FAULT_NONE, FAULT_FACTOR, FAULT_OTHER };

struct group {
  int node;
  size_t last; /* of its lines */
  enum fault fault; /* against what it should make of what it reads */
  double factor;
  bool blamed;
};

enum { FACTORS = 6 };

struct groups {
  struct search *search;
  double habits[FACTORS]; /* factors that some lines undo: others may have them on purpose */
  size_t habit_count;
  struct wrong_lines *found;
  struct group *items; /* in the order of their last lines */
  size_t count;
};

static int compare_groups(const void *left, const void *right) {
  const struct group *a = left, *b = right;
  return a->last < b->last ? -1 : a->last > b->last;
}

static enum status find_groups(struct groups *groups) {
  const struct model *model = groups->search->model;
  size_t *last = calloc(model->node_count + 1, sizeof *last); /* by node, from 1 */
  groups->items = calloc(model->node_count + 1, sizeof *groups->items);
  for (size_t i = 0; last && i < model->rule_count; i++)
    if (search_is_station(groups->search, i)) last[model->rules[i].target_node] = i + 1;
  for (size_t n = 0; last && groups->items && n < model->node_count; n++)
    if (last[n] > 0) groups->items[groups->count++] = (struct group){.node = (int)n,
                                                                     .last = last[n] - 1};
  bool failed = !last || !groups->items;
  free(last);
  if (failed) return STATUS_NO_MEMORY;
  qsort(groups->items, groups->count, sizeof *groups->items, compare_groups);
  return STATUS_OK;
}

static size_t add_factor(double factors[FACTORS], size_t count, double factor) {
  bool known = isnan(factor);
  for (size_t i = 0; i < count; i++) known = known || fabs(factors[i] - factor) <= 1e-7;
  if (!known && count < FACTORS) factors[count++] = factor;
  return count;
}

/* Compares every group with what it should make, with the pass as it is in search->now. */
static void compare_all(struct groups *groups) {
  struct search *search = groups->search;
  truth_follow(search->truth, &search->now, search->stations, NULL);
  groups->habit_count = 0;
  for (size_t i = 0; i < groups->count; i++) {
    struct group *group = &groups->items[i];
    size_t size = search_size(search, group->node);
    const double *is = search_gradient(search, &search->now, group->node);
    const double *should = truth_expected(search->truth, group->node);
    group->factor = truth_factor(is, should, size, NULL);
    group->fault = truth_is_multiple(is, should, size, 1) ? FAULT_NONE
                   : isnan(group->factor)                 ? FAULT_OTHER
                                                          : FAULT_FACTOR;
    if (group->fault == FAULT_FACTOR)
      groups->habit_count = add_factor(groups->habits, groups->habit_count, 1 / group->factor);
  }
}

/* -- which one -- */

/* A trial of one repair, and the best so far. */
struct pick {
  const struct group *group;
  struct repair repair;
  double rate;
};


/* Distinct factors by which the gradients that a group reads are multiples of the true ones, 1
 * among them. */
static size_t factors_read(struct search *search, int node, double factors[FACTORS]) {
  const struct model *model = search->model;
  size_t count = 0;
  factors[count++] = 1;
  search_mark_group(search, node);
  for (size_t n = 0; n < model->node_count && count < FACTORS; n++) {
    const double *should = truth_gradient(search->truth, (int)n);
    if (!search->through[model->nodes[n].slot] || !should || model->nodes[n].gradient < 0) continue;
    count = add_factor(factors, count,
                       truth_factor(search_gradient(search, &search->now, (int)n), should,
                                    search_size(search, (int)n), NULL));
  }
  return count;
}

static void try_one(struct search *search, const struct group *group, struct repair repair,
                    struct pick *best) {
  if (!search_try(search, &repair, 1)) return;
  double rate = search_rate(search);
  if (rate > best->rate) *best = (struct pick){group, repair, rate};
}

/* The factors by which failing params are too large. */
static size_t failing_factors(const struct search *search, double factors[FACTORS]) {
  size_t count = 0;
  for (size_t n = 0; n < search->model->node_count && count < FACTORS; n++) {
    if (!search->failing[n]) continue;
    const double *is = search_gradient(search, &search->now, (int)n);
    const double *should = truth_gradient(search->truth, (int)n);
    count = add_factor(factors, count,
                       truth_factor(is, should, search_size(search, (int)n), NULL));
  }
  return count;
}

static void try_divisors(struct search *search, const struct group *group, struct pick *best) {
  double divisors[FACTORS];
  size_t count = failing_factors(search, divisors);
  for (size_t k = 0; k < count; k++)
    try_one(search, group, (struct repair){.line = group->last, .divisor = divisors[k],
                                           .node = group->node}, best);
}

/* By what factors the names that the marked lines make are multiples of inner nodes' gradients. */
static size_t factors_made(struct search *search, const struct group *group,
                           double factors[FACTORS], size_t count) {
  struct inner inner = {.search = search, .node = group->node};
  for (size_t i = 0; i < group->last; i++) {
    if (!search->marked[i] || search->model->rules[i].target_node >= 0) continue;
    int slot = search_target(search, i);
    size_t size = shape_count(model_shape(search->model, slot)), telling;
    for (inner_begin(&inner, i); size > 1 && inner_next(&inner);)
      count = add_factor(factors, count, truth_factor(run_values(&search->now, slot),
                                                      inner.values, size, &telling));
  }
  return count;
}

/* Names that GROUP's lines read and that are no node's gradient: each as that of an inner node.
 * With MULTIPLES those that are a multiple of it already, else the others. */
static void try_inner(struct search *search, const struct group *group,
                      const double factors[FACTORS], size_t count, bool multiples,
                      struct pick *best) {
  struct inner inner = {.search = search, .node = group->node};
  for (size_t i = 0; i < group->last; i++) {
    if (!search->marked[i] || search->model->rules[i].target_node >= 0) continue;
    int slot = search_target(search, i);
    size_t size = shape_count(model_shape(search->model, slot));
    for (inner_begin(&inner, i); inner_next(&inner);) {
      double is = truth_factor(run_values(&search->now, slot), inner.values, size, NULL);
      for (size_t k = 0; isnan(is) != multiples && k < count; k++)
        try_one(search, group, (struct repair){.line = i, .values = inner.values,
                                               .scale = factors[k], .of_truth = true,
                                               .node = inner.at}, best);
    }
  }
}

/* The same names, each divided by a factor that a failing param has too much. */
static void try_inner_divisors(struct search *search, const struct group *group,
                               struct pick *best) {
  struct inner inner = {.search = search, .node = group->node};
  double divisors[FACTORS];
  size_t count = failing_factors(search, divisors);
  for (size_t i = 0; i < group->last; i++) {
    if (!search->marked[i] || search->model->rules[i].target_node >= 0) continue;
    inner_begin(&inner, i);
    if (!inner_next(&inner)) continue;
    for (size_t k = 0; k < count; k++)
      try_one(search, group, (struct repair){.line = i, .divisor = divisors[k],
                                             .node = inner.at}, best);
  }
}

static void try_helpers(struct search *search, const struct group *group,
                        const double factors[FACTORS], size_t count, struct pick *best) {
  search_mark_group(search, group->node);
  try_inner(search, group, factors, count, false, best);
  if (best->rate < SEARCH_ALL) try_inner(search, group, factors, count, true, best);
  if (best->rate < SEARCH_ALL) try_inner_divisors(search, group, best);
}

/* With the true gradient all params may be off by one factor, which later lines contribute: then
 * the gradient should have that factor undone. */
static void try_undone(struct search *search, const struct group *group, struct repair repair,
                       struct pick *best) {
  repair.scale = 1;
  if (best->rate >= SEARCH_ALL || !search_try(search, &repair, 1)) return;
  double factor = search_common_factor(search);
  if (isnan(factor)) return;
  repair.scale = 1 / factor;
  try_one(search, group, repair, best);
}

static void try_group(const struct groups *groups, const struct group *group, struct pick *best) {
  struct search *search = groups->search;
  struct repair repair = {.line = group->last, .scale = 1, .node = group->node};
  double factors[FACTORS] = {0};
  repair.values = truth_expected(search->truth, group->node);
  try_one(search, group, repair, best);
  size_t count = factors_read(search, group->node, factors);
  for (size_t i = 0; i < groups->habit_count; i++)
    count = add_factor(factors, count, groups->habits[i]);
  count = factors_made(search, group, factors, count);
  repair.values = truth_gradient(search->truth, group->node);
  repair.of_truth = true;
  for (size_t i = 0; i < count; i++) {
    repair.scale = factors[i];
    try_one(search, group, repair, best);
  }
  try_undone(search, group, repair, best);
  if (group->fault == FAULT_FACTOR) try_divisors(search, group, best);
  if (best->rate < SEARCH_ALL) try_helpers(search, group, factors, count, best);
}

/* How far the search goes: each pass blames more than the one before. */
enum mending_pass {
  PASS_WRONG,  /* groups that do not make what they should of what they read */
  PASS_ALL     /* also those that do, where the gradient is a param's and wrong: one of them may be
                * the one that does not undo a factor */
};

static bool is_suspect(const struct search *search, const struct group *group, enum mending_pass pass) {
  if (group->blamed) return false;
  return group->fault != FAULT_NONE || (pass == PASS_ALL && search->failing[group->node]);
}

/* The first group that mends everything once it is right; else the first that mends at least
 * LEAST. */
static struct pick pick_group(const struct groups *groups, enum mending_pass pass, double least) {
  struct pick first = {0};
  for (size_t i = 0; i < groups->count; i++) {
    struct pick best = {0};
    const struct group *group = &groups->items[i];
    if (!is_suspect(groups->search, group, pass)) continue;
    try_group(groups, group, &best);
    if (best.rate >= SEARCH_ALL) return best;
    if (best.rate >= least && !first.group) first = best;
  }
  return first;
}

/* -- blame -- */

static enum status blame(struct groups *groups, const struct repair *repair, bool together) {
  struct wrong_line line = {.node = repair->node, .factor = NAN, .together = together};
  enum status status = refine(groups->search, &line, repair);
  return status ? status : wrong_lines_add(groups->found, line);
}

/* The values of a repair are lent by runs that change: a copy lives as long as the search. */
static enum status blame_pick(struct groups *groups, struct pick pick, double *values) {
  struct search *search = groups->search;
  size_t size = shape_count(model_shape(search->model, search_target(search, pick.repair.line)));
  if (pick.repair.values) {
    memcpy(values, pick.repair.values, size * sizeof *values);
    pick.repair.values = values;
  }
  enum status status = blame(groups, &pick.repair, false);
  groups->items[pick.group - groups->items].blamed = true;
  search_try(search, &pick.repair, 1);
  search_keep(search, &pick.repair, 1);
  return status;
}

/* -- several at once -- */

/* Repairs of all groups of COUNT indexes at CHOSEN but the one at LEFT_OUT. */
static size_t put_repairs(const struct groups *groups, const size_t *chosen, size_t count,
                          size_t left_out, struct repair *repairs) {
  size_t made = 0;
  for (size_t i = 0; i < count; i++) {
    const struct group *group = &groups->items[chosen[i]];
    if (i == left_out) continue;
    repairs[made++] = (struct repair){
        .line = group->last, .values = truth_gradient(groups->search->truth, group->node),
        .scale = 1, .of_truth = true, .node = group->node};
  }
  return made;
}

/* A wrong group that makes no param's gradient: its mistake shows in several, or through
 * another. */
static bool is_between(const struct groups *groups, const struct group *group) {
  return group->fault != FAULT_NONE && !group->blamed &&
         groups->search->model->nodes[group->node].kind == NODE_OP &&
         group->node != groups->search->model->loss;
}

/* Groups that are wrong, all put right together; then those that it does not need are left out. */
static enum status find_together(struct groups *groups) {
  struct search *search = groups->search;
  size_t chosen[REPAIR_MOST], count = 0;
  struct repair repairs[REPAIR_MOST];
  for (size_t i = 0; i < groups->count && count < REPAIR_MOST; i++)
    if (is_between(groups, &groups->items[i])) chosen[count++] = i;
  if (count < 2) return STATUS_OK;
  put_repairs(groups, chosen, count, count, repairs);
  if (!search_try(search, repairs, count) || search_rate(search) < SEARCH_ALL) return STATUS_OK;
  for (size_t i = count; i-- > 0;) {
    size_t left = put_repairs(groups, chosen, count, i, repairs);
    if (!search_try(search, repairs, left) || search_rate(search) < SEARCH_ALL) continue;
    memmove(&chosen[i], &chosen[i + 1], (--count - i) * sizeof *chosen);
  }
  enum status status = STATUS_OK;
  for (size_t i = 0; !status && i < count; i++) {
    put_repairs(groups, &chosen[i], 1, 1, repairs);
    compare_all(groups);
    status = blame(groups, repairs, count > 1);
  }
  size_t made = put_repairs(groups, chosen, count, count, repairs);
  if (search_try(search, repairs, made)) search_keep(search, repairs, made);
  return status;
}

/* -- one line rather than all -- */

/* Whether all that was found is the last lines of params, every one of them wrong by the same
 * factor: then a line before them may lack a factor that they rightly undo. */
static bool all_by_one_factor(const struct groups *groups, double *factor) {
  const struct model *model = groups->search->model;
  const struct wrong_lines *found = groups->found;
  if (!model->backward || found->count < 2) return false;
  *factor = found->items[0].factor;
  for (size_t i = 0; i < found->count; i++) {
    const struct wrong_line *line = &found->items[i];
    if (line->node < 0 || model->nodes[line->node].kind != NODE_PARAM ||
        !(fabs(line->factor - *factor) <= 1e-6 * fabs(*factor)))
      return false;
  }
  return true;
}

/* If dividing the result of one line by that factor mends everything, it is that line; the last
 * such line, as it may have been passed on from there. */
static void prefer_one_line(struct groups *groups) {
  struct search *search = groups->search;
  const struct model *model = search->model;
  size_t best = model->rule_count;
  double factor;
  if (!all_by_one_factor(groups, &factor)) return;
  for (size_t i = 0; i < model->rule_count; i++) {
    struct repair repair = {.line = i, .divisor = factor};
    if (search_try(search, &repair, 1) && search_rate(search) >= SEARCH_ALL) best = i;
  }
  if (best == model->rule_count) return;
  groups->found->count = 1;
  groups->found->items[0] =
      (struct wrong_line){.rules = {best}, .count = 1, .factor = factor, .reads = -1,
                          .scale = NAN, .telling = 2, .node = model->rules[best].target_node};
}

/* Wrong gradients that share just one line that could be the mistake of each: it is that line. */
static bool common_line(const struct wrong_lines *found, size_t *common) {
  size_t shared = 0;
  for (size_t k = 0; k < found->items[0].count; k++) {
    bool in_all = true;
    for (size_t i = 1; i < found->count; i++) {
      bool in_this = false;
      for (size_t j = 0; j < found->items[i].count; j++)
        in_this = in_this || found->items[i].rules[j] == found->items[0].rules[k];
      in_all = in_all && in_this;
    }
    if (in_all) *common = found->items[0].rules[k], shared++;
  }
  return shared == 1;
}

static void prefer_common_line(const struct groups *groups) {
  struct wrong_lines *found = groups->found;
  size_t common;
  if (found->count < 2 || !common_line(found, &common)) return;
  found->count = 1;
  found->items[0].rules[0] = common;
  found->items[0].count = 1;
  if (groups->search->model->rules[common].target_node < 0) found->items[0].node = -1;
}

/* -- what differs -- */

/* What can be said even if no line is found. */
static void note_agreement(const struct groups *groups) {
  const struct search *search = groups->search;
  for (size_t i = 0; i < groups->count; i++) {
    const struct group *group = &groups->items[i];
    const double *is = search_gradient(search, &search->now, group->node);
    const double *should = truth_gradient(search->truth, group->node);
    bool right = truth_is_multiple(is, should, search_size(search, group->node), 1);
    if (right && group->node != search->model->loss) groups->found->any_right = true;
    const double *expected = truth_expected(search->truth, group->node);
    bool reads_right =
        truth_is_multiple(expected, should, search_size(search, group->node), 1);
    if (!right && reads_right && groups->found->differs < 0) groups->found->differs = group->node;
  }
}

enum { MISTAKES = 16 };

/* Blames one group after the other, as long as one mends at least LEAST. KEPT: the values of their
 * repairs. */
static enum status find_one_by_one(struct groups *groups, enum mending_pass pass, double least,
                                   double *kept[MISTAKES]) {
  struct search *search = groups->search;
  enum status status = STATUS_OK;
  for (size_t i = 0; !status && i < MISTAKES && search_any_failing(search); i++) {
    if (kept[i]) continue;
    struct pick pick = pick_group(groups, pass, least);
    if (!pick.group) break;
    int slot = search_target(search, pick.repair.line);
    kept[i] = calloc(shape_count(model_shape(search->model, slot)), sizeof *kept[i]);
    status = kept[i] ? blame_pick(groups, pick, kept[i]) : STATUS_NO_MEMORY;
    compare_all(groups);
  }
  return status;
}

static int compare_lines(const void *left, const void *right) {
  const struct wrong_line *a = left, *b = right;
  size_t one = a->count > 0 ? a->rules[a->count - 1] : 0;
  size_t other = b->count > 0 ? b->rules[b->count - 1] : 0;
  return one < other ? -1 : one > other;
}

static enum status find_differing(struct groups *groups, const struct run *point) {
  struct search *search = groups->search;
  double *kept[MISTAKES] = {0};
  enum status status = find_groups(groups);
  if (status) return status;
  compare_all(groups);
  note_agreement(groups);
  status = find_one_by_one(groups, PASS_WRONG, SEARCH_ALL, kept);
  if (!status && search_any_failing(search)) status = find_together(groups);
  if (!status && search_any_failing(search))
    status = find_one_by_one(groups, PASS_ALL, 1, kept);
  if (!status && search_any_failing(search))
    status = find_one_by_one(groups, PASS_ALL, 0.5, kept);
  groups->found->mended = !search_any_failing(search);
  groups->found->complete = !search->exhausted;
  search_reset(search, point);
  if (!status) prefer_one_line(groups);
  if (!status) prefer_common_line(groups);
  if (groups->found->count > 1)
    qsort(groups->found->items, groups->found->count, sizeof *groups->found->items,
          compare_lines);
  for (size_t i = 0; i < MISTAKES; i++) free(kept[i]);
  return status;
}

/* -- all of it -- */

static bool has_reason(const struct check *check, enum reason reason) {
  for (size_t i = 0; i < check->tensor_count; i++)
    if (check->tensors[i].reason == reason) return true;
  return false;
}

static enum law broken_law(const struct check *check) {
  enum law law = LAW_NONE;
  for (size_t i = 0; i < check->tensor_count; i++)
    if (check->tensors[i].broken && (!law || check->tensors[i].broken < law))
      law = check->tensors[i].broken;
  return law;
}

enum status lines_find(struct wrong_lines *found, const struct check *check,
                       const struct model *model, struct truth *truth, const struct run *point) {
  struct search search;
  struct groups groups = {.search = &search, .found = found};
  enum law law = broken_law(check);
  *found = (struct wrong_lines){.complete = true, .trusted = truth->trusted,
                                 .differs = -1};
  enum status status = search_init(&search, check, model, truth, point);
  if (!status && (law == LAW_REPEAT || has_reason(check, REASON_NOT_FINITE)))
    status = breaking_find(&search, found, law == LAW_REPEAT ? law : LAW_NONE);
  else if (!status && truth->trusted && has_reason(check, REASON_DIFFERS))
    status = find_differing(&groups, point);
  if (!status && found->count == 0 && law > LAW_REPEAT) {
    search_reset(&search, point);
    status = breaking_find(&search, found, law);
  }
  free(groups.items);
  found->stations = search.stations; /* taken over */
  search.stations = NULL;
  search_done(&search);
  return status;
}
