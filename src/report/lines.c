#include "report/lines.h"

void lines_init(struct lines *lines) {
  text_init(&lines->text);
}

void lines_done(struct lines *lines) {
  text_done(&lines->text);
}

void lines_clear(struct lines *lines) {
  lines->text.length = 0;
}
