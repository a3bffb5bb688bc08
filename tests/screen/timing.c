/* Steps that measure how fast the program is; for the log, since a machine may be busy. */
#include "play.h"

#include <stdio.h>
#include <stdlib.h>

/* Milliseconds from START to the last byte that the program writes before it rests; negative: it
 * writes nothing. A pause does not end the answer: a program that loads its data before it draws
 * has only cleared the screen so far. */
static double answer_time(struct play *play, double start, int quiet) {
  bool rests = settle(play, quiet);
  return rests && play->child.heard > start ? (play->child.heard - start) * 1000 : -1;
}

static int compare_doubles(const void *a, const void *b) {
  const double *left = a, *right = b;
  return (*left > *right) - (*left < *right);
}

void step_first_frame(struct play *play, char **words) {
  (void)words;
  double time = answer_time(play, play->sent, QUIET);
  result(play, time >= 0, "there is a first frame");
  printf("# after %.2f ms\n", time);
}

/* latency COUNT KEY...: the keys in turn */
void step_latency(struct play *play, char **words) {
  enum { MOST = 1000, SHORT_QUIET = 5 };
  double times[MOST];
  int count = atoi(words[0]), done = 0, keys = 0;
  char bytes[16];
  while (words[keys + 1]) keys++;
  for (int i = 0; i < count && i < MOST && settle(play, SHORT_QUIET); i++) {
    size_t length = key_bytes(&play->child.vt, words[1 + i % keys], bytes);
    double start = seconds_now();
    child_write(&play->child, bytes, length);
    times[done] = answer_time(play, start, SHORT_QUIET);
    if (times[done] >= 0) done++;
  }
  qsort(times, (size_t)done, sizeof *times, compare_doubles);
  result(play, done > 0, "keys are answered");
  if (done > 0)
    printf("# %d of %d keys changed the screen: after %.2f ms in the middle, %.2f ms at the 95th "
           "percentile, %.2f ms at most\n", done, count, times[done / 2], times[done * 95 / 100],
           times[done - 1]);
}
