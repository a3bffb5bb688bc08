#include "bug/mutants.h"

#include "bug/dataflow.h"
#include "lang/parse.h"
#include "lang/stand_in.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One line of a mutant, lowered. */
struct piece {
  size_t from, handed, to; /* its instructions; what hands over to the target begins at `handed` */
  size_t begin, end;       /* the model's instructions that it replaces */
  int target;
};

/* A run that the mutants use one after the other. */
struct lane {
  struct run run;
  size_t room; /* numbers that it can hold */
};

struct engine {
  struct model *model;
  const struct code *code; /* the model's own backward pass */
  const struct pass *passes;
  size_t pass_count;
  struct dataflow flow;
  struct stand_in stand_in;
  struct program_mark base; /* what comes after it belongs to the mutant at hand */
  struct lane *lanes;       /* by pass, its values but for the mutant at hand */
  struct lane whole;        /* for those that must run a pass from its beginning to its end */
  double *fresh;            /* what a pass finds in the slots of the backward pass */
  uint64_t *pending;        /* a bit an instruction: something that it reads has changed */
  bool *touched;            /* by slot: it does not hold what the pass left there */
  int *touched_slots;
  size_t touched_count;
  struct piece *pieces;
  size_t piece_count, piece_capacity;
  size_t spent;
};

enum { WORD = 64 };

/* -- instructions one by one -- */

static void run_one(struct engine *engine, struct run *run, const struct code *code, size_t i) {
  run_slice(run, code, i, i + 1);
  engine->spent += instr_cost(run->program, &code->items[i]);
}

static void pend(struct engine *engine, size_t i) {
  engine->pending[i / WORD] |= (uint64_t)1 << i % WORD;
}

/* The first pending instruction in [FROM, END), which is pending no longer; END: there is none. */
static size_t next_pending(struct engine *engine, size_t from, size_t end) {
  while (from < end) {
    uint64_t *word = &engine->pending[from / WORD];
    const uint64_t rest = *word >> from % WORD;
    if (rest & 1) {
      *word &= ~((uint64_t)1 << from % WORD);
      return from;
    }
    from = rest ? from + 1 : (from / WORD + 1) * WORD;
  }
  return end;
}

static void touch(struct engine *engine, int slot) {
  if (engine->touched[slot]) return;
  engine->touched[slot] = true;
  engine->touched_slots[engine->touched_count++] = slot;
}

/* The index, in SLOT's list, of the first instruction at POSITION or after it. */
static size_t place_in(const struct slot_list *list, int slot, size_t position) {
  size_t low = list->start[slot], high = list->start[slot + 1];
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (list->items[middle] < position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* Sets SLOT to the sum that the model's own instructions before POSITION have made in it. */
static void sum_up_to(struct engine *engine, struct run *run, int slot, size_t position) {
  const struct slot_list *writes = &engine->flow.writes;
  const size_t end = place_in(writes, slot, position);
  touch(engine, slot);
  for (size_t k = writes->start[slot]; k < end; k++)
    run_one(engine, run, engine->code, writes->items[k]);
}

static bool differs(const struct run *run, const struct run *from, int slot) {
  const size_t count = shape_count(run->program->slots[slot].shape);
  return memcmp(run_values(run, slot), run_values(from, slot), count * sizeof(double)) != 0;
}

/* SLOT was written: who adds to it is next, or else who reads it, if it is not what it was. */
static void pass_on(struct engine *engine, const struct run *run, const struct run *from, int slot,
                    size_t position) {
  const struct slot_list *writes = &engine->flow.writes, *reads = &engine->flow.reads;
  const size_t next = place_in(writes, slot, position);
  if (next < writes->start[slot + 1]) {
    pend(engine, writes->items[next]);
  } else if (differs(run, from, slot)) {
    for (size_t k = place_in(reads, slot, position); k < reads->start[slot + 1]; k++)
      pend(engine, reads->items[k]);
  }
}

static void run_pending(struct engine *engine, struct run *run, const struct run *from,
                        size_t begin, size_t end) {
  for (size_t i = begin; (i = next_pending(engine, i, end)) < end; i++) {
    const int out = engine->code->items[i].out;
    if (!engine->touched[out] && instr_reads(&engine->code->items[i], out))
      sum_up_to(engine, run, out, i);
    touch(engine, out);
    run_one(engine, run, engine->code, i);
    pass_on(engine, run, from, out, i + 1);
  }
}

static void run_piece(struct engine *engine, struct run *run, const struct run *from,
                      const struct piece *piece) {
  const struct code *code = &engine->stand_in.code;
  for (size_t i = piece->from; i < piece->handed; i++) run_one(engine, run, code, i);
  if (!engine->touched[piece->target] &&
      instr_reads(&code->items[piece->handed], piece->target))
    sum_up_to(engine, run, piece->target, piece->begin);
  touch(engine, piece->target);
  for (size_t i = piece->handed; i < piece->to; i++) run_one(engine, run, code, i);
  while (next_pending(engine, piece->begin, piece->end) < piece->end) {
  }
  pass_on(engine, run, from, piece->target, piece->end);
}

/* -- a pass of a mutant -- */

static void run_sparsely(struct engine *engine, size_t pass) {
  struct run *run = &engine->lanes[pass].run;
  size_t done = 0;
  for (size_t p = 0; p < engine->piece_count; p++) {
    run_pending(engine, run, engine->passes[pass].run, done, engine->pieces[p].begin);
    run_piece(engine, run, engine->passes[pass].run, &engine->pieces[p]);
    done = engine->pieces[p].end;
  }
  run_pending(engine, run, engine->passes[pass].run, done, engine->code->count);
}

/* Restores what the pass without the mutant left. */
static void restore(struct engine *engine, size_t pass) {
  for (size_t i = 0; i < engine->touched_count; i++) {
    const int slot = engine->touched_slots[i];
    run_restore(&engine->lanes[pass].run, engine->passes[pass].run, slot,
                shape_rect(model_shape(engine->model, slot)));
    engine->touched[slot] = false;
  }
  engine->touched_count = 0;
}

static void run_all_between(struct engine *engine, size_t begin, size_t end) {
  for (size_t i = begin; i < end; i++) run_one(engine, &engine->whole.run, engine->code, i);
}

static void run_whole(struct engine *engine, size_t pass) {
  const struct model *model = engine->model;
  struct run *run = &engine->whole.run;
  size_t done = 0;
  if (pass == 0) {
    const size_t first = model->built.size;
    memcpy(run->values + first, engine->fresh, (engine->base.size - first) * sizeof *run->values);
    run->random = engine->passes[0].run->random;
  }
  *run_values(run, model->nodes[model->loss].gradient) = engine->passes[pass].upstream;
  for (size_t p = 0; p < engine->piece_count; p++) {
    const struct piece *piece = &engine->pieces[p];
    run_all_between(engine, done, piece->begin);
    for (size_t i = piece->from; i < piece->to; i++)
      run_one(engine, run, &engine->stand_in.code, i);
    done = piece->end;
  }
  run_all_between(engine, done, engine->code->count);
}

/* -- from a mutant's text to its pieces -- */

static int by_place(const void *a, const void *b) {
  const struct piece *one = a, *other = b;
  return one->begin < other->begin ? -1 : one->begin > other->begin;
}

static enum status add_piece(struct engine *engine, const struct mutant *mutant, size_t index,
                             struct arena *arena, struct diag *diag) {
  const struct model *model = engine->model;
  const size_t rule = mutant->rules[index];
  const char *text = mutant->lines[index];
  struct piece piece = {.begin = rule > 0 ? model->rules[rule - 1].code_end : 0,
                        .end = model->rules[rule].code_end,
                        .from = engine->stand_in.code.count};
  struct source *source = ARENA_NEW(arena, struct source);
  struct assign line;
  if (!source) return diag_no_memory(diag);
  *source = source_from(mutant->id, text, strlen(text));
  enum status status = parse_line(source_span(source), arena, &line, diag);
  if (!status)
    status = stand_in_line(&engine->stand_in, rule, line.accumulate, line.value, &piece.target,
                           &piece.handed, diag);
  if (status) return status;
  piece.to = engine->stand_in.code.count;
  return array_push(&engine->pieces, &engine->piece_count, &engine->piece_capacity, &piece,
                    sizeof piece)
             ? STATUS_OK
             : diag_no_memory(diag);
}

/* Gives LANE room for the slots of the mutant's lines, with the constants that they hold. */
static bool fill_lane(struct engine *engine, struct lane *lane) {
  const struct program *program = &engine->model->program;
  const size_t first = engine->base.size;
  struct run *run = &lane->run;
  if (program->size > lane->room) {
    const size_t room = program->size + program->size / 4;
    double *values = memory_numbers(room);
    if (!values) return false;
    memcpy(values, run->values, first * sizeof *values);
    free(run->values);
    run->values = values;
    lane->room = room;
  }
  if (run->precision == PRECISION_DOUBLE)
    memcpy(run->values + first, program->image + first,
           (program->size - first) * sizeof *run->values);
  else
    for (size_t i = first; i < program->size; i++)
      run->values[i] = precision_round(run->precision, program->image[i]);
  return true;
}

/* Whether the model's own pass still writes SLOT after POSITION. */
static bool is_unfinished(const struct engine *engine, int slot, size_t position) {
  return (size_t)slot < engine->base.slot_count && engine->flow.kinds[slot] != SLOT_GIVEN &&
         dataflow_last_write(&engine->flow, slot) >= position;
}

static bool reads_unfinished(const struct engine *engine, const struct piece *piece, size_t i) {
  const struct instr *instr = &engine->stand_in.code.items[i];
  for (int k = 0; k < op_table[instr->op].arity; k++) {
    const bool adds_to = k == 0 && i >= piece->handed && instr->op == OP_ADD;
    if (!adds_to && is_unfinished(engine, instr->in[k], piece->begin)) return true;
  }
  return false;
}

/* Whether the mutant needs the pass from its beginning: it reads what is not finished at its place,
 * so that the pass before or a part of a sum shows, or it draws random numbers. */
static bool must_be_whole(const struct engine *engine) {
  if (engine->flow.tangled) return true;
  for (size_t p = 0; p < engine->piece_count; p++) {
    const struct piece *piece = &engine->pieces[p];
    for (size_t i = piece->from; i < piece->to; i++)
      if (op_table[engine->stand_in.code.items[i].op].flags & OP_RANDOM ||
          reads_unfinished(engine, piece, i))
        return true;
  }
  return false;
}

static enum status prepare(struct engine *engine, const struct mutant *mutant, struct diag *diag) {
  enum { TEXT = 1000 }; /* what reading and lowering a line costs, in entries, about */
  struct arena arena;
  arena_init(&arena);
  engine->piece_count = 0;
  engine->stand_in.code.count = 0;
  enum status status = STATUS_OK;
  for (size_t i = 0; !status && i < mutant->line_count; i++)
    status = add_piece(engine, mutant, i, &arena, diag);
  arena_done(&arena);
  if (engine->piece_count > 1)
    qsort(engine->pieces, engine->piece_count, sizeof *engine->pieces, by_place);
  engine->spent += TEXT * mutant->line_count;
  return status;
}

/* -- all of them -- */

static bool same_as_before(const struct engine *engine, size_t pass) {
  return pass > 0 && engine->passes[pass].run == engine->passes[pass - 1].run;
}

/* A lane with the values of FROM, unless it has them already. */
static bool open_lane(struct engine *engine, struct lane *lane, const struct run *from) {
  if (!lane->run.values) {
    const size_t grown = engine->model->program.size; /* by a mutant's lines, of which FROM has none */
    engine->model->program.size = lane->room = engine->base.size;
    const bool failed = run_copy(&lane->run, from) != STATUS_OK;
    engine->model->program.size = grown;
    if (failed) return false;
  }
  return fill_lane(engine, lane);
}

static bool run_passes(struct engine *engine, size_t mutant, mutants_each *each, void *context,
                       bool *failed) {
  const bool whole = must_be_whole(engine);
  bool more = true;
  for (size_t pass = 0; more && pass < engine->pass_count; pass++) {
    struct lane *lane = whole ? &engine->whole : &engine->lanes[pass];
    if (!whole && same_as_before(engine, pass)) continue;
    *failed = !open_lane(engine, lane, engine->passes[pass].run);
    if (*failed) return false;
    if (whole) run_whole(engine, pass);
    else run_sparsely(engine, pass);
    more = each(context, mutant, pass, &lane->run);
    if (!whole) restore(engine, pass);
  }
  return more;
}

static enum status run_mutant(struct engine *engine, const struct catalogue *catalogue,
                              size_t index, mutants_each *each, void *context, bool *more,
                              struct diag *diag) {
  bool failed = false;
  enum status status = prepare(engine, &catalogue->mutants[index], diag);
  if (!status) *more = run_passes(engine, index, each, context, &failed);
  program_rollback(&engine->model->program, engine->base);
  return failed ? diag_no_memory(diag) : status;
}

static enum status run_all(struct engine *engine, const struct catalogue *catalogue,
                           const struct mutants_options *options, mutants_each *each,
                           void *context, size_t *done, struct diag *diag) {
  enum status status = STATUS_OK;
  bool more = true;
  for (*done = 0; !status && more && *done < catalogue->count; ++*done) {
    if (options->cancel && *options->cancel) return STATUS_CANCELLED;
    if (options->budget > 0 && engine->spent >= options->budget) return STATUS_OK;
    if (!options->wants || options->wants(options->wants_context, *done))
      status = run_mutant(engine, catalogue, *done, each, context, &more, diag);
    if (options->progress) options->progress(options->progress_context, *done + 1,
                                             catalogue->count);
  }
  return status;
}

static bool engine_init(struct engine *engine) {
  const struct program *program = &engine->model->program;
  const size_t first = engine->model->built.size;
  engine->lanes = calloc(engine->pass_count + 1, sizeof *engine->lanes);
  engine->fresh = calloc(program->size - first + 1, sizeof *engine->fresh);
  engine->pending = calloc(program->backward.count / WORD + 1, sizeof *engine->pending);
  engine->touched = calloc(program->slot_count + 1, sizeof *engine->touched);
  engine->touched_slots = calloc(program->slot_count + 1, sizeof *engine->touched_slots);
  if (!engine->lanes || !engine->fresh || !engine->pending || !engine->touched ||
      !engine->touched_slots || dataflow_init(&engine->flow, program) ||
      stand_in_init(&engine->stand_in, engine->model))
    return false;
  for (size_t i = first; i < program->size; i++)
    engine->fresh[i - first] =
        precision_round(engine->passes[0].run->precision, program->image[i]);
  return true;
}

static void engine_done(struct engine *engine) {
  for (size_t i = 0; engine->lanes && i < engine->pass_count; i++)
    run_done(&engine->lanes[i].run);
  run_done(&engine->whole.run);
  free(engine->lanes);
  free(engine->fresh);
  free(engine->pending);
  free(engine->touched);
  free(engine->touched_slots);
  free(engine->pieces);
  stand_in_done(&engine->stand_in);
  dataflow_done(&engine->flow);
}

enum status mutants_run(const struct catalogue *catalogue, struct model *model,
                        const struct pass *passes, size_t pass_count,
                        const struct mutants_options *options, mutants_each *each, void *context,
                        size_t *done, struct diag *diag) {
  struct engine engine = {.model = model, .code = &model->program.backward, .passes = passes,
                          .pass_count = pass_count, .base = program_mark(&model->program)};
  *done = 0;
  enum status status = engine_init(&engine) ? STATUS_OK : diag_no_memory(diag);
  if (!status) status = run_all(&engine, catalogue, options, each, context, done, diag);
  engine_done(&engine);
  return status;
}
