#include "lesson/lesson.h"

#include "core/intl.h"
#include "core/memory.h"
#include "io/file.h"
#include "io/paths.h"

#include <cmark.h>
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void lesson_done(struct lesson *lesson) {
  text_done(&lesson->path);
  text_done(&lesson->title);
  text_done(&lesson->prose);
  text_done(&lesson->model);
}

static bool ends_with(const char *string, const char *end) {
  size_t length = strlen(string), tail = strlen(end);
  return length > tail && strcmp(string + length - tail, end) == 0;
}

/* -- finding -- */

static int compare_names(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A lesson's file begins with its number: 04-three-layer.md. */
static bool is_lesson_name(const char *name) {
  return ends_with(name, ".md") && name[0] >= '0' && name[0] <= '9';
}

static enum status list_folder(DIR *folder, char ***names, size_t *count, struct diag *diag) {
  size_t capacity = 0;
  for (struct dirent *entry; (entry = readdir(folder));) {
    if (!is_lesson_name(entry->d_name)) continue;
    if (!array_reserve(names, &capacity, *count + 1, sizeof **names) ||
        !((*names)[*count] = strdup(entry->d_name)))
      return diag_no_memory(diag);
    ++*count;
  }
  if (*count > 0) qsort(*names, *count, sizeof **names, compare_names);
  return STATUS_OK;
}

enum status lesson_list(char ***names, size_t *count, struct diag *diag) {
  struct text path;
  *names = NULL;
  *count = 0;
  text_init(&path);
  paths_lessons(&path);
  DIR *folder = opendir(text_string(&path));
  enum status status = folder ? list_folder(folder, names, count, diag)
                              : diag_set(diag, STATUS_NO_INPUT, (struct span){0}, "%s: %s",
                                         text_string(&path), strerror(errno));
  if (folder) closedir(folder);
  text_done(&path);
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
  if (*what && *rest == '\0') return number == wanted;
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
  diag_set(diag, STATUS_NO_INPUT, (struct span){0}, _("no lesson or file is called \"%s\""), what);
  if (best) diag_hint(diag, _("did you mean %s?"), best);
  else diag_hint(diag, "%s", _("\"gradwalk list\" shows the lessons"));
  return STATUS_NO_INPUT;
}

static bool looks_like_path(const char *what) {
  return strcmp(what, "-") == 0 || strchr(what, '/') || ends_with(what, ".md") ||
         ends_with(what, ".gw");
}

static enum status find_lesson(struct lesson *lesson, const char *what, struct diag *diag) {
  char **names;
  size_t count, found = 0;
  if (looks_like_path(what)) {
    text_puts(&lesson->path, what);
    return lesson->path.failed ? diag_no_memory(diag) : STATUS_OK;
  }
  enum status status = lesson_list(&names, &count, diag);
  while (!status && found < count && !name_matches(names[found], what)) found++;
  if (!status && found == count) {
    status = unknown_lesson(what, names, count, diag);
  } else if (!status) {
    paths_lessons(&lesson->path);
    text_printf(&lesson->path, "/%s", names[found]);
    if (lesson->path.failed) status = diag_no_memory(diag);
  }
  for (size_t i = 0; i < count; i++) free(names[i]);
  free(names);
  return status;
}

/* -- reading -- */

/* The plain text below NODE. */
static void put_plain(struct text *out, cmark_node *node) {
  cmark_iter *iter = cmark_iter_new(node);
  while (cmark_iter_next(iter) != CMARK_EVENT_DONE) {
    cmark_node_type type = cmark_node_get_type(cmark_iter_get_node(iter));
    const char *literal = cmark_node_get_literal(cmark_iter_get_node(iter));
    if (literal) text_puts(out, literal);
    if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK) text_puts(out, " ");
  }
  cmark_iter_free(iter);
}

/* A block of prose: paragraphs on one line each (the view wraps them), lists with dashes, code as it
 * stands. */
static void put_prose(struct text *out, cmark_node *block, const char *mark, int depth) {
  enum { DEEPEST = 30 };
  if (depth > DEEPEST) return;
  cmark_node_type type = cmark_node_get_type(block);
  if (type == CMARK_NODE_CODE_BLOCK) {
    text_printf(out, "%s\n", cmark_node_get_literal(block));
  } else if (type == CMARK_NODE_PARAGRAPH || type == CMARK_NODE_HEADING) {
    text_puts(out, mark);
    put_plain(out, block);
    text_puts(out, "\n\n");
  } else if (type != CMARK_NODE_HTML_BLOCK) {
    for (cmark_node *child = cmark_node_first_child(block); child; child = cmark_node_next(child))
      put_prose(out, child, type == CMARK_NODE_ITEM ? "- " : mark, depth + 1);
  }
}

static bool is_graph(cmark_node *node) {
  return cmark_node_get_type(node) == CMARK_NODE_CODE_BLOCK &&
         strcmp(cmark_node_get_fence_info(node), "graph") == 0;
}

/* Takes the title, counts the steps and keeps the graph in force at STEP. */
static void read_blocks(struct lesson *lesson, cmark_node *document, int step) {
  for (cmark_node *node = cmark_node_first_child(document); node; node = cmark_node_next(node)) {
    int level = cmark_node_get_heading_level(node); /* 0 if it is none */
    if (level == 1 && lesson->title.length == 0) put_plain(&lesson->title, node);
    if (level == 2) lesson->steps++;
    if (!is_graph(node)) {
      if (level != 1) put_prose(&lesson->prose, node, "", 0);
      continue;
    }
    if (lesson->source.first_line > 0 && (step == 0 || lesson->steps > step)) continue;
    lesson->model.length = 0;
    text_puts(&lesson->model, cmark_node_get_literal(node));
    lesson->source.first_line = (uint32_t)cmark_node_get_start_line(node) + 1;
  }
}

/* -- cmark's memory: an arena of ours. cmark cannot be told that there is no more, so the way out of
 * it is a jump, after which the arena is given back as a whole. -- */

static _Thread_local struct arena *cmark_memory;
static _Thread_local jmp_buf cmark_way_out;

struct cmark_block {
  size_t size;
  max_align_t bytes[];
};

static void *cmark_calloc(size_t count, size_t size) {
  size_t bytes;
  struct cmark_block *block = NULL;
  if (size_multiply(count, size, &bytes) && bytes < SIZE_MAX - sizeof *block)
    block = arena_alloc(cmark_memory, sizeof *block + bytes, 1);
  if (!block) longjmp(cmark_way_out, 1);
  block->size = bytes;
  return block->bytes;
}

static void *cmark_realloc(void *old, size_t size) {
  void *bytes = cmark_calloc(1, size);
  if (!old) return bytes;
  const struct cmark_block *block =
      (const struct cmark_block *)(const void *)((char *)old - offsetof(struct cmark_block, bytes));
  return memcpy(bytes, old, block->size < size ? block->size : size);
}

static void cmark_free(void *bytes) {
  (void)bytes;
}

static enum status parse_lesson(struct lesson *lesson, const struct text *file, int step) {
  static cmark_mem memory = {cmark_calloc, cmark_realloc, cmark_free};
  if (setjmp(cmark_way_out)) return STATUS_NO_MEMORY;
  cmark_parser *parser = cmark_parser_new_with_mem(CMARK_OPT_DEFAULT, &memory);
  cmark_parser_feed(parser, text_string(file), file->length);
  read_blocks(lesson, cmark_parser_finish(parser), step);
  return STATUS_OK;
}

static enum status read_lesson(struct lesson *lesson, const struct text *file, int step,
                               struct diag *diag) {
  struct arena arena;
  arena_init(&arena);
  cmark_memory = &arena;
  enum status status = parse_lesson(lesson, file, step);
  arena_done(&arena);
  const char *path = text_string(&lesson->path);
  if (status) return diag_no_memory(diag);
  if (step > lesson->steps)
    return diag_set(diag, STATUS_USAGE, (struct span){0}, _("%s: this lesson has %d steps"), path,
                    lesson->steps);
  if (lesson->source.first_line > 0) return STATUS_OK;
  diag_set(diag, STATUS_DATA, (struct span){0}, _("%s: this lesson has no model"), path);
  diag_hint(diag, "%s", _("expected a fenced block that begins with ```graph"));
  return STATUS_DATA;
}

static enum status finish(struct lesson *lesson, struct diag *diag) {
  if (lesson->path.failed || lesson->title.failed || lesson->prose.failed ||
      lesson->model.failed)
    return diag_no_memory(diag);
  lesson->source.name = text_string(&lesson->path);
  lesson->source.text = text_string(&lesson->model);
  lesson->source.length = lesson->model.length;
  if (lesson->source.first_line == 0) lesson->source.first_line = 1;
  return STATUS_OK;
}

enum status lesson_open(struct lesson *lesson, const char *what, int step, struct diag *diag) {
  static const char mark[] = "\xEF\xBB\xBF"; /* a byte order mark */
  struct text file;
  *lesson = (struct lesson){0};
  text_init(&file);
  enum status status = find_lesson(lesson, what, diag);
  if (!status) status = file_read(text_string(&lesson->path), &file, diag);
  size_t skip = file.length >= 3 && memcmp(file.bytes, mark, 3) == 0 ? 3 : 0;
  if (!status && ends_with(text_string(&lesson->path), ".md"))
    status = read_lesson(lesson, &file, step, diag);
  else if (!status)
    text_put(&lesson->model, text_string(&file) + skip, file.length - skip);
  text_done(&file);
  return status ? status : finish(lesson, diag);
}

enum status lesson_from_text(struct lesson *lesson, const char *name, const char *text,
                             struct diag *diag) {
  *lesson = (struct lesson){0};
  text_puts(&lesson->path, name);
  text_puts(&lesson->model, text);
  return finish(lesson, diag);
}
