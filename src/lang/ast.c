#include "lang/ast.h"

#include <stdlib.h>
#include <string.h>

void syntax_done(struct syntax *syntax) {
  free(syntax->statements);
  *syntax = (struct syntax){0};
}

const struct expr *expr_number(struct arena *arena, struct span span, double number) {
  struct expr *expr = ARENA_NEW(arena, struct expr);
  if (expr)
    *expr = (struct expr){.kind = EXPR_NUMBER, .height = 1, .size = 1, .span = span,
                          .number = number};
  return expr;
}

const struct expr *expr_name(struct arena *arena, struct span span, const char *name) {
  struct expr *expr = ARENA_NEW(arena, struct expr);
  if (expr)
    *expr = (struct expr){.kind = EXPR_NAME, .height = 1, .size = 1, .span = span, .name = name};
  return expr;
}

const struct expr *expr_apply(struct arena *arena, struct span span, int op, const char *name,
                              const struct expr *const *args, size_t count) {
  int height = 1;
  uint32_t size = 1;
  for (size_t i = 0; i < count; i++) {
    if (args[i]->height >= height) height = args[i]->height + 1;
    if (__builtin_add_overflow(size, args[i]->size, &size)) size = UINT32_MAX;
  }
  struct expr *expr = height > EXPR_MAX_HEIGHT ? NULL : ARENA_NEW(arena, struct expr);
  const struct expr **copy = expr ? arena_alloc(arena, count, sizeof *copy) : NULL;
  if (!copy) return NULL;
  for (size_t i = 0; i < count; i++) copy[i] = args[i];
  *expr = (struct expr){.kind = EXPR_APPLY, .height = height, .size = size, .span = span,
                        .op = op, .name = name, .count = count, .args = copy};
  return expr;
}

const struct expr *expr_substitute(struct arena *arena, const struct expr *expr,
                                   const struct expr *(*lookup)(void *context, const char *name),
                                   void *context) {
  if (expr->kind == EXPR_NAME) {
    const struct expr *other = lookup(context, expr->name);
    return other ? other : expr;
  }
  if (expr->kind != EXPR_APPLY) return expr;
  const struct expr **args = arena_alloc(arena, expr->count, sizeof *args);
  if (!args) return NULL;
  for (size_t i = 0; i < expr->count; i++) {
    args[i] = expr_substitute(arena, expr->args[i], lookup, context);
    if (!args[i]) return NULL;
  }
  return expr_apply(arena, expr->span, expr->op, expr->name, args, expr->count);
}

static bool same_text(const char *a, const char *b) {
  return a == b || (a && b && strcmp(a, b) == 0);
}

bool expr_names(const struct expr *expr, const char *name) {
  if (expr->kind == EXPR_NAME) return strcmp(expr->name, name) == 0;
  for (size_t i = 0; expr->kind == EXPR_APPLY && i < expr->count; i++)
    if (expr_names(expr->args[i], name)) return true;
  return false;
}

bool expr_equal(const struct expr *a, const struct expr *b) {
  if (a->kind != b->kind) return false;
  if (a->kind == EXPR_NUMBER) return a->number == b->number;
  if (a->kind == EXPR_MATRIX)
    return shape_equal(a->shape, b->shape) &&
           memcmp(a->entries, b->entries, shape_count(a->shape) * sizeof *a->entries) == 0;
  if (!same_text(a->name, b->name)) return false;
  if (a->kind == EXPR_NAME) return true;
  if (a->op != b->op || a->count != b->count) return false;
  for (size_t i = 0; i < a->count; i++)
    if (!expr_equal(a->args[i], b->args[i])) return false;
  return true;
}
