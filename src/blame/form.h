/* The form of a difference: how a wrong gradient can be had from the right one. */
#ifndef GRADWALK_BLAME_FORM_H
#define GRADWALK_BLAME_FORM_H

#include "blame/truth.h"

enum form_kind {
  FORM_UNKNOWN,
  FORM_FACTOR,     /* is = factor * should, in every entry */
  FORM_ONE_NUMBER, /* the same, but just one entry is not 0: no factor can be told */
  FORM_ZERO,       /* all of it is 0 */
  FORM_SAME,       /* all entries are one number, those of should are not */
  FORM_SUM,        /* the same, and that number is their sum */
  FORM_MEAN,       /* or their mean */
  FORM_OFFSET,     /* is = should + factor, in every entry */
  FORM_OWN_VALUE,  /* is = should + factor * own values, entry by entry */
  FORM_TRANSPOSED,
  FORM_ROWS_MOVED, /* the rows of should in another order; `moved` says whether reversed or shifted */
  FORM_COLS_MOVED,
  FORM_OTHER,      /* the gradient of the node `other` */
  FORM_MASK_MISSING, /* entries that should be 0 are not; the others are right */
  FORM_MASK_EXTRA, /* entries are 0 that should not be; the others are right */
  FORM_CLIPPED,    /* is = should, cut off at -factor and factor */
  FORM_SQUARED,    /* is = should * should */
  FORM_MAGNITUDE,  /* is = |should| */
  FORM_ROW_SCALES, /* every row has a factor of its own */
  FORM_COL_SCALES,
  FORM_ENTRY,      /* only the entry at row, col is wrong */
  FORM_ROW,        /* only the row is */
  FORM_COL,
  FORM_KIND_COUNT
};

enum form_order { ORDER_ANY, ORDER_REVERSED, ORDER_SHIFTED };

struct form {
  enum form_kind kind;
  double factor;         /* NaN where the form has none */
  uint32_t row, col;
  size_t wrong;          /* entries */
  enum form_order order;
  int other;
  bool own_value_there;  /* FORM_ROW, FORM_COL, FORM_ENTRY: what it is off there is factor * own */
};

/* What is compared: tensors of SHAPE. */
struct compared {
  const double *is, *should;
  const double *own;     /* the values of the param itself, or NULL */
  struct shape shape;
  const struct truth *truth; /* for the gradients of other nodes; NULL: those are not tried */
  int node;              /* whose gradient it is; -1: none */
  double largest, scale; /* of SHOULD, of both: form_find() fills them in */
};

struct form form_find(const struct compared *compared);

/* What the catalogue calls a result of that form, or NULL. */
const char *form_bug_kind(const struct form *form);

#endif
