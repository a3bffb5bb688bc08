#include "explore/commands.h"

#include "core/intl.h"
#include "explore/explain.h"
#include "explore/find.h"

#include <stdlib.h>
#include <string.h>

static enum status usage(struct diag *diag, const char *what) {
  return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s", what);
}

static enum status tell_move(struct session *session, struct lines *out, struct diag *diag) {
  size_t position = session->now.at.position;
  if (position == 0) {
    text_puts(&out->text, _("at the start: only the leaves have values\n"));
    return STATUS_OK;
  }
  const struct move *move = &session->walk.moves[position - 1];
  int node = walk_node(&session->walk, session->model, position);
  if (node >= 0) session_look(session, node);
  text_printf(&out->text,
              move->kind == MOVE_FORWARD ? _("move %zu of %zu, forward\n")
                                         : _("move %zu of %zu, backward\n"),
              position, session->walk.count);
  return explain_move(session, move, out, diag);
}

static enum status go(struct session *session, size_t position, struct lines *out,
                      struct diag *diag) {
  enum status status = session_go(session, position, diag);
  return status ? status : tell_move(session, out, diag);
}

static enum status do_next(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag) {
  (void)arguments;
  if (session->now.at.position >= session->walk.count)
    return usage(diag, _("this is the end of the walk"));
  return go(session, session->now.at.position + 1, out, diag);
}

static enum status do_prev(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag) {
  (void)arguments;
  if (session->now.at.position == 0) return usage(diag, _("this is the start of the walk"));
  return go(session, session->now.at.position - 1, out, diag);
}

static enum status do_forward(struct session *session, const struct source *arguments,
                              struct lines *out, struct diag *diag) {
  int node;
  if (!*arguments->text) return go(session, session->walk.forward_count, out, diag);
  enum status status = find_node(session, arguments->text, &node, diag);
  if (status) return status;
  return go(session, (size_t)session->walk.value_move[node], out, diag);
}

static enum status do_backward(struct session *session, const struct source *arguments,
                               struct lines *out, struct diag *diag) {
  int node;
  if (!*arguments->text) return go(session, session->walk.count, out, diag);
  enum status status = find_node(session, arguments->text, &node, diag);
  if (status) return status;
  if (session->walk.gradient_move[node] < 0)
    return diag_set(diag, STATUS_USAGE, SPAN_NONE, _("no line assigns a gradient of \"%s\""),
                    arguments->text);
  size_t last = 0; /* all of a fan-out's lines */
  for (size_t i = session->walk.forward_count; i < session->walk.count; i++)
    for (size_t r = 0; r < session->walk.moves[i].rule_count; r++)
      if (session->model->rules[session->walk.moves[i].first_rule + r].target_node == node)
        last = i + 1;
  return go(session, last > 0 ? last : (size_t)session->walk.gradient_move[node], out, diag);
}

static enum status do_run(struct session *session, const struct source *arguments,
                          struct lines *out, struct diag *diag) {
  (void)arguments;
  return go(session, session->walk.count, out, diag);
}

static enum status do_reset(struct session *session, const struct source *arguments,
                            struct lines *out, struct diag *diag) {
  (void)arguments;
  return go(session, 0, out, diag);
}

static enum status do_focus(struct session *session, const struct source *arguments,
                            struct lines *out, struct diag *diag) {
  int node;
  bool gradient;
  enum status status = find_node_or_gradient(session, arguments->text, &node, &gradient, diag);
  if (status) return status;
  session_look(session, node);
  return gradient ? explain_gradient(session, node, out, diag)
                  : explain_node(session, session->look.focus, out, diag);
}

enum { WALKS = COMMAND_CHANGES | COMMAND_NEEDS_MODEL | COMMAND_IN_LESSONS };

const struct command walk_commands[] = {
    {.name = "next", .arguments = "", .flags = WALKS, .hunt = IN_HUNT_A_LOOK, .run = do_next,
     .help = "one move on: the next value, then the next gradient"},
    {.name = "prev", .arguments = "", .flags = WALKS, .hunt = IN_HUNT_A_LOOK, .run = do_prev,
     .help = "one move back"},
    {.name = "forward", .arguments = "[NODE]", .flags = WALKS, .run = do_forward,
     .help = "compute values up to NODE, or all of them"},
    {.name = "backward", .arguments = "[NODE]", .flags = WALKS, .hunt = IN_HUNT_A_LOOK,
     .run = do_backward, .help = "carry gradients back to NODE, or to the leaves"},
    {.name = "run", .arguments = "", .flags = WALKS, .hunt = IN_HUNT_A_LOOK, .run = do_run,
     .help = "the whole walk at once"},
    {.name = "reset", .arguments = "", .flags = WALKS, .run = do_reset,
     .help = "back to the start of the walk"},
    {.name = "focus", .arguments = "NODE", .flags = COMMAND_NEEDS_MODEL | COMMAND_IN_LESSONS,
     .hunt = IN_HUNT_AN_ARRIVAL, .run = do_focus,
     .help = "look at NODE, or (dNODE) at the lines of its gradient"},
    {0}};
