/* Protects promises about memory: arenas align, zero and grow; sizes do not wrap; and whichever
 * allocation fails, alone or with all that follow, the answer is "out of memory" or a right one,
 * never a crash, a leak or a wrong result.
 *
 * memory.c is compiled in here with tiny arena chunks, so that nearly every arena_alloc() is an
 * allocation that can be made to fail. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define ARENA_CHUNK_SIZE 64
#include "core/memory.c"

#include "bug/matrix.h"
#include "check/check.h"
#include "command/command.h"
#include "game/hunt.h"
#include "io/idx.h"
#include "lang/parse.h"
#include "lang/print.h"
#include "lesson/open.h"
#include "lesson/progress.h"
#include "reader/prove.h"
#include "report/report.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* -- allocations that fail on order: in place of the C library's own -- */

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#if !defined(SANITIZED) && !defined(__SANITIZE_ADDRESS__) && defined(__GLIBC__)
#define FAULTS 1
#else
#define FAULTS 0
#endif

static struct {
  bool armed, sticky;
  unsigned long calls, fail_at; /* counted from 1 while armed; 0: none fails */
  long live;                    /* blocks not yet freed */
  bool in_copies; /* each one fails, in a copy of the process that goes on from there */
  unsigned long deaths, death_at; /* copies that did not come to their end; one of them */
} heap;

#if FAULTS
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

/* Has CALL fail in a copy of this process, waits for the copy's end, and then lets CALL succeed. */
static void fail_in_copy(unsigned long call) {
  int status = 0;
  heap.armed = false;
  const pid_t pid = fork();
  if (pid == 0) {
    heap.in_copies = false;
    heap.fail_at = call;
  } else if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
    heap.deaths++;
    heap.death_at = call;
  }
  heap.armed = true;
}

/* Threads allocate too. */
static bool refuse(void) {
  if (!heap.armed) return false;
  const unsigned long call = __atomic_add_fetch(&heap.calls, 1, __ATOMIC_RELAXED);
  if (heap.in_copies) fail_in_copy(call);
  bool hit = heap.fail_at > 0 && (heap.sticky ? call >= heap.fail_at : call == heap.fail_at);
  if (hit) errno = ENOMEM;
  return hit;
}

static void *count_block(void *block) {
  if (block) __atomic_add_fetch(&heap.live, 1, __ATOMIC_RELAXED);
  return block;
}

void *malloc(size_t size) {
  return refuse() ? NULL : count_block(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
  return refuse() ? NULL : count_block(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size) {
  if (refuse()) return NULL;
  void *grown = __libc_realloc(old, size);
  return old ? grown : count_block(grown);
}

void *memalign(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size) {
  return refuse() ? NULL : count_block(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size) {
  return refuse() ? NULL : count_block(__libc_memalign(alignment, size));
}

int posix_memalign(void **block, size_t alignment, size_t size) {
  *block = aligned_alloc(alignment, size);
  return *block ? 0 : ENOMEM;
}

void free(void *block) {
  if (block) __atomic_sub_fetch(&heap.live, 1, __ATOMIC_RELAXED);
  __libc_free(block);
}
#endif

/* -- arenas -- */

static void arena_aligns_and_zeroes(void **state) {
  (void)state;
  struct arena arena;
  arena_init(&arena);
  for (size_t size = 1; size < 300; size++) {
    unsigned char *block = arena_alloc(&arena, 1, size);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
    for (size_t i = 0; i < size; i++) assert_int_equal(block[i], 0);
    memset(block, 0xA5, size);
  }
  arena_done(&arena);
  assert_null(arena.chunks);
  arena_done(&arena); /* twice does no harm */
}

static void arena_blocks_do_not_overlap(void **state) {
  (void)state;
  enum { BLOCKS = 500 };
  struct arena arena;
  unsigned char *blocks[BLOCKS];
  arena_init(&arena);
  for (size_t i = 0; i < BLOCKS; i++) {
    blocks[i] = arena_alloc(&arena, i % 7 + 1, i % 40 + 1);
    assert_non_null(blocks[i]);
    memset(blocks[i], (int)(i % 251), (i % 7 + 1) * (i % 40 + 1));
  }
  for (size_t i = 0; i < BLOCKS; i++)
    for (size_t j = 0; j < (i % 7 + 1) * (i % 40 + 1); j++)
      assert_int_equal(blocks[i][j], i % 251);
  arena_done(&arena);
}

static void arena_takes_large_and_empty_blocks(void **state) {
  (void)state;
  struct arena arena;
  arena_init(&arena);
  char *large = arena_alloc(&arena, 1000, 1000);
  assert_non_null(large);
  large[999999] = 1;
  assert_non_null(arena_alloc(&arena, 0, 8));
  assert_non_null(arena_alloc(&arena, 8, 0));
  arena_done(&arena);
}

static void arena_refuses_sizes_that_wrap(void **state) {
  (void)state;
  struct arena arena;
  arena_init(&arena);
  assert_null(arena_alloc(&arena, SIZE_MAX, 2));
  assert_null(arena_alloc(&arena, SIZE_MAX / 2 + 1, 2)); /* wraps to 0 */
  assert_null(arena_alloc(&arena, SIZE_MAX, 1));
  assert_null(arena_alloc(&arena, SIZE_MAX - 8, 1));
  assert_null(arena_copy(&arena, "x", SIZE_MAX));
  assert_null(arena.chunks);
  arena_done(&arena);
}

static void arena_copies_and_formats(void **state) {
  (void)state;
  struct arena arena;
  arena_init(&arena);
  const char *copy = arena_copy(&arena, "gradient", 4);
  assert_string_equal(copy, "grad");
  assert_string_equal(arena_copy(&arena, "x", 0), "");
  const char *text = arena_printf(&arena, "%s_%u%300s", "f", 12u, "end");
  assert_int_equal(strlen(text), 4 + 300);
  assert_memory_equal(text, "f_12 ", 5);
  assert_string_equal(text + 4 + 297, "end");
  assert_string_equal(arena_printf(&arena, "%s", ""), "");
  assert_string_equal(copy, "grad");
  arena_done(&arena);
}

/* -- sizes and arrays -- */

static void size_multiply_notices_overflow(void **state) {
  (void)state;
  size_t product = 0;
  assert_true(size_multiply(6, 7, &product));
  assert_int_equal(product, 42);
  assert_true(size_multiply(SIZE_MAX, 1, &product));
  assert_true(product == SIZE_MAX);
  assert_true(size_multiply(SIZE_MAX, 0, &product));
  assert_int_equal(product, 0);
  assert_true(size_multiply(SIZE_MAX / 3, 3, &product));
  assert_false(size_multiply(SIZE_MAX / 3 + 1, 3, &product));
  assert_false(size_multiply(SIZE_MAX, 2, &product));
  assert_false(size_multiply((size_t)1 << 33, (size_t)1 << 33, &product));
}

static void array_reserve_grows_and_keeps(void **state) {
  (void)state;
  int *items = NULL;
  size_t capacity = 0;
  assert_true(array_reserve(&items, &capacity, 0, sizeof *items));
  assert_null(items);
  for (size_t i = 0; i < 1000; i++) {
    assert_true(array_reserve(&items, &capacity, i + 1, sizeof *items));
    assert_true(capacity >= i + 1);
    items[i] = (int)i;
  }
  assert_true(capacity < 4000); /* doubles, so that appending is cheap */
  for (int i = 0; i < 1000; i++) assert_int_equal(items[i], i);
  free(items);
}

static void array_reserve_failure_changes_nothing(void **state) {
  (void)state;
  int *items = NULL;
  size_t capacity = 0;
  assert_true(array_reserve(&items, &capacity, 3, sizeof *items));
  items[2] = 77;
  int *before = items;
  size_t room = capacity;
  assert_false(array_reserve(&items, &capacity, SIZE_MAX, sizeof *items));
  assert_false(array_reserve(&items, &capacity, SIZE_MAX / 4 + 1, sizeof *items));
#if FAULTS
  heap.armed = true, heap.calls = 0, heap.fail_at = 1;
  bool grown = array_reserve(&items, &capacity, capacity + 1, sizeof *items);
  heap.armed = false;
  assert_false(grown);
#endif
  assert_ptr_equal(items, before);
  assert_int_equal(capacity, room);
  assert_int_equal(items[2], 77);
  size_t huge = SIZE_MAX - 1; /* doubling it would wrap */
  assert_true(array_reserve(&items, &huge, SIZE_MAX - 1, sizeof *items));
  assert_false(array_reserve(&items, &huge, SIZE_MAX, sizeof *items));
  free(items);
}

/* -- what the faults are tried on -- */

/* What a scenario works on. PREPARE and FINISH run with memory; RUN is what is tried: it leaves its
 * whole result in OUT. RUN may be called again after a failure. */
struct work {
  struct source source;
  struct model model;
  struct run run;
  struct check check;
  struct lesson lesson;
  struct idx idx;
  struct text out;
  struct diag diag;
};

/* In turn, each try is a whole run, and the next try shows what comes after a failure. In copies of
 * the process, a try is only the rest of a run, which is quicker where there are thousands; after
 * that, some are tried in turn. */
struct scenario {
  const char *name;
  const char *model; /* source text; NULL: none is built */
  enum status (*prepare)(struct work *work);
  enum status (*run)(struct work *work);
  void (*clear)(struct work *work); /* what RUN made, after success or failure */
  unsigned long stride; /* every so many allocations are made to fail; 0: every one */
  enum { IN_TURN, IN_COPIES } tried;
};

static const char gates_model[] = "seed 1\n"
                                  "gate twice(x)\n  y = x + x\n  out = y * 1\nend\n"
                                  "data X = randn(2, 3)\ndata t = [1 0; 0 1]\n"
                                  "param W = randn(3, 2)\nparam b = [1 2]\n"
                                  "h = sigmoid(twice(affine(X, W, b)))\n"
                                  "f = mse(softmax(h), t) + l2_penalty(W, 0.5)\n";

static const char block_model[] = "param x = [1 2 3]\ndata t = [1 0 1]\n"
                                  "q = x * x - t\nf = sum(q^2)\nbackward\n"
                                  "  scale = 2 * ones(1, 3)\n  dq = df * scale * q\n"
                                  "  dx = dq * x\n  dx += dq * x\nend\n";

static void put_numbers(struct text *out, const double *values, size_t count) {
  for (size_t i = 0; i < count; i++) text_printf(out, " %a", values[i]);
}

/* Everything that a build decides: names, formulas, rule lines and the gradients they make. */
static enum status describe(struct work *work) {
  struct model *model = &work->model;
  enum status status = run_init(&work->run, &model->program, &model->random, PRECISION_DOUBLE);
  if (!status) {
    run_code(&work->run, &model->program.forward, 0);
    run_code(&work->run, &model->program.backward, 0);
    for (size_t i = 0; i < model->node_count; i++) {
      const struct node *node = &model->nodes[i];
      text_printf(&work->out, "%s = ", node->name);
      if (node->formula) print_expr(&work->out, node->formula);
      put_numbers(&work->out, run_values(&work->run, node->slot),
                  shape_count(model_shape(model, node->slot)));
      if (node->gradient >= 0)
        put_numbers(&work->out, run_values(&work->run, node->gradient),
                    shape_count(model_shape(model, node->gradient)));
      text_puts(&work->out, "\n");
    }
    for (size_t i = 0; i < model->rule_count; i++)
      text_printf(&work->out, "%s\n", model->rules[i].text);
  }
  run_done(&work->run);
  return work->out.failed ? STATUS_NO_MEMORY : status;
}

static enum status build(struct work *work) {
  enum status status = model_build(&work->model, &work->source, NULL, &work->diag);
  return status ? status : describe(work);
}

static enum status add_bug(struct work *work, const char *line) {
  return model_add_bug(&work->model, "--bug", line, strlen(line), &work->diag);
}

static enum status build_and_edit(struct work *work) {
  enum status status = model_build(&work->model, &work->source, NULL, &work->diag);
  if (!status) status = add_bug(work, "db = sum(dh_1, 0) * 2");
  if (!status) status = model_fold(&work->model, "h", false, &work->diag);
  return status ? status : describe(work);
}

static enum status build_block_and_bug(struct work *work) {
  enum status status = model_build(&work->model, &work->source, NULL, &work->diag);
  if (!status) status = add_bug(work, "dq = df * scale * q * x");
  return status ? status : describe(work);
}

static void clear_model(struct work *work) {
  model_done(&work->model);
}

static enum status prepare_model(struct work *work) {
  return model_build(&work->model, &work->source, NULL, &work->diag);
}

static enum status fold_twice(struct work *work) {
  enum status status = model_fold(&work->model, NULL, false, &work->diag);
  if (!status) status = describe(work);
  return status ? status : model_fold(&work->model, NULL, true, &work->diag);
}

/* With zeros in it, so that there is a note. */
static const char chain_model[] = "param x = -2\nparam z = -4\nq = x * z\nf = q * q\nloss f\n";
static const char zeros_model[] = "param x = [1 2 3]\nparam b = zeros(1, 3)\n"
                                  "f = sum((x + b)^2 * b)";

/* With enough entries for threads. */
static const char large_model[] = "seed 1\nparam x = randn(8, 25)\nf = sum(sin(x) * x)";

static enum status run_the_check(struct work *work, unsigned directions, int threads) {
  struct check_options options = {.tolerance = -1, .threads = threads, .directions = directions};
  return check_run(&work->check, &work->model, &options, &work->diag);
}

static enum status describe_check(struct work *work) {
  text_printf(&work->out, "%d %a %zu\n", (int)work->check.verdict, work->check.difference,
              work->check.entries);
  for (size_t i = 0; i < work->check.tensor_count; i++) {
    const struct tensor_check *tensor = &work->check.tensors[i];
    text_printf(&work->out, "%d %d", (int)tensor->verdict, (int)tensor->reason);
    put_numbers(&work->out, tensor->analytic, tensor->count);
    put_numbers(&work->out, tensor->numeric, tensor->count);
  }
  for (size_t i = 0; i < work->check.note_count; i++)
    text_printf(&work->out, "%s\n", work->check.notes[i]);
  return work->out.failed ? STATUS_NO_MEMORY : STATUS_OK;
}

static enum status check_all(struct work *work) {
  enum status status = run_the_check(work, 0, 1);
  return status ? status : describe_check(work);
}

static enum status check_in_threads(struct work *work) {
  enum status status = run_the_check(work, 0, 3);
  return status ? status : describe_check(work);
}

static enum status check_directions(struct work *work) {
  enum status status = run_the_check(work, 3, 1);
  return status ? status : describe_check(work);
}

static void clear_check(struct work *work) {
  check_done(&work->check);
}

static enum status prepare_report(struct work *work) {
  enum status status = prepare_model(work);
  if (!status)
    status = run_init(&work->run, &work->model.program, &work->model.random, PRECISION_DOUBLE);
  if (status) return status;
  run_code(&work->run, &work->model.program.forward, 0);
  run_code(&work->run, &work->model.program.backward, 0);
  return run_the_check(work, 0, 1);
}

static enum status text_reports(struct work *work) {
  struct style style = {.unicode = true};
  struct lines lines;
  lines_init(&lines);
  report_eval(&lines, &work->model, &work->run);
  report_check(&lines, &work->model, &work->check, style);
  lines_print(&lines, true, &work->out);
  lines_done(&lines);
  return work->out.failed ? STATUS_NO_MEMORY : STATUS_OK;
}

static enum status json_eval(struct work *work) {
  return report_eval_json(&work->out, &work->model, &work->run);
}

static enum status json_check(struct work *work) {
  return report_check_json(&work->out, &work->model, &work->check);
}

static enum status json_list(struct work *work) {
  static char first[] = "01-chain-rule.md", second[] = "02-fan-out.md";
  static char *const names[] = {first, second};
  static char marks[] = "rs-";
  static struct progress_entry entry = {"02-fan-out", 3, 4, marks};
  const struct progress progress = {.entries = &entry, .count = 1};
  return report_list_json(&work->out, names, COUNT_OF(names), &progress);
}

static enum status make_catalogue(struct work *work) {
  struct catalogue catalogue;
  enum status status = prepare_model(work);
  if (status) return status;
  status = catalogue_make(&catalogue, &work->model, &work->diag);
  for (size_t i = 0; !status && i < catalogue.count; i++)
    text_printf(&work->out, "%s %s\n", catalogue.mutants[i].id, catalogue.mutants[i].lines[0]);
  catalogue_done(&catalogue);
  return work->out.failed ? STATUS_NO_MEMORY : status;
}

static enum status make_matrix(struct work *work) {
  struct matrix matrix;
  struct matrix_options options = {.threads = 1};
  enum status status = prepare_model(work);
  if (status) return status;
  status = matrix_run(&matrix, &work->model, &options, &work->diag);
  for (size_t i = 0; !status && i < matrix.catalogue.count; i++)
    for (size_t t = 0; t < bug_trial_count; t++)
      text_printf(&work->out, "%d", (int)matrix_cell(&matrix, i, t)->outcome);
  matrix_done(&matrix);
  return work->out.failed ? STATUS_NO_MEMORY : status;
}

static enum status survey(struct work *work) {
  struct survey survey;
  enum status status = prepare_model(work);
  if (status) return status;
  status = survey_run(&survey, &work->model, &(struct survey_options){0}, &work->diag);
  if (!status) text_printf(&work->out, "%zu of %zu\n", survey.blind_count, survey.mutants);
  survey_done(&survey);
  return work->out.failed ? STATUS_NO_MEMORY : status;
}

static enum status answer_with(struct work *work, struct hunt *hunt, const char *text,
                               const struct hidden_bug **found) {
  const struct source answer = source_from("answer", text, strlen(text));
  return hunt_answer(hunt, &work->model, &answer, found, &work->out, &work->diag);
}

/* A wrong answer, a hint, the right line. */
static enum status play_hunt(struct work *work) {
  struct hunt hunt;
  struct hunt_options options = {.seed = 1, .level = 2, .bugs = 1};
  const struct hidden_bug *found = NULL;
  enum status status = prepare_model(work);
  if (status) return status;
  status = hunt_begin(&hunt, &work->model, &options, &work->diag);
  if (!status)
    status = answer_with(work, &hunt, "dx regularisation-forgotten", &found);
  if (!status) status = hunt_hint(&hunt, &work->out, &work->diag);
  if (!status)
    status = answer_with(work, &hunt, hunt.bugs[0].original, &found);
  if (!status) text_printf(&work->out, "%d %u\n", found != NULL, hunt_score(&hunt));
  hunt_done(&hunt);
  return work->out.failed ? STATUS_NO_MEMORY : status;
}

static char folder[] = "/tmp/gradwalk-memory-XXXXXX";
static char lesson_path[64], idx_path[64];

static enum status open_lesson(struct work *work) {
  enum status status = lesson_open(&work->lesson, lesson_path, 0, &work->diag);
  if (!status)
    text_printf(&work->out, "%s|%s|%u|%d\n", text_string(&work->lesson.title),
                work->lesson.source.text, work->lesson.source.first_line,
                lesson_last_page(&work->lesson));
  return work->out.failed ? STATUS_NO_MEMORY : status;
}

/* A lesson is proved, then read and answered as by a person. */
static enum status read_through(struct work *work, struct session *session) {
  static const char *const lines[] = {"page 0", "page 2", "hint", "answer 4*4 - 1", "answer 16",
                                      "answer f", "page", "page back"};
  struct proof proof;
  enum status status = prove_lesson(&proof, session, lesson_path, &work->diag);
  if (!status) proof_summary(&proof, &work->out);
  text_printf(&work->out, " %zu\n", proof.failure_count);
  proof_done(&proof);
  struct lines said = {.text = work->out};
  for (size_t i = 0; !status && i < COUNT_OF(lines); i++)
    status = command_do(session, lines[i], &said, &work->diag);
  work->out = said.text;
  said.text = (struct text){0};
  lines_done(&said);
  return status;
}

static enum status prove(struct work *work) {
  struct session session;
  session_init(&session, &command_interpreter);
  enum status status = read_through(work, &session);
  session_done(&session);
  return work->out.failed ? STATUS_NO_MEMORY : status;
}

static const char progress_text[] = "gradwalk progress 1\na 1 2 rs-\na 2 2 -r-r\nb 0 3 .\n";

static enum status merge_progress(struct work *work) {
  struct progress progress;
  enum status status =
      progress_parse(&progress, progress_text, strlen(progress_text), &work->diag);
  if (!status) progress_put(&progress, &work->out);
  progress_done(&progress);
  return work->out.failed ? STATUS_NO_MEMORY : status;
}

static void clear_lesson(struct work *work) {
  lesson_done(&work->lesson);
}

static enum status read_idx(struct work *work) {
  enum status status = idx_read(idx_path, 1, IDX_ALL, NULL, &work->idx, &work->diag);
  for (size_t i = 0; !status && i < work->idx.count; i++)
    text_printf(&work->out, "%d ", work->idx.items[i]);
  return work->out.failed ? STATUS_NO_MEMORY : status;
}

static void clear_idx(struct work *work) {
  idx_done(&work->idx);
}

/* A mistake: its message is made whole, or the text says that it failed. */
static enum status report_mistake(struct work *work) {
  struct source source = source_from("m.gw", "x = 1\ny = wye + [1 2", 21);
  struct arena arena;
  struct syntax syntax;
  arena_init(&arena);
  enum status status = parse_model(&source, &arena, &syntax, &work->diag);
  if (status == STATUS_DATA) diag_render(&work->diag, &work->out);
  syntax_done(&syntax);
  arena_done(&arena);
  if (status == STATUS_OK) return STATUS_INTERNAL;
  return work->out.failed || status == STATUS_NO_MEMORY ? STATUS_NO_MEMORY : STATUS_OK;
}

static const struct scenario scenarios[] = {
    {"build with gates, a bug and an unfold",
     gates_model, NULL, build_and_edit, clear_model, 0, IN_TURN},
    {"build with a backward block and a bug",
     block_model, NULL, build_block_and_bug, clear_model, 0, IN_TURN},
    {"fold and unfold", gates_model, prepare_model, fold_twice, NULL, 0, IN_TURN},
    {"check", gates_model, prepare_model, check_all, clear_check, 0, IN_TURN},
    {"check of a backward block", block_model, prepare_model, check_all, clear_check, 0, IN_TURN},
    {"check with a note", zeros_model, prepare_model, check_all, clear_check, 0, IN_TURN},
    {"check in threads", large_model, prepare_model, check_in_threads, clear_check, 0, IN_TURN},
    {"check of directions", zeros_model, prepare_model, check_directions, clear_check, 0, IN_TURN},
    {"catalogue", chain_model, NULL, make_catalogue, clear_model, 7, IN_TURN},
    {"matrix", chain_model, NULL, make_matrix, clear_model, 331, IN_TURN},
    {"survey", chain_model, NULL, survey, clear_model, 31, IN_TURN},
    {"hunt", chain_model, NULL, play_hunt, clear_model, 151, IN_TURN},
    {"text reports", gates_model, prepare_report, text_reports, NULL, 0, IN_TURN},
    {"text reports of a backward block",
     block_model, prepare_report, text_reports, NULL, 0, IN_TURN},
    {"JSON of eval", gates_model, prepare_report, json_eval, NULL, 0, IN_TURN},
    {"JSON of check", gates_model, prepare_report, json_check, NULL, 0, IN_TURN},
    {"JSON of list", NULL, NULL, json_list, NULL, 0, IN_TURN},
    {"a mistake", NULL, NULL, report_mistake, NULL, 0, IN_TURN},
    {"lesson", NULL, NULL, open_lesson, clear_lesson, 0, IN_TURN},
    {"a lesson proved and read", NULL, NULL, prove, clear_lesson, 31, IN_COPIES},
    {"progress", NULL, NULL, merge_progress, NULL, 0, IN_TURN},
    {"IDX file", NULL, NULL, read_idx, clear_idx, 0, IN_TURN},
};

/* -- trying them -- */

/* Shared with the child, which may die. */
struct tries {
  unsigned long at;
  bool finished;
  unsigned problems;
};

static void init_work(struct work *work, const struct scenario *scenario) {
  *work = (struct work){.model = {.loss = -1}};
  if (scenario->model)
    work->source = source_from("m.gw", scenario->model, strlen(scenario->model));
}

static void done_work(struct work *work, const struct scenario *scenario) {
  check_done(&work->check);
  run_done(&work->run);
  if (scenario->prepare) model_done(&work->model);
  text_done(&work->out);
}

/* One attempt with the FAIL_AT-th allocation failing; true if it was never reached. */
static bool attempt(const struct scenario *scenario, struct work *work, unsigned long fail_at,
                    bool sticky, enum status *status) {
  text_done(&work->out);
  work->diag = (struct diag){0};
  heap.calls = 0, heap.fail_at = fail_at, heap.sticky = sticky, heap.armed = true;
  *status = scenario->run(work);
  heap.armed = false;
  return heap.calls < fail_at;
}

static void complain(struct tries *tries, const struct scenario *scenario, bool sticky,
                     const char *what) {
  if (tries->problems++ < 5)
    print_error("%s: with allocation %lu%s failing: %s\n", scenario->name, tries->at,
                sticky ? " and all after it" : "", what);
}

static void judge(struct tries *tries, const struct scenario *scenario, struct work *work,
                  bool sticky, enum status status, const char *wanted) {
  char what[80];
  if (status == STATUS_OK && strcmp(text_string(&work->out), wanted) != 0)
    complain(tries, scenario, sticky, "success, but a wrong result");
  if (status == STATUS_OK || status == STATUS_NO_MEMORY) return;
  snprintf(what, sizeof what, "status %d, not %d", (int)status, STATUS_NO_MEMORY);
  complain(tries, scenario, sticky, what);
}

/* In the child: one run, and from each of its allocations on one in which that allocation fails. */
static void try_in_copies(struct tries *tries, const struct scenario *scenario, bool sticky,
                          struct work *work, const char *wanted) {
  enum status status;
  text_done(&work->out);
  const long live = heap.live;
  heap.deaths = 0;
  heap.in_copies = true;
  attempt(scenario, work, 0, sticky, &status);
  const bool is_copy = !heap.in_copies;
  heap.in_copies = false;
  tries->at = is_copy ? heap.fail_at : heap.death_at;
  judge(tries, scenario, work, sticky, status, wanted);
  scenario->clear(work);
  text_done(&work->out);
  if (heap.live != live) complain(tries, scenario, sticky, "a block leaks");
  if (is_copy) fflush(NULL), _exit(0);
  if (heap.deaths > 0) complain(tries, scenario, sticky, "the program dies");
  tries->at = 1;
}

/* In the child: every failure from tries->at on, until one is never reached. */
static void try_all(struct tries *tries, const struct scenario *scenario, bool sticky,
                    struct work *work) {
  enum status status;
  attempt(scenario, work, 0, false, &status);
  char *wanted = strdup(text_string(&work->out));
  if (status || !wanted) complain(tries, scenario, sticky, "fails with all the memory it wants");
  if (scenario->clear) scenario->clear(work);
  if (scenario->tried == IN_COPIES && tries->at == 1)
    try_in_copies(tries, scenario, sticky, work, wanted);
  for (bool reached = true; reached && !status;
       tries->at += scenario->stride > 0 ? scenario->stride : 1) {
    enum status failed;
    text_done(&work->out);
    long live = heap.live;
    reached = !attempt(scenario, work, tries->at, sticky, &failed);
    judge(tries, scenario, work, sticky, failed, wanted);
    if (scenario->clear) scenario->clear(work);
    text_done(&work->out);
    if (scenario->clear && heap.live != live)
      complain(tries, scenario, sticky, "a block leaks");
    if (!reached && failed) complain(tries, scenario, sticky, "fails without a failure");
  }
  free(wanted);
}

/* Once without a failure, so that what libraries keep for later is not taken for a leak. */
static void warm_up(const struct scenario *scenario) {
  struct work work;
  enum status status;
  init_work(&work, scenario);
  if (!scenario->prepare || !scenario->prepare(&work)) attempt(scenario, &work, 0, false, &status);
  if (scenario->clear) scenario->clear(&work);
  done_work(&work, scenario);
}

static void child(struct tries *tries, const struct scenario *scenario, bool sticky) {
  struct work work;
  warm_up(scenario);
  init_work(&work, scenario);
  long live = heap.live;
  if (scenario->prepare && scenario->prepare(&work))
    complain(tries, scenario, sticky, "cannot be prepared");
  else
    try_all(tries, scenario, sticky, &work);
  done_work(&work, scenario);
  if (heap.live != live) complain(tries, scenario, sticky, "a block is left at the end");
  tries->finished = true;
}

/* A child that dies is replaced by one that goes on with the next allocation. */
static unsigned try_scenario(struct tries *tries, const struct scenario *scenario,
                             bool sticky) {
  enum { MOST_DEATHS = 400 };
  *tries = (struct tries){.at = 1};
  for (int deaths = 0; !tries->finished && deaths < MOST_DEATHS; tries->at++) {
    int status;
    char what[80];
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
      child(tries, scenario, sticky);
      fflush(NULL);
      _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (tries->finished) break;
    deaths++;
    snprintf(what, sizeof what, WIFSIGNALED(status) ? "killed by signal %d" : "exits with %d",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    complain(tries, scenario, sticky, what);
  }
  if (tries->problems > 5) print_error("%s: %u problems\n", scenario->name, tries->problems);
  return tries->problems;
}

static void try_named(const char *part) {
  if (!FAULTS) skip();
  unsigned problems = 0;
  bool found = false;
  struct tries *tries = mmap(NULL, sizeof *tries, PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(tries != MAP_FAILED);
  for (size_t i = 0; i < COUNT_OF(scenarios); i++) {
    if (!strstr(scenarios[i].name, part)) continue;
    found = true;
    for (int sticky = 0; sticky < 2; sticky++)
      problems += try_scenario(tries, &scenarios[i], sticky);
  }
  munmap(tries, sizeof *tries);
  assert_true(found);
  assert_int_equal(problems, 0);
}

static void build_survives_faults(void **state) {
  (void)state;
  try_named("build");
}

static void folding_survives_faults(void **state) {
  (void)state;
  try_named("fold and unfold");
}

static void check_survives_faults(void **state) {
  (void)state;
  try_named("check");
}

static void bugs_survive_faults(void **state) {
  (void)state;
  try_named("catalogue");
  try_named("survey");
  try_named("matrix");
  try_named("hunt");
}

static void text_reports_survive_faults(void **state) {
  (void)state;
  try_named("text reports");
}

static void json_survives_faults(void **state) {
  (void)state;
  try_named("JSON");
}

static void messages_survive_faults(void **state) {
  (void)state;
  try_named("mistake");
}

static void lessons_survive_faults(void **state) {
  (void)state;
  try_named("lesson");
}

static void data_files_survive_faults(void **state) {
  (void)state;
  try_named("IDX");
}

/* After a bug line that found no memory, the model is what it was and takes the line later. */
static void a_bug_that_fails_changes_nothing(void **state) {
  (void)state;
  if (!FAULTS) skip();
  static const struct scenario none = {.name = "bug", .model = gates_model};
  struct work work;
  init_work(&work, &none);
  assert_int_equal(build(&work), STATUS_OK);
  char *before = strdup(text_string(&work.out));
  assert_non_null(before);
  for (unsigned long n = 1;; n++) {
    heap.calls = 0, heap.fail_at = n, heap.sticky = false, heap.armed = true;
    enum status status = add_bug(&work, "db = sum(dh_1, 0) * 2");
    heap.armed = false;
    text_done(&work.out);
    assert_int_equal(describe(&work), STATUS_OK);
    if (heap.calls < n) {
      assert_int_equal(status, STATUS_OK);
      break;
    }
    assert_int_equal(status, STATUS_NO_MEMORY);
    assert_string_equal(text_string(&work.out), before);
  }
  assert_string_not_equal(text_string(&work.out), before);
  free(before);
  model_done(&work.model);
  text_done(&work.out);
}

/* -- questions -- */

/* However often somebody asks, only the answer takes memory, and that ends with it. Findings take the
 * place of those before. */
static void questions_keep_nothing(void **state) {
  (void)state;
  if (!FAULTS) skip();
  static const char *const questions[] = {"show f",    "show",    "show dx", "eval 2 * df * x",
                                          "focus f",   "numeric x", "bugs",  "check",
                                          "bugs dx",   "log",     "focus dx", "help tanh",
                                          "x + f / 2", "sweep",   "page",     "help"};
  struct session session;
  struct diag diag;
  struct lines said;
  long live[2] = {0, 0};
  session_init(&session, &command_interpreter);
  lines_init(&said);
  char open[sizeof lesson_path + 8];
  snprintf(open, sizeof open, "open %s", lesson_path);
  assert_int_equal(command_do(&session, open, &said, &diag), STATUS_OK);
  assert_int_equal(command_do(&session, "run", &said, &diag), STATUS_OK);
  for (int turn = 0; turn < 200; turn++) {
    for (size_t i = 0; i < COUNT_OF(questions); i++) {
      if (command_do(&session, questions[i], &said, &diag))
        fail_msg("%s: %s", questions[i], diag.message);
      lines_clear(&said);
    }
    if (turn < 10) live[0] = heap.live; /* what is made once is made by then */
  }
  live[1] = heap.live;
  assert_int_equal(live[1], live[0]);
  lines_done(&said);
  session_done(&session);
}

/* -- files -- */

static int make_files(void **state) {
  (void)state;
  static const char lesson[] = "# The *chain* rule\n\nText.\n\n```graph\nparam x = 2\nf = x^2\n```"
                               "\n\n## One\n\n> quote\n\n- item\n\n## Two\n\n"
                               "```graph\nparam x = 3\nf = x * x\n```\n"
                               "Here `f = 9` and `dx ≈ 6.0`.\n\n```do\nset x = 3\nrun\n```\n"
                               "```expect\nset x = 2\nf == 4 and dx ~ 4.0 +- 1e-9\n```\n\n"
                               "What?\n\n<details><summary>Hint</summary>\n\nh\n</details>\n\n"
                               "<details><summary>A</summary>\n\n```quiz\ntry: set x = 4\n"
                               "answer: f = 16\nwrong: dx = 8\n```\n\n- no\n\nyes\n</details>\n\n"
                               "Which?\n\n<details><summary>Hint</summary>\n\nh\n</details>\n\n"
                               "<details>\n\n```quiz\nanswer: f where it == 9\n```\n\nyes\n"
                               "</details>\n";
  static const unsigned char idx[] = {0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9};
  if (!mkdtemp(folder)) return -1;
  snprintf(lesson_path, sizeof lesson_path, "%s/lesson.md", folder);
  snprintf(idx_path, sizeof idx_path, "%s/labels.gz", folder);
  FILE *file = fopen(lesson_path, "w");
  if (!file || fputs(lesson, file) < 0 || fclose(file) != 0) return -1;
  gzFile packed = gzopen(idx_path, "wb");
  if (!packed || gzwrite(packed, idx, sizeof idx) != (int)sizeof idx) return -1;
  return gzclose(packed) == Z_OK ? 0 : -1;
}

static int remove_files(void **state) {
  (void)state;
  return unlink(lesson_path) | unlink(idx_path) | rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arena_aligns_and_zeroes),
      cmocka_unit_test(arena_blocks_do_not_overlap),
      cmocka_unit_test(arena_takes_large_and_empty_blocks),
      cmocka_unit_test(arena_refuses_sizes_that_wrap),
      cmocka_unit_test(arena_copies_and_formats),
      cmocka_unit_test(size_multiply_notices_overflow),
      cmocka_unit_test(array_reserve_grows_and_keeps),
      cmocka_unit_test(array_reserve_failure_changes_nothing),
      cmocka_unit_test(build_survives_faults),
      cmocka_unit_test(a_bug_that_fails_changes_nothing),
      cmocka_unit_test(folding_survives_faults),
      cmocka_unit_test(questions_keep_nothing),
      cmocka_unit_test(check_survives_faults),
      cmocka_unit_test(bugs_survive_faults),
      cmocka_unit_test(text_reports_survive_faults),
      cmocka_unit_test(json_survives_faults),
      cmocka_unit_test(messages_survive_faults),
      cmocka_unit_test(lessons_survive_faults),
      cmocka_unit_test(data_files_survive_faults),
  };
  return cmocka_run_group_tests_name("memory", tests, make_files, remove_files);
}
