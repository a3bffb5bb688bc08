/* The backward pass as lines of text: derived from the op table and the gates, or the student's own
 * `backward` block; with the bugs put in; and lowered to the backward program. */
#ifndef GRADWALK_LANG_RULES_H
#define GRADWALK_LANG_RULES_H

#include "lang/lower.h"

/* Makes the model's rules and backward program anew from its graph, folding and bugs. */
enum status rules_derive(struct model *model, struct diag *diag);

/* Whether LINE, by its address and target, is about RULE. */
bool rules_match(const struct model *model, const struct assign *line, const struct rule *rule);

/* A builder for one more line of the backward program, which may name every node, every gradient
 * and the block's own names. What is said of its slots lives in ARENA, which must be there until the
 * program is rolled back. */
struct builder rules_builder(struct model *model, struct arena *arena, struct diag *diag);

#endif
