/* A program shared out among a team. Its instructions are cut into phases. Where each row of what a
 * phase computes depends, within the phase, on the same row only, every member takes a stripe of
 * rows through all of it and meets the others at its end. That does not change a bit. */
#ifndef GRADWALK_CORE_SCHEDULE_H
#define GRADWALK_CORE_SCHEDULE_H

#include "core/program.h"
#include "core/team.h"

struct phase {
  size_t first, last; /* instructions [first, last) */
  bool shared;
};

struct schedule {
  struct code code; /* the program's, in an order of its own that gives the same */
  struct phase *phases;
  size_t count;
};

/* Stripe PIECE of PIECES of ROWS rows, [first, last). */
struct stripe {
  size_t first, last;
};
struct stripe stripe_of(size_t rows, int piece, int pieces);

/* Cuts up CODE, of the program of RUN. A phase that takes fewer than WORK products of two numbers
 * is left to one member. STATUS_NO_MEMORY at worst. */
enum status schedule_init(struct schedule *schedule, struct run *run, const struct code *code,
                          size_t work);
void schedule_done(struct schedule *schedule);

/* Runs the whole code. Allocates nothing. */
void schedule_run(const struct schedule *schedule, struct team *team, struct run *run);

#endif
