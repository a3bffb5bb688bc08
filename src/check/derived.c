#include "check/derived.h"

#include "lang/reference.h"

#include <math.h>

/* Both passes from the model's own leaves, which no precision has rounded, on the same draws. */
static bool prepare(struct derived *derived, const struct worker *worker) {
  const struct model *model = worker->model;
  struct diag diag;
  if (reference_init(&derived->reference, model, true, &diag) ||
      run_init(&derived->own, &model->program, &model->random, PRECISION_DOUBLE))
    return false;
  run_code(&derived->own, &model->program.forward, 0);
  run_code(&derived->own, &model->program.backward, 0);
  return !reference_run(&derived->right, &derived->reference, &derived->own, &diag);
}

static bool is_same(const double *is, const double *should, size_t count) {
  const double same = 1e-9, rounding = 1e-13;
  double largest = 0;
  for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs(should[i]));
  for (size_t i = 0; i < count; i++) {
    double larger = fmax(fabs(is[i]), fabs(should[i]));
    if (!(fabs(is[i] - should[i]) <= same * larger + rounding * largest)) return false;
  }
  return true;
}

bool derived_agrees(struct derived *derived, const struct worker *worker, int node) {
  const struct model *model = worker->model;
  if (!derived->ready && !derived->failed) {
    derived->ready = prepare(derived, worker);
    derived->failed = !derived->ready;
  }
  if (derived->failed) return false;
  const double *own = model_gradient(model, &derived->own, node);
  const double *right = model_gradient(&derived->reference, &derived->right, node);
  return own && right &&
         is_same(own, right, shape_count(model_shape(model, model->nodes[node].slot)));
}

void derived_done(struct derived *derived) {
  if (!derived->ready && !derived->failed) return;
  run_done(&derived->own);
  run_done(&derived->right);
  reference_done(&derived->reference);
}
