/* Rewriting one line of a backward pass: patterns and replacements over the syntax tree, as the
 * rows of rewrite.def have them. */
#ifndef GRADWALK_BUG_REWRITE_H
#define GRADWALK_BUG_REWRITE_H

#include "bug/outline.h"

/* The lines that a rewrite is for. */
enum where {
  PART,        /* every line, at every place in it that the pattern fits */
  WHOLE,       /* every line, if the pattern fits all of it; the others likewise */
  BATCH,       /* where there is more than one sample */
  SHARE,       /* where several lines make one gradient */
  LATER_SHARE, /* the same, but not the first of them; makes a line with = */
  FIRST,       /* the first line of a gradient; makes a line with = */
  TENSOR,      /* where the line makes more than one number */
  PRODUCT,     /* lines of an entrywise product */
  UNPENALISED  /* a param that the loss does not penalise, where it penalises another */
};

/* One line under the knife. */
struct rule_line {
  struct model *model;
  const struct outline *outline; /* of it, with the penalties found */
  struct arena *arena; /* new expressions go here */
  size_t rule;
  const struct expr *root;
};

/* Whether a part of rule line RULE is the share of a penalty. */
bool line_has_penalty(const struct model *model, size_t rule);

/* Whether rewrites of WHERE are for this line. */
bool line_wants(const struct rule_line *line, enum where where);

/* Rewrites the place at preorder index PLACE of the line (0 is all of it): the new right side, or
 * NULL if PATTERN does not fit there, REPLACEMENT has no sense there, or memory is short (then
 * *FAILED). *VARIANT becomes what was replaced by what, where that was one name by another ("z,q"),
 * in the arena; else it is left alone. */
const struct expr *line_rewrite(const struct rule_line *line, const struct expr *pattern,
                                const struct expr *replacement, uint32_t place,
                                const char **variant, bool *failed);

#endif
