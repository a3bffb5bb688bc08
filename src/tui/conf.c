#include "tui/conf.h"

#include "io/file.h"
#include "io/paths.h"

#include <unistd.h>

static bool is_blank(char character) {
  return character == ' ' || character == '\t' || character == '\r';
}

enum status conf_read(const struct source *source, conf_take *take, void *context,
                      struct diag *diag) {
  enum status status = STATUS_OK;
  for (uint32_t from = 0, next; !status && from < source->length; from = next) {
    uint32_t to = from;
    while (to < source->length && source->text[to] != '\n') to++;
    next = to + 1;
    while (from < to && is_blank(source->text[from])) from++;
    while (to > from && is_blank(source->text[to - 1])) to--;
    if (from < to && source->text[from] != '#')
      status = take(context, (struct span){source, from, to}, diag);
  }
  return status;
}

static enum status read_users(const char *name, conf_take *take, void *context,
                              struct diag *diag) {
  struct text path, file;
  enum status status = STATUS_OK;
  text_init(&path);
  text_init(&file);
  paths_user(&path, "XDG_CONFIG_HOME", ".config", name);
  if (path.length > 0 && access(text_string(&path), R_OK) == 0) {
    status = file_read(text_string(&path), &file, diag);
    struct source source = source_from(text_string(&path), text_string(&file), file.length);
    if (!status) status = conf_read(&source, take, context, diag);
  }
  text_done(&path);
  text_done(&file);
  return status;
}

enum status conf_load(const struct source *own, const char *name, conf_take *take, void *context,
                      struct diag *diag) {
  enum status status = conf_read(own, take, context, diag);
  return status ? status : read_users(name, take, context, diag);
}

size_t conf_word(const char **at, const char *end, const char **word) {
  *word = *at;
  while (*at < end && !is_blank(**at)) ++*at;
  size_t length = (size_t)(*at - *word);
  while (*at < end && is_blank(**at)) ++*at;
  return length;
}
