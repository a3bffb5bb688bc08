/* The numerical gradient: finite differences of the loss. It runs the forward program and never
 * looks at a rule; that is why it can be trusted. */
#ifndef GRADWALK_CHECK_NUMERIC_H
#define GRADWALK_CHECK_NUMERIC_H

#include "lang/model.h"

#include <signal.h>

enum method { METHOD_CENTRAL, METHOD_FORWARD, METHOD_RICHARDSON, METHOD_COUNT };
extern const char *const method_names[METHOD_COUNT];

/* What is moved: one entry of a tensor, or all of it along a direction of +1 and -1. */
struct probe {
  int slot;
  size_t first; /* instruction at which the forward pass must be taken up again */
  size_t count; /* entries of the tensor */
  const double *base; /* the tensor's values at the point that is checked */
  size_t entry;
  const signed char *direction; /* count signs; NULL: only ENTRY moves */
};

/* Moves the probe by H, runs the forward pass and returns the loss; everything stays moved until
 * probe_restore(), which puts the probe's own values back. */
double probe_move(struct run *run, const struct model *model, const struct probe *probe, double h);
void probe_restore(struct run *run, const struct probe *probe);

/* The loss with the probe moved by H. The values moved are put back exactly. */
double probe_loss(struct run *run, const struct model *model, const struct probe *probe, double h);

/* dloss along the probe:
 *   central     (f(x + h) − f(x − h)) / 2h
 *   forward     (f(x + h) − f(x)) / h
 *   richardson  (4 D(h/2) − D(h)) / 3 with D central */
double probe_slope(struct run *run, const struct model *model, const struct probe *probe,
                   enum method method, double h);

/* The step for a probe: EPS if it is given (> 0); else 2^-17 (for double; about the cube root of
 * the precision's rounding unit for the others) times the power of two at or above max(1, |x|), so
 * that x ± h is exact or nearly. */
double probe_step(const struct run *run, const struct probe *probe, double eps);

/* The step chosen for PRECISION at |x| <= 1. */
double precision_step(enum precision precision);

/* Half a unit in the last place of 1. */
double precision_unit(enum precision precision);

/* Several workers computing many probes. Set threads, method, eps and, if wanted, cancel and
 * progress; then numeric_init() gives each thread its copy of the run BASE. */
struct numeric {
  const struct model *model;
  struct run *runs; /* one a thread */
  int threads;
  enum method method;
  double eps;
  const volatile sig_atomic_t *cancel; /* may be NULL */
  void (*progress)(void *context, size_t done, size_t total); /* may be NULL */
  void *progress_context;
  size_t done, total;
};

enum status numeric_init(struct numeric *numeric, const struct model *model,
                         const struct run *base);
void numeric_done(struct numeric *numeric);

/* Fills SLOPES with one slope a probe. PROBE is a template: its entry (or direction) is set for
 * each of the COUNT probes; DIRECTIONS, if not NULL, holds COUNT rows of probe.count signs.
 * STATUS_CANCELLED leaves SLOPES unfinished. */
enum status numeric_slopes(struct numeric *numeric, struct probe probe, size_t count,
                           const signed char *directions, double *slopes);

#endif
