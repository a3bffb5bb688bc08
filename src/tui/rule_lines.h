/* The rule line that a key is about: one of those that the inspector shows, or the one that is
 * chosen in the check. */
#ifndef GRADWALK_TUI_RULE_LINES_H
#define GRADWALK_TUI_RULE_LINES_H

#include "tui/view.h"

enum { MOST_LINES = 64 };

/* A rule line in a text, which stands alone on a line of it. */
struct shown_line {
  size_t rule;
  size_t end; /* of its line, in the text */
};

/* How much of LINE stands before " = " or " += "; all of its LENGTH if there is neither. */
size_t lines_head(const char *line, size_t length);

/* The rule lines in TEXT, from the top; no more than MOST_LINES. */
size_t lines_in(const struct model *model, const char *text, struct shown_line lines[MOST_LINES]);

/* What the inspector shows: the words of the last command, or else the focused node. */
void lines_inspected(const struct ui *ui, struct text *out);

/* The rule line that is chosen, else the first one, of the check's wrong line or of the inspector;
 * -1: there is none. */
int lines_chosen(const struct ui *ui);

/* Chooses the one STEP lines further down. */
void lines_move(struct ui *ui, int step);

/* The chosen line as the prompt takes it, for bug; in a hunt the line shows what it should be, and
 * to name it is to answer. False: there is none. */
bool lines_edit(struct ui *ui, struct text *out);

/* The command that switches the bug of the chosen line, or the only one that there is, off or on;
 * false where there is none, and then OUT says why. */
bool lines_toggle(const struct ui *ui, struct text *out);

/* Scrolls the inspector, with TEXT in AREA, to a line that was chosen just now; marks it, once it
 * is drawn, where there are several. */
void lines_follow(struct ui *ui, struct area area, const char *text);
void lines_mark(struct ui *ui, struct area area, const char *text);

#endif
