/* Keys and what they do: data/keys.conf, embedded, and the user's own file, read by one parser. A
 * keymap owns its bindings until keymap_done(). */
#ifndef GRADWALK_TUI_KEYMAP_H
#define GRADWALK_TUI_KEYMAP_H

#include "lang/diag.h"

#include <stdbool.h>

struct binding {
  char view[16]; /* "": in every view */
  int key;
  char key_name[16];
  char *command;
  char *label; /* for the footer, or NULL */
};

struct keymap {
  struct binding *bindings;
  size_t count, capacity;
};

/* The bindings that come with the program. */
enum status keymap_defaults(struct keymap *keymap, struct diag *diag);

/* These, then those of the user's file where there is one. */
enum status keymap_load(struct keymap *keymap, struct diag *diag);

/* Adds the bindings of SOURCE; a later binding of a key replaces an earlier one. */
enum status keymap_read(struct keymap *keymap, const struct source *source, struct diag *diag);
/* Appends the names of all keys that do what binding INDEX does, in its view: "n Space"; nothing if
 * an earlier binding or that for all views does the same and so tells it. */
void keymap_keys(const struct keymap *keymap, size_t index, struct text *out);

/* A line for each thing that keys do: the keys, the view where it matters, the command. */
void keymap_help(const struct keymap *keymap, struct text *out);
void keymap_done(struct keymap *keymap);

/* What KEY is called in keys.conf, in NAME where it has none of its own there. */
enum { KEY_NAME_SIZE = 16 };
const char *key_name(int key, char name[KEY_NAME_SIZE]);

/* What KEY does in VIEW: the view's own binding, else the general one, else NULL. */
const struct binding *keymap_find(const struct keymap *keymap, const char *view, int key);

#endif
