/* Derives the rule lines of a graph: who hands a gradient to whom, and the line that each rule of
 * an operation or a gate becomes in the model's own names. rules.c makes the whole backward pass of
 * them. */
#ifndef GRADWALK_LANG_DERIVE_H
#define GRADWALK_LANG_DERIVE_H

#include "lang/lower.h"

struct derivation {
  struct model *model;
  struct diag *diag;
  struct builder builder;
  bool *assigned;  /* by node: a line before this one has assigned its gradient */
  bool *reaches;   /* by node: a change of it reaches the loss */
  bool again;      /* a gate's lines turned out not to fit: derive anew without them */
};

/* Decides which folded gates use their own lines. A gate that has none for an operand which depends
 * on a param (a slope, say, that is usually a constant) would lose that gradient. */
void derivation_choose_owners(struct derivation *derivation);

/* The outermost instance around NODE whose hand-written lines are its rule; -1: NODE's own
 * rules. */
int rule_owner(const struct model *model, int node);

/* Marks the nodes on a path from a param to the loss; none has a gradient yet. */
void derivation_mark_active(struct derivation *derivation);

/* Gives NODE a slot for its gradient. */
enum status derivation_add_gradient(struct derivation *derivation, int node);

/* Appends a line to the model's rules. */
enum status derivation_add_rule(struct derivation *derivation, struct rule rule);

/* Appends the lines of all nodes, from the loss back, and gives their gradients slots. */
enum status derivation_add_rules(struct derivation *derivation);

#endif
