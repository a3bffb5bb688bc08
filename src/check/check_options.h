/* What a check is asked to do. A struct check_options owns nothing. */
#ifndef GRADWALK_CHECK_CHECK_OPTIONS_H
#define GRADWALK_CHECK_CHECK_OPTIONS_H

#include "check/method.h"

#include <signal.h>

struct check;
struct memo;

struct check_options {
  double eps;         /* the step; 0: chosen for each entry */
  double tolerance;   /* overall, on ‖g − n‖ / (‖g‖ + ‖n‖); negative: the test per entry */
  enum method method;
  enum evaluate evaluate;
  const char *const *params; /* names to check, the rest is held fixed; NULL: all */
  size_t param_count;
  unsigned directions; /* random directions a tensor; 0: every entry */
  enum precision precision;
  bool frozen;         /* draws inside the forward pass are made once */
  bool metrics_only;   /* of the params: no verdicts, intermediates and notes */
  bool explain;        /* say why a check fails, and closer what a pass is worth */
  /* An earlier finished check of the same model text (whatever its bugs) at the same point with the
   * same options: its numerical slopes are copied, not computed, and what it has noted is not noted
   * again. NULL: none; only lent for the call. */
  const struct check *numeric_from;
  struct memo *memo;   /* shared by checks of one model text at one point, or NULL; lent likewise */
  int threads;         /* 0: as many as there are processors; 1: the caller's own and no other */
  const volatile sig_atomic_t *cancel;
  /* One thread calls this after each of its slopes, and with done == total while the verdicts are
   * made. It may read the struct check meanwhile, the slopes with slope_read(). */
  void (*progress)(void *context, size_t done, size_t total);
  void *progress_context;
};

/* The test per entry: |g − n| <= absolute + relative * max(|g|, |n|), which are these in double. */
#define CHECK_ABSOLUTE 1e-9
#define CHECK_RELATIVE 1e-5
struct leeway {
  double absolute, relative;
};
double leeway_at(struct leeway leeway, double size);

/* Whether the param NAME is among those to check. */
bool check_wants(const struct check_options *options, const char *name);

/* The step before it is scaled by the entry: eps, or the one that is chosen for the precision. */
double check_base_step(const struct check_options *options);

#endif
