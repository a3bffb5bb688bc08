/* What a name that somebody typed means in the model of a session. */
#ifndef GRADWALK_EXPLORE_FIND_H
#define GRADWALK_EXPLORE_FIND_H

#include "explore/session.h"

/* The node called NAME, or a diagnosis with the nearest name. */
enum status find_node(const struct session *session, const char *name, int *node,
                      struct diag *diag);

/* The node that NAME, or its gradient that dNAME means: then *GRADIENT. */
enum status find_node_or_gradient(const struct session *session, const char *name, int *node,
                                  bool *gradient, struct diag *diag);

/* TEXT ("W1[0, 2]", "b1"), which is cut up, as a node and an entry; *ENTRY is the whole tensor's
 * count where there are no brackets. */
enum status find_entry(const struct session *session, char *text, int *node, size_t *entry,
                       struct diag *diag);

#endif
