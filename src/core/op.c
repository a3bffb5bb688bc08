#include "core/op.h"

#include "core/intl.h"
#include "core/kernels.h"

#include <string.h>

#define BRANCHES(name) .branches = branches_##name, .branches_wide = branches_##name##_wide
#define SUMS(name) .terms = terms_##name, .add_up = add_up_##name, .reach = reach_##name
const struct op op_table[OP_COUNT] = {
#define OP(id, called, ...)                                            \
  [OP_##id] = {.name = #called, .forward = forward_##called,           \
               .forward_wide = forward_##called##_wide, __VA_ARGS__},
#define DRAW(id, called, ...) \
  [OP_##id] = {.name = #called, .forward = forward_##called, __VA_ARGS__},
#include "core/op.def"
#undef DRAW
#undef OP
};

static const struct {
  bool (*shape)(const struct shape in[], int axis, struct shape *out);
  const char *words;
} shape_words[] = {
    {shape_same, "entry by entry; the result has the shape of the operand"},
    {shape_broadcast, "entry by entry; a side of 1 is repeated to fit the other operand's"},
    {shape_matmul, "(r x n) @ (n x c) gives r x c"},
    {shape_transpose, "r x c gives c x r"},
    {shape_sum, "r x c gives 1 x 1; along axis 0, 1 x c; along axis 1, r x 1"},
    {shape_rowmax, "r x c gives r x 1"},
    {shape_scalar, "any shape gives 1 x 1"},
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

const char *op_shape_words(const struct op *op) {
  for (size_t i = 0; i < sizeof shape_words / sizeof *shape_words; i++)
    if (shape_words[i].shape == op->shape) return _(shape_words[i].words);
  return "";
}
