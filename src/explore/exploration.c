#include "explore/exploration.h"

#include "bug/matrix.h"
#include "core/intl.h"
#include "core/shared.h"
#include "io/loader.h"

#include <stdlib.h>
#include <string.h>

/* -- copies -- */

struct visit visit_keep(const struct visit *visit) {
  shared_keep(visit->built);
  shared_keep(visit->edits);
  shared_keep(visit->values);
  shared_keep(visit->check);
  shared_keep(visit->sweep);
  shared_keep(visit->history);
  shared_keep(visit->matrix);
  shared_keep(visit->play);
  return *visit;
}

void visit_forget_findings(struct visit *visit) {
  shared_drop(visit->check);
  shared_drop(visit->sweep);
  shared_drop(visit->history);
  shared_drop(visit->matrix);
  visit->check = NULL;
  visit->sweep = NULL;
  visit->history = NULL;
  visit->matrix = NULL;
}

void visit_drop(struct visit *visit) {
  visit_forget_findings(visit);
  shared_drop(visit->play);
  shared_drop(visit->values);
  shared_drop(visit->edits);
  shared_drop(visit->built);
  *visit = (struct visit){.focus = -1};
}

struct exploration exploration_keep(const struct exploration *exploration) {
  shared_keep(exploration->lesson);
  visit_keep(&exploration->at);
  shared_keep(exploration->visits);
  shared_keep(exploration->quizzes);
  return *exploration;
}

void exploration_drop(struct exploration *exploration) {
  shared_drop(exploration->visits);
  visit_drop(&exploration->at);
  shared_drop(exploration->quizzes);
  shared_drop(exploration->lesson);
  *exploration = (struct exploration){.at.focus = -1};
}

static bool visit_is(const struct visit *a, const struct visit *b) {
  return a->built == b->built && a->edits == b->edits && a->values == b->values &&
         a->seeded == b->seeded && a->seed == b->seed && a->position == b->position &&
         a->precision == b->precision && a->frozen == b->frozen && a->play == b->play &&
         a->answers == b->answers;
}

bool exploration_is(const struct exploration *a, const struct exploration *b) {
  return a->lesson == b->lesson && a->page == b->page && visit_is(&a->at, &b->at) &&
         a->quizzes == b->quizzes;
}

static size_t tensor_bytes(const struct tensor_check *tensors, size_t count) {
  size_t bytes = 0;
  for (size_t i = 0; i < count; i++) bytes += 2 * tensors[i].count * sizeof(double);
  return bytes;
}

size_t exploration_bytes(const struct exploration *exploration, const struct exploration *base) {
  const struct visit *visit = &exploration->at, *other = &base->at;
  const struct leaf_values *values = visit->values;
  size_t bytes = sizeof *exploration;
  for (size_t n = 0; values && values != other->values && n < values->count; n++) {
    bool same = other->values && other->values->count == values->count &&
                other->values->of[n] == values->of[n];
    if (same || !values->of[n]) continue;
    const struct model *model = &visit->built->model;
    bytes += shape_count(model_shape(model, model->nodes[n].slot)) * sizeof(double);
  }
  if (visit->check && visit->check != other->check)
    bytes += tensor_bytes(visit->check->tensors, visit->check->tensor_count) +
             tensor_bytes(visit->check->intermediates, visit->check->intermediate_count);
  return bytes;
}

/* -- building -- */

static void end_built(void *object) {
  struct built *built = object;
  for (size_t n = 0; built->as_built && n < built->model.node_count; n++) free(built->as_built[n]);
  free(built->as_built);
  shared_drop(built->values);
  shared_drop(built->edits);
  model_done(&built->model);
  shared_drop(built->lesson);
}

static void end_edits(void *object) {
  edits_done(object);
}

static struct edits *edits_now(const struct model *model) {
  struct edits *edits = shared_new(sizeof *edits, end_edits);
  if (edits && edits_take(edits, model)) return edits;
  shared_drop(edits);
  return NULL;
}

static enum status build(struct built *built, const struct source *source, struct diag *diag) {
  struct model *model = &built->model;
  enum status status = model_build(model, source, &io_loader, diag);
  if (!status && model->node_count == 0)
    status = diag_set(diag, STATUS_DATA, SPAN_NONE, "%s",
                      _("this model has no node to look at"));
  if (!status) status = model_fold_statements(model, diag);
  if (status) return status;
  built->random = model->random;
  built->edits = edits_now(model);
  built->as_built = calloc(model->node_count, sizeof *built->as_built);
  return built->edits && built->as_built ? STATUS_OK : diag_no_memory(diag);
}

enum status visit_build(struct visit *visit, struct lesson *lesson, const struct source *source,
                        struct diag *diag) {
  struct built *built = shared_new(sizeof *built, end_built);
  *visit = (struct visit){.focus = -1};
  if (!built) return diag_no_memory(diag);
  built->model.loss = -1;
  built->lesson = shared_keep(lesson);
  enum status status = build(built, source, diag);
  if (status) shared_drop(built);
  else *visit = (struct visit){.built = built, .edits = shared_keep(built->edits)};
  return status;
}

/* -- values of leaves -- */

static double *leaf_image(struct model *model, size_t node, size_t *count) {
  *count = shape_count(model_shape(model, model->nodes[node].slot));
  return program_image(&model->program, model->nodes[node].slot);
}

static bool is_meant(const struct model *model, size_t n, int node) {
  return node < 0 ? model->nodes[n].kind == NODE_PARAM : n == (size_t)node;
}


static double *shared_values(const double *values, size_t count) {
  double *copy = shared_new(count * sizeof *copy, NULL);
  if (copy) memcpy(copy, values, count * sizeof *copy);
  return copy;
}

enum status visit_before_change(struct visit *visit, int node, struct diag *diag) {
  struct built *built = visit->built;
  for (size_t n = 0; n < built->model.node_count; n++) {
    size_t count;
    if (!is_meant(&built->model, n, node) || built->as_built[n]) continue;
    const double *image = leaf_image(&built->model, n, &count);
    built->as_built[n] = malloc(count * sizeof *image);
    if (!built->as_built[n]) return diag_no_memory(diag);
    memcpy(built->as_built[n], image, count * sizeof *image);
  }
  return STATUS_OK;
}

static void end_values(void *object) {
  struct leaf_values *values = object;
  for (size_t n = 0; n < values->count; n++) shared_drop(values->of[n]);
}

/* Those of the visit, but for what is meant by NODE, which is as the image has it. */
static struct leaf_values *values_now(const struct visit *visit, int node) {
  struct model *model = &visit->built->model;
  struct leaf_values *values =
      shared_new(sizeof *values + model->node_count * sizeof *values->of, end_values);
  if (!values) return NULL;
  values->count = model->node_count;
  for (size_t n = 0; n < values->count; n++) {
    size_t count;
    bool meant = is_meant(model, n, node);
    const double *image = meant ? leaf_image(model, n, &count) : NULL;
    if (meant) values->of[n] = shared_values(image, count);
    else if (visit->values) values->of[n] = shared_keep(visit->values->of[n]);
    if (!meant || values->of[n]) continue;
    shared_drop(values);
    return NULL;
  }
  return values;
}

static void put_values(struct built *built, struct leaf_values *values) {
  for (size_t n = 0; n < built->model.node_count; n++) {
    const double *wanted = values ? values->of[n] : NULL;
    const double *there = built->values ? built->values->of[n] : NULL;
    if (wanted == there) continue;
    size_t count;
    double *image = leaf_image(&built->model, n, &count);
    memcpy(image, wanted ? wanted : built->as_built[n], count * sizeof *image);
  }
  shared_keep(values);
  shared_drop(built->values);
  built->values = values;
}

/* After a failure only what is meant by NODE differs from what the visit says. */
static void put_back(struct visit *visit, int node) {
  struct built *built = visit->built;
  for (size_t n = 0; n < built->model.node_count; n++) {
    size_t count;
    if (!is_meant(&built->model, n, node)) continue;
    double *image = leaf_image(&built->model, n, &count);
    const double *was = visit->values && visit->values->of[n] ? visit->values->of[n]
                                                              : built->as_built[n];
    memcpy(image, was, count * sizeof *image);
  }
}

enum status visit_after_change(struct visit *visit, int node, struct diag *diag) {
  struct leaf_values *values = values_now(visit, node);
  if (!values) {
    put_back(visit, node);
    return diag_no_memory(diag);
  }
  shared_drop(visit->values);
  visit->values = values;
  shared_keep(values);
  shared_drop(visit->built->values);
  visit->built->values = values;
  return STATUS_OK;
}

/* -- edits, and bringing a model to a visit -- */

enum status visit_take_edits(struct visit *visit, struct diag *diag) {
  struct built *built = visit->built;
  if (edits_are(built->edits, &built->model)) return STATUS_OK;
  struct edits *edits = edits_now(&built->model);
  if (!edits) return diag_no_memory(diag);
  shared_drop(built->edits);
  shared_drop(visit->edits);
  built->edits = edits;
  visit->edits = shared_keep(edits);
  return STATUS_OK;
}

enum status visit_put(const struct visit *visit, struct diag *diag) {
  struct built *built = visit->built;
  put_values(built, visit->values);
  built->model.random = built->random;
  if (visit->seeded) random_seed(&built->model.random, visit->seed);
  if (edits_are(visit->edits, &built->model)) return STATUS_OK;
  enum status status = model_put_edits(&built->model, visit->edits, diag);
  if (status) return status;
  shared_keep(visit->edits);
  shared_drop(built->edits);
  built->edits = visit->edits;
  return STATUS_OK;
}

/* -- what one owner may change -- */

struct quiz_progress *exploration_own_quizzes(struct exploration *exploration) {
  if (shared_is_single(exploration->quizzes)) return exploration->quizzes;
  size_t size = (exploration->lesson->quiz_count + 1) * sizeof *exploration->quizzes;
  struct quiz_progress *own = shared_new(size, NULL);
  if (!own) return NULL;
  memcpy(own, exploration->quizzes, size);
  shared_drop(exploration->quizzes);
  return exploration->quizzes = own;
}

static void end_visits(void *object) {
  struct visits *visits = object;
  for (size_t i = 0; i < visits->count; i++) {
    visit_drop(&visits->of[i].begun);
    visit_drop(&visits->of[i].left);
  }
}

struct visits *exploration_own_visits(struct exploration *exploration) {
  struct visits *visits = exploration->visits;
  if (visits && shared_is_single(visits)) return visits;
  size_t count = exploration->lesson->page_count;
  struct visits *own = shared_new(sizeof *own + count * sizeof *own->of, end_visits);
  if (!own) return NULL;
  own->count = count;
  for (size_t i = 0; i < count && visits; i++) {
    own->of[i].begun = visit_keep(&visits->of[i].begun);
    own->of[i].left = visit_keep(&visits->of[i].left);
  }
  shared_drop(visits);
  return exploration->visits = own;
}
