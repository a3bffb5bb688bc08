/* Tokens of gradwalk's language. A lexer lends from its source and owns nothing. */
#ifndef GRADWALK_LANG_LEX_H
#define GRADWALK_LANG_LEX_H

#include "lang/diag.h"

#include <stdbool.h>

enum token_kind {
  TOKEN_END,     /* of the text */
  TOKEN_LINE,    /* a newline outside brackets, or ; */
  TOKEN_NUMBER,
  TOKEN_NAME,
  TOKEN_SYMBOL
};

struct token {
  enum token_kind kind;
  struct span span;
  double number;
};

struct lexer {
  const struct source *source;
  uint32_t at, end;
  int brackets; /* open ( and [: inside ( a newline is a space */
  int squares;  /* open [: inside them ; and a newline end a row */
};

enum { NAME_MAX_BYTES = 64 };

void lexer_init(struct lexer *lexer, struct span text);

/* The next token, after spaces and comments. */
enum status lexer_next(struct lexer *lexer, struct token *token, struct diag *diag);

#endif
