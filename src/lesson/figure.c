/* Figures: "EXPR = NUMBER". */
#include "lesson/lesson.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char minus_sign[] = "−", ellipsis[] = "…";

static bool starts(const char *text, size_t length, const char *with) {
  size_t wanted = strlen(with);
  return length >= wanted && memcmp(text, with, wanted) == 0;
}

/* The last " = " or " ≈ " of TEXT, as the spans on both sides. */
static bool split(struct span text, struct span *left, struct span *right) {
  static const char *const signs[] = {" = ", " ≈ "};
  for (uint32_t at = text.end; at-- > text.start;)
    for (size_t i = 0; i < 2; i++) {
      if (!starts(text.source->text + at, text.end - at, signs[i])) continue;
      *left = span_trim((struct span){text.source, text.start, at});
      *right = span_trim((struct span){text.source, at + (uint32_t)strlen(signs[i]), text.end});
      return left->end > left->start && right->end > right->start;
    }
  return false;
}

/* [-] digits [. digits] [e [-] digits] […], and what its last digit is worth. */
static bool read_number(const char *text, size_t length, struct figure *figure) {
  char plain[64] = "";
  size_t at = 0, size = 0;
  int decimals = 0, exponent = 0;
  bool point = false;
  if (starts(text, length, minus_sign)) plain[size++] = '-', at = strlen(minus_sign);
  else if (at < length && text[at] == '-') plain[size++] = text[at++];
  size_t first = at;
  for (; at < length && size < sizeof plain - 8; plain[size++] = text[at++]) {
    if (text[at] == '.' && !point) point = true;
    else if (isdigit((unsigned char)text[at])) decimals += point;
    else break;
  }
  if (at == first || !isdigit((unsigned char)text[at - 1])) return false;
  if (at < length && text[at] == 'e') {
    char *end;
    plain[size++] = text[at++];
    if (at < length && (text[at] == '-' || text[at] == '+')) plain[size++] = text[at++];
    for (size_t digits = 0; at < length && digits < 3 && isdigit((unsigned char)text[at]); digits++)
      plain[size++] = text[at++];
    exponent = (int)strtol(strchr(plain, 'e') + 1, &end, 10);
    if (!isdigit((unsigned char)plain[size - 1])) return false;
  }
  figure->is_cut = starts(text + at, length - at, ellipsis);
  if (figure->is_cut) at += strlen(ellipsis);
  figure->value = strtod(plain, NULL);
  bool whole = !point && exponent == 0 && !figure->is_cut;
  figure->slack = whole ? 0 : pow(10, exponent - decimals) * (figure->is_cut ? 1 : 0.5);
  return at == length;
}

static bool read_word(const char *text, size_t length) {
  size_t i = 0;
  while (i < length && isupper((unsigned char)text[i])) i++;
  return i == length && length >= 2;
}

bool figure_number(struct span text, struct figure *figure) {
  *figure = (struct figure){.place = text, .number = text};
  return read_number(text.source->text + text.start, text.end - text.start, figure);
}

bool figure_parse(struct span text, struct figure *figure) {
  *figure = (struct figure){.place = text};
  if (!split(text, &figure->expr, &figure->number)) return false;
  const char *number = text.source->text + figure->number.start;
  size_t length = figure->number.end - figure->number.start;
  figure->is_word = read_word(number, length);
  return figure->is_word || read_number(number, length, figure);
}

bool figure_holds(const struct figure *figure, double value) {
  double rounding = 4 * DBL_EPSILON * fabs(figure->value);
  if (!figure->is_cut) return fabs(value - figure->value) <= figure->slack * (1 + 1e-9) + rounding;
  double beyond = signbit(figure->value) ? figure->value - value : value - figure->value;
  return beyond >= -rounding && beyond < figure->slack;
}
