/* A hunt as it is played: what was done and when. Explorations share it (core/shared.h). */
#ifndef GRADWALK_GAME_PLAY_H
#define GRADWALK_GAME_PLAY_H

#include "game/hunt.h"

/* One command of the player. */
struct play_act {
  double at; /* seconds since the hunt began */
  char *line;
};

struct play {
  struct hunt hunt;
  struct hunt_options options;
  char *lesson;     /* as it was opened */
  int page;         /* of the lesson */
  uint64_t text;    /* a hash of the model's text */
  double began;
  double at;        /* while a record is replayed: its clock; else negative */
  size_t log_index; /* of the hunt command in the session's log */
  struct play_act *acts;
  size_t act_count, act_capacity;
  char *record;     /* path of the record, or NULL */
  bool *seen;       /* by node: the player has been there, and comes back for nothing */
  bool closed;      /* the act that ended it has been noted */
};

#endif
