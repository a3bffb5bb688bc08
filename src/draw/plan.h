/* What the two halves of a layout share: layout.c, which says where boxes stand, and route.c, which
 * draws the lines. Nobody else includes it. A plan owns its arrays until layout_make() ends. */
#ifndef GRADWALK_DRAW_PLAN_H
#define GRADWALK_DRAW_PLAN_H

#include "core/status.h"
#include "draw/drawing.h"

#include <stdbool.h>

/* A box, or a place where a long line passes through a layer. */
struct item {
  int box;    /* -1: a line passing through */
  int source; /* the box whose result it carries */
  int layer, height;
  int order;  /* within its layer */
  double y, wish;
};

/* From an item to one of the next layer. */
struct edge {
  int from, to;
  int operand; /* of the box TO; 0 where a line passes through */
  bool cut;    /* found to have no way */
};

struct plan {
  struct layout *layout;
  struct item *items;
  size_t count, capacity;
  int layers;
  int *passing;       /* [box * layers + layer]: item that carries the box's result there, or -1 */
  struct edge *lines; /* sorted by FROM */
  size_t line_count, line_capacity;
  int *leaving;  /* by item: where its lines begin; one more at the end */
  int *entering; /* by item: where its part of ARRIVALS begins; one more at the end */
  int *arrivals; /* lines, sorted by TO, then by FROM */
  int *by_layer; /* items sorted by layer and order */
  int *first;    /* where each layer begins in by_layer; one more at the end */
};

/* Rows below the top of an item where LINE enters it. */
int plan_port(const struct plan *plan, const struct edge *line);

/* Chooses columns and draws the lines, or cuts some: as layout_make(). */
enum status route_lines(struct plan *plan);

static inline int max_int(int a, int b) {
  return a > b ? a : b;
}

static inline int min_int(int a, int b) {
  return a < b ? a : b;
}

#endif
