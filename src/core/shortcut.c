#include "core/shortcut.h"

const char *const shortcut_texts[SHORTCUT_COUNT] = {
#define SHORTCUT(id, what) [SHORTCUT_##id] = what,
#include "core/shortcut.def"
#undef SHORTCUT
};

bool shortcut_barred[SHORTCUT_COUNT];
