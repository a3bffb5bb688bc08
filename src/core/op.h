/* The primitive operations: one row each in op.def, from which the enum, the parser's look-up, the
 * printer, the help and the tests derive. A row holds the forward kernel as C; its backward rule is
 * text in gradwalk's own language (a, b: the operands; out: the result; dNAME: dloss/dNAME) and is
 * run by the same evaluator as everything else. */
#ifndef GRADWALK_CORE_OP_H
#define GRADWALK_CORE_OP_H

#include "core/call.h"

enum { MAX_EXAMPLES = 3 };

enum op_form {
  FORM_CALL,    /* exp(a) */
  FORM_INFIX,   /* a + b */
  FORM_PREFIX,  /* -a */
  FORM_POSTFIX, /* a.T */
  FORM_SILENT   /* a: printed as its operand alone */
};

enum op_flag {
  OP_STATIC = 1,  /* depends on shapes only: computed once, when the model is built */
  OP_RANDOM = 2,  /* draws from the generator at every run */
  OP_AXIS = 4,    /* takes an axis after its operand */
  OP_HIDDEN = 8,  /* not for models: the machinery's own */
  OP_PLACE = 16,  /* takes the index of an entry after its sizes, in `axis` */
  OP_PRODUCT = 32, /* sums products along a side that its two operands share */
  OP_MOVES = 64,  /* has the entries of its operand, none of them changed */
  OP_TURNS = 128  /* and rows are columns */
};

struct op {
  const char *name;   /* what a model calls and a report shows */
  const char *symbol; /* for the infix, prefix and postfix forms */
  enum op_form form;
  int precedence; /* binding strength of an infix or prefix form */
  bool right;     /* an infix form that groups to the right */
  int arity;      /* tensor operands */
  int sizes;      /* static size arguments: zeros(r, c) has 2, eye(n) 1 */
  unsigned flags;
  /* Where the result is a plain formula, entry by entry or of all entries: the sum of the operands,
   * each times its weight (a - b: 1, -1), or their product, each to its power (a / b: 1, -1). All 0
   * where it is neither. */
  signed char weight[MAX_OPERANDS], power[MAX_OPERANDS];
  /* The output's shape; false if these operands do not fit. Not for rows with sizes. */
  bool (*shape)(const struct shape in[], int axis, struct shape *out);
  /* Computes just the part of the output, each element in one fixed summation order, whatever the
   * part. */
  void (*forward)(const struct call *call, struct rect part);
  /* For an operation that adds up terms, in the order of order.h (all three, or none of them):
   * how many terms each number of the output has; */
  size_t (*terms)(const struct call *call);
  /* the sums over the terms [FROM, TO) of the numbers in PART, to OUT, whose rows are STRIDE apart
   * (FROM begins a block; forward() adds up all terms); */
  void (*add_up)(const struct call *call, struct rect part, size_t from, size_t to, double *out,
                 size_t stride);
  /* and the terms that rectangle PART of operand WHICH is in, of those numbers that it reaches;
   * where it is finite, those that are 0 whatever it holds may be left out. */
  struct reach (*reach)(const struct call *call, int which, struct rect part);
  /* The rectangle of the output that depends on rectangle PART of operand WHICH. */
  struct rect (*touch)(const struct call *call, int which, struct rect part);
  /* Mixes into HASH every decision the kernel takes on these operands (which side of a maximum,
   * which sign): two points with different hashes have a kink or a jump between them. */
  uint64_t (*branches)(const struct call *call, uint64_t hash);
  /* The same two in quadruple precision; forward_wide is NULL for what draws. The same decisions
   * give the same hash. */
  void (*forward_wide)(const struct wide_call *call, struct rect part);
  uint64_t (*branches_wide)(const struct wide_call *call, uint64_t hash);
  const char *rules[MAX_OPERANDS]; /* right side of dOPERAND = …; NULL: no gradient flows */
  /* The same for where the other operand may be 0, which is any but a constant without a 0; NULL:
   * the rule holds there too. */
  const char *rules_at_zero[MAX_OPERANDS];
  const char *domain[MAX_OPERANDS]; /* where the rule holds and tests draw, as an expression of a
                                     * standard normal z; NULL: z itself */
  const char *help;
  const char *examples[MAX_EXAMPLES]; /* "max([1 5], 3) = [3 5]": right to 10 digits */
};

enum op_id {
#define OP(id, ...) OP_##id,
#define DRAW OP
#include "core/op.def"
#undef DRAW
#undef OP
  OP_COUNT
};

extern const struct op op_table[OP_COUNT];

/* The row that is called by NAME; -1 if there is none. */
int op_find(const char *name, size_t length);

/* The row with this symbol and form; -1 if there is none. */
int op_find_symbol(const char *symbol, size_t length, enum op_form form);

/* Each entry of the result is made of one entry of each operand. */
bool op_is_elementwise(const struct op *op);

/* What OP wants of its operands' shapes and makes of them, in words; "" for a row with sizes. */
const char *op_shape_words(const struct op *op);

/* a + b; a * b, entry by entry; the sum of entries of one operand. */
bool op_adds(const struct op *op);
bool op_multiplies(const struct op *op);
bool op_adds_up(const struct op *op);

#endif
