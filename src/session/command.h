/* Commands: the only way to change a session. Keys, the prompt, scripts and lessons issue them. */
#ifndef GRADWALK_SESSION_COMMAND_H
#define GRADWALK_SESSION_COMMAND_H

#include "session/session.h"

struct command {
  const char *name, *arguments;
  bool changes, needs_model, lesson;
  enum status (*run)(struct session *session, const char *arguments, struct text *out,
                     struct diag *diag);
  const char *help;
};

extern const struct command command_table[];
extern const size_t command_count;

/* Carries out one line and appends what it has to say to OUT. Empty lines and comments do nothing. A
 * failure leaves the session as it was. */
enum status command_do(struct session *session, const char *line, struct text *out,
                       struct diag *diag);

/* The same for a line of a lesson's fence: only commands that a lesson may issue, and not logged.
 * *CHANGES: whether the command is one that alters the session. */
enum status command_do_lesson(struct session *session, const char *line, bool *changes,
                              struct text *out, struct diag *diag);

/* Whether LINE begins with the name of a command. */
bool command_is(const char *line, size_t length);

/* The session as a script: every change in force, a line each. */
void command_script(const struct session *session, struct text *out);

#endif
