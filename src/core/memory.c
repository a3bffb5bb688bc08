#include "core/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#ifndef ARENA_CHUNK_SIZE
#define ARENA_CHUNK_SIZE 16384 /* the tests build with a tiny one, so that growth always runs */
#endif

struct arena_chunk {
  struct arena_chunk *next;
  size_t used, size;
  max_align_t bytes[];
};

void arena_init(struct arena *arena) {
  arena->chunks = NULL;
}

void arena_done(struct arena *arena) {
  while (arena->chunks) {
    struct arena_chunk *next = arena->chunks->next;
    free(arena->chunks);
    arena->chunks = next;
  }
}

void *arena_alloc(struct arena *arena, size_t count, size_t size) {
  size_t bytes;
  if (!size_multiply(count, size, &bytes) || bytes > SIZE_MAX / 2) return NULL;
  bytes = (bytes + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
  struct arena_chunk *chunk = arena->chunks;
  if (!chunk || chunk->size - chunk->used < bytes) {
    size_t room = bytes > ARENA_CHUNK_SIZE ? bytes : ARENA_CHUNK_SIZE;
    chunk = malloc(sizeof *chunk + room);
    if (!chunk) return NULL;
    chunk->next = arena->chunks;
    chunk->used = 0;
    chunk->size = room;
    arena->chunks = chunk;
  }
  void *object = (char *)chunk->bytes + chunk->used;
  chunk->used += bytes;
  return memset(object, 0, bytes);
}

char *arena_copy(struct arena *arena, const char *text, size_t length) {
  char *copy = length < SIZE_MAX ? arena_alloc(arena, length + 1, 1) : NULL;
  if (copy && length > 0) memcpy(copy, text, length);
  return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  char *text = length < 0 ? NULL : arena_alloc(arena, (size_t)length + 1, 1);
  if (text) vsnprintf(text, (size_t)length + 1, format, again);
  va_end(again);
  va_end(arguments);
  return text;
}

bool size_multiply(size_t a, size_t b, size_t *product) {
  return !__builtin_mul_overflow(a, b, product);
}

void memory_keep_freed(void) {
#ifdef __GLIBC__
  enum { LARGE = 64 << 20, REST = 256 << 20 };
  mallopt(M_MMAP_THRESHOLD, LARGE); /* wishes, no more */
  mallopt(M_TRIM_THRESHOLD, REST);
#endif
}

enum { LARGE_PAGE = 2 << 20 };

void memory_scattered(void *bytes, size_t count) {
#ifdef MADV_HUGEPAGE
  uintptr_t first = (uintptr_t)bytes, last = first + count;
  first = (first + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
  last = last / LARGE_PAGE * LARGE_PAGE;
  if (first < last) madvise((void *)first, last - first, MADV_HUGEPAGE); /* a wish, no more */
#else
  (void)bytes, (void)count;
#endif
}

double *memory_numbers(size_t count) {
  size_t bytes;
  if (!size_multiply(count > 0 ? count : 1, sizeof(double), &bytes) || bytes > SIZE_MAX / 2)
    return NULL;
  const size_t unit = bytes >= LARGE_PAGE / 2 ? LARGE_PAGE : MEMORY_LINE;
  bytes = (bytes + unit - 1) / unit * unit;
  double *numbers = aligned_alloc(unit, bytes);
  if (numbers) memory_scattered(numbers, bytes);
  return numbers;
}

bool array_reserve(void *items, size_t *capacity, size_t count, size_t size) {
  if (count <= *capacity) return true;
  size_t wanted = *capacity > SIZE_MAX / 2 ? count : *capacity * 2, bytes;
  if (wanted < count) wanted = count;
  if (wanted < 8) wanted = 8;
  void *old, *grown;
  memcpy(&old, items, sizeof old);
  if (!size_multiply(wanted, size, &bytes) || !(grown = realloc(old, bytes))) return false;
  memcpy(items, &grown, sizeof grown);
  *capacity = wanted;
  return true;
}

bool array_push(void *items, size_t *count, size_t *capacity, const void *item, size_t size) {
  char *first;
  if (!array_reserve(items, capacity, *count + 1, size)) return false;
  memcpy(&first, items, sizeof first);
  memcpy(first + (*count)++ * size, item, size);
  return true;
}
