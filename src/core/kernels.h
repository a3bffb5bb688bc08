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

/* A kernel for each row, and its twin; one that draws has none. */
#define OP(id, name, ...)                                         \
  void forward_##name(const struct call *call, struct rect part); \
  void forward_##name##_wide(const struct wide_call *call, struct rect part);
#define DRAW(id, name, ...) void forward_##name(const struct call *call, struct rect part);
#include "core/op.def"
#undef DRAW
#undef OP

#endif
