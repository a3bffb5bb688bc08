/* Opening a lesson: a file of lessons or a bare model. */
#ifndef GRADWALK_LESSON_OPEN_H
#define GRADWALK_LESSON_OPEN_H

#include "lesson/lesson.h"

/* Opens WHAT: a lesson's number ("4"), its name ("three-layer", "04-three-layer"), a path, or "-"
 * for standard input. A file called .md is a lesson, anything else a bare model. PAGE chooses the
 * model in force at that page, for lesson.source; 0: the lesson's first. STATUS_DATA with its place
 * if the lesson is malformed. Ends with lesson_done(), also after a failure. */
enum status lesson_open(struct lesson *lesson, const char *what, int page, struct diag *diag);

/* A model from TEXT, called NAME in messages. */
enum status lesson_from_text(struct lesson *lesson, const char *name, const char *text,
                             struct diag *diag);

/* A lesson from the bytes of a file. */
enum status lesson_parse(struct lesson *lesson, const char *name, const char *bytes,
                         size_t length, struct diag *diag);

#endif
