/* What the C library's functions give for many arguments: a line for each, with a hash of the bits of
 * all results. The program's digits are the same on two machines where these lines are. Every
 * function of <math.h> that the program calls has a line here, but those that IEEE 754 leaves no
 * choice (see run-libm). Those of the elementwise operations come from op.def. */
#include "core/hash.h"
#include "core/kernels.h"
#include "core/wide.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { ARGUMENTS = 40000 };

static uint64_t state;

/* In [from, to): multiply, add and shift (Knuth's constants). */
static double draw(double from, double to) {
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return from + (to - from) * ((double)(state >> 11) * 0x1p-53);
}

static uint64_t mix(uint64_t hash, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return hash_mix(hash, isnan(value) ? 0 : bits);
}

static void show(const char *name, uint64_t hash) {
  printf("%s %016llx\n", name, (unsigned long long)hash);
}

/* Where models call them: activations and losses, near 0 and far from it. */
static const struct function {
  const char *name;
  double (*call)(double);
  double from, to;
} functions[] = {
    {"exp", exp, -3, 3},     {"exp", exp, -745, 709}, {"log", log, 0, 2},    {"log", log, 0, 1e9},
    {"sin", sin, -7, 7},     {"sin", sin, -1e9, 1e9}, {"cos", cos, -7, 7},   {"cos", cos, -1e9, 1e9},
    {"tanh", tanh, -1, 1},   {"tanh", tanh, -22, 22}, {"log2", log2, 0, 50}, {"log10", log10, 0, 50},
};

static void show_function(const struct function *function) {
  uint64_t hash = HASH_START;
  for (int i = 0; i < ARGUMENTS; i++)
    hash = mix(hash, function->call(draw(function->from, function->to)));
  show(function->name, hash);
}

static bool is_shown(const char *name) {
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    if (strcmp(functions[i].name, name) == 0) return true;
  return false;
}

/* An operation that is called as its C function is, and has no line above: double and wide. */
static void show_operation(const struct op *op) {
  uint64_t hash = HASH_START, wide_hash = HASH_START;
  char wide_name[40];
  for (int i = 0; i < ARGUMENTS; i++) {
    double a = draw(-7, 7), out;
    wide wide_a = a, wide_out;
    struct call call = {.out = &out, .shape = {1, 1}, .in = {{&a, {1, 1}}}};
    struct wide_call wide_call = {.out = &wide_out, .shape = {1, 1}, .in = {{&wide_a, {1, 1}}}};
    op->forward(&call, shape_rect(call.shape));
    op->forward_wide(&wide_call, shape_rect(call.shape));
    hash = mix(hash, out);
    wide_hash = mix(wide_hash, (double)wide_out);
  }
  snprintf(wide_name, sizeof wide_name, "%sf128", op->name);
  show(op->name, hash);
  if (WIDE_IS_WIDE) show(wide_name, wide_hash);
}

static void show_operations(void) {
  for (int id = 0; id < OP_COUNT; id++) {
    const struct op *op = &op_table[id];
    if (op->arity == 1 && op->form == FORM_CALL && op->forward_wide &&
        op->touch == touch_elementwise && !is_shown(op->name))
      show_operation(op);
  }
}

/* Whole exponents, roots and others; bases below 0 have the whole ones only. */
static void show_pow(void) {
  uint64_t hash = HASH_START;
  for (int i = 0; i < ARGUMENTS; i++) {
    const double base = draw(-4, 4), exponent = draw(-6, 6);
    hash = mix(hash, pow(base, nearbyint(exponent)));
    hash = mix(hash, pow(fabs(base), nearbyint(exponent) / 2));
    hash = mix(hash, pow(fabs(base), exponent));
  }
  show("pow", hash);
}

/* Steps are powers of two. */
static void show_exp2(void) {
  uint64_t hash = HASH_START;
  for (int i = -1074; i < 1024; i++) hash = mix(hash, exp2(i));
  show("exp2", hash);
}

/* The same functions in quadruple precision, where the second opinion takes them from the library:
 * as they are rounded to doubles, since more is never shown. */
#ifdef WIDE_FLOAT128
static const struct wide_function {
  const char *name;
  wide (*call)(wide);
  double from, to;
} wide_functions[] = {
    {"expf128", expf128, -745, 709}, {"logf128", logf128, 0, 50},   {"sinf128", sinf128, -7, 7},
    {"cosf128", cosf128, -7, 7},     {"tanhf128", tanhf128, -22, 22},
};
enum { WIDE_ARGUMENTS = 2000 };

static void show_wide(void) {
  for (size_t k = 0; k < sizeof wide_functions / sizeof *wide_functions; k++) {
    const struct wide_function *function = &wide_functions[k];
    uint64_t hash = HASH_START;
    for (int i = 0; i < WIDE_ARGUMENTS; i++)
      hash = mix(hash, (double)function->call(draw(function->from, function->to)));
    show(function->name, hash);
  }
  uint64_t hash = HASH_START;
  for (int i = 0; i < WIDE_ARGUMENTS; i++)
    hash = mix(hash, (double)powf128(draw(0, 4), draw(-6, 6)));
  show("powf128", hash);
}
#else
static void show_wide(void) {
}
#endif

int main(void) {
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) show_function(&functions[i]);
  show_pow();
  show_exp2();
  show_wide();
  show_operations();
  return 0;
}
