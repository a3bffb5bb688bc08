#include "check/verdict.h"

#include "check/derived.h"

#include "core/shortcut.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The most entries of one tensor that are looked at closely. */
enum { MAX_EXAMINED = 200 };

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
static size_t rank_failing(const struct tensor_check *tensor, struct ranked *ranked) {
  size_t count = 0;
  for (size_t i = 0; i < tensor->count; i++) {
    double g = tensor->analytic[i], n = tensor->numeric[i];
    if (!agrees(tensor->leeway, g, n, 0)) ranked[count++] = (struct ranked){fabs(g - n), i};
  }
  qsort(ranked, count, sizeof *ranked, compare_ranked);
  return count;
}

/* The same tensor in the earlier check that lent its slopes, or NULL. */
static const struct tensor_check *earlier_of(const struct check *check,
                                             const struct tensor_check *tensor) {
  const struct check *from = check->options.numeric_from;
  for (size_t i = 0; from && i < from->tensor_count; i++)
    if (from->tensors[i].node == tensor->node && from->tensors[i].count == tensor->count)
      return &from->tensors[i];
  return NULL;
}

/* The verdict about ENTRY is the tensor's, so far. */
static void take_ruling(struct tensor_check *tensor, const struct ruling *ruling, size_t entry) {
  settle(tensor, ruling->verdict, ruling->reason);
  tensor->entry = entry;
  tensor->step = ruling->step;
  tensor->left = ruling->left;
  tensor->right = ruling->right;
  tensor->step_error = ruling->error;
  tensor->settled = ruling->settled;
  tensor->slope = ruling->slope;
  tensor->way_out = ruling->way_out;
  tensor->way_out_step = ruling->way_out_step;
}

/* Prepares for COUNT entries to be looked at. */
static void begin_looking(struct check *check, struct examination *exam,
                          struct tensor_check *tensor, size_t count) {
  check->examined = count > 0 ? tensor : NULL;
  check->examined_total = count;
  if (count > 0 && !exam->redrawn && !exam->directions &&
      check->options.evaluate == EVALUATE_INCREMENTAL)
    worker_plan(exam->worker, &exam->probe); /* without one it only takes longer */
}

static struct probe probe_of(const struct examination *exam, size_t entry) {
  struct probe probe = exam->probe;
  probe.entry = entry;
  probe.direction = exam->directions ? exam->directions + entry * probe.count : NULL;
  return probe;
}

static void examine_failing(struct check *check, struct examination *exam,
                            struct tensor_check *tensor, const struct ranked *ranked,
                            size_t count) {
  const struct tensor_check *earlier = earlier_of(check, tensor);
  if (count > MAX_EXAMINED) count = MAX_EXAMINED;
  begin_looking(check, exam, tensor, count);
  for (size_t i = 0; i < count && tensor->verdict != VERDICT_FAIL; i++) {
    if (worker_cancelled(exam->worker)) break;
    check->examined_done = i;
    size_t entry = ranked[i].entry;
    struct probe probe = probe_of(exam, entry);
    double g = tensor->analytic[entry], n = tensor->numeric[entry];
    exam->confirmed = earlier && agrees(tensor->leeway, earlier->analytic[entry], n, 0);
    struct ruling ruling = examine_entry(check, exam, &probe, g, n);
    bool passed = ruling.verdict == VERDICT_PASS;
    tensor->settled_count += passed;
    tensor->rounding_count += passed && ruling.rounding;
    if (!passed && (tensor->verdict == VERDICT_PASS || ruling.verdict > tensor->verdict))
      take_ruling(tensor, &ruling, entry);
  }
  worker_unplan(exam->worker);
}

/* -- a tensor too small for the test -- */

/* The entries that are not 0 on both sides, the largest first. */
static size_t rank_small(const struct tensor_check *tensor, struct ranked *ranked) {
  size_t count = 0;
  for (size_t i = 0; i < tensor->count; i++) {
    double size = fmax(fabs(tensor->analytic[i]), fabs(tensor->numeric[i]));
    if (size > 0) ranked[count++] = (struct ranked){size, i};
  }
  qsort(ranked, count, sizeof *ranked, compare_ranked);
  return count;
}

/* Below this a difference is no mistake: what a saturated unit leaves is rounded away rightly. */
#define SMALLEST_JUDGED 1e-14

/* Whether the loss changes when the probe moves a long way: its gradient is not zero everywhere,
 * but only near here. */
static bool moves_the_loss(const struct examination *exam, const struct probe *probe) {
  const double rounding = 1e-10;
  double far = 0x1p12 * worker_step(exam->worker, probe, 0); /* 2^-5 */
  double here = worker_loss(exam->worker, probe, 0);
  double there = worker_loss(exam->worker, probe, far);
  return !(fabs(there - here) <= rounding * fmax(1, fabs(here)));
}

/* Each entry relatively, where quadruple precision can. */
static void examine_floor(struct check *check, struct examination *exam,
                          struct tensor_check *tensor, struct ranked *ranked) {
  enum { LOOKED_AT_CLOSELY = 3 };
  const struct tensor_check *earlier = earlier_of(check, tensor);
  size_t count = rank_small(tensor, ranked), found[SMALL_WRONG + 1] = {0};
  bool moves = false;
  bool zero = earlier && earlier->reason == REASON_TRULY_ZERO; /* the loss is the same as then */
  settle(tensor, VERDICT_INADEQUATE, zero ? REASON_TRULY_ZERO : REASON_BELOW_FLOOR);
  if (zero) return;
  if (check->options.tolerance >= 0 || check->options.eps > 0) return;
  if (count > MAX_EXAMINED) count = MAX_EXAMINED;
  begin_looking(check, exam, tensor, count);
  for (size_t i = 0; i < count && !found[SMALL_UNKNOWN] && !found[SMALL_WRONG]; i++) {
    check->examined_done = i;
    size_t entry = ranked[i].entry;
    struct probe probe = probe_of(exam, entry);
    bool closely = found[SMALL_ZERO] < LOOKED_AT_CLOSELY;
    found[examine_small(exam, &probe, tensor->analytic[entry], ranked[0].error, closely)]++;
    if (i < LOOKED_AT_CLOSELY) moves = moves || moves_the_loss(exam, &probe);
    if (!found[SMALL_WRONG] || !(ranked[0].error > SMALLEST_JUDGED)) continue;
    settle(tensor, VERDICT_FAIL, REASON_DIFFERS);
    tensor->entry = entry;
  }
  worker_unplan(exam->worker);
  if (found[SMALL_UNKNOWN] || found[SMALL_WRONG] || worker_cancelled(exam->worker)) return;
  tensor->settled_count = found[SMALL_RIGHT];
  if (found[SMALL_RIGHT]) settle(tensor, VERDICT_PASS, REASON_AGREES);
  else if (!moves) tensor->reason = REASON_TRULY_ZERO;
}

/* -- a gradient that is not finite -- */

/* A mistake, unless the loss has no derivative wherever it is not finite. */
static void examine_not_finite(struct check *check, struct examination *exam,
                               struct tensor_check *tensor) {
  size_t broken = 0, looked = 0;
  settle(tensor, VERDICT_FAIL, REASON_NOT_FINITE);
  if (exam->redrawn) return;
  begin_looking(check, exam, tensor, tensor->count);
  for (size_t i = 0; i < tensor->count && looked < MAX_EXAMINED && broken == looked; i++) {
    if (isfinite(tensor->analytic[i])) continue;
    struct probe probe = probe_of(exam, i);
    double left, right;
    looked++;
    if (!second_breaks(exam->second, &probe, &left, &right)) continue;
    if (broken++ > 0) continue;
    tensor->entry = i;
    tensor->left = left;
    tensor->right = right;
  }
  worker_unplan(exam->worker);
  if (broken < looked) tensor->entry = tensor->metrics.worst;
  if (broken < looked || worker_cancelled(exam->worker)) return;
  tensor->verdict = VERDICT_KINK;
  tensor->reason = REASON_NO_DERIVATIVE;
}

/* -- all of a tensor -- */

/* What an earlier check with the same slopes has found of the same gradient, to the bit: the
 * verdict of the test per entry depends on nothing else, but at a kink also on the gradient beside
 * it. */
static bool known_verdict(const struct check *check, struct tensor_check *tensor) {
  const struct tensor_check *earlier = earlier_of(check, tensor);
  size_t bytes = tensor->count * sizeof *tensor->analytic;
  if (!shortcut_taken(SHORTCUT_KNOWN) || !earlier || check->options.tolerance >= 0 ||
      earlier->verdict == VERDICT_KINK ||
      earlier->verdict == VERDICT_FAIL ||
      memcmp(earlier->analytic, tensor->analytic, bytes) != 0)
    return false;
  struct tensor_check known = *earlier;
  known.analytic = tensor->analytic;
  known.numeric = tensor->numeric;
  known.metrics = tensor->metrics;
  known.share = tensor->share;
  known.broken = tensor->broken;
  known.broken_entry = tensor->broken_entry;
  known.broken_first = tensor->broken_first;
  known.broken_now = tensor->broken_now;
  *tensor = known;
  return true;
}

static void decide_tensor(struct check *check, struct examination *exam,
                          struct tensor_check *tensor, struct ranked *ranked) {
  bool assigned = exam->worker->model->nodes[tensor->node].gradient >= 0;
  settle(tensor, VERDICT_PASS, REASON_AGREES);
  if (!isfinite(check->loss)) {
    settle(tensor, VERDICT_UNRELIABLE, REASON_LOSS_NOT_FINITE);
  } else if (!assigned) {
    settle(tensor, VERDICT_FAIL, REASON_NOT_ASSIGNED);
  } else if (!all_finite(tensor)) {
    examine_not_finite(check, exam, tensor);
  } else if (tensor->broken == LAW_REPEAT) {
    settle(tensor, VERDICT_FAIL, REASON_NOT_REPEATABLE);
  } else if (!tensor->broken && known_verdict(check, tensor)) {
    return;
  } else if (tensor->metrics.zeros == tensor->count) {
    settle(tensor, VERDICT_INADEQUATE, REASON_ALL_ZERO);
  } else if (below_floor(tensor)) {
    examine_floor(check, exam, tensor, ranked);
  } else {
    size_t failing = rank_failing(tensor, ranked);
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

/* What each entry of TENSOR may be off under an overall tolerance: negative: the test per entry
 * holds. Where the tolerance is not kept, an entry of a marked tensor answers for it if its error
 * is more than an even part: were all of them smaller, the tensor would not be marked. */
static double allowed_error(const struct check *check, const struct tensor_check *tensor) {
  if (check->options.tolerance < 0) return -1;
  if (check->difference <= check->options.tolerance) return INFINITY;
  if (!isfinite(check->difference)) return -1;
  double mark = marking_share(check);
  if (tensor->share <= mark) return INFINITY;
  return mark * sum_norms(check) / sqrt((double)tensor->count);
}

/* -- the test per entry -- */

static double largest_of(const struct tensor_check *tensor) {
  double largest = 0;
  for (size_t i = 0; i < tensor->count; i++)
    if (isfinite(tensor->analytic[i])) largest = fmax(largest, fabs(tensor->analytic[i]));
  return largest;
}

/* How many of its 24 bits VALUE needs in single precision; 0 if it is no such number. */
static int bits_in_single(double value) {
  enum { BITS = 24, SMALLEST = -126 };
  if (precision_round(PRECISION_SINGLE, value) != value || !isfinite(value)) return 0;
  int bits = BITS, exponent = ilogb(value);
  if (exponent < SMALLEST) return 0;
  for (double part = ldexp(value, BITS - 1 - exponent); bits > 0 && fmod(part, 2) == 0; part /= 2)
    bits--;
  return bits;
}

/* Whether a gradient in double was computed in single precision: most of its entries are exact
 * there, and need so many bits that this is no accident. */
static bool came_from_single(const struct tensor_check *tensor) {
  enum { MANY = 18 }; /* whole numbers of some size, say, need fewer */
  size_t single = 0, many = 0, count = 0;
  for (size_t i = 0; i < tensor->count; i++) {
    if (!(fabs(tensor->analytic[i]) > 0)) continue;
    int bits = bits_in_single(tensor->analytic[i]);
    if (tensor->analytic[i] == nearbyint(tensor->analytic[i])) bits = bits > 0; /* a count, say */
    count++;
    single += bits > 0;
    many += bits > MANY;
    if (single + 1 < count) return false;
  }
  return 2 * many > count;
}

/* What rounding leaves of the digits of an entry, and of one that is the sum of larger ones: some
 * units of the largest entry. */
static struct leeway precision_leeway(enum precision precision, double largest) {
  enum { UNITS = 64 };
  static const double relative[PRECISION_COUNT] = {CHECK_RELATIVE, 0x1p-11, 0x1p-5, 0x1p-4};
  struct leeway leeway = {CHECK_ABSOLUTE, relative[precision]};
  if (precision != PRECISION_DOUBLE)
    leeway.absolute += UNITS * fmin(precision_unit(precision), 0x1p-13) * largest;
  return leeway;
}

/* BY_HAND: the model has a backward block, into which numbers may have been put. */
static void set_leeway(const struct check *check, struct tensor_check *tensor, bool by_hand) {
  const double fixed = allowed_error(check, tensor);
  enum precision precision = check->options.precision;
  tensor->from_single = precision == PRECISION_DOUBLE && fixed < 0 && by_hand &&
                        came_from_single(tensor);
  if (fixed >= 0) tensor->leeway = (struct leeway){.absolute = fixed};
  else if (tensor->from_single)
    tensor->leeway = precision_leeway(PRECISION_SINGLE, largest_of(tensor));
  else tensor->leeway = precision_leeway(precision, largest_of(tensor));
}

/* The worst of them; that a tensor could not have failed counts only if none could. */
static enum verdict overall(const struct check *check) {
  enum verdict verdict = VERDICT_PASS;
  bool adequate = false;
  for (size_t i = 0; i < check->tensor_count; i++) {
    if (check->tensors[i].verdict == VERDICT_INADEQUATE) continue;
    adequate = true;
    if (check->tensors[i].verdict > verdict) verdict = check->tensors[i].verdict;
  }
  return adequate ? verdict : VERDICT_INADEQUATE;
}

/* A third opinion: a gradient that the rules of the operations give is right, whatever the
 * numerical side says. */
static void acquit_right_rules(struct check *check, const struct examination *exam) {
  struct derived derived = {0};
  if (exam->redrawn) return;
  for (size_t i = 0; i < check->tensor_count; i++) {
    struct tensor_check *tensor = &check->tensors[i];
    if (tensor->verdict != VERDICT_FAIL || tensor->reason != REASON_DIFFERS) continue;
    if (!derived_agrees(&derived, exam->worker, tensor->node)) continue;
    bool small = below_floor(tensor);
    tensor->verdict = small ? VERDICT_INADEQUATE : VERDICT_UNRELIABLE;
    tensor->reason = small ? REASON_BELOW_FLOOR : REASON_SAME_RULES;
  }
  derived_done(&derived);
}

void verdict_decide(struct check *check, struct examination *examinations,
                    struct ranked *scratch) {
  for (size_t i = 0; i < check->tensor_count; i++) {
    set_leeway(check, &check->tensors[i], examinations[i].worker->model->backward != NULL);
    examinations[i].leeway = check->tensors[i].leeway;
    decide_tensor(check, &examinations[i], &check->tensors[i], scratch);
  }
  acquit_right_rules(check, &examinations[0]);
  check->verdict = overall(check);
  check->examined = NULL;
}
