/* An exploration: all that one has done, as a value. What is large in it is shared (core/shared.h),
 * so that a copy costs little, and copies are what undo, a lesson's other pages, trials of answers
 * and scripts go back to. An exploration owns its shares until exploration_drop(). */
#ifndef GRADWALK_EXPLORE_EXPLORATION_H
#define GRADWALK_EXPLORE_EXPLORATION_H

#include "check/sweep.h"
#include "lang/model.h"
#include "lesson/lesson.h"
#include "train/history.h"

struct matrix;
struct play;

/* Leaves that have other values than the model was built with: a shared copy of each, by node; NULL
 * where it is as built. */
struct leaf_values {
  size_t count;
  double *of[];
};

/* A model as it was built from its text, which it keeps, and what it has been brought to since. It
 * is shared by all explorations of that model; one session at a time works with it. */
struct built {
  struct model model;
  struct lesson *lesson;      /* lends the model its text */
  struct random random;       /* as the build left it */
  struct edits *edits;        /* those in force in the model */
  struct leaf_values *values; /* those in its image; NULL: as built */
  double **as_built;          /* by node: the values of a leaf that has had others; else NULL */
};

/* What an exploration holds of one page: its model and how far the reader went with it. All
 * pointers are shared; NULL: there is none. */
struct visit {
  struct built *built;
  struct edits *edits;
  struct leaf_values *values; /* NULL: as built */
  bool seeded; /* the forward pass draws from SEED; else from where the build left off */
  uint32_t seed;
  size_t position; /* moves done */
  enum precision precision;
  bool frozen;     /* random draws of the forward pass are kept during a check */
  struct check *check;     /* the last one, if nothing has changed since */
  struct sweep *sweep;     /* likewise */
  struct history *history; /* of the training that led here, likewise */
  struct matrix *matrix;   /* likewise */
  struct play *play;       /* the hunt that is on here, or was the last; it is never undone */
  unsigned answers;        /* given to it */
  int focus; /* where the reader looked when he left; the look (look.h) has it meanwhile */
};

enum quiz_state { QUIZ_OPEN, QUIZ_RIGHT, QUIZ_SKIPPED };

/* How far the reader is with one quiz of the lesson. */
struct quiz_progress {
  enum quiz_state state;
  int hints, tries; /* shown; wrong answers */
  int choice;       /* the right one, from 1, once it may be told */
};

/* The other pages of the lesson: as each began, and as it was left. Shared. */
struct visits {
  size_t count;
  struct {
    struct visit begun, left; /* BUILT is NULL: not visited */
  } of[];
};

struct exploration {
  struct lesson *lesson;         /* shared; NULL: nothing is open, and the rest is empty */
  int page;                      /* the page that the reader is at, from 0 */
  struct visit at;               /* of that page */
  struct visits *visits;         /* by page */
  struct quiz_progress *quizzes; /* by quiz of the lesson; shared */
};

struct visit visit_keep(const struct visit *visit);
void visit_drop(struct visit *visit);

struct exploration exploration_keep(const struct exploration *exploration);
void exploration_drop(struct exploration *exploration);

/* Whether A and B are the same but for what was found (checks and the like) and looked at. */
bool exploration_is(const struct exploration *a, const struct exploration *b);

/* What only EXPLORATION needs of what it has beyond BASE, as bytes: new values and findings. */
size_t exploration_bytes(const struct exploration *exploration, const struct exploration *base);

/* The model of SOURCE, a text of LESSON, as a visit at the start of its walk, with statements
 * folded. It ends with visit_drop(); after a failure there is nothing to end. */
enum status visit_build(struct visit *visit, struct lesson *lesson, const struct source *source,
                        struct diag *diag);

/* Call before, and after, the values of leaf NODE (-1: of all params) are changed in the image of
 * the visit's model. A failure of the second puts the image back. */
enum status visit_before_change(struct visit *visit, int node, struct diag *diag);
enum status visit_after_change(struct visit *visit, int node, struct diag *diag);

/* Call after the edits of the visit's model may have changed. */
enum status visit_take_edits(struct visit *visit, struct diag *diag);

/* Brings the visit's model to what the visit says: edits, values and the random numbers of its
 * forward pass. STATUS_NO_MEMORY leaves it without a backward pass. */
enum status visit_put(const struct visit *visit, struct diag *diag);

/* Forgets what was found of the model as it was. */
void visit_forget_findings(struct visit *visit);

/* The quizzes' progress, of which the exploration is made the only owner; NULL if there is no
 * memory. */
struct quiz_progress *exploration_own_quizzes(struct exploration *exploration);
struct visits *exploration_own_visits(struct exploration *exploration);

#endif
