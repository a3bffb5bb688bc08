#include "lang/describe.h"

#include "core/intl.h"
#include "lang/parse.h"
#include "lang/prelude.h"
#include "lang/print.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { HELP_COLUMN = 30 };

static const char draws_mark[] = "# Tests draw ";

/* LEFT and RIGHT side by side. */
static void put_columns(struct text *out, const struct text *left, const char *right) {
  out->failed = out->failed || left->failed;
  text_puts(out, text_string(left));
  if (*right) {
    text_pad(out, text_columns(text_string(left), left->length), HELP_COLUMN);
    text_printf(out, " %s", right);
  }
  text_puts(out, "\n");
}

/* -- operations -- */

static bool is_for_models(const struct op *op) {
  return !(op->flags & OP_HIDDEN);
}

static void put_sizes(struct text *out, const struct op *op) {
  text_printf(out, op->sizes == 1 ? "%s(n)" : op->flags & OP_PLACE ? "%s(r, c, k)" : "%s(r, c)",
              op->name);
}

static void put_call(struct text *out, const struct op *op) {
  if (op->arity == 0) return put_sizes(out, op);
  text_printf(out, op->arity == 2 ? "%s(a, b)" : "%s(a)", op->name);
  if (op->flags & OP_AXIS) text_printf(out, ", %s(a, 0), %s(a, 1)", op->name, op->name);
}

void operation_put_use(struct text *out, const struct op *op) {
  switch (op->form) {
    case FORM_CALL: put_call(out, op); break;
    case FORM_INFIX:
      text_printf(out, strcmp(op->symbol, "^") == 0 ? "a%sb" : "a %s b", op->symbol);
      break;
    case FORM_PREFIX: text_printf(out, "%sa", op->symbol); break;
    case FORM_POSTFIX: text_printf(out, "a%s", op->symbol); break;
    case FORM_SILENT: text_puts(out, "a"); break;
  }
}

static const struct op *find_operation(const char *name) {
  for (int id = 0; id < OP_COUNT; id++) {
    const struct op *op = &op_table[id];
    if (is_for_models(op) &&
        (strcmp(op->name, name) == 0 || (op->symbol && strcmp(op->symbol, name) == 0)))
      return op;
  }
  return NULL;
}

static void put_rules(struct text *out, const struct op *op) {
  for (int i = 0; i < op->arity; i++) {
    if (op->rules[i]) text_printf(out, _("  rule     d%c = %s\n"), 'a' + i, op->rules[i]);
    if (op->rules_at_zero[i])
      text_printf(out, _("           d%c = %s, where %c may be 0\n"), 'a' + i,
                  op->rules_at_zero[i], i == 0 ? 'b' : 'a');
  }
  if (!op->rules[0] && !op->rules[1])
    text_puts(out, op->arity > 0 ? _("  rule     none: no gradient flows through it\n")
                                 : _("  rule     none: it has no operand\n"));
}

static void put_legend(struct text *out, const struct op *op) {
  if (op->rules[0] || op->rules[1])
    text_puts(out, op->arity == 2
                       ? _("  a and b are the operands, out is the result, dNAME is dloss/dNAME\n")
                       : _("  a is the operand, out is the result, dNAME is dloss/dNAME\n"));
}

static void describe_operation(struct text *out, const struct op *op) {
  struct text use;
  text_init(&use);
  operation_put_use(&use, op);
  if (op->symbol) text_printf(&use, " (%s)", op->name);
  put_columns(out, &use, _(op->help));
  text_done(&use);
  const char *shape = op_shape_words(op);
  if (op->shape && *shape) text_printf(out, _("  shape    %s\n"), shape);
  put_rules(out, op);
  for (int i = 0; i < MAX_EXAMPLES && op->examples[i]; i++)
    text_printf(out, _("  example  %s\n"), op->examples[i]);
  put_legend(out, op);
}

/* -- gates -- */

enum status gates_read(struct gates *gates, struct diag *diag) {
  *gates = (struct gates){0};
  arena_init(&gates->arena);
  return parse_model(&prelude_source, &gates->arena, &gates->syntax, diag);
}

void gates_done(struct gates *gates) {
  syntax_done(&gates->syntax);
  arena_done(&gates->arena);
}

/* The start of the line before the one that starts at AT, which is not the first. */
static uint32_t line_before(const char *text, uint32_t at) {
  for (at--; at > 0 && text[at - 1] != '\n'; at--) continue;
  return at;
}

/* Where the comment begins that ends right above GATE; where GATE does if there is none. */
static uint32_t comment_start(const struct stmt *gate) {
  const char *text = gate->span.source->text;
  uint32_t at = gate->span.start;
  while (at > 0 && text[line_before(text, at)] == '#') at = line_before(text, at);
  return at;
}

static bool is_draws(const char *line) {
  return strncmp(line, draws_mark, sizeof draws_mark - 1) == 0;
}

const char *gate_draws(const struct stmt *gate, size_t *length) {
  const char *end = gate->span.source->text + gate->span.start;
  const char *line = gate->span.source->text + comment_start(gate);
  while (line < end && !is_draws(line)) line += strcspn(line, "\n") + 1;
  if (line >= end) return *length = 0, "";
  line += sizeof draws_mark - 1;
  *length = strcspn(line, "\n");
  if (*length > 0 && line[*length - 1] == '.') --*length;
  return line;
}

/* The comment's words in one line, without what is for the tests. */
static void put_comment(struct text *out, const struct stmt *gate) {
  const char *end = gate->span.source->text + gate->span.start;
  const char *line = gate->span.source->text + comment_start(gate), *between = "";
  for (; line < end; line += strcspn(line, "\n") + 1) {
    if (is_draws(line)) continue;
    const char *words = line + strspn(line, "# ");
    text_puts(out, between);
    text_put(out, words, strcspn(words, "\n"));
    between = " ";
  }
}

static const struct assign *result_line(const struct stmt *gate) {
  for (size_t i = 0; i < gate->line_count; i++)
    if (strcmp(gate->lines[i].target, "out") == 0) return &gate->lines[i];
  return NULL;
}

void gate_put_use(struct text *out, const struct stmt *gate) {
  text_printf(out, "%s(", gate->names[0]);
  for (size_t i = 1; i < gate->name_count; i++)
    text_printf(out, "%s%s", i > 1 ? ", " : "", gate->names[i]);
  text_puts(out, ")");
}

void gate_put_summary(struct text *out, const struct stmt *gate) {
  struct text comment;
  const struct assign *result = result_line(gate);
  text_init(&comment);
  put_comment(&comment, gate);
  const char *words = text_string(&comment), *stop = strstr(words, ". ");
  size_t length = stop ? (size_t)(stop - words) : comment.length;
  if (!stop && length > 0 && words[length - 1] == '.') length--;
  bool word = length > 1 && isupper((unsigned char)words[0]) && islower((unsigned char)words[1]);
  if (word) text_printf(out, "%c", tolower((unsigned char)words[0]));
  text_put(out, words + word, length - word);
  if (length == 0 && result) print_expr(out, result->value);
  out->failed = out->failed || comment.failed;
  text_done(&comment);
}

/* The parameter, counted from 1, whose gradient TARGET is; 0 if there is none. */
static size_t parameter_of(const struct stmt *gate, const char *target) {
  for (size_t i = 1; i < gate->name_count && target[0] == 'd'; i++)
    if (strcmp(target + 1, gate->names[i]) == 0) return i;
  return 0;
}

bool gate_has_rule(const struct stmt *gate) {
  for (size_t i = 0; i < gate->line_count; i++)
    if (parameter_of(gate, gate->lines[i].target)) return true;
  return false;
}

bool gate_hands_to(const struct stmt *gate, size_t index) {
  for (size_t i = 0; i < gate->line_count; i++)
    if (parameter_of(gate, gate->lines[i].target) == index) return true;
  return !gate_has_rule(gate);
}

/* Whether line INDEX belongs to the rule: it names dout, or a line that does. */
static bool is_backward(const struct stmt *gate, size_t index) {
  const struct expr *value = gate->lines[index].value;
  if (expr_names(value, "dout")) return true;
  for (size_t i = 0; i < index; i++)
    if (expr_names(value, gate->lines[i].target) && expr_names(gate->lines[i].value, "dout"))
      return true;
  return false;
}

static void put_gate_line(struct text *out, const struct stmt *gate, size_t index) {
  const struct assign *line = &gate->lines[index];
  text_puts(out, strcmp(line->target, "out") == 0 ? _("  result   ")
                 : parameter_of(gate, line->target) || is_backward(gate, index)
                     ? _("  rule     ")
                     : _("  inside   "));
  print_assign(out, line);
  text_puts(out, "\n");
}

static void put_gate_head(struct text *out, const struct stmt *gate) {
  struct text use, summary;
  text_init(&use);
  text_init(&summary);
  gate_put_use(&use, gate);
  gate_put_summary(&summary, gate);
  put_columns(out, &use, text_string(&summary));
  out->failed = out->failed || summary.failed;
  text_done(&summary);
  text_done(&use);
}

static void describe_gate(struct text *out, const struct stmt *gate) {
  put_gate_head(out, gate);
  for (size_t i = 0; i < gate->line_count; i++) put_gate_line(out, gate, i);
  for (size_t i = 1; i < gate->name_count; i++)
    if (!gate_hands_to(gate, i))
      text_printf(out, _("  no gradient flows to %s\n"), gate->names[i]);
  text_puts(out, _("  out is the result, dNAME is dloss/dNAME\n"));
  text_puts(out, gate_has_rule(gate)
                     ? _("  the rule is written by hand; \"unfold\" takes those of the inside\n")
                     : _("  it has no rule of its own; the rules of the inside are taken\n"));
}

/* -- either -- */

enum status describe(struct text *out, const char *name, bool *found, struct diag *diag) {
  const struct op *op = find_operation(name);
  struct gates gates;
  *found = op != NULL;
  if (op) return describe_operation(out, op), STATUS_OK;
  enum status status = gates_read(&gates, diag);
  for (size_t i = 0; !status && !*found && i < gates.syntax.count; i++) {
    *found = strcmp(gates.syntax.statements[i].names[0], name) == 0;
    if (*found) describe_gate(out, &gates.syntax.statements[i]);
  }
  gates_done(&gates);
  return status;
}

const char *describe_nearest(const struct gates *gates, const char *wrong, const char *best) {
  for (int id = 0; id < OP_COUNT; id++)
    if (is_for_models(&op_table[id])) best = suggest_nearer(wrong, best, op_table[id].name);
  for (size_t i = 0; i < gates->syntax.count; i++)
    best = suggest_nearer(wrong, best, gates->syntax.statements[i].names[0]);
  return best;
}

bool describe_nth(size_t index, char *name, size_t size) {
  struct gates gates;
  struct diag ignored;
  for (int id = 0; id < OP_COUNT; id++) {
    if (op_table[id].flags & OP_HIDDEN || index-- > 0) continue;
    snprintf(name, size, "%s", op_table[id].name);
    return true;
  }
  bool found = !gates_read(&gates, &ignored) && index < gates.syntax.count;
  if (found) snprintf(name, size, "%s", gates.syntax.statements[index].names[0]);
  gates_done(&gates);
  return found;
}
