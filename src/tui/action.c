#include "tui/action.h"

#include "core/intl.h"

#include <string.h>

static const char help_on_views[] = "show a view: "
#define VIEW(id, name) #name ", "
#include "explore/views.def"
#undef VIEW
                                    "next or previous";

const struct action action_table[] = {
#define ACTION(name, arguments, completes, help) {#name, arguments, help, ACTION_##completes},
#include "tui/action.def"
#undef ACTION
};
const size_t action_count = sizeof action_table / sizeof *action_table;

const struct action *action_named(const char *name, size_t length) {
  for (size_t i = 0; i < action_count; i++)
    if (strlen(action_table[i].name) == length && memcmp(action_table[i].name, name, length) == 0)
      return &action_table[i];
  return NULL;
}

void action_help(struct text *out) {
  enum { HELP_COLUMN = 30 };
  for (size_t i = 0; i < action_count; i++) {
    const struct action *action = &action_table[i];
    size_t start = out->length;
    text_printf(out, "%s%s%s", action->name, *action->arguments ? " " : "", action->arguments);
    text_pad(out, text_columns(out->bytes + start, out->length - start), HELP_COLUMN);
    text_printf(out, " %s\n", _(action->help));
  }
}
