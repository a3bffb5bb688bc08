/* The primitive operations: one row each in op.def, from which the enum, the parser's look-up, the
 * printer, the help and the tests derive. A row holds the forward kernel as C; its backward rule is
 * text in gradwalk's own language (a, b: the operands; out: the result; dNAME: dloss/dNAME) and is
 * run by the same evaluator as everything else. */
#ifndef GRADWALK_CORE_OP_H
#define GRADWALK_CORE_OP_H

#include "core/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_OPERANDS = 2, MAX_EXAMPLES = 3 };
enum { AXIS_ALL = -1, AXIS_DOWN = 0, AXIS_ACROSS = 1 }; /* sum(x), sum(x, 0), sum(x, 1) */

struct shape {
  uint32_t rows, cols;
};

/* Rows [row0, row1) and columns [col0, col1) of a tensor. */
struct rect {
  uint32_t row0, row1, col0, col1;
};

/* Of a sum's terms: COUNT runs of LENGTH, the first from FIRST on, the next ones APART further. */
struct reach {
  size_t first, length, apart, count;
};

struct operand {
  const double *values; /* row-major */
  struct shape shape;
};

/* One application as a kernel sees it. The output never overlaps an operand, except that an
 * elementwise kernel may write over an operand of the output's own shape. */
struct call {
  double *out;
  struct shape shape; /* of the output */
  struct operand in[MAX_OPERANDS];
  int axis;
  struct random *random; /* only for OP_RANDOM rows */
};

struct wide_call; /* the same in quadruple precision: wide.h */

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
  OP_PRODUCT = 32 /* sums products along a side that its two operands share */
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
  /* The same for where the other operand may be 0, which is any but a constant without a 0; NULL: the
   * rule holds there too. */
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

/* What OP wants of its operands' shapes and makes of them, in words; "" for a row with sizes. */
const char *op_shape_words(const struct op *op);

size_t shape_count(struct shape shape); /* rows * cols */
bool shape_equal(struct shape a, struct shape b);
struct rect shape_rect(struct shape shape); /* all of it */

/* The terms [from, to). */
static inline struct reach reach_run(size_t from, size_t to) {
  return (struct reach){from, to - from, to - from, 1};
}

static inline bool rect_empty(struct rect rect) {
  return rect.row0 >= rect.row1 || rect.col0 >= rect.col1;
}

/* An empty INNER is always covered. */
static inline bool rect_covers(struct rect outer, struct rect inner) {
  return rect_empty(inner) || (outer.row0 <= inner.row0 && outer.row1 >= inner.row1 &&
                               outer.col0 <= inner.col0 && outer.col1 >= inner.col1);
}

/* The smallest around both. */
static inline struct rect rect_join(struct rect a, struct rect b) {
  if (rect_empty(a)) return b;
  if (rect_empty(b)) return a;
  return (struct rect){a.row0 < b.row0 ? a.row0 : b.row0, a.row1 > b.row1 ? a.row1 : b.row1,
                       a.col0 < b.col0 ? a.col0 : b.col0, a.col1 > b.col1 ? a.col1 : b.col1};
}

#endif
