#include "lang/prelude.h"

#include "lang/prelude_text.h" /* made from prelude.gw by the build */

const struct source prelude_source = {
    .name = "prelude.gw", .text = prelude_text, .length = sizeof prelude_text - 1, .first_line = 1};
