#include "explore/deed.h"

#include <stdlib.h>
#include <string.h>

struct deed *deeds_keep(struct deed *deed) {
  if (deed) deed->owners++;
  return deed;
}

static void forget_other(struct deed *deed) {
  if (deed->kept) exploration_drop(&deed->other);
  deed->kept = false;
  deed->bytes = deed->total = 0;
}

void deeds_drop(struct deed *deed) {
  for (struct deed *next; deed && --deed->owners == 0; deed = next) {
    next = deed->next;
    forget_other(deed);
    free(deed->line);
    free(deed);
  }
}

size_t deeds_count(const struct deed *deed) {
  return deed ? deed->number : 0;
}

const char *deeds_line(const struct deed *deed, size_t index) {
  while (deed->number > index + 1) deed = deed->next;
  return deed->line;
}

struct deed *deed_new(const char *line, struct exploration other, size_t bytes,
                      struct deed *next) {
  struct deed *deed = malloc(sizeof *deed);
  char *copy = strdup(line);
  if (!deed || !copy) {
    free(deed);
    free(copy);
    exploration_drop(&other);
    return NULL;
  }
  *deed = (struct deed){.owners = 1, .number = deeds_count(next) + 1, .line = copy, .kept = true,
                        .bytes = bytes, .total = bytes + (next ? next->total : 0),
                        .other = other, .next = deeds_keep(next)};
  return deed;
}

void deeds_bound(struct deed *deed, size_t most) {
  const size_t enough = most - most / 4;
  struct deed *first = deed;
  if (!deed || deed->total <= most) return;
  size_t bytes = 0;
  for (; deed && bytes + deed->bytes <= enough; deed = deed->next) bytes += deed->bytes;
  struct deed *end = deed;
  for (; deed && deed->kept; deed = deed->next) forget_other(deed);
  for (deed = first; deed != end; deed = deed->next) {
    deed->total = bytes;
    bytes -= deed->bytes;
  }
}
