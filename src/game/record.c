#include "game/record.h"

#include "core/hash.h"
#include "core/intl.h"
#include "io/file.h"
#include "report/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_FORMAT = 1, MAX_ACTS = 100000 };


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

enum status record_make(const struct play *play, struct text *out) {
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

enum status record_refuse(struct diag *diag, const char *file, const char *why) {
  return diag_set(diag, STATUS_DATA, SPAN_NONE, "%s: %s", file, why);
}

static enum status check_seal(json_t *document, const char *file, struct diag *diag) {
  char seal[17], kept[17] = "";
  const char *found = json_string_value(json_object_get(document, "seal"));
  if (found) snprintf(kept, sizeof kept, "%s", found);
  json_object_del(document, "seal");
  if (!seal_of(document, seal)) return diag_no_memory(diag);
  return strcmp(seal, kept) == 0
             ? STATUS_OK
             : record_refuse(diag, file, _("this record was changed after it was written"));
}

enum status record_read(const char *file, struct record *record, struct diag *diag) {
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
    return record_refuse(diag, file, _("this is no whole record: it ends early, or is no JSON"));
  if (json_unpack(record->document, "{s:i}", "gradwalk-hunt", &format) != 0)
    return record_refuse(diag, file, _("this is no record of a hunt"));
  if (format != RECORD_FORMAT)
    return record_refuse(diag, file, _("this record was written by another version of gradwalk"));
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
    return record_refuse(diag, file, _("this record lacks something that every record has"));
  if (record->edition < FIRST_EDITION || record->edition > catalogue_newest())
    return record_refuse(diag, file, _("this record is of a later edition of the catalogue of bugs"));
  return STATUS_OK;
}
