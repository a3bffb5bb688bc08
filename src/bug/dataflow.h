/* Who reads and who writes each slot of a backward program, and which slots can be computed anew
 * piece by piece. */
#ifndef GRADWALK_BUG_DATAFLOW_H
#define GRADWALK_BUG_DATAFLOW_H

#include "core/program.h"

enum slot_kind {
  SLOT_GIVEN,  /* the pass never writes it */
  SLOT_ONCE,   /* written once, and read after that only */
  SLOT_SUM,    /* written, then added to, and read by others after that only */
  SLOT_TANGLED /* anything else: only a whole pass knows what it holds when */
};

/* Instructions by slot, in the order in which they run: those of slot S are
 * items[start[S]] to items[start[S + 1]], without the latter. */
struct slot_list {
  size_t *start, *items;
};

struct dataflow {
  struct slot_list reads, writes;
  unsigned char *kinds; /* enum slot_kind, by slot */
  bool tangled;         /* some slot is, or the pass draws random numbers */
};

/* STATUS_NO_MEMORY. Ends with dataflow_done(), also after a failure. */
enum status dataflow_init(struct dataflow *flow, const struct program *program);
void dataflow_done(struct dataflow *flow);

size_t slot_list_count(const struct slot_list *list, int slot);

/* The last instruction that writes SLOT, which is not SLOT_GIVEN. */
size_t dataflow_last_write(const struct dataflow *flow, int slot);

/* Whether INSTR reads SLOT. */
bool instr_reads(const struct instr *instr, int slot);

/* What running INSTR costs, in entries computed: INSTR_CALL for itself, and every entry that it
 * makes or reads; a term of a product of matrices is a part of one. */
enum { INSTR_CALL = 16 };
size_t instr_cost(const struct program *program, const struct instr *instr);

#endif
