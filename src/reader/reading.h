/* Opening a lesson and turning its pages. A page that was visited before is as it was left; another
 * one begins with the model in force and the commands of its `do` fences. */
#ifndef GRADWALK_READER_READING_H
#define GRADWALK_READER_READING_H

#include "explore/session.h"

/* Opens a lesson or model as lesson_open() does, at its start. What the questions in its first `do`
 * fences have to say is appended to OUT. A failure leaves the session as it was. */
enum status reading_open(struct session *session, const char *what, struct lines *out,
                         struct diag *diag);

/* Goes to a page of the lesson. What the questions in the `do` fences of a new one have to say is
 * appended to OUT. A failure leaves the session as it was. */
enum status reading_enter(struct session *session, int page, struct lines *out,
                          struct diag *diag);

/* Sets the exploration aside in *KEPT and goes to where the reader's page began; then
 * reading_resume() brings back what was there. After a failure there is nothing to bring back.
 * STATUS is how the trial went, which is what is returned unless memory is short. */
enum status reading_try(struct session *session, struct exploration *kept, struct diag *diag);
enum status reading_resume(struct session *session, struct exploration kept, enum status status,
                           struct diag *diag);

/* A line of a fence of the lesson: a command, of which nobody reads the answer. */
enum status reading_issue(struct session *session, struct span line, struct diag *diag);

#endif
