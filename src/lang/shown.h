/* How nodes that nobody named appear to readers: as the part of the statement that they are.
 *
 *   x @ W             a part that there is once
 *   x @ W in h        one of several that read alike, here the one in the statement of h; a draw;
 *                     or something inside a gate, in the gate's own names: sum(e, 1) in h
 *   x @ W in h, 2nd   where one statement has several
 *   d(x @ W)          its gradient; in a line the value of a part with "in" stands in brackets
 *
 * A part too large to be read is called by its operation: tanh(…) in h, 7th. Their names (h_2) go
 * on in mutants' ids, JSON and records, and both are understood wherever a name is typed. */
#ifndef GRADWALK_LANG_SHOWN_H
#define GRADWALK_LANG_SHOWN_H

#include "lang/model.h"

/* Finds out what the nodes of MODEL, all built, appear as; false if there is no memory. */
bool shown_make(struct model *model);

/* Whether readers see NODE by a name that occurs in the model's text. */
bool node_is_named(const struct model *model, int node);

/* NODE, and its gradient, in full. */
void node_put_shown(struct text *out, const struct model *model, int node);
void gradient_put_shown(struct text *out, const struct model *model, int node);

/* NODE in at most COLUMNS columns, shortened in the middle. */
void node_put_brief(struct text *out, const struct model *model, int node, int columns);

/* The same as a title: its name, or what is put in TITLE. */
enum { TITLE_COLUMNS = 18, TITLE_SIZE = 4 * TITLE_COLUMNS + 1, GRADIENT_SIZE = TITLE_SIZE + 3 };
const char *node_title(const struct model *model, int node, char title[TITLE_SIZE]);
const char *gradient_title(const struct model *model, int node, char title[GRADIENT_SIZE]);

/* The title of what NAME names: a node, a gradient, or itself. */
const char *name_title(const struct model *model, const char *name, char title[GRADIENT_SIZE]);

/* What NODE is computed as; nothing for a leaf. */
void formula_put_shown(struct text *out, const struct model *model, int node);

/* A name of a node, of a gradient, or any other. */
void name_put_shown(struct text *out, const struct model *model, const char *name);

/* LINE, a rule line with or without an address. A line whose names all stand in the model's text is
 * put as it is. */
void line_put_shown(struct text *out, const struct model *model, const char *line);

/* The same with long literals and, beyond COLUMNS columns, its middle shortened. */
void line_put_brief(struct text *out, const struct model *model, const char *line, int columns);

/* Rule RULE, and rule RULE with as much of an address as tells it from the others. */
void rule_put_shown(struct text *out, const struct model *model, size_t rule);
void rule_put_addressed(struct text *out, const struct model *model, size_t rule);

/* Whether RULE merely hands a gradient on to a node that is folded away: lines that read it show
 * what was handed on, so it need not be shown. Never where a hidden line could be among them. */
bool rule_is_handed_on(const struct model *model, const struct rule *rule);

/* The node that TEXT of LENGTH bytes means: its name, what readers see, that without what tells it
 * from others if there is only one, or a shortened form; -1: none, or several; or
 * SHOWN_NO_MEMORY. */
enum { SHOWN_NO_MEMORY = -2 };
int node_find_shown(const struct model *model, const char *text, size_t length);

/* Puts TEXT (a rule line or an expression) with everything in it that shows a node replaced by the
 * node's name; whether there was anything. */
bool names_put(struct text *out, const struct model *model, const char *text, size_t length);

/* Makes LINE, what someone typed, a text with names, which ARENA owns then; false if there is no
 * memory. Its places are still those of what was typed. */
bool span_of_names(struct span *line, const struct model *model, struct arena *arena);

#endif
