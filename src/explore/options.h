/* Options of the command line: one table (options.def) for parsing, help and the manual. */
#ifndef GRADWALK_EXPLORE_OPTIONS_H
#define GRADWALK_EXPLORE_OPTIONS_H

#include "check/check.h"
#include "train/train.h"

#include <stdbool.h>
#include <stddef.h>

enum verb {
  VERB_WALK = 1,
  VERB_LIST = 2,
  VERB_EVAL = 4,
  VERB_CHECK = 8,
  VERB_RUN = 16,
  VERB_HELP = 32,
  VERB_SWEEP = 64, /* the command; nothing on the command line */
  VERB_TEST = 128,
  VERB_NEW = 256,
  VERB_BUGS = 1 << 12,
  VERB_HUNT = 1 << 13,
  VERB_TRAIN = 512,
  VERB_GRADE = 1 << 14,
  VERB_TRACE = 1 << 16,
  VERB_OUTSIDE = 1 << 15 /* of an option: the command line's alone, no word of a command */
};

enum option_kind {
  OPTION_FLAG,
  OPTION_NUMBER,
  OPTION_COUNT,
  OPTION_TEXT,
  OPTION_LIST,  /* given several times */
  OPTION_NAMES, /* NAME,NAME,… */
  OPTION_CHOICE
};

/* Texts that an option may bring several times; the list lends them. */
struct option_list {
  const char **items;
  size_t count, capacity;
};

struct options {
  double eps, tolerance;         /* 0 and negative: not given */
  double autoplay;               /* 0: not given */
  int method, evaluate, precision; /* index of the choice; precision: -1 if no word gave it */
  int page, directions, threads; /* 0: not given */
  int level, bug_count;          /* likewise; of a hunt */
  int edition;                   /* likewise; of the catalogue of bugs */
  double rate, momentum;         /* of train */
  int steps, batch, seed;        /* seed: -1 if not given */
  bool check;
  bool frozen, json, plain, ascii, no_mouse, matrix, csv;
  const char *statements, *save, *load, *record, *trace;
  struct option_list params, bugs, unfolds;
  char *words; /* what options_parse_words() cut up */
};

/* Parses argv[1..] for VERB. Operands (file names) are moved to the front, as getopt does; *FIRST
 * is the index of the first. Ends with options_done(). */
enum status options_parse(struct options *options, enum verb verb, int argc, char **argv,
                          int *first, struct diag *diag);
void options_done(struct options *options);

/* The same options as words of a session's command: "eps=1e-7 tolerance=2e-7 freeze"; with dashes
 * they are the same, for those who come from the command line. */
enum status options_parse_words(struct options *options, enum verb verb,
                                const struct source *words, struct diag *diag);

/* Whether NAME is such a word of VERB's command, as in "eps=1e-7". */
bool options_has(enum verb verb, const char *name, size_t length);

/* What they say about a check. The result lends from OPTIONS. */
struct check_options options_check(const struct options *options);

/* Describes option INDEX, from 0; the argument is NULL if it takes none. False after the last. */
struct option_help {
  const char *name, *argument, *help;
  unsigned verbs;
};
bool options_describe(int index, struct option_help *option);

/* What they say about a training. */
struct train_options options_train(const struct options *options);

/* A line of help for every option of VERB, as it is given on the command line. */
void options_help(struct text *out, enum verb verb);

/* The same as words of VERB's command; nothing for 0. */
void options_help_words(struct text *out, enum verb verb);

/* Describes number INDEX, from 0, of those words. False after the last. */
bool options_word(enum verb verb, int index, struct option_help *option);

#endif
