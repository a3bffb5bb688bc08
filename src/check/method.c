#include "check/method.h"

#include <math.h>

const char *const method_names[METHOD_COUNT + 1] = {
    [METHOD_CENTRAL] = "central",
    [METHOD_FORWARD] = "forward",
    [METHOD_RICHARDSON] = "richardson",
};

const char *const evaluate_names[EVALUATE_COUNT + 1] = {
    [EVALUATE_INCREMENTAL] = "incremental",
    [EVALUATE_FULL] = "full",
};

double precision_unit(enum precision precision) {
  static const double units[PRECISION_COUNT] = {0x1p-53, 0x1p-24, 0x1p-11, 0x1p-8};
  return units[precision];
}

double precision_step(enum precision precision) {
  static const double steps[PRECISION_COUNT] = {0x1p-17, 0x1p-8, 0x1p-4, 0x1p-3};
  return steps[precision];
}

double step_at(enum precision precision, double size) {
  double step = precision_step(precision);
  return size > 1 && isfinite(size) ? step * exp2(ceil(log2(size))) : step;
}
