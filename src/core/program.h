/* Programs: flat lists of instructions over tensor slots. A program owns its slots' layout, the
 * values that are known when it is built (the image) and its two lists, the forward and the
 * backward pass. A run owns one copy of all values and is what computes; many runs can share one
 * program, one a thread. Running allocates nothing. */
#ifndef GRADWALK_CORE_PROGRAM_H
#define GRADWALK_CORE_PROGRAM_H

#include "core/op.h"
#include "core/status.h"

struct slot {
  struct shape shape;
  size_t offset; /* in doubles, into a run's values */
};

struct instr {
  int op; /* enum op_id */
  int out, in[MAX_OPERANDS];
  int axis;
};

struct code {
  struct instr *items;
  size_t count, capacity;
};

struct program {
  struct slot *slots;
  size_t slot_count, slot_capacity;
  double *image; /* `size` doubles: leaves, constants; whatever elsewhere */
  size_t size, image_capacity;
  struct code forward, backward;
};

/* A place to go back to when what came after it is not wanted. */
struct program_mark {
  size_t slot_count, size, forward_count, backward_count;
};

void program_init(struct program *program);
void program_done(struct program *program);

/* A new slot, zeroed in the image, as its index in *SLOT. STATUS_LIMIT if the values would take
 * more than PROGRAM_MAX_VALUES doubles in all. */
enum status program_slot(struct program *program, struct shape shape, int *slot);
enum { PROGRAM_MAX_VALUES = 1 << 28 }; /* 2 GiB */

enum status program_emit(struct code *code, struct instr instr);

struct program_mark program_mark(const struct program *program);
void program_rollback(struct program *program, struct program_mark mark);

/* Computes one instruction on the image, while the program is being built. */
void program_run_on_image(struct program *program, struct instr instr, struct random *random);

double *program_image(struct program *program, int slot);

/* How results are rounded, after each operation. */
enum precision { PRECISION_DOUBLE, PRECISION_SINGLE, PRECISION_HALF, PRECISION_BFLOAT16 };
enum { PRECISION_COUNT = 4 };
extern const char *const precision_names[PRECISION_COUNT + 1]; /* NULL at the end */
double precision_round(enum precision precision, double value);

struct run {
  const struct program *program;
  double *values;
  struct random random;
  enum precision precision;
  bool frozen; /* draws made inside the forward pass are kept from one pass to the next */
  bool drawn;
};

/* Starts from the program's image and from the generator's state RANDOM. */
enum status run_init(struct run *run, const struct program *program, const struct random *random,
                     enum precision precision);
enum status run_copy(struct run *run, const struct run *from);
void run_done(struct run *run);

double *run_values(const struct run *run, int slot);

/* Runs instructions [FIRST, end) of CODE, or [FIRST, LAST). */
void run_code(struct run *run, const struct code *code, size_t first);
void run_slice(struct run *run, const struct code *code, size_t first, size_t last);

/* An instruction with the places of its operands and its result in RUN: for what is run often. */
struct call run_call(struct run *run, const struct instr *instr);

/* Rounds PART of a call's result to the run's precision. */
void run_round(const struct run *run, const struct call *call, struct rect part);

/* Copies PART of a slot from another run of the same program. */
void run_restore(struct run *run, const struct run *from, int slot, struct rect part);

/* A hash of every decision (which side of a maximum, …) that the forward pass took on the values in
 * the run. */
uint64_t run_branches(const struct run *run);

#endif
