#include "tui/key_log.h"

#include "core/intl.h"
#include "core/text.h"
#include "tui/keymap.h"
#include "tui/term.h"

#include <errno.h>
#include <string.h>

/* -- the file -- */

static enum status cannot_write(struct diag *diag, const char *path) {
  return diag_set(diag, STATUS_IO, SPAN_NONE, _("cannot write the trace %s: %s"), path,
                  strerror(errno));
}

/* The first line is written at once: a full disk shows before the screen opens. */
enum status key_log_open(struct key_log *log, const char *path, struct diag *diag) {
  *log = (struct key_log){.told = {.page = -1, .question = -1, .focus = -1}};
  if (!path) return STATUS_OK;
  log->file = fopen(path, "ae");
  if (!log->file) return cannot_write(diag, path);
  setvbuf(log->file, NULL, _IOLBF, BUFSIZ);
  if (fputs("start\n", log->file) >= 0 && fflush(log->file) == 0) return STATUS_OK;
  enum status status = cannot_write(diag, path);
  fclose(log->file);
  log->file = NULL;
  return status;
}

enum status key_log_close(struct key_log *log, struct diag *diag) {
  if (!log->file) return STATUS_OK;
  fputs("end\n", log->file);
  const bool failed = ferror(log->file) != 0;
  const bool closed = fclose(log->file) == 0;
  log->file = NULL;
  return failed || !closed
             ? diag_set(diag, STATUS_IO, SPAN_NONE, "%s",
                        _("the trace has gaps: not all of it could be written"))
             : STATUS_OK;
}

/* -- keys and lines -- */

void key_log_line(struct key_log *log, const char *what, const char *string) {
  if (!log->file) return;
  while (*string) {
    const size_t length = strcspn(string, "\n");
    struct text line;
    text_init(&line);
    text_put_safe(&line, string, length);
    fprintf(log->file, "  %s %s\n", what, text_string(&line));
    text_done(&line);
    string += length + (string[length] == '\n');
  }
}

void key_log_key(struct key_log *log, int key) {
  if (!log->file || key == KEY_OF_NONE) return;
  const struct mouse mouse = term_mouse();
  int rows, cols;
  term_size(&rows, &cols);
  if (key == KEY_OF_MOUSE)
    fprintf(log->file, "%s %d %d\n", mouse.wheel < 0 ? "wheel-up" : mouse.wheel > 0 ? "wheel-down"
                                                                                    : "click",
            mouse.row, mouse.col);
  else if (key == KEY_OF_RESIZE)
    fprintf(log->file, "resize %dx%d\n", cols, rows);
  else {
    char name[KEY_NAME_SIZE];
    fprintf(log->file, "key %s\n", key_name(key, name));
  }
}
