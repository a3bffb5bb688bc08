/* Reports: what eval and check found, as text for people and as JSON for programs. */
#ifndef GRADWALK_SESSION_REPORT_H
#define GRADWALK_SESSION_REPORT_H

#include "check/check.h"

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

/* STATUS_NO_MEMORY if there was none. Numbers read back exactly; JSON has no NaN or infinity, so
 * these are the strings "nan", "inf" and "-inf". */
enum status report_eval_json(struct text *out, const struct model *model, const struct run *run);
enum status report_check_json(struct text *out, const struct model *model,
                              const struct check *check);

/* [{"name": "01-chain-rule"}, …] */
enum status report_list_json(struct text *out, char *const *names, size_t count);

#endif
