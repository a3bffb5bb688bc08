#include "tui/scale.h"

#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double scale_place(const struct scale *scale, double value) {
  const double low = scale->low, high = scale->high;
  if (value <= low) return 0;
  if (value >= high) return 1;
  return scale->powers ? log10(value / low) / log10(high / low) : (value - low) / (high - low);
}

/* 1, 2 or 5 times a power of ten: the least such part of which at most MOST make RANGE. */
static double round_part(double range, int most) {
  const double least = range / most, power = pow(10, floor(log10(least)));
  static const double times[] = {1, 2, 5, 10};
  int i = 0;
  while (i < 3 && times[i] * power < least * (1 - 1e-9)) i++;
  return times[i] * power;
}

static const double nothing = 1e-9; /* that a round number may be off */

static struct scale powers_around(double low, double high, int most) {
  const double first = floor(log10(low)), decades = ceil(log10(high)) - first;
  double part = 1;
  while (part * most < decades) part *= 2;
  return (struct scale){pow(10, first), pow(10, first + decades), part, true};
}

/* Ends that are rounded may take one part more than there is room for: then larger ones do. */
static struct scale rounds_around(double low, double high, int most) {
  struct scale scale = {low, high, 0, false};
  for (double parts = most + 1; parts > most + nothing;) {
    scale.part = round_part(scale.high - scale.low, most);
    const double first = floor(low / scale.part + nothing);
    const double last = ceil(high / scale.part - nothing);
    parts = last - first;
    scale.low = first * scale.part, scale.high = last * scale.part;
  }
  return scale;
}

struct scale scale_around(double low, double high, int most) {
  const double decades = 2, largest = 1e300, smallest = 1e-300;
  if (most < 2) most = 2;
  low = fmin(fmax(low, -largest), largest), high = fmax(fmin(high, largest), -largest);
  if (low > smallest && log10(high / low) > decades) return powers_around(low, high, most);
  const double size = fmax(fabs(low), fabs(high));
  const double flat = size < 1e-4 || size >= 1e6 ? 0.2 : 1e-2; /* labels there have few digits */
  if (!(high - low > flat * size && high - low > smallest)) {
    const double room = size > smallest ? 2 * flat * size : 1;
    low -= room, high += room;
  }
  return rounds_around(low, high, most);
}

struct scale scale_between(double low, double high, int most) {
  return (struct scale){low, high, round_part(high - low, most < 1 ? 1 : most), false};
}

/* With as many digits as have room. */
static void put_label(double value, char label[TICK_LABEL_SIZE]) {
  enum { COLUMNS = 7 };
  char number[NUMBER_TEXT_SIZE];
  const char *text = "";
  for (int digits = COLUMNS; digits > 0; digits--) {
    text = number_brief(value, digits, number);
    if (strlen(text) <= COLUMNS) break;
  }
  snprintf(label, TICK_LABEL_SIZE, "%.*s", COLUMNS, text);
}

static struct tick make_tick(const struct scale *scale, double at) {
  enum { WRITTEN_OUT = 3 }; /* decades on either side of 1 */
  const double value = scale->powers ? pow(10, at) : at;
  struct tick tick = {.place = scale_place(scale, value)};
  if (scale->powers && fabs(at) > WRITTEN_OUT)
    snprintf(tick.label, sizeof tick.label, "1e%.0f", at);
  else
    put_label(value, tick.label);
  return tick;
}

int scale_ticks(const struct scale *scale, struct tick ticks[MOST_TICKS]) {
  const double low = scale->powers ? log10(scale->low) : scale->low;
  const double high = scale->powers ? log10(scale->high) : scale->high;
  const double last = floor(high / scale->part + nothing);
  int count = 0;
  for (double i = ceil(low / scale->part - nothing); i <= last && count < MOST_TICKS; i++) {
    const struct tick tick = make_tick(scale, i * scale->part);
    const double written = scale_place(scale, strtod(tick.label, NULL));
    if (fabs(written - tick.place) < 1e-3) ticks[count++] = tick;
  }
  return count;
}
