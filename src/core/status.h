/* Status codes. They travel up as return values; only main() turns one into an exit status, and
 * the numbers are already those of sysexits.h, so that trouble (64 and up) never looks like the
 * answer of a check (0, 1, 2). */
#ifndef GRADWALK_CORE_STATUS_H
#define GRADWALK_CORE_STATUS_H

enum status {
  STATUS_OK = 0,
  STATUS_USAGE = 64,     /* a wrong option or argument */
  STATUS_DATA = 65,      /* a bad lesson, model or data file */
  STATUS_NO_INPUT = 66,  /* cannot open */
  STATUS_NO_TERMINAL = 69,
  STATUS_INTERNAL = 70,  /* our own mistake */
  STATUS_NO_MEMORY = 71,
  STATUS_IO = 74,        /* read or write failed */
  STATUS_LIMIT = 75,     /* a limit was exceeded */
  STATUS_CANCELLED = 130 /* stopped by Ctrl-C; nothing was changed */
};

#endif
