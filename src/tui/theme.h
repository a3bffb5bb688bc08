/* Themes: what every role inks like, by how many colours the terminal has and on which background.
 * data/themes.conf, embedded, and the user's own file. A struct themes owns its themes until
 * themes_done(). */
#ifndef GRADWALK_TUI_THEME_H
#define GRADWALK_TUI_THEME_H

#include "lang/diag.h"
#include "tui/canvas.h"

enum { LOOK_BOLD = 1, LOOK_DIM = 2, LOOK_UNDERLINE = 4, LOOK_REVERSE = 8 };
enum palette { PALETTE_256, PALETTE_16, PALETTE_8, PALETTE_COUNT };

struct ink {
  int16_t colours[PALETTE_COUNT]; /* COLOUR_DEFAULT: the terminal's own */
  uint8_t attributes;
};

struct theme {
  char name[24];
  bool light; /* for light backgrounds */
  struct ink inks[ROLE_COUNT];
};

struct themes {
  struct theme *items; /* the first is mono, also for terminals without colours */
  size_t count, capacity;
  char wanted[24]; /* the one to start with */
  bool light;      /* and on which background, whatever the environment says */
};

enum status themes_load(struct themes *themes, struct diag *diag);

void themes_done(struct themes *themes);

/* The theme NAME for a light or a dark background, which may be the same; NULL if there is none. */
const struct theme *themes_find(const struct themes *themes, const char *name, bool light);

/* Appends the names, once each: "mono, orange, cs231n". */
void themes_names(const struct themes *themes, struct text *out);

/* Whether the environment (COLORFGBG) says that the background is light. */
bool theme_background_is_light(void);

/* What a cell inks like with COLOURS colours: attributes, and foreground in *FG. */
uint8_t theme_look(const struct theme *theme, const struct cell *cell, int colours, int *fg);

#endif
