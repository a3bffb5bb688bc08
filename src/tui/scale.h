/* Scales: where a number is on an axis of a plot, and which numbers are written beside it. */
#ifndef GRADWALK_TUI_SCALE_H
#define GRADWALK_TUI_SCALE_H

#include <stdbool.h>

/* From LOW, at place 0, to HIGH, at place 1, both of which are finite and apart. */
struct scale {
  double low, high;
  double part;  /* from one tick to the next; in powers of ten where places go by these */
  bool powers;  /* LOW is above 0 */
};

enum { MOST_TICKS = 24, TICK_LABEL_SIZE = 16 };

/* A number that an axis is marked with. */
struct tick {
  double place;
  char label[TICK_LABEL_SIZE];
};

/* The place of VALUE, which is not NaN; a value outside is put at the nearer end. */
double scale_place(const struct scale *scale, double value);

/* A scale for values from LOW to HIGH with ticks at its ends: by powers of ten where these span
 * more than two decades, else by round numbers; in at most MOST parts. */
struct scale scale_around(double low, double high, int most);

/* The scale from LOW to HIGH as they are, with round numbers for ticks. */
struct scale scale_between(double low, double high, int most);

/* The numbers to write, but for those that would need more digits than there is room for; returns
 * how many. */
int scale_ticks(const struct scale *scale, struct tick ticks[MOST_TICKS]);

#endif
