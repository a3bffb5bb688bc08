#include "core/hash.h"
#include "core/intl.h"
#include "game/game.h"
#include "io/file.h"
#include "report/json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_FORMAT = 1, MAX_ACTS = 100000 };

static const struct span nowhere = {0};

/* -- making one -- */

/* A hash over the document in its canonical form. It shows a slip or a casual change, not the work
 * of somebody who reads this file. */
static bool seal_of(const json_t *document, char seal[17]) {
  uint64_t hash = hash_mix(HASH_START, 0x67726164);
  char *text = json_dumps(document, JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(17));
  if (!text) return false;
  for (int round = 0; round < 2; round++)
    hash = hash_bytes(hash, text, strlen(text));
  free(text);
  snprintf(seal, 17, "%016" PRIx64, hash);
  return true;
}

static json_t *acts_json(const struct play *play) {
  json_t *acts = json_array();
  for (size_t i = 0; acts && i < play->act_count; i++)
    if (json_array_append_new(acts,
                              json_pack("[f, s]", play->acts[i].at, play->acts[i].line))) {
      json_decref(acts);
      return NULL;
    }
  return acts;
}

enum status record_make(const struct session *session, struct text *out) {
  const struct play *play = session->now.play;
  const struct hunt *hunt = &play->hunt;
  char text[17], seal[17];
  snprintf(text, sizeof text, "%016" PRIx64, play->text);
  const bool later = play->options.edition > FIRST_EDITION; /* a record of the first names none */
  json_t *document = json_pack(
      "{s:i, s:s, s:i, s:s, s:I, s:i, s:i, s:b, s:o*, s:o, s:f, s:i, s:b, s:i}", "gradwalk-hunt",
      RECORD_FORMAT, "lesson", play->lesson, "step", play->page, "text", text, "seed",
      (json_int_t)hunt->seed, "level", play->options.level, "bugs", play->options.bugs, "freeze",
      play->options.frozen, "edition", later ? json_integer(play->options.edition) : NULL, "acts",
      acts_json(play), "seconds", hunt->seconds, "found", (int)hunt_found(hunt), "over",
      hunt->over, "score", (int)hunt_score(hunt));
  if (!document || !seal_of(document, seal) ||
      json_object_set_new(document, "seal", json_string(seal))) {
    json_decref(document);
    return STATUS_NO_MEMORY;
  }
  return json_print(out, document, JSON_INDENT(1));
}

/* -- reading one -- */

struct record {
  json_t *document;
  const char *lesson, *text;
  int page, level, bugs, freeze, edition, found, over, score;
  json_int_t seed;
  double seconds;
  json_t *acts;
};

static enum status refuse(struct diag *diag, const char *file, const char *why) {
  return diag_set(diag, STATUS_DATA, nowhere, "%s: %s", file, why);
}

static enum status check_seal(json_t *document, const char *file, struct diag *diag) {
  char seal[17], kept[17] = "";
  const char *found = json_string_value(json_object_get(document, "seal"));
  if (found) snprintf(kept, sizeof kept, "%s", found);
  json_object_del(document, "seal");
  if (!seal_of(document, seal)) return diag_no_memory(diag);
  return strcmp(seal, kept) == 0
             ? STATUS_OK
             : refuse(diag, file, _("this record was changed after it was written"));
}

static enum status read_record(const char *file, struct record *record, struct diag *diag) {
  struct text text;
  json_error_t error;
  int format = 0;
  *record = (struct record){.edition = FIRST_EDITION};
  text_init(&text);
  enum status status = file_read(file, &text, diag);
  if (!status)
    record->document = json_loads(text_string(&text), JSON_REJECT_DUPLICATES, &error);
  text_done(&text);
  if (status) return status;
  if (!record->document)
    return refuse(diag, file, _("this is no whole record: it ends early, or is no JSON"));
  if (json_unpack(record->document, "{s:i}", "gradwalk-hunt", &format) != 0)
    return refuse(diag, file, _("this is no record of a hunt"));
  if (format != RECORD_FORMAT)
    return refuse(diag, file, _("this record was written by another version of gradwalk"));
  status = check_seal(record->document, file, diag);
  if (status) return status;
  if (json_unpack(
          record->document, "{s:s, s:i, s:s, s:I, s:i, s:i, s:b, s?i, s:o, s:F, s:i, s:b, s:i}",
          "lesson", &record->lesson, "step", &record->page, "text", &record->text, "seed",
          &record->seed, "level", &record->level, "bugs", &record->bugs, "freeze", &record->freeze,
          "edition", &record->edition, "acts", &record->acts, "seconds", &record->seconds, "found",
          &record->found, "over", &record->over, "score", &record->score) != 0 ||
      !json_is_array(record->acts) || json_array_size(record->acts) > MAX_ACTS ||
      record->seed < 0 || record->seed > UINT32_MAX)
    return refuse(diag, file, _("this record lacks something that every record has"));
  if (record->edition < FIRST_EDITION || record->edition > catalogue_newest())
    return refuse(diag, file, _("this record is of a later edition of the catalogue of bugs"));
  return STATUS_OK;
}

/* -- playing it again -- */

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
    return diag_set(diag, STATUS_DATA, nowhere, "%s", _("a name in the record is too long"));
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
  snprintf(text, sizeof text, "%016" PRIx64, session->now.play->text);
  return strcmp(text, record->text) == 0
             ? STATUS_OK
             : refuse(diag, file, _("this record is of another text of the lesson"));
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
  struct play *play = session->now.play;
  unsigned wrong = play->hunt.acts[HUNT_WRONG];
  struct lines out;
  if (json_unpack(act, "[F, s]", &at, &line) != 0 || !(at >= play->at))
    return refuse(diag, file, _("this record's acts are out of order"));
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
  session->now.play->at = 0;
  text_put_safe(&grade->lesson, record->lesson, strlen(record->lesson));
  json_array_foreach(record->acts, i, act) {
    if (status) break;
    status = act_again(session, act, grade, file, diag);
  }
  if (status) return status;
  take_result(grade, session->now.play);
  return (int)grade->score == record->score && (int)grade->found == record->found
             ? STATUS_OK
             : refuse(diag, file, _("this record's score is not what its acts earn"));
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
  enum status status = read_record(file, &record, diag);
  if (!status) status = replay_record(&session, &record, file, grade, diag);
  session_done(&session);
  json_decref(record.document);
  return status;
}
