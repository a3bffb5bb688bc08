#include "report/report.h"

#include "report/json.h"

#include <math.h>
#include <string.h>

/* Building a document: any part that finds no memory spoils the whole, and is noticed at the
 * end. */
struct maker {
  const struct model *model;
  const struct run *run;
  bool failed;
};

static void set(struct maker *maker, json_t *object, const char *key, json_t *value) {
  if (json_object_set_new(object, key, value)) maker->failed = true;
}

static void add(struct maker *maker, json_t *array, json_t *value) {
  if (json_array_append_new(array, value)) maker->failed = true;
}

static json_t *slot_json(struct maker *maker, int slot) {
  if (slot < 0) return json_null();
  return json_tensor(run_values(maker->run, slot), model_shape(maker->model, slot));
}

/* The rule lines of every node that is shown as NODE; -1: those of the backward block. */
static json_t *rules_json(struct maker *maker, int node) {
  const struct model *model = maker->model;
  json_t *rules = json_array();
  for (size_t i = 0; i < model->rule_count; i++) {
    int owner = model->rules[i].node;
    if (owner >= 0) owner = model_visible(model, owner);
    if (owner == node) add(maker, rules, json_string(model->rules[i].text));
  }
  return rules;
}

static json_t *node_json(struct maker *maker, int index) {
  const struct node *node = &maker->model->nodes[index];
  json_t *json = json_object();
  set(maker, json, "name", json_string(node->name));
  set(maker, json, "op", json_string(model_op_name(maker->model, index)));
  set(maker, json, "shape", json_shape(model_shape(maker->model, node->slot)));
  set(maker, json, "value", slot_json(maker, node->slot));
  set(maker, json, "grad", slot_json(maker, node->gradient));
  set(maker, json, "rules", rules_json(maker, index));
  return json;
}

static enum status finish(const struct maker *maker, struct text *out, json_t *json) {
  enum status status = json_print(out, json, 0);
  return maker->failed ? STATUS_NO_MEMORY : status;
}

enum status report_eval_json(struct text *out, const struct model *model, const struct run *run) {
  struct maker maker = {.model = model, .run = run};
  json_t *nodes = json_array(), *json = json_object();
  for (size_t i = 0; i < model->node_count; i++)
    if (model_visible(model, (int)i) == (int)i) add(&maker, nodes, node_json(&maker, (int)i));
  int loss = model->loss;
  set(&maker, json, "loss",
      loss >= 0 ? json_number(*run_values(run, model->nodes[loss].slot)) : json_null());
  set(&maker, json, "nodes", nodes);
  if (model->backward) set(&maker, json, "backward", rules_json(&maker, -1));
  return finish(&maker, out, json);
}

static void set_metrics(struct maker *maker, json_t *json, const struct tensor_check *tensor) {
  const struct metrics *m = &tensor->metrics;
  uint32_t row, col;
  tensor_check_place(tensor, m->worst, &row, &col);
  set(maker, json, "difference", json_number(m->difference));
  set(maker, json, "mean_abs", json_number(m->mean_abs));
  set(maker, json, "max_abs", json_number(m->max_abs));
  set(maker, json, "max_rel", json_number(m->max_rel));
  set(maker, json, "worst", json_pair(json_integer(row), json_integer(col)));
  set(maker, json, "cosine", json_number(m->cosine));
  set(maker, json, "scale", json_number(m->scale));
  set(maker, json, "grad_norm", json_number(m->grad_norm));
  set(maker, json, "numeric_norm", json_number(m->numeric_norm));
  set(maker, json, "zeros", json_integer((json_int_t)m->zeros));
}

static json_t *tensor_check_json(struct maker *maker, const struct tensor_check *tensor,
                                 bool decided) {
  json_t *json = json_object();
  set(maker, json, "name", json_string(maker->model->nodes[tensor->node].name));
  set(maker, json, "shape", json_shape(tensor->shape));
  if (decided) {
    set(maker, json, "verdict", json_string(verdict_names[tensor->verdict]));
    set(maker, json, "reason", json_string(reason_names[tensor->reason]));
    set(maker, json, "share", json_number(tensor->share));
    set(maker, json, "entry_tolerance",
        tensor->leeway.relative > 0 ? json_number(tensor->leeway.relative) : json_null());
    set(maker, json, "settled", json_integer((json_int_t)tensor->settled_count));
  }
  if (tensor->broken) set(maker, json, "broken_law", json_string(law_names[tensor->broken]));
  set_metrics(maker, json, tensor);
  if (tensor->reason == REASON_STRADDLES)
    set(maker, json, "slopes", json_pair(json_number(tensor->left), json_number(tensor->right)));
  return json;
}

static json_t *tensors_json(struct maker *maker, const struct tensor_check *tensors, size_t count,
                            bool decided) {
  json_t *array = json_array();
  for (size_t i = 0; i < count; i++)
    add(maker, array, tensor_check_json(maker, &tensors[i], decided));
  return array;
}

static json_t *finding_json(struct maker *maker, const struct check *check,
                            const struct finding *finding) {
  json_t *json = json_object(), *names = json_array();
  set(maker, json, "kind", json_string(finding_names[finding->kind]));
  for (size_t i = 0; i < finding->tensor_count; i++)
    add(maker, names,
        json_string(maker->model->nodes[check->tensors[finding->tensors[i]].node].name));
  set(maker, json, "tensors", names);
  set(maker, json, "factor", isnan(finding->factor) ? json_null() : json_number(finding->factor));
  set(maker, json, "sentence", json_string(finding->sentence));
  return json;
}

/* NAMED is what the mistake is called; NULL: not this line. */
static json_t *wrong_line_json(struct maker *maker, const struct wrong_line *line,
                               const struct named_kind *named) {
  json_t *json = json_object(), *rules = json_array(), *texts = json_array();
  for (size_t i = 0; i < line->count; i++) {
    add(maker, rules, json_integer((json_int_t)line->rules[i]));
    add(maker, texts, json_string(maker->model->rules[line->rules[i]].text));
  }
  set(maker, json, "rules", rules);
  set(maker, json, "lines", texts);
  set(maker, json, "factor", isnan(line->factor) ? json_null() : json_number(line->factor));
  bool is_named = named && named->kind;
  set(maker, json, "kind", is_named ? json_string(named->kind->name) : json_null());
  set(maker, json, "mutant", is_named && named->mutant ? json_string(named->mutant) : json_null());
  return json;
}

static void set_diagnosis(struct maker *maker, json_t *json, const struct check *check) {
  const struct diagnosis *diagnosis = check->diagnosis;
  json_t *findings = json_array(), *lines = json_array();
  for (size_t i = 0; diagnosis && i < diagnosis->count; i++)
    add(maker, findings, finding_json(maker, check, &diagnosis->findings[i]));
  for (size_t i = 0; diagnosis && i < diagnosis->lines.count; i++)
    add(maker, lines, wrong_line_json(maker, &diagnosis->lines.items[i],
                                      i == 0 ? &diagnosis->named : NULL));
  set(maker, json, "findings", findings);
  set(maker, json, "wrong_lines", lines);
}

static json_t *origin_json(struct maker *maker, const struct origin *origin) {
  const struct node *node = &maker->model->nodes[origin->node];
  const size_t cols = model_shape(maker->model, node->slot).cols;
  json_t *json = json_object();
  set(maker, json, "node", json_string(node->name));
  set(maker, json, "rule", origin->rule < 0 ? json_null()
                                            : json_string(maker->model->rules[origin->rule].text));
  set(maker, json, "entry", json_pair(json_integer((json_int_t)(origin->entry / cols)),
                                      json_integer((json_int_t)(origin->entry % cols))));
  set(maker, json, "value", json_number(origin->value));
  return json;
}

enum status report_check_json(struct text *out, const struct model *model,
                              const struct check *check) {
  struct maker maker = {.model = model};
  const struct check_options *options = &check->options;
  bool chosen = !(options->eps > 0);
  json_t *json = json_object(), *notes = json_array();
  set(&maker, json, "verdict", json_string(verdict_names[check->verdict]));
  set(&maker, json, "difference", json_number(check->difference));
  set(&maker, json, "loss", json_number(check->loss));
  set(&maker, json, "method", json_string(method_names[options->method]));
  set(&maker, json, "step", json_number(check_base_step(options)));
  set(&maker, json, "chosen_step", json_boolean(chosen));
  set(&maker, json, "tolerance",
      options->tolerance >= 0 ? json_number(options->tolerance) : json_null());
  set(&maker, json, "precision", json_string(precision_names[options->precision]));
  set(&maker, json, "entries", json_integer((json_int_t)check->entries));
  set(&maker, json, "tensors", tensors_json(&maker, check->tensors, check->tensor_count, true));
  if (model->backward)
    set(&maker, json, "intermediates",
        tensors_json(&maker, check->intermediates, check->intermediate_count, false));
  set_diagnosis(&maker, json, check);
  if (check->has_origin) set(&maker, json, "origin", origin_json(&maker, &check->origin));
  for (size_t i = 0; i < check->note_count; i++)
    add(&maker, notes, json_string(check->notes[i]));
  set(&maker, json, "notes", notes);
  return finish(&maker, out, json);
}

static void set_progress(struct maker *maker, json_t *lesson, const struct progress_entry *entry) {
  static const struct {
    const char *key;
    char mark;
  } marks[] = {{"right", MARK_RIGHT}, {"skipped", MARK_SKIPPED}, {"open", MARK_OPEN}};
  set(maker, lesson, "step", json_integer(entry->page));
  set(maker, lesson, "steps", json_integer(entry->pages));
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
    set(maker, lesson, marks[i].key,
        json_integer((json_int_t)progress_marked(entry, marks[i].mark)));
}

enum status report_list_json(struct text *out, char *const *names, size_t count,
                             const struct progress *progress) {
  struct maker maker = {0};
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++) {
    json_t *lesson = json_object();
    struct progress_entry entry;
    progress_name(&entry, names[i]);
    const struct progress_entry *known = progress_find(progress, entry.name);
    set(&maker, lesson, "name", json_stringn(names[i], strlen(names[i]) - strlen(".md")));
    if (known) set_progress(&maker, lesson, known);
    add(&maker, list, lesson);
  }
  return finish(&maker, out, list);
}

static json_t *row_json(struct maker *maker, const struct train_row *row) {
  json_t *json = json_object();
  set(maker, json, "step", json_integer((json_int_t)row->step));
  set(maker, json, "loss", json_number(row->loss));
  set(maker, json, "train", isnan(row->train) ? json_null() : json_number(row->train));
  set(maker, json, "test", isnan(row->test) ? json_null() : json_number(row->test));
  return json;
}

static json_t *advice_json(struct maker *maker, const struct advice *advice,
                           const struct model *model) {
  json_t *json = json_object(), *unmoved = json_array();
  for (size_t i = 0; i < advice->unmoved_count; i++)
    add(maker, unmoved, json_string(model->nodes[advice->unmoved[i]].name));
  set(maker, json, "loss_rose", json_boolean(advice->rose));
  set(maker, json, "loss_stuck", json_boolean(advice->stuck));
  set(maker, json, "uphill", json_boolean(advice->uphill));
  set(maker, json, "unmoved", unmoved);
  if (advice->trial_steps == 0) return json;
  set(maker, json, "trial_rate", json_number(advice->trial_rate));
  set(maker, json, "trial_steps", json_integer((json_int_t)advice->trial_steps));
  set(maker, json, "trial_falls", json_boolean(advice->trial_falls));
  return json;
}

enum status report_train_json(struct text *out, const struct history *history,
                              const struct model *model, const char *before, const char *after) {
  struct maker maker = {0};
  json_t *json = json_object(), *rows = json_array();
  const char *bad = history->bad >= 0 ? model->nodes[history->bad].name : NULL;
  for (size_t i = 0; i < history->row_count; i++)
    add(&maker, rows, row_json(&maker, &history->rows[i]));
  set(&maker, json, "steps", json_integer((json_int_t)history->done));
  set(&maker, json, "cancelled", json_boolean(history->cancelled));
  set(&maker, json, "diverged", json_boolean(history->diverged));
  set(&maker, json, "bad",
      bad ? json_sprintf("%s%s", history->bad_gradient ? "d" : "", bad) : json_null());
  if (before) set(&maker, json, "check_before", json_string(before));
  if (after) set(&maker, json, "check_after", json_string(after));
  set(&maker, json, "advice", advice_json(&maker, &history->advice, model));
  set(&maker, json, "rows", rows);
  return finish(&maker, out, json);
}
