#include "explore/find.h"

#include "core/intl.h"
#include "lang/shown.h"

#include <stdlib.h>
#include <string.h>

enum status find_node(const struct session *session, const char *name, int *node,
                         struct diag *diag) {
  const struct model *model = session->model;
  const char *best = NULL;
  *node = model_find(model, name);
  if (*node < 0) *node = node_find_shown(model, name, strlen(name));
  if (*node >= 0) return STATUS_OK;
  if (*node == SHOWN_NO_MEMORY) return diag_no_memory(diag);
  for (size_t i = 0; i < model->node_count; i++)
    if (node_is_named(model, (int)i)) best = suggest_nearer(name, best, model->nodes[i].name);
  diag_set(diag, STATUS_USAGE, SPAN_NONE, _("no node is called \"%s\""), name);
  if (best) diag_hint(diag, _("did you mean %s?"), best);
  return STATUS_USAGE;
}

/* NODE, or dNODE. */
enum status find_node_or_gradient(const struct session *session, const char *name, int *node,
                                  bool *gradient, struct diag *diag) {
  const struct model *model = session->model;
  size_t length = strlen(name);
  struct text names; /* d(x @ W) is dh_1 */
  text_init(&names);
  if (!names_put(&names, model, name, length)) {
    names.length = 0;
    text_put(&names, name, length);
  }
  if (names.failed) return diag_no_memory(diag);
  const char *text = text_string(&names);
  *gradient = model_gradient_named(model, text) >= 0;
  enum status status = find_node(session, text + *gradient, node, diag);
  text_done(&names);
  return status;
}

enum status find_entry(const struct session *session, char *text, int *node, size_t *entry,
                       struct diag *diag) {
  bool whole = node_find_shown(session->model, text, strlen(text)) >= 0; /* x * [1 2] */
  char *bracket = whole ? NULL : strrchr(text, '['), *end = NULL;
  unsigned long row = 0, col = 0;
  size_t length = bracket ? (size_t)(bracket - text) : strlen(text);
  if (bracket) {
    row = strtoul(bracket + 1, &end, 10);
    if (*end == ',') col = strtoul(end + 1, &end, 10);
    if (*end != ']') return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s",
                    _("an entry is written NAME[row, column], from 0"));
  }
  while (length > 0 && text[length - 1] == ' ') length--;
  text[length] = '\0';
  enum status status = find_node(session, text, node, diag);
  if (status) return status;
  struct shape shape = model_shape(session->model, session->model->nodes[*node].slot);
  *entry = bracket ? row * shape.cols + col : shape_count(shape);
  if (bracket && (row >= shape.rows || col >= shape.cols))
    return diag_set(diag, STATUS_USAGE, SPAN_NONE,
                    _("%s is %u x %u; there is no entry [%lu, %lu]"), text, shape.rows, shape.cols,
                    row, col);
  return STATUS_OK;
}
