#include "explore/commands.h"

#include "bug/catalogue.h"
#include "bug/matrix.h"
#include "core/intl.h"
#include "core/shared.h"
#include "io/loader.h"
#include "lang/shown.h"
#include "report/report_bugs.h"

#include <stdlib.h>
#include <string.h>


/* -- bugs one by one -- */

/* Reads ARGUMENTS from byte FROM on, "2", as the index of a bug that shows. */
static enum status find_bug(const struct model *model, const struct source *arguments, size_t from,
                            size_t *index, struct diag *diag) {
  char *end;
  const char *text = arguments->text + from;
  unsigned long wanted = strtoul(text, &end, 10), seen = 0;
  for (*index = 0; !*end && *index < model->bug_count; ++*index)
    if (!model->bugs[*index].hidden && ++seen == wanted) return STATUS_OK;
  const struct span place = {arguments, (uint32_t)from, (uint32_t)arguments->length};
  diag_set(diag, STATUS_USAGE, place, _("there is no bug %s"), text);
  diag_hint(diag, "%s", _("\"bugs\" numbers those that are in"));
  return STATUS_USAGE;
}

/* Those that show, by number. */
static void list_numbers(const struct model *model, struct text *out) {
  size_t number = 0;
  for (size_t i = 0; i < model->bug_count; i++) {
    const struct bug *bug = &model->bugs[i];
    if (bug->hidden) continue;
    text_printf(out, "%3zu  %s  ", ++number, bug->off ? _("off") : _("on "));
    struct text line;
    text_init(&line);
    line_put_shown(&line, model, bug->text);
    text_put_safe(out, text_string(&line), line.length);
    text_done(&line);
    text_puts(out, "\n");
  }
}

static void list_bugs(const struct model *model, struct lines *out) {
  list_numbers(model, &out->text);
  for (size_t i = 0; i < model->rule_count; i++) {
    const size_t start = out->text.length;
    if (!model->rules[i].original) continue;
    rule_put_shown(&out->text, model, i);
    text_puts(&out->text, _("\n  the line was  "));
    report_replaced(out, model, model->rules[i].original);
    text_puts(&out->text, "\n");
    lines_describe(out, start, LINE_GRADIENT, report_about_rule(model, i));
  }
}

static enum status do_bug(struct session *session, const struct source *arguments,
                          struct lines *out, struct diag *diag) {
  struct model *model = session->model;
  bool off = strncmp(arguments->text, "off ", 4) == 0, on = strncmp(arguments->text, "on ", 3) == 0;
  size_t index;
  enum status status;
  if (!*arguments->text)
    return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s",
                    _("which bug? a line as in bug dq = df * q, or an id that \"bugs\" lists"));
  if (off || on) {
    status = find_bug(model, arguments, off ? 4 : 3, &index, diag);
    if (!status) status = model_switch_bug(model, index, off, diag);
  } else {
    status = bug_put(model, arguments, diag);
  }
  if (!status) status = session_refresh(session, diag);
  if (!status) list_bugs(model, out);
  return status;
}

/* -- the catalogue -- */

static enum status do_bugs(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag) {
  struct catalogue catalogue;
  const struct bug_kind *kind = bug_kind_find(arguments->text);
  enum status status = catalogue_make_edition(&catalogue, session->model, session->edition, diag);
  if (!*arguments->text) list_bugs(session->model, out);
  if (kind) report_kind(out, kind);
  if (!status) report_catalogue(out, session->model, &catalogue, arguments->text);
  catalogue_done(&catalogue);
  return status;
}

static enum status do_blind(struct session *session, const struct source *arguments,
                            struct lines *out, struct diag *diag) {
  struct survey survey;
  const struct survey_options options = {.edition = session->edition,
                                         .frozen = session->now.at.frozen,
                                         .cancel = session->cancel,
                                         .progress = session->progress,
                                         .progress_context = session->progress_context};
  (void)arguments;
  enum status status = survey_run(&survey, session->model, &options, diag);
  for (size_t i = 0; !status && i < survey.blind_count; i++)
    text_printf(&out->text, "%s\n", survey.blind[i]);
  if (!status)
    text_printf(&out->text,
                _("%zu of %zu mutants: %zu change no gradient at this point, %zu too little to "
                  "see\n"),
                survey.blind_count, survey.mutants, survey.same, survey.small);
  survey_done(&survey);
  return status;
}

static void end_matrix(void *matrix) {
  matrix_done(matrix);
}

static enum status do_matrix(struct session *session, const struct source *arguments,
                             struct lines *out, struct diag *diag) {
  struct matrix_options options = {.loader = &io_loader, .edition = session->edition,
                                   .frozen = session->now.at.frozen,
                                   .cancel = session->cancel, .progress = session->progress,
                                   .progress_context = session->progress_context};
  struct matrix *matrix = shared_new(sizeof *matrix, end_matrix);
  (void)arguments;
  if (!matrix) return diag_no_memory(diag);
  enum status status = matrix_run(matrix, session->model, &options, diag);
  if (!status) {
    report_matrix(out, matrix);
    shared_drop(session->now.at.matrix);
    session->now.at.matrix = shared_keep(matrix);
  }
  shared_drop(matrix);
  return status;
}

enum { ASKS = COMMAND_NEEDS_MODEL | COMMAND_IN_LESSONS };

const struct command bug_commands[] = {
    {.name = "bug", .arguments = "LINE | ID | off N | on N", .flags = ASKS | COMMAND_CHANGES,
     .run = do_bug, .help = "replace a rule line: bug dq = df * q, or by a mutant's id; switch one "
                            "off and on"},
    {.name = "bugs", .arguments = "[TEXT | KIND]", .flags = ASKS, .run = do_bugs,
     .help = "the bugs that are in, and the catalogue's mutants whose id holds TEXT"},
    {.name = "blind", .arguments = "", .flags = ASKS, .hunt = IN_HUNT_WAITS, .run = do_blind,
     .help = "the mutants that a check at this point could not have caught"},
    {.name = "matrix", .arguments = "", .flags = ASKS, .hunt = IN_HUNT_WAITS, .run = do_matrix,
     .shown = SHOWN_MEANWHILE, .view = VIEW_MATRIX,
     .help = "every mutant of the catalogue against several checks"},
    {0}};
