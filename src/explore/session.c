#include "explore/session.h"

#include "bug/matrix.h"
#include "command/command.h"
#include "core/intl.h"
#include "core/memory.h"
#include "game/game.h"
#include "io/loader.h"
#include "lang/shown.h"
#include "reader/figures.h"

#include <stdlib.h>
#include <string.h>

void session_init(struct session *session) {
  *session = (struct session){.focus = -1, .model = {.loss = -1}};
}

void session_keep_matrix(struct session *session, struct matrix *matrix) {
  if (session->matrix) matrix_done(session->matrix);
  free(session->matrix);
  session->matrix = matrix;
}

/* What was found of the model as it was. */
static void forget_findings(struct session *session) {
  if (session->has_check) check_done(&session->check);
  if (session->has_history) history_done(&session->history);
  session->has_check = session->has_sweep = session->has_history = session->pending = false;
  session_keep_matrix(session, NULL);
}

static void close_model(struct session *session) {
  forget_findings(session);
  run_done(&session->run);
  model_done(&session->model);
  free(session->steps);
  free(session->value_step);
  free(session->gradient_step);
  session->run = (struct run){0};
  session->model = (struct model){.loss = -1};
  session->steps = NULL;
  session->value_step = session->gradient_step = NULL;
  session->step_count = session->step_capacity = session->forward_count = 0;
  session->position = 0;
  session->focus = -1;
  session->precision = PRECISION_DOUBLE;
  session->frozen = false;
}

/* -- stages -- */

static void keep_stage(struct session *session, struct stage *stage) {
  *stage = (struct stage){.kept = true,
                          .model = session->model,
                          .run = session->run,
                          .steps = session->steps,
                          .step_count = session->step_count,
                          .step_capacity = session->step_capacity,
                          .forward_count = session->forward_count,
                          .position = session->position,
                          .value_step = session->value_step,
                          .gradient_step = session->gradient_step,
                          .focus = session->focus,
                          .precision = session->precision,
                          .frozen = session->frozen,
                          .has_check = session->has_check,
                          .has_sweep = session->has_sweep,
                          .has_history = session->has_history,
                          .matrix = session->matrix,
                          .pending = session->pending,
                          .check = session->check,
                          .sweep = session->sweep,
                          .history = session->history};
  session->run = (struct run){0};
  session->model = (struct model){.loss = -1};
  session->steps = NULL;
  session->value_step = session->gradient_step = NULL;
  session->has_check = session->has_sweep = session->has_history = false;
  session->matrix = NULL;
  close_model(session);
}

static void take_stage(struct session *session, struct stage *stage) {
  session->model = stage->model;
  session->run = stage->run;
  session->run.program = &session->model.program;
  session->steps = stage->steps;
  session->step_count = stage->step_count;
  session->step_capacity = stage->step_capacity;
  session->forward_count = stage->forward_count;
  session->position = stage->position;
  session->value_step = stage->value_step;
  session->gradient_step = stage->gradient_step;
  session->focus = stage->focus;
  session->precision = stage->precision;
  session->frozen = stage->frozen;
  session->has_check = stage->has_check;
  session->has_sweep = stage->has_sweep;
  session->has_history = stage->has_history;
  session->matrix = stage->matrix;
  session->pending = stage->pending;
  session->check = stage->check;
  session->sweep = stage->sweep;
  session->history = stage->history;
  stage->kept = false;
}

void session_resume(struct session *session, struct stage *stage) {
  close_model(session);
  take_stage(session, stage);
}

static void close_lesson(struct session *session) {
  close_model(session);
  for (size_t i = 0; session->stages && i < session->lesson.page_count; i++)
    if (session->stages[i].kept) session_resume(session, &session->stages[i]);
  close_model(session);
  lesson_done(&session->lesson);
  free(session->stages);
  free(session->quizzes);
  session->lesson = (struct lesson){0};
  session->stages = NULL;
  session->quizzes = NULL;
  session->examiner = NULL;
  session->page = 0;
  session->is_open = false;
}

void session_close(struct session *session) {
  close_lesson(session);
}

void session_done(struct session *session) {
  close_lesson(session);
  play_done(session->play);
  for (size_t i = 0; i < session->log_count; i++) free(session->log[i]);
  free(session->log);
  session_init(session);
}

void session_move(struct session *to, struct session *from) {
  session_done(to);
  *to = *from;
  to->run.program = &to->model.program;
  for (size_t i = 0; to->stages && i < to->lesson.page_count; i++)
    to->stages[i].run.program = &to->model.program;
  session_init(from);
}

/* -- opening -- */

static enum status build(struct session *session, const struct source *source,
                         struct diag *diag) {
  struct model *model = &session->model;
  enum status status = model_build(model, source, &io_loader, diag);
  if (!status && model->node_count == 0)
    status = diag_set(diag, STATUS_DATA, (struct span){0}, "%s",
                      _("this model has no node to look at"));
  if (!status) status = model_fold_statements(model, diag);
  if (status) return status;
  session->focus = 0; /* where the walk begins */
  return session_refresh(session, diag);
}

/* One command of a `do` fence. What questions find out is for the reader, what changes say is not.
 * */
static enum status do_lesson_line(struct session *session, struct span line, bool later,
                                  struct lines *out, struct diag *diag) {
  size_t before = out->text.length;
  bool changes = false;
  bool put_off = later && !command_changes(line.source->text + line.start);
  enum status status = put_off ? STATUS_OK : command_do_lesson(session, line, &changes, out, diag);
  if (put_off) session->pending = true;
  if (changes) text_truncate(&out->text, before);
  return status;
}

/* The next command of the `do` fences of PAGE, from block *BLOCK on; REST begins as nothing. */
static bool next_do_line(const struct lesson *lesson, const struct page *page, size_t *block,
                         struct span *rest, struct span *line) {
  for (;;) {
    if (rest->source && lesson_line(rest, line)) return true;
    if (*block >= page->block_count) return false;
    const struct block *next = &lesson->blocks[page->first_block + (*block)++];
    *rest = next->kind == BLOCK_DO ? next->lines : (struct span){0};
  }
}

/* The model in force at PAGE as it is written, and the commands that its author gave; LATER: the
 * questions among them are put off. */
static enum status begin_page(struct session *session, int number, bool later, struct lines *out,
                              struct diag *diag) {
  const struct lesson *lesson = &session->lesson;
  const struct page *page = &lesson->page[number];
  struct span rest = {0}, line;
  size_t block = 0;
  enum status status = build(session, &lesson->graphs[page->model]->source, diag);
  while (!status && next_do_line(lesson, page, &block, &rest, &line))
    status = do_lesson_line(session, line, later, out, diag);
  return status;
}

/* Only what was asked last counts: a change forgets what was found before it. */
enum status session_catch_up(struct session *session, struct lines *out, struct diag *diag) {
  const struct lesson *lesson = &session->lesson;
  const struct page *page = &lesson->page[session->page];
  struct span rest = {0}, line;
  enum status status = STATUS_OK;
  size_t last = 0, at = 0, block = 0;
  if (!session->pending) return STATUS_OK;
  while (next_do_line(lesson, page, &block, &rest, &line))
    if (at++, command_changes(line.source->text + line.start)) last = at;
  at = block = 0;
  rest = (struct span){0};
  session->pending = false;
  while (!status && next_do_line(lesson, page, &block, &rest, &line))
    if (++at > last) status = do_lesson_line(session, line, false, out, diag);
  return status;
}

enum status session_try(struct session *session, int page, struct stage *stage,
                        struct diag *diag) {
  struct lines ignored;
  lines_init(&ignored);
  keep_stage(session, stage);
  enum status status = begin_page(session, page, false, &ignored, diag);
  lines_done(&ignored);
  if (status) session_resume(session, stage);
  return status;
}

enum status session_enter(struct session *session, int page, struct lines *out,
                          struct diag *diag) {
  struct stage *from = &session->stages[session->page];
  if (page == session->page) return STATUS_OK;
  keep_stage(session, from);
  enum status status = STATUS_OK;
  bool visited = session->stages[page].kept;
  if (visited) take_stage(session, &session->stages[page]);
  else status = begin_page(session, page, session->replaying, out, diag);
  if (status) session_resume(session, from);
  else session->page = page;
  return status || !visited || session->replaying ? status : session_catch_up(session, out, diag);
}

/* Puts LESSON's first step into a session that has nothing open. */
static enum status begin_lesson(struct session *session, struct lesson *lesson, struct lines *out,
                                struct diag *diag) {
  session->lesson = *lesson;
  *lesson = (struct lesson){0};
  session->stages = calloc(session->lesson.page_count, sizeof *session->stages);
  session->quizzes = calloc(session->lesson.quiz_count + 1, sizeof *session->quizzes);
  if (!session->stages || !session->quizzes) return diag_no_memory(diag);
  session->is_open = true;
  return begin_page(session, 0, session->replaying, out, diag);
}

/* Opens LESSON in place of what is open, or leaves that as it was. */
static enum status adopt(struct session *session, struct lesson *lesson, struct lines *out,
                         struct diag *diag) {
  struct session before = *session;
  session->model = (struct model){.loss = -1};
  session->run = (struct run){0};
  session->lesson = (struct lesson){0};
  session->steps = NULL;
  session->value_step = session->gradient_step = NULL;
  session->stages = NULL;
  session->quizzes = NULL;
  session->has_check = session->has_sweep = session->has_history = false;
  session->matrix = NULL;
  close_lesson(session);
  enum status status = begin_lesson(session, lesson, out, diag);
  struct session after = *session;
  if (!status) *session = before;
  close_lesson(session);
  *session = status ? before : after;
  return status;
}

enum status session_open(struct session *session, const char *what, struct lines *out,
                         struct diag *diag) {
  struct lesson lesson = {0};
  enum status status = lesson_open(&lesson, what, 0, diag);
  if (!status) status = adopt(session, &lesson, out, diag);
  lesson_done(&lesson);
  return status;
}

/* -- steps -- */

static enum status add_step(struct session *session, struct step step, struct diag *diag) {
  if (!array_reserve(&session->steps, &session->step_capacity, session->step_count + 1,
                     sizeof *session->steps))
    return diag_no_memory(diag);
  session->steps[session->step_count++] = step;
  return STATUS_OK;
}

static enum status add_forward_steps(struct session *session, struct diag *diag) {
  const struct model *model = &session->model;
  enum status status = STATUS_OK;
  for (size_t n = 0; !status && n < model->node_count; n++) {
    bool known = model->values[model->nodes[n].slot].known;
    session->value_step[n] = known ? 0 : -1;
    session->gradient_step[n] = -1;
    if (known || model_visible(model, (int)n) != (int)n) continue;
    status = add_step(session, (struct step){.kind = STEP_FORWARD, .node = (int)n}, diag);
  }
  session->forward_count = session->step_count;
  for (size_t s = 0; s < session->step_count; s++)
    session->value_step[session->steps[s].node] = (int)s + 1;
  for (size_t n = 0; n < model->node_count; n++) /* inside a folded gate: with its result */
    if (session->value_step[n] < 0)
      session->value_step[n] = session->value_step[model_visible(model, (int)n)];
  return status;
}

/* Neighbouring lines that are shown at one node make one step. */
static enum status add_backward_steps(struct session *session, struct diag *diag) {
  const struct model *model = &session->model;
  enum status status = STATUS_OK;
  if (model->loss < 0) return STATUS_OK;
  status = add_step(session, (struct step){.kind = STEP_SEED, .node = model->loss}, diag);
  session->gradient_step[model->loss] = (int)session->step_count;
  for (size_t i = 0; !status && i < model->rule_count; i++) {
    const struct rule *rule = &model->rules[i];
    int node = rule->node >= 0 ? model_visible(model, rule->node) : -1;
    struct step *last = &session->steps[session->step_count - 1];
    if (node >= 0 && last->kind == STEP_BACKWARD && last->node == node)
      last->rule_count++;
    else
      status = add_step(session, (struct step){STEP_BACKWARD, node, i, 1}, diag);
    if (rule->target_node >= 0 && session->gradient_step[rule->target_node] < 0)
      session->gradient_step[rule->target_node] = (int)session->step_count;
  }
  return status;
}

struct place {
  size_t position, forward_count, step_count;
};

/* Where the walk stands after its steps were made anew: as far into the same pass as it was, and at
 * the end if it was there. */
static size_t same_place(const struct session *session, struct place before) {
  size_t position = before.position;
  if (position == 0) return 0;
  if (position == before.step_count) return session->step_count;
  if (position >= before.forward_count)
    position = session->forward_count + (position - before.forward_count);
  else if (position > session->forward_count)
    position = session->forward_count;
  return position < session->step_count ? position : session->step_count;
}

enum status session_refresh(struct session *session, struct diag *diag) {
  size_t count = session->model.node_count + 1;
  struct place before = {session->position, session->forward_count, session->step_count};
  free(session->value_step);
  free(session->gradient_step);
  session->value_step = calloc(count, sizeof *session->value_step);
  session->gradient_step = calloc(count, sizeof *session->gradient_step);
  if (!session->value_step || !session->gradient_step) return diag_no_memory(diag);
  session->step_count = 0;
  enum status status = add_forward_steps(session, diag);
  if (!status) status = add_backward_steps(session, diag);
  if (status) return status;
  forget_findings(session);
  if (session->focus >= 0) session->focus = model_visible(&session->model, session->focus);
  return session_go(session, same_place(session, before), diag);
}

/* The whole forward pass is computed at once (a random draw must not depend on where one stands);
 * the backward pass only as far as the walk, so that a gradient under way shows its sum so far. */
enum status session_go(struct session *session, size_t position, struct diag *diag) {
  const struct program *program = &session->model.program;
  run_done(&session->run);
  if (run_init(&session->run, program, &session->model.random, session->precision))
    return diag_no_memory(diag);
  session->position = position;
  run_code(&session->run, &program->forward, 0);
  for (size_t i = position; i-- > session->forward_count;) {
    const struct step *step = &session->steps[i];
    if (step->kind != STEP_BACKWARD) break;
    const struct rule *last = &session->model.rules[step->first_rule + step->rule_count - 1];
    run_slice(&session->run, &program->backward, 0, last->code_end);
    break;
  }
  return STATUS_OK;
}

bool session_has_value(const struct session *session, int node) {
  int step = session->value_step[node];
  return step >= 0 && session->position >= (size_t)step;
}

bool session_has_gradient(const struct session *session, int node) {
  int step = session->gradient_step[node];
  return step >= 0 && session->position >= (size_t)step;
}

enum status session_find(const struct session *session, const char *name, int *node,
                         struct diag *diag) {
  const struct model *model = &session->model;
  const char *best = NULL;
  *node = model_find(model, name);
  if (*node < 0) *node = node_find_shown(model, name, strlen(name));
  if (*node >= 0) return STATUS_OK;
  if (*node == SHOWN_NO_MEMORY) return diag_no_memory(diag);
  for (size_t i = 0; i < model->node_count; i++)
    if (node_is_named(model, (int)i)) best = suggest_nearer(name, best, model->nodes[i].name);
  diag_set(diag, STATUS_USAGE, (struct span){0}, _("no node is called \"%s\""), name);
  if (best) diag_hint(diag, _("did you mean %s?"), best);
  return STATUS_USAGE;
}
