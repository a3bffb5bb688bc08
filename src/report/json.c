#include "report/json.h"

#include <math.h>

json_t *json_number(double value) {
  char buffer[NUMBER_TEXT_SIZE];
  return isfinite(value) ? json_real(value) : json_string(number_text(value, buffer));
}

json_t *json_pair(json_t *first, json_t *second) {
  json_t *array = json_array();
  bool failed = json_array_append_new(array, first);
  if (json_array_append_new(array, second)) failed = true;
  if (!failed) return array;
  json_decref(array);
  return NULL;
}

json_t *json_shape(struct shape shape) {
  return json_pair(json_integer(shape.rows), json_integer(shape.cols));
}

json_t *json_tensor(const double *values, struct shape shape) {
  json_t *rows = json_array();
  bool failed = !rows;
  for (uint32_t i = 0; i < shape.rows && !failed; i++) {
    json_t *row = json_array();
    for (uint32_t j = 0; j < shape.cols && !failed; j++)
      failed = json_array_append_new(row, json_number(values[(size_t)i * shape.cols + j]));
    if (json_array_append_new(rows, row)) failed = true;
  }
  if (!failed) return rows;
  json_decref(rows);
  return NULL;
}

static int put_bytes(const char *bytes, size_t length, void *context) {
  text_put(context, bytes, length);
  return ((struct text *)context)->failed ? -1 : 0;
}

enum status json_print(struct text *out, json_t *document, size_t flags) {
  flags |= JSON_REAL_PRECISION(17) | JSON_ENSURE_ASCII;
  bool whole = document && !json_dump_callback(document, put_bytes, out, flags);
  text_puts(out, "\n");
  json_decref(document);
  return whole && !out->failed ? STATUS_OK : STATUS_NO_MEMORY;
}
