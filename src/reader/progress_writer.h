/* Keeping the reader's progress across runs. A progress writer remembers what it has written, so that
 * only news is; it ends with progress_writer_done(). */
#ifndef GRADWALK_READER_PROGRESS_WRITER_H
#define GRADWALK_READER_PROGRESS_WRITER_H

#include "explore/session.h"
#include "lesson/progress.h"

struct progress_writer {
  struct progress_entry kept;
  bool told; /* a failure; it is told of once */
};

void progress_writer_done(struct progress_writer *writer);

/* Call after each command. Writes the progress of the lesson that is open if there is news.
 * A failure is returned once; the session can go on, and the next news tries again. */
enum status progress_write(struct progress_writer *writer, const struct session *session,
                           struct diag *diag);

/* "page 3 of 4, 2 of 4 answers right" for the lesson NAME; nothing if it was never begun. */
void progress_put_summary(const struct progress *progress, const char *name, struct text *out);

#endif
