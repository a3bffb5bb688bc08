/* Figures: "EXPR = NUMBER". */
#include "lesson/lesson.h"

#include "core/intl.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX_DIGITS = 800 }; /* a double may need 767 of them */

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

/* The length in bytes of the sign at AT in TEXT, "=", "==" or "≈"; 0 if there is none. */
static uint32_t sign_at(struct span text, uint32_t at) {
  static const char about[] = "≈";
  const char *here = text.source->text + at;
  if (starts(here, text.end - at, about)) return (uint32_t)strlen(about);
  if (*here != '=' || (at > text.start && strchr("=<>!+-*/:~", here[-1]))) return 0;
  return starts(here, text.end - at, "==") ? 2 : 1;
}

bool figure_sides(struct span text, struct span *left, struct span *right) {
  bool found = false;
  for (uint32_t at = text.start; at < text.end; at++) {
    uint32_t size = sign_at(text, at);
    if (size == 0) continue;
    if (!found) *left = span_trim((struct span){text.source, text.start, at});
    *right = span_trim((struct span){text.source, at + size, text.end});
    found = true;
  }
  return found && left->end > left->start && right->end > right->start;
}

/* A number as it is written: what of it strtod() reads, and what its last digit is worth. */
struct written {
  char plain[NUMBER_MAX_DIGITS + 2]; /* with its sign and a NUL; as much of it as fits */
  size_t size;
  double decimals, exponent; /* doubles, which no count of digits overflows */
  bool point, nonzero;
};

static void put(struct written *number, char character) {
  number->size++;
  if (number->size < sizeof number->plain) number->plain[number->size - 1] = character;
}

/* Returns what is left of TEXT after digits [. digits]; NULL if it does not begin so. */
static const char *read_digits(const char *text, const char *end, struct written *number) {
  const char *first = text;
  for (; text < end; put(number, *text++)) {
    if (*text == '.' && !number->point) number->point = true;
    else if (!isdigit((unsigned char)*text)) break;
    else number->decimals += number->point, number->nonzero = number->nonzero || *text != '0';
  }
  return text > first && isdigit((unsigned char)text[-1]) ? text : NULL;
}

/* Returns what is left of TEXT after e [+ or -] digits; NULL if no digits follow. */
static const char *read_exponent(const char *text, const char *end, struct written *number) {
  put(number, *text++);
  bool minus = text < end && *text == '-';
  if (text < end && strchr("+-", *text)) put(number, *text++);
  const char *first = text;
  for (; text < end && isdigit((unsigned char)*text); put(number, *text++))
    number->exponent = 10 * number->exponent + (*text - '0');
  if (minus) number->exponent = -number->exponent;
  return text > first ? text : NULL;
}

static enum number_fault fault_of(const struct written *number, double value) {
  if (number->size >= sizeof number->plain) return NUMBER_TOO_LONG;
  if (!isfinite(value)) return NUMBER_TOO_LARGE;
  return number->nonzero && value == 0 ? NUMBER_TOO_SMALL : NUMBER_FINE;
}

const char *number_fault_text(enum number_fault fault) {
  const char *const texts[] = {
      [NUMBER_TOO_LARGE] = _("this number is larger than a double can hold (about 1.8e308)"),
      [NUMBER_TOO_SMALL] = _("this number is smaller than a double can hold (about 4.9e-324)"),
      [NUMBER_TOO_LONG] = _("this number has too many digits"),
  };
  return texts[fault];
}

/* Sets the figure's value, and how far off it may be. The exponent of a zero says nothing about how
 * exact it is. */
static void set_value(const struct written *number, struct figure *figure) {
  const double exponent = number->nonzero ? number->exponent : fmin(number->exponent, 0);
  const bool whole = !number->point && exponent == 0 && !figure->is_cut;
  const double value = number->size < sizeof number->plain ? strtod(number->plain, NULL) : 0;
  figure->fault = fault_of(number, value);
  figure->value = figure->fault ? 0 : value;
  figure->slack = figure->fault || whole
                      ? 0 : pow(10, exponent - number->decimals) * (figure->is_cut ? 1 : 0.5);
}

/* [-] digits [. digits] [e [-] digits] […] */
static bool read_number(const char *text, size_t length, struct figure *figure) {
  struct written number = {0};
  const char *end = text + length;
  const bool dash = starts(text, length, "-"), minus = starts(text, length, minus_sign);
  if (dash || minus) put(&number, '-');
  text = read_digits(text + (minus ? strlen(minus_sign) : dash), end, &number);
  if (text && text < end && *text == 'e') text = read_exponent(text, end, &number);
  if (!text) return false;
  figure->is_cut = starts(text, (size_t)(end - text), ellipsis);
  if (figure->is_cut) text += strlen(ellipsis);
  set_value(&number, figure);
  return text == end;
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
  if (figure->fault) return false;
  double rounding = 4 * DBL_EPSILON * fabs(figure->value);
  if (!figure->is_cut) return fabs(value - figure->value) <= figure->slack * (1 + 1e-9) + rounding;
  double beyond = signbit(figure->value) ? figure->value - value : value - figure->value;
  return beyond >= -rounding && beyond < figure->slack;
}
