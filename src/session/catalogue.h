/* The lessons there are, read from disk once. A catalogue owns its entries until catalogue_done(). */
#ifndef GRADWALK_SESSION_CATALOGUE_H
#define GRADWALK_SESSION_CATALOGUE_H

#include "lang/diag.h"

struct catalogue_entry {
  char *name;  /* as "open" takes it: 01-chain-rule */
  char *title; /* what is wrong with the lesson, if it cannot be read */
  bool broken;
};

struct catalogue {
  struct catalogue_entry *entries; /* in the order of their file names */
  size_t count;
};

/* Reads it anew. A failure, of which DIAG tells, leaves an empty catalogue; a broken lesson is none. */
enum status catalogue_load(struct catalogue *catalogue, struct diag *diag);
void catalogue_done(struct catalogue *catalogue);

#endif
