#include "check/check.h"

#include "check/laws.h"
#include "check/numeric.h"
#include "check/origin.h"
#include "check/verdict.h"
#include "check/worth.h"
#include "core/intl.h"
#include "core/memory.h"
#include "core/shortcut.h"
#include "core/team.h"
#include "core/text.h"
#include "core/vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Everything a check needs while it runs. */
struct check_work {
  struct check *check;
  const struct model *model;
  struct diag *diag;
  struct run base;        /* forward and backward done */
  struct numeric numeric;
  struct second second;   /* of the same point; empty until the first question */
  bool redrawn;
  struct random directions_from;
};

static enum status no_memory(struct check_work *work) {
  return diag_no_memory(work->diag);
}

/* -- which tensors -- */

static enum status check_names(struct check_work *work) {
  const struct check_options *options = &work->check->options;
  for (size_t i = 0; options->params && i < options->param_count; i++) {
    int node = model_find(work->model, options->params[i]);
    if (node >= 0 && work->model->nodes[node].kind == NODE_PARAM) continue;
    const char *best = NULL;
    for (size_t n = 0; n < work->model->node_count; n++) {
      const struct node *other = &work->model->nodes[n];
      const char *name = other->kind == NODE_PARAM ? other->name : NULL;
      best = suggest_nearer(options->params[i], best, name);
    }
    diag_set(work->diag, STATUS_USAGE, SPAN_NONE, _("\"%s\" is not a param of this model"),
             options->params[i]);
    diag_suggest(work->diag, best);
    return STATUS_USAGE;
  }
  return STATUS_OK;
}

static enum status add_tensor(struct check_work *work, int node, size_t count,
                              struct tensor_check **list, size_t *length) {
  size_t capacity = *length; /* grown by one: there are few */
  if (!array_reserve(list, &capacity, *length + 1, sizeof **list)) return no_memory(work);
  struct tensor_check *tensor = &(*list)[*length];
  *tensor = (struct tensor_check){.node = node, .count = count};
  tensor->shape = model_shape(work->model, work->model->nodes[node].slot);
  tensor->analytic = calloc(count, sizeof *tensor->analytic);
  tensor->numeric = calloc(count, sizeof *tensor->numeric);
  ++*length;
  if (!tensor->analytic || !tensor->numeric) return no_memory(work);
  for (size_t i = 0; i < count; i++) tensor->numeric[i] = slope_pending();
  return STATUS_OK;
}

static bool listed(const struct tensor_check *list, size_t length, int node) {
  for (size_t i = 0; i < length; i++)
    if (list[i].node == node) return true;
  return false;
}

static enum status choose_tensors(struct check_work *work) {
  struct check *check = work->check;
  const struct model *model = work->model;
  enum status status = check_names(work);
  for (size_t n = 0; !status && n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    size_t size = shape_count(model_shape(model, node->slot));
    if (node->kind == NODE_PARAM && check_wants(&check->options, node->name))
      status = add_tensor(work, (int)n,
                          check->options.directions > 0 ? check->options.directions : size,
                          &check->tensors, &check->tensor_count);
  }
  bool between = model->backward && !check->options.metrics_only;
  for (size_t i = 0; !status && between && i < model->rule_count; i++) {
    int node = model->rules[i].target_node;
    if (node < 0 || node == model->loss || model->nodes[node].kind != NODE_OP ||
        listed(check->intermediates, check->intermediate_count, node))
      continue;
    status = add_tensor(work, node, shape_count(model_shape(model, model->nodes[node].slot)),
                        &check->intermediates, &check->intermediate_count);
  }
  if (status) return status;
  if (model->loss < 0)
    return diag_set(work->diag, STATUS_DATA, SPAN_NONE, "%s",
                    _("the model has no loss: no statement ends in one number (1 x 1)"));
  if (check->tensor_count == 0)
    return diag_set(work->diag, STATUS_DATA, SPAN_NONE, "%s",
                    _("the model has no param, so there is no gradient to check"));
  return STATUS_OK;
}

/* -- the two gradients -- */

/* Eight signs, the first from the highest bit of BYTE: -1 where it is 0. A byte of a word each: the
 * byte's own bit is picked out, made 0 or 1, and that 0xFF or 0x01. */
static void put_signs(signed char *signs, uint8_t byte) {
  const uint64_t ones = 0x0101010101010101, places = 0x0102040810204080;
  uint64_t bits = ((byte * ones & places) + 0x7F * ones) >> 7 & ones;
  uint64_t word = ~(bits * 0xFE);
  for (size_t i = 0; i < sizeof word; i++, word >>= 8) signs[i] = (signed char)word;
}

/* Room for the last draw to the end. */
static signed char *draw_directions(struct check_work *work, size_t rows, size_t count) {
  enum { DRAWN = 32, BYTE = 8 };
  size_t total;
  signed char *signs = size_multiply(rows, count, &total) ? malloc(total + DRAWN) : NULL;
  for (size_t i = 0; signs && i < total; i += DRAWN) { /* a bit makes a sign */
    uint32_t bits = random_bits(&work->directions_from);
    for (unsigned k = 0; k < DRAWN; k += BYTE)
      put_signs(signs + i + k, (uint8_t)(bits >> (DRAWN - BYTE - k)));
  }
  return signs;
}

/* dNAME entry by entry, or its products with the directions. */
static void take_analytic(const struct check_work *work, struct tensor_check *tensor,
                          const signed char *directions) {
  const struct node *node = &work->model->nodes[tensor->node];
  size_t size = shape_count(tensor->shape);
  if (node->gradient < 0) return; /* stays 0; the verdict says so */
  const double *gradient = run_values(&work->base, node->gradient);
  if (!directions) memcpy(tensor->analytic, gradient, size * sizeof *gradient);
  for (size_t i = 0; directions && i < tensor->count; i++)
    tensor->analytic[i] = vector_dot_signs(gradient, directions + i * size, size);
}

/* The same slopes from an earlier check, or NULL. */
static const double *earlier_slopes(const struct check_work *work, const struct tensor_check *tensor) {
  const struct check *from = work->check->options.numeric_from;
  if (!shortcut_taken(SHORTCUT_KNOWN)) from = NULL;
  bool param = work->model->nodes[tensor->node].kind == NODE_PARAM;
  const struct tensor_check *list = !from ? NULL : param ? from->tensors : from->intermediates;
  size_t count = !from ? 0 : param ? from->tensor_count : from->intermediate_count;
  for (size_t i = 0; i < count; i++)
    if (list[i].node == tensor->node && list[i].count == tensor->count) return list[i].numeric;
  return NULL;
}

static enum status find_slopes(struct check_work *work, struct tensor_check *tensor, struct probe probe,
                               const signed char *directions) {
  const double *known = earlier_slopes(work, tensor);
  if (!known)
    return numeric_slopes(&work->numeric, probe, tensor->count, directions, tensor->numeric);
  memcpy(tensor->numeric, known, tensor->count * sizeof *known);
  return STATUS_OK;
}

static enum status compare_tensor(struct check_work *work, struct tensor_check *tensor,
                                  struct examination *exam, bool by_direction) {
  struct probe probe = node_probe(work->model, tensor->node);
  signed char *directions = NULL;
  if (by_direction && !(directions = draw_directions(work, tensor->count, probe.count)))
    return no_memory(work);
  exam->directions = directions;
  tensor->by_direction = by_direction;
  exam->probe = probe;
  take_analytic(work, tensor, directions);
  enum status status = find_slopes(work, tensor, probe, directions);
  if (status == STATUS_NO_MEMORY) return no_memory(work);
  tensor->metrics = metrics_compute(tensor->analytic, tensor->numeric, tensor->count);
  return status;
}

static void sum_up(struct check *check) {
  double error = 0, grad = 0, numeric = 0;
  for (size_t i = 0; i < check->tensor_count; i++) {
    const struct metrics *m = &check->tensors[i].metrics;
    error = norm_of_norms(error, m->error_norm);
    grad = norm_of_norms(grad, m->grad_norm);
    numeric = norm_of_norms(numeric, m->numeric_norm);
    check->entries += check->tensors[i].count;
    check->zeros += m->zeros;
  }
  check->difference = relative_difference(error, grad, numeric);
  for (size_t i = 0; i < check->tensor_count; i++)
    check->tensors[i].share =
        relative_difference(check->tensors[i].metrics.error_norm, grad, numeric);
}

/* -- all of it -- */

/* The number of slopes that are still to be computed. */
static size_t count_slopes(const struct check_work *work, const struct tensor_check *tensors,
                           size_t count) {
  size_t slopes = 0;
  for (size_t i = 0; i < count; i++)
    if (!earlier_slopes(work, &tensors[i])) slopes += tensors[i].count;
  return slopes;
}

static enum status start(struct check_work *work) {
  const struct check_options *options = &work->check->options;
  const struct model *model = work->model;
  if (run_init(&work->base, &model->program, &model->random, options->precision))
    return no_memory(work);
  work->base.frozen = options->frozen;
  run_code(&work->base, &model->program.forward, 0);
  run_code(&work->base, &model->program.backward, 0);
  work->check->loss = *run_values(&work->base, model->nodes[model->loss].slot);
  work->redrawn = model_draws(model) && !options->frozen;
  random_seed(&work->directions_from, 1);
  int threads = options->threads > 0 ? options->threads : team_processors();
  /* Where every pass draws anew, passes must be whole and run one after the other. */
  work->numeric = (struct numeric){.threads = work->redrawn ? 1 : threads,
                                   .method = options->method, .eps = options->eps,
                                   .evaluate = work->redrawn ? EVALUATE_FULL : options->evaluate,
                                   .cancel = options->cancel, .progress = options->progress,
                                   .progress_context = options->progress_context};
  work->numeric.total = count_slopes(work, work->check->tensors, work->check->tensor_count) +
                        count_slopes(work, work->check->intermediates,
                                     work->check->intermediate_count);
  return numeric_init(&work->numeric, model, &work->base) ? no_memory(work) : STATUS_OK;
}

static size_t count_settled(const struct check *check) {
  size_t count = 0;
  for (size_t i = 0; i < check->tensor_count; i++) count += check->tensors[i].settled_count;
  return count;
}

static size_t count_rounded(const struct check *check) {
  size_t count = 0;
  for (size_t i = 0; i < check->tensor_count; i++) count += check->tensors[i].rounding_count;
  return count;
}

/* Appends what quadruple precision had to say. */
static void put_opinions(const struct check *check, struct text *note) {
  size_t settled = count_settled(check), rounded = count_rounded(check);
  if (settled == 0 || check->verdict != VERDICT_PASS) return;
  text_printf(note,
              settled == 1
                  ? _("%zu entry was looked at again in quadruple precision, and is right")
                  : _("%zu entries were looked at again in quadruple precision, and are right"),
              settled);
  if (rounded > 0)
    text_printf(note, _(" (%zu only before rounding, which puts more than the tolerance on it)"),
                rounded);
}

/* Appends which tensors were judged as of single precision although the check is in double. */
static void put_single(const struct check *check, const struct model *model, struct text *note) {
  double relative = 0;
  for (size_t i = 0; i < check->tensor_count; i++) {
    if (!check->tensors[i].from_single) continue;
    text_printf(note, "%sd%s", note->length > 0 ? ", " : "",
                model->nodes[check->tensors[i].node].name);
    relative = check->tensors[i].leeway.relative;
  }
  if (note->length > 0)
    text_printf(note, _(": numbers of single precision, so they are judged as such, within %.2g of "
                        "their size"), relative);
}

static enum status note_opinions(struct check *check, const struct model *model) {
  struct text notes[2];
  enum status status = STATUS_OK;
  for (int i = 0; i < 2; i++) text_init(&notes[i]);
  put_opinions(check, &notes[0]);
  put_single(check, model, &notes[1]);
  for (int i = 0; i < 2; i++) {
    if (!status && notes[i].length > 0) status = check_add_note(check, text_string(&notes[i]));
    if (notes[i].failed) status = STATUS_NO_MEMORY;
    text_done(&notes[i]);
  }
  return status;
}

static bool needs_origin(const struct check *check) {
  for (size_t i = 0; i < check->tensor_count; i++) {
    enum reason reason = check->tensors[i].reason;
    if (reason == REASON_NOT_FINITE || reason == REASON_NO_DERIVATIVE ||
        reason == REASON_LOSS_NOT_FINITE)
      return true;
  }
  return false;
}

static enum status decide(struct check_work *work, struct examination *exams) {
  struct check *check = work->check;
  size_t most = 0;
  second_init(&work->second, &work->numeric.workers[0]);
  for (size_t i = 0; i < check->tensor_count; i++) {
    exams[i].worker = &work->numeric.workers[0];
    exams[i].second = &work->second;
    exams[i].redrawn = work->redrawn;
    exams[i].loss = check->loss;
    if (check->tensors[i].count > most) most = check->tensors[i].count;
  }
  struct ranked *scratch = calloc(most, sizeof *scratch);
  if (!scratch) return no_memory(work);
  numeric_watch(&work->numeric);
  work->numeric.workers[0].memo = work->redrawn ? NULL : check->options.memo;
  verdict_decide(check, exams, scratch);
  free(scratch);
  if (needs_origin(check) && origin_find(check, work->model, &work->base)) return no_memory(work);
  if (!check->options.numeric_from && note_opinions(check, work->model)) return no_memory(work);
  return numeric_cancelled(&work->numeric) ? STATUS_CANCELLED : STATUS_OK;
}

/* Notes what the check is worth, unless an earlier check of the same slopes has done so. */
static enum status note_worth(struct check_work *work) {
  struct check *check = work->check;
  if (!check->options.numeric_from &&
      worth_note(check, work->model, &work->base, &work->numeric.workers[0]))
    return no_memory(work);
  return numeric_cancelled(&work->numeric) ? STATUS_CANCELLED : STATUS_OK;
}

static enum status run_all(struct check_work *work) {
  struct check *check = work->check;
  enum status status = start(work);
  struct examination *exams = calloc(check->tensor_count, sizeof *exams), unused = {0};
  if (!exams && !status) status = no_memory(work);
  for (size_t i = 0; !status && i < check->tensor_count; i++)
    status = compare_tensor(work, &check->tensors[i], &exams[i], check->options.directions > 0);
  for (size_t i = 0; !status && i < check->intermediate_count; i++)
    status = compare_tensor(work, &check->intermediates[i], &unused, false);
  numeric_rest(&work->numeric);
  if (!status) {
    sum_up(check);
    if (!check->options.metrics_only && laws_test(check, work->model, &work->base))
      status = no_memory(work);
    if (!status && !check->options.metrics_only) status = decide(work, exams);
    if (!status && !check->options.metrics_only) status = note_worth(work);
  }
  for (size_t i = 0; exams && i < check->tensor_count; i++)
    free((void *)(uintptr_t)exams[i].directions);
  free(exams);
  return status;
}

enum status check_run(struct check *check, const struct model *model,
                      const struct check_options *options, struct diag *diag) {
  struct check_work work = {.check = check, .model = model, .diag = diag};
  *check = (struct check){.options = *options};
  enum status status = choose_tensors(&work);
  if (!status) status = run_all(&work);
  second_done(&work.second);
  numeric_done(&work.numeric);
  run_done(&work.base);
  check->options.numeric_from = NULL;
  check->options.memo = NULL;
  if (status == STATUS_CANCELLED)
    diag_set(diag, status, SPAN_NONE, "%s", _("the check was stopped"));
  return status;
}
