#include "tui/changes.h"

#include "core/hash.h"
#include "reader/page.h"

#include <string.h>

static uint64_t hash_rules(const struct model *model) {
  uint64_t hash = HASH_START;
  for (size_t i = 0; i < model->rule_count; i++)
    hash = hash_bytes(hash, model->rules[i].text, strlen(model->rules[i].text) + 1);
  return hash;
}

static struct key_log_state state_of(const struct ui *ui) {
  const struct session *session = ui->session;
  struct key_log_state state = {.open = session_is_open(session),
                                .view = ui->session->look.view,
                                .focus = -1,
                                .page = -1,
                                .question = -1,
                                .done = deeds_count(session->done),
                                .undone = deeds_count(session->undone)};
  if (!session_is_open(session)) return state;
  const struct model *model = session->model;
  state.page = session->now.page;
  state.question = page_question(session);
  state.focus = session->look.focus;
  state.precision = session->now.at.precision;
  state.frozen = session->now.at.frozen;
  state.position = session->now.at.position;
  state.bug_count = model->bug_count;
  state.source = hash_bytes(HASH_START, model->source->text, model->source->length);
  state.rules = hash_rules(model);
  state.checked = session->now.at.check ? session->now.at.check->tensors : NULL;
  return state;
}

static void put_model(const struct ui *ui, const struct key_log_state *was,
                      const struct key_log_state *now) {
  const struct model *model = ui->session->model;
  const bool edited = was->rules != now->rules || was->bug_count != now->bug_count;
  if (!now->open || (was->source == now->source && !edited)) return;
  fprintf(ui->key_log.file, "  model %s: nodes %zu, rule lines %zu, bugs %zu\n",
          was->source != now->source ? "opened" : "edited", model->node_count, model->rule_count,
          model->bug_count);
}

/* Commands that changed something, which a script may have issued. */
static void put_logged(struct ui *ui, const struct key_log_state *was,
                       const struct key_log_state *now) {
  const bool again = now->done > was->done && now->undone < was->undone;
  if (now->done < was->done)
    fprintf(ui->key_log.file, "  undone %zu -> %zu\n", was->done, now->done);
  for (size_t i = was->done; i < now->done; i++)
    key_log_line(&ui->key_log, again ? "done again" : "logged",
                 deeds_line(ui->session->done, i));
}

static void put_focus(struct ui *ui, const struct key_log_state *was,
                      const struct key_log_state *now) {
  if (now->focus < 0 || (was->focus == now->focus && was->source == now->source)) return;
  key_log_line(&ui->key_log, "focus", ui->session->model->nodes[now->focus].name);
}

static void put_number(struct ui *ui, const char *what, long was, long now) {
  if (was != now) fprintf(ui->key_log.file, "  %s %ld -> %ld\n", what, was, now);
}

/* The leaves that are not what they were. */
static void put_leaves(struct ui *ui, const double *values, size_t size) {
  const struct session *session = ui->session;
  const struct model *model = session->model;
  for (size_t n = 0; values && n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    const size_t offset = model->program.slots[node->slot].offset;
    const size_t count = shape_count(model_shape(model, node->slot));
    if (node->kind <= NODE_PARAM && offset + count <= size &&
        memcmp(values + offset, session->run.values + offset, count * sizeof *values) != 0)
      key_log_line(&ui->key_log, "changed", node->name);
  }
}

void changes_log(struct ui *ui, const double *values, size_t size) {
  if (!ui->key_log.file) return;
  const struct session *session = ui->session;
  const struct key_log_state was = ui->key_log.told, now = state_of(ui);
  put_logged(ui, &was, &now);
  put_model(ui, &was, &now);
  if (now.open && was.source == now.source) put_leaves(ui, values, size);
  put_number(ui, "page", was.page, now.page);
  put_number(ui, "question", was.question, now.question);
  put_number(ui, "position", (long)was.position, (long)now.position);
  put_focus(ui, &was, &now);
  if (was.view != now.view) key_log_line(&ui->key_log, "view", view_table[now.view]->name);
  if (was.precision != now.precision)
    key_log_line(&ui->key_log, "precision", precision_names[now.precision]);
  if (was.frozen != now.frozen) key_log_line(&ui->key_log, "freeze", now.frozen ? "on" : "off");
  if (now.checked && was.checked != now.checked)
    key_log_line(&ui->key_log, "check", verdict_names[session->now.at.check->verdict]);
  ui->key_log.told = now;
}
