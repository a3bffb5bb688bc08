#include "bug/matrix.h"

#include "core/intl.h"
#include "core/memory.h"
#include "core/team.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const struct bug_trial bug_trials[] = {
    {.name = "chosen", .help = "central difference, chosen step, each entry", .tolerance = -1},
    {.name = "1e-7", .help = "step 1e-7, overall difference at most 2e-7, as in the notes",
     .eps = 1e-7, .tolerance = 2e-7},
    {.name = "single", .help = "single precision", .tolerance = -1,
     .precision = PRECISION_SINGLE},
    {.name = "random", .help = "one random direction a tensor", .tolerance = -1,
     .directions = 1},
    {.name = "sample", .help = "a batch of one", .point = POINT_FIRST_SAMPLE, .tolerance = -1},
    {.name = "bias 0", .help = "all biases zero", .point = POINT_ZERO_BIASES,
     .tolerance = -1},
    {.name = "mean", .help = "mean absolute difference at most 1e-6", .tolerance = -1,
     .mean_abs = 1e-6},
};
const size_t bug_trial_count = sizeof bug_trials / sizeof *bug_trials;
enum { TRIALS = sizeof bug_trials / sizeof *bug_trials };

const char *const outcome_names[OUTCOME_COUNT] = {
    [OUTCOME_CAUGHT] = "caught",         [OUTCOME_MISSED] = "missed",
    [OUTCOME_UNDECIDED] = "undecided",   [OUTCOME_EQUIVALENT] = "equivalent here",
    [OUTCOME_ABSENT] = "not applicable",
};

/* -- points -- */

/* The model at one of the points, with the catalogue that its shapes allow there. */
struct variant {
  bool exists;
  struct model model;
  struct catalogue catalogue;
};

static bool is_bias(const struct model *model, int node) {
  if (model->nodes[node].kind != NODE_PARAM) return false;
  for (size_t n = 0; n < model->node_count; n++) {
    const struct node *add = &model->nodes[n];
    if (add->kind != NODE_OP || !op_adds(&op_table[add->op])) continue;
    for (size_t k = 0; k < add->operand_count; k++)
      if (add->operands[k] == model->nodes[node].slot &&
          !shape_equal(model_shape(model, add->slot), model_shape(model, add->operands[k])))
        return true;
  }
  return false;
}

/* Sets every bias to zero; false if there is none. */
static bool zero_biases(struct model *model) {
  bool found = false;
  for (size_t n = 0; n < model->node_count; n++) {
    if (!is_bias(model, (int)n)) continue;
    int slot = model->nodes[n].slot;
    memset(program_image(&model->program, slot), 0,
           shape_count(model_shape(model, slot)) * sizeof(double));
    found = true;
  }
  return found;
}

/* Makes the model at POINT. Where the text does not allow that there is none; only a lack of memory
 * is a failure. */
static enum status variant_init(struct variant *variant, const struct model *of, enum point point,
                                const struct matrix_options *options, struct diag *diag) {
  *variant = (struct variant){.model.loss = -1};
  if (point == POINT_FIRST_SAMPLE && model_batch(of).count <= 1) return STATUS_OK;
  const bool first_only = point == POINT_FIRST_SAMPLE;
  enum status status = model_rebuild(&variant->model, of, options->loader, first_only, diag);
  if (status == STATUS_DATA && point == POINT_FIRST_SAMPLE) return STATUS_OK;
  if (status) return status;
  if (point == POINT_ZERO_BIASES && !zero_biases(&variant->model)) return STATUS_OK;
  variant->exists = true;
  return catalogue_make_edition(&variant->catalogue, &variant->model, options->edition, diag);
}

static void variant_done(struct variant *variant) {
  catalogue_done(&variant->catalogue);
  model_done(&variant->model);
}

static enum status variants_init(struct variant variants[POINT_COUNT], const struct model *of,
                                 const struct matrix_options *options, struct diag *diag) {
  enum status status = STATUS_OK;
  for (int p = 0; p < POINT_COUNT; p++) {
    variants[p] = (struct variant){.model.loss = -1};
    if (!status && options->cancel && *options->cancel) status = STATUS_CANCELLED;
    if (!status) status = variant_init(&variants[p], of, (enum point)p, options, diag);
  }
  return status;
}

static void variants_done(struct variant variants[POINT_COUNT]) {
  for (int p = 0; p < POINT_COUNT; p++) variant_done(&variants[p]);
}

/* -- one check -- */

static struct check_options trial_options(const struct bug_trial *trial,
                                          const struct matrix_options *options) {
  return (struct check_options){.eps = trial->eps, .tolerance = trial->tolerance,
                                .precision = trial->precision, .directions = trial->directions,
                                .metrics_only = trial->mean_abs > 0, .frozen = options->frozen,
                                .threads = options->threads, .cancel = options->cancel};
}

static enum outcome judge(const struct bug_trial *trial, const struct check *check) {
  if (!(trial->mean_abs > 0)) {
    if (check->verdict == VERDICT_PASS) return OUTCOME_MISSED;
    return check->verdict == VERDICT_FAIL ? OUTCOME_CAUGHT : OUTCOME_UNDECIDED;
  }
  for (size_t i = 0; i < check->tensor_count; i++)
    if (!(check->tensors[i].metrics.mean_abs <= trial->mean_abs)) return OUTCOME_CAUGHT;
  return OUTCOME_MISSED;
}

/* Largest difference of two gradients against the largest entry of the right one. */
static double change_of(const double *is, const double *should, size_t count) {
  double error = 0, size = 0;
  for (size_t i = 0; i < count; i++) {
    double one = fabs(is[i] - should[i]);
    if (!(one <= error)) error = one;
    if (isnan(one)) return NAN;
    size = fmax(size, fabs(should[i]));
  }
  return error == 0 ? 0 : error / size; /* infinite where all should be zero */
}

static double change(const struct check *is, const struct check *should) {
  double largest = 0;
  for (size_t i = 0; i < is->tensor_count; i++) {
    double one = change_of(is->tensors[i].analytic, should->tensors[i].analytic,
                           is->tensors[i].count);
    if (!(one <= largest)) largest = one;
    if (isnan(one)) return one;
  }
  return largest;
}

/* Two ways to compute one number may differ in the last digits. */
#define SAME_WITHIN 1e-12

/* -- all of them -- */

struct matrix_work {
  struct matrix *matrix;
  const struct model *model;
  const struct matrix_options *options;
  struct variant *variants;      /* for the model without a bug */
  struct check base[TRIALS]; /* of the model without a bug; its slopes serve all mutants */
  struct memo *memos[POINT_COUNT]; /* what all of them find of the loss there */
  size_t trial;              /* of these, the one at hand */
  pthread_mutex_t lock;      /* of what follows */
  pthread_cond_t changed;
  size_t next, done;
  int hands;                 /* threads that have not ended */
  enum status status;
  struct diag *diag;
};

static bool cancelled(const struct matrix_work *work) {
  return work->options->cancel && *work->options->cancel;
}

/* Progress counts parts: TRIAL_PARTS for each check of the model without a bug, one for each
 * mutant. */
enum { TRIAL_PARTS = 4 };

static void count_parts(void *context, size_t done, size_t total) {
  struct matrix_work *work = context;
  pthread_mutex_lock(&work->lock);
  work->done = work->trial * TRIAL_PARTS + (total > 0 ? TRIAL_PARTS * done / total : 0);
  pthread_mutex_unlock(&work->lock);
}

/* The slopes at a point that the first trial has passed are known: to the other precisions they
 * serve as the second opinion. */
static void share_slopes(const struct matrix_work *work, size_t t) {
  const struct check *check = &work->base[t];
  struct memo *memo = work->memos[bug_trials[t].point];
  bool known = check->verdict == VERDICT_PASS && !(check->options.eps > 0) &&
               bug_trials[t].directions == 0 && check->options.precision == PRECISION_DOUBLE;
  for (size_t i = 0; known && memo && i < check->tensor_count; i++) {
    const struct tensor_check *tensor = &check->tensors[i];
    int slot = work->variants[bug_trials[t].point].model.nodes[tensor->node].slot;
    if (tensor->verdict != VERDICT_PASS) continue;
    for (int p = PRECISION_DOUBLE + 1; p < PRECISION_COUNT; p++)
      for (size_t e = 0; e < tensor->count; e++) {
        double slope = tensor->analytic[e], error = 1e-6 * fabs(slope);
        uint64_t bits[2];
        memcpy(&bits[0], &slope, sizeof slope);
        memcpy(&bits[1], &error, sizeof error);
        for (unsigned k = 0; k < 2; k++) {
          struct memo_key key = worker_key(p, p, slot, e, 0, k ? MEMO_SLOPE_ERROR : MEMO_SLOPE);
          memo_keep(memo, &key, bits[k]);
        }
      }
  }
}

static enum status run_trials(struct matrix_work *work) {
  enum status status = STATUS_OK;
  for (size_t t = 0; !status && t < TRIALS; t++) {
    struct variant *variant = &work->variants[bug_trials[t].point];
    enum outcome *own = &work->matrix->own[t];
    *own = OUTCOME_ABSENT;
    if (!variant->exists) continue;
    struct check_options how = trial_options(&bug_trials[t], work->options);
    how.progress = count_parts;
    how.progress_context = work;
    how.memo = work->memos[bug_trials[t].point];
    work->trial = t;
    status = check_run(&work->base[t], &variant->model, &how, work->diag);
    if (status) break;
    share_slopes(work, t);
    *own = judge(&bug_trials[t], &work->base[t]);
    if (*own == OUTCOME_MISSED) *own = OUTCOME_EQUIVALENT; /* nothing to catch, nothing caught */
  }
  return status;
}

static enum status run_cell(struct matrix_work *work, struct variant *variant, size_t t,
                            const struct mutant *mutant, struct matrix_cell *cell,
                            struct diag *diag) {
  struct check check = {0};
  struct check_options how = trial_options(&bug_trials[t], work->options);
  how.threads = 1;
  how.numeric_from = &work->base[t];
  how.memo = work->memos[bug_trials[t].point];
  enum status status = mutant_apply(mutant, &variant->model, false, diag);
  if (!status) status = check_run(&check, &variant->model, &how, diag);
  if (!status) {
    cell->change = change(&check, &work->base[t]);
    cell->outcome = judge(&bug_trials[t], &check);
    bool same = cell->change <= SAME_WITHIN;
    if (same && cell->outcome != OUTCOME_CAUGHT) cell->outcome = OUTCOME_EQUIVALENT;
  }
  check_done(&check);
  struct diag again;
  if (model_drop_bugs(&variant->model, 0, &again) && !status) status = diag_no_memory(diag);
  return status;
}

/* A FAIL is only worth something where the model without a bug does not fail. */
static enum status run_mutant(struct matrix_work *work, struct variant variants[POINT_COUNT], size_t index,
                              struct diag *diag) {
  const char *id = work->matrix->catalogue.mutants[index].id;
  enum status status = STATUS_OK;
  for (size_t t = 0; !status && t < TRIALS; t++) {
    struct variant *variant = &variants[bug_trials[t].point];
    struct matrix_cell *cell = &work->matrix->cells[index * TRIALS + t];
    const struct mutant *mutant = variant->exists ? catalogue_find(&variant->catalogue, id) : NULL;
    *cell = (struct matrix_cell){OUTCOME_ABSENT, 0};
    if (mutant && work->matrix->own[t] != OUTCOME_CAUGHT)
      status = run_cell(work, variant, t, mutant, cell, diag);
  }
  return status;
}

/* The next mutant to do; false: no more. */
static bool take(struct matrix_work *work, size_t *index) {
  pthread_mutex_lock(&work->lock);
  *index = work->next;
  bool more = !work->status && !cancelled(work) && *index < work->matrix->catalogue.count;
  work->next += more;
  pthread_mutex_unlock(&work->lock);
  return more;
}

static void tell(struct matrix_work *work, enum status status, const struct diag *diag) {
  pthread_mutex_lock(&work->lock);
  work->done++;
  if (status && !work->status) {
    work->status = status;
    if (status != STATUS_CANCELLED) *work->diag = *diag; /* which matrix_run() says itself */
  }
  pthread_mutex_unlock(&work->lock);
}

static void leave(struct matrix_work *work) {
  pthread_mutex_lock(&work->lock);
  work->hands--;
  pthread_cond_signal(&work->changed);
  pthread_mutex_unlock(&work->lock);
}

static void *labour(void *context) {
  struct matrix_work *work = context;
  struct variant variants[POINT_COUNT];
  struct diag diag;
  size_t index;
  enum status status = variants_init(variants, work->model, work->options, &diag);
  while (!status && take(work, &index)) {
    status = run_mutant(work, variants, index, &diag);
    tell(work, status, &diag);
  }
  if (status) tell(work, status, &diag);
  variants_done(variants);
  leave(work);
  return NULL;
}

/* The trials of the model without a bug, which the others are compared with. */
static void *lay_ground(void *context) {
  struct matrix_work *work = context;
  enum status status = run_trials(work);
  pthread_mutex_lock(&work->lock);
  work->done = TRIALS * TRIAL_PARTS;
  work->status = status;
  pthread_mutex_unlock(&work->lock);
  leave(work);
  return NULL;
}

/* The caller's own thread only reports progress, often enough to notice a stop soon. */
static void watch(struct matrix_work *work) {
  enum { PATIENCE = 30 * 1000 * 1000, SECOND = 1000 * 1000 * 1000 }; /* nanoseconds */
  size_t total = TRIALS * TRIAL_PARTS + work->matrix->catalogue.count;
  pthread_mutex_lock(&work->lock);
  while (work->hands > 0) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PATIENCE;
    until.tv_sec += until.tv_nsec / SECOND;
    until.tv_nsec %= SECOND;
    pthread_cond_timedwait(&work->changed, &work->lock, &until);
    size_t done = work->done;
    pthread_mutex_unlock(&work->lock);
    if (work->options->progress)
      work->options->progress(work->options->progress_context, done, total);
    pthread_mutex_lock(&work->lock);
  }
  pthread_mutex_unlock(&work->lock);
}

/* Starts WANTED threads that do the same. Where none can be had, the caller does it all. */
static void run_threads(struct matrix_work *work, int wanted, void *(*deed)(void *work)) {
  pthread_t threads[NUMERIC_MAX_THREADS];
  int started = 0;
  work->hands = wanted;
  while (started < wanted && pthread_create(&threads[started], NULL, deed, work) == 0)
    started++;
  pthread_mutex_lock(&work->lock);
  work->hands -= wanted - started;
  pthread_mutex_unlock(&work->lock);
  if (started == 0) work->hands = 1, deed(work);
  else watch(work);
  for (int i = 0; i < started; i++) pthread_join(threads[i], NULL);
}

static int hands_wanted(const struct matrix_work *work) {
  int wanted = work->options->threads > 0 ? work->options->threads : team_processors();
  return wanted > NUMERIC_MAX_THREADS ? NUMERIC_MAX_THREADS : wanted;
}

static enum status run_all(struct matrix_work *work) {
  struct matrix *matrix = work->matrix;
  struct variant variants[POINT_COUNT];
  enum status status = variants_init(variants, work->model, work->options, work->diag);
  if (!status) {
    matrix->catalogue = variants[POINT_HERE].catalogue; /* taken over */
    variants[POINT_HERE].catalogue = (struct catalogue){0};
    matrix->own = calloc(TRIALS, sizeof *matrix->own);
    matrix->cells = calloc(matrix->catalogue.count * TRIALS + 1, sizeof *matrix->cells);
    if (!matrix->own || !matrix->cells) status = diag_no_memory(work->diag);
  }
  work->variants = variants;
  if (!status) run_threads(work, 1, lay_ground);
  variants_done(variants);
  if (status || work->status) return status ? status : work->status;
  run_threads(work, hands_wanted(work), labour);
  return work->status || !cancelled(work) ? work->status : STATUS_CANCELLED;
}

enum status matrix_run(struct matrix *matrix, const struct model *model,
                       const struct matrix_options *options, struct diag *diag) {
  struct matrix_work work = {.matrix = matrix, .model = model, .options = options, .diag = diag};
  *matrix = (struct matrix){0};
  pthread_mutex_init(&work.lock, NULL);
  pthread_cond_init(&work.changed, NULL);
  enum status status = STATUS_OK;
  for (int p = 0; !status && p < POINT_COUNT; p++)
    if (!(work.memos[p] = memo_new())) status = diag_no_memory(diag);
  if (!status) status = run_all(&work);
  if (status == STATUS_CANCELLED)
    diag_set(diag, status, SPAN_NONE, "%s", _("the matrix was stopped"));
  for (int p = 0; p < POINT_COUNT; p++) memo_done(work.memos[p]);
  for (size_t t = 0; t < TRIALS; t++) check_done(&work.base[t]);
  pthread_cond_destroy(&work.changed);
  pthread_mutex_destroy(&work.lock);
  return status;
}

void matrix_done(struct matrix *matrix) {
  catalogue_done(&matrix->catalogue);
  free(matrix->own);
  free(matrix->cells);
  *matrix = (struct matrix){0};
}

const struct matrix_cell *matrix_cell(const struct matrix *matrix, size_t mutant, size_t trial) {
  return &matrix->cells[mutant * TRIALS + trial];
}
