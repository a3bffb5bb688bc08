#include "lesson/inlines.h"

#include "core/memory.h"

#include <ctype.h>
#include <string.h>

/* -- bytes -- */

/* The byte AHEAD bytes on; 0 at the end. */
static char peek(const struct inlines *inlines, uint32_t ahead) {
  const uint32_t at = inlines->at + ahead;
  return at < inlines->end ? inlines->file->text[at] : '\0';
}

static bool is_punctuation(char byte) {
  return (unsigned char)byte < 0x80 && ispunct((unsigned char)byte);
}

static bool is_escape(const struct inlines *inlines) {
  return peek(inlines, 0) == '\\' && is_punctuation(peek(inlines, 1));
}

/* Takes BYTE if it is there. */
static bool take(struct inlines *inlines, char byte) {
  if (inlines->at >= inlines->end || peek(inlines, 0) != byte) return false;
  inlines->at++;
  return true;
}

static void must_take(struct inlines *inlines, char byte) {
  inlines->lost = !take(inlines, byte) || inlines->lost;
}

static void skip_blanks(struct inlines *inlines) {
  while (peek(inlines, 0) == ' ' || peek(inlines, 0) == '\t') inlines->at++;
}

static uint32_t count_run(const struct inlines *inlines, char byte) {
  uint32_t count = 0;
  while (inlines->at + count < inlines->end && peek(inlines, count) == byte) count++;
  return count;
}

/* -- text -- */

/* The length of what has the form of an entity, "&amp;" or "&#38;"; 0: it has not. */
static uint32_t entity_length(const struct inlines *inlines) {
  uint32_t length = 1;
  const bool number = peek(inlines, 1) == '#';
  const bool hex = number && (peek(inlines, 2) == 'x' || peek(inlines, 2) == 'X');
  const uint32_t first = length += number + hex;
  while (hex ? isxdigit((unsigned char)peek(inlines, length)) != 0
             : number ? isdigit((unsigned char)peek(inlines, length)) != 0
                      : isalnum((unsigned char)peek(inlines, length)) != 0)
    length++;
  const uint32_t most = hex ? 6 : number ? 7 : 32;
  const bool good = length > first && length - first <= most && peek(inlines, length) == ';';
  return good ? length + 1 : 0;
}

/* A name that nobody knows stays as it is, and "&" is also what &amp; stands for. */
static bool is_entity(const struct inlines *inlines, const char *literal, uint32_t length) {
  static const char *const ands[] = {"&amp;", "&AMP;"};
  const char *here = inlines->file->text + inlines->at;
  if (length == 0) return false;
  if (*literal != '&' || here[1] == '#') return true;
  return length == 5 && (memcmp(here, ands[0], 5) == 0 || memcmp(here, ands[1], 5) == 0);
}

/* The bytes of the character that LITERAL begins with, and of another that some entities add. */
static size_t entity_text(const struct inlines *inlines, const char *literal) {
  static const int32_t added[] = {'j', 0x200A, 0x331, 0x333, 0x338, 0x20D2, 0x20E5, 0xFE00};
  const size_t length = strlen(literal);
  size_t first, second;
  utf8_decode(literal, length, &first);
  if (first >= length || peek(inlines, 0) == literal[first]) return first;
  const int32_t code = utf8_decode(literal + first, length - first, &second);
  for (size_t i = 0; i < sizeof added / sizeof *added; i++)
    if (code == added[i]) return first + second;
  return first;
}

static void take_text(struct inlines *inlines, const char *literal) {
  while (*literal && !inlines->lost) {
    const uint32_t entity = peek(inlines, 0) == '&' ? entity_length(inlines) : 0;
    if (is_entity(inlines, literal, entity)) {
      inlines->at += entity;
      literal += entity_text(inlines, literal);
      continue;
    }
    inlines->at += !inlines->in_autolink && is_escape(inlines);
    must_take(inlines, *literal++);
  }
}

/* -- lines -- */

/* Whether LITERAL is what comes next. */
typedef bool line_fits(struct inlines inlines, const char *literal);

static bool text_fits(struct inlines inlines, const char *literal) {
  take_text(&inlines, literal);
  return !inlines.lost;
}

/* As far as the line goes; the blank before the last backticks may be none of LITERAL. */
static bool code_fits(struct inlines inlines, const char *literal) {
  while (*literal && take(&inlines, *literal)) literal++;
  if (*literal) return inlines.at < inlines.end && peek(&inlines, 0) == '\n';
  take(&inlines, ' ');
  return peek(&inlines, 0) == '`' || peek(&inlines, 0) == '\n';
}

static bool html_fits(struct inlines inlines, const char *literal) {
  while (*literal && *literal != '\n' && take(&inlines, *literal)) literal++;
  return !*literal || *literal == peek(&inlines, 0);
}

/* Takes what a line begins with on behalf of the blocks around this one: blanks, and the > of block
 * quotations. Those that belong to the text are the ones that LITERAL, which comes next, begins
 * with: a line that only goes on with a paragraph may have them. */
static void begin_line(struct inlines *inlines, const char *literal, line_fits *fits) {
  for (int marks = 0; inlines->at < inlines->end; inlines->at++) {
    const char byte = peek(inlines, 0);
    if (!strchr(" \t>", byte) || (byte == '>' && marks++ == inlines->quotes)) return;
    if (*literal == byte && fits(*inlines, literal)) return;
  }
}

static void take_break(struct inlines *inlines, cmark_node *node) {
  cmark_node *next = cmark_node_next(node);
  const bool text = next && cmark_node_get_type(next) == CMARK_NODE_TEXT;
  skip_blanks(inlines);
  take(inlines, '\\');
  must_take(inlines, '\n');
  begin_line(inlines, text ? cmark_node_get_literal(next) : "", text_fits);
}

static void take_html(struct inlines *inlines, const char *literal) {
  for (; *literal && !inlines->lost; literal++) {
    must_take(inlines, *literal);
    if (*literal == '\n') begin_line(inlines, literal + 1, html_fits);
  }
}

/* -- links -- */

/* Blanks, and lines' ends among them. */
static void skip_space(struct inlines *inlines) {
  skip_blanks(inlines);
  while (take(inlines, '\n')) begin_line(inlines, "", text_fits);
}

/* Up to CLOSE, with backslashes before what does not count; neither OPEN nor, unless LINES, a
 * line's end may stand in between. */
static bool take_until(struct inlines *inlines, char open, char close, bool lines) {
  while (inlines->at < inlines->end) {
    const char byte = peek(inlines, 0);
    inlines->at += is_escape(inlines) ? 2 : 1;
    if (byte == close) return true;
    if (byte == '\n' && lines) begin_line(inlines, "", text_fits);
    if (byte == open || (byte == '\n' && !lines)) return false;
  }
  return false;
}

static bool take_label(struct inlines *inlines) {
  return take(inlines, '[') && take_until(inlines, '[', ']', true);
}

static bool take_destination(struct inlines *inlines) {
  enum { DEEPEST = 32 };
  int depth = 0;
  if (take(inlines, '<')) return take_until(inlines, '<', '>', false);
  for (; inlines->at < inlines->end; inlines->at += is_escape(inlines) ? 2 : 1) {
    const char byte = peek(inlines, 0);
    if (byte == ' ' || iscntrl((unsigned char)byte)) break;
    depth += byte == '(';
    if (depth > DEEPEST) return false;
    if (byte == ')' && depth-- == 0) return true;
  }
  return depth == 0;
}

static bool take_title(struct inlines *inlines) {
  if (take(inlines, '(')) return take_until(inlines, '(', ')', true);
  if (take(inlines, '"')) return take_until(inlines, '\0', '"', true);
  return take(inlines, '\'') && take_until(inlines, '\0', '\'', true);
}

/* Takes a title after a space, if there is one. */
static bool take_spaced_title(struct inlines *inlines) {
  struct inlines is = *inlines;
  skip_space(&is);
  if (is.at == inlines->at || !take_title(&is)) return false;
  *inlines = is;
  return true;
}

/* "(destination "title")". */
static bool take_target(struct inlines *inlines) {
  struct inlines is = *inlines;
  if (!take(&is, '(')) return false;
  skip_space(&is);
  if (!take_destination(&is)) return false;
  take_spaced_title(&is);
  skip_space(&is);
  if (!take(&is, ')')) return false;
  *inlines = is;
  return true;
}

static void end_link(struct inlines *inlines) {
  if (inlines->in_autolink) {
    must_take(inlines, '>');
    inlines->in_autolink = false;
    return;
  }
  must_take(inlines, ']');
  if (take_target(inlines)) return;
  struct inlines is = *inlines;
  if (take_label(&is)) *inlines = is;
}

static void begin_link(struct inlines *inlines) {
  inlines->in_autolink = take(inlines, '<');
  if (!inlines->in_autolink) must_take(inlines, '[');
}

static bool take_line_end(struct inlines *inlines) {
  skip_blanks(inlines);
  if (inlines->at >= inlines->end) return true;
  if (!take(inlines, '\n')) return false;
  begin_line(inlines, "", text_fits);
  return true;
}

/* "[label]: destination "title"", which a paragraph may begin with and which is no part of it. */
static bool take_definition(struct inlines *inlines) {
  struct inlines is = *inlines;
  if (!take_label(&is) || !take(&is, ':')) return false;
  skip_space(&is);
  const uint32_t destination = is.at;
  if (!take_destination(&is) || is.at == destination) return false;
  struct inlines titled = is;
  if (take_spaced_title(&titled) && take_line_end(&titled)) is = titled;
  else if (!take_line_end(&is)) return false;
  *inlines = is;
  return true;
}

/* -- code -- */

/* The text between two runs of MARKS backticks, a line's end as a blank. LITERAL is how it goes
 * on after its first byte. */
static void read_code(struct inlines *inlines, uint32_t marks, const char *literal,
                      struct rewriting *content) {
  const size_t length = strlen(literal);
  while (inlines->at < inlines->end) {
    const uint32_t from = inlines->at, run = count_run(inlines, '`');
    const size_t done = content->text.length;
    if (run == marks) return;
    if (run == 0 && take(inlines, '\n')) {
      begin_line(inlines, literal + (done < length ? done : length), code_fits);
      rewriting_put(content, " ", 1, inlines->at - from);
    } else {
      inlines->at += run > 0 ? run : 1;
      rewriting_keep(content, inlines->file->text + from, inlines->at - from);
    }
  }
  inlines->lost = true;
}

/* Without the one blank at each end, which are there for code that begins with a backtick. */
static struct span strip(const struct text *text) {
  const char *bytes = text_string(text);
  const bool strips = text->length > 2 && bytes[0] == ' ' && bytes[text->length - 1] == ' ' &&
                      strspn(bytes, " ") < text->length;
  return (struct span){NULL, strips, (uint32_t)text->length - strips};
}

/* Reads the code span at the place, of which cmark made LITERAL, without a blank at its ends if it
 * was STRIPPED; false if it is another one. */
static bool take_code(struct inlines *inlines, const char *literal, bool stripped,
                      struct rewriting *content, struct span *code) {
  const char *rest = literal + (!stripped && *literal);
  const uint32_t marks = count_run(inlines, '`'), start = inlines->at + marks;
  rewriting_init(content);
  inlines->at = start;
  inlines->lost = inlines->lost || marks == 0;
  if (!inlines->lost) read_code(inlines, marks, rest, content);
  const struct span is = strip(&content->text);
  const char *bytes = text_string(&content->text);
  const size_t length = strlen(literal);
  if (inlines->lost || is.end - is.start != length ||
      memcmp(bytes + is.start, literal, length) != 0)
    return false;
  *code = (struct span){inlines->file, start, inlines->at};
  inlines->at += marks;
  return true;
}

/* CODE, of which CONTENT came, without its blanks at the ends. */
static bool keep_code(struct rewriting *content, struct arena *arena, struct span *code) {
  const struct span is = strip(&content->text);
  const bool plain = content->count == 0 && !content->text.failed;
  const uint32_t base = plain ? code->start : 0;
  if (plain) rewriting_done(content);
  else if (!rewriting_end(content, arena, code)) return false;
  *code = (struct span){code->source, base + is.start, base + is.end};
  return true;
}

bool inlines_code(struct inlines *inlines, cmark_node *node, struct arena *arena,
                  struct span *code) {
  const char *literal = cmark_node_get_literal(node);
  struct rewriting content;
  for (int stripped = 0; !inlines->lost && stripped < 2; stripped++) {
    struct inlines is = *inlines;
    const bool found = take_code(&is, literal, stripped, &content, code);
    if (found || content.text.failed) {
      *inlines = is;
      return keep_code(&content, arena, code);
    }
    rewriting_done(&content);
  }
  inlines->lost = true;
  *code = inlines->first;
  rewriting_init(&content);
  rewriting_put(&content, literal, strlen(literal), code->end - code->start);
  return rewriting_end(&content, arena, code);
}

/* -- the walk -- */

static void take_marks(struct inlines *inlines, uint32_t count) {
  const char mark = peek(inlines, 0);
  inlines->lost = inlines->lost || (mark != '*' && mark != '_') || count_run(inlines, mark) < count;
  inlines->at += count;
}

void inlines_follow(struct inlines *inlines, cmark_event_type event, cmark_node *node) {
  const bool enters = event == CMARK_EVENT_ENTER;
  if (inlines->lost) return;
  switch (cmark_node_get_type(node)) {
    case CMARK_NODE_TEXT: take_text(inlines, cmark_node_get_literal(node)); break;
    case CMARK_NODE_SOFTBREAK:
    case CMARK_NODE_LINEBREAK: take_break(inlines, node); break;
    case CMARK_NODE_HTML_INLINE: take_html(inlines, cmark_node_get_literal(node)); break;
    case CMARK_NODE_EMPH: take_marks(inlines, 1); break;
    case CMARK_NODE_STRONG: take_marks(inlines, 2); break;
    case CMARK_NODE_IMAGE:
      if (enters) must_take(inlines, '!');
      if (enters) must_take(inlines, '[');
      else end_link(inlines);
      break;
    case CMARK_NODE_LINK:
      if (enters) begin_link(inlines);
      else end_link(inlines);
      break;
    default: break; /* the block itself */
  }
}

/* Takes the # of a heading; one that is underlined begins with none. */
static bool take_heading_marks(struct inlines *inlines) {
  const uint32_t marks = count_run(inlines, '#');
  const char next = peek(inlines, marks);
  if (marks == 0 || marks > 6 || (next && !strchr(" \t\n", next))) return false;
  inlines->at += marks;
  skip_blanks(inlines);
  return true;
}

void inlines_begin(struct inlines *inlines, const struct file_lines *lines,
                   const struct lesson *lesson, cmark_node *node) {
  const struct span first = file_lines_span(lines, lesson, cmark_node_get_start_line(node));
  const uint32_t end = file_lines_start(lines, cmark_node_get_end_line(node) + 1);
  const int column = cmark_node_get_start_column(node);
  const uint32_t start = first.start + (column > 1 ? (uint32_t)column - 1 : 0);
  *inlines = (struct inlines){.file = first.source, .first = first, .end = end,
                              .at = start < end ? start : end};
  for (cmark_node *outer = node; outer; outer = cmark_node_parent(outer))
    inlines->quotes += cmark_node_get_type(outer) == CMARK_NODE_BLOCK_QUOTE;
  if (cmark_node_get_type(node) == CMARK_NODE_HEADING && take_heading_marks(inlines)) return;
  while (take_definition(inlines)) {
  }
}
