#include "check/sums.h"

#include "core/memory.h"
#include "core/order.h"

#include <stdlib.h>
#include <string.h>

void sums_init(struct sums *sums, const struct op *op, const struct call *base, size_t *room) {
  *sums = (struct sums){.op = op, .base = *base, .room = room};
  if (op->terms) sums->terms = op->terms(base);
  sums->blocks = order_blocks(sums->terms);
}

void sums_done(struct sums *sums) {
  free(sums->nodes);
  free(sums->moved);
  free(sums->places);
  *sums = (struct sums){0};
}

/* -- blocks that have moved -- */

enum { NO_BLOCK = -1 };

static size_t block_of(size_t term) {
  return term / SUM_BLOCK;
}

/* The first block from AT on that REACH has a term in; NO_BLOCK: none. */
static size_t next_block(const struct reach *reach, size_t at) {
  const size_t term = at * SUM_BLOCK;
  const size_t run = term > reach->first ? (term - reach->first) / reach->apart : 0;
  if (run >= reach->count) return (size_t)NO_BLOCK;
  const size_t first = reach->first + run * reach->apart;
  if (term < first + reach->length) return block_of(first) > at ? block_of(first) : at;
  return run + 1 < reach->count ? block_of(first + reach->apart) : (size_t)NO_BLOCK;
}

/* The terms that operand WHICH has changed: those that it is in now or was in at the base. */
static struct reach reach_of(const struct sums *sums, const struct call *call, int which,
                             struct rect dirty) {
  const struct reach now = sums->op->reach(call, which, dirty);
  return now.count > 0 ? now : sums->op->reach(&sums->base, which, dirty);
}

/* Lists the blocks that have moved, in order; their count, or more than MOST. */
static size_t find_blocks(struct sums *sums, const struct call *call,
                          const struct rect dirty[MAX_OPERANDS], size_t most) {
  struct reach reaches[MAX_OPERANDS];
  size_t count = 0, reach_count = 0;
  for (int i = 0; i < sums->op->arity; i++)
    if (!rect_empty(dirty[i])) reaches[reach_count++] = reach_of(sums, call, i, dirty[i]);
  for (size_t at = 0; count <= most; at++, count++) {
    size_t next = (size_t)NO_BLOCK;
    for (size_t i = 0; i < reach_count; i++) {
      const size_t block = next_block(&reaches[i], at);
      if (block < next) next = block;
    }
    if (next == (size_t)NO_BLOCK) return count;
    if (count < most) sums->places[count] = next;
    at = next;
  }
  return count;
}

/* -- at the base -- */

static size_t rect_count(struct rect rect) {
  return (size_t)(rect.row1 - rect.row0) * (rect.col1 - rect.col0);
}

static size_t count_nodes(size_t blocks) {
  size_t nodes = blocks;
  for (; blocks > 1; nodes += blocks) blocks = (blocks + 1) / 2;
  return nodes;
}

static void add_block(const struct sums *sums, const struct call *call, struct rect part,
                      size_t block, double *out) {
  const size_t from = block * SUM_BLOCK, rest = sums->terms - from;
  sums->op->add_up(call, part, from, from + (rest < SUM_BLOCK ? rest : SUM_BLOCK), out,
                   part.col1 - part.col0);
}

/* Makes a level of NODES above the one below it, COUNT numbers each. */
static void make_level(double *level, const double *below, size_t nodes, size_t count) {
  const size_t pairs = nodes / 2;
  for (size_t node = 0; node < pairs; node++, level += count, below += 2 * count)
    for (size_t i = 0; i < count; i++) level[i] = below[i] + below[count + i];
  if (nodes % 2) memcpy(level, below, count * sizeof *level);
}

static void take_apart(struct sums *sums, struct rect part) {
  const size_t count = rect_count(part), blocks = sums->blocks;
  double *level = sums->nodes;
  for (size_t block = 0; block < blocks; block++)
    add_block(sums, &sums->base, part, block, level + block * count);
  for (size_t nodes = blocks; nodes > 1; nodes = (nodes + 1) / 2) {
    make_level(level + nodes * count, level, nodes, count);
    level += nodes * count;
  }
  sums->part = part;
}

static bool make_room(struct sums *sums, size_t count) {
  if (count <= sums->node_capacity) return true;
  double *nodes = memory_numbers(count);
  if (!nodes) return false;
  free(sums->nodes);
  sums->nodes = nodes;
  sums->part = (struct rect){0};
  *sums->room -= count - sums->node_capacity;
  sums->node_capacity = count;
  return true;
}

/* Has PART taken apart. The first time just that, as a look at one entry needs no more. */
static bool keep(struct sums *sums, struct rect part) {
  if (rect_covers(sums->part, part)) return true;
  const size_t nodes = count_nodes(sums->blocks);
  const size_t most = (sums->node_capacity + *sums->room) / nodes;
  const struct rect whole = shape_rect(sums->base.shape);
  if (sums->missed && rect_count(whole) <= most) part = whole;
  sums->missed = true;
  if (rect_count(part) > most || !make_room(sums, nodes * rect_count(part))) return false;
  take_apart(sums, part);
  return true;
}

/* -- going up -- */

/* A part of the numbers that are taken apart: ROWS runs of WIDTH, STRIDE apart. */
struct window {
  size_t rows, width, stride;
  size_t first; /* of a node's numbers */
  size_t node;  /* how many a node has */
};

static struct window window_of(const struct sums *sums, struct rect part) {
  const size_t stride = sums->part.col1 - sums->part.col0, width = part.col1 - part.col0;
  struct window window = {part.row1 - part.row0, width, stride,
                          (part.row0 - sums->part.row0) * stride + part.col0 - sums->part.col0,
                          rect_count(sums->part)};
  if (width == stride) window.width *= window.rows, window.rows = 1;
  return window;
}

static inline void add_kept(double *sum, const double *moved, const double *kept,
                            struct window window) {
  for (size_t i = 0; i < window.rows; i++, kept += window.stride)
    for (size_t j = 0; j < window.width; j++) *sum++ = *moved++ + kept[j];
}

static bool is_kept(const double *moved, const double *kept, struct window window) {
  for (size_t i = 0; i < window.rows; i++, moved += window.width, kept += window.stride)
    if (memcmp(moved, kept, window.width * sizeof *moved) != 0) return false;
  return true;
}

/* From COUNT nodes that have moved, of a level of NODES, to those above them; returns how many. */
static size_t go_up(struct sums *sums, const double *level, size_t nodes, size_t count,
                    struct window window) {
  const size_t size = window.rows * window.width;
  size_t above = 0, next;
  for (size_t i = 0; i < count; i = next, above++) {
    const size_t node = sums->places[i], other = node ^ 1;
    double *to = sums->moved + above * size, *moved = sums->moved + i * size;
    next = i + 1;
    if (next < count && sums->places[next] == other) {
      for (size_t j = 0; j < size; j++) to[j] = moved[j] + moved[size + j];
      next++;
    } else if (other < nodes) {
      add_kept(to, moved, level + other * window.node + window.first, window);
    } else {
      memmove(to, moved, size * sizeof *to);
    }
    sums->places[above] = node / 2;
  }
  return above;
}

/* The same from one node, to the top. */
static void climb(const struct sums *sums, struct window window) {
  const double *level = sums->nodes + window.first;
  size_t node = sums->places[0];
  for (size_t nodes = sums->blocks; nodes > 1; nodes = (nodes + 1) / 2, node /= 2) {
    const size_t other = node ^ 1;
    if (other < nodes) add_kept(sums->moved, sums->moved, level + other * window.node, window);
    level += nodes * window.node;
  }
}

static void put_result(const struct sums *sums, const struct call *call, struct rect part) {
  const size_t width = part.col1 - part.col0;
  double *out = call->out + (size_t)part.row0 * call->shape.cols + part.col0;
  const double *sum = sums->moved;
  for (uint32_t i = part.row0; i < part.row1; i++, out += call->shape.cols, sum += width)
    memcpy(out, sum, width * sizeof *out);
}

/* Whether any block is not to the bit what it was. */
static bool add_blocks(struct sums *sums, const struct call *call, struct rect part, size_t count,
                       struct window window) {
  const size_t size = window.rows * window.width;
  bool differs = false;
  for (size_t i = 0; i < count; i++) {
    const double *kept = sums->nodes + sums->places[i] * window.node + window.first;
    add_block(sums, call, part, sums->places[i], sums->moved + i * size);
    differs = differs || !is_kept(sums->moved + i * size, kept, window);
  }
  return differs;
}

static void go_to_the_top(struct sums *sums, size_t count, struct window window) {
  const double *level = sums->nodes;
  for (size_t nodes = sums->blocks; nodes > 1; nodes = (nodes + 1) / 2) {
    count = go_up(sums, level, nodes, count, window);
    level += nodes * window.node;
  }
}

enum sums_outcome sums_run(struct sums *sums, const struct call *call,
                           const struct rect dirty[MAX_OPERANDS], struct rect part) {
  const size_t most = sums->blocks / 2;
  if (!array_reserve(&sums->places, &sums->place_capacity, most, sizeof *sums->places))
    return SUMS_LEFT;
  size_t count = find_blocks(sums, call, dirty, most);
  sums->moved_blocks = count;
  if (count == 0) return SUMS_SAME;
  if (count > most || !keep(sums, part) ||
      !array_reserve(&sums->moved, &sums->moved_capacity, count * rect_count(part),
                     sizeof *sums->moved))
    return SUMS_LEFT;
  const struct window window = window_of(sums, part);
  if (!add_blocks(sums, call, part, count, window)) return SUMS_SAME;
  if (count == 1) climb(sums, window);
  else go_to_the_top(sums, count, window);
  put_result(sums, call, part);
  return SUMS_MOVED;
}
