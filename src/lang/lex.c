#include "lang/lex.h"

#include "core/intl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Longest first where one begins another. */
static const char *const symbols[] = {"+=", "==", "!=", "<=", ">=", ".T", "<", ">", "=", "+", "-",
                                      "*",  "/",  "@",  "^",  "(",  ")",  "[", "]", ",", ":"};

void lexer_init(struct lexer *lexer, struct span text) {
  *lexer = (struct lexer){.source = text.source, .at = text.start, .end = text.end};
}

static bool is_digit(int32_t code) {
  return code >= '0' && code <= '9';
}

/* Letters that a name may be written in: Latin, Greek, Cyrillic, kana, Han and Hangul. */
static bool is_letter(int32_t code) {
  static const int32_t ranges[][2] = {
      {'A', 'Z'},       {'_', '_'},       {'a', 'z'},       {0xC0, 0xD6},
      {0xD8, 0xF6},     {0xF8, 0x24F},    {0x370, 0x373},   {0x386, 0x386},
      {0x388, 0x3FF},   {0x400, 0x481},   {0x48A, 0x52F},   {0x1100, 0x115E},
      {0x1161, 0x11FF}, {0x3041, 0x3096}, {0x30A1, 0x30FA}, {0x4E00, 0x9FFF},
      {0xAC00, 0xD7A3}};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    if (code >= ranges[i][0] && code <= ranges[i][1]) return true;
  return false;
}

/* The code point at AT, or 0 at the end. */
static int32_t peek(const struct lexer *lexer, uint32_t at, size_t *size) {
  *size = 1;
  if (at >= lexer->end) return 0;
  return utf8_decode(lexer->source->text + at, lexer->end - at, size);
}

static uint32_t name_end(const struct lexer *lexer, uint32_t at) {
  size_t size;
  for (int32_t code; (code = peek(lexer, at, &size)), is_letter(code) || is_digit(code);)
    at += (uint32_t)size;
  return at;
}

static uint32_t skip_digits(const struct lexer *lexer, uint32_t at) {
  size_t size;
  while (is_digit(peek(lexer, at, &size))) at++;
  return at;
}

/* digits [. digits] [e [sign] digits]; the digits may be missing on one side of the point, and a
 * point before T belongs to .T. */
static uint32_t number_end(const struct lexer *lexer, uint32_t at) {
  size_t size;
  at = skip_digits(lexer, at);
  if (peek(lexer, at, &size) == '.' && peek(lexer, at + 1, &size) != 'T')
    at = skip_digits(lexer, at + 1);
  int32_t mark = peek(lexer, at, &size);
  if (mark == 'e' || mark == 'E') {
    int32_t sign = peek(lexer, at + 1, &size);
    uint32_t digits = at + 1 + (sign == '+' || sign == '-');
    if (is_digit(peek(lexer, digits, &size))) at = skip_digits(lexer, digits);
  }
  return at;
}

static enum status lex_number(struct lexer *lexer, struct token *token, struct diag *diag) {
  char digits[400];
  token->kind = TOKEN_NUMBER;
  token->span.end = number_end(lexer, token->span.start);
  size_t length = token->span.end - token->span.start, size;
  if (is_letter(peek(lexer, token->span.end, &size))) {
    token->span.end = name_end(lexer, token->span.end);
    return diag_set(diag, STATUS_DATA, token->span, "%s",
                    _("found a name that starts with a digit, or a number with letters in it"));
  }
  if (length >= sizeof digits)
    return diag_set(diag, STATUS_DATA, token->span, "%s", _("this number has too many digits"));
  memcpy(digits, lexer->source->text + token->span.start, length);
  digits[length] = '\0';
  token->number = strtod(digits, NULL);
  if (!isfinite(token->number))
    return diag_set(diag, STATUS_DATA, token->span, "%s",
                    _("this number is larger than a double can hold (about 1.8e308)"));
  lexer->at = token->span.end;
  return STATUS_OK;
}

static enum status lex_name(struct lexer *lexer, struct token *token, struct diag *diag) {
  token->kind = TOKEN_NAME;
  token->span.end = name_end(lexer, token->span.start);
  if (token->span.end - token->span.start > NAME_MAX_BYTES)
    return diag_set(diag, STATUS_DATA, token->span, _("this name is longer than %d bytes"),
                    NAME_MAX_BYTES);
  lexer->at = token->span.end;
  return STATUS_OK;
}

/* Signs that look right in print but are not what the language reads. */
static const char *plain_sign(int32_t code) {
  static const struct {
    int32_t code;
    const char *plain;
  } signs[] = {{0x2212, "-"}, {0x2013, "-"}, {0xD7, "*"},    {0xB7, "*"},    {0x22C5, "*"},
               {0xF7, "/"},   {'%', "#"},    {0x2264, "<="}, {0x2265, ">="}, {0x2260, "!="}};
  for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
    if (signs[i].code == code) return signs[i].plain;
  return NULL;
}

static enum status lex_symbol(struct lexer *lexer, struct token *token, struct diag *diag) {
  const char *text = lexer->source->text + lexer->at;
  size_t left = lexer->end - lexer->at, size;
  token->kind = TOKEN_SYMBOL;
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
    size_t length = strlen(symbols[i]);
    if (length > left || memcmp(text, symbols[i], length) != 0) continue;
    if (text[0] == '(' || text[0] == '[') lexer->brackets++;
    if ((text[0] == ')' || text[0] == ']') && lexer->brackets > 0) lexer->brackets--;
    if (text[0] == '[') lexer->squares++;
    if (text[0] == ']' && lexer->squares > 0) lexer->squares--;
    lexer->at = token->span.end = lexer->at + (uint32_t)length;
    return STATUS_OK;
  }
  int32_t code = peek(lexer, lexer->at, &size);
  token->span.end = lexer->at + (uint32_t)size;
  diag_set(diag, STATUS_DATA, token->span, _("found \"%.*s\", which means nothing here"),
           (int)size, text);
  const char *plain = plain_sign(code);
  if (plain) diag_hint(diag, _("write %s"), plain);
  return STATUS_DATA;
}

/* A line break ends a statement, but not inside brackets that are no matrix. */
static bool is_blank(const struct lexer *lexer, char byte) {
  const bool continues = lexer->brackets > 0 && lexer->squares == 0;
  return byte == ' ' || byte == '\t' || byte == '\r' || (byte == '\n' && continues);
}

static void skip_blank(struct lexer *lexer) {
  const struct source *source = lexer->source;
  for (; lexer->at < lexer->end; lexer->at++) {
    char byte = source->text[lexer->at];
    if (byte == '#')
      while (lexer->at + 1 < lexer->end && source->text[lexer->at + 1] != '\n') lexer->at++;
    else if (!is_blank(lexer, byte)) return;
  }
}

enum status lexer_next(struct lexer *lexer, struct token *token, struct diag *diag) {
  skip_blank(lexer);
  *token = (struct token){.span = {lexer->source, lexer->at, lexer->at}};
  if (lexer->at >= lexer->end) return STATUS_OK;
  size_t size;
  int32_t code = peek(lexer, lexer->at, &size), next = peek(lexer, lexer->at + 1, &size);
  if (code == '\n' || code == ';') {
    token->kind = code == ';' && lexer->squares > 0 ? TOKEN_SYMBOL : TOKEN_LINE;
    token->span.end = ++lexer->at;
    return STATUS_OK;
  }
  if (is_digit(code) || (code == '.' && is_digit(next))) return lex_number(lexer, token, diag);
  if (is_letter(code)) return lex_name(lexer, token, diag);
  return lex_symbol(lexer, token, diag);
}
