/* The reader's side of a lesson: the text of a page, with its figures as they are now, and its
 * quizzes. */
#ifndef GRADWALK_READER_PAGE_H
#define GRADWALK_READER_PAGE_H

#include "explore/session.h"

/* Appends the text of the page that the reader is at, up to the first question that is neither
 * answered nor skipped, with its hints so far. Each figure is as its author wrote it where the
 * model agrees; otherwise it shows the model's number, or "·" where there is none. Paragraphs are
 * one line each; everything is safe for a terminal. */
void page_text(struct session *session, struct lines *out);

/* Appends what follows QUESTION, one of this page, and its debrief. */
void page_text_after(struct session *session, int question, struct lines *out);

/* The question that is open on the reader's page: the index of a quiz, or -1. */
int page_question(const struct session *session);

/* What a demonstration does next: the command that skips the question, goes on in the walk or, at
 * its end, to the next page; NULL at the end of the lesson, and where nothing is open. */
const char *page_autoplay(const struct session *session);

/* The commands of this room, for the table; the list ends with a row without a name. */
extern const struct command read_commands[];

#endif
