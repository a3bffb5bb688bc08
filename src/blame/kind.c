#include "blame/kind.h"

#include "blame/way.h"
#include "bug/mutants.h"
#include "lang/lex.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kind_naming {
  struct named_kind *found;
  const struct model *model; /* the person's */
  const struct truth *truth;
  const struct run *point;
  const struct wrong_line *line;
  struct model reference;         /* folded as the person's, with the derived pass */
  struct run right;
  struct catalogue catalogue;
  bool *region; /* by node: the wrong line's, and those whose rules make its gradient */
  int rank;     /* of what is found */
  bool failed;
};

/* -- comparing -- */

/* Whether MUTANT is THEIR gradient, not merely near it: much nearer than RIGHT is, in every
 * entry. */
static bool is_same_entry(double their, double mutant, double right, double largest) {
  const double close = 1e-7, part = 1e-3, rounding = 1e-11;
  double apart = fabs(their - mutant), wrong = fabs(their - right);
  if (apart <= rounding * largest) return true;
  return apart <= close * fmax(fabs(their), fabs(mutant)) && apart <= part * wrong;
}

/* Whether the mutant's gradient of the param NODE is the person's. One that is not assigned is
 * 0. */
static bool is_same_for(const struct kind_naming *naming, const struct run *run, int node) {
  const double *theirs = model_gradient(naming->model, naming->point, node);
  const double *mutant = model_gradient(&naming->reference, run, node);
  const double *right = truth_gradient(naming->truth, node);
  size_t count = shape_count(model_shape(naming->model, naming->model->nodes[node].slot));
  double largest = right ? truth_largest(right, count) : 0;
  for (size_t i = 0; mutant && right && i < count; i++)
    if (!is_same_entry(theirs ? theirs[i] : 0, mutant[i], right[i], largest)) return false;
  return true;
}

static bool is_same(const struct kind_naming *naming, const struct run *run) {
  for (size_t n = 0; n < naming->model->node_count; n++)
    if (naming->model->nodes[n].kind == NODE_PARAM && !is_same_for(naming, run, (int)n))
      return false;
  return true;
}

/* -- one mutant after the other -- */

/* Kinds that few people make by hand: they are named only where nothing else fits. */
static bool is_rare(const struct bug_kind *kind) {
  static const char *const rare[] = {"integer-division", "stale",     "updated-early", "clipped",
                                     "precision-lost",   "one-entry", "learning-rate", "quotient",
                                     "not-zeroed"};
  for (size_t i = 0; i < sizeof rare / sizeof *rare; i++)
    if (strcmp(kind->name, rare[i]) == 0) return true;
  return false;
}

/* Whether KIND is the name for what was seen of the line's shares. */
static bool suits(const struct kind_naming *naming, const struct bug_kind *kind) {
  static const struct {
    enum share_fault share;
    bool negative;
    const char *kind;
  } rows[] = {
      {SHARE_MISSING, false, "dropped-term"},
      {SHARE_MISSING, false, "regularisation-forgotten"},
      {SHARE_FACTOR, true, "term-sign"},
      {SHARE_FACTOR, true, "sign"},
      {SHARE_FACTOR, false, "scale"},
      {SHARE_FACTOR, false, "double-count"},
      {SHARE_FACTOR, false, "regularisation-factor"},
  };
  const struct wrong_line *line = naming->line;
  for (size_t i = 0; line && line->share && i < sizeof rows / sizeof *rows; i++)
    if (line->share == rows[i].share && (line->share_factor < 0) == rows[i].negative &&
        strcmp(kind->name, rows[i].kind) == 0)
      return true;
  return line && line->overwrites && strcmp(kind->name, "overwrite") == 0;
}

/* How well a mutant that fits does as a name. */
static int rank(const struct kind_naming *naming, const struct mutant *mutant) {
  const struct rule *rule = &naming->reference.rules[mutant->rule];
  bool of_line = naming->line && naming->line->node == rule->target_node;
  return 4 * suits(naming, mutant->kind) + 2 * !is_rare(mutant->kind) + of_line;
}

static bool look(void *context, size_t index, size_t pass, const struct run *run) {
  struct kind_naming *naming = context;
  const struct mutant *mutant = &naming->catalogue.mutants[index];
  int rank_now = rank(naming, mutant);
  (void)pass;
  if (rank_now <= naming->rank || !is_same(naming, run)) return true;
  naming->rank = rank_now;
  free(naming->found->mutant);
  naming->found->kind = mutant->kind;
  naming->found->mutant = strdup(mutant->id);
  naming->failed = !naming->found->mutant;
  return !naming->failed;
}

/* -- all of it -- */

static enum status prepare(struct kind_naming *naming, struct diag *diag) {
  enum status status = reference_init(&naming->reference, naming->model, false, diag);
  return status ? status : reference_run(&naming->right, &naming->reference, naming->point, diag);
}

/* What the line shows by itself, whether a mutant does the same or not. */
static const struct bug_kind *kind_by_line(const struct wrong_line *line) {
  const char *name = NULL;
  if (line->overwrites) name = "overwrite";
  else if (line->share == SHARE_MISSING) name = "dropped-term";
  else if (line->share == SHARE_FACTOR && fabs(line->share_factor + 1) <= 1e-6) name = "term-sign";
  else if (line->share == SHARE_FACTOR) name = "scale";
  else if (isfinite(line->factor) && fabs(line->factor + 1) <= 1e-6) name = "sign";
  else if (isfinite(line->factor) && line->telling > 1) name = "scale";
  return name ? bug_kind_find(name) : NULL;
}

/* Where the line is sure of what it does, that it overwrites, this counts more. */
static void settle_by_line(struct named_kind *found, const struct wrong_line *line) {
  const struct bug_kind *kind = kind_by_line(line);
  if (!kind || (found->kind && !line->overwrites) || found->kind == kind) return;
  free(found->mutant);
  found->kind = kind;
  found->mutant = NULL;
}

static void settle_by_name(struct named_kind *found, const char *name) {
  if (!found->kind && name) found->kind = bug_kind_find(name);
}

/* The result of LINE in units of its node's gradient; NULL for lack of memory. */
static double *result_of(const struct kind_naming *naming, size_t size) {
  const struct wrong_line *line = naming->line;
  const struct rule *rule = &naming->model->rules[line->rules[line->count - 1]];
  const double *values = run_values(naming->point, model_target(naming->model, rule));
  double *result = malloc((size + 1) * sizeof *result);
  for (size_t i = 0; result && i < size; i++)
    result[i] = values[i] / line->scale;
  return result;
}

/* Whether the line names what it is guessed to take: equal numbers alone are no proof. */
static bool is_named_there(const struct kind_naming *naming, const struct guess *guess) {
  char name[NAME_MAX_BYTES + 2];
  const struct wrong_line *line = naming->line;
  bool gradient = guess->kind == GUESS_OTHER_GRADIENT || guess->kind == GUESS_NO_SLOPE;
  if (!gradient && guess->kind != GUESS_OTHER_VALUE) return true;
  snprintf(name, sizeof name, "%s%s", gradient ? "d" : "",
           naming->model->nodes[guess->is].name);
  for (size_t i = 0; i < line->count; i++)
    if (expr_names(naming->model->rules[line->rules[i]].value, name)) return true;
  return false;
}

/* What the line makes, by itself and against the right gradient of its node. */
static enum status look_at_line(struct kind_naming *naming) {
  const struct wrong_line *line = naming->line;
  struct named_kind *found = naming->found;
  if (!line || line->count == 0 || line->node < 0 || isnan(line->scale)) return STATUS_OK;
  const double *right = truth_gradient(naming->truth, line->node);
  struct shape shape = model_shape(naming->model, naming->model->nodes[line->node].slot);
  double *is = result_of(naming, shape_count(shape));
  if (!is) return STATUS_NO_MEMORY;
  found->form = form_find(&(struct compared){.is = is, .should = right, .shape = shape,
                                             .truth = naming->truth, .node = line->node});
  enum status status = STATUS_OK;
  bool known = found->kind || kind_by_line(line) || found->form.kind == FORM_ZERO;
  if (!known)
    status = guess_find(&found->guess, &naming->reference, &naming->right, is, line->node);
  if (!status && found->guess.kind && !is_named_there(naming, &found->guess))
    found->guess = (struct guess){.kind = GUESS_NONE, .is = -1, .should = -1};
  free(is);
  return status;
}

static bool is_near(void *context, size_t mutant) {
  const struct kind_naming *naming = context;
  const struct rule *rule = &naming->reference.rules[naming->catalogue.mutants[mutant].rule];
  return naming->region[rule->target_node];
}

static bool is_far(void *context, size_t mutant) {
  const struct kind_naming *naming = context;
  return !naming->line || !is_near(context, mutant);
}

static enum status run_some(struct kind_naming *naming, const struct check *check,
                            bool (*wants)(void *context, size_t mutant), size_t budget,
                            struct diag *diag) {
  size_t done;
  struct pass pass = {.run = &naming->right, .upstream = 1};
  struct mutants_options options = {.wants = wants, .wants_context = naming, .budget = budget,
                                    .cancel = check->options.cancel};
  return mutants_run(&naming->catalogue, &naming->reference, &pass, 1, &options, look, naming,
                     &done, diag);
}

static enum status run_mutants(struct kind_naming *naming, const struct check *check,
                               const struct wrong_lines *lines, struct diag *diag) {
  enum { NEAR = 100 * 1000 * 1000, FAR = 10 * 1000 * 1000 };
  const struct wrong_line *line = naming->line;
  bool known = line && line->node >= 0 && lines->stations;
  enum status status = catalogue_make(&naming->catalogue, &naming->reference, diag);
  naming->region = calloc(naming->model->node_count + 1, sizeof *naming->region);
  if (!naming->region || (known && way_region(naming->model, lines->stations, line->node,
                                              naming->region)))
    return diag_no_memory(diag);
  if (!status && known) status = run_some(naming, check, is_near, NEAR, diag);
  if (!status && !naming->found->kind) status = run_some(naming, check, is_far, FAR, diag);
  return status == STATUS_LIMIT ? STATUS_OK : status;
}

enum status kind_find(struct named_kind *found, const struct check *check,
                      const struct model *model, const struct truth *truth,
                      const struct run *point, const struct wrong_lines *lines, struct diag *diag) {
  struct kind_naming naming = {.rank = -1, .found = found, .model = model, .truth = truth,
                          .point = point, .line = lines->count == 1 ? &lines->items[0] : NULL};
  *found = (struct named_kind){0};
  enum status status = prepare(&naming, diag);
  bool own = !status && is_same(&naming, &naming.right); /* a gate's own rule, not a mutant */
  if (!status && !own) status = run_mutants(&naming, check, lines, diag);
  if (!status && !own && (naming.failed || look_at_line(&naming))) status = diag_no_memory(diag);
  if (!status && !own && naming.line) settle_by_line(found, naming.line);
  settle_by_name(found, guess_bug_kind(&found->guess));
  settle_by_name(found, form_bug_kind(&found->form));
  catalogue_done(&naming.catalogue);
  free(naming.region);
  run_done(&naming.right);
  reference_done(&naming.reference);
  return status;
}

void named_kind_done(struct named_kind *found) {
  free(found->mutant);
  *found = (struct named_kind){0};
}
