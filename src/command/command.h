/* Commands: the only way to change a session. Keys, the prompt, scripts and lessons issue them. */
#ifndef GRADWALK_COMMAND_COMMAND_H
#define GRADWALK_COMMAND_COMMAND_H

#include "explore/session.h"

/* What a command is while a hunt is on: it costs nothing, or what the act is worth; or it has to
 * wait, since it would leave the model in which the bugs are hidden, or tell which they are. */
enum in_hunt { IN_HUNT_FREE, IN_HUNT_A_CHECK, IN_HUNT_A_LOOK, IN_HUNT_AN_ENTRY, IN_HUNT_WAITS };

struct command {
  const char *name, *arguments;
  bool changes, needs_model, lesson;
  enum in_hunt hunt;
  command_run *run;
  const char *help;
};

extern const struct command command_table[];
extern const size_t command_count;

/* Carries out one line and appends what it has to say to OUT. A line that begins with no command
 * but is an expression over the session's nodes is a question for its value, as with eval. Empty
 * lines and comments do nothing. A failure leaves the session as it was. */
enum status command_do(struct session *session, const char *line, struct lines *out,
                       struct diag *diag);

/* The same without a line in the log; *COMMAND is what was meant. LINE begins with no space. */
enum status command_apply(struct session *session, const char *line,
                          const struct command **command, struct lines *out, struct diag *diag);

/* command_do() for LINE of a script: DIAG says where in the script. */
enum status command_do_at(struct session *session, struct span line, struct lines *out,
                          struct diag *diag);

/* The same for a line of a lesson's fence: only commands that a lesson may issue, and not logged;
 * a wrong one is bad data. *CHANGES: whether the command is one that alters the session. */
enum status command_do_lesson(struct session *session, struct span line, bool *changes,
                              struct lines *out, struct diag *diag);

/* The command "check", for another that checks, too. Contract: struct command. */
enum status do_check(struct session *session, const struct source *arguments, struct lines *out,
                     struct diag *diag);

/* Whether LINE begins with a command that changes the session. */
bool command_changes(const char *line);

/* The command whose name are the LENGTH bytes of NAME; NULL if there is none. */
const struct command *command_named(const char *name, size_t length);

/* Whether LINE begins with a command that a lesson may issue. */
bool command_is_for_lessons(const char *line);

/* TEXT ("W1[0, 2]", "b1"), which is cut up, as a node and an entry; *ENTRY is the whole tensor's
 * count where there are no brackets. */
enum status command_place(const struct session *session, char *text, int *node, size_t *entry,
                          struct diag *diag);

/* The session as a script: every change in force, a line each. */
void command_script(const struct session *session, struct text *out);

#endif
