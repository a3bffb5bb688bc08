#include "report/json.h"

#include <math.h>

json_t *json_number(double value) {
  char buffer[NUMBER_TEXT_SIZE];
  return isfinite(value) ? json_real(value) : json_string(number_text(value, buffer));
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
