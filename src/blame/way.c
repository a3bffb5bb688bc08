#include "blame/way.h"

#include <stdlib.h>

/* -- what is passed -- */

/* Whether an operation is no plain formula of its operands: it has a slope of its own. */
static bool is_curve(const struct op *op) {
  return !op->weight[0] && !op->power[0] && !(op->flags & (OP_PRODUCT | OP_MOVES));
}

static bool repeats_operand(const struct model *model, const struct instr *instr) {
  const struct op *op = &op_table[instr->op];
  if (op->form != FORM_INFIX || op->flags & OP_PRODUCT) return false;
  for (int k = 0; k < op->arity; k++)
    if (!shape_equal(model_shape(model, instr->in[k]), model_shape(model, instr->out)))
      return true;
  return false;
}

static unsigned passes_of(const struct model *model, const struct instr *instr) {
  const struct op *op = &op_table[instr->op];
  unsigned passes = 0;
  if (op->flags & OP_PRODUCT) passes |= PASSES_PRODUCT;
  if (is_curve(op)) passes |= PASSES_CURVE;
  if (op->power[0]) passes |= PASSES_SCALE;
  if (op_adds_up(op) || repeats_operand(model, instr)) passes |= PASSES_SUM;
  return passes;
}

/* Follows the instructions on the ways from NODE to the next stations: moving[slot] where a value
 * moves with the node's. NULL for lack of memory. */
static bool *find_moving(const struct model *model, const bool *stations, int node) {
  const struct code *forward = &model->program.forward;
  bool *moving = calloc(model->program.slot_count + 1, sizeof *moving);
  int from = model->nodes[node].slot;
  if (!moving) return NULL;
  moving[from] = true;
  for (size_t i = 0; i < forward->count; i++) {
    const struct instr *instr = &forward->items[i];
    for (int k = 0; k < op_table[instr->op].arity; k++)
      if (moving[instr->in[k]] && (instr->in[k] == from || !stations[instr->in[k]]))
        moving[instr->out] = true;
  }
  return moving;
}

enum status way_region(const struct model *model, const bool *stations, int node, bool *region) {
  bool *moving = find_moving(model, stations, node);
  if (!moving) return STATUS_NO_MEMORY;
  for (size_t n = 0; n < model->node_count; n++) {
    int slot = model->nodes[n].slot;
    region[n] = (int)n == node || (moving[slot] && !stations[slot]);
  }
  free(moving);
  return STATUS_OK;
}

unsigned way_passes(const struct model *model, const bool *stations, int node, bool *failed) {
  const struct code *forward = &model->program.forward;
  bool *moving = find_moving(model, stations, node);
  int from = model->nodes[node].slot;
  unsigned passes = 0, ways = 0;
  *failed = *failed || !moving;
  for (size_t i = 0; moving && i < forward->count; i++) {
    const struct instr *instr = &forward->items[i];
    bool moves = false;
    for (int k = 0; k < op_table[instr->op].arity; k++)
      moves = moves || (moving[instr->in[k]] && (instr->in[k] == from || !stations[instr->in[k]]));
    if (!moves) continue;
    ways += stations[instr->out];
    passes |= passes_of(model, instr);
  }
  free(moving);
  return passes | (ways > 1 ? PASSES_FAN_OUT : 0);
}

/* -- a term of its own -- */

/* What is known of a slot. */
enum dependence {
  DEPENDS_ON_NUMBERS,  /* constants and single numbers of data */
  DEPENDS_ON_IT,       /* and the param */
  DEPENDS_ON_MORE
};

static bool is_scalar(const struct model *model, int slot) {
  return shape_count(model_shape(model, slot)) == 1;
}

static void find_dependences(const struct model *model, int node, char *depends) {
  const struct code *forward = &model->program.forward;
  for (size_t n = 0; n < model->node_count; n++) {
    const struct node *other = &model->nodes[n];
    if (other->kind == NODE_PARAM || (other->kind == NODE_DATA && !is_scalar(model, other->slot)))
      depends[other->slot] = (int)n == node ? DEPENDS_ON_IT : DEPENDS_ON_MORE;
  }
  for (size_t i = 0; i < forward->count; i++) {
    const struct instr *instr = &forward->items[i];
    for (int k = 0; k < op_table[instr->op].arity; k++)
      if (depends[instr->in[k]] > depends[instr->out])
        depends[instr->out] = depends[instr->in[k]];
  }
}

/* Whether INSTR passes its operand K on to its result with at most a number for a factor. */
static bool adds_up(const struct instr *instr, int k, const char *depends) {
  const struct op *op = &op_table[instr->op];
  return op->weight[k] || (op->power[k] == 1 && depends[instr->in[!k]] == DEPENDS_ON_NUMBERS);
}

bool way_has_penalty(const struct model *model, int node, bool *failed) {
  const struct code *forward = &model->program.forward;
  size_t slots = model->program.slot_count + 1;
  char *depends = calloc(slots, sizeof *depends);
  bool *term = calloc(slots, sizeof *term), found = false;
  *failed = *failed || !depends || !term;
  if (depends && term && model->loss >= 0) {
    find_dependences(model, node, depends);
    term[model->nodes[model->loss].slot] = true;
    for (size_t i = forward->count; i-- > 0;) {
      const struct instr *instr = &forward->items[i];
      found = found || (term[instr->out] && depends[instr->out] == DEPENDS_ON_IT);
      for (int k = 0; term[instr->out] && k < op_table[instr->op].arity; k++)
        if (adds_up(instr, k, depends)) term[instr->in[k]] = true;
    }
  }
  free(depends);
  free(term);
  return found;
}
