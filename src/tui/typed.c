#include "tui/typed.h"

#include "tui/term.h"

#include <string.h>

int typed_look(struct typed *typed) {
  enum { ESC = 27 };
  while (typed->count < sizeof typed->keys / sizeof *typed->keys) {
    const int key = term_key(0, false);
    if (key == KEY_OF_NONE || key == KEY_OF_RESIZE) return key;
    if (key == ESC) typed->count = 0;
    else if (key != KEY_OF_MOUSE) typed->keys[typed->count++] = key;
    if (key == ESC || key == KEY_OF_CLOSED) return key;
  }
  return KEY_OF_NONE;
}

int typed_next(struct typed *typed, bool raw) {
  if (typed->count == 0) return term_key(0, raw);
  const int key = typed->keys[0];
  memmove(typed->keys, typed->keys + 1, --typed->count * sizeof key);
  return key;
}
