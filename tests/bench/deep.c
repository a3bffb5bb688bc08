/* How the cost of a check grows with the depth of the model, where it passes and where it fails:
 * make bench-scale. Everything that the program does for "check" is timed, once the model is built:
 * the check, and the note on the catalogue's mutants or the diagnosis. */
#include "blame/diagnose.h"
#include "core/clock.h"
#include "core/memory.h"
#include "deep.h"
#include "report/report_bugs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void stop_if(enum status status, const struct diag *diag) {
  if (!status) return;
  fprintf(stderr, "deep: %s\n", diag->message);
  exit((int)status);
}

static double time_once(struct model *model, enum verdict wanted) {
  struct check check;
  struct diag diag = {0};
  const struct check_options options = {.tolerance = -1, .explain = true};
  const double start = seconds_now();
  stop_if(check_run(&check, model, &options, &diag), &diag);
  stop_if(diagnose(&check, model, &diag), &diag);
  stop_if(report_survey(&check, model, NEWEST_EDITION, &diag), &diag);
  const double seconds = seconds_now() - start;
  if (check.verdict != wanted) {
    fprintf(stderr, "deep: the check says %s\n", verdict_names[check.verdict]);
    exit(1);
  }
  check_done(&check);
  return seconds;
}

/* The least of a few turns. */
static double time_check(struct model *model, enum verdict wanted) {
  enum { TURNS = 3 };
  double least = INFINITY;
  for (int i = 0; i < TURNS; i++) least = fmin(least, time_once(model, wanted));
  return least;
}

static void show(const char *kind, int depth, void (*put)(struct text *text, int depth)) {
  struct model model;
  struct text text;
  struct diag diag = {0};
  text_init(&text);
  put(&text, depth);
  const struct source source = source_from("deep", text_string(&text), text.length);
  stop_if(model_build(&model, &source, NULL, &diag), &diag);
  const double passing = time_check(&model, VERDICT_PASS);
  char bug[64];
  snprintf(bug, sizeof bug, "dh%d = 2 * (dL * 2 * h%d)", depth, depth);
  stop_if(model_add_bug(&model, "deep", bug, strlen(bug), &diag), &diag);
  const double failing = time_check(&model, VERDICT_FAIL);
  printf("%-10s %5d %8zu %12.2f %12.2f\n", kind, depth, model.node_count, passing * 1e3,
         failing * 1e3);
  fflush(stdout);
  model_done(&model);
  text_done(&text);
}

int main(void) {
  memory_keep_freed(); /* as the program does */
  static const int depths[] = {10, 25, 50, 100, 200, 400};
  printf("One check, passing and failing, in milliseconds\n%-10s %5s %8s %12s %12s\n", "", "depth",
         "nodes", "passing", "failing");
  for (size_t i = 0; i < sizeof depths / sizeof *depths; i++)
    show("tanh", depths[i], put_chain);
  for (size_t i = 0; i < sizeof depths / sizeof *depths; i++)
    show("recurrent", depths[i], put_recurrent);
  return 0;
}
