/* The printer: syntax tree to text. What it prints parses back to an equal tree. */
#ifndef GRADWALK_LANG_PRINT_H
#define GRADWALK_LANG_PRINT_H

#include "lang/ast.h"

void print_expr(struct text *out, const struct expr *expr);

/* "f:2: ", if the line has an address, and then the line. */
void print_address(struct text *out, const struct assign *line);
void print_assign(struct text *out, const struct assign *line);

/* A statement with its newline. */
void print_stmt(struct text *out, const struct stmt *stmt);

#endif
