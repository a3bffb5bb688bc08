#include "lang/twin.h"

#include "lang/rules.h"

#include <stdlib.h>
#include <string.h>

/* COUNT elements of SIZE bytes; never NULL but for lack of memory. */
static void *copy_array(const void *items, size_t count, size_t size) {
  size_t bytes;
  void *copy = size_multiply(count, size, &bytes) ? malloc(bytes + 1) : NULL;
  if (copy && bytes > 0) memcpy(copy, items, bytes);
  return copy;
}

/* The program up to where the backward pass begins. */
static bool copy_program(struct program *to, const struct model *of) {
  const struct program *from = &of->program;
  const struct program_mark built = of->built;
  program_init(to);
  to->slots = copy_array(from->slots, built.slot_count, sizeof *to->slots);
  to->image = copy_array(from->image, built.size, sizeof *to->image);
  to->forward.items =
      copy_array(from->forward.items, built.forward_count, sizeof *to->forward.items);
  to->slot_count = to->slot_capacity = built.slot_count;
  to->size = to->image_capacity = built.size;
  to->forward.count = to->forward.capacity = built.forward_count;
  return to->slots && to->image && to->forward.items;
}

static void fold_all(struct model *twin, bool folded) {
  for (size_t i = 0; i < twin->instance_count; i++) twin->instances[i].folded = folded;
}

enum status twin_init(struct model *twin, const struct model *of, bool unfolded,
                      struct diag *diag) {
  *twin = *of;
  arena_init(&twin->arena);
  arena_init(&twin->rule_arena);
  scope_init(&twin->locals);
  twin->backward = NULL;
  twin->rules = NULL;
  twin->bugs = NULL;
  twin->rule_count = twin->rule_capacity = twin->bug_count = twin->bug_capacity = 0;
  twin->nodes = copy_array(of->nodes, of->node_count, sizeof *twin->nodes);
  twin->instances = copy_array(of->instances, of->instance_count, sizeof *twin->instances);
  twin->values = copy_array(of->values, of->program.slot_count, sizeof *twin->values);
  twin->value_capacity = of->program.slot_count;
  bool copied = copy_program(&twin->program, of);
  if (!copied || !twin->nodes || !twin->instances || !twin->values) return diag_no_memory(diag);
  if (unfolded) fold_all(twin, false);
  return rules_derive(twin, diag);
}

void twin_done(struct model *twin) {
  scope_done(&twin->locals);
  program_done(&twin->program);
  free(twin->nodes);
  free(twin->instances);
  free(twin->values);
  free(twin->rules);
  free(twin->bugs);
  arena_done(&twin->rule_arena);
  arena_done(&twin->arena);
  *twin = (struct model){.loss = -1};
}

enum status twin_run(struct run *run, const struct model *twin, const struct run *from,
                     struct diag *diag) {
  if (run_init(run, &twin->program, &twin->random, PRECISION_DOUBLE)) return diag_no_memory(diag);
  memcpy(run->values, from->values, twin->built.size * sizeof *run->values);
  run_code(run, &twin->program.backward, 0);
  return STATUS_OK;
}
