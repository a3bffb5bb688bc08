#include "blame/wrong.h"

#include "core/memory.h"

#include <stdlib.h>

enum status wrong_lines_add(struct wrong_lines *found, struct wrong_line line) {
  return array_push(&found->items, &found->count, &found->capacity, &line, sizeof line)
             ? STATUS_OK
             : STATUS_NO_MEMORY;
}

void wrong_lines_done(struct wrong_lines *found) {
  free(found->items);
  free(found->stations);
  *found = (struct wrong_lines){0};
}
