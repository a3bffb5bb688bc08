#include "core/kernels.h"

#include "core/clone.h"
#include "core/hash.h"
#include "core/memory.h"
#include "core/order.h"

#include <math.h>

/* -- shapes -- */

static bool broadcast_side(uint32_t a, uint32_t b, uint32_t *out) {
  *out = a == 1 ? b : a;
  return a == b || a == 1 || b == 1;
}

bool shape_broadcast(const struct shape in[], int axis, struct shape *out) {
  (void)axis;
  return broadcast_side(in[0].rows, in[1].rows, &out->rows) &&
         broadcast_side(in[0].cols, in[1].cols, &out->cols);
}

bool shape_same(const struct shape in[], int axis, struct shape *out) {
  (void)axis;
  *out = in[0];
  return true;
}

bool shape_transpose(const struct shape in[], int axis, struct shape *out) {
  (void)axis;
  *out = (struct shape){in[0].cols, in[0].rows};
  return true;
}

bool shape_sum(const struct shape in[], int axis, struct shape *out) {
  *out = (struct shape){axis == AXIS_ACROSS ? in[0].rows : 1, axis == AXIS_DOWN ? in[0].cols : 1};
  return true;
}

bool shape_rowmax(const struct shape in[], int axis, struct shape *out) {
  (void)axis;
  *out = (struct shape){in[0].rows, 1};
  return true;
}

bool shape_scalar(const struct shape in[], int axis, struct shape *out) {
  (void)in, (void)axis;
  *out = (struct shape){1, 1};
  return true;
}

/* -- parts -- */

struct rect touch_elementwise(const struct call *call, int which, struct rect part) {
  if (call->in[which].shape.rows == 1) part.row0 = 0, part.row1 = call->shape.rows;
  if (call->in[which].shape.cols == 1) part.col0 = 0, part.col1 = call->shape.cols;
  return part;
}

struct rect touch_transpose(const struct call *call, int which, struct rect part) {
  (void)call, (void)which;
  return (struct rect){part.col0, part.col1, part.row0, part.row1};
}

struct rect touch_sum(const struct call *call, int which, struct rect part) {
  (void)which;
  if (call->axis != AXIS_ACROSS) part.row0 = 0, part.row1 = 1;
  if (call->axis != AXIS_DOWN) part.col0 = 0, part.col1 = 1;
  return part;
}

struct rect touch_rows(const struct call *call, int which, struct rect part) {
  (void)which;
  return (struct rect){part.row0, part.row1, 0, call->shape.cols};
}

struct rect touch_nothing(const struct call *call, int which, struct rect part) {
  (void)call, (void)which, (void)part;
  return (struct rect){0};
}

/* -- forward -- */

#define REAL double
#define CALL struct call
#define OPERAND struct operand
#define OF(name) name
#define MATH(name) name
#define KERNEL(name) CLONES(extern, name, PARAMETERS, ARGUMENTS)
#define SUM_KERNEL(name) CLONES(extern, name, SUM_PARAMETERS, SUM_ARGUMENTS)
#include "core/kernels_body.h"

FILL(forward_rand, random_uniform(call->random))
FILL(forward_randn, random_normal(call->random))

/* -- terms -- */

size_t terms_sum(const struct call *call) {
  return sum_terms(call->in[0].shape, call->axis);
}

/* Of all entries: a run in each row. */
struct reach reach_sum(const struct call *call, int which, struct rect part) {
  const size_t cols = call->in[which].shape.cols;
  if (call->axis == AXIS_DOWN) return reach_run(part.row0, part.row1);
  if (call->axis == AXIS_ACROSS) return reach_run(part.col0, part.col1);
  return (struct reach){part.row0 * cols + part.col0, part.col1 - part.col0, cols,
                        part.row1 - part.row0};
}
