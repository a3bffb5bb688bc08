#include "draw/circuit.h"

#include "core/hash.h"
#include "core/memory.h"
#include "lang/print.h"
#include "lang/shown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BOXES = 300, BOX_HEIGHT = 4, FRAME = 4, MOST_GHOST_COLUMNS = 24 };

void circuit_done(struct circuit *circuit) {
  layout_done(&circuit->layout);
  wires_done(&circuit->wires);
  free(circuit->layout.boxes);
  free(circuit->inputs);
  free(circuit->nodes);
  free(circuit->box_of);
  *circuit = (struct circuit){0};
}

/* -- what a box says of its operation -- */

/* An operand that is a number, as short as it can be written. */
static void put_constant(struct text *out, const struct expr *expr) {
  enum { LONGEST = 12, DIGITS = 4 };
  char number[NUMBER_TEXT_SIZE];
  size_t begin = out->length;
  if (expr->kind == EXPR_NUMBER) text_puts(out, number_brief(expr->number, DIGITS, number));
  else print_expr(out, expr);
  if (out->failed || out->length - begin <= LONGEST) return;
  out->length = begin;
  text_puts(out, expr->kind == EXPR_MATRIX ? "[..]" : "(..)");
}

/* SIGN with those of the first COUNT operands of FORMULA that are numbers, which have no wire. */
static void put_sign(struct text *out, const struct model *model, const struct expr *formula,
                     const char *sign, size_t count) {
  bool infix = formula->op >= 0 && op_table[formula->op].form == FORM_INFIX;
  if (!infix) text_puts(out, sign);
  for (size_t i = 0; formula->kind == EXPR_APPLY && i < count && i < formula->count; i++) {
    if (infix && i == 1) text_puts(out, sign);
    if (wires_named(model, formula->args[i])) continue;
    if (!infix) text_puts(out, " ");
    put_constant(out, formula->args[i]);
  }
}

void circuit_sign(const struct model *model, int node, struct text *out) {
  const struct node *at = &model->nodes[node];
  int shown = model_shown_as(model, node);
  const struct instance *instance = shown >= 0 ? &model->instances[shown] : NULL;
  bool gate = instance && instance->gate;
  const char *sign = !gate && op_table[at->op].symbol ? op_table[at->op].symbol
                                                      : model_op_name(model, node);
  if (at->kind != NODE_OP) return;
  if (instance && !gate) text_printf(out, "%s..", sign);
  else put_sign(out, model, model_formula(model, node), sign,
                gate ? instance->operand_count : at->operand_count);
}

/* -- how large a box is -- */

static int shape_columns(struct shape shape) {
  return snprintf(NULL, 0, "%ux%u", shape.rows, shape.cols);
}

/* Wide enough for the title and for a number or a shape with a norm, whatever these become. */
static int box_width(const struct model *model, int node) {
  enum { LABEL = 2, NUMBER = 9, NORM = 8 };
  struct shape shape = model_shape(model, model->nodes[node].slot);
  char title_text[TITLE_SIZE];
  const char *name = node_title(model, node, title_text), *op = model_op_name(model, node);
  int value = LABEL + (shape_count(shape) == 1 ? NUMBER : shape_columns(shape) + NORM);
  bool leaf = model->nodes[node].kind != NODE_OP;
  struct text sign;
  text_init(&sign);
  circuit_sign(model, node, &sign);
  int columns = text_columns(text_string(&sign), sign.length) - 2; /* a constant takes its room */
  if (columns < (int)strlen(op)) columns = (int)strlen(op);
  text_done(&sign);
  int title = text_columns(name, strlen(name)) + (leaf ? 1 : columns + 3);
  return FRAME + (title > value ? title : value) - 1;
}

/* -- which nodes get one -- */

/* The first node that would be drawn and is not chosen, or -1. */
static int first_other(const struct wires *wires, const bool *chosen) {
  for (size_t n = 0; n < wires->node_count; n++)
    if (wires->drawn[n] && !chosen[n]) return (int)n;
  return -1;
}

/* Marks in NEXT what is joined to the chosen nodes; false: nothing is. */
static bool find_next(const struct wires *wires, const bool *chosen, bool *next) {
  bool found = false;
  memset(next, 0, wires->node_count);
  for (size_t n = 0; n < wires->node_count; n++)
    for (size_t i = wires->first[n]; i < wires->first[n + 1]; i++) {
      int from = wires->items[i].node;
      if (chosen[n] == chosen[from]) continue;
      next[chosen[n] ? (size_t)from : n] = found = true;
    }
  return found;
}

/* Marks the neighbourhood of the focus, nearest first, until there are enough boxes; what is joined
 * to nothing of it comes last. */
static void choose_near(const struct wires *wires, int focus, bool *chosen) {
  size_t count = 1;
  bool *next = calloc(wires->node_count, 1);
  chosen[focus >= 0 && wires->drawn[focus] ? focus : first_other(wires, chosen)] = true;
  while (next && count < MOST_BOXES) {
    if (!find_next(wires, chosen, next)) next[first_other(wires, chosen)] = true;
    for (size_t n = 0; n < wires->node_count && count < MOST_BOXES; n++)
      if (next[n]) chosen[n] = true, count++;
  }
  free(next);
}

/* All that are drawn, or where these are too many, MOST_BOXES of them. */
static bool *choose_nodes(const struct wires *wires, int focus, bool *partial) {
  bool *chosen = calloc(wires->node_count + 1, sizeof *chosen);
  *partial = wires->drawn_count > MOST_BOXES;
  if (chosen && *partial) choose_near(wires, focus, chosen);
  else if (chosen) memcpy(chosen, wires->drawn, wires->node_count);
  return chosen;
}

/* Differs when another set of nodes is visible, or they are joined in another way. */
static uint64_t signature_of(const struct wires *wires, const struct model *model,
                             const bool *chosen) {
  uint64_t hash = HASH_START;
  for (size_t n = 0; n < model->node_count; n++) {
    if (!chosen[n]) continue;
    const char *name = model->nodes[n].name;
    hash = hash_bytes(hash_mix(hash, n), name, strlen(name));
    hash = hash_mix(hash, (uint64_t)box_width(model, (int)n));
    for (size_t i = wires->first[n]; i < wires->first[n + 1]; i++)
      hash = hash_mix(hash_mix(hash, (uint64_t)wires->items[i].node),
                      (uint64_t)wires->items[i].uses);
  }
  return hash;
}

/* -- boxes -- */

static void add_box(struct circuit *circuit, const struct model *model, int node, int *inputs) {
  const struct wires *wires = &circuit->wires;
  int index = (int)circuit->layout.count++;
  struct box *box = &circuit->layout.boxes[index];
  *box = (struct box){.width = box_width(model, node), .inputs = inputs,
                      .ports = inputs + wires->count};
  circuit->nodes[index] = node;
  circuit->box_of[node] = index;
  for (size_t i = wires->first[node]; i < wires->first[node + 1]; i++) {
    int from = circuit->box_of[wires->items[i].node];
    if (from < 0) continue;
    box->inputs[box->input_count++] = from;
    if (wires->items[i].uses > 1) {
      int digits = snprintf(NULL, 0, "%d", wires->items[i].uses);
      box->margin = digits - 1 > box->margin ? digits - 1 : box->margin;
    }
  }
}

static enum status make_boxes(struct circuit *circuit, const struct model *model,
                              const bool *chosen) {
  struct layout *layout = &circuit->layout;
  circuit->node_count = model->node_count;
  circuit->inputs = calloc(circuit->wires.count + 1, 2 * sizeof *circuit->inputs);
  circuit->nodes = calloc(model->node_count + 1, sizeof *circuit->nodes);
  circuit->box_of = calloc(model->node_count + 1, sizeof *circuit->box_of);
  layout->boxes = calloc(model->node_count + 1, sizeof *layout->boxes);
  if (!circuit->inputs || !circuit->nodes || !circuit->box_of || !layout->boxes)
    return STATUS_NO_MEMORY;
  for (size_t n = 0; n < model->node_count; n++) circuit->box_of[n] = -1;
  for (size_t n = 0; n < model->node_count; n++)
    if (chosen[n]) add_box(circuit, model, (int)n, circuit->inputs + circuit->wires.first[n]);
  return STATUS_OK;
}

/* -- operands without a line -- */

/* The next wire of BOX, from *AT on, that no line is drawn for; NULL: there is none. *K counts the
 * inputs that have gone by. */
static const struct wire *next_ghost(const struct circuit *circuit, int box, size_t *at, int *k) {
  const struct wires *wires = &circuit->wires;
  const struct box *of = &circuit->layout.boxes[box];
  for (int node = circuit->nodes[box]; *at < wires->first[node + 1];) {
    const struct wire *wire = &wires->items[(*at)++];
    if (circuit->box_of[wire->node] < 0 || of->ports[(*k)++] == LAYOUT_CUT) return wire;
  }
  return NULL;
}

static int count_ghosts(const struct circuit *circuit, int box) {
  size_t at = circuit->wires.first[circuit->nodes[box]];
  int k = 0, count = 0;
  while (next_ghost(circuit, box, &at, &k)) count++;
  return count;
}

void circuit_ghosts(const struct circuit *circuit, const struct model *model, int box, int columns,
                    const char *times, struct text *out) {
  enum { MORE = 5 }; /* columns of " +123" */
  size_t at = circuit->wires.first[circuit->nodes[box]];
  int k = 0, left = count_ghosts(circuit, box), used = 0;
  const struct wire *wire;
  while ((wire = next_ghost(circuit, box, &at, &k))) {
    const char *name = model->nodes[wire->node].name;
    int wide = (used > 0) + text_columns(name, strlen(name));
    if (wire->uses > 1) wide += 1 + snprintf(NULL, 0, "%d", wire->uses);
    if (used + wide + (left > 1 ? MORE : 0) > columns) break;
    text_printf(out, "%s%s", used > 0 ? " " : "", name);
    if (wire->uses > 1) text_printf(out, "%s%d", times, wire->uses);
    used += wide;
    left--;
  }
  if (left > 0) text_printf(out, "%s+%d", used > 0 ? " " : "", left);
}

int circuit_ghost_row(const struct circuit *circuit, int box) {
  const struct box *of = &circuit->layout.boxes[box];
  return of->bottom > 0 ? of->height - 2 : 0;
}

/* Says what BOX wants: a row for a line with a number on it, and room for the names of operands
 * that have no line; the columns of the frame and of the mark before them are added. */
static void want_room(struct circuit *circuit, const struct model *model, int box) {
  struct box *of = &circuit->layout.boxes[box];
  of->height = BOX_HEIGHT;
  of->bottom = 0;
  for (int k = 0; k < of->input_count; k++)
    if (of->ports[k] != LAYOUT_CUT)
      of->ports[k] = circuit_uses(circuit, box, k) > 1 ? LAYOUT_OWN : LAYOUT_ANY;
  if (count_ghosts(circuit, box) == 0) return;
  struct text names;
  text_init(&names);
  circuit_ghosts(circuit, model, box, MOST_GHOST_COLUMNS, "x", &names);
  int wide = text_columns(text_string(&names), names.length) + FRAME - 1;
  text_done(&names);
  of->width = wide > of->width ? wide : of->width;
  of->height++;
  of->bottom = 1;
}

static enum status circuit_lay_out(struct circuit *circuit, const struct model *model,
                                   const bool *chosen) {
  enum status status = make_boxes(circuit, model, chosen);
  do {
    for (size_t i = 0; !status && i < circuit->layout.count; i++)
      want_room(circuit, model, (int)i);
    if (!status) status = layout_make(&circuit->layout);
  } while (!status && circuit->layout.cuts > 0);
  return status;
}

enum status circuit_make(struct circuit *circuit, const struct model *model, int focus) {
  struct circuit made = {0};
  enum status status = wires_find(&made.wires, model);
  bool *chosen = status ? NULL : choose_nodes(&made.wires, focus, &made.partial);
  if (!status && !chosen) status = STATUS_NO_MEMORY;
  if (!status) made.signature = signature_of(&made.wires, model, chosen);
  bool same = !status && circuit->layout.lines && made.signature == circuit->signature &&
              circuit->node_count == model->node_count;
  if (!status && !same) status = circuit_lay_out(&made, model, chosen);
  free(chosen);
  if (same) {
    circuit_done(&made);
    return STATUS_OK;
  }
  circuit_done(circuit);
  *circuit = made;
  return status;
}

bool circuit_has_users(const struct circuit *circuit, int box) {
  return circuit->layout.boxes[box].outputs > 0;
}

int circuit_uses(const struct circuit *circuit, int box, int k) {
  const struct wires *wires = &circuit->wires;
  size_t at = wires->first[circuit->nodes[box]];
  for (;; at++)
    if (circuit->box_of[wires->items[at].node] >= 0 && k-- == 0) return wires->items[at].uses;
}
