#include "check/numeric.h"

#include <math.h>
#include <stdlib.h>
#ifdef _OPENMP
#include <omp.h>
#endif

const char *const method_names[METHOD_COUNT] = {
    [METHOD_CENTRAL] = "central",
    [METHOD_FORWARD] = "forward",
    [METHOD_RICHARDSON] = "richardson",
};

/* Moves by H from the base; 0 puts the base back exactly. */
static void set_values(struct run *run, const struct probe *probe, double h) {
  double *values = run_values(run, probe->slot);
  size_t from = probe->direction ? 0 : probe->entry;
  size_t to = probe->direction ? probe->count : probe->entry + 1;
  for (size_t i = from; i < to; i++) {
    double move = probe->direction ? h * probe->direction[i] : h;
    values[i] = precision_round(run->precision, probe->base[i] + move);
  }
}

double probe_move(struct run *run, const struct model *model, const struct probe *probe, double h) {
  set_values(run, probe, h);
  run_code(run, &model->program.forward, probe->first);
  return *run_values(run, model->nodes[model->loss].slot);
}

void probe_restore(struct run *run, const struct probe *probe) {
  set_values(run, probe, 0);
}

double probe_loss(struct run *run, const struct model *model, const struct probe *probe, double h) {
  double loss = probe_move(run, model, probe, h);
  probe_restore(run, probe);
  return loss;
}

static double central(struct run *run, const struct model *model, const struct probe *probe,
                      double h) {
  double plus = probe_loss(run, model, probe, h), minus = probe_loss(run, model, probe, -h);
  return (plus - minus) / (2 * h);
}

double probe_slope(struct run *run, const struct model *model, const struct probe *probe,
                   enum method method, double h) {
  switch (method) {
    case METHOD_FORWARD:
      return (probe_loss(run, model, probe, h) - probe_loss(run, model, probe, 0)) / h;
    case METHOD_RICHARDSON:
      return (4 * central(run, model, probe, h / 2) - central(run, model, probe, h)) / 3;
    case METHOD_CENTRAL:
    case METHOD_COUNT: break;
  }
  return central(run, model, probe, h);
}

double precision_unit(enum precision precision) {
  static const double units[PRECISION_COUNT] = {0x1p-53, 0x1p-24, 0x1p-11, 0x1p-8};
  return units[precision];
}

double precision_step(enum precision precision) {
  static const double steps[PRECISION_COUNT] = {0x1p-17, 0x1p-8, 0x1p-4, 0x1p-3};
  return steps[precision];
}

double probe_step(const struct run *run, const struct probe *probe, double eps) {
  if (eps > 0) return eps;
  double size = 1;
  for (size_t i = 0; i < (probe->direction ? probe->count : 1); i++)
    size = fmax(size, fabs(probe->base[probe->direction ? i : probe->entry]));
  double step = precision_step(run->precision);
  return isfinite(size) ? step * exp2(ceil(log2(size))) : step;
}

enum status numeric_init(struct numeric *numeric, const struct model *model,
                         const struct run *base) {
  numeric->model = model;
  numeric->runs = calloc((size_t)numeric->threads, sizeof *numeric->runs);
  if (!numeric->runs) return STATUS_NO_MEMORY;
  for (int i = 0; i < numeric->threads; i++)
    if (run_copy(&numeric->runs[i], base)) return STATUS_NO_MEMORY;
  return STATUS_OK;
}

void numeric_done(struct numeric *numeric) {
  for (int i = 0; numeric->runs && i < numeric->threads; i++) run_done(&numeric->runs[i]);
  free(numeric->runs);
  numeric->runs = NULL;
}

static bool is_cancelled(const struct numeric *numeric) {
  return numeric->cancel && *numeric->cancel;
}

static void report(struct numeric *numeric, bool speaker) {
  size_t done;
#pragma omp atomic capture
  done = ++numeric->done;
  if (speaker && numeric->progress)
    numeric->progress(numeric->progress_context, done, numeric->total);
}

enum status numeric_slopes(struct numeric *numeric, struct probe probe, size_t count,
                           const signed char *directions, double *slopes) {
  long last = (long)count;
  /* Whatever probes ran before: every value is the base point's again. */
  for (int i = 0; i < numeric->threads; i++)
    run_code(&numeric->runs[i], &numeric->model->program.forward, 0);
#pragma omp parallel for num_threads(numeric->threads) schedule(static) firstprivate(probe)
  for (long i = 0; i < last; i++) {
    int worker = 0;
    if (is_cancelled(numeric)) continue;
#ifdef _OPENMP
    worker = omp_get_thread_num();
#endif
    struct run *run = &numeric->runs[worker];
    probe.entry = (size_t)i;
    probe.direction = directions ? directions + (size_t)i * probe.count : NULL;
    double h = probe_step(run, &probe, numeric->eps);
    slopes[i] = probe_slope(run, numeric->model, &probe, numeric->method, h);
    report(numeric, worker == 0);
  }
  return is_cancelled(numeric) ? STATUS_CANCELLED : STATUS_OK;
}
