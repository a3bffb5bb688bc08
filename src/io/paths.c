#include "io/paths.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_folder(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The folder called NAME beside the program's own file, if there is one. */
static bool find_beside(struct text *path, const char *name) {
  char program[4096];
  ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length <= 0) return false;
  program[length] = '\0';
  char *slash = strrchr(program, '/');
  if (!slash) return false;
  size_t before = path->length;
  text_put(path, program, (size_t)(slash - program) + 1);
  text_puts(path, name);
  if (is_folder(text_string(path))) return true;
  path->length = before;
  return false;
}

void paths_lessons(struct text *path) {
  if (!find_beside(path, "lessons")) text_puts(path, PKGDATADIR "/lessons");
}

void paths_data(struct text *path) {
  const char *chosen = getenv("GRADWALK_DATA");
  if (chosen && *chosen) text_puts(path, chosen);
  else if (!find_beside(path, "data")) text_puts(path, PKGDATADIR "/data");
}

void paths_user(struct text *path, const char *variable, const char *fallback, const char *name) {
  const char *folder = getenv(variable), *home = getenv("HOME");
  if (folder && *folder == '/') text_printf(path, "%s/gradwalk/%s", folder, name);
  else if (home && *home == '/') text_printf(path, "%s/%s/gradwalk/%s", home, fallback, name);
}
