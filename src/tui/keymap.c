#include "tui/keymap.h"

#include "core/intl.h"
#include "core/memory.h"
#include "tui/conf.h"
#include "tui/keys_text.h" /* made from data/keys.conf by the build */
#include "tui/term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct source keys_source = {
    .name = "keys.conf", .text = keys_text, .length = sizeof keys_text - 1, .first_line = 1};

static const struct {
  const char *name;
  int key;
} key_names[] = {
    {"Left", KEY_OF_LEFT},         {"Right", KEY_OF_RIGHT},
    {"Up", KEY_OF_UP},             {"Down", KEY_OF_DOWN},
    {"Home", KEY_OF_HOME},         {"End", KEY_OF_END},
    {"PageUp", KEY_OF_PAGE_UP},    {"PageDown", KEY_OF_PAGE_DOWN},
    {"BackTab", KEY_OF_BACK_TAB},  {"Backspace", KEY_OF_BACKSPACE},
    {"Delete", KEY_OF_DELETE},     {"F1", KEY_OF_F1},
    {"Enter", '\r'},               {"Tab", '\t'},
    {"Space", ' '},                {"Esc", 27},
};

/* The key called NAME: one character, Ctrl-X, or a word; 0 if there is no such key. */
static int key_of_name(const char *name) {
  size_t size, length = strlen(name);
  for (size_t i = 0; i < sizeof key_names / sizeof *key_names; i++)
    if (strcmp(key_names[i].name, name) == 0) return key_names[i].key;
  if (strncmp(name, "Ctrl-", 5) == 0 && length == 6 && name[5] >= 'A' && name[5] <= 'Z')
    return name[5] - 'A' + 1;
  int32_t code = length > 0 ? utf8_decode(name, length, &size) : -1;
  return code > 0 && size == length ? code : 0;
}

const char *key_name(int key, char name[KEY_NAME_SIZE]) {
  for (size_t i = 0; i < sizeof key_names / sizeof *key_names; i++)
    if (key_names[i].key == key) return key_names[i].name;
  if (key < ' ') snprintf(name, KEY_NAME_SIZE, "Ctrl-%c", key + '@');
  else if (key < 0x7F) snprintf(name, KEY_NAME_SIZE, "%c", key);
  else snprintf(name, KEY_NAME_SIZE, "U+%04X", (unsigned)key);
  return name;
}

static char *trimmed(const char *from, const char *end) {
  while (from < end && strchr(" \t\r", *from)) from++;
  while (end > from && strchr(" \t\r", end[-1])) end--;
  return strndup(from, (size_t)(end - from));
}

static struct binding *place_for(struct keymap *keymap, const struct binding *binding) {
  for (size_t i = 0; i < keymap->count; i++) {
    struct binding *old = &keymap->bindings[i];
    if (old->key != binding->key || strcmp(old->view, binding->view) != 0) continue;
    free(old->command);
    free(old->label);
    return old;
  }
  if (!array_reserve(&keymap->bindings, &keymap->capacity, keymap->count + 1,
                     sizeof *keymap->bindings))
    return NULL;
  return &keymap->bindings[keymap->count++];
}

/* [VIEW:]KEY COMMAND [# label]; a key that is '#' or ':' means itself. */
static enum status take_line(void *context, struct span span, struct diag *diag) {
  struct keymap *keymap = context;
  const char *at = span.source->text + span.start, *end = span.source->text + span.end;
  struct binding binding = {0};
  size_t word = 0;
  while (at + word < end && at[word] != ' ' && at[word] != '\t') word++;
  const char *colon = word > 2 ? memchr(at, ':', word - 1) : NULL;
  size_t view = colon ? (size_t)(colon - at) : 0, key = colon ? word - view - 1 : word;
  if (view < sizeof binding.view && key < sizeof binding.key_name) {
    memcpy(binding.view, at, view);
    memcpy(binding.key_name, colon ? colon + 1 : at, key);
  }
  binding.key = key_of_name(binding.key_name);
  const char *label = memchr(at + word, '#', (size_t)(end - at) - word);
  binding.command = trimmed(at + word, label ? label : end);
  binding.label = label ? trimmed(label + 1, end) : NULL;
  struct binding *place = NULL;
  if (binding.key == 0 || !binding.command || !*binding.command)
    diag_set(diag, STATUS_DATA, span, "%s", _("expected KEY COMMAND, with a key such as n, Ctrl-R, "
                                              "Left or Enter"));
  else if (!(place = place_for(keymap, &binding)))
    diag_no_memory(diag);
  else
    *place = binding;
  if (place) return STATUS_OK;
  free(binding.command);
  free(binding.label);
  return diag->status;
}

enum status keymap_read(struct keymap *keymap, const struct source *source, struct diag *diag) {
  return conf_read(source, take_line, keymap, diag);
}

enum status keymap_defaults(struct keymap *keymap, struct diag *diag) {
  *keymap = (struct keymap){0};
  return keymap_read(keymap, &keys_source, diag);
}

enum status keymap_load(struct keymap *keymap, struct diag *diag) {
  *keymap = (struct keymap){0};
  return conf_load(&keys_source, "keys.conf", take_line, keymap, diag);
}

void keymap_done(struct keymap *keymap) {
  for (size_t i = 0; i < keymap->count; i++) {
    free(keymap->bindings[i].command);
    free(keymap->bindings[i].label);
  }
  free(keymap->bindings);
  *keymap = (struct keymap){0};
}

static bool same_deed(const struct binding *a, const struct binding *b) {
  return strcmp(a->view, b->view) == 0 && strcmp(a->command, b->command) == 0;
}

void keymap_keys(const struct keymap *keymap, size_t index, struct text *out) {
  const struct binding *binding = &keymap->bindings[index];
  const struct binding *general = keymap_find(keymap, "", binding->key);
  bool told = *binding->view && general && strcmp(general->command, binding->command) == 0;
  for (size_t i = 0; i < index; i++) told = told || same_deed(&keymap->bindings[i], binding);
  if (told) return;
  for (size_t i = index; i < keymap->count; i++)
    if (same_deed(&keymap->bindings[i], binding))
      text_printf(out, "%s%s", i > index ? " " : "", keymap->bindings[i].key_name);
}

void keymap_help(const struct keymap *keymap, struct text *out) {
  enum { COMMAND_COLUMN = 24 };
  for (size_t i = 0; i < keymap->count; i++) {
    const struct binding *binding = &keymap->bindings[i];
    size_t start = out->length;
    text_puts(out, "  ");
    keymap_keys(keymap, i, out);
    if (out->length == start + 2) {
      text_truncate(out, start);
      continue;
    }
    if (*binding->view) text_printf(out, _(" (%s)"), binding->view);
    text_pad(out, text_columns(out->bytes + start, out->length - start), COMMAND_COLUMN);
    text_printf(out, "%s\n", binding->command);
  }
}

const struct binding *keymap_find(const struct keymap *keymap, const char *view, int key) {
  const struct binding *general = NULL;
  for (size_t i = 0; i < keymap->count; i++) {
    const struct binding *binding = &keymap->bindings[i];
    if (binding->key != key) continue;
    if (strcmp(binding->view, view) == 0) return binding;
    if (!*binding->view) general = binding;
  }
  return general;
}
