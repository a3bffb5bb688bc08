/* A worker: one copy of a model's values, moved about a base point to see what the loss does. It
 * runs the forward program and never looks at a rule; that is why it can be trusted. */
#ifndef GRADWALK_CHECK_WORKER_H
#define GRADWALK_CHECK_WORKER_H

#include "check/memo.h"
#include "check/method.h"
#include "check/sums.h"
#include "core/team.h"
#include "lang/model.h"

#include <signal.h>
#include <stdalign.h>

/* What is moved: one entry of a tensor, or all of it along a direction of +1 and -1. */
struct probe {
  int slot;
  size_t first; /* instruction at which the forward pass resumes */
  size_t count; /* entries of the tensor */
  size_t entry;
  const signed char *direction; /* count signs; NULL: only ENTRY moves */
};

/* The probe of NODE's value, without an entry. A node that is computed is held fixed: the pass
 * resumes after it. */
struct probe node_probe(const struct model *model, int node);

/* One instruction of a plan. */
struct plan_step {
  const struct op *op;
  struct call call;
  int out, in[MAX_OPERANDS]; /* slots */
};

struct plan_step plan_step(struct run *run, const struct instr *instr);

/* The part of its output to recompute when the parts DIRTY, by slot, have changed. */
struct rect plan_step_part(const struct plan_step *step, const struct rect *dirty);

/* A step and what it knows from the move before. */
struct kept_step {
  struct plan_step plan;
  const double *was; /* its result at the base */
  struct rect dirty[MAX_OPERANDS], part; /* what had moved of its operands, and the part for that */
  struct sums sums;
};

/* One copy of the values, moved about BASE, to which it always returns. */
struct worker {
  alignas(TEAM_APART) const struct model *model;
  const struct run *base; /* the point that is checked, forward pass done */
  struct run run;
  bool planned;           /* incremental: only the steps run; otherwise the whole pass does */
  struct kept_step *steps;
  size_t step_count;
  size_t line;            /* entries of the probe, one after the other in a row (DOWN: in a column), */
  bool down;              /* that are terms of the same sums; 0: none */
  size_t room;            /* for nodes of sums, under a plan: about as much as the values take */
  struct rect *dirty;     /* by slot: what differs from BASE under a plan */
  size_t *until;          /* by slot of the probe or of a step's output: no step from here on reads it */
  size_t moved;           /* no step from here on has an output that may differ from BASE */
  bool astray;            /* a whole pass has left values that are not the base's */
  const volatile sig_atomic_t *cancel; /* may be NULL; once it is set, moves return NaN at once */
  /* Called before every move, so that a long look at one entry can be stopped; may be NULL. */
  void (*moving)(void *context);
  void *moving_context;
  struct memo *memo;      /* worker_loss() and the others below worker_restore() ask and tell it;
                           * may be NULL */
};

enum status worker_init(struct worker *worker, const struct model *model, const struct run *base);
void worker_done(struct worker *worker);
bool worker_cancelled(const struct worker *worker);

/* Calls worker->moving(), where there is one. */
void worker_tell(const struct worker *worker);

/* From now on a move of the probe (whose entry or direction may change) recomputes only what it
 * reaches. The worker must be at its base. False, changing nothing, if there is no memory. */
bool worker_plan(struct worker *worker, const struct probe *probe);
void worker_unplan(struct worker *worker);

/* The entry to probe as number INDEX: any order is right, this one is the plan's cheapest. */
size_t worker_entry(const struct worker *worker, const struct probe *probe, size_t index);

/* How many entries one after the other in that order are terms of the same sums, whose trees are
 * kept; 0: there are no such lines. */
size_t worker_line(const struct worker *worker);

/* The key under which the memo keeps the answer to WHAT about an entry of SLOT moved by H, for a
 * RUN in one precision about a BASE in another. */
struct memo_key worker_key(enum precision base, enum precision run, int slot, size_t entry, double h,
                           enum memo_what what);

/* Looks up what the worker's memo knows about the probe moved by H (false: nothing), and tells
 * it. */
bool worker_recall(const struct worker *worker, const struct probe *probe, double h,
                   enum memo_what what, uint64_t *bits);
void worker_remember(const struct worker *worker, const struct probe *probe, double h,
                     enum memo_what what, uint64_t bits);

/* Moves the probe by H and returns the loss; everything stays moved until worker_restore(), and
 * what was computed from it until the next move. */
double worker_move(struct worker *worker, const struct probe *probe, double h);
void worker_restore(struct worker *worker, const struct probe *probe);

/* The loss with the probe moved by H. */
double worker_loss(struct worker *worker, const struct probe *probe, double h);

/* run_branches() with the probe moved by H; 0 once the worker is cancelled. */
uint64_t worker_branches(struct worker *worker, const struct probe *probe, double h);

/* dloss along the probe:
 *   central     (f(x + h) − f(x − h)) / 2h
 *   forward     (f(x + h) − f(x)) / h
 *   richardson  (4 D(h/2) − D(h)) / 3 with D central */
double worker_slope(struct worker *worker, const struct probe *probe, enum method method, double h);

/* The step for a probe: EPS if it is given (> 0); else step_at() the largest |x| that moves. */
double worker_step(const struct worker *worker, const struct probe *probe, double eps);

#endif
