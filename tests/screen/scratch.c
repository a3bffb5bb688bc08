#include "drive.h"

#include <ctype.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* -- the environment -- */

void scratch_setenv(struct scratch *scratch, const char *assignment) {
  size_t name = strcspn(assignment, "="), place = 0;
  bool sets = assignment[name] == '=';
  while (place < scratch->count && (strncmp(scratch->environment[place], assignment, name) != 0 ||
                                    scratch->environment[place][name] != '='))
    place++;
  if (place < scratch->count) free(scratch->environment[place]);
  if (sets && place == scratch->count) {
    scratch->environment = realloc(scratch->environment,
                                   (scratch->count + 2) * sizeof *scratch->environment);
    if (!scratch->environment) exit(71);
    scratch->environment[++scratch->count] = NULL;
  }
  if (sets) scratch->environment[place] = strdup(assignment);
  else if (place < scratch->count) {
    scratch->environment[place] = scratch->environment[--scratch->count];
    scratch->environment[scratch->count] = NULL;
  }
}

/* FORMAT with the folder for its star, and behind it what the variable MORE holds, if not NULL. */
static void set_path(struct scratch *scratch, const char *format, const char *more) {
  char assignment[1024];
  const char *star = strchr(format, '*'), *given = more ? getenv(more) : NULL;
  snprintf(assignment, sizeof assignment, "%.*s%s%s%s%s", (int)(star - format), format,
           scratch->folder, star + 1, given ? ":" : "", given ? given : "");
  scratch_setenv(scratch, assignment);
}

/* What comes from outside, so that sanitizers, coverage and installed libraries keep working. */
static void inherit(struct scratch *scratch) {
  static const char *const names[] = {"PATH", "LD_LIBRARY_PATH", "GRADWALK", "GRADWALK_DATA",
                                      "GCOV_PREFIX", "GCOV_PREFIX_STRIP", "OMP_NUM_THREADS"};
  char assignment[4096];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *value = getenv(names[i]);
    if (!value) continue;
    snprintf(assignment, sizeof assignment, "%s=%s", names[i], value);
    scratch_setenv(scratch, assignment);
  }
}

/* What the libraries lose: readline its lists for undoing and searches that were not ended, curses
 * what it made for a terminal that it then does not know. */
static void name_known_leaks(const struct scratch *scratch) {
  char path[300];
  snprintf(path, sizeof path, "%s/leaks", scratch->folder);
  FILE *file = fopen(path, "we");
  if (!file) return;
  fputs("leak:_rl_dispatch_subseq\nleak:_rl_nsearch_callback\nleak:_rl_isearch_callback\n"
        "leak:new_prescr\n", file);
  fclose(file);
}

void scratch_init(struct scratch *scratch) {
  const char *base = getenv("TMPDIR");
  *scratch = (struct scratch){0};
  snprintf(scratch->folder, sizeof scratch->folder, "%s/gradwalk-screen-XXXXXX",
           base && *base ? base : "/tmp");
  if (!mkdtemp(scratch->folder)) {
    perror("drive: scratch folder");
    exit(71);
  }
  inherit(scratch);
  set_path(scratch, "HOME=*", NULL);
  set_path(scratch, "XDG_CONFIG_HOME=*/config", NULL);
  set_path(scratch, "XDG_STATE_HOME=*/state", NULL);
  set_path(scratch, "ASAN_OPTIONS=exitcode=99:fast_unwind_on_malloc=0:log_path=*/report",
           "ASAN_OPTIONS");
  set_path(scratch, "LSAN_OPTIONS=print_suppressions=0:suppressions=*/leaks", "LSAN_OPTIONS");
  set_path(scratch, "UBSAN_OPTIONS=exitcode=99:print_stacktrace=1:log_path=*/report",
           "UBSAN_OPTIONS");
  scratch_setenv(scratch, "TERM=xterm-256color");
  scratch_setenv(scratch, "LC_ALL=C.UTF-8");
  name_known_leaks(scratch);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk) {
  (void)info, (void)kind, (void)walk;
  return remove(path);
}

void scratch_done(struct scratch *scratch) {
  nftw(scratch->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  for (size_t i = 0; i < scratch->count; i++) free(scratch->environment[i]);
  free(scratch->environment);
}

/* -- files -- */

char *read_whole(const char *path) {
  char *text = NULL, bytes[4096];
  size_t size = 0, count;
  FILE *file = fopen(path, "re"), *out = open_memstream(&text, &size);
  while (file && (count = fread(bytes, 1, sizeof bytes, file)) > 0) fwrite(bytes, 1, count, out);
  fclose(out);
  if (file) fclose(file);
  return text;
}

bool write_whole(const char *path, const char *text) {
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    mkdir(path, 0777);
    *slash = '/';
  }
  FILE *file = fopen(path, "we");
  if (!file) return false;
  bool good = fputs(text, file) >= 0;
  return fclose(file) == 0 && good;
}

/* -- what sanitizers say: files called report.PID -- */

char *scratch_reports(const struct scratch *scratch) {
  char path[600], bytes[4096], *text = NULL;
  size_t size = 0, count;
  DIR *folder = opendir(scratch->folder);
  FILE *out = open_memstream(&text, &size);
  for (struct dirent *entry; folder && out && (entry = readdir(folder));) {
    if (strncmp(entry->d_name, "report.", 7) != 0) continue;
    snprintf(path, sizeof path, "%s/%s", scratch->folder, entry->d_name);
    FILE *file = fopen(path, "re");
    while (file && (count = fread(bytes, 1, sizeof bytes, file)) > 0) fwrite(bytes, 1, count, out);
    if (file) fclose(file);
  }
  if (folder) closedir(folder);
  if (out) fclose(out);
  if (size > 0) return text;
  free(text);
  return NULL;
}

/* -- keys, as an xterm sends them -- */

static const struct {
  const char *name, *bytes, *application; /* the latter when the program asked for cursor keys */
} keys[] = {
    {"Left", "\033[D", "\033OD"},      {"Right", "\033[C", "\033OC"},
    {"Up", "\033[A", "\033OA"},        {"Down", "\033[B", "\033OB"},
    {"Home", "\033[H", "\033OH"},      {"End", "\033[F", "\033OF"},
    {"PageUp", "\033[5~", NULL},       {"PageDown", "\033[6~", NULL},
    {"BackTab", "\033[Z", NULL},       {"Delete", "\033[3~", NULL},
    {"F1", "\033OP", NULL},            {"Backspace", "\177", NULL},
    {"Enter", "\r", NULL},             {"Tab", "\t", NULL},
    {"Space", " ", NULL},              {"Esc", "\033", NULL},
};

size_t key_bytes(const struct vt *vt, const char *name, char bytes[16]) {
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    if (strcmp(keys[i].name, name) != 0) continue;
    bool application = vt->cursor_keys && keys[i].application;
    strcpy(bytes, application ? keys[i].application : keys[i].bytes);
    return strlen(bytes);
  }
  if (strncmp(name, "Ctrl-", 5) == 0 && name[5] && !name[6]) {
    bytes[0] = (char)(toupper((unsigned char)name[5]) & 0x1F);
    return 1;
  }
  if (strncmp(name, "Alt-", 4) == 0 && name[4] && !name[5]) {
    bytes[0] = 033;
    bytes[1] = name[4];
    return 2;
  }
  if (name[0] && !name[1]) {
    bytes[0] = name[0];
    return 1;
  }
  return 0;
}
