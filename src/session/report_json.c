#include "session/report.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

static json_t *number(double value) {
  char buffer[NUMBER_TEXT_SIZE];
  return isfinite(value) ? json_real(value) : json_string(number_text(value, buffer));
}

static json_t *shape_json(struct shape shape) {
  return json_pack("[ii]", (int)shape.rows, (int)shape.cols);
}

static json_t *tensor_json(const double *values, struct shape shape) {
  json_t *rows = json_array();
  for (uint32_t i = 0; i < shape.rows; i++) {
    json_t *row = json_array();
    for (uint32_t j = 0; j < shape.cols; j++)
      json_array_append_new(row, number(values[(size_t)i * shape.cols + j]));
    json_array_append_new(rows, row);
  }
  return rows;
}

static json_t *slot_json(const struct run *run, int slot) {
  if (slot < 0) return json_null();
  return tensor_json(run_values(run, slot), run->program->slots[slot].shape);
}

/* The rule lines of every node that is shown as NODE; -1: those of the backward block. */
static json_t *rules_json(const struct model *model, int node) {
  json_t *rules = json_array();
  for (size_t i = 0; i < model->rule_count; i++) {
    int owner = model->rules[i].node;
    if (owner >= 0) owner = model_visible(model, owner);
    if (owner == node) json_array_append_new(rules, json_string(model->rules[i].text));
  }
  return rules;
}

static json_t *node_json(const struct model *model, const struct run *run, int index) {
  const struct node *node = &model->nodes[index];
  return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "name", node->name, "op",
                   model_op_name(model, index), "shape",
                   shape_json(model_shape(model, node->slot)), "value", slot_json(run, node->slot),
                   "grad", slot_json(run, node->gradient), "rules", rules_json(model, index));
}

static enum status finish(struct text *out, json_t *json) {
  char *text = json ? json_dumps(json, JSON_REAL_PRECISION(17) | JSON_ENSURE_ASCII) : NULL;
  if (text) {
    text_puts(out, text);
    text_puts(out, "\n");
  }
  free(text);
  json_decref(json);
  return text && !out->failed ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status report_eval_json(struct text *out, const struct model *model, const struct run *run) {
  json_t *nodes = json_array(), *json = json_object();
  for (size_t i = 0; i < model->node_count; i++)
    if (model_visible(model, (int)i) == (int)i)
      json_array_append_new(nodes, node_json(model, run, (int)i));
  int loss = model->loss;
  json_object_set_new(json, "loss",
                      loss >= 0 ? number(*run_values(run, model->nodes[loss].slot)) : json_null());
  json_object_set_new(json, "nodes", nodes);
  if (model->backward) json_object_set_new(json, "backward", rules_json(model, -1));
  return finish(out, json);
}

static void set_metrics(json_t *json, const struct tensor_check *tensor) {
  const struct metrics *m = &tensor->metrics;
  uint32_t row, col;
  tensor_check_place(tensor, m->worst, &row, &col);
  json_object_set_new(json, "difference", number(m->difference));
  json_object_set_new(json, "mean_abs", number(m->mean_abs));
  json_object_set_new(json, "max_abs", number(m->max_abs));
  json_object_set_new(json, "max_rel", number(m->max_rel));
  json_object_set_new(json, "worst", json_pack("[ii]", (int)row, (int)col));
  json_object_set_new(json, "cosine", number(m->cosine));
  json_object_set_new(json, "scale", number(m->scale));
  json_object_set_new(json, "grad_norm", number(m->grad_norm));
  json_object_set_new(json, "numeric_norm", number(m->numeric_norm));
  json_object_set_new(json, "zeros", json_integer((json_int_t)m->zeros));
}

static json_t *tensor_check_json(const struct model *model, const struct tensor_check *tensor,
                                 bool decided) {
  json_t *json = json_object();
  json_object_set_new(json, "name", json_string(model->nodes[tensor->node].name));
  json_object_set_new(json, "shape", shape_json(tensor->shape));
  if (decided) {
    json_object_set_new(json, "verdict", json_string(verdict_names[tensor->verdict]));
    json_object_set_new(json, "reason", json_string(reason_names[tensor->reason]));
  }
  set_metrics(json, tensor);
  if (tensor->reason == REASON_STRADDLES)
    json_object_set_new(json, "slopes",
                        json_pack("[oo]", number(tensor->left), number(tensor->right)));
  return json;
}

static json_t *tensors_json(const struct model *model, const struct tensor_check *tensors,
                            size_t count, bool decided) {
  json_t *array = json_array();
  for (size_t i = 0; i < count; i++)
    json_array_append_new(array, tensor_check_json(model, &tensors[i], decided));
  return array;
}

enum status report_check_json(struct text *out, const struct model *model,
                              const struct check *check) {
  const struct check_options *options = &check->options;
  json_t *json = json_object();
  json_object_set_new(json, "verdict", json_string(verdict_names[check->verdict]));
  json_object_set_new(json, "difference", number(check->difference));
  json_object_set_new(json, "loss", number(check->loss));
  json_object_set_new(json, "method", json_string(method_names[options->method]));
  json_object_set_new(json, "step", number(check_base_step(options)));
  json_object_set_new(json, "chosen_step", json_boolean(!(options->eps > 0)));
  json_object_set_new(json, "tolerance",
                      options->tolerance >= 0 ? number(options->tolerance) : json_null());
  json_object_set_new(json, "entries", json_integer((json_int_t)check->entries));
  json_object_set_new(json, "tensors",
                      tensors_json(model, check->tensors, check->tensor_count, true));
  if (model->backward)
    json_object_set_new(json, "intermediates",
                        tensors_json(model, check->intermediates, check->intermediate_count,
                                     false));
  json_t *notes = json_array();
  for (size_t i = 0; i < check->note_count; i++)
    json_array_append_new(notes, json_string(check->notes[i]));
  json_object_set_new(json, "notes", notes);
  return finish(out, json);
}

enum status report_list_json(struct text *out, char *const *names, size_t count) {
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++)
    json_array_append_new(list, json_pack("{s:s%}", "name", names[i],
                                          (size_t)strcspn(names[i], ".")));
  return finish(out, list);
}
