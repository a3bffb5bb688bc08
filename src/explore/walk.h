/* The walk: the moves that take a reader from the leaves to the loss and back again. It follows
 * from the model. A walk owns its arrays until walk_done(). */
#ifndef GRADWALK_EXPLORE_WALK_H
#define GRADWALK_EXPLORE_WALK_H

#include "lang/model.h"

enum move_kind { MOVE_FORWARD, MOVE_SEED, MOVE_BACKWARD };

/* A node's value, the 1 that arrives at the loss, or the rule lines of one node (one line of a
 * backward block). */
struct move {
  enum move_kind kind;
  int node; /* visible node; -1 for a line of a backward block */
  size_t first_rule, rule_count;
};

struct walk {
  struct move *moves;
  size_t count, capacity, forward_count;
  /* By node: how many moves it takes to its value, and to the first share of its gradient; -1: none
   * leads there. */
  int *value_move, *gradient_move;
};

/* The walk through MODEL, in place of what WALK held. STATUS_NO_MEMORY leaves it empty. */
enum status walk_make(struct walk *walk, const struct model *model, struct diag *diag);
void walk_done(struct walk *walk);

/* The position in NOW, a walk made anew, for POSITION in one of BEFORE_COUNT moves of which
 * BEFORE_FORWARD were forward: as far into the same pass, and the end if it was the end. */
size_t walk_same_position(const struct walk *now, size_t position, size_t before_count,
                          size_t before_forward);

/* How much of the backward program has run after POSITION moves: the end of the last line of it. */
size_t walk_backward_end(const struct walk *walk, const struct model *model, size_t position);

/* The visible node that the last of POSITION moves is about; -1 at the start, or where the line
 * assigns no node's gradient. */
int walk_node(const struct walk *walk, const struct model *model, size_t position);

#endif
