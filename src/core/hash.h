/* FNV-1a, for tables and signatures; not for anything that must resist an attacker. */
#ifndef GRADWALK_CORE_HASH_H
#define GRADWALK_CORE_HASH_H

#include <stdint.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)

static inline uint64_t hash_mix(uint64_t hash, uint64_t part) {
  return (hash ^ part) * UINT64_C(0x100000001b3);
}

#endif
