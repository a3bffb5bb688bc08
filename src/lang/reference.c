#include "lang/reference.h"

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

static void fold_all(struct model *reference, bool folded) {
  for (size_t i = 0; i < reference->instance_count; i++) reference->instances[i].folded = folded;
}

enum status reference_init(struct model *reference, const struct model *of, bool unfolded,
                           struct diag *diag) {
  *reference = *of;
  arena_init(&reference->arena);
  arena_init(&reference->rule_arena);
  scope_init(&reference->locals);
  reference->backward = NULL;
  reference->rules = NULL;
  reference->bugs = NULL;
  reference->rule_count = reference->rule_capacity = 0;
  reference->bug_count = reference->bug_capacity = 0;
  reference->nodes = copy_array(of->nodes, of->node_count, sizeof *reference->nodes);
  reference->instances =
      copy_array(of->instances, of->instance_count, sizeof *reference->instances);
  reference->values = copy_array(of->values, of->program.slot_count, sizeof *reference->values);
  reference->value_capacity = of->program.slot_count;
  bool copied = copy_program(&reference->program, of);
  if (!copied || !reference->nodes || !reference->instances || !reference->values)
    return diag_no_memory(diag);
  if (unfolded) fold_all(reference, false);
  return rules_derive(reference, diag);
}

void reference_done(struct model *reference) {
  scope_done(&reference->locals);
  program_done(&reference->program);
  free(reference->nodes);
  free(reference->instances);
  free(reference->values);
  free(reference->rules);
  free(reference->bugs);
  arena_done(&reference->rule_arena);
  arena_done(&reference->arena);
  *reference = (struct model){.loss = -1};
}

enum status reference_run(struct run *run, const struct model *reference, const struct run *from,
                          struct diag *diag) {
  if (run_init(run, &reference->program, &reference->random, PRECISION_DOUBLE))
    return diag_no_memory(diag);
  memcpy(run->values, from->values, reference->built.size * sizeof *run->values);
  run_code(run, &reference->program.backward, 0);
  return STATUS_OK;
}
