/* What a command is: its row in the table. Each room hands in the rows of its own commands; the
 * command room makes the table of them and carries out lines. */
#ifndef GRADWALK_EXPLORE_ROW_H
#define GRADWALK_EXPLORE_ROW_H

#include "explore/options.h"
#include "explore/views.h"
#include "lang/diag.h"
#include "report/lines.h"

#include <stdbool.h>

struct session;

/* Carries out a command. ARGUMENTS is the rest of its line, without blanks at either end and
 * NUL-terminated; what there is to say is appended to OUT. A failure leaves the session as it
 * was. */
typedef enum status command_run(struct session *session, const struct source *arguments,
                                struct lines *out, struct diag *diag);

enum command_flag {
  COMMAND_CHANGES = 1,     /* it alters the exploration, so it is logged, undone and saved */
  COMMAND_NEEDS_MODEL = 2, /* something must be open */
  COMMAND_IN_LESSONS = 4,  /* a lesson's fences may issue it, so it touches no file and no other
                            * program, and does not move in the lesson */
  COMMAND_OF_PLAYERS = 8   /* it is a player's own: a record of a hunt may issue it, too */
};

/* What a command is while a hunt is on: it costs nothing, or what the act is worth; or it has to
 * wait, since it would leave the model in which the bugs are hidden, or tell which they are. */
enum in_hunt {
  IN_HUNT_FREE,
  IN_HUNT_A_CHECK,
  IN_HUNT_A_LOOK,
  IN_HUNT_AN_ARRIVAL, /* a look where the player has not been yet, else nothing */
  IN_HUNT_AN_ENTRY,
  IN_HUNT_WAITS,
  IN_HUNT_WORDS_WAIT /* it is free alone, and waits with arguments */
};

/* What the words after a command can be completed to. */
enum completion {
  COMPLETE_NODES, /* and their gradients */
  COMPLETE_NODES_THEN_FILES,
  COMPLETE_FILES,
  COMPLETE_LESSONS,
  COMPLETE_TOPICS,  /* of help */
  COMPLETE_CHOICES /* the row's own words */
};

/* When the explorer turns to the view that shows a command's result. */
enum shown_when {
  SHOWN_WHERE_ONE_IS,
  SHOWN_MEANWHILE, /* while it comes about; it has nothing else to say */
  SHOWN_AFTER,
  SHOWN_AS_PAGE,   /* the page shows it, where it is on the screen: from its top, if turned, … */
  SHOWN_AS_HINT,   /* … its end, … */
  SHOWN_AS_ANSWER  /* … or where it goes on */
};

struct command {
  const char *name, *also; /* ALSO: another name, or NULL */
  const char *arguments, *help;
  command_run *run;
  unsigned flags;
  enum in_hunt hunt;
  enum completion completes;
  const char *const *choices; /* NULL at the end; may be NULL */
  enum verb options; /* the verb whose options it takes as words, which complete it; 0: none */
  enum shown_when shown;
  enum view_id view; /* where, if it is shown MEANWHILE or AFTER */
};

/* What carries out lines for the rooms below the command room. */
struct interpreter {
  /* Row INDEX of the table, from 0; NULL after the last. */
  const struct command *(*at)(size_t index);
  /* The row called NAME, LENGTH bytes; NULL if there is none. */
  const struct command *(*find)(const char *name, size_t length);
  /* A line of a lesson's fence, not logged. STATUS_DATA for a command that lessons may not
   * issue. */
  enum status (*do_lesson)(struct session *session, struct span line, struct lines *out,
                           struct diag *diag);
  /* A line of a script: DIAG says where in the script. */
  enum status (*do_scripted)(struct session *session, struct span line, struct lines *out,
                             struct diag *diag);
  /* A line as if somebody had typed it. */
  enum status (*do_typed)(struct session *session, const char *line, struct lines *out,
                          struct diag *diag);
};

#endif
