#include "io/file.h"

#include "core/intl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status fail(struct diag *diag, enum status status, const char *path,
                        const char *what) {
  return diag_set(diag, status, SPAN_NONE, "%s: %s", path, what);
}

/* O_NONBLOCK: a FIFO without a writer must not hang us. */
static enum status open_regular(const char *path, int *file, struct diag *diag) {
  struct stat info;
  if (strcmp(path, "-") == 0) {
    *file = STDIN_FILENO;
    return STATUS_OK;
  }
  *file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (*file < 0) return fail(diag, STATUS_NO_INPUT, path, strerror(errno));
  if (fstat(*file, &info) == 0 && S_ISREG(info.st_mode)) return STATUS_OK;
  close(*file);
  return fail(diag, STATUS_NO_INPUT, path,
              S_ISDIR(info.st_mode) ? _("this is a folder") : _("this is not a regular file"));
}

static enum status read_all(int file, const char *path, bool binary, size_t most,
                            struct text *text, struct diag *diag) {
  char block[65536];
  for (;;) {
    ssize_t count = read(file, block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(diag, STATUS_IO, path, strerror(errno));
    if (count == 0) return STATUS_OK;
    if (!binary && memchr(block, '\0', (size_t)count))
      return fail(diag, STATUS_DATA, path, _("found a NUL byte; this is not a text file"));
    text_put(text, block, (size_t)count);
    if (text->failed) return diag_no_memory(diag);
    if (text->length > most)
      return fail(diag, STATUS_DATA, path,
                  binary ? _("this file is larger than it should be")
                         : _("this file is larger than 8 MiB"));
  }
}

static enum status read_file(const char *path, bool binary, size_t most, struct text *text,
                             struct diag *diag) {
  int file;
  enum status status = open_regular(path, &file, diag);
  if (status) return status;
  status = read_all(file, path, binary, most, text, diag);
  if (file != STDIN_FILENO) close(file);
  return status;
}

enum status file_read(const char *path, struct text *text, struct diag *diag) {
  return read_file(path, false, FILE_MAX_BYTES, text, diag);
}

enum status file_read_bytes(const char *path, struct text *bytes, size_t most,
                            struct diag *diag) {
  return read_file(path, true, most, bytes, diag);
}

/* The new name of a file is only safe once its folder is on the disk. Where a folder cannot be
 * opened for that, nothing is lost but this safety. */
static void sync_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  struct text folder;
  text_init(&folder);
  text_put(&folder, slash ? path : ".", slash ? (size_t)(slash - path) + 1 : 1);
  int file = folder.failed ? -1 : open(text_string(&folder), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
  if (file >= 0) {
    fsync(file);
    close(file);
  }
  text_done(&folder);
}

enum status file_write(const char *path, const struct text *text, struct diag *diag) {
  struct text scratch;
  text_init(&scratch);
  text_printf(&scratch, "%s.tmp", path);
  FILE *file = scratch.failed ? NULL : fopen(text_string(&scratch), "w");
  bool written = file && fwrite(text_string(text), 1, text->length, file) == text->length &&
                 fflush(file) == 0 && fsync(fileno(file)) == 0;
  int error = errno;
  if (file && fclose(file) != 0) written = false;
  if (written && rename(text_string(&scratch), path) != 0) written = false, error = errno;
  if (file && !written) remove(text_string(&scratch));
  if (written) sync_folder(path);
  text_done(&scratch);
  return written ? STATUS_OK : fail(diag, STATUS_IO, path, strerror(error));
}

void file_make_folders(char *path) {
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    mkdir(path, 0700);
    *slash = '/';
  }
}

bool path_ends(const char *path, const char *ending) {
  size_t length = strlen(path), tail = strlen(ending);
  return length > tail && strcmp(path + length - tail, ending) == 0;
}
