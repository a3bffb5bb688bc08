/* Grading the records of hunts: each is played again and scored anew. */
#ifndef GRADWALK_GAME_GRADE_H
#define GRADWALK_GAME_GRADE_H

#include "explore/session.h"

/* What grading a record yields. */
struct grade {
  struct text lesson, remarks; /* remarks: each wrong answer and why, a line each */
  uint32_t seed;
  int level;
  size_t bugs, found;
  unsigned checks, looks, hints, wrong, score;
  double seconds;
  bool over;
};
void grade_done(struct grade *grade);

/* Replays the record in FILE and scores it anew. STATUS_DATA if it is cut off, edited, of another
 * text of the lesson, or not a record at all; DIAG says which. INTERPRETER carries out its lines. Ends with grade_done(). */
enum status grade_record(const char *file, const struct interpreter *interpreter,
                         struct grade *grade, struct diag *diag);

#endif
