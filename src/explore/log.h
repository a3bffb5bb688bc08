/* The log: the commands that made an exploration what it is, each with the exploration as it was
 * before it, so that undo goes back and runs nothing again. */
#ifndef GRADWALK_EXPLORE_LOG_H
#define GRADWALK_EXPLORE_LOG_H

#include "explore/session.h"

/* The most bytes that only the explorations that undo goes back to may need. */
enum { LOG_MOST_BYTES = 256 << 20 };

/* Notes that the LENGTH bytes of LINE, with the session's log_suffix, led from BEFORE, which is
 * taken over, to what there is now. What was undone is out of reach from then on. */
enum status log_add(struct session *session, const char *line, size_t length,
                    struct exploration before, struct diag *diag);

/* Takes back the last command of the log, or does the last one that was taken back again.
 * STATUS_USAGE if there is none; a failure leaves the session as it was. LINE is the command. */
enum status log_undo(struct session *session, const char **line, struct diag *diag);
enum status log_redo(struct session *session, const char **line, struct diag *diag);

/* Appends every command in force, a line each. */
void log_put(const struct session *session, struct text *out);

#endif
