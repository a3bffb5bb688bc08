/* Protects progress_parse(): no byte string crashes it; what it has read it writes and reads again
 * as the same, undamaged; and merging a file with itself changes nothing. */
#include "lesson/progress.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition) {
  if (!condition) abort();
}

static void check_again(const struct text *text) {
  struct progress again;
  struct diag diag;
  struct text same;
  text_init(&same);
  require(progress_parse(&again, text_string(text), text->length, &diag) == STATUS_OK);
  require(!again.damaged);
  for (size_t i = 0; i < again.count; i++) {
    struct progress_entry entry = again.entries[i];
    char *marks = strdup(entry.marks);
    require(marks && entry.page <= entry.pages && strlen(entry.marks) <= PROGRESS_QUIZZES);
    entry.marks = marks;
    require(progress_merge(&again, &entry, &diag) == STATUS_OK);
    free(marks);
  }
  progress_put(&again, &same);
  require(same.length == text->length && memcmp(same.bytes, text->bytes, same.length) == 0);
  text_done(&same);
  progress_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  struct progress progress;
  struct diag diag = {0};
  struct text text;
  text_init(&text);
  enum status status = progress_parse(&progress, (const char *)bytes, length, &diag);
  require(status == STATUS_OK || (status == STATUS_LIMIT && diag.message[0]));
  if (status == STATUS_OK) {
    progress_put(&progress, &text);
    check_again(&text);
  }
  text_done(&text);
  progress_done(&progress);
  return 0;
}
