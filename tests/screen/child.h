/* A program in a pseudo-terminal of its own, watched through a struct vt. A struct child is
 * embedded; child_start() begins its life and child_stop() ends it, also the process's. */
#ifndef GRADWALK_TESTS_CHILD_H
#define GRADWALK_TESTS_CHILD_H

#include "vt.h"

#include <sys/types.h>
#include <termios.h>

struct child {
  pid_t pid;
  int master, slave; /* the slave stays open here, to ask for the terminal's modes */
  struct termios before;
  struct vt vt;
  long switches;     /* context switches of the program when something was last sent to it */
  bool sent, ended;
  double heard;      /* when it last wrote something */
  int status;        /* from waitpid(), once it has ended */
};

struct start {
  char **arguments; /* NULL at the end; the first is the program's path */
  char **environment;
  const char *folder, *error_file; /* error_file NULL: the terminal */
  int rows, cols;
  bool utf8;
  bool silent; /* the terminal does not echo: what is typed once the program has ended is not sent
                * back, which would look like the program's own output */
};

double seconds_now(void);

void child_start(struct child *child, const struct start *start);
void child_stop(struct child *child);

/* Reads and shows what comes within MILLISECONDS; false if nothing came. */
bool child_pump(struct child *child, int milliseconds);

/* Pumps until the program has read all that was sent, has been asleep for QUIET milliseconds and
 * has written nothing meanwhile, or has ended. False if that takes longer than SECONDS. */
bool child_settle(struct child *child, int quiet, double seconds);

void child_write(struct child *child, const char *bytes, size_t count);
void child_resize(struct child *child, int rows, int cols);

/* Sends SIGNAL to whoever has the terminal's foreground. */
void child_signal(struct child *child, int signal);

/* Closes the terminal's other end, as a window that is shut does. */
void child_close(struct child *child);

/* Waits until it has ended; false if that takes longer than SECONDS. */
bool child_wait(struct child *child, double seconds);

/* Whether the terminal is as the program found it; DIFFERENCE tells what is not. */
bool child_restored(const struct child *child, const char **difference);

#endif
