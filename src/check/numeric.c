#include "check/numeric.h"

#include "core/shortcut.h"

#include <math.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { WORTH_A_THREAD = 128 };

/* Without memory, in whichever thread. */
static void numeric_fails(struct numeric *numeric) {
  __atomic_store_n(&numeric->failed, true, __ATOMIC_RELAXED);
}

static void init_worker(void *context, int piece, int member) {
  struct numeric *numeric = context;
  struct worker *worker = &numeric->workers[piece];
  (void)member;
  if (worker_init(worker, numeric->model, numeric->base)) numeric_fails(numeric);
  worker->cancel = numeric->cancel;
}

enum status numeric_init(struct numeric *numeric, const struct model *model,
                         const struct run *base) {
  numeric->model = model;
  numeric->base = base;
  if (numeric->threads > NUMERIC_MAX_THREADS) numeric->threads = NUMERIC_MAX_THREADS;
  if (numeric->total < WORTH_A_THREAD) numeric->threads = 1;
  const size_t bytes = (size_t)numeric->threads * sizeof *numeric->workers;
  numeric->workers = aligned_alloc(alignof(struct worker), bytes);
  if (!numeric->workers) return STATUS_NO_MEMORY;
  memset(numeric->workers, 0, bytes);
  numeric->team = team_new(numeric->threads);
  if (!numeric->team) return STATUS_NO_MEMORY;
  team_work(numeric->team, numeric->threads, init_worker, numeric);
  return numeric->failed ? STATUS_NO_MEMORY : STATUS_OK;
}

void numeric_rest(struct numeric *numeric) {
  team_free(numeric->team);
  numeric->team = NULL;
}

void numeric_done(struct numeric *numeric) {
  for (int i = 0; numeric->workers && i < numeric->threads; i++)
    worker_done(&numeric->workers[i]);
  free(numeric->workers);
  numeric->workers = NULL;
  numeric_rest(numeric);
}

static void report_again(void *context) {
  const struct numeric *numeric = context;
  if (numeric->progress)
    numeric->progress(numeric->progress_context, numeric->done, numeric->total);
}

void numeric_watch(struct numeric *numeric) {
  numeric->workers[0].moving = report_again;
  numeric->workers[0].moving_context = numeric;
}

bool numeric_cancelled(const struct numeric *numeric) {
  return numeric->cancel && *numeric->cancel;
}

static bool is_over(const struct numeric *numeric) {
  return numeric_cancelled(numeric) || __atomic_load_n(&numeric->failed, __ATOMIC_RELAXED);
}

/* -- threads: each takes portions of its own share of the probes, then of the others' -- */

struct range {
  alignas(TEAM_APART) size_t next; /* the first that nobody has taken */
  size_t end;
};

struct probes;

struct hand {
  alignas(TEAM_APART) struct probes *probes;
  struct worker *worker;
  size_t own, helped; /* its share; how many others' it has come to */
  size_t at, end; /* the portion it has taken */
  size_t unsaid;  /* probes of it that are done and not in the sum of all */
  bool speaks; /* this one reports progress: it is the caller's own thread */
};

/* What all of them do. */
struct probes {
  struct numeric *numeric;
  struct probe probe;
  size_t count;
  size_t portion; /* how many a thread takes at once */
  const signed char *directions;
  double *slopes;
  size_t threads;
  struct range ranges[NUMERIC_MAX_THREADS];
  struct hand hands[NUMERIC_MAX_THREADS];
};

/* Small portions, so that the one that speaks, and hears of a stop, is at work until the end; not
 * so small that threads wait for each other's counting. Where there are many lines of entries that
 * a plan prepares for together (LINE: how many; 0: one by one), whole ones. */
static size_t portion_of(size_t count, size_t threads, size_t line) {
  enum { MOST = 16, PORTIONS_A_THREAD = 32, LINES_A_THREAD = 16 };
  size_t portion = count / (threads * PORTIONS_A_THREAD);
  if (line > 0 && count / line >= threads * LINES_A_THREAD) return line;
  return portion < 1 ? 1 : portion > MOST ? MOST : portion;
}

static void say(struct hand *hand) {
  __atomic_add_fetch(&hand->probes->numeric->done, hand->unsaid, __ATOMIC_RELAXED);
  hand->unsaid = 0;
}

/* False when no share has any left. */
static bool next_portion(struct hand *hand) {
  struct probes *probes = hand->probes;
  for (; hand->helped < probes->threads; hand->helped++) {
    struct range *share = &probes->ranges[(hand->own + hand->helped) % probes->threads];
    hand->at = __atomic_fetch_add(&share->next, probes->portion, __ATOMIC_RELAXED);
    hand->end = hand->at + probes->portion < share->end ? hand->at + probes->portion : share->end;
    if (hand->at < share->end) return true;
  }
  return false;
}

static bool next_probe(struct hand *hand, size_t *index) {
  if (hand->at >= hand->end) {
    say(hand);
    if (!next_portion(hand)) return false;
  }
  *index = hand->at++;
  return true;
}

static void report(struct hand *hand) {
  struct numeric *numeric = hand->probes->numeric;
  hand->unsaid++;
  if (hand->speaks && numeric->progress)
    numeric->progress(numeric->progress_context,
                      __atomic_load_n(&numeric->done, __ATOMIC_RELAXED) + hand->unsaid,
                      numeric->total);
}

/* Before a worker's first probe of a tensor. */
static void prepare(struct numeric *numeric, struct worker *worker, const struct probe *probe) {
  if (numeric->evaluate == EVALUATE_FULL || !shortcut_taken(SHORTCUT_PLAN)) /* moves reach on */
    run_code(&worker->run, &numeric->model->program.forward, 0);
  else if (!worker_plan(worker, probe))
    numeric_fails(numeric);
}

static void run_hand(void *context, int piece, int member) {
  struct probes *probes = context;
  struct numeric *numeric = probes->numeric;
  struct hand *hand = &probes->hands[piece];
  *hand = (struct hand){.probes = probes, .worker = &numeric->workers[piece], .own = (size_t)piece,
                        .speaks = member == 0};
  struct probe probe = probes->probe;
  if (piece > 0) prepare(numeric, hand->worker, &probe); /* the first one's is made already */
  for (size_t i; !is_over(numeric) && next_probe(hand, &i);) {
    probe.entry = probes->directions ? i : worker_entry(hand->worker, &probe, i);
    probe.direction = probes->directions ? probes->directions + i * probe.count : NULL;
    double h = worker_step(hand->worker, &probe, numeric->eps);
    double slope = worker_slope(hand->worker, &probe, numeric->method, h);
    /* A view may be reading. */
    __atomic_store(&probes->slopes[probe.entry], &slope, __ATOMIC_RELAXED);
    report(hand);
  }
  say(hand);
}

/* Whole portions, but for the last. */
static void make_ranges(struct probes *probes) {
  const size_t portions = (probes->count + probes->portion - 1) / probes->portion;
  for (size_t t = 0; t < probes->threads; t++) {
    size_t end = portions * (t + 1) / probes->threads * probes->portion;
    probes->ranges[t].next = portions * t / probes->threads * probes->portion;
    probes->ranges[t].end = end < probes->count ? end : probes->count;
  }
}

enum status numeric_slopes(struct numeric *numeric, struct probe probe, size_t count,
                           const signed char *directions, double *slopes) {
  probe.direction = directions;
  struct probes probes = {.numeric = numeric, .probe = probe, .count = count,
                          .directions = directions, .slopes = slopes,
                          .threads = count < WORTH_A_THREAD ? 1 : (size_t)numeric->threads};
  prepare(numeric, &numeric->workers[0], &probe);
  const size_t line = directions ? 0 : worker_line(&numeric->workers[0]);
  probes.portion = portion_of(count, probes.threads, line);
  make_ranges(&probes);
  team_work(numeric->team, (int)probes.threads, run_hand, &probes);
  for (int i = 0; i < numeric->threads; i++) worker_unplan(&numeric->workers[i]);
  if (numeric->failed) return STATUS_NO_MEMORY;
  return numeric_cancelled(numeric) ? STATUS_CANCELLED : STATUS_OK;
}
