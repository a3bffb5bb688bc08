#include "draw/layout.h"

#include "core/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { UP = SIDE_UP, RIGHT = SIDE_RIGHT, DOWN = SIDE_DOWN, LEFT = SIDE_LEFT };
enum { SWEEPS = 6, BOX_GAP = 0, LINE_HEIGHT = 1, NARROWEST_GAP = 3 };

/* A box, or a place where a long line passes through a layer. */
struct item {
  int box;    /* -1: a line passing through */
  int source; /* the box whose result it carries */
  int layer, height;
  int order;  /* within its layer */
  double y, wish;
  int channel; /* of the vertical part of the line that leaves it; -1: straight on */
};

struct plan {
  struct layout *layout;
  struct item *items;
  size_t count, capacity;
  int layers;
  int **passing; /* [box][layer]: item that carries the box's result there, or -1 */
  int *by_layer; /* items sorted by layer and order */
  int *first;    /* where each layer begins in by_layer; one more at the end */
};

static int max_int(int a, int b) {
  return a > b ? a : b;
}

static int min_int(int a, int b) {
  return a < b ? a : b;
}

/* -- layers -- */

static void choose_layers(struct plan *plan) {
  struct box *boxes = plan->layout->boxes;
  size_t count = plan->layout->count;
  for (size_t i = 0; i < count; i++) {
    boxes[i].layer = 0;
    for (int k = 0; k < boxes[i].input_count; k++)
      boxes[i].layer = max_int(boxes[i].layer, boxes[boxes[i].inputs[k]].layer + 1);
    plan->layers = max_int(plan->layers, boxes[i].layer + 1);
  }
  for (size_t i = 0; i < count; i++) { /* a leaf stands right before its first user */
    int nearest = plan->layers;
    if (boxes[i].input_count > 0) continue;
    for (size_t u = 0; u < count; u++)
      for (int k = 0; k < boxes[u].input_count; k++)
        if (boxes[u].inputs[k] == (int)i) nearest = min_int(nearest, boxes[u].layer);
    if (nearest < plan->layers) boxes[i].layer = nearest - 1;
  }
}

static bool add_item(struct plan *plan, struct item item) {
  if (!array_reserve(&plan->items, &plan->capacity, plan->count + 1, sizeof *plan->items))
    return false;
  plan->passing[item.source][item.layer] = (int)plan->count;
  plan->items[plan->count++] = item;
  return true;
}

static bool make_items(struct plan *plan) {
  struct layout *layout = plan->layout;
  for (size_t i = 0; i < layout->count; i++) {
    const struct box *box = &layout->boxes[i];
    if (!add_item(plan, (struct item){.box = (int)i, .source = (int)i, .layer = box->layer,
                                      .height = box->height}))
      return false;
  }
  for (size_t u = 0; u < layout->count; u++)
    for (int k = 0; k < layout->boxes[u].input_count; k++) {
      int source = layout->boxes[u].inputs[k];
      for (int layer = layout->boxes[source].layer + 1; layer < layout->boxes[u].layer; layer++)
        if (plan->passing[source][layer] < 0 &&
            !add_item(plan, (struct item){.box = -1, .source = source, .layer = layer,
                                          .height = LINE_HEIGHT}))
          return false;
    }
  return true;
}

/* -- who is joined to whom, between neighbouring layers -- */

/* Calls VISIT for every line from ITEM to the next layer: TO is the item it enters, PORT its
 * operand number there. */
static void each_target(const struct plan *plan, int item,
                        void (*visit)(void *context, int to, int port), void *context) {
  const struct layout *layout = plan->layout;
  int source = plan->items[item].source, next = plan->items[item].layer + 1;
  if (next >= plan->layers) return;
  int passing = plan->passing[source][next];
  if (passing >= 0) visit(context, passing, 0);
  for (size_t u = 0; u < layout->count; u++)
    for (int k = 0; layout->boxes[u].layer == next && k < layout->boxes[u].input_count; k++)
      if (layout->boxes[u].inputs[k] == source) visit(context, (int)u, k);
}

int layout_port(const struct box *box, int operand) {
  return 1 + min_int(operand, max_int(box->height - 3, 0));
}

/* Rows below an item's top where lines leave and enter. */
static int port_row(const struct plan *plan, int item, int port) {
  const struct item *at = &plan->items[item];
  return at->box < 0 ? 0 : layout_port(&plan->layout->boxes[at->box], port);
}

/* -- order -- */

struct mean {
  const struct plan *plan;
  double *sums;
  int *counts;
  int from;
  bool rows, backwards; /* of rows, not of ranks; the far end's wish, not the near end's */
};

static void add_mean(void *context, int to, int port) {
  struct mean *mean = context;
  const struct item *items = mean->plan->items;
  int at = mean->backwards ? mean->from : to, of = mean->backwards ? to : mean->from;
  int leaves = port_row(mean->plan, mean->from, 0), enters = port_row(mean->plan, to, port);
  mean->sums[at] += mean->rows ? items[of].y + (mean->backwards ? enters - leaves : leaves - enters)
                               : items[of].order + 0.1 * port;
  mean->counts[at]++;
}

/* Gives every item the mean of its neighbours as its wish: of those to the left, or to the
 * right. */
static void wish_means(struct plan *plan, double *sums, int *counts, bool rows, bool backwards) {
  struct mean mean = {plan, sums, counts, 0, rows, backwards};
  memset(sums, 0, plan->count * sizeof *sums);
  memset(counts, 0, plan->count * sizeof *counts);
  for (size_t i = 0; i < plan->count; i++) {
    mean.from = (int)i;
    each_target(plan, (int)i, add_mean, &mean);
  }
  for (size_t i = 0; i < plan->count; i++)
    plan->items[i].wish = counts[i] > 0 ? sums[i] / counts[i]
                          : rows        ? plan->items[i].y
                                        : plan->items[i].order;
}

static void fill_layers(struct plan *plan) {
  int at = 0;
  for (int layer = 0; layer < plan->layers; layer++) {
    plan->first[layer] = at;
    for (size_t i = 0; i < plan->count; i++)
      if (plan->items[i].layer == layer) plan->by_layer[at++] = (int)i;
  }
  plan->first[plan->layers] = at;
}

/* Sorts a layer by wish; equal wishes keep their order. */
static void sort_layer(struct plan *plan, int layer) {
  int *items = plan->by_layer + plan->first[layer];
  int count = plan->first[layer + 1] - plan->first[layer];
  for (int i = 1; i < count; i++)
    for (int j = i; j > 0 && plan->items[items[j]].wish < plan->items[items[j - 1]].wish; j--) {
      int other = items[j];
      items[j] = items[j - 1];
      items[j - 1] = other;
    }
  for (int i = 0; i < count; i++) plan->items[items[i]].order = i;
}

static void choose_order(struct plan *plan, double *sums, int *counts) {
  for (size_t i = 0; i < plan->count; i++) plan->items[i].wish = (double)i;
  for (int layer = 0; layer < plan->layers; layer++) sort_layer(plan, layer);
  for (int sweep = 0; sweep < SWEEPS; sweep++)
    for (int step = 0; step < plan->layers; step++) {
      bool backwards = sweep % 2 == 0;
      wish_means(plan, sums, counts, false, backwards);
      sort_layer(plan, backwards ? plan->layers - 1 - step : step);
    }
}

/* -- rows -- */

static int gap_between(const struct item *above, const struct item *below) {
  return above->box >= 0 && below->box >= 0 ? BOX_GAP : 0;
}

/* Moves a layer's items towards their wishes without overlap: halfway between packing them from the
 * top and from the bottom, both of which respect the order. */
static void place_layer(struct plan *plan, int layer, double *scratch) {
  const int *items = plan->by_layer + plan->first[layer];
  int count = plan->first[layer + 1] - plan->first[layer];
  for (int i = 0; i < count; i++) {
    struct item *item = &plan->items[items[i]];
    const struct item *above = i > 0 ? &plan->items[items[i - 1]] : NULL;
    double least = above ? scratch[i - 1] + above->height + gap_between(above, item) : item->wish;
    scratch[i] = item->wish > least ? item->wish : least;
  }
  for (int i = count; i-- > 0;) {
    struct item *item = &plan->items[items[i]];
    const struct item *below = i + 1 < count ? &plan->items[items[i + 1]] : NULL;
    double most = below ? below->wish - item->height - gap_between(item, below) : item->wish;
    item->wish = item->wish < most ? item->wish : most; /* now packed from the bottom */
  }
  for (int i = 0; i < count; i++)
    plan->items[items[i]].y = (plan->items[items[i]].wish + scratch[i]) / 2;
}

/* A box that nothing joins has no wish where to be. */
static bool is_alone(const struct plan *plan, const struct item *item) {
  const struct layout *layout = plan->layout;
  if (item->box < 0 || layout->boxes[item->box].input_count > 0) return false;
  for (size_t u = 0; u < layout->count; u++)
    for (int k = 0; k < layout->boxes[u].input_count; k++)
      if (layout->boxes[u].inputs[k] == item->box) return false;
  return true;
}

static void round_rows(struct plan *plan) {
  double top = INFINITY;
  for (size_t i = 0; i < plan->count; i++)
    if (plan->items[i].y < top && !is_alone(plan, &plan->items[i])) top = plan->items[i].y;
  plan->layout->rows = 0;
  for (int layer = 0; layer < plan->layers; layer++)
    for (int i = plan->first[layer]; i < plan->first[layer + 1]; i++) {
      struct item *item = &plan->items[plan->by_layer[i]];
      int row = is_alone(plan, item) ? 0 : (int)(item->y - top + 0.5);
      if (i > plan->first[layer]) {
        const struct item *above = &plan->items[plan->by_layer[i - 1]];
        row = max_int(row, (int)above->y + above->height + gap_between(above, item));
      }
      item->y = row;
      plan->layout->rows = max_int(plan->layout->rows, row + item->height);
    }
}

static void choose_rows(struct plan *plan, double *sums, int *counts) {
  for (int layer = 0; layer < plan->layers; layer++) {
    double y = 0;
    for (int i = plan->first[layer]; i < plan->first[layer + 1]; i++) {
      struct item *item = &plan->items[plan->by_layer[i]];
      item->y = y;
      y += item->height + BOX_GAP;
    }
  }
  double *scratch = sums + plan->count; /* the second half of the buffer */
  for (int sweep = 0; sweep < 2 * SWEEPS; sweep++)
    for (int step = 0; step < plan->layers; step++) {
      bool backwards = sweep % 2 == 0;
      wish_means(plan, sums, counts, true, backwards);
      place_layer(plan, backwards ? plan->layers - 1 - step : step, scratch);
    }
  round_rows(plan);
}

/* -- columns and lines -- */

/* The rows that the lines from one item reach in the next layer. */
struct reach {
  const struct plan *plan;
  int out, low, high;
  int lands_on; /* asks: does a line land on this row? */
  bool lands;
};

static void add_reach(void *context, int to, int port) {
  struct reach *reach = context;
  int row = (int)reach->plan->items[to].y + port_row(reach->plan, to, port);
  reach->low = min_int(reach->low, row);
  reach->high = max_int(reach->high, row);
  reach->lands = reach->lands || row == reach->lands_on;
}

static struct reach reach_of(const struct plan *plan, int item, int lands_on) {
  struct reach reach = {.plan = plan, .lands_on = lands_on};
  reach.out = reach.low = reach.high = (int)plan->items[item].y + port_row(plan, item, 0);
  each_target(plan, item, add_reach, &reach);
  return reach;
}

/* Whether two lines may not use the same column, or B must turn to the right of A: its end would
 * run over A's beginning on the same row. */
static bool overlap(const struct reach *a, const struct reach *b) {
  return a->low <= b->high && b->low <= a->high;
}

/* Gives every bent line of a gap a column, from the left; returns how many are used. */
static int choose_channels(struct plan *plan, int layer) {
  const int *items = plan->by_layer + plan->first[layer];
  int count = plan->first[layer + 1] - plan->first[layer], used = 0, left = 0;
  for (int i = 0; i < count; i++) {
    struct reach reach = reach_of(plan, items[i], -1);
    plan->items[items[i]].channel = reach.low == reach.high ? -1 : -2; /* -2: not chosen yet */
    left += reach.low != reach.high;
  }
  for (int patience = 0; left > 0; patience++)
    for (int i = 0; i < count && left > 0; i++) {
      struct item *item = &plan->items[items[i]];
      int least = 0;
      bool waits = false;
      if (item->channel != -2) continue;
      for (int j = 0; j < count; j++) {
        const struct item *other = &plan->items[items[j]];
        if (j == i || other->channel == -1) continue;
        struct reach there = reach_of(plan, items[j], -1);
        struct reach here = reach_of(plan, items[i], there.out);
        if (here.lands && other->channel == -2) waits = true;
        if (here.lands && other->channel >= 0) least = max_int(least, other->channel + 1);
      }
      if (waits && patience < count) continue; /* a circle: give in, the lines may touch */
      for (int j = 0; j < count; j++) {
        struct reach there = reach_of(plan, items[j], -1), here = reach_of(plan, items[i], -1);
        if (j == i || plan->items[items[j]].channel != least || !overlap(&here, &there)) continue;
        least++;
        j = -1; /* look again */
      }
      item->channel = least;
      used = max_int(used, least + 1);
      left--;
    }
  return used;
}

static void mark(struct layout *layout, int row, int col, unsigned sides) {
  if (row >= 0 && col >= 0 && row < layout->rows && col < layout->cols)
    layout->lines[row * layout->cols + col] |= (uint8_t)sides;
}

/* From column A up to and including column B. */
static void draw_across(struct layout *layout, int row, int a, int b) {
  for (int col = a; col <= b; col++)
    mark(layout, row, col, (col > a ? LEFT : 0) | (col < b ? RIGHT : 0));
}

static void draw_down(struct layout *layout, int col, int a, int b) {
  for (int row = min_int(a, b); row <= max_int(a, b); row++)
    mark(layout, row, col,
         (row > min_int(a, b) ? UP : 0) | (row < max_int(a, b) ? DOWN : 0));
}

struct pen {
  struct plan *plan;
  int out_row, turn, end; /* where it leaves; the column it turns in; the last before the layer */
};

static void draw_target(void *context, int to, int port) {
  struct pen *pen = context;
  struct layout *layout = pen->plan->layout;
  int row = (int)pen->plan->items[to].y + port_row(pen->plan, to, port);
  draw_down(layout, pen->turn, pen->out_row, row);
  draw_across(layout, row, pen->turn, pen->end);
  mark(layout, row, pen->end, RIGHT); /* it goes on into the next layer */
}

static int item_width(const struct plan *plan, const struct item *item, int layer_width) {
  return item->box < 0 ? layer_width : plan->layout->boxes[item->box].width;
}

static void draw_gap(struct plan *plan, int layer, const int *cols, const int *widths) {
  struct layout *layout = plan->layout;
  for (int i = plan->first[layer]; i < plan->first[layer + 1]; i++) {
    int index = plan->by_layer[i];
    const struct item *item = &plan->items[index];
    struct reach reach = reach_of(plan, index, -1);
    struct pen pen = {plan, reach.out, 0, cols[layer + 1] - 1};
    int begin = cols[layer] + item_width(plan, item, widths[layer]);
    bool used = false;
    for (size_t u = 0; u < layout->count && !used; u++)
      for (int k = 0; k < layout->boxes[u].input_count; k++)
        used = used || (layout->boxes[u].inputs[k] == item->source &&
                        layout->boxes[u].layer > layer);
    if (!used) continue;
    pen.turn = cols[layer] + widths[layer] + 1 + max_int(item->channel, 0);
    if (item->box < 0) begin = cols[layer];
    draw_across(layout, reach.out, begin, pen.turn);
    mark(layout, reach.out, begin, LEFT);
    each_target(plan, index, draw_target, &pen);
  }
}

static enum status choose_columns(struct plan *plan) {
  struct layout *layout = plan->layout;
  int *cols = calloc((size_t)plan->layers + 1, sizeof *cols);
  int *widths = calloc((size_t)plan->layers + 1, sizeof *widths);
  size_t cells = 0;
  if (cols && widths) {
    for (size_t i = 0; i < layout->count; i++)
      widths[layout->boxes[i].layer] =
          max_int(widths[layout->boxes[i].layer], layout->boxes[i].width);
    for (int layer = 0; layer < plan->layers; layer++)
      cols[layer + 1] = cols[layer] + widths[layer] +
                        max_int(choose_channels(plan, layer) + 2, NARROWEST_GAP);
    layout->cols = cols[plan->layers - 1] + widths[plan->layers - 1];
    for (size_t i = 0; i < layout->count; i++) {
      layout->boxes[i].row = (int)plan->items[i].y;
      layout->boxes[i].col = cols[layout->boxes[i].layer];
    }
    if (size_multiply((size_t)layout->rows, (size_t)layout->cols, &cells))
      layout->lines = calloc(cells + 1, 1);
    for (int layer = 0; layout->lines && layer + 1 < plan->layers; layer++)
      draw_gap(plan, layer, cols, widths);
  }
  free(cols);
  free(widths);
  return layout->lines ? STATUS_OK : STATUS_NO_MEMORY;
}

/* -- all of it -- */

static bool make_passing(struct plan *plan) {
  size_t count = plan->layout->count;
  plan->passing = calloc(count, sizeof *plan->passing);
  for (size_t i = 0; plan->passing && i < count; i++) {
    plan->passing[i] = malloc((size_t)plan->layers * sizeof **plan->passing);
    if (!plan->passing[i]) return false;
    for (int layer = 0; layer < plan->layers; layer++) plan->passing[i][layer] = -1;
  }
  return plan->passing;
}

static enum status make(struct plan *plan) {
  enum status status = STATUS_NO_MEMORY;
  choose_layers(plan);
  if (!make_passing(plan) || !make_items(plan)) return status;
  double *sums = calloc(2 * plan->count, sizeof *sums);
  int *counts = calloc(plan->count, sizeof *counts);
  plan->by_layer = calloc(plan->count, sizeof *plan->by_layer);
  plan->first = calloc((size_t)plan->layers + 1, sizeof *plan->first);
  if (sums && counts && plan->by_layer && plan->first) {
    fill_layers(plan);
    choose_order(plan, sums, counts);
    choose_rows(plan, sums, counts);
    status = choose_columns(plan);
  }
  free(sums);
  free(counts);
  return status;
}

enum status layout_make(struct layout *layout) {
  struct plan plan = {.layout = layout};
  layout->rows = layout->cols = 0;
  layout->lines = NULL;
  enum status status = layout->count > 0 ? make(&plan) : STATUS_OK;
  for (size_t i = 0; plan.passing && i < layout->count; i++) free(plan.passing[i]);
  free(plan.passing);
  free(plan.items);
  free(plan.by_layer);
  free(plan.first);
  return status;
}

void layout_done(struct layout *layout) {
  free(layout->lines);
  layout->lines = NULL;
}
