/* Protects the language: no text crashes it; what parses prints, and reads back as the same tree;
 * what builds runs; and what is refused is refused with words that are safe to show. */
#include "lang/model.h"
#include "lang/parse.h"
#include "lang/print.h"
#include "lang/shown.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition) {
  if (!condition) abort();
}

static void check_diag(const struct diag *diag, enum status status) {
  struct text text;
  require(diag->status == status && diag->message[0]);
  require(status == STATUS_DATA || status == STATUS_LIMIT);
  text_init(&text);
  diag_render(diag, &text);
  for (size_t i = 0; i < text.length; i++)
    require(text.bytes[i] == '\n' || ((unsigned char)text.bytes[i] >= 0x20 && text.bytes[i] != 0x7F));
  text_done(&text);
}

/* -- what parses, prints and reads back -- */

static void check_same_line(const struct assign *a, const struct assign *b) {
  require(strcmp(a->target, b->target) == 0 && a->accumulate == b->accumulate);
  require(!a->node == !b->node && (!a->node || strcmp(a->node, b->node) == 0));
  require(a->operand == b->operand && expr_equal(a->value, b->value));
}

static void check_same_stmt(const struct stmt *a, const struct stmt *b) {
  require(a->kind == b->kind && a->name_count == b->name_count && a->seed == b->seed);
  require(a->line_count == b->line_count && !a->value == !b->value);
  for (size_t i = 0; i < a->name_count; i++) require(strcmp(a->names[i], b->names[i]) == 0);
  for (size_t i = 0; i < a->line_count; i++) check_same_line(&a->lines[i], &b->lines[i]);
  require(!a->value || expr_equal(a->value, b->value));
}

static void print_all(struct text *out, const struct syntax *syntax) {
  for (size_t i = 0; i < syntax->count; i++) print_stmt(out, &syntax->statements[i]);
}

static void check_reads_back(struct arena *arena, const struct syntax *syntax) {
  struct text once, twice;
  struct syntax again;
  struct diag diag;
  text_init(&once);
  text_init(&twice);
  print_all(&once, syntax);
  struct source printed = source_from("printed", text_string(&once), once.length);
  require(parse_model(&printed, arena, &again, &diag) == STATUS_OK);
  require(again.count == syntax->count);
  for (size_t i = 0; i < again.count; i++)
    check_same_stmt(&syntax->statements[i], &again.statements[i]);
  print_all(&twice, &again);
  require(strcmp(text_string(&once), text_string(&twice)) == 0);
  syntax_done(&again);
  text_done(&twice);
  text_done(&once);
}

/* The same text as one rule line, as the prompt takes it. */
static void try_line(const struct source *source, struct arena *arena) {
  struct assign line, again;
  struct diag diag;
  struct text text;
  enum status status = parse_line(source_span(source), arena, &line, &diag);
  if (status) {
    check_diag(&diag, status);
    return;
  }
  text_init(&text);
  print_assign(&text, &line);
  struct source printed = source_from("printed", text_string(&text), text.length);
  require(parse_line(source_span(&printed), arena, &again, &diag) == STATUS_OK);
  check_same_line(&line, &again);
  text_done(&text);
}

/* -- what builds, runs -- */

enum { LARGEST_SOURCE = 4096, LARGEST_SIDE = 64, LARGEST_RUN = 10000 };

/* Texts that ask for large tensors, which is no mistake, would only cost time here. */
static bool is_modest(const struct expr *expr) {
  bool sized = expr->kind == EXPR_APPLY && expr->op >= 0 && op_table[expr->op].sizes > 0;
  if (expr->kind == EXPR_MATRIX) return shape_count(expr->shape) <= LARGEST_SIDE;
  for (size_t i = 0; i < expr->count; i++) {
    const struct expr *arg = expr->args[i];
    bool counts = arg->kind == EXPR_APPLY && (arg->op == OP_ROWS || arg->op == OP_COLS);
    bool small = arg->kind == EXPR_NUMBER && arg->number <= LARGEST_SIDE;
    if ((sized && !counts && !small) || !is_modest(arg)) return false;
  }
  return true;
}

static bool is_modest_model(const struct syntax *syntax) {
  for (size_t s = 0; s < syntax->count; s++) {
    const struct stmt *stmt = &syntax->statements[s];
    if (stmt->value && !is_modest(stmt->value)) return false;
    for (size_t i = 0; i < stmt->line_count; i++)
      if (!is_modest(stmt->lines[i].value)) return false;
  }
  return true;
}

static void run_model(const struct model *model) {
  struct run run;
  if (model->loss < 0 || model->program.size >= LARGEST_RUN) return;
  if (run_init(&run, &model->program, &model->random, PRECISION_DOUBLE)) return;
  run_code(&run, &model->program.forward, 0);
  run_code(&run, &model->program.backward, 0);
  run_branches(&run);
  run_done(&run);
}

/* What stands for a node is itself visible, and no later than what stands for those that read it;
 * what a gate computes after its result, or a gate whose result is constant, nobody reads. */
static void check_visible(const struct model *model, int node) {
  int visible = model_visible(model, node);
  require(visible >= 0 && model_visible(model, visible) == visible);
  for (size_t i = 0; i < model->nodes[node].operand_count; i++) {
    int operand = model->values[model->nodes[node].operands[i]].node;
    require(operand < node && (operand < 0 || model_visible(model, operand) <= visible));
  }
}

/* What readers see of a node means that node. */
static void check_shown(const struct model *model, int node) {
  struct text text;
  text_init(&text);
  node_put_shown(&text, model, node);
  require(text.failed || node_find_shown(model, text_string(&text), text.length) == node);
  text_done(&text);
}

static void check_model(const struct model *model) {
  for (size_t i = 0; i < model->node_count; i++) {
    require(model_find(model, model->nodes[i].name) == (int)i);
    check_visible(model, (int)i);
    check_shown(model, (int)i);
  }
  for (size_t i = 0; i < model->rule_count; i++) require(model->rules[i].text[0]);
}

static void build(const struct source *source) {
  struct model model;
  struct diag diag;
  enum status status = model_build(&model, source, NULL, &diag);
  if (status) {
    check_diag(&diag, status);
  } else {
    check_model(&model);
    run_model(&model);
    if (!model_fold(&model, NULL, false, &diag)) {
      check_model(&model);
      run_model(&model);
    }
    if (!model_fold(&model, NULL, true, &diag)) check_model(&model);
    if (!model_fold(&model, NULL, false, &diag)) run_model(&model);
    if (model.rule_count > 0) { /* a bug line that is the line it replaces */
      struct text text;
      text_init(&text);
      rule_put_addressed(&text, &model, 0);
      if (!model_add_bug(&model, "bug", text_string(&text), text.length, &diag))
        run_model(&model);
      text_done(&text);
    }
  }
  model_done(&model);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  struct source source = source_from("fuzz", (const char *)bytes, length);
  struct arena arena;
  struct syntax syntax;
  struct diag diag;
  arena_init(&arena);
  enum status status = parse_model(&source, &arena, &syntax, &diag);
  if (status) {
    check_diag(&diag, status);
  } else {
    check_reads_back(&arena, &syntax);
    if (length <= LARGEST_SOURCE && is_modest_model(&syntax)) build(&source);
  }
  try_line(&source, &arena);
  syntax_done(&syntax);
  arena_done(&arena);
  return 0;
}
