#include "lesson/progress.h"

#include "core/intl.h"
#include "core/memory.h"
#include "io/file.h"
#include "io/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

static const char head[] = "gradwalk progress ";
enum { VERSION = 1, PAGES_MOST = 100000 };

void progress_done(struct progress *progress) {
  for (size_t i = 0; i < progress->count; i++) free(progress->entries[i].marks);
  free(progress->entries);
  *progress = (struct progress){0};
}

static struct progress_entry *find(const struct progress *progress, const char *name) {
  for (size_t i = 0; i < progress->count; i++)
    if (strcmp(progress->entries[i].name, name) == 0) return &progress->entries[i];
  return NULL;
}

const struct progress_entry *progress_find(const struct progress *progress, const char *name) {
  return find(progress, name);
}

size_t progress_marked(const struct progress_entry *entry, char mark) {
  size_t count = 0;
  for (const char *at = entry->marks; *at; at++) count += *at == mark;
  return count;
}

void progress_name(struct progress_entry *entry, const char *path) {
  const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
  size_t length = strlen(base), size = 0;
  if (length > 3 && strcmp(base + length - 3, ".md") == 0) length -= 3;
  *entry = (struct progress_entry){0};
  while (size < length && size < sizeof entry->name - 1) {
    char byte = base[size];
    entry->name[size++] = byte > ' ' && byte != 0x7F ? byte : '_';
  }
}

/* -- merging -- */

static int rank(char mark) {
  return mark == MARK_RIGHT ? 2 : mark == MARK_SKIPPED;
}

static bool merge_marks(struct progress_entry *into, const char *marks) {
  size_t have = strlen(into->marks), length = strlen(marks);
  char *merged = calloc((have > length ? have : length) + 1, 1);
  if (!merged) return false;
  memcpy(merged, into->marks, have);
  for (size_t i = 0; i < length; i++)
    if (i >= have || rank(marks[i]) > rank(merged[i])) merged[i] = marks[i];
  free(into->marks);
  into->marks = merged;
  return true;
}

enum status progress_merge(struct progress *progress, const struct progress_entry *entry,
                           struct diag *diag) {
  struct progress_entry *known = find(progress, entry->name);
  if (!known) {
    char *marks = strdup("");
    if (!marks || !array_reserve(&progress->entries, &progress->capacity, progress->count + 1,
                                 sizeof *progress->entries)) {
      free(marks);
      return diag_no_memory(diag);
    }
    known = &progress->entries[progress->count++];
    *known = *entry;
    known->marks = marks;
  }
  if (entry->page > known->page) known->page = entry->page;
  if (entry->pages > known->pages) known->pages = entry->pages;
  return merge_marks(known, entry->marks) ? STATUS_OK : diag_no_memory(diag);
}

/* -- the text -- */

static bool read_count(const char **at, int *count) {
  char *end;
  if (**at < '0' || **at > '9') return false;
  long value = strtol(*at, &end, 10);
  *at = end;
  *count = (int)value;
  return value <= PAGES_MOST;
}

/* NAME PAGE PAGES MARKS */
static bool read_entry(char *line, struct progress_entry *entry) {
  size_t length = strcspn(line, " ");
  const char *at = line + length;
  if (length == 0 || length >= sizeof entry->name || *at != ' ') return false;
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)line[i] < ' ' || line[i] == 0x7F) return false;
  *entry = (struct progress_entry){0};
  memcpy(entry->name, line, length);
  at++;
  if (!read_count(&at, &entry->page) || *at++ != ' ') return false;
  if (!read_count(&at, &entry->pages) || *at++ != ' ' || entry->page > entry->pages) return false;
  entry->marks = line + (at - line);
  length = strlen(entry->marks);
  return length <= PROGRESS_QUIZZES && strspn(entry->marks, "rs-.") == length &&
         (!strchr(entry->marks, '.') || length == 1);
}

static enum status read_line(struct progress *progress, char *line, struct diag *diag) {
  struct progress_entry entry;
  if (!*line) return STATUS_OK;
  if (!read_entry(line, &entry) ||
      (progress->count >= PROGRESS_ENTRIES && !find(progress, entry.name))) {
    progress->damaged = true;
    return STATUS_OK;
  }
  if (*entry.marks == '.') entry.marks++;
  return progress_merge(progress, &entry, diag);
}

/* "gradwalk progress 1" */
static enum status read_head(struct progress *progress, const char *line, struct diag *diag) {
  char *end;
  size_t length = strlen(head);
  bool ours = strncmp(line, head, length) == 0 && line[length] >= '0' && line[length] <= '9';
  long version = ours ? strtol(line + length, &end, 10) : 0;
  if (ours && version > VERSION)
    return diag_set(diag, STATUS_LIMIT, SPAN_NONE, "%s",
                    _("the progress was written by a newer gradwalk; it is left as it is"));
  if (version != VERSION || *end) progress->damaged = true;
  return STATUS_OK;
}

enum status progress_parse(struct progress *progress, const char *bytes, size_t length,
                           struct diag *diag) {
  enum { LINE = PROGRESS_NAME + PROGRESS_QUIZZES + 40 };
  enum status status = STATUS_OK;
  bool first = true;
  *progress = (struct progress){0};
  for (size_t at = 0; !status && at < length; first = false) {
    const char *newline = memchr(bytes + at, '\n', length - at);
    size_t size = newline ? (size_t)(newline - bytes) - at : length - at;
    char line[LINE] = "";
    bool whole = newline && size < sizeof line && !memchr(bytes + at, '\0', size);
    if (whole) memcpy(line, bytes + at, size);
    else progress->damaged = true;
    if (whole && first) status = read_head(progress, line, diag);
    else if (whole) status = read_line(progress, line, diag);
    at += size + 1;
  }
  return status;
}

void progress_put(const struct progress *progress, struct text *out) {
  text_printf(out, "%s%d\n", head, VERSION);
  for (size_t i = 0; i < progress->count; i++) {
    const struct progress_entry *entry = &progress->entries[i];
    text_printf(out, "%s %d %d %s\n", entry->name, entry->page, entry->pages,
                *entry->marks ? entry->marks : ".");
  }
}

/* -- the file -- */

static void put_path(struct text *path, const char *name) {
  paths_user(path, "XDG_STATE_HOME", ".local/state", name);
}

static enum status load(const char *path, struct progress *progress, struct diag *diag) {
  struct text file;
  *progress = (struct progress){0};
  if (access(path, F_OK) != 0) return STATUS_OK;
  text_init(&file);
  enum status status = file_read(path, &file, diag);
  if (status == STATUS_DATA) { /* NUL bytes, or far too large */
    progress->damaged = true;
    status = STATUS_OK;
  } else if (!status) {
    status = progress_parse(progress, text_string(&file), file.length, diag);
  }
  text_done(&file);
  return status;
}

enum status progress_load(struct progress *progress, struct diag *diag) {
  struct text path;
  text_init(&path);
  put_path(&path, "progress");
  *progress = (struct progress){0};
  enum status status = path.length > 0 ? load(path.bytes, progress, diag) : STATUS_OK;
  text_done(&path);
  return status;
}

/* Waits a while for another program to be done. */
static bool lock(int file) {
  enum { TRIES = 200 };
  const struct timespec pause = {0, 10 * 1000 * 1000};
  for (int i = 0; i < TRIES; i++) {
    if (flock(file, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
    nanosleep(&pause, NULL);
  }
  errno = EBUSY;
  return false;
}

/* A damaged file is not overwritten: it may be all there is. */
static void set_aside(const char *path) {
  enum { MOST = 100 };
  struct text aside;
  text_init(&aside);
  for (int i = 1; i < MOST; i++) {
    text_truncate(&aside, 0);
    text_printf(&aside, "%s.bad-%d", path, i);
    if (aside.failed || access(aside.bytes, F_OK) == 0) continue;
    if (rename(path, aside.bytes) == 0) break;
  }
  text_done(&aside);
}

static enum status merge_into(const char *path, const struct progress_entry *entry,
                              struct diag *diag) {
  struct progress progress;
  struct text file;
  text_init(&file);
  enum status status = load(path, &progress, diag);
  if (!status) status = progress_merge(&progress, entry, diag);
  if (!status) progress_put(&progress, &file);
  if (!status && file.failed) status = diag_no_memory(diag);
  if (!status && progress.damaged) set_aside(path);
  if (!status) status = file_write(path, &file, diag);
  text_done(&file);
  progress_done(&progress);
  return status;
}

static enum status save(char *path, const struct progress_entry *entry, struct diag *diag) {
  struct text name;
  text_init(&name);
  text_printf(&name, "%s.lock", path);
  file_make_folders(path);
  const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
  int file = name.failed ? -1 : open(text_string(&name), flags, 0600);
  enum status status = STATUS_OK;
  if (name.failed) status = diag_no_memory(diag);
  else if (file < 0 || !lock(file))
    status = diag_set(diag, STATUS_IO, SPAN_NONE, _("progress is not kept: %s: %s"),
                      text_string(&name), strerror(errno));
  else status = merge_into(path, entry, diag);
  if (file >= 0) close(file); /* and with it the lock */
  text_done(&name);
  return status;
}

enum status progress_save(const struct progress_entry *entry, struct diag *diag) {
  struct text path;
  text_init(&path);
  put_path(&path, "progress");
  enum status status = STATUS_OK;
  if (path.failed) status = diag_no_memory(diag);
  else if (path.length > 0) status = save(path.bytes, entry, diag);
  text_done(&path);
  return status;
}
