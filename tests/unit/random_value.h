/* What an expression is worth, by walking its tree over the kernels: without lowering, slots or a
 * program, so that it can be held against them.
 *
 * A random_library is read only once made and ends with random_library_done(). Everything else is a
 * plain value. */
#ifndef GRADWALK_TESTS_RANDOM_VALUE_H
#define GRADWALK_TESTS_RANDOM_VALUE_H

#include "lang/model.h"

enum {
  RANDOM_MAX_SIDE = 12,
  RANDOM_MAX_ENTRIES = 512,
  RANDOM_MAX_GATES = 64,
  RANDOM_MAX_NODES = 48
};

/* Gates as a user might write them; the first two have rules of their own. */
extern const char random_own_gates[];

/* The gates that models may use: the prelude's, then a few with and without rules of their own. */
struct random_library {
  struct arena arena;
  struct syntax prelude, own;
  const struct stmt *gates[RANDOM_MAX_GATES];
  size_t gate_count, prelude_count;
  const struct expr *rules[OP_COUNT][MAX_OPERANDS];
};

void random_library_init(struct random_library *library);
void random_library_done(struct random_library *library);

struct random_tensor {
  struct shape shape;
  double values[RANDOM_MAX_ENTRIES];
};

struct random_binding {
  const char *name;
  const struct expr *expr; /* what it was computed from; NULL for a gate's operands */
  struct random_tensor value;
  bool used, leaf, param, constant;
};

/* Names and what they stand for: the model's leaves and nodes, or those of a gate's body. */
struct random_frame {
  struct random_binding items[RANDOM_MAX_NODES];
  size_t count;
};

struct random_walker {
  const struct random_library *library;
  const struct stmt *gates[RANDOM_MAX_GATES]; /* the library's, and a model's own behind them */
  size_t gate_count;
  struct random *draws; /* what random operations draw from */
  bool drew;            /* one has */
  bool in_rule;         /* evaluating an operation's rule */
};

/* Frames and tensors are large, and locals of each call: filling them with zeros, as the build asks
 * for, would take half of the time of every test that uses them. */
#ifdef __has_attribute
#if __has_attribute(uninitialized)
#define RANDOM_UNFILLED __attribute__((uninitialized))
#endif
#endif
#ifndef RANDOM_UNFILLED
#define RANDOM_UNFILLED
#endif

void random_bind(struct random_frame *frame, const char *name, const struct random_tensor *value);

/* One operation; OUT has its shape already if the row takes sizes. False if the operands do not
 * fit, or the result is too large in size or in value. */
bool random_run_op(struct random_walker *walker, const struct op *op,
                   const struct random_tensor in[], int axis, struct random_tensor *out);

/* Whether OP yields moderate slopes for those of its operands that are not FIXED: then they lie far
 * enough inside its domain. True for a row without one. */
bool random_has_slopes(struct random_walker *walker, int op, const struct random_tensor in[],
                       const bool fixed[], const struct random_tensor *out);

/* The last gate by that name, so that a model's own hides the library's. */
size_t random_find_gate(const struct random_walker *walker, const char *name);

/* FRAME holds the operands; the body's names are added to it. */
bool random_run_gate(struct random_walker *walker, const struct stmt *gate,
                     struct random_frame *frame, struct random_tensor *out);

/* False as random_run_op() is, and where an operand lies at the edge of a domain. */
bool random_evaluate(struct random_walker *walker, const struct random_frame *frame,
                     const struct expr *expr, struct random_tensor *out);

#endif
