/* The record of a hunt, which a player hands in: JSON with a seal over all of it. */
#ifndef GRADWALK_GAME_RECORD_H
#define GRADWALK_GAME_RECORD_H

#include "game/play.h"
#include "report/json.h"

/* What a record says. It lends from its document, which ends with json_decref(). */
struct record {
  json_t *document;
  const char *lesson, *text;
  int page, level, bugs, freeze, edition, found, over, score;
  json_int_t seed;
  double seconds;
  json_t *acts;
};

/* Appends the record of PLAY to OUT. STATUS_NO_MEMORY. */
enum status record_make(const struct play *play, struct text *out);

/* Reads the record in FILE. STATUS_DATA if it is cut off, edited, or no record at all. */
enum status record_read(const char *file, struct record *record, struct diag *diag);

/* STATUS_DATA: the record in FILE is not to be believed, and WHY. */
enum status record_refuse(struct diag *diag, const char *file, const char *why);

#endif
