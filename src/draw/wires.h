/* Which nodes of a model are drawn, and what each is computed from: the circuit without places. A
 * struct wires owns its arrays until wires_done(); zeroed, it is empty. */
#ifndef GRADWALK_DRAW_WIRES_H
#define GRADWALK_DRAW_WIRES_H

#include "lang/model.h"

/* An operand of a node: a visible node, and how often the node's formula names it. An operation has
 * a wire for each of its operands; a statement, which is drawn as one node, has one for each
 * name. */
struct wire {
  int node, uses;
};

struct wires {
  struct wire *items;
  size_t count, capacity;
  size_t *first; /* by node: where its wires begin in items; one more at the end */
  bool *drawn;   /* by node */
  size_t node_count, drawn_count;
};

/* Finds the wires of all nodes that MODEL shows, as it is folded now. Numbers that are written in
 * a formula have no wire, and rows(x) is a number. Data and constants that only served to make
 * other leaves are not drawn. */
enum status wires_find(struct wires *wires, const struct model *model);
void wires_done(struct wires *wires);

/* Whether EXPR, part of a formula, names a node whose wire would stand for it. */
bool wires_named(const struct model *model, const struct expr *expr);

#endif
