/* What the rows of op.def are made of: shape rules, forward kernels, the parts they touch and the
 * decisions they take. Only op.c needs these names. Contracts: struct op in op.h. */
#ifndef GRADWALK_CORE_KERNELS_H
#define GRADWALK_CORE_KERNELS_H

#include "core/call.h"

bool shape_broadcast(const struct shape in[], int axis, struct shape *out);
bool shape_same(const struct shape in[], int axis, struct shape *out);
bool shape_matmul(const struct shape in[], int axis, struct shape *out);
bool shape_matmul_transposed(const struct shape in[], int axis, struct shape *out);
bool shape_transpose(const struct shape in[], int axis, struct shape *out);
bool shape_sum(const struct shape in[], int axis, struct shape *out);
bool shape_rowmax(const struct shape in[], int axis, struct shape *out);
bool shape_scalar(const struct shape in[], int axis, struct shape *out);

struct rect touch_elementwise(const struct call *call, int which, struct rect part);
struct rect touch_matmul(const struct call *call, int which, struct rect part);
struct rect touch_matmul_transposed(const struct call *call, int which, struct rect part);
struct rect touch_transpose(const struct call *call, int which, struct rect part);
struct rect touch_sum(const struct call *call, int which, struct rect part);
struct rect touch_rows(const struct call *call, int which, struct rect part);
struct rect touch_nothing(const struct call *call, int which, struct rect part);

#define SUMS_OF(name)                                                                            \
  size_t terms_##name(const struct call *call);                                                  \
  void add_up_##name(const struct call *call, struct rect part, size_t from, size_t to,          \
                     double *out, size_t stride);                                                \
  struct reach reach_##name(const struct call *call, int which, struct rect part);
SUMS_OF(matmul) SUMS_OF(matmul_transposed) SUMS_OF(sum)
#undef SUMS_OF

/* Those that exist for both types of number. */
#define BRANCHES_OF(name)                                            \
  uint64_t branches_##name(const struct call *call, uint64_t hash); \
  uint64_t branches_##name##_wide(const struct wide_call *call, uint64_t hash);
BRANCHES_OF(compare) BRANCHES_OF(sign) BRANCHES_OF(rowmax)
#undef BRANCHES_OF

#define FORWARD_OF(name)                                          \
  void forward_##name(const struct call *call, struct rect part); \
  void forward_##name##_wide(const struct wide_call *call, struct rect part);
FORWARD_OF(add) FORWARD_OF(sub) FORWARD_OF(mul) FORWARD_OF(div) FORWARD_OF(pow) FORWARD_OF(max)
FORWARD_OF(min) FORWARD_OF(less) FORWARD_OF(less_equal) FORWARD_OF(greater)
FORWARD_OF(greater_equal) FORWARD_OF(equal) FORWARD_OF(not_equal) FORWARD_OF(neg) FORWARD_OF(exp)
FORWARD_OF(log) FORWARD_OF(sqrt) FORWARD_OF(abs) FORWARD_OF(sin) FORWARD_OF(cos) FORWARD_OF(tanh)
FORWARD_OF(copy) FORWARD_OF(matmul) FORWARD_OF(matmul_transposed) FORWARD_OF(transpose)
FORWARD_OF(sum) FORWARD_OF(rowmax) FORWARD_OF(rows) FORWARD_OF(cols) FORWARD_OF(zeros)
FORWARD_OF(ones) FORWARD_OF(eye) FORWARD_OF(unit)
#undef FORWARD_OF

void forward_rand(const struct call *call, struct rect part);
void forward_randn(const struct call *call, struct rect part);

#endif
