#include "lang/parse.h"

#include "core/intl.h"
#include "lang/lex.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_EXPRS = 200000, MAX_MATRIX_ENTRIES = 65536, MAX_ARGS = 16, MAX_LINES = 4096 };

struct parser {
  struct lexer lexer;
  struct token token; /* the one to look at next */
  uint32_t last_end;  /* where the one before it ended */
  struct arena *arena;
  struct diag *diag;
  int depth; /* of nested expressions */
  size_t exprs;
};

/* -- tokens -- */

static enum status advance(struct parser *parser) {
  parser->last_end = parser->token.span.end;
  return lexer_next(&parser->lexer, &parser->token, parser->diag);
}

static enum status parser_init(struct parser *parser, struct span text, struct arena *arena,
                               struct diag *diag) {
  *parser = (struct parser){.arena = arena, .diag = diag};
  lexer_init(&parser->lexer, text);
  if (text.end - text.start > (1u << 23))
    return diag_set(diag, STATUS_DATA, (struct span){text.source, text.start, text.start}, "%s",
                    _("this text is larger than 8 MiB"));
  return advance(parser);
}

/* From byte START to the end of the last token taken. */
static struct span span_since(const struct parser *parser, uint32_t start) {
  return (struct span){parser->lexer.source, start, parser->last_end};
}

static const char *token_text(const struct token *token) {
  return token->span.source->text + token->span.start;
}

static size_t token_length(const struct token *token) {
  return token->span.end - token->span.start;
}

static bool token_is(const struct token *token, enum token_kind kind, const char *text) {
  return token->kind == kind && token_length(token) == strlen(text) &&
         memcmp(token_text(token), text, strlen(text)) == 0;
}

static bool at_symbol(const struct parser *parser, const char *symbol) {
  return token_is(&parser->token, TOKEN_SYMBOL, symbol);
}

static enum status expected(struct parser *parser, const char *what) {
  const struct token *token = &parser->token;
  if (token->kind == TOKEN_END)
    diag_set(parser->diag, STATUS_DATA, token->span, "%s", _("found the end of the text"));
  else if (token->kind == TOKEN_LINE)
    diag_set(parser->diag, STATUS_DATA, token->span, "%s", _("found the end of the statement"));
  else
    diag_set(parser->diag, STATUS_DATA, token->span, _("found \"%.*s\""),
             (int)(token_length(token) > 80 ? 80 : token_length(token)), token_text(token));
  diag_hint(parser->diag, _("expected %s"), what);
  return STATUS_DATA;
}

static enum status take_symbol(struct parser *parser, const char *symbol, const char *what) {
  return at_symbol(parser, symbol) ? advance(parser) : expected(parser, what);
}

static enum status take_name(struct parser *parser, const char *what, const char **name,
                             struct span *span) {
  if (parser->token.kind != TOKEN_NAME) return expected(parser, what);
  *span = parser->token.span;
  *name = arena_copy(parser->arena, token_text(&parser->token), token_length(&parser->token));
  return *name ? advance(parser) : diag_no_memory(parser->diag);
}

/* -- expressions -- */

static enum status parse_level(struct parser *parser, int level, const struct expr **out);

static enum status too_deep(struct parser *parser, struct span span) {
  diag_set(parser->diag, STATUS_DATA, span, _("this expression nests more than %d levels deep"),
           EXPR_MAX_HEIGHT);
  diag_hint(parser->diag, "%s", _("give parts of it names of their own"));
  return STATUS_DATA;
}

/* Counts one more expression and passes on what the maker made. */
static enum status made(struct parser *parser, const struct expr *expr, const struct expr **out) {
  *out = expr;
  if (!expr) return diag_no_memory(parser->diag);
  if (++parser->exprs > MAX_EXPRS)
    return diag_set(parser->diag, STATUS_DATA, expr->span,
                    _("the text has more than %d expressions"), MAX_EXPRS);
  return STATUS_OK;
}

static enum status make_apply(struct parser *parser, uint32_t start, int op, const char *name,
                              const struct expr *const *args, size_t count,
                              const struct expr **out) {
  struct span span = span_since(parser, start);
  for (size_t i = 0; i < count; i++)
    if (args[i]->height >= EXPR_MAX_HEIGHT) return too_deep(parser, span);
  return made(parser, expr_apply(parser->arena, span, op, name, args, count), out);
}

/* arguments: [ expr { "," expr } ] */
static enum status parse_arguments(struct parser *parser, const struct expr *args[MAX_ARGS],
                                   size_t *count) {
  enum status status;
  *count = 0;
  while (!at_symbol(parser, ")")) {
    if (*count == MAX_ARGS)
      return diag_set(parser->diag, STATUS_DATA, parser->token.span, _("more than %d arguments"),
                      MAX_ARGS);
    if ((status = parse_level(parser, 0, &args[*count]))) return status;
    ++*count;
    if (!at_symbol(parser, ",")) break;
    if ((status = advance(parser))) return status;
  }
  return STATUS_OK;
}

static enum status parse_close(struct parser *parser, const char *symbol, struct span open) {
  uint32_t line, column;
  if (at_symbol(parser, symbol)) return advance(parser);
  span_position(open, &line, &column);
  expected(parser, "");
  diag_hint(parser->diag, _("expected an operator, or \"%s\" for the bracket opened at %u:%u"),
            symbol, line, column);
  return STATUS_DATA;
}

/* call: NAME "(" arguments ")" */
static enum status parse_call(struct parser *parser, const char *name, uint32_t start,
                              const struct expr **out) {
  const struct expr *args[MAX_ARGS];
  size_t count;
  struct span open = parser->token.span;
  enum status status = advance(parser);
  if (status || (status = parse_arguments(parser, args, &count)) ||
      (status = parse_close(parser, ")", open)))
    return status;
  return make_apply(parser, start, op_find(name, strlen(name)), name, args, count, out);
}

/* entries: { ["-"] NUMBER [","] }, rows ended by ";" or the end of a line */
struct matrix_literal {
  struct shape shape;
  double *entries;
  size_t count, capacity, in_row;
};

static enum status matrix_entry(struct parser *parser, struct matrix_literal *matrix) {
  enum status status;
  bool negative = at_symbol(parser, "-");
  if (negative && (status = advance(parser))) return status;
  if (parser->token.kind != TOKEN_NUMBER)
    return expected(parser, _("a number, \";\" for the next row, or \"]\""));
  if (matrix->count == MAX_MATRIX_ENTRIES)
    return diag_set(parser->diag, STATUS_DATA, parser->token.span,
                    _("a matrix of more than %d entries"), MAX_MATRIX_ENTRIES);
  const double entry = negative ? -parser->token.number : parser->token.number;
  if (!array_push(&matrix->entries, &matrix->count, &matrix->capacity, &entry, sizeof entry))
    return diag_no_memory(parser->diag);
  matrix->in_row++;
  if ((status = advance(parser))) return status;
  return at_symbol(parser, ",") ? advance(parser) : STATUS_OK;
}

static enum status matrix_row_end(struct parser *parser, struct matrix_literal *matrix) {
  struct shape *shape = &matrix->shape;
  if (matrix->in_row == 0 || (shape->rows > 0 && matrix->in_row != shape->cols)) {
    diag_set(parser->diag, STATUS_DATA, parser->token.span,
             _("row %u of this matrix has %zu entries"), shape->rows + 1, matrix->in_row);
    if (shape->rows > 0) diag_hint(parser->diag, _("expected %u, as in row 1"), shape->cols);
    return STATUS_DATA;
  }
  shape->rows++;
  shape->cols = (uint32_t)matrix->in_row;
  matrix->in_row = 0;
  return STATUS_OK;
}

static enum status matrix_rows(struct parser *parser, struct matrix_literal *matrix) {
  enum status status;
  for (;;) {
    bool line = parser->token.kind == TOKEN_LINE, last = at_symbol(parser, "]");
    bool empty = matrix->in_row == 0 && (line || (last && matrix->shape.rows > 0));
    status = empty || (!line && !last && !at_symbol(parser, ";"))
                 ? STATUS_OK
                 : matrix_row_end(parser, matrix);
    if (status) return status;
    if (line || last || at_symbol(parser, ";")) status = advance(parser);
    else status = matrix_entry(parser, matrix);
    if (status || last) return status;
  }
}

/* matrix: "[" entries { ";" entries } "]" */
static enum status parse_matrix(struct parser *parser, const struct expr **out) {
  struct matrix_literal matrix = {0};
  uint32_t start = parser->token.span.start;
  enum status status = advance(parser);
  if (!status) status = matrix_rows(parser, &matrix);
  if (!status) {
    struct expr *expr = ARENA_NEW(parser->arena, struct expr);
    double *entries = arena_alloc(parser->arena, matrix.count, sizeof *entries);
    if (expr && entries) {
      memcpy(entries, matrix.entries, matrix.count * sizeof *entries);
      *expr = (struct expr){.kind = EXPR_MATRIX, .height = 1, .size = 1,
                            .span = span_since(parser, start), .shape = matrix.shape,
                            .entries = entries};
    }
    status = made(parser, entries ? expr : NULL, out);
  }
  free(matrix.entries);
  return status;
}

/* atom: NUMBER | NAME | call | matrix | "(" expr ")" */
static enum status parse_atom(struct parser *parser, const struct expr **out) {
  struct span span = parser->token.span;
  enum status status;
  if (parser->token.kind == TOKEN_NUMBER) {
    status = made(parser, expr_number(parser->arena, span, parser->token.number), out);
    return status ? status : advance(parser);
  }
  if (parser->token.kind == TOKEN_NAME) {
    const char *name;
    if ((status = take_name(parser, "", &name, &span))) return status;
    if (at_symbol(parser, "(")) return parse_call(parser, name, span.start, out);
    return made(parser, expr_name(parser->arena, span, name), out);
  }
  if (at_symbol(parser, "[")) return parse_matrix(parser, out);
  if (!at_symbol(parser, "("))
    return expected(parser, _("a number, a name, \"(\", \"[\" or \"-\""));
  if ((status = advance(parser)) || (status = parse_level(parser, 0, out))) return status;
  return parse_close(parser, ")", span);
}

/* The row of the operator at the current token in FORM, or -1. */
static int operator_here(const struct parser *parser, enum op_form form) {
  if (parser->token.kind != TOKEN_SYMBOL) return -1;
  return op_find_symbol(token_text(&parser->token), token_length(&parser->token), form);
}

/* postfix: atom { ".T" } */
static enum status parse_postfix(struct parser *parser, const struct expr **out) {
  uint32_t start = parser->token.span.start;
  enum status status = parse_atom(parser, out);
  for (int op; !status && (op = operator_here(parser, FORM_POSTFIX)) >= 0;) {
    const struct expr *arg = *out;
    if ((status = advance(parser))) break;
    status = make_apply(parser, start, op, op_table[op].name, &arg, 1, out);
  }
  return status;
}

/* prefix: "-" expr (of the operators that bind tighter) | postfix */
static enum status parse_prefix(struct parser *parser, const struct expr **out) {
  int op = operator_here(parser, FORM_PREFIX);
  if (op < 0) return parse_postfix(parser, out);
  uint32_t start = parser->token.span.start;
  const struct expr *arg;
  enum status status = advance(parser);
  if (status || (status = parse_level(parser, op_table[op].precedence, &arg))) return status;
  return make_apply(parser, start, op, op_table[op].name, &arg, 1, out);
}

/* expr: prefix { OPERATOR expr }, by precedence climbing: takes the infix operators that bind at
 * least as tightly as LEVEL. Comparisons do not chain. */
static enum status parse_level(struct parser *parser, int level, const struct expr **out) {
  uint32_t start = parser->token.span.start;
  int compared = 0; /* the precedence just used by an operator that must not chain */
  if (++parser->depth > EXPR_MAX_HEIGHT) return too_deep(parser, parser->token.span);
  enum status status = parse_prefix(parser, out);
  for (int op; !status && (op = operator_here(parser, FORM_INFIX)) >= 0;) {
    const struct op *row = &op_table[op];
    const struct expr *args[2] = {*out, NULL};
    if (row->precedence < level) break;
    if (row->precedence == compared)
      return diag_set(parser->diag, STATUS_DATA, parser->token.span, "%s",
                      _("comparisons do not chain; use * between two of them for \"and\""));
    if (row->branches) compared = row->precedence;
    if ((status = advance(parser)) ||
        (status = parse_level(parser, row->precedence + !row->right, &args[1])))
      return status;
    status = make_apply(parser, start, op, row->name, args, 2, out);
  }
  parser->depth--;
  return status;
}

/* -- statements -- */

/* [NODE ":" [INT ":"]] NAME ("=" | "+=") expr; an address only where ADDRESSED. */
static enum status parse_assign(struct parser *parser, bool addressed, struct assign *line) {
  enum status status;
  uint32_t start = parser->token.span.start;
  *line = (struct assign){0};
  if ((status = take_name(parser, _("a name"), &line->target, &line->target_span))) return status;
  if (addressed && at_symbol(parser, ":")) {
    line->node = line->target;
    line->node_span = line->target_span;
    if ((status = advance(parser))) return status;
    if (parser->token.kind == TOKEN_NUMBER) {
      double operand = parser->token.number;
      line->operand = operand >= 1 && operand < MAX_ARGS ? (int)operand : MAX_ARGS;
      if ((status = advance(parser)) || (status = take_symbol(parser, ":", "\":\"")))
        return status;
    }
    if ((status = take_name(parser, _("a name"), &line->target, &line->target_span)))
      return status;
  }
  line->accumulate = at_symbol(parser, "+=");
  if (!line->accumulate && !at_symbol(parser, "=")) return expected(parser, _("\"=\" or \"+=\""));
  if ((status = advance(parser)) || (status = parse_level(parser, 0, &line->value))) return status;
  line->span = span_since(parser, start);
  return STATUS_OK;
}

static bool at_line_end(const struct parser *parser) {
  return parser->token.kind == TOKEN_LINE || parser->token.kind == TOKEN_END;
}

static enum status skip_lines(struct parser *parser) {
  enum status status = STATUS_OK;
  while (!status && parser->token.kind == TOKEN_LINE) status = advance(parser);
  return status;
}

static enum status take_line_end(struct parser *parser) {
  if (!at_line_end(parser)) return expected(parser, _("an operator or the end of the statement"));
  return skip_lines(parser);
}

/* body: { assign } "end" */
static enum status parse_body(struct parser *parser, struct stmt *stmt) {
  size_t capacity = 0;
  struct assign *lines = NULL;
  enum status status = take_line_end(parser);
  while (!status && !token_is(&parser->token, TOKEN_NAME, "end")) {
    if (stmt->line_count == MAX_LINES)
      status = diag_set(parser->diag, STATUS_DATA, stmt->span, _("more than %d lines"), MAX_LINES);
    else if (parser->token.kind == TOKEN_END)
      status = expected(parser, stmt->kind == STMT_GATE ? _("\"end\" of the gate")
                                                        : _("\"end\" of the backward block"));
    else if (!array_reserve(&lines, &capacity, stmt->line_count + 1, sizeof *lines))
      status = diag_no_memory(parser->diag);
    else if (!(status = parse_assign(parser, false, &lines[stmt->line_count])))
      stmt->line_count++, status = take_line_end(parser);
  }
  if (!status) status = advance(parser);
  if (!status && stmt->line_count > 0) {
    stmt->lines = arena_alloc(parser->arena, stmt->line_count, sizeof *lines);
    if (stmt->lines) memcpy(stmt->lines, lines, stmt->line_count * sizeof *lines);
    else status = diag_no_memory(parser->diag);
  }
  free(lines);
  return status;
}

static enum status make_names(struct parser *parser, struct stmt *stmt, size_t most) {
  stmt->names = arena_alloc(parser->arena, most, sizeof *stmt->names);
  stmt->name_spans = arena_alloc(parser->arena, most, sizeof *stmt->name_spans);
  return stmt->names && stmt->name_spans ? STATUS_OK : diag_no_memory(parser->diag);
}

static enum status add_name(struct parser *parser, struct stmt *stmt, const char *what) {
  if (stmt->name_count > MAX_ARGS)
    return diag_set(parser->diag, STATUS_DATA, parser->token.span, _("more than %d names"),
                    MAX_ARGS);
  enum status status = take_name(parser, what, &stmt->names[stmt->name_count],
                                 &stmt->name_spans[stmt->name_count]);
  if (!status) stmt->name_count++;
  return status;
}

/* seed: INT */
static enum status parse_seed(struct parser *parser, struct stmt *stmt) {
  double number = parser->token.number;
  if (parser->token.kind != TOKEN_NUMBER || !(number <= 4294967295.0) ||
      number != (double)(uint32_t)number)
    return expected(parser, _("a whole number from 0 to 4294967295"));
  stmt->seed = (uint32_t)number;
  return advance(parser);
}

/* leaf: NAME { "," NAME } "=" expr */
static enum status parse_leaf(struct parser *parser, struct stmt *stmt) {
  enum status status = make_names(parser, stmt, MAX_ARGS + 1);
  if (status || (status = add_name(parser, stmt, _("the name of a leaf")))) return status;
  while (stmt->kind == STMT_DATA && at_symbol(parser, ","))
    if ((status = advance(parser)) || (status = add_name(parser, stmt, _("a name")))) return status;
  if ((status = take_symbol(parser, "=", "\"=\""))) return status;
  return parse_level(parser, 0, &stmt->value);
}

/* loss: NAME */
static enum status parse_loss(struct parser *parser, struct stmt *stmt) {
  enum status status = make_names(parser, stmt, 1);
  return status ? status : add_name(parser, stmt, _("the name of the loss"));
}

/* gate: NAME "(" NAME { "," NAME } ")" body */
static enum status parse_gate(struct parser *parser, struct stmt *stmt) {
  enum status status = make_names(parser, stmt, MAX_ARGS + 1);
  if (status || (status = add_name(parser, stmt, _("the name of the gate"))) ||
      (status = take_symbol(parser, "(", "\"(\"")) ||
      (status = add_name(parser, stmt, _("the name of an operand"))))
    return status;
  while (at_symbol(parser, ","))
    if ((status = advance(parser)) ||
        (status = add_name(parser, stmt, _("the name of an operand"))))
      return status;
  if ((status = take_symbol(parser, ")", _("\",\" or \")\"")))) return status;
  return parse_body(parser, stmt);
}

static enum status parse_node(struct parser *parser, struct stmt *stmt) {
  struct assign line;
  enum status status = make_names(parser, stmt, 1);
  if (status || (status = parse_assign(parser, false, &line))) return status;
  if (line.accumulate)
    return diag_set(parser->diag, STATUS_DATA, line.span, "%s",
                    _("\"+=\" is for gradients, in a backward block or a rule line"));
  stmt->names[0] = line.target;
  stmt->name_spans[0] = line.target_span;
  stmt->name_count = 1;
  stmt->value = line.value;
  return STATUS_OK;
}

static const struct {
  const char *word;
  enum stmt_kind kind;
  enum status (*parse)(struct parser *parser, struct stmt *stmt);
} statements[] = {
    {"seed", STMT_SEED, parse_seed},   {"data", STMT_DATA, parse_leaf},
    {"param", STMT_PARAM, parse_leaf}, {"loss", STMT_LOSS, parse_loss},
    {"gate", STMT_GATE, parse_gate},   {"backward", STMT_BACKWARD, parse_body},
};

/* A name that is assigned to is a name, whatever it spells: "loss = …". */
static bool assignment_follows(const struct parser *parser) {
  struct lexer ahead = parser->lexer;
  struct token token;
  struct diag ignored;
  return lexer_next(&ahead, &token, &ignored) == STATUS_OK &&
         (token_is(&token, TOKEN_SYMBOL, "=") || token_is(&token, TOKEN_SYMBOL, "+="));
}

static enum status parse_statement(struct parser *parser, struct stmt *stmt) {
  uint32_t start = parser->token.span.start;
  enum status status = STATUS_OK;
  *stmt = (struct stmt){.kind = STMT_NODE, .span = parser->token.span};
  size_t i = 0, count = sizeof statements / sizeof *statements;
  if (parser->token.kind != TOKEN_NAME)
    return expected(parser, _("a statement: NAME = …, data, param, loss, gate, backward, seed"));
  while (i < count && !token_is(&parser->token, TOKEN_NAME, statements[i].word)) i++;
  if (i == count || assignment_follows(parser)) {
    status = parse_node(parser, stmt);
  } else {
    stmt->kind = statements[i].kind;
    if (!(status = advance(parser))) status = statements[i].parse(parser, stmt);
  }
  stmt->span = span_since(parser, start);
  return status ? status : take_line_end(parser);
}

enum status parse_model(const struct source *source, struct arena *arena, struct syntax *syntax,
                        struct diag *diag) {
  struct parser parser;
  *syntax = (struct syntax){0};
  enum status status = parser_init(&parser, source_span(source), arena, diag);
  if (!status) status = skip_lines(&parser);
  while (!status && parser.token.kind != TOKEN_END) {
    if (!array_reserve(&syntax->statements, &syntax->capacity, syntax->count + 1,
                       sizeof *syntax->statements))
      return diag_no_memory(diag);
    status = parse_statement(&parser, &syntax->statements[syntax->count]);
    if (!status) syntax->count++;
  }
  return status;
}

static enum status take_end(struct parser *parser) {
  enum status status = skip_lines(parser);
  if (status || parser->token.kind == TOKEN_END) return status;
  return expected(parser, _("nothing more"));
}

enum status parse_line(struct span text, struct arena *arena, struct assign *line,
                       struct diag *diag) {
  struct parser parser;
  enum status status = parser_init(&parser, text, arena, diag);
  if (!status) status = parse_assign(&parser, true, line);
  return status ? status : take_end(&parser);
}

enum status parse_expr(struct span text, struct arena *arena, const struct expr **expr,
                       struct diag *diag) {
  struct parser parser;
  enum status status = parser_init(&parser, text, arena, diag);
  if (!status) status = parse_level(&parser, 0, expr);
  return status ? status : take_end(&parser);
}
