/* Reports: what eval and check found, as text for people and as JSON for programs. */
#ifndef GRADWALK_REPORT_REPORT_H
#define GRADWALK_REPORT_REPORT_H

#include "blame/diagnose.h"
#include "check/sweep.h"
#include "lesson/progress.h"
#include "train/history.h"

/* What the output can show. */
struct style {
  bool colour;  /* never the only sign of anything */
  bool unicode; /* block characters; else ASCII */
  int columns;  /* on a line; 0: 80 */
};

/* How something is meant: orange for trouble, blue for good, as a colour-blind eye tells them
 * apart. */
enum tone { TONE_PLAIN, TONE_GOOD, TONE_DOUBT, TONE_BAD, TONE_FAINT, TONE_COUNT };

void report_toned(struct text *out, struct style style, enum tone tone, const char *string);
enum tone report_verdict_tone(enum verdict verdict);

/* A line that is no longer in force: "~~dq = df * z~~", which the explorer dims. */
void report_struck_line(struct text *out, const struct model *model, const char *line);

/* Columns for the names of the nodes that are shown. */
int report_name_width(const struct model *model);

/* A number in full, a small tensor entry by entry (further rows under the first), a large one in
 * summary. */
void report_tensor(struct text *out, const double *values, struct shape shape);

/* RUN has done its forward and backward pass. */
void report_eval(struct text *out, const struct model *model, const struct run *run,
                 struct style style);
void report_check(struct text *out, const struct model *model, const struct check *check,
                  struct style style);

/* Its parts in order: what was done; the table (report_table.h); the verdict; what it saw, tensor
 * by tensor; each line that is wrong; the lines between, if there are any; what it is worth. */
void report_check_head(struct text *out, const struct check *check, struct style style);
void report_check_verdict(struct text *out, const struct check *check, struct style style);
void report_check_reasons(struct text *out, const struct model *model, const struct check *check,
                          struct style style);
size_t report_wrong_line_count(const struct check *check);
void report_wrong_line(struct text *out, const struct model *model, const struct check *check,
                       size_t index, struct style style);
void report_check_between(struct text *out, const struct model *model, const struct check *check,
                          struct style style);
void report_check_notes(struct text *out, const struct model *model, const struct check *check,
                        struct style style);

/* The table of errors, the best steps, and what limits on each side of them. */
void report_sweep(struct text *out, const struct sweep *sweep);

/* That without the table: a few lines. */
void report_sweep_summary(struct text *out, const struct sweep *sweep);

/* With two digits and a power of ten throughout, so that columns compare: 3.9e-4. */
const char *report_scientific(double value, char buffer[NUMBER_TEXT_SIZE]);

/* What was done; a line for each row; how it ended. MODEL: the one trained, or another build of the
 * same text. */
void report_train(struct text *out, const struct history *history, const struct model *model);

/* Its parts in order. */
void report_train_title(struct text *out, const struct history *history);
void report_train_columns(struct text *out, const struct history *history);
void report_train_row(struct text *out, const struct history *history,
                      const struct train_row *row);
void report_train_end(struct text *out, const struct history *history,
                      const struct model *model);
void report_train_notes(struct text *out, const struct history *history,
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
