/* The verbs for those who write lessons. */
#ifndef GRADWALK_CLI_LESSONS_H
#define GRADWALK_CLI_LESSONS_H

#include "lang/diag.h"

#include <stdbool.h>

/* The lessons there are, with how far the reader is. */
enum status lessons_list(bool json, struct text *out, struct diag *diag);

/* Proves each of FILES and appends a TAP line for each (or JSON) to OUT, and what is wrong to
 * ERRORS. Returns the exit status: 0 if all hold, 1 if something does not, 64 and up if a lesson is
 * malformed or cannot be read. */
int lessons_test(const char *const *files, size_t count, bool json, struct text *out,
                 struct text *errors, struct diag *diag);

/* Writes a lesson that passes to NAME.md, which must not exist. */
enum status lessons_new(const char *name, struct text *out, struct diag *diag);

#endif
