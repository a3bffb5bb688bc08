#include "game/grade.h"

#include "core/intl.h"
#include "game/game.h"
#include "game/record.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static enum status issue(struct session *session, struct lines *out, struct diag *diag,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

static enum status issue(struct session *session, struct lines *out, struct diag *diag,
                         const char *format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length < 0 || (size_t)length >= sizeof line)
    return diag_set(diag, STATUS_DATA, SPAN_NONE, "%s", _("a name in the record is too long"));
  return session->interpreter->do_typed(session, line, out, diag);
}

static enum status begin_again(struct session *session, const struct record *record,
                               const char *file, struct diag *diag) {
  struct lines out;
  lines_init(&out);
  enum status status = issue(session, &out, diag, "open %s", record->lesson);
  const char *folder_end = strrchr(file, '/'), *base = strrchr(record->lesson, '/');
  if (status == STATUS_NO_INPUT && folder_end) /* a lesson that was handed in with the record */
    status = issue(session, &out, diag, "open %.*s/%s", (int)(folder_end - file), file,
                   base ? base + 1 : record->lesson);
  if (!status && record->page > 0)
    status = issue(session, &out, diag, "page %d", record->page);
  if (!status && record->freeze) status = issue(session, &out, diag, "freeze on");
  if (!status)
    status = issue(session, &out, diag, "hunt seed=%u level=%d bugs=%d edition=%d",
                   (uint32_t)record->seed, record->level, record->bugs, record->edition);
  lines_done(&out);
  if (status) return status;
  char text[17];
  snprintf(text, sizeof text, "%016" PRIx64, session->now.at.play->text);
  return strcmp(text, record->text) == 0
             ? STATUS_OK
             : record_refuse(diag, file, _("this record is of another text of the lesson"));
}

/* A record's commands come from outside: like a lesson's they may not touch files. What must not be
 * done again, such as the writing of a file, costs what it cost. */
static enum status do_again(struct session *session, const char *line, struct lines *out,
                            struct diag *diag) {
  const struct command *command = session->interpreter->find(line, strcspn(line, " \t"));
  if (!command || command->flags & (COMMAND_IN_LESSONS | COMMAND_OF_PLAYERS))
    return session->interpreter->do_typed(session, line, out, diag);
  return play_note(session, command, line, diag);
}

/* One command of the player at its time. What a wrong answer was told becomes a remark. */
static enum status act_again(struct session *session, json_t *act, struct grade *grade,
                             const char *file, struct diag *diag) {
  const char *line;
  double at;
  struct play *play = session->now.at.play;
  unsigned wrong = play->hunt.acts[HUNT_WRONG];
  struct lines out;
  if (json_unpack(act, "[F, s]", &at, &line) != 0 || !(at >= play->at))
    return record_refuse(diag, file, _("this record's acts are out of order"));
  play->at = at;
  lines_init(&out);
  enum status status = do_again(session, line, &out, diag);
  if (!status && play->hunt.acts[HUNT_WRONG] > wrong) {
    text_put_safe(&grade->remarks, line, strlen(line));
    text_printf(&grade->remarks, ": %s", text_string(&out.text));
  }
  lines_done(&out);
  return status;
}

static void take_result(struct grade *grade, const struct play *play) {
  const struct hunt *hunt = &play->hunt;
  grade->seed = hunt->seed;
  grade->level = play->options.level;
  grade->bugs = hunt->count;
  grade->found = hunt_found(hunt);
  grade->checks = hunt->acts[HUNT_CHECK];
  grade->looks = hunt->acts[HUNT_LOOK] + hunt->acts[HUNT_ENTRY];
  grade->hints = hunt->acts[HUNT_HINT_1] + hunt->acts[HUNT_HINT_2] + hunt->acts[HUNT_HINT_3];
  grade->wrong = hunt->acts[HUNT_WRONG];
  grade->score = hunt_score(hunt);
  grade->seconds = hunt->seconds;
  grade->over = hunt->over;
}

static enum status replay_record(struct session *session, const struct record *record,
                                 const char *file, struct grade *grade, struct diag *diag) {
  enum status status = begin_again(session, record, file, diag);
  size_t i;
  json_t *act;
  if (status) return status;
  session->now.at.play->at = 0;
  text_put_safe(&grade->lesson, record->lesson, strlen(record->lesson));
  json_array_foreach(record->acts, i, act) {
    if (status) break;
    status = act_again(session, act, grade, file, diag);
  }
  if (status) return status;
  take_result(grade, session->now.at.play);
  return (int)grade->score == record->score && (int)grade->found == record->found
             ? STATUS_OK
             : record_refuse(diag, file, _("this record's score is not what its acts earn"));
}

void grade_done(struct grade *grade) {
  text_done(&grade->lesson);
  text_done(&grade->remarks);
  *grade = (struct grade){0};
}

enum status grade_record(const char *file, const struct interpreter *interpreter,
                         struct grade *grade, struct diag *diag) {
  struct record record;
  struct session session;
  *grade = (struct grade){0};
  text_init(&grade->lesson);
  text_init(&grade->remarks);
  session_init(&session, interpreter);
  enum status status = record_read(file, &record, diag);
  if (!status) status = replay_record(&session, &record, file, grade, diag);
  session_done(&session);
  json_decref(record.document);
  return status;
}
