/* Protects what makes gradwalk fast from changing a bit of what it computes: kernels of every
 * instruction set against plain loops, the incremental numerical gradient against whole forward
 * passes, one thread against several; and stopping, which leaves params as they were. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "check/check.h"
#include "core/clone.h"
#include "core/memory.h"
#include "core/vector.h"
#include "io/loader.h"
#include "session/command.h"
#include "train/train.h"

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
  *trial = (struct trial){.source = {"trial", text, strlen(text), 1}};
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

/* The incremental gradient with OPTIONS by every instruction set, and with one to three threads,
 * against the full loop of the portable one. */
static void compare(const char *text, struct check_options options, void (*spoil)(struct model *)) {
  struct trial trial;
  build(&trial, text);
  if (spoil) spoil(&trial.model);
  enum clone best = clone_chosen;
  options.metrics_only = true;
  options.evaluate = EVALUATE_FULL;
  options.threads = 1;
  assert_true(clone_use(CLONE_PORTABLE));
  struct check full = check(&trial.model, options);
  options.evaluate = EVALUATE_INCREMENTAL;
  for (enum clone clone = CLONE_PORTABLE; clone < CLONE_COUNT; clone++)
    for (options.threads = 1; clone_use(clone) && options.threads <= 3; options.threads++) {
      struct check fast = check(&trial.model, options);
      assert_same_slopes(&full, &fast, clone_names[clone]);
      check_done(&fast);
    }
  clone_use(best);
  check_done(&full);
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

/* As the textbook has it: from 0, the terms in order. */
static double plain_sum(const struct call *call, bool turned, size_t i, size_t j) {
  const struct shape a = call->in[0].shape;
  size_t inner = call->in[1].shape.rows, cols = call->in[1].shape.cols;
  volatile double sum = 0;
  for (size_t k = 0; k < inner; k++) {
    volatile double product = call->in[0].values[turned ? k * a.cols + i : i * a.cols + k] *
                              call->in[1].values[k * cols + j];
    sum += product;
  }
  return sum;
}

static uint32_t draw_side(void) {
  return (uint32_t)(draw(4) == 0 ? 1 + draw(150) : 1 + draw(20));
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

static uint64_t *marks_of(const double *values, struct shape shape) {
  const size_t words = ((size_t)shape.cols + MARKS_WORD - 1) / MARKS_WORD;
  uint64_t *marks = calloc(words * shape.rows, sizeof *marks);
  assert_non_null(marks);
  for (size_t i = 0; i < shape.rows; i++)
    for (size_t j = 0; j < shape.cols; j++)
      if (values[i * shape.cols + j] != 0)
        marks[j / MARKS_WORD * shape.rows + i] |= (uint64_t)1 << j % MARKS_WORD;
  return marks;
}

static void try_matmul(enum clone clone, int op, bool wild) {
  const bool turned = op == OP_MATMUL_TRANSPOSED;
  struct shape a = {draw_side(), draw_side()}, b = {turned ? a.rows : a.cols, draw_side()};
  struct shape out = {turned ? a.cols : a.rows, b.cols};
  double *values[] = {draw_values(a, wild), draw_values(b, wild), draw_values(out, false)};
  struct call call = {.out = values[2], .shape = out, .in = {{values[0], a}, {values[1], b}}};
  struct rect part = draw_part(out);
  double *before = calloc(shape_count(out), sizeof *before);
  uint64_t *marks = marks_of(values[0], a);
  assert_non_null(before);
  memcpy(before, values[2], shape_count(out) * sizeof *before);
  if (!wild && draw(2)) call.finite = true;
  if (draw(2)) call.marks = marks;
  op_table[op].forward(&call, part);
  for (uint32_t i = 0; i < out.rows; i++)
    for (uint32_t j = 0; j < out.cols; j++) {
      bool inside = i >= part.row0 && i < part.row1 && j >= part.col0 && j < part.col1;
      size_t at = (size_t)i * out.cols + j;
      double expected = inside ? plain_sum(&call, turned, i, j) : before[at];
      if (!same(values[2][at], expected))
        fail_msg("%s, %s: %u x %u @ %u x %u at %u, %u: %a is not %a", op_table[op].name,
                 clone_names[clone], a.rows, a.cols, b.rows, b.cols, i, j, values[2][at], expected);
    }
  free(before), free(marks);
  for (int i = 0; i < 3; i++) free(values[i]);
}

static void every_matmul_adds_in_order(void **state) {
  (void)state;
  enum clone best = clone_chosen;
  for (enum clone clone = CLONE_PORTABLE; clone < CLONE_COUNT; clone++)
    for (int i = 0; clone_use(clone) && i < 3000; i++)
      try_matmul(clone, i % 2 ? OP_MATMUL : OP_MATMUL_TRANSPOSED, i % 3 == 0);
  clone_use(best);
}

/* Every other kernel gives the portable one's bits. */
static void every_kernel_agrees(void **state) {
  (void)state;
  enum clone best = clone_chosen;
  for (int id = 0; id < OP_COUNT; id++) {
    const struct op *op = &op_table[id];
    if (op->sizes > 0 || op->flags & OP_RANDOM || id == OP_MATMUL || id == OP_MATMUL_TRANSPOSED)
      continue;
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
    vector_from_bytes(values, bytes + 256 - count, count, NULL, 0);
    for (size_t i = 0; i < count; i++)
      assert_true(same(values[i], (double)bytes[256 - count + i] / 255.0));
  }
}

/* Bytes that replace others: all is as if it were new, but what is 0 and stays 0 is let alone. */
static void bytes_follow_their_marks(size_t count) {
  enum { MOST = 200, STEP = 3, ROUNDS = 8 };
  uint8_t bytes[MOST] = {0};
  double values[2 * MOST] = {0};
  uint64_t marks[STEP * (MOST / MARKS_WORD + 1)] = {0};
  for (size_t i = count; i < sizeof values / sizeof *values; i++) values[i] = 7;
  for (int round = 0; round < ROUNDS; round++) {
    const size_t first = draw(count), last = first + draw(count - first + 1);
    memset(bytes, 0, count);
    for (size_t i = first; i < last; i++) bytes[i] = draw(3) ? 0 : (uint8_t)draw(256);
    vector_from_bytes(values, bytes, count, marks, STEP);
    for (size_t i = 0; i < count; i++) {
      assert_true(same(values[i], (double)bytes[i] / 255.0));
      assert_int_equal(marks[i / MARKS_WORD * STEP] >> i % MARKS_WORD & 1, bytes[i] != 0);
    }
    for (size_t i = 1; i < sizeof marks / sizeof *marks; i++)
      if (i % STEP != 0) assert_int_equal(marks[i], 0);
    for (size_t i = count; i < sizeof values / sizeof *values; i++) assert_true(same(values[i], 7));
  }
}

static void zeros_that_stay_are_not_touched(void) {
  enum { COUNT = 192, AT = 100, NEAR = 16 };
  uint8_t bytes[COUNT] = {[AT] = 51};
  double values[COUNT];
  uint64_t marks[COUNT / MARKS_WORD] = {0};
  for (int i = 0; i < COUNT; i++) values[i] = 7; /* as no zero is */
  vector_from_bytes(values, bytes, COUNT, marks, 1);
  for (int i = 0; i < COUNT; i++)
    assert_true(same(values[i], i == AT ? 0.2 : i / NEAR == AT / NEAR ? 0.0 : 7.0));
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
    zeros_that_stay_are_not_touched();
    for (size_t count = 1; count <= 200; count++) bytes_follow_their_marks(count);
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

/* A member has its own columns, and no use for others. */
static void deal_columns(struct run *run, int slot, int members) {
  const struct shape shape = run->program->slots[slot].shape;
  assert_int_equal(run_mark(run, slot, members), STATUS_OK);
  for (int piece = 0; piece < members; piece++) {
    const struct stripe own = stripe_of(shape.cols, piece, members);
    double *values = run_marked(run, piece);
    for (size_t i = 0; i < shape.rows; i++)
      for (size_t j = 0; j < shape.cols; j++)
        if (j < own.first || j >= own.last) values[i * shape.cols + j] = (double)NAN;
  }
}

/* Products whose weights are shared out, where the members follow each other through the sums: with
 * sides that no stripe divides, zeros among the terms and, where they are WILD, numbers that are not
 * finite. In every other round the first operand is dealt out. */
static void run_by_teams(bool wild) {
  static const char text[] =
      "seed 3; data X = relu(randn(37, 421)); data T = randn(37, 9)\n"
      "param W = randn(421, 31); param b = randn(1, 31); param V = randn(31, 9)\n"
      "y = relu(X @ W + b) @ V\nL = sum((y - T)^2)";
  struct trial trial;
  build(&trial, text);
  const struct program *program = &trial.model.program;
  struct run alone, team;
  struct bands bands[2];
  assert_int_equal(run_init(&alone, program, &trial.model.random, PRECISION_DOUBLE), STATUS_OK);
  const struct node *weights = &trial.model.nodes[model_find(&trial.model, "W")];
  const int x = trial.model.nodes[model_find(&trial.model, "X")].slot;
  const size_t x_bytes = shape_count(program->slots[x].shape) * sizeof(double);
  if (wild) run_values(&alone, weights->slot)[31 * 50 + 7] = (double)INFINITY;
  assert_int_equal(run_copy(&team, &alone), STATUS_OK);
  run_code(&alone, &program->forward, 0);
  run_code(&alone, &program->backward, 0);
  assert_int_equal(bands_init(&bands[0], &team, &program->forward, 2000), STATUS_OK);
  assert_int_equal(bands_init(&bands[1], &team, &program->backward, 2000), STATUS_OK);
  assert_int_equal(bands[0].stretches[0].sharing, SHARE_TERMS);
  assert_true(bands_deal(&bands[0], x) && bands_deal(&bands[1], x));
  assert_false(bands_deal(&bands[0], weights->slot));
  for (int members = 1; members <= 6; members++) {
    struct team *workers = team_new(members);
    assert_non_null(workers);
    for (int round = 0; round < 40; round++) {
      for (size_t i = 0; i < program->forward.count; i++) spoil(&team, program->forward.items[i].out);
      for (size_t i = 0; i < program->backward.count; i++)
        spoil(&team, program->backward.items[i].out);
      memcpy(run_values(&team, x), run_values(&alone, x), x_bytes);
      if (round % 2) deal_columns(&team, x, members);
      bands_run(&bands[0], workers, &team);
      bands_run(&bands[1], workers, &team);
      memcpy(run_values(&team, x), run_values(&alone, x), x_bytes);
      free(team.marks);
      team.marks = NULL;
      for (size_t i = 0; i < program->size; i++) assert_true(same(alone.values[i], team.values[i]));
    }
    team_free(workers);
  }
  bands_done(&bands[0]), bands_done(&bands[1]);
  run_done(&alone), run_done(&team);
  done(&trial);
}

/* How the network of lesson 5 is cut up for batches of 100: a rule that stands between others and
 * does not go along with them keeps them no more apart than it has to. */
static void stretches_reach_over_what_is_between(void **state) {
  (void)state;
  static const char text[] =
      "seed 3; data X = relu(randn(100, 784)); data T = randn(100, 10)\n"
      "param W1 = randn(784, 50); param b1 = randn(1, 50)\n"
      "param W2 = randn(50, 10); param b2 = randn(1, 10)\n"
      "L = softmax_with_loss(affine(relu(affine(X, W1, b1)), W2, b2), T)";
  static const struct {
    enum op_id first, last;
    enum sharing sharing;
  } expected[] = {{OP_TRANSPOSE, OP_TRANSPOSE, SHARE_NOTHING},
                  {OP_SUB, OP_MUL, SHARE_ROWS}, /* from p - t through dA2 @ W2.T to relu's rule */
                  {OP_MATMUL_TRANSPOSED, OP_MATMUL_TRANSPOSED, SHARE_ROWS},
                  {OP_SUM, OP_SUM, SHARE_NOTHING},
                  {OP_MATMUL_TRANSPOSED, OP_MATMUL_TRANSPOSED, SHARE_ROWS}};
  struct trial trial;
  struct bands bands;
  struct run run;
  build(&trial, text);
  const struct program *program = &trial.model.program;
  assert_int_equal(run_init(&run, program, &trial.model.random, PRECISION_DOUBLE), STATUS_OK);
  assert_int_equal(bands_init(&bands, &run, &program->backward, 30000), STATUS_OK);
  assert_int_equal(bands.code.count, program->backward.count);
  assert_int_equal(bands.count, sizeof expected / sizeof *expected);
  for (size_t i = 0; i < bands.count; i++) {
    const struct stretch *stretch = &bands.stretches[i];
    assert_int_equal(stretch->sharing, expected[i].sharing);
    assert_int_equal(bands.code.items[stretch->first].op, expected[i].first);
    assert_int_equal(bands.code.items[stretch->last - 1].op, expected[i].last);
  }
  bands_done(&bands);
  run_done(&run);
  done(&trial);
}

static struct instr instr_of(enum op_id op, int out, int a) {
  return (struct instr){.op = op, .out = out, .in = {a, a}, .axis = AXIS_ALL};
}

/* No model writes a slot twice, but a program may: what reads the old number comes first, and the
 * last to write is the last. */
static void stretches_keep_what_is_written_twice(void **state) {
  enum { SIDE = 8, SLOTS = 5 };
  (void)state;
  const struct random random = {0};
  struct program program;
  struct bands bands;
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
  assert_int_equal(bands_init(&bands, &team, &program.forward, 1), STATUS_OK);
  assert_true(bands.count < sizeof items / sizeof *items);
  struct team *workers = team_new(2);
  assert_non_null(workers);
  run_code(&alone, &program.forward, 0);
  bands_run(&bands, workers, &team);
  for (size_t i = 0; i < program.size; i++) assert_true(same(alone.values[i], team.values[i]));
  team_free(workers);
  bands_done(&bands);
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

/* The members each have their columns of the examples and know the zeros, unless a rule wants them
 * whole: then nobody knows anything of what is computed from them. */
static void examples_are_the_same_dealt_and_whole(void **state) {
  (void)state;
  static const char whole[] =
      "seed 0; data X, T = mnist(3); param W1 = 0.01 * randn(784, 50); param b1 = zeros(1, 50)\n"
      "param W2 = 0.01 * randn(50, 10); param b2 = zeros(1, 10); Z = X * 1\n"
      "L = softmax_with_loss(affine(relu(affine(Z, W1, b1)), W2, b2), T)";
  struct trial trials[2];
  build(&trials[0], digits), build(&trials[1], whole);
  for (int threads = 1; threads <= 7; threads++) {
    struct training trainings[2];
    for (int i = 0; i < 2; i++)
      train(&trainings[i], &trials[i],
            (struct train_options){.steps = 4, .batch = 70, .rate = 0.1, .threads = threads});
    assert_same_params(&trainings[0], &trainings[1]);
    for (size_t row = 0; row < trainings[0].history.row_count; row++) {
      assert_true(same(trainings[0].history.rows[row].train, trainings[1].history.rows[row].train));
      assert_true(same(trainings[0].history.rows[row].test, trainings[1].history.rows[row].test));
    }
    assert_true((trainings[0].run.apart != NULL) == (threads > 1 && threads < 7));
    assert_null(trainings[1].run.apart);
    train_done(&trainings[0]), train_done(&trainings[1]);
  }
  done(&trials[0]), done(&trials[1]);
}

static void a_stopped_training_keeps_whole_steps(void **state) {
  (void)state;
  const struct train_options some = {.steps = 10000000, .rate = 0.01};
  const struct train_options batches = {.steps = 10000000, .batch = 60, .rate = 0.1};
  stop_trainings(lesson4, 20, 30, 20, some);
  stop_trainings(digits, 3, 5, 900, batches);
}

static void do_line(struct session *session, const char *line) {
  struct text out;
  struct diag diag = {0};
  text_init(&out);
  if (command_do(session, line, &out, &diag)) fail_msg("%s: %s", line, diag.message);
  text_done(&out);
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
  session_init(&session);
  text_init(&open);
  text_printf(&open, "open %s", path);
  do_line(&session, text_string(&open));
  session.cancel = &stop.flag;
  session.progress = stop_after;
  session.progress_context = &stop;
  do_line(&session, "train steps=400 lr=0.05 momentum=0.5");
  session.cancel = NULL;
  session.progress = NULL;
  assert_string_equal(session.log[session.log_done - 1],
                      "train steps=400 lr=0.05 momentum=0.5 steps=17");
  size_t bytes = session.model.built.size * sizeof(double);
  double *learnt = malloc(bytes);
  assert_non_null(learnt);
  memcpy(learnt, session.model.program.image, bytes);
  do_line(&session, "undo");
  assert_memory_not_equal(learnt, session.model.program.image, bytes);
  do_line(&session, "redo");
  assert_memory_equal(learnt, session.model.program.image, bytes);
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
      cmocka_unit_test(every_matmul_adds_in_order),
      cmocka_unit_test(every_kernel_agrees),
      cmocka_unit_test(vectors_agree_with_plain_loops),
      cmocka_unit_test(increments_are_the_full_loop),
      cmocka_unit_test(infinite_numbers_reach_what_they_reach),
      cmocka_unit_test(every_entry_of_the_digits),
      cmocka_unit_test(a_team_does_every_piece_once),
#ifdef __linux__
      cmocka_unit_test(members_keep_off_the_callers_processor),
      cmocka_unit_test(a_crowd_goes_where_it_likes),
      cmocka_unit_test(a_team_has_the_processors_that_we_may_use),
#endif
      cmocka_unit_test(stretches_reach_over_what_is_between),
      cmocka_unit_test(stretches_keep_what_is_written_twice),
      cmocka_unit_test(a_team_gives_the_same_bits),
      cmocka_unit_test(a_stopped_check_leaves_the_model),
      cmocka_unit_test(examples_are_the_same_dealt_and_whole),
      cmocka_unit_test(a_stopped_training_keeps_whole_steps),
      cmocka_unit_test(a_stopped_training_is_replayed),
      cmocka_unit_test(a_training_that_diverges_says_where),
  };
  if (getenv("GRADWALK_TEST_DATA")) setenv("GRADWALK_DATA", getenv("GRADWALK_TEST_DATA"), 1);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
