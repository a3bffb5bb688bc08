/* Every number with its formula: the formula in the model's names, the same with the numbers
 * plugged in, the result. */
#ifndef GRADWALK_EXPLORE_EXPLAIN_H
#define GRADWALK_EXPLORE_EXPLAIN_H

#include "explore/session.h"

/* q = x + y
 *   = -2 + 5
 *   = 3         or "not yet" before the walk has come there. */
enum status explain_value(struct session *session, int node, struct lines *out, struct diag *diag);

/* The same for rule line INDEX of the model; a line that adds to a sum also says what the sum is so
 * far. */
enum status explain_rule(struct session *session, size_t index, struct lines *out,
                         struct diag *diag);

/* Puts the rule lines that produce dNODE. */
enum status explain_gradient(struct session *session, int node, struct lines *out,
                             struct diag *diag);

/* Puts what MOVE does. */
enum status explain_move(struct session *session, const struct move *move, struct lines *out,
                         struct diag *diag);

/* Puts a node: its value, its gradient, and the lines that it hands to its operands. */
enum status explain_node(struct session *session, int node, struct lines *out, struct diag *diag);

/* Puts one entry of NODE's value, or of its gradient, worked out term by term: "= 0.5 * 2 + -1 *
 * 3". Says nothing about a leaf, or about what is not computed yet. */
enum status explain_entry(struct session *session, int node, bool gradient, uint32_t row,
                          uint32_t col, struct lines *out, struct diag *diag);

/* Puts EXPR with its names replaced by their values where all of these are single numbers, else by
 * their shapes. False if that would say nothing new. */
bool explain_plugged(struct session *session, const struct expr *expr, struct text *out);

#endif
