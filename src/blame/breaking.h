/* The first line that breaks a law of every backward pass, or whose result is not finite. */
#ifndef GRADWALK_BLAME_BREAKING_H
#define GRADWALK_BLAME_BREAKING_H

#include "blame/search.h"
#include "blame/wrong.h"

/* The first line to break LAW (LAW_NONE: whose result is not finite), run in SEARCH beside a pass
 * that does not ask for it; added to FOUND. STATUS_NO_MEMORY. */
enum status breaking_find(struct search *search, struct wrong_lines *found, enum law law);

#endif
