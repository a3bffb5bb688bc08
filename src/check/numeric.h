/* The numerical gradient: finite differences of the loss. It runs the forward program and never
 * looks at a rule; that is why it can be trusted. */
#ifndef GRADWALK_CHECK_NUMERIC_H
#define GRADWALK_CHECK_NUMERIC_H

#include "lang/model.h"

#include <signal.h>

enum method { METHOD_CENTRAL, METHOD_FORWARD, METHOD_RICHARDSON, METHOD_COUNT };
extern const char *const method_names[METHOD_COUNT];

/* Both compute the same bits: incremental computes anew only what a perturbation touches, full runs
 * the whole forward pass each time, as the textbook does. */
enum evaluate { EVALUATE_INCREMENTAL, EVALUATE_FULL, EVALUATE_COUNT };
extern const char *const evaluate_names[EVALUATE_COUNT];

/* What is moved: one entry of a tensor, or all of it along a direction of +1 and -1. */
struct probe {
  int slot;
  size_t first; /* instruction at which the forward pass must be taken up again */
  size_t count; /* entries of the tensor */
  size_t entry;
  const signed char *direction; /* count signs; NULL: only ENTRY moves */
};

/* One copy of the values, moved about BASE, to which it always returns. */
struct worker {
  const struct model *model;
  const struct run *base; /* the point that is checked, forward pass done */
  struct run run;
  const size_t *plan;     /* instructions that the probe's slot can reach and that reach the loss,
                           * in order: what an incremental evaluation runs; NULL: run everything */
  size_t plan_count;
  struct rect *dirty;     /* by slot: what differs from BASE under a plan */
  const volatile sig_atomic_t *cancel; /* may be NULL; once it is set, moves return NaN at once */
  struct numeric *told;   /* told of every move, so that a long look at one entry can be stopped;
                           * may be NULL */
};

enum status worker_init(struct worker *worker, const struct model *model, const struct run *base);
void worker_done(struct worker *worker);
bool worker_cancelled(const struct worker *worker);

/* Moves the probe by H and returns the loss; everything stays moved until worker_restore(). */
double worker_move(struct worker *worker, const struct probe *probe, double h);
void worker_restore(struct worker *worker, const struct probe *probe);

/* The loss with the probe moved by H. */
double worker_loss(struct worker *worker, const struct probe *probe, double h);

/* dloss along the probe:
 *   central     (f(x + h) − f(x − h)) / 2h
 *   forward     (f(x + h) − f(x)) / h
 *   richardson  (4 D(h/2) − D(h)) / 3 with D central */
double worker_slope(struct worker *worker, const struct probe *probe, enum method method, double h);

/* The step for a probe: EPS if it is given (> 0); else precision_step() times the power of two at or
 * above max(1, |x|), so that x ± h is exact or nearly. */
double worker_step(const struct worker *worker, const struct probe *probe, double eps);

/* The step chosen for PRECISION at |x| <= 1: about the cube root of its rounding unit, where the
 * truncation error h^2 and the round-off unit/h of a central difference meet. */
double precision_step(enum precision precision);

/* Half a unit in the last place of 1. */
double precision_unit(enum precision precision);

enum { NUMERIC_MAX_THREADS = 64 };

/* Several workers computing many probes. Set threads, method, evaluate, eps and, if wanted, cancel
 * and progress; then numeric_init() gives each thread its worker. */
struct numeric {
  const struct model *model;
  struct worker *workers; /* one a thread */
  int threads; /* those beyond NUMERIC_MAX_THREADS are not used */
  enum method method;
  enum evaluate evaluate;
  double eps;
  const volatile sig_atomic_t *cancel; /* may be NULL */
  void (*progress)(void *context, size_t done, size_t total); /* may be NULL; from one thread */
  void *progress_context;
  size_t done, total;
};

enum status numeric_init(struct numeric *numeric, const struct model *model,
                         const struct run *base);
void numeric_done(struct numeric *numeric);
/* Processors that can work at once. */
int numeric_processors(void);

bool numeric_cancelled(const struct numeric *numeric);

/* Fills SLOPES with one slope a probe. PROBE is a template: its entry (or direction) is set for
 * each of the COUNT probes; DIRECTIONS, if not NULL, holds COUNT rows of probe.count signs.
 * STATUS_CANCELLED leaves SLOPES unfinished. The progress function may look at them meanwhile, with
 * slope_read(). */
enum status numeric_slopes(struct numeric *numeric, struct probe probe, size_t count,
                           const signed char *directions, double *slopes);

/* A slope that is still to come: a NaN that no arithmetic yields. */
double slope_pending(void);
bool slope_is_pending(double slope);

/* SLOPES[INDEX], which other threads may be writing. */
double slope_read(const double *slopes, size_t index);

#endif
