/* Quadruple precision, for a second opinion on a few numbers: a type of 113 significant bits where
 * the compiler and the library have one. It has no hardware, so a sum costs some fifty times what
 * it costs in double. */
#ifndef GRADWALK_CORE_WIDE_H
#define GRADWALK_CORE_WIDE_H

#include "core/program.h"

#include "config.h"
#include <float.h>
#include <math.h>

/* configure finds out which: _Float128 with the C library's own functions, a long double that is
 * one, or libquadmath's. WIDE_IS_WIDE is 0 where there is none; then wide is double, and nobody
 * asks. */
#if defined WIDE_FLOAT128
typedef _Float128 wide;
#define WIDE_MATH(name) name##f128
#elif LDBL_MANT_DIG == 113
typedef long double wide;
#define WIDE_MATH(name) name##l
#elif defined WIDE_QUADMATH
#include <quadmath.h>
typedef __float128 wide;
#define WIDE_MATH(name) name##q
#else
typedef double wide;
#define WIDE_MATH(name) name
#define WIDE_IS_WIDE 0
#endif
#ifndef WIDE_IS_WIDE
#define WIDE_IS_WIDE 1
#endif

struct wide_operand {
  const wide *values; /* row-major */
  struct shape shape;
};

/* As struct call is. */
struct wide_call {
  wide *out;
  struct shape shape; /* of the output */
  struct wide_operand in[MAX_OPERANDS];
  int axis;
};

/* INSTR with its places in VALUES, which are laid out as a run's. */
struct wide_call wide_call(const struct program *program, wide *values,
                           const struct instr *instr);

/* A hash of every decision that the forward pass took on VALUES: run_branches() of a run that took
 * the same ones. */
uint64_t wide_branches(const struct program *program, wide *values);

/* How many sums of a product one instruction takes; of other operations, how many entries it
 * reads or writes. */
double wide_cost(const struct program *program, const struct instr *instr);

#endif
