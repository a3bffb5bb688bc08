#include "check/locate.h"

#include "check/laws.h"
#include "check/local.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct search {
  const struct check *check;
  const struct model *model;
  struct wrong_lines *found;
  bool *stations, *through; /* by slot */
  bool *in_place;           /* by node: a line reads the very gradient that it assigns */
  bool *marked, *unsettled; /* by rule */
  struct run now, tried;    /* the pass as far as it is run, with the lines put right; a trial */
  struct local local;
  double *differences, *trial; /* by tensor, as the pass stands and in the trial */
  double *expected, *actual;   /* of the line that is looked at, by sample */
  size_t *entries;             /* which those are */
  size_t count;
  double relative;             /* how exact a line must be */
};

enum { MOST_ENTRIES = 4096, MOST_SAMPLES = 256 };

/* -- what lines read -- */

static int target_slot(const struct model *model, const struct rule *rule) {
  return rule->target_node >= 0 ? model->nodes[rule->target_node].gradient
                                : scope_find(&model->locals, rule->target);
}

/* The node whose gradient NAME is, or -1. */
static int gradient_of(const struct model *model, const char *name) {
  bool other = scope_find(&model->locals, name) >= 0 || model_find(model, name) >= 0;
  return !other && name[0] == 'd' ? model_find(model, name + 1) : -1;
}

static bool names(const struct expr *expr, const char *name) {
  if (expr->kind == EXPR_NAME) return strcmp(expr->name, name) == 0;
  for (size_t i = 0; expr->kind == EXPR_APPLY && i < expr->count; i++)
    if (names(expr->args[i], name)) return true;
  return false;
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
  int node = gradient_of(model, expr->name);
  if (node >= 0 && search->stations[model->nodes[node].slot])
    search->through[model->nodes[node].slot] = true;
  else if (node >= 0 || scope_find(&model->locals, expr->name) >= 0)
    mark_assigning(search, line, expr->name);
}

/* Marks the stations that the lines up to LAST for its target go through, and, of the lines that
 * nothing speaks for yet, those among which a mistake would be. */
static void mark_lines(struct search *search, size_t last) {
  const struct model *model = search->model;
  const char *target = model->rules[last].target;
  memset(search->through, 0, model->program.slot_count * sizeof *search->through);
  memset(search->marked, 0, model->rule_count * sizeof *search->marked);
  mark_assigning(search, last + 1, target);
  for (size_t i = last + 1; i-- > 0;) {
    const struct rule *rule = &model->rules[i];
    if (!search->marked[i]) continue;
    if (rule->node < 0) mark_reads(search, rule->value, i);
    if (rule->node >= 0) search->through[model->nodes[rule->node].slot] = true;
    for (size_t k = 0; rule->node >= 0 && k < model->rule_count; k++) /* within the same gate */
      if (model->rules[k].node == rule->node && model->rules[k].operand < 0)
        search->through[model->nodes[model->rules[k].target_node].slot] = true;
  }
}

static void find_stations(struct search *search) {
  const struct model *model = search->model;
  search->stations[model->nodes[model->loss].slot] = true;
  for (size_t i = 0; i < model->rule_count; i++) {
    const struct rule *rule = &model->rules[i];
    if (rule->target_node < 0) continue;
    if (names(rule->value, rule->target)) search->in_place[rule->target_node] = true;
    search->stations[model->nodes[rule->target_node].slot] = true;
  }
  for (size_t n = 0; n < model->node_count; n++)
    if (search->in_place[n]) search->stations[model->nodes[n].slot] = false;
}

/* -- what a line should make -- */

static bool is_last(const struct model *model, size_t line) {
  for (size_t i = line + 1; i < model->rule_count; i++)
    if (model->rules[i].target_node == model->rules[line].target_node) return false;
  return true;
}

/* Whether another line is needed before anything can be said: the gradient is changed in place, or
 * the same node hands it another share, or this line reads no station. */
static bool must_wait(const struct search *search, size_t line) {
  const struct model *model = search->model;
  const struct rule *rule = &model->rules[line];
  if (search->in_place[rule->target_node]) return true;
  for (size_t i = line + 1; i < model->rule_count; i++)
    if (rule->node >= 0 && model->rules[i].node == rule->node &&
        model->rules[i].target_node == rule->target_node)
      return true;
  for (size_t slot = 0; slot < model->program.slot_count; slot++)
    if (search->through[slot]) return false;
  return true;
}

/* All entries of NODE, or the worst one and some of the others. */
static void choose_entries(struct search *search, const struct tensor_check *tensor, size_t size) {
  size_t step = size > MOST_ENTRIES ? size / (MOST_SAMPLES - 1) : 1;
  search->count = 0;
  for (size_t i = 0; i < size; i += step) search->entries[search->count++] = i;
  if (step > 1 && tensor && !tensor->by_direction) search->entries[0] = tensor->entry;
}

/* Fills in what the samples are and should be; kinks are left out. False if that is too much. */
static bool take_samples(struct search *search, const struct tensor_check *tensor, size_t line,
                         bool last) {
  const struct model *model = search->model;
  int node = model->rules[line].target_node;
  size_t size = shape_count(model_shape(model, model->nodes[node].slot)), kept = 0;
  const double *gradient = run_values(&search->now, model->nodes[node].gradient);
  choose_entries(search, tensor, size);
  if (!local_begin(&search->local, node, search->count)) return false;
  for (size_t i = 0; i < search->count; i++) {
    size_t entry = search->entries[i];
    struct local_slope slope = {1, false}; /* at the loss */
    if (node != model->loss)
      slope = local_slope(&search->local, &search->now, node, entry, last ? NULL : search->through);
    if (slope.kink || !isfinite(slope.value)) continue;
    search->entries[kept] = entry;
    search->expected[kept] = slope.value;
    search->actual[kept++] = gradient[entry];
  }
  search->count = kept;
  return true;
}

/* -- how a line is wrong -- */

enum fault { FAULT_NONE, FAULT_FACTOR, FAULT_OTHER };

static bool is_multiple(const struct search *search, double factor) {
  double largest = 0;
  for (size_t i = 0; i < search->count; i++)
    largest = fmax(largest, fmax(fabs(search->actual[i]), fabs(factor * search->expected[i])));
  for (size_t i = 0; i < search->count; i++) {
    double a = search->actual[i], e = factor * search->expected[i];
    double floor = fmax(search->relative / 100, 1e-9) * largest;
    if (!(fabs(a - e) <= search->relative * fmax(fabs(a), fabs(e)) + floor)) return false;
  }
  return true;
}

static enum fault find_fault(const struct search *search, double *factor) {
  *factor = NAN;
  if (is_multiple(search, 1)) return FAULT_NONE;
  double scale = metrics_compute(search->actual, search->expected, search->count).scale;
  if (!isfinite(scale) || !(fabs(scale) > 0) || !is_multiple(search, scale)) return FAULT_OTHER;
  *factor = scale;
  return FAULT_FACTOR;
}

/* -- putting it right -- */

static double difference_in(const struct search *search, const struct run *run, size_t index) {
  const struct tensor_check *tensor = &search->check->tensors[index];
  int slot = search->model->nodes[tensor->node].gradient;
  if (slot < 0 || tensor->by_direction) return 1;
  return metrics_compute(run_values(run, slot), tensor->numeric, tensor->count).difference;
}

static bool is_failing(const struct search *search, size_t index) {
  const double mended = 0.1; /* of what it was */
  const struct tensor_check *tensor = &search->check->tensors[index];
  return tensor->verdict == VERDICT_FAIL &&
         !(search->differences[index] <= mended * tensor->metrics.difference);
}

/* Runs the rest of the pass in TRIED; how many tensors it mends, a half for one that gets clearly
 * better; negative if it spoils one. */
static double rate_trial(struct search *search, size_t line) {
  const struct model *model = search->model;
  const double clearly = 0.5, spoilt = 10, least = 1e-6;
  double mended = 0;
  run_slice(&search->tried, &model->program.backward, model->rules[line].code_end,
            model->program.backward.count);
  for (size_t i = 0; i < search->check->tensor_count; i++) {
    double before = search->differences[i], after = difference_in(search, &search->tried, i);
    search->trial[i] = after;
    if (!is_failing(search, i)) {
      if (!(after <= spoilt * before + least)) return -1;
      continue;
    }
    double initially = search->check->tensors[i].metrics.difference;
    mended += after <= 0.1 * initially ? 1 : after < clearly * before ? 0.5 : 0;
  }
  return mended;
}

/* Puts LINE's result in RUN right: as the samples say or, with a DIVISOR, divided by it. */
static void mend(const struct search *search, const struct run *run, size_t line, double divisor) {
  const struct model *model = search->model;
  int slot = target_slot(model, &model->rules[line]);
  double *gradient = run_values(run, slot);
  bool divide = fabs(divisor) > 0;
  for (size_t i = 0; divide && i < shape_count(model_shape(model, slot)); i++)
    gradient[i] /= divisor;
  for (size_t i = 0; !divide && i < search->count; i++)
    gradient[search->entries[i]] = search->expected[i];
}

static double try_with(struct search *search, size_t line, double divisor) {
  memcpy(search->tried.values, search->now.values,
         search->model->program.size * sizeof *search->now.values);
  mend(search, &search->tried, line, divisor);
  return rate_trial(search, line);
}

/* Whether the check gets better once the line is right: as it should be given what it reads, or
 * without one of the factors that params have too much. */
static bool mends(struct search *search, size_t line, enum fault fault) {
  double best = try_with(search, line, 0), divisor = 0;
  for (size_t i = 0; fault == FAULT_FACTOR && i < search->check->tensor_count; i++) {
    const struct metrics *m = &search->check->tensors[i].metrics;
    if (!is_failing(search, i) || !metrics_is_factor(m) || !(fabs(m->scale) > 0)) continue;
    double rate = try_with(search, line, m->scale);
    if (rate > best) best = rate, divisor = m->scale;
  }
  if (!(best > 0)) return false;
  try_with(search, line, divisor);
  mend(search, &search->now, line, divisor);
  memcpy(search->differences, search->trial,
         search->check->tensor_count * sizeof *search->differences);
  return true;
}

/* -- whom to blame -- */

static unsigned find_passes(const struct search *search) {
  const struct model *model = search->model;
  unsigned passes = 0;
  size_t ways = 0;
  for (size_t i = 0; i < search->local.plan_count; i++) {
    const struct instr *instr = &model->program.forward.items[search->local.plan[i]];
    if (search->stations[instr->out]) ways++;
    if (instr->op == OP_MATMUL) passes |= PASSES_PRODUCT;
    if (op_table[instr->op].branches || (op_table[instr->op].form == FORM_CALL &&
                                         instr->op != OP_SUM) || instr->op == OP_POW)
      passes |= PASSES_CURVE;
    if (instr->op == OP_MUL || instr->op == OP_DIV) passes |= PASSES_SCALE;
    if (instr->op == OP_SUM) passes |= PASSES_SUM;
    for (int k = 0; k < op_table[instr->op].arity; k++)
      if (!shape_equal(model_shape(model, instr->in[k]), model_shape(model, instr->out)) &&
          op_table[instr->op].form == FORM_INFIX && instr->op != OP_MATMUL)
        passes |= PASSES_SUM;
  }
  return passes | (ways > 1 ? PASSES_FAN_OUT : 0);
}

/* Whether no line for NODE reads one of the stations that it reaches. */
static bool forgets(const struct search *search, int node) {
  const struct model *model = search->model;
  for (int slot = 0; slot < (int)model->program.slot_count; slot++)
    if (search->stations[slot] && slot != model->nodes[node].slot &&
        local_reaches(&search->local, slot) && !search->through[slot])
      return true;
  return false;
}

static enum status add_line(struct wrong_lines *found, struct wrong_line line) {
  if (!array_reserve(&found->items, &found->capacity, found->count + 1, sizeof *found->items))
    return STATUS_NO_MEMORY;
  found->items[found->count++] = line;
  return STATUS_OK;
}

static enum status blame(struct search *search, size_t line, double factor, bool looked) {
  const struct model *model = search->model;
  const struct rule *rule = &model->rules[line];
  struct wrong_line wrong = {.node = rule->target_node, .factor = factor};
  for (size_t i = line + 1; i-- > 0 && wrong.count < WRONG_LINE_MOST;)
    if (i == line || (search->marked[i] && search->unsettled[i])) wrong.rules[wrong.count++] = i;
  for (size_t i = 0; i < wrong.count / 2; i++) { /* in the order of running */
    size_t other = wrong.rules[i];
    wrong.rules[i] = wrong.rules[wrong.count - 1 - i];
    wrong.rules[wrong.count - 1 - i] = other;
  }
  if (looked) {
    bool first = true;
    for (size_t i = 0; i < line; i++)
      if (model->rules[i].target_node == rule->target_node) first = false;
    wrong.overwrites = !first && !rule->accumulate && !search->in_place[rule->target_node];
    wrong.passes = find_passes(search);
    wrong.forgets = !wrong.overwrites && rule->node < 0 && (wrong.passes & PASSES_FAN_OUT) &&
                    is_last(model, line) && forgets(search, rule->target_node);
  }
  if (wrong.overwrites) wrong.rules[0] = line, wrong.count = 1;
  return add_line(search->found, wrong);
}

static void settle(struct search *search) {
  for (size_t i = 0; i < search->model->rule_count; i++)
    if (search->marked[i]) search->unsettled[i] = false;
}

/* The index of NODE among the checked tensors, or their number. */
static size_t find_tensor(const struct check *check, int node) {
  size_t i = 0;
  while (i < check->tensor_count && check->tensors[i].node != node) i++;
  return i;
}

/* A param's last line: everything before it has been put right as far as it could be. It is not to
 * blame for what it only passes on; but in a backward block, where lines may carry factors for
 * later ones to undo, it may be the one that does not. */
static enum status look_at_param(struct search *search, size_t line, size_t index, bool looked,
                                 enum fault fault) {
  const struct tensor_check *tensor = &search->check->tensors[index];
  int slot = search->model->nodes[tensor->node].gradient;
  search->differences[index] = difference_in(search, &search->now, index);
  if (!is_failing(search, index)) return STATUS_OK;
  bool scaled = metrics_is_factor(&tensor->metrics);
  bool multiple = fault != FAULT_OTHER; /* of what it should be, given what it reads */
  bool owns_factor = scaled && (fault == FAULT_FACTOR || search->model->backward);
  bool passed_on = looked && multiple && !owns_factor;
  if (passed_on || (!looked && search->found->count > 0)) return STATUS_OK;
  if (!tensor->by_direction) {
    memcpy(run_values(&search->now, slot), tensor->numeric, tensor->count * sizeof(double));
    search->differences[index] = 0;
  }
  return blame(search, line, scaled ? tensor->metrics.scale : (double)NAN, looked);
}

static enum status look_at_line(struct search *search, size_t line) {
  const struct check *check = search->check;
  const struct model *model = search->model;
  const struct rule *rule = &model->rules[line];
  search->unsettled[line] = true;
  if (rule->target_node < 0 || model->nodes[rule->target_node].kind == NODE_DATA) return STATUS_OK;
  size_t index = find_tensor(check, rule->target_node);
  bool last = is_last(model, line);
  const struct tensor_check *tensor = index < check->tensor_count ? &check->tensors[index] : NULL;
  size_t size = shape_count(model_shape(model, model->nodes[rule->target_node].slot));
  double factor = NAN;
  mark_lines(search, line);
  if (!last && (must_wait(search, line) || size > MOST_ENTRIES)) return STATUS_OK;
  bool looked = take_samples(search, tensor, line, last);
  if (!looked) search->found->complete = false;
  enum fault fault = looked ? find_fault(search, &factor) : FAULT_NONE;
  if (tensor && last) return look_at_param(search, line, index, looked, fault);
  if (fault == FAULT_NONE) {
    if (looked) settle(search);
    return STATUS_OK;
  }
  bool derived = !model->backward && check->options.directions > 0;
  if (!derived && !mends(search, line, fault)) return STATUS_OK;
  enum status status = blame(search, line, factor, looked);
  settle(search);
  return status;
}

/* -- one line rather than all -- */

/* Whether all that was found is the last lines of params, every one of them wrong by the same
 * factor: then a line before them may lack a factor that they rightly undo. */
static bool all_by_one_factor(const struct search *search, double *factor) {
  const struct check *check = search->check;
  if (!search->model->backward || search->found->count < 2) return false;
  *factor = search->found->items[0].factor;
  for (size_t i = 0; i < search->found->count; i++) {
    const struct wrong_line *line = &search->found->items[i];
    if (find_tensor(check, line->node) == check->tensor_count ||
        !(fabs(line->factor - *factor) <= 1e-4 * fabs(*factor)))
      return false;
  }
  for (size_t i = 0; i < check->tensor_count; i++)
    if (check->tensors[i].verdict == VERDICT_PASS) return false;
  return true;
}

/* If dividing the result of one line by that factor mends everything, it is that line; the last
 * such line, as it may have been passed on from there. */
static void prefer_one_line(struct search *search, const struct run *point) {
  const struct model *model = search->model;
  size_t from = 0, best = model->rule_count, failing = 0;
  double factor;
  if (!all_by_one_factor(search, &factor)) return;
  memcpy(search->now.values, point->values, model->program.size * sizeof *point->values);
  for (size_t i = 0; i < search->check->tensor_count; i++) {
    search->differences[i] = search->check->tensors[i].metrics.difference;
    failing += is_failing(search, i);
  }
  for (size_t i = 0; i < model->rule_count; from = model->rules[i++].code_end) {
    run_slice(&search->now, &model->program.backward, from, model->rules[i].code_end);
    if (try_with(search, i, factor) >= (double)failing) best = i;
  }
  if (best == model->rule_count) return;
  search->found->count = 1;
  search->found->items[0] = (struct wrong_line){.rules = {best}, .count = 1, .factor = factor,
                                                .node = model->rules[best].target_node};
}

/* -- laws, and what is not finite -- */

static bool breaks(enum law law, const struct rule *rule, double first, double now) {
  if (!law) return !isfinite(now);
  return (law == LAW_REPEAT || rule->target_node >= 0) && law_breaks(law, first, now);
}

/* The first line to break LAW (LAW_NONE: whose result is not finite), run beside a pass that does
 * not ask for it. */
static enum status find_breaking(struct search *search, enum law law) {
  const struct model *model = search->model;
  const struct code *backward = &model->program.backward;
  int upstream = model->nodes[model->loss].gradient;
  size_t from = 0;
  memcpy(search->tried.values, search->now.values, model->program.size * sizeof(double));
  if (law == LAW_REPEAT) run_code(&search->tried, backward, 0);
  else if (law) *run_values(&search->tried, upstream) = law_upstream(law);
  if (law > LAW_REPEAT) search->now.precision = search->tried.precision = PRECISION_DOUBLE;
  for (size_t i = 0; i < model->rule_count; from = model->rules[i++].code_end) {
    const struct rule *rule = &model->rules[i];
    int slot = target_slot(model, rule);
    run_slice(&search->now, backward, from, rule->code_end);
    run_slice(&search->tried, backward, from, rule->code_end);
    const double *first = run_values(&search->now, slot), *now = run_values(&search->tried, slot);
    for (size_t k = 0; k < shape_count(model_shape(model, slot)); k++)
      if (breaks(law, rule, first[k], now[k]))
        return add_line(search->found, (struct wrong_line){.rules = {i}, .count = 1, .law = law,
                                                           .node = rule->target_node,
                                                           .factor = NAN});
  }
  return STATUS_OK;
}

/* -- all of it -- */

static enum status search_init(struct search *search, const struct run *point) {
  const struct model *model = search->model;
  size_t slots = model->program.slot_count + 1, tensors = search->check->tensor_count + 1;
  search->stations = calloc(slots, sizeof *search->stations);
  search->through = calloc(slots, sizeof *search->through);
  search->in_place = calloc(model->node_count + 1, sizeof *search->in_place);
  search->marked = calloc(model->rule_count + 1, sizeof *search->marked);
  search->unsettled = calloc(model->rule_count + 1, sizeof *search->unsettled);
  search->differences = calloc(tensors, sizeof *search->differences);
  search->trial = calloc(tensors, sizeof *search->trial);
  search->expected = calloc(MOST_ENTRIES, sizeof *search->expected);
  search->actual = calloc(MOST_ENTRIES, sizeof *search->actual);
  search->entries = calloc(MOST_ENTRIES, sizeof *search->entries);
  bool short_of = !search->stations || !search->through || !search->in_place || !search->marked ||
                  !search->unsettled || !search->differences || !search->trial ||
                  !search->expected || !search->actual || !search->entries;
  return short_of || run_copy(&search->now, point) || run_copy(&search->tried, point) ||
                 local_init(&search->local, model, point, search->stations)
             ? STATUS_NO_MEMORY
             : STATUS_OK;
}

static void search_done(struct search *search) {
  void *parts[] = {search->stations,    search->through,  search->in_place, search->marked,
                   search->unsettled,   search->trial,    search->expected, search->actual,
                   search->differences, search->entries};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) free(parts[i]);
  run_done(&search->now);
  run_done(&search->tried);
  local_done(&search->local);
}

static enum status find_differing(struct search *search, const struct run *point) {
  const struct model *model = search->model;
  size_t from = 0;
  enum status status = STATUS_OK;
  const double most = 1e-5, least = 1e-8, part = 0.1;
  search->relative = most;
  for (size_t i = 0; i < search->check->tensor_count; i++) {
    const struct tensor_check *tensor = &search->check->tensors[i];
    search->differences[i] = tensor->metrics.difference;
    if (tensor->verdict == VERDICT_FAIL && tensor->reason == REASON_DIFFERS)
      search->relative = fmin(search->relative, fmax(least, part * tensor->metrics.difference));
  }
  find_stations(search);
  for (size_t i = 0; !status && i < model->rule_count; from = model->rules[i++].code_end) {
    run_slice(&search->now, &model->program.backward, from, model->rules[i].code_end);
    status = look_at_line(search, i);
  }
  if (!status) prefer_one_line(search, point);
  return status;
}

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

enum status locate(struct wrong_lines *found, const struct check *check, const struct model *model,
                   const struct run *point) {
  struct search search = {.check = check, .model = model, .found = found};
  enum law law = broken_law(check);
  *found = (struct wrong_lines){.complete = true};
  enum status status = search_init(&search, point);
  if (!status && (law == LAW_REPEAT || has_reason(check, REASON_NOT_FINITE)))
    status = find_breaking(&search, law == LAW_REPEAT ? law : LAW_NONE);
  else if (!status && has_reason(check, REASON_DIFFERS))
    status = find_differing(&search, point);
  if (!status && found->count == 0 && law > LAW_REPEAT) {
    memcpy(search.now.values, point->values, model->program.size * sizeof *point->values);
    status = find_breaking(&search, law);
  }
  search_done(&search);
  return status;
}

void wrong_lines_done(struct wrong_lines *found) {
  free(found->items);
  *found = (struct wrong_lines){0};
}
