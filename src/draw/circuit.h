/* The circuit of a model: which nodes get boxes, how large these are, and where they stand. A
 * struct circuit owns its parts until circuit_done(); zeroed, it is empty. */
#ifndef GRADWALK_DRAW_CIRCUIT_H
#define GRADWALK_DRAW_CIRCUIT_H

#include "draw/layout.h"
#include "draw/wires.h"

struct circuit {
  struct wires wires;
  struct layout layout;
  int *inputs;        /* of all boxes; then their ports */
  int *nodes;         /* by box */
  int *box_of;        /* by node: -1 for those that are not drawn */
  size_t node_count;
  bool partial;       /* only the neighbourhood of the focus is drawn */
  uint64_t signature; /* of the graph that is drawn */
};

/* Makes CIRCUIT anew if what MODEL shows has changed: its graph, its folding, or where it is too
 * large to be drawn whole, the node FOCUS. */
enum status circuit_make(struct circuit *circuit, const struct model *model, int focus);
void circuit_done(struct circuit *circuit);

/* Appends what NODE's box says of its operation, with the operands that are numbers: "+", "relu",
 * "^2", "1-", "max 0"; nothing for a leaf. A folded statement shows its last operation with dots:
 * there is more inside. */
void circuit_sign(const struct model *model, int node, struct text *out);

/* Whether a line leaves BOX. */
bool circuit_has_users(const struct circuit *circuit, int box);

/* The row, below BOX's upper edge, of the names of the operands that have no line; 0: each has
 * one. */
int circuit_ghost_row(const struct circuit *circuit, int box);

/* Writes that row: the names and, after those that fit into COLUMNS, how many more there are. Names
 * that are used several times say how often, after TIMES. */
void circuit_ghosts(const struct circuit *circuit, const struct model *model, int box, int columns,
                    const char *times, struct text *out);

/* How often BOX uses its input K. */
int circuit_uses(const struct circuit *circuit, int box, int k);

#endif
