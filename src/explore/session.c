#include "explore/session.h"

#include "core/shared.h"

void session_init(struct session *session, const struct interpreter *interpreter) {
  *session = (struct session){.now = {.at = {.focus = -1}}, .look = {.focus = -1},
                              .interpreter = interpreter, .nothing = {.loss = -1}};
  session->model = &session->nothing;
}

void session_done(struct session *session) {
  walk_done(&session->walk);
  run_done(&session->run);
  exploration_drop(&session->now);
  deeds_drop(session->done);
  deeds_drop(session->undone);
  session_init(session, session->interpreter);
}

bool session_is_open(const struct session *session) {
  return session->model != &session->nothing;
}

/* -- what follows from the exploration -- */

/* The whole forward pass is computed at once (a random draw must not depend on how far the walk
 * is); the backward pass only as far as the walk, so that a gradient under way shows its sum so
 * far. */
enum status session_go(struct session *session, size_t position, struct diag *diag) {
  const struct program *program = &session->model->program;
  run_done(&session->run);
  if (run_init(&session->run, program, &session->model->random, session->now.at.precision))
    return diag_no_memory(diag);
  session->now.at.position = position;
  run_code(&session->run, &program->forward, 0);
  run_slice(&session->run, &program->backward, 0,
            walk_backward_end(&session->walk, session->model, position));
  return STATUS_OK;
}

static enum status follow_model(struct session *session, struct diag *diag) {
  enum status status = visit_put(&session->now.at, diag);
  session->model = &session->now.at.built->model;
  if (!status) status = walk_make(&session->walk, session->model, diag);
  return status ? status : session_go(session, session->now.at.position, diag);
}

/* The model, the walk through it and the run follow from what there is now. */
static enum status follow(struct session *session, struct diag *diag) {
  run_done(&session->run);
  walk_done(&session->walk);
  session->model = &session->nothing;
  enum status status = session->now.lesson ? follow_model(session, diag) : STATUS_OK;
  if (!status) return STATUS_OK;
  run_done(&session->run);
  walk_done(&session->walk);
  session->model = &session->nothing;
  return status;
}

/* One goes on looking at the same node, unless the walk goes elsewhere, or to another model: then
 * where one looked there. */
static void settle_look(struct session *session, const struct exploration *before) {
  const struct visit *was = &before->at, *is = &session->now.at;
  int node = session->look.focus;
  if (!session_is_open(session)) {
    session->look.focus = -1;
    return;
  }
  if (is->built != was->built || is->position != was->position) node = is->focus;
  session_look(session, node < 0 ? 0 : node);
}

struct exploration session_keep(const struct session *session) {
  struct exploration kept = exploration_keep(&session->now);
  kept.at.focus = session->look.focus;
  return kept;
}

enum status session_go_to(struct session *session, struct exploration to, struct diag *diag) {
  struct exploration before = session->now;
  struct diag ignored;
  before.at.focus = session->look.focus;
  session->now = to;
  enum status status = follow(session, diag);
  if (status) {
    session_go_back(session, before, &ignored);
    return status;
  }
  settle_look(session, &before);
  exploration_drop(&before);
  return STATUS_OK;
}

enum status session_go_back(struct session *session, struct exploration kept, struct diag *diag) {
  struct exploration before = session->now;
  session->now = kept;
  enum status status = follow(session, diag);
  settle_look(session, &before);
  exploration_drop(&before);
  return status;
}

enum status session_catch_up(struct session *session, struct diag *diag) {
  if (session_is_open(session) || !session->now.lesson) return STATUS_OK;
  enum status status = follow(session, diag);
  if (!status) session_look(session, session->now.at.focus);
  return status;
}

enum status session_refresh(struct session *session, struct diag *diag) {
  const size_t position = session->now.at.position, count = session->walk.count;
  const size_t forward_count = session->walk.forward_count;
  enum status status = visit_take_edits(&session->now.at, diag);
  if (!status) status = walk_make(&session->walk, session->model, diag);
  if (status) return status;
  visit_forget_findings(&session->now.at);
  session_look(session, session->look.focus);
  return session_go(session, walk_same_position(&session->walk, position, count, forward_count),
                    diag);
}

void session_look(struct session *session, int node) {
  session->look.focus = node >= 0 ? model_visible(session->model, node) : node;
}

/* -- questions -- */

bool session_has_value(const struct session *session, int node) {
  int move = session->walk.value_move[node];
  return move >= 0 && session->now.at.position >= (size_t)move;
}

bool session_has_gradient(const struct session *session, int node) {
  int move = session->walk.gradient_move[node];
  return move >= 0 && session->now.at.position >= (size_t)move;
}
