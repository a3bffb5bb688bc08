/* What commands and reports hand over: lines of text. Lines own their text until lines_done(). */
#ifndef GRADWALK_REPORT_LINES_H
#define GRADWALK_REPORT_LINES_H

#include "core/text.h"

struct lines {
  struct text text;
};

void lines_init(struct lines *lines);
void lines_done(struct lines *lines);

/* No line is left; the memory is kept for the next ones. */
void lines_clear(struct lines *lines);

#endif
