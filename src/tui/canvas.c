#include "tui/canvas.h"

#include "core/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status canvas_init(struct canvas *canvas, int rows, int cols) {
  size_t count;
  *canvas = (struct canvas){.rows = rows, .cols = cols};
  if (size_multiply((size_t)rows, (size_t)cols, &count))
    canvas->cells = calloc(count + 1, sizeof *canvas->cells);
  if (!canvas->cells) {
    canvas->rows = canvas->cols = 0; /* nothing to draw on */
    return STATUS_NO_MEMORY;
  }
  canvas_clear(canvas);
  return STATUS_OK;
}

void canvas_done(struct canvas *canvas) {
  free(canvas->cells);
  canvas->cells = NULL;
}

void canvas_clear(struct canvas *canvas) {
  canvas->cursor_row = canvas->cursor_col = -1;
  for (int i = 0; i < canvas->rows * canvas->cols; i++)
    canvas->cells[i] = (struct cell){" ", ROLE_PLAIN, false, COLOUR_DEFAULT, COLOUR_DEFAULT};
}

/* The cell at ROW, COL of AREA; NULL outside the area or the canvas. */
static struct cell *cell_at(struct canvas *canvas, struct area area, int row, int col) {
  if (row < 0 || col < 0 || row >= area.rows || col >= area.cols) return NULL;
  row += area.row;
  col += area.col;
  if (row < 0 || col < 0 || row >= canvas->rows || col >= canvas->cols) return NULL;
  return &canvas->cells[row * canvas->cols + col];
}

static void put_cell(struct canvas *canvas, struct area area, int row, int col, enum role role,
                     const char *character, size_t size, int columns) {
  struct cell *cell = cell_at(canvas, area, row, col);
  if (!cell || size >= sizeof cell->text) return;
  if (columns == 2 && !cell_at(canvas, area, row, col + 1)) character = " ", size = 1;
  *cell = (struct cell){.role = (uint8_t)role, .fg = COLOUR_DEFAULT, .bg = COLOUR_DEFAULT};
  memcpy(cell->text, character, size);
  struct cell *second = columns == 2 ? cell_at(canvas, area, row, col + 1) : NULL;
  if (second)
    *second = (struct cell){.role = (uint8_t)role, .fg = COLOUR_DEFAULT, .bg = COLOUR_DEFAULT};
}

/* Adds a combining mark to the character before. */
static void put_mark(struct canvas *canvas, struct area area, int row, int col, const char *mark,
                     size_t size) {
  struct cell *cell = cell_at(canvas, area, row, col);
  if (!cell || strlen(cell->text) + size >= sizeof cell->text) return;
  strncat(cell->text, mark, size);
}

/* The substitute of a character where only ASCII may be drawn: a minus must stay recognisable. */
static char ascii_for(int32_t code) {
  static const struct {
    int32_t code;
    char ascii;
  } table[] = {{0x2212, '-'}, {0x2013, '-'}, {0x2014, '-'}, {0x207B, '-'}, {0x00B7, '*'},
               {0x22C5, '*'}, {0x00D7, 'x'}, {0x2717, 'x'}, {0x2202, 'd'}, {0x2016, '|'},
               {0x2192, '>'}, {0x2190, '<'}, {0x2248, '~'}, {0x2019, '\''}, {0x201C, '"'},
               {0x201D, '"'}, {0x2026, '.'}, {0x03B5, 'e'}, {0x03B8, 't'}, {0x03C3, 's'},
               {0x00B9, '1'}, {0x00B2, '2'}, {0x00B3, '3'}, {0x1D40, 'T'}, {0x02E2, 's'}};
  if (code == 0x2070 || (code >= 0x2074 && code <= 0x2079)) return (char)('0' + code - 0x2070);
  if (code >= 0x2080 && code <= 0x2089) return (char)('0' + code - 0x2080);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (table[i].code == code) return table[i].ascii;
  return '?';
}

int canvas_text(struct canvas *canvas, struct area area, int row, int col, enum role role,
                const char *text, size_t length) {
  struct text safe;
  int start = col;
  text_init(&safe);
  text_put_safe(&safe, text, length);
  for (size_t at = 0, size; at < safe.length; at += size) {
    int32_t code = utf8_decode(safe.bytes + at, safe.length - at, &size);
    int columns = text_columns(safe.bytes + at, size);
    bool plain = code >= 0x20 && code < 0x7F;
    if (columns == 0) {
      put_mark(canvas, area, row, col - 1, safe.bytes + at, size);
    } else if (plain || canvas->unicode) {
      put_cell(canvas, area, row, col, role, safe.bytes + at, size, columns);
    } else {
      put_cell(canvas, area, row, col, role, &(char){ascii_for(code)}, 1, 1);
      columns = 1;
    }
    col += columns;
  }
  text_done(&safe);
  return col - start;
}

int canvas_puts(struct canvas *canvas, struct area area, int row, int col, enum role role,
                const char *text) {
  return canvas_text(canvas, area, row, col, role, text, strlen(text));
}

int canvas_printf(struct canvas *canvas, struct area area, int row, int col, enum role role,
                  const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return length < 0 ? 0 : canvas_puts(canvas, area, row, col, role, text);
}

void canvas_colour(struct canvas *canvas, struct area area, int row, int col, int fg, int bg,
                   const char *character) {
  put_cell(canvas, area, row, col, ROLE_PLAIN, character, strlen(character), 1);
  struct cell *cell = cell_at(canvas, area, row, col);
  if (!cell) return;
  cell->fg = (int16_t)fg;
  cell->bg = (int16_t)bg;
}

void canvas_blank(struct canvas *canvas, struct area area) {
  for (int row = 0; row < area.rows; row++)
    for (int col = 0; col < area.cols; col++)
      put_cell(canvas, area, row, col, ROLE_PLAIN, " ", 1, 1);
}

void canvas_mark(struct canvas *canvas, struct area area, int row, int col, int cols,
                 enum role role) {
  for (int i = 0; i < cols; i++) {
    struct cell *cell = cell_at(canvas, area, row, col + i);
    if (cell) cell->role = (uint8_t)role;
  }
}

void canvas_strong(struct canvas *canvas, struct area area) {
  for (int row = 0; row < area.rows; row++)
    for (int col = 0; col < area.cols; col++) {
      struct cell *cell = cell_at(canvas, area, row, col);
      if (cell) cell->strong = true;
    }
}

void canvas_rule(struct canvas *canvas, struct area area, int row, const char *title,
                 enum role role) {
  const char *line = canvas_line_glyph(canvas, 2 | 8);
  for (int col = 0; col < area.cols; col++)
    put_cell(canvas, area, row, col, ROLE_FAINT, line, strlen(line), 1);
  if (!*title) return;
  int columns = canvas_puts(canvas, area, row, 2, role, title);
  canvas_puts(canvas, area, row, 1, role, " ");
  canvas_puts(canvas, area, row, 2 + columns, role, " ");
}

/* How much of LINE fits into COLS columns, broken at a space where there is one. */
static size_t fitting(const char *line, size_t length, int cols) {
  size_t at = 0, space = 0, size;
  int used = 0;
  for (; at < length; at += size) {
    utf8_decode(line + at, length - at, &size);
    used += text_columns(line + at, size);
    if (used > cols) break;
    if (line[at] == ' ') space = at;
  }
  if (at >= length) return length;
  if (space > 0) return space;
  return at > 0 ? at : size;
}

/* The indent of the rows that continue a line that is too long: after the last gap of two spaces or
 * more in its first half, or after a list's mark. */
static int hanging_columns(const char *line, size_t length, int cols) {
  int columns = 0, hang = strncmp(line, "- ", 2) == 0 ? 2 : 0;
  for (size_t at = 0, size; at < length && columns <= cols / 2; at += size) {
    utf8_decode(line + at, length - at, &size);
    bool gap = at >= 2 && line[at] != ' ' && line[at - 1] == ' ' && line[at - 2] == ' ';
    if (gap) hang = columns;
    columns += text_columns(line + at, size);
  }
  return hang;
}

/* The part of a line that is in one row. */
struct text_piece {
  size_t start, end;
  int col;
  int hang; /* columns that all rows but the first begin at */
  int rows; /* up to this one */
};

/* Moves PART, all zeros before the first, on to the next row; an empty line takes one, too. */
static bool next_part(const char *line, size_t length, int cols, struct text_piece *part) {
  size_t start = part->end;
  if (part->rows == 0) part->hang = hanging_columns(line, length, cols);
  while (part->rows > 0 && start < length && line[start] == ' ') start++;
  if (part->rows > 0 && start >= length) return false;
  part->col = part->rows > 0 ? part->hang : 0;
  part->start = start;
  part->end = start + fitting(line + start, length - start,
                              cols > part->col ? cols - part->col : 1);
  part->rows++;
  return true;
}

int canvas_paragraphs(struct canvas *canvas, struct area area, int row, int skip, enum role role,
                      const char *text) {
  int number = 0;
  for (size_t length; *text; text += length + (text[length] == '\n')) {
    length = strcspn(text, "\n");
    for (struct text_piece part = {0}; next_part(text, length, area.cols, &part); number++)
      if (number >= skip)
        canvas_text(canvas, area, row + number - skip, part.col, role, text + part.start,
                    part.end - part.start);
  }
  return number;
}

/* -- lines -- */

const enum role canvas_roles[LINE_ROLE_COUNT] = {
    [LINE_PLAIN] = ROLE_PLAIN,       [LINE_VALUE] = ROLE_VALUE, [LINE_GRADIENT] = ROLE_GRADIENT,
    [LINE_REPLACED] = ROLE_FAINT,    [LINE_TITLE] = ROLE_TITLE, [LINE_LABEL] = ROLE_PLAIN,
    [LINE_FAINT] = ROLE_FAINT,       [LINE_QUESTION] = ROLE_KEY, [LINE_GOOD] = ROLE_GOOD,
    [LINE_DOUBT] = ROLE_DOUBT,       [LINE_BAD] = ROLE_BAD,
};

/* Draws PART of LINE, one role after the other. */
static void draw_part(struct canvas *canvas, struct area area, int row, const struct lines *lines,
                      const struct report_line *line, const struct text_piece *part) {
  int col = part->col;
  const size_t end = line->start + part->end;
  for (size_t at = line->start + part->start, until; at < end; at = until) {
    const enum line_role role = lines_role(lines, line, at, &until);
    if (until > end) until = end;
    col += canvas_text(canvas, area, row, col, canvas_roles[role], lines->text.bytes + at,
                       until - at);
  }
}

int canvas_lines(struct canvas *canvas, struct area area, int row, int skip,
                 const struct lines *lines) {
  struct report_line line;
  int number = 0;
  for (size_t at = 0; lines_next(lines, &at, &line);) {
    const char *text = lines->text.bytes + line.start;
    for (struct text_piece part = {0}; next_part(text, line.end - line.start, area.cols, &part);
         number++)
      if (number >= skip && row + number - skip < area.rows)
        draw_part(canvas, area, row + number - skip, lines, &line, &part);
  }
  return number;
}

int canvas_rows(const struct lines *lines, size_t end, int cols) {
  struct report_line line;
  int rows = 0;
  for (size_t at = 0; at < end && lines_next(lines, &at, &line);) {
    struct text_piece part = {0};
    while (next_part(lines->text.bytes + line.start, line.end - line.start, cols, &part)) rows++;
  }
  return rows;
}

const char *canvas_line_glyph(const struct canvas *canvas, unsigned sides) {
  static const char *const unicode[16] = {" ", "╵", "╶", "╰", "╷", "│", "╭", "├",
                                          "╴", "╯", "─", "┴", "╮", "┤", "┬", "┼"};
  static const char *const ascii[16] = {" ", "|", "-", "'", "|", "|", ".", "+",
                                        "-", "'", "-", "+", ".", "+", "+", "+"};
  if (sides & 16) return canvas->unicode ? "●" : "o"; /* joined, where a cross only crosses */
  return canvas->unicode ? unicode[sides & 15] : ascii[sides & 15];
}

void canvas_dump(const struct canvas *canvas, struct text *out) {
  for (int row = 0; row < canvas->rows; row++) {
    size_t start = out->length, end = start;
    for (int col = 0; col < canvas->cols; col++) {
      const char *character = canvas->cells[row * canvas->cols + col].text;
      text_puts(out, character);
      if (*character && *character != ' ') end = out->length;
    }
    if (!out->failed) out->length = end;
    text_puts(out, "\n");
  }
}
