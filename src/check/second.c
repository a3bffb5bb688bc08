#include "check/second.h"


#include <stdlib.h>
#include <string.h>

/* The most additions (or the like) that all answers of a check together may take: some seconds. */
#define MOST_WORK 1.5e8

void second_init(struct second *second, struct worker *worker) {
  *second = (struct second){.worker = worker};
}

void second_done(struct second *second) {
  free(second->base);
  free(second->values);
  free(second->dirty);
  *second = (struct second){0};
}

static const struct program *program_of(const struct second *second) {
  return &second->worker->model->program;
}

static size_t loss_place(const struct second *second) {
  const struct model *model = second->worker->model;
  return program_of(second)->slots[model->nodes[model->loss].slot].offset;
}

/* False if the caller wants to stop, or all has been spent. */
static bool may_go_on(const struct second *second) {
  if (worker_cancelled(second->worker) || second->spent > MOST_WORK) return false;
  worker_tell(second->worker);
  return true;
}

/* -- the point -- */

/* Runs all of CODE on the base; draws and what else has no wide kernel stay as they are. */
static bool run_base(struct second *second, const struct code *code) {
  const struct program *program = program_of(second);
  for (size_t i = 0; i < code->count; i++) {
    const struct op *op = &op_table[code->items[i].op];
    struct wide_call call = wide_call(program, second->base, &code->items[i]);
    if (!may_go_on(second)) return false;
    if (op->forward_wide) op->forward_wide(&call, shape_rect(call.shape));
  }
  return true;
}

static double whole_cost(const struct program *program, const struct code *code) {
  double cost = 0;
  for (size_t i = 0; i < code->count; i++) cost += wide_cost(program, &code->items[i]);
  return cost;
}

static bool make_point(struct second *second) {
  const struct program *program = program_of(second);
  const size_t size = program->size;
  if (!WIDE_IS_WIDE || whole_cost(program, &program->forward) > MOST_WORK / 4) return false;
  second->base = calloc(size, sizeof *second->base);
  second->values = calloc(size, sizeof *second->values);
  second->dirty = calloc(program->slot_count, sizeof *second->dirty);
  if (!second->base || !second->values || !second->dirty) return false;
  for (size_t i = 0; i < size; i++) second->base[i] = (wide)second->worker->base->values[i];
  if (!run_base(second, &program->forward)) return false;
  memcpy(second->values, second->base, size * sizeof *second->base);
  second->loss = second->base[loss_place(second)];
  second->branches = wide_branches(program, second->base);
  second->same_branches = second->branches == run_branches(second->worker->base);
  return true;
}

static bool is_ready(struct second *second) {
  if (second->state == SECOND_UNASKED)
    second->state = make_point(second) ? SECOND_READY : SECOND_UNABLE;
  return second->state == SECOND_READY && may_go_on(second);
}

/* -- moving -- */

/* Sets the probe's values to the base moved by H; ROUNDED: to the nearest doubles, which is where
 * a worker goes. */
static void move_values(struct second *second, const struct probe *probe, wide h, bool rounded) {
  const size_t at = program_of(second)->slots[probe->slot].offset;
  size_t from = probe->direction ? 0 : probe->entry;
  size_t to = probe->direction ? probe->count : from + 1;
  for (size_t i = from; i < to; i++) {
    wide way = probe->direction ? h * (wide)probe->direction[i] : h;
    second->values[at + i] = second->base[at + i] + way;
    if (rounded) second->values[at + i] = (wide)((double)second->base[at + i] + (double)way);
  }
}

/* The part of a tensor that the probe moves. */
static struct rect moved_part(const struct second *second, const struct probe *probe) {
  struct shape shape = program_of(second)->slots[probe->slot].shape;
  uint32_t row = (uint32_t)(probe->entry / shape.cols), col = (uint32_t)(probe->entry % shape.cols);
  return probe->direction ? shape_rect(shape) : (struct rect){row, row + 1, col, col + 1};
}

/* Computes anew what the move has reached of one instruction's result. */
static void run_part(struct second *second, const struct instr *instr) {
  const struct program *program = program_of(second);
  struct plan_step step = plan_step(&second->worker->run, instr);
  struct rect part = {0};
  if (step.op->arity > 0 && step.op->forward_wide) part = plan_step_part(&step, second->dirty);
  second->dirty[instr->out] = part;
  if (rect_empty(part)) return;
  struct wide_call call = wide_call(program, second->values, instr);
  step.op->forward_wide(&call, part);
  double whole = (double)shape_count(call.shape);
  double share = (double)(part.row1 - part.row0) * (part.col1 - part.col0) / whole;
  second->spent += wide_cost(program, instr) * share;
}

static void restore(struct second *second, int slot) {
  const struct slot *of = &program_of(second)->slots[slot];
  struct rect part = second->dirty[slot];
  second->dirty[slot] = (struct rect){0};
  if (rect_empty(part)) return;
  for (size_t i = part.row0; i < part.row1; i++) {
    size_t at = of->offset + i * of->shape.cols + part.col0;
    memcpy(second->values + at, second->base + at,
           (part.col1 - part.col0) * sizeof *second->values);
  }
}

/* The loss with the probe moved by H; in BRANCHES, if that is not NULL, the decisions there. */
static wide loss_at(struct second *second, const struct probe *probe, wide h, bool rounded,
                    uint64_t *branches) {
  const struct code *forward = &program_of(second)->forward;
  if (!may_go_on(second)) return (wide)NAN;
  move_values(second, probe, h, rounded);
  second->dirty[probe->slot] = moved_part(second, probe);
  for (size_t i = probe->first; i < forward->count; i++) run_part(second, &forward->items[i]);
  wide loss = second->values[loss_place(second)];
  if (branches) *branches = wide_branches(program_of(second), second->values);
  restore(second, probe->slot);
  for (size_t i = probe->first; i < forward->count; i++) restore(second, forward->items[i].out);
  return loss;
}

/* -- the slope -- */

/* A slope is known well enough at a part of the leeway; rounding may take a part of that. */
enum { PART = 8, ROUNDING_PART = 8 };

/* The largest |x| that the probe moves. */
static double size_of(const struct second *second, const struct probe *probe) {
  const double *base = run_values(second->worker->base, probe->slot);
  double size = 0;
  for (size_t i = 0; i < (probe->direction ? probe->count : 1); i++)
    size = fmax(size, fabs(base[probe->direction ? i : probe->entry]));
  return size;
}

/* What rounding may do to the loss in quadruple precision: what it does in double, at the point and
 * close beside it, times the ratio of the units; and some. */
static double find_noise(struct second *second, const struct probe *probe) {
  struct worker *worker = second->worker;
  const double beside[] = {0, 0.7310585786, -0.4119137}, ratio = 0x1p-60, margin = 16;
  enum precision precision = worker->run.precision;
  double noise = 2 * 0x1p-113 * (double)WIDE_MATH(fabs)(second->loss);
  double size = size_of(second, probe), step = size > 0 ? 0x1p-17 * size : 0x1p-57;
  worker->run.precision = PRECISION_DOUBLE;
  for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
    double h = beside[i] * step, loss = worker_loss(worker, probe, h);
    double apart = (double)WIDE_MATH(fabs)(loss_at(second, probe, (wide)h, true, NULL) -
                                           (wide)loss);
    if (isfinite(apart)) noise = fmax(noise, ratio * apart);
  }
  worker->run.precision = precision;
  return margin * noise;
}

/* The smallest step that moves every x of the probe by enough of its own digits. */
static double smallest_step(const struct second *second, const struct probe *probe) {
  const double size = size_of(second, probe);
  return size > 0 ? size * 0x1p-80 : 0x1p-200;
}

/* One rung: the loss on both sides. */
struct rung {
  wide plus, minus;
  bool straddles; /* a decision differs from that at the point */
};

static struct rung step_out(struct second *second, const struct probe *probe, double h) {
  uint64_t branches[2] = {0};
  struct rung rung = {.plus = loss_at(second, probe, (wide)h, false, &branches[0])};
  rung.minus = loss_at(second, probe, (wide)-h, false, &branches[1]);
  rung.straddles = branches[0] != second->branches || branches[1] != second->branches;
  return rung;
}

static bool stands_still(const struct second *second, const struct rung *rung) {
  return rung->plus == second->loss && rung->minus == second->loss;
}

/* Climbs from the smallest step at which rounding leaves enough of the slope. The first two
 * neighbours that agree have it: a step too small to be seen is not moved by it at all, and one too
 * large, which may look smooth again, comes later. They must agree for a slope of their own size:
 * one that falls to nothing as the step grows is none. */
static struct opinion climb(struct second *second, const struct probe *probe, double h,
                            double noise, struct leeway leeway) {
  enum { RUNGS = 40, WIDER = 4, STILL_ENOUGH = 6 };
  bool moved = false;
  double before = NAN, largest = 0x1p9 * worker_step(second->worker, probe, 0);
  struct opinion opinion = {.answer = ANSWER_OPEN, .slope = NAN, .error = INFINITY, .step = h};
  const double nothing = leeway_at(leeway, 0) / PART;
  for (int i = 0; i < RUNGS && h <= largest; i++, h *= WIDER) {
    if (!moved && i >= STILL_ENOUGH && noise / (h / WIDER) <= nothing) break;
    struct rung rung = step_out(second, probe, h);
    if (i == 0 && rung.straddles) {
      opinion.answer = ANSWER_KINK;
      opinion.left = (double)((second->loss - rung.minus) / (wide)h);
      opinion.right = (double)((rung.plus - second->loss) / (wide)h);
      return opinion;
    }
    double slope = (double)((rung.plus - rung.minus) / (2 * (wide)h));
    if (rung.straddles || !isfinite(slope)) return opinion;
    double error = fabs(slope - before) + WIDER * noise / h;
    before = slope;
    bool still = stands_still(second, &rung);
    moved = moved || !still;
    if (still || !(error < opinion.error)) continue;
    opinion.slope = slope;
    opinion.error = error;
    opinion.step = h;
    if (error > leeway_at(leeway, slope) / PART) continue;
    opinion.answer = ANSWER_SETTLED;
    return opinion;
  }
  h /= WIDER;
  if (moved || isnan(before) || noise / h > nothing) return opinion;
  return (struct opinion){.answer = ANSWER_SETTLED, .error = noise / h, .step = h};
}

/* A slope that was found before and is exact enough for LEEWAY. */
static bool recall_slope(const struct second *second, const struct probe *probe,
                         struct leeway leeway, struct opinion *opinion) {
  uint64_t slope, error;
  if (!worker_recall(second->worker, probe, 0, MEMO_SLOPE, &slope) ||
      !worker_recall(second->worker, probe, 0, MEMO_SLOPE_ERROR, &error))
    return false;
  *opinion = (struct opinion){.answer = ANSWER_SETTLED};
  memcpy(&opinion->slope, &slope, sizeof slope);
  memcpy(&opinion->error, &error, sizeof error);
  return opinion->error <= leeway_at(leeway, opinion->slope) / PART;
}

static void remember_slope(const struct second *second, const struct probe *probe,
                           const struct opinion *opinion) {
  uint64_t slope, error;
  if (opinion->answer != ANSWER_SETTLED) return;
  memcpy(&slope, &opinion->slope, sizeof slope);
  memcpy(&error, &opinion->error, sizeof error);
  worker_remember(second->worker, probe, 0, MEMO_SLOPE, slope);
  worker_remember(second->worker, probe, 0, MEMO_SLOPE_ERROR, error);
}

struct opinion second_slope(struct second *second, const struct probe *probe, struct leeway leeway,
                            double expected) {
  struct opinion none = {.answer = ANSWER_NONE};
  struct opinion known;
  if (!is_ready(second)) return none;
  if (recall_slope(second, probe, leeway, &known)) return known;
  double noise = find_noise(second, probe), enough = leeway_at(leeway, expected) / PART;
  double h = fmax(smallest_step(second, probe), ROUNDING_PART * noise / enough);
  if (!isfinite(h)) return none;
  struct opinion opinion = climb(second, probe, exp2(ceil(log2(h))), noise, leeway);
  if (!may_go_on(second)) return none;
  remember_slope(second, probe, &opinion);
  return opinion;
}

/* -- the values in double -- */

static bool slot_holds(const struct second *second, int slot) {
  const double most = 1e-8; /* of the largest; far from what a test lets pass */
  const struct slot *of = &program_of(second)->slots[slot];
  const double *values = second->worker->base->values + of->offset;
  const wide *exact = second->base + of->offset;
  double largest = 0, error = 0;
  for (size_t i = 0; i < shape_count(of->shape); i++) {
    largest = fmax(largest, fabs(values[i]));
    error = fmax(error, fabs((double)((wide)values[i] - exact[i])));
  }
  return error <= most * largest;
}

bool second_forward_holds(struct second *second) {
  const struct code *forward = &program_of(second)->forward;
  if (!is_ready(second)) return false;
  for (size_t i = 0; i < forward->count; i++)
    if (!slot_holds(second, forward->items[i].out)) return false;
  return true;
}

/* -- one-sided slopes -- */

static bool differ(double a, double b) {
  const double relative = 1e-4, absolute = 1e-8;
  return !(fabs(a - b) <= absolute + relative * fmax(fabs(a), fabs(b)));
}

static double one_sided(struct second *second, const struct probe *probe, double h) {
  return (double)((loss_at(second, probe, (wide)h, false, NULL) - second->loss) / (wide)h);
}

bool second_breaks(struct second *second, const struct probe *probe, double *left, double *right) {
  const double enough = 1e-9, wider = 16;
  if (!is_ready(second)) return false;
  double h = fmax(smallest_step(second, probe), find_noise(second, probe) / enough);
  if (!isfinite(h)) return false;
  h = exp2(ceil(log2(h)));
  *left = one_sided(second, probe, -h);
  *right = one_sided(second, probe, h);
  bool breaks = differ(*left, *right) || differ(*left, one_sided(second, probe, -wider * h)) ||
                differ(*right, one_sided(second, probe, wider * h));
  return breaks && may_go_on(second);
}

/* -- the backward pass -- */

static bool pass_back(struct second *second) {
  const struct program *program = program_of(second);
  if (second->passed_back) return true;
  if (whole_cost(program, &program->backward) > MOST_WORK / 2) return false;
  second->passed_back = run_base(second, &program->backward);
  return second->passed_back;
}

double second_gradient(struct second *second, const struct probe *probe) {
  const struct model *model = second->worker->model;
  int slot = model->nodes[model->values[probe->slot].node].gradient;
  if (slot < 0 || !is_ready(second) || !pass_back(second)) return (double)NAN;
  const wide *gradient = second->base + program_of(second)->slots[slot].offset;
  wide slope = probe->direction ? 0 : gradient[probe->entry];
  for (size_t i = 0; probe->direction && i < probe->count; i++)
    slope += gradient[i] * (wide)probe->direction[i];
  return (double)slope;
}
