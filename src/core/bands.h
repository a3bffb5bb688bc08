/* A program shared out among a team. Its instructions are cut into stretches: where each row of what
 * a stretch computes depends, within the stretch, on the same row only, every member takes a stripe
 * of rows through all of it and meets the others at its end. That does not change a bit. */
#ifndef GRADWALK_CORE_BANDS_H
#define GRADWALK_CORE_BANDS_H

#include "core/program.h"
#include "core/team.h"

struct stretch {
  size_t first, last; /* instructions [first, last) */
  bool shared;
};

struct bands {
  struct code code; /* the program's, in an order of its own that gives the same */
  struct stretch *stretches;
  size_t count;
};

/* Stripe PIECE of PIECES of ROWS rows, [first, last). */
struct stripe {
  size_t first, last;
};
struct stripe stripe_of(size_t rows, int piece, int pieces);

/* For CODE of the program of RUN. A stretch with less WORK than so many products of two numbers is
 * left to one member. STATUS_NO_MEMORY at worst. */
enum status bands_init(struct bands *bands, struct run *run, const struct code *code, size_t work);
void bands_done(struct bands *bands);

/* Runs the whole code. Allocates nothing. */
void bands_run(const struct bands *bands, struct team *team, struct run *run);

#endif
