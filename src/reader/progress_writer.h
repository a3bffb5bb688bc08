/* Keeping the reader's progress across runs. A keeper remembers what it has kept, so that only news
 * is written; it ends with keeper_done(). */
#ifndef GRADWALK_READER_PROGRESS_WRITER_H
#define GRADWALK_READER_PROGRESS_WRITER_H

#include "explore/session.h"
#include "lesson/progress.h"

struct keeper {
  struct progress_entry kept;
  bool told; /* a failure; it is told of once */
};

void keeper_done(struct keeper *keeper);

/* Call after each command. Writes the progress of the lesson that is open if there is news.
 * A failure is returned once; the session can go on, and the next news tries again. */
enum status keeper_note(struct keeper *keeper, const struct session *session, struct diag *diag);

/* "page 3 of 4, 2 of 4 answers right" for the lesson NAME; nothing if it was never begun. */
void keeper_put(const struct progress *progress, const char *name, struct text *out);

#endif
