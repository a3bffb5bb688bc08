/* A hunt as it is played in a session: what was done and when, what it costs, the record that it
 * leaves, and the grading of such records. */
#ifndef GRADWALK_GAME_GAME_H
#define GRADWALK_GAME_GAME_H

#include "explore/session.h"
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
  int page;         /* step of the lesson */
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

void play_done(struct play *play);

/* Whether a hunt is on that is not over yet. */
bool play_is_on(const struct session *session);

/* Says no to COMMAND where it would leave the hunt that is on, else STATUS_OK. */
enum status play_allows(const struct session *session, const char *command, struct diag *diag);

/* Counts LINE, which was just carried out and whose command is COMMAND, and brings the record up to
 * date. STATUS_IO if that cannot be written; the hunt goes on. */
enum status play_note(struct session *session, const char *command, const char *line,
                      struct diag *diag);

/* Call where the player can move the focus without a command: a look at a node where he has not
 * been yet counts as the command "focus" does. As play_note(). */
enum status play_look(struct session *session, struct diag *diag);

/* "2 of 3 found, 4 checks, 7 looks, 81 points": for a status line. */
void play_put_state(const struct session *session, struct text *out);

/* Has the hunt that is on leave its record in PATH, which must not exist yet. */
enum status play_record(struct session *session, const char *path, struct diag *diag);

/* The commands. */
enum status do_hunt(struct session *session, const struct source *arguments, struct lines *out,
                    struct diag *diag);
enum status do_giveup(struct session *session, const struct source *arguments, struct lines *out,
                      struct diag *diag);
enum status do_numeric(struct session *session, const struct source *arguments, struct lines *out,
                       struct diag *diag);

/* The record of a hunt as JSON, with a seal over all of it. */
enum status record_make(const struct session *session, struct text *out);

/* What grading a record yields. */
struct grade {
  struct text lesson, remarks; /* remarks: each wrong answer and why, a line each */
  uint32_t seed;
  int level;
  size_t bugs, found;
  unsigned checks, looks, hints, wrong, score;
  double seconds;
  bool over;
};
void grade_done(struct grade *grade);

/* Replays the record in FILE and scores it anew. STATUS_DATA if it is cut off, edited, of another
 * text of the lesson, or not a record at all; DIAG says which. Ends with grade_done(). */
enum status grade_record(const char *file, struct grade *grade, struct diag *diag);

#endif
