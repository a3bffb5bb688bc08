/* Pieces of SVG. All text that comes from elsewhere goes through svg_text(), so that it stays
 * text. */
#ifndef GRADWALK_DRAW_SVG_H
#define GRADWALK_DRAW_SVG_H

#include "core/text.h"

/* Appends untrusted UTF-8 as XML text or attribute value: what could act on a reader is shown as
 * text_put_safe() does, and what XML would take for its own is escaped. */
void svg_text(struct text *out, const char *text, size_t length);
void svg_puts(struct text *out, const char *text);

/* The drawing as a whole; sizes in pixels. TITLE is what a screen reader says. */
void svg_begin(struct text *out, double width, double height, const char *title,
               const char *background);
void svg_end(struct text *out);

#endif
