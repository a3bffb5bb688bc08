#include "core/schedule.h"

#include "core/shortcut.h"

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

/* Numbers to be computed, times the terms of each where they are sums. */
static size_t work_of(struct run *run, const struct instr *instr) {
  const struct op *op = &op_table[instr->op];
  const struct call call = run_call(run, instr);
  return shape_count(call.shape) * (op->terms ? op->terms(&call) : 1);
}

struct stripe stripe_of(size_t rows, int piece, int pieces) {
  return (struct stripe){rows * (size_t)piece / (size_t)pieces,
                         rows * ((size_t)piece + 1) / (size_t)pieces};
}

static bool may_share(struct run *run, const struct code *code, size_t i) {
  return shortcut_taken(SHORTCUT_STRIPES) && goes_along(run, code, i, i, &code->items[i]);
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

/* The phase that begins with instruction FIRST: those go along that may come so early, whatever
 * stands between. If one would, but for something that may come before all of them, then that is a
 * phase of its own, and comes first. */
static struct phase next_phase(struct run *run, struct code *code, size_t first) {
  enum { LONGEST = 64, AHEAD = 16 };
  struct phase phase = {first, first + 1, may_share(run, code, first)};
  if (!phase.shared) return phase;
  for (size_t i = first + 1; i < code->count && i < phase.last + AHEAD; i++) {
    if (phase.last == first + LONGEST) break;
    if (i > phase.last && !shortcut_taken(SHORTCUT_ORDER)) break;
    if (!goes_along(run, code, first, phase.last, &code->items[i])) continue;
    const size_t before = last_before(code, phase.last, i);
    if (before == i) {
      bring_forward(code, phase.last++, i);
    } else if (last_before(code, first, before) == before) {
      bring_forward(code, first, before);
      return (struct phase){first, first + 1, may_share(run, code, first)};
    }
  }
  return phase;
}

enum status schedule_init(struct schedule *schedule, struct run *run, const struct code *code,
                          size_t work) {
  const size_t count = code->count > 0 ? code->count : 1;
  *schedule = (struct schedule){.code = {calloc(count, sizeof *code->items), code->count, count},
                          .phases = calloc(count, sizeof *schedule->phases)};
  if (!schedule->phases || !schedule->code.items) return STATUS_NO_MEMORY;
  if (code->count > 0)
    memcpy(schedule->code.items, code->items, code->count * sizeof *code->items);
  for (size_t first = 0; first < code->count;) {
    struct phase phase = next_phase(run, &schedule->code, first);
    size_t done = 0;
    while (first < phase.last) done += work_of(run, &schedule->code.items[first++]);
    if (done < work) phase.shared = false;
    schedule->phases[schedule->count++] = phase;
  }
  return STATUS_OK;
}

void schedule_done(struct schedule *schedule) {
  free(schedule->phases);
  free(schedule->code.items);
  *schedule = (struct schedule){0};
}

/* -- running -- */

/* A phase that is being run. */
struct running {
  const struct code *code;
  const struct phase *phase;
  struct run *run;
  int pieces;
};

static void run_rows(void *context, int piece, int member) {
  const struct running *running = context;
  (void)member;
  for (size_t i = running->phase->first; i < running->phase->last; i++) {
    const struct instr *instr = &running->code->items[i];
    const struct call call = run_call(running->run, instr);
    const struct stripe stripe = stripe_of(call.shape.rows, piece, running->pieces);
    const struct rect part = {(uint32_t)stripe.first, (uint32_t)stripe.last, 0, call.shape.cols};
    op_table[instr->op].forward(&call, part);
    run_round(running->run, &call, part);
  }
}

void schedule_run(const struct schedule *schedule, struct team *team, struct run *run) {
  for (size_t i = 0; i < schedule->count; i++) {
    const struct phase *phase = &schedule->phases[i];
    struct running running = {&schedule->code, phase, run, team_members(team)};
    if (running.pieces > 1 && phase->shared) team_work(team, running.pieces, run_rows, &running);
    else run_slice(run, &schedule->code, phase->first, phase->last);
  }
}
