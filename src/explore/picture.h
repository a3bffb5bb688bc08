/* The circuit of a session, with its values and gradients, to be shown elsewhere: as SVG for slides
 * and handouts, as DOT for Graphviz. Numbers that the walk has not come to are dots, as on the
 * screen. */
#ifndef GRADWALK_EXPLORE_PICTURE_H
#define GRADWALK_EXPLORE_PICTURE_H

#include "explore/session.h"

/* Append a whole file; a model must be open. STATUS_NO_MEMORY if there was none. */
enum status picture_svg(const struct session *session, struct text *out, struct diag *diag);
enum status picture_dot(const struct session *session, struct text *out, struct diag *diag);

/* What a box says of the tensor in SLOT: a number as it is, a tensor by its shape and norm. */
void picture_value(const struct run *run, int slot, int digits, char *out, size_t size);

#endif
