#include "check/verdict.h"

#include "core/shortcut.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The most entries of one tensor that are looked at closely. */
enum { MAX_EXAMINED = 200 };

/* How many times its estimated noise the loss may be off. */
#define NOISE_FACTOR 10

/* -- the error of the numerical side -- */

/* The loss at POINTS places around the base, SPACING apart. */
enum { POINTS = 7 };

static void sample_loss(const struct examination *exam, const struct probe *probe, double spacing,
                        double values[POINTS]) {
  for (int i = 0; i < POINTS; i++)
    values[i] = worker_loss(exam->worker, probe, (i - POINTS / 2) * spacing);
}

/* A coarse precision turns the loss into stairs, which look smooth from any one step of them: how
 * far the same places lie from the loss in double precision. */
static double stair_height(const struct examination *exam, const struct probe *probe,
                           double spacing, const double values[POINTS]) {
  struct run *run = &exam->worker->run;
  enum precision precision = run->precision;
  double exact[POINTS], low = INFINITY, high = -INFINITY;
  run->precision = PRECISION_DOUBLE;
  sample_loss(exam, probe, spacing, exact);
  run->precision = precision;
  for (int i = 0; i < POINTS; i++) {
    low = fmin(low, values[i] - exact[i]);
    high = fmax(high, values[i] - exact[i]);
  }
  return high - low;
}

/* Whether the loss stands still between most of the points: something on the way (1 + x^2 at a
 * small x) swallows so small a move, and what it rounds shows only over a longer way. */
static bool stands_still(const double values[POINTS]) {
  int still = 0;
  for (int i = 1; i < POINTS; i++) still += values[i] == values[i - 1];
  return still > POINTS / 2;
}

/* Noise of the loss around the base point, by differences of high order, which leave nothing of a
 * smooth function over so short a way (Moré and Wild, "Estimating computational noise", SIAM J.
 * Sci. Comput. 33, 2011). At least half a unit in the last place of the loss. */
static double loss_noise(const struct examination *exam, const struct probe *probe) {
  enum precision precision = exam->worker->run.precision;
  double unit = precision_unit(precision), values[POINTS];
  enum { WIDENINGS = 3, WIDER = 16 };
  double noise = unit * fabs(exam->loss), gamma = 1;
  double step = worker_step(exam->worker, probe, 0);
  double spacing = precision == PRECISION_DOUBLE ? step * unit * 0x1p29 : step / 16;
  sample_loss(exam, probe, spacing, values);
  for (int i = 0; i < WIDENINGS && stands_still(values); i++)
    sample_loss(exam, probe, spacing *= WIDER, values);
  if (precision != PRECISION_DOUBLE)
    noise = fmax(noise, stair_height(exam, probe, spacing, values));
  for (int order = 1; order < POINTS - 1; order++) {
    double squares = 0;
    gamma *= 0.5 * order / (2 * order - 1); /* (order!)^2 / (2 order)! */
    for (int i = 0; i < POINTS - order; i++) {
      values[i] = values[i + 1] - values[i];
      squares += values[i] * values[i];
    }
    double found = sqrt(gamma * squares / (POINTS - order));
    if (order >= 3 && isfinite(found)) noise = fmax(noise, found);
  }
  return noise;
}

/* What the numerical slope SLOPE at step H may be off: what halving the step changes, and the
 * noise of the loss. */
static double slope_error(const struct examination *exam, const struct probe *probe,
                          enum method method, double h, double slope, double noise) {
  double finer = worker_slope(exam->worker, probe, method, h / 2);
  return 2 * fabs(slope - finer) + NOISE_FACTOR * noise / h;
}

/* -- kinks -- */

static uint64_t branches_at(const struct examination *exam, const struct probe *probe, double h) {
  return worker_branches(exam->worker, probe, h);
}

/* Whether some decision (which side of a maximum, …) differs between x - h, x and x + h. */
static bool straddles(const struct examination *exam, const struct probe *probe, double h) {
  uint64_t here = branches_at(exam, probe, 0);
  return branches_at(exam, probe, h) != here || branches_at(exam, probe, -h) != here;
}

/* -- one entry -- */

struct finding {
  enum verdict verdict;
  enum reason reason;
  double step, left, right, error;
};

/* The slope G against a numerical slope that may be off by ERROR. ALLOWED: what an entry may be off
 * under an overall tolerance; negative: the test per entry. */
static bool agrees(double allowed, double g, double slope, double error) {
  const double larger = fabs(g) > fabs(slope) ? fabs(g) : fabs(slope);
  if (allowed < 0) allowed = CHECK_ABSOLUTE + CHECK_RELATIVE * larger;
  return isfinite(slope) && fabs(g - slope) <= allowed + error;
}

/* A kink between the slopes to the left and to the right excuses a gradient that lies between them
 * (any of them is a subgradient there). */
static bool lies_between(double allowed, double g, const struct finding *finding) {
  double low = fmin(finding->left, finding->right), high = fmax(finding->left, finding->right);
  return (g >= low && g <= high) || agrees(allowed, g, low, finding->error) ||
         agrees(allowed, g, high, finding->error);
}

/* Central slopes at smaller and smaller steps, and what halving each step changes. */
enum { STEPS = 8, SHRINK = 8 };
struct descent {
  double steps[STEPS], slopes[STEPS], changes[STEPS];
  int count;
};

/* From H down, leaving out steps that straddle a kink. */
static struct descent descend(const struct examination *exam, const struct probe *probe, double h) {
  struct descent descent = {.count = 0};
  for (int i = 0; i < STEPS; i++, h /= SHRINK) {
    if (straddles(exam, probe, h)) continue;
    double slope = worker_slope(exam->worker, probe, METHOD_CENTRAL, h);
    double finer = worker_slope(exam->worker, probe, METHOD_CENTRAL, h / 2);
    descent.steps[descent.count] = h;
    descent.slopes[descent.count] = slope;
    descent.changes[descent.count++] = fabs(slope - finer);
  }
  return descent;
}

/* Slopes come nearer to each other as the step shrinks, until noise takes over. Behind that they
 * may agree again, on one tread of the stairs that rounding makes of the loss, and at last the loss
 * does not move at all. How many slopes there are before that, down to the first below the step
 * SMALL that turns away. */
static int converging(const struct descent *descent, double small) {
  const double *slopes = descent->slopes;
  int count = descent->count;
  while (count > 0 && slopes[count - 1] == 0) count--;
  if (count == 0) return descent->count;
  for (int i = 2; i < count; i++)
    if (descent->steps[i] <= small &&
        fabs(slopes[i] - slopes[i - 1]) > fabs(slopes[i - 1] - slopes[i - 2]))
      return i;
  return count;
}

/* Whether G is wrong as seen from the first COUNT steps: the one with the least estimated error
 * gets the word, since a step's own error may hide a mistake or look like one. Two slopes may come
 * out alike by chance: what halving a small step changes is noise of the loss, which is there at
 * larger steps too, and a step answers for its distance to the next larger one. */
static bool wrong_by(const struct descent *descent, int count, double allowed, double g,
                     double noise) {
  const double *steps = descent->steps, *slopes = descent->slopes, *changes = descent->changes;
  double least = INFINITY, best = 0;
  for (int i = count; i-- > 0;) {
    double apart = i > 0 ? fabs(slopes[i] - slopes[i - 1]) : 0;
    double error = 2 * fmax(changes[i], apart) + NOISE_FACTOR * noise / steps[i];
    if (error <= least) least = error, best = slopes[i];
    noise = fmax(noise, changes[i] * steps[i]);
  }
  return isfinite(least) && !agrees(allowed, g, best, least);
}

/* Whether G is wrong as seen from steps of H and below. Where slopes turn away, smaller steps may
 * be the only ones that see a steep function as it is, or see only rounding: then G must be wrong
 * either way. */
static bool wrong_below(const struct examination *exam, const struct probe *probe, double h,
                        double g, double noise) {
  enum { SMALL = 64 };
  struct descent descent = descend(exam, probe, h);
  int few = converging(&descent, worker_step(exam->worker, probe, 0) / SMALL);
  return wrong_by(&descent, descent.count, exam->allowed, g, noise) &&
         (few == descent.count || wrong_by(&descent, few, exam->allowed, g, noise));
}

/* dloss along the probe as the backward pass says, with the probe moved by H. */
static double gradient_at(const struct examination *exam, const struct probe *probe, double h) {
  struct worker *worker = exam->worker;
  const struct model *model = worker->model;
  worker_move(worker, probe, h);
  run_code(&worker->run, &model->program.backward, 0);
  const double *gradient =
      run_values(&worker->run, model->nodes[model->values[probe->slot].node].gradient);
  double slope = probe->direction ? 0 : gradient[probe->entry];
  for (size_t i = 0; probe->direction && i < probe->count; i++)
    slope += gradient[i] * probe->direction[i];
  worker_restore(worker, probe);
  return slope;
}

/* Whether the backward pass is right beside x, with the probe moved by H (of either sign) or by
 * less, where no kink lies within a quarter of the way; judged where the numerical slope is
 * best. */
static bool is_right_beside(const struct examination *exam, const struct probe *probe, double h,
                            double noise) {
  double least = INFINITY;
  bool right = false;
  for (int i = 0; i < STEPS; i++, h /= SHRINK) {
    double reach = fabs(h) / 4, slopes[2];
    uint64_t here = branches_at(exam, probe, h);
    if (branches_at(exam, probe, h - reach) != here || branches_at(exam, probe, h + reach) != here)
      continue;
    for (int k = 0; k < 2; k++)
      slopes[k] = (worker_loss(exam->worker, probe, h + reach / (1 + k)) -
                   worker_loss(exam->worker, probe, h - reach / (1 + k))) / (2 * reach / (1 + k));
    double error = 2 * fabs(slopes[0] - slopes[1]) + NOISE_FACTOR * noise / reach;
    if (!(error < least)) continue;
    least = error;
    right = agrees(exam->allowed, gradient_at(exam, probe, h), slopes[0], error);
  }
  return right;
}

/* Shrinks the step until no kink lies between x - h and x + h. If G is right there, only the kink
 * spoke against it; if every step straddles, the kink is at x itself. There a correct pass may hand
 * on what is no slope at all (that of max(x, 0) + min(x, 0) at 0, by rules which give ties to the
 * constant, is 0), so what counts is whether the pass is right on both sides. */
static enum verdict examine_kink(const struct examination *exam, const struct probe *probe,
                                 const struct finding *finding, double g, double noise) {
  enum { HALVINGS = 16 };
  double h = finding->step;
  for (int i = 0; i < HALVINGS; i++) {
    h /= 2;
    if (straddles(exam, probe, h)) continue;
    return wrong_below(exam, probe, h, g, noise) ? VERDICT_FAIL : VERDICT_KINK;
  }
  bool excused = lies_between(exam->allowed, g, finding) ||
                 (is_right_beside(exam, probe, finding->step, noise) &&
                  is_right_beside(exam, probe, -finding->step, noise));
  return excused ? VERDICT_KINK : VERDICT_FAIL;
}

/* The largest step to look at: a larger one where the loss does not move at all, which may be
 * because something on the way (a saturated sigmoid) swallows moves so small. */
static double first_step(const struct examination *exam, const struct probe *probe,
                         const struct finding *finding) {
  enum { LARGER = 512 };
  double h = worker_step(exam->worker, probe, 0);
  return finding->left == 0 && finding->right == 0 ? LARGER * h : h;
}

/* Why the analytic slope G and the numerical slope N differ. */
static struct finding examine(const struct check *check, const struct examination *exam,
                              const struct probe *probe, double g, double n) {
  double h = worker_step(exam->worker, probe, check->options.eps);
  struct finding finding = {VERDICT_FAIL, REASON_DIFFERS, h, 0, 0, 0};
  double here = worker_loss(exam->worker, probe, 0);
  finding.left = (here - worker_loss(exam->worker, probe, -h)) / h;
  finding.right = (worker_loss(exam->worker, probe, h) - here) / h;
  if (exam->redrawn) {
    finding.verdict = VERDICT_UNRELIABLE;
    finding.reason = REASON_REDRAWN;
    return finding;
  }
  if (!isfinite(n)) {
    finding.verdict = VERDICT_UNRELIABLE;
    finding.reason = REASON_NUMERIC_NOT_FINITE;
    return finding;
  }
  double noise = loss_noise(exam, probe);
  finding.error = slope_error(exam, probe, check->options.method, h, n, noise);
  if (straddles(exam, probe, h)) {
    finding.error = NOISE_FACTOR * noise / h;
    finding.verdict = examine_kink(exam, probe, &finding, g, noise);
    if (finding.verdict == VERDICT_KINK) finding.reason = REASON_STRADDLES;
  } else if (!wrong_below(exam, probe, first_step(exam, probe, &finding), g, noise)) {
    finding.verdict = VERDICT_UNRELIABLE;
    finding.reason = REASON_STEP_ERROR;
  }
  return finding;
}

/* Whether the same rules, run in double precision, are right: then a coarse precision's rounding is
 * all that speaks against them. */
static bool is_right_in_double(const struct check *check, const struct examination *exam,
                               const struct probe *probe) {
  struct worker *worker = exam->worker;
  enum precision precision = worker->run.precision;
  worker->run.precision = PRECISION_DOUBLE;
  double g = gradient_at(exam, probe, 0);
  double n = worker_slope(worker, probe, METHOD_CENTRAL, worker_step(worker, probe, 0));
  bool right = agrees(exam->allowed, g, n, 0) ||
               (isfinite(g) && examine(check, exam, probe, g, n).verdict != VERDICT_FAIL);
  worker->run.precision = precision;
  return right;
}

static struct finding examine_precisely(const struct check *check, const struct examination *exam,
                                        const struct probe *probe, double g, double n) {
  struct finding finding = examine(check, exam, probe, g, n);
  if (finding.verdict == VERDICT_FAIL && exam->worker->run.precision != PRECISION_DOUBLE &&
      is_right_in_double(check, exam, probe)) {
    finding.verdict = VERDICT_UNRELIABLE;
    finding.reason = REASON_STEP_ERROR;
  }
  return finding;
}

/* -- one tensor -- */

static void settle(struct tensor_check *tensor, enum verdict verdict, enum reason reason) {
  tensor->verdict = verdict;
  tensor->reason = reason;
  tensor->entry = tensor->metrics.worst;
}

static bool all_finite(const struct tensor_check *tensor) {
  for (size_t i = 0; i < tensor->count; i++)
    if (!isfinite(tensor->analytic[i])) return false;
  return true;
}

/* Nothing that this check looks at is larger than what it lets pass. */
static bool below_floor(const struct tensor_check *tensor) {
  for (size_t i = 0; i < tensor->count; i++)
    if (!(fabs(tensor->analytic[i]) <= CHECK_ABSOLUTE) ||
        !(fabs(tensor->numeric[i]) <= CHECK_ABSOLUTE))
      return false;
  return true;
}

/* Largest error first, NaN before everything, equal errors in order of entry. */
static int compare_ranked(const void *left, const void *right) {
  const struct ranked *a = left, *b = right;
  if (isnan(a->error) != isnan(b->error)) return isnan(a->error) ? -1 : 1;
  if (a->error > b->error) return -1;
  if (a->error < b->error) return 1;
  return a->entry < b->entry ? -1 : a->entry > b->entry;
}

/* The entries that the test does not let pass, largest error first. */
static size_t rank_failing(const struct tensor_check *tensor, double allowed,
                           struct ranked *ranked) {
  size_t count = 0;
  for (size_t i = 0; i < tensor->count; i++) {
    double g = tensor->analytic[i], n = tensor->numeric[i];
    if (!agrees(allowed, g, n, 0)) ranked[count++] = (struct ranked){fabs(g - n), i};
  }
  qsort(ranked, count, sizeof *ranked, compare_ranked);
  return count;
}

static void examine_failing(struct check *check, const struct examination *exam,
                            struct tensor_check *tensor, const struct ranked *ranked,
                            size_t count) {
  struct probe probe = exam->probe;
  if (count > MAX_EXAMINED) count = MAX_EXAMINED;
  check->examined = count > 0 ? tensor : NULL;
  check->examined_total = count;
  if (count > 0 && !exam->redrawn && !exam->directions &&
      check->options.evaluate == EVALUATE_INCREMENTAL)
    worker_plan(exam->worker, &probe); /* without one it only takes longer */
  for (size_t i = 0; i < count && tensor->verdict != VERDICT_FAIL; i++) {
    if (worker_cancelled(exam->worker)) break;
    check->examined_done = i;
    size_t entry = ranked[i].entry;
    probe.entry = entry;
    probe.direction = exam->directions ? exam->directions + entry * probe.count : NULL;
    struct finding finding =
        examine_precisely(check, exam, &probe, tensor->analytic[entry], tensor->numeric[entry]);
    if (i > 0 && finding.verdict <= tensor->verdict) continue;
    settle(tensor, finding.verdict, finding.reason);
    tensor->entry = entry;
    tensor->step = finding.step;
    tensor->left = finding.left;
    tensor->right = finding.right;
    tensor->step_error = finding.error;
  }
  worker_unplan(exam->worker);
}

/* What an earlier check with the same slopes has found of the same gradient, to the bit: the
 * verdict of the test per entry depends on nothing else, but at a kink also on the gradient beside
 * it. */
static bool known_verdict(const struct check *check, struct tensor_check *tensor) {
  const struct check *from = check->options.numeric_from;
  size_t bytes = tensor->count * sizeof *tensor->analytic;
  if (!shortcut_taken(SHORTCUT_KNOWN)) return false;
  for (size_t i = 0; from && check->options.tolerance < 0 && i < from->tensor_count; i++) {
    const struct tensor_check *earlier = &from->tensors[i];
    if (earlier->node != tensor->node || earlier->count != tensor->count ||
        earlier->verdict == VERDICT_KINK || earlier->verdict == VERDICT_FAIL ||
        memcmp(earlier->analytic, tensor->analytic, bytes) != 0)
      continue;
    tensor->verdict = earlier->verdict;
    tensor->reason = earlier->reason;
    tensor->entry = earlier->entry;
    tensor->step = earlier->step;
    tensor->left = earlier->left;
    tensor->right = earlier->right;
    tensor->step_error = earlier->step_error;
    return true;
  }
  return false;
}

static void decide_tensor(struct check *check, const struct examination *exam,
                          struct tensor_check *tensor, struct ranked *ranked) {
  bool assigned = exam->worker->model->nodes[tensor->node].gradient >= 0;
  settle(tensor, VERDICT_PASS, REASON_AGREES);
  if (!isfinite(check->loss)) {
    settle(tensor, VERDICT_UNRELIABLE, REASON_LOSS_NOT_FINITE);
  } else if (!assigned) {
    settle(tensor, VERDICT_FAIL, REASON_NOT_ASSIGNED);
  } else if (!all_finite(tensor)) {
    settle(tensor, VERDICT_FAIL, REASON_NOT_FINITE);
  } else if (tensor->broken == LAW_REPEAT) {
    settle(tensor, VERDICT_FAIL, REASON_NOT_REPEATABLE);
  } else if (!tensor->broken && known_verdict(check, tensor)) {
    return;
  } else if (tensor->metrics.zeros == tensor->count) {
    settle(tensor, VERDICT_INADEQUATE, REASON_ALL_ZERO);
  } else if (below_floor(tensor)) {
    settle(tensor, VERDICT_INADEQUATE, REASON_BELOW_FLOOR);
  } else {
    size_t failing = rank_failing(tensor, exam->allowed, ranked);
    examine_failing(check, exam, tensor, ranked, failing);
  }
  if (tensor->broken > LAW_REPEAT && tensor->verdict != VERDICT_FAIL && isfinite(check->loss))
    settle(tensor, VERDICT_FAIL, REASON_UPSTREAM);
}

/* -- the overall tolerance -- */

/* ‖g‖ + ‖n‖ over all tensors. */
static double sum_norms(const struct check *check) {
  double grad = 0, numeric = 0;
  for (size_t i = 0; i < check->tensor_count; i++) {
    grad = norm_of_norms(grad, check->tensors[i].metrics.grad_norm);
    numeric = norm_of_norms(numeric, check->tensors[i].metrics.numeric_norm);
  }
  return grad + numeric;
}

/* The share of the overall quotient that marks a tensor: the tolerance itself; if the whole fails
 * though no tensor exceeds that, the tolerance over the root of their number, which one must. */
static double marking_share(const struct check *check) {
  double tolerance = check->options.tolerance;
  for (size_t i = 0; i < check->tensor_count; i++)
    if (!(check->tensors[i].share <= tolerance)) return tolerance;
  return tolerance / sqrt((double)check->tensor_count);
}

/* What each entry of TENSOR may be off: negative: the test per entry. Under an overall tolerance
 * that is not kept, an entry of a marked tensor answers for it if its error is more than an even
 * part: were all of them smaller, the tensor would not be marked. */
static double allowed_error(const struct check *check, const struct tensor_check *tensor) {
  if (check->options.tolerance < 0) return -1;
  if (check->difference <= check->options.tolerance) return INFINITY;
  if (!isfinite(check->difference)) return -1;
  double mark = marking_share(check);
  if (tensor->share <= mark) return INFINITY;
  return mark * sum_norms(check) / sqrt((double)tensor->count);
}

void verdict_decide(struct check *check, struct examination *examinations,
                    struct ranked *scratch) {
  check->verdict = VERDICT_PASS;
  for (size_t i = 0; i < check->tensor_count; i++) {
    examinations[i].allowed = allowed_error(check, &check->tensors[i]);
    decide_tensor(check, &examinations[i], &check->tensors[i], scratch);
    if (check->tensors[i].verdict > check->verdict) check->verdict = check->tensors[i].verdict;
  }
  check->examined = NULL;
}
