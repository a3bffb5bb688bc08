#include "explore/commands.h"

#include "core/intl.h"
#include "explore/evaluate.h"
#include "explore/explain.h"
#include "explore/find.h"

#include <stdlib.h>
#include <string.h>

static enum status usage(struct diag *diag, const char *what) {
  return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s", what);
}

static enum status set_leaf(struct session *session, int node, size_t entry,
                            const struct evaluation *value, struct diag *diag) {
  struct model *model = session->model;
  struct visit *visit = &session->now.at;
  int slot = model->nodes[node].slot;
  struct shape shape = model_shape(model, slot), wanted = shape;
  double *image = program_image(&model->program, slot);
  if (entry < shape_count(shape)) wanted = (struct shape){1, 1};
  if (!shape_equal(value->shape, wanted))
    return diag_set(diag, STATUS_USAGE, SPAN_NONE,
                    _("the value is %u x %u; expected %u x %u"), value->shape.rows,
                    value->shape.cols, wanted.rows, wanted.cols);
  enum status status = visit_before_change(visit, node, diag);
  if (status) return status;
  memcpy(entry < shape_count(shape) ? image + entry : image, value->values,
         shape_count(wanted) * sizeof *image);
  status = visit_after_change(visit, node, diag);
  return status ? status : session_refresh(session, diag);
}

static enum status do_set(struct session *session, const struct source *arguments,
                          struct lines *out, struct diag *diag) {
  const char *equals = strchr(arguments->text, '=');
  struct evaluation value = {0};
  int node = -1;
  size_t entry = 0;
  if (!equals) return usage(diag, _("set NAME = VALUE, or NAME[i, j] = VALUE"));
  const struct span after_sign = {arguments, (uint32_t)(equals + 1 - arguments->text),
                                  (uint32_t)arguments->length};
  char *place = strndup(arguments->text, (size_t)(equals - arguments->text));
  if (!place) return diag_no_memory(diag);
  enum status status = find_entry(session, place, &node, &entry, diag);
  if (!status && session->model->nodes[node].kind > NODE_PARAM)
    status = diag_set(diag, STATUS_USAGE, SPAN_NONE,
                      _("%s is computed by the model; only a leaf can be set"), place);
  if (!status) status = evaluate_text(session, after_sign, &value, diag);
  if (!status) status = set_leaf(session, node, entry, &value, diag);
  if (!status) status = explain_value(session, node, out, diag);
  free(value.values);
  free(place);
  return status;
}

static bool all_are(const struct model *model, bool folded) {
  for (size_t i = 0; i < model->instance_count; i++)
    if (model->instances[i].folded != folded) return false;
  return true;
}

static enum status fold(struct session *session, const char *name, bool folded, struct lines *out,
                        struct diag *diag) {
  if (!*name) return usage(diag, _("name the result of a gate, or say all"));
  bool all = strcmp(name, "all") == 0;
  if (all && all_are(session->model, folded)) {
    text_puts(&out->text, session->model->instance_count == 0
                              ? _("there is nothing to fold or unfold here\n")
                          : folded ? _("everything is folded already\n")
                                   : _("everything is unfolded already\n"));
    return STATUS_OK;
  }
  enum status status = model_fold(session->model, all ? NULL : name, folded, diag);
  return status ? status : session_refresh(session, diag);
}

static enum status do_fold(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag) {
  return fold(session, arguments->text, true, out, diag);
}

static enum status do_unfold(struct session *session, const struct source *arguments,
                             struct lines *out, struct diag *diag) {
  return fold(session, arguments->text, false, out, diag);
}

static enum status do_precision(struct session *session, const struct source *arguments,
                                struct lines *out, struct diag *diag) {
  for (int i = 0; i < PRECISION_COUNT; i++) {
    if (strcmp(precision_names[i], arguments->text) != 0) continue;
    session->now.at.precision = (enum precision)i;
    text_printf(&out->text, _("every result is rounded to %s\n"), arguments->text);
    return session_refresh(session, diag);
  }
  return usage(diag, _("the precisions are double, single, half and bfloat16"));
}

static enum status do_freeze(struct session *session, const struct source *arguments,
                             struct lines *out, struct diag *diag) {
  bool on = strcmp(arguments->text, "on") == 0;
  if (!on && strcmp(arguments->text, "off") != 0) return usage(diag, _("freeze on, or freeze off"));
  session->now.at.frozen = on;
  text_puts(&out->text, on ? _("random draws are kept during a check\n")
                    : _("random draws are made anew at every forward pass\n"));
  return session_refresh(session, diag);
}

static enum status do_seed(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag) {
  char *end;
  unsigned long seed = strtoul(arguments->text, &end, 10);
  if (!*arguments->text || *arguments->text == '-' || *end || seed > UINT32_MAX)
    return usage(diag, _("a seed is a whole number from 0 to 4294967295"));
  session->now.at.seeded = true;
  session->now.at.seed = (uint32_t)seed;
  random_seed(&session->model->random, (uint32_t)seed);
  text_puts(&out->text,
            model_draws(session->model)
                ? _("the forward pass draws from this seed; the leaves stay as they are\n")
                : _("this forward pass draws nothing, so nothing changes; the leaves were drawn "
                    "when the model was built, from its own \"seed\" line\n"));
  return session_refresh(session, diag);
}

enum { EDITS = COMMAND_CHANGES | COMMAND_NEEDS_MODEL | COMMAND_IN_LESSONS };

static const char *const on_off[] = {"on", "off", NULL};

const struct command edit_commands[] = {
    {.name = "set", .arguments = "NAME = VALUE", .flags = EDITS, .run = do_set,
     .help = "give a leaf, or an entry NAME[i, j] of it, a new value"},
    {.name = "fold", .arguments = "NODE | all", .flags = EDITS, .hunt = IN_HUNT_WAITS,
     .run = do_fold, .help = "show a gate as one node and use its own rule"},
    {.name = "unfold", .arguments = "NODE | all", .flags = EDITS, .hunt = IN_HUNT_WAITS,
     .run = do_unfold, .help = "show a gate's inside and derive its rule from that"},
    {.name = "precision", .arguments = "NAME", .flags = EDITS, .run = do_precision,
     .completes = COMPLETE_CHOICES, .choices = precision_names,
     .help = "round every result to double, single, half or bfloat16"},
    {.name = "freeze", .arguments = "on | off", .flags = EDITS, .run = do_freeze,
     .completes = COMPLETE_CHOICES, .choices = on_off,
     .help = "keep the random draws of the forward pass in a check"},
    {.name = "seed", .arguments = "N", .flags = EDITS, .run = do_seed,
     .help = "seed the draws of the forward pass (dropout); not those that made the leaves"},
    {0}};
