/* Random numbers, bit for bit those of numpy.random.seed / rand / randn: MT19937 (Matsumoto and
 * Nishimura 1998), 53-bit doubles, and the legacy polar Gaussian that hands out the second
 * deviate of each pair first. A plain value: copy it to fork the stream. */
#ifndef GRADWALK_CORE_RANDOM_H
#define GRADWALK_CORE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
  uint32_t state[624];
  int next;
  bool has_spare;
  double spare; /* the deviate that the last pair left over */
};

void random_seed(struct random *random, uint32_t seed);
uint32_t random_bits(struct random *random);

/* Uniform in [0, 1). */
double random_uniform(struct random *random);

/* Uniform in 0 … COUNT - 1, as numpy.random.choice(COUNT). COUNT is at least 1. */
uint32_t random_below(struct random *random, uint32_t count);

/* Normal with mean 0 and variance 1. */
double random_normal(struct random *random);

#endif
