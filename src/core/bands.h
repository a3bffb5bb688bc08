/* A program shared out among a team. Its instructions are cut into stretches.
 *   By rows: where each row of what a stretch computes depends, within the stretch, on the same row
 * only, every member takes a stripe of rows through all of it and meets the others at its end.
 *   By terms: a matrix product with a large second operand. Every member adds the terms of its
 * stripe of that operand's rows to the sums that the member before it has left; they follow each
 * other a few rows of the result apart. So a member reads just those weights that it also updates.
 * Neither changes a bit. */
#ifndef GRADWALK_CORE_BANDS_H
#define GRADWALK_CORE_BANDS_H

#include "core/program.h"
#include "core/team.h"

enum sharing { SHARE_NOTHING, SHARE_ROWS, SHARE_TERMS };

struct stretch {
  size_t first, last; /* instructions [first, last) */
  enum sharing sharing;
};

struct bands {
  struct code code; /* the program's, in an order of its own that gives the same */
  struct stretch *stretches;
  size_t count;
};

/* Stripe PIECE of PIECES of so many rows, [first, last): where there are many, whole words of bits
 * of them, as the matrix product likes it. */
struct stripe {
  size_t first, last;
};
struct stripe stripe_of(size_t rows, int piece, int pieces);

/* For CODE of the program of RUN. A stretch with less WORK than so many products of two numbers is
 * left to one member. STATUS_NO_MEMORY at worst. */
enum status bands_init(struct bands *bands, struct run *run, const struct code *code, size_t work);
void bands_done(struct bands *bands);

/* Whether all that reads SLOT takes it in stripes of its columns, so that run_mark() may deal them
 * out among the members. */
bool bands_deal(const struct bands *bands, int slot);

/* Runs the whole code. Allocates nothing. */
void bands_run(const struct bands *bands, struct team *team, struct run *run);

#endif
