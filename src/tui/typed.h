/* Keys that are typed while a command is at work, for when it is done. */
#ifndef GRADWALK_TUI_TYPED_H
#define GRADWALK_TUI_TYPED_H

#include <stdbool.h>
#include <stddef.h>

struct typed {
  int keys[64];
  size_t count;
};

/* Reads what has been typed. What cannot wait is returned: Esc, with which all that came before it
 * is not meant any more; KEY_OF_RESIZE; or KEY_OF_CLOSED, which is kept, too. Else KEY_OF_NONE. A
 * click is for what is on the screen, which is about to change: it is dropped. */
int typed_look(struct typed *typed);

/* The next of them; if there is none, term_key(0, RAW). */
int typed_next(struct typed *typed, bool raw);

#endif
