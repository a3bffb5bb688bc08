/* The parser: text to syntax tree. */
#ifndef GRADWALK_LANG_PARSE_H
#define GRADWALK_LANG_PARSE_H

#include "lang/ast.h"

/* A model or the prelude. The tree lives in ARENA, its list of statements in *SYNTAX (end with
 * syntax_done(), also after a failure). Text that nests too deeply or is too large is
 * STATUS_DATA. */
enum status parse_model(const struct source *source, struct arena *arena, struct syntax *syntax,
                        struct diag *diag);

/* One rule line, with or without an address: "dq = df * z", "f: dq += df * z". */
enum status parse_line(struct span text, struct arena *arena, struct assign *line,
                       struct diag *diag);

/* One expression. */
enum status parse_expr(struct span text, struct arena *arena, const struct expr **expr,
                       struct diag *diag);

#endif
