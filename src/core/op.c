#include "core/op.h"

#include "core/kernels.h"

#include <string.h>

#define FORWARD(name) .forward = forward_##name, .forward_wide = forward_##name##_wide
#define BRANCHES(name) .branches = branches_##name, .branches_wide = branches_##name##_wide
#define SUMS(name) .terms = terms_##name, .add_up = add_up_##name, .reach = reach_##name
const struct op op_table[OP_COUNT] = {
#define OP(id, ...) [OP_##id] = {__VA_ARGS__},
#include "core/op.def"
#undef OP
};

static bool text_is(const char *string, const char *text, size_t length) {
  return string && strlen(string) == length && memcmp(string, text, length) == 0;
}

int op_find(const char *name, size_t length) {
  for (int op = 0; op < OP_COUNT; op++)
    if (op_table[op].form == FORM_CALL && text_is(op_table[op].name, name, length)) return op;
  return -1;
}

int op_find_symbol(const char *symbol, size_t length, enum op_form form) {
  for (int op = 0; op < OP_COUNT; op++)
    if (op_table[op].form == form && text_is(op_table[op].symbol, symbol, length)) return op;
  return -1;
}

bool op_is_elementwise(const struct op *op) {
  return op->touch == touch_elementwise;
}

bool op_adds(const struct op *op) {
  return op->weight[0] == 1 && op->weight[1] == 1;
}

bool op_multiplies(const struct op *op) {
  return op->power[0] == 1 && op->power[1] == 1;
}

bool op_adds_up(const struct op *op) {
  return op->arity == 1 && op->weight[0] == 1 && op->terms;
}
