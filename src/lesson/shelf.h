/* The lessons there are, read from disk once. A shelf owns its entries until shelf_done(). */
#ifndef GRADWALK_LESSON_SHELF_H
#define GRADWALK_LESSON_SHELF_H

#include "lang/diag.h"

struct shelf_entry {
  char *name;  /* as "open" takes it: 01-chain-rule */
  char *title; /* what is wrong with the lesson, if it cannot be read */
  bool broken;
};

struct shelf {
  struct shelf_entry *entries; /* in the order of their file names */
  size_t count;
};

/* Reads it anew. A failure, which DIAG describes, leaves an empty shelf; a broken lesson is no
 * failure. */
enum status shelf_load(struct shelf *shelf, struct diag *diag);
void shelf_done(struct shelf *shelf);

#endif
