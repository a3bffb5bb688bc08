/* Protects what makes gradwalk fast from changing a bit of what it computes: kernels of every
 * instruction set against plain loops, the incremental numerical gradient against whole forward
 * passes, one thread against several; and stopping, which leaves params as they were. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "check/check.h"
#include "check/worker.h"
#include "command/command.h"
#include "core/clone.h"
#include "core/memory.h"
#include "core/vector.h"
#include "core/wide.h"
#include "explore/log.h"
#include "io/loader.h"
#include "plain_order.h"
#include "random_model.h"
#include "sample.h"
#include "train/train.h"

#include <glob.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* -- models -- */

struct trial {
  struct text text;
  struct source source;
  struct model model;
};

static void build(struct trial *trial, const char *text) {
  struct diag diag = {0};
  *trial = (struct trial){.source = source_from("trial", text, strlen(text))};
  if (model_build(&trial->model, &trial->source, &io_loader, &diag) != STATUS_OK)
    fail_msg("%s: %s (%s)", text, diag.message, diag.hint);
}

static void done(struct trial *trial) {
  model_done(&trial->model);
}

static struct check check(const struct model *model, struct check_options options) {
  struct diag diag = {0};
  struct check found;
  if (check_run(&found, model, &options, &diag) != STATUS_OK) fail_msg("%s", diag.message);
  return found;
}

static void assert_same_slopes(const struct check *a, const struct check *b, const char *what) {
  assert_int_equal(a->tensor_count, b->tensor_count);
  for (size_t t = 0; t < a->tensor_count; t++)
    for (size_t i = 0; i < a->tensors[t].count; i++)
      if (memcmp(&a->tensors[t].numeric[i], &b->tensors[t].numeric[i], sizeof(double)) != 0 &&
          !(isnan(a->tensors[t].numeric[i]) && isnan(b->tensors[t].numeric[i])))
        fail_msg("%s: tensor %zu, entry %zu: %a is not %a", what, t, i, a->tensors[t].numeric[i],
                 b->tensors[t].numeric[i]);
}

/* The incremental gradient with OPTIONS by every instruction set, and with one to four threads,
 * against the full loop of the portable one. */
static void compare_model(const struct model *model, struct check_options options) {
  enum clone best = clone_chosen;
  options.metrics_only = true;
  options.evaluate = EVALUATE_FULL;
  options.threads = 1;
  assert_true(clone_use(CLONE_PORTABLE));
  struct check full = check(model, options);
  const int most = full.entries < 128 ? 1 : 4; /* few entries are no work for threads */
  options.evaluate = EVALUATE_INCREMENTAL;
  for (enum clone clone = CLONE_PORTABLE; clone < CLONE_COUNT; clone++)
    for (options.threads = 1; clone_use(clone) && options.threads <= most; options.threads++) {
      struct check fast = check(model, options);
      assert_same_slopes(&full, &fast, clone_names[clone]);
      check_done(&fast);
    }
  clone_use(best);
  check_done(&full);
}

static void compare(const char *text, struct check_options options, void (*spoil)(struct model *)) {
  struct trial trial;
  build(&trial, text);
  if (spoil) spoil(&trial.model);
  compare_model(&trial.model, options);
  done(&trial);
}

static const struct check_options plain = {.tolerance = -1};

/* -- kernels -- */

static uint64_t random_state = 1;

static uint64_t draw(uint64_t count) {
  random_state = random_state * 6364136223846793005u + 1442695040888963407u;
  return (random_state >> 33) % count;
}

/* Numbers with many zeros of both signs and, where they are WILD, infinities and NaN. */
static double draw_value(bool wild) {
  static const double special[] = {0, -0.0, 1, -1, (double)INFINITY, (double)-INFINITY, (double)NAN};
  if (draw(3) == 0) return special[draw(wild ? 7 : 4)];
  return ((double)draw(2000001) - 1e6) / 37;
}

static double *draw_values(struct shape shape, bool wild) {
  double *values = calloc(shape_count(shape), sizeof *values);
  assert_non_null(values);
  for (size_t i = 0; i < shape_count(shape); i++) values[i] = draw_value(wild && draw(20) == 0);
  return values;
}

/* The terms of the number at I, J: operands are multiplied, or just taken. */
static size_t list_terms(const struct call *call, int op, size_t i, size_t j, double *terms) {
  const struct operand *a = &call->in[0], *b = &call->in[1];
  size_t count = 0;
  if (op != OP_SUM)
    for (; count < b->shape.rows; count++)
      terms[count] = a->values[op == OP_MATMUL ? i * a->shape.cols + count
                                               : count * a->shape.cols + i] *
                     b->values[count * b->shape.cols + j];
  for (size_t r = 0; op == OP_SUM && r < a->shape.rows; r++)
    for (size_t c = 0; c < a->shape.cols; c++)
      if ((call->axis != AXIS_ACROSS || r == i) && (call->axis != AXIS_DOWN || c == j))
        terms[count++] = a->values[r * a->shape.cols + c];
  return count;
}

static uint32_t draw_side(void) {
  return (uint32_t)(draw(4) == 0 ? 1 + draw(150) : 1 + draw(20));
}

/* How many terms: around the ends of blocks and of pairs of them, too. */
static uint32_t draw_terms(void) {
  static const uint32_t whole[] = {32, 64, 96, 128, 256, 512, 1024, 2048};
  if (draw(3) == 0) return draw_side();
  return whole[draw(sizeof whole / sizeof *whole)] - 1 + (uint32_t)draw(3);
}

static struct rect draw_part(struct shape shape) {
  if (draw(2) == 0) return shape_rect(shape);
  uint32_t row = (uint32_t)draw(shape.rows), col = (uint32_t)draw(shape.cols);
  return (struct rect){row, row + 1 + (uint32_t)draw(shape.rows - row), col,
                       col + 1 + (uint32_t)draw(shape.cols - col)};
}

static bool same(double a, double b) {
  return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

struct sum_trial {
  struct call call;
  int op;
  double *values[2], *out;
};

static void draw_sum(struct sum_trial *trial, int op, bool wild) {
  const uint32_t terms = draw_terms(), rows = 1 + (uint32_t)draw(terms > 200 ? 20 : 70);
  struct shape a = op == OP_MATMUL ? (struct shape){rows, terms} : (struct shape){terms, rows};
  struct shape b = {terms, draw_side()};
  *trial = (struct sum_trial){.op = op, .call.axis = (int)draw(3) - 1};
  if (op == OP_SUM && draw(2)) a = (struct shape){a.cols, a.rows};
  trial->values[0] = draw_values(a, wild);
  trial->values[1] = draw_values(b, wild);
  trial->call.in[0] = (struct operand){trial->values[0], a};
  trial->call.in[1] = (struct operand){trial->values[1], b};
  const struct shape shapes[] = {a, b};
  assert_true(op_table[op].shape(shapes, trial->call.axis, &trial->call.shape));
  trial->call.out = trial->out = draw_values(trial->call.shape, false);
}

static void sum_done(struct sum_trial *trial) {
  free(trial->values[0]), free(trial->values[1]), free(trial->out);
}

/* Computes a part, and leaves the rest alone. */
static void try_sum(enum clone clone, int op, bool wild) {
  struct sum_trial trial;
  draw_sum(&trial, op, wild);
  const struct shape out = trial.call.shape, a = trial.call.in[0].shape;
  const struct rect part = draw_part(out);
  double *before = calloc(shape_count(out), sizeof *before);
  double *terms = calloc(shape_count(a), sizeof *terms);
  assert_true(before && terms);
  memcpy(before, trial.out, shape_count(out) * sizeof *before);
  op_table[op].forward(&trial.call, part);
  for (uint32_t i = 0; i < out.rows; i++)
    for (uint32_t j = 0; j < out.cols; j++) {
      bool inside = i >= part.row0 && i < part.row1 && j >= part.col0 && j < part.col1;
      size_t at = (size_t)i * out.cols + j, count = list_terms(&trial.call, op, i, j, terms);
      double expected = inside ? plain_order(terms, count) : before[at];
      assert_int_equal(op_table[op].terms(&trial.call), count);
      if (!same(trial.out[at], expected))
        fail_msg("%s, %s: %u x %u, axis %d, at %u, %u: %a is not %a", op_table[op].name,
                 clone_names[clone], a.rows, a.cols, trial.call.axis, i, j, trial.out[at],
                 expected);
    }
  free(before), free(terms);
  sum_done(&trial);
}

static const int sum_ops[] = {OP_MATMUL, OP_MATMUL_TRANSPOSED, OP_SUM};

static void every_sum_has_one_order(void **state) {
  (void)state;
  const int rounds = (int)sample_count("BITS_MODELS", 1500, 300);
  enum clone best = clone_chosen;
  for (enum clone clone = CLONE_PORTABLE; clone < CLONE_COUNT; clone++)
    for (int i = 0; clone_use(clone) && i < rounds; i++) try_sum(clone, sum_ops[i % 3], i % 4 == 0);
  clone_use(best);
}

/* Every node of the tree is the sum over its terms alone. */
static void parts_of_a_sum_are_nodes_of_its_tree(void **state) {
  enum { BLOCK = 64 };
  (void)state;
  for (int round = 0; round < 300; round++) {
    struct sum_trial trial;
    draw_sum(&trial, sum_ops[round % 3], false);
    const struct rect part = draw_part(trial.call.shape);
    const size_t count = op_table[trial.op].terms(&trial.call), width = part.col1 - part.col0;
    const size_t from = draw((count + BLOCK - 1) / BLOCK) * BLOCK;
    const size_t to = from + 1 + draw(count - from);
    double *sums = calloc(shape_count(trial.call.shape), sizeof *sums);
    double *terms = calloc(shape_count(trial.call.in[0].shape), sizeof *terms);
    assert_true(sums && terms);
    op_table[trial.op].add_up(&trial.call, part, from, to, sums, width);
    for (uint32_t i = part.row0; i < part.row1; i++)
      for (uint32_t j = part.col0; j < part.col1; j++) {
        list_terms(&trial.call, trial.op, i, j, terms);
        assert_true(same(sums[(i - part.row0) * width + j - part.col0],
                         plain_order(terms + from, to - from)));
      }
    free(sums), free(terms);
    sum_done(&trial);
  }
}

static bool reaches(const struct reach *reach, size_t term) {
  for (size_t i = 0; i < reach->count; i++)
    if (term - (reach->first + i * reach->apart) < reach->length) return true;
  return false;
}

/* Terms out of reach stay the same, whatever stands in the part. */
static void a_part_reaches_its_terms(void **state) {
  (void)state;
  for (int round = 0; round < 300; round++) {
    struct sum_trial trial;
    draw_sum(&trial, sum_ops[round % 3], false);
    const int which = trial.op == OP_SUM ? 0 : (int)draw(2);
    const struct shape shape = trial.call.in[which].shape;
    struct rect part = draw_part(shape);
    if (draw(2)) part.row1 = part.row0 + 1;
    if (draw(2)) part.col1 = part.col0 + 1;
    const struct reach reach = op_table[trial.op].reach(&trial.call, which, part);
    const struct rect touched = op_table[trial.op].touch(&trial.call, which, part);
    const size_t count = op_table[trial.op].terms(&trial.call);
    double *was = calloc(count, sizeof *was), *is = calloc(count, sizeof *is);
    assert_true(was && is);
    const uint32_t i = touched.row0, j = touched.col1 - 1;
    list_terms(&trial.call, trial.op, i, j, was);
    for (uint32_t r = part.row0; r < part.row1; r++)
      for (uint32_t c = part.col0; c < part.col1; c++)
        trial.values[which][(size_t)r * shape.cols + c] += 1;
    list_terms(&trial.call, trial.op, i, j, is);
    for (size_t k = 0; k < count; k++)
      if (!reaches(&reach, k)) assert_true(was[k] == is[k]);
    free(was), free(is);
    sum_done(&trial);
  }
}

/* A term of zero that may become infinite is one that a part reaches. */
static void infinity_reaches_where_zero_does_not(void **state) {
  (void)state;
  double a[] = {0, 0}, b[] = {1, 2};
  struct call call = {.in = {{a, {2, 1}}, {b, {1, 2}}}, .shape = {2, 2}};
  const struct rect part = {0, 1, 0, 1};
  assert_int_equal(op_table[OP_MATMUL].reach(&call, 1, part).count, 0);
  b[0] = (double)INFINITY;
  assert_int_equal(op_table[OP_MATMUL].reach(&call, 1, part).count, 1);
  b[0] = (double)NAN;
  assert_int_equal(op_table[OP_MATMUL].reach(&call, 1, part).count, 1);
  b[0] = a[1] = 1;
  assert_int_equal(op_table[OP_MATMUL].reach(&call, 1, part).count, 1);
}

/* Rounding takes at most half a unit of the sum of sizes for each addition on a term's way up. */
static void sums_are_near_the_truth(void **state) {
  enum { MOST = 200000, BLOCK = 64 };
  (void)state;
  double *values = calloc(MOST, sizeof *values), out;
  assert_non_null(values);
  for (size_t count = 1; count <= MOST; count = count * 7 / 4 + 1) {
    struct call call = {.out = &out, .shape = {1, 1}, .axis = AXIS_ALL,
                        .in = {{values, {1, (uint32_t)count}}}};
    wide truth = 0, sizes = 0;
    int levels = 0;
    for (size_t i = 0; i < count; i++) {
      values[i] = draw_value(false) * (draw(2) ? 1 : 1e-8);
      truth += (wide)values[i];
      sizes += (wide)fabs(values[i]);
    }
    while ((size_t)BLOCK << levels < count) levels++;
    op_table[OP_SUM].forward(&call, shape_rect(call.shape));
    const double error = (double)WIDE_MATH(fabs)((wide)out - truth);
    assert_true(error <= (BLOCK + levels) * 0x1p-53 * (double)sizes);
  }
  free(values);
}

/* Every other kernel gives the portable one's bits. */
static void every_kernel_agrees(void **state) {
  (void)state;
  enum clone best = clone_chosen;
  for (int id = 0; id < OP_COUNT; id++) {
    const struct op *op = &op_table[id];
    if (op->sizes > 0 || op->flags & OP_RANDOM || op->terms) continue;
    for (int round = 0; round < 60; round++) {
      struct shape full = {draw_side(), draw_side()}, in[2] = {full, full}, out;
      if (op->arity == 2 && draw(2)) in[draw(2)].rows = 1;
      if (op->arity == 2 && draw(2)) in[draw(2)].cols = 1;
      int axis = (int)draw(3) - 1;
      assert_true(op->shape(in, axis, &out));
      double *values[] = {draw_values(in[0], true), draw_values(in[1], true)};
      struct rect part = draw_part(out);
      double *results[CLONE_COUNT] = {0};
      for (enum clone clone = CLONE_PORTABLE; clone < CLONE_COUNT; clone++) {
        if (!clone_use(clone)) continue;
        results[clone] = calloc(shape_count(out), sizeof **results);
        assert_non_null(results[clone]);
        struct call call = {.out = results[clone], .shape = out, .axis = axis,
                            .in = {{values[0], in[0]}, {values[1], in[1]}}};
        op->forward(&call, part);
        for (size_t i = 0; i < shape_count(out); i++)
          if (!same(results[clone][i], results[CLONE_PORTABLE][i]))
            fail_msg("%s, %s: %a is not %a", op->name, clone_names[clone], results[clone][i],
                     results[CLONE_PORTABLE][i]);
      }
      for (int i = 0; i < CLONE_COUNT; i++) free(results[i]);
      free(values[0]);
      free(values[1]);
    }
  }
  clone_use(best);
}

static void bytes_are_divided_by_255(void) {
  uint8_t bytes[256];
  double values[256];
  for (int i = 0; i < 256; i++) bytes[i] = (uint8_t)i;
  for (size_t count = 1; count <= 256; count++) {
    vector_from_bytes(values, bytes + 256 - count, count);
    for (size_t i = 0; i < count; i++)
      assert_true(same(values[i], (double)bytes[256 - count + i] / 255.0));
  }
}

static void signs_are_followed(size_t count) {
  struct shape shape = {1, (uint32_t)count};
  double *base = draw_values(shape, false), *moved = draw_values(shape, false), sums[8] = {0};
  signed char *signs = calloc(count, 1);
  volatile double sum = 0;
  assert_non_null(signs);
  for (size_t i = 0; i < count; i++) signs[i] = draw(2) ? 1 : -1;
  for (size_t i = 0; i < count; i++) sums[i % 8] += base[i] * signs[i];
  for (int i = 0; i < 8; i++) sum += sums[i];
  assert_true(same(vector_dot_signs(base, signs, count), sum));
  vector_move(moved, base, 0.1, signs, count);
  for (size_t i = 0; i < count; i++) {
    volatile double distance = 0.1 * signs[i];
    assert_true(same(moved[i], base[i] + distance));
  }
  for (size_t i = 0; i < count; i++) moved[i] = 2 * base[i];
  assert_true(vector_is_times(moved, 2, base, count));
  size_t at = draw(count);
  moved[at] = draw(2) ? (double)NAN : moved[at] + 1;
  assert_false(vector_is_times(moved, 2, base, count));
  free(base), free(moved), free(signs);
}

static void vectors_agree_with_plain_loops(void **state) {
  (void)state;
  enum clone best = clone_chosen;
  for (enum clone clone = CLONE_PORTABLE; clone < CLONE_COUNT; clone++) {
    if (!clone_use(clone)) continue;
    bytes_are_divided_by_255();
    for (size_t count = 1; count < 40; count++) {
      signs_are_followed(count);
      struct shape shape = {1, (uint32_t)count};
      double *w = draw_values(shape, false), *g = draw_values(shape, false);
      double *v = draw_values(shape, false), *was = draw_values(shape, false);
      assert_true(vector_finite(w, count));
      memcpy(was, w, count * sizeof *w);
      vector_descend(w, g, 0.1, count);
      for (size_t i = 0; i < count; i++) {
        volatile double move = 0.1 * g[i];
        assert_true(same(w[i], was[i] - move));
      }
      memcpy(was, v, count * sizeof *v);
      vector_descend_on(w, v, g, 0.1, 0.9, count);
      for (size_t i = 0; i < count; i++) {
        volatile double kept = 0.9 * was[i], move = 0.1 * g[i];
        assert_true(same(v[i], kept - move));
      }
      size_t at = draw(count);
      w[at] = draw(2) ? (double)NAN : (double)-INFINITY;
      assert_false(vector_finite(w, count));
      free(w), free(g), free(v), free(was);
    }
  }
  clone_use(best);
}

/* -- numerical gradients -- */

static const char lesson4[] =
    "seed 1; data X = randn(4, 3); data Y = [1 1 0]; param W1 = randn(5, 4); param b1 = randn(5, 1)\n"
    "param W2 = randn(3, 5); param b2 = randn(3, 1); param W3 = randn(1, 3); param b3 = randn(1, 1)\n"
    "A1 = relu(W1 @ X + b1); A2 = relu(W2 @ A1 + b2); A3 = sigmoid(W3 @ A2 + b3)\n"
    "cost = sum(-log(A3) * Y - log(1 - A3) * (1 - Y)) / cols(X)";

static const char digits[] =
    "seed 0; data X, T = mnist(3); param W1 = 0.01 * randn(784, 50); param b1 = zeros(1, 50)\n"
    "param W2 = 0.01 * randn(50, 10); param b2 = zeros(1, 10)\n"
    "L = softmax_with_loss(affine(relu(affine(X, W1, b1)), W2, b2), T)";

/* Every way in which an entry can meet a product, and things that swallow a change. */
static const char *const models[] = {
    "param x = -2; param y = 5; param z = -4; q = x + y; f = q * z",
    "param w = 3; L = 1 / (1 + exp(-w))",
    "param t = 4; data x = 2; J = t * x",
    lesson4,
    "seed 2; param W = randn(4, 4); L = sum(W @ W)",
    "seed 2; param W = randn(4, 6); data X = randn(6, 9); L = sum(tanh(W @ X)) + sum(W * W)",
    "seed 3; param W = randn(6, 4); data X = max(randn(9, 6), 0); L = sum(sin(X @ W) ^ 2)",
    "seed 3; param W = randn(6, 4); data X = zeros(5, 6); L = sum((X @ W) * 3) + sum(W)",
    "seed 4; param v = randn(1, 7); data M = randn(7, 7) > 0.5; L = sum(rowmax(v @ M)) + sum(v @ v.T)",
    "seed 5; param W = randn(3, 11); data X = randn(11, 2) * (randn(11, 2) > 0); Y = W @ X\n"
    "L = sum(Y * (Y > 0)) + sum(abs(W.T), 0) @ ones(3, 1)",
    "seed 6; data X = randn(2, 40) * (1 - unit(1, 40, 5)); param w = randn(40, 1) * (1 - unit(40, 1, 5))\n"
    "L = sum(X @ (1 / w))", /* 0 times what is infinite at the point only */
    "param x = 1; data A = unit(3, 200, 0) + unit(3, 200, 200) + unit(3, 200, 400)\n"
    "data C = 1e17 * (unit(3, 200, 390) - unit(3, 200, 440)); L = sum(A * x + C)", /* x is lost in the
                                                                                  * last block */
    "seed 6; param W = randn(50, 3); L = sum(W @ W.T @ W) + sum(sum(W, 0) * sum(W, 0)) + sum(W)",
    "seed 6; param A = randn(5, 8); param B = randn(8, 5); L = sum((A @ B) * (B.T @ A.T).T)",
};

static void increments_are_the_full_loop(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
    compare(models[i], plain, NULL);
    compare(models[i], (struct check_options){.tolerance = -1, .eps = 1e-4}, NULL);
    compare(models[i], (struct check_options){.tolerance = -1, .method = METHOD_RICHARDSON}, NULL);
    compare(models[i], (struct check_options){.tolerance = -1, .method = METHOD_FORWARD}, NULL);
    compare(models[i], (struct check_options){.tolerance = -1, .precision = PRECISION_HALF}, NULL);
    compare(models[i], (struct check_options){.tolerance = -1, .eps = 1e308}, NULL);
    compare(models[i], (struct check_options){.tolerance = -1, .directions = 5}, NULL);
  }
}

static void spoil_params(struct model *model) {
  for (size_t n = 0; n < model->node_count; n++) {
    double *values = program_image(&model->program, model->nodes[n].slot);
    size_t count = shape_count(model_shape(model, model->nodes[n].slot));
    if (model->nodes[n].kind == NODE_PARAM)
      values[count / 2] = n % 2 ? (double)INFINITY : (double)-INFINITY;
  }
}

/* Whose zeros meet what is infinite, or becomes so by a step of 1e308. */
static const char column_of_zeros[] =
    "data X = [1 2 0 3; 4 5 0 6]; param W = [1; 2; 1.7e308; 4]; L = sum(X @ W)";
static const char row_of_zeros[] =
    "param W = [1 2 1.7e308 4]; data X = [1 2; 3 4; 0 0; 5 6]; L = sum(W @ X)";

/* Infinity times zero is not zero. */
static void infinite_numbers_reach_what_they_reach(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof models / sizeof *models; i++)
    compare(models[i], plain, spoil_params);
  compare(column_of_zeros, plain, spoil_params);
  compare(row_of_zeros, plain, spoil_params);
  compare(column_of_zeros, (struct check_options){.tolerance = -1, .eps = 1e308}, NULL);
  compare(row_of_zeros, (struct check_options){.tolerance = -1, .eps = 1e308}, NULL);
}

static void every_entry_of_the_digits(void **state) {
  (void)state;
  compare(digits, (struct check_options){.tolerance = -1, .eps = 1e-4}, NULL);
}

/* Entries that are terms of the same sums come one after the other, also where something stands before
 * the sums: their trees need not all have room. */
static void entries_come_by_the_sums_that_they_are_in(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t line, second; /* entries to a line; which is the second one */
  } cases[] = {
      {"data X = ones(5, 7); param W = ones(7, 3); L = sum(X @ W)", 7, 3},
      {"data X = ones(5, 7); param W = ones(7, 3); L = sum(tanh(X @ (W * 2)))", 7, 3},
      {"data X = ones(5, 7); param W = ones(7, 3); R = sum(W^2); L = sum(X @ W) + R", 7, 3},
      {"data X = ones(3, 5); param W = ones(7, 3); L = sum((W * 2) @ X)", 3, 1},
      {"param W = ones(7, 3); L = sum(tanh(sum(W, 0)))", 7, 3},
      {"param W = ones(7, 3); L = sum(tanh(sum(W, 1)))", 3, 1},
      {"param W = ones(7, 3); L = sum(W)", 3, 1},
      {"param w = ones(1, 3); data X = ones(3, 2); L = sum(tanh(w @ X))", 3, 1},
      {"param w = ones(3, 1); data X = ones(2, 3); L = sum(tanh(X @ w))", 3, 1},
      {"param w = 2; L = w^2", 0, 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct trial trial;
    struct run run;
    struct worker worker;
    build(&trial, cases[i].text);
    const struct program *program = &trial.model.program;
    int param = 0;
    while (trial.model.nodes[param].kind != NODE_PARAM) param++;
    assert_int_equal(run_init(&run, program, &trial.model.random, PRECISION_DOUBLE), STATUS_OK);
    run_code(&run, &program->forward, 0);
    assert_int_equal(worker_init(&worker, &trial.model, &run), STATUS_OK);
    const struct probe probe = node_probe(&trial.model, param);
    assert_true(worker_plan(&worker, &probe));
    if (worker_line(&worker) != cases[i].line || worker_entry(&worker, &probe, 1) != cases[i].second)
      fail_msg("%s: %zu to a line, the second is %zu", cases[i].text, worker_line(&worker),
               worker_entry(&worker, &probe, 1));
    worker_done(&worker);
    run_done(&run);
    done(&trial);
  }
}

/* Every fourth has ties, every other one sums of many blocks. */
static void every_entry_of_random_models(void **state) {
  (void)state;
  struct random_library library;
  struct check_options options = {.tolerance = -1, .frozen = true};
  const uint32_t count = sample_count("BITS_MODELS", 400, 20);
  random_library_init(&library);
  for (uint32_t seed = 1; seed <= count; seed++) {
    struct random_model made;
    unsigned wishes = seed % 2 ? RANDOM_LONG : seed % 4 ? RANDOM_LARGE : RANDOM_TIES;
    random_model_make(&made, &library, seed, wishes | (seed % 5 ? 0 : RANDOM_SCALES));
    options.precision = seed % 7 ? PRECISION_DOUBLE : PRECISION_SINGLE;
    compare(text_string(&made.text), options, NULL);
    random_model_done(&made);
  }
  random_library_done(&library);
}

/* Those that come with the program and those of the lessons, as they are and unfolded. */
static void compare_file(const char *path) {
  struct session session;
  struct lines out;
  struct diag diag = {0};
  char line[600];
  session_init(&session, &command_interpreter);
  lines_init(&out);
  snprintf(line, sizeof line, "open %s", path);
  if (command_do(&session, line, &out, &diag)) fail_msg("%s: %s", line, diag.message);
  const struct check_options options = {.tolerance = -1, .frozen = true};
  if (USUAL_PERCENT == 100 || session.model->program.size <= 20000) { /* lesson 5 takes a while */
    compare_model(session.model, options);
    assert_int_equal(command_do(&session, "unfold all", &out, &diag), STATUS_OK);
    compare_model(session.model, options);
  }
  lines_done(&out);
  session_done(&session);
}

static void every_entry_of_what_is_shipped(void **state) {
  (void)state;
  static const char *const files[] = {"models/*.gw", "../lessons/[0-9]*.md"};
  for (int i = 0; i < 2; i++) {
    char pattern[512];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/%s", getenv("GRADWALK_TEST_DATA"), files[i]);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t k = 0; k < found.gl_pathc; k++) compare_file(found.gl_pathv[k]);
    globfree(&found);
  }
}

/* -- the team -- */

enum { MOST_PIECES = 32 };
static int times_done[MOST_PIECES];

static void note_piece(void *context, int piece, int member) {
  (void)context, (void)member;
  __atomic_add_fetch(&times_done[piece], 1, __ATOMIC_RELAXED);
}

/* Also by members that come late, when the next round has begun. */
static void a_team_does_every_piece_once(void **state) {
  enum { ROUNDS = 5000 };
  (void)state;
  for (int members = 1; members <= 5; members++) {
    struct team *team = team_new(members);
    assert_non_null(team);
    memset(times_done, 0, sizeof times_done);
    int expected[MOST_PIECES] = {0};
    for (int round = 0; round < ROUNDS; round++) {
      int pieces = 1 + (int)draw(MOST_PIECES);
      team_work(team, pieces, note_piece, NULL);
      for (int i = 0; i < pieces; i++) expected[i]++;
    }
    for (int i = 0; i < MOST_PIECES; i++) assert_int_equal(times_done[i], expected[i]);
    team_free(team);
  }
}

#ifdef __linux__

struct places {
  bool come; /* the other member */
  cpu_set_t allowed; /* to it */
};

static void note_places(void *context, int piece, int member) {
  struct places *places = context;
  if (member > 0) sched_getaffinity(0, sizeof places->allowed, &places->allowed);
  if (piece > 0) __atomic_store_n(&places->come, true, __ATOMIC_RELEASE);
  else
    while (!__atomic_load_n(&places->come, __ATOMIC_ACQUIRE)) sched_yield();
}

static void move_to(int processor, const cpu_set_t *ours) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  sched_setaffinity(0, sizeof one, &one);
  sched_setaffinity(0, sizeof *ours, ours);
}

/* Two that wait for each other's turn on one processor are slower than one. */
static void members_keep_off_the_callers_processor(void **state) {
  enum { TURNS = 4 };
  (void)state;
  cpu_set_t ours;
  assert_int_equal(sched_getaffinity(0, sizeof ours, &ours), 0);
  assert_int_equal(team_processors(), CPU_COUNT(&ours) < TEAM_MAX ? CPU_COUNT(&ours) : TEAM_MAX);
  if (CPU_COUNT(&ours) < 2) skip();
  struct team *team = team_new(2);
  int turns = 0;
  for (int i = 0, rounds = 0; turns < TURNS; i = (i + 1) % CPU_SETSIZE) {
    if (!CPU_ISSET(i, &ours)) continue;
    assert_true(rounds++ < 100 * CPU_SETSIZE);
    struct places places = {0};
    move_to(i, &ours);
    team_work(team, 2, note_places, &places);
    if (sched_getcpu() != i) continue; /* somebody else has moved us: we do not know when */
    cpu_set_t others = ours;
    CPU_CLR(i, &others);
    assert_true(CPU_EQUAL(&places.allowed, &others));
    turns++;
  }
  team_free(team);
}

/* One of two processors is not for all members but the caller. */
static void a_crowd_goes_where_it_likes(void **state) {
  (void)state;
  cpu_set_t ours;
  assert_int_equal(sched_getaffinity(0, sizeof ours, &ours), 0);
  const int members = CPU_COUNT(&ours) + 1;
  if (members > TEAM_MAX) skip();
  struct team *team = team_new(members);
  struct places places = {0};
  team_work(team, 2, note_places, &places);
  team_free(team);
  assert_true(CPU_EQUAL(&places.allowed, &ours));
}

static void a_team_has_the_processors_that_we_may_use(void **state) {
  (void)state;
  cpu_set_t ours, one;
  assert_int_equal(sched_getaffinity(0, sizeof ours, &ours), 0);
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
    if (CPU_ISSET(i, &ours)) CPU_SET(i, &one);
  assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
  const int processors = team_processors();
  struct team *team = team_new(3);
  struct places places = {0};
  team_work(team, 2, note_places, &places); /* there is no other to keep to */
  team_free(team);
  sched_setaffinity(0, sizeof ours, &ours);
  assert_int_equal(processors, 1);
  assert_true(CPU_EQUAL(&places.allowed, &one));
}

#endif

static void spoil(struct run *run, int slot) {
  memset(run_values(run, slot), 0x55, shape_count(run->program->slots[slot].shape) * sizeof(double));
}

/* Stripes of rows, with sides that no stripe divides, zeros among the terms and, where they are WILD,
 * numbers that are not finite. */
static void run_by_teams(bool wild) {
  static const char text[] =
      "seed 3; data X = relu(randn(37, 421)); data T = randn(37, 9)\n"
      "param W = randn(421, 31); param b = randn(1, 31); param V = randn(31, 9)\n"
      "y = relu(X @ W + b) @ V\nL = sum((y - T)^2)";
  struct trial trial;
  build(&trial, text);
  const struct program *program = &trial.model.program;
  struct run alone, team;
  struct schedule schedule[2];
  assert_int_equal(run_init(&alone, program, &trial.model.random, PRECISION_DOUBLE), STATUS_OK);
  const struct node *weights = &trial.model.nodes[model_find(&trial.model, "W")];
  if (wild) run_values(&alone, weights->slot)[31 * 50 + 7] = (double)INFINITY;
  assert_int_equal(run_copy(&team, &alone), STATUS_OK);
  run_code(&alone, &program->forward, 0);
  run_code(&alone, &program->backward, 0);
  assert_int_equal(schedule_init(&schedule[0], &team, &program->forward, 2000), STATUS_OK);
  assert_int_equal(schedule_init(&schedule[1], &team, &program->backward, 2000), STATUS_OK);
  assert_true(schedule[0].phases[0].shared);
  for (int members = 1; members <= 6; members++) {
    struct team *workers = team_new(members);
    assert_non_null(workers);
    for (int round = 0; round < 40; round++) {
      for (size_t i = 0; i < program->forward.count; i++) spoil(&team, program->forward.items[i].out);
      for (size_t i = 0; i < program->backward.count; i++)
        spoil(&team, program->backward.items[i].out);
      schedule_run(&schedule[0], workers, &team);
      schedule_run(&schedule[1], workers, &team);
      for (size_t i = 0; i < program->size; i++) assert_true(same(alone.values[i], team.values[i]));
    }
    team_free(workers);
  }
  schedule_done(&schedule[0]), schedule_done(&schedule[1]);
  run_done(&alone), run_done(&team);
  done(&trial);
}

/* How the network of lesson 5 is cut up for batches of 100: a rule that stands between others and
 * does not go along with them keeps them no more apart than it has to. */
static void phases_reach_over_what_is_between(void **state) {
  (void)state;
  static const char text[] =
      "seed 3; data X = relu(randn(100, 784)); data T = randn(100, 10)\n"
      "param W1 = randn(784, 50); param b1 = randn(1, 50)\n"
      "param W2 = randn(50, 10); param b2 = randn(1, 10)\n"
      "L = softmax_with_loss(affine(relu(affine(X, W1, b1)), W2, b2), T)";
  static const struct {
    enum op_id first, last;
    bool shared;
  } expected[] = {{OP_TRANSPOSE, OP_TRANSPOSE, false},
                  {OP_SUB, OP_MUL, true}, /* from p - t through dA2 @ W2.T to relu's rule */
                  {OP_MATMUL_TRANSPOSED, OP_MATMUL_TRANSPOSED, true},
                  {OP_SUM, OP_SUM, false},
                  {OP_MATMUL_TRANSPOSED, OP_MATMUL_TRANSPOSED, true}};
  struct trial trial;
  struct schedule schedule;
  struct run run;
  build(&trial, text);
  const struct program *program = &trial.model.program;
  assert_int_equal(run_init(&run, program, &trial.model.random, PRECISION_DOUBLE), STATUS_OK);
  assert_int_equal(schedule_init(&schedule, &run, &program->backward, 30000), STATUS_OK);
  assert_int_equal(schedule.code.count, program->backward.count);
  assert_int_equal(schedule.count, sizeof expected / sizeof *expected);
  for (size_t i = 0; i < schedule.count; i++) {
    const struct phase *phase = &schedule.phases[i];
    assert_int_equal(phase->shared, expected[i].shared);
    assert_int_equal(schedule.code.items[phase->first].op, expected[i].first);
    assert_int_equal(schedule.code.items[phase->last - 1].op, expected[i].last);
  }
  schedule_done(&schedule);
  run_done(&run);
  done(&trial);
}

static struct instr instr_of(enum op_id op, int out, int a) {
  return (struct instr){.op = op, .out = out, .in = {a, a}, .axis = AXIS_ALL};
}

/* No model writes a slot twice, but a program may: what reads the old number comes first, and the
 * last to write is the last. */
static void phases_keep_what_is_written_twice(void **state) {
  enum { SIDE = 8, SLOTS = 5 };
  (void)state;
  const struct random random = {0};
  struct program program;
  struct schedule schedule;
  struct run alone, team;
  int slots[SLOTS];
  program_init(&program);
  for (int i = 0; i < SLOTS; i++) {
    const struct shape shape = {i == 3 ? 1 : SIDE, i == 3 ? 1 : SIDE};
    assert_int_equal(program_slot(&program, shape, &slots[i]), STATUS_OK);
  }
  for (int i = 0; i < SIDE * SIDE; i++) program_image(&program, slots[0])[i] = i + 1;
  const struct instr items[] = {
      instr_of(OP_NEG, slots[1], slots[0]),       instr_of(OP_SUM, slots[3], slots[0]),
      instr_of(OP_TRANSPOSE, slots[2], slots[1]), instr_of(OP_EXP, slots[2], slots[0]),
      instr_of(OP_TANH, slots[4], slots[1]),      instr_of(OP_TANH, slots[0], slots[1]),
  };
  for (size_t i = 0; i < sizeof items / sizeof *items; i++)
    assert_int_equal(program_emit(&program.forward, items[i]), STATUS_OK);
  assert_int_equal(run_init(&alone, &program, &random, PRECISION_DOUBLE), STATUS_OK);
  assert_int_equal(run_copy(&team, &alone), STATUS_OK);
  assert_int_equal(schedule_init(&schedule, &team, &program.forward, 1), STATUS_OK);
  assert_true(schedule.count < sizeof items / sizeof *items);
  struct team *workers = team_new(2);
  assert_non_null(workers);
  run_code(&alone, &program.forward, 0);
  schedule_run(&schedule, workers, &team);
  for (size_t i = 0; i < program.size; i++) assert_true(same(alone.values[i], team.values[i]));
  team_free(workers);
  schedule_done(&schedule);
  run_done(&alone), run_done(&team);
  program_done(&program);
}

static void a_team_gives_the_same_bits(void **state) {
  (void)state;
  enum clone best = clone_chosen;
  for (enum clone clone = CLONE_PORTABLE; clone < CLONE_COUNT; clone++) {
    if (!clone_use(clone)) continue;
    run_by_teams(false);
    run_by_teams(true);
  }
  clone_use(best);
}

/* -- stopping -- */

struct stop {
  volatile sig_atomic_t flag;
  size_t after, calls;
};

static void stop_after(void *context, size_t at, size_t total) {
  struct stop *stop = context;
  (void)at, (void)total;
  if (++stop->calls >= stop->after) stop->flag = 1;
}

/* Sets the flag at some moment of the next milliseconds, whatever goes on then. */
struct alarm {
  volatile sig_atomic_t flag;
  long nanoseconds;
  pthread_t thread;
};

static void *ring(void *context) {
  struct alarm *alarm = context;
  nanosleep(&(struct timespec){.tv_nsec = alarm->nanoseconds}, NULL);
  alarm->flag = 1;
  return NULL;
}

static void alarm_set(struct alarm *alarm, uint64_t most_milliseconds) {
  *alarm = (struct alarm){.nanoseconds = (long)draw(most_milliseconds * 1000000)};
  assert_int_equal(pthread_create(&alarm->thread, NULL, ring, alarm), 0);
}

static void alarm_wait(struct alarm *alarm) {
  assert_int_equal(pthread_join(alarm->thread, NULL), 0);
}

/* A check of TEXT, stopped after some probes and at some moment, by one thread to three. */
static void stop_checks(const char *text, int times, uint64_t most_probes) {
  struct trial trial;
  build(&trial, text);
  size_t bytes = trial.model.program.size * sizeof(double);
  double *was = malloc(bytes);
  assert_non_null(was);
  memcpy(was, trial.model.program.image, bytes);
  for (int i = 0; i < times; i++) {
    struct stop stop = {.after = 1 + draw(most_probes)};
    struct alarm alarm;
    struct check_options options = {.tolerance = -1, .threads = 1 + (int)draw(3),
                                    .cancel = &stop.flag, .progress = stop_after,
                                    .progress_context = &stop};
    struct check found;
    struct diag diag = {0};
    enum status status = check_run(&found, &trial.model, &options, &diag);
    /* On a busy machine the thread that reports may come to few probes. */
    if (stop.calls >= stop.after) assert_int_equal(status, STATUS_CANCELLED);
    check_done(&found);
    assert_memory_equal(was, trial.model.program.image, bytes);
    alarm_set(&alarm, 30);
    options.cancel = &alarm.flag;
    options.progress = NULL;
    check_run(&found, &trial.model, &options, &diag);
    check_done(&found);
    alarm_wait(&alarm);
    assert_memory_equal(was, trial.model.program.image, bytes);
  }
  free(was);
  done(&trial);
}

static void a_stopped_check_leaves_the_model(void **state) {
  (void)state;
  stop_checks(lesson4, 60, 40);
  stop_checks(digits, 12, 10000);
}

static void train(struct training *training, const struct trial *trial,
                  struct train_options options) {
  struct diag diag = {0};
  enum status status = train_init(training, &trial->source, &trial->model, &options, &io_library,
                                  &diag);
  if (!status) status = train_run(training, &diag);
  if (status) fail_msg("%s", diag.message);
}

/* What STOPPED has learnt is what so many steps alone, by one thread, would have given. */
static void assert_whole_steps(const struct trial *trial, const struct training *stopped,
                               struct train_options options) {
  struct training whole;
  struct trial a, b;
  options.steps = stopped->history.done;
  options.threads = 1;
  options.cancel = NULL;
  options.progress = NULL;
  train(&whole, trial, options);
  build(&a, trial->source.text), build(&b, trial->source.text);
  train_give_params(stopped, &a.model);
  train_give_params(&whole, &b.model);
  assert_memory_equal(a.model.program.image, b.model.program.image,
                      a.model.built.size * sizeof(double));
  train_done(&whole);
  done(&a), done(&b);
}

/* As of the last whole step, whether it is stopped between two or at any moment. */
static void stop_trainings(const char *text, int times, uint64_t most_steps,
                           uint64_t most_milliseconds, struct train_options options) {
  struct trial trial;
  build(&trial, text);
  for (int i = 0; i < times; i++) {
    struct stop stop = {.after = 1 + draw(most_steps)};
    struct alarm alarm;
    struct training stopped;
    options.momentum = i % 2 ? 0.9 : 0;
    options.threads = 1 + (int)draw(3);
    options.cancel = &stop.flag;
    options.progress = stop_after;
    options.progress_context = &stop;
    train(&stopped, &trial, options);
    assert_true(stopped.history.cancelled);
    assert_int_equal(stopped.history.done, stop.after);
    assert_whole_steps(&trial, &stopped, options);
    train_done(&stopped);
    alarm_set(&alarm, most_milliseconds);
    options.cancel = &alarm.flag;
    options.progress = NULL;
    train(&stopped, &trial, options);
    alarm_wait(&alarm);
    assert_true(stopped.history.cancelled);
    assert_whole_steps(&trial, &stopped, options);
    train_done(&stopped);
  }
  done(&trial);
}

static void assert_same_params(const struct training *a, const struct training *b) {
  for (size_t n = 0; n < a->model.node_count; n++) {
    const struct node *node = &a->model.nodes[n];
    if (node->kind != NODE_PARAM) continue;
    const int other = b->model.nodes[model_find(&b->model, node->name)].slot;
    assert_memory_equal(run_values(&a->run, node->slot), run_values(&b->run, other),
                        shape_count(model_shape(&a->model, node->slot)) * sizeof(double));
  }
}

/* The members each take their rows of a batch, which may be none. */
static void a_training_is_the_same_by_any_team(void **state) {
  (void)state;
  static const uint32_t batches[] = {1, 5, 70};
  struct trial trial;
  build(&trial, digits);
  for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
    struct training trainings[2];
    struct train_options options = {.steps = 4, .batch = batches[i], .rate = 0.1, .threads = 1};
    train(&trainings[0], &trial, options);
    for (options.threads = 2; options.threads <= 7; options.threads++) {
      train(&trainings[1], &trial, options);
      assert_same_params(&trainings[0], &trainings[1]);
      assert_int_equal(trainings[0].history.row_count, trainings[1].history.row_count);
      for (size_t row = 0; row < trainings[0].history.row_count; row++) {
        const struct train_row *one = &trainings[0].history.rows[row];
        const struct train_row *other = &trainings[1].history.rows[row];
        assert_true(same(one->train, other->train) && same(one->test, other->test));
      }
      train_done(&trainings[1]);
    }
    train_done(&trainings[0]);
  }
  done(&trial);
}

static void a_stopped_training_keeps_whole_steps(void **state) {
  (void)state;
  const struct train_options some = {.steps = 10000000, .rate = 0.01};
  const struct train_options batches = {.steps = 10000000, .batch = 60, .rate = 0.1};
  stop_trainings(lesson4, 20, 30, 20, some);
  stop_trainings(digits, 3, 5, 900, batches);
}

static void do_line(struct session *session, const char *line) {
  struct lines out;
  struct diag diag = {0};
  lines_init(&out);
  if (command_do(session, line, &out, &diag)) fail_msg("%s: %s", line, diag.message);
  lines_done(&out);
}

/* A training that was stopped in a session is part of what the session is: undone and done again it
 * gives the same bits, though nobody stops it then. */
static void a_stopped_training_is_replayed(void **state) {
  (void)state;
  char path[] = "/tmp/gradwalk-bits-XXXXXX.gw";
  int file = mkstemps(path, 3);
  assert_true(file >= 0);
  assert_int_equal(write(file, lesson4, sizeof lesson4 - 1), sizeof lesson4 - 1);
  close(file);
  struct session session;
  struct stop stop = {.after = 17};
  struct text open;
  session_init(&session, &command_interpreter);
  text_init(&open);
  text_printf(&open, "open %s", path);
  do_line(&session, text_string(&open));
  session.cancel = &stop.flag;
  session.progress = stop_after;
  session.progress_context = &stop;
  do_line(&session, "train steps=400 lr=0.05 momentum=0.5");
  session.cancel = NULL;
  session.progress = NULL;
  assert_string_equal(session.done->line,
                      "train steps=400 lr=0.05 momentum=0.5 steps=17");
  size_t bytes = session.model->built.size * sizeof(double);
  double *learnt = malloc(bytes);
  assert_non_null(learnt);
  memcpy(learnt, session.model->program.image, bytes);
  do_line(&session, "undo");
  assert_memory_not_equal(learnt, session.model->program.image, bytes);
  do_line(&session, "redo");
  assert_memory_equal(learnt, session.model->program.image, bytes);
  free(learnt);
  text_done(&open);
  session_done(&session);
  unlink(path);
}

/* Stops with the step and the first node that went wrong, before it moves a param. */
static void a_training_that_diverges_says_where(void **state) {
  (void)state;
  static const struct {
    const char *text, *bad;
    bool gradient;
  } cases[] = {{"param w = 2; data x = 3; y = w * x; z = y ^ 4; L = z * 2", "z", false},
               {"param w = 1; v = w * 1e-300; u = v ^ 0.001; L = u * 1e300 * 1e300", "L", false},
               {"param w = 0; L = sqrt(w)", "w", true}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct trial trial;
    struct training training;
    build(&trial, cases[i].text);
    train(&training, &trial, (struct train_options){.steps = 50, .rate = 1000});
    assert_true(training.history.diverged);
    assert_true(training.history.bad >= 0);
    assert_int_equal(training.history.bad_gradient, cases[i].gradient);
    if (strncmp(training.model.nodes[training.history.bad].name, cases[i].bad, 1) != 0)
      fail_msg("%s: %s", cases[i].text, training.model.nodes[training.history.bad].name);
    train_give_params(&training, &trial.model);
    for (size_t n = 0; n < trial.model.node_count; n++)
      if (trial.model.nodes[n].kind == NODE_PARAM)
        assert_true(isfinite(*program_image(&trial.model.program, trial.model.nodes[n].slot)));
    train_done(&training);
    done(&trial);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_sum_has_one_order),
      cmocka_unit_test(parts_of_a_sum_are_nodes_of_its_tree),
      cmocka_unit_test(a_part_reaches_its_terms),
      cmocka_unit_test(infinity_reaches_where_zero_does_not),
      cmocka_unit_test(sums_are_near_the_truth),
      cmocka_unit_test(every_kernel_agrees),
      cmocka_unit_test(vectors_agree_with_plain_loops),
      cmocka_unit_test(increments_are_the_full_loop),
      cmocka_unit_test(infinite_numbers_reach_what_they_reach),
      cmocka_unit_test(every_entry_of_the_digits),
      cmocka_unit_test(entries_come_by_the_sums_that_they_are_in),
      cmocka_unit_test(every_entry_of_random_models),
      cmocka_unit_test(every_entry_of_what_is_shipped),
      cmocka_unit_test(a_team_does_every_piece_once),
#ifdef __linux__
      cmocka_unit_test(members_keep_off_the_callers_processor),
      cmocka_unit_test(a_crowd_goes_where_it_likes),
      cmocka_unit_test(a_team_has_the_processors_that_we_may_use),
#endif
      cmocka_unit_test(phases_reach_over_what_is_between),
      cmocka_unit_test(phases_keep_what_is_written_twice),
      cmocka_unit_test(a_team_gives_the_same_bits),
      cmocka_unit_test(a_stopped_check_leaves_the_model),
      cmocka_unit_test(a_training_is_the_same_by_any_team),
      cmocka_unit_test(a_stopped_training_keeps_whole_steps),
      cmocka_unit_test(a_stopped_training_is_replayed),
      cmocka_unit_test(a_training_that_diverges_says_where),
  };
  if (getenv("GRADWALK_TEST_DATA")) setenv("GRADWALK_DATA", getenv("GRADWALK_TEST_DATA"), 1);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
