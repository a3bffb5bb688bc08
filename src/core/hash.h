/* FNV-1a, for tables and signatures; not for anything that must resist an attacker. */
#ifndef GRADWALK_CORE_HASH_H
#define GRADWALK_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)

static inline uint64_t hash_mix(uint64_t hash, uint64_t part) {
  return (hash ^ part) * UINT64_C(0x100000001b3);
}

static inline uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) hash = hash_mix(hash, (unsigned char)bytes[i]);
  return hash;
}

#endif
