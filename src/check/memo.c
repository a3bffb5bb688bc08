#include "check/memo.h"

#include "core/hash.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 1 << 10, MOST = 1 << 21 }; /* places, each of 32 bytes; half of them are used */

struct memo_entry {
  struct memo_key key;
  uint64_t answer; /* key.h is a NaN: none */
};

struct memo {
  pthread_mutex_t lock;
  struct memo_entry *places;
  size_t room, count; /* room: a power of two */
};

static struct memo_entry *make_places(size_t room) {
  struct memo_entry *places = malloc(room * sizeof *places);
  for (size_t i = 0; places && i < room; i++) places[i] = (struct memo_entry){.key.h = NAN};
  return places;
}

struct memo *memo_new(void) {
  struct memo *memo = calloc(1, sizeof *memo);
  struct memo_entry *places = make_places(FIRST_ROOM);
  if (!memo || !places) {
    free(memo);
    free(places);
    return NULL;
  }
  memo->places = places;
  memo->room = FIRST_ROOM;
  pthread_mutex_init(&memo->lock, NULL);
  return memo;
}

void memo_done(struct memo *memo) {
  if (!memo) return;
  pthread_mutex_destroy(&memo->lock);
  free(memo->places);
  free(memo);
}

/* 0 and -0 are two steps to the hash and one to ==, so bits are compared. */
static bool is_key(const struct memo_key *a, const struct memo_key *b) {
  return memcmp(&a->h, &b->h, sizeof a->h) == 0 && a->entry == b->entry && a->slot == b->slot &&
         a->what == b->what;
}

/* The place where KEY is or belongs. */
static struct memo_entry *find(struct memo_entry *places, size_t room, const struct memo_key *key) {
  uint64_t hash = HASH_START, h;
  memcpy(&h, &key->h, sizeof h);
  hash = hash_mix(hash_mix(hash, h), key->entry);
  hash = hash_mix(hash, (uint64_t)(unsigned)key->slot << 32 | key->what);
  hash ^= hash >> 32; /* steps differ in their high bits only */
  hash = hash_mix(hash, hash >> 29);
  size_t i = (size_t)(hash ^ hash >> 32) & (room - 1);
  while (!isnan(places[i].key.h) && !is_key(&places[i].key, key)) i = (i + 1) & (room - 1);
  return &places[i];
}

bool memo_find(struct memo *memo, const struct memo_key *key, uint64_t *answer) {
  if (isnan(key->h)) return false;
  pthread_mutex_lock(&memo->lock);
  const struct memo_entry *place = find(memo->places, memo->room, key);
  const bool known = !isnan(place->key.h);
  if (known) *answer = place->answer;
  pthread_mutex_unlock(&memo->lock);
  return known;
}

static bool grow(struct memo *memo) {
  const size_t room = memo->room * 2;
  struct memo_entry *places = room <= MOST ? make_places(room) : NULL;
  if (!places) return false;
  for (size_t i = 0; i < memo->room; i++)
    if (!isnan(memo->places[i].key.h)) *find(places, room, &memo->places[i].key) = memo->places[i];
  free(memo->places);
  memo->places = places;
  memo->room = room;
  return true;
}

void memo_keep(struct memo *memo, const struct memo_key *key, uint64_t answer) {
  if (isnan(key->h)) return;
  pthread_mutex_lock(&memo->lock);
  if (memo->count < memo->room / 2 || grow(memo)) {
    struct memo_entry *place = find(memo->places, memo->room, key);
    memo->count += isnan(place->key.h);
    *place = (struct memo_entry){*key, answer};
  }
  pthread_mutex_unlock(&memo->lock);
}
