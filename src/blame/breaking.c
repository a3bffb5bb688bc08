#include "blame/breaking.h"

#include "check/laws.h"

#include <math.h>
#include <string.h>

static bool breaks(enum law law, const struct rule *rule, double first, double now) {
  if (!law) return !isfinite(now);
  return (law == LAW_REPEAT || rule->target_node >= 0) && law_breaks(law, first, now);
}

enum status breaking_find(struct search *search, struct wrong_lines *found, enum law law) {
  const struct model *model = search->model;
  const struct code *backward = &model->program.backward;
  int upstream = model->nodes[model->loss].gradient;
  size_t from = 0;
  memcpy(search->tried.values, search->now.values, model->program.size * sizeof(double));
  if (law == LAW_REPEAT) run_code(&search->tried, backward, 0);
  else if (law) *run_values(&search->tried, upstream) = law_upstream(law);
  for (size_t i = 0; i < model->rule_count; from = model->rules[i++].code_end) {
    const struct rule *rule = &model->rules[i];
    int slot = search_target(search, i);
    run_slice(&search->now, backward, from, rule->code_end);
    run_slice(&search->tried, backward, from, rule->code_end);
    const double *first = run_values(&search->now, slot), *now = run_values(&search->tried, slot);
    for (size_t k = 0; k < shape_count(model_shape(model, slot)); k++)
      if (breaks(law, rule, first[k], now[k]))
        return wrong_lines_add(found, (struct wrong_line){
                                          .rules = {i}, .count = 1, .law = law, .reads = -1,
                                          .node = rule->target_node, .factor = NAN, .scale = NAN,
                                          .not_finite = law == LAW_NONE});
  }
  return STATUS_OK;
}
