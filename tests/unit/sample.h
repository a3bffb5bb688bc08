/* How many random models a test makes: all of them where the program is quick, a sample where it is
 * built with sanitizers or not optimised. */
#ifndef GRADWALK_TESTS_SAMPLE_H
#define GRADWALK_TESTS_SAMPLE_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(SANITIZED) || defined(__SANITIZE_ADDRESS__)
enum { USUAL_PERCENT = 5 };
#elif !defined(__OPTIMIZE__)
enum { USUAL_PERCENT = 25 };
#else
enum { USUAL_PERCENT = 100 };
#endif

/* Of USUAL models as many as the environment's VARIABLE says in percent, and at least LEAST. */
static inline uint32_t sample_count(const char *variable, uint32_t usual, double least) {
  const char *wish = getenv(variable);
  return (uint32_t)fmax(least, usual * (wish ? atof(wish) : USUAL_PERCENT) / 100);
}

#endif
