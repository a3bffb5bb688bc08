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

/* Each member calls WORK with its number, the caller with 0; returns when all have done it. */
void team_work(struct team *team, void (*work)(void *context, int member), void *context);

/* Processors that can work at once, at most TEAM_MAX. */
int team_processors(void);

#endif
