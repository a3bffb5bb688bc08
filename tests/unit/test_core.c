/* Protects src/core: NumPy's random numbers to the last bit, the rows of op.def against naive
 * formulas (a row without one has its examples, in test_rules.c), each in part as in whole, the
 * rectangles that the incremental gradient trusts, rounding to the small formats, and text that can
 * do a terminal no harm. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/kernels.h"
#include "core/program.h"
#include "core/text.h"
#include "plain_order.h"

#include <ctype.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* The tests' own choices come from a generator that is not the one under test. */
static uint64_t choice_state = 88172645463325252u;

static uint64_t choice(void) { /* xorshift64 */
  choice_state ^= choice_state << 13;
  choice_state ^= choice_state >> 7;
  choice_state ^= choice_state << 17;
  return choice_state;
}

static uint32_t choose(uint32_t below) {
  return (uint32_t)(choice() >> 33) % below;
}

static double choose_double(void) { /* in (-3, 3), never 0 */
  return (double)(int64_t)(choice() | 1) * 0x3p-63;
}

static uint64_t bits_of(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static double from_bits(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* The same bits; every NaN is like every other. */
static bool same(double a, double b) {
  return bits_of(a) == bits_of(b) || (isnan(a) && isnan(b));
}

#define assert_same(is, wanted) check_same((is), (wanted), __FILE__, __LINE__)
static void check_same(double is, double wanted, const char *file, int line) {
  if (same(is, wanted)) return;
  print_error("%.17g is not %.17g\n", is, wanted);
  _fail(file, line);
}

/* -- random numbers: numbers from numpy 1.24.2, RandomState(seed) -- */

static const struct {
  uint32_t seed;
  uint32_t bits[6];   /* draws 0, 1, 2, 623, 624, 9999 */
  double uniforms[6]; /* rand: draws 0, 1, 2, 311, 312, 1999 */
  double normals[7];  /* randn: draws 0 to 4, 1998, 1999 */
} numpy[] = {
    {0u,
     {2357136044u, 2546248239u, 3071714933u, 3791854820u, 341544762u, 1543171712u},
     {0.54881350392732475, 0.71518936637241948, 0.60276337607164387, 0.14694664540037505,
      0.079522082586755749, 0.50177313069994522},
     {1.764052345967664, 0.40015720836722329, 0.9787379841057392, 2.2408931992014578,
      1.8675579901499675, -1.1419014192038466, -1.3109703704412123}},
    {1u,
     {1791095845u, 4282876139u, 3093770124u, 2006116153u, 1104314680u, 1237896635u},
     {0.417022004702574, 0.7203244934421581, 0.00011437481734488664, 0.90963552495155708,
      0.25711829378219619, 0.94672826960795242},
     {1.6243453636632417, -0.61175641365007538, -0.5281717522634557, -1.0729686221561705,
      0.86540762932467852, 0.64737511585140617, 1.3868255939410441}},
    {42u,
     {1608637542u, 3421126067u, 4083286876u, 1077437785u, 108880612u, 1399405940u},
     {0.37454011884736249, 0.95071430640991617, 0.73199394181140509, 0.078456381342265957,
      0.025350743415457511, 0.28218707469320015},
     {0.49671415301123267, -0.13826430117118466, 0.64768853810069249, 1.5230298564080254,
      -0.23415337472333597, -0.16306696394376388, -0.74490264480644908}},
    {123456789u,
     {2288500408u, 4254805660u, 2294099250u, 1148743113u, 3380185163u, 4147794090u},
     {0.53283302478975902, 0.53413660089041659, 0.50955303552646702, 0.59083596071200517,
      0.78701068710833888, 0.00013597396049191968},
     {2.2129019979039612, 2.1283977976520019, 1.8417114045748335, 0.082382479514061524,
      0.85896367956460296, -0.22899358080968379, 0.67994678366011241}},
    {4294967295u,
     {419326371u, 479346978u, 3918654476u, 1027084080u, 3860652269u, 1117955853u},
     {0.097632028994013798, 0.91238284530262181, 0.78903530185163995, 0.2845819535787153,
      0.89887815082877998, 0.17947030169391298},
     {0.64840867423065274, 0.66932353063381611, -1.0805437227474493, 0.28450104479863092,
      0.11388773652167104, -1.2697262971462553, 1.4450975481204069}},
};

static void random_bits_are_numpys(void **state) {
  (void)state;
  const int places[] = {0, 1, 2, 623, 624, 9999};
  for (size_t s = 0; s < COUNT_OF(numpy); s++) {
    struct random random;
    random_seed(&random, numpy[s].seed);
    for (int i = 0, at = 0; at < 6; i++) {
      uint32_t bits = random_bits(&random);
      if (i == places[at]) assert_int_equal(bits, numpy[s].bits[at++]);
    }
  }
}

static void random_uniforms_are_numpys(void **state) {
  (void)state;
  const int places[] = {0, 1, 2, 311, 312, 1999};
  for (size_t s = 0; s < COUNT_OF(numpy); s++) {
    struct random random;
    random_seed(&random, numpy[s].seed);
    for (int i = 0, at = 0; at < 6; i++) {
      double value = random_uniform(&random);
      assert_true(value >= 0 && value < 1);
      if (i == places[at]) assert_same(value, numpy[s].uniforms[at++]);
    }
  }
}

static void random_normals_are_numpys(void **state) {
  (void)state;
  const int places[] = {0, 1, 2, 3, 4, 1998, 1999};
  for (size_t s = 0; s < COUNT_OF(numpy); s++) {
    struct random random;
    random_seed(&random, numpy[s].seed);
    for (int i = 0, at = 0; at < 7; i++) {
      double value = random_normal(&random);
      if (i == places[at]) assert_same(value, numpy[s].normals[at++]);
    }
  }
}

/* The second deviate of a pair waits while uniforms are drawn, as NumPy's does. */
static void random_keeps_the_spare_deviate(void **state) {
  (void)state;
  struct random random, fork;
  random_seed(&random, 7);
  assert_same(random_normal(&random), 1.690525703800356);
  assert_same(random_uniform(&random), 0.97798951199660267);
  fork = random;
  assert_same(random_normal(&random), -0.46593737054083278);
  assert_same(random_normal(&random), 0.093166060979751747);
  assert_same(random_uniform(&random), 0.072051133359761543);
  assert_same(random_normal(&fork), -0.46593737054083278);
  random_normal(&random);
  random_seed(&random, 7); /* and seeding throws it away */
  assert_same(random_normal(&random), 1.690525703800356);
}

/* -- the op table -- */

static void op_rows_are_complete(void **state) {
  (void)state;
  for (int i = 0; i < OP_COUNT; i++) {
    const struct op *op = &op_table[i];
    assert_non_null(op->name);
    assert_non_null(op->forward);
    assert_true(op->help && *op->help);
    assert_true(op->arity >= 0 && op->arity <= MAX_OPERANDS && op->sizes >= 0 && op->sizes <= 2);
    assert_true((op->shape != NULL) != (op->sizes > 0));
    assert_true((op->arity > 0) == (op->shape != NULL));
    assert_true((op->touch != NULL) == (op->arity > 0));
    bool written = op->form == FORM_INFIX || op->form == FORM_PREFIX;
    assert_true((op->precedence > 0) == written);
    assert_true((op->symbol != NULL) == (written || op->form == FORM_POSTFIX));
    if (op->right) assert_int_equal(op->form, FORM_INFIX);
    for (int r = op->arity; r < MAX_OPERANDS; r++) assert_null(op->rules[r]);
    for (int r = 0; r < MAX_OPERANDS; r++)
      if (op->rules_at_zero[r]) assert_true(op->arity == 2 && op->rules[r]);
  }
}

static void op_names_and_symbols_are_unique(void **state) {
  (void)state;
  for (int i = 0; i < OP_COUNT; i++) {
    const struct op *op = &op_table[i];
    for (int j = 0; j < i; j++) {
      assert_string_not_equal(op->name, op_table[j].name);
      if (op->symbol && op_table[j].symbol && op->form == op_table[j].form)
        assert_string_not_equal(op->symbol, op_table[j].symbol);
    }
    int found = op_find(op->name, strlen(op->name));
    assert_int_equal(found, op->form == FORM_CALL ? i : -1);
    if (op->symbol)
      assert_int_equal(op_find_symbol(op->symbol, strlen(op->symbol), op->form), i);
  }
  assert_int_equal(op_find("ex", 2), -1);
  assert_int_equal(op_find("expo", 4), -1);
  assert_int_equal(op_find("", 0), -1);
  assert_int_equal(op_find_symbol("<=>", 3, FORM_INFIX), -1);
}

/* Infix operators of one precedence must group the same way, or "a - b ^ c" could not be read. */
static void op_precedences_agree(void **state) {
  (void)state;
  for (int i = 0; i < OP_COUNT; i++)
    for (int j = 0; j < i; j++)
      if (op_table[i].form == FORM_INFIX && op_table[j].form == FORM_INFIX &&
          op_table[i].precedence == op_table[j].precedence) {
        assert_int_equal(op_table[i].right, op_table[j].right);
        assert_int_equal(op_table[i].branches != NULL, op_table[j].branches != NULL);
      }
}

/* The names of a rule: a, b, out, dout and functions of the table. */
static void assert_speaks_of_operands(const char *rule, int arity) {
  static const char *const names[] = {"a", "b", "out", "dout"};
  bool upstream = false;
  for (const char *at = rule; *at;) {
    size_t length = 0, known = 0;
    while (isalpha((unsigned char)at[length]) || at[length] == '_') length++;
    if (length == 0 || (at[0] == 'T' && at > rule && at[-1] == '.')) {
      at += length > 0 ? length : 1;
      continue;
    }
    while (known < COUNT_OF(names) &&
           (strlen(names[known]) != length || memcmp(names[known], at, length) != 0))
      known++;
    if (at[length] == '(') assert_true(op_find(at, length) >= 0);
    else assert_true(known < COUNT_OF(names));
    if (known == 1) assert_int_equal(arity, 2);
    upstream = upstream || known == 3;
    at += length;
  }
  assert_true(upstream);
}

static void op_rules_speak_of_operands_only(void **state) {
  (void)state;
  for (int i = 0; i < OP_COUNT; i++)
    for (int r = 0; r < op_table[i].arity; r++) {
      const struct op *op = &op_table[i];
      if (op->rules[r]) assert_speaks_of_operands(op->rules[r], op->arity);
      if (op->rules_at_zero[r]) assert_speaks_of_operands(op->rules_at_zero[r], op->arity);
    }
}

/* -- forward kernels against formulas that share nothing with them -- */

enum { MAX_SIDE = 9, GUARD = 8 };

/* One application with room around its output, where nothing may be written. */
struct trial {
  struct call call;
  double in[MAX_OPERANDS][MAX_SIDE * MAX_SIDE];
  double out[GUARD + MAX_SIDE * MAX_SIDE + GUARD];
  struct random random;
};

static const uint64_t untouched = 0x7ff4dead0000beefu; /* a NaN nobody computes */

static void clear_output(struct trial *trial) {
  for (size_t i = 0; i < COUNT_OF(trial->out); i++) trial->out[i] = from_bits(untouched);
}

static void random_operand(struct trial *trial, int which, uint32_t rows, uint32_t cols) {
  trial->call.in[which] = (struct operand){trial->in[which], {rows, cols}};
  for (size_t i = 0; i < MAX_SIDE * MAX_SIDE; i++) {
    double value = choose_double();
    if (choose(4) == 0) value = round(value); /* ties, zeros, negative zeros */
    trial->in[which][i] = value;
  }
}

/* Random operands that fit OP, and the output's shape. */
static void make_trial(struct trial *trial, int op) {
  const struct op *row = &op_table[op];
  uint32_t rows = 1 + choose(MAX_SIDE), cols = 1 + choose(MAX_SIDE), inner = 1 + choose(MAX_SIDE);
  *trial = (struct trial){.call = {.axis = AXIS_ALL}};
  random_seed(&trial->random, (uint32_t)choice());
  trial->call.random = &trial->random;
  trial->call.out = trial->out + GUARD;
  if (row->flags & OP_AXIS) trial->call.axis = (int)choose(3) - 1;
  if (op == OP_MATMUL || op == OP_MATMUL_TRANSPOSED) {
    const bool turned = op == OP_MATMUL_TRANSPOSED;
    random_operand(trial, 0, turned ? inner : rows, turned ? rows : inner);
    random_operand(trial, 1, inner, cols);
  } else {
    for (int i = 0; i < row->arity; i++)
      random_operand(trial, i, row->arity == 2 && choose(3) == 0 ? 1 : rows,
                     row->arity == 2 && choose(3) == 0 ? 1 : cols);
  }
  if (op == OP_EYE) rows = cols;
  trial->call.shape = (struct shape){rows, cols};
  if (row->flags & OP_PLACE) trial->call.axis = (int)choose(rows * cols);
  if (row->shape) {
    const struct shape shapes[] = {trial->call.in[0].shape, trial->call.in[1].shape};
    assert_true(row->shape(shapes, trial->call.axis, &trial->call.shape));
  }
  clear_output(trial);
}

/* Entry i, j of an operand as broadcasting reads it. */
static double entry(const struct trial *trial, int which, uint32_t i, uint32_t j) {
  struct shape shape = trial->call.in[which].shape;
  return trial->in[which][(i % shape.rows) * shape.cols + j % shape.cols];
}

static double larger(double a, double b) {
  return isnan(a) || isnan(b) ? (double)NAN : a > b ? a : b;
}

static double naive_matmul(const struct trial *trial, bool turned, uint32_t i, uint32_t j) {
  uint32_t cols = trial->call.in[0].shape.cols;
  double sum = 0;
  for (uint32_t k = 0; k < trial->call.in[1].shape.rows; k++)
    sum += trial->in[0][turned ? k * cols + i : i * cols + k] *
           trial->in[1][k * trial->call.in[1].shape.cols + j];
  return sum;
}

static double naive_sum(const struct trial *trial, uint32_t i, uint32_t j) {
  struct shape shape = trial->call.in[0].shape;
  double terms[MAX_SIDE * MAX_SIDE];
  size_t count = 0;
  for (uint32_t r = 0; r < shape.rows; r++)
    for (uint32_t c = 0; c < shape.cols; c++)
      if ((trial->call.axis != AXIS_ACROSS || r == i) && (trial->call.axis != AXIS_DOWN || c == j))
        terms[count++] = trial->in[0][r * shape.cols + c];
  return plain_order(terms, count);
}

static double naive_rowmax(const struct trial *trial, uint32_t i) {
  struct shape shape = trial->call.in[0].shape;
  double most = trial->in[0][i * shape.cols];
  for (uint32_t c = 1; c < shape.cols; c++)
    most = larger(most, trial->in[0][i * shape.cols + c]);
  return most;
}

/* What the row says it computes, entry by entry, to the bit; UNTOUCHED where there is no formula. A
 * row needs none: its examples (test_rules.c) say the same to ten digits. */
static double naive(const struct trial *trial, int op, uint32_t i, uint32_t j) {
  double a = op_table[op].arity > 0 ? entry(trial, 0, i, j) : 0;
  double b = op_table[op].arity > 1 ? entry(trial, 1, i, j) : 0;
  switch (op) {
    case OP_ADD: return a + b;
    case OP_SUB: return a - b;
    case OP_MUL: return a * b;
    case OP_DIV: return a / b;
    case OP_POW: return pow(a, b);
    case OP_MAX: return larger(a, b);
    case OP_MIN: return -larger(-a, -b);
    case OP_LESS: return a < b ? 1 : 0;
    case OP_LESS_EQUAL: return a <= b ? 1 : 0;
    case OP_GREATER: return a > b ? 1 : 0;
    case OP_GREATER_EQUAL: return a >= b ? 1 : 0;
    case OP_EQUAL: return a == b ? 1 : 0;
    case OP_NOT_EQUAL: return a != b ? 1 : 0;
    case OP_NEG: return -a;
    case OP_EXP: return exp(a);
    case OP_LOG: return log(a);
    case OP_SQRT: return sqrt(a);
    case OP_ABS: return fabs(a);
    case OP_SIN: return sin(a);
    case OP_COS: return cos(a);
    case OP_TANH: return tanh(a);
    case OP_COPY: return a;
    case OP_MATMUL: return naive_matmul(trial, false, i, j);
    case OP_MATMUL_TRANSPOSED: return naive_matmul(trial, true, i, j);
    case OP_TRANSPOSE: return trial->in[0][j * trial->call.in[0].shape.cols + i];
    case OP_SUM: return naive_sum(trial, i, j);
    case OP_ROWMAX: return naive_rowmax(trial, i);
    case OP_ROWS: return trial->call.in[0].shape.rows;
    case OP_COLS: return trial->call.in[0].shape.cols;
    case OP_ZEROS: return 0;
    case OP_ONES: return 1;
    case OP_EYE: return i == j ? 1 : 0;
    case OP_UNIT: return (int)(i * trial->call.shape.cols + j) == trial->call.axis ? 1 : 0;
    default: return from_bits(untouched);
  }
}

/* The shape that the naive formulas have. */
static struct shape naive_shape(const struct trial *trial, int op) {
  struct shape a = trial->call.in[0].shape, b = trial->call.in[1].shape;
  switch (op) {
    case OP_MATMUL: return (struct shape){a.rows, b.cols};
    case OP_MATMUL_TRANSPOSED: return (struct shape){a.cols, b.cols};
    case OP_TRANSPOSE: return (struct shape){a.cols, a.rows};
    case OP_ROWMAX: return (struct shape){a.rows, 1};
    case OP_ROWS:
    case OP_COLS: return (struct shape){1, 1};
    case OP_SUM:
      return (struct shape){trial->call.axis == AXIS_ACROSS ? a.rows : 1,
                            trial->call.axis == AXIS_DOWN ? a.cols : 1};
    default: break;
  }
  if (op_table[op].arity == 0) return trial->call.shape;
  if (op_table[op].arity == 1) return a;
  return (struct shape){a.rows > b.rows ? a.rows : b.rows, a.cols > b.cols ? a.cols : b.cols};
}

/* Like same(), except that a largest or smallest of +0 and -0 may be either. */
static bool agrees(int op, double is, double wanted) {
  bool picks = op == OP_MAX || op == OP_MIN || op == OP_ROWMAX;
  return same(is, wanted) || (picks && is == wanted);
}

static void forward_agrees_with_naive_loops(void **state) {
  (void)state;
  for (int op = 0; op < OP_COUNT; op++)
    for (int round = 0; round < 200 && !(op_table[op].flags & OP_RANDOM); round++) {
      struct trial trial;
      make_trial(&trial, op);
      if (bits_of(naive(&trial, op, 0, 0)) == untouched) break;
      assert_true(shape_equal(trial.call.shape, naive_shape(&trial, op)));
      op_table[op].forward(&trial.call, shape_rect(trial.call.shape));
      for (uint32_t i = 0; i < trial.call.shape.rows; i++)
        for (uint32_t j = 0; j < trial.call.shape.cols; j++) {
          double is = trial.call.out[i * trial.call.shape.cols + j];
          if (!agrees(op, is, naive(&trial, op, i, j)))
            fail_msg("%s: %.17g is not %.17g at %u, %u", op_table[op].name, is,
                     naive(&trial, op, i, j), i, j);
        }
    }
}

/* An entry of an elementwise row is what the row makes of the operands' entries alone. */
static void elementwise_entries_stand_alone(void **state) {
  (void)state;
  for (int op = 0; op < OP_COUNT; op++)
    for (int round = 0; round < 20 && op_table[op].touch == touch_elementwise; round++) {
      struct trial trial;
      make_trial(&trial, op);
      op_table[op].forward(&trial.call, shape_rect(trial.call.shape));
      for (uint32_t i = 0; i < trial.call.shape.rows; i++)
        for (uint32_t j = 0; j < trial.call.shape.cols; j++) {
          double a = entry(&trial, 0, i, j), out;
          double b = op_table[op].arity > 1 ? entry(&trial, 1, i, j) : 0;
          struct call one = {.out = &out, .shape = {1, 1}, .in = {{&a, {1, 1}}, {&b, {1, 1}}}};
          op_table[op].forward(&one, shape_rect(one.shape));
          assert_same(trial.call.out[i * trial.call.shape.cols + j], out);
        }
    }
}

static void random_kernels_draw_in_row_major_order(void **state) {
  (void)state;
  double out[6];
  struct random random;
  struct call call = {.out = out, .shape = {2, 3}, .random = &random};
  random_seed(&random, 1);
  op_table[OP_RANDN].forward(&call, shape_rect(call.shape));
  for (int i = 0; i < 5; i++) assert_same(out[i], numpy[1].normals[i]);
  random_seed(&random, 1);
  op_table[OP_RAND].forward(&call, shape_rect(call.shape));
  for (int i = 0; i < 3; i++) assert_same(out[i], numpy[1].uniforms[i]);
}

static bool inside(struct rect part, uint32_t i, uint32_t j) {
  return i >= part.row0 && i < part.row1 && j >= part.col0 && j < part.col1;
}

static struct rect choose_part(struct shape shape) {
  struct rect part = {choose(shape.rows), 0, choose(shape.cols), 0};
  part.row1 = part.row0 + 1 + choose(shape.rows - part.row0);
  part.col1 = part.col0 + 1 + choose(shape.cols - part.col0);
  return part;
}

/* Outside PART and around the output every entry is as it was. */
static void check_untouched(const struct trial *trial, int op, struct rect part) {
  size_t count = shape_count(trial->call.shape);
  for (size_t at = 0; at < COUNT_OF(trial->out); at++) {
    uint32_t i = (uint32_t)((at - GUARD) / trial->call.shape.cols);
    uint32_t j = (uint32_t)((at - GUARD) % trial->call.shape.cols);
    bool output = at >= GUARD && at - GUARD < count;
    if (!(output && inside(part, i, j)) && bits_of(trial->out[at]) != untouched)
      fail_msg("%s wrote at %zu, outside rows %u to %u, columns %u to %u", op_table[op].name,
               at - GUARD, part.row0, part.row1, part.col0, part.col1);
  }
}

static void a_part_equals_the_same_part_of_the_whole(void **state) {
  (void)state;
  for (int op = 0; op < OP_COUNT; op++)
    for (int round = 0; round < 300; round++) {
      struct trial trial;
      double whole[MAX_SIDE * MAX_SIDE];
      make_trial(&trial, op);
      size_t count = shape_count(trial.call.shape);
      op_table[op].forward(&trial.call, shape_rect(trial.call.shape));
      check_untouched(&trial, op, shape_rect(trial.call.shape));
      memcpy(whole, trial.call.out, count * sizeof *whole);
      clear_output(&trial);
      struct rect part = choose_part(trial.call.shape);
      op_table[op].forward(&trial.call, part);
      check_untouched(&trial, op, part);
      for (size_t at = 0; at < count; at++) {
        uint32_t i = (uint32_t)at / trial.call.shape.cols;
        uint32_t j = (uint32_t)at % trial.call.shape.cols;
        if (!inside(part, i, j)) continue;
        if (op_table[op].flags & OP_RANDOM)
          assert_true(bits_of(trial.call.out[at]) != untouched); /* its draws come in order */
        else
          assert_int_equal(bits_of(trial.call.out[at]), bits_of(whole[at]));
      }
    }
}

static void an_empty_part_writes_nothing(void **state) {
  (void)state;
  for (int op = 0; op < OP_COUNT; op++)
    for (int round = 0; round < 30; round++) {
      struct trial trial;
      make_trial(&trial, op);
      struct rect part = shape_rect(trial.call.shape);
      if (round % 3 != 1) part.row0 = part.row1 = choose(part.row1);
      if (round % 3 != 0) part.col0 = part.col1 = choose(part.col1);
      op_table[op].forward(&trial.call, part);
      check_untouched(&trial, op, part);
    }
}

/* kernels.c: "an elementwise kernel may write over an operand of the output's own shape". */
static void elementwise_kernels_may_write_over_an_operand(void **state) {
  (void)state;
  for (int op = OP_ADD; op <= OP_COPY; op++)
    for (int round = 0; round < 20; round++) {
      struct trial trial;
      make_trial(&trial, op);
      int which = (int)choose((uint32_t)op_table[op].arity);
      if (!shape_equal(trial.call.in[which].shape, trial.call.shape)) continue;
      op_table[op].forward(&trial.call, shape_rect(trial.call.shape));
      size_t bytes = shape_count(trial.call.shape) * sizeof(double);
      double wanted[MAX_SIDE * MAX_SIDE];
      memcpy(wanted, trial.call.out, bytes);
      trial.call.out = trial.in[which];
      op_table[op].forward(&trial.call, shape_rect(trial.call.shape));
      for (size_t i = 0; i < bytes / sizeof(double); i++) assert_same(trial.call.out[i], wanted[i]);
    }
}

/* 1e16 + 1 is 1e16: only the order 1e16, 1, -1e16 gives 0 from the left. */
static void sums_run_in_rising_order(void **state) {
  (void)state;
  double values[] = {1e16, 1, -1e16}, ones[] = {1, 1, 1}, out[1];
  struct call call = {.out = out, .shape = {1, 1}, .in = {{values, {1, 3}}, {ones, {3, 1}}}};
  op_table[OP_MATMUL].forward(&call, shape_rect(call.shape));
  assert_same(out[0], 0);
  for (int axis = AXIS_ALL; axis <= AXIS_ACROSS; axis++) {
    call = (struct call){.out = out, .shape = {1, 1}, .axis = axis, .in = {{values, {1, 3}}}};
    if (axis == AXIS_DOWN) call.in[0].shape = (struct shape){3, 1};
    op_table[OP_SUM].forward(&call, shape_rect(call.shape));
    assert_same(out[0], 0);
  }
}

/* A product that would differ if the multiplication and the addition were fused. */
static void matmul_does_not_contract(void **state) {
  (void)state;
  double a[] = {-1, 1 + 0x1p-30}, b[] = {1, 1 - 0x1p-30}, out[1];
  struct call call = {.out = out, .shape = {1, 1}, .in = {{a, {1, 2}}, {b, {2, 1}}}};
  op_table[OP_MATMUL].forward(&call, shape_rect(call.shape));
  assert_same(out[0], 0); /* fused: -2^-60 */
}

static void nan_passes_through_choices(void **state) {
  (void)state;
  const double nan = NAN;
  const double pairs[][2] = {{nan, 1}, {1, nan}, {nan, nan}, {nan, INFINITY}, {-INFINITY, nan}};
  for (size_t i = 0; i < COUNT_OF(pairs); i++) {
    double out[1];
    struct call call = {.out = out, .shape = {1, 1},
                        .in = {{&pairs[i][0], {1, 1}}, {&pairs[i][1], {1, 1}}}};
    op_table[OP_MAX].forward(&call, shape_rect(call.shape));
    assert_true(isnan(out[0]));
    op_table[OP_MIN].forward(&call, shape_rect(call.shape));
    assert_true(isnan(out[0]));
    call.in[0].shape.cols = 2;
    op_table[OP_ROWMAX].forward(&call, shape_rect(call.shape));
    assert_true(isnan(out[0]));
  }
  for (int at = 0; at < 4; at++) {
    double row[] = {3, -1, 7, 2}, out[1];
    row[at] = nan;
    struct call call = {.out = out, .shape = {1, 1}, .in = {{row, {1, 4}}}};
    op_table[OP_ROWMAX].forward(&call, shape_rect(call.shape));
    assert_true(isnan(out[0]));
  }
}

static void shapes_that_do_not_fit_are_refused(void **state) {
  (void)state;
  struct shape out;
  const struct shape bad[][2] = {{{2, 3}, {3, 2}}, {{2, 3}, {2, 2}}, {{2, 1}, {3, 1}}};
  for (int op = 0; op < OP_COUNT; op++)
    for (size_t i = 0; i < COUNT_OF(bad) && op_table[op].arity == 2; i++)
      if (!(op == OP_MATMUL && i == 0) && !(op == OP_MATMUL_TRANSPOSED && i == 1))
        assert_false(op_table[op].shape(bad[i], AXIS_ALL, &out));
}

/* -- touch: what a change reaches -- */

static void compute(struct trial *trial, int op, double *out) {
  clear_output(trial);
  op_table[op].forward(&trial->call, shape_rect(trial->call.shape));
  memcpy(out, trial->call.out, shape_count(trial->call.shape) * sizeof *out);
}

/* Changes every entry of PART of an operand: a little, to what its neighbour is, to NaN. */
static void change_operand(struct trial *trial, int which, struct rect part, int how) {
  struct shape shape = trial->call.in[which].shape;
  for (uint32_t i = part.row0; i < part.row1; i++)
    for (uint32_t j = part.col0; j < part.col1; j++) {
      double *value = &trial->in[which][i * shape.cols + j];
      *value = how == 0 ? *value * 1.5 + 0.25 : how == 1 ? trial->in[which][0] : (double)NAN;
    }
}

static void touch_covers_every_change(void **state) {
  (void)state;
  for (int op = 0; op < OP_COUNT; op++)
    for (int round = 0; round < 400 && op_table[op].touch; round++) {
      struct trial trial;
      double before[MAX_SIDE * MAX_SIDE], after[MAX_SIDE * MAX_SIDE];
      make_trial(&trial, op);
      int which = (int)choose((uint32_t)op_table[op].arity);
      struct rect part = choose_part(trial.call.in[which].shape);
      if (round % 2 == 0) part.row1 = part.row0 + 1, part.col1 = part.col0 + 1;
      struct rect touched = op_table[op].touch(&trial.call, which, part);
      assert_true(touched.row1 <= trial.call.shape.rows && touched.col1 <= trial.call.shape.cols);
      compute(&trial, op, before);
      change_operand(&trial, which, part, round % 3);
      compute(&trial, op, after);
      for (size_t at = 0; at < shape_count(trial.call.shape); at++) {
        uint32_t i = (uint32_t)at / trial.call.shape.cols;
        uint32_t j = (uint32_t)at % trial.call.shape.cols;
        if (bits_of(before[at]) != bits_of(after[at]) && !inside(touched, i, j))
          fail_msg("%s: operand %d touches %u, %u, but touch() does not say so",
                   op_table[op].name, which, i, j);
      }
    }
}

/* A rectangle that is too large costs time: where a NaN must reach everything it says, it does. */
static void touch_is_no_larger_than_needed(void **state) {
  (void)state;
  for (int op = 0; op < OP_COUNT; op++) {
    bool compares = op >= OP_LESS && op <= OP_NOT_EQUAL;
    for (int round = 0; round < 100 && op_table[op].touch && !compares && op != OP_POW; round++) {
      struct trial trial;
      double after[MAX_SIDE * MAX_SIDE];
      make_trial(&trial, op);
      for (int i = 0; i < 2; i++)
        for (int k = 0; k < MAX_SIDE * MAX_SIDE; k++) trial.in[i][k] = 1 + fabs(trial.in[i][k]);
      int which = (int)choose((uint32_t)op_table[op].arity);
      struct rect part = choose_part(trial.call.in[which].shape);
      struct rect touched = op_table[op].touch(&trial.call, which, part);
      change_operand(&trial, which, part, 2);
      compute(&trial, op, after);
      for (uint32_t i = touched.row0; i < touched.row1; i++)
        for (uint32_t j = touched.col0; j < touched.col1; j++)
          if (!isnan(after[i * trial.call.shape.cols + j]))
            fail_msg("%s: operand %d does not touch %u, %u", op_table[op].name, which, i, j);
    }
  }
}

/* -- branches -- */

static uint64_t branch_of(int op, double a, double b) {
  double values[] = {a, b}, out;
  struct call call = {.out = &out, .shape = {1, 1}, .in = {{values, {1, 1}}, {values + 1, {1, 1}}}};
  if (op == OP_ROWMAX) call.in[0].shape.cols = 2;
  return op_table[op].branches(&call, 12345);
}

static void branches_tell_the_sides_of_a_kink(void **state) {
  (void)state;
  for (int op = 0; op < OP_COUNT; op++) {
    if (!op_table[op].branches) continue;
    uint64_t low = branch_of(op, -1, 0), tie = branch_of(op, 0, 0), high = branch_of(op, 1, 0);
    assert_true(low != tie && tie != high && low != high);
    assert_true(branch_of(op, -2, 0) == branch_of(op, -1, 0));
    assert_true(branch_of(op, 5, 0) == branch_of(op, 1, 0));
  }
  const int kinked[] = {OP_MAX, OP_MIN, OP_ABS, OP_ROWMAX, OP_LESS, OP_GREATER_EQUAL};
  for (size_t i = 0; i < COUNT_OF(kinked); i++) assert_non_null(op_table[kinked[i]].branches);
  for (int op = 0; op < OP_COUNT; op++) {
    /* Every entry counts, not only the first. */
    double values[] = {-1, 0, 2, 0}, zeros[] = {0, 0}, out[2];
    struct call call = {.out = out, .shape = {2, 1}, .in = {{values, {2, 1}}, {values, {2, 1}}}};
    if (!op_table[op].branches) continue;
    if (op == OP_ROWMAX) call.in[0].shape = (struct shape){2, 2};
    else if (op_table[op].arity == 2) call.in[1].values = zeros;
    uint64_t before = op_table[op].branches(&call, 7);
    values[op == OP_ROWMAX ? 2 : 1] = op == OP_ROWMAX ? -2 : 3;
    assert_true(op_table[op].branches(&call, 7) != before);
    assert_true(op_table[op].branches(&call, 8) != op_table[op].branches(&call, 7));
  }
}

/* -- precision: against every value of the small formats -- */

/* The values >= 0 of a format with EXPONENT_BITS and FRACTION_BITS, rising, and what would come
 * after the largest: 2^emax, which stands for infinity. Their indices are their bit patterns. */
static size_t list_format(int exponent_bits, int fraction_bits, double *values) {
  size_t count = 0;
  int bias = (1 << (exponent_bits - 1)) - 1;
  for (int exponent = 0; exponent < (1 << exponent_bits) - 1; exponent++)
    for (int fraction = 0; fraction < 1 << fraction_bits; fraction++)
      values[count++] =
          exponent == 0 ? ldexp(fraction, 1 - bias - fraction_bits)
                        : ldexp((1 << fraction_bits) + fraction, exponent - bias - fraction_bits);
  values[count] = ldexp(1, bias + 1);
  return count;
}

/* The nearest of the list, at a tie the one with the even bit pattern. */
static double nearest(const double *values, size_t count, double value) {
  double size = fabs(value);
  size_t low = 0, high = count;
  if (size >= values[count]) return copysign(INFINITY, value);
  while (high - low > 1) {
    size_t middle = (low + high) / 2;
    if (values[middle] <= size) low = middle;
    else high = middle;
  }
  double below = size - values[low], above = values[high] - size; /* exact: close neighbours */
  size_t chosen = below < above || (below == above && low % 2 == 0) ? low : high;
  return copysign(chosen == count ? (double)INFINITY : values[chosen], value);
}

/* FORMAT against its list: at every value, in the middle of every gap, just beside the middle, and
 * at random places. */
static void check_format(enum precision precision, int exponent_bits, int fraction_bits) {
  static double values[1 << 16];
  size_t count = list_format(exponent_bits, fraction_bits, values);
  for (size_t i = 0; i < count; i++) {
    double middle = values[i] + (values[i + 1] - values[i]) / 2;
    assert_same(precision_round(precision, values[i]), values[i]);
    assert_same(precision_round(precision, -values[i]), -values[i]);
    assert_same(precision_round(precision, middle), nearest(values, count, middle));
    assert_same(precision_round(precision, nextafter(middle, 0)), values[i]);
    assert_same(precision_round(precision, nextafter(middle, INFINITY)),
                i + 1 < count ? values[i + 1] : (double)INFINITY);
  }
  for (int i = 0; i < 200000; i++) {
    double value = ldexp(choose_double(), (int)choose(300) - 150);
    assert_same(precision_round(precision, value), nearest(values, count, value));
  }
}

static void half_rounds_as_ieee_does(void **state) {
  (void)state;
  check_format(PRECISION_HALF, 5, 10);
  assert_same(precision_round(PRECISION_HALF, 65519.999), 65504);
  assert_same(precision_round(PRECISION_HALF, 65520), INFINITY);
  assert_same(precision_round(PRECISION_HALF, 0x1p-24), 0x1p-24);
  assert_same(precision_round(PRECISION_HALF, 0x1p-25), 0); /* a tie, to even */
  assert_same(precision_round(PRECISION_HALF, 0x3p-25), 0x1p-23);
  assert_same(precision_round(PRECISION_HALF, 2049), 2048);
  assert_same(precision_round(PRECISION_HALF, 2051), 2052);
}

static void bfloat16_rounds_as_ieee_does(void **state) {
  (void)state;
  check_format(PRECISION_BFLOAT16, 8, 7);
  assert_same(precision_round(PRECISION_BFLOAT16, 257), 256);
  assert_same(precision_round(PRECISION_BFLOAT16, 259), 260);
  assert_same(precision_round(PRECISION_BFLOAT16, 0x1.FEp127), 0x1.FEp127);
  assert_same(precision_round(PRECISION_BFLOAT16, 0x1.FFp127), INFINITY);
}

static void single_rounds_as_float_does(void **state) {
  (void)state;
  const double edges[] = {0x1p-149, 0x1p-150, 0x1.000002p-126, 0x1.8p-150, 0x1.fffffep127,
                          0x1.fffffefffffffp127, DBL_MIN, 0x1p-1074, 16777217, 16777219};
  for (size_t i = 0; i < COUNT_OF(edges); i++) {
    assert_same(precision_round(PRECISION_SINGLE, edges[i]), (double)(float)edges[i]);
    assert_same(precision_round(PRECISION_SINGLE, -edges[i]), (double)(float)-edges[i]);
  }
  for (int i = 0; i < 1000000; i++) {
    uint64_t bits = choice();
    if (i % 2 == 0) /* most doubles are far outside a float's range */
      bits = (bits & 0x800fffffffffffffu) | (uint64_t)(1023 - 160 + choose(300)) << 52;
    double value = from_bits(bits);
    if (fabs(value) < 0x1.ffffffp127 || !isfinite(value)) /* more is undefined in C */
      assert_same(precision_round(PRECISION_SINGLE, value), (double)(float)value);
    else
      assert_same(precision_round(PRECISION_SINGLE, value), copysign(INFINITY, value));
  }
}

static void rounding_leaves_special_values_alone(void **state) {
  (void)state;
  const double special[] = {0.0, -0.0, INFINITY, -INFINITY, NAN};
  for (int p = 0; p < PRECISION_COUNT; p++) {
    for (size_t i = 0; i < COUNT_OF(special); i++)
      assert_same(precision_round((enum precision)p, special[i]), special[i]);
    assert_true(precision_names[p] && *precision_names[p]);
  }
  assert_same(precision_round(PRECISION_DOUBLE, 0x1.fffffffffffffp-1022), 0x1.fffffffffffffp-1022);
}

/* -- programs and runs -- */

static int new_slot(struct program *program, uint32_t rows, uint32_t cols) {
  int slot = -1;
  assert_int_equal(program_slot(program, (struct shape){rows, cols}, &slot), STATUS_OK);
  return slot;
}

static void slots_are_limited_and_zeroed(void **state) {
  (void)state;
  struct program program;
  int slot, other = -5;
  program_init(&program);
  struct program_mark mark = program_mark(&program);
  slot = new_slot(&program, 2, 3);
  for (int i = 0; i < 6; i++) program_image(&program, slot)[i] = 9;
  program_rollback(&program, mark);
  assert_int_equal(program.slot_count, 0);
  assert_int_equal(program.size, 0);
  slot = new_slot(&program, 3, 2); /* the same place, used before */
  for (int i = 0; i < 6; i++) assert_same(program_image(&program, slot)[i], 0);
  const struct shape large[] = {{1u << 28, 1}, {1u << 14, 1u << 14}, {UINT32_MAX, UINT32_MAX},
                                {PROGRAM_MAX_VALUES - 5, 1}};
  for (size_t i = 0; i < COUNT_OF(large); i++)
    assert_int_equal(program_slot(&program, large[i], &other), STATUS_LIMIT);
  assert_int_equal(program.slot_count, 1);
  assert_int_equal(program.size, 6);
  program_done(&program);
}

static void emit(struct program *program, int op, int out, int a, int b) {
  struct instr instr = {.op = op, .out = out, .in = {a, b}, .axis = AXIS_ALL};
  assert_int_equal(program_emit(&program->forward, instr), STATUS_OK);
}

static void runs_are_independent_and_leave_the_image_alone(void **state) {
  (void)state;
  struct program program;
  struct random random;
  struct run run, copy;
  program_init(&program);
  random_seed(&random, 1);
  int x = new_slot(&program, 1, 2), y = new_slot(&program, 1, 2), z = new_slot(&program, 1, 1);
  program_image(&program, x)[0] = 3;
  program_image(&program, x)[1] = 4;
  emit(&program, OP_MUL, y, x, x);
  emit(&program, OP_SUM, z, y, 0);
  assert_int_equal(run_init(&run, &program, &random, PRECISION_DOUBLE), STATUS_OK);
  run_code(&run, &program.forward, 0);
  assert_same(*run_values(&run, z), 25);
  assert_int_equal(run_copy(&copy, &run), STATUS_OK);
  run_values(&copy, x)[0] = 10;
  run_values(&copy, y)[1] = 1;
  run_code(&copy, &program.forward, 1); /* from the sum on */
  assert_same(*run_values(&copy, z), 10);
  assert_same(*run_values(&run, z), 25);
  assert_same(program_image(&program, x)[0], 3);
  assert_same(*program_image(&program, z), 0);
  run_done(&copy);
  run_done(&run);
  program_done(&program);
}

static void a_run_rounds_every_result(void **state) {
  (void)state;
  struct program program;
  struct random random;
  struct run run;
  program_init(&program);
  random_seed(&random, 1);
  int x = new_slot(&program, 1, 1), y = new_slot(&program, 1, 1), z = new_slot(&program, 1, 1);
  *program_image(&program, x) = 2049; /* 2048 in half precision */
  emit(&program, OP_MUL, y, x, x);
  emit(&program, OP_SUB, z, x, x);
  assert_int_equal(run_init(&run, &program, &random, PRECISION_HALF), STATUS_OK);
  run_code(&run, &program.forward, 0);
  assert_same(*run_values(&run, x), 2048);
  assert_same(*run_values(&run, y), INFINITY);
  assert_same(*run_values(&run, z), 0);
  run_done(&run);
  program_done(&program);
}

static void frozen_draws_stay(void **state) {
  (void)state;
  for (int frozen = 0; frozen < 2; frozen++) {
    struct program program;
    struct random random;
    struct run run, copy;
    program_init(&program);
    random_seed(&random, 1);
    int x = new_slot(&program, 1, 3);
    emit(&program, OP_RANDN, x, 0, 0);
    assert_int_equal(run_init(&run, &program, &random, PRECISION_DOUBLE), STATUS_OK);
    run.frozen = frozen;
    run_code(&run, &program.forward, 0);
    assert_same(run_values(&run, x)[0], numpy[1].normals[0]);
    assert_int_equal(run_copy(&copy, &run), STATUS_OK);
    run_code(&run, &program.forward, 0);
    run_code(&copy, &program.forward, 0);
    assert_same(run_values(&run, x)[0], numpy[1].normals[frozen ? 0 : 3]);
    assert_same(run_values(&copy, x)[0], numpy[1].normals[frozen ? 0 : 3]);
    run_done(&copy);
    run_done(&run);
    program_done(&program);
  }
}

static void run_branches_hashes_every_decision(void **state) {
  (void)state;
  struct program program;
  struct random random;
  struct run run;
  program_init(&program);
  random_seed(&random, 1);
  int x = new_slot(&program, 1, 1), y = new_slot(&program, 1, 1), z = new_slot(&program, 1, 1);
  emit(&program, OP_ABS, y, x, 0);
  emit(&program, OP_MAX, z, x, y);
  assert_int_equal(run_init(&run, &program, &random, PRECISION_DOUBLE), STATUS_OK);
  uint64_t hashes[2];
  for (int side = 0; side < 2; side++) {
    *run_values(&run, x) = side ? 1 : -1;
    run_code(&run, &program.forward, 0);
    hashes[side] = run_branches(&run);
    *run_values(&run, x) *= 2;
    run_code(&run, &program.forward, 0);
    assert_true(run_branches(&run) == hashes[side]);
  }
  assert_true(hashes[0] != hashes[1]);
  run_done(&run);
  program_done(&program);
}

/* -- UTF-8 -- */

static size_t encode(int32_t code, char *bytes) {
  if (code < 0x80) {
    bytes[0] = (char)code;
    return 1;
  }
  size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t i = size; i-- > 1; code >>= 6) bytes[i] = (char)(0x80 | (code & 0x3F));
  bytes[0] = (char)((0xF00 >> size & 0xFF) | code);
  return size;
}

static void utf8_reads_every_code_point(void **state) {
  (void)state;
  for (int32_t code = 0; code <= 0x110000; code++) {
    char bytes[5] = {0};
    size_t length = encode(code, bytes), size = 99;
    bool valid = code < 0x110000 && (code < 0xD800 || code > 0xDFFF);
    assert_int_equal(utf8_decode(bytes, length, &size), valid ? code : -1);
    assert_int_equal(size, valid ? length : 1);
    for (size_t cut = 1; cut < length; cut++) {
      assert_int_equal(utf8_decode(bytes, cut, &size), -1); /* truncated */
      assert_int_equal(size, 1);
    }
  }
}

/* Of all strings of three bytes exactly the encodings of code points are read: no overlong forms,
 * no stray or missing continuation. */
static void utf8_refuses_everything_else(void **state) {
  (void)state;
  size_t sizes[5] = {0}, refused = 0;
  for (uint32_t word = 0; word < 1u << 24; word++) {
    const char bytes[] = {(char)(word >> 16), (char)(word >> 8), (char)word};
    size_t size;
    int32_t code = utf8_decode(bytes, 3, &size);
    if (code < 0) refused++;
    else sizes[size]++;
  }
  assert_int_equal(sizes[1], 128u << 16);
  assert_int_equal(sizes[2], (0x800u - 0x80u) << 8);
  assert_int_equal(sizes[3], 0x10000u - 0x800u - 0x800u);
  assert_int_equal(sizes[4], 0);
  assert_int_equal(refused, (1u << 24) - sizes[1] - sizes[2] - sizes[3]);
  static const char *const bad[] = {"\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
                                    "\xF5\x80\x80\x80", "\xF0\x90\x80\x41", "\xF8\x88\x80\x80",
                                    "\xFF\xFF\xFF\xFF", "\xED\xA0\x80",     "\xC0\x80"};
  for (size_t i = 0, size; i < COUNT_OF(bad); i++) {
    assert_int_equal(utf8_decode(bad[i], strlen(bad[i]), &size), -1);
    assert_int_equal(size, 1);
  }
}

/* -- text -- */

#define assert_safe(bytes, wanted, columns)                                                        \
  check_safe((bytes), sizeof(bytes) - 1, (wanted), (columns), __FILE__, __LINE__)
static void check_safe(const char *bytes, size_t length, const char *wanted, int columns,
                       const char *file, int line) {
  struct text text;
  text_init(&text);
  int taken = text_put_safe(&text, bytes, length);
  _assert_string_equal(text_string(&text), wanted, file, line);
  _assert_int_equal((uintmax_t)taken, (uintmax_t)columns, file, line);
  text_done(&text);
}

static void safe_text_disarms_what_acts_on_a_terminal(void **state) {
  (void)state;
  assert_safe("", "", 0);
  assert_safe("plain ~!", "plain ~!", 8);
  assert_safe("a\tb", "a b", 3);
  assert_safe("\x1b[31mred\a", "<U+001B>[31mred<U+0007>", 23);
  assert_safe("\x1b]0;title\a", "<U+001B>]0;title<U+0007>", 24);
  assert_safe("a\r\nb\bc", "a<U+000D><U+000A>b<U+0008>c", 27);
  assert_safe("a\0b", "a<U+0000>b", 10);
  assert_safe("\x7f", "<U+007F>", 8);
  assert_safe("\xC2\x9B", "<U+009B>", 8); /* C1: CSI */
  assert_safe("\x9B", "<9B>", 4);
  assert_safe("\xE2\x80\xAE" "abc\xE2\x81\xA6", "<U+202E>abc<U+2066>", 19);
  assert_safe("\xE2\x80\x8B\xE2\x80\x8F\xEF\xBB\xBF\xC2\xAD", "<U+200B><U+200F><U+FEFF><U+00AD>",
              32);
  assert_safe("\xF3\xA0\x81\x81", "<U+E0041>", 9); /* a tag */
  assert_safe("\xC0\x80\xED\xA0\x80", "<C0><80><ED><A0><80>", 20);
  assert_safe("\xE2\x82", "<E2><82>", 8);
  assert_safe("\xEA\xB0\x80\xEC\xA4\x91", "\xEA\xB0\x80\xEC\xA4\x91", 4); /* wide */
  assert_safe("\xCE\xB8", "\xCE\xB8", 1);
}

/* Whatever goes in, nothing comes out that acts: every code point, and every byte. */
static void safe_text_is_safe_for_every_code_point(void **state) {
  (void)state;
  static const struct {
    int32_t first, last;
  } acting[] = {{0, 0x1F},         {0x7F, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},
                {0x200B, 0x200F},  {0x2028, 0x202E}, {0x2060, 0x2064}, {0x2066, 0x2069},
                {0xFEFF, 0xFEFF},  {0xFFF9, 0xFFFB}, {0xE0001, 0xE007F}};
  struct text text;
  text_init(&text);
  for (size_t r = 0; r < COUNT_OF(acting); r++)
    for (int32_t code = acting[r].first; code <= acting[r].last; code++) {
      char bytes[4], wanted[16];
      size_t length = encode(code, bytes);
      text.length = 0;
      int columns = text_put_safe(&text, bytes, length);
      if (code == '\t') snprintf(wanted, sizeof wanted, " ");
      else snprintf(wanted, sizeof wanted, "<U+%04X>", (unsigned)code);
      assert_string_equal(text_string(&text), wanted);
      assert_int_equal(columns, strlen(wanted));
    }
  for (int byte = 0x80; byte < 0x100; byte++) {
    char bytes[] = {(char)byte}, wanted[8];
    text.length = 0;
    text_put_safe(&text, bytes, 1);
    snprintf(wanted, sizeof wanted, "<%02X>", (unsigned)byte);
    assert_string_equal(text_string(&text), wanted);
  }
  text_done(&text);
}

static void text_grows_and_pads(void **state) {
  (void)state;
  struct text text;
  text_init(&text);
  assert_string_equal(text_string(&text), "");
  text_put(&text, "", 0);
  assert_string_equal(text_string(&text), "");
  for (int i = 0; i < 1000; i++) text_printf(&text, "%d,", i);
  text_puts(&text, "end");
  assert_int_equal(text.length, 10 * 2 + 90 * 3 + 900 * 4 + 3);
  assert_int_equal(text.bytes[text.length], '\0');
  assert_string_equal(text.bytes + text.length - 8, ",999,end");
  text.length = 0;
  text_puts(&text, "ab");
  text_pad(&text, 2, 5);
  text_pad(&text, 5, 5);
  text_pad(&text, 9, 5);
  assert_string_equal(text_string(&text), "ab   ");
  assert_false(text.failed);
  text_put(&text, "x", SIZE_MAX - 2); /* cannot be */
  assert_true(text.failed);
  text_puts(&text, "more");
  text_printf(&text, "more");
  assert_string_equal(text_string(&text), "ab   ");
  text_done(&text);
  assert_null(text.bytes);
  assert_int_equal(text_columns("\xEA\xB0\x80z", 4), 3);
}

/* -- numbers as text -- */

/* Digits that say something: neither leading nor trailing zeros, nor the exponent. */
static int significant_digits(const char *text) {
  int digits = 0, zeros = 0;
  for (; *text && *text != 'e'; text++) {
    if (!isdigit((unsigned char)*text) || (*text == '0' && digits == 0)) continue;
    zeros++;
    if (*text != '0') digits += zeros, zeros = 0;
  }
  return digits;
}

/* TEXT reads back as VALUE, and nothing with fewer digits does. */
static void check_number_text(double value) {
  char buffer[NUMBER_TEXT_SIZE], shorter[400];
  const char *text = number_text(value, buffer);
  assert_true(strlen(text) < NUMBER_TEXT_SIZE);
  if (!same(strtod(text, NULL), value)) fail_msg("%s does not read back as %.17g", text, value);
  for (int digits = 1; digits < significant_digits(text); digits++) {
    snprintf(shorter, sizeof shorter, "%.*g", digits, value);
    if (same(strtod(shorter, NULL), value)) fail_msg("%s would do for %s", shorter, text);
  }
}

static void numbers_read_back(void **state) {
  (void)state;
  for (int i = 0; i < 20000; i++) {
    double value = from_bits(choice());
    if (isfinite(value) && fabs(value) >= DBL_MIN) check_number_text(value);
    check_number_text(choose_double());
    check_number_text((double)(int32_t)choice());
    check_number_text((double)(int32_t)choice() / 1000);
  }
}

static void small_numbers_are_short_too(void **state) {
  (void)state;
  check_number_text(5e-324);
  check_number_text(1e-320);
  for (int i = 0; i < 1000; i++) check_number_text(from_bits(choice() >> 12 >> choose(52)));
}

static void numbers_are_spelt_as_people_do(void **state) {
  (void)state;
  static const struct {
    double value;
    const char *text;
  } cases[] = {
      {0, "0"}, {1, "1"}, {-1, "-1"}, {0.1, "0.1"}, {1e-7, "1e-7"}, {-2.5e-10, "-2.5e-10"},
      {1e100, "1e100"}, {1e22, "1e22"}, {1e5, "100000"}, {123456789, "123456789"},
      {1.0 / 3, "0.3333333333333333"}, {0.1 + 0.2, "0.30000000000000004"},
      {1.6243453636632417, "1.6243453636632417"}, {DBL_MAX, "1.7976931348623157e308"},
      {DBL_MIN, "2.2250738585072014e-308"}, {-0.0, "-0"}, {INFINITY, "inf"}, {-INFINITY, "-inf"},
      {NAN, "nan"}, {-(double)NAN, "nan"}};
  char buffer[NUMBER_TEXT_SIZE];
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_string_equal(number_text(cases[i].value, buffer), cases[i].text);
}

static void brief_numbers_are_brief(void **state) {
  (void)state;
  static const struct {
    double value;
    int digits;
    const char *text;
  } cases[] = {{1.0 / 3, 4, "0.3333"}, {-0.0, 4, "0"}, {0, 4, "0"}, {123456, 4, "1.235e5"},
               {6.03e-8, 2, "6e-8"}, {NAN, 3, "nan"}, {-INFINITY, 3, "-inf"}, {2, 4, "2"}};
  char buffer[NUMBER_TEXT_SIZE];
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_string_equal(number_brief(cases[i].value, cases[i].digits, buffer), cases[i].text);
}

/* -- what a row says of its formula -- */

/* The formula of OP's weights or powers for entry K of its operands; a sum takes all of one. */
static double plain_formula(const struct op *op, double in[MAX_OPERANDS][4], int k) {
  double sum = 0, product = 1;
  for (int i = 0; op_adds_up(op) && i < 4; i++) sum += op->weight[0] * in[0][i];
  if (op_adds_up(op)) return sum;
  for (int i = 0; i < op->arity; i++) {
    sum += op->weight[i] * in[i][k];
    product *= pow(in[i][k], op->power[i]);
  }
  return op->power[0] ? product : sum;
}

static void weights_and_powers_are_the_kernels(void **state) {
  (void)state;
  const struct shape shape = {2, 2};
  int plain = 0;
  for (int row = 0; row < OP_COUNT; row++) {
    const struct op *op = &op_table[row];
    double in[MAX_OPERANDS][4], out[4];
    struct call call = {.out = out, .axis = AXIS_ALL, .in = {{in[0], shape}, {in[1], shape}}};
    const struct shape shapes[] = {shape, shape};
    if (!op->weight[0] && !op->power[0]) continue;
    for (int k = 0; k < 8; k++) in[k / 4][k % 4] = choose_double();
    assert_true(op->shape(shapes, AXIS_ALL, &call.shape));
    op->forward(&call, shape_rect(call.shape));
    for (size_t k = 0; k < shape_count(call.shape); k++)
      if (!(fabs(out[k] - plain_formula(op, in, (int)k)) <= 1e-12 * fabs(out[k]) + 1e-12))
        fail_msg("%s is not what its row says", op->name);
    plain++;
  }
  assert_true(plain > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(weights_and_powers_are_the_kernels),
      cmocka_unit_test(random_bits_are_numpys),
      cmocka_unit_test(random_uniforms_are_numpys),
      cmocka_unit_test(random_normals_are_numpys),
      cmocka_unit_test(random_keeps_the_spare_deviate),
      cmocka_unit_test(op_rows_are_complete),
      cmocka_unit_test(op_names_and_symbols_are_unique),
      cmocka_unit_test(op_precedences_agree),
      cmocka_unit_test(op_rules_speak_of_operands_only),
      cmocka_unit_test(forward_agrees_with_naive_loops),
      cmocka_unit_test(elementwise_entries_stand_alone),
      cmocka_unit_test(random_kernels_draw_in_row_major_order),
      cmocka_unit_test(a_part_equals_the_same_part_of_the_whole),
      cmocka_unit_test(an_empty_part_writes_nothing),
      cmocka_unit_test(elementwise_kernels_may_write_over_an_operand),
      cmocka_unit_test(sums_run_in_rising_order),
      cmocka_unit_test(matmul_does_not_contract),
      cmocka_unit_test(nan_passes_through_choices),
      cmocka_unit_test(shapes_that_do_not_fit_are_refused),
      cmocka_unit_test(touch_covers_every_change),
      cmocka_unit_test(touch_is_no_larger_than_needed),
      cmocka_unit_test(branches_tell_the_sides_of_a_kink),
      cmocka_unit_test(half_rounds_as_ieee_does),
      cmocka_unit_test(bfloat16_rounds_as_ieee_does),
      cmocka_unit_test(single_rounds_as_float_does),
      cmocka_unit_test(rounding_leaves_special_values_alone),
      cmocka_unit_test(slots_are_limited_and_zeroed),
      cmocka_unit_test(runs_are_independent_and_leave_the_image_alone),
      cmocka_unit_test(a_run_rounds_every_result),
      cmocka_unit_test(frozen_draws_stay),
      cmocka_unit_test(run_branches_hashes_every_decision),
      cmocka_unit_test(utf8_reads_every_code_point),
      cmocka_unit_test(utf8_refuses_everything_else),
      cmocka_unit_test(safe_text_disarms_what_acts_on_a_terminal),
      cmocka_unit_test(safe_text_is_safe_for_every_code_point),
      cmocka_unit_test(text_grows_and_pads),
      cmocka_unit_test(numbers_read_back),
      cmocka_unit_test(small_numbers_are_short_too),
      cmocka_unit_test(numbers_are_spelt_as_people_do),
      cmocka_unit_test(brief_numbers_are_brief),
  };
  if (!setlocale(LC_CTYPE, "C.UTF-8")) setlocale(LC_CTYPE, "en_US.UTF-8");
  return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
