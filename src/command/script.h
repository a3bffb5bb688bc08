/* Scripts and the log: a session is the commands that made it, so that it can be saved, taken up
 * again, undone and redone. The handlers of command.def that are about the log as a whole. */
#ifndef GRADWALK_COMMAND_SCRIPT_H
#define GRADWALK_COMMAND_SCRIPT_H

#include "explore/session.h"

/* Adds LINE to the log; what was undone is out of reach from now on. */
enum status script_remember(struct session *session, const char *line, struct diag *diag);

/* The file that keeps a session which was cut off; nothing where there is no place for it. */
void script_kept_path(struct text *path);

/* Keeps the session there if it has come further than its first command. */
enum status script_keep(const struct session *session, struct diag *diag);

/* Appends a line that says how to take up the session that is kept, if one is. */
void script_tell_kept(struct text *out);

/* Handlers; see struct command. A script is carried out as a whole or not at all. */
enum status script_source(struct session *session, const struct source *arguments, struct lines *out,
                          struct diag *diag);
enum status script_resume(struct session *session, const struct source *arguments, struct lines *out,
                          struct diag *diag);
enum status script_save(struct session *session, const struct source *arguments, struct lines *out,
                        struct diag *diag);
enum status script_log(struct session *session, const struct source *arguments, struct lines *out,
                       struct diag *diag);
enum status script_undo(struct session *session, const struct source *arguments, struct lines *out,
                        struct diag *diag);
enum status script_redo(struct session *session, const struct source *arguments, struct lines *out,
                        struct diag *diag);

#endif
