#include "check/activation.h"

#include "check/method.h"
#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct code *forward_of(const struct activations *all) {
  return &all->model->program.forward;
}

static size_t count_of(const struct activations *all, const struct activation *activation) {
  return shape_count(model_shape(all->model, activation->out));
}

/* -- trying -- */

/* Runs the activation on what its operand holds in the run. */
static const double *results(struct activations *all, const struct activation *activation) {
  run_slice(&all->run, forward_of(all), activation->first, activation->last);
  return run_values(&all->run, activation->out);
}

static const double *results_at(struct activations *all, const struct activation *activation,
                                double value) {
  double *in = run_values(&all->run, activation->in);
  for (size_t i = 0; i < count_of(all, activation); i++) in[i] = value;
  return results(all, activation);
}

/* The same with every entry of the point moved by its step, to the left or to the right. */
static const double *results_moved(struct activations *all, const struct activation *activation,
                                   int side) {
  const enum precision precision = all->run.precision;
  const double *base = run_values(all->base, activation->in);
  double *in = run_values(&all->run, activation->in);
  for (size_t i = 0; i < count_of(all, activation); i++)
    in[i] = precision_round(precision, base[i] + side * step_at(precision, fabs(base[i])));
  return results(all, activation);
}

static void put_back(struct activations *all, const struct activation *activation) {
  const struct rect rect = shape_rect(model_shape(all->model, activation->out));
  run_restore(&all->run, all->base, activation->in, rect);
  for (size_t i = activation->first; i < activation->last; i++) {
    const int out = forward_of(all)->items[i].out;
    run_restore(&all->run, all->base, out, shape_rect(model_shape(all->model, out)));
  }
}

void activation_slopes(struct activations *all, const struct activation *activation, double *left,
                       double *right) {
  const double *out = run_values(all->base, activation->out);
  const size_t count = count_of(all, activation);
  const double *base = run_values(all->base, activation->in);
  const double *in = run_values(&all->run, activation->in);
  for (int side = -1; side <= 1; side += 2) {
    const double *moved = results_moved(all, activation, side);
    double *slopes = side < 0 ? left : right;
    for (size_t i = 0; i < count; i++) slopes[i] = (moved[i] - out[i]) / (in[i] - base[i]);
  }
  put_back(all, activation);
}

/* Where an activation is tried for being flat: at far and at twice as far, where even the half
 * precision has numbers. */
enum { FAR = 1024, ENDS = 4 };

/* A function is flat where it hardly goes on, for all that it has changed from end to end. */
static bool is_flat(const double *ends[ENDS], size_t count, int near, int far) {
  const double hardly = 1e-3;
  for (size_t i = 0; i < count; i++) {
    const double range = fabs(ends[ENDS - 1][i] - ends[0][i]);
    if (!(range > 0) || !(fabs(ends[far][i] - ends[near][i]) <= hardly * range)) return false;
  }
  return true;
}

static const double places[ENDS] = {-2 * FAR, -FAR, FAR, 2 * FAR};

static void judge_ends(struct activation *activation, const double *ends[ENDS], size_t count) {
  activation->flat_below = is_flat(ends, count, 1, 0);
  activation->flat_above = is_flat(ends, count, 2, 3);
}

/* The same for an operation of one operand, which is alike wherever it is applied: once is
 * enough. */
static void try_op(struct activations *all, int op, struct activation *activation) {
  enum { TRIED = 1, BELOW = 2, ABOVE = 4 };
  const struct shape shape = {ENDS, 1};
  double values[ENDS];
  const double *ends[ENDS] = {&values[0], &values[1], &values[2], &values[3]};
  if (!all->ops[op]) {
    const struct call call = {.out = values, .shape = shape, .in = {{places, shape}}};
    op_table[op].forward(&call, shape_rect(shape));
    judge_ends(activation, ends, 1);
    all->ops[op] = (unsigned char)(TRIED | (activation->flat_below ? BELOW : 0) |
                                   (activation->flat_above ? ABOVE : 0));
  }
  activation->flat_below = all->ops[op] & BELOW;
  activation->flat_above = all->ops[op] & ABOVE;
}

static enum status try_ends(struct activations *all, struct activation *activation) {
  const struct instr *last = &forward_of(all)->items[activation->last - 1];
  if (activation->last == activation->first + 1 && op_table[last->op].arity == 1) {
    try_op(all, last->op, activation);
    return STATUS_OK;
  }
  const size_t count = count_of(all, activation);
  double *values = calloc(count, ENDS * sizeof *values);
  const double *ends[ENDS];
  if (!values) return STATUS_NO_MEMORY;
  for (int end = 0; end < ENDS; end++) {
    memcpy(values + (size_t)end * count, results_at(all, activation, places[end]),
           count * sizeof *values);
    ends[end] = values + (size_t)end * count;
  }
  judge_ends(activation, ends, count);
  free(values);
  put_back(all, activation);
  return STATUS_OK;
}

/* -- finding -- */

static int instance_of(const struct model *model, const struct instr *instr) {
  const int node = model->values[instr->out].node;
  return node >= 0 ? model->nodes[node].instance : -1;
}

static bool is_within(const struct model *model, const struct instr *instr, int instance) {
  int at = instance_of(model, instr);
  while (at >= 0 && at != instance) at = model->instances[at].parent;
  return at >= 0;
}

/* Whether INSTR works entry by entry, on tensors of SHAPE or on what is spread to it, alike each
 * time. */
static bool is_even(const struct model *model, const struct instr *instr, struct shape shape) {
  const struct op *op = &op_table[instr->op];
  return op_is_elementwise(op) && !(op->flags & OP_RANDOM) &&
         shape_equal(model_shape(model, instr->out), shape);
}

/* Whether SLOT can be what an activation with a result of SHAPE is applied to. */
static bool is_operand(const struct model *model, int slot, struct shape shape) {
  return !model->values[slot].constant && shape_equal(model_shape(model, slot), shape);
}

/* The outermost gate that NODE is the result of, below LIMIT (-1: of all); -1: none. */
static int next_gate(const struct model *model, int node, int limit) {
  int found = -1;
  for (int at = model->nodes[node].instance; at >= 0 && at != limit;
       at = model->instances[at].parent)
    if (model->instances[at].gate && model->instances[at].output == node) found = at;
  return found;
}

/* Whether the gate INSTANCE, which ends with instruction INDEX, is an activation. */
static bool take_gate(const struct activations *all, int instance, size_t index,
                      struct activation *activation) {
  const struct model *model = all->model;
  const struct instance *gate = &model->instances[instance];
  const struct shape shape = model_shape(model, forward_of(all)->items[index].out);
  size_t first = index + 1, k = 0;
  while (first > 0 && is_within(model, &forward_of(all)->items[first - 1], instance))
    if (!is_even(model, &forward_of(all)->items[--first], shape)) return false;
  while (k < gate->operand_count && !is_operand(model, gate->operands[k], shape)) k++;
  if (k == gate->operand_count) return false;
  *activation = (struct activation){.in = gate->operands[k], .first = first, .last = index + 1,
                                    .out = forward_of(all)->items[index].out};
  return true;
}

/* Whether the operation of instruction INDEX is one, of its only operand that is no constant. A
 * mere sum or product has no flat sides. */
static bool take_op(const struct activations *all, size_t index, struct activation *activation) {
  const struct model *model = all->model;
  const struct instr *instr = &forward_of(all)->items[index];
  const struct shape shape = model_shape(model, instr->out);
  const struct op *op = &op_table[instr->op];
  int varying = 0;
  if (op->weight[0] || op->power[0]) return false;
  *activation = (struct activation){.in = -1, .out = instr->out, .first = index,
                                    .last = index + 1};
  for (int k = 0; k < op->arity; k++) {
    varying += !model->values[instr->in[k]].constant;
    if (is_operand(model, instr->in[k], shape)) activation->in = instr->in[k];
  }
  return varying == 1 && activation->in >= 0 && is_even(model, instr, shape);
}

static bool take(const struct activations *all, size_t index, struct activation *activation) {
  const int node = all->model->values[forward_of(all)->items[index].out].node;
  if (node < 0 || !all->model->nodes[node].active) return false;
  for (int gate = next_gate(all->model, node, -1); gate >= 0;) {
    if (take_gate(all, gate, index, activation)) return true;
    const int outer = gate;
    gate = next_gate(all->model, node, outer);
  }
  return take_op(all, index, activation);
}

/* From the last to the first: a gate's result comes after its parts. */
static enum status find_all(struct activations *all) {
  for (size_t i = forward_of(all)->count; i-- > 0;) {
    struct activation activation;
    if (!take(all, i, &activation)) continue;
    if (try_ends(all, &activation)) return STATUS_NO_MEMORY;
    i = activation.first;
    if (!activation.flat_below && !activation.flat_above) continue;
    if (!array_push(&all->items, &all->count, &all->capacity, &activation, sizeof activation))
      return STATUS_NO_MEMORY;
  }
  return STATUS_OK;
}

enum status activations_find(struct activations *all, const struct model *model,
                             const struct run *base) {
  *all = (struct activations){.model = model, .base = base};
  if (run_copy(&all->run, base) || find_all(all)) return STATUS_NO_MEMORY;
  for (size_t i = 0; i < all->count / 2; i++) {
    const struct activation last = all->items[all->count - 1 - i];
    all->items[all->count - 1 - i] = all->items[i];
    all->items[i] = last;
  }
  return STATUS_OK;
}

void activations_done(struct activations *all) {
  run_done(&all->run);
  free(all->items);
  *all = (struct activations){0};
}
