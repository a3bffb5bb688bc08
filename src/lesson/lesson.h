/* Lessons: CommonMark files with a model in their `graph` fences; and bare models. A lesson owns
 * its texts; the source that it lends for model_build() points into them. */
#ifndef GRADWALK_LESSON_LESSON_H
#define GRADWALK_LESSON_LESSON_H

#include "lang/diag.h"

#include <stdbool.h>

struct lesson {
  struct text path;  /* as shown */
  struct text title; /* the first heading; empty for a bare model */
  struct text prose; /* everything that is to be read, as plain lines */
  struct text model; /* the text of the graph fence, or the whole file */
  struct source source;
  int steps;         /* second-level headings */
};

/* Opens WHAT: a lesson's number ("4"), its name ("three-layer", "04-three-layer"), a path, or "-"
 * for standard input. A file called .md is a lesson, anything else a bare model. STEP chooses the
 * model in force at that step; 0: the lesson's first. Ends with lesson_done(), also after a
 * failure. */
enum status lesson_open(struct lesson *lesson, const char *what, int step, struct diag *diag);

/* A model from TEXT, called NAME in messages. */
enum status lesson_from_text(struct lesson *lesson, const char *name, const char *text,
                             struct diag *diag);
void lesson_done(struct lesson *lesson);

/* The name in a lesson's file name, without number and ending: "three-layer" of 04-three-layer.md; its
 * length in *LENGTH. */
const char *lesson_name(const char *file, size_t *length);

/* The file names in the lessons' folder, sorted; *NAMES and each name end with free(). */
enum status lesson_list(char ***names, size_t *count, struct diag *diag);

#endif
