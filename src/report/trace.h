/* A model's program laid open: what each slot holds, which rule line each instruction of the
 * backward pass comes from, what lowering left out, and what a check computes anew when one entry
 * of a param moves. All of this is read off the program, the rules and a worker that has made the
 * move; nothing is derived a second time. A trace lends its model and owns the rest until
 * trace_done(). It shows hidden bugs, so it is not for a model that has some. */
#ifndef GRADWALK_REPORT_TRACE_H
#define GRADWALK_REPORT_TRACE_H

#include "core/text.h"
#include "lang/model.h"

enum slot_use {
  SLOT_DATA,
  SLOT_PARAM,
  SLOT_CONSTANT,
  SLOT_VALUE,     /* of a node that the forward pass computes */
  SLOT_GRADIENT,
  SLOT_LOCAL,     /* a name of a backward block's own */
  SLOT_TEMPORARY, /* of one rule line */
  SLOT_KIND_COUNT
};
extern const char *const slot_kind_names[SLOT_KIND_COUNT];

struct trace_slot {
  enum slot_use kind;
  int node;             /* whose value or gradient it is, or -1 */
  const char *local;    /* SLOT_LOCAL: its name */
  size_t written, read; /* by how many instructions of both passes */
};

/* Why the derived pass has no line for an operand, or for any operand of a node. */
enum no_line_reason {
  NO_LINE_GATE,     /* the node is inside a gate whose own lines serve */
  NO_LINE_NODE,     /* the node is not on a path from a param to the loss */
  NO_LINE_CONSTANT, /* the operand is a constant */
  NO_LINE_RULE,     /* the operation has no rule for the operand */
  NO_LINE_OPERAND,  /* the operand is not on a path from a param to the loss */
  NO_LINE_COUNT
};
extern const char *const no_line_names[NO_LINE_COUNT];

struct no_line {
  enum no_line_reason reason;
  int node;
  int operand; /* from 0; -1: all of them */
  int slot;    /* of the operand, or -1 */
  int gate;    /* NO_LINE_GATE: the instance, else -1 */
};

/* One instruction of the forward pass that a move had computed anew. */
struct trace_step {
  size_t instruction;
  struct rect part;           /* of its result, computed anew */
  bool same;                  /* and it came out to the bit as it was */
  size_t terms;               /* of each number's sum; 0: the operation adds nothing up */
  size_t blocks, moved_blocks; /* of terms; those in which one moved, or more than half of all */
  size_t kept;                /* numbers in the trees of its sums; 0: each was added up whole */
};

/* What moving the middle entry of a param by the check's step computed anew. */
struct trace_plan {
  int node;
  size_t entry;
  size_t planned;             /* instructions between the param and the loss */
  struct trace_step *steps;   /* those that ran */
  size_t step_count;
  size_t terms;               /* of all sums, added up anew */
};

struct trace {
  const struct model *model;
  struct trace_slot *slots; /* by slot */
  struct no_line *no_lines; /* none for a model with a backward block */
  size_t no_line_count, no_line_capacity;
  struct trace_plan *plans; /* for each param that the loss depends on; none without a loss */
  size_t plan_count;
  size_t terms;             /* of all sums of one forward pass */
  size_t in_place, transposed, folded; /* how often lowering took each of these shortcuts */
};

/* STATUS_NO_MEMORY at worst; ends with trace_done() in any case. */
enum status trace_make(struct trace *trace, const struct model *model);
void trace_done(struct trace *trace);

/* The first of RULE's instructions in the backward program; its last is the one before code_end. */
size_t trace_first(const struct model *model, size_t rule);

/* Whether RULE's last instruction computes straight into its target. */
bool trace_in_place(const struct model *model, size_t rule);

/* Whether INSTR is a.T @ b in one. */
bool trace_is_transposed(const struct instr *instr);

/* Whether lowering made SLOT but nothing uses it: an a.T that was not needed after all. */
bool trace_is_spare(const struct trace_slot *slot);

/* For people, and as one JSON document (STATUS_NO_MEMORY at worst). */
void trace_put(struct text *out, const struct trace *trace);
enum status trace_json(struct text *out, const struct trace *trace);

#endif
