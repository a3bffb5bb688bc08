/* Changes of a model that make its backward pass anew: bugs, and folding. */
#include "core/intl.h"
#include "lang/parse.h"
#include "lang/rules.h"

#include <string.h>

enum status model_add_bug(struct model *model, const char *name, const char *text, size_t length,
                          struct diag *diag) {
  struct source *source = ARENA_NEW(&model->arena, struct source);
  const char *kept_name = arena_copy(&model->arena, name, strlen(name));
  const char *kept = arena_copy(&model->arena, text, length);
  if (!source || !kept || !kept_name ||
      !array_reserve(&model->bugs, &model->bug_capacity, model->bug_count + 1,
                     sizeof *model->bugs))
    return diag_no_memory(diag);
  *source = (struct source){kept_name, kept, length, 1};
  enum status status = parse_line(source, &model->arena, &model->bugs[model->bug_count], diag);
  if (status) return status;
  model->bug_count++;
  if (!(status = rules_derive(model, diag))) return STATUS_OK;
  struct diag again;
  model->bug_count--;
  enum status restored = rules_derive(model, &again); /* it did before; only memory can be short */
  return restored ? diag_no_memory(diag) : status;
}

/* The instance that "fold NAME" or "unfold NAME" is about: the outermost folded one that the node is
 * shown as, or the innermost unfolded one that it is the result of; -1: none. */
static int fold_target(const struct model *model, int node, bool folded) {
  if (!folded) return model_visible(model, node) == node ? model_shown_as(model, node) : -1;
  for (int i = model->nodes[node].instance; i >= 0; i = model->instances[i].parent)
    if (model->instances[i].output == node && !model->instances[i].folded) return i;
  return -1;
}

enum status model_fold(struct model *model, const char *name, bool folded, struct diag *diag) {
  int node = name ? model_find(model, name) : -1;
  int target = node >= 0 ? fold_target(model, node, folded) : -1;
  if (name && target < 0)
    return diag_set(diag, STATUS_USAGE, (struct span){0},
                    folded ? _("\"%s\" is not the result of an unfolded gate or statement")
                           : _("\"%s\" has nothing inside it to unfold"),
                    name);
  for (size_t i = 0; i < model->instance_count; i++)
    if (!name || (int)i == target) model->instances[i].folded = folded;
  return rules_derive(model, diag);
}

enum status model_fold_statements(struct model *model, struct diag *diag) {
  for (size_t i = 0; i < model->instance_count; i++)
    if (!model->instances[i].gate) model->instances[i].folded = true;
  return rules_derive(model, diag);
}
