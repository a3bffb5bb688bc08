#include "explore/options.h"

#include "core/intl.h"
#include "core/memory.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct option_row {
  size_t offset;
  const char *name;
  enum option_kind kind;
  double smallest; /* of a number or count */
  const char *const *choices; /* NULL at the end; or NULL */
  const char *argument;
  unsigned verbs;
  const char *help;
};

enum {
#define OPTION(field, ...) ROW_##field,
#include "explore/options.def"
#undef OPTION
  ROW_COUNT
};

static const struct option_row rows[] = {
#define OPTION(field, name, kind, smallest, choices, argument, verbs, help) \
  {offsetof(struct options, field), name, kind, smallest, choices, argument, verbs, help},
#include "explore/options.def"
#undef OPTION
};

/* Other names of options. */
static const struct {
  int row;
  const char *name;
} also[] = {
#define OPTION(field, ...)
#define OPTION_ALSO(field, name) {ROW_##field, name},
#include "explore/options.def"
#undef OPTION
};
enum { ALSO_COUNT = sizeof also / sizeof *also };

static enum status found(struct diag *diag, const char *option, const char *value) {
  return diag_set(diag, STATUS_USAGE, SPAN_NONE, _("--%s: found \"%s\""), option, value);
}

static enum status set_number(const struct option_row *row, void *field, const char *value,
                              struct diag *diag) {
  enum { MOST = 1000000 };
  char *end;
  double number = strtod(value, &end);
  bool is_count = row->kind == OPTION_COUNT;
  bool fits = is_count ? number >= row->smallest && number <= MOST && number == floor(number)
                       : number > row->smallest;
  if (!*value || *end || !isfinite(number) || !fits) {
    found(diag, row->name, value);
    if (is_count) diag_hint(diag, _("expected a whole number from %g to %d"), row->smallest, MOST);
    else diag_hint(diag, _("expected a finite number above %g"), row->smallest);
    return STATUS_USAGE;
  }
  if (is_count) *(int *)field = (int)number;
  else *(double *)field = number;
  return STATUS_OK;
}

static enum status set_choice(const struct option_row *row, void *field, const char *value,
                              struct diag *diag) {
  struct text list;
  text_init(&list);
  for (size_t i = 0; row->choices[i]; i++) {
    if (strcmp(row->choices[i], value) == 0) {
      *(int *)field = (int)i;
      text_done(&list);
      return STATUS_OK;
    }
    text_printf(&list, "%s%s", i > 0 ? ", " : "", row->choices[i]);
  }
  found(diag, row->name, value);
  diag_hint(diag, _("expected one of: %s"), text_string(&list));
  text_done(&list);
  return STATUS_USAGE;
}

/* Names are cut out of one copy, which begins where the first of them does. */
static void free_names(struct option_list *list) {
  if (list->count > 0) free((void *)(uintptr_t)list->items[0]);
  list->count = 0;
}

static enum status add_text(struct option_list *list, const char *value, struct diag *diag) {
  if (!array_reserve(&list->items, &list->capacity, list->count + 1, sizeof *list->items))
    return diag_no_memory(diag);
  list->items[list->count++] = value;
  return STATUS_OK;
}

/* "W1,b1" as a list of names. */
static enum status add_names(struct option_list *list, const char *value, struct diag *diag) {
  enum status status = STATUS_OK;
  char *copy = strdup(value);
  if (!copy) return diag_no_memory(diag);
  free_names(list);
  for (char *rest = copy, *name; !status && (name = strsep(&rest, ","));)
    status = add_text(list, name, diag);
  if (list->count == 0) free(copy);
  return status;
}

/* Whether it is a word of the session's command for one of VERBS. */
static bool is_word(struct option_row row, unsigned verbs) {
  return row.verbs & verbs && !(row.verbs & VERB_OUTSIDE);
}

static enum status set_option(struct options *options, int index, const char *value,
                              struct diag *diag) {
  struct option_row row = rows[index];
  void *field = (char *)options + row.offset;
  switch (row.kind) {
    case OPTION_FLAG: *(bool *)field = true; return STATUS_OK;
    case OPTION_NUMBER:
    case OPTION_COUNT: return set_number(&row, field, value, diag);
    case OPTION_CHOICE: return set_choice(&row, field, value, diag);
    case OPTION_TEXT: *(const char **)field = value; return STATUS_OK;
    case OPTION_LIST: return add_text(field, value, diag);
    case OPTION_NAMES: return add_names(field, value, diag);
  }
  return STATUS_INTERNAL;
}

/* The option without its dashes. */
static const char *bare(const char *given) {
  return strncmp(given, "--", 2) == 0 ? given + 2 : given;
}

/* A misspelt option of VERB, as it was GIVEN: with a value or not, with dashes or, as one of the
 * WORDS of a command, without. */
static enum status unknown_option(const char *given, enum verb verb, bool words,
                                  struct diag *diag) {
  char name[64] = "";
  const char *best = NULL, *wrong = bare(given);
  const size_t length = strcspn(given, "="), dashes = (size_t)(wrong - given);
  if (*given != '-' || dashes > 0)
    snprintf(name, sizeof name, "%.*s", (int)(length - dashes), wrong);
  for (int i = 0; *name && i < ROW_COUNT; i++)
    if (words ? is_word(rows[i], verb) : rows[i].verbs & verb)
      best = suggest_nearer(name, best, rows[i].name);
  diag_set(diag, STATUS_USAGE, SPAN_NONE, _("unknown option \"%.*s\""), (int)length, given);
  if (best) diag_hint(diag, _("did you mean %.*s%s?"), (int)dashes, given, best);
  else if (words) diag_hint(diag, "%s", _("\"help\" and the command's name shows the options"));
  else diag_hint(diag, "%s", _("\"gradwalk help\" shows the options"));
  return STATUS_USAGE;
}

/* One option that getopt_long found: CODE is its index + 256, or what went wrong. */
static enum status take_option(struct options *options, enum verb verb, int code, char **argv,
                               struct diag *diag) {
  const char *given = argv[optind - 1];
  if (code == 'e') code = 256 + ROW_statements;
  if (code == ':') {
    diag_set(diag, STATUS_USAGE, SPAN_NONE, _("the option \"%s\" needs a value"), given);
    return STATUS_USAGE;
  }
  if (code < 256) return unknown_option(given, verb, false, diag);
  struct option_row row = rows[code - 256];
  if (!(row.verbs & verb))
    return diag_set(diag, STATUS_USAGE, (struct span){0},
                    _("--%s: this verb does not take this option"), row.name);
  return set_option(options, code - 256, optarg, diag);
}

static struct option long_option(const char *name, int row) {
  const bool flag = rows[row].kind == OPTION_FLAG;
  return (struct option){name, flag ? no_argument : required_argument, NULL, 256 + row};
}

enum status options_parse(struct options *options, enum verb verb, int argc, char **argv,
                          int *first, struct diag *diag) {
  struct option longs[ROW_COUNT + ALSO_COUNT + 1] = {0};
  enum status status = STATUS_OK;
  *options = (struct options){.tolerance = -1, .rate = 0.1, .seed = -1};
  for (int i = 0; i < ROW_COUNT; i++) longs[i] = long_option(rows[i].name, i);
  for (int i = 0; i < ALSO_COUNT; i++)
    longs[ROW_COUNT + i] = long_option(also[i].name, also[i].row);
  opterr = 0;
  optind = 1;
  for (int code; !status && (code = getopt_long(argc, argv, ":e:", longs, NULL)) != -1;)
    status = take_option(options, verb, code, argv, diag);
  *first = optind;
  return status;
}

/* The row called NAME, or -1. */
static int find_row(const char *name, size_t length) {
  for (int i = 0; i < ROW_COUNT; i++)
    if (strlen(rows[i].name) == length && memcmp(rows[i].name, name, length) == 0) return i;
  return -1;
}

bool options_has(enum verb verb, const char *name, size_t length) {
  int row = find_row(name, length);
  return row >= 0 && is_word(rows[row], verb);
}

/* One WORD of a command; where it is wrong, *WRONG is the part of it that is. */
static enum status take_word(struct options *options, enum verb verb, const char *word,
                             const char **wrong, struct diag *diag) {
  const char *name = bare(word);
  const size_t length = strcspn(name, "=");
  const int row = find_row(name, length);
  *wrong = word;
  if (row < 0 || !is_word(rows[row], verb)) return unknown_option(word, verb, true, diag);
  const bool flag = rows[row].kind == OPTION_FLAG;
  if (flag != (name[length] != '='))
    return diag_set(diag, STATUS_USAGE, (struct span){0},
                    flag ? _("--%s takes no value") : _("--%s needs a value"), rows[row].name);
  if (!flag && name[length + 1]) *wrong = name + length + 1;
  return set_option(options, row, flag ? NULL : name + length + 1, diag);
}

enum status options_parse_words(struct options *options, enum verb verb,
                                const struct source *words, struct diag *diag) {
  enum status status = STATUS_OK;
  const char *wrong = NULL;
  *options = (struct options){.tolerance = -1, .rate = 0.1, .seed = -1, .precision = -1,
                              .words = strndup(words->text, words->length)};
  if (!options->words) return diag_no_memory(diag);
  for (char *rest = options->words, *word; !status && (word = strsep(&rest, " \t"));)
    if (*word) status = take_word(options, verb, word, &wrong, diag);
  if (status && status != STATUS_NO_MEMORY) {
    const uint32_t start = (uint32_t)(wrong - options->words);
    diag_within(diag, (struct span){words, start, start + (uint32_t)strlen(wrong)});
  }
  return status;
}

struct check_options options_check(const struct options *options) {
  return (struct check_options){.eps = options->eps,
                                .tolerance = options->tolerance,
                                .method = (enum method)options->method,
                                .evaluate = (enum evaluate)options->evaluate,
                                .params = options->params.items,
                                .param_count = options->params.count,
                                .directions = (unsigned)options->directions,
                                .precision = options->precision < 0
                                                 ? PRECISION_DOUBLE
                                                 : (enum precision)options->precision,
                                .frozen = options->frozen,
                                .explain = true,
                                .threads = options->threads};
}

struct train_options options_train(const struct options *options) {
  enum { STEPS = 1000 };
  return (struct train_options){.steps = options->steps > 0 ? (size_t)options->steps : STEPS,
                                .batch = (uint32_t)options->batch,
                                .rate = options->rate,
                                .momentum = options->momentum,
                                .seeded = options->seed >= 0,
                                .seed = options->seed >= 0 ? (uint32_t)options->seed : 0,
                                .threads = options->threads};
}

void options_done(struct options *options) {
  free_names(&options->params);
  free(options->params.items);
  free(options->words);
  free(options->bugs.items);
  free(options->unfolds.items);
  *options = (struct options){0};
}

static struct option_help describe(struct option_row row) {
  return (struct option_help){row.name, row.argument, row.help, row.verbs};
}

bool options_describe(int index, struct option_help *option) {
  if (index >= ROW_COUNT) return false;
  *option = describe(rows[index]);
  return true;
}

bool options_word(enum verb verb, int index, struct option_help *option) {
  for (int i = 0; i < ROW_COUNT; i++) {
    if (!is_word(rows[i], verb) || index-- > 0) continue;
    *option = describe(rows[i]);
    return true;
  }
  return false;
}

static void put_help(struct text *out, const struct option_help *option, const char *dashes,
                     int width) {
  size_t start = out->length;
  text_printf(out, "      %s%s%s%s", dashes, option->name, option->argument ? "=" : "",
              option->argument ? option->argument : "");
  text_pad(out, (int)(out->length - start), width);
  text_printf(out, " %s\n", _(option->help));
}

void options_help(struct text *out, enum verb verb) {
  enum { WIDTH = 26 };
  struct option_help option;
  for (int i = 0; options_describe(i, &option); i++)
    if (option.verbs & verb) put_help(out, &option, "--", WIDTH);
}

void options_help_words(struct text *out, enum verb verb) {
  enum { WIDTH = 30 };
  struct option_help option;
  for (int i = 0; options_word(verb, i, &option); i++) put_help(out, &option, "", WIDTH);
}
