#include "tui/key_log.h"

#include "core/hash.h"
#include "core/intl.h"
#include "reader/page.h"
#include "tui/term.h"
#include "tui/view.h"

#include <errno.h>
#include <string.h>

/* -- the file -- */

static enum status cannot_write(struct diag *diag, const char *path) {
  return diag_set(diag, STATUS_IO, (struct span){0}, _("cannot write the trace %s: %s"), path,
                  strerror(errno));
}

/* The first line is written at once: a full disk shows before the screen opens. */
enum status key_log_open(struct key_log *log, const char *path, struct diag *diag) {
  *log = (struct key_log){.told = {.page = -1, .question = -1, .focus = -1}};
  if (!path) return STATUS_OK;
  log->file = fopen(path, "ae");
  if (!log->file) return cannot_write(diag, path);
  setvbuf(log->file, NULL, _IOLBF, BUFSIZ);
  if (fputs("start\n", log->file) >= 0 && fflush(log->file) == 0) return STATUS_OK;
  enum status status = cannot_write(diag, path);
  fclose(log->file);
  log->file = NULL;
  return status;
}

enum status key_log_close(struct key_log *log, struct diag *diag) {
  if (!log->file) return STATUS_OK;
  fputs("end\n", log->file);
  const bool failed = ferror(log->file) != 0;
  const bool closed = fclose(log->file) == 0;
  log->file = NULL;
  return failed || !closed
             ? diag_set(diag, STATUS_IO, (struct span){0}, "%s",
                        _("the trace has gaps: not all of it could be written"))
             : STATUS_OK;
}

/* -- keys and lines -- */

/* "  WHAT TEXT", with TEXT made safe, line by line where it has several. */
static void put_lines(struct key_log *log, const char *what, const char *string) {
  while (*string) {
    const size_t length = strcspn(string, "\n");
    struct text line;
    text_init(&line);
    text_put_safe(&line, string, length);
    fprintf(log->file, "  %s %s\n", what, text_string(&line));
    text_done(&line);
    string += length + (string[length] == '\n');
  }
}

void key_log_key(struct ui *ui, int key) {
  struct key_log *log = &ui->key_log;
  if (!log->file || key == KEY_OF_NONE) return;
  const struct mouse mouse = term_mouse();
  int rows, cols;
  term_size(&rows, &cols);
  if (key == KEY_OF_MOUSE)
    fprintf(log->file, "%s %d %d\n", mouse.wheel < 0 ? "wheel-up" : mouse.wheel > 0 ? "wheel-down"
                                                                                    : "click",
            mouse.row, mouse.col);
  else if (key == KEY_OF_RESIZE)
    fprintf(log->file, "resize %dx%d\n", cols, rows);
  else {
    char name[KEY_NAME_SIZE];
    fprintf(log->file, "key %s\n", key_name(key, name));
  }
}

void key_log_line(struct ui *ui, const char *what, const char *line) {
  if (ui->key_log.file) put_lines(&ui->key_log, what, line);
}

void key_log_error(struct ui *ui, const char *message) {
  if (ui->key_log.file) put_lines(&ui->key_log, "refused", message);
}

/* -- changes -- */

static uint64_t hash_rules(const struct model *model) {
  uint64_t hash = HASH_START;
  for (size_t i = 0; i < model->rule_count; i++)
    hash = hash_bytes(hash, model->rules[i].text, strlen(model->rules[i].text) + 1);
  return hash;
}

static struct key_log_state state_of(const struct ui *ui) {
  const struct session *session = ui->session;
  struct key_log_state state = {.open = session_is_open(session), .view = ui->view, .focus = -1, .page = -1,
                                .question = -1, .log_done = deeds_count(session->done)};
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
  if (now->log_done < was->log_done)
    fprintf(ui->key_log.file, "  undone %zu -> %zu\n", was->log_done, now->log_done);
  for (size_t i = was->log_done; i < now->log_done; i++)
    put_lines(&ui->key_log, "logged", deeds_line(ui->session->done, i));
}

static void put_focus(struct ui *ui, const struct key_log_state *was,
                      const struct key_log_state *now) {
  if (now->focus < 0 || (was->focus == now->focus && was->source == now->source)) return;
  put_lines(&ui->key_log, "focus", ui->session->model->nodes[now->focus].name);
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
      put_lines(&ui->key_log, "changed", node->name);
  }
}

void key_log_changes(struct ui *ui, const double *values, size_t size) {
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
  if (was.view != now.view) put_lines(&ui->key_log, "view", view_table[now.view]->name);
  if (was.precision != now.precision)
    put_lines(&ui->key_log, "precision", precision_names[now.precision]);
  if (was.frozen != now.frozen) put_lines(&ui->key_log, "freeze", now.frozen ? "on" : "off");
  if (now.checked && was.checked != now.checked)
    put_lines(&ui->key_log, "check", verdict_names[session->now.at.check->verdict]);
  ui->key_log.told = now;
}
