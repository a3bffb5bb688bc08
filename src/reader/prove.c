#include "reader/prove.h"

#include "core/intl.h"
#include "core/memory.h"
#include "lesson/open.h"
#include "reader/judge.h"
#include "reader/reading.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct prover {
  struct proof *proof;
  struct session *session;
  struct diag *diag;
  int page;
  struct span bug; /* the first bug about which nothing is said yet; source NULL: there is none */
};

void proof_done(struct proof *proof) {
  free(proof->failures);
  free(proof->warnings);
}

static enum status keep_failure(struct prover *prover) {
  struct proof *proof = prover->proof;
  if (!array_reserve(&proof->failures, &proof->failure_capacity, proof->failure_count + 1,
                     sizeof *proof->failures))
    return diag_no_memory(prover->diag);
  proof->failures[proof->failure_count++] = *prover->diag;
  return STATUS_OK;
}

static enum status keep_warning(struct prover *prover) {
  struct proof *proof = prover->proof;
  if (!array_reserve(&proof->warnings, &proof->warning_capacity, proof->warning_count + 1,
                     sizeof *proof->warnings))
    return diag_no_memory(prover->diag);
  proof->warnings[proof->warning_count++] = *prover->diag;
  return STATUS_OK;
}

/* -- figures in prose -- */

/* Warns of what a reader takes for a figure although nothing proves it. */
static enum status warn(struct prover *prover, struct figures *figures, struct span text,
                        struct span place) {
  bool resembles = true;
  if (text.source) {
    enum status status = figures_resembles(figures, text, &resembles, prover->diag);
    if (status) return status;
  }
  if (!resembles) return STATUS_OK;
  diag_set(prover->diag, STATUS_DATA, place, "%s",
           _("warning: this looks like a figure, but it is not proved"));
  if (text.source)
    diag_hint(prover->diag, "%s", _("a figure is EXPR = NUMBER: one sign, = or ≈, with a space on "
                                    "both sides, and one plain number"));
  else diag_hint(prover->diag, "%s", _("figures are proved in the text, not in the title"));
  return keep_warning(prover);
}

static enum status prove_figure(struct prover *prover, struct figures *figures,
                                const struct figure *figure) {
  char buffer[NUMBER_TEXT_SIZE];
  double value;
  bool holds;
  if (!figures_speaks(figures, figure))
    return warn(prover, figures,
                (struct span){figure->expr.source, figure->expr.start, figure->number.end},
                figure->place);
  enum status status = figures_agree(figures, figure, &holds, &value, prover->diag);
  if (status) return status;
  prover->proof->figures++;
  if (holds) return STATUS_OK;
  bool verdict = figure->is_word && value >= 0 && value < VERDICT_COUNT;
  const char *says = verdict ? verdict_names[(int)value] : number_text(value, buffer);
  if (figure->fault) {
    diag_set(prover->diag, STATUS_DATA, figure->place, "%s", number_fault_text(figure->fault));
    diag_hint(prover->diag, _("the model says %s"), says);
  } else {
    diag_set(prover->diag, STATUS_DATA, figure->place, _("the model says %s"), says);
  }
  return keep_failure(prover);
}

static enum status prove_figures(struct prover *prover, const struct page *page) {
  const struct lesson *lesson = prover->session->now.lesson;
  struct figures figures;
  enum status status = figures_init(&figures, prover->session, prover->diag);
  for (size_t b = 0; !status && b < page->block_count; b++) {
    const struct block *block = &lesson->blocks[page->first_block + b];
    for (size_t i = 0; !status && i < block->figure_count; i++)
      status = prove_figure(prover, &figures, &lesson->figures[block->first_figure + i]);
  }
  for (size_t i = 0; !status && i < lesson->lookalike_count; i++) {
    const struct lookalike *lookalike = &lesson->lookalikes[i];
    if (lookalike->page != (size_t)prover->page) continue;
    status = warn(prover, &figures, lookalike->text, lookalike->place);
  }
  figures_done(&figures);
  return status;
}

/* -- expectations -- */

static bool begins(struct span line, const char *word) {
  size_t length = strlen(word);
  return line.end - line.start >= length &&
         memcmp(line.source->text + line.start, word, length) == 0;
}

/* A command that puts a bug in, not one that switches one. */
static bool plants(struct span line) {
  return begins(line, "bug ") && !begins(line, "bug off ") && !begins(line, "bug on ");
}

static size_t word_length(struct span line) {
  size_t length = 0;
  while (line.start + length < line.end && !strchr(" \t", line.source->text[line.start + length]))
    length++;
  return length;
}

/* A command, not a comparison with a node of that name. */
static bool is_command(const struct session *session, struct span line) {
  size_t word = word_length(line);
  const char *text = line.source->text;
  uint32_t next = line.start + (uint32_t)word;
  while (next < line.end && strchr(" \t", text[next])) next++;
  return session->interpreter->find(text + line.start, word) &&
         (next >= line.end || !strchr("=!<>~", text[next]));
}

/* "refused COMMAND": a command that must not succeed. */
static enum status prove_refused(struct prover *prover, struct span line) {
  struct diag refusal;
  struct span command = {line.source, line.start + (uint32_t)word_length(line), line.end};
  command = span_trim(command);
  enum status status = reading_issue(prover->session, command, &refusal);
  prover->proof->expectations++;
  if (status == STATUS_NO_MEMORY || status == STATUS_CANCELLED) {
    *prover->diag = refusal;
    return status;
  }
  if (status) return STATUS_OK;
  diag_set(prover->diag, STATUS_DATA, command, "%s", _("this was not refused"));
  return keep_failure(prover);
}

static enum status prove_assertion(struct prover *prover, struct span line) {
  struct figures figures;
  char why[WHY_SIZE] = "";
  bool holds = false;
  enum status status = figures_init(&figures, prover->session, prover->diag);
  if (!status) status = figures_assert(&figures, line, &holds, why, prover->diag);
  figures_done(&figures);
  if (status) return status;
  prover->proof->expectations++;
  if (holds) return STATUS_OK;
  diag_set(prover->diag, STATUS_DATA, line, "%s", _("this does not hold"));
  diag_hint(prover->diag, "%s", why);
  return keep_failure(prover);
}

/* Whether LINE says what the check makes of the bugs before it: the verdict of the whole, or that a
 * tensor fails. */
static bool is_claim(struct span line) {
  bool fails = line.end - line.start > 4 &&
               memcmp(line.source->text + line.end - 4, "FAIL", 4) == 0;
  return begins(line, "verdict") && (fails || !begins(line, "verdict("));
}

static enum status prove_line(struct prover *prover, struct span line) {
  if (begins(line, "refused ")) return prove_refused(prover, line);
  if (!is_command(prover->session, line)) {
    if (is_claim(line)) prover->bug = SPAN_NONE;
    return prove_assertion(prover, line);
  }
  if (plants(line)) {
    prover->proof->bugs++;
    if (!prover->bug.source) prover->bug = line;
  }
  return reading_issue(prover->session, line, prover->diag);
}

/* A bug about which nothing was said must be caught. */
static enum status prove_caught(struct prover *prover) {
  struct session *session = prover->session;
  struct span bug = prover->bug;
  prover->bug = SPAN_NONE;
  if (!bug.source) return STATUS_OK;
  const struct source check = source_from("check", "check", strlen("check"));
  enum status status = STATUS_OK;
  if (!session->now.at.check) status = reading_issue(session, source_span(&check), prover->diag);
  if (status && status != STATUS_NO_MEMORY && status != STATUS_CANCELLED)
    diag_within(prover->diag, bug);
  if (status) return status;
  if (session->now.at.check->verdict == VERDICT_FAIL) return STATUS_OK;
  diag_set(prover->diag, STATUS_DATA, bug, _("the check does not catch this bug: it says %s"),
           verdict_names[session->now.at.check->verdict]);
  diag_hint(prover->diag, "%s", _("if that is the point, say so: verdict == PASS"));
  return keep_failure(prover);
}

static enum status prove_block(struct prover *prover, const struct block *block) {
  struct span rest = block->lines, line;
  struct exploration kept;
  enum status status = reading_try(prover->session, &kept, prover->diag);
  if (status) return status;
  prover->bug = SPAN_NONE;
  while (!status && lesson_line(&rest, &line)) status = prove_line(prover, line);
  if (!status) status = prove_caught(prover);
  return reading_resume(prover->session, kept, status, prover->diag);
}

/* Proves the bugs that the page begins with: the page's own assertions may say what becomes of
 * them. */
static enum status prove_planted(struct prover *prover, const struct page *page) {
  const struct block *blocks = prover->session->now.lesson->blocks + page->first_block;
  struct span line, planted = {0};
  bool claimed = false;
  struct exploration kept;
  for (size_t i = 0; i < page->block_count; i++) {
    struct span rest = blocks[i].lines;
    bool speaks = blocks[i].kind == BLOCK_DO || blocks[i].kind == BLOCK_EXPECT;
    while (speaks && lesson_line(&rest, &line)) {
      bool bug = plants(line);
      if (bug && blocks[i].kind == BLOCK_EXPECT) break; /* what follows is about that one */
      claimed = claimed || is_claim(line);
      if (!bug) continue;
      prover->proof->bugs++;
      if (!planted.source) planted = line;
    }
  }
  if (!planted.source || claimed) return STATUS_OK;
  enum status status = reading_try(prover->session, &kept, prover->diag);
  if (status) return status;
  prover->bug = planted;
  status = prove_caught(prover);
  return reading_resume(prover->session, kept, status, prover->diag);
}

/* -- quizzes -- */

static enum status prove_quiz(struct prover *prover, int quiz) {
  bool holds;
  enum status status = quiz_prove(prover->session, quiz, &holds, prover->diag);
  prover->proof->quizzes++;
  return status || holds ? status : keep_failure(prover);
}

/* -- the whole -- */

static enum status prove_page(struct prover *prover) {
  const struct lesson *lesson = prover->session->now.lesson;
  const struct page *page = &lesson->page[prover->page];
  enum status status = prove_figures(prover, page);
  if (!status) status = prove_planted(prover, page);
  for (size_t i = 0; !status && i < page->block_count; i++) {
    const struct block *block = &lesson->blocks[page->first_block + i];
    if (block->kind == BLOCK_EXPECT) status = prove_block(prover, block);
    if (block->kind == BLOCK_QUIZ) status = prove_quiz(prover, block->quiz);
  }
  return status;
}

/* Finds the path of the original of FILE, a translation in a folder named for a language; false if
 * FILE is no translation. */
static bool find_original(const char *file, struct text *path) {
  const char *name = strrchr(file, '/');
  if (!name) return false;
  size_t folder = (size_t)(name - file), start = folder;
  while (start > 0 && file[start - 1] != '/') start--;
  if (folder - start != 2 || file[start] == '.') return false;
  text_put(path, file, start);
  text_puts(path, name + 1);
  return !path->failed && access(text_string(path), F_OK) == 0;
}

static enum status prove_translation(struct prover *prover) {
  struct text path;
  struct lesson original = {0};
  text_init(&path);
  enum status status = STATUS_OK;
  if (find_original(text_string(&prover->session->now.lesson->path), &path)) {
    status = lesson_open(&original, text_string(&path), 0, prover->diag);
    if (!status && !lesson_same_fences(prover->session->now.lesson, &original, prover->diag))
      status = keep_failure(prover);
    lesson_done(&original);
  }
  text_done(&path);
  return status;
}

enum status prove_lesson(struct proof *proof, struct session *session, const char *what,
                         struct diag *diag) {
  struct lines ignored;
  struct prover prover = {.proof = proof, .session = session, .diag = diag};
  *proof = (struct proof){0};
  lines_init(&ignored);
  enum status status = reading_open(session, what, &ignored, diag);
  int last = status ? -1 : lesson_last_page(session->now.lesson);
  if (!status && last == 0)
    status = diag_set(diag, STATUS_DATA, SPAN_NONE, _("%s: this lesson has no pages"),
                      text_string(&session->now.lesson->path));
  for (int page = 0; !status && page <= last; page++) {
    prover.page = page;
    status = reading_enter(session, page, &ignored, diag);
    if (!status) status = prove_page(&prover);
    proof->pages += !status && page > 0;
  }
  if (!status) status = prove_translation(&prover);
  lines_done(&ignored);
  return status;
}

/* TRANSLATORS: a list, "5 pages, 12 figures, 0 bugs", whose items are separated by commas. */
void proof_summary(const struct proof *proof, struct text *out) {
  const size_t warnings = proof->warning_count;
  text_printf(out, proof->pages == 1 ? _("%zu page") : _("%zu pages"), proof->pages);
  text_puts(out, ", ");
  text_printf(out, proof->figures == 1 ? _("%zu figure") : _("%zu figures"), proof->figures);
  text_puts(out, ", ");
  text_printf(out, proof->expectations == 1 ? _("%zu expectation") : _("%zu expectations"),
              proof->expectations);
  text_puts(out, ", ");
  text_printf(out, proof->bugs == 1 ? _("%zu bug") : _("%zu bugs"), proof->bugs);
  text_puts(out, ", ");
  text_printf(out, proof->quizzes == 1 ? _("%zu quiz") : _("%zu quizzes"), proof->quizzes);
  if (warnings == 0) return;
  text_puts(out, ", ");
  text_printf(out, warnings == 1 ? _("%zu warning") : _("%zu warnings"), warnings);
}
