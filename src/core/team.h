/* Threads that stand ready: work of a few microseconds can be shared out among them. A team owns
 * its threads until team_free(). Only one thread may give it work. */
#ifndef GRADWALK_CORE_TEAM_H
#define GRADWALK_CORE_TEAM_H

#include <stdint.h>

enum {
  TEAM_MAX = 64,
  TEAM_APART = 128 /* bytes: what different threads write stands so far apart, or they wait */
};

struct team;

/* A team of so many, the caller among them; smaller where threads cannot be had. NULL if there is
 * no memory. */
struct team *team_new(int members);
void team_free(struct team *team); /* harmless on NULL */
int team_members(const struct team *team);

/* WORK is called once for each of so many PIECES (1 or more), begun in rising order, by whichever
 * member comes to it (the caller is 0, and takes the first); returns when all are done. With one
 * piece a member, each mostly gets the same one again; with several, nobody waits for a member that
 * the machine lets sleep. */
void team_work(struct team *team, int pieces, void (*work)(void *context, int piece, int member),
               void *context);

/* Processors that can work at once, at most TEAM_MAX. */
int team_processors(void);

#endif
