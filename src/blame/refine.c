#include "blame/refine.h"

#include "blame/way.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct refining {
  struct search *search;
  struct wrong_line *line;
  const double *is;
  double *should;   /* what it should be given what it reads */
  size_t accused;   /* the line that would be put right */
  double *share;    /* of one line */
  bool *candidates; /* by rule */
  size_t size;
  struct shares shares;
};

static bool is_own(const struct refining *refining, size_t rule) {
  return refining->search->model->rules[rule].target_node == refining->line->node;
}

static size_t count_own(const struct refining *refining) {
  size_t own = 0;
  for (size_t i = 0; i < refining->search->model->rule_count; i++)
    own += is_own(refining, i);
  return own;
}

/* -- what the lines read -- */

/* Whether the station NODE's gradient is the true one. */
static bool is_true(const struct search *search, int node) {
  const double *should = truth_gradient(search->truth, node);
  const double *is = search_gradient(search, &search->now, node);
  return is && should && truth_is_multiple(is, should, search_size(search, node), 1);
}

static void note_reads(const struct refining *refining) {
  const struct search *search = refining->search;
  refining->line->reads = -1;
  refining->line->reads_right = true;
  for (size_t n = 0; n < search->model->node_count; n++) {
    if (!search->through[search->model->nodes[n].slot]) continue;
    if (refining->line->reads < 0) refining->line->reads = (int)n;
    refining->line->reads_right = refining->line->reads_right && is_true(search, (int)n);
  }
}

/* -- names that are no node's gradient -- */

static bool has_helpers(const struct refining *refining) {
  const struct model *model = refining->search->model;
  for (size_t i = 0; i < model->rule_count; i++)
    if (refining->candidates[i] && i != refining->accused && !is_own(refining, i)) return true;
  return false;
}

/* A single number can only make the result wrong by a factor. */
static bool is_only_scale(const struct refining *refining, size_t rule) {
  int slot = search_target(refining->search, rule);
  bool number = shape_count(model_shape(refining->search->model, slot)) == 1;
  return number && refining->size > 1;
}

/* Whether the station NODE is as it should be, so that what it alone reads is. */
static bool vouches(const struct search *search, int node) {
  const double *is = search_gradient(search, &search->now, node);
  const double *should = truth_expected(search->truth, node);
  return is && should && (truth_is_multiple(is, should, search_size(search, node), 1) ||
                          is_true(search, node));
}

/* Whether RULE's result is what an inner node's gradient should be given what was there: the next
 * node's, where the accused line itself reads it. */
static bool is_inner_gradient(const struct refining *refining, size_t rule) {
  struct inner inner = {.search = refining->search, .node = refining->line->node};
  const struct rule *rules = refining->search->model->rules;
  bool next = is_own(refining, refining->accused) &&
              expr_names(rules[refining->accused].value, rules[rule].target);
  const struct run *now = &refining->search->now;
  int slot = search_target(refining->search, rule);
  size_t count = shape_count(model_shape(refining->search->model, slot));
  for (inner_begin(&inner, rule); count > 1 && inner_next(&inner);) {
    const double *should = truth_expected(refining->search->truth, inner.at);
    if (truth_is_multiple(run_values(now, slot), should, count, 1)) return true;
    if (next) return false;
  }
  return false;
}

/* Whether RULE's result is the value of a node: something from the forward pass, once more. */
static bool is_value(const struct refining *refining, size_t rule) {
  const struct model *model = refining->search->model;
  const struct run *now = &refining->search->now;
  int slot = search_target(refining->search, rule);
  size_t count = shape_count(model_shape(model, slot));
  for (size_t n = 0; n < model->node_count; n++)
    if (shape_equal(model_shape(model, slot), model_shape(model, model->nodes[n].slot)) &&
        truth_is_multiple(run_values(now, slot), run_values(now, model->nodes[n].slot), count, 1))
      return true;
  return false;
}

/* Whether the result, too large by a factor, would be right if RULE's were divided by it. */
static bool carries_factor(const struct refining *refining, size_t rule) {
  struct search *search = refining->search;
  struct repair repair = {.line = rule, .divisor = refining->line->factor};
  if (!search_try(search, &repair, 1)) return true;
  const double *is = run_values(&search->tried, search_target(search, refining->accused));
  return truth_is_multiple(is, refining->should, refining->size, 1);
}

/* Whether RULE, whose name is no node's gradient, cannot be the mistake: it holds what it should,
 * given what it reads; it can only scale the result, which is not what is wrong; or it does not
 * carry the factor that is. */
static bool is_innocent(const struct refining *refining, size_t rule) {
  bool scaled = isfinite(refining->line->factor);
  if (is_inner_gradient(refining, rule)) return true;
  if (scaled) return !carries_factor(refining, rule);
  return is_value(refining, rule) || is_only_scale(refining, rule);
}

/* Whether putting RULE's result right as an inner node's gradient mends all. */
static bool mends_as_inner(const struct refining *refining, size_t rule) {
  struct inner inner = {.search = refining->search, .node = refining->line->node};
  for (inner_begin(&inner, rule); inner_next(&inner);) {
    struct repair repair = {.line = rule, .values = inner.values, .scale = 1};
    if (search_try(refining->search, &repair, 1) &&
        search_rate(refining->search) >= SEARCH_ALL)
      return true;
  }
  return false;
}

/* Leaves RULE, and of the names that it reads those that are candidates. */
static void keep_with_reads(const struct refining *refining, size_t rule) {
  search_mark_line(refining->search, rule);
  for (size_t i = 0; i < refining->search->model->rule_count; i++)
    refining->candidates[i] =
        i == rule || (refining->candidates[i] && refining->search->marked[i]);
}

static void ask_helpers(const struct refining *refining) {
  size_t guilty = refining->search->model->rule_count;
  for (size_t i = 0; i < refining->search->model->rule_count; i++) {
    if (!refining->candidates[i] || i == refining->accused ||
        refining->search->model->rules[i].target_node >= 0)
      continue;
    if (is_innocent(refining, i)) refining->candidates[i] = false;
    else if (mends_as_inner(refining, i)) guilty = i;
  }
  if (guilty < refining->search->model->rule_count) keep_with_reads(refining, guilty);
}

/* Whether NODE is a factor of a matrix product. */
static bool is_in_product(const struct model *model, int node) {
  const struct code *forward = &model->program.forward;
  for (size_t i = 0; i < forward->count; i++) {
    const struct instr *instr = &forward->items[i];
    if (op_table[instr->op].flags & OP_PRODUCT && (instr->in[0] == model->nodes[node].slot ||
                                                   instr->in[1] == model->nodes[node].slot))
      return true;
  }
  return false;
}

/* A sum may be right although what is summed is wrong: a gradient much smaller than the name says
 * nothing of it, unless it is made by a product. */
static void acquit_by(const struct refining *refining, int node) {
  struct search *search = refining->search;
  bool product = is_in_product(search->model, node);
  search_mark_group(search, node);
  for (size_t i = 0; i < search->model->rule_count; i++) {
    if (!search->marked[i] || is_own(refining, i) || search_is_station(search, i)) continue;
    size_t size = shape_count(model_shape(search->model, search_target(search, i)));
    if (product || 2 * search_size(search, node) >= size) refining->candidates[i] = false;
  }
}

static void acquit_helpers(const struct refining *refining) {
  const struct search *search = refining->search;
  for (size_t n = 0; n < search->model->node_count; n++)
    if ((int)n != refining->line->node && search->stations[search->model->nodes[n].slot] &&
        (int)n != search->model->loss && vouches(search, (int)n))
      acquit_by(refining, (int)n);
}

/* -- several lines for one gradient -- */

enum { SUBSET_MOST = 8, SHARES_MOST = 64 }; /* all subsets; a bit each */

/* Whether VALUES are the sum of the shares in SUBSET, a bit each. */
static bool is_sum_of(const struct refining *refining, const double *values, uint64_t subset) {
  double largest = truth_largest(refining->should, refining->size);
  for (size_t i = 0; i < refining->size; i++) {
    double sum = 0;
    for (size_t k = 0; k < refining->shares.count; k++)
      if (subset >> k & 1) sum += refining->shares.items[k].values[i];
    if (!(truth_entry_error(values[i], sum, largest) <= 1e-7)) return false;
  }
  return true;
}

static bool is_some_shares(const struct refining *refining, const double *values) {
  if (refining->shares.count > SUBSET_MOST) return false;
  for (uint64_t subset = 1; subset < UINT64_C(1) << refining->shares.count; subset++)
    if (is_sum_of(refining, values, subset)) return true;
  return false;
}

/* The share that a derived line of an operation adds; NULL: it is no such line. */
static const double *share_of_rule(const struct refining *refining, const struct rule *rule) {
  for (size_t k = 0; k < refining->shares.count; k++)
    if (refining->shares.items[k].by == rule->node &&
        refining->shares.items[k].operand == rule->operand)
      return refining->shares.items[k].values;
  return NULL;
}

/* Whether what a line adds is SHARE, but for what rounding makes of a small share of a large
 * sum. */
static bool is_share(const struct refining *refining, const double *share) {
  const double close = 1e-7, rounding = 1e-12;
  double largest = truth_largest(refining->should, refining->size);
  for (size_t i = 0; i < refining->size; i++) {
    double larger = fmax(fabs(refining->share[i]), fabs(share[i]));
    if (!(fabs(refining->share[i] - share[i]) <= close * larger + rounding * largest)) return false;
  }
  return true;
}

/* Whether what LINE adds is what arrives by way of the gradients that it reads. */
static bool adds_its_share(const struct refining *refining, size_t line) {
  struct search *search = refining->search;
  const double *share = share_of_rule(refining, &search->model->rules[line]);
  search_share(search, line, refining->share);
  if (share) return is_share(refining, share);
  search_mark_line(search, line);
  truth_follow(search->truth, &search->now, search->stations, search->through);
  const double *should = truth_expected(search->truth, refining->line->node);
  return is_share(refining, should) || is_some_shares(refining, refining->share);
}

static void acquit_with_helpers(const struct refining *refining, size_t line) {
  struct search *search = refining->search;
  search_mark_line(search, line);
  for (size_t i = 0; i < search->model->rule_count; i++)
    if (search->marked[i]) refining->candidates[i] = false;
}

static void ask_own_lines(const struct refining *refining) {
  enum { MOST_LINES = 64 };
  const struct model *model = refining->search->model;
  size_t own = count_own(refining);
  if (own < 2 || own > MOST_LINES || refining->search->in_place[refining->line->node]) return;
  for (size_t i = 0; i < model->rule_count; i++)
    if (is_own(refining, i) && adds_its_share(refining, i)) acquit_with_helpers(refining, i);
}

/* A gradient that its lines change in place: up to the last of them whose result is a multiple of
 * what it should be they are right; and where no factor is in question, those that only scale
 * are. */
static void ask_lines_in_place(const struct refining *refining) {
  const struct search *search = refining->search;
  bool scaled = isfinite(refining->line->factor), first = true;
  size_t good = 0;
  if (!search->in_place[refining->line->node]) return;
  double *before = calloc(refining->size + 1, sizeof *before);
  for (size_t i = 0; before && i < search->model->rule_count; i++) {
    if (!is_own(refining, i)) continue;
    search_result(refining->search, i, refining->share);
    double multiple = truth_factor(refining->share, refining->should, refining->size, NULL);
    bool right = !isnan(multiple) && (!scaled || fabs(multiple - refining->line->factor) > 1e-7);
    if (right) good = i + 1;
    if (!first && !scaled && !isnan(truth_factor(refining->share, before, refining->size, NULL)))
      refining->candidates[i] = false;
    memcpy(before, refining->share, refining->size * sizeof *before);
    first = false;
  }
  for (size_t i = 0; i < good; i++) refining->candidates[i] = false;
  free(before);
}

/* A later line with = throws away what the others have added. */
static void ask_overwriting(const struct refining *refining) {
  const struct search *search = refining->search;
  if (search->in_place[refining->line->node]) return;
  bool first = true;
  size_t count = search->model->rule_count;
  for (size_t i = 0; i < count; i++) {
    if (!is_own(refining, i)) continue;
    if (!first && !search->model->rules[i].accumulate) {
      memset(refining->candidates, 0, count * sizeof *refining->candidates);
      refining->candidates[i] = true;
      refining->line->overwrites = true;
    }
    first = false;
  }
}

/* -- shares that are missing, or have a factor -- */

/* IS - SHOULD as a multiple of the shares in SUBSET; NaN: it is none. */
static double multiple_of(const struct refining *refining, uint64_t subset) {
  const double close = 1e-6, rounding = 1e-10;
  double product = 0, squares = 0, largest = truth_largest(refining->should, refining->size);
  double *sum = refining->share;
  largest = fmax(largest, truth_largest(refining->is, refining->size));
  for (size_t i = 0; i < refining->size; i++) {
    sum[i] = 0;
    for (size_t k = 0; k < refining->shares.count && k < SHARES_MOST; k++)
      if (subset >> k & 1) sum[i] += refining->shares.items[k].values[i];
    product += sum[i] * (refining->is[i] - refining->should[i]);
    squares += sum[i] * sum[i];
  }
  if (!(squares > 0)) return (double)NAN;
  double factor = product / squares;
  for (size_t i = 0; i < refining->size; i++) {
    double error = refining->is[i] - refining->should[i] - factor * sum[i];
    if (!(fabs(error) <= close * fabs(factor * sum[i]) + rounding * largest)) return (double)NAN;
  }
  return factor;
}

static void name_shares(const struct refining *refining, uint64_t subset, double factor) {
  struct wrong_line *line = refining->line;
  bool missing = fabs(factor + 1) <= 1e-6;
  line->share = missing ? SHARE_MISSING : SHARE_FACTOR;
  line->share_factor = missing ? 0 : 1 + factor;
  for (size_t k = 0; k < refining->shares.count && k < SHARES_MOST && line->by_count < SHARE_MOST;
       k++)
    if (subset >> k & 1) line->by[line->by_count++] = refining->shares.items[k].by;
}

static bool is_small_subset(uint64_t subset, size_t count) {
  int bits = __builtin_popcountll(subset);
  return bits > 1 && bits <= SHARE_MOST && (size_t)bits < count;
}

static bool explain_by(const struct refining *refining, uint64_t subset) {
  double factor = multiple_of(refining, subset);
  bool plain = fabs(factor + 1) <= 1e-6 || fabs(factor + 2) <= 1e-6; /* missing, or a sign */
  if (refining->size == 1 && !plain) factor = (double)NAN; /* any share would do */
  if (!isnan(factor)) name_shares(refining, subset, factor);
  return !isnan(factor);
}

/* The share of the only line that is a candidate, if it is a derived line of an operation; -1. */
static int share_of_candidate(const struct refining *refining) {
  const struct model *model = refining->search->model;
  const struct rule *only = NULL;
  for (size_t i = 0; i < model->rule_count; i++) {
    if (!refining->candidates[i]) continue;
    if (only) return -1;
    only = &model->rules[i];
  }
  for (size_t k = 0; only && only->node >= 0 && k < refining->shares.count; k++)
    if (refining->shares.items[k].by == only->node &&
        refining->shares.items[k].operand == only->operand)
      return (int)k;
  return -1;
}

/* One share that is missing or has a factor; else several that are missing or have the same. */
static void explain_shares(const struct refining *refining) {
  const size_t count = refining->shares.count;
  bool whole = refining->line->telling > 0 && isfinite(refining->line->factor);
  int own = share_of_candidate(refining);
  if (count < 2 || whole || refining->line->overwrites) return;
  if (own >= 0 && own < SHARES_MOST) {
    explain_by(refining, UINT64_C(1) << own);
    return;
  }
  for (size_t k = 0; k < count && k < SHARES_MOST; k++)
    if (explain_by(refining, UINT64_C(1) << k)) return;
  for (uint64_t subset = 1; count <= SUBSET_MOST && subset < UINT64_C(1) << count; subset++)
    if (is_small_subset(subset, count) && explain_by(refining, subset)) return;
}

/* Leaves the lines that add a multiple of the share by way of the node BY, if there are any. */
static void keep_those_of(const struct refining *refining, int by) {
  const size_t rules = refining->search->model->rule_count;
  const double *share = NULL;
  size_t kept = 0;
  bool *keeps = calloc(rules + 1, sizeof *keeps);
  for (size_t k = 0; k < refining->shares.count; k++)
    if (refining->shares.items[k].by == by) share = refining->shares.items[k].values;
  for (size_t i = 0; keeps && share && i < rules; i++) {
    if (!refining->candidates[i]) continue;
    search_share(refining->search, i, refining->share);
    keeps[i] = !isnan(truth_factor(refining->share, share, refining->size, NULL));
    kept += keeps[i];
  }
  for (size_t i = 0; kept > 0 && i < rules; i++) refining->candidates[i] = keeps[i];
  free(keeps);
}

/* Where every line does its part and yet the sum is wrong, a line is missing after the last, or
 * else any of them is one too many. */
static void ask_all_again(const struct refining *refining) {
  const struct model *model = refining->search->model;
  size_t left = 0, last = 0;
  for (size_t i = 0; i < model->rule_count; i++) {
    left += refining->candidates[i];
    if (is_own(refining, i)) last = i;
  }
  if (left > 0) return;
  for (size_t i = 0; i < model->rule_count; i++)
    refining->candidates[i] = is_own(refining, i);
  explain_shares(refining);
  if (refining->line->share == SHARE_FACTOR && refining->line->by_count == 1)
    keep_those_of(refining, refining->line->by[0]);
  if (refining->line->share != SHARE_MISSING) return;
  for (size_t i = 0; i < model->rule_count; i++) refining->candidates[i] = i == last;
}

/* -- all of it -- */

static void collect(const struct refining *refining) {
  struct wrong_line *line = refining->line;
  for (size_t i = 0; i < refining->search->model->rule_count; i++)
    if (refining->candidates[i] && !is_own(refining, i) && i != refining->accused)
      line->reads_right = false; /* a name that it reads may be the mistake */
  for (size_t i = 0; i < refining->search->model->rule_count; i++)
    if (refining->candidates[i] && line->count < WRONG_LINE_MOST) line->rules[line->count++] = i;
}

static void note_factor(const struct refining *refining, const struct repair *repair) {
  for (size_t i = 0; i < refining->size; i++)
    refining->should[i] = repair->values ? repair->scale * repair->values[i]
                                         : refining->is[i] / repair->divisor;
  refining->line->factor = truth_factor(refining->is, refining->should, refining->size,
                                        &refining->line->telling);
  const double *right = truth_gradient(refining->search->truth, refining->line->node);
  refining->line->scale = truth_factor(refining->should, right, refining->size, NULL);
}

static enum status start(struct refining *refining, const struct repair *repair) {
  struct search *search = refining->search;
  size_t rules = search->model->rule_count, size = search_size(search, refining->line->node);
  refining->size = size;
  refining->accused = repair->line;
  refining->is = run_values(&search->now, search_target(search, repair->line));
  refining->should = calloc(size + 1, sizeof *refining->should);
  refining->share = calloc(size + 1, sizeof *refining->share);
  refining->candidates = calloc(rules + 1, sizeof *refining->candidates);
  if (!refining->should || !refining->share || !refining->candidates) return STATUS_NO_MEMORY;
  note_factor(refining, repair);
  if (is_own(refining, repair->line)) search_mark_group(search, refining->line->node);
  else search_mark_line(search, repair->line);
  memcpy(refining->candidates, search->marked, rules * sizeof *refining->candidates);
  note_reads(refining);
  return STATUS_OK;
}

/* The shares that add up to what should be there. */
static enum status take_shares(struct refining *refining, const struct repair *repair) {
  struct search *search = refining->search;
  const struct run *person = repair->of_truth ? NULL : &search->now;
  enum status status = truth_shares(search->truth, person, search->stations,
                                    refining->line->node, &refining->shares);
  for (size_t k = 0; repair->of_truth && k < refining->shares.count; k++)
    for (size_t i = 0; i < refining->size; i++)
      refining->shares.items[k].values[i] *= repair->scale;
  return status;
}

enum status refine(struct search *search, struct wrong_line *line, const struct repair *repair) {
  struct refining refining = {.search = search, .line = line};
  enum status status = start(&refining, repair);
  bool own = is_own(&refining, repair->line); /* else it is a name that should hold the gradient */
  if (!status && has_helpers(&refining)) {
    acquit_helpers(&refining);
    ask_helpers(&refining);
  }
  bool failed = false;
  if (!status) line->passes = way_passes(search->model, search->stations, line->node, &failed);
  if (!status && !failed) status = take_shares(&refining, repair);
  if (failed) status = STATUS_NO_MEMORY;
  if (!status) {
    if (own) ask_own_lines(&refining);
    if (own) ask_lines_in_place(&refining);
    if (own) ask_overwriting(&refining);
    if (own) ask_all_again(&refining);
    explain_shares(&refining);
    collect(&refining);
  }
  shares_done(&refining.shares);
  free(refining.should);
  free(refining.share);
  free(refining.candidates);
  return status;
}
