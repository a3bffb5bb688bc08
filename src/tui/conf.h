/* Files of settings, a setting a line: blank lines and lines that begin with # do not count. The
 * program brings one of each kind along, and the user may have one of the same form. */
#ifndef GRADWALK_TUI_CONF_H
#define GRADWALK_TUI_CONF_H

#include "lang/diag.h"

/* Takes one setting, which begins and ends with no blank. */
typedef enum status conf_take(void *context, struct span line, struct diag *diag);

/* Hands TAKE the settings of SOURCE in order, until one is wrong. */
enum status conf_read(const struct source *source, conf_take *take, void *context,
                      struct diag *diag);

/* Those of OWN, which came with the program, and then those of the user's file NAME, if there is
 * one. */
enum status conf_load(const struct source *own, const char *name, conf_take *take, void *context,
                      struct diag *diag);

/* Cuts the first word off LINE: moves *AT past it and the blanks that follow. Returns its length,
 * with its beginning in *WORD; 0 at the end. */
size_t conf_word(const char **at, const char *end, const char **word);

#endif
