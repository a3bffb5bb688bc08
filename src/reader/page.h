/* The reader's side of a lesson: the text of a step, with its figures as they are now, and its
 * quizzes. */
#ifndef GRADWALK_READER_PAGE_H
#define GRADWALK_READER_PAGE_H

#include "explore/session.h"

/* Appends the text of the step that the reader is at, up to the first question that is neither
 * answered nor skipped, with its hints so far. Each figure stands as its author wrote it where the
 * model agrees, else with the model's number, and with "·" where it cannot be had. Paragraphs are
 * one line each; everything is safe for a terminal. */
void page_text(struct session *session, struct lines *out);

/* The same from behind QUESTION, one of this step's, and its debrief. */
void page_text_after(struct session *session, int question, struct lines *out);

/* The question that is asked at the reader's step: the index of a quiz, or -1. */
int page_question(const struct session *session);

/* What a demonstration does next: the command that skips the question, goes on in the walk or, at
 * its end, to the next step; NULL at the end of the lesson, and where nothing is open. */
const char *page_autoplay(const struct session *session);

/* The commands of this room, for the table; the list ends with a row without a name. */
extern const struct command read_commands[];

#endif
