/* CommonMark into a lesson's pages: the one room of cmark, with inlines.h. */
#ifndef GRADWALK_LESSON_READ_H
#define GRADWALK_LESSON_READ_H

#include "lesson/lesson.h"

/* Fills LESSON, which has nothing but its path, from the bytes of a file. STATUS_DATA with its
 * place if they are no lesson, STATUS_LIMIT if they would take too long or too much. */
enum status read_lesson(struct lesson *lesson, const char *bytes, size_t length,
                        struct diag *diag);

/* Adds a model that begins at LINE of the file; NULL if there is no memory. */
struct graph *read_graph(struct lesson *lesson, const char *bytes, size_t length, uint32_t line);

/* The lines of a quiz fence into QUIZ, which has its place. */
enum status read_quiz(struct quiz *quiz, struct span lines, struct diag *diag);

#endif
