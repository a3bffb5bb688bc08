/* Threads that stand ready: work of a few microseconds can be shared out among them. A team owns
 * its threads until team_free(). Only one thread may give it work. */
#ifndef GRADWALK_CORE_TEAM_H
#define GRADWALK_CORE_TEAM_H

enum { TEAM_MAX = 64 };

struct team;

/* A team of so many, the caller among them; smaller where threads cannot be had. NULL if there is
 * no memory. */
struct team *team_new(int members);
void team_free(struct team *team); /* harmless on NULL */
int team_members(const struct team *team);

/* Into how many pieces work is cut: several a member, so that nobody waits for one that the machine
 * lets sleep. */
int team_pieces(const struct team *team);

/* WORK is called once for each piece, from 0, by whichever member comes to it (the caller is 0);
 * returns when all are done. */
void team_work(struct team *team, void (*work)(void *context, int piece, int member),
               void *context);

/* Processors that can work at once, at most TEAM_MAX. */
int team_processors(void);

#endif
