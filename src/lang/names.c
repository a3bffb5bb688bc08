/* From what readers see of a node back to its name. */
#include "lang/lex.h"
#include "lang/parse.h"
#include "lang/print.h"
#include "lang/shown.h"

#include <string.h>

/* Every byte of a letter beyond ASCII counts: names may hold such letters. */
static bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         (unsigned char)c >= 0x80;
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/* -- one node -- */

/* Without white space, but for one where two words would run together. */
static void put_squeezed(struct text *out, const char *text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    size_t end = i;
    while (end < length && is_blank(text[end])) end++;
    if (end > i && i > 0 && end < length && is_word(text[i - 1]) && is_word(text[end]))
      text_puts(out, " ");
    if (end >= length) return;
    text_put(out, text + (i = end), 1);
  }
}

/* The number of the LENGTH bytes of TEXT before a last " in ", outside of brackets; all of them if
 * there is none. */
static size_t before_in(const char *text, size_t length) {
  size_t found = length;
  int depth = 0;
  for (size_t i = 0; i + 3 < length; i++) {
    depth += (text[i] == '(') - (text[i] == ')');
    if (depth == 0 && i > 0 && !is_word(text[i - 1]) && memcmp(text + i, "in ", 3) == 0) found = i;
  }
  while (found > 0 && found < length && is_blank(text[found - 1])) found--;
  return found;
}

/* TEXT as the printer would write it, squeezed; as it is where it is no expression. */
static void put_canonical(struct text *out, const char *text, size_t length) {
  struct arena arena;
  struct diag ignored;
  struct text printed;
  const struct expr *expr;
  size_t base = before_in(text, length);
  struct source source = source_from("name", text, base);
  arena_init(&arena);
  text_init(&printed);
  enum status status = parse_expr(source_span(&source), &arena, &expr, &ignored);
  if (status == STATUS_OK) print_expr(&printed, expr);
  else text_put(&printed, text, base);
  text_put(&printed, text + base, length - base);
  put_squeezed(out, text_string(&printed), printed.length);
  out->failed = out->failed || printed.failed || status == STATUS_NO_MEMORY;
  text_done(&printed);
  arena_done(&arena);
}

/* How what is wanted and what a node shows may agree, the strictest first. */
enum likeness { ALIKE, ALIKE_WITHOUT_IN, ALIKE_WITH_IN, ALIKE_SHORTENED, LIKENESS_COUNT };

struct shown_search {
  const struct model *model;
  const char *wanted; /* canonical */
  size_t base;        /* of its bytes come before "in" */
  struct text shown;  /* by the node that is looked at */
};

static bool is_shortened(const char *brief, const char *whole) {
  const char *dots = strstr(brief, "…");
  size_t width = strlen("…");
  if (!dots && (dots = strstr(brief, "..."))) width = 3;
  if (!dots) return false;
  size_t head = (size_t)(dots - brief), tail = strlen(dots + width), all = strlen(whole);
  return head + tail <= all && memcmp(brief, whole, head) == 0 &&
         strcmp(dots + width, whole + all - tail) == 0;
}

/* "x @ W in h" where "x @ W" would do: it must be in h all the same. */
static bool is_in(const struct shown_search *search, int node) {
  const struct model *model = search->model;
  const char *name = search->wanted + search->base;
  while (is_blank(*name)) name++;
  name += strlen("in");
  while (is_blank(*name)) name++;
  for (size_t n = (size_t)node; n < model->node_count; n++)
    if (!model->nodes[n].part) return strcmp(model->nodes[n].name, name) == 0;
  return false;
}

static bool agree(struct shown_search *search, int node, enum likeness likeness) {
  const char *shown = search->model->nodes[node].shown, *wanted = search->wanted;
  size_t length = strlen(shown);
  search->shown.length = 0;
  put_squeezed(&search->shown, shown,
               likeness == ALIKE_WITHOUT_IN ? before_in(shown, length) : length);
  const char *squeezed = text_string(&search->shown);
  if (search->shown.length == 0) return false;
  switch (likeness) {
    case ALIKE:
    case ALIKE_WITHOUT_IN: return strcmp(squeezed, wanted) == 0;
    case ALIKE_WITH_IN:
      return !search->model->nodes[node].within && wanted[search->base] &&
             search->shown.length == search->base &&
             memcmp(squeezed, wanted, search->base) == 0 && is_in(search, node);
    case ALIKE_SHORTENED: return is_shortened(wanted, squeezed);
    case LIKENESS_COUNT: break;
  }
  return false;
}

/* The one part that fits; -1: none, or several. */
static int only_fit(struct shown_search *search, enum likeness likeness) {
  int found = -1;
  for (size_t n = 0; n < search->model->node_count; n++) {
    if (!search->model->nodes[n].part || !agree(search, (int)n, likeness)) continue;
    if (found >= 0) return -1;
    found = (int)n;
  }
  return found;
}

static int find_part(const struct model *model, const struct text *wanted) {
  struct shown_search search = {.model = model, .wanted = text_string(wanted)};
  int found = -1;
  search.base = before_in(search.wanted, wanted->length);
  text_init(&search.shown);
  for (int i = 0; found < 0 && wanted->length > 0 && i < LIKENESS_COUNT; i++)
    found = only_fit(&search, (enum likeness)i);
  if (wanted->failed || search.shown.failed) found = SHOWN_NO_MEMORY;
  text_done(&search.shown);
  return found;
}

static int find_word(const struct model *model, const char *text, size_t length) {
  char word[NAME_MAX_BYTES + 1] = "";
  if (length >= sizeof word) return -1;
  memcpy(word, text, length);
  return model_find(model, word);
}

int node_find_shown(const struct model *model, const char *text, size_t length) {
  struct text name;
  while (length > 0 && is_blank(*text)) text++, length--;
  while (length > 0 && is_blank(text[length - 1])) length--;
  if (length == 0) return -1;
  int found = find_word(model, text, length);
  if (found >= 0) return found;
  text_init(&name);
  put_canonical(&name, text, length);
  found = find_part(model, &name);
  text_done(&name);
  return found;
}

/* -- in a line -- */

/* The place of the bracket that closes the one at OPEN, or LENGTH. */
static size_t closing(const char *text, size_t length, size_t open) {
  int depth = 0;
  for (size_t i = open; i < length; i++) {
    depth += (text[i] == '(') - (text[i] == ')');
    if (depth == 0) return i;
  }
  return length;
}

static bool has_gate(const struct model *model, const char *name) {
  for (size_t i = 0; i < model->syntax.count; i++)
    if (model->syntax.statements[i].kind == STMT_GATE &&
        strcmp(model->syntax.statements[i].names[0], name) == 0)
      return true;
  return false;
}

/* The node shown by the bracket at OPEN and what follows, up to *CLOSE; -1: none. */
static int shown_at(const struct model *model, const char *text, size_t length, size_t open,
                    bool gradient, size_t *close) {
  const char *inside = text + open + 1;
  *close = closing(text, length, open);
  size_t inner = *close < length ? *close - open - 1 : 0;
  bool has_in = before_in(inside, inner) < inner;
  if (inner == 0 || (!has_in && (!gradient || has_gate(model, "d")))) return -1;
  return node_find_shown(model, inside, inner);
}

/* The address of a rule line, "x @ W in h: ", and how long it is; 0: none, or a name already. */
static size_t put_node(struct rewriting *out, const struct model *model, const char *text,
                       size_t length) {
  size_t end = 0;
  int depth = 0;
  for (; end < length && (depth > 0 || (text[end] != ':' && text[end] != '=')); end++)
    depth += (text[end] == '(') - (text[end] == ')');
  if (end >= length || text[end] != ':') return 0;
  int node = node_find_shown(model, text, end);
  out->text.failed = out->text.failed || node == SHOWN_NO_MEMORY;
  if (node < 0 || !model->nodes[node].part) return 0;
  const char *name = model->nodes[node].name;
  rewriting_put(out, name, strlen(name), end);
  return end;
}

/* The part of a statement that stands at AT, as its node's name or the name of its gradient; the
 * bytes that show it, 0 if there are none. */
static size_t put_part(struct rewriting *out, const struct model *model, const char *text,
                       size_t length, size_t at) {
  bool starts = at == 0 || !is_word(text[at - 1]);
  bool gradient = starts && text[at] == 'd' && at + 1 < length && text[at + 1] == '(';
  if (!gradient && !(starts && text[at] == '(')) return 0;
  size_t close;
  int node = shown_at(model, text, length, at + gradient, gradient, &close);
  out->text.failed = out->text.failed || node == SHOWN_NO_MEMORY;
  if (node < 0) return 0;
  const char *name = model->nodes[node].name;
  rewriting_put(out, gradient ? "d" : "", gradient, close + 1 - at);
  rewriting_extend(out, name, strlen(name));
  return close + 1 - at;
}

static void rewrite(struct rewriting *out, const struct model *model, const char *text,
                    size_t length) {
  size_t at = put_node(out, model, text, length);
  while (at < length) {
    size_t part = put_part(out, model, text, length, at);
    if (part == 0) rewriting_keep(out, text + at, 1);
    at += part > 0 ? part : 1;
  }
}

bool names_put(struct text *out, const struct model *model, const char *text, size_t length) {
  struct rewriting names;
  rewriting_init(&names);
  rewrite(&names, model, text, length);
  bool found = names.count > 0;
  text_put(out, text_string(&names.text), names.text.length);
  out->failed = out->failed || names.text.failed;
  rewriting_done(&names);
  return found;
}

bool span_of_names(struct span *line, const struct model *model, struct arena *arena) {
  struct rewriting names;
  rewriting_init(&names);
  rewrite(&names, model, line->source->text + line->start, line->end - line->start);
  if (names.count > 0) return rewriting_end(&names, arena, line);
  bool good = !names.text.failed;
  rewriting_done(&names);
  return good;
}
