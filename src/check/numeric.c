#include "check/numeric.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

const char *const evaluate_names[EVALUATE_COUNT] = {
    [EVALUATE_INCREMENTAL] = "incremental",
    [EVALUATE_FULL] = "full",
};

/* -- many probes -- */

enum { WORTH_A_THREAD = 128 };

enum status numeric_init(struct numeric *numeric, const struct model *model,
                         const struct run *base) {
  numeric->model = model;
  if (numeric->threads > NUMERIC_MAX_THREADS) numeric->threads = NUMERIC_MAX_THREADS;
  if (numeric->total > 0 && numeric->total < WORTH_A_THREAD) numeric->threads = 1;
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

bool numeric_cancelled(const struct numeric *numeric) {
  return numeric->cancel && *numeric->cancel;
}

/* -- threads: each takes portions of the probes -- */

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
    probe.entry = probes->directions ? i : worker_entry(hand->worker, &probe, i);
    probe.direction = probes->directions ? probes->directions + i * probe.count : NULL;
    double h = worker_step(hand->worker, &probe, numeric->eps);
    double slope = worker_slope(hand->worker, &probe, numeric->method, h);
    __atomic_store(&probes->slopes[probe.entry], &slope, __ATOMIC_RELAXED); /* a view may be reading */
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

static enum status unplan(struct numeric *numeric, enum status status) {
  for (int i = 0; i < numeric->threads; i++) worker_unplan(&numeric->workers[i]);
  return status;
}

enum status numeric_slopes(struct numeric *numeric, struct probe probe, size_t count,
                           const signed char *directions, double *slopes) {
  probe.direction = directions;
  for (int i = 0; i < numeric->threads; i++) {
    struct worker *worker = &numeric->workers[i];
    if (numeric->evaluate == EVALUATE_FULL) /* leaves what lies behind its probe moved */
      run_code(&worker->run, &numeric->model->program.forward, 0);
    else if (!worker_plan(worker, &probe))
      return unplan(numeric, STATUS_NO_MEMORY);
  }
  run_probes(numeric, probe, count, directions, slopes);
  return unplan(numeric, numeric_cancelled(numeric) ? STATUS_CANCELLED : STATUS_OK);
}
