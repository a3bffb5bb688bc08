#include "tui/theme.h"

#include "core/intl.h"
#include "core/memory.h"
#include "tui/conf.h"
#include "tui/themes_text.h" /* made from data/themes.conf by the build */

#include <stdlib.h>
#include <string.h>

static const struct source themes_source = {
    .name = "themes.conf", .text = themes_text, .length = sizeof themes_text - 1, .first_line = 1};

static const char *const role_names[ROLE_COUNT] = {
    [ROLE_PLAIN] = "plain", [ROLE_VALUE] = "value", [ROLE_GRADIENT] = "gradient",
    [ROLE_FAINT] = "faint", [ROLE_TITLE] = "title", [ROLE_FOCUS] = "focus",
    [ROLE_KEY] = "key",     [ROLE_GOOD] = "good",   [ROLE_DOUBT] = "doubt",
    [ROLE_BAD] = "bad",     [ROLE_FLASH] = "flash"};

/* Bit by bit. */
static const char *const attribute_names[] = {"bold", "dim", "underline", "reverse"};

static const char *const colour_names[] = {"black", "red",     "green", "yellow",
                                           "blue",  "magenta", "cyan",  "white"};

/* -- words -- */

static int find_word(const char *const *names, size_t count, const char *word, size_t length) {
  for (size_t i = 0; i < count; i++)
    if (strlen(names[i]) == length && memcmp(names[i], word, length) == 0) return (int)i;
  return -1;
}

/* A number below COUNT, a name, or "-". */
static bool parse_colour(const char *word, size_t length, int count, int16_t *colour) {
  static const char bright[] = "bright-";
  enum { BASIC = 8, BRIGHT = sizeof bright - 1 };
  int number = 0;
  *colour = COLOUR_DEFAULT;
  if (length == 1 && *word == '-') return true;
  bool is_bright = length > BRIGHT && memcmp(word, bright, BRIGHT) == 0;
  size_t skip = is_bright ? BRIGHT : 0;
  int name = find_word(colour_names, BASIC, word + skip, length - skip);
  if (name >= 0) number = name + (is_bright ? BASIC : 0);
  else
    for (size_t i = 0; i < length; i++) {
      if (word[i] < '0' || word[i] > '9' || number >= count) return false;
      number = 10 * number + word[i] - '0';
    }
  *colour = (int16_t)number;
  return length > 0 && number < count;
}

/* -- the list -- */

static struct theme *find(const struct themes *themes, const char *name, size_t length,
                          bool light) {
  for (size_t i = 0; i < themes->count; i++) {
    struct theme *theme = &themes->items[i];
    if (theme->light == light && strlen(theme->name) == length &&
        memcmp(theme->name, name, length) == 0)
      return theme;
  }
  return NULL;
}

/* The theme that a line is about; a new one is a copy of what its kind begins as. */
static struct theme *theme_of_line(struct themes *themes, const char *name, size_t length,
                                   bool light) {
  struct theme *theme = find(themes, name, length, light);
  if (theme) return theme;
  if (!array_reserve(&themes->items, &themes->capacity, themes->count + 1, sizeof *themes->items))
    return NULL;
  const struct theme *like = light ? find(themes, name, length, false) : NULL;
  theme = &themes->items[themes->count++];
  *theme = (struct theme){0};
  if (like || themes->count > 1) *theme = like ? *like : themes->items[0];
  theme->light = light;
  memset(theme->name, 0, sizeof theme->name);
  memcpy(theme->name, name, length);
  return theme;
}

/* HINT: a whole sentence that says what was expected. */
static enum status wrong(struct diag *diag, struct span line, const char *word, size_t length,
                         const char *hint) {
  uint32_t start = (uint32_t)(word - line.source->text);
  struct span span = {line.source, start, start + (uint32_t)length};
  if (length > 0)
    diag_set(diag, STATUS_DATA, span, _("found \"%.*s\""), (int)length, word);
  else diag_set(diag, STATUS_DATA, span, "%s", _("the line ends here"));
  diag_hint(diag, "%s", hint);
  return STATUS_DATA;
}

/* Takes the role, colours and attributes after a theme's name. */
static enum status take_look(struct theme *theme, struct span line, const char *at,
                             struct diag *diag) {
  static const int counts[PALETTE_COUNT] = {256, 16, 8};
  const char *end = line.source->text + line.end, *word;
  size_t length = conf_word(&at, end, &word);
  int role = find_word(role_names, ROLE_COUNT, word, length);
  if (role < 0)
    return wrong(diag, line, word, length,
                 _("expected a role: plain, value, gradient, faint, title, focus, key, good, doubt, "
                   "bad or flash"));
  struct ink ink = {0};
  for (int i = 0; i < PALETTE_COUNT; i++) {
    length = conf_word(&at, end, &word);
    if (!parse_colour(word, length, counts[i], &ink.colours[i]))
      return wrong(diag, line, word, length,
                   _("expected three colours, of 256, of 16 and of 8: numbers from 0, names, or "
                     "-"));
  }
  while ((length = conf_word(&at, end, &word)) > 0) {
    int attribute = find_word(attribute_names, 4, word, length);
    if (attribute < 0)
      return wrong(diag, line, word, length, _("expected bold, dim, underline or reverse"));
    ink.attributes |= (uint8_t)(1 << attribute);
  }
  theme->inks[role] = ink;
  return STATUS_OK;
}

static enum status take_line(void *context, struct span line, struct diag *diag) {
  static const char light_mark[] = "/light";
  enum { MARK = sizeof light_mark - 1 };
  struct themes *themes = context;
  const char *at = line.source->text + line.start, *end = line.source->text + line.end, *name;
  size_t length = conf_word(&at, end, &name);
  bool use = length == 3 && memcmp(name, "use", 3) == 0;
  if (use) length = conf_word(&at, end, &name);
  bool light = length > MARK && memcmp(name + length - MARK, light_mark, MARK) == 0;
  if (light) length -= MARK;
  if (length == 0 || length >= sizeof themes->wanted)
    return wrong(diag, line, name, length, _("expected the name of a theme, of at most 23 bytes"));
  if (use) {
    themes->light = light;
    memset(themes->wanted, 0, sizeof themes->wanted);
    memcpy(themes->wanted, name, length);
    return find(themes, name, length, false)
               ? STATUS_OK
               : wrong(diag, line, name, length, _("expected a theme that the lines above make"));
  }
  struct theme *theme = theme_of_line(themes, name, length, light);
  return theme ? take_look(theme, line, at, diag) : diag_no_memory(diag);
}

enum status themes_load(struct themes *themes, struct diag *diag) {
  *themes = (struct themes){0};
  return conf_load(&themes_source, "themes.conf", take_line, themes, diag);
}

void themes_done(struct themes *themes) {
  free(themes->items);
  *themes = (struct themes){0};
}

const struct theme *themes_find(const struct themes *themes, const char *name, bool light) {
  const struct theme *theme = light ? find(themes, name, strlen(name), true) : NULL;
  return theme ? theme : find(themes, name, strlen(name), false);
}

void themes_names(const struct themes *themes, struct text *out) {
  for (size_t i = 0, count = 0; i < themes->count; i++)
    if (!themes->items[i].light || !themes_find(themes, themes->items[i].name, false))
      text_printf(out, "%s%s", count++ > 0 ? ", " : "", themes->items[i].name);
}

/* "15;0", or with something in between: foreground and background, as some terminals say. */
bool theme_background_is_light(void) {
  const char *colours = getenv("COLORFGBG"), *last = colours ? strrchr(colours, ';') : NULL;
  int background = last ? atoi(last + 1) : 0;
  return background == 7 || (background > 8 && background <= 15);
}

uint8_t theme_look(const struct theme *theme, const struct cell *cell, int colours, int *fg) {
  const struct ink *ink = &theme->inks[cell->role];
  enum palette palette = colours >= 256 ? PALETTE_256 : colours >= 16 ? PALETTE_16 : PALETTE_8;
  *fg = colours == 0                  ? COLOUR_DEFAULT
        : cell->fg != COLOUR_DEFAULT ? cell->fg
                                      : ink->colours[palette];
  int strong = cell->strong ? LOOK_BOLD : 0;
  return (uint8_t)((ink->attributes | strong) & ~(*fg != COLOUR_DEFAULT ? LOOK_DIM : 0));
}
