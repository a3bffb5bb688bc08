#include "core/bands.h"

#include "core/shortcut.h"
#include "core/vector.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* Whether a row of operand WHICH reaches no row of the result but that one. An operation treats
 * all rows alike, but a broadcast or a transposed one shows at one end or at the other. */
static bool stays_in_row(const struct op *op, const struct call *call, int which) {
  const struct shape shape = call->in[which].shape;
  const uint32_t ends[] = {0, shape.rows - 1};
  for (int end = 0; end < 2; end++) {
    const uint32_t row = ends[end];
    struct rect touched = op->touch(call, which, (struct rect){row, row + 1, 0, shape.cols});
    if (!rect_empty(touched) && (touched.row0 < row || touched.row1 > row + 1)) return false;
  }
  return true;
}

static bool writes(const struct code *code, size_t first, size_t last, int slot) {
  for (size_t i = first; i < last; i++)
    if (code->items[i].out == slot) return true;
  return false;
}

/* Whether ADDED can go along with instructions [first, last): the same rows, and what one of them
 * reads beside its own row is written by none. */
static bool goes_along(struct run *run, const struct code *code, size_t first, size_t last,
                       const struct instr *added) {
  const struct slot *slots = run->program->slots;
  if (first < last && slots[added->out].shape.rows != slots[code->items[first].out].shape.rows)
    return false;
  for (size_t i = first; i <= last; i++) {
    const struct instr *instr = i < last ? &code->items[i] : added;
    const struct op *op = &op_table[instr->op];
    const struct call call = run_call(run, instr);
    if (op->flags & OP_RANDOM) return false;
    for (int which = 0; which < op->arity; which++) {
      int slot = instr->in[which];
      bool written = slot == added->out || (i == last && writes(code, first, last, slot));
      if (written && !stays_in_row(op, &call, which)) return false;
    }
  }
  return true;
}

/* Numbers to be computed, times the terms of each where they are sums of terms. */
static size_t work_of(struct run *run, const struct instr *instr) {
  const struct call call = run_call(run, instr);
  const struct shape a = call.in[0].shape;
  size_t terms = instr->op == OP_MATMUL ? a.cols : instr->op == OP_MATMUL_TRANSPOSED ? a.rows : 1;
  return shape_count(call.shape) * terms;
}

struct stripe stripe_of(size_t rows, int piece, int pieces) {
  const size_t word = MARKS_WORD;
  const size_t unit = rows >= 2 * word * (size_t)pieces ? word : 1, units = rows / unit;
  struct stripe stripe = {units * (size_t)piece / (size_t)pieces * unit,
                      units * ((size_t)piece + 1) / (size_t)pieces * unit};
  if (piece + 1 == pieces) stripe.last = rows;
  return stripe;
}

/* Whether the sums, which go from member to member, are less than the weights, which need not. */
static bool by_terms(struct run *run, const struct instr *instr) {
  const struct call call = run_call(run, instr);
  return shortcut_taken(SHORTCUT_TERMS) && op_table[instr->op].accumulate &&
         run->precision == PRECISION_DOUBLE &&
         shape_count(call.in[1].shape) > 2 * shape_count(call.shape);
}

static enum sharing sharing_of(struct run *run, const struct code *code, size_t i) {
  if (by_terms(run, &code->items[i])) return SHARE_TERMS;
  bool by_rows = shortcut_taken(SHORTCUT_STRIPES) && goes_along(run, code, i, i, &code->items[i]);
  return by_rows ? SHARE_ROWS : SHARE_NOTHING;
}

/* -- the order -- */

static bool reads(const struct instr *instr, int slot) {
  for (int which = 0; which < op_table[instr->op].arity; which++)
    if (instr->in[which] == slot) return true;
  return false;
}

/* The last of the instructions from FIRST to I that has to stay before I; I if there is none. */
static size_t last_before(const struct code *code, size_t first, size_t i) {
  const struct instr *instr = &code->items[i];
  for (size_t other = i; other-- > first;) {
    const struct instr *earlier = &code->items[other];
    if (reads(instr, earlier->out) || reads(earlier, instr->out) || earlier->out == instr->out ||
        (op_table[instr->op].flags & op_table[earlier->op].flags & OP_RANDOM))
      return other;
  }
  return i;
}

static void bring_forward(struct code *code, size_t to, size_t i) {
  const struct instr moved = code->items[i];
  memmove(&code->items[to + 1], &code->items[to], (i - to) * sizeof moved);
  code->items[to] = moved;
}

/* The stretch that begins with instruction FIRST: those go along that may come so early, whatever
 * stands between. If one would, but for something that may come before all of them, then that is a
 * stretch of its own, and comes first. */
static struct stretch next_stretch(struct run *run, struct code *code, size_t first) {
  enum { LONGEST = 64, AHEAD = 16 };
  struct stretch stretch = {first, first + 1, sharing_of(run, code, first)};
  if (stretch.sharing != SHARE_ROWS) return stretch;
  for (size_t i = first + 1; i < code->count && i < stretch.last + AHEAD; i++) {
    if (stretch.last == first + LONGEST) break;
    if (i > stretch.last && !shortcut_taken(SHORTCUT_ORDER)) break;
    if (by_terms(run, &code->items[i]) ||
        !goes_along(run, code, first, stretch.last, &code->items[i]))
      continue;
    const size_t before = last_before(code, stretch.last, i);
    if (before == i) {
      bring_forward(code, stretch.last++, i);
    } else if (last_before(code, first, before) == before) {
      bring_forward(code, first, before);
      return (struct stretch){first, first + 1, sharing_of(run, code, first)};
    }
  }
  return stretch;
}

enum status bands_init(struct bands *bands, struct run *run, const struct code *code, size_t work) {
  const size_t count = code->count > 0 ? code->count : 1;
  *bands = (struct bands){.code = {calloc(count, sizeof *code->items), code->count, count},
                          .stretches = calloc(count, sizeof *bands->stretches)};
  if (!bands->stretches || !bands->code.items) return STATUS_NO_MEMORY;
  if (code->count > 0)
    memcpy(bands->code.items, code->items, code->count * sizeof *code->items);
  for (size_t first = 0; first < code->count;) {
    struct stretch stretch = next_stretch(run, &bands->code, first);
    size_t done = 0;
    while (first < stretch.last) done += work_of(run, &bands->code.items[first++]);
    if (done < work) stretch.sharing = SHARE_NOTHING;
    bands->stretches[bands->count++] = stretch;
  }
  return STATUS_OK;
}

void bands_done(struct bands *bands) {
  free(bands->stretches);
  free(bands->code.items);
  *bands = (struct bands){0};
}

bool bands_deal(const struct bands *bands, int slot) {
  for (size_t s = 0; s < bands->count; s++)
    for (size_t i = bands->stretches[s].first; i < bands->stretches[s].last; i++) {
      const struct instr *instr = &bands->code.items[i];
      const bool stripes = bands->stretches[s].sharing == SHARE_TERMS ||
                           (bands->stretches[s].sharing == SHARE_ROWS &&
                            instr->op == OP_MATMUL_TRANSPOSED);
      if (reads(instr, slot) && (!stripes || instr->in[1] == slot)) return false;
    }
  return true;
}

/* -- running -- */

enum { ROWS_APART = 16 };

struct progress {
  alignas(TEAM_APART) uint32_t rows; /* of the result that have a piece's terms */
};

/* A stretch that is being run. */
struct running {
  const struct code *code;
  const struct stretch *stretch;
  struct run *run;
  int pieces;
  struct progress progress[TEAM_MAX];
};

static struct call call_of(const struct running *running, size_t i, int piece) {
  struct call call = run_call(running->run, &running->code->items[i]);
  if (call.marks) call.in[0].values = run_marked(running->run, piece);
  return call;
}

static void run_rows(void *context, int piece, int member) {
  const struct running *running = context;
  (void)member;
  for (size_t i = running->stretch->first; i < running->stretch->last; i++) {
    const struct call call = call_of(running, i, piece);
    const struct stripe stripe = stripe_of(call.shape.rows, piece, running->pieces);
    const struct rect part = {(uint32_t)stripe.first, (uint32_t)stripe.last, 0, call.shape.cols};
    op_table[running->code->items[i].op].forward(&call, part);
    run_round(running->run, &call, part);
  }
}

/* Pieces are begun in rising order, so the one that is waited for is done or under way. */
static void run_terms(void *context, int piece, int member) {
  struct running *running = context;
  (void)member;
  const struct op *op = &op_table[running->code->items[running->stretch->first].op];
  struct call call = call_of(running, running->stretch->first, piece);
  const struct stripe terms = stripe_of(call.in[0].shape.cols, piece, running->pieces);
  struct rect part = {0, 0, 0, call.shape.cols};
  call.finite = vector_finite(call.in[1].values + terms.first * part.col1,
                              (terms.last - terms.first) * part.col1);
  for (; part.row0 < call.shape.rows; part.row0 = part.row1) {
    const uint32_t rest = call.shape.rows - part.row0;
    part.row1 = part.row0 + (rest < 2 * ROWS_APART ? rest : ROWS_APART);
    double *sums = call.out + (size_t)part.row0 * part.col1;
    if (piece > 0) team_wait(&running->progress[piece - 1].rows, part.row1);
    else memset(sums, 0, (size_t)(part.row1 - part.row0) * part.col1 * sizeof *sums);
    op->accumulate(&call, part, (uint32_t)terms.first, (uint32_t)terms.last);
    __atomic_store_n(&running->progress[piece].rows, part.row1, __ATOMIC_RELEASE);
  }
}

static void run_shared(const struct bands *bands, const struct stretch *stretch, struct team *team,
                       struct run *run) {
  struct running running = {&bands->code, stretch, run, team_members(team), {{0}}};
  team_work(team, running.pieces, stretch->sharing == SHARE_TERMS ? run_terms : run_rows, &running);
}

void bands_run(const struct bands *bands, struct team *team, struct run *run) {
  for (size_t i = 0; i < bands->count; i++) {
    const struct stretch *stretch = &bands->stretches[i];
    if (team_members(team) > 1 && stretch->sharing) run_shared(bands, stretch, team, run);
    else run_slice(run, &bands->code, stretch->first, stretch->last);
  }
}
