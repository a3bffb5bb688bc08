#include "lesson/shelf.h"

#include "io/paths.h"
#include "lesson/open.h"

#include <stdlib.h>
#include <string.h>

void shelf_done(struct shelf *shelf) {
  for (size_t i = 0; i < shelf->count; i++) {
    free(shelf->entries[i].name);
    free(shelf->entries[i].title);
  }
  free(shelf->entries);
  *shelf = (struct shelf){0};
}

/* The title of the lesson in FILE, which lies where lesson_list() found it. */
static enum status read_title(const char *file, struct shelf_entry *entry, struct diag *diag) {
  struct lesson lesson = {0};
  struct diag wrong;
  struct text path;
  text_init(&path);
  paths_lessons(&path);
  text_printf(&path, "/%s", file);
  enum status status = path.failed ? STATUS_NO_MEMORY
                                   : lesson_open(&lesson, text_string(&path), 0, &wrong);
  entry->broken = status != STATUS_OK;
  if (status != STATUS_NO_MEMORY)
    entry->title = strdup(status ? wrong.message : text_string(&lesson.title));
  lesson_done(&lesson);
  text_done(&path);
  return entry->title ? STATUS_OK : diag_no_memory(diag);
}

enum status shelf_load(struct shelf *shelf, struct diag *diag) {
  char **files;
  size_t count;
  shelf_done(shelf);
  enum status status = lesson_list(&files, &count, diag);
  if (status) return status;
  shelf->entries = calloc(count + 1, sizeof *shelf->entries);
  if (!shelf->entries) status = diag_no_memory(diag);
  for (size_t i = 0; i < count; i++) {
    struct shelf_entry *entry = status ? NULL : &shelf->entries[shelf->count++];
    if (entry) status = read_title(files[i], entry, diag);
    if (entry) entry->name = files[i];
    else free(files[i]);
    if (entry) entry->name[strlen(entry->name) - strlen(".md")] = '\0';
  }
  free(files);
  if (status) shelf_done(shelf);
  return status;
}
