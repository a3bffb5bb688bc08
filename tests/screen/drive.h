/* What the driver of screen tests shares with its fuzzer. */
#ifndef GRADWALK_TESTS_DRIVE_H
#define GRADWALK_TESTS_DRIVE_H

#include "child.h"

/* Splits LINE of a script into at most MOST_WORDS words, in place, with a NULL behind them, and
 * returns how many there are. A quoted word keeps its opening quote, to be told from a key. */
enum { MOST_WORDS = 64 };
int split_words(char *line, char *words[MOST_WORDS + 1]);

/* The environment of the program under test, and the scratch folder that it calls home. Owned by
 * scratch_done(), which removes the folder. */
struct scratch {
  char folder[256];
  char **environment; /* NULL at the end */
  size_t count;
};

void scratch_init(struct scratch *scratch);
void scratch_done(struct scratch *scratch);

/* "NAME=VALUE" sets, "NAME" alone unsets. */
void scratch_setenv(struct scratch *scratch, const char *assignment);

/* A whole file, "" if it cannot be read; the caller frees it. Writing makes its folders too. */
char *read_whole(const char *path);
bool write_whole(const char *path, const char *text);

/* What a sanitizer has reported so far, or NULL; the caller frees it. */
char *scratch_reports(const struct scratch *scratch);

/* The bytes that the terminal sends for the key NAME; 0 if there is no such key. */
size_t key_bytes(const struct vt *vt, const char *name, char bytes[16]);

/* Random keys and sizes against $GRADWALK ARGUMENTS for SECONDS. Prints TAP; returns an exit
 * status. */
int fuzz(double seconds, unsigned long seed, char **arguments);

#endif
