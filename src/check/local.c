#include "check/local.h"

#include <math.h>
#include <stdlib.h>

enum { BUDGET = 50 * 1000 * 1000 };

enum status local_init(struct local *local, const struct model *model, const struct run *point,
                       const bool *stations) {
  *local = (struct local){.model = model, .stations = stations, .budget = BUDGET};
  size_t slots = model->program.slot_count, instrs = model->program.forward.count;
  local->dirty = calloc(slots + 1, sizeof *local->dirty);
  local->moving = calloc(slots + 1, sizeof *local->moving);
  local->plan = calloc(instrs + 1, sizeof *local->plan);
  if (run_copy(&local->base, point) || run_copy(&local->run, point) || !local->dirty ||
      !local->moving || !local->plan)
    return STATUS_NO_MEMORY;
  local->base.precision = local->run.precision = PRECISION_DOUBLE;
  return STATUS_OK;
}

void local_done(struct local *local) {
  run_done(&local->base);
  run_done(&local->run);
  free(local->dirty);
  free(local->moving);
  free(local->plan);
  *local = (struct local){0};
}

bool local_begin(struct local *local, int node, size_t count) {
  const struct model *model = local->model;
  const struct code *forward = &model->program.forward;
  size_t work = 0, total;
  local->plan_count = 0;
  for (size_t slot = 0; slot < model->program.slot_count; slot++) local->moving[slot] = false;
  local->moving[model->nodes[node].slot] = true;
  for (size_t i = 0; i < forward->count; i++) {
    const struct instr *instr = &forward->items[i];
    bool moves = false;
    for (int k = 0; k < op_table[instr->op].arity; k++) {
      const int in = instr->in[k];
      const bool passes = in == model->nodes[node].slot || !local->stations[in];
      moves = moves || (local->moving[in] && passes);
    }
    if (!moves) continue;
    local->moving[instr->out] = true;
    local->plan[local->plan_count++] = i;
    work += shape_count(model_shape(model, instr->out));
  }
  if (!size_multiply(3 * work, count, &total) || total > local->budget) return false;
  local->budget -= total;
  return true;
}

bool local_reaches(const struct local *local, int slot) {
  return local->moving[slot];
}

/* What the move of station SLOT within PART adds. */
static double station_share(const struct local *local, const struct run *now, int slot,
                            struct rect part) {
  const struct node *node = &local->model->nodes[local->model->values[slot].node];
  const double *gradient = run_values(now, node->gradient);
  const double *moved = run_values(&local->run, slot), *base = run_values(&local->base, slot);
  size_t cols = model_shape(local->model, slot).cols;
  double sum = 0;
  for (size_t i = part.row0; i < part.row1; i++)
    for (size_t at = i * cols + part.col0; at < i * cols + part.col1; at++)
      sum += gradient[at] * (moved[at] - base[at]);
  return sum;
}

/* The stations' weighted change when ENTRY is moved by H. A station is put back at once: what comes
 * after it is accounted for by its own gradient. */
static double weighted_change(struct local *local, const struct run *now, int slot, size_t entry,
                              double h, const bool *through) {
  uint32_t cols = model_shape(local->model, slot).cols;
  uint32_t row = (uint32_t)(entry / cols), col = (uint32_t)(entry % cols);
  double *value = &run_values(&local->run, slot)[entry], saved = *value, sum = 0;
  *value += h;
  local->dirty[slot] = (struct rect){row, row + 1, col, col + 1};
  for (size_t i = 0; i < local->plan_count; i++) {
    const struct instr *instr = &local->model->program.forward.items[local->plan[i]];
    struct plan_step step = plan_step(&local->run, instr);
    struct rect part = plan_step_part(&step, local->dirty);
    if (rect_empty(part)) continue;
    step.op->forward(&step.call, part);
    run_round(&local->run, &step.call, part);
    if (!local->stations[instr->out]) {
      local->dirty[instr->out] = part;
    } else {
      if (!through || through[instr->out]) sum += station_share(local, now, instr->out, part);
      run_restore(&local->run, &local->base, instr->out, part);
    }
  }
  *value = saved;
  local->dirty[slot] = (struct rect){0};
  for (size_t i = 0; i < local->plan_count; i++) {
    int out = local->model->program.forward.items[local->plan[i]].out;
    run_restore(&local->run, &local->base, out, local->dirty[out]);
    local->dirty[out] = (struct rect){0};
  }
  return sum;
}

struct local_slope local_slope(struct local *local, const struct run *now, int node, size_t entry,
                               const bool *through) {
  const double bend = 1e-3;
  int slot = local->model->nodes[node].slot;
  double h = step_at(PRECISION_DOUBLE, fabs(run_values(&local->base, slot)[entry]));
  double plus = weighted_change(local, now, slot, entry, h, through);
  double here = weighted_change(local, now, slot, entry, 0, through);
  double minus = weighted_change(local, now, slot, entry, -h, through);
  double left = (here - minus) / h, right = (plus - here) / h;
  return (struct local_slope){(plus - minus) / (2 * h),
                              fabs(left - right) > bend * fmax(fabs(left), fabs(right))};
}
