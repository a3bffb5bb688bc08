/* What the rows of op.def are made of: shape rules, forward kernels, the parts they touch and the
 * decisions they take. Only op.c needs these names. Contracts: struct op in op.h. */
#ifndef GRADWALK_CORE_KERNELS_H
#define GRADWALK_CORE_KERNELS_H

#include "core/op.h"

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

uint64_t branches_compare(const struct call *call, uint64_t hash);
uint64_t branches_sign(const struct call *call, uint64_t hash);
uint64_t branches_rowmax(const struct call *call, uint64_t hash);

void accumulate_matmul(const struct call *call, struct rect part, uint32_t from, uint32_t to);

void forward_add(const struct call *call, struct rect part);
void forward_sub(const struct call *call, struct rect part);
void forward_mul(const struct call *call, struct rect part);
void forward_div(const struct call *call, struct rect part);
void forward_pow(const struct call *call, struct rect part);
void forward_max(const struct call *call, struct rect part);
void forward_min(const struct call *call, struct rect part);
void forward_less(const struct call *call, struct rect part);
void forward_less_equal(const struct call *call, struct rect part);
void forward_greater(const struct call *call, struct rect part);
void forward_greater_equal(const struct call *call, struct rect part);
void forward_equal(const struct call *call, struct rect part);
void forward_not_equal(const struct call *call, struct rect part);
void forward_neg(const struct call *call, struct rect part);
void forward_exp(const struct call *call, struct rect part);
void forward_log(const struct call *call, struct rect part);
void forward_sqrt(const struct call *call, struct rect part);
void forward_abs(const struct call *call, struct rect part);
void forward_sin(const struct call *call, struct rect part);
void forward_cos(const struct call *call, struct rect part);
void forward_tanh(const struct call *call, struct rect part);
void forward_copy(const struct call *call, struct rect part);
void forward_matmul(const struct call *call, struct rect part);
void forward_matmul_transposed(const struct call *call, struct rect part);
void forward_transpose(const struct call *call, struct rect part);
void forward_sum(const struct call *call, struct rect part);
void forward_rowmax(const struct call *call, struct rect part);
void forward_rows(const struct call *call, struct rect part);
void forward_cols(const struct call *call, struct rect part);
void forward_zeros(const struct call *call, struct rect part);
void forward_ones(const struct call *call, struct rect part);
void forward_eye(const struct call *call, struct rect part);
void forward_unit(const struct call *call, struct rect part);
void forward_rand(const struct call *call, struct rect part);
void forward_randn(const struct call *call, struct rect part);

#endif
