#include "check/check_options.h"

#include <math.h>
#include <string.h>

double leeway_at(struct leeway leeway, double size) {
  return leeway.relative > 0 ? leeway.absolute + leeway.relative * fabs(size) : leeway.absolute;
}

bool check_wants(const struct check_options *options, const char *name) {
  if (!options->params) return true;
  for (size_t i = 0; i < options->param_count; i++)
    if (strcmp(options->params[i], name) == 0) return true;
  return false;
}

double check_base_step(const struct check_options *options) {
  return options->eps > 0 ? options->eps : precision_step(options->precision);
}
