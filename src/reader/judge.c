#include "reader/judge.h"

#include "core/intl.h"
#include "lang/lex.h"
#include "lang/parse.h"
#include "lang/shown.h"
#include "reader/reading.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The model as the page begins, with what the quiz tries. */
struct trial {
  struct session *session;
  struct exploration kept; /* what was there before */
  struct figures figures;
  const struct quiz *quiz;
  struct span lines; /* of the fence */
};

static struct span quiz_lines(const struct lesson *lesson, int quiz) {
  for (size_t i = 0; i < lesson->block_count; i++)
    if (lesson->blocks[i].kind == BLOCK_QUIZ && lesson->blocks[i].quiz == quiz)
      return lesson->blocks[i].lines;
  return SPAN_NONE;
}

/* The next line with KEY. */
static bool next_value(struct span *rest, const char *key, struct span *value) {
  struct span line;
  while (lesson_line(rest, &line))
    if (quiz_value(line, key, value)) return true;
  return false;
}

/* Ends with trial_done(), if it succeeds. */
static enum status trial_init(struct trial *trial, struct session *session, int quiz,
                              struct diag *diag) {
  *trial = (struct trial){.session = session, .quiz = &session->now.lesson->quizzes[quiz],
                          .lines = quiz_lines(session->now.lesson, quiz)};
  struct span rest = trial->lines, line;
  enum status status = reading_try(session, &trial->kept, diag);
  if (status) return status;
  while (!status && next_value(&rest, "try", &line)) status = reading_issue(session, line, diag);
  if (!status) status = figures_init(&trial->figures, session, diag);
  return status ? reading_resume(session, trial->kept, status, diag) : STATUS_OK;
}

/* STATUS: how it went, which is what is returned unless memory is short. */
static enum status trial_done(struct trial *trial, enum status status, struct diag *diag) {
  figures_done(&trial->figures);
  return reading_resume(trial->session, trial->kept, status, diag);
}

/* -- numbers -- */

static double tolerance_of(const struct quiz *quiz, double value) {
  if (quiz->tolerance >= 0) return quiz->tolerance;
  double relative = QUIZ_TOLERANCE * fabs(value);
  return relative > 1e-12 ? relative : 1e-12;
}

static bool same_number(const struct quiz *quiz, double got, double wanted) {
  return fabs(got - wanted) <= tolerance_of(quiz, wanted);
}

static bool starts(const char *text, size_t length, const char *with) {
  const size_t wanted = strlen(with);
  return length >= wanted && memcmp(text, with, wanted) == 0;
}

/* Makes *TEXT the same with the signs of print (−, ×, ·) as the language writes them; false if
 * there is no memory. */
static bool plain_signs(struct span *text, struct arena *arena) {
  static const char *const signs[][2] = {{"−", "-"}, {"–", "-"}, {"×", "*"}, {"·", "*"}};
  struct rewriting plain;
  rewriting_init(&plain);
  for (const char *at = text->source->text + text->start, *end = at + text->end - text->start;
       at < end;) {
    size_t which = 0, size = 1;
    while (which < 4 && !starts(at, (size_t)(end - at), signs[which][0])) which++;
    if (which < 4) rewriting_put(&plain, signs[which][1], 1, size = strlen(signs[which][0]));
    else rewriting_keep(&plain, at, 1);
    at += size;
  }
  return rewriting_end(&plain, arena, text);
}

/* What is no expression at all has its place in DIAG. */
static enum status no_number(struct diag *diag, struct span text) {
  struct span place = diag->span.source ? diag->span : text;
  diag_set(diag, STATUS_USAGE, place, _("\"%.*s\" is no number"), (int)(text.end - text.start),
           text.source->text + text.start);
  diag_hint(diag, "%s", _("write it as -4, 0.25, 1e-7 or 1/4"));
  return STATUS_USAGE;
}

/* The first name in EXPR, or NULL. */
static const struct expr *name_in(const struct expr *expr) {
  const struct expr *found = expr->kind == EXPR_NAME ? expr : NULL;
  for (size_t i = 0; !found && expr->kind == EXPR_APPLY && i < expr->count; i++)
    found = name_in(expr->args[i]);
  return found;
}

static enum status read_number(struct trial *trial, struct span text, double *number,
                               struct diag *diag) {
  const struct expr *expr, *name = NULL;
  struct evaluation value = {0};
  struct span plain = text;
  struct arena *arena = &trial->figures.arena;
  diag->span = SPAN_NONE;
  enum status status = plain_signs(&plain, arena) ? parse_expr(plain, arena, &expr, diag)
                                                  : diag_no_memory(diag);
  if (!status && (name = name_in(expr))) {
    diag->span = span_root(name->span);
    status = STATUS_USAGE;
  }
  if (!status)
    status = evaluate_in(trial->session, &trial->figures.run, expr, &value, diag);
  if (!status && shape_count(value.shape) != 1) status = STATUS_USAGE;
  if (!status) *number = value.values[0];
  if (status && status != STATUS_NO_MEMORY) status = no_number(diag, text);
  free(value.values);
  return status;
}

/* A node or gradient that has the wrong number. */
static bool name_number(const struct trial *trial, double number, char why[JUDGEMENT_SIZE]) {
  const struct model *model = trial->session->model;
  for (size_t i = 0; i < 2 * model->node_count; i++) {
    const struct node *node = &model->nodes[i / 2];
    int slot = i % 2 ? node->gradient : node->slot;
    bool shown = model_visible(model, (int)(i / 2)) == (int)(i / 2);
    if (!shown || slot < 0 || shape_count(model_shape(model, slot)) != 1) continue;
    double value = run_values(&trial->figures.run, slot)[0];
    if (!same_number(trial->quiz, number, value)) continue;
    char title[GRADIENT_SIZE];
    snprintf(why, JUDGEMENT_SIZE, _("That is %s."),
             i % 2 ? gradient_title(model, (int)(i / 2), title)
                   : node_title(model, (int)(i / 2), title));
    return true;
  }
  return false;
}

static void explain_number(const struct trial *trial, double got, double wanted,
                           char why[JUDGEMENT_SIZE]) {
  static const double factors[] = {2, 0.5, 10, 0.1};
  if (wanted != 0 && same_number(trial->quiz, -got, wanted)) {
    snprintf(why, JUDGEMENT_SIZE, "%s", _("The size is right, the sign is not."));
    return;
  }
  if (name_number(trial, got, why)) return;
  for (size_t i = 0; i < 4 && wanted != 0; i++)
    if (same_number(trial->quiz, got / factors[i], wanted)) {
      snprintf(why, JUDGEMENT_SIZE, _("That is %g times the answer."), factors[i]);
      return;
    }
  snprintf(why, JUDGEMENT_SIZE, "%s",
           fabs(got) > fabs(wanted) ? _("That is too large, regardless of the sign.")
                                    : _("That is too small, regardless of the sign."));
}

static enum status judge_number(struct trial *trial, struct span text,
                                struct judgement *judgement, struct diag *diag) {
  double wanted, got;
  struct span rest = trial->lines, value;
  struct figure wrong;
  const struct figure *figure = &trial->quiz->figure;
  enum status status = read_number(trial, text, &got, diag);
  if (!status) status = figures_number(&trial->figures, figure->expr, &wanted, diag);
  if (status) return status;
  judgement->right = same_number(trial->quiz, got, wanted);
  if (judgement->right) return STATUS_OK;
  for (size_t k = 0; next_value(&rest, "wrong", &value); k++)
    if (figure_parse(value, &wrong) && !wrong.fault &&
        same_number(trial->quiz, got, wrong.value)) {
      judgement->reason = (int)(trial->quiz->first_reason + k);
      return STATUS_OK;
    }
  explain_number(trial, got, wanted, judgement->why);
  return STATUS_OK;
}

static enum status prove_number(struct trial *trial, bool *holds, struct diag *diag) {
  double right, wrong;
  struct span rest = trial->lines, value;
  char buffer[NUMBER_TEXT_SIZE];
  const struct figure *figure = &trial->quiz->figure;
  enum status status =
      figures_number(&trial->figures, figure->expr, &right, diag);
  *holds = !status && figure_holds(figure, right);
  if (!status && !*holds)
    diag_set(diag, STATUS_DATA, figure->number, _("the answer is not right: the model says %s"),
             number_text(right, buffer));
  while (!status && *holds && next_value(&rest, "wrong", &value)) {
    struct figure other;
    if (!figure_parse(value, &other) || other.is_word)
      return diag_set(diag, STATUS_DATA, value, "%s", _("expected EXPR = NUMBER"));
    if (other.fault)
      return diag_set(diag, STATUS_DATA, other.number, "%s", number_fault_text(other.fault));
    status = figures_number(&trial->figures, other.expr, &wrong, diag);
    *holds = !status && figure_holds(&other, wrong) && !same_number(trial->quiz, wrong, right);
    if (!status && !*holds)
      diag_set(diag, STATUS_DATA, other.number,
               figure_holds(&other, wrong) ? _("this wrong answer is right: the model says %s")
                                           : _("the model says %s"),
               number_text(wrong, buffer));
  }
  return status;
}

/* -- choices -- */

static enum status find_choice(struct trial *trial, int *right, int *count, struct diag *diag) {
  struct span rest = trial->lines, value;
  enum status status = STATUS_OK;
  *right = -1;
  *count = 0;
  for (int k = 0; !status && next_value(&rest, "choice", &value); k++) {
    bool holds;
    status = figures_assert(&trial->figures, value, &holds, NULL, diag);
    if (status || !holds) continue;
    *right = k;
    ++*count;
  }
  return status;
}

static enum status judge_choice(struct trial *trial, struct span text,
                                struct judgement *judgement, struct diag *diag) {
  char *end;
  int right, count;
  long got = strtol(text.source->text, &end, 10);
  size_t choices = trial->quiz->choice_count;
  if (*end || got < 1 || got > (long)choices)
    return diag_set(diag, STATUS_USAGE, text, _("answer with a number from 1 to %zu"),
                    choices);
  enum status status = find_choice(trial, &right, &count, diag);
  if (status) return status;
  judgement->right = got - 1 == right;
  judgement->choice = right + 1;
  if (!judgement->right && trial->quiz->reason_count > 0)
    judgement->reason = (int)trial->quiz->first_reason + (int)(got - 1) - (got - 1 > right);
  else snprintf(judgement->why, sizeof judgement->why, "%s", _("It is another one."));
  return STATUS_OK;
}

static enum status prove_choice(struct trial *trial, bool *holds, struct diag *diag) {
  int right, count;
  enum status status = find_choice(trial, &right, &count, diag);
  *holds = !status && count == 1;
  if (!status && !*holds)
    diag_set(diag, STATUS_DATA, trial->quiz->place,
             _("%d of the choices hold; exactly one must"), count);
  return status;
}

/* -- names -- */

/* Takes the next name off REST, which has commas or blanks between names. */
static bool next_name(struct span *rest, struct span *name) {
  const char *text = rest->source->text;
  while (rest->start < rest->end && strchr(", \t", text[rest->start])) rest->start++;
  *name = *rest;
  while (rest->start < rest->end && !strchr(", \t", text[rest->start])) rest->start++;
  name->end = rest->start;
  return name->end > name->start;
}

/* The node that NAME or dNAME means, or -1. */
static int find_name(const struct model *model, struct span name) {
  char copy[NAME_MAX_BYTES + 2] = "";
  const size_t length = name.end - name.start;
  if (length >= sizeof copy) return -1;
  memcpy(copy, name.source->text + name.start, length);
  int node = model_find(model, copy);
  return node >= 0 || copy[0] != 'd' ? node : model_find(model, copy + 1);
}

/* Counts in COUNTS how often TEXT names each node. Returns STATUS if it names something else. */
static enum status count_names(const struct model *model, struct span text, int *counts,
                               enum status status, struct diag *diag) {
  struct span name;
  int part = node_find_shown(model, text.source->text + text.start, text.end - text.start);
  if (part == SHOWN_NO_MEMORY) return diag_no_memory(diag);
  if (part >= 0 && !node_is_named(model, part)) {
    counts[part]++;
    return STATUS_OK;
  }
  while (next_name(&text, &name)) {
    int node = find_name(model, name);
    if (node < 0)
      return diag_set(diag, status, name, _("no node is called \"%.*s\""),
                      (int)(name.end - name.start), name.source->text + name.start);
    counts[node]++;
  }
  return STATUS_OK;
}

static enum status judge_name(struct trial *trial, struct span text,
                              struct judgement *judgement, struct diag *diag) {
  const struct model *model = trial->session->model;
  struct span rest = trial->lines, value;
  int *counts = calloc(2 * model->node_count, sizeof *counts);
  int *wanted = counts ? counts + model->node_count : NULL;
  if (!counts) return diag_no_memory(diag);
  enum status status = count_names(model, trial->quiz->answer, wanted, STATUS_DATA, diag);
  if (!status) status = count_names(model, text, counts, STATUS_USAGE, diag);
  size_t missing = 0, extra = 0, first = model->node_count;
  for (size_t i = 0; !status && i < model->node_count; i++) {
    missing += wanted[i] > 0 && counts[i] == 0;
    extra += wanted[i] == 0 && counts[i] > 0;
    if (wanted[i] == 0 && counts[i] > 0 && first == model->node_count) first = i;
  }
  free(counts);
  if (status) return status;
  judgement->right = missing == 0 && extra == 0;
  if (judgement->right) return STATUS_OK;
  for (size_t k = 0; first < model->node_count && next_value(&rest, "wrong", &value); k++)
    if (find_name(model, value) == (int)first) {
      judgement->reason = (int)(trial->quiz->first_reason + k);
      return STATUS_OK;
    }
  char title[TITLE_SIZE];
  if (extra > 0)
    snprintf(judgement->why, sizeof judgement->why, _("Not %s."),
             node_title(model, (int)first, title));
  else
    snprintf(judgement->why, sizeof judgement->why,
             missing == 1 ? _("There is %zu more.") : _("There are %zu more."), missing);
  return STATUS_OK;
}

/* The condition holds for the names of the answer and for no other node that is shown. */
static enum status prove_name(struct trial *trial, bool *holds, struct diag *diag) {
  const struct model *model = trial->session->model;
  const struct quiz *quiz = trial->quiz;
  struct span rest = trial->lines, value;
  enum status status = STATUS_OK;
  int *counts = calloc(model->node_count, sizeof *counts);
  if (!counts) return diag_no_memory(diag);
  *holds = !count_names(model, quiz->answer, counts, STATUS_DATA, diag);
  if (!*holds && diag->status == STATUS_NO_MEMORY) status = STATUS_NO_MEMORY;
  for (size_t i = 0; !status && *holds && i < model->node_count; i++) {
    bool fits = false;
    struct diag unfit;
    if (model_visible(model, (int)i) != (int)i) continue;
    trial->figures.it = model->nodes[i].name;
    status = figures_assert(&trial->figures, quiz->proof, &fits, NULL, counts[i] ? diag : &unfit);
    if (status != STATUS_NO_MEMORY && counts[i] == 0) status = STATUS_OK;
    *holds = status || fits == (counts[i] > 0);
    if (!*holds)
      diag_set(diag, STATUS_DATA, quiz->answer,
               fits ? _("the condition holds for %s, too")
                    : _("the condition does not hold for %s"),
               model->nodes[i].name);
  }
  while (!status && *holds && next_value(&rest, "wrong", &value)) {
    int node = find_name(model, value);
    *holds = node >= 0 && counts[node] == 0;
    if (!*holds)
      diag_set(diag, STATUS_DATA, value, "%s",
               node < 0 ? _("no node has this name") : _("this wrong answer is right"));
  }
  free(counts);
  return status;
}

/* -- one row a kind -- */

static const struct {
  enum status (*judge)(struct trial *trial, struct span text, struct judgement *judgement,
                       struct diag *diag);
  enum status (*prove)(struct trial *trial, bool *holds, struct diag *diag);
} kinds[] = {
    [QUIZ_NUMBER] = {judge_number, prove_number},
    [QUIZ_CHOICE] = {judge_choice, prove_choice},
    [QUIZ_NAME] = {judge_name, prove_name},
};

enum status quiz_judge(struct session *session, int quiz, const struct source *text,
                       struct judgement *judgement, struct diag *diag) {
  struct trial trial;
  *judgement = (struct judgement){.reason = -1};
  if (text->length == 0)
    return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s", _("answer what? answer -4"));
  enum status status = trial_init(&trial, session, quiz, diag);
  if (status) return status;
  status = kinds[trial.quiz->kind].judge(&trial, source_span(text), judgement, diag);
  return trial_done(&trial, status, diag);
}

enum status quiz_prove(struct session *session, int quiz, bool *holds, struct diag *diag) {
  struct trial trial;
  *holds = false;
  enum status status = trial_init(&trial, session, quiz, diag);
  if (status) return status;
  status = kinds[trial.quiz->kind].prove(&trial, holds, diag);
  return trial_done(&trial, status, diag);
}

enum status quiz_choice(struct session *session, int quiz, int *choice, struct diag *diag) {
  struct trial trial;
  int right, count;
  *choice = 0;
  if (session->now.lesson->quizzes[quiz].kind != QUIZ_CHOICE) return STATUS_OK;
  enum status status = trial_init(&trial, session, quiz, diag);
  if (status) return status;
  status = find_choice(&trial, &right, &count, diag);
  *choice = right + 1;
  return trial_done(&trial, status, diag);
}

void quiz_put_answer(const struct session *session, int index, struct text *out) {
  const struct quiz *quiz = &session->now.lesson->quizzes[index];
  struct span answer = quiz->kind == QUIZ_NUMBER ? quiz->figure.place : quiz->answer;
  if (quiz->kind == QUIZ_CHOICE) text_printf(out, "%d", session->now.quizzes[index].choice);
  else text_put_safe(out, answer.source->text + answer.start, answer.end - answer.start);
}
