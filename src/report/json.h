/* Printing and reading JSON documents. */
#ifndef GRADWALK_REPORT_JSON_H
#define GRADWALK_REPORT_JSON_H

#include "core/shape.h"
#include "core/status.h"
#include "core/text.h"

#include <jansson.h>

/* Numbers read back exactly; JSON has no NaN or infinity, so these are the strings "nan", "inf" and
 * "-inf". */
json_t *json_number(double value);

/* New arrays, the caller's; NULL if there was no memory, which what takes them reports. */
json_t *json_pair(json_t *first, json_t *second);              /* takes both */
json_t *json_shape(struct shape shape);                        /* [rows, columns] */
json_t *json_tensor(const double *values, struct shape shape); /* an array of rows */

/* Appends DOCUMENT (NULL: there was no memory to make it) on one line and drops it. FLAGS of
 * json_dumps() besides. STATUS_NO_MEMORY if there was none. */
enum status json_print(struct text *out, json_t *document, size_t flags);

#endif
