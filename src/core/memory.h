/* Memory. An arena owns everything allocated from it and gives it all back in arena_done(); an
 * array grown by array_reserve() is owned by whoever holds its pointer and ends with free().
 * Nothing here exits: failure is a NULL or a false, and sizes multiply through a checked helper. */
#ifndef GRADWALK_CORE_MEMORY_H
#define GRADWALK_CORE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct arena_chunk;

struct arena {
  struct arena_chunk *chunks;
};

void arena_init(struct arena *arena);
void arena_done(struct arena *arena);

/* COUNT zeroed objects of SIZE bytes, aligned for any type; NULL if there is no memory. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

/* A NUL-terminated copy of LENGTH bytes of TEXT; NULL if there is no memory. */
char *arena_copy(struct arena *arena, const char *text, size_t length);

/* Formats like printf into the arena; NULL if there is no memory. */
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), 1, sizeof(type)))

/* a * b in *PRODUCT; false if it does not fit. */
bool size_multiply(size_t a, size_t b, size_t *product);

enum { MEMORY_LINE = 64 }; /* bytes that come from memory together, and the widest vector */

/* Room for COUNT numbers, from a line's beginning on; NULL if there is no memory. To be freed
 * with free(). */
double *memory_numbers(size_t count);

/* From now on memory that is freed is kept for what comes next: a check asks for a few megabytes
 * that the one before it has given back, and the system would clear every page of them again. */
void memory_keep_freed(void);

/* Tells the system that these COUNT bytes will be read in no order, so that large pages pay. */
void memory_scattered(void *bytes, size_t count);

/* Makes room for COUNT elements of SIZE bytes in the array at *ITEMS (a pointer to a pointer);
 * false, with the array untouched, if there is no memory. */
bool array_reserve(void *items, size_t *capacity, size_t count, size_t size);

/* Appends ITEM, of SIZE bytes, to the *COUNT elements of the array at *ITEMS; false as above. */
bool array_push(void *items, size_t *count, size_t *capacity, const void *item, size_t size);

/* A variable that need not be cleared before it is written, whatever the compiler is told to do. */
#if defined __has_attribute
#if __has_attribute(uninitialized)
#define UNFILLED __attribute__((uninitialized))
#endif
#endif
#ifndef UNFILLED
#define UNFILLED
#endif

#endif
