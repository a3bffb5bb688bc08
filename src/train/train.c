#include "train/train.h"

#include "core/intl.h"
#include "core/memory.h"
#include "core/vector.h"
#include "lang/rules.h"
#include "train/advice.h"
#include "train/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -- the model, built for batches -- */

/* A loader in front of the library's: it gives the first BATCH examples where the text asks for
 * fewer or more. */
struct batch_loader {
  struct loader loader;
  struct training *training;
  const char *function; /* the one that batches come from */
};

static enum status open_sets(struct batch_loader *batches, const char *name, struct span span,
                             struct diag *diag) {
  struct training *training = batches->training;
  if (training->train_set)
    return diag_set(diag, STATUS_DATA, span, "%s",
                    _("batches can be drawn for one data statement only"));
  return training->library->open(name, &training->train_set, &training->test_set, diag);
}

static enum status first_batch(const struct batch_loader *batches, struct operand *out,
                               struct diag *diag) {
  const struct training *training = batches->training;
  const struct dataset *set = training->train_set;
  uint32_t batch = training->options.batch;
  double *parts[DATASET_PARTS];
  bool made = true;
  for (int i = 0; i < DATASET_PARTS; i++) {
    parts[i] = calloc(batch, set->widths[i] * sizeof *parts[i]);
    made = made && parts[i];
  }
  if (made) dataset_take(set, training->drawn, batch, parts);
  for (int i = 0; i < DATASET_PARTS; i++) {
    if (made) out[i] = (struct operand){parts[i], {batch, set->widths[i]}};
    else free(parts[i]);
  }
  return made ? STATUS_OK : diag_no_memory(diag);
}

static enum status load_batch(const struct loader *loader, const char *name, const double *args,
                              size_t arg_count, struct operand *out, size_t out_count,
                              struct span span, struct diag *diag) {
  struct batch_loader *batches = (struct batch_loader *)(uintptr_t)loader;
  struct training *training = batches->training;
  const struct loader *plain = training->library->loader;
  enum status status = open_sets(batches, name, span, diag);
  if (status) return status;
  bool fits = arg_count == 1 && out_count == DATASET_PARTS && args[0] >= 1 && args[0] <= 1e6;
  if (!training->train_set || !fits)
    return plain->load(plain, name, args, arg_count, out, out_count, span, diag);
  batches->function = name;
  if (training->options.batch == 0) training->options.batch = (uint32_t)args[0];
  if (training->options.batch > training->train_set->count)
    return diag_set(diag, STATUS_USAGE, SPAN_NONE,
                    _("a batch of %u is more than the %u examples there are"),
                    training->options.batch, training->train_set->count);
  training->drawn = calloc(training->options.batch, sizeof *training->drawn);
  return training->drawn ? first_batch(batches, out, diag) : diag_no_memory(diag);
}

/* The nodes that the data statement with FUNCTION makes. */
static void find_parts(struct training *training, const char *function) {
  const struct syntax *syntax = &training->model.syntax;
  for (size_t i = 0; function && i < syntax->count; i++) {
    const struct stmt *stmt = &syntax->statements[i];
    bool loads = (stmt->kind == STMT_DATA || stmt->kind == STMT_PARAM) &&
                 stmt->value->kind == EXPR_APPLY && stmt->value->op < 0 &&
                 strcmp(stmt->value->name, function) == 0;
    for (int part = 0; loads && part < DATASET_PARTS; part++)
      training->parts[part] = model_find(&training->model, stmt->names[part]);
  }
}

/* Only the number of examples may differ from the text as it is. */
static enum status check_params(const struct model *model, const struct model *like,
                                struct diag *diag) {
  if (model->node_count != like->node_count || model->instance_count != like->instance_count)
    return diag_set(diag, STATUS_DATA, SPAN_NONE, "%s",
                    _("this model is made differently for another number of examples"));
  for (size_t n = 0; n < model->node_count; n++)
    if (model->nodes[n].kind == NODE_PARAM &&
        !shape_equal(model_shape(model, model->nodes[n].slot),
                     model_shape(like, like->nodes[n].slot)))
      return diag_set(diag, STATUS_DATA, model->nodes[n].span,
                      _("the shape of \"%s\" depends on the number of examples"),
                      model->nodes[n].name);
  return STATUS_OK;
}

static enum status copy_edits(struct training *training, const struct model *like,
                              struct diag *diag) {
  struct model *model = &training->model;
  for (size_t i = 0; i < model->instance_count; i++)
    model->instances[i].folded = like->instances[i].folded;
  enum status status = rules_derive(model, diag);
  for (size_t i = 0; !status && i < like->bug_count; i++) {
    const struct bug *bug = &like->bugs[i];
    if (!bug->off) status = model_add_bug(model, "bug", bug->text, strlen(bug->text), diag);
  }
  for (size_t n = 0; !status && n < model->node_count; n++) {
    int from = like->nodes[n].slot, to = model->nodes[n].slot;
    bool batch = (int)n == training->parts[0] || (int)n == training->parts[1];
    if (model->nodes[n].kind <= NODE_PARAM && !batch &&
        shape_equal(model_shape(like, from), model_shape(model, to)))
      memcpy(program_image(&model->program, to),
             like->program.image + like->program.slots[from].offset,
             shape_count(model_shape(model, to)) * sizeof(double));
  }
  return status;
}

static enum status check_trainable(const struct training *training, struct diag *diag) {
  const struct model *model = &training->model;
  bool wanted = false;
  if (model->loss < 0)
    return diag_set(diag, STATUS_DATA, SPAN_NONE, "%s",
                    _("the model has no loss: no statement ends in one number (1 x 1)"));
  if (!training->train_set && training->options.batch > 0)
    return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s",
                    _("this model brings all its data: there is nothing to draw a batch from"));
  for (size_t n = 0; n < model->node_count; n++)
    wanted = wanted || (model->nodes[n].kind == NODE_PARAM && model->nodes[n].gradient >= 0);
  if (wanted) return STATUS_OK;
  return diag_set(diag, STATUS_DATA, SPAN_NONE, "%s",
                  _("no param of this model has a gradient to follow"));
}

static enum status make_velocity(struct training *training, struct diag *diag) {
  const struct model *model = &training->model;
  training->velocity = calloc(model->node_count, sizeof *training->velocity);
  if (!training->velocity) return diag_no_memory(diag);
  for (size_t n = 0; n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    if (node->kind != NODE_PARAM || node->gradient < 0) continue;
    size_t count = shape_count(model_shape(model, node->slot));
    training->velocity[n] = calloc(count, sizeof **training->velocity);
    if (!training->velocity[n]) return diag_no_memory(diag);
  }
  return STATUS_OK;
}

static enum status make_schedules(struct training *training, struct diag *diag) {
  enum { WORTH_SHARING = 30000 };
  const struct program *program = &training->model.program;
  if (run_init(&training->run, program, &training->model.random, PRECISION_DOUBLE) ||
      schedule_init(&training->forward, &training->run, &program->forward, WORTH_SHARING) ||
      schedule_init(&training->backward, &training->run, &program->backward, WORTH_SHARING))
    return diag_no_memory(diag);
  return STATUS_OK;
}

static void begin_history(struct training *training) {
  const struct train_options *options = &training->options;
  struct history *history = &training->history;
  history->steps = options->steps;
  history->rate = options->rate;
  history->momentum = options->momentum;
  history->batch = options->batch;
  history->examples = training->train_set ? training->train_set->count : 0;
}

static enum status make_all(struct training *training, const struct source *source,
                            const struct model *like, struct diag *diag) {
  enum { LINES = 16 };
  struct batch_loader batches = {{training->library->loader->names, load_batch}, training, NULL};
  enum status status = model_build(&training->model, source, &batches.loader, diag);
  if (status) return status;
  find_parts(training, batches.function);
  if ((status = check_params(&training->model, like, diag)) ||
      (status = copy_edits(training, like, diag)) || (status = check_trainable(training, diag)) ||
      (status = make_velocity(training, diag)))
    return status;
  const struct model *model = &training->model;
  begin_history(training);
  training->random = model->random;
  if (training->options.seeded) random_seed(&training->random, training->options.seed);
  training->epoch = training->train_set ? training->train_set->count / training->options.batch
                                        : (training->options.steps + LINES - 1) / LINES;
  int threads = training->options.threads;
  training->team = team_new(threads > 0 ? threads : team_processors());
  if (!training->team) return diag_no_memory(diag);
  status = make_schedules(training, diag);
  return status ? status : score_init(training, diag);
}

enum status train_init(struct training *training, const struct source *source,
                       const struct model *like, const struct train_options *options,
                       const struct library *library, struct diag *diag) {
  *training = (struct training){.options = *options, .library = library, .parts = {-1, -1},
                                .model = {.loss = -1}};
  history_done(&training->history);
  enum status status = make_all(training, source, like, diag);
  if (status) train_done(training);
  return status;
}

void train_done(struct training *training) {
  for (size_t n = 0; training->velocity && n < training->model.node_count; n++)
    free(training->velocity[n]);
  free(training->velocity);
  free(training->drawn);
  history_done(&training->history);
  score_done(training);
  team_free(training->team);
  schedule_done(&training->forward);
  schedule_done(&training->backward);
  run_done(&training->run);
  if (training->train_set) training->library->close(training->train_set);
  if (training->test_set) training->library->close(training->test_set);
  model_done(&training->model);
  *training = (struct training){.model = {.loss = -1}};
}

void train_take_params(struct training *training) {
  const struct model *model = &training->model;
  model_copy_params(model, training->run.values, model, model->program.image);
}

void train_give_params(const struct training *training, struct model *model) {
  model_copy_params(model, model->program.image, &training->model, training->run.values);
}

/* -- a step -- */

static void work_by_all(struct training *training, void (*work)(void *, int piece, int member)) {
  team_work(training->team, team_members(training->team), work, training);
}

/* A stripe of the batch that was drawn. */
static void take_share(void *context, int piece, int member) {
  const struct training *training = context;
  const struct dataset *set = training->train_set;
  const struct stripe stripe =
      stripe_of(training->options.batch, piece, team_members(training->team));
  double *parts[DATASET_PARTS];
  (void)member;
  for (int i = 0; i < DATASET_PARTS; i++)
    parts[i] = run_values(&training->run, training->model.nodes[training->parts[i]].slot) +
               stripe.first * set->widths[i];
  dataset_take(set, training->drawn + stripe.first, (uint32_t)(stripe.last - stripe.first), parts);
}

static void draw_batch(struct training *training) {
  const struct dataset *set = training->train_set;
  if (!set) return;
  for (uint32_t i = 0; i < training->options.batch; i++)
    training->drawn[i] = random_below(&training->random, set->count);
  work_by_all(training, take_share);
}

static bool all_finite(const struct training *training, int slot) {
  return vector_finite(run_values(&training->run, slot),
                       shape_count(model_shape(&training->model, slot)));
}

/* The first node with a value that is not finite; else the first on the way back whose gradient is
 * not. */
static bool find_bad(struct training *training) {
  const struct model *model = &training->model;
  for (size_t n = 0; n < model->node_count; n++) {
    if (all_finite(training, model->nodes[n].slot)) continue;
    training->history.bad = (int)n;
    return true;
  }
  for (size_t i = 0; i < model->rule_count; i++) {
    int node = model->rules[i].target_node;
    if (node < 0 || all_finite(training, model->nodes[node].gradient)) continue;
    training->history.bad = node;
    return training->history.bad_gradient = true;
  }
  return false;
}

/* Entries [first, last) of a param that PIECE is about: a stripe of its rows. */
static struct stripe entries_of(const struct training *training, size_t node, int piece) {
  const struct shape shape = model_shape(&training->model, training->model.nodes[node].slot);
  const struct stripe rows = stripe_of(shape.rows, piece, team_members(training->team));
  return (struct stripe){rows.first * shape.cols, rows.last * shape.cols};
}

static void look_at_gradients(void *context, int piece, int member) {
  struct training *training = context;
  (void)member;
  for (size_t n = 0; n < training->model.node_count; n++) {
    if (!training->velocity[n]) continue;
    const struct stripe stripe = entries_of(training, n, piece);
    const double *gradient = run_values(&training->run, training->model.nodes[n].gradient);
    if (!vector_finite(gradient + stripe.first, stripe.last - stripe.first))
      __atomic_store_n(&training->history.diverged, true, __ATOMIC_RELAXED);
  }
}

static bool step_is_finite(struct training *training) {
  const int loss = training->model.nodes[training->model.loss].slot;
  training->history.diverged = !isfinite(*run_values(&training->run, loss));
  work_by_all(training, look_at_gradients);
  return !training->history.diverged;
}

static void move_params(void *context, int piece, int member) {
  struct training *training = context;
  const struct model *model = &training->model;
  const double rate = training->options.rate, momentum = training->options.momentum;
  (void)member;
  for (size_t n = 0; n < model->node_count; n++) {
    if (!training->velocity[n]) continue;
    const struct stripe stripe = entries_of(training, n, piece);
    double *values = run_values(&training->run, model->nodes[n].slot) + stripe.first;
    double *velocity = training->velocity[n] + stripe.first;
    const double *gradient = run_values(&training->run, model->nodes[n].gradient) + stripe.first;
    size_t count = stripe.last - stripe.first;
    if (momentum > 0) vector_descend_on(values, velocity, gradient, rate, momentum, count);
    else vector_descend(values, gradient, rate, count);
  }
}

/* A whole step, or none: numbers that have run out of bounds move no param. */
static bool step(struct training *training) {
  draw_batch(training);
  schedule_run(&training->forward, training->team, &training->run);
  schedule_run(&training->backward, training->team, &training->run);
  if (!step_is_finite(training)) {
    find_bad(training);
    return false;
  }
  work_by_all(training, move_params);
  training->history.done++;
  return true;
}

/* -- all of them -- */

static enum status add_row(struct training *training, double loss, struct diag *diag) {
  struct history *history = &training->history;
  if (!array_reserve(&history->rows, &history->row_capacity, history->row_count + 1,
                     sizeof *history->rows))
    return diag_no_memory(diag);
  struct train_row *row = &history->rows[history->row_count++];
  *row = (struct train_row){history->done, loss, (double)NAN, (double)NAN};
  score_row(training, row);
  return STATUS_OK;
}

/* What is told of a step that was done. */
static enum status note_step(struct training *training, struct diag *diag) {
  struct history *history = &training->history;
  const int loss = training->model.nodes[training->model.loss].slot;
  const double value = *run_values(&training->run, loss);
  const bool has_row =
      (history->done - 1) % training->epoch == 0 || history->done == history->steps;
  curve_add(&history->loss, value);
  if (history->done == 1) history->advice.first = value;
  history->advice.last = value;
  return has_row ? add_row(training, value, diag) : STATUS_OK;
}

static bool cancelled(const struct training *training) {
  return training->options.cancel && *training->options.cancel;
}

enum status train_run(struct training *training, struct diag *diag) {
  const struct train_options *options = &training->options;
  struct history *history = &training->history;
  enum status status = STATUS_OK;
  training->begun = training->random;
  while (!status && history->done < history->steps) {
    history->cancelled = cancelled(training);
    if (history->cancelled || !step(training)) break;
    status = note_step(training, diag);
    if (options->progress)
      options->progress(options->progress_context, history->done, history->steps);
  }
  if (!status && advice_make(training, step)) status = diag_no_memory(diag);
  return status;
}
