#include "core/team.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* How often a waiting thread looks before it lets others run, and before it goes to sleep. */
enum { LOOKS = 1000, YIELDS = 50 };

struct member {
  struct team *team;
  int number;
  pthread_t thread;
};

struct team {
  int count;
  struct member members[TEAM_MAX];
  void (*work)(void *context, int piece, int member);
  void *context;
  int pieces;
  unsigned round;   /* of work; rises when there is some */
  int left;         /* pieces that nobody has taken */
  uint32_t done;    /* pieces */
  bool over;
  int sleepers;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  int kept_off; /* the processor that the members keep off, and one more; 0: none */
};

/* -- processors -- */

int team_processors(void) {
  long count = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
  cpu_set_t ours;
  if (!sched_getaffinity(0, sizeof ours, &ours)) count = CPU_COUNT(&ours);
#endif
  return count < 1 ? 1 : count > TEAM_MAX ? TEAM_MAX : (int)count;
}

/* Members keep off the caller's processor, if there are enough. Linux is free to begin or wake a
 * thread there, and may leave both to it for 50 ms though another has nothing to do: longer than
 * most checks take. */
static void keep_off_caller(struct team *team) {
#ifdef __linux__
  const int caller = sched_getcpu();
  cpu_set_t others;
  if (caller + 1 == team->kept_off || sched_getaffinity(0, sizeof others, &others) ||
      CPU_COUNT(&others) < team->count)
    return;
  CPU_CLR(caller, &others);
  for (int i = 1; i < team->count; i++)
    pthread_setaffinity_np(team->members[i].thread, sizeof others, &others);
  team->kept_off = caller + 1;
#else
  (void)team;
#endif
}

/* -- waiting -- */

/* Between one look and the next: lets a processor that shares the core with another have less. */
static void look_away(void) {
#if defined __x86_64__ || defined __i386__
  __builtin_ia32_pause();
#endif
}

static bool has_come(struct team *team, unsigned round) {
  return __atomic_load_n(&team->round, __ATOMIC_ACQUIRE) != round;
}

/* Until there is other work than that of ROUND. */
static void wait_for_work(struct team *team, unsigned round) {
  for (int i = 0; i < LOOKS; i++, look_away())
    if (has_come(team, round)) return;
  for (int i = 0; i < YIELDS; i++) {
    if (has_come(team, round)) return;
    sched_yield();
  }
  pthread_mutex_lock(&team->lock);
  team->sleepers++;
  while (!has_come(team, round)) pthread_cond_wait(&team->wake, &team->lock);
  team->sleepers--;
  pthread_mutex_unlock(&team->lock);
}

/* A piece is taken before it is known what the work is, so that a member that comes late, when the
 * next round has begun, does that one's; a round is not over while one of its pieces is. */
static void work_along(struct team *team, int member) {
  for (;;) {
    int left = __atomic_fetch_sub(&team->left, 1, __ATOMIC_ACQUIRE);
    if (left <= 0) return;
    team->work(team->context, team->pieces - left, member);
    __atomic_add_fetch(&team->done, 1, __ATOMIC_RELEASE);
  }
}

static void *serve(void *context) {
  struct member *member = context;
  struct team *team = member->team;
  for (unsigned round = 0;;) {
    wait_for_work(team, round);
    round = __atomic_load_n(&team->round, __ATOMIC_ACQUIRE);
    if (__atomic_load_n(&team->over, __ATOMIC_ACQUIRE)) return NULL;
    work_along(team, member->number);
  }
}

/* Whoever sleeps has announced it under the lock before it looked for the last time. */
static void call(struct team *team) {
  pthread_mutex_lock(&team->lock);
  __atomic_add_fetch(&team->round, 1, __ATOMIC_RELEASE);
  if (team->sleepers > 0) pthread_cond_broadcast(&team->wake);
  pthread_mutex_unlock(&team->lock);
}

struct team *team_new(int members) {
  struct team *team = calloc(1, sizeof *team);
  if (!team) return NULL;
  pthread_mutex_init(&team->lock, NULL);
  pthread_cond_init(&team->wake, NULL);
  if (members > TEAM_MAX) members = TEAM_MAX;
  int count = 1;
  for (; count < members; count++) {
    struct member *member = &team->members[count];
    *member = (struct member){.team = team, .number = count};
    if (pthread_create(&member->thread, NULL, serve, member)) break;
  }
  team->count = count; /* read by the members once there is work */
  return team;
}

void team_free(struct team *team) {
  if (!team) return;
  __atomic_store_n(&team->over, true, __ATOMIC_RELEASE);
  call(team);
  for (int i = 1; i < team->count; i++) pthread_join(team->members[i].thread, NULL);
  pthread_cond_destroy(&team->wake);
  pthread_mutex_destroy(&team->lock);
  free(team);
}

int team_members(const struct team *team) {
  return team->count;
}

/* Until *COUNT, which others raise, is LEAST or more: looks for a moment, then lets others run. */
static void team_wait(const uint32_t *count, uint32_t least) {
  for (long looks = 0; __atomic_load_n(count, __ATOMIC_ACQUIRE) < least; looks++) {
    if (looks > LOOKS) sched_yield();
    else look_away();
  }
}

void team_work(struct team *team, int pieces, void (*work)(void *context, int piece, int member),
               void *context) {
  team->work = work;
  team->context = context;
  team->done = 0;
  team->pieces = pieces;
  __atomic_store_n(&team->left, pieces - 1, __ATOMIC_RELEASE);
  if (team->count > 1) {
    keep_off_caller(team);
    call(team);
  }
  work(context, 0, 0);
  __atomic_add_fetch(&team->done, 1, __ATOMIC_RELEASE);
  work_along(team, 0);
  team_wait(&team->done, (uint32_t)pieces);
}
