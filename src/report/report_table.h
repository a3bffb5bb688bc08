/* The table of a check: a row for each tensor, and as many columns as the width allows; the less
 * important ones are left out first. */
#ifndef GRADWALK_REPORT_REPORT_TABLE_H
#define GRADWALK_REPORT_REPORT_TABLE_H

#include "report/report.h"

/* From left to right. */
enum check_column {
  COLUMN_TENSOR,
  COLUMN_SHAPE,
  COLUMN_RELATIVE,
  COLUMN_SHARE, /* of the overall difference; only under an overall tolerance */
  COLUMN_MEAN,
  COLUMN_LARGEST,
  COLUMN_FACTOR,
  COLUMN_COSINE,
  COLUMN_BAR,
  COLUMN_VERDICT,
  COLUMN_COUNT
};

struct check_table {
  const struct model *model;
  const struct check *check;
  bool unicode;
  int starts[COLUMN_COUNT], widths[COLUMN_COUNT]; /* in screen columns; width 0: left out */
  bool failed; /* there was no memory to plan it */
  int bar; /* cells of the bar, besides the edges of its bands */
};

/* Chooses the columns that fit into COLUMNS. */
void check_table_plan(struct check_table *table, const struct model *model,
                      const struct check *check, bool unicode, int columns);

/* Puts all of it as lines. */
void check_table_put(struct lines *out, const struct check_table *table);

/* report_check() with this table. */
void report_check_table(struct lines *out, const struct check_table *table, struct style style);

#endif
