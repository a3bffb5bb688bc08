#include "core/random.h"

#include <math.h>

enum { N = 624, M = 397 };

void random_seed(struct random *random, uint32_t seed) {
  random->state[0] = seed;
  for (uint32_t i = 1; i < N; i++) {
    uint32_t previous = random->state[i - 1];
    random->state[i] = 1812433253u * (previous ^ previous >> 30) + i;
  }
  random->next = N;
  random->has_spare = false;
  random->spare = 0;
}

static void twist(uint32_t *state) {
  for (int i = 0; i < N; i++) {
    uint32_t bits = (state[i] & 0x80000000u) | (state[(i + 1) % N] & 0x7fffffffu);
    state[i] = state[(i + M) % N] ^ bits >> 1 ^ (bits & 1 ? 0x9908b0dfu : 0);
  }
}

uint32_t random_bits(struct random *random) {
  if (random->next == N) {
    twist(random->state);
    random->next = 0;
  }
  uint32_t y = random->state[random->next++];
  y ^= y >> 11;
  y ^= y << 7 & 0x9d2c5680u;
  y ^= y << 15 & 0xefc60000u;
  return y ^ y >> 18;
}

double random_uniform(struct random *random) {
  uint32_t high = random_bits(random) >> 5, low = random_bits(random) >> 6;
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

uint32_t random_below(struct random *random, uint32_t count) {
  uint32_t mask = count - 1, value;
  if (count == 1) return 0;
  for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
  do value = random_bits(random) & mask;
  while (value >= count);
  return value;
}

double random_normal(struct random *random) {
  if (random->has_spare) {
    random->has_spare = false;
    return random->spare;
  }
  double x, y, square;
  do {
    x = 2 * random_uniform(random) - 1;
    y = 2 * random_uniform(random) - 1;
    square = x * x + y * y;
  } while (square >= 1 || !(square > 0));
  double factor = sqrt(-2 * log(square) / square);
  random->spare = factor * x;
  random->has_spare = true;
  return factor * y;
}
