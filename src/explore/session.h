/* A session: an exploration under way, with what follows from it, where one looks, and what has
 * been done so far. It owns everything below it until session_done(). Commands (row.h) are the only
 * way to change the exploration; views and reports only read it. It knows no terminal and prints
 * nothing. */
#ifndef GRADWALK_EXPLORE_SESSION_H
#define GRADWALK_EXPLORE_SESSION_H

#include "explore/deed.h"
#include "explore/look.h"
#include "explore/row.h"
#include "explore/walk.h"
#include "report/report.h"

/* Who takes `answer`, `hint` and `skip` when somebody else than the lesson's quizzes asks. */
struct examiner {
  command_run *answer, *hint, *skip;
};

struct session {
  struct exploration now;
  struct model *model; /* that of NOW; one without nodes where there is none */
  struct walk walk;    /* through it */
  struct run run;      /* of it, as far as the walk has come */
  struct look look;
  struct deed *done, *undone; /* the log (log.h), the last one first */
  const struct interpreter *interpreter; /* for the command lines of lessons and records */
  const struct examiner *examiner; /* NULL: the lesson's quizzes */
  bool secret;         /* bugs are hidden: nothing says where they are */
  int edition;         /* of the catalogue of bugs; 0: the newest */
  bool terse;          /* nobody reads what a check has to say besides its figures */
  const struct check *running;    /* the check under way, for whoever is told of its progress */
  const struct history *training; /* likewise of a training */
  char log_suffix[32]; /* to be added to the line under way when it is logged */
  bool quitting;
  int script_depth;    /* of scripts that source scripts */
  struct style style;  /* for the text that commands print */
  const volatile sig_atomic_t *cancel; /* may be NULL */
  void (*progress)(void *context, size_t done, size_t total); /* may be NULL */
  void *progress_context;
  /* Writes what is on the screen to a file, as the ending of PATH says; NULL: there is no
   * screen. */
  enum status (*screen)(void *context, const char *path, struct diag *diag);
  void *screen_context;
  struct model nothing; /* what MODEL is while nothing is open, or memory is short */
};

void session_init(struct session *session, const struct interpreter *interpreter);
void session_done(struct session *session);

bool session_is_open(const struct session *session);

/* Goes to the exploration TO, which the session takes over. Nothing is run again but the passes as
 * far as the walk had come. A failure, for lack of memory alone, leaves the session as it was. */
enum status session_go_to(struct session *session, struct exploration to, struct diag *diag);

/* Goes back to KEPT, which the session takes over. Where memory is short, the session has KEPT all
 * the same, but looks as if nothing were open until session_catch_up() succeeds. */
enum status session_go_back(struct session *session, struct exploration kept, struct diag *diag);
enum status session_catch_up(struct session *session, struct diag *diag);

/* What there is now, to come back to with session_go_to(). */
struct exploration session_keep(const struct session *session);

/* Call after a change of the model or its values: takes up its edits, makes the walk anew (keeping
 * the position as far as it exists), computes up to there and forgets what was found before. */
enum status session_refresh(struct session *session, struct diag *diag);

/* Goes to POSITION moves from the start and computes up to there. */
enum status session_go(struct session *session, size_t position, struct diag *diag);

/* Looks at NODE, or at the node that it is shown as. */
void session_look(struct session *session, int node);

/* Whether the walk has computed NODE's value, or any of its gradient. */
bool session_has_value(const struct session *session, int node);
bool session_has_gradient(const struct session *session, int node);

#endif
