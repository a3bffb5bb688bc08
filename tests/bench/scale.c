/* How the cost of a check grows with the network: make bench-scale. Three samples, N inputs, 8
 * hidden units, 10 classes; a random direction a tensor and every entry, from 100 to 10 million
 * params, or until a check takes too long. Beside the time stands what has to be done: for each move
 * of a probe the numbers that it touches, times the additions of each where they are sums. Bars are
 * logarithmic. */
#include "check/check.h"
#include "check/worker.h"
#include "core/clock.h"
#include "core/memory.h"
#include "core/order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HIDDEN = 8, CLASSES = 10, MOST_PARAMS = 10000000, ENOUGH_SECONDS = 120 };

static void stop(const char *message) {
  fprintf(stderr, "scale: %s\n", message);
  exit(70);
}

static void write_model(char *text, size_t size, size_t params) {
  size_t inputs = params / HIDDEN > CLASSES ? params / HIDDEN - CLASSES : 1;
  snprintf(text, size,
           "seed 1; data X = randn(3, %zu); data T = eye(%d) * 1\n"
           "param W1 = 0.01 * randn(%zu, %d); param W2 = randn(%d, %d)\n"
           "L = softmax_cross_entropy(tanh(X @ W1) @ W2, [1 0 0] .T @ sum(T, 0) / %d)",
           inputs, CLASSES, inputs, HIDDEN, HIDDEN, CLASSES, CLASSES);
}

static void build(struct model *model, struct source *source, char *text, size_t size,
                  size_t params) {
  struct diag diag;
  write_model(text, size, params);
  *source = source_from("scale", text, strlen(text));
  if (model_build(model, source, NULL, &diag)) stop(diag.message);
}

/* Blocks of a step's sums that the parts DIRTY are in. */
static size_t moved_blocks(const struct plan_step *step, const struct rect *dirty) {
  size_t blocks = 0;
  for (int i = 0; i < step->op->arity; i++) {
    if (rect_empty(dirty[step->in[i]])) continue;
    const struct reach reach = step->op->reach(&step->call, i, dirty[step->in[i]]);
    for (size_t run = 0; run < reach.count; run++) {
      const size_t first = reach.first + run * reach.apart, last = first + reach.length - 1;
      blocks += last / SUM_BLOCK - first / SUM_BLOCK + 1;
    }
  }
  return blocks;
}

/* Additions and other operations that make PART of a step's result: of a sum, its blocks that have
 * moved and one for each level above each of them, or all of it where that is most of it. */
static double work_in(const struct plan_step *step, const struct rect *dirty, struct rect part) {
  const double numbers = (double)(part.row1 - part.row0) * (part.col1 - part.col0);
  if (!step->op->terms) return numbers;
  const size_t terms = step->op->terms(&step->call), blocks = order_blocks(terms);
  const size_t moved = moved_blocks(step, dirty);
  if (moved > blocks / 2) return numbers * (double)terms;
  return numbers * (double)moved * (SUM_BLOCK + order_levels(blocks));
}

/* Those of one move of ENTRY of NODE, or (WHOLE) of all its entries. */
static double touched(const struct model *model, struct run *run, int node, size_t entry,
                      bool whole) {
  struct rect *dirty = calloc(model->program.slot_count, sizeof *dirty);
  const struct shape shape = model_shape(model, model->nodes[node].slot);
  const uint32_t row = (uint32_t)(entry / shape.cols), col = (uint32_t)(entry % shape.cols);
  double work = 0;
  if (!dirty) stop("out of memory");
  dirty[model->nodes[node].slot] =
      whole ? shape_rect(shape) : (struct rect){row, row + 1, col, col + 1};
  for (size_t i = 0; i < model->program.forward.count; i++) {
    const struct plan_step step = plan_step(run, &model->program.forward.items[i]);
    const struct rect part = plan_step_part(&step, dirty);
    if (rect_empty(part)) continue;
    work += work_in(&step, dirty, part);
    dirty[step.out] = part;
  }
  free(dirty);
  return work;
}

/* Those of a central difference along every probe: entries of one tensor touch alike. */
static double work_of(const struct model *model, bool by_direction) {
  struct run run;
  double work = 0;
  if (run_init(&run, &model->program, &model->random, PRECISION_DOUBLE)) stop("out of memory");
  for (size_t n = 0; n < model->node_count; n++) {
    if (model->nodes[n].kind != NODE_PARAM) continue;
    size_t count = shape_count(model_shape(model, model->nodes[n].slot));
    work += 2 * touched(model, &run, (int)n, count / 2, by_direction) *
             (by_direction ? 1 : (double)count);
  }
  run_done(&run);
  return work;
}

/* What one check takes. */
struct cost {
  size_t params;
  double seconds, work;
};

/* The least of a few turns, the fewer the longer they take. */
static struct cost time_check(size_t params, unsigned directions) {
  enum { TURNS = 5 };
  struct model model;
  struct source source;
  char text[512];
  struct cost cost = {.seconds = INFINITY};
  build(&model, &source, text, sizeof text, params);
  for (int i = 0; i < TURNS && (i == 0 || cost.seconds < 3); i++) {
    struct check check;
    struct diag diag;
    struct check_options options = {.tolerance = -1, .directions = directions,
                                    .metrics_only = true};
    double start = seconds_now();
    if (check_run(&check, &model, &options, &diag)) stop(diag.message);
    cost.seconds = fmin(cost.seconds, seconds_now() - start);
    cost.params = 0;
    for (size_t t = 0; t < check.tensor_count; t++)
      cost.params += shape_count(check.tensors[t].shape);
    check_done(&check);
  }
  cost.work = work_of(&model, directions > 0);
  model_done(&model);
  return cost;
}

static void show(struct cost cost) {
  enum { A_DECADE = 6 };
  int length = (int)lround((log10(cost.seconds) + 5) * A_DECADE);
  char bar[10 * A_DECADE + 1];
  memset(bar, '#', sizeof bar);
  if (length < 0) length = 0;
  if (length > 10 * A_DECADE) length = 10 * A_DECADE;
  printf("%10zu  %8.3g s  %9.2g  %8.3g ns  %.*s\n", cost.params, cost.seconds, cost.work,
         cost.seconds / cost.work * 1e9, length, bar);
  fflush(stdout);
}

static void curve(const char *title, size_t most, unsigned directions) {
  double before = 0;
  printf("%s\n%10s  %10s  %9s  %11s\n", title, "params", "time", "additions", "each");
  for (size_t params = 100; params <= most && before < ENOUGH_SECONDS / 10.0; params *= 10) {
    struct cost cost = time_check(params, directions);
    show(cost);
    before = cost.seconds;
  }
  printf("\n");
}

/* scale PARAMS: the model of so many, for other programs to check */
static int print_model(const char *params) {
  char text[512];
  write_model(text, sizeof text, (size_t)strtoul(params, NULL, 10));
  return puts(text) < 0;
}

int main(int argc, char **argv) {
  memory_keep_freed(); /* as the program does */
  if (argc == 2) return print_model(argv[1]);
  curve("A random direction a tensor", MOST_PARAMS, 1);
  curve("Every entry", MOST_PARAMS, 0);
  puts("additions: and other operations, of all moves of all probes; of sums, as core/order.h has them");
  return 0;
}
