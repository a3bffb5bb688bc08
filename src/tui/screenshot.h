/* What is on the screen, as a file: plain text, text with colours, or a picture. */
#ifndef GRADWALK_TUI_SCREENSHOT_H
#define GRADWALK_TUI_SCREENSHOT_H

#include "tui/theme.h"

/* Writes CANVAS to PATH, whole or not at all, in the format that its ending names:
 *   .txt  the characters
 *   .ans  with escape codes for their colours, for a terminal
 *   .svg  a picture of the terminal, on a LIGHT or a dark background
 * STATUS_USAGE for any other ending. TITLE is what the picture is called. */
enum status screenshot_write(const struct canvas *canvas, const struct theme *theme, bool light,
                             const char *title, const char *path, struct diag *diag);

#endif
