/* Protects the reader's progress file against what happens to computers: a program that is killed
 * while it saves, many that save at once, a disk that is full. What was acknowledged is never lost,
 * and the file is never torn. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lesson/progress.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LESSONS = 20, PAGES = 1000 };

static char folder[64];
static char state[80], shelf[96];

/* The reader has come to STEP of lesson NUMBER. */
static enum status save(int number, int page, struct diag *diag) {
  char marks[] = "rs-";
  struct progress_entry entry = {.page = page, .pages = PAGES, .marks = marks};
  snprintf(entry.name, sizeof entry.name, "lesson-%d", number);
  return progress_save(&entry, diag);
}

static void load(struct progress *progress) {
  struct diag diag;
  if (progress_load(progress, &diag)) fail_msg("%s", diag.message);
  if (progress->damaged) fail_msg("the file is torn");
}

static int page_of(const struct progress *progress, int number) {
  char name[32];
  snprintf(name, sizeof name, "lesson-%d", number);
  const struct progress_entry *entry = progress_find(progress, name);
  return entry ? entry->page : 0;
}

static size_t count_files(void) {
  size_t count = 0;
  DIR *files = opendir(shelf);
  assert_non_null(files);
  for (struct dirent *entry; (entry = readdir(files));) count += entry->d_name[0] != '.';
  closedir(files);
  return count;
}

/* -- killed while it saves -- */

/* Saves one page after the other from FIRST, and acknowledges each on the pipe once it is saved. */
static void save_on(int first, int pipe) {
  struct diag diag;
  for (int page = first;; page++) {
    if (save(page % LESSONS, page / LESSONS + 1, &diag)) _exit(1);
    if (write(pipe, &page, sizeof page) != sizeof page) _exit(0);
  }
}

/* Lets a program save from *NEXT on, kills it within MICROSECONDS, and leaves in *NEXT the page
 * behind the last that it acknowledged. */
static void kill_one(int *next, long microseconds) {
  int ends[2], page, status;
  assert_int_equal(pipe(ends), 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    close(ends[0]);
    save_on(*next, ends[1]);
  }
  close(ends[1]);
  nanosleep(&(struct timespec){0, microseconds * 1000}, NULL);
  kill(child, SIGKILL);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  while (read(ends[0], &page, sizeof page) == sizeof page) *next = page + 1;
  close(ends[0]);
}

static void test_killed(void **context) {
  (void)context;
  enum { SAVES = 2000, KILLS = 50 }; /* or more: how many come together is a matter of time */
  int next = 0, kills = 0;
  srand(1);
  while (next < SAVES || kills < KILLS) {
    struct progress progress;
    kill_one(&next, 300 + rand() % 2000);
    kills++;
    load(&progress);
    for (int number = 0; number < LESSONS; number++) {
      int saved = next > number ? (next - 1 - number) / LESSONS + 1 : 0;
      int found = page_of(&progress, number);
      if (found < saved || found > saved + 1)
        fail_msg("after %d kills lesson %d is at %d instead of %d", kills, number, found, saved);
    }
    progress_done(&progress);
  }
  assert_true(count_files() <= 3); /* itself, its lock, and at most one that was being written */
}

/* -- many at once -- */

static void test_many(void **context) {
  (void)context;
  enum { PROGRAMS = 8, SAVES = 60 };
  pid_t children[PROGRAMS];
  struct progress progress;
  struct diag diag;
  for (int i = 0; i < PROGRAMS; i++) {
    children[i] = fork();
    assert_true(children[i] >= 0);
    for (int page = 1; children[i] == 0 && page <= SAVES; page++)
      if (save(100 + i * SAVES + page, page, &diag)) _exit(1);
    if (children[i] == 0) _exit(0);
  }
  for (int i = 0; i < PROGRAMS; i++) {
    int status;
    assert_int_equal(waitpid(children[i], &status, 0), children[i]);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  load(&progress);
  for (int i = 0; i < PROGRAMS; i++)
    for (int page = 1; page <= SAVES; page++)
      assert_int_equal(page_of(&progress, 100 + i * SAVES + page), page);
  progress_done(&progress);
}

/* -- a full disk -- */

static void test_full(void **context) {
  (void)context;
  struct progress progress;
  struct diag diag;
  struct rlimit before, none = {0, 0};
  assert_int_equal(save(1, 999, &diag), STATUS_OK);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  none.rlim_max = before.rlim_max;
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
  enum status status = save(1, 1000, &diag);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  assert_int_equal(status, STATUS_IO);
  assert_true(strlen(diag.message) > 0);
  load(&progress);
  assert_int_equal(page_of(&progress, 1), 999);
  progress_done(&progress);
  assert_int_equal(save(1, 1000, &diag), STATUS_OK);
  load(&progress);
  assert_int_equal(page_of(&progress, 1), 1000);
  progress_done(&progress);
}

/* Nowhere to keep it: that is no failure. */
static void test_homeless(void **context) {
  (void)context;
  struct diag diag;
  char *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
  unsetenv("XDG_STATE_HOME");
  unsetenv("HOME");
  assert_int_equal(save(1, 1, &diag), STATUS_OK);
  setenv("XDG_STATE_HOME", state, 1);
  if (home) setenv("HOME", home, 1);
  free(home);
}

static int make_folder(void **context) {
  (void)context;
  /* A kill is no power cut: memory does as well as a disk, and is faster. */
  const char *where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(folder, sizeof folder, "%s/gradwalk-progress-XXXXXX", where);
  if (!mkdtemp(folder)) return -1;
  snprintf(state, sizeof state, "%s/state", folder);
  snprintf(shelf, sizeof shelf, "%s/gradwalk", state);
  return setenv("XDG_STATE_HOME", state, 1);
}

static int remove_folder(void **context) {
  (void)context;
  char command[96];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_killed),
      cmocka_unit_test(test_many),
      cmocka_unit_test(test_full),
      cmocka_unit_test(test_homeless),
  };
  return cmocka_run_group_tests_name("progress", tests, make_folder, remove_folder);
}
