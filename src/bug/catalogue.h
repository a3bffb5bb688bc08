/* The catalogue of bugs: every rewrite of rewrite.def, and the exchange of two gates, applied to a
 * model's backward pass wherever it fits. A mutant is one line, or a few, that `bug` takes as a
 * person would type them. The catalogue owns everything in it until catalogue_done(). */
#ifndef GRADWALK_BUG_CATALOGUE_H
#define GRADWALK_BUG_CATALOGUE_H

#include "lang/model.h"

enum { HARDEST_LEVEL = 5 };

/* The catalogue grows. An edition is what it was once, to the last mutant; FIRST_EDITION is the one
 * that hunts are made of unless they name another. */
enum { FIRST_EDITION = 1, NEWEST_EDITION = 0 };

/* The number of the newest edition. */
int catalogue_newest(void);

/* A kind of bug: a row of kind.def. */
struct bug_kind {
  int edition;       /* of the catalogue, in which it came */
  const char *name;  /* "wrong-cache" */
  int level;         /* how well it hides, 1 to HARDEST_LEVEL */
  const char *title; /* "wrong cache" */
  const char *help;  /* what it does */
  const char *seen;  /* where it was met in the wild; "-" if only on purpose */
};
extern const struct bug_kind bug_kinds[];
extern const size_t bug_kind_count;

/* The kind called NAME, or NULL. */
const struct bug_kind *bug_kind_find(const char *name);

struct mutant {
  const char *id; /* "dW2:scale(2)": the same for the same text of the model */
  const struct bug_kind *kind;
  size_t rule;    /* the first rule line that it replaces */
  size_t line_count;
  const char *const *lines; /* "dW2 = 2 * (1/m * dZ2 @ A1.T)" */
  const size_t *rules;      /* by line: the rule line that it replaces */
};

struct catalogue {
  struct arena arena;
  struct mutant *mutants; /* by rule line, in the order of the tables */
  size_t count, capacity;
};

enum { CATALOGUE_MAX_MUTANTS = 100000 };

/* The mutants of MODEL as it stands, which is left as it was. STATUS_LIMIT beyond
 * CATALOGUE_MAX_MUTANTS. Ends with catalogue_done(), also after a failure. */
enum status catalogue_make(struct catalogue *catalogue, struct model *model, struct diag *diag);

/* The same in EDITION, a number or NEWEST_EDITION. STATUS_USAGE if there is none of this number. */
enum status catalogue_make_edition(struct catalogue *catalogue, struct model *model, int edition,
                                   struct diag *diag);
void catalogue_done(struct catalogue *catalogue);

/* The mutant with this id, or NULL. */
const struct mutant *catalogue_find(const struct catalogue *catalogue, const char *id);

/* Adds all of MUTANT's lines to MODEL, or none. */
enum status mutant_apply(const struct mutant *mutant, struct model *model, bool hidden,
                         struct diag *diag);

/* What `bug TEXT` does: adds a line by its target, or all lines of the mutant with this id. A text
 * that is neither, or does not fit, changes nothing. It is NUL-terminated. */
enum status bug_put(struct model *model, const struct source *text, struct diag *diag);

#endif
