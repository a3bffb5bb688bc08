/* The lines of a quiz fence. */
#include "lesson/read.h"

#include "core/intl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const keys[] = {"try", "answer", "wrong", "choice"};

enum { KEY_COUNT = sizeof keys / sizeof *keys, KEY_MOST = 16 };

bool quiz_value(struct span line, const char *key, struct span *value) {
  size_t length = strlen(key), size = line.end - line.start;
  const char *text = line.source->text + line.start;
  if (size <= length || memcmp(text, key, length) != 0 || text[length] != ':') return false;
  *value = span_trim((struct span){line.source, line.start + (uint32_t)length + 1, line.end});
  return true;
}

bool span_split(struct span span, const char *mark, struct span *left, struct span *right) {
  size_t size = strlen(mark);
  for (uint32_t at = span.start; at + size <= span.end; at++) {
    if (memcmp(span.source->text + at, mark, size) != 0) continue;
    *left = span_trim((struct span){span.source, span.start, at});
    *right = span_trim((struct span){span.source, at + (uint32_t)size, span.end});
    return left->end > left->start && right->end > right->start;
  }
  return false;
}

static enum status unknown_key(struct span line, struct diag *diag) {
  char word[KEY_MOST] = "";
  size_t length = 0;
  while (length < sizeof word - 1 && line.start + length < line.end &&
         line.source->text[line.start + length] != ':')
    length++;
  memcpy(word, line.source->text + line.start, length);
  const char *best = suggest_name(word, keys, KEY_COUNT);
  diag_set(diag, STATUS_DATA, line, "%s", _("a line of a quiz begins with one of its keys"));
  if (best) diag_hint(diag, _("did you mean %s:?"), best);
  else diag_hint(diag, "%s", _("the keys are answer:, choice:, wrong: and try:"));
  return STATUS_DATA;
}

static enum status read_tolerance(struct quiz *quiz, struct span text, struct diag *diag) {
  char digits[40] = "", *end;
  size_t length = text.end - text.start;
  if (length < sizeof digits) memcpy(digits, text.source->text + text.start, length);
  quiz->tolerance = strtod(digits, &end);
  if (*digits && *end == '\0' && quiz->tolerance > 0 && isfinite(quiz->tolerance))
    return STATUS_OK;
  return diag_set(diag, STATUS_DATA, text, "%s", _("a tolerance is a number above 0"));
}

static enum status read_answer(struct quiz *quiz, struct span value, struct diag *diag) {
  struct span left, right;
  if (span_split(value, " where ", &left, &right)) {
    quiz->kind = QUIZ_NAME;
    quiz->answer = left;
    quiz->proof = right;
    return STATUS_OK;
  }
  enum status status = STATUS_OK;
  if (span_split(value, " +- ", &left, &right)) {
    status = read_tolerance(quiz, right, diag);
    value = left;
  }
  if (status) return status;
  quiz->kind = QUIZ_NUMBER;
  quiz->answer = value;
  if (figure_parse(value, &quiz->figure) && !quiz->figure.is_word)
    return quiz->figure.fault ? diag_set(diag, STATUS_DATA, quiz->figure.number, "%s",
                                         number_fault_text(quiz->figure.fault))
                              : STATUS_OK;
  diag_set(diag, STATUS_DATA, value, "%s", _("an answer must come with what proves it"));
  diag_hint(diag, "%s", _("write \"EXPR = NUMBER\", or \"NAME where CONDITION\""));
  return STATUS_DATA;
}

static enum status read_line(struct quiz *quiz, struct span line, bool *answered,
                             struct diag *diag) {
  struct span value;
  if (quiz_value(line, "try", &value)) return STATUS_OK;
  if (quiz_value(line, "wrong", &value)) {
    quiz->wrong_count++;
    return STATUS_OK;
  }
  bool choice = quiz_value(line, "choice", &value);
  if (!choice && !quiz_value(line, "answer", &value)) return unknown_key(line, diag);
  if (*answered && (!choice || quiz->kind != QUIZ_CHOICE))
    return diag_set(diag, STATUS_DATA, line, "%s", _("this quiz has an answer already"));
  *answered = true;
  if (!choice) return read_answer(quiz, value, diag);
  quiz->kind = QUIZ_CHOICE;
  quiz->choice_count++;
  return STATUS_OK;
}

enum status read_quiz(struct quiz *quiz, struct span lines, struct diag *diag) {
  struct span line;
  bool answered = false;
  enum status status = STATUS_OK;
  quiz->tolerance = -1;
  while (!status && lesson_line(&lines, &line)) status = read_line(quiz, line, &answered, diag);
  if (status) return status;
  if (!answered) {
    diag_set(diag, STATUS_DATA, quiz->place, "%s", _("this quiz has no answer"));
    diag_hint(diag, "%s", _("expected a line such as \"answer: dq = -4\""));
    return STATUS_DATA;
  }
  if (quiz->kind != QUIZ_CHOICE) return STATUS_OK;
  if (quiz->wrong_count > 0)
    return diag_set(diag, STATUS_DATA, quiz->place, "%s",
                    _("a quiz with choices has no \"wrong:\" lines; the choices are there"));
  quiz->wrong_count = quiz->choice_count - 1;
  return STATUS_OK;
}
