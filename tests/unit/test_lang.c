/* Protects src/lang: what is printed reads back, spans cover their text, limits answer instead of
 * crashing, and the rule lines that are derived, edited and pasted are the ones that run. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lang/lex.h"
#include "lang/model.h"
#include "lang/parse.h"
#include "lang/prelude.h"
#include "lang/print.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static const struct span nowhere = {0};

static uint64_t choice_state = 88172645463325252u;

static uint32_t choose(uint32_t below) { /* xorshift64 */
  choice_state ^= choice_state << 13;
  choice_state ^= choice_state >> 7;
  choice_state ^= choice_state << 17;
  return (uint32_t)(choice_state >> 33) % below;
}

static struct source source_of(const char *text) {
  return source_from("m.gw", text, strlen(text));
}

static void assert_contains(const char *message, const char *part) {
  if (!strstr(message, part)) fail_msg("\"%s\" does not say \"%s\"", message, part);
}

/* -- one model under test -- */

struct trial {
  struct source source;
  struct model model;
  struct run run;
  struct diag diag;
};

static void run_passes(struct trial *trial) {
  const struct program *program = &trial->model.program;
  run_done(&trial->run);
  assert_int_equal(run_init(&trial->run, program, &trial->model.random, PRECISION_DOUBLE),
                   STATUS_OK);
  run_code(&trial->run, &program->forward, 0);
  run_code(&trial->run, &program->backward, 0);
}

static void begin(struct trial *trial, const char *text) {
  *trial = (struct trial){.source = source_of(text)};
  enum status status = model_build(&trial->model, &trial->source, NULL, &trial->diag);
  if (status) fail_msg("%s\nsays: %s", text, trial->diag.message);
  run_passes(trial);
}

static void end(struct trial *trial) {
  run_done(&trial->run);
  model_done(&trial->model);
}

static const double *value_of(const struct trial *trial, const char *name) {
  int node = model_find(&trial->model, name);
  if (node < 0) fail_msg("no node is called %s", name);
  return run_values(&trial->run, trial->model.nodes[node].slot);
}

static const double *gradient_of(const struct trial *trial, const char *name) {
  int node = model_find(&trial->model, name);
  if (node < 0 || trial->model.nodes[node].gradient < 0) fail_msg("no d%s", name);
  return run_values(&trial->run, trial->model.nodes[node].gradient);
}

static void assert_double(double is, double wanted) {
  if (!(is == wanted)) fail_msg("%.17g is not %.17g", is, wanted);
}

/* The rule lines, each with a newline. */
static void assert_rules(const struct trial *trial, const char *wanted) {
  struct text text;
  text_init(&text);
  for (size_t i = 0; i < trial->model.rule_count; i++)
    text_printf(&text, "%s\n", trial->model.rules[i].text);
  assert_string_equal(text_string(&text), wanted);
  text_done(&text);
}

/* Building TEXT fails with STATUS and says MESSAGE, and HINT unless that is NULL. */
static void refuse(const char *text, size_t length, enum status wanted, const char *message,
                   const char *hint) {
  struct trial trial = {.source = source_from("m.gw", text, length)};
  enum status status = model_build(&trial.model, &trial.source, NULL, &trial.diag);
  if (status != wanted)
    fail_msg("%.200s: status %d, not %d: %s", text, (int)status, (int)wanted, trial.diag.message);
  assert_int_equal(trial.diag.status, status);
  assert_contains(trial.diag.message, message);
  if (hint) assert_contains(trial.diag.hint, hint);
  struct text shown;
  text_init(&shown);
  diag_render(&trial.diag, &shown);
  assert_true(shown.length < 4096);
  text_done(&shown);
  model_done(&trial.model);
}

static void refuse_model(const char *text, const char *message, const char *hint) {
  refuse(text, strlen(text), STATUS_DATA, message, hint);
}

/* -- printing and parsing -- */

static const struct expr *parse_text(struct arena *arena, const char *text, size_t length) {
  struct source *source = ARENA_NEW(arena, struct source);
  struct diag diag;
  const struct expr *expr = NULL;
  assert_non_null(source);
  *source = source_from("expr", arena_copy(arena, text, length), length);
  if (parse_expr(source_span(source), arena, &expr, &diag))
    fail_msg("\"%.*s\" does not parse: %s", (int)length, text, diag.message);
  return expr;
}

static const char *print_text(struct arena *arena, const struct expr *expr) {
  struct text text;
  text_init(&text);
  print_expr(&text, expr);
  const char *copy = arena_copy(arena, text_string(&text), text.length);
  text_done(&text);
  return copy;
}

static void printed_forms(void **state) {
  (void)state;
  static const char *const forms[][2] = {
      {"a+b*c", "a + b * c"}, {"(a+b)*c", "(a + b) * c"}, {"a-(b-c)", "a - (b - c)"},
      {"(a-b)-c", "a - b - c"}, {"a/(b*c)", "a / (b * c)"}, {"a@b@c", "a @ b @ c"},
      {"a@(b@c)", "a @ (b @ c)"}, {"a^b^c", "a^b^c"}, {"(a^b)^c", "(a^b)^c"}, {"-a^2", "-a^2"},
      {"(-a)^2", "(-a)^2"}, {"2^-x", "2^-x"}, {"--a", "--a"}, {"-(a+b)", "-(a + b)"},
      {"-a*b", "-a * b"}, {"-(a*b)", "-(a * b)"}, {"a*-b", "a * -b"}, {"a.T.T", "a.T.T"},
      {"(a@b).T", "(a @ b).T"}, {"-a.T", "-a.T"}, {"(-a).T", "(-a).T"}, {"a<b", "a < b"},
      {"(a<b)<c", "(a < b) < c"}, {"a<(b<c)", "a < (b < c)"}, {"a+b<c*d", "a + b < c * d"},
      {"(a<b)+c", "(a < b) + c"}, {"sum( x ,1 )", "sum(x, 1)"}, {"f()", "f()"},
      {"f(a,)", "f(a)"}, {"[1,2;3 -4]", "[1 2; 3 -4]"}, {"2.T", "2.T"},
      {"1.50e+01", "1.50e+01"}, {".5", ".5"}, {"5.", "5."}, {"a- -b", "a - -b"},
      {"((((a))))", "a"}, {"a^-b^c", "a^-b^c"}, {"a^(-b)^c", "a^(-b)^c"}, {"-a@b", "-a @ b"},
      {"a*(b/c)", "a * (b / c)"}, {"(a\n+b)", "a + b"}};
  struct arena arena;
  arena_init(&arena);
  for (size_t i = 0; i < COUNT_OF(forms); i++) {
    const struct expr *expr = parse_text(&arena, forms[i][0], strlen(forms[i][0]));
    const char *text = print_text(&arena, expr);
    assert_string_equal(text, forms[i][1]);
    assert_true(expr_equal(expr, parse_text(&arena, text, strlen(text))));
  }
  arena_done(&arena);
}

static void precedence_groups_as_it_should(void **state) {
  (void)state;
  static const char *const equal[][2] = {
      {"a + b * c", "a + (b * c)"}, {"a - b - c", "(a - b) - c"}, {"a / b * c", "(a / b) * c"},
      {"a * b @ c", "(a * b) @ c"}, {"-a ^ b", "-(a ^ b)"}, {"-a * b", "(-a) * b"},
      {"-a.T", "-(a.T)"}, {"a ^ b.T", "a ^ (b.T)"}, {"a ^ b ^ c", "a ^ (b ^ c)"},
      {"a < b + c", "a < (b + c)"}, {"a + b == c * d", "(a + b) == (c * d)"},
      {"a ^ -b", "a ^ (-b)"}, {"a @ b + c", "(a @ b) + c"}, {"a - -b * c", "a - ((-b) * c)"},
      {"-a + b", "(-a) + b"}, {"-f(x)^2.T", "-(f(x) ^ (2.T))"}};
  static const char *const different[][2] = {{"a - b - c", "a - (b - c)"},
                                             {"(-a) ^ b", "-a ^ b"},
                                             {"(a ^ b) ^ c", "a ^ b ^ c"},
                                             {"a", "b"},
                                             {"1", "2"},
                                             {"[1 2]", "[1; 2]"},
                                             {"[1 2]", "[1 3]"},
                                             {"f(x)", "g(x)"},
                                             {"f(x)", "f(x, x)"},
                                             {"x", "-x"}};
  struct arena arena;
  arena_init(&arena);
  for (size_t i = 0; i < COUNT_OF(equal) + COUNT_OF(different); i++) {
    bool same = i < COUNT_OF(equal);
    const char *const *pair = same ? equal[i] : different[i - COUNT_OF(equal)];
    const struct expr *a = parse_text(&arena, pair[0], strlen(pair[0]));
    const struct expr *b = parse_text(&arena, pair[1], strlen(pair[1]));
    if (expr_equal(a, b) != same)
      fail_msg("%s and %s: %s", pair[0], pair[1], same ? "differ" : "are equal");
  }
  arena_done(&arena);
}

/* -- trees grown at random -- */

static const char *const tree_names[] = {"x", "W1", "dout", "end", "seed", "loss", "T", "e5", "a_b",
                                         "\xEA\xB0\x80\xEC\xA4\x91\xEC\xB9\x98", "\xCE\xB8"};

static const struct expr *grow_number(struct arena *arena) {
  static const double numbers[] = {0, 1, 2, 0.1, 1e-7, 1e22, 1e300, 5e-324, 123456789, 1.0 / 3};
  return expr_number(arena, nowhere, numbers[choose(COUNT_OF(numbers))]);
}

static const struct expr *grow_matrix(struct arena *arena) {
  struct expr *expr = ARENA_NEW(arena, struct expr);
  struct shape shape = {1 + choose(3), 1 + choose(3)};
  double *entries = arena_alloc(arena, shape_count(shape), sizeof *entries);
  assert_true(expr && entries);
  for (size_t i = 0; i < shape_count(shape); i++)
    entries[i] = choose(5) == 0 ? -0.0 : (double)choose(2000) / 16 - 50;
  *expr = (struct expr){.kind = EXPR_MATRIX, .height = 1, .shape = shape, .entries = entries};
  return expr;
}

static const struct expr *grow(struct arena *arena, int height);

static const struct expr *grow_apply(struct arena *arena, int height) {
  const struct expr *args[16];
  int op = (int)choose(OP_COUNT + 3);
  size_t count = choose(5);
  const char *name = "my_gate";
  if (op >= OP_COUNT || op_table[op].flags & OP_HIDDEN) {
    op = -1;
  } else {
    const struct op *row = &op_table[op];
    name = row->name;
    if (row->form != FORM_CALL) count = (size_t)row->arity;
  }
  for (size_t i = 0; i < count; i++) args[i] = grow(arena, height - 1);
  return expr_apply(arena, nowhere, op, name, args, count);
}

static const struct expr *grow(struct arena *arena, int height) {
  uint32_t kind = height <= 1 ? choose(3) : choose(12);
  if (kind == 0) return grow_number(arena);
  if (kind == 1) return expr_name(arena, nowhere, tree_names[choose(COUNT_OF(tree_names))]);
  if (kind == 2) return grow_matrix(arena);
  return grow_apply(arena, height);
}

/* Every part's span is a text that parses to that part. */
static void check_spans(struct arena *arena, const struct expr *expr) {
  const struct source *source = expr->span.source;
  assert_non_null(source);
  assert_true(expr->span.start < expr->span.end && expr->span.end <= source->length);
  const char *text = source->text + expr->span.start;
  const struct expr *again = parse_text(arena, text, expr->span.end - expr->span.start);
  if (!expr_equal(expr, again))
    fail_msg("the span \"%.*s\" of \"%.*s\" is another expression",
             (int)(expr->span.end - expr->span.start), text, (int)source->length, source->text);
  for (size_t i = 0; i < expr->count; i++) {
    const struct expr *arg = expr->args[i];
    assert_true(arg->span.start >= expr->span.start && arg->span.end <= expr->span.end);
    if (i > 0) assert_true(arg->span.start >= expr->args[i - 1]->span.end);
    check_spans(arena, arg);
  }
}

static void random_trees_read_back(void **state) {
  (void)state;
  for (int round = 0; round < 6000; round++) {
    struct arena arena;
    arena_init(&arena);
    const struct expr *tree = grow(&arena, 2 + round % 5);
    const char *text = print_text(&arena, tree);
    const struct expr *again = parse_text(&arena, text, strlen(text));
    if (!expr_equal(tree, again)) fail_msg("%s reads back differently", text);
    assert_string_equal(print_text(&arena, again), text);
    if (round % 8 == 0) check_spans(&arena, again);
    arena_done(&arena);
  }
}

static bool stmt_equal(const struct stmt *a, const struct stmt *b) {
  if (a->kind != b->kind || a->name_count != b->name_count || a->seed != b->seed ||
      a->line_count != b->line_count || !a->value != !b->value)
    return false;
  for (size_t i = 0; i < a->name_count; i++)
    if (strcmp(a->names[i], b->names[i]) != 0) return false;
  for (size_t i = 0; i < a->line_count; i++)
    if (strcmp(a->lines[i].target, b->lines[i].target) != 0 ||
        a->lines[i].accumulate != b->lines[i].accumulate ||
        !expr_equal(a->lines[i].value, b->lines[i].value))
      return false;
  return !a->value || expr_equal(a->value, b->value);
}

static void check_statement_spans(const struct stmt *stmt) {
  const struct source *source = stmt->span.source;
  for (size_t i = 0; i < stmt->name_count; i++) {
    struct span span = stmt->name_spans[i];
    assert_int_equal(span.end - span.start, strlen(stmt->names[i]));
    assert_memory_equal(source->text + span.start, stmt->names[i], strlen(stmt->names[i]));
    assert_true(span.start >= stmt->span.start && span.end <= stmt->span.end);
  }
  for (size_t i = 0; i < stmt->line_count; i++) {
    const struct assign *line = &stmt->lines[i];
    assert_memory_equal(source->text + line->target_span.start, line->target,
                        strlen(line->target));
    assert_int_equal(line->span.start, line->target_span.start);
    assert_int_equal(line->span.end, line->value->span.end);
  }
}

/* Prints all of TEXT's statements, parses that and compares; comments and layout may go. */
static void check_statements(const char *text) {
  struct source source = source_of(text), printed;
  struct arena arena;
  struct syntax syntax, again;
  struct diag diag;
  struct text out, twice;
  arena_init(&arena);
  text_init(&out);
  text_init(&twice);
  if (parse_model(&source, &arena, &syntax, &diag)) fail_msg("%s: %s", text, diag.message);
  for (size_t i = 0; i < syntax.count; i++) {
    check_statement_spans(&syntax.statements[i]);
    print_stmt(&out, &syntax.statements[i]);
  }
  printed = source_of(text_string(&out));
  if (parse_model(&printed, &arena, &again, &diag)) fail_msg("%s: %s", printed.text, diag.message);
  assert_int_equal(syntax.count, again.count);
  for (size_t i = 0; i < again.count; i++) {
    assert_true(stmt_equal(&syntax.statements[i], &again.statements[i]));
    print_stmt(&twice, &again.statements[i]);
  }
  assert_string_equal(text_string(&out), text_string(&twice));
  text_done(&twice);
  text_done(&out);
  syntax_done(&again);
  syntax_done(&syntax);
  arena_done(&arena);
}

static void statements_read_back(void **state) {
  (void)state;
  check_statements("seed 4294967295\ndata X, T = load(3)\n\nparam W = -randn(2, 3) # comment\n"
                   "h = X @ W + [1 2 3; -4 5 6]\nloss h");
  check_statements("gate g(x, y)\n  t = x * y\n  out = t\n  dx = dout * y; dy += dout * x\nend\n"
                   "backward\n  dh = df\n  dW += dh\nend\n");
  check_statements("gate e(x); end; backward; end; loss = 3; seed = 4; gate = seed + loss\n"
                   "data d = 1");
  check_statements(prelude_source.text);
  check_statements("");
}

static void lines_with_addresses_read_back(void **state) {
  (void)state;
  static const char *const lines[] = {"dq = df * z", "f: dq += df * z", "f:2: dx = df * x",
                                      "\xCE\xB8: d\xCE\xB8 = 1"};
  for (size_t i = 0; i < COUNT_OF(lines); i++) {
    struct source source = source_of(lines[i]);
    struct arena arena;
    struct assign line;
    struct diag diag;
    struct text text;
    arena_init(&arena);
    text_init(&text);
    assert_int_equal(parse_line(source_span(&source), &arena, &line, &diag), STATUS_OK);
    print_assign(&text, &line);
    assert_string_equal(text_string(&text), lines[i]);
    text_done(&text);
    arena_done(&arena);
  }
}

/* -- names and suggestions -- */

/* Whether TEXT is, from its first byte to its last, one name. */
static bool is_name(const char *text, size_t length) {
  struct source source = source_from("name", text, length);
  struct arena arena;
  const struct expr *expr = NULL;
  struct diag diag;
  arena_init(&arena);
  bool parsed = parse_expr(source_span(&source), &arena, &expr, &diag) == STATUS_OK;
  bool named = parsed && expr->kind == EXPR_NAME && strlen(expr->name) == length;
  arena_done(&arena);
  return named;
}

static void names_are_told_from_what_is_not(void **state) {
  (void)state;
  static const char *const names[] = {"x", "_", "W1", "x_1", "\xCE\xB8", "\xEA\xB0\x80",
                                      "gr\303\266\303\237e", "\xE5\x8B\xBE", "end"};
  static const char *const others[] = {"1x", "x y", "x.T", "x-1", "\xE2\x88\x92", "\xFF",
                                       "x\xFF", "\xE2\x80\x8B", "x\xE2\x80\x8B",
                                       "\xF0\x9F\x98\x80", "\xC3\x97", "\xCD\xBE"};
  for (size_t i = 0; i < COUNT_OF(names); i++) assert_true(is_name(names[i], strlen(names[i])));
  for (size_t i = 0; i < COUNT_OF(others); i++) assert_false(is_name(others[i], strlen(others[i])));
  assert_false(is_name("", 0));
  assert_false(is_name("a\0b", 3));
  char longest[NAME_MAX_BYTES + 1];
  memset(longest, 'n', sizeof longest);
  assert_true(is_name(longest, NAME_MAX_BYTES));
  assert_false(is_name(longest, NAME_MAX_BYTES + 1));
}

static void suggestions_are_near(void **state) {
  (void)state;
  static const char *const names[] = {"W1", NULL, "W2", "sigmoid", "softmax", "b", "gradient",
                                      "yX"};
  static const struct {
    const char *wrong, *right;
  } cases[] = {{"sigmiod", "sigmoid"}, {"sigmod", "sigmoid"}, {"sofmax", "softmax"},
               {"W3", "W1"},           {"Wl", "W1"},          {"gradeint", "gradient"},
               {"xyz", NULL},          {"q", NULL},           {"sigmoid", NULL},
               {"relu", NULL},         {"", NULL},            {"softmaxes", "softmax"},
               {"softmaxesse", NULL},  {"Xy", "yX"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    const char *got = suggest_name(cases[i].wrong, names, COUNT_OF(names));
    if (!cases[i].right != !got || (got && strcmp(got, cases[i].right) != 0))
      fail_msg("%s: %s", cases[i].wrong, got ? got : "nothing");
  }
  char monster[5000];
  memset(monster, 'a', sizeof monster - 1);
  monster[sizeof monster - 1] = '\0';
  assert_null(suggest_name(monster, names, COUNT_OF(names)));
  assert_null(suggest_name("x", names, 0));
}

/* -- limits -- */

/* PREFIX, COUNT times PIECE, SUFFIX. */
static char *repeat(const char *prefix, const char *piece, size_t count, const char *suffix,
                    size_t *length) {
  struct text text;
  text_init(&text);
  text_puts(&text, prefix);
  for (size_t i = 0; i < count; i++) text_puts(&text, piece);
  text_puts(&text, suffix);
  assert_false(text.failed);
  *length = text.length;
  return text.bytes;
}

static void huge_texts_are_refused(void **state) {
  (void)state;
  enum { MILLION = 1000000 };
  static const struct {
    const char *prefix, *piece, *suffix, *message;
    size_t count;
  } cases[] = {
      {"x = ", "(", "", "levels deep", MILLION},
      {"x = ", "(", "1", "levels deep", 300},
      {"x = ", "-", "1", "levels deep", MILLION},
      {"x = ", "[", "1", "found \"[\"", MILLION},
      {"x = 1", "+1", "", "levels deep", MILLION},
      {"x = 1", " @ 1", "", "levels deep", MILLION},
      {"x = 2", "^2", "", "levels deep", MILLION},
      {"x = 1", ".T", "", "levels deep", MILLION},
      {"x = ", "exp(", "1", "levels deep", MILLION},
      {"x = f(1", ",1", ")", "arguments", MILLION},
      {"", "n", " = 1", "longer than 64 bytes", MILLION},
      {"x = ", "n", "", "longer than 64 bytes", MILLION},
      {"x = 1", "0", "", "digits", MILLION},
      {"x = 1e9", "9", "", "larger than a double", 100},
      {"x = 0.", "1", "", "digits", MILLION},
      {"x = [", "1 ", "]", "entries", MILLION},
      {"x = [", "1;", "1]", "entries", MILLION},
      {"gate g(x", ", x", ")\nend", "names", MILLION},
      {"gate g(x)\n", "t = 1\n", "end", "lines", MILLION},
      {"backward\n", "t = 1\n", "end", "lines", MILLION},
      {"", "x = 1 + 1\n", "", "expressions", 500000},
      {"x = 1", " ", "\n?", "means nothing", 5 * MILLION},
      {"", "\n", "?", "means nothing", MILLION},
      {"# ", "#", "\n)", "found \")\"", MILLION},
      {"", "x", "= 1", "8 MiB", 9 * MILLION},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    size_t length;
    clock_t before = clock();
    char *text = repeat(cases[i].prefix, cases[i].piece, cases[i].count, cases[i].suffix, &length);
    refuse(text, length, STATUS_DATA, cases[i].message, NULL);
    free(text);
    if (clock() - before > 10 * CLOCKS_PER_SEC) fail_msg("case %zu is slow", i);
  }
}

static void just_inside_the_limits(void **state) {
  (void)state;
  size_t length;
  struct trial trial;
  char *text = repeat("param x = 2\nf = x", "+x", 150, "", &length);
  begin(&trial, text);
  assert_double(*gradient_of(&trial, "x"), 151);
  end(&trial);
  free(text);
  text = repeat("param x = 2\nf = ", "(", 150, "x", &length);
  char *closed = repeat(text, ")", 150, "", &length);
  begin(&trial, closed);
  end(&trial);
  free(closed);
  free(text);
  text = repeat("param ", "n", 64, " = 1\nf = 2", &length);
  begin(&trial, text);
  end(&trial);
  free(text);
}

static void huge_shapes_are_refused(void **state) {
  (void)state;
  static const char *const limit[] = {"param x = randn(1e5, 1e5)", "data x = ones(16777216, 17)",
                                      "x = zeros(20000, 20000)", "x = eye(100000)",
                                      "param a = ones(20000, 1)\nb = a @ a.T",
                                      "param a = ones(20000, 1)\nb = a + a.T"};
  for (size_t i = 0; i < COUNT_OF(limit); i++)
    refuse(limit[i], strlen(limit[i]), STATUS_LIMIT, "exceed the limit", NULL);
  refuse_model("x = ones(1e9, 1)", "whole number from 1", NULL);
  refuse_model("x = ones(0, 1)", "whole number from 1", NULL);
  refuse_model("x = ones(2.5, 1)", "whole number from 1", NULL);
  refuse_model("x = ones(-1, 1)", "whole number from 1", NULL);
  refuse_model("x = ones(0/0, 1)", "whole number from 1", NULL);
  refuse_model("x = ones(1e300*1e300, 1)", "whole number from 1", NULL);
  refuse_model("x = ones([1 2], 1)", "must be a number", NULL);
  refuse_model("param p = 2\nx = ones(p, 1)", "must be a number", NULL);
  refuse_model("x = 1e999999", "larger than a double", NULL);
}

/* gate g0(x): LEAF; each further gate calls the one before it as BODY says. */
static char *tower(int height, const char *body, const char *tail) {
  struct text text;
  text_init(&text);
  text_puts(&text, "gate g0(x); out = x + x; end\n");
  for (int i = 1; i <= height; i++) {
    text_printf(&text, "gate g%d(x); out = ", i);
    for (const char *at = body; *at; at++)
      if (*at == '%') text_printf(&text, "g%d", i - 1);
      else text_put(&text, at, 1);
    text_puts(&text, "; end\n");
  }
  text_printf(&text, tail[0] ? "param x = 1\n" : "");
  text_puts(&text, tail);
  assert_false(text.failed);
  return text.bytes;
}

static void refuse_tower(int height, const char *body, const char *tail, enum status status,
                         const char *message) {
  char *text = tower(height, body, tail);
  refuse(text, strlen(text), status, message, NULL);
  free(text);
}

static void deep_gates_are_refused(void **state) {
  (void)state;
  refuse_tower(1000, "%(x)", "f = g1000(x)", STATUS_DATA, "nest too deeply");
  refuse_tower(1000, "-(-(%(-(x))))", "f = g1000(x)", STATUS_DATA, "nest too deeply");
  refuse_tower(1000, "%(x)", "data d = g1000(1)\nf = x * d", STATUS_DATA, "nest too deeply");
  refuse_model("gate g(x)\n  out = g(x)\nend\nparam x = 1\nf = g(x)", "nest too deeply", NULL);
  refuse_model("gate a(x)\n out = b(x)\nend\ngate b(x)\n out = a(x)\nend\nparam x = 1\nf = a(x)",
               "nest too deeply", NULL);
}

static void exponential_gates_are_refused(void **state) {
  (void)state;
  refuse_tower(40, "%(x) + %(x)", "f = g40(x)", STATUS_DATA, "more than 100000 nodes");
}

/* Where no nodes are made (leaves, constants, rule lines) there must be a limit as well. Two
 * million operations stand for the 2^40 that a mistake, or malice, would ask for. */
static void exponential_leaves_are_refused(void **state) {
  (void)state;
  char *text = tower(20, "%(x) + %(x)", "data d = g20(1)\nf = x * d");
  struct trial trial = {.source = source_of(text)};
  enum status status = model_build(&trial.model, &trial.source, NULL, &trial.diag);
  model_done(&trial.model);
  free(text);
  assert_true(status == STATUS_DATA || status == STATUS_LIMIT);
}

static void exponential_rules_are_refused(void **state) {
  (void)state;
  char *text = tower(20, "%(x) + %(x)", "gate h(x); out = x; dx = g20(dout); end\nf = h(x)");
  struct trial trial = {.source = source_of(text)};
  enum status status = model_build(&trial.model, &trial.source, NULL, &trial.diag);
  model_done(&trial.model);
  free(text);
  assert_true(status == STATUS_DATA || status == STATUS_LIMIT);
}

/* A constant is written out by the lines that use it; what is written must stay readable. */
static void exponential_constants_stay_short(void **state) {
  (void)state;
  char *text = tower(14, "%(x) + %(x)", "f = x * g14(1)");
  struct trial trial = {.source = source_of(text)};
  enum status status = model_build(&trial.model, &trial.source, NULL, &trial.diag);
  size_t longest = 0;
  for (size_t i = 0; !status && i < trial.model.rule_count; i++)
    if (strlen(trial.model.rules[i].text) > longest) longest = strlen(trial.model.rules[i].text);
  model_done(&trial.model);
  free(text);
  assert_true(longest < 2000);
}

/* -- gates: folded, by their own rule; unfolded, by their inside (all of them: test_rules.c) -- */

static void folding_by_name(void **state) {
  (void)state;
  struct trial trial;
  begin(&trial, "param x = [1 -2]\na = relu(x)\nb = sigmoid(a)\nf = sum(a * b)");
  assert_rules(&trial, "df_1 = df * ones(1, 2)\nda += df_1 * b\ndb = df_1 * a\n"
                       "da += db * b * (1 - b)\ndx = da * (x > 0)\n");
  assert_int_equal(model_fold(&trial.model, "a", false, &trial.diag), STATUS_OK);
  assert_rules(&trial, "df_1 = df * ones(1, 2)\nda += df_1 * b\ndb = df_1 * a\n"
                       "da += db * b * (1 - b)\ndx = da * (x > 0)\n");
  int a = model_find(&trial.model, "a"), b = model_find(&trial.model, "b");
  assert_string_equal(model_op_name(&trial.model, a), "max");
  assert_string_equal(model_op_name(&trial.model, b), "sigmoid");
  assert_int_equal(model_visible(&trial.model, a), a);
  for (size_t n = 0; n < trial.model.node_count; n++)
    if (strncmp(trial.model.nodes[n].name, "b_", 2) == 0)
      assert_int_equal(model_visible(&trial.model, (int)n), b);
  assert_int_equal(model_fold(&trial.model, "x", false, &trial.diag), STATUS_USAGE);
  assert_int_equal(model_fold(&trial.model, "nothing", true, &trial.diag), STATUS_USAGE);
  end(&trial);
}

/* -- derived rules -- */

static void derived_rules_in_the_models_own_names(void **state) {
  (void)state;
  static const struct {
    const char *model, *rules;
  } cases[] = {
      {"param x = -2\nparam y = 5\nparam z = -4\nq = x + y\nf = q * z",
       "dq = df * z\ndz = df * q\ndx = dq\ndy = dq\n"},
      {"param x = 3\nf = x * x", "dx += df * x\ndx += df * x\n"},
      {"param x = 3\nq = x^2\nf = q + x", "dq = df\ndx += df\ndx += dq * 2 * x^(2 - 1)\n"},
      {"param W = [1 2; 3 4]\nparam b = [5 6]\nh = W + b\nf = sum(h)",
       "dh = df * ones(2, 2)\ndW = dh\ndb = sum(dh, 0)\n"},
      {"param W = [1 2; 3 4]\nparam b = [5; 6]\nh = W - b\nf = sum(h)",
       "dh = df * ones(2, 2)\ndW = dh\ndb = sum(-dh, 1)\n"},
      {"param a = 2\nparam W = [1 2; 3 4]\nh = a * W\nf = sum(h)",
       "dh = df * ones(2, 2)\nda = sum(dh * W)\ndW = dh * a\n"},
      {"param a = [1 2]\nparam b = [3; 4]\nh = a * b\nf = sum(h)",
       "dh = df * ones(2, 2)\nda = sum(dh * b, 0)\ndb = sum(dh * a, 1)\n"},
      {"param X = [1 2; 3 4]\nparam W = [5; 6]\nh = X @ W\nf = sum(h)",
       "dh = df * ones(2, 1)\ndX = dh @ W.T\ndW = X.T @ dh\n"},
      {"param X = [1 2; 3 4]\nh = sum(X, 0)\nf = sum(h)",
       "dh = df * ones(1, 2)\ndX = dh * ones(2, 2)\n"},
      {"param X = [1 2]\nh = X.T\nf = sum(h)", "dh = df * ones(2, 1)\ndX = dh.T\n"},
      {"param x = 2\nf = x", "dx = df\n"},
      {"param x = 2\nq = -x\nf = q / 3", "dq = df / 3\ndx = -dq\n"},
      {"param x = 2\nq = (x + 1) * (x + 2)\nf = q",
       "dq = df\ndq_1 = dq * q_2\ndq_2 = dq * q_1\ndx += dq_2\ndx += dq_1\n"},
      {"param x = 2\nparam y = 3\nf = max(x, y)", "dx = df * (x > y)\ndy = df * (x <= y)\n"},
      {"param x = 2\ndata t = 3\nc = 4\nf = x * t * c", "df_1 = df * c\ndx = df_1 * t\n"},
      {"param x = 2\nq = x > 1\nf = q * x", "dx = df * q\n"},
      {"param x = 2\nf = relu(x)", "dx = df * (x > 0)\n"},
      {"data d = 2\nf = d * d", ""},
      {"param x = 2\nparam unused = 3\nf = x * 2", "dx = df * 2\n"},
      {"param x = 2\nq = x * 3\nr = x * 5\nf = q * 1\nloss f", "dq = df * 1\ndx = dq * 3\n"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct trial trial;
    begin(&trial, cases[i].model);
    assert_rules(&trial, cases[i].rules);
    end(&trial);
  }
}

/* Each derived line, put in again as it is written, changes nothing: what is shown is what runs. */
static void shown_rules_are_what_runs(void **state) {
  (void)state;
  static const char *const models[] = {
      "seed 1\nparam X = randn(3, 2)\nparam b = randn(1, 2)\nh = tanh(X + b) * X\nf = sum(h^2 / 2)",
      "seed 1\nparam x = rand(2, 3)\ny = softmax(x)\nf = sum(y * log(y) * sqrt(x))",
      "seed 1\nparam W = randn(2, 2)\nf = mean(sigmoid(W @ W.T) - W)",
  };
  for (size_t m = 0; m < COUNT_OF(models); m++) {
    struct trial trial;
    begin(&trial, models[m]);
    size_t size = trial.model.program.size, before = trial.model.rule_count;
    double *wanted = malloc(size * sizeof *wanted);
    assert_non_null(wanted);
    memcpy(wanted, trial.run.values, size * sizeof *wanted);
    for (size_t i = 0; i < before; i++) {
      const struct rule *rule = &trial.model.rules[i];
      char line[300], *kept = strdup(rule->text);
      assert_non_null(kept);
      int operand = rule->operand;
      if (operand < 0) { /* a gate's own intermediate has no operand to address */
        free(kept);
        continue;
      }
      snprintf(line, sizeof line, "%s:%d: %s", trial.model.nodes[rule->node].name, operand + 1,
               kept);
      if (model_add_bug(&trial.model, "line", line, strlen(line), &trial.diag))
        fail_msg("%s: %s", line, trial.diag.message);
      assert_string_equal(trial.model.rules[i].text, kept);
      assert_string_equal(trial.model.rules[i].original, kept);
      free(kept);
    }
    run_passes(&trial);
    assert_int_equal(trial.model.program.size, size);
    assert_memory_equal(trial.run.values, wanted, size * sizeof *wanted);
    free(wanted);
    end(&trial);
  }
}

/* -- bugs -- */

static const char chain_model[] = "param x = -2\nparam y = 5\nparam z = -4\nq = x + y\nf = q * z";
static const char fan_model[] = "param x = 3\nq = x * 2\nr = x * 5\nf = q * r";
static const char square_model[] = "param x = 3\nf = x * x";

static enum status add_bug(struct trial *trial, const char *line) {
  return model_add_bug(&trial->model, "--bug", line, strlen(line), &trial->diag);
}

static void bugs_replace_the_line_they_address(void **state) {
  (void)state;
  static const struct {
    const char *model, *bug, *rules, *param;
    double gradient;
  } cases[] = {
      {chain_model, "dq = df * q", "dq = df * q\ndz = df * q\ndx = dq\ndy = dq\n", "x", 3},
      {chain_model, "f: dq = 2 * df * z", "dq = 2 * df * z\ndz = df * q\ndx = dq\ndy = dq\n", "y",
       -8},
      {chain_model, "f:1: dq=df", "dq=df\ndz = df * q\ndx = dq\ndy = dq\n", "x", 1},
      {chain_model, "dy = dq * x * f", "dq = df * z\ndz = df * q\ndx = dq\ndy = dq * x * f\n", "y",
       -96},
      {chain_model, "  dx   =  dq  +\t1 ", "dq = df * z\ndz = df * q\ndx = dq + 1\ndy = dq\n", "x",
       -3},
      {fan_model, "q: dx += 7 * dq", "dq = df * r\ndr = df * q\ndx += dr * 5\ndx += 7 * dq\n", "x",
       135},
      {fan_model, "q: dx = dq * 2", "dq = df * r\ndr = df * q\ndx += dr * 5\ndx = dq * 2\n", "x",
       30},
      {fan_model, "r: dx = dr * 5", "dq = df * r\ndr = df * q\ndx = dr * 5\ndx += dq * 2\n", "x",
       60},
      {square_model, "f:2: dx = df", "dx += df * x\ndx = df\n", "x", 1},
      {square_model, "f:1: dx = df", "dx = df\ndx += df * x\n", "x", 4},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct trial trial;
    begin(&trial, cases[i].model);
    if (add_bug(&trial, cases[i].bug)) fail_msg("%s: %s", cases[i].bug, trial.diag.message);
    assert_rules(&trial, cases[i].rules);
    run_passes(&trial);
    assert_double(*gradient_of(&trial, cases[i].param), cases[i].gradient);
    end(&trial);
  }
}

static void bugs_stack_and_keep_the_first_original(void **state) {
  (void)state;
  struct trial trial;
  begin(&trial, chain_model);
  assert_int_equal(add_bug(&trial, "dq = df * q"), STATUS_OK);
  assert_int_equal(add_bug(&trial, "dx = -dq"), STATUS_OK);
  assert_int_equal(add_bug(&trial, "dq = 10 * df"), STATUS_OK);
  assert_rules(&trial, "dq = 10 * df\ndz = df * q\ndx = -dq\ndy = dq\n");
  assert_string_equal(trial.model.rules[0].original, "dq = df * z");
  assert_string_equal(trial.model.rules[2].original, "dx = dq");
  assert_null(trial.model.rules[1].original);
  run_passes(&trial);
  assert_double(*gradient_of(&trial, "x"), -10);
  end(&trial);
}

static void bugs_that_do_not_fit_change_nothing(void **state) {
  (void)state;
  static const struct {
    const char *model, *bug, *message, *hint;
  } cases[] = {
      {chain_model, "dw = df", "no rule line assigns \"dw\"", NULL},
      {chain_model, "z: dq = df", "no rule line of that node", NULL},
      {chain_model, "f:3: dq = df", "no rule line of that node", NULL},
      {chain_model, "f:2: dq = df", "no rule line of that node", NULL},
      {chain_model, "f:0: dq = df", "", NULL},
      {chain_model, "dq = df * nope", "unknown name \"nope\"", NULL},
      {chain_model, "dq = [1 2]", "this line makes 1 x 2, but \"dq\" is 1 x 1", NULL},
      {chain_model, "dq = [1 2] @ [3 4]", "do not fit", NULL},
      {chain_model, "dq = ", "found the end", NULL},
      {chain_model, "dq = df; dx = dq", "found \"dx\"", "nothing more"},
      {chain_model, "dq df", "found \"df\"", "\"=\""},
      {chain_model, "", "found the end", NULL},
      {chain_model, "q = 3", "no rule line assigns \"q\"", NULL},
      {fan_model, "dx = dq", "several rule lines assign \"dx\"", "q:1: dx += dq * 2"},
      {square_model, "dx = df", "several rule lines", "f:2: dx += df * x"},
      {square_model, "f: dx = df", "several rule lines", "f:1: dx += df * x"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct trial trial;
    begin(&trial, cases[i].model);
    size_t size = trial.model.program.size, lines = trial.model.rule_count;
    size_t code = trial.model.program.backward.count;
    double before = *gradient_of(&trial, "x");
    enum status status = add_bug(&trial, cases[i].bug);
    if (status != STATUS_DATA) fail_msg("%s: status %d", cases[i].bug, (int)status);
    assert_contains(trial.diag.message, cases[i].message);
    if (cases[i].hint) assert_contains(trial.diag.hint, cases[i].hint);
    run_passes(&trial);
    assert_int_equal(trial.model.bug_count, 0);
    assert_int_equal(trial.model.rule_count, lines);
    assert_int_equal(trial.model.program.size, size);
    assert_int_equal(trial.model.program.backward.count, code);
    assert_double(*gradient_of(&trial, "x"), before);
    for (size_t r = 0; r < lines; r++) assert_null(trial.model.rules[r].original);
    end(&trial);
  }
}

/* Such a line would read what the pass before has left behind. */
static void bugs_cannot_use_what_is_not_yet_made(void **state) {
  (void)state;
  struct trial trial;
  begin(&trial, chain_model);
  assert_int_equal(add_bug(&trial, "dz = dq"), STATUS_OK); /* dq is made by the line before */
  enum status status = add_bug(&trial, "dq = df * z + dx");
  run_passes(&trial);
  double once = *gradient_of(&trial, "x");
  run_code(&trial.run, &trial.model.program.backward, 0);
  assert_double(*gradient_of(&trial, "x"), once);
  assert_int_equal(status, STATUS_DATA);
  assert_contains(trial.diag.message, "\"dx\" has not been assigned");
  end(&trial);
}

/* -- backward blocks -- */

static void backward_blocks_run_as_written(void **state) {
  (void)state;
  static const struct {
    const char *model;
    double gradient;
  } cases[] = {
      {"param x = 3\nq = x * x\nf = q * 2\n"
       "backward\n dq = 2 * df\n dx = dq * x\n dx += dq * x\nend", 12},
      {"param x = 3\nf = x * x\nbackward\n t = x\n t += x\n dx = df * t\nend", 6},
      {"param x = 3\nf = x * x\nbackward\n t = x\n t = t + 1\n dx = t\nend", 4},
      {"param x = 3\nf = x * x\nbackward\n dx += df\n dx += df\nend", 2},
      {"param x = 3\nf = x * x\nbackward\n dx = 5\n dx = dx * x\nend", 15},
      {"param x = 3\nf = x * x\nbackward\n dx = sigmoid(0 * x)\nend", 0.5},
      {"param x = 3\nq = x + 1\nf = q * x\nbackward\n dq = x\n dx = dq\n dq = 100\nend", 3},
      {"backward; df = 4; dx = df; end; param x = 3; f = x * x", 4},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct trial trial;
    begin(&trial, cases[i].model);
    assert_double(*gradient_of(&trial, "x"), cases[i].gradient);
    run_code(&trial.run, &trial.model.program.forward, 0); /* and again the same */
    run_code(&trial.run, &trial.model.program.backward, 0);
    assert_double(*gradient_of(&trial, "x"), cases[i].gradient);
    end(&trial);
  }
}

/* Kernels that read after they wrote must not be led to write over what they read. */
static void a_gradient_of_itself(void **state) {
  (void)state;
  struct trial trial;
  begin(&trial, "param x = [1 2; 3 4]\nf = sum(x)\nbackward\n dx = x\n dx = dx.T\n dx = dx @ x\n"
                "dx = dx - sum(dx, 0)\nend");
  const double wanted[] = {-14, -20, -10, -14}; /* [10 14; 14 20] less its sums down */
  for (int i = 0; i < 4; i++) assert_double(gradient_of(&trial, "x")[i], wanted[i]);
  end(&trial);
}

static void backward_blocks_that_make_no_sense(void **state) {
  (void)state;
  static const struct {
    const char *lines, *message, *hint;
  } cases[] = {
      {"dx = dq", "\"dq\" has not been assigned by the lines before", NULL},
      {"dx = t; t = 1", "unknown name \"t\"", NULL},
      {"dx = dx + 1", "\"dx\" has not been assigned", NULL},
      {"q = df", "\"q\" is a node of the model", "its gradient is dq"},
      {"x = 1", "\"x\" is a node of the model", NULL},
      {"t += df", "\"t\" has no value yet", NULL},
      {"dx = [1 2]", "this line makes 1 x 2, but \"dx\" is 1 x 1", NULL},
      {"dx = 1; dx += [1 2]", "this line makes 1 x 2", NULL},
      {"t = 1; t = [1 2]", "this line makes 1 x 2, but \"t\" is 1 x 1", NULL},
      {"dx = nope", "unknown name \"nope\"", NULL},
      {"dx = df +", "found the end", NULL},
      {"loss q", "found \"q\"", NULL},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char text[200];
    snprintf(text, sizeof text, "param x = 3\nq = x * x\nf = q * 2\nbackward\n%s\nend",
             cases[i].lines);
    refuse_model(text, cases[i].message, cases[i].hint);
  }
  refuse_model("param x = 3\nf = x\nbackward\ndx = df\nend\nbackward\ndx = df\nend",
               "one backward block", NULL);
  refuse_model("param x = [1 2]\nf = x * 2\nbackward\ndx = x\nend", "the loss \"f\" is 1 x 2",
               NULL);
}

/* -- draws, constants, names -- */

static void draws_follow_numpys_order(void **state) {
  (void)state;
  struct trial trial;
  begin(&trial, "seed 1\nparam a = randn(1, 2)\ndata b = randn(1, 1) * 1\n"
                "f = sum(a) * randn(1, 1)");
  assert_double(value_of(&trial, "a")[0], 1.6243453636632417);
  assert_double(value_of(&trial, "a")[1], -0.61175641365007538);
  assert_double(value_of(&trial, "b")[0], -0.5281717522634557);
  assert_double(value_of(&trial, "f_2")[0], -1.0729686221561705);
  run_code(&trial.run, &trial.model.program.forward, 0);
  assert_double(value_of(&trial, "f_2")[0], 0.86540762932467852); /* drawn anew */
  assert_double(value_of(&trial, "a")[0], 1.6243453636632417);
  trial.run.frozen = true;
  run_code(&trial.run, &trial.model.program.forward, 0);
  assert_double(value_of(&trial, "f_2")[0], 0.86540762932467852);
  end(&trial);
}

static void a_seed_starts_the_draws_again(void **state) {
  (void)state;
  struct trial trial;
  begin(&trial, "seed 1\nparam a = randn(1, 1)\nseed 1\nparam b = randn(1, 1)\n"
                "param c = rand(1, 1)\nf = a + b + c");
  assert_double(*value_of(&trial, "a"), *value_of(&trial, "b"));
  assert_true(*value_of(&trial, "c") >= 0 && *value_of(&trial, "c") < 1);
  end(&trial);
}

static void constants_are_folded(void **state) {
  (void)state;
  struct trial trial;
  begin(&trial, "param x = [1 2; 3 4]\nm = rows(x) * 2\nf = sum(x * (1 + 2)) / m * zeros(1, 1)");
  int m = model_find(&trial.model, "m");
  assert_int_equal(trial.model.nodes[m].kind, NODE_CONST);
  assert_double(*value_of(&trial, "m"), 4);
  for (size_t i = 0; i < trial.model.program.forward.count; i++) {
    int op = trial.model.program.forward.items[i].op;
    assert_true(op == OP_MUL || op == OP_SUM || op == OP_DIV); /* nothing that is known already */
  }
  assert_rules(&trial, "df_3 = df * zeros(1, 1)\ndf_2 = df_3 / m\ndf_1 = df_2 * ones(2, 2)\n"
                       "dx = df_1 * (1 + 2)\n");
  end(&trial);
}

static void leaves_keep_only_their_result(void **state) {
  (void)state;
  struct trial trial;
  begin(&trial, "data d = sum(ones(100, 100) * 2)\nparam x = 3\nf = d * x");
  assert_double(*value_of(&trial, "f"), 60000);
  assert_true(trial.model.program.size < 20);
  end(&trial);
}

static void copies_keep_names_apart(void **state) {
  (void)state;
  struct trial trial;
  begin(&trial, "param x = 3\ny = x\nz = y\nf = z * y");
  assert_double(*gradient_of(&trial, "x"), 6);
  assert_rules(&trial, "dz = df * y\ndy += df * z\ndy += dz\ndx = dy\n");
  end(&trial);
}

/* Automatic names keep clear of every name in the text, before and after. */
static void automatic_names_never_clash(void **state) {
  (void)state;
  struct trial trial;
  begin(&trial, "param x = 2\nf_1 = x * 3\nf_3 = f_1\nh = sigmoid(relu(x) * x + f_1)\nh_1 = h + x\n"
                "h_2 = h_1\nf = (h * 2) * (h_1 * 3) + f_3 * 1\nf_2 = f\nloss f\n");
  for (size_t i = 0; i < trial.model.node_count; i++) {
    for (size_t j = 0; j < i; j++)
      assert_string_not_equal(trial.model.nodes[i].name, trial.model.nodes[j].name);
    assert_int_equal(model_find(&trial.model, trial.model.nodes[i].name), i);
  }
  assert_double(*value_of(&trial, "f_1"), 6);
  assert_double(*value_of(&trial, "f_2"), *value_of(&trial, "f"));
  end(&trial);
}

/* A part of dq may be called dq_1, unless that is the gradient of a q_1: the line "dx += dq_1 * 3"
 * would read the part. */
static void automatic_names_are_no_gradients(void **state) {
  (void)state;
  struct trial trial;
  begin(&trial, "param x = 2\nq_1 = x * 3\ndq = (x + 1) * (x * q_1)\nf = dq * 2");
  assert_double(*gradient_of(&trial, "x"), 96);
  for (size_t i = 0; i < trial.model.node_count; i++)
    assert_string_not_equal(trial.model.nodes[i].name, "dq_1");
  end(&trial);
}

static void losses_are_found(void **state) {
  (void)state;
  static const struct {
    const char *model, *loss;
  } cases[] = {{"param x = 2\nf = x * 2\ng = f + 1", "g"},
               {"param x = 2\nf = x * 2\ng = f + 1\nloss f", "f"},
               {"param x = 2\nf = x * 2\nloss f\ng = f + 1", "f"},
               {"param x = [1 2]\ng = x + 1", NULL},
               {"param x = [1 2]\nf = sum(x)\ng = x + 1", NULL},
               {"param x = 2\nloss x", "x"},
               {"param x = 2", NULL}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    struct trial trial;
    begin(&trial, cases[i].model);
    if (!cases[i].loss) assert_int_equal(trial.model.loss, -1);
    else assert_string_equal(trial.model.nodes[trial.model.loss].name, cases[i].loss);
    end(&trial);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(printed_forms),
      cmocka_unit_test(precedence_groups_as_it_should),
      cmocka_unit_test(random_trees_read_back),
      cmocka_unit_test(statements_read_back),
      cmocka_unit_test(lines_with_addresses_read_back),
      cmocka_unit_test(names_are_told_from_what_is_not),
      cmocka_unit_test(suggestions_are_near),
      cmocka_unit_test(huge_texts_are_refused),
      cmocka_unit_test(just_inside_the_limits),
      cmocka_unit_test(huge_shapes_are_refused),
      cmocka_unit_test(deep_gates_are_refused),
      cmocka_unit_test(exponential_gates_are_refused),
      cmocka_unit_test(exponential_leaves_are_refused),
      cmocka_unit_test(exponential_rules_are_refused),
      cmocka_unit_test(exponential_constants_stay_short),
      cmocka_unit_test(folding_by_name),
      cmocka_unit_test(derived_rules_in_the_models_own_names),
      cmocka_unit_test(shown_rules_are_what_runs),
      cmocka_unit_test(bugs_replace_the_line_they_address),
      cmocka_unit_test(bugs_stack_and_keep_the_first_original),
      cmocka_unit_test(bugs_that_do_not_fit_change_nothing),
      cmocka_unit_test(bugs_cannot_use_what_is_not_yet_made),
      cmocka_unit_test(backward_blocks_run_as_written),
      cmocka_unit_test(a_gradient_of_itself),
      cmocka_unit_test(backward_blocks_that_make_no_sense),
      cmocka_unit_test(draws_follow_numpys_order),
      cmocka_unit_test(a_seed_starts_the_draws_again),
      cmocka_unit_test(constants_are_folded),
      cmocka_unit_test(leaves_keep_only_their_result),
      cmocka_unit_test(copies_keep_names_apart),
      cmocka_unit_test(automatic_names_never_clash),
      cmocka_unit_test(automatic_names_are_no_gradients),
      cmocka_unit_test(losses_are_found),
  };
  return cmocka_run_group_tests_name("lang", tests, NULL, NULL);
}
