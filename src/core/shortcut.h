/* Shortcuts: what lowering and running leave out, or do in another way, to be quick. None of them
 * may change what a line computes, not by a bit. Each is a row of shortcut.def and can be taken
 * away: that is how tests compare every model with and without it. The product takes all of them.
 * (Instruction sets have a switch of their own, clone.h, and so have threads.) */
#ifndef GRADWALK_CORE_SHORTCUT_H
#define GRADWALK_CORE_SHORTCUT_H

#include <stdbool.h>

enum shortcut {
#define SHORTCUT(id, what) SHORTCUT_##id,
#include "core/shortcut.def"
#undef SHORTCUT
  SHORTCUT_COUNT
};

/* What each of them saves, as a sentence without its full stop. */
extern const char *const shortcut_texts[SHORTCUT_COUNT];

/* Those that are not taken: none, unless a test says so. To be changed only while nothing is being
 * built or run; a model keeps those that it was built with. */
extern bool shortcut_barred[SHORTCUT_COUNT];

static inline bool shortcut_taken(enum shortcut shortcut) {
  return !shortcut_barred[shortcut];
}

#endif
