#include "game/hunt.h"

#include "bug/effect.h"
#include "core/hash.h"
#include "core/intl.h"
#include "lang/parse.h"
#include "lang/shown.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct hunt_price hunt_prices[HUNT_ACT_COUNT] = {
    [HUNT_CHECK] = {"check", 3},   [HUNT_LOOK] = {"look", 1},     [HUNT_ENTRY] = {"entry", 1},
    [HUNT_WRONG] = {"wrong answer", 10}, [HUNT_HINT_1] = {"hint 1", 5},
    [HUNT_HINT_2] = {"hint 2", 10},      [HUNT_HINT_3] = {"hint 3", 20},
};

/* -- which bugs can be hidden here -- */

struct hide {
  struct hunt *hunt;
  struct model *model;
  struct diag *diag;
  struct catalogue catalogue;
  struct effect here, moved;
  bool *candidate; /* by mutant */
};

static enum status no_memory(struct hide *hide) {
  return diag_no_memory(hide->diag);
}

/* By how much MUTANT changes the gradients at this point and at one nearby. */
static enum status measure(struct hide *hide, const struct mutant *mutant, double *here,
                           double *moved) {
  struct diag again;
  enum status status = mutant_apply(mutant, hide->model, true, hide->diag);
  if (!status && (effect_measure(&hide->here, here) || effect_measure(&hide->moved, moved)))
    status = no_memory(hide);
  if (model_drop_bugs(hide->model, 0, &again) && !status) status = no_memory(hide);
  return status;
}

static enum status find_candidates(struct hide *hide, int level, size_t *count) {
  enum status status = STATUS_OK;
  *count = 0;
  for (size_t i = 0; !status && i < hide->catalogue.count; i++) {
    const struct mutant *mutant = &hide->catalogue.mutants[i];
    double here = 0, moved = 0;
    hide->candidate[i] = false;
    if (mutant->kind->level != level) continue;
    status = measure(hide, mutant, &here, &moved);
    hide->candidate[i] = here > 1 || (level == HARDEST_LEVEL && moved > 1);
    *count += hide->candidate[i];
  }
  return status;
}

/* No two bugs in one line. */
static void rule_out(struct hide *hide, const struct mutant *taken, size_t *count) {
  for (size_t i = 0; i < hide->catalogue.count; i++) {
    const struct mutant *mutant = &hide->catalogue.mutants[i];
    if (!hide->candidate[i] || mutant->rule != taken->rule) continue;
    hide->candidate[i] = false;
    --*count;
  }
}

/* A number made from SEED and a mutant's id, and nothing else. */
static uint64_t lot_of(uint32_t seed, const char *id) {
  uint64_t lot = hash_bytes(hash_mix(HASH_START, seed), id, strlen(id));
  lot ^= lot >> 32; /* the high bits, which decide, have seen little of the last letters */
  return hash_mix(lot, lot >> 29);
}

/* The candidate with the smallest number: a model that has grown hides what it did, unless the new
 * mutant's number is smaller. */
static const struct mutant *draw(const struct hide *hide) {
  const struct mutant *drawn = NULL;
  uint64_t least = 0;
  for (size_t i = 0; i < hide->catalogue.count; i++) {
    const struct mutant *mutant = &hide->catalogue.mutants[i];
    const uint64_t lot = lot_of(hide->hunt->seed, mutant->id);
    if (hide->candidate[i] && (!drawn || lot < least)) drawn = mutant, least = lot;
  }
  return drawn;
}

/* What PUT writes of TEXT, in the hunt's arena. */
static const char *kept(struct hide *hide, const char *string,
                        void (*put)(struct text *, const struct model *, const char *)) {
  struct text text;
  text_init(&text);
  put(&text, hide->model, string);
  return text_keep(&text, &hide->hunt->arena);
}

static enum status keep(struct hide *hide, const struct mutant *mutant) {
  struct hunt *hunt = hide->hunt;
  const struct rule *rule = &hide->model->rules[mutant->rule];
  struct hidden_bug *hidden = &hunt->bugs[hunt->count];
  const char **lines = arena_alloc(&hunt->arena, mutant->line_count, sizeof *lines);
  hidden->mutant = *mutant;
  hidden->mutant.lines = lines;
  hidden->mutant.rules = NULL; /* the catalogue's, which does not last */
  hidden->mutant.id = arena_copy(&hunt->arena, mutant->id, strlen(mutant->id));
  hidden->target = arena_copy(&hunt->arena, rule->target, strlen(rule->target));
  hidden->original = arena_copy(&hunt->arena, rule->text, strlen(rule->text));
  hidden->place = kept(hide, rule->target, name_put_shown);
  hidden->should_be = kept(hide, rule->text, line_put_shown);
  hidden->ran = arena_alloc(&hunt->arena, mutant->line_count, sizeof *hidden->ran);
  bool whole = lines && hidden->mutant.id && hidden->target && hidden->original &&
               hidden->place && hidden->should_be && hidden->ran;
  for (size_t i = 0; whole && i < mutant->line_count; i++)
    whole = (lines[i] = arena_copy(&hunt->arena, mutant->lines[i], strlen(mutant->lines[i]))) &&
            (hidden->ran[i] = kept(hide, mutant->lines[i], line_put_shown));
  hunt->count += whole;
  return whole ? STATUS_OK : no_memory(hide);
}

/* Draws COUNT bugs of LEVEL, or of the next lower one that has any. */
static enum status draw_bugs(struct hide *hide, int level, int wanted) {
  size_t candidates = 0;
  enum status status = STATUS_OK;
  for (int i = 0; !status && i < wanted; i++) {
    while (!status && candidates == 0 && level > 0) {
      status = find_candidates(hide, level, &candidates);
      for (size_t k = 0; k < hide->hunt->count; k++)
        rule_out(hide, &hide->hunt->bugs[k].mutant, &candidates);
      if (candidates == 0) level--;
    }
    if (status) break;
    if (candidates == 0)
      return diag_set(hide->diag, STATUS_DATA, SPAN_NONE,
                      _("this model has only %zu lines in which a bug of this level could hide"),
                      hide->hunt->count);
    const struct mutant *mutant = draw(hide);
    status = keep(hide, mutant);
    rule_out(hide, mutant, &candidates);
  }
  return status;
}

static enum status hide_all(struct hunt *hunt, struct model *model, struct diag *diag) {
  enum status status = STATUS_OK;
  for (size_t i = 0; !status && i < hunt->count; i++) {
    hunt->bugs[i].first_bug = model->bug_count;
    status = mutant_apply(&hunt->bugs[i].mutant, model, true, diag);
  }
  return status;
}

enum status hunt_begin(struct hunt *hunt, struct model *model, const struct hunt_options *options,
                       struct diag *diag) {
  struct hide hide = {.hunt = hunt, .model = model, .diag = diag};
  *hunt = (struct hunt){.seed = options->seed, .level = options->level};
  arena_init(&hunt->arena);
  if (options->level < 1 || options->level > HARDEST_LEVEL || options->bugs < 1 ||
      options->bugs > HUNT_MAX_BUGS)
    return diag_set(diag, STATUS_USAGE, SPAN_NONE,
                    _("a hunt has a level from 1 to %d and 1 to %d bugs"), HARDEST_LEVEL,
                    HUNT_MAX_BUGS);
  enum status status = model_drop_bugs(model, 0, diag);
  if (!status)
    status = catalogue_make_edition(&hide.catalogue, model,
                                    options->edition > 0 ? options->edition : FIRST_EDITION, diag);
  if (!status) {
    hide.candidate = calloc(hide.catalogue.count + 1, sizeof *hide.candidate);
    if (!hide.candidate || effect_init(&hide.here, model, options->frozen, false) ||
        effect_init(&hide.moved, model, options->frozen, true))
      status = no_memory(&hide);
  }
  if (!status) status = draw_bugs(&hide, options->level, options->bugs);
  if (!status) status = hide_all(hunt, model, diag);
  struct diag again;
  if (status && model_drop_bugs(model, 0, &again)) status = no_memory(&hide);
  effect_done(&hide.here);
  effect_done(&hide.moved);
  catalogue_done(&hide.catalogue);
  free(hide.candidate);
  return status;
}

void hunt_done(struct hunt *hunt) {
  arena_done(&hunt->arena);
  *hunt = (struct hunt){0};
}

/* -- the score -- */

void hunt_act(struct hunt *hunt, enum hunt_act act) {
  if (!hunt->over) hunt->acts[act]++;
}

size_t hunt_found(const struct hunt *hunt) {
  size_t found = 0;
  for (size_t i = 0; i < hunt->count; i++) found += hunt->bugs[i].found;
  return found;
}

unsigned hunt_score(const struct hunt *hunt) {
  double cost = HUNT_MINUTE_POINTS * floor(hunt->seconds / 60);
  for (int act = 0; act < HUNT_ACT_COUNT; act++)
    cost += (double)hunt->acts[act] * hunt_prices[act].points;
  if (hunt->count == 0 || cost >= HUNT_FULL_SCORE) return 0;
  return (unsigned)((HUNT_FULL_SCORE - cost) * (double)hunt_found(hunt) / (double)hunt->count);
}

/* -- answers -- */

/* Takes HIDDEN's lines out of force. */
static enum status mend(struct hidden_bug *hidden, struct model *model, bool mended,
                        struct diag *diag) {
  enum status status = STATUS_OK;
  for (size_t i = 0; !status && i < hidden->mutant.line_count; i++)
    status = model_switch_bug(model, hidden->first_bug + i, mended, diag);
  return status;
}

/* Whether the model with MUTANT in it, or with LINE where that is NULL, has the gradients that it
 * has now, at both points. */
static enum status makes_same(struct model *model, const struct mutant *mutant, struct span line,
                              bool *same, struct diag *diag) {
  struct effect effects[2] = {{0}, {0}};
  size_t bugs = model->bug_count;
  struct diag again;
  enum status status = STATUS_OK;
  *same = false;
  if (effect_init(&effects[0], model, true, false) || effect_init(&effects[1], model, true, true))
    status = diag_no_memory(diag);
  if (!status)
    status = mutant ? mutant_apply(mutant, model, false, diag) : model_write_bug(model, line, diag);
  double here = 1, moved = 1;
  if (!status && (effect_measure(&effects[0], &here) || effect_measure(&effects[1], &moved)))
    status = diag_no_memory(diag);
  *same = !status && here == 0 && moved == 0;
  effect_done(&effects[0]);
  effect_done(&effects[1]);
  if (model_drop_bugs(model, bugs, &again) && !status) status = diag_no_memory(diag);
  return status;
}

/* LINE with the address of the hidden bug's own line. */
static bool address(const struct hidden_bug *hidden, struct span *line, struct arena *arena) {
  struct rewriting whole;
  const char *shown = hidden->mutant.lines[0], *target = strstr(shown, hidden->target);
  while (target > shown && target[-1] != ' ') target = strstr(target + 1, hidden->target);
  rewriting_init(&whole);
  rewriting_put(&whole, shown, (size_t)(target - shown), 0);
  rewriting_keep(&whole, line->source->text + line->start, line->end - line->start);
  return rewriting_end(&whole, arena, line);
}

/* A line is right if it does what the true line does. It is tried with the hidden bug mended. A
 * line of several for one gradient need not be addressed: it is taken for that bug's. */
static enum status judge_line(struct hidden_bug *hidden, struct model *model, struct span line,
                              bool addressed, bool *right, struct diag *diag) {
  struct arena arena;
  struct diag again;
  arena_init(&arena);
  enum status status = addressed || address(hidden, &line, &arena) ? mend(hidden, model, true, diag)
                                                                   : diag_no_memory(diag);
  if (!status) {
    status = makes_same(model, NULL, line, right, diag);
    if (mend(hidden, model, false, &again) && !status) status = diag_no_memory(diag);
  }
  arena_done(&arena);
  return status;
}

/* Another kind is right, too, if there is a mutant of it in the same line that does the same. */
static enum status judge_kind(struct hidden_bug *hidden, struct model *model,
                              const struct bug_kind *kind, bool *right, struct diag *diag) {
  struct catalogue catalogue = {0};
  *right = hidden->mutant.kind == kind;
  if (*right) return STATUS_OK;
  enum status status = catalogue_make(&catalogue, model, diag);
  for (size_t i = 0; !status && !*right && i < catalogue.count; i++) {
    const struct mutant *mutant = &catalogue.mutants[i];
    if (mutant->kind != kind || mutant->rule != hidden->mutant.rule) continue;
    status = makes_same(model, mutant, SPAN_NONE, right, diag);
  }
  catalogue_done(&catalogue);
  return status;
}

/* The place and the kind in "dW2 wrong-cache". */
struct kind_answer {
  char place[80];
  const struct bug_kind *kind;
};

/* The first word of *REST, of which the others are left. */
static struct span take_word(struct span *rest) {
  const char *text = rest->source->text;
  struct span word = *rest;
  while (word.start < word.end && strchr(" \t", text[word.start])) word.start++;
  rest->start = word.start;
  while (rest->start < rest->end && !strchr(" \t", text[rest->start])) rest->start++;
  word.end = rest->start;
  return word;
}

static bool copy_span(struct span span, char *copy, size_t size) {
  const size_t length = span.end - span.start;
  if (length >= size) return false;
  memcpy(copy, span.source->text + span.start, length);
  copy[length] = '\0';
  return true;
}

static bool is_known(const struct model *model, const char *place) {
  bool known = model_find(model, place) >= 0;
  for (size_t i = 0; i < model->rule_count; i++)
    known = known || strcmp(model->rules[i].target, place) == 0;
  return known;
}

static enum status read_kind(struct span text, const struct bug_kind **found, struct diag *diag) {
  char kind[80];
  const char *best = NULL;
  *found = NULL;
  if (!copy_span(text, kind, sizeof kind))
    return diag_set(diag, STATUS_USAGE, text, "%s", _("this answer is too long"));
  for (size_t i = 0; i < bug_kind_count; i++) {
    if (strcmp(bug_kinds[i].name, kind) == 0 || strcmp(bug_kinds[i].title, kind) == 0)
      *found = &bug_kinds[i];
    best = suggest_nearer(kind, best, bug_kinds[i].name);
  }
  if (*found) return STATUS_OK;
  diag_set(diag, STATUS_USAGE, text, _("\"%s\" is no kind of bug"), kind);
  diag_hint(diag, "%s", _("\"bugs\" lists them, or answer with the right line"));
  diag_suggest(diag, best);
  return STATUS_USAGE;
}

static enum status read_kind_answer(const struct model *model, struct span answer,
                                    struct kind_answer *given, struct diag *diag) {
  struct span rest = answer, place = take_word(&rest);
  if (!copy_span(place, given->place, sizeof given->place))
    return diag_set(diag, STATUS_USAGE, place, "%s", _("this answer is too long"));
  if (!is_known(model, given->place))
    return diag_set(diag, STATUS_USAGE, place,
                    _("\"%s\" is no node and no gradient of this model"), given->place);
  return read_kind(span_trim(rest), &given->kind, diag);
}

static bool is_place(const struct hidden_bug *hidden, const char *place) {
  return strcmp(hidden->target, place) == 0 || strcmp(hidden->target + 1, place) == 0;
}

static enum status answer_kind(struct hunt *hunt, struct model *model, struct span answer,
                               struct hidden_bug **found, struct text *why, struct diag *diag) {
  struct kind_answer given;
  char place[GRADIENT_SIZE];
  bool right = false, near = false;
  enum status status = read_kind_answer(model, answer, &given, diag);
  for (size_t i = 0; !status && !right && i < hunt->count; i++) {
    struct hidden_bug *hidden = &hunt->bugs[i];
    if (hidden->found || !is_place(hidden, given.place)) continue;
    near = true;
    status = judge_kind(hidden, model, given.kind, &right, diag);
    if (right) *found = hidden;
  }
  if (!status && !right)
    text_printf(why,
                near ? _("the line of %s is wrong, but not in this way: %s does something else "
                         "to the gradients\n")
                     : _("the line of %s is right: look elsewhere than for %s\n"),
                name_title(model, given.place, place), given.kind->name);
  return status;
}

static enum status answer_line(struct hunt *hunt, struct model *model, struct span answer,
                               struct hidden_bug **found, struct text *why, struct diag *diag) {
  bool right = false, near = false;
  struct arena arena;
  struct assign line;
  char place[GRADIENT_SIZE];
  arena_init(&arena);
  enum status status = parse_line(answer, &arena, &line, diag);
  for (size_t i = 0; !status && !right && i < hunt->count; i++) {
    struct hidden_bug *hidden = &hunt->bugs[i];
    if (hidden->found || strcmp(hidden->target, line.target) != 0) continue;
    near = true;
    status = judge_line(hidden, model, answer, line.node, &right, diag);
    if (right) *found = hidden;
  }
  if (!status && !right)
    text_printf(why, near ? _("the line of %s is wrong, but this is not the right one either: it "
                              "makes another gradient\n")
                          : _("no bug that is still hidden is in a line of %s\n"),
                name_title(model, line.target, place));
  arena_done(&arena);
  return status;
}

enum status hunt_answer(struct hunt *hunt, struct model *model, const struct source *answer,
                        const struct hidden_bug **found, struct text *why, struct diag *diag) {
  struct hidden_bug *hidden = NULL;
  struct span names = source_span(answer); /* it may say d(x @ W) */
  struct arena arena;
  *found = NULL;
  if (hunt->over) return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s", _("the hunt is over"));
  arena_init(&arena);
  bool line = memchr(answer->text, '=', answer->length);
  enum status status = span_of_names(&names, model, &arena) ? STATUS_OK : diag_no_memory(diag);
  if (!status)
    status = (line ? answer_line : answer_kind)(hunt, model, names, &hidden, why, diag);
  arena_done(&arena);
  if (status) return status;
  if (!hidden) {
    hunt_act(hunt, HUNT_WRONG);
    return STATUS_OK;
  }
  status = mend(hidden, model, true, diag);
  if (status) return status;
  hidden->found = true;
  *found = hidden;
  hunt->over = hunt_found(hunt) == hunt->count;
  return STATUS_OK;
}

/* -- hints and the end -- */

/* Three levels: how the kind hides, which tensor, what it does. */
enum status hunt_hint(struct hunt *hunt, struct text *out, struct diag *diag) {
  struct hidden_bug *hidden = hunt->bugs;
  while (hidden < hunt->bugs + hunt->count && hidden->found) hidden++;
  if (hunt->over || hidden == hunt->bugs + hunt->count || hidden->hints == HUNT_HINTS)
    return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s", _("there is no hint left"));
  switch (hidden->hints) {
    case 0: text_printf(out, _("a bug of this sort: %s\n"), _(hidden->mutant.kind->help)); break;
    case 1: text_printf(out, _("look at the line that makes %s\n"), hidden->place); break;
    default:
      text_printf(out, _("its kind is %s; the line is not really %s\n"),
                  hidden->mutant.kind->name, hidden->should_be);
  }
  hunt_act(hunt, (enum hunt_act)(HUNT_HINT_1 + hidden->hints));
  hidden->hints++;
  return STATUS_OK;
}

enum status hunt_put_out(struct hunt *hunt, struct model *model, struct diag *diag) {
  enum status status = STATUS_OK;
  for (size_t i = 0; !status && i < hunt->count; i++) {
    struct hidden_bug *hidden = &hunt->bugs[i];
    bool out = hidden->found || hunt->over;
    if (out && !model->bugs[hidden->first_bug].off) status = mend(hidden, model, true, diag);
  }
  return status;
}

enum status hunt_end(struct hunt *hunt, struct model *model, struct diag *diag) {
  enum status status = STATUS_OK;
  for (size_t i = 0; !status && i < hunt->count; i++)
    if (!hunt->bugs[i].found) status = mend(&hunt->bugs[i], model, true, diag);
  if (!status) hunt->over = true;
  return status;
}

void hunt_debrief(const struct hidden_bug *hidden, struct text *out) {
  const struct bug_kind *kind = hidden->mutant.kind;
  text_printf(out, _("%s: %s\n"), hidden->place, _(kind->title));
  for (size_t i = 0; i < hidden->mutant.line_count; i++)
    text_printf(out, _("  ran        %s\n"), hidden->ran[i]);
  text_printf(out, _("  should be  %s\n  %s\n"), hidden->should_be, _(kind->help));
  if (strcmp(kind->seen, "-") != 0) text_printf(out, _("  seen in %s\n"), kind->seen);
}
