/* Reports: what eval and check found, as text for people and as JSON for programs. */
#ifndef GRADWALK_REPORT_REPORT_H
#define GRADWALK_REPORT_REPORT_H

#include "blame/diagnose.h"
#include "check/sweep.h"
#include "lesson/progress.h"
#include "report/lines.h"
#include "train/history.h"

/* What the output can show. */
struct style {
  bool unicode; /* block characters; else ASCII */
  int columns;  /* on a line; 0: 80 */
};

enum line_role report_verdict_role(enum verdict verdict);

/* Puts a line that is no longer in force, marked as that: "~~dq = df * z~~". */
void report_replaced(struct lines *out, const struct model *model, const char *line);

/* What lines that show rule INDEX are about; that of a node's value or gradient. */
struct about report_about_rule(const struct model *model, size_t index);
struct about report_about_node(int node, bool gradient);

/* Columns for the names of the nodes that are shown. */
int report_name_width(const struct model *model);

/* Puts a number in full, a small tensor entry by entry (further rows under the first), a large one
 * in summary. */
void report_tensor(struct text *out, const double *values, struct shape shape);

/* Puts every value and gradient. RUN has done its forward and backward pass. */
void report_eval(struct lines *out, const struct model *model, const struct run *run);

/* Puts what was done; the table (report_table.h); the verdict; what the check saw, tensor by
 * tensor; each line that is wrong; the lines between, if there are any; what the check is worth. */
void report_check(struct lines *out, const struct model *model, const struct check *check,
                  struct style style);

/* Puts the line with the verdict alone. */
void report_check_verdict(struct lines *out, const struct check *check);

/* Puts the table of errors, the best steps, and what limits the error on each side of them. */
void report_sweep(struct lines *out, const struct sweep *sweep);

/* Puts the same without the table: a few lines. */
void report_sweep_summary(struct lines *out, const struct sweep *sweep);

/* Puts how many slopes were compared: "52 entries", or "1 direction" if BY_DIRECTION. */
void report_put_count(struct text *out, size_t slopes, bool by_direction);

/* VALUE with two digits and a power of ten, so that columns compare: 3.9e-4. */
const char *report_scientific(double value, char buffer[NUMBER_TEXT_SIZE]);

/* Puts what was done, a line for each row, and how it ended. MODEL is the one that was trained, or
 * another build of the same text. */
void report_train(struct lines *out, const struct history *history, const struct model *model);

/* Put its parts, in order. */
void report_train_title(struct lines *out, const struct history *history);
void report_train_columns(struct lines *out, const struct history *history);
void report_train_row(struct lines *out, const struct history *history,
                      const struct train_row *row);
void report_train_end(struct lines *out, const struct history *history,
                      const struct model *model);
void report_train_notes(struct lines *out, const struct history *history,
                        const struct model *model);

/* STATUS_NO_MEMORY if there was none. Numbers read back exactly; JSON has no NaN or infinity, so
 * these are the strings "nan", "inf" and "-inf". */
enum status report_eval_json(struct text *out, const struct model *model, const struct run *run);
enum status report_check_json(struct text *out, const struct model *model,
                              const struct check *check);

/* [{"name": "01-chain-rule"}, …], with "step", "steps", "right", "skipped" and "open" answers where
 * PROGRESS knows the lesson. */
enum status report_list_json(struct text *out, char *const *names, size_t count,
                             const struct progress *progress);
/* BEFORE and AFTER: the verdicts of the checks, or NULL. */
enum status report_train_json(struct text *out, const struct history *history,
                              const struct model *model, const char *before, const char *after);

#endif
