/* How far a reader is with each lesson, kept in a text file of the user's own
 * ($XDG_STATE_HOME/gradwalk/progress):
 *     gradwalk progress 1
 *     01-chain-rule 3 4 rs-
 * that is, a lesson, the furthest page, its pages, and a letter for each quiz: right, skipped, or
 * not answered. Merging two files takes the further of both, so that no order of writing loses
 * anything. A struct progress owns its entries until progress_done(). */
#ifndef GRADWALK_LESSON_PROGRESS_H
#define GRADWALK_LESSON_PROGRESS_H

#include "lang/diag.h"

#include <stdbool.h>

enum { PROGRESS_NAME = 100, PROGRESS_QUIZZES = 1000, PROGRESS_ENTRIES = 10000 };

enum { MARK_OPEN = '-', MARK_SKIPPED = 's', MARK_RIGHT = 'r' };

struct progress_entry {
  char name[PROGRESS_NAME]; /* of the lesson's file, without its ending */
  int page, pages;          /* the furthest, and the count */
  char *marks;              /* one for each quiz */
};

struct progress {
  struct progress_entry *entries;
  size_t count, capacity;
  bool damaged; /* lines were left out because they make no sense */
};

void progress_done(struct progress *progress);

/* Reads the bytes of a file. STATUS_LIMIT if a newer program wrote it, so that it must be left
 * alone; otherwise what makes no sense is left out. */
enum status progress_parse(struct progress *progress, const char *bytes, size_t length,
                           struct diag *diag);
void progress_put(const struct progress *progress, struct text *out);

/* The further of what is there and ENTRY. */
enum status progress_merge(struct progress *progress, const struct progress_entry *entry,
                           struct diag *diag);

/* What is known of the lesson NAME, or NULL. */
const struct progress_entry *progress_find(const struct progress *progress, const char *name);
size_t progress_marked(const struct progress_entry *entry, char mark);

/* Begins ENTRY for the lesson in the file PATH; marks are the caller's. */
void progress_name(struct progress_entry *entry, const char *path);

/* The user's own file. Nothing is kept, and that is no failure, where there is no folder for it. */
enum status progress_load(struct progress *progress, struct diag *diag);

/* Merges ENTRY into the user's file, while no other program does. When it returns STATUS_OK the
 * entry is on the disk. A file with lines that make no sense is kept beside as progress.bad-N. */
enum status progress_save(const struct progress_entry *entry, struct diag *diag);

#endif
