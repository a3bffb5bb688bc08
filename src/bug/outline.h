/* What the rewriting of single lines needs to know of a whole model, found once: what else assigns
 * a line's target, who uses a node, which nodes have one shape. */
#ifndef GRADWALK_BUG_OUTLINE_H
#define GRADWALK_BUG_OUTLINE_H

#include "lang/model.h"

struct outline_line {
  bool shared;    /* other lines assign the same target */
  bool first;     /* none before it does */
  bool of_node;   /* its address needs the node, */
  bool of_operand; /* and the operand */
  bool addressed; /* there is an address that no other line has */
};

struct outline {
  struct outline_line *lines; /* by rule line */
  size_t *rules;     /* by node: its first rule line, which its others follow; SIZE_MAX: none */
  int *results;      /* by node: the first later one that was named and has it for its only input */
  int *before, *after; /* by node: the nearest one of its shape that was named; -1 */
  uint32_t samples;  /* of model_batch() */
  bool *penalised;   /* by node; the catalogue's to fill in */
  bool penalties;    /* some node is */
};

/* STATUS_NO_MEMORY. Ends with outline_done(), also after a failure. */
enum status outline_init(struct outline *outline, const struct model *model);
void outline_done(struct outline *outline);

/* The outermost folded gate around NODE, or -1. Statements that are folded on the screen do not
 * count, so that a model has the same mutants there and in a script. */
int outline_gate(const struct model *model, int node);

/* NODE's operand K as a node; -1 if it has none such. */
int outline_operand(const struct model *model, int node, size_t k);

/* What NODE is an activation of: its one operand that depends on a param, if it has NODE's shape;
 * or -1. */
int outline_input(const struct model *model, int node);

/* The rule line RULE as model_line() has it. */
struct assign outline_line(const struct outline *outline, const struct model *model, size_t rule);

#endif
