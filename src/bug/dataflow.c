#include "bug/dataflow.h"

#include <stdlib.h>

size_t slot_list_count(const struct slot_list *list, int slot) {
  return list->start[slot + 1] - list->start[slot];
}

bool instr_reads(const struct instr *instr, int slot) {
  for (int i = 0; i < op_table[instr->op].arity; i++)
    if (instr->in[i] == slot) return true;
  return false;
}

size_t instr_cost(const struct program *program, const struct instr *instr) {
  enum { TERMS = 8 }; /* of a product: as quick as one entry of something else */
  const struct op *op = &op_table[instr->op];
  const size_t made = shape_count(program->slots[instr->out].shape);
  size_t cost = made;
  for (int i = 0; i < op->arity; i++) {
    const size_t read = shape_count(program->slots[instr->in[i]].shape);
    if (read > cost) cost = read;
  }
  if (op->flags & OP_PRODUCT) {
    const size_t terms = made / TERMS * program->slots[instr->in[1]].shape.rows;
    if (terms > cost) cost = terms;
  }
  return INSTR_CALL + cost;
}

size_t dataflow_last_write(const struct dataflow *flow, int slot) {
  return flow->writes.items[flow->writes.start[slot + 1] - 1];
}

/* -- making the lists -- */

/* Where the instructions of each slot begin, from how many each has. */
static void begin_lists(struct slot_list *list, size_t slots) {
  size_t sum = 0;
  for (size_t s = 0; s <= slots; s++) {
    const size_t count = list->start[s];
    list->start[s] = sum;
    sum += count;
  }
}

static bool slot_list_init(struct slot_list *list, size_t slots, size_t items) {
  list->start = calloc(slots + 2, sizeof *list->start);
  list->items = calloc(items + 1, sizeof *list->items);
  return list->start && list->items;
}

/* An instruction that reads a slot twice is listed once. */
static bool first_mention(const struct instr *instr, int i) {
  return i == 0 || instr->in[0] != instr->in[i];
}

static void count_mentions(struct dataflow *flow, const struct code *code) {
  for (size_t k = 0; k < code->count; k++) {
    const struct instr *instr = &code->items[k];
    flow->writes.start[instr->out]++;
    for (int i = 0; i < op_table[instr->op].arity; i++)
      if (first_mention(instr, i)) flow->reads.start[instr->in[i]]++;
  }
}

/* Puts each instruction at the end of its slots' lists; `start` moves on and is one list ahead
 * afterwards. */
static void put_mentions(struct dataflow *flow, const struct code *code) {
  for (size_t k = 0; k < code->count; k++) {
    const struct instr *instr = &code->items[k];
    flow->writes.items[flow->writes.start[instr->out]++] = k;
    for (int i = 0; i < op_table[instr->op].arity; i++)
      if (first_mention(instr, i)) flow->reads.items[flow->reads.start[instr->in[i]]++] = k;
  }
}

static void move_back(struct slot_list *list, size_t slots) {
  for (size_t s = slots; s > 0; s--) list->start[s] = list->start[s - 1];
  list->start[0] = 0;
}

/* -- kinds -- */

static bool adds_to_itself(const struct instr *instr) {
  return instr->op == OP_ADD && instr->in[0] == instr->out && instr->in[1] != instr->out;
}

static enum slot_kind kind_of(const struct dataflow *flow, const struct code *code, int slot) {
  const size_t *writes = flow->writes.items + flow->writes.start[slot];
  const size_t *reads = flow->reads.items + flow->reads.start[slot];
  const size_t write_count = slot_list_count(&flow->writes, slot);
  const size_t read_count = slot_list_count(&flow->reads, slot);
  if (write_count == 0) return SLOT_GIVEN;
  if (instr_reads(&code->items[writes[0]], slot)) return SLOT_TANGLED;
  for (size_t i = 1; i < write_count; i++)
    if (!adds_to_itself(&code->items[writes[i]])) return SLOT_TANGLED;
  for (size_t i = 0; i < read_count; i++)
    if (reads[i] < writes[write_count - 1] && code->items[reads[i]].out != slot)
      return SLOT_TANGLED;
  return write_count == 1 ? SLOT_ONCE : SLOT_SUM;
}

enum status dataflow_init(struct dataflow *flow, const struct program *program) {
  const struct code *code = &program->backward;
  const size_t slots = program->slot_count;
  *flow = (struct dataflow){0};
  flow->kinds = calloc(slots + 1, sizeof *flow->kinds);
  if (!flow->kinds || !slot_list_init(&flow->writes, slots, code->count) ||
      !slot_list_init(&flow->reads, slots, code->count * MAX_OPERANDS))
    return STATUS_NO_MEMORY;
  count_mentions(flow, code);
  begin_lists(&flow->writes, slots);
  begin_lists(&flow->reads, slots);
  put_mentions(flow, code);
  move_back(&flow->writes, slots);
  move_back(&flow->reads, slots);
  for (size_t s = 0; s < slots; s++) {
    flow->kinds[s] = (unsigned char)kind_of(flow, code, (int)s);
    flow->tangled = flow->tangled || flow->kinds[s] == SLOT_TANGLED;
  }
  for (size_t k = 0; k < code->count; k++)
    flow->tangled = flow->tangled || op_table[code->items[k].op].flags & OP_RANDOM;
  return STATUS_OK;
}

void dataflow_done(struct dataflow *flow) {
  free(flow->reads.start);
  free(flow->reads.items);
  free(flow->writes.start);
  free(flow->writes.items);
  free(flow->kinds);
  *flow = (struct dataflow){0};
}
