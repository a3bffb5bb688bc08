/* Times a whole process from outside: process SECONDS COMMAND ARGUMENT... runs COMMAND, its output
 * to nowhere, and prints the seconds from before its start to its end and the most memory that it
 * held, in KiB. After SECONDS the command is stopped, and nothing is printed. */
#include "core/clock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USAGE = 64, FAILED = 70, CANNOT_RUN = 127 };

/* The alarm outlives the change of program. */
static _Noreturn void become(char **command, unsigned limit) {
  int nowhere = open("/dev/null", O_WRONLY);
  if (nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0) _exit(CANNOT_RUN);
  alarm(limit);
  execv(command[0], command);
  _exit(CANNOT_RUN);
}

/* The wait status of COMMAND. */
static int status_of(char **command, unsigned limit) {
  int status;
  pid_t child = fork();
  if (child == 0) become(command, limit);
  if (child < 0 || waitpid(child, &status, 0) != child) {
    perror("process");
    exit(FAILED);
  }
  return status;
}

int main(int argc, char **argv) {
  struct rusage used;
  if (argc < 3) return USAGE;
  double start = seconds_now();
  int status = status_of(argv + 2, (unsigned)strtoul(argv[1], NULL, 10));
  double seconds = seconds_now() - start;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
    fprintf(stderr, "\nprocess: %s took longer than %s s and was stopped\n", argv[2], argv[1]);
    return 0;
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fprintf(stderr, "\nprocess: %s failed\n", argv[2]);
    return FAILED;
  }
  getrusage(RUSAGE_CHILDREN, &used);
  return printf("%.9g %ld\n", seconds, used.ru_maxrss) < 0;
}
