/* Where lessons are: beside the program or installed, then in the user's own data folder. */
#include "lesson/lesson.h"

#include "core/intl.h"
#include "core/memory.h"
#include "io/paths.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool ends_with(const char *string, const char *end) {
  size_t length = strlen(string), tail = strlen(end);
  return length > tail && strcmp(string + length - tail, end) == 0;
}

static void put_shipped(struct text *path) {
  paths_lessons(path);
}

static void put_own(struct text *path) {
  paths_user(path, "XDG_DATA_HOME", ".local/share", "lessons");
}

/* In the order in which they are looked through. */
static void (*const folders[])(struct text *path) = {put_shipped, put_own};

enum { FOLDER_COUNT = sizeof folders / sizeof *folders };

static int compare_names(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_lesson_name(const char *name) {
  return ends_with(name, ".md") && name[0] != '.' && strcmp(name, "README.md") != 0;
}

static bool is_listed(char *const *names, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(names[i], name) == 0) return true;
  return false;
}

static enum status list_folder(DIR *folder, char ***names, size_t *count, size_t *capacity,
                               struct diag *diag) {
  enum { MOST = 1000 };
  for (struct dirent *entry; (entry = readdir(folder)) && *count < MOST;) {
    if (!is_lesson_name(entry->d_name) || is_listed(*names, *count, entry->d_name)) continue;
    if (!array_reserve(names, capacity, *count + 1, sizeof **names) ||
        !((*names)[*count] = strdup(entry->d_name)))
      return diag_no_memory(diag);
    ++*count;
  }
  return STATUS_OK;
}

enum status lesson_list(char ***names, size_t *count, struct diag *diag) {
  struct text path;
  size_t capacity = 0;
  enum status status = STATUS_OK;
  *names = NULL;
  *count = 0;
  text_init(&path);
  for (size_t i = 0; !status && i < FOLDER_COUNT; i++) {
    path.length = 0;
    folders[i](&path);
    DIR *folder = path.length > 0 ? opendir(text_string(&path)) : NULL;
    if (folder) status = list_folder(folder, names, count, &capacity, diag);
    else if (i == 0)
      status = diag_set(diag, STATUS_NO_INPUT, SPAN_NONE, "%s: %s", text_string(&path),
                        strerror(errno));
    if (folder) closedir(folder);
  }
  text_done(&path);
  if (*count > 0) qsort(*names, *count, sizeof **names, compare_names);
  return status;
}

const char *lesson_name(const char *file, size_t *length) {
  const char *name = file + strspn(file, "0123456789");
  name += *name == '-';
  *length = strlen(name) - strlen(".md");
  return name;
}

static bool is_name_of(const char *file, const char *what) {
  size_t length = strlen(what);
  return strncmp(file, what, length) == 0 &&
         (file[length] == '\0' || strcmp(file + length, ".md") == 0);
}

/* "4", "three-layer", "04-three-layer" and "04-three-layer.md" all name 04-three-layer.md. */
static bool name_matches(const char *file, const char *what) {
  char *base, *rest;
  long number = strtol(file, &base, 10), wanted = strtol(what, &rest, 10);
  if (*what && *rest == '\0') return base > file && number == wanted;
  return is_name_of(file, what) || is_name_of(base + (*base == '-'), what);
}

static enum status unknown_lesson(const char *what, char **names, size_t count,
                                  struct diag *diag) {
  const char *best = NULL;
  for (size_t i = 0; i < count; i++) {
    size_t length;
    const char *base = lesson_name(names[i], &length);
    names[i][base - names[i] + (ptrdiff_t)length] = '\0';
    best = suggest_nearer(what, best, base);
  }
  diag_set(diag, STATUS_NO_INPUT, SPAN_NONE, _("no lesson or file is called \"%s\""), what);
  if (best) diag_hint(diag, _("did you mean %s?"), best);
  else diag_hint(diag, "%s", _("\"gradwalk list\" shows the lessons"));
  return STATUS_NO_INPUT;
}

static bool looks_like_path(const char *what) {
  return strcmp(what, "-") == 0 || strchr(what, '/') || ends_with(what, ".md") ||
         ends_with(what, ".gw");
}

/* The first folder that has FILE. */
static void put_path(struct text *path, const char *file) {
  size_t before = path->length;
  for (size_t i = 0; i < FOLDER_COUNT; i++) {
    text_truncate(path, before);
    folders[i](path);
    text_printf(path, "/%s", file);
    if (access(text_string(path), F_OK) == 0) return;
  }
}

enum status lesson_find(struct text *path, const char *what, struct diag *diag) {
  char **names;
  size_t count, found = 0;
  if (looks_like_path(what)) {
    text_puts(path, what);
    return path->failed ? diag_no_memory(diag) : STATUS_OK;
  }
  enum status status = lesson_list(&names, &count, diag);
  while (!status && found < count && !name_matches(names[found], what)) found++;
  if (!status && found == count) status = unknown_lesson(what, names, count, diag);
  else if (!status) put_path(path, names[found]);
  if (!status && path->failed) status = diag_no_memory(diag);
  for (size_t i = 0; i < count; i++) free(names[i]);
  free(names);
  return status;
}
