#include "check/worker.h"

#include "core/memory.h"
#include "core/shortcut.h"
#include "core/vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct probe node_probe(const struct model *model, int node) {
  const struct node *of = &model->nodes[node];
  struct probe probe = {.slot = of->slot, .count = shape_count(model_shape(model, of->slot))};
  if (of->kind == NODE_OP)
    while (model->program.forward.items[probe.first++].out != of->slot) continue;
  return probe;
}

enum status worker_init(struct worker *worker, const struct model *model, const struct run *base) {
  *worker = (struct worker){.model = model, .base = base};
  enum status status = run_copy(&worker->run, base);
  worker->dirty = calloc(model->program.slot_count, sizeof *worker->dirty);
  worker->until = calloc(model->program.slot_count, sizeof *worker->until);
  return status || !worker->dirty || !worker->until ? STATUS_NO_MEMORY : STATUS_OK;
}

void worker_done(struct worker *worker) {
  worker_unplan(worker);
  run_done(&worker->run);
  free(worker->dirty);
  free(worker->until);
  worker->dirty = NULL;
  worker->until = NULL;
}

bool worker_cancelled(const struct worker *worker) {
  return worker->cancel && *worker->cancel;
}

void worker_tell(const struct worker *worker) {
  if (worker->moving) worker->moving(worker->moving_context);
}

/* -- plans -- */

struct plan_step plan_step(struct run *run, const struct instr *instr) {
  struct plan_step step = {.op = &op_table[instr->op], .call = run_call(run, instr),
                           .out = instr->out};
  for (int i = 0; i < MAX_OPERANDS; i++) step.in[i] = instr->in[i];
  return step;
}

/* The place in the base of what is at PLACE in the worker's run. */
static const double *at_base(const struct worker *worker, const double *place) {
  return worker->base->values + (place - worker->run.values);
}

static void add_step(struct worker *worker, const struct instr *instr) {
  struct kept_step *step = &worker->steps[worker->step_count++];
  step->plan = plan_step(&worker->run, instr);
  step->was = at_base(worker, step->plan.call.out);
  struct call base = step->plan.call;
  for (int i = 0; i < step->plan.op->arity; i++)
    base.in[i].values = at_base(worker, base.in[i].values);
  sums_init(&step->sums, step->plan.op, &base, &worker->room);
}

/* Makes the steps: the instructions from the probe's first on that depend on its slot and on which
 * the loss depends, in order. MOVED and NEEDED: a zeroed flag a slot. */
static bool find_steps(struct worker *worker, const struct probe *probe, bool *moved,
                       bool *needed) {
  const struct code *forward = &worker->model->program.forward;
  moved[probe->slot] = needed[worker->model->nodes[worker->model->loss].slot] = true;
  for (size_t i = forward->count; i-- > 0;)
    for (int k = 0; k < op_table[forward->items[i].op].arity; k++)
      if (needed[forward->items[i].out]) needed[forward->items[i].in[k]] = true;
  worker->steps = calloc(forward->count + 1, sizeof *worker->steps);
  for (size_t i = probe->first; worker->steps && i < forward->count; i++) {
    const struct instr *instr = &forward->items[i];
    for (int k = 0; k < op_table[instr->op].arity; k++)
      if (moved[instr->in[k]]) moved[instr->out] = true;
    if (moved[instr->out] && needed[instr->out]) add_step(worker, instr);
  }
  return worker->steps;
}

static void find_readers(struct worker *worker, const struct probe *probe) {
  worker->until[probe->slot] = 0;
  for (size_t i = 0; i < worker->step_count; i++) {
    const struct plan_step *plan = &worker->steps[i].plan;
    for (int k = 0; k < plan->op->arity; k++) worker->until[plan->in[k]] = i + 1;
    worker->until[plan->out] = 0;
  }
}

static bool same_rect(struct rect a, struct rect b) {
  return rect_covers(a, b) && rect_covers(b, a);
}

/* What a move of PART of the probe reaches, step by step, as long as all of it changes. */
static void follow(struct worker *worker, const struct probe *probe, struct rect part,
                   struct rect *reached) {
  worker->dirty[probe->slot] = part;
  for (size_t i = 0; i < worker->step_count; i++) {
    const struct plan_step *plan = &worker->steps[i].plan;
    worker->dirty[plan->out] = reached[i] = plan_step_part(plan, worker->dirty);
  }
  worker->dirty[probe->slot] = (struct rect){0};
  for (size_t i = 0; i < worker->step_count; i++)
    worker->dirty[worker->steps[i].plan.out] = (struct rect){0};
}

/* Finds out whether neighbours in a column, or else in a row, are terms of the same sums: of those
 * that are most work to take apart. REACHED has room for three entries' steps. */
static void find_lines(struct worker *worker, const struct probe *probe, struct rect *reached) {
  const struct shape shape = model_shape(worker->model, probe->slot);
  const size_t count = worker->step_count;
  double down = 0, across = 0;
  follow(worker, probe, (struct rect){0, 1, 0, 1}, reached);
  follow(worker, probe, (struct rect){1, 2, 0, 1}, reached + count);
  follow(worker, probe, (struct rect){0, 1, 1, 2}, reached + 2 * count);
  for (size_t i = 0; i < count; i++) {
    const struct sums *sums = &worker->steps[i].sums;
    const double work = (double)sums->terms * (double)shape_count(sums->base.shape);
    if (same_rect(reached[i], reached[count + i])) down += work;
    if (same_rect(reached[i], reached[2 * count + i])) across += work;
  }
  worker->down = shape.rows > 1 && (shape.cols == 1 || down > across);
  worker->line = worker->down && down > 0                        ? shape.rows
                 : !worker->down && across > 0 && shape.cols > 1 ? shape.cols
                                                                 : 0;
}

/* Returns to the base after passes that ran without a plan. */
static void come_back(struct worker *worker) {
  if (worker->astray)
    memcpy(worker->run.values, worker->base->values,
           worker->model->program.size * sizeof *worker->run.values);
  worker->astray = false;
}

bool worker_plan(struct worker *worker, const struct probe *probe) {
  if (!shortcut_taken(SHORTCUT_PLAN)) return true;
  come_back(worker); /* a plan reads what no move reaches as it is */
  enum { LEAST_ROOM = 8 << 20 }; /* numbers: 64 MiB */
  const size_t slots = worker->model->program.slot_count, size = worker->model->program.size;
  worker->room = size > LEAST_ROOM ? size : LEAST_ROOM;
  bool *moved = calloc(slots, 1), *needed = calloc(slots, 1);
  worker->planned = moved && needed && find_steps(worker, probe, moved, needed);
  free(moved);
  free(needed);
  if (!worker->planned) return false;
  find_readers(worker, probe);
  struct rect *reached = calloc(3 * worker->step_count + 1, sizeof *reached);
  if (reached && !probe->direction) find_lines(worker, probe, reached); /* else any order does */
  free(reached);
  return true;
}

size_t worker_entry(const struct worker *worker, const struct probe *probe, size_t index) {
  const struct shape shape = model_shape(worker->model, probe->slot);
  const uint32_t at = (uint32_t)index;
  return worker->down ? (size_t)(at % shape.rows) * shape.cols + at / shape.rows : index;
}

size_t worker_line(const struct worker *worker) {
  return worker->line;
}

/* -- moving -- */

/* Sets the probe's values to the base moved by H. */
static void move_values(struct worker *worker, const struct probe *probe, double h) {
  double *values = run_values(&worker->run, probe->slot);
  const double *base = run_values(worker->base, probe->slot);
  const signed char *direction = probe->direction;
  if (direction) vector_move(values, base, h, direction, probe->count);
  else values[probe->entry] = base[probe->entry] + h;
  size_t from = direction ? 0 : probe->entry, to = direction ? probe->count : from + 1;
  if (worker->run.precision == PRECISION_DOUBLE) return;
  for (size_t i = from; i < to; i++)
    values[i] = precision_round(worker->run.precision, values[i]);
}

static void restore_values(struct worker *worker, const struct probe *probe) {
  size_t from = probe->direction ? 0 : probe->entry;
  memcpy(run_values(&worker->run, probe->slot) + from, run_values(worker->base, probe->slot) + from,
         (probe->direction ? probe->count : 1) * sizeof(double));
}

static struct rect probe_rect(const struct worker *worker, const struct probe *probe) {
  const struct shape shape = model_shape(worker->model, probe->slot);
  const uint32_t entry = (uint32_t)probe->entry, row = entry / shape.cols, col = entry % shape.cols;
  return probe->direction ? shape_rect(shape) : (struct rect){row, row + 1, col, col + 1};
}

struct rect plan_step_part(const struct plan_step *step, const struct rect *dirty) {
  struct rect part = {0};
  for (int i = 0; i < step->op->arity; i++)
    if (!rect_empty(dirty[step->in[i]]))
      part = rect_join(part, step->op->touch(&step->call, i, dirty[step->in[i]]));
  return part;
}

static bool same_bits(double a, double b) {
  return memcmp(&a, &b, sizeof a) == 0;
}

static bool rows_equal(const double *a, const double *b, size_t cols, struct rect part,
                       uint32_t row) {
  return memcmp(a + row * cols + part.col0, b + row * cols + part.col0,
                (part.col1 - part.col0) * sizeof *a) == 0;
}

static bool columns_equal(const double *a, const double *b, size_t cols, struct rect part,
                          uint32_t col) {
  for (uint32_t i = part.row0; i < part.row1; i++)
    if (!same_bits(a[i * cols + col], b[i * cols + col])) return false;
  return true;
}

/* PART without the outer rows and columns in which a step's result is to the bit what it was: a
 * dead unit or a zero lets nothing through, and what did not change reaches nothing. */
static struct rect changed(const struct kept_step *step, struct rect part) {
  const double *now = step->plan.call.out, *was = step->was;
  const size_t cols = step->plan.call.shape.cols;
  const size_t first = part.row0 * cols + part.col0, last = (part.row1 - 1) * cols + part.col1 - 1;
  if (!same_bits(now[first], was[first]) && !same_bits(now[last], was[last])) return part;
  if (!shortcut_taken(SHORTCUT_TRIM)) return part;
  while (part.row0 < part.row1 && rows_equal(now, was, cols, part, part.row0)) part.row0++;
  while (part.row0 < part.row1 && rows_equal(now, was, cols, part, part.row1 - 1)) part.row1--;
  if (part.row0 == part.row1) return (struct rect){0};
  while (columns_equal(now, was, cols, part, part.col0)) part.col0++;
  while (columns_equal(now, was, cols, part, part.col1 - 1)) part.col1--;
  return part;
}

/* Prepares a step's output for PART to be recomputed: what an earlier move left outside of it is
 * restored. */
static void enter_part(struct worker *worker, const struct kept_step *step, struct rect part) {
  struct rect *dirty = &worker->dirty[step->plan.out];
  if (!rect_covers(part, *dirty)) run_restore(&worker->run, worker->base, step->plan.out, *dirty);
  *dirty = part;
}

static void finish_part(struct worker *worker, const struct kept_step *step, struct rect part) {
  run_round(&worker->run, &step->plan.call, part);
  worker->dirty[step->plan.out] = changed(step, part);
}

/* The part to recompute; it is known if the same operands moved before. */
static struct rect part_of(const struct worker *worker, struct kept_step *step) {
  struct rect dirty[MAX_OPERANDS] = {{0}};
  for (int i = 0; i < step->plan.op->arity; i++) dirty[i] = worker->dirty[step->plan.in[i]];
  if (memcmp(dirty, step->dirty, sizeof dirty) != 0) {
    memcpy(step->dirty, dirty, sizeof dirty);
    step->part = plan_step_part(&step->plan, worker->dirty);
  }
  return step->part;
}

/* False: PART is what it was. */
static bool compute_part(struct kept_step *step, struct rect part) {
  const struct plan_step *plan = &step->plan;
  enum sums_outcome outcome = SUMS_LEFT;
  if (plan->op->terms && shortcut_taken(SHORTCUT_SUMS))
    outcome = sums_run(&step->sums, &plan->call, step->dirty, part);
  if (outcome == SUMS_LEFT) plan->op->forward(&plan->call, part);
  return outcome != SUMS_SAME;
}

static void run_step(struct worker *worker, struct kept_step *step) {
  const struct rect part = part_of(worker, step);
  enter_part(worker, step, part);
  if (rect_empty(part)) return;
  if (compute_part(step, part)) finish_part(worker, step, part);
  else enter_part(worker, step, (struct rect){0});
}

/* Runs the steps up to the last that reads what has moved, and restores what an earlier move
 * left. */
static void run_plan(struct worker *worker, const struct probe *probe) {
  size_t until = worker->until[probe->slot], moved = 0;
  worker->dirty[probe->slot] = probe_rect(worker, probe);
  for (size_t i = 0; i < until || i < worker->moved; i++) {
    const int out = worker->steps[i].plan.out;
    run_step(worker, &worker->steps[i]);
    if (rect_empty(worker->dirty[out])) continue;
    if (until < worker->until[out]) until = worker->until[out];
    moved = i + 1;
  }
  worker->moved = moved;
}

/* Restores what the last move left. */
static void put_back(struct worker *worker) {
  for (size_t i = 0; i < worker->moved; i++) {
    const int out = worker->steps[i].plan.out;
    run_restore(&worker->run, worker->base, out, worker->dirty[out]);
    worker->dirty[out] = (struct rect){0};
  }
  worker->moved = 0;
}

void worker_unplan(struct worker *worker) {
  put_back(worker);
  for (size_t i = 0; i < worker->step_count; i++) sums_done(&worker->steps[i].sums);
  free(worker->steps);
  worker->steps = NULL;
  worker->step_count = worker->line = 0;
  worker->planned = worker->down = false;
}

/* -- moves -- */

/* Runs the whole pass from the probe on. What it computes stays. */
static void run_whole(struct worker *worker, const struct probe *probe) {
  worker->astray = true;
  run_code(&worker->run, &worker->model->program.forward, probe->first);
}

/* A plan holds only in the precision of the base, from which it takes what no move reaches. */
static bool has_plan(const struct worker *worker) {
  return worker->planned && worker->run.precision == worker->base->precision;
}

double worker_move(struct worker *worker, const struct probe *probe, double h) {
  const struct model *model = worker->model;
  if (!worker_cancelled(worker)) worker_tell(worker);
  if (worker_cancelled(worker)) return NAN;
  if (has_plan(worker)) come_back(worker);
  move_values(worker, probe, h);
  if (has_plan(worker)) run_plan(worker, probe);
  else run_whole(worker, probe);
  return *run_values(&worker->run, model->nodes[model->loss].slot);
}

/* The next move restores what this one computed, except where it computes it anew. */
void worker_restore(struct worker *worker, const struct probe *probe) {
  restore_values(worker, probe);
  worker->dirty[probe->slot] = (struct rect){0};
}

/* -- what was found before -- */

struct memo_key worker_key(enum precision base, enum precision run, int slot, size_t entry, double h,
                           enum memo_what what) {
  const unsigned precisions = (unsigned)base * PRECISION_COUNT + (unsigned)run;
  return (struct memo_key){h, entry, slot, what + MEMO_WHAT_COUNT * precisions};
}

static struct memo_key key_of(const struct worker *worker, const struct probe *probe, double h,
                              enum memo_what what) {
  return worker_key(worker->base->precision, worker->run.precision, probe->slot, probe->entry, h,
                    what);
}

/* Directions differ each time. */
bool worker_recall(const struct worker *worker, const struct probe *probe, double h,
                   enum memo_what what, uint64_t *bits) {
  const struct memo_key key = key_of(worker, probe, h, what);
  return worker->memo && !probe->direction && memo_find(worker->memo, &key, bits);
}

void worker_remember(const struct worker *worker, const struct probe *probe, double h,
                     enum memo_what what, uint64_t bits) {
  const struct memo_key key = key_of(worker, probe, h, what);
  if (worker->memo && !probe->direction && !worker_cancelled(worker))
    memo_keep(worker->memo, &key, bits);
}

double worker_loss(struct worker *worker, const struct probe *probe, double h) {
  uint64_t bits;
  double loss;
  if (worker_recall(worker, probe, h, MEMO_LOSS, &bits)) {
    memcpy(&loss, &bits, sizeof loss);
    return loss;
  }
  loss = worker_move(worker, probe, h);
  worker_restore(worker, probe);
  memcpy(&bits, &loss, sizeof bits);
  worker_remember(worker, probe, h, MEMO_LOSS, bits);
  return loss;
}

uint64_t worker_branches(struct worker *worker, const struct probe *probe, double h) {
  uint64_t branches;
  if (worker_recall(worker, probe, h, MEMO_BRANCHES, &branches)) return branches;
  worker_move(worker, probe, h);
  branches = worker_cancelled(worker) ? 0 : run_branches(&worker->run);
  worker_restore(worker, probe);
  worker_remember(worker, probe, h, MEMO_BRANCHES, branches);
  return branches;
}

/* -- differences -- */

/* Without a memo, nothing is restored between two moves. */
static double central(struct worker *worker, const struct probe *probe, double h) {
  double (*const loss)(struct worker *, const struct probe *, double) =
      worker->memo ? worker_loss : worker_move;
  double plus = loss(worker, probe, h), minus = loss(worker, probe, -h);
  return (plus - minus) / (2 * h);
}

double worker_slope(struct worker *worker, const struct probe *probe, enum method method,
                    double h) {
  double slope = 0;
  switch (method) {
    case METHOD_CENTRAL: slope = central(worker, probe, h); break;
    case METHOD_FORWARD:
      slope = worker_move(worker, probe, h);
      slope = (slope - worker_move(worker, probe, 0)) / h;
      break;
    case METHOD_RICHARDSON:
      slope = central(worker, probe, h / 2);
      slope = (4 * slope - central(worker, probe, h)) / 3;
      break;
    case METHOD_COUNT: break;
  }
  worker_restore(worker, probe);
  return slope;
}

double worker_step(const struct worker *worker, const struct probe *probe, double eps) {
  if (eps > 0) return eps;
  const double *base = run_values(worker->base, probe->slot);
  double size = 1;
  for (size_t i = 0; i < (probe->direction ? probe->count : 1); i++)
    size = fmax(size, fabs(base[probe->direction ? i : probe->entry]));
  return step_at(worker->run.precision, size);
}
