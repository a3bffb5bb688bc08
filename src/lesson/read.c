#include "lesson/read.h"

#include "core/intl.h"
#include "core/memory.h"
#include "lesson/file_lines.h"
#include "lesson/inlines.h"

#include <cmark.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
  struct lesson *lesson;
  struct diag *diag;
  struct file_lines lines;
  enum status status; /* the first failure; nothing is read after it */
  bool in_details, in_answer;
  size_t details;       /* its block */
  size_t after_summary; /* of lesson.prose */
};

/* -- places -- */

static struct span line_span(const struct reader *reader, int line) {
  return file_lines_span(&reader->lines, reader->lesson, line);
}

static struct span node_span(const struct reader *reader, cmark_node *node) {
  return line_span(reader, cmark_node_get_start_line(node));
}

static void fail_memory(struct reader *reader) {
  if (!reader->status) reader->status = diag_no_memory(reader->diag);
}

/* Keeps the first failure. Where text is missing because memory was short, that is it. */
static void fail(struct reader *reader, struct span place, const char *message, const char *hint) {
  const struct lesson *lesson = reader->lesson;
  if (lesson->prose.failed || lesson->title.failed) fail_memory(reader);
  if (reader->status) return;
  reader->status = diag_set(reader->diag, STATUS_DATA, place, "%s", message);
  if (hint) diag_hint(reader->diag, "%s", hint);
}

/* -- blocks and pages -- */

static struct page *last_page(struct reader *reader) {
  return &reader->lesson->page[reader->lesson->page_count - 1];
}

static struct block *last_block(struct reader *reader) {
  bool any = last_page(reader)->block_count > 0;
  return any ? &reader->lesson->blocks[reader->lesson->block_count - 1] : NULL;
}

static struct block *add_block(struct reader *reader, enum block_kind kind, struct span place) {
  struct lesson *lesson = reader->lesson;
  if (!array_reserve(&lesson->blocks, &lesson->block_capacity, lesson->block_count + 1,
                     sizeof *lesson->blocks)) {
    fail_memory(reader);
    return NULL;
  }
  struct block *block = &lesson->blocks[lesson->block_count++];
  *block = (struct block){.kind = kind, .start = lesson->prose.length, .end = lesson->prose.length,
                          .first_figure = lesson->figure_count, .quiz = -1, .place = place};
  last_page(reader)->block_count++;
  return block;
}

/* What was just put belongs to BLOCK. */
static void extend(struct reader *reader, struct block *block) {
  block->end = reader->lesson->prose.length;
  block->figure_count = reader->lesson->figure_count - block->first_figure;
}

static void add_page(struct reader *reader, struct span place) {
  struct lesson *lesson = reader->lesson;
  if (lesson->page_count > LESSON_MAX_PAGES) {
    fail(reader, place, _("this lesson has more than 999 pages"), NULL);
    return;
  }
  if (!array_reserve(&lesson->page, &lesson->page_capacity, lesson->page_count + 1,
                     sizeof *lesson->page)) {
    fail_memory(reader);
    return;
  }
  lesson->page[lesson->page_count++] =
      (struct page){.first_block = lesson->block_count, .model = SIZE_MAX, .place = place};
}

/* -- prose -- */

static void add_lookalike(struct reader *reader, struct span text, struct span place) {
  struct lesson *lesson = reader->lesson;
  if (!array_reserve(&lesson->lookalikes, &lesson->lookalike_capacity,
                     lesson->lookalike_count + 1, sizeof *lesson->lookalikes)) {
    fail_memory(reader);
    return;
  }
  lesson->lookalikes[lesson->lookalike_count++] =
      (struct lookalike){text, place, lesson->page_count - 1};
}

/* Code, whose text is CODE in the file. */
static void put_code(struct reader *reader, struct span code) {
  struct lesson *lesson = reader->lesson;
  struct figure figure;
  struct span left, right;
  const uint32_t start = (uint32_t)lesson->prose.length;
  text_put(&lesson->prose, code.source->text + code.start, code.end - code.start);
  if (!figure_parse(code, &figure)) {
    if (figure_sides(code, &left, &right)) add_lookalike(reader, code, span_root(code));
    return;
  }
  if (!array_reserve(&lesson->figures, &lesson->figure_capacity, lesson->figure_count + 1,
                     sizeof *lesson->figures)) {
    fail_memory(reader);
    return;
  }
  figure.place = span_root(code);
  figure.shown = (struct span){lesson->pages, start + figure.number.start - code.start,
                               start + figure.number.end - code.start};
  lesson->figures[lesson->figure_count++] = figure;
}

/* The plain text below NODE. */
static void put_plain(struct reader *reader, cmark_node *node) {
  struct text *out = &reader->lesson->prose;
  struct inlines inlines;
  struct span code;
  inlines_begin(&inlines, &reader->lines, reader->lesson, node);
  cmark_iter *iter = cmark_iter_new(node);
  for (cmark_event_type event; (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;) {
    cmark_node *inside = cmark_iter_get_node(iter);
    cmark_node_type type = cmark_node_get_type(inside);
    const char *literal = cmark_node_get_literal(inside);
    if (type != CMARK_NODE_CODE) inlines_follow(&inlines, event, inside);
    else if (inlines_code(&inlines, inside, &reader->lesson->arena, &code)) put_code(reader, code);
    else fail_memory(reader);
    if (type != CMARK_NODE_CODE && literal) text_puts(out, literal);
    if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK) text_puts(out, " ");
  }
  cmark_iter_free(iter);
}

static const char *const speaking[] = {"graph", "do", "expect", "quiz"};
static const char *const plain[] = {"", "sh", "text", "math", "c", "python"};

static bool is_one_of(const char *word, const char *const *words, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(words[i], word) == 0) return true;
  return false;
}

static void put_fence(struct reader *reader, cmark_node *node) {
  const char *info = cmark_node_get_fence_info(node);
  if (is_one_of(info, speaking, sizeof speaking / sizeof *speaking)) {
    fail(reader, node_span(reader, node),
         _("this fence must not stand inside a list or a quotation"), NULL);
  } else if (!is_one_of(info, plain, sizeof plain / sizeof *plain)) {
    fail(reader, node_span(reader, node), _("this kind of fence is unknown"),
         _("those that speak are graph, do, expect and quiz; sh, text, math, c and python are only "
           "shown"));
  }
  text_printf(&reader->lesson->prose, "%s\n", cmark_node_get_literal(node));
}

static void put_block(struct reader *reader, cmark_node *block, int indent, const char *mark,
                      int depth);

static void put_items(struct reader *reader, cmark_node *list, int indent, int depth) {
  bool ordered = cmark_node_get_list_type(list) == CMARK_ORDERED_LIST;
  int number = cmark_node_get_list_start(list);
  for (cmark_node *item = cmark_node_first_child(list); item; item = cmark_node_next(item)) {
    char mark[24] = "- ";
    if (ordered) snprintf(mark, sizeof mark, "%d. ", number++);
    int inside = indent + (int)strlen(mark);
    for (cmark_node *child = cmark_node_first_child(item); child; child = cmark_node_next(child)) {
      bool first = child == cmark_node_first_child(item);
      put_block(reader, child, first ? indent : inside, first ? mark : "", depth + 1);
      if (cmark_node_get_list_tight(list) && reader->lesson->prose.length > 1 &&
          cmark_node_get_type(child) == CMARK_NODE_PARAGRAPH)
        text_truncate(&reader->lesson->prose, reader->lesson->prose.length - 1);
    }
  }
  if (cmark_node_get_list_tight(list) && depth == 0) text_puts(&reader->lesson->prose, "\n");
}

/* A block of prose: paragraphs on one line each (the view wraps them), lists with their marks, code
 * as it stands. */
static void put_block(struct reader *reader, cmark_node *block, int indent, const char *mark,
                      int depth) {
  enum { DEEPEST = 30 };
  struct text *out = &reader->lesson->prose;
  cmark_node_type type = cmark_node_get_type(block);
  if (depth > DEEPEST) {
    fail(reader, node_span(reader, block), _("this is nested too deeply"), NULL);
  } else if (type == CMARK_NODE_CODE_BLOCK) {
    put_fence(reader, block);
  } else if (type == CMARK_NODE_PARAGRAPH || type == CMARK_NODE_HEADING) {
    text_printf(out, "%*s%s", indent, "", mark);
    put_plain(reader, block);
    text_puts(out, "\n\n");
  } else if (type == CMARK_NODE_LIST) {
    put_items(reader, block, indent, depth);
  } else if (type == CMARK_NODE_BLOCK_QUOTE) {
    for (cmark_node *child = cmark_node_first_child(block); child; child = cmark_node_next(child))
      put_block(reader, child, indent + 2, "", depth + 1);
  } else if (type == CMARK_NODE_HTML_BLOCK) {
    fail(reader, node_span(reader, block), _("HTML must not stand inside a list or a quotation"),
         NULL);
  }
}

static size_t count_items(cmark_node *list) {
  size_t count = 0;
  for (cmark_node *item = cmark_node_first_child(list); item; item = cmark_node_next(item)) count++;
  return count;
}

/* A list right after the lines of a quiz: why its wrong answers are wrong. */
static void read_reasons(struct reader *reader, struct quiz *quiz, int index, cmark_node *list) {
  quiz->first_reason = reader->lesson->block_count;
  quiz->reason_count = count_items(list);
  for (cmark_node *item = cmark_node_first_child(list); item; item = cmark_node_next(item)) {
    struct block *block = add_block(reader, BLOCK_REASON, node_span(reader, item));
    if (!block) return;
    block->quiz = index;
    for (cmark_node *child = cmark_node_first_child(item); child; child = cmark_node_next(child))
      put_block(reader, child, 0, "", 0);
    extend(reader, block);
  }
}

/* Prose goes on in the block that is being read, or begins one. */
static void read_prose(struct reader *reader, cmark_node *node) {
  struct block *block = last_block(reader);
  bool list = cmark_node_get_type(node) == CMARK_NODE_LIST;
  if (reader->in_answer && block && block->kind == BLOCK_QUIZ) {
    int index = block->quiz;
    struct quiz *quiz = &reader->lesson->quizzes[index];
    if (list && quiz->wrong_count > 0) {
      read_reasons(reader, quiz, index, node);
      return;
    }
  }
  if (reader->in_answer && block && block->kind != BLOCK_DEBRIEF) {
    block = add_block(reader, BLOCK_DEBRIEF, node_span(reader, node));
    if (block) block->quiz = (int)reader->lesson->quiz_count - 1;
  } else if (!reader->in_details && (!block || block->kind != BLOCK_PROSE)) {
    block = add_block(reader, BLOCK_PROSE, node_span(reader, node));
  }
  if (!block) return;
  put_block(reader, node, 0, "", 0);
  extend(reader, block);
  block->choices = list && cmark_node_get_list_type(node) == CMARK_ORDERED_LIST ? count_items(node)
                                                                              : 0;
}

/* -- headings -- */

/* A title is on no page, so nothing in it is proved. */
static void put_title(struct reader *reader, cmark_node *node) {
  struct lesson *lesson = reader->lesson;
  size_t before = lesson->prose.length, figures = lesson->figure_count;
  size_t lookalikes = lesson->lookalike_count;
  put_plain(reader, node);
  text_put(&lesson->title, text_string(&lesson->prose) + before, lesson->prose.length - before);
  text_truncate(&lesson->prose, before);
  lesson->lookalike_count = lookalikes;
  for (size_t i = figures; i < lesson->figure_count; i++)
    add_lookalike(reader, SPAN_NONE, lesson->figures[i].place);
  lesson->figure_count = figures;
}

static void read_heading(struct reader *reader, cmark_node *node) {
  struct lesson *lesson = reader->lesson;
  int level = cmark_node_get_heading_level(node);
  struct span place = node_span(reader, node);
  if (level <= 2 && reader->in_details) {
    fail(reader, place, _("this heading is inside <details>"), _("close it with </details>"));
  } else if (level == 1) {
    if (lesson->title.length > 0)
      fail(reader, place, _("this lesson has a title already"), _("a page begins with ##"));
    else put_title(reader, node);
  } else if (level > 2) {
    read_prose(reader, node);
  } else {
    add_page(reader, place);
    if (!reader->status) read_prose(reader, node);
  }
}

/* -- fences that speak -- */

struct graph *read_graph(struct lesson *lesson, const char *bytes, size_t length, uint32_t line) {
  struct graph *graph = calloc(1, sizeof *graph);
  if (!graph || !array_reserve(&lesson->graphs, &lesson->graph_capacity, lesson->graph_count + 1,
                               sizeof *lesson->graphs)) {
    free(graph);
    return NULL;
  }
  lesson->graphs[lesson->graph_count++] = graph;
  text_put(&graph->text, bytes, length);
  graph->source = source_from(text_string(&lesson->path), text_string(&graph->text), length);
  graph->source.first_line = line;
  return graph->text.failed ? NULL : graph;
}

/* The lines between the fences. */
static bool fence_lines(struct reader *reader, cmark_node *node, struct span *lines) {
  int first = cmark_node_get_start_line(node), last = cmark_node_get_end_line(node);
  size_t marks = file_lines_fence_marks(line_span(reader, first));
  if (last <= first || marks == 0 || file_lines_fence_marks(line_span(reader, last)) < marks) {
    fail(reader, line_span(reader, first), _("this fence is never closed"), NULL);
    return false;
  }
  *lines = (struct span){reader->lesson->whole, file_lines_start(&reader->lines, first + 1),
                         file_lines_start(&reader->lines, last)};
  return true;
}

static void read_model(struct reader *reader, cmark_node *node) {
  struct lesson *lesson = reader->lesson;
  const char *literal = cmark_node_get_literal(node);
  uint32_t line = (uint32_t)cmark_node_get_start_line(node) + 1;
  if (last_page(reader)->model != SIZE_MAX) {
    fail(reader, node_span(reader, node), _("this page has a model already"), NULL);
    return;
  }
  last_page(reader)->model = lesson->graph_count;
  struct graph *graph = read_graph(lesson, literal, strlen(literal), line);
  if (!graph || !file_lines_place(&reader->lines, lesson, (int)line, &graph->source))
    fail_memory(reader);
}

static void read_commands(struct reader *reader, cmark_node *node, enum block_kind kind) {
  struct span lines;
  if (!fence_lines(reader, node, &lines)) return;
  struct block *block = add_block(reader, kind, node_span(reader, node));
  if (block) block->lines = lines;
}

/* The hints right before the answer, and the question before them. */
static void tie_question(struct reader *reader, struct quiz *quiz, size_t at) {
  struct lesson *lesson = reader->lesson;
  size_t first = last_page(reader)->first_block, hint = at;
  while (hint > first && lesson->blocks[hint - 1].kind == BLOCK_HINT) hint--;
  quiz->first_hint = hint;
  quiz->hint_count = at - hint;
  for (size_t i = hint; i < at; i++) lesson->blocks[i].quiz = lesson->blocks[at].quiz;
  const struct block *question = hint > first ? &lesson->blocks[hint - 1] : NULL;
  if (!question || question->kind != BLOCK_PROSE)
    fail(reader, quiz->place, _("this quiz has no question"),
         _("the question comes right before the hints and the answer"));
  else if (quiz->hint_count < 1 || quiz->hint_count > LESSON_MAX_HINTS)
    fail(reader, quiz->place, _("a quiz has one to three hints"),
         _("a hint is a <details> block between the question and the answer"));
  else if (quiz->kind == QUIZ_CHOICE && question->choices != quiz->choice_count)
    fail(reader, quiz->place, _("the question does not offer as many choices as the quiz has"),
         _("a numbered list with one item for each \"choice:\" line ends the question"));
}

static void read_answer(struct reader *reader, cmark_node *node) {
  struct lesson *lesson = reader->lesson;
  struct block *block = &lesson->blocks[reader->details];
  if (lesson->prose.length != reader->after_summary || reader->in_answer) {
    fail(reader, node_span(reader, node), _("the quiz comes first in its <details>, and alone"),
         NULL);
    return;
  }
  if (!array_reserve(&lesson->quizzes, &lesson->quiz_capacity, lesson->quiz_count + 1,
                     sizeof *lesson->quizzes)) {
    fail_memory(reader);
    return;
  }
  struct quiz *quiz = &lesson->quizzes[lesson->quiz_count];
  *quiz = (struct quiz){.place = node_span(reader, node)};
  text_truncate(&lesson->prose, block->start);
  *block = (struct block){.kind = BLOCK_QUIZ, .start = block->start, .end = block->start,
                          .first_figure = lesson->figure_count, .quiz = (int)lesson->quiz_count++,
                          .place = quiz->place};
  if (!fence_lines(reader, node, &block->lines)) return;
  reader->status = read_quiz(quiz, block->lines, reader->diag);
  if (reader->status) return;
  reader->in_answer = true;
  tie_question(reader, quiz, reader->details);
}

static void read_fence(struct reader *reader, cmark_node *node) {
  const char *info = cmark_node_get_fence_info(node);
  bool quiz = strcmp(info, "quiz") == 0;
  bool speaks = is_one_of(info, speaking, sizeof speaking / sizeof *speaking);
  if (quiz && reader->in_details) {
    read_answer(reader, node);
  } else if (quiz) {
    fail(reader, node_span(reader, node), _("a quiz belongs inside <details>"),
         _("so that the article does not give its answer away"));
  } else if (speaks && reader->in_details) {
    fail(reader, node_span(reader, node), _("only a quiz may stand inside <details>"), NULL);
  } else if (strcmp(info, "graph") == 0) {
    read_model(reader, node);
  } else if (speaks) {
    read_commands(reader, node, strcmp(info, "do") == 0 ? BLOCK_DO : BLOCK_EXPECT);
  } else {
    read_prose(reader, node);
  }
}

/* -- <details> -- */

static void open_details(struct reader *reader, struct span place) {
  if (reader->in_details) {
    fail(reader, place, _("found <details> inside <details>"), NULL);
    return;
  }
  reader->in_details = true;
  reader->in_answer = false;
  reader->details = reader->lesson->block_count;
  add_block(reader, BLOCK_HINT, place);
  reader->after_summary = reader->lesson->prose.length;
}

static void close_answer(struct reader *reader, struct span place) {
  struct lesson *lesson = reader->lesson;
  struct quiz *quiz = &lesson->quizzes[lesson->quiz_count - 1];
  struct block *block = last_block(reader);
  bool wants = quiz->kind == QUIZ_CHOICE ? quiz->reason_count > 0 : quiz->wrong_count > 0;
  quiz->debrief = lesson->block_count - 1;
  if (block->kind != BLOCK_DEBRIEF)
    fail(reader, place, _("this quiz has no debrief"),
         _("what the reader is told when the answer is right, before </details>"));
  else if (wants && quiz->reason_count != quiz->wrong_count)
    fail(reader, quiz->place, _("there is not one reason for each wrong answer"),
         _("a list with one item for each wrong answer comes right after the fence"));
}

static void close_details(struct reader *reader, struct span place) {
  if (!reader->in_details) {
    fail(reader, place, _("found </details> without <details>"), NULL);
  } else if (reader->in_answer) {
    close_answer(reader, place);
  } else if (reader->lesson->prose.length == reader->after_summary) {
    fail(reader, place, _("this <details> is empty"), NULL);
  }
  reader->in_details = reader->in_answer = false;
}

static const char *put_summary(struct reader *reader, const char *at, struct span place) {
  static const char tail[] = "</summary>";
  const char *end = strstr(at, tail);
  struct text *prose = &reader->lesson->prose;
  if (!end || !reader->in_details || prose->length != reader->after_summary) {
    fail(reader, place, _("a <summary> is one line, right after <details>"), NULL);
    return at + strlen(at);
  }
  text_put(prose, at, (size_t)(end - at));
  text_puts(prose, "\n");
  reader->after_summary = prose->length;
  extend(reader, last_block(reader));
  return end + strlen(tail);
}

/* One tag at AT; returns what follows it. */
static const char *read_tag(struct reader *reader, const char *at, struct span place) {
  static const char *const tags[] = {"<details>", "</details>", "<summary>", "<!--"};
  int which = 0;
  while (which < 4 && strncmp(at, tags[which], strlen(tags[which])) != 0) which++;
  if (which == 4) {
    fail(reader, place, _("found HTML, or text right after it"),
         _("<details> and <summary> are known; an empty line must follow them"));
    return at + strlen(at);
  }
  at += strlen(tags[which]);
  if (which == 0) open_details(reader, place);
  if (which == 1) close_details(reader, place);
  if (which == 2) return put_summary(reader, at, place);
  const char *end = which == 3 ? strstr(at, "-->") : at;
  return !end ? at + strlen(at) : which == 3 ? end + 3 : end;
}

static void read_html(struct reader *reader, cmark_node *node) {
  int line = cmark_node_get_start_line(node);
  for (const char *at = cmark_node_get_literal(node); *at && !reader->status;) {
    if (strchr(" \t\n", *at)) line += *at++ == '\n';
    else at = read_tag(reader, at, line_span(reader, line));
  }
}

/* -- the whole -- */

static void read_blocks(struct reader *reader, cmark_node *document) {
  for (cmark_node *node = cmark_node_first_child(document); node && !reader->status;
       node = cmark_node_next(node))
    switch (cmark_node_get_type(node)) {
      case CMARK_NODE_HEADING: read_heading(reader, node); break;
      case CMARK_NODE_CODE_BLOCK: read_fence(reader, node); break;
      case CMARK_NODE_HTML_BLOCK: read_html(reader, node); break;
      case CMARK_NODE_THEMATIC_BREAK: break;
      default: read_prose(reader, node);
    }
}

/* What can only be said at the end: every page has a model, and hints without a quiz are prose. */
static void finish(struct reader *reader) {
  struct lesson *lesson = reader->lesson;
  size_t model = 0;
  struct span end = line_span(reader, (int)reader->lines.count);
  if (reader->in_details) fail(reader, lesson->blocks[reader->details].place,
                               _("this <details> is never closed"), NULL);
  if (lesson->graph_count == 0)
    fail(reader, end, _("this lesson has no model"),
         _("expected a fenced block that begins with ```graph"));
  for (size_t i = 0; i < lesson->page_count; i++) {
    if (lesson->page[i].model == SIZE_MAX) lesson->page[i].model = model;
    model = lesson->page[i].model;
  }
  for (size_t i = 0; i < lesson->block_count; i++)
    if (lesson->blocks[i].kind == BLOCK_HINT && lesson->blocks[i].quiz < 0)
      lesson->blocks[i].kind = BLOCK_PROSE;
  *lesson->pages = source_from(text_string(&lesson->path), text_string(&lesson->prose),
                               lesson->prose.length);
  if (lesson->title.failed || lesson->prose.failed) fail_memory(reader);
}

/* -- cmark's memory: an arena of ours. cmark cannot be told that there is no more, so the way out
 * of it is a jump, after which the arena is given back as a whole. -- */

static _Thread_local struct arena *cmark_memory;
static _Thread_local size_t cmark_left;
static _Thread_local jmp_buf cmark_way_out;

struct cmark_block {
  size_t size;
  max_align_t bytes[];
};

static void *cmark_calloc(size_t count, size_t size) {
  size_t bytes;
  struct cmark_block *block = NULL;
  if (!size_multiply(count, size, &bytes) || bytes > cmark_left)
    longjmp(cmark_way_out, STATUS_LIMIT);
  cmark_left -= bytes;
  block = arena_alloc(cmark_memory, sizeof *block + bytes, 1);
  if (!block) longjmp(cmark_way_out, STATUS_NO_MEMORY);
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

static enum status parse(struct reader *reader) {
  static cmark_mem memory = {cmark_calloc, cmark_realloc, cmark_free};
  const struct text *file = &reader->lesson->file;
  int jumped = setjmp(cmark_way_out);
  if (jumped == STATUS_LIMIT)
    return diag_set(reader->diag, STATUS_LIMIT, SPAN_NONE,
                    _("%s: this lesson takes too much memory"), text_string(&reader->lesson->path));
  if (jumped) return diag_no_memory(reader->diag);
  cmark_parser *parser = cmark_parser_new_with_mem(CMARK_OPT_DEFAULT, &memory);
  cmark_parser_feed(parser, text_string(file), file->length);
  cmark_node *document = cmark_parser_finish(parser);
  add_page(reader, line_span(reader, 1));
  if (!reader->status) read_blocks(reader, document);
  if (!reader->status) finish(reader);
  return reader->status;
}

enum status read_lesson(struct lesson *lesson, const char *bytes, size_t length,
                        struct diag *diag) {
  struct reader reader = {.lesson = lesson, .diag = diag};
  struct arena arena;
  const char *path = text_string(&lesson->path);
  if (length > LESSON_MAX_BYTES)
    return diag_set(diag, STATUS_LIMIT, SPAN_NONE, _("%s: a lesson has at most 8 MiB"),
                    path);
  reader.status = file_lines_read(&reader.lines, lesson, bytes, length, diag);
  arena_init(&arena);
  cmark_memory = &arena;
  cmark_left = ((size_t)1 << 20) + 200 * length;
  if (!reader.status) reader.status = parse(&reader);
  arena_done(&arena);
  free(reader.lines.starts);
  return reader.status;
}
