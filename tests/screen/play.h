/* One run of a .steps file, for the steps in drive.c, typing.c and timing.c. */
#ifndef GRADWALK_TESTS_PLAY_H
#define GRADWALK_TESTS_PLAY_H

#include "drive.h"

enum { QUIET = 40 }; /* milliseconds without output until the program rests */

struct play {
  const char *path;     /* of the steps */
  char folder[1024], title[128];
  int line, cases;
  bool accept, failed_hard;
  struct scratch scratch;
  struct child child;
  bool running;
  int rows, cols;
  bool utf8;
  char *error_file;     /* NULL: the terminal */
  char *written;        /* the file that lines beginning with | go to */
  double sent;          /* when something was last sent */
};

/* One case in TAP. */
void result(struct play *play, bool good, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void show_screen(const struct play *play);

/* The rest of the script makes no sense. */
void give_up(struct play *play, const char *why);

/* Waits until the program rests; false if it does not. */
bool settle(struct play *play, int quiet);

/* Steps; README.md describes them. */
void step_type(struct play *play, char **words);
void step_first_frame(struct play *play, char **words);
void step_latency(struct play *play, char **words);

#endif
