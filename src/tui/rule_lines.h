/* The rule line that a key is about: one of those that the inspector or another view of text shows,
 * or the one that is chosen in the check. */
#ifndef GRADWALK_TUI_RULE_LINES_H
#define GRADWALK_TUI_RULE_LINES_H

#include "tui/view.h"

/* Appends what the inspector shows: the words of the last command, or else the focused node. */
void rule_lines_inspected(const struct ui *ui, struct lines *out);

/* The rule line that is chosen, else the first one, of the check's wrong line or of the text that
 * is shown; -1: there is none. */
int rule_lines_chosen(const struct ui *ui);

/* Chooses the one BY lines further down. */
void rule_lines_move(struct ui *ui, int by);

/* The chosen line as the prompt takes it, for bug; in a hunt the line shows what it should be, and
 * to name it is to answer. False: there is none. */
bool rule_lines_edit(struct ui *ui, struct text *out);

/* The command that switches the bug of the chosen line, or the only one that there is, off or on;
 * false where there is none, and then OUT says why. */
bool rule_lines_toggle(const struct ui *ui, struct text *out);

/* Scrolls VIEW, with LINES in AREA, to a line that was chosen just now; points at it, once it is
 * drawn, where there are several. */
void rule_lines_follow(struct ui *ui, enum view_id view, struct area area,
                       const struct lines *lines);
void rule_lines_point(struct ui *ui, enum view_id view, struct area area,
                      const struct lines *lines);

#endif
