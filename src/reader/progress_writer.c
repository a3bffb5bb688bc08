#include "reader/progress_writer.h"

#include "core/intl.h"

#include <stdlib.h>
#include <string.h>

void progress_writer_done(struct progress_writer *writer) {
  free(writer->kept.marks);
  *writer = (struct progress_writer){0};
}

/* The furthest page that was visited. */
static int furthest(const struct session *session) {
  int furthest = session->now.page;
  for (int i = furthest + 1; i <= lesson_last_page(session->now.lesson); i++)
    if (session->now.visits->of[i].left.built) furthest = i;
  return furthest;
}

static bool make_entry(const struct session *session, struct progress_entry *entry) {
  static const char marks[] = {[QUIZ_OPEN] = MARK_OPEN, [QUIZ_RIGHT] = MARK_RIGHT,
                               [QUIZ_SKIPPED] = MARK_SKIPPED};
  const struct lesson *lesson = session->now.lesson;
  size_t count = lesson->quiz_count < PROGRESS_QUIZZES ? lesson->quiz_count : PROGRESS_QUIZZES;
  progress_name(entry, text_string(&lesson->path));
  entry->page = furthest(session);
  entry->pages = lesson_last_page(lesson);
  entry->marks = calloc(count + 1, 1);
  for (size_t i = 0; entry->marks && i < count; i++)
    entry->marks[i] = marks[session->now.quizzes[i].state];
  return entry->marks != NULL;
}

static bool same(const struct progress_entry *a, const struct progress_entry *b) {
  return a->marks && a->page == b->page && strcmp(a->name, b->name) == 0 &&
         strcmp(a->marks, b->marks) == 0;
}

enum status progress_write(struct progress_writer *writer, const struct session *session, struct diag *diag) {
  struct progress_entry entry;
  if (!session_is_open(session) || lesson_last_page(session->now.lesson) == 0) return STATUS_OK;
  if (!make_entry(session, &entry)) return diag_no_memory(diag);
  bool begun = entry.page > 0 || strspn(entry.marks, "-") < strlen(entry.marks);
  enum status status = STATUS_OK;
  if (begun && !same(&writer->kept, &entry)) status = progress_save(&entry, diag);
  if (status) {
    free(entry.marks);
    if (writer->told) return STATUS_OK;
    writer->told = true;
    return status;
  }
  free(writer->kept.marks);
  writer->kept = entry;
  return STATUS_OK;
}

void progress_put_summary(const struct progress *progress, const char *name, struct text *out) {
  const struct progress_entry *entry = progress_find(progress, name);
  if (!entry) return;
  size_t quizzes = strlen(entry->marks);
  if (quizzes > 0)
    text_printf(out, _("page %d of %d, %zu of %zu answers right"), entry->page, entry->pages,
                progress_marked(entry, MARK_RIGHT), quizzes);
  else text_printf(out, _("page %d of %d"), entry->page, entry->pages);
}
