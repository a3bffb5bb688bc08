/* The gates that every model may use, written in the language itself (prelude.gw). */
#ifndef GRADWALK_LANG_PRELUDE_H
#define GRADWALK_LANG_PRELUDE_H

#include "lang/diag.h"

extern const struct source prelude_source;

#endif
