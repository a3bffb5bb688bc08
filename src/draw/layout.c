#include "draw/layout.h"

#include "core/memory.h"
#include "draw/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SWEEPS = 6, BOX_GAP = 0, LINE_HEIGHT = 1 };

/* Lines that pass through layers, all together: what lies beyond is neither read nor drawn in a
 * moment. The longest are cut. */
enum { MOST_PASSING = 3000 };

/* -- layers -- */

/* The layer of the nearest user of each box, or LAYERS. */
static int *find_nearest(const struct plan *plan) {
  const struct box *boxes = plan->layout->boxes;
  size_t count = plan->layout->count;
  int *nearest = malloc(count * sizeof *nearest);
  for (size_t i = 0; nearest && i < count; i++) nearest[i] = plan->layers;
  for (size_t u = 0; nearest && u < count; u++)
    for (int k = 0; k < boxes[u].input_count; k++) {
      int *of = &nearest[boxes[u].inputs[k]];
      *of = min_int(*of, boxes[u].layer);
    }
  return nearest;
}

/* Lines that are cut count too: what is computed later is further to the right. */
static bool choose_layers(struct plan *plan) {
  struct box *boxes = plan->layout->boxes;
  size_t count = plan->layout->count;
  for (size_t i = 0; i < count; i++) {
    boxes[i].layer = 0;
    for (int k = 0; k < boxes[i].input_count; k++)
      boxes[i].layer = max_int(boxes[i].layer, boxes[boxes[i].inputs[k]].layer + 1);
    plan->layers = max_int(plan->layers, boxes[i].layer + 1);
  }
  int *nearest = find_nearest(plan);
  for (size_t i = 0; nearest && i < count; i++) /* a leaf is right before its first user */
    if (boxes[i].input_count == 0 && nearest[i] < plan->layers) boxes[i].layer = nearest[i] - 1;
  free(nearest);
  return nearest;
}

/* How many layers the line of operand K of USER leads on by; 0: it is cut. */
static int span_of(const struct layout *layout, const struct box *user, int k) {
  return user->ports[k] == LAYOUT_CUT ? 0 : user->layer - layout->boxes[user->inputs[k]].layer;
}

/* How many lines pass through layers if none leads on by more than MOST layers. */
static long count_passing(const struct layout *layout, int most, int *longest) {
  long passing = 0;
  memset(longest, 0, layout->count * sizeof *longest);
  for (size_t u = 0; u < layout->count; u++)
    for (int k = 0; k < layout->boxes[u].input_count; k++) {
      int span = span_of(layout, &layout->boxes[u], k), *of = &longest[layout->boxes[u].inputs[k]];
      if (span <= most) *of = max_int(*of, span);
    }
  for (size_t i = 0; i < layout->count; i++) passing += max_int(longest[i] - 1, 0);
  return passing;
}

static bool cut_longest(struct plan *plan) {
  struct layout *layout = plan->layout;
  int *longest = malloc(layout->count * sizeof *longest), most = plan->layers;
  while (longest && most > 1 && count_passing(layout, most, longest) > MOST_PASSING)
    most -= 1 + most / 16;
  for (size_t u = 0; longest && u < layout->count; u++)
    for (int k = 0; k < layout->boxes[u].input_count; k++)
      if (span_of(layout, &layout->boxes[u], k) > max_int(most, 1)) {
        layout->boxes[u].ports[k] = LAYOUT_CUT;
        layout->cuts++;
      }
  free(longest);
  return longest;
}

/* -- items and the lines between them -- */

static bool add_item(struct plan *plan, struct item item) {
  plan->passing[item.source * plan->layers + item.layer] = (int)plan->count;
  return array_push(&plan->items, &plan->count, &plan->capacity, &item, sizeof item);
}

static bool add_passing(struct plan *plan, int source, int user_layer) {
  for (int layer = plan->layout->boxes[source].layer + 1; layer < user_layer; layer++)
    if (plan->passing[source * plan->layers + layer] < 0 &&
        !add_item(plan, (struct item){.box = -1, .source = source, .layer = layer,
                                      .height = LINE_HEIGHT}))
      return false;
  return true;
}

static bool make_items(struct plan *plan) {
  struct layout *layout = plan->layout;
  size_t cells;
  if (!size_multiply(layout->count, (size_t)plan->layers, &cells)) return false;
  plan->passing = malloc(cells * sizeof *plan->passing);
  for (size_t i = 0; plan->passing && i < cells; i++) plan->passing[i] = -1;
  for (size_t i = 0; i < layout->count; i++)
    if (!plan->passing || !add_item(plan, (struct item){.box = (int)i, .source = (int)i,
                                                        .layer = layout->boxes[i].layer}))
      return false;
  for (size_t u = 0; u < layout->count; u++)
    for (int k = 0; k < layout->boxes[u].input_count; k++)
      if (layout->boxes[u].ports[k] != LAYOUT_CUT &&
          !add_passing(plan, layout->boxes[u].inputs[k], layout->boxes[u].layer))
        return false;
  return true;
}

static bool add_line(struct plan *plan, int source, int layer, int to, int operand) {
  const struct edge edge = {.from = plan->passing[source * plan->layers + layer], .to = to,
                            .operand = operand};
  return array_push(&plan->lines, &plan->line_count, &plan->line_capacity, &edge, sizeof edge);
}

/* First the lines that go on, then those that end in a box, in the order of boxes and operands. */
static bool find_lines(struct plan *plan) {
  struct layout *layout = plan->layout;
  for (size_t i = layout->count; i < plan->count; i++)
    if (!add_line(plan, plan->items[i].source, plan->items[i].layer - 1, (int)i, 0)) return false;
  for (size_t u = 0; u < layout->count; u++)
    for (int k = 0; k < layout->boxes[u].input_count; k++) {
      if (layout->boxes[u].ports[k] == LAYOUT_CUT) continue;
      layout->boxes[layout->boxes[u].inputs[k]].outputs++;
      if (!add_line(plan, layout->boxes[u].inputs[k], layout->boxes[u].layer - 1, (int)u, k))
        return false;
    }
  return true;
}

/* Makes of the counts in FIRST[1..COUNT] where each part begins. */
static void add_up(int *first, size_t count) {
  for (size_t i = 0; i < count; i++) first[i + 1] += first[i];
}

/* Sorts the lines by where they begin, keeping their order, and lists them by where they end. */
static bool sort_lines(struct plan *plan) {
  struct edge *sorted = malloc((plan->line_count + 1) * sizeof *sorted);
  int *next = calloc(plan->count + 1, sizeof *next);
  plan->leaving = calloc(plan->count + 1, sizeof *plan->leaving);
  plan->entering = calloc(plan->count + 1, sizeof *plan->entering);
  plan->arrivals = calloc(plan->line_count + 1, sizeof *plan->arrivals);
  bool made = sorted && next && plan->leaving && plan->entering && plan->arrivals;
  for (size_t i = 0; made && i < plan->line_count; i++) {
    plan->leaving[plan->lines[i].from + 1]++;
    plan->entering[plan->lines[i].to + 1]++;
  }
  if (made) {
    add_up(plan->leaving, plan->count);
    add_up(plan->entering, plan->count);
    memcpy(next, plan->leaving, plan->count * sizeof *next);
    for (size_t i = 0; i < plan->line_count; i++)
      sorted[next[plan->lines[i].from]++] = plan->lines[i];
    memcpy(next, plan->entering, plan->count * sizeof *next);
    for (size_t i = 0; i < plan->line_count; i++) plan->arrivals[next[sorted[i].to]++] = (int)i;
    if (plan->line_count > 0) memcpy(plan->lines, sorted, plan->line_count * sizeof *sorted);
  }
  free(sorted);
  free(next);
  return made;
}

/* -- where lines enter -- */

static int out_row(const struct item *item) {
  return item->box < 0 ? 0 : LAYOUT_OUT;
}

/* Whether LINE has to enter on a row of its own: because the caller wants it, or because it also
 * leads elsewhere, and so may not meet others on the way. */
static bool stands_alone(const struct plan *plan, const struct edge *line) {
  const struct box *box = &plan->layout->boxes[plan->items[line->to].box];
  return box->ports[line->operand] == LAYOUT_OWN ||
         plan->leaving[line->from + 1] - plan->leaving[line->from] > 1;
}

/* Lines that need no row of their own share one; if they are two or three and there are no others,
 * the first of them has another. */
static void choose_ports(struct plan *plan, int index) {
  enum { SHARED = LAYOUT_ANY };
  struct box *box = &plan->layout->boxes[index];
  int own = 0, sharing = 0, used = 0, common = 0;
  for (int i = plan->entering[index]; i < plan->entering[index + 1]; i++) {
    const struct edge *line = &plan->lines[plan->arrivals[i]];
    bool alone = stands_alone(plan, line);
    box->ports[line->operand] = alone ? LAYOUT_OWN : SHARED;
    own += alone;
    sharing += !alone;
  }
  for (int k = 0, rows = own == 0 && sharing <= 3 ? 2 : 1; k < box->input_count; k++) {
    if (box->ports[k] == LAYOUT_CUT) continue;
    bool shares = box->ports[k] == SHARED;
    if (!shares || rows > 0) box->ports[k] = ++used;
    else box->ports[k] = common;
    if (shares && rows > 0) common = used, rows--;
  }
  box->height = max_int(box->height, used + 2 + box->bottom);
  plan->items[index].height = box->height;
}

/* -- order -- */

/* What LINE says of where its end should be, or its beginning: a row or a rank. */
static double wish_of(const struct plan *plan, const struct edge *line, bool rows,
                      bool backwards) {
  const struct item *from = &plan->items[line->from], *to = &plan->items[line->to];
  const struct item *of = backwards ? to : from;
  int leaves = out_row(from), enters = plan_port(plan, line);
  return rows ? of->y + (backwards ? enters - leaves : leaves - enters)
              : of->order + (backwards ? 0.1 * line->operand : 0);
}

/* Gives every item of a layer the mean of its neighbours as its wish: of those to the left, or to
 * the right. */
static void wish_means(struct plan *plan, int layer, bool rows, bool backwards) {
  const int *begins = backwards ? plan->leaving : plan->entering;
  for (int i = plan->first[layer]; i < plan->first[layer + 1]; i++) {
    struct item *item = &plan->items[plan->by_layer[i]];
    int begin = begins[plan->by_layer[i]], end = begins[plan->by_layer[i] + 1];
    double sum = 0;
    for (int k = begin; k < end; k++)
      sum += wish_of(plan, &plan->lines[backwards ? k : plan->arrivals[k]], rows, backwards);
    item->wish = end > begin ? sum / (end - begin) : rows ? item->y : item->order;
  }
}

static void fill_layers(struct plan *plan) {
  for (size_t i = 0; i < plan->count; i++) plan->first[plan->items[i].layer + 1]++;
  add_up(plan->first, (size_t)plan->layers);
  for (size_t i = 0; i < plan->count; i++)
    plan->by_layer[plan->first[plan->items[i].layer]++] = (int)i;
  for (int layer = plan->layers; layer > 0; layer--) plan->first[layer] = plan->first[layer - 1];
  plan->first[0] = 0;
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

static void choose_order(struct plan *plan) {
  for (size_t i = 0; i < plan->count; i++) plan->items[i].wish = (double)i;
  for (int layer = 0; layer < plan->layers; layer++) sort_layer(plan, layer);
  for (int sweep = 0; sweep < SWEEPS; sweep++)
    for (int step = 0; step < plan->layers; step++) {
      bool backwards = sweep % 2 == 0;
      int layer = backwards ? plan->layers - 1 - step : step;
      wish_means(plan, layer, false, backwards);
      sort_layer(plan, layer);
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
static bool is_alone(const struct plan *plan, int item) {
  return plan->leaving[item] == plan->leaving[item + 1] &&
         plan->entering[item] == plan->entering[item + 1];
}

static void round_rows(struct plan *plan) {
  double top = INFINITY;
  for (size_t i = 0; i < plan->count; i++)
    if (plan->items[i].y < top && !is_alone(plan, (int)i)) top = plan->items[i].y;
  plan->layout->rows = 0;
  for (int layer = 0; layer < plan->layers; layer++)
    for (int i = plan->first[layer]; i < plan->first[layer + 1]; i++) {
      struct item *item = &plan->items[plan->by_layer[i]];
      int row = is_alone(plan, plan->by_layer[i]) ? 0 : (int)(item->y - top + 0.5);
      if (i > plan->first[layer]) {
        const struct item *above = &plan->items[plan->by_layer[i - 1]];
        row = max_int(row, (int)above->y + above->height + gap_between(above, item));
      }
      item->y = row;
      plan->layout->rows = max_int(plan->layout->rows, row + item->height);
    }
}

static void choose_rows(struct plan *plan, double *scratch) {
  for (int layer = 0; layer < plan->layers; layer++) {
    double y = 0;
    for (int i = plan->first[layer]; i < plan->first[layer + 1]; i++) {
      struct item *item = &plan->items[plan->by_layer[i]];
      item->y = y;
      y += item->height + BOX_GAP;
    }
  }
  for (int sweep = 0; sweep < 2 * SWEEPS; sweep++)
    for (int step = 0; step < plan->layers; step++) {
      bool backwards = sweep % 2 == 0;
      int layer = backwards ? plan->layers - 1 - step : step;
      wish_means(plan, layer, true, backwards);
      place_layer(plan, layer, scratch);
    }
  round_rows(plan);
}

/* -- all of it -- */

static enum status place_items(struct plan *plan) {
  enum status status = STATUS_NO_MEMORY;
  double *scratch = calloc(plan->count, sizeof *scratch);
  plan->by_layer = calloc(plan->count, sizeof *plan->by_layer);
  plan->first = calloc((size_t)plan->layers + 2, sizeof *plan->first);
  if (scratch && plan->by_layer && plan->first) {
    for (size_t i = 0; i < plan->layout->count; i++) choose_ports(plan, (int)i);
    fill_layers(plan);
    choose_order(plan);
    choose_rows(plan, scratch);
    status = route_lines(plan);
  }
  free(scratch);
  return status;
}

static enum status make(struct plan *plan) {
  struct layout *layout = plan->layout;
  for (size_t i = 0; i < layout->count; i++) layout->boxes[i].outputs = 0;
  if (!choose_layers(plan) || !cut_longest(plan)) return STATUS_NO_MEMORY;
  if (layout->cuts > 0) return STATUS_OK;
  return make_items(plan) && find_lines(plan) && sort_lines(plan) ? place_items(plan)
                                                                  : STATUS_NO_MEMORY;
}

enum status layout_make(struct layout *layout) {
  struct plan plan = {.layout = layout};
  layout->rows = layout->cols = 0;
  layout->cuts = 0;
  layout_done(layout);
  enum status status = layout->count > 0 ? make(&plan) : STATUS_OK;
  free(plan.passing);
  free(plan.items);
  free(plan.lines);
  free(plan.leaving);
  free(plan.entering);
  free(plan.arrivals);
  free(plan.by_layer);
  free(plan.first);
  return status;
}

void layout_done(struct layout *layout) {
  free(layout->lines);
  layout->lines = NULL;
}
