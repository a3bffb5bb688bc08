#include "draw/circuit.h"

#include "core/hash.h"
#include "core/memory.h"
#include "lang/shown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BOXES = 300, BOX_HEIGHT = 4 };

void circuit_done(struct circuit *circuit) {
  layout_done(&circuit->layout);
  free(circuit->layout.boxes);
  free(circuit->nodes);
  free(circuit->box_of);
  *circuit = (struct circuit){0};
}

/* The visible nodes that NODE is computed from, in operand order, each once. */
static int inputs_of(const struct model *model, int node, int inputs[LAYOUT_MAX_INPUTS]) {
  int shown = model_shown_as(model, node), count = 0;
  const struct instance *instance = shown >= 0 ? &model->instances[shown] : NULL;
  size_t operands = instance ? instance->operand_count : model->nodes[node].operand_count;
  for (size_t i = 0; i < operands && count < LAYOUT_MAX_INPUTS; i++) {
    int slot = instance ? instance->operands[i] : model->nodes[node].operands[i];
    int input = model->values[slot].node, known = 0;
    if (input < 0) continue;
    input = model_visible(model, input);
    for (int k = 0; k < count; k++) known = known || inputs[k] == input;
    if (!known && input != node) inputs[count++] = input;
  }
  return count;
}

static int shape_columns(struct shape shape) {
  return snprintf(NULL, 0, "%ux%u", shape.rows, shape.cols);
}

/* Wide enough for the title and for a number or a shape with a norm, whatever these become. */
static int box_width(const struct model *model, int node) {
  enum { FRAME = 4, LABEL = 2, NUMBER = 9, NORM = 8 };
  struct shape shape = model_shape(model, model->nodes[node].slot);
  char title_text[TITLE_SIZE];
  const char *name = node_title(model, node, title_text), *op = model_op_name(model, node);
  int value = LABEL + (shape_count(shape) == 1 ? NUMBER : shape_columns(shape) + NORM);
  bool leaf = model->nodes[node].kind != NODE_OP;
  int title = text_columns(name, strlen(name)) + (leaf ? 1 : (int)strlen(op) + 3);
  return FRAME + (title > value ? title : value) - 1;
}

/* Marks the neighbourhood of the focus, nearest first, until there are enough boxes. */
static size_t choose_near(const struct model *model, int focus, bool *chosen) {
  size_t count = 1, before = 0;
  int inputs[LAYOUT_MAX_INPUTS];
  chosen[focus] = true;
  while (count > before && count < MOST_BOXES) {
    before = count;
    bool *next = calloc(model->node_count, 1);
    for (size_t n = 0; next && n < model->node_count; n++) {
      if (model_visible(model, (int)n) != (int)n) continue;
      int input_count = inputs_of(model, (int)n, inputs);
      for (int i = 0; i < input_count; i++) {
        if (chosen[n] && !chosen[inputs[i]]) next[inputs[i]] = true;
        if (chosen[inputs[i]] && !chosen[n]) next[n] = true;
      }
    }
    for (size_t n = 0; next && n < model->node_count && count < MOST_BOXES; n++)
      if (next[n]) chosen[n] = true, count++;
    free(next);
  }
  return count;
}

static bool *choose_nodes(const struct model *model, int focus, bool *partial) {
  bool *chosen = calloc(model->node_count + 1, sizeof *chosen);
  size_t visible = 0;
  for (size_t n = 0; chosen && n < model->node_count; n++)
    if (model_visible(model, (int)n) == (int)n) chosen[n] = true, visible++;
  *partial = visible > MOST_BOXES;
  if (chosen && *partial) {
    memset(chosen, 0, model->node_count);
    choose_near(model, focus, chosen);
  }
  return chosen;
}

static enum status make_boxes(struct circuit *circuit, const struct model *model,
                              const bool *chosen) {
  struct layout *layout = &circuit->layout;
  circuit->node_count = model->node_count;
  circuit->nodes = calloc(model->node_count + 1, sizeof *circuit->nodes);
  circuit->box_of = calloc(model->node_count + 1, sizeof *circuit->box_of);
  layout->boxes = calloc(model->node_count + 1, sizeof *layout->boxes);
  if (!circuit->nodes || !circuit->box_of || !layout->boxes) return STATUS_NO_MEMORY;
  for (size_t n = 0; n < model->node_count; n++) {
    int inputs[LAYOUT_MAX_INPUTS];
    circuit->box_of[n] = chosen[n] ? (int)layout->count : -1;
    if (!chosen[n]) continue;
    struct box *box = &layout->boxes[layout->count];
    *box = (struct box){.width = box_width(model, (int)n), .height = BOX_HEIGHT};
    int count = inputs_of(model, (int)n, inputs);
    for (int i = 0; i < count; i++)
      if (circuit->box_of[inputs[i]] >= 0)
        box->inputs[box->input_count++] = circuit->box_of[inputs[i]];
    circuit->nodes[layout->count++] = (int)n;
  }
  return STATUS_OK;
}

/* Differs when another set of nodes is visible, or they are joined in another way. */
static uint64_t signature_of(const struct model *model, const bool *chosen) {
  uint64_t hash = HASH_START;
  int inputs[LAYOUT_MAX_INPUTS];
  for (size_t n = 0; n < model->node_count; n++) {
    if (!chosen[n]) continue;
    int count = inputs_of(model, (int)n, inputs);
    hash = hash_mix(hash, n);
    hash = hash_mix(hash, (uint64_t)box_width(model, (int)n));
    for (int i = 0; i < count; i++) hash = hash_mix(hash, (uint64_t)inputs[i]);
  }
  return hash;
}

static enum status circuit_lay_out(struct circuit *circuit, const struct model *model,
                                   const bool *chosen, uint64_t signature) {
  bool partial = circuit->partial;
  circuit_done(circuit);
  enum status status = make_boxes(circuit, model, chosen);
  if (!status) status = layout_make(&circuit->layout);
  circuit->partial = partial;
  circuit->signature = signature;
  return status;
}

enum status circuit_make(struct circuit *circuit, const struct model *model, int focus) {
  bool *chosen = choose_nodes(model, focus, &circuit->partial);
  if (!chosen) return STATUS_NO_MEMORY;
  uint64_t signature = signature_of(model, chosen);
  bool same = circuit->layout.lines && signature == circuit->signature &&
              circuit->node_count == model->node_count;
  enum status status = same ? STATUS_OK
                            : circuit_lay_out(circuit, model, chosen, signature);
  free(chosen);
  return status;
}

/* A folded statement shows its last operation with dots: there is more inside. */
void circuit_sign(const struct model *model, int node, char *out, size_t size) {
  const struct node *at = &model->nodes[node];
  int shown = model_shown_as(model, node);
  bool gate = shown >= 0 && model->instances[shown].gate, leaf = at->kind != NODE_OP;
  const char *sign = !gate && op_table[at->op].symbol ? op_table[at->op].symbol
                                                      : model_op_name(model, node);
  snprintf(out, size, "%s%s", leaf ? "" : sign, shown >= 0 && !gate ? ".." : "");
}

bool circuit_has_users(const struct circuit *circuit, int box) {
  for (size_t u = 0; u < circuit->layout.count; u++)
    for (int k = 0; k < circuit->layout.boxes[u].input_count; k++)
      if (circuit->layout.boxes[u].inputs[k] == box) return true;
  return false;
}
