#include "reader/reading.h"

#include "core/shared.h"
#include "lesson/open.h"

#include <string.h>

/* -- the commands of a page -- */

enum status reading_issue(struct session *session, struct span line, struct diag *diag) {
  struct lines ignored;
  lines_init(&ignored);
  enum status status = session->interpreter->do_lesson(session, line, &ignored, diag);
  lines_done(&ignored);
  return status;
}

static bool changes(const struct session *session, struct span line) {
  const char *text = line.source->text + line.start;
  size_t length = 0;
  while (line.start + length < line.end && !strchr(" \t", text[length])) length++;
  const struct command *command = session->interpreter->find(text, length);
  return command && command->flags & COMMAND_CHANGES;
}

/* What questions find out is for the reader, what changes say is not. */
static enum status do_line(struct session *session, struct span line, struct lines *out,
                           struct diag *diag) {
  return changes(session, line) ? reading_issue(session, line, diag)
                                : session->interpreter->do_lesson(session, line, out, diag);
}

static enum status do_fences(struct session *session, struct lines *out, struct diag *diag) {
  const struct lesson *lesson = session->now.lesson;
  const struct page *page = &lesson->page[session->now.page];
  enum status status = STATUS_OK;
  for (size_t i = 0; !status && i < page->block_count; i++) {
    const struct block *block = &lesson->blocks[page->first_block + i];
    struct span rest = block->lines, line;
    while (block->kind == BLOCK_DO && !status && lesson_line(&rest, &line))
      status = do_line(session, line, out, diag);
  }
  return status;
}

/* -- pages -- */

/* The session's exploration with VISIT, which is taken over, of PAGE in place of its own. */
static enum status go_to_visit(struct session *session, int page, struct visit visit,
                               struct diag *diag) {
  struct exploration to = exploration_keep(&session->now);
  visit_drop(&to.at);
  to.at = visit;
  to.page = page;
  return session_go_to(session, to, diag);
}

/* TO, which is taken over, with the model of its page as it is written in place of any other, and
 * the commands that its author gave. */
static enum status begin(struct session *session, struct exploration to, struct lines *out,
                         struct diag *diag) {
  const struct lesson *lesson = to.lesson;
  const int page = to.page;
  visit_drop(&to.at);
  enum status status =
      visit_build(&to.at, to.lesson, &lesson->graphs[lesson->page[page].model]->source, diag);
  if (status) exploration_drop(&to);
  else status = session_go_to(session, to, diag);
  if (!status) status = do_fences(session, out, diag);
  struct visits *visits = status ? NULL : exploration_own_visits(&session->now);
  if (!status && !visits) status = diag_no_memory(diag);
  if (status) return status;
  visits->of[page].begun = visit_keep(&session->now.at);
  visits->of[page].begun.focus = session->look.focus;
  return STATUS_OK;
}

/* Goes on with what there is now, or, after a failure, back to BEFORE, which ends here. */
static enum status settle(struct session *session, struct exploration before, enum status status) {
  struct diag ignored;
  if (status) session_go_back(session, before, &ignored);
  else exploration_drop(&before);
  return status;
}

enum status reading_enter(struct session *session, int page, struct lines *out,
                          struct diag *diag) {
  if (page == session->now.page) return STATUS_OK;
  struct exploration before = session_keep(session), to;
  struct visits *visits = exploration_own_visits(&session->now);
  if (!visits) return settle(session, before, diag_no_memory(diag));
  visit_drop(&visits->of[session->now.page].left);
  visits->of[session->now.page].left = visit_keep(&before.at);
  const struct visit *left = &visits->of[page].left;
  if (left->built)
    return settle(session, before, go_to_visit(session, page, visit_keep(left), diag));
  to = exploration_keep(&session->now);
  to.page = page;
  return settle(session, before, begin(session, to, out, diag));
}

/* -- lessons -- */

static void end_lesson(void *lesson) {
  lesson_done(lesson);
}

enum status reading_open(struct session *session, const char *what, struct lines *out,
                         struct diag *diag) {
  struct lesson *lesson = shared_new(sizeof *lesson, end_lesson);
  const struct examiner *examiner = session->examiner;
  if (!lesson) return diag_no_memory(diag);
  enum status status = lesson_open(lesson, what, 0, diag);
  if (status) {
    shared_drop(lesson);
    return status;
  }
  struct exploration before = session_keep(session);
  struct exploration to = {.lesson = lesson, .at = {.focus = -1}};
  to.quizzes = shared_new((lesson->quiz_count + 1) * sizeof *to.quizzes, NULL);
  if (!to.quizzes) {
    exploration_drop(&to);
    return settle(session, before, diag_no_memory(diag));
  }
  session->examiner = NULL;
  status = begin(session, to, out, diag);
  if (status) session->examiner = examiner;
  return settle(session, before, status);
}

/* -- trials -- */

enum status reading_try(struct session *session, struct exploration *kept, struct diag *diag) {
  const struct visit *begun = &session->now.visits->of[session->now.page].begun;
  *kept = session_keep(session);
  enum status status = go_to_visit(session, session->now.page, visit_keep(begun), diag);
  if (status) exploration_drop(kept);
  return status;
}

enum status reading_resume(struct session *session, struct exploration kept, enum status status,
                           struct diag *diag) {
  struct diag again;
  enum status resumed = session_go_back(session, kept, &again);
  return resumed && !status ? diag_no_memory(diag) : status;
}
