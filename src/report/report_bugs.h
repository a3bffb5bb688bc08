/* Reports of the catalogue and the detection matrix. */
#ifndef GRADWALK_REPORT_REPORT_BUGS_H
#define GRADWALK_REPORT_REPORT_BUGS_H

#include "bug/matrix.h"
#include "report/report.h"

/* Puts the mutants whose id or kind contains FILTER ("" for all), rule line by rule line. */
void report_catalogue(struct lines *out, const struct model *model,
                      const struct catalogue *catalogue, const char *filter);
enum status report_catalogue_json(struct text *out, const struct model *model,
                                  const struct catalogue *catalogue);

/* Puts what a kind of bug does, and where it was seen. */
void report_kind(struct lines *out, const struct bug_kind *kind);

/* Puts a row for each mutant with a column for each trial; then how many of those that change
 * something each trial caught; and each mutant that the first trial missed, with the reason. */
void report_matrix(struct lines *out, const struct matrix *matrix);
/* The word for an outcome, of at most six letters: "caught", "MISSED", "unsure", "same", "-"; and
 * what it is. */
extern const char *const report_outcomes[OUTCOME_COUNT];
extern const enum line_role report_outcome_roles[OUTCOME_COUNT];

/* How many mutants came out of TRIAL like that. */
size_t report_outcome_count(const struct matrix *matrix, size_t trial, enum outcome outcome);
enum status report_matrix_json(struct text *out, const struct matrix *matrix);

/* Puts "id,kind,change,TRIAL,…" and a line for each mutant. */
void report_matrix_csv(struct text *out, const struct matrix *matrix);

/* Adds a note to CHECK, which has just been run on MODEL: how many of the mutants would have
 * passed, or that finding it out takes longer than the check did. Adds nothing where the test was
 * not the one per entry in double precision, or has not passed. MODEL is changed for a while and
 * left as it was. */
enum status report_survey(struct check *check, struct model *model, int edition,
                          struct diag *diag);

#endif
