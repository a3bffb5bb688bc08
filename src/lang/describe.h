/* What a person may read about an operation or a gate of the prelude: how it is written, what it
 * computes, its rule lines, in plain text. Everything comes from op.def and prelude.gw. */
#ifndef GRADWALK_LANG_DESCRIBE_H
#define GRADWALK_LANG_DESCRIBE_H

#include "lang/ast.h"

/* The gates of the prelude, in its order. Ends with gates_done(), also after a failure. */
struct gates {
  struct arena arena;
  struct syntax syntax; /* its statements are gates, all of them */
};
enum status gates_read(struct gates *gates, struct diag *diag);
void gates_done(struct gates *gates);

/* How OP is written: "a + b", "max(a, b)", "sum(a), sum(a, 0), sum(a, 1)". */
void operation_put_use(struct text *out, const struct op *op);

/* How GATE is written: "leaky_relu(x, slope)". */
void gate_put_use(struct text *out, const struct stmt *gate);

/* What GATE computes: the first sentence of the comment above it, or else its formula. */
void gate_put_summary(struct text *out, const struct stmt *gate);

/* Whether GATE has a rule that was written by hand; else its rule is derived. */
bool gate_has_rule(const struct stmt *gate);

/* Whether a gradient flows to parameter INDEX (from 1, as in gate->names): always, unless the rule
 * was written by hand and has no line for it. */
bool gate_hands_to(const struct stmt *gate, size_t index);

/* What the tests draw for GATE's parameters, "x = rand(R, C); …", if the comment above it has a line
 * "Tests draw …". *LENGTH is 0 if it has none. */
const char *gate_draws(const struct stmt *gate, size_t *length);

/* Appends what there is to know about the operation (by name or symbol) or the gate NAME. *FOUND is
 * false, and nothing is appended, if there is none. */
enum status describe(struct text *out, const char *name, bool *found, struct diag *diag);

/* Puts the name of number INDEX, from 0, of what describe() knows into NAME of SIZE bytes; false after
 * the last. */
bool describe_nth(size_t index, char *name, size_t size);

/* The nearer to WRONG of BEST and of all names that describe() knows, as suggest_nearer() says. The
 * names of gates live as long as GATES. */
const char *describe_nearest(const struct gates *gates, const char *wrong, const char *best);

#endif
