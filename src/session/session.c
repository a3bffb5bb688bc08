#include "session/session.h"

#include "core/intl.h"
#include "core/memory.h"
#include "io/loader.h"

#include <stdlib.h>
#include <string.h>

void session_init(struct session *session) {
  *session = (struct session){.focus = -1, .model = {.loss = -1}};
}

/* What was found of the model as it was. */
static void forget_findings(struct session *session) {
  if (session->has_check) check_done(&session->check);
  session->has_check = session->has_sweep = false;
}

static void close_model(struct session *session) {
  forget_findings(session);
  run_done(&session->run);
  model_done(&session->model);
  lesson_done(&session->lesson);
  free(session->steps);
  free(session->value_step);
  free(session->gradient_step);
  session->steps = NULL;
  session->value_step = session->gradient_step = NULL;
  session->step_count = session->step_capacity = session->forward_count = 0;
  session->position = 0;
  session->is_open = false;
}

void session_close(struct session *session) {
  close_model(session);
  session->focus = -1;
  session->precision = PRECISION_DOUBLE;
  session->frozen = false;
}

void session_done(struct session *session) {
  close_model(session);
  for (size_t i = 0; i < session->log_count; i++) free(session->log[i]);
  free(session->log);
  session_init(session);
}

void session_move(struct session *to, struct session *from) {
  session_done(to);
  *to = *from;
  to->run.program = &to->model.program;
  session_init(from);
}

/* -- opening -- */

/* Puts LESSON's model into the session if it can be built. */
static enum status adopt(struct session *session, struct lesson *lesson, struct diag *diag) {
  struct model model;
  enum status status = model_build(&model, &lesson->source, &io_loader, diag);
  if (!status && model.node_count == 0)
    status = diag_set(diag, STATUS_DATA, (struct span){0}, "%s",
                      _("this model has no node to look at"));
  if (!status) status = model_fold_statements(&model, diag);
  if (status) {
    model_done(&model);
    return status;
  }
  close_model(session);
  session->lesson = *lesson;
  session->model = model;
  session->is_open = true;
  session->focus = 0; /* where the walk begins */
  *lesson = (struct lesson){0};
  return session_refresh(session, diag);
}

enum status session_open(struct session *session, const char *what, int step, struct diag *diag) {
  struct lesson lesson = {0};
  enum status status = lesson_open(&lesson, what, step, diag);
  if (!status) status = adopt(session, &lesson, diag);
  lesson_done(&lesson);
  return status;
}

enum status session_open_text(struct session *session, const char *text, struct diag *diag) {
  struct lesson lesson = {0};
  enum status status = lesson_from_text(&lesson, "-e", text, diag);
  if (!status) status = adopt(session, &lesson, diag);
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
  if (*node >= 0) return STATUS_OK;
  for (size_t i = 0; i < model->node_count; i++) {
    best = suggest_nearer(name, best, model->nodes[i].name);
  }
  diag_set(diag, STATUS_USAGE, (struct span){0}, _("no node is called \"%s\""), name);
  if (best) diag_hint(diag, _("did you mean %s?"), best);
  return STATUS_USAGE;
}
