#include "drive.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Replaces the escapes of a quoted word; returns behind its closing quote. */
static char *unescape(char *at) {
  char *to = at;
  while (*at && *at != '"') {
    if (*at != '\\' || !at[1]) {
      *to++ = *at++;
    } else if (at[1] == 'x' && isxdigit((unsigned char)at[2]) && isxdigit((unsigned char)at[3])) {
      char digits[3] = {at[2], at[3], 0};
      *to++ = (char)strtol(digits, NULL, 16);
      at += 4;
    } else {
      *to++ = at[1] == 'n' ? '\n' : at[1] == 't' ? '\t' : at[1] == 'e' ? 033 : at[1];
      at += 2;
    }
  }
  if (*at) at++;
  *to = '\0';
  return at;
}

int split_words(char *line, char *words[MOST_WORDS + 1]) {
  int count = 0;
  while (count < MOST_WORDS) {
    line += strspn(line, " \t");
    if (!*line || *line == '#') break;
    words[count++] = line;
    if (*line == '"') {
      char *end = unescape(line + 1);
      line = end;
      continue;
    }
    line += strcspn(line, " \t");
    if (*line) *line++ = '\0';
  }
  words[count] = NULL;
  return count;
}
