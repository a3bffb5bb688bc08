#include "check/examine.h"

#include <math.h>

/* How many times its estimated noise the loss may be off. */
#define NOISE_FACTOR 10

/* What an entry may be off when nothing is rounded more coarsely than to double. */
static struct leeway unrounded_leeway(const struct check *check, const struct examination *exam) {
  const struct leeway per_entry = {.absolute = CHECK_ABSOLUTE, .relative = CHECK_RELATIVE};
  return check->options.tolerance < 0 ? per_entry : exam->leeway;
}

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

/* Whether the loss does not move between most of the points: something on the way (1 + x^2 at a
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

bool agrees(struct leeway leeway, double g, double slope, double error) {
  const double larger = fabs(g) > fabs(slope) ? fabs(g) : fabs(slope);
  return isfinite(slope) && fabs(g - slope) <= leeway_at(leeway, larger) + error;
}

/* A kink between the slopes to the left and to the right excuses a gradient that lies between them
 * (any of them is a subgradient there). */
static bool lies_between(struct leeway leeway, double g, const struct ruling *ruling) {
  double low = fmin(ruling->left, ruling->right), high = fmax(ruling->left, ruling->right);
  return (g >= low && g <= high) || agrees(leeway, g, low, ruling->error) ||
         agrees(leeway, g, high, ruling->error);
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

/* Slopes approach each other as the step shrinks, until noise takes over. After that they may agree
 * again, on one tread of the stairs that rounding makes of the loss, and in the end the loss does
 * not move at all. Returns the number of slopes before that, down to the first below the step SMALL
 * that turns away. */
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
static bool wrong_by(const struct descent *descent, int count, struct leeway leeway, double g,
                     double noise) {
  const double *steps = descent->steps, *slopes = descent->slopes, *changes = descent->changes;
  double least = INFINITY, best = 0;
  for (int i = count; i-- > 0;) {
    double apart = i > 0 ? fabs(slopes[i] - slopes[i - 1]) : 0;
    double error = 2 * fmax(changes[i], apart) + NOISE_FACTOR * noise / steps[i];
    if (error <= least) least = error, best = slopes[i];
    noise = fmax(noise, changes[i] * steps[i]);
  }
  return isfinite(least) && !agrees(leeway, g, best, least);
}

/* Whether G is wrong as seen from steps of H and below. Where slopes turn away, smaller steps may
 * be the only ones that see a steep function as it is, or see only rounding: then G must be wrong
 * either way. */
static bool wrong_below(const struct examination *exam, const struct probe *probe, double h,
                        double g, double noise) {
  enum { SMALL = 64 };
  struct descent descent = descend(exam, probe, h);
  int few = converging(&descent, worker_step(exam->worker, probe, 0) / SMALL);
  return wrong_by(&descent, descent.count, exam->leeway, g, noise) &&
         (few == descent.count || wrong_by(&descent, few, exam->leeway, g, noise));
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
    right = agrees(exam->leeway, gradient_at(exam, probe, h), slopes[0], error);
  }
  return right;
}

/* Shrinks the step until no kink lies between x - h and x + h. If G is right there, only the kink
 * spoke against it; if every step straddles, the kink is at x itself. There a correct pass may hand
 * on what is no slope at all (that of max(x, 0) + min(x, 0) at 0, by rules which give ties to the
 * constant, is 0), so what counts is whether the pass is right on both sides. */
static enum verdict examine_kink(const struct examination *exam, const struct probe *probe,
                                 const struct ruling *ruling, double g, double noise) {
  enum { HALVINGS = 16 };
  double h = ruling->step;
  for (int i = 0; i < HALVINGS; i++) {
    h /= 2;
    if (straddles(exam, probe, h)) continue;
    return wrong_below(exam, probe, h, g, noise) ? VERDICT_FAIL : VERDICT_KINK;
  }
  bool excused = lies_between(exam->leeway, g, ruling) ||
                 (is_right_beside(exam, probe, ruling->step, noise) &&
                  is_right_beside(exam, probe, -ruling->step, noise));
  return excused ? VERDICT_KINK : VERDICT_FAIL;
}

/* The largest step to look at: a larger one where the loss does not move at all, which may be
 * because something on the way (a saturated sigmoid) swallows moves so small. */
static double first_step(const struct examination *exam, const struct probe *probe,
                         const struct ruling *ruling) {
  enum { LARGER = 512 };
  double h = worker_step(exam->worker, probe, 0);
  return ruling->left == 0 && ruling->right == 0 ? LARGER * h : h;
}

/* Why the analytic slope G and the numerical slope N differ. */
static struct ruling examine(const struct check *check, const struct examination *exam,
                              const struct probe *probe, double g, double n) {
  double h = worker_step(exam->worker, probe, check->options.eps);
  struct ruling ruling = {.verdict = VERDICT_FAIL, .reason = REASON_DIFFERS, .step = h};
  double here = worker_loss(exam->worker, probe, 0);
  ruling.left = (here - worker_loss(exam->worker, probe, -h)) / h;
  ruling.right = (worker_loss(exam->worker, probe, h) - here) / h;
  if (exam->redrawn) {
    ruling.verdict = VERDICT_UNRELIABLE;
    ruling.reason = REASON_REDRAWN;
    return ruling;
  }
  if (!isfinite(n)) {
    ruling.verdict = VERDICT_UNRELIABLE;
    ruling.reason = REASON_NUMERIC_NOT_FINITE;
    return ruling;
  }
  double noise = loss_noise(exam, probe);
  ruling.error = slope_error(exam, probe, check->options.method, h, n, noise);
  if (straddles(exam, probe, h)) {
    ruling.error = NOISE_FACTOR * noise / h;
    ruling.verdict = examine_kink(exam, probe, &ruling, g, noise);
    if (ruling.verdict == VERDICT_KINK) ruling.reason = REASON_STRADDLES;
  } else if (!wrong_below(exam, probe, first_step(exam, probe, &ruling), g, noise)) {
    ruling.verdict = VERDICT_UNRELIABLE;
    ruling.reason = REASON_STEP_ERROR;
  }
  return ruling;
}

/* Whether the same rules, run in double precision, are right: then a coarse precision's rounding is
 * all that speaks against them. */
static bool is_right_in_double(const struct check *check, const struct examination *exam,
                               const struct probe *probe) {
  struct worker *worker = exam->worker;
  enum precision precision = worker->run.precision;
  worker->run.precision = PRECISION_DOUBLE;
  struct examination in_double = *exam;
  in_double.leeway = unrounded_leeway(check, exam);
  double g = gradient_at(exam, probe, 0);
  double n = worker_slope(worker, probe, METHOD_CENTRAL, worker_step(worker, probe, 0));
  bool right = agrees(in_double.leeway, g, n, 0) ||
               (isfinite(g) && examine(check, &in_double, probe, g, n).verdict != VERDICT_FAIL);
  worker->run.precision = precision;
  return right;
}


static struct ruling examine_precisely(const struct check *check, const struct examination *exam,
                                       const struct probe *probe, double g, double n) {
  struct ruling ruling = examine(check, exam, probe, g, n);
  if (ruling.verdict == VERDICT_FAIL && exam->worker->run.precision != PRECISION_DOUBLE &&
      is_right_in_double(check, exam, probe)) {
    ruling.verdict = VERDICT_UNRELIABLE;
    ruling.reason = REASON_STEP_ERROR;
  }
  return ruling;
}

/* -- a way out -- */

static bool settles(const struct examination *exam, const struct probe *probe, enum method method,
                    double h, double g) {
  return !straddles(exam, probe, h) &&
         agrees(exam->leeway, g, worker_slope(exam->worker, probe, method, h), 0);
}

/* Tries what the caller could have asked for instead: the chosen step, extrapolation, or a smaller
 * step, a power of ten that one can type. */
static void find_way_out(const struct check *check, const struct examination *exam,
                         const struct probe *probe, double g, struct ruling *ruling) {
  enum { POWERS = 10, TEN = 10 };
  const enum method method = check->options.method;
  const double eps = check->options.eps, h = worker_step(exam->worker, probe, eps);
  ruling->way_out = WAY_STEP;
  if (eps > 0 && settles(exam, probe, method, worker_step(exam->worker, probe, 0), g))
    ruling->way_out = WAY_CHOSEN_STEP;
  else if (method != METHOD_RICHARDSON && settles(exam, probe, METHOD_RICHARDSON, h, g))
    ruling->way_out = WAY_RICHARDSON;
  if (ruling->way_out != WAY_STEP) return;
  double exponent = ceil(log10(h)) - 1;
  for (int i = 0; i < POWERS; i++) {
    ruling->way_out_step = pow(TEN, exponent - i);
    if (settles(exam, probe, method, ruling->way_out_step, g)) return;
  }
  ruling->way_out = WAY_NONE;
}

/* -- the second opinion -- */

/* Whether the backward pass in double is so far from SLOPE that no rounding explains it. That is
 * all that is needed where many mutants of one model are checked: most of them are. */
static bool is_far_off(const struct examination *exam, const struct probe *probe, double slope) {
  const double far = 1e-2;
  struct run *run = &exam->worker->run;
  enum precision precision = run->precision;
  run->precision = PRECISION_DOUBLE;
  double g = gradient_at(exam, probe, 0);
  run->precision = precision;
  return isfinite(g) && fabs(g - slope) > far * fmax(fabs(g), fabs(slope));
}

/* Whether the backward pass is right when it is computed in quadruple precision: then rounding is
 * all that speaks against G. -1: it cannot be told. */
static int rules_are_right(const struct check *check, const struct examination *exam,
                           const struct probe *probe, double slope) {
  const struct leeway leeway = unrounded_leeway(check, exam);
  if (check->options.memo && is_far_off(exam, probe, slope)) return 0;
  double g = second_gradient(exam->second, probe);
  if (!isfinite(g)) return -1;
  struct opinion opinion = second_slope(exam->second, probe, leeway, g);
  if (opinion.answer != ANSWER_SETTLED) return -1;
  return agrees(leeway, g, opinion.slope, opinion.error);
}

/* The caller's own step, or overall tolerance, is what is judged: G is right, and that check cannot
 * show it. */
static struct ruling blame_the_step(const struct check *check, const struct examination *exam,
                                    const struct probe *probe, double g, double n, double slope) {
  struct ruling ruling = examine_precisely(check, exam, probe, g, n);
  if (ruling.verdict == VERDICT_FAIL) {
    ruling.verdict = VERDICT_UNRELIABLE;
    ruling.reason = REASON_STEP_ERROR;
  }
  ruling.settled = true;
  ruling.slope = slope;
  if (isfinite(n)) ruling.error = fmax(fabs(n - slope), fabs(g - n));
  find_way_out(check, exam, probe, g, &ruling);
  return ruling;
}

/* The rules are right, and rounding in double makes something else of them. Where the values on the
 * way forward hold, and the numerical side in double finds the slope, the model is not to blame for
 * that, but the pass. */
static struct ruling blame_rounding(const struct check *check, const struct examination *exam,
                                    const struct probe *probe, double g, double n,
                                    const struct opinion *opinion) {
  struct ruling ruling = examine_precisely(check, exam, probe, g, n);
  bool both = agrees(exam->leeway, n, opinion->slope, opinion->error) &&
              second_forward_holds(exam->second);
  ruling.verdict = both ? VERDICT_FAIL : VERDICT_UNRELIABLE;
  ruling.reason = both ? REASON_DIFFERS : REASON_ROUNDING;
  ruling.settled = true;
  ruling.slope = opinion->slope;
  return ruling;
}

/* The slope is known in quadruple precision. */
static struct ruling judge_settled(const struct check *check, const struct examination *exam,
                                   const struct probe *probe, double g, double n,
                                   const struct opinion *opinion) {
  bool coarse = exam->worker->run.precision != PRECISION_DOUBLE;
  bool as_chosen = !(check->options.eps > 0) && check->options.tolerance < 0;
  bool right = agrees(exam->leeway, g, opinion->slope, opinion->error);
  int rules = right ? 1 : rules_are_right(check, exam, probe, opinion->slope);
  struct ruling ruling = {.verdict = VERDICT_PASS, .reason = REASON_AGREES, .settled = true,
                          .slope = opinion->slope, .rounding = !right};
  if (rules == 1 && !right && !coarse)
    return blame_rounding(check, exam, probe, g, n, opinion);
  if (rules == 1)
    return as_chosen ? ruling : blame_the_step(check, exam, probe, g, n, opinion->slope);
  ruling = examine_precisely(check, exam, probe, g, n);
  if (rules == 0) {
    ruling.verdict = VERDICT_FAIL;
    ruling.reason = REASON_DIFFERS;
    ruling.settled = true;
    ruling.slope = opinion->slope;
  }
  return ruling;
}

struct ruling examine_entry(const struct check *check, const struct examination *exam,
                            const struct probe *probe, double g, double n) {
  struct opinion opinion = {.answer = ANSWER_NONE};
  if (!exam->redrawn && !exam->confirmed)
    opinion = second_slope(exam->second, probe, exam->leeway, g);
  if (opinion.answer == ANSWER_SETTLED)
    return judge_settled(check, exam, probe, g, n, &opinion);
  struct ruling ruling = examine_precisely(check, exam, probe, g, n);
  if (opinion.answer == ANSWER_OPEN && ruling.verdict == VERDICT_FAIL) {
    ruling.verdict = VERDICT_UNRELIABLE;
    ruling.reason = REASON_STEP_ERROR;
  }
  if (ruling.reason == REASON_STEP_ERROR) {
    ruling.error = fmax(ruling.error, fabs(g - n));
    find_way_out(check, exam, probe, g, &ruling);
  }
  return ruling;
}

enum smallness examine_small(const struct examination *exam, const struct probe *probe, double g,
                             double scale, bool closely) {
  const double nothing = 0x1p-30 * scale;
  double exact = second_gradient(exam->second, probe);
  if (!isfinite(exact)) return SMALL_UNKNOWN;
  if (!closely && fabs(exact) <= nothing) return SMALL_ZERO;
  const double size = fmax(fmax(fabs(exact), fabs(g)), nothing);
  struct leeway leeway = {CHECK_RELATIVE * size, CHECK_RELATIVE};
  struct opinion opinion = second_slope(exam->second, probe, leeway, size);
  if (opinion.answer != ANSWER_SETTLED) return SMALL_UNKNOWN;
  bool none = fabs(exact) <= nothing && fabs(opinion.slope) <= nothing + opinion.error;
  if (none) return SMALL_ZERO;
  if (agrees(leeway, g, opinion.slope, opinion.error) ||
      agrees(leeway, exact, opinion.slope, opinion.error))
    return SMALL_RIGHT;
  return SMALL_WRONG;
}
