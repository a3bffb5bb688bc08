/* gradwalk: a terminal explorer of back-propagation and gradient checking.
 * Copyright (C) 2026 the gradwalk authors. GPL-3.0-or-later; see COPYING. */
#include "cli/cli.h"
#include "core/memory.h"

#include <fcntl.h>
#include <locale.h>
#include <unistd.h>

/* A file opened while 0, 1 or 2 is closed would take its place and receive our output. Opened for
 * reading only, the substitute makes a write fail rather than vanish. */
static void open_standard_files(void) {
  int file;
  do file = open("/dev/null", O_RDONLY);
  while (file >= 0 && file <= STDERR_FILENO);
  if (file > STDERR_FILENO) close(file);
}

int main(int argc, char **argv) {
  open_standard_files();
  memory_keep_freed();
  setlocale(LC_CTYPE, ""); /* never LC_NUMERIC: 0.5 stays 0.5 */
  setlocale(LC_MESSAGES, "");
  return cli_run(argc, argv);
}
