/* Of the lines that make a wrong gradient, those that can be the mistake. */
#ifndef GRADWALK_BLAME_REFINE_H
#define GRADWALK_BLAME_REFINE_H

#include "blame/search.h"
#include "blame/wrong.h"

/* Fills in the rules, the factor, the shares and the reads of LINE, whose node's gradient (or a
 * name that should hold it) is wrong in search->now and would be right with REPAIR. The last
 * truth_follow() was about search->now. STATUS_NO_MEMORY. */
enum status refine(struct search *search, struct wrong_line *line, const struct repair *repair);

#endif
