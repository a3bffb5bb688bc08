#include "report/report_bugs.h"

#include "core/intl.h"
#include "lang/shown.h"
#include "report/json.h"

#include <math.h>
#include <string.h>

/* -- the catalogue -- */

void report_kind(struct lines *out, const struct bug_kind *kind) {
  text_printf(&out->text, _("%s (level %d): %s\n"), kind->name, kind->level, _(kind->help));
  if (strcmp(kind->seen, "-") != 0) text_printf(&out->text, _("  seen in %s\n"), kind->seen);
}

static void put_lines(struct text *out, const struct model *model, const struct mutant *mutant) {
  for (size_t i = 0; i < mutant->line_count; i++) {
    text_puts(out, i > 0 ? "; " : "");
    line_put_shown(out, model, mutant->lines[i]);
  }
}

/* "  dq factor-2                       dq = 2 * df * z" */
static void put_mutant(struct text *out, const struct model *model, const struct mutant *mutant) {
  const size_t start = out->length;
  text_printf(out, "  %s", mutant->id);
  text_pad(out, text_columns(out->bytes + start, out->length - start), 34);
  text_puts(out, "  ");
  put_lines(out, model, mutant);
  text_puts(out, "\n");
}

void report_catalogue(struct lines *out, const struct model *model,
                      const struct catalogue *catalogue, const char *filter) {
  size_t shown = 0, rule = model->rule_count;
  for (size_t i = 0; i < catalogue->count; i++) {
    const struct mutant *mutant = &catalogue->mutants[i];
    const size_t start = out->text.length;
    if (!strstr(mutant->id, filter)) continue;
    if (mutant->rule != rule) {
      rule_put_shown(&out->text, model, rule = mutant->rule);
      text_puts(&out->text, "\n");
    }
    put_mutant(&out->text, model, mutant);
    lines_describe(out, start, LINE_GRADIENT, report_about_rule(model, rule));
    shown++;
  }
  text_printf(&out->text, _("%zu of %zu mutants; \"bug ID\" puts one in\n"), shown,
              catalogue->count);
}

static json_t *lines_json(const struct mutant *mutant) {
  json_t *lines = json_array();
  for (size_t i = 0; lines && i < mutant->line_count; i++)
    if (json_array_append_new(lines, json_string(mutant->lines[i]))) {
      json_decref(lines);
      return NULL;
    }
  return lines;
}

enum status report_catalogue_json(struct text *out, const struct model *model,
                                  const struct catalogue *catalogue) {
  json_t *list = json_array();
  bool failed = !list;
  for (size_t i = 0; !failed && i < catalogue->count; i++) {
    const struct mutant *mutant = &catalogue->mutants[i];
    const struct bug_kind *kind = mutant->kind;
    failed = json_array_append_new(
        list, json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:o}", "id", mutant->id, "kind",
                        kind->name, "level", kind->level, "title", kind->title, "help",
                        kind->help, "seen", kind->seen, "replaces",
                        model->rules[mutant->rule].text, "lines", lines_json(mutant)));
  }
  enum status status = json_print(out, list, 0);
  return failed ? STATUS_NO_MEMORY : status;
}

/* -- the matrix -- */

const char *const report_outcomes[OUTCOME_COUNT] = {
    [OUTCOME_CAUGHT] = "caught",   [OUTCOME_MISSED] = "MISSED", [OUTCOME_UNDECIDED] = "unsure",
    [OUTCOME_EQUIVALENT] = "same", [OUTCOME_ABSENT] = "-",
};
const enum line_role report_outcome_roles[OUTCOME_COUNT] = {
    [OUTCOME_CAUGHT] = LINE_GOOD,      [OUTCOME_MISSED] = LINE_BAD,
    [OUTCOME_UNDECIDED] = LINE_DOUBT,  [OUTCOME_EQUIVALENT] = LINE_FAINT,
    [OUTCOME_ABSENT] = LINE_FAINT,
};
enum { ID_WIDTH = 30, CELL_WIDTH = 7 };

size_t report_outcome_count(const struct matrix *matrix, size_t trial, enum outcome outcome) {
  size_t count = 0;
  for (size_t i = 0; i < matrix->catalogue.count; i++)
    count += matrix_cell(matrix, i, trial)->outcome == outcome;
  return count;
}

/* A newline, without the padding of the last column. */
static void end_line(struct text *out) {
  while (out->length > 0 && out->bytes[out->length - 1] == ' ') text_truncate(out, out->length - 1);
  text_puts(out, "\n");
}

static void put_heads(struct text *out) {
  text_printf(out, "%-*s", ID_WIDTH, "");
  for (size_t t = 0; t < bug_trial_count; t++)
    text_printf(out, " %-*s", CELL_WIDTH - 1, bug_trials[t].name);
  end_line(out);
}

/* Word after word, so that no padding is left at the end. */
static void put_row(struct lines *out, const struct matrix *matrix, size_t i) {
  const char *id = matrix->catalogue.mutants[i].id;
  int columns = text_columns(id, strlen(id));
  text_puts(&out->text, id);
  if (columns > ID_WIDTH - 1) text_puts(&out->text, "\n"), columns = 0;
  for (size_t t = 0; t < bug_trial_count; t++) {
    const enum outcome outcome = matrix_cell(matrix, i, t)->outcome;
    const char *word = _(report_outcomes[outcome]);
    const int start = ID_WIDTH + (int)t * CELL_WIDTH + 1;
    text_pad(&out->text, columns, start);
    lines_puts(out, report_outcome_roles[outcome], word);
    columns = start + text_columns(word, strlen(word));
  }
  text_puts(&out->text, "\n");
}

static void put_trial(struct text *out, const struct matrix *matrix, size_t t) {
  size_t caught = report_outcome_count(matrix, t, OUTCOME_CAUGHT);
  size_t missed = report_outcome_count(matrix, t, OUTCOME_MISSED);
  size_t unsure = report_outcome_count(matrix, t, OUTCOME_UNDECIDED);
  text_printf(out, " %-6s  ", bug_trials[t].name);
  if (matrix->own[t] == OUTCOME_ABSENT)
    text_puts(out, _("does not apply to this model"));
  else if (matrix->own[t] == OUTCOME_CAUGHT)
    text_puts(out, _("fails the model without any bug, so it says nothing"));
  else
    text_printf(out, _("caught %zu, missed %zu, unsure of %zu, %zu the same here"), caught, missed,
                unsure, report_outcome_count(matrix, t, OUTCOME_EQUIVALENT));
  text_printf(out, "  (%s)\n", _(bug_trials[t].help));
}

static void put_miss(struct text *out, const struct mutant *mutant,
                     const struct matrix_cell *cell) {
  char number[NUMBER_TEXT_SIZE];
  text_printf(out, _(" missed  %s: changes no gradient by more than %s of its largest entry\n"),
              mutant->id, number_brief(cell->change, 2, number));
}

void report_matrix(struct lines *out, const struct matrix *matrix) {
  put_heads(&out->text);
  for (size_t i = 0; i < matrix->catalogue.count; i++) put_row(out, matrix, i);
  text_printf(&out->text, _("\n%zu mutants\n"), matrix->catalogue.count);
  for (size_t t = 0; t < bug_trial_count; t++) put_trial(&out->text, matrix, t);
  for (size_t i = 0; i < matrix->catalogue.count; i++)
    if (matrix_cell(matrix, i, 0)->outcome == OUTCOME_MISSED)
      put_miss(&out->text, &matrix->catalogue.mutants[i], matrix_cell(matrix, i, 0));
}

static json_t *trials_json(const struct matrix *matrix) {
  json_t *trials = json_array();
  for (size_t t = 0; trials && t < bug_trial_count; t++)
    if (json_array_append_new(
            trials, json_pack("{s:s, s:s, s:s}", "name", bug_trials[t].name, "help",
                              bug_trials[t].help, "without_bug", outcome_names[matrix->own[t]]))) {
      json_decref(trials);
      return NULL;
    }
  return trials;
}

static json_t *row_json(const struct matrix *matrix, size_t i) {
  const struct mutant *mutant = &matrix->catalogue.mutants[i];
  json_t *outcomes = json_array();
  for (size_t t = 0; outcomes && t < bug_trial_count; t++)
    if (json_array_append_new(outcomes,
                              json_string(outcome_names[matrix_cell(matrix, i, t)->outcome]))) {
      json_decref(outcomes);
      return NULL;
    }
  return json_pack("{s:s, s:s, s:o, s:o, s:o}", "id", mutant->id, "kind", mutant->kind->name,
                   "lines", lines_json(mutant), "change",
                   json_number(matrix_cell(matrix, i, 0)->change), "outcomes", outcomes);
}

enum status report_matrix_json(struct text *out, const struct matrix *matrix) {
  json_t *rows = json_array();
  bool failed = !rows;
  for (size_t i = 0; !failed && i < matrix->catalogue.count; i++)
    failed = json_array_append_new(rows, row_json(matrix, i));
  json_t *document = json_pack("{s:o, s:o}", "trials", trials_json(matrix), "mutants", rows);
  enum status status = json_print(out, document, 0);
  return failed ? STATUS_NO_MEMORY : status;
}

void report_matrix_csv(struct text *out, const struct matrix *matrix) {
  char number[NUMBER_TEXT_SIZE];
  text_puts(out, "id,kind,change");
  for (size_t t = 0; t < bug_trial_count; t++) text_printf(out, ",%s", bug_trials[t].name);
  text_puts(out, "\n");
  for (size_t i = 0; i < matrix->catalogue.count; i++) {
    const struct mutant *mutant = &matrix->catalogue.mutants[i];
    text_printf(out, "\"%s\",%s,%s", mutant->id, mutant->kind->name,
                number_text(matrix_cell(matrix, i, 0)->change, number));
    for (size_t t = 0; t < bug_trial_count; t++)
      text_printf(out, ",%s", outcome_names[matrix_cell(matrix, i, t)->outcome]);
    text_puts(out, "\n");
  }
}

/* -- the survey -- */

static void put_survey(struct text *out, const struct survey *survey) {
  if (!survey->complete)
    text_puts(out, _("how many of the catalogue's mutants would have passed here was not looked "
                     "at, as that takes long (\"blind\" does it)"));
  else if (survey->blind_count == 0)
    text_printf(out, _("every one of the catalogue's %zu mutants would have been seen here"),
                survey->mutants);
  else
    text_printf(out, _("of the catalogue's %zu mutants %zu would have passed here: %zu change no "
                       "gradient at this point, %zu too little to see (\"blind\" lists them)"),
                survey->mutants, survey->blind_count, survey->same, survey->small);
}

static size_t slopes_of(const struct check *check) {
  size_t slopes = check->entries;
  for (size_t i = 0; i < check->intermediate_count; i++) slopes += check->intermediates[i].count;
  return slopes;
}

enum status report_survey(struct check *check, struct model *model, int edition,
                          struct diag *diag) {
  const struct check_options *options = &check->options;
  const struct survey_options how = {.edition = edition, .frozen = options->frozen,
                                     .budget = survey_budget(model, slopes_of(check))};
  struct survey survey;
  struct text note;
  if (check->verdict != VERDICT_PASS || options->tolerance >= 0 || options->directions > 0 ||
      options->params || options->precision != PRECISION_DOUBLE)
    return STATUS_OK;
  text_init(&note);
  enum status status = survey_run(&survey, model, &how, diag);
  if (!status) put_survey(&note, &survey);
  if (!status && (survey.mutants > 0 || !survey.complete) &&
      (note.failed || check_add_note(check, text_string(&note))))
    status = diag_no_memory(diag);
  survey_done(&survey);
  text_done(&note);
  return status;
}
