#include "core/shared.h"

#include <stdint.h>
#include <stdlib.h>

struct shared {
  size_t owners;
  void (*done)(void *object);
  max_align_t object[];
};

static struct shared *shared_of(const void *object) {
  return (struct shared *)((uintptr_t)object - offsetof(struct shared, object));
}

void *shared_new(size_t size, void (*done)(void *object)) {
  if (size > SIZE_MAX - sizeof(struct shared)) return NULL;
  struct shared *shared = calloc(1, sizeof *shared + size);
  if (!shared) return NULL;
  shared->owners = 1;
  shared->done = done;
  return shared->object;
}

void *shared_keep(void *object) {
  if (object) shared_of(object)->owners++;
  return object;
}

void shared_drop(void *object) {
  if (!object) return;
  struct shared *shared = shared_of(object);
  if (--shared->owners > 0) return;
  if (shared->done) shared->done(object);
  free(shared);
}

bool shared_is_single(const void *object) {
  return shared_of(object)->owners == 1;
}
