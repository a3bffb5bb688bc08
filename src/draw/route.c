#include "core/memory.h"
#include "draw/plan.h"

#include <limits.h>
#include <stdlib.h>

enum { UP = SIDE_UP, RIGHT = SIDE_RIGHT, DOWN = SIDE_DOWN, LEFT = SIDE_LEFT };
enum { NARROWEST_GAP = 3, STRAIGHT = -1, UNDECIDED = -2, MOST_MOVES = 16 };

/* What is joined in the gap after a layer: an item's lines, or those of several items that all end
 * in one place. Its vertical part takes one column, its channel. */
struct net {
  int first, last; /* its items: a list by next_of */
  int low, high;   /* the rows that it reaches */
  int end, port;   /* the place where all of it ends; -1: several */
  int channel;
};

struct gap {
  struct plan *plan;
  int layer;
  struct net *nets;
  int count;
  int *next_of; /* by item */
  int *net_at;  /* by row: the net that an item leads to on this row, or -1 */
};

int plan_port(const struct plan *plan, const struct edge *line) {
  const struct item *to = &plan->items[line->to];
  return to->box < 0 ? 0 : plan->layout->boxes[to->box].ports[line->operand];
}

static int out_of(const struct plan *plan, int item) {
  const struct item *at = &plan->items[item];
  return (int)at->y + (at->box < 0 ? 0 : LAYOUT_OUT);
}

static bool is_cut(const struct plan *plan, const struct edge *line) {
  return line->cut || (plan->items[line->to].box >= 0 && plan_port(plan, line) == LAYOUT_CUT);
}

static int row_of(const struct plan *plan, const struct edge *line) {
  return (int)plan->items[line->to].y + plan_port(plan, line);
}

/* -- nets -- */

static void reach(struct net *net, int row) {
  net->low = min_int(net->low, row);
  net->high = max_int(net->high, row);
}

/* The net that ITEM belongs to: one that ends where all its lines end, or a new one. */
static struct net *net_of(struct gap *gap, int item) {
  const struct plan *plan = gap->plan;
  const struct edge *line = &plan->lines[plan->leaving[item]];
  bool alone = plan->leaving[item + 1] == plan->leaving[item] + 1;
  int end = alone && plan->items[line->to].box >= 0 ? line->to : -1;
  for (int i = 0; end >= 0 && i < gap->count; i++)
    if (gap->nets[i].end == end && gap->nets[i].port == plan_port(plan, line))
      return &gap->nets[i];
  gap->nets[gap->count] = (struct net){.first = -1, .last = -1, .low = INT_MAX, .high = -1,
                                       .end = end, .port = plan_port(plan, line)};
  return &gap->nets[gap->count++];
}

static void find_nets(struct gap *gap, int layer) {
  const struct plan *plan = gap->plan;
  gap->layer = layer;
  gap->count = 0;
  for (int row = 0; row < plan->layout->rows; row++) gap->net_at[row] = -1;
  for (int i = plan->first[layer]; i < plan->first[layer + 1]; i++) {
    int item = plan->by_layer[i];
    if (plan->leaving[item] == plan->leaving[item + 1]) continue;
    struct net *net = net_of(gap, item);
    if (net->first < 0) net->first = item;
    else gap->next_of[net->last] = item;
    net->last = item;
    gap->next_of[item] = -1;
    gap->net_at[out_of(plan, item)] = (int)(net - gap->nets);
    reach(net, out_of(plan, item));
    for (int k = plan->leaving[item]; k < plan->leaving[item + 1]; k++)
      reach(net, row_of(plan, &plan->lines[k]));
  }
  for (int i = 0; i < gap->count; i++)
    gap->nets[i].channel = gap->nets[i].low == gap->nets[i].high ? STRAIGHT : UNDECIDED;
}

/* -- channels -- */

/* The net that LINE, one of NET's, would run into, as it ends on a row where another net begins and
 * has not turned away yet; NULL: none. NET has to turn to the right of it. */
static const struct net *in_the_way(const struct gap *gap, const struct net *net,
                                    const struct edge *line) {
  int other = gap->net_at[row_of(gap->plan, line)];
  bool bent = other >= 0 && &gap->nets[other] != net && gap->nets[other].channel != STRAIGHT;
  return bent ? &gap->nets[other] : NULL;
}

/* Takes LINE, and all that it leads to, out of the drawing. */
static void cut_line(struct plan *plan, struct edge *line) {
  struct layout *layout = plan->layout;
  const struct item *to = &plan->items[line->to];
  line->cut = true;
  for (size_t u = 0; u < layout->count; u++)
    for (int k = 0; k < layout->boxes[u].input_count; k++) {
      struct box *box = &layout->boxes[u];
      bool ends = to->box == (int)u && k == line->operand;
      bool passes = to->box < 0 && box->inputs[k] == to->source && box->layer > to->layer;
      if (box->ports[k] == LAYOUT_CUT || !(ends || passes)) continue;
      box->ports[k] = LAYOUT_CUT;
      layout->cuts++;
    }
}

/* The leftmost channel that NET may have, given those that are decided; -1: it has to wait for
 * others, because of the line *BLOCKED. */
static int least_channel(const struct gap *gap, const struct net *net,
                         struct edge **blocked) {
  const struct plan *plan = gap->plan;
  int least = 0;
  for (int item = net->first; item >= 0; item = gap->next_of[item])
    for (int k = plan->leaving[item]; k < plan->leaving[item + 1]; k++) {
      struct edge *line = &plan->lines[k];
      const struct net *other = is_cut(plan, line) ? NULL : in_the_way(gap, net, line);
      if (!other) continue;
      *blocked = line;
      if (other->channel == UNDECIDED) return -1;
      least = max_int(least, other->channel + 1);
    }
  return least;
}

/* The first channel from LEAST on in which no other net reaches the same rows. */
static int free_channel(const struct gap *gap, const struct net *net, int least) {
  for (int i = 0; i < gap->count; i++) {
    const struct net *other = &gap->nets[i];
    if (other == net || other->channel != least || other->low > net->high ||
        net->low > other->high)
      continue;
    least++;
    i = -1; /* look again */
  }
  return least;
}

/* Gives a channel to every net that need not wait for others; returns how many are left, and the
 * first line that one of these waits for. */
static int decide(struct gap *gap, int *used, struct edge **blocked) {
  int waiting = 0, before;
  do {
    before = waiting;
    waiting = 0;
    for (int i = 0; i < gap->count; i++) {
      struct net *net = &gap->nets[i];
      struct edge *line = NULL;
      if (net->channel != UNDECIDED) continue;
      int least = least_channel(gap, net, &line);
      if (least < 0) {
        if (waiting++ == 0) *blocked = line;
        continue;
      }
      net->channel = free_channel(gap, net, least);
      *used = max_int(*used, net->channel + 1);
    }
  } while (waiting > 0 && waiting != before);
  return waiting;
}

/* Moves where LINE ends, and all below it in that layer, down by a row. */
static void move_down(struct plan *plan, const struct edge *line) {
  const struct item *to = &plan->items[line->to];
  for (int i = plan->first[to->layer]; i < plan->first[to->layer + 1]; i++) {
    struct item *item = &plan->items[plan->by_layer[i]];
    if (item->order < to->order) continue;
    item->y++;
    plan->layout->rows = max_int(plan->layout->rows, (int)item->y + item->height);
  }
}

/* Gives every bent net of the gap after LAYER a channel, from the left; returns how many are used.
 * Where nets wait for each other in a circle, one of them has to end elsewhere; if that does not
 * help, a line is cut. */
static int choose_channels(struct gap *gap, int layer) {
  struct edge *blocked = NULL;
  int used = 0, moves = 0;
  find_nets(gap, layer);
  while (decide(gap, &used, &blocked) > 0) {
    if (moves++ < MOST_MOVES) {
      move_down(gap->plan, blocked);
      used = 0;
      find_nets(gap, layer);
    } else {
      cut_line(gap->plan, blocked);
    }
  }
  return used;
}

/* -- drawing -- */

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
  for (int row = a; row <= b; row++)
    mark(layout, row, col, (row > a ? UP : 0) | (row < b ? DOWN : 0));
}

/* Where the lines of a net turn, and the last column before they enter the next layer. */
struct turn {
  int column, end;
};

static void draw_line(struct layout *layout, const struct net *net, struct turn at, int out,
                      int row) {
  draw_across(layout, row, at.column, at.end);
  mark(layout, row, at.end, RIGHT); /* it goes on into the next layer */
  if (row == out && net->low < row && row < net->high)
    mark(layout, row, at.column, SIDE_JOINT); /* from and to all sides */
}

static void draw_net(const struct gap *gap, const struct net *net, const int *cols,
                     const int *widths) {
  const struct plan *plan = gap->plan;
  struct layout *layout = plan->layout;
  struct turn at = {cols[gap->layer] + widths[gap->layer] + 1 + max_int(net->channel, 0),
                    cols[gap->layer + 1] - 1};
  draw_down(layout, at.column, net->low, net->high);
  for (int index = net->first; index >= 0; index = gap->next_of[index]) {
    const struct item *item = &plan->items[index];
    int out = out_of(plan, index), begin = cols[gap->layer];
    if (item->box >= 0) begin += layout->boxes[item->box].width;
    draw_across(layout, out, begin, at.column);
    mark(layout, out, begin, LEFT);
    for (int k = plan->leaving[index]; k < plan->leaving[index + 1]; k++)
      draw_line(layout, net, at, out, row_of(plan, &plan->lines[k]));
  }
}

static enum status draw_nets(struct gap *gap, const int *cols, const int *widths) {
  const struct plan *plan = gap->plan;
  struct layout *layout = plan->layout;
  size_t cells = 0;
  if (size_multiply((size_t)layout->rows, (size_t)layout->cols, &cells))
    layout->lines = calloc(cells + 1, 1);
  for (int layer = 0; layout->lines && layer + 1 < plan->layers; layer++) {
    choose_channels(gap, layer);
    for (int i = 0; i < gap->count; i++) draw_net(gap, &gap->nets[i], cols, widths);
  }
  return layout->lines ? STATUS_OK : STATUS_NO_MEMORY;
}

/* -- columns -- */

static void choose_columns(struct gap *gap, int *cols, int *widths, int *margins) {
  const struct plan *plan = gap->plan;
  struct layout *layout = plan->layout;
  for (size_t i = 0; i < layout->count; i++) {
    struct box *box = &layout->boxes[i];
    widths[box->layer] = max_int(widths[box->layer], box->width);
    margins[box->layer] = max_int(margins[box->layer], box->margin);
  }
  for (int layer = 0; layer < plan->layers; layer++)
    cols[layer + 1] = cols[layer] + widths[layer] + margins[layer + 1] +
                      max_int(choose_channels(gap, layer) + 2, NARROWEST_GAP);
  layout->cols = cols[plan->layers - 1] + widths[plan->layers - 1];
  for (size_t i = 0; i < layout->count; i++) {
    layout->boxes[i].row = (int)plan->items[i].y;
    layout->boxes[i].col = cols[layout->boxes[i].layer];
  }
}

enum status route_lines(struct plan *plan) {
  enum status status = STATUS_NO_MEMORY;
  struct gap gap = {.plan = plan};
  size_t layers = (size_t)plan->layers + 1;
  int *columns = calloc(3 * layers, sizeof *columns);
  gap.nets = calloc(plan->count, sizeof *gap.nets);
  gap.next_of = calloc(plan->count, sizeof *gap.next_of);
  gap.net_at = calloc((size_t)(plan->layout->rows + plan->layers * MOST_MOVES) + 1,
                      sizeof *gap.net_at);
  if (columns && gap.nets && gap.next_of && gap.net_at) {
    choose_columns(&gap, columns, columns + layers, columns + 2 * layers);
    status = plan->layout->cuts > 0 ? STATUS_OK : draw_nets(&gap, columns, columns + layers);
  }
  free(columns);
  free(gap.nets);
  free(gap.next_of);
  free(gap.net_at);
  return status;
}
