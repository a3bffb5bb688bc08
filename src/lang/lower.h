/* Lowering: expressions to instructions. One builder serves the forward pass (where it also records
 * nodes and gate instances), the right side of a leaf (computed at once) and rule lines. */
#ifndef GRADWALK_LANG_LOWER_H
#define GRADWALK_LANG_LOWER_H

#include "lang/model.h"

struct builder {
  struct model *model;
  struct arena *arena; /* what is said of slots and nodes lives here */
  struct diag *diag;
  struct code *code; /* where instructions go; NULL: compute at once (the right side of a leaf) */
  bool recording;    /* make nodes and instances */
  const struct scope *scope; /* the body's names inside a gate; NULL: the model's */
  /* How a name that no scope has is found (gradients in rule lines); NULL: not at all. Returns a
   * slot, or -1. */
  int (*resolve)(const struct builder *builder, const char *name);
  const bool *assigned; /* by node: its gradient may be used; NULL: every gradient may */
  int own; /* a node whose gradient may be used before it is assigned, as the pass before left it: a
            * bug that forgets to zero it; -1: none */
  const char *const *data_functions; /* for suggestions; NULL: none are known */
  const struct scope *reserved; /* names that automatic ones must keep clear of */
  const char *prefix; /* automatic names are PREFIX_1, PREFIX_2, … */
  unsigned number;
  int instance;       /* innermost gate instance being built, or -1 */
  int depth, gate_depth; /* of expressions, of gate calls */
  struct span call;   /* where the outermost gate call stands, for messages from inside it */
};

/* Lowers EXPR to a slot; a node made for its outermost operation is called WANTED (NULL: an
 * automatic name). */
enum status lower_expr(struct builder *builder, const struct expr *expr, const char *wanted,
                       int *slot);

/* A slot with the value computed from SLOT by a copy, so that it can have a name of its own. */
enum status lower_copy(struct builder *builder, int slot, struct span span, const char *wanted,
                       int *copy);

/* A new slot and what is known of it. */
enum status lower_slot(struct builder *builder, struct shape shape, struct value value,
                       struct span span, int *slot);

/* A node for SLOT. */
enum status lower_node(struct builder *builder, struct node node);

/* Whether a line of a gate's body hands a gradient to an operand or to a name of the body ("dx =
 * …") rather than computing something on the way forward. */
bool gate_line_is_rule(const struct stmt *gate, size_t line);

/* Evaluates EXPR, which must be a constant 1x1, to a number. */
enum status lower_number(struct builder *builder, const struct expr *expr, const char *what,
                         double *number);

#endif
