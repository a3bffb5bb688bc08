#include "lang/scope.h"

#include "core/hash.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void scope_init(struct scope *scope) {
  *scope = (struct scope){0};
}

void scope_done(struct scope *scope) {
  free(scope->entries);
  scope_init(scope);
}

static struct scope_entry *place(const struct scope *scope, const char *name) {
  const uint64_t hash = hash_bytes(HASH_START, name, strlen(name));
  size_t i = (size_t)(hash ^ hash >> 32) & (scope->capacity - 1);
  while (scope->entries[i].name && strcmp(scope->entries[i].name, name) != 0)
    i = (i + 1) & (scope->capacity - 1);
  return &scope->entries[i];
}

static bool grow(struct scope *scope) {
  struct scope bigger = {.count = scope->count,
                         .capacity = scope->capacity > 0 ? scope->capacity * 2 : 16};
  bigger.entries = calloc(bigger.capacity, sizeof *bigger.entries);
  if (!bigger.entries) return false;
  for (size_t i = 0; i < scope->capacity; i++)
    if (scope->entries[i].name) *place(&bigger, scope->entries[i].name) = scope->entries[i];
  free(scope->entries);
  *scope = bigger;
  return true;
}

bool scope_bind(struct scope *scope, const char *name, int value) {
  if (scope->count + 1 > scope->capacity / 2 && !grow(scope)) return false;
  struct scope_entry *entry = place(scope, name);
  if (!entry->name) scope->count++;
  *entry = (struct scope_entry){name, value};
  return true;
}

int scope_find(const struct scope *scope, const char *name) {
  if (scope->capacity == 0) return -1;
  const struct scope_entry *entry = place(scope, name);
  return entry->name ? entry->value : -1;
}
