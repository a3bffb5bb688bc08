/* Changes of a model that make its backward pass anew: bugs, and folding. */
#include "core/intl.h"
#include "lang/parse.h"
#include "lang/rules.h"
#include "lang/shown.h"

#include <stdlib.h>
#include <string.h>

/* A copy of LINE that lasts as long as the model. It is a part of LINE's source until let_go(), so
 * that what does not fit is shown where it was written. NULL if there is no memory. */
static struct source *keep_line(struct model *model, struct span line) {
  struct arena *arena = &model->arena;
  const size_t length = line.end - line.start;
  struct source *kept = ARENA_NEW(arena, struct source);
  const char *name = arena_copy(arena, line.source->name, strlen(line.source->name));
  const char *text = arena_copy(arena, line.source->text + line.start, length);
  if (!kept || !name || !text) return NULL;
  *kept = source_part(line.source, line.start, line.end, text);
  kept->name = name;
  return kept;
}

/* What the line was a part of need not last: from now on it stands for itself. */
static void let_go(struct source *kept) {
  kept->whole = NULL;
  kept->at = 0;
}

/* One bug more; STATUS_DATA leaves it in the list's spare room. */
static enum status read_bug(struct model *model, const struct source *kept, struct diag *diag) {
  struct span line = source_span(kept);
  if (!array_reserve(&model->bugs, &model->bug_capacity, model->bug_count + 1,
                     sizeof *model->bugs))
    return diag_no_memory(diag);
  struct bug *bug = &model->bugs[model->bug_count];
  *bug = (struct bug){.text = kept->text};
  if (!span_of_names(&line, model, &model->arena)) return diag_no_memory(diag);
  return parse_line(line, &model->arena, &bug->line, diag);
}

/* Derives the rules anew; CHANGED is how it went. After a failure the caller has put things back,
 * and deriving worked with them before, so that only memory can be short. */
static enum status derive_again(struct model *model, enum status changed, struct diag *diag) {
  struct diag again;
  enum status restored = rules_derive(model, &again);
  return restored ? diag_no_memory(diag) : changed;
}

static enum status add_bug(struct model *model, struct span line, bool hidden, struct diag *diag) {
  struct source *kept = keep_line(model, line);
  enum status status = kept ? read_bug(model, kept, diag) : diag_no_memory(diag);
  if (!status) {
    model->bugs[model->bug_count++].hidden = hidden;
    status = rules_derive(model, diag);
    if (status) model->bug_count--;
    if (status) status = derive_again(model, status, diag);
  }
  if (kept) let_go(kept);
  return status;
}

enum status model_write_bug(struct model *model, struct span line, struct diag *diag) {
  return add_bug(model, line, false, diag);
}

enum status model_add_bug(struct model *model, const char *name, const char *text, size_t length,
                          struct diag *diag) {
  struct source line = source_from(name, text, length);
  return add_bug(model, source_span(&line), false, diag);
}

enum status model_hide_bug(struct model *model, const char *name, const char *text, size_t length,
                           struct diag *diag) {
  struct source line = source_from(name, text, length);
  return add_bug(model, source_span(&line), true, diag);
}

enum status model_switch_bug(struct model *model, size_t index, bool off, struct diag *diag) {
  bool before = model->bugs[index].off;
  model->bugs[index].off = off;
  enum status status = rules_derive(model, diag);
  if (!status) return STATUS_OK;
  model->bugs[index].off = before;
  return derive_again(model, status, diag);
}

enum status model_drop_bugs(struct model *model, size_t count, struct diag *diag) {
  if (count < model->bug_count) model->bug_count = count;
  return rules_derive(model, diag);
}

struct assign model_line(const struct model *model, size_t rule) {
  const struct rule *is = &model->rules[rule];
  struct assign line = {.target = is->target, .accumulate = is->accumulate, .value = is->value};
  for (size_t i = 0; i < model->rule_count; i++) {
    const struct rule *other = &model->rules[i];
    if (i == rule || is->node < 0 || strcmp(other->target, is->target) != 0) continue;
    line.node = model->nodes[is->node].name;
    if (other->node == is->node) line.operand = is->operand + 1;
  }
  return line;
}

int model_bug_of(const struct model *model, size_t rule) {
  int found = -1;
  for (size_t i = 0; i < model->bug_count; i++) {
    const struct bug *bug = &model->bugs[i];
    bool better = found < 0 || !bug->off || model->bugs[found].off; /* one in force goes first */
    if (!bug->hidden && better && rules_match(model, &bug->line, &model->rules[rule]))
      found = (int)i;
  }
  return found;
}

/* The instance that "fold NAME" or "unfold NAME" is about: the outermost folded one that the node
 * is shown as, or the innermost unfolded one that it is the result of; -1: none. */
static int fold_target(const struct model *model, int node, bool folded) {
  if (!folded) return model_visible(model, node) == node ? model_shown_as(model, node) : -1;
  for (int i = model->nodes[node].instance; i >= 0; i = model->instances[i].parent)
    if (model->instances[i].output == node && !model->instances[i].folded) return i;
  return -1;
}

enum status model_fold(struct model *model, const char *name, bool folded, struct diag *diag) {
  int node = name ? model_find(model, name) : -1;
  if (name && node < 0) node = node_find_shown(model, name, strlen(name));
  if (node == SHOWN_NO_MEMORY) return diag_no_memory(diag);
  int target = node >= 0 ? fold_target(model, node, folded) : -1;
  if (name && target < 0)
    return diag_set(diag, STATUS_USAGE, SPAN_NONE,
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

/* -- edits as a value -- */

bool edits_take(struct edits *edits, const struct model *model) {
  const size_t folds = model->instance_count, bugs = model->bug_count;
  *edits = (struct edits){.folded = calloc(folds + 1, sizeof *edits->folded),
                          .bugs = calloc(bugs + 1, sizeof *edits->bugs), .bug_count = bugs};
  if (!edits->folded || !edits->bugs) {
    edits_done(edits);
    return false;
  }
  for (size_t i = 0; i < folds; i++) edits->folded[i] = model->instances[i].folded;
  if (bugs > 0) memcpy(edits->bugs, model->bugs, bugs * sizeof *edits->bugs);
  return true;
}

void edits_done(struct edits *edits) {
  free(edits->folded);
  free(edits->bugs);
  *edits = (struct edits){0};
}

/* A bug's text is a copy that no other bug has. */
bool edits_are(const struct edits *edits, const struct model *model) {
  if (edits->bug_count != model->bug_count) return false;
  for (size_t i = 0; i < model->instance_count; i++)
    if (edits->folded[i] != model->instances[i].folded) return false;
  for (size_t i = 0; i < model->bug_count; i++) {
    const struct bug *was = &edits->bugs[i], *is = &model->bugs[i];
    if (was->text != is->text || was->off != is->off || was->hidden != is->hidden) return false;
  }
  return true;
}

enum status model_put_edits(struct model *model, const struct edits *edits, struct diag *diag) {
  if (!array_reserve(&model->bugs, &model->bug_capacity, edits->bug_count, sizeof *model->bugs))
    return diag_no_memory(diag);
  if (edits->bug_count > 0)
    memcpy(model->bugs, edits->bugs, edits->bug_count * sizeof *edits->bugs);
  model->bug_count = edits->bug_count;
  for (size_t i = 0; i < model->instance_count; i++)
    model->instances[i].folded = edits->folded[i];
  return rules_derive(model, diag);
}
