/* The log: the commands that made an exploration what it is, each with the exploration as it was
 * before it, so that undo goes back and runs nothing again. Chains of deeds are shared. */
#ifndef GRADWALK_EXPLORE_LOG_H
#define GRADWALK_EXPLORE_LOG_H

#include "explore/session.h"

/* One logged command. In the list of what was done OTHER is the exploration before it, in that of
 * what was undone the one after it. */
struct deed {
  size_t owners;
  size_t number; /* of those in its list up to this one, from 1 */
  char *line;
  bool kept;     /* OTHER is still there; false: memory was wanted for what came later */
  size_t bytes;  /* what only OTHER needs */
  struct exploration other;
  struct deed *next; /* the one before it in the log, or the next one to be done again */
};

/* Chains of values and findings that take more than this are cut off at their far end. */
enum { LOG_MOST_BYTES = 256 << 20 };

struct deed *deeds_keep(struct deed *deed);
void deeds_drop(struct deed *deed);
size_t deeds_count(const struct deed *deed);

/* Notes that the LENGTH bytes of LINE, with the session's log_suffix, led from BEFORE, which is taken
 * over, to what there is now. What was undone is out of reach from then on. */
enum status log_add(struct session *session, const char *line, size_t length,
                    struct exploration before, struct diag *diag);

/* Takes back the last command of the log, or does the last one that was taken back again. STATUS_USAGE
 * if there is none; a failure leaves the session as it was. LINE is the command. */
enum status log_undo(struct session *session, const char **line, struct diag *diag);
enum status log_redo(struct session *session, const char **line, struct diag *diag);

/* Every command in force, a line each. */
void log_put(const struct session *session, struct text *out);

#endif
