/* Reports: what eval and check found, as text for people and as JSON for programs. */
#ifndef GRADWALK_SESSION_REPORT_H
#define GRADWALK_SESSION_REPORT_H

#include "check/sweep.h"
#include "lesson/progress.h"

/* What the output can show. */
struct style {
  bool colour;  /* never the only sign of anything */
  bool unicode; /* block characters; else ASCII */
};

/* A number in full, a small tensor entry by entry (further rows under the first), a large one in
 * summary. */
void report_tensor(struct text *out, const double *values, struct shape shape);

/* RUN has done its forward and backward pass. */
void report_eval(struct text *out, const struct model *model, const struct run *run,
                 struct style style);
void report_check(struct text *out, const struct model *model, const struct check *check,
                  struct style style);

/* Its parts in order: what was done, with the head of the table; a row a tensor; the lines between,
 * if there are any; the verdict; its reasons and the notes. */
void report_check_head(struct text *out, const struct model *model, const struct check *check,
                       struct style style);
void report_check_row(struct text *out, const struct model *model, const struct check *check,
                      const struct tensor_check *tensor, struct style style);
void report_check_between(struct text *out, const struct model *model, const struct check *check);
void report_check_verdict(struct text *out, const struct check *check, struct style style);
void report_check_reasons(struct text *out, const struct model *model, const struct check *check);

/* The column of a row at which the bar begins; behind the bar stands the verdict. */
int report_bar_start(const struct model *model);

/* The table of errors, the best steps, and what limits on each side of them. */
void report_sweep(struct text *out, const struct sweep *sweep);

/* That without the table: a few lines. */
void report_sweep_summary(struct text *out, const struct sweep *sweep);

/* With two digits and a power of ten throughout, so that columns compare: 3.9e-4. */
const char *report_scientific(double value, char buffer[NUMBER_TEXT_SIZE]);

/* STATUS_NO_MEMORY if there was none. Numbers read back exactly; JSON has no NaN or infinity, so
 * these are the strings "nan", "inf" and "-inf". */
enum status report_eval_json(struct text *out, const struct model *model, const struct run *run);
enum status report_check_json(struct text *out, const struct model *model,
                              const struct check *check);

/* [{"name": "01-chain-rule"}, …], with "step", "steps", "right", "skipped" and "open" answers where
 * PROGRESS knows the lesson. */
enum status report_list_json(struct text *out, char *const *names, size_t count,
                             const struct progress *progress);

#endif
