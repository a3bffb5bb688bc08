/* Proving a lesson: that every figure in it holds, every bug is caught, and every quiz has the
 * right answer. */
#ifndef GRADWALK_READER_PROVE_H
#define GRADWALK_READER_PROVE_H

#include "explore/session.h"

/* What was proved, and what was not. Owns its failures and warnings until proof_done(). */
struct proof {
  size_t pages, figures, expectations, quizzes, bugs; /* looked at */
  struct diag *failures; /* what does not hold, in the order of the file */
  size_t failure_count, failure_capacity;
  struct diag *warnings; /* text that looks like a claim and is none; this is no failure */
  size_t warning_count, warning_capacity;
};

/* Proves the lesson that WHAT names, in a session of its own, which is opened for it and left open.
 * STATUS_OK if it could be gone through: it holds if there are no failures. STATUS_DATA with DIAG
 * if it is malformed. For a translation, a file in a folder such as ko beside the lesson it
 * translates, the fences must be those of the original to the byte. */
enum status prove_lesson(struct proof *proof, struct session *session, const char *what,
                         struct diag *diag);
void proof_done(struct proof *proof);

/* Appends "5 pages, 12 figures, …". */
void proof_summary(const struct proof *proof, struct text *out);

#endif
