#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void fail(const char *what) {
  fprintf(stderr, "drive: %s: %s\n", what, strerror(errno));
  exit(71);
}

/* -- starting and ending -- */

static void run(const struct child *child, const struct start *start) {
  static const int defaults[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE, SIGTSTP, SIGXFSZ};
  sigset_t none;
  close(child->master);
  for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) signal(defaults[i], SIG_DFL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (login_tty(child->slave) < 0 || chdir(start->folder) < 0) _exit(126);
  if (start->error_file) {
    int file = open(start->error_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || dup2(file, STDERR_FILENO) < 0) _exit(126);
    close(file);
  }
  execve(start->arguments[0], start->arguments, start->environment);
  _exit(127);
}

void child_start(struct child *child, const struct start *start) {
  struct winsize size = {.ws_row = (unsigned short)start->rows,
                         .ws_col = (unsigned short)start->cols};
  *child = (struct child){.pid = -1};
  if (openpty(&child->master, &child->slave, NULL, NULL, &size) < 0) fail("openpty");
  fcntl(child->master, F_SETFD, FD_CLOEXEC);
  fcntl(child->master, F_SETFL, O_NONBLOCK);
  tcgetattr(child->slave, &child->before);
  if (start->silent) {
    child->before.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL | ECHOCTL | ECHOKE);
    tcsetattr(child->slave, TCSANOW, &child->before);
  }
  vt_init(&child->vt, start->rows, start->cols, start->utf8);
  fflush(NULL);
  child->pid = fork();
  if (child->pid < 0) fail("fork");
  if (child->pid == 0) run(child, start);
  fcntl(child->slave, F_SETFD, FD_CLOEXEC);
}

static void look_for_end(struct child *child) {
  if (!child->ended && waitpid(child->pid, &child->status, WNOHANG) == child->pid)
    child->ended = true;
}

void child_close(struct child *child) {
  if (child->master >= 0) close(child->master);
  child->master = -1;
}

void child_stop(struct child *child) {
  if (child->pid <= 0) return;
  look_for_end(child);
  if (!child->ended) {
    kill(-child->pid, SIGKILL);
    kill(child->pid, SIGKILL);
    waitpid(child->pid, &child->status, 0);
  }
  child_close(child);
  close(child->slave);
  vt_done(&child->vt);
  child->pid = -1;
}

/* -- output -- */

bool child_pump(struct child *child, int milliseconds) {
  char bytes[16384];
  struct pollfd wait = {.fd = child->master, .events = POLLIN};
  if (child->master < 0) {
    poll(NULL, 0, milliseconds);
    return false;
  }
  if (poll(&wait, 1, milliseconds) <= 0) return false;
  ssize_t count = read(child->master, bytes, sizeof bytes);
  if (count <= 0) {
    poll(NULL, 0, milliseconds);
    return false;
  }
  child->heard = seconds_now();
  vt_feed(&child->vt, bytes, (size_t)count);
  return true;
}

/* What a program wrote before its end may take the kernel a moment to bring here. */
static void drain(struct child *child) {
  while (child_pump(child, 60)) continue;
}

/* -- is it waiting for us? -- */

struct doing {
  char state;    /* as in ps: S asleep, R running, T stopped; 0: not known here */
  long switches; /* voluntary ones: how often it fell asleep */
};

static struct doing read_doing(const char *path) {
  struct doing doing = {0};
  char line[256];
  FILE *file = fopen(path, "re");
  while (file && fgets(line, sizeof line, file)) {
    sscanf(line, "State: %c", &doing.state);
    sscanf(line, "voluntary_ctxt_switches: %ld", &doing.switches);
  }
  if (file) fclose(file);
  return doing;
}

/* Its main thread may sleep while others of its threads work: then it runs. */
static struct doing doing_of(pid_t pid) {
  char path[64];
  glob_t threads = {0};
  snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
  struct doing doing = read_doing(path);
  snprintf(path, sizeof path, "/proc/%ld/task/*/status", (long)pid);
  if (doing.state == 'S' && glob(path, GLOB_NOSORT, NULL, &threads) == 0)
    for (size_t i = 0; i < threads.gl_pathc; i++)
      if (read_doing(threads.gl_pathv[i]).state == 'R') doing.state = 'R';
  globfree(&threads);
  return doing;
}

/* The leader of the foreground, which is not ours where a shell has started it. */
static pid_t foreground(const struct child *child) {
  pid_t group = -1;
  if (child->master >= 0) ioctl(child->master, TIOCGPGRP, &group);
  return group > 0 ? group : child->pid;
}

static bool all_read(const struct child *child) {
  int waiting = 0;
  return ioctl(child->slave, FIONREAD, &waiting) < 0 || waiting == 0;
}

bool child_settle(struct child *child, int quiet, double seconds) {
  enum { WITHOUT_PROC = 200, WAKE_SECONDS = 2 };
  double start = seconds_now(), since = start;
  struct doing before = doing_of(foreground(child));
  for (;;) {
    bool wrote = child_pump(child, 2);
    look_for_end(child);
    if (child->ended) {
      drain(child);
      return true;
    }
    struct doing now = doing_of(foreground(child));
    double time = seconds_now();
    bool woke = !child->sent || now.switches != child->switches || time - start > WAKE_SECONDS;
    bool asleep = now.state == 'S' && now.switches == before.switches && woke;
    if (wrote || (now.state && !asleep) || !all_read(child)) since = time;
    before = now;
    if ((time - since) * 1000 >= (now.state ? quiet : WITHOUT_PROC)) break;
    if (time - start > seconds) return false;
  }
  child->sent = false;
  return true;
}

bool child_wait(struct child *child, double seconds) {
  double start = seconds_now();
  for (;;) {
    child_pump(child, 2);
    look_for_end(child);
    if (child->ended) break;
    if (seconds_now() - start > seconds) return false;
  }
  drain(child);
  return true;
}

/* -- input -- */

static void note_sending(struct child *child) {
  child->switches = doing_of(foreground(child)).switches;
  child->sent = true;
}

void child_write(struct child *child, const char *bytes, size_t count) {
  double start = seconds_now();
  note_sending(child);
  while (count > 0 && child->master >= 0) {
    ssize_t written = write(child->master, bytes, count);
    if (written > 0) bytes += written, count -= (size_t)written;
    else child_pump(child, 1); /* its input is full: let it get on */
    look_for_end(child);
    if (child->ended || seconds_now() - start > 20) return;
  }
}

void child_resize(struct child *child, int rows, int cols) {
  struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
  if (rows == child->vt.rows && cols == child->vt.cols) return;
  while (child_pump(child, 0)) continue; /* what was written was meant for the old size */
  vt_resize(&child->vt, rows, cols);
  note_sending(child);
  ioctl(child->master, TIOCSWINSZ, &size);
}

void child_signal(struct child *child, int signal) {
  note_sending(child);
  kill(-foreground(child), signal);
}

bool child_restored(const struct child *child, const char **difference) {
  struct termios now;
  const struct termios *before = &child->before;
  *difference = NULL;
  if (tcgetattr(child->slave, &now) < 0) *difference = "its modes cannot be read";
  else if (now.c_iflag != before->c_iflag) *difference = "input modes";
  else if (now.c_oflag != before->c_oflag) *difference = "output modes";
  else if (now.c_cflag != before->c_cflag) *difference = "control modes";
  else if (now.c_lflag != before->c_lflag) *difference = "local modes";
  else if (memcmp(now.c_cc, before->c_cc, sizeof now.c_cc) != 0) *difference = "control characters";
  else if (child->vt.alternate) *difference = "it still shows the alternate screen";
  else if (!child->vt.cursor_visible) *difference = "the cursor is hidden";
  else if (child->vt.cursor_keys) *difference = "the cursor keys send application codes";
  else if (child->vt.mouse) *difference = "the mouse still reports";
  return !*difference;
}
