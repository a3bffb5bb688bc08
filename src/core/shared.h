/* Objects that several owners share, so that a copy of what holds them costs nothing. Each owner
 * keeps the object once and drops it once; with the last one it ends. What is shared is not
 * changed any more, unless its owner is alone with it. One thread only. */
#ifndef GRADWALK_CORE_SHARED_H
#define GRADWALK_CORE_SHARED_H

#include <stdbool.h>
#include <stddef.h>

/* SIZE zeroed bytes with one owner, aligned for any type; NULL if there is no memory. DONE ends what
 * the object itself owns; it may be NULL. */
void *shared_new(size_t size, void (*done)(void *object));

/* OBJECT, or NULL, with one owner more. */
void *shared_keep(void *object);

/* One owner less. OBJECT may be NULL. */
void shared_drop(void *object);

/* Whether OBJECT has one owner only. */
bool shared_is_single(const void *object);

#endif
