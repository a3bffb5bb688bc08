/* The numerical gradient: finite differences of the loss, by several workers. */
#ifndef GRADWALK_CHECK_NUMERIC_H
#define GRADWALK_CHECK_NUMERIC_H

#include "check/worker.h"
#include "core/team.h"

enum { NUMERIC_MAX_THREADS = TEAM_MAX };

/* Several workers computing many probes. Set threads, total, method, evaluate, eps and, if wanted,
 * cancel and progress; then numeric_init() gives each thread its worker. */
struct numeric {
  const struct model *model;
  const struct run *base; /* what the workers' are copies of */
  struct worker *workers; /* one a thread */
  struct team *team;      /* of them; NULL once they rest */
  int threads; /* those beyond NUMERIC_MAX_THREADS are not used, nor any but one for few probes */
  enum method method;
  enum evaluate evaluate;
  double eps;
  const volatile sig_atomic_t *cancel; /* may be NULL */
  void (*progress)(void *context, size_t done, size_t total); /* may be NULL; from one thread */
  void *progress_context;
  size_t done, total; /* probes in all */
  bool failed; /* for lack of memory */
};

enum status numeric_init(struct numeric *numeric, const struct model *model,
                         const struct run *base);
void numeric_done(struct numeric *numeric);

/* There are no more slopes to find: lets the threads go while they are still awake, which is quick;
 * the workers stay. */
void numeric_rest(struct numeric *numeric);

/* From now on the first worker's own moves report progress, too. */
void numeric_watch(struct numeric *numeric);
bool numeric_cancelled(const struct numeric *numeric);

/* Fills SLOPES with one slope a probe. PROBE is a template: its entry (or direction) is set for
 * each of the COUNT probes; DIRECTIONS, if not NULL, holds COUNT rows of probe.count signs.
 * STATUS_CANCELLED leaves SLOPES unfinished. The progress function may look at them meanwhile, with
 * slope_read(). */
enum status numeric_slopes(struct numeric *numeric, struct probe probe, size_t count,
                           const signed char *directions, double *slopes);

#endif
