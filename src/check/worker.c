#include "check/worker.h"

#include "check/numeric.h"
#include "core/memory.h"
#include "core/shortcut.h"
#include "core/vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const method_names[METHOD_COUNT] = {
    [METHOD_CENTRAL] = "central",
    [METHOD_FORWARD] = "forward",
    [METHOD_RICHARDSON] = "richardson",
};

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
  return status || !worker->dirty ? STATUS_NO_MEMORY : STATUS_OK;
}

void worker_done(struct worker *worker) {
  worker_unplan(worker);
  run_done(&worker->run);
  free(worker->dirty);
  worker->dirty = NULL;
}

bool worker_cancelled(const struct worker *worker) {
  return worker->cancel && *worker->cancel;
}

/* -- plans -- */

struct plan_step plan_step(struct run *run, const struct instr *instr) {
  struct plan_step step = {.op = &op_table[instr->op], .call = run_call(run, instr),
                           .out = instr->out};
  for (int i = 0; i < MAX_OPERANDS; i++) step.in[i] = instr->in[i];
  return step;
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
    if (moved[instr->out] && needed[instr->out])
      worker->steps[worker->step_count++] = plan_step(&worker->run, instr);
  }
  return worker->steps;
}

static bool reads(const struct plan_step *step, int slot) {
  for (int k = 0; k < step->op->arity; k++)
    if (step->in[k] == slot) return true;
  return false;
}

static bool find_lead(struct worker *worker, const struct probe *probe) {
  const struct plan_step *step = worker->steps;
  if (probe->direction || worker->step_count == 0 || step->in[0] == step->in[1] ||
      !shortcut_taken(SHORTCUT_LEAD))
    return true;
  worker->alone = true;
  for (size_t i = 1; i < worker->step_count; i++)
    if (reads(&worker->steps[i], probe->slot)) worker->alone = false;
  return lead_init(&worker->lead, step->op, &step->call, step->in[1] == probe->slot);
}

/* Back to the base from wherever passes without a plan have led. */
static void come_back(struct worker *worker) {
  if (worker->astray)
    memcpy(worker->run.values, worker->base->values,
           worker->model->program.size * sizeof *worker->run.values);
  worker->astray = false;
}

bool worker_plan(struct worker *worker, const struct probe *probe) {
  if (!shortcut_taken(SHORTCUT_PLAN)) return true;
  come_back(worker); /* a plan takes what no move reaches as it stands */
  size_t slots = worker->model->program.slot_count;
  bool *moved = calloc(slots, 1), *needed = calloc(slots, 1);
  worker->planned = moved && needed && find_steps(worker, probe, moved, needed) &&
                    find_lead(worker, probe);
  free(moved);
  free(needed);
  if (!worker->planned) worker_unplan(worker);
  return worker->planned;
}

void worker_unplan(struct worker *worker) {
  free(worker->steps);
  lead_done(&worker->lead);
  worker->steps = NULL;
  worker->step_count = 0;
  worker->planned = false;
}

size_t worker_entry(const struct worker *worker, const struct probe *probe, size_t index) {
  struct shape shape = model_shape(worker->model, probe->slot);
  if (!worker->lead.call || worker->lead.which == 0) return index;
  return index % shape.rows * shape.cols + index / shape.rows; /* down the columns */
}

size_t worker_line(const struct worker *worker, const struct probe *probe) {
  struct shape shape = model_shape(worker->model, probe->slot);
  return !worker->lead.call ? 0 : worker->lead.which == 0 ? shape.cols : shape.rows;
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
  struct shape shape = model_shape(worker->model, probe->slot);
  uint32_t row = (uint32_t)(probe->entry / shape.cols), col = (uint32_t)(probe->entry % shape.cols);
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
static struct rect changed(const struct worker *worker, const struct plan_step *step,
                           struct rect part) {
  if (!shortcut_taken(SHORTCUT_TRIM)) return part;
  const double *now = step->call.out, *was = run_values(worker->base, step->out);
  size_t cols = step->call.shape.cols;
  size_t first = part.row0 * cols + part.col0, last = (part.row1 - 1) * cols + part.col1 - 1;
  if (!same_bits(now[first], was[first]) && !same_bits(now[last], was[last])) return part;
  while (part.row0 < part.row1 && rows_equal(now, was, cols, part, part.row0)) part.row0++;
  while (part.row0 < part.row1 && rows_equal(now, was, cols, part, part.row1 - 1)) part.row1--;
  if (part.row0 == part.row1) return (struct rect){0};
  while (columns_equal(now, was, cols, part, part.col0)) part.col0++;
  while (columns_equal(now, was, cols, part, part.col1 - 1)) part.col1--;
  return part;
}

/* Prepares a step's output for PART to be computed anew: what an earlier move has left outside it
 * is put back. */
static void enter_part(struct worker *worker, const struct plan_step *step, struct rect part) {
  struct rect *dirty = &worker->dirty[step->out];
  if (!rect_covers(part, *dirty)) run_restore(&worker->run, worker->base, step->out, *dirty);
  *dirty = part;
}

static void finish_part(struct worker *worker, const struct plan_step *step, struct rect part) {
  run_round(&worker->run, &step->call, part);
  worker->dirty[step->out] = changed(worker, step, part);
}

static void run_step(struct worker *worker, const struct plan_step *step) {
  struct rect part = plan_step_part(step, worker->dirty);
  enter_part(worker, step, part);
  if (rect_empty(part)) return;
  step->op->forward(&step->call, part);
  finish_part(worker, step, part);
}

/* Runs the first step by its lead; false if nothing has changed. An infinite entry makes terms of
 * zeros matter. */
static bool run_lead(struct worker *worker, const struct probe *probe) {
  const struct plan_step *step = worker->steps;
  double value = run_values(&worker->run, probe->slot)[probe->entry];
  struct rect entry = probe_rect(worker, probe), part = lead_part(&worker->lead);
  if (!isfinite(value)) {
    run_step(worker, step);
    return true;
  }
  bool differs = lead_run(&worker->lead, entry.row0, entry.col0, value);
  enter_part(worker, step, differs ? part : (struct rect){0});
  if (differs) finish_part(worker, step, part);
  return differs;
}

static void run_plan(struct worker *worker, const struct probe *probe) {
  size_t first = 0;
  worker->dirty[probe->slot] = probe_rect(worker, probe);
  if (worker->lead.call) {
    if (!run_lead(worker, probe) && worker->alone && !worker->moved) return;
    first = 1;
  }
  worker->moved = true;
  for (size_t i = first; i < worker->step_count; i++) run_step(worker, &worker->steps[i]);
}

/* -- moves -- */

/* Runs the whole pass from the probe on. What it has computed stays. */
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
  if (worker->told && worker->told->progress && !worker_cancelled(worker))
    worker->told->progress(worker->told->progress_context, worker->told->done, worker->told->total);
  if (worker_cancelled(worker)) return NAN;
  if (has_plan(worker)) come_back(worker);
  if (has_plan(worker) && worker->lead.call) { /* still at the base whenever the probe comes to another line */
    struct rect entry = probe_rect(worker, probe);
    lead_enter(&worker->lead, entry.row0, entry.col0);
  }
  move_values(worker, probe, h);
  if (has_plan(worker)) run_plan(worker, probe);
  else run_whole(worker, probe);
  return *run_values(&worker->run, model->nodes[model->loss].slot);
}

void worker_restore(struct worker *worker, const struct probe *probe) {
  restore_values(worker, probe);
  worker->dirty[probe->slot] = (struct rect){0};
  for (size_t i = 0; worker->moved && i < worker->step_count; i++) {
    int slot = worker->steps[i].out;
    run_restore(&worker->run, worker->base, slot, worker->dirty[slot]);
    worker->dirty[slot] = (struct rect){0};
  }
  worker->moved = false;
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

/* Directions are other ones each time. */
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

/* Without a memo, nothing is put back between two moves. */
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

double precision_unit(enum precision precision) {
  static const double units[PRECISION_COUNT] = {0x1p-53, 0x1p-24, 0x1p-11, 0x1p-8};
  return units[precision];
}

double precision_step(enum precision precision) {
  static const double steps[PRECISION_COUNT] = {0x1p-17, 0x1p-8, 0x1p-4, 0x1p-3};
  return steps[precision];
}

double step_at(enum precision precision, double size) {
  double step = precision_step(precision);
  return size > 1 && isfinite(size) ? step * exp2(ceil(log2(size))) : step;
}

double worker_step(const struct worker *worker, const struct probe *probe, double eps) {
  if (eps > 0) return eps;
  const double *base = run_values(worker->base, probe->slot);
  double size = 1;
  for (size_t i = 0; i < (probe->direction ? probe->count : 1); i++)
    size = fmax(size, fabs(base[probe->direction ? i : probe->entry]));
  return step_at(worker->run.precision, size);
}
