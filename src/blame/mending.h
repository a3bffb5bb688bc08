/* Which lines are wrong. What a line makes is compared with what it should make given what it reads
 * (truth.h); a line that differs is put right, the rest of the pass is run, and only if the check
 * gets better by it, and no right gradient is spoilt, is the line to blame. So a factor that later
 * lines undo, or a name that holds something else on purpose, accuses nobody; and no line is
 * accused whose inputs were not compared. */
#ifndef GRADWALK_BLAME_MENDING_H
#define GRADWALK_BLAME_MENDING_H

#include "blame/search.h"
#include "blame/wrong.h"

/* Looks for the lines that make CHECK fail; POINT holds MODEL's forward and backward pass in double
 * precision. It is cheap beside the check, and bounded. STATUS_NO_MEMORY; ends with
 * wrong_lines_done(), also then. */
enum status lines_find(struct wrong_lines *found, const struct check *check,
                       const struct model *model, struct truth *truth, const struct run *point);
#endif
