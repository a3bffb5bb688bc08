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

/* Whether a hunt is on that is not over yet. */
bool play_is_on(const struct session *session);

/* Refuses COMMAND with ARGUMENTS where it would leave the hunt that is on; STATUS_OK otherwise. The
 * second does the same for undo. */
enum status play_allows(const struct session *session, const struct command *command,
                        const char *arguments, struct diag *diag);
enum status play_allows_undo(const struct session *session, struct diag *diag);

/* Call after the session has gone back or on in its log: what was found stays found. */
enum status play_settle(struct session *session, struct diag *diag);

/* Counts LINE, which was just carried out and whose row is COMMAND, and brings the record up to
 * date. STATUS_IO if that cannot be written; the hunt goes on. */
enum status play_note(struct session *session, const struct command *command, const char *line,
                      struct diag *diag);

/* Call where the look may have moved without a command: a node where the player has not been yet
 * counts as the command "focus" does. As play_note(). */
enum status play_look(struct session *session, struct diag *diag);

/* "2 of 3 found, 4 checks, 7 looks, 81 points": for a status line. */
void play_put_state(const struct session *session, struct text *out);

/* Has the hunt that is on leave its record in PATH, which must not exist yet. */
enum status play_record(struct session *session, const char *path, struct diag *diag);

/* The commands, for the table; it ends with a row without a name. */
extern const struct command hunt_commands[];

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
 * text of the lesson, or not a record at all; DIAG says which. INTERPRETER carries out its lines.
 * Ends with grade_done(). */
enum status grade_record(const char *file, const struct interpreter *interpreter,
                         struct grade *grade, struct diag *diag);

#endif
