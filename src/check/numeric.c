#include "check/numeric.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const method_names[METHOD_COUNT] = {
    [METHOD_CENTRAL] = "central",
    [METHOD_FORWARD] = "forward",
    [METHOD_RICHARDSON] = "richardson",
};
const char *const evaluate_names[EVALUATE_COUNT] = {
    [EVALUATE_INCREMENTAL] = "incremental",
    [EVALUATE_FULL] = "full",
};

/* -- one worker -- */

enum status worker_init(struct worker *worker, const struct model *model, const struct run *base) {
  *worker = (struct worker){.model = model, .base = base};
  enum status status = run_copy(&worker->run, base);
  worker->dirty = calloc(model->program.slot_count, sizeof *worker->dirty);
  return status || !worker->dirty ? STATUS_NO_MEMORY : STATUS_OK;
}

void worker_done(struct worker *worker) {
  run_done(&worker->run);
  free(worker->dirty);
  worker->dirty = NULL;
}

bool worker_cancelled(const struct worker *worker) {
  return worker->cancel && *worker->cancel;
}

/* Sets the probe's values to the base moved by H; 0 puts the base back exactly. */
static void set_values(struct worker *worker, const struct probe *probe, double h) {
  double *values = run_values(&worker->run, probe->slot);
  const double *base = run_values(worker->base, probe->slot);
  size_t from = probe->direction ? 0 : probe->entry;
  size_t to = probe->direction ? probe->count : probe->entry + 1;
  for (size_t i = from; i < to; i++) {
    double move = probe->direction ? h * probe->direction[i] : h;
    values[i] = precision_round(worker->run.precision, base[i] + move);
  }
}

static struct rect probe_rect(const struct worker *worker, const struct probe *probe) {
  struct shape shape = model_shape(worker->model, probe->slot);
  uint32_t row = (uint32_t)(probe->entry / shape.cols), col = (uint32_t)(probe->entry % shape.cols);
  return probe->direction ? shape_rect(shape) : (struct rect){row, row + 1, col, col + 1};
}

/* Runs the plan, each instruction on just the part that the move has reached. */
static void run_plan(struct worker *worker) {
  const struct instr *instrs = worker->model->program.forward.items;
  for (size_t i = 0; i < worker->plan_count; i++) {
    const struct instr *instr = &instrs[worker->plan[i]];
    struct rect part = run_touched(&worker->run, instr, worker->dirty);
    worker->dirty[instr->out] = part;
    run_part(&worker->run, instr, part);
  }
}

double worker_move(struct worker *worker, const struct probe *probe, double h) {
  const struct model *model = worker->model;
  if (worker->told && worker->told->progress && !worker_cancelled(worker))
    worker->told->progress(worker->told->progress_context, worker->told->done, worker->told->total);
  if (worker_cancelled(worker)) return NAN;
  set_values(worker, probe, h);
  if (worker->plan) {
    worker->dirty[probe->slot] = probe_rect(worker, probe);
    run_plan(worker);
  } else {
    run_code(&worker->run, &model->program.forward, probe->first);
  }
  return *run_values(&worker->run, model->nodes[model->loss].slot);
}

void worker_restore(struct worker *worker, const struct probe *probe) {
  const struct instr *instrs = worker->model->program.forward.items;
  set_values(worker, probe, 0);
  worker->dirty[probe->slot] = (struct rect){0};
  for (size_t i = 0; i < worker->plan_count; i++) {
    int slot = instrs[worker->plan[i]].out;
    run_restore(&worker->run, worker->base, slot, worker->dirty[slot]);
    worker->dirty[slot] = (struct rect){0};
  }
}

double worker_loss(struct worker *worker, const struct probe *probe, double h) {
  double loss = worker_move(worker, probe, h);
  worker_restore(worker, probe);
  return loss;
}

/* -- differences -- */

static double central(struct worker *worker, const struct probe *probe, double h) {
  double plus = worker_move(worker, probe, h), minus = worker_move(worker, probe, -h);
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

double worker_step(const struct worker *worker, const struct probe *probe, double eps) {
  if (eps > 0) return eps;
  const double *base = run_values(worker->base, probe->slot);
  double size = 1, step = precision_step(worker->run.precision);
  for (size_t i = 0; i < (probe->direction ? probe->count : 1); i++)
    size = fmax(size, fabs(base[probe->direction ? i : probe->entry]));
  return isfinite(size) ? step * exp2(ceil(log2(size))) : step;
}

/* -- many probes -- */

enum status numeric_init(struct numeric *numeric, const struct model *model,
                         const struct run *base) {
  numeric->model = model;
  if (numeric->threads > NUMERIC_MAX_THREADS) numeric->threads = NUMERIC_MAX_THREADS;
  numeric->workers = calloc((size_t)numeric->threads, sizeof *numeric->workers);
  if (!numeric->workers) return STATUS_NO_MEMORY;
  for (int i = 0; i < numeric->threads; i++) {
    if (worker_init(&numeric->workers[i], model, base)) return STATUS_NO_MEMORY;
    numeric->workers[i].cancel = numeric->cancel;
  }
  return STATUS_OK;
}

void numeric_done(struct numeric *numeric) {
  for (int i = 0; numeric->workers && i < numeric->threads; i++)
    worker_done(&numeric->workers[i]);
  free(numeric->workers);
  numeric->workers = NULL;
}

/* The instructions from FIRST on that depend on SLOT and on which the loss depends, in order;
 * NULL if there is no memory. */
static size_t *make_plan(const struct model *model, int slot, size_t first, size_t *count) {
  const struct code *forward = &model->program.forward;
  size_t *plan = calloc(forward->count + 1, sizeof *plan);
  bool *moved = calloc(model->program.slot_count, 1), *needed = calloc(model->program.slot_count, 1);
  *count = 0;
  if (plan && moved && needed) {
    moved[slot] = needed[model->nodes[model->loss].slot] = true;
    for (size_t i = forward->count; i-- > 0;)
      for (int k = 0; k < op_table[forward->items[i].op].arity; k++)
        if (needed[forward->items[i].out]) needed[forward->items[i].in[k]] = true;
    for (size_t i = first; i < forward->count; i++) {
      const struct instr *instr = &forward->items[i];
      for (int k = 0; k < op_table[instr->op].arity; k++)
        if (moved[instr->in[k]]) moved[instr->out] = true;
      if (moved[instr->out] && needed[instr->out]) plan[(*count)++] = i;
    }
  } else {
    free(plan);
    plan = NULL;
  }
  free(moved);
  free(needed);
  return plan;
}

bool numeric_cancelled(const struct numeric *numeric) {
  return numeric->cancel && *numeric->cancel;
}

/* -- threads: each takes portions of the probes -- */

enum { WORTH_A_THREAD = 128 };

int numeric_processors(void) {
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count < 1 ? 1 : count > NUMERIC_MAX_THREADS ? NUMERIC_MAX_THREADS : (int)count;
}

/* What all of them do. */
struct probes {
  struct numeric *numeric;
  struct probe probe;
  size_t count, next; /* next: the first that nobody has taken */
  const signed char *directions;
  double *slopes;
};

struct hand {
  struct probes *probes;
  struct worker *worker;
  size_t at, end; /* the portion it has taken */
  bool speaks; /* this one reports progress: it is the caller's own thread */
  bool apart;  /* in a thread of its own, to be joined */
  pthread_t thread;
};

/* Small portions, so that the one that speaks, and hears of a stop, is at work until the end. */
static size_t next_probe(struct hand *hand) {
  enum { PORTION = 4 };
  if (hand->at == hand->end) {
    hand->at = __atomic_fetch_add(&hand->probes->next, PORTION, __ATOMIC_RELAXED);
    hand->end = hand->at + PORTION;
  }
  return hand->at++;
}

static void report(struct numeric *numeric, bool speaks) {
  size_t done = __atomic_add_fetch(&numeric->done, 1, __ATOMIC_RELAXED);
  if (speaks && numeric->progress)
    numeric->progress(numeric->progress_context, done, numeric->total);
}

static const uint64_t pending_bits = 0x7FF8676E69646E65;

double slope_pending(void) {
  double slope;
  memcpy(&slope, &pending_bits, sizeof slope);
  return slope;
}

bool slope_is_pending(double slope) {
  return memcmp(&slope, &pending_bits, sizeof slope) == 0;
}

double slope_read(const double *slopes, size_t index) {
  double slope;
  __atomic_load(&slopes[index], &slope, __ATOMIC_RELAXED);
  return slope;
}

static void *run_hand(void *context) {
  struct hand *hand = context;
  struct probes *probes = hand->probes;
  struct numeric *numeric = probes->numeric;
  struct probe probe = probes->probe;
  for (size_t i; (i = next_probe(hand)) < probes->count && !numeric_cancelled(numeric);) {
    probe.entry = i;
    probe.direction = probes->directions ? probes->directions + i * probe.count : NULL;
    double h = worker_step(hand->worker, &probe, numeric->eps);
    double slope = worker_slope(hand->worker, &probe, numeric->method, h);
    __atomic_store(&probes->slopes[i], &slope, __ATOMIC_RELAXED); /* a view may be reading */
    report(numeric, hand->speaks);
  }
  return NULL;
}

/* A thread that cannot be had costs time, nothing else: the others take its portions. */
static void run_probes(struct numeric *numeric, struct probe probe, size_t count,
                       const signed char *directions, double *slopes) {
  struct probes probes = {.numeric = numeric, .probe = probe, .count = count,
                          .directions = directions, .slopes = slopes};
  struct hand hands[NUMERIC_MAX_THREADS];
  size_t threads = count < WORTH_A_THREAD ? 1 : (size_t)numeric->threads;
  for (size_t t = 0; t < threads; t++)
    hands[t] = (struct hand){.probes = &probes, .worker = &numeric->workers[t], .speaks = t == 0};
  for (size_t t = 1; t < threads; t++)
    hands[t].apart = !pthread_create(&hands[t].thread, NULL, run_hand, &hands[t]);
  run_hand(&hands[0]);
  for (size_t t = 1; t < threads; t++)
    if (hands[t].apart) pthread_join(hands[t].thread, NULL);
}

enum status numeric_slopes(struct numeric *numeric, struct probe probe, size_t count,
                           const signed char *directions, double *slopes) {
  size_t *plan = NULL, plan_count = 0;
  if (numeric->evaluate == EVALUATE_INCREMENTAL) {
    plan = make_plan(numeric->model, probe.slot, probe.first, &plan_count);
    if (!plan) return STATUS_NO_MEMORY;
  }
  for (int i = 0; i < numeric->threads; i++) {
    struct worker *worker = &numeric->workers[i];
    worker->plan = plan;
    worker->plan_count = plan_count;
    /* A full evaluation leaves what lies behind its probe moved. */
    if (!plan) run_code(&worker->run, &numeric->model->program.forward, 0);
  }
  run_probes(numeric, probe, count, directions, slopes);
  for (int i = 0; i < numeric->threads; i++) {
    numeric->workers[i].plan = NULL;
    numeric->workers[i].plan_count = 0;
  }
  free(plan);
  return numeric_cancelled(numeric) ? STATUS_CANCELLED : STATUS_OK;
}
