#include "check/worth.h"

#include "check/layers.h"
#include "check/special.h"
#include "core/intl.h"
#include "lang/shown.h"

#include <math.h>
#include <stdlib.h>

/* -- gradients and params that are zero -- */

static enum status note_zero_gradients(struct worth *worth) {
  if (worth->check->zeros == 0) return STATUS_OK;
  text_printf(&worth->note, _("%zu of %zu gradients are exactly zero on both sides: a mistake there "
                              "that leaves them zero stays unseen"),
              worth->check->zeros, worth->check->entries);
  return worth_add(worth);
}

static bool is_all_zero(const struct worth *worth, size_t index) {
  const double *values = worth_values(worth, index);
  for (size_t i = 0; i < shape_count(worth->check->tensors[index].shape); i++)
    if (!(values[i] == 0)) return false;
  return true;
}

static enum status note_zero_params(struct worth *worth) {
  enum status status = STATUS_OK;
  for (size_t i = 0; !status && i < worth->check->tensor_count; i++) {
    if (worth->check->tensors[i].verdict != VERDICT_PASS || !is_all_zero(worth, i)) continue;
    text_printf(&worth->note, _("%s is all zeros at this point: a term that is multiplied by it "
                                "stays unseen"), worth_name(worth, i));
    status = worth_add(worth);
  }
  return status;
}

static enum status note_no_effect(struct worth *worth) {
  enum status status = STATUS_OK;
  for (size_t i = 0; !status && i < worth->check->tensor_count; i++) {
    if (worth->check->tensors[i].verdict != VERDICT_INADEQUATE ||
        worth->model->nodes[worth->check->tensors[i].node].active)
      continue;
    text_printf(&worth->note, _("the loss does not depend on %s at all"), worth_name(worth, i));
    status = worth_add(worth);
  }
  return status;
}

/* -- shapes and values that hide mistakes -- */

static bool is_symmetric(const double *values, uint32_t size) {
  for (size_t i = 0; i < size; i++)
    for (size_t j = 0; j < i; j++)
      if (!(values[i * size + j] == values[j * size + i])) return false;
  return true;
}

static enum status note_symmetric(struct worth *worth) {
  enum status status = STATUS_OK;
  for (size_t i = 0; !status && i < worth->check->tensor_count; i++) {
    const struct tensor_check *tensor = &worth->check->tensors[i];
    bool square = tensor->shape.rows == tensor->shape.cols && tensor->shape.rows > 1;
    if (!square || layer_role(worth->model, tensor->node).part != PART_WEIGHT ||
        is_all_zero(worth, i) || !is_symmetric(worth_values(worth, i), tensor->shape.rows))
      continue;
    text_printf(&worth->note, _("%s equals its transpose at this point: a forgotten .T stays "
                                "unseen"), worth_name(worth, i));
    status = worth_add(worth);
  }
  return status;
}

/* The samples that pass through a weight: the side of its product's other operand that the product
 * does not sum over. */
static uint32_t batch_of(const struct worth *worth, size_t index) {
  const struct tensor_check *tensor = &worth->check->tensors[index];
  struct layer_role role = layer_role(worth->model, tensor->node);
  if (role.part != PART_WEIGHT) return 0;
  struct shape input = model_shape(worth->model, role.input);
  return input.rows == tensor->shape.cols && input.cols != tensor->shape.rows ? input.cols
         : input.cols == tensor->shape.rows && input.rows != tensor->shape.cols ? input.rows
                                                                                 : 0;
}

static enum status note_batch_of_one(struct worth *worth) {
  for (size_t i = 0; i < worth->check->tensor_count; i++) {
    if (batch_of(worth, i) != 1) continue;
    text_puts(&worth->note, _("the batch is a single sample: a sum over it, its mean and a missing "
                              "1/m are all the same, so mistakes there stay unseen"));
    return worth_add(worth);
  }
  return STATUS_OK;
}

static enum status note_width_one(struct worth *worth) {
  int last = -1;
  enum status status = STATUS_OK;
  for (size_t i = 0; i < worth->check->tensor_count; i++) {
    struct layer_role role = layer_role(worth->model, worth->check->tensors[i].node);
    if (role.output > last) last = role.output; /* one score at the end is nothing special */
  }
  for (size_t i = 0; !status && i < worth->check->tensor_count; i++) {
    const struct tensor_check *tensor = &worth->check->tensors[i];
    struct layer_role role = layer_role(worth->model, tensor->node);
    if (role.part != PART_BIAS || tensor->count != 1 || role.output == last) continue;
    text_printf(&worth->note, _("the layer of %s has a single unit: a sum over the wrong side, or "
                                "over both, stays unseen"), worth_name(worth, i));
    status = worth_add(worth);
  }
  return status;
}

/* -- units that do not learn -- */

/* Units of a layer lie along the longer side of its bias; -1: not known, 0: down, 1: across. */
static int unit_side(const struct worth *worth, int slot) {
  for (size_t i = 0; i < worth->check->tensor_count; i++) {
    const struct tensor_check *tensor = &worth->check->tensors[i];
    struct layer_role role = layer_role(worth->model, tensor->node);
    if (role.part != PART_BIAS || role.output != slot || tensor->count == 1) continue;
    return tensor->shape.cols == 1 ? 0 : 1;
  }
  return -1;
}

/* Units along SIDE through which nothing flows back in any sample: on one side of each of their
 * entries the activation is flat. */
static size_t count_dead(struct shape shape, const double *left, const double *right, int side,
                         size_t *units) {
  size_t rows = shape.rows, cols = shape.cols, dead = 0;
  *units = side == 0 ? rows : cols;
  for (size_t unit = 0; unit < *units; unit++) {
    bool active = false;
    for (size_t k = 0; k < (side == 0 ? cols : rows); k++) {
      size_t at = side == 0 ? unit * cols + k : k * cols + unit;
      active = active || (left[at] != 0 && right[at] != 0);
    }
    dead += !active;
  }
  return dead;
}

/* A list in a note, of which only the first entries are named. */
enum { LISTED = 3 };

/* Ends entry INDEX, about SLOT, in a list that is being made. */
static void end_entry(struct worth *worth, size_t index, int slot) {
  int node = worth->model->values[slot].node;
  if (index < LISTED && node >= 0)
    node_put_shown(&worth->note, worth->model, model_visible(worth->model, node));
}

static void end_list(struct worth *worth, size_t count) {
  if (count > LISTED) text_printf(&worth->note, _(" and %zu more"), count - LISTED);
}

/* Begins entry INDEX of a list, if it is one of those that are named. */
static bool begin_entry(struct worth *worth, size_t index) {
  if (index > 0 && index < LISTED) text_puts(&worth->note, ", ");
  return index < LISTED;
}

/* The slopes of ACTIVATION at the point, those to the left and then those to the right; ends with
 * free(). NULL: no memory. */
static double *slopes_of(struct worth *worth, const struct activation *activation) {
  size_t count = shape_count(model_shape(worth->model, activation->out));
  double *slopes = calloc(count, 2 * sizeof *slopes);
  if (slopes) activation_slopes(&worth->activations, activation, slopes, slopes + count);
  return slopes;
}

/* Adds what is to be said of ACTIVATION, if anything, as entry *LISTED of a list. */
typedef enum status put_activation(struct worth *worth, const struct activation *activation,
                                   size_t *listed);

static enum status put_dead(struct worth *worth, const struct activation *activation,
                            size_t *listed) {
  const struct shape shape = model_shape(worth->model, activation->out);
  int side = activation->flat_above ? -1 : unit_side(worth, activation->in);
  if (side < 0) return STATUS_OK;
  double *slopes = slopes_of(worth, activation);
  if (!slopes) return STATUS_NO_MEMORY;
  size_t units, dead = count_dead(shape, slopes, slopes + shape_count(shape), side, &units);
  free(slopes);
  if (dead == 0) return STATUS_OK;
  if (begin_entry(worth, *listed)) text_printf(&worth->note, _("%zu of %zu units of "), dead, units);
  end_entry(worth, (*listed)++, activation->out);
  return STATUS_OK;
}

static enum status put_saturated(struct worth *worth, const struct activation *activation,
                                 size_t *listed) {
  const double flat = 0.01;
  size_t count = shape_count(model_shape(worth->model, activation->out)), saturated = 0;
  if (!activation->flat_below || !activation->flat_above) return STATUS_OK;
  double *slopes = slopes_of(worth, activation);
  if (!slopes) return STATUS_NO_MEMORY;
  for (size_t k = 0; k < count; k++)
    saturated += fabs(slopes[k] + slopes[count + k]) / 2 < flat;
  free(slopes);
  if (2 * saturated <= count) return STATUS_OK;
  if (begin_entry(worth, *listed))
    text_printf(&worth->note, _("%zu of %zu entries of "), saturated, count);
  end_entry(worth, (*listed)++, activation->out);
  return STATUS_OK;
}

/* A note of all activations of which PUT has something to say, which SENTENCE ends. */
static enum status note_activations(struct worth *worth, put_activation *put,
                                    const char *sentence) {
  size_t listed = 0;
  enum status status = STATUS_OK;
  if (!worth->activations.model)
    status = activations_find(&worth->activations, worth->model, worth->point);
  for (size_t i = 0; !status && i < worth->activations.count; i++)
    status = put(worth, &worth->activations.items[i], &listed);
  if (status || listed == 0) return status;
  end_list(worth, listed);
  text_puts(&worth->note, sentence);
  return worth_add(worth);
}

static enum status note_dead_units(struct worth *worth) {
  return note_activations(worth, put_dead,
                          _(" are dead (negative in every sample): nothing flows back through "
                            "them"));
}

static enum status note_saturated(struct worth *worth) {
  return note_activations(worth, put_saturated,
                          _(" are saturated (slope below 0.01): mistakes before them shrink with "
                            "the gradient"));
}

/* -- kinks -- */

enum { FARTHEST = 64, ENTRIES_TRIED = 8 };

/* Whether the loss has another slope H away, on the other side of some decision: a decision alone
 * may leave it smooth, as when another entry becomes the largest that a softmax is shifted by. */
static bool turns(struct worth *worth, const struct probe *probe, double h, uint64_t here) {
  const double clearly = 0.01;
  double loss = *run_values(worth->point, worth->model->nodes[worth->model->loss].slot);
  double secants[2];
  bool other = false;
  for (int side = 0; side < 2; side++) {
    double moved = worker_move(worth->worker, probe, side ? h : -h);
    other = other || run_branches(&worth->worker->run) != here;
    worker_restore(worth->worker, probe);
    secants[side] = (moved - loss) / (side ? h : -h);
  }
  double size = fmax(fabs(secants[0]), fabs(secants[1]));
  return other && fabs(secants[1] - secants[0]) > clearly * size + CHECK_ABSOLUTE;
}

/* How many steps away from an entry of tensor INDEX a kink is, at most FARTHEST; 0: none. */
static int kink_distance(struct worth *worth, size_t index, size_t entry, uint64_t here) {
  const struct tensor_check *tensor = &worth->check->tensors[index];
  struct probe probe = {.slot = worth->model->nodes[tensor->node].slot,
                        .count = shape_count(tensor->shape), .entry = entry};
  double h = worker_step(worth->worker, &probe, worth->check->options.eps);
  int steps = FARTHEST;
  if (!turns(worth, &probe, steps * h, here)) return 0;
  while (steps > 1 && turns(worth, &probe, steps / 2 * h, here)) steps /= 2;
  return steps;
}

static enum status note_kinks(struct worth *worth) {
  uint64_t here = run_branches(worth->point);
  int nearest = 0;
  size_t where = 0, at = 0;
  for (size_t i = 0; worth->check->verdict == VERDICT_PASS && i < worth->check->tensor_count; i++) {
    size_t count = shape_count(worth->check->tensors[i].shape);
    size_t step = (count + ENTRIES_TRIED - 1) / ENTRIES_TRIED;
    for (size_t entry = 0; entry < count && !worker_cancelled(worth->worker); entry += step) {
      int steps = kink_distance(worth, i, entry, here);
      if (steps > 0 && (nearest == 0 || steps < nearest)) nearest = steps, where = i, at = entry;
    }
  }
  if (nearest == 0) return STATUS_OK;
  uint32_t cols = worth->check->tensors[where].shape.cols;
  text_printf(&worth->note, _("a kink is within %d steps of %s [%u, %u]: with a larger step it "
                              "would count"), nearest, worth_name(worth, where),
              (unsigned)(at / cols), (unsigned)(at % cols));
  return worth_add(worth);
}

/* -- all of them -- */

static const struct {
  enum status (*note)(struct worth *worth);
  bool closer; /* only where the check is to be explained */
} rows[] = {
    {note_zero_gradients, false}, {note_zero_params, false}, {note_no_effect, true},
    {special_unread, true},       {special_spread, true},    {note_dead_units, true},
    {note_saturated, true},       {note_batch_of_one, true}, {note_width_one, true},
    {note_symmetric, true},       {special_ones, true},      {special_equal, true},
    {note_kinks, true},           {special_directions, true},
};

enum status worth_note(struct check *check, const struct model *model, const struct run *point,
                       struct worker *worker) {
  struct worth worth = {.check = check, .model = model, .point = point, .worker = worker};
  enum status status = STATUS_OK;
  text_init(&worth.note);
  for (size_t i = 0; !status && i < sizeof rows / sizeof *rows; i++)
    if (check->options.explain || !rows[i].closer) status = rows[i].note(&worth);
  activations_done(&worth.activations);
  text_done(&worth.note);
  return status;
}
