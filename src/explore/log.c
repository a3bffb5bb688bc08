#include "explore/log.h"

#include "core/intl.h"

#include <stdio.h>
#include <stdlib.h>

enum status log_add(struct session *session, const char *line, size_t length,
                    struct exploration before, struct diag *diag) {
  char *whole = NULL;
  const size_t bytes = exploration_bytes(&before, &session->now);
  if (asprintf(&whole, "%.*s%s", (int)length, line, session->log_suffix) < 0) whole = NULL;
  session->log_suffix[0] = '\0';
  struct deed *deed = whole ? deed_new(whole, before, bytes, session->done) : NULL;
  if (!whole) exploration_drop(&before);
  free(whole);
  if (!deed) return diag_no_memory(diag);
  deeds_drop(session->done);
  deeds_drop(session->undone);
  session->done = deed;
  session->undone = NULL;
  deeds_bound(deed, LOG_MOST_BYTES);
  return STATUS_OK;
}

/* Goes to the exploration of the first deed in *FROM, which moves over to *TO. */
static enum status cross(struct session *session, struct deed **from, struct deed **to,
                         struct diag *diag) {
  struct deed *deed = *from;
  struct exploration now = session_keep(session), other = exploration_keep(&deed->other);
  size_t bytes = exploration_bytes(&now, &other);
  struct deed *moved = deed_new(deed->line, now, bytes, *to);
  enum status status = moved ? STATUS_OK : diag_no_memory(diag);
  if (!status) status = session_go_to(session, other, diag);
  else exploration_drop(&other);
  if (status) {
    deeds_drop(moved);
    return status;
  }
  *from = deeds_keep(deed->next);
  deeds_drop(deed);
  deeds_drop(*to);
  *to = moved;
  return STATUS_OK;
}

static enum status refuse(struct diag *diag, const char *why) {
  return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s", why);
}

enum status log_undo(struct session *session, const char **line, struct diag *diag) {
  if (!session->done || !session->done->next) return refuse(diag, _("there is nothing to undo"));
  if (!session->done->kept)
    return refuse(diag, _("what was there before that is no longer kept: it took too much memory"));
  enum status status = cross(session, &session->done, &session->undone, diag);
  if (!status) *line = session->undone->line;
  return status;
}

enum status log_redo(struct session *session, const char **line, struct diag *diag) {
  if (!session->undone) return refuse(diag, _("there is nothing to redo"));
  enum status status = cross(session, &session->undone, &session->done, diag);
  if (!status) *line = session->done->line;
  return status;
}

void log_put(const struct session *session, struct text *out) {
  size_t count = deeds_count(session->done);
  const struct deed **deeds = calloc(count + 1, sizeof *deeds);
  if (!deeds) out->failed = true;
  for (const struct deed *deed = session->done; deeds && deed; deed = deed->next)
    deeds[deed->number - 1] = deed;
  for (size_t i = 0; deeds && i < count; i++) text_printf(out, "%s\n", deeds[i]->line);
  free(deeds);
}
