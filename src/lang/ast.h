/* The syntax tree. Everything in it lives in the arena it was made from; expressions are never
 * changed once made, so trees may share parts. */
#ifndef GRADWALK_LANG_AST_H
#define GRADWALK_LANG_AST_H

#include "core/memory.h"
#include "core/op.h"
#include "lang/diag.h"

/* Bounds every recursion over a tree. */
enum { EXPR_MAX_HEIGHT = 200 };

enum expr_kind { EXPR_NUMBER, EXPR_NAME, EXPR_MATRIX, EXPR_APPLY };

struct expr {
  enum expr_kind kind;
  int height;      /* 1 for a leaf */
  uint32_t size;   /* expressions in it, itself included; stops at UINT32_MAX */
  struct span span;
  double number;
  const char *name; /* EXPR_NAME; EXPR_APPLY of a gate or data function */
  int op;           /* EXPR_APPLY: row of op_table, or -1 for a gate or data function */
  size_t count;     /* arguments; an axis or a size is one of them */
  const struct expr **args;
  struct shape shape; /* EXPR_MATRIX */
  const double *entries;
};

/* [NODE [: OPERAND] :] TARGET (= | +=) VALUE */
struct assign {
  struct span span;
  const char *target;
  struct span target_span;
  bool accumulate;
  const struct expr *value;
  const char *node; /* NULL without an address */
  struct span node_span;
  int operand; /* from 1; 0 without one */
};

enum stmt_kind { STMT_SEED, STMT_DATA, STMT_PARAM, STMT_NODE, STMT_LOSS, STMT_GATE, STMT_BACKWARD };

struct stmt {
  enum stmt_kind kind;
  struct span span;
  size_t name_count; /* data: the names; gate: its own, then its parameters'; else one */
  const char **names;
  struct span *name_spans;
  uint32_t seed;
  const struct expr *value;
  size_t line_count; /* the body of a gate or backward block */
  struct assign *lines;
};

struct syntax {
  struct stmt *statements; /* free() */
  size_t count, capacity;
};

void syntax_done(struct syntax *syntax);

/* Makers return NULL when there is no memory; expr_apply() also when the tree would be higher than
 * EXPR_MAX_HEIGHT. */
const struct expr *expr_number(struct arena *arena, struct span span, double number);
const struct expr *expr_name(struct arena *arena, struct span span, const char *name);
const struct expr *expr_apply(struct arena *arena, struct span span, int op, const char *name,
                              const struct expr *const *args, size_t count);

/* A copy of EXPR in which each EXPR_NAME found by LOOKUP is replaced; LOOKUP returns NULL to leave
 * a name as it is. NULL as for expr_apply(). */
const struct expr *expr_substitute(struct arena *arena, const struct expr *expr,
                                   const struct expr *(*lookup)(void *context, const char *name),
                                   void *context);

/* Whether NAME occurs in EXPR. */
bool expr_names(const struct expr *expr, const char *name);

bool expr_equal(const struct expr *a, const struct expr *b);

#endif
