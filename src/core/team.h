/* Threads that wait for work, so that even a few microseconds of it can be shared out. A team owns
 * its threads until team_free(). Only one thread may give it work. */
#ifndef GRADWALK_CORE_TEAM_H
#define GRADWALK_CORE_TEAM_H

#include <stdint.h>

enum {
  TEAM_MAX = 64,
  TEAM_APART = 128 /* bytes between what different threads write, lest they wait for each other */
};

struct team;

/* A team of MEMBERS threads, the caller among them; of fewer where threads cannot be had. NULL if
 * there is no memory. */
struct team *team_new(int members);
void team_free(struct team *team); /* harmless on NULL */
int team_members(const struct team *team);

/* Calls WORK once for each of PIECES pieces (1 or more), begun in rising order, by whichever member
 * comes to it (the caller is number 0 and takes the first), and returns when all are done. With one
 * piece for each member, each mostly gets the same one again; with several, nobody waits for a
 * member that the machine lets sleep. */
void team_work(struct team *team, int pieces, void (*work)(void *context, int piece, int member),
               void *context);

/* Processors that can work at once, at most TEAM_MAX. */
int team_processors(void);

#endif
