/* A scope: names and what they stand for (slots, mostly). It lends the names, which must outlive
 * it, and owns its table until scope_done(). */
#ifndef GRADWALK_LANG_SCOPE_H
#define GRADWALK_LANG_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

struct scope_entry {
  const char *name;
  int value;
};

struct scope {
  struct scope_entry *entries; /* open addressing, a power of two, NULL names are free */
  size_t count, capacity;
};

void scope_init(struct scope *scope);
void scope_done(struct scope *scope);

/* Binds NAME, replacing an earlier binding; false if there is no memory. */
bool scope_bind(struct scope *scope, const char *name, int value);

/* What NAME stands for, or -1. */
int scope_find(const struct scope *scope, const char *name);

#endif
