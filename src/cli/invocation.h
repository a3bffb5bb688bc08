/* One call of the program: what the verbs share. */
#ifndef GRADWALK_CLI_INVOCATION_H
#define GRADWALK_CLI_INVOCATION_H

#include "check/check.h"
#include "explore/options.h"
#include "lesson/lesson.h"
#include "reader/progress_writer.h"
#include "report/report.h"

#include <signal.h>

struct invocation {
  struct options options;
  const char *const *operands; /* after the verb */
  size_t operand_count;
  struct lesson lesson;
  struct model model;
  struct lines out; /* printed as a whole at the end, or not at all */
  struct diag diag;
  bool reported; /* the diag has been printed */
  struct style style;
  bool colour;
  struct progress_writer *progress_writer; /* of the reader's progress; NULL: nobody reads */
};

enum { EXIT_MISTAKE = 1, EXIT_UNDECIDED = 2 };

/* Set by Ctrl-C while it is caught; long work looks at it. */
extern volatile sig_atomic_t call_interrupted;
void call_catch_interrupt(bool catch);

/* The signal that asks a session to end, or 0, while these are caught. */
extern volatile sig_atomic_t call_ending;
void call_catch_endings(bool catch);

/* A bar on standard error for checks that take longer than a moment. */
struct progress_bar {
  double started, shown; /* 0: not yet */
  size_t first;          /* what was done when it started */
  bool drawn;
};

/* What draws the bar, its context; NULL where standard error is no terminal. */
typedef void call_progress(void *context, size_t done, size_t total);
call_progress *call_bar(void);
void call_clear_progress(const struct progress_bar *progress);

/* Prints what was made; what cannot be written whole is an error, never a success. */
int call_print(struct invocation *call);
void call_print_diag(const struct diag *diag);

/* The lesson or model that the operands and options name, with the edits that they ask for. */
enum status call_open_lesson(struct invocation *call);
enum status call_open_model(struct invocation *call);

/* The exit status that tells a verdict. */
int call_verdict_status(enum verdict verdict);

/* The verb that WRONG may have meant, or NULL. */
const char *call_nearest_verb(const char *wrong);

/* Verbs: each returns its exit status. */
int verb_eval(struct invocation *call);
int verb_check(struct invocation *call);
int verb_bugs(struct invocation *call);
int verb_trace(struct invocation *call);
int verb_train(struct invocation *call);
int verb_run(struct invocation *call);
int verb_walk(struct invocation *call);
int verb_hunt(struct invocation *call);

#endif
