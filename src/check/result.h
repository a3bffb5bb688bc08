/* What a check has found: data, from which others make sentences. A struct check owns its parts
 * until check_done(). */
#ifndef GRADWALK_CHECK_RESULT_H
#define GRADWALK_CHECK_RESULT_H

#include "check/check_options.h"
#include "check/metrics.h"

/* From the best to the worst, so that the verdict of many is their largest. */
enum verdict {
  VERDICT_PASS,
  VERDICT_INADEQUATE, /* the check could not have failed */
  VERDICT_UNRELIABLE, /* the numerical side's own error is too large to tell */
  VERDICT_KINK,       /* the step straddles a point where the loss has no derivative */
  VERDICT_FAIL,
  VERDICT_COUNT
};
extern const char *const verdict_names[VERDICT_COUNT];

/* Why a tensor has its verdict. */
enum reason {
  REASON_AGREES,
  REASON_DIFFERS,       /* at the entry `entry` */
  REASON_NOT_ASSIGNED,  /* no line of the backward block assigns its gradient */
  REASON_NOT_FINITE,    /* the analytic gradient has a NaN or an infinity */
  REASON_NO_DERIVATIVE, /* it has, where the loss has no derivative: left and right differ */
  REASON_NOT_REPEATABLE, /* a second backward pass gives something else */
  REASON_UPSTREAM,      /* agrees, but does not follow the gradient that arrives at the loss */
  REASON_ALL_ZERO,      /* exactly zero on both sides, everywhere */
  REASON_BELOW_FLOOR,   /* all of it smaller than the absolute tolerance */
  REASON_TRULY_ZERO,    /* rounding apart; moving it leaves the loss as it is */
  REASON_ROUNDING,      /* the rules are right in quadruple precision, their result in double is
                         * not */
  REASON_STEP_ERROR,    /* truncation or round-off of this step explains the difference */
  REASON_NUMERIC_NOT_FINITE,
  REASON_LOSS_NOT_FINITE, /* at the very point that is checked */
  REASON_SAME_RULES,    /* but the rules of the operations give the same */
  REASON_REDRAWN,       /* the loss changes from run to run: it draws random numbers */
  REASON_STRADDLES,     /* a kink lies between x - h and x + h */
  REASON_COUNT
};
extern const char *const reason_names[REASON_COUNT];

/* The laws of laws.h, in the order in which they are tested. */
enum law {
  LAW_NONE,
  LAW_REPEAT, /* a second pass gives the same bits */
  LAW_ZERO,   /* an upstream of 0 at the loss gives 0 */
  LAW_DOUBLE, /* an upstream of 2 gives twice as much */
  LAW_COUNT
};
extern const char *const law_names[LAW_COUNT];

/* What the caller could ask for instead, tried at the entry that the verdict is about. */
enum way_out {
  WAY_NONE,
  WAY_CHOSEN_STEP, /* leave the step to the check */
  WAY_RICHARDSON,  /* the method of that name */
  WAY_STEP         /* the step way_out_step */
};

struct tensor_check {
  int node;
  struct shape shape;
  size_t count;      /* entries, or directions */
  bool by_direction;
  double *analytic, *numeric; /* numeric: slope_pending() until it is known */
  struct metrics metrics;
  double share;      /* ‖g − n‖ of this tensor over ‖g‖ + ‖n‖ of all: what an overall tolerance goes
                      * by; the squares of all shares add up to the square of the difference */
  enum verdict verdict;
  enum reason reason;
  size_t entry;      /* the one that the verdict is about */
  double step;       /* used there */
  double left, right; /* slopes there: (f(x) − f(x − h)) / h, (f(x + h) − f(x)) / h */
  double step_error; /* estimated error of the numerical slope there */
  bool settled;      /* the slope there is known in quadruple precision: */
  double slope;
  enum way_out way_out;
  double way_out_step;
  size_t settled_count;  /* entries that quadruple precision says are right */
  size_t rounding_count; /* of these, how many are off by rounding, which a coarse precision may */
  struct leeway leeway;  /* of the test per entry */
  bool from_single;      /* its gradient came in single precision */
  enum law broken;   /* the first law that its gradient breaks */
  size_t broken_entry; /* there, an entry even where slopes are taken along directions */
  double broken_first, broken_now; /* its gradient, and what it became */
};

/* The first number that is not finite. */
struct origin {
  int node, rule;    /* the rule whose result it is, for the gradient of the node; -1: it is the
                      * node's own value */
  size_t entry;
  double value;
  int operands;      /* how many of these it was computed from; 0: more than one entry of each */
  double in[MAX_OPERANDS];
};

struct check {
  struct check_options options;
  double loss;
  double difference; /* ‖g − n‖ / (‖g‖ + ‖n‖) over all checked tensors together */
  enum verdict verdict;
  size_t entries, zeros; /* compared; exactly zero on both sides */
  struct tensor_check *tensors;       /* the params */
  size_t tensor_count;
  struct tensor_check *intermediates; /* other dNAMEs that a backward block assigns: for reading,
                                       * they do not count for the verdict */
  size_t intermediate_count;
  const struct tensor_check *examined; /* looked at closely just now, or NULL */
  size_t examined_done, examined_total;   /* entries of it */
  struct diagnosis *diagnosis; /* why it failed, once diagnose() of blame/ has said so; NULL */
  void (*diagnosis_done)(struct diagnosis *diagnosis); /* ends it, with the check */
  bool has_origin; /* a loss or a gradient is not finite, and this is why: */
  struct origin origin;
  char **notes; /* lesser doubts, a sentence each */
  size_t note_count;
};

void check_done(struct check *check);

/* Adds SENTENCE to the notes. STATUS_NO_MEMORY. */
enum status check_add_note(struct check *check, const char *sentence);

/* How grave a relative difference is: doubtful above the tolerance asked for (else 1e-7), wrong
 * above 1e-2, as is in general use. NaN is wrong. */
enum band { BAND_OK, BAND_DOUBTFUL, BAND_WRONG, BAND_COUNT };
enum band check_band(const struct check_options *options, double difference);

/* The relative difference above which BAND begins; 0 for BAND_OK. */
double check_band_start(const struct check_options *options, enum band band);

/* |g − n| / max(|g|, |n|) of two slopes; 0 if they are within CHECK_ABSOLUTE of each other. */
double check_entry_error(double g, double n);

/* The entry as row and column of its tensor. */
void tensor_check_place(const struct tensor_check *tensor, size_t entry, uint32_t *row,
                        uint32_t *col);

/* A slope that is still to come: a NaN that no arithmetic yields. */
double slope_pending(void);
bool slope_is_pending(double slope);

/* SLOPES[INDEX], which other threads may be writing. */
double slope_read(const double *slopes, size_t index);

#endif
