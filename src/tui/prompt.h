/* The prompt: the one file with readline, by its callback interface, with curses keeping the
 * terminal. Lines are edited, searched, completed and remembered across runs as its users
 * expect. */
#ifndef GRADWALK_TUI_PROMPT_H
#define GRADWALK_TUI_PROMPT_H

#include "command/command.h"
#include "lesson/shelf.h"
#include "tui/canvas.h"

/* Reads the history of earlier runs. SESSION and SHELF lend the names for completion. */
void prompt_open(const struct session *session, const struct shelf *shelf);

/* Writes the history and gives everything back. */
void prompt_close(void);

/* Starts editing a line that begins as TEXT. */
void prompt_start(const char *text);
bool prompt_active(void);

/* Feeds one key as it came from the terminal. When it ends the line, the line is appended to LINE
 * and the result is true; Esc and Ctrl-G leave it empty. */
bool prompt_key(int key, struct text *line);

/* The key that a lone Esc means: Ctrl-G, which gives the line up, or itself for vi's users. */
int prompt_escape(void);

/* Draws the line being edited, with the cursor in its place by display width, and above it what
 * completion had to offer. */
void prompt_draw(struct canvas *canvas, struct area area);

#endif
