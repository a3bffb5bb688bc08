/* The log of a run of the explorer: each key, the commands that it led to, and what these changed
 * or why they were refused. A line is in the file before the next thing happens, so that a crash
 * leaves the log whole. A log without a file takes everything and writes nothing. */
#ifndef GRADWALK_TUI_KEY_LOG_H
#define GRADWALK_TUI_KEY_LOG_H

#include "lang/diag.h"

#include <stdbool.h>
#include <stdio.h>

struct tensor_check;

/* What the log has told of the session so far (changes.h). */
struct key_log_state {
  bool open, frozen;
  int view, page, question, focus, precision;
  size_t position, done, undone, bug_count; /* done, undone: commands of the session's log */
  uint64_t source, rules;             /* hashes of the model's text and of its rule lines */
  const struct tensor_check *checked; /* by the last check; NULL: there is none */
};

struct key_log {
  FILE *file; /* NULL: no log */
  struct key_log_state told;
};

/* Appends to PATH; NULL: no log. STATUS_IO if nothing can be written there. */
enum status key_log_open(struct key_log *log, const char *path, struct diag *diag);

/* Ends the log. STATUS_IO if a line of it could not be written. */
enum status key_log_close(struct key_log *log, struct diag *diag);

/* One key, as it came from term_key(). */
void key_log_key(struct key_log *log, int key);

/* "  WHAT STRING", with STRING made safe, line by line where it has several. */
void key_log_line(struct key_log *log, const char *what, const char *string);

#endif
