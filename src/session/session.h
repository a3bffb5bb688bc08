/* A session: the whole state of one exploration. It owns everything below it until session_done().
 * Commands (command.h) are the only way to change it; views and reports only read it. It knows no
 * terminal and prints nothing. */
#ifndef GRADWALK_SESSION_SESSION_H
#define GRADWALK_SESSION_SESSION_H

#include "check/check.h"
#include "lesson/lesson.h"
#include "session/report.h"

/* One step of the walk: a node's value, the 1 that arrives at the loss, or the rule lines of one
 * node (one line of a backward block). */
enum step_kind { STEP_FORWARD, STEP_SEED, STEP_BACKWARD };

struct step {
  enum step_kind kind;
  int node; /* visible node; -1 for a line of a backward block */
  size_t first_rule, rule_count;
};

struct matrix;

/* What a step of a lesson leaves behind while the reader is at another one, so that it can be come
 * back to as it was. */
struct stage {
  bool kept;
  struct model model;
  struct run run;
  struct step *steps;
  size_t step_count, step_capacity, forward_count, position;
  int *value_step, *gradient_step;
  int focus;
  enum precision precision;
  bool frozen, has_check, has_sweep, has_history, pending;
  struct check check;
  struct sweep sweep;
  struct history history;
  struct matrix *matrix;
};

enum quiz_state { QUIZ_OPEN, QUIZ_RIGHT, QUIZ_SKIPPED };

/* How far the reader is with one quiz of the lesson. */
struct quiz_progress {
  enum quiz_state state;
  int hints, tries; /* shown; wrong answers */
  int choice;       /* the right one, from 1, once it may be told */
};

struct session;
struct play;

/* Who takes `answer`, `hint` and `skip` when somebody else than the lesson's quizzes asks. */
struct examiner {
  enum status (*answer)(struct session *session, const char *arguments, struct text *out,
                        struct diag *diag);
  enum status (*hint)(struct session *session, struct text *out, struct diag *diag);
  enum status (*skip)(struct session *session, struct text *out, struct diag *diag);
};

struct session {
  bool is_open; /* a lesson or model is open; what follows is only valid then */
  struct lesson lesson;
  struct model model;
  struct run run; /* as far as the walk has come */
  struct step *steps;
  size_t step_count, step_capacity, forward_count;
  size_t position; /* steps done */
  int *value_step, *gradient_step; /* by node: the walk must be past this step; -1: never */
  int focus; /* node */
  enum precision precision;
  bool frozen;
  int edition; /* of the catalogue of bugs; 0: the newest */
  struct check check; /* the last one, if nothing has changed since */
  bool has_check;
  struct sweep sweep; /* likewise */
  bool has_sweep;
  struct history history; /* of the training that led here, likewise */
  bool has_history;
  struct matrix *matrix; /* likewise; or NULL */
  int page;                 /* the step of the lesson that the reader is at */
  struct stage *stages;     /* by step of the lesson */
  bool pending;             /* the questions that this step begins with have yet to be asked */
  struct quiz_progress *quizzes; /* by quiz of the lesson */
  const struct examiner *examiner; /* NULL: the lesson's quizzes */
  struct play *play;        /* the hunt that is on, or was the last; or NULL */
  bool replaying;           /* the log is carried out again */
  bool terse;               /* nobody reads what a check has to say besides its figures */
  const struct check *running; /* the check under way, for whoever is told of its progress */
  const struct history *training; /* likewise of a training */
  char **log; /* commands that changed something, in order */
  size_t log_count, log_capacity;
  size_t log_done; /* those in force; the rest was undone */
  bool unchanged; /* the last command, one that changes, found nothing to change */
  char log_suffix[32]; /* to be added to the line under way when it is logged */
  bool quitting;
  int script_depth; /* of scripts that source scripts */
  struct style style; /* for the text that commands print */
  const volatile sig_atomic_t *cancel; /* may be NULL */
  void (*progress)(void *context, size_t done, size_t total); /* may be NULL */
  void *progress_context;
  /* Writes what is on the screen to a file, as the ending of PATH says; NULL: there is no screen.
   * */
  enum status (*screen)(void *context, const char *path, struct diag *diag);
  void *screen_context;
};

void session_init(struct session *session);
void session_done(struct session *session);

/* Gives TO, which ends with that, the state of FROM, of which nothing is left to be done. A session
 * cannot be copied by assignment: its run points into its model. */
void session_move(struct session *to, struct session *from);

/* Back to where nothing is open; the log stays. */
void session_close(struct session *session);

/* Opens a lesson or model as lesson_open() does, at its start. What the questions in its first `do`
 * fences have to say is appended to OUT. A failure leaves the session as it was. */
enum status session_open(struct session *session, const char *what, struct text *out,
                         struct diag *diag);

/* Goes to a step of the lesson: to one that was visited before as it was left, else to its
 * beginning, which is the model in force and the commands of its `do` fences. What the questions
 * among these have to say is appended to OUT. A failure leaves the session as it was. */
enum status session_enter(struct session *session, int page, struct text *out,
                          struct diag *diag);

/* While the log is replayed, the questions that a step begins with (a long check, perhaps) are put
 * off. This asks those of the reader's step, if they still are to be. */
enum status session_catch_up(struct session *session, struct text *out, struct diag *diag);

/* Sets the session's model aside in *STAGE and begins PAGE anew, without the memory of it; then
 * session_resume() brings back what was there. After a failure there is nothing to bring back. */
enum status session_try(struct session *session, int page, struct stage *stage,
                        struct diag *diag);
void session_resume(struct session *session, struct stage *stage);

/* Call after a change of the model or its values: makes the steps anew (keeping the place in the
 * walk as far as it exists) and computes up to there. */
enum status session_refresh(struct session *session, struct diag *diag);

/* Keeps MATRIX, which was found of the model as it stands and lies on the heap, instead of the last
 * one; NULL: none. */
void session_keep_matrix(struct session *session, struct matrix *matrix);

/* Goes to POSITION steps from the start and computes up to there. */
enum status session_go(struct session *session, size_t position, struct diag *diag);

/* Whether the walk has computed NODE's value, or any of its gradient. */
bool session_has_value(const struct session *session, int node);
bool session_has_gradient(const struct session *session, int node);

/* The node called NAME, or a diagnosis with the nearest name. */
enum status session_find(const struct session *session, const char *name, int *node,
                         struct diag *diag);

#endif
