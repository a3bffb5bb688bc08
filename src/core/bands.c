#include "core/bands.h"

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

/* Whether instruction LAST can go along with those from FIRST on: the same rows, and what one of
 * them reads beside its own row is written by none. */
static bool goes_along(struct run *run, const struct code *code, size_t first, size_t last) {
  const struct slot *slots = run->program->slots;
  const struct instr *added = &code->items[last];
  if (slots[added->out].shape.rows != slots[code->items[first].out].shape.rows) return false;
  for (size_t i = first; i <= last; i++) {
    const struct op *op = &op_table[code->items[i].op];
    const struct call call = run_call(run, &code->items[i]);
    if (op->flags & OP_RANDOM) return false;
    for (int which = 0; which < op->arity; which++) {
      int slot = code->items[i].in[which];
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
  enum { WORD = 64 };
  const size_t unit = rows >= 2 * WORD * (size_t)pieces ? WORD : 1, units = rows / unit;
  struct stripe stripe = {units * (size_t)piece / (size_t)pieces * unit,
                      units * ((size_t)piece + 1) / (size_t)pieces * unit};
  if (piece + 1 == pieces) stripe.last = rows;
  return stripe;
}

/* Whether the sums, which go from member to member, are less than the weights, which need not. */
static bool by_terms(struct run *run, const struct instr *instr) {
  const struct call call = run_call(run, instr);
  return op_table[instr->op].accumulate && run->precision == PRECISION_DOUBLE &&
         shape_count(call.in[1].shape) > 2 * shape_count(call.shape);
}

enum status bands_init(struct bands *bands, struct run *run, const struct code *code, size_t work) {
  enum { LONGEST = 64 };
  *bands = (struct bands){.code = code};
  bands->stretches = calloc(code->count > 0 ? code->count : 1, sizeof *bands->stretches);
  if (!bands->stretches) return STATUS_NO_MEMORY;
  for (size_t i = 0; i < code->count;) {
    struct stretch *stretch = &bands->stretches[bands->count++];
    *stretch = (struct stretch){.first = i, .sharing = SHARE_ROWS};
    size_t done = 0;
    if (by_terms(run, &code->items[i])) stretch->sharing = SHARE_TERMS;
    else if (!goes_along(run, code, i, i)) stretch->sharing = SHARE_NOTHING;
    do done += work_of(run, &code->items[i++]);
    while (stretch->sharing == SHARE_ROWS && i < code->count && i < stretch->first + LONGEST &&
           !by_terms(run, &code->items[i]) && goes_along(run, code, stretch->first, i));
    stretch->last = i;
    if (done < work) stretch->sharing = SHARE_NOTHING;
  }
  return STATUS_OK;
}

void bands_done(struct bands *bands) {
  free(bands->stretches);
  *bands = (struct bands){0};
}

/* -- running -- */

enum { ROWS_APART = 8 };

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

static void run_rows(void *context, int piece, int member) {
  const struct running *running = context;
  (void)member;
  for (size_t i = running->stretch->first; i < running->stretch->last; i++) {
    const struct instr *instr = &running->code->items[i];
    const struct call call = run_call(running->run, instr);
    const struct stripe stripe = stripe_of(call.shape.rows, piece, running->pieces);
    const struct rect part = {(uint32_t)stripe.first, (uint32_t)stripe.last, 0, call.shape.cols};
    op_table[instr->op].forward(&call, part);
    run_round(running->run, &call, part);
  }
}

/* Pieces are begun in rising order, so the one that is waited for is done or under way. */
static void run_terms(void *context, int piece, int member) {
  struct running *running = context;
  (void)member;
  const struct instr *instr = &running->code->items[running->stretch->first];
  struct call call = run_call(running->run, instr);
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
    op_table[instr->op].accumulate(&call, part, (uint32_t)terms.first, (uint32_t)terms.last);
    __atomic_store_n(&running->progress[piece].rows, part.row1, __ATOMIC_RELEASE);
  }
}

static void run_shared(const struct bands *bands, const struct stretch *stretch, struct team *team,
                       struct run *run) {
  struct running running = {bands->code, stretch, run, team_members(team), {{0}}};
  team_work(team, running.pieces, stretch->sharing == SHARE_TERMS ? run_terms : run_rows, &running);
}

void bands_run(const struct bands *bands, struct team *team, struct run *run) {
  for (size_t i = 0; i < bands->count; i++) {
    const struct stretch *stretch = &bands->stretches[i];
    if (team_members(team) > 1 && stretch->sharing) run_shared(bands, stretch, team, run);
    else run_slice(run, bands->code, stretch->first, stretch->last);
  }
}
