#include "bug/catalogue.h"

#include "bug/rewrite.h"
#include "core/intl.h"
#include "lang/parse.h"
#include "lang/print.h"
#include "lang/stand_in.h"

#include <stdlib.h>
#include <string.h>

enum kind_id {
#define KIND(id, ...) KIND_##id,
#define LATER_KIND(edition, id, ...) KIND_##id,
#include "bug/kind.def"
#undef LATER_KIND
#undef KIND
  KIND_COUNT
};

const struct bug_kind bug_kinds[] = {
#define KIND(id, ...) [KIND_##id] = {FIRST_EDITION, __VA_ARGS__},
#define LATER_KIND(edition, id, ...) [KIND_##id] = {edition, __VA_ARGS__},
#include "bug/kind.def"
#undef LATER_KIND
#undef KIND
};
const size_t bug_kind_count = KIND_COUNT;

static const struct {
  int edition; /* 0: that of its kind */
  enum kind_id kind;
  const char *variant;
  enum where where;
  const char *pattern, *replacement;
} rewrites[] = {
#define LATER_REWRITE(edition, kind, variant, where, pattern, replacement) \
  {edition, KIND_##kind, variant, where, pattern, replacement},
#define REWRITE(...) LATER_REWRITE(0, __VA_ARGS__)
#include "bug/rewrite.def"
#undef REWRITE
#undef LATER_REWRITE
};
enum { REWRITE_COUNT = sizeof rewrites / sizeof *rewrites };

struct catalogue_work {
  struct catalogue *catalogue;
  struct model *model;
  struct diag *diag;
  struct outline outline;
  struct stand_in stand_in;
  const struct expr *patterns[REWRITE_COUNT], *replacements[REWRITE_COUNT];
  size_t first; /* mutant of the rule line at hand */
  int edition;  /* what came later is left out */
};

static enum status no_memory(struct catalogue_work *work) {
  return diag_no_memory(work->diag);
}

/* -- editions -- */

static int edition_of(int row) {
  const int own = rewrites[row].edition;
  return own > 0 ? own : bug_kinds[rewrites[row].kind].edition;
}

int catalogue_newest(void) {
  int newest = FIRST_EDITION;
  for (int row = 0; row < REWRITE_COUNT; row++)
    if (edition_of(row) > newest) newest = edition_of(row);
  return newest;
}

const struct bug_kind *bug_kind_find(const char *name) {
  for (size_t i = 0; i < bug_kind_count; i++)
    if (strcmp(bug_kinds[i].name, name) == 0) return &bug_kinds[i];
  return NULL;
}

/* -- mutants as lines and ids -- */

/* "f: dq += df * z": RULE's line with another right side, with as much of an address as it
 * needs. */
static const char *line_text(struct catalogue_work *work, size_t rule, bool accumulate,
                             const struct expr *value) {
  struct assign line = outline_line(&work->outline, work->model, rule);
  struct text text;
  line.accumulate = accumulate;
  line.value = value;
  text_init(&text);
  print_assign(&text, &line);
  return text_keep(&text, &work->catalogue->arena);
}

/* The rule's target as the id begins: "dW2", "f:dq", "f:2:dq". */
static const char *id_target(struct catalogue_work *work, const char *line) {
  struct text text;
  size_t length = strcspn(line, "=+");
  text_init(&text);
  for (size_t i = 0; i < length; i++)
    if (line[i] != ' ') text_put(&text, &line[i], 1);
  return text_keep(&text, &work->catalogue->arena);
}

static bool is_known(const struct catalogue_work *work, const char *text) {
  for (size_t i = work->first; i < work->catalogue->count; i++)
    if (strcmp(work->catalogue->mutants[i].lines[0], text) == 0) return true;
  return false;
}

static bool is_taken(const struct catalogue_work *work, const char *id) {
  for (size_t i = work->first; i < work->catalogue->count; i++)
    if (strcmp(work->catalogue->mutants[i].id, id) == 0) return true;
  return false;
}

/* "dW2:scale(2)"; a number tells apart those that the variant does not. */
static const char *make_id(struct catalogue_work *work, const char *target, const struct bug_kind *kind,
                           const char *variant) {
  struct arena *arena = &work->catalogue->arena;
  const char *id = arena_printf(arena, *variant ? "%s:%s(%s)" : "%s:%s", target, kind->name,
                                variant);
  for (unsigned again = 2; id && is_taken(work, id); again++)
    id = arena_printf(arena, *variant ? "%s:%s(%s,%u)" : "%s:%s(%.0s%u)", target, kind->name,
                      variant, again);
  return id;
}

static enum status add(struct catalogue_work *work, enum kind_id kind, const char *variant,
                       const size_t *rules, const char *const *lines, size_t line_count) {
  struct catalogue *catalogue = work->catalogue;
  struct mutant mutant = {.kind = &bug_kinds[kind], .rule = rules[0], .line_count = line_count,
                          .lines = lines, .rules = rules};
  if (catalogue->count >= CATALOGUE_MAX_MUTANTS)
    return diag_set(work->diag, STATUS_LIMIT, SPAN_NONE,
                    _("the catalogue would have more than %d mutants of this model"),
                    CATALOGUE_MAX_MUTANTS);
  const char *target = id_target(work, lines[0]);
  mutant.id = target ? make_id(work, target, mutant.kind, variant) : NULL;
  if (!mutant.id || !array_push(&catalogue->mutants, &catalogue->count, &catalogue->capacity,
                                &mutant, sizeof mutant))
    return no_memory(work);
  return STATUS_OK;
}

/* -- one rewrite at one place -- */

static enum status try_rewrite(struct catalogue_work *work, const struct rule_line *line, int row,
                               uint32_t place) {
  const struct rule *rule = &work->model->rules[line->rule];
  enum where where = rewrites[row].where;
  bool accumulate = rule->accumulate && where != LATER_SHARE && where != FIRST;
  bool failed = false, fits;
  const char *variant = rewrites[row].variant;
  const struct expr *value = line_rewrite(line, work->patterns[row], work->replacements[row],
                                          place, &variant, &failed);
  if (failed) return no_memory(work);
  bool same = value && expr_equal(value, line->root) && accumulate == rule->accumulate;
  if (!value || same) return STATUS_OK;
  if (stand_in_fits(&work->stand_in, line->rule, value, &fits)) return no_memory(work);
  if (!fits) return STATUS_OK;
  const char **lines = ARENA_NEW(&work->catalogue->arena, const char *);
  size_t *rules = ARENA_NEW(&work->catalogue->arena, size_t);
  if (!lines || !rules || !(lines[0] = line_text(work, line->rule, accumulate, value)))
    return no_memory(work);
  rules[0] = line->rule;
  return is_known(work, lines[0])
             ? STATUS_OK
             : add(work, rewrites[row].kind, variant, rules, lines, 1);
}

static enum status rewrite_line(struct catalogue_work *work, size_t rule) {
  struct rule_line line = {work->model, &work->outline, &work->catalogue->arena, rule,
                      work->model->rules[rule].value};
  enum status status = STATUS_OK;
  work->first = work->catalogue->count;
  for (int row = 0; !status && row < REWRITE_COUNT; row++) {
    if (edition_of(row) > work->edition || !line_wants(&line, rewrites[row].where)) continue;
    uint32_t places = rewrites[row].where == PART ? line.root->size : 1;
    for (uint32_t place = 0; !status && place < places; place++)
      status = try_rewrite(work, &line, row, place);
  }
  return status;
}

/* -- two gates that use each other's memory -- */

struct exchange {
  const struct model *model;
  const struct node *one, *other;
};

/* Each operand of the one for the same operand of the other, and back. */
static const struct expr *exchange_name(void *context, const char *name) {
  const struct exchange *exchange = context;
  const struct model *model = exchange->model;
  for (size_t k = 0; k < exchange->one->operand_count; k++) {
    const struct expr *one = model->values[exchange->one->operands[k]].ref;
    const struct expr *other = model->values[exchange->other->operands[k]].ref;
    if (one->kind == EXPR_NAME && strcmp(one->name, name) == 0) return other;
    if (other->kind == EXPR_NAME && strcmp(other->name, name) == 0) return one;
  }
  return NULL;
}

/* One line of an exchange; *COUNT goes up if it changes, *FITS becomes false if it does not fit. */
static enum status exchange_line(struct catalogue_work *work, struct exchange *exchange, size_t rule,
                                 const char **lines, size_t *rules, size_t *count, bool *fits) {
  const struct rule *is = &work->model->rules[rule];
  const struct expr *value =
      expr_substitute(&work->catalogue->arena, is->value, exchange_name, exchange);
  if (!value) return no_memory(work);
  if (expr_equal(value, is->value)) return STATUS_OK;
  if (stand_in_fits(&work->stand_in, rule, value, fits)) return no_memory(work);
  if (!*fits) return STATUS_OK;
  *fits = work->outline.lines[rule].addressed;
  rules[*count] = rule;
  lines[*count] = line_text(work, rule, is->accumulate, value);
  return lines[(*count)++] ? STATUS_OK : no_memory(work);
}

/* The lines of two nodes with their operands exchanged. Every line keeps its place and its shape,
 * so it fits wherever its names are known, and a forward value always is. */
static enum status exchange_nodes(struct catalogue_work *work, int one, int other) {
  const struct model *model = work->model;
  struct arena *arena = &work->catalogue->arena;
  struct exchange exchange = {model, &model->nodes[one], &model->nodes[other]};
  const int nodes[2] = {other, one}; /* in the order of their lines: backwards */
  const char **lines = arena_alloc(arena, 2 * MAX_OPERANDS, sizeof *lines);
  size_t *rules = arena_alloc(arena, 2 * MAX_OPERANDS, sizeof *rules), count = 0;
  bool fits = true;
  if (!lines || !rules) return no_memory(work);
  for (int k = 0; k < 2; k++)
    for (size_t i = work->outline.rules[nodes[k]];
         fits && i < model->rule_count && model->rules[i].node == nodes[k]; i++) {
      enum status status = exchange_line(work, &exchange, i, lines, rules, &count, &fits);
      if (status) return status;
    }
  const char *variant = arena_printf(arena, "%s,%s", exchange.one->name, exchange.other->name);
  if (!variant) return no_memory(work);
  work->first = work->catalogue->count; /* no other exchange has these names */
  return fits && count > 1 ? add(work, KIND_swapped_gates, variant, rules, lines, count)
                           : STATUS_OK;
}

/* A node as its operation and shapes make it like others. */
struct make {
  int op;
  struct shape shapes[1 + MAX_OPERANDS];
  int node;
};

static struct make make_of(const struct model *model, int node) {
  const struct node *is = &model->nodes[node];
  struct make make = {.op = is->op, .node = node};
  make.shapes[0] = model_shape(model, is->slot);
  for (size_t k = 0; k < is->operand_count; k++)
    make.shapes[k + 1] = model_shape(model, is->operands[k]);
  return make;
}

static int compare_makes(const struct make *one, const struct make *other) {
  if (one->op != other->op) return one->op < other->op ? -1 : 1;
  for (int k = 0; k < 1 + MAX_OPERANDS; k++) {
    const struct shape a = one->shapes[k], b = other->shapes[k];
    if (a.rows != b.rows) return a.rows < b.rows ? -1 : 1;
    if (a.cols != b.cols) return a.cols < b.cols ? -1 : 1;
  }
  return 0;
}

static int by_make(const void *a, const void *b) {
  const struct make *one = a, *other = b;
  const int order = compare_makes(one, other);
  return order != 0 ? order : one->node - other->node;
}

static bool can_be_exchanged(const struct node *node) {
  return node->kind == NODE_OP && node->instance < 0 && node->operand_count >= 2;
}

/* OTHERS[n] becomes the next node that is made as N is, or -1. */
static enum status find_others(struct catalogue_work *work, int *others) {
  const struct model *model = work->model;
  struct make *makes = calloc(model->node_count + 1, sizeof *makes);
  size_t count = 0;
  if (!makes) return no_memory(work);
  for (size_t n = 0; n < model->node_count; n++) {
    others[n] = -1;
    if (can_be_exchanged(&model->nodes[n])) makes[count++] = make_of(model, (int)n);
  }
  qsort(makes, count, sizeof *makes, by_make);
  for (size_t i = 1; i < count; i++)
    if (compare_makes(&makes[i - 1], &makes[i]) == 0) others[makes[i - 1].node] = makes[i].node;
  free(makes);
  return STATUS_OK;
}

static enum status exchange_gates(struct catalogue_work *work) {
  const size_t count = work->model->node_count;
  int *others = calloc(count + 1, sizeof *others);
  enum status status = others ? find_others(work, others) : no_memory(work);
  for (size_t one = 0; !status && one < count; one++)
    if (others[one] >= 0) status = exchange_nodes(work, (int)one, others[one]);
  free(others);
  return status;
}

/* -- all of it -- */

static enum status read_expr(struct catalogue_work *work, const char *text, const struct expr **expr) {
  struct source *source = ARENA_NEW(&work->catalogue->arena, struct source);
  if (!source) return no_memory(work);
  *source = source_from("rewrite.def", text, strlen(text));
  return parse_expr(source_span(source), &work->catalogue->arena, expr, work->diag);
}

static enum status read_tables(struct catalogue_work *work) {
  enum status status = STATUS_OK;
  for (int row = 0; !status && row < REWRITE_COUNT; row++) {
    status = read_expr(work, rewrites[row].pattern, &work->patterns[row]);
    if (!status) status = read_expr(work, rewrites[row].replacement, &work->replacements[row]);
  }
  return status;
}

static void find_penalties(struct catalogue_work *work) {
  for (size_t i = 0; i < work->model->rule_count; i++) {
    if (!line_has_penalty(work->model, i)) continue;
    work->outline.penalties = true;
    work->outline.penalised[work->model->rules[i].target_node] = true;
  }
}

enum status catalogue_make(struct catalogue *catalogue, struct model *model, struct diag *diag) {
  return catalogue_make_edition(catalogue, model, NEWEST_EDITION, diag);
}

enum status catalogue_make_edition(struct catalogue *catalogue, struct model *model, int edition,
                                   struct diag *diag) {
  const int newest = catalogue_newest();
  struct catalogue_work work = {.catalogue = catalogue, .model = model, .diag = diag,
                      .edition = edition == NEWEST_EDITION ? newest : edition};
  *catalogue = (struct catalogue){0};
  arena_init(&catalogue->arena);
  if (work.edition < FIRST_EDITION || work.edition > newest)
    return diag_set(diag, STATUS_USAGE, SPAN_NONE,
                    _("the catalogue has no edition %d; its newest edition is %d"), work.edition,
                    newest);
  enum status status = read_tables(&work);
  if (!status && (outline_init(&work.outline, model) || stand_in_init(&work.stand_in, model)))
    status = no_memory(&work);
  if (!status) find_penalties(&work);
  for (size_t i = 0; !status && i < model->rule_count; i++)
    if (work.outline.lines[i].addressed) status = rewrite_line(&work, i);
  if (!status && !model->backward) status = exchange_gates(&work);
  outline_done(&work.outline);
  stand_in_done(&work.stand_in);
  return status;
}

void catalogue_done(struct catalogue *catalogue) {
  free(catalogue->mutants);
  arena_done(&catalogue->arena);
  *catalogue = (struct catalogue){0};
}

const struct mutant *catalogue_find(const struct catalogue *catalogue, const char *id) {
  for (size_t i = 0; i < catalogue->count; i++)
    if (strcmp(catalogue->mutants[i].id, id) == 0) return &catalogue->mutants[i];
  return NULL;
}

enum status mutant_apply(const struct mutant *mutant, struct model *model, bool hidden,
                         struct diag *diag) {
  size_t before = model->bug_count;
  enum status status = STATUS_OK;
  struct diag again;
  for (size_t i = 0; !status && i < mutant->line_count; i++) {
    const char *line = mutant->lines[i];
    status = (hidden ? model_hide_bug : model_add_bug)(model, mutant->id, line, strlen(line), diag);
  }
  if (status && model_drop_bugs(model, before, &again)) return diag_no_memory(diag);
  return status;
}

enum status bug_put(struct model *model, const struct source *text, struct diag *diag) {
  struct catalogue catalogue;
  const struct span line = source_span(text);
  const char *id = text->text;
  if (!*id || strchr(id, '=')) return model_write_bug(model, line, diag);
  enum status status = catalogue_make(&catalogue, model, diag);
  const struct mutant *mutant = status ? NULL : catalogue_find(&catalogue, id);
  if (mutant) {
    status = mutant_apply(mutant, model, false, diag);
  } else if (!status) {
    const char *best = NULL;
    for (size_t i = 0; i < catalogue.count; i++)
      best = suggest_nearer(id, best, catalogue.mutants[i].id);
    status = diag_set(diag, STATUS_USAGE, line,
                      _("\"%s\" is neither a rule line nor a mutant of this model"), id);
    diag_hint(diag, "%s", _("a line as in dq = df * q, or an id that \"bugs\" lists"));
    diag_suggest(diag, best);
  }
  catalogue_done(&catalogue);
  return status;
}
