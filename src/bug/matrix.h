/* The detection matrix: every mutant of a model against several checks. It proves what a check is
 * worth: a mutant that changes the gradient and is not caught is a hole. */
#ifndef GRADWALK_BUG_MATRIX_H
#define GRADWALK_BUG_MATRIX_H

#include "bug/catalogue.h"
#include "check/check.h"
#include "check/memo.h"
#include "check/numeric.h"

/* Where a trial checks. */
enum point { POINT_HERE, POINT_FIRST_SAMPLE, POINT_ZERO_BIASES, POINT_COUNT };

/* A check that mutants are put to. */
struct bug_trial {
  const char *name, *help;
  enum point point;
  double eps, tolerance;  /* as in check_options */
  enum precision precision;
  unsigned directions;
  double mean_abs;        /* > 0: judge by the largest mean |g - n| of a tensor instead */
};
extern const struct bug_trial bug_trials[];
extern const size_t bug_trial_count;

enum outcome {
  OUTCOME_CAUGHT,     /* FAIL */
  OUTCOME_MISSED,     /* PASS, though a gradient has changed */
  OUTCOME_UNDECIDED,  /* KINK, UNRELIABLE, INADEQUATE */
  OUTCOME_EQUIVALENT, /* no gradient of a param has changed here, and nothing was noticed */
  OUTCOME_ABSENT,     /* the check says nothing here: there is no such point or line, or the model
                       * itself fails */
  OUTCOME_COUNT
};
extern const char *const outcome_names[OUTCOME_COUNT];

struct matrix_cell {
  enum outcome outcome;
  double change; /* largest change of a gradient against the largest entry of its tensor; NaN: no
                  * number any more */
};

struct matrix {
  struct catalogue catalogue;
  enum outcome *own;          /* by trial: CAUGHT or UNDECIDED if the model without a bug does not
                               * pass, ABSENT if there is no such point, else EQUIVALENT */
  struct matrix_cell *cells;  /* mutant by mutant, a cell a trial */
};

struct matrix_options {
  const struct loader *loader; /* as for model_build() */
  int edition;                 /* of the catalogue; 0: the newest */
  bool frozen;
  int threads;                 /* 0: as many as there are processors */
  const volatile sig_atomic_t *cancel;
  void (*progress)(void *context, size_t done, size_t total); /* from the caller's thread */
  void *progress_context;
};

/* Runs every mutant of MODEL, which is left as it is and may have bugs of its own that do not
 * count, through every trial. STATUS_CANCELLED, or as check_run(). Ends with matrix_done(), also
 * after a failure. */
enum status matrix_run(struct matrix *matrix, const struct model *model,
                       const struct matrix_options *options, struct diag *diag);
void matrix_done(struct matrix *matrix);

const struct matrix_cell *matrix_cell(const struct matrix *matrix, size_t mutant, size_t trial);

/* What the mutants of a model do at this point, by their gradients alone. */
struct survey {
  bool complete; /* all were looked at; false: the budget does not allow for it */
  size_t mutants;
  size_t same;  /* change no gradient of a param */
  size_t small; /* change them by less than the test per entry lets pass */
  char **blind; /* ids of these two sorts */
  size_t blind_count, blind_capacity;
};

struct survey_options {
  int edition; /* of the catalogue; 0: the newest */
  bool frozen;
  size_t budget; /* in entries computed, as instr_cost() counts them; 0: none */
  const volatile sig_atomic_t *cancel;
  void (*progress)(void *context, size_t done, size_t total);
  void *progress_context;
};

/* A budget for a survey of MODEL that is to cost no more than finding SLOPES slopes did, or than
 * nobody notices. It is counted and not timed, so it is the same everywhere. */
size_t survey_budget(const struct model *model, size_t slopes);

/* Surveys MODEL's mutants at the point its image holds. MODEL is changed for a while and left as it
 * was. STATUS_CANCELLED. Ends with survey_done(), also after a failure. */
enum status survey_run(struct survey *survey, struct model *model,
                       const struct survey_options *options, struct diag *diag);
void survey_done(struct survey *survey);

#endif
