/* Playing a hunt in a session: what may be done, what it costs, and the record that it leaves. */
#ifndef GRADWALK_GAME_GAME_H
#define GRADWALK_GAME_GAME_H

#include "explore/session.h"
#include "game/play.h"

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

#endif
