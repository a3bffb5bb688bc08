#include "blame/wrong.h"

#include "core/memory.h"

#include <stdlib.h>

enum status wrong_lines_add(struct wrong_lines *found, struct wrong_line line) {
  if (!array_reserve(&found->items, &found->capacity, found->count + 1, sizeof *found->items))
    return STATUS_NO_MEMORY;
  found->items[found->count++] = line;
  return STATUS_OK;
}

void wrong_lines_done(struct wrong_lines *found) {
  free(found->items);
  free(found->stations);
  *found = (struct wrong_lines){0};
}
