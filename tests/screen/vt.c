#include "vt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static void *allocated(size_t count, size_t size) {
  void *memory = calloc(count, size);
  if (memory) return memory;
  fputs("drive: out of memory\n", stderr);
  exit(71);
}

static const struct look plain = {.fg = -1, .bg = -1};

static struct vt_cell *cell(const struct vt *vt, int row, int col) {
  return &vt->cells[row * vt->cols + col];
}

static void fill(struct vt *vt, const char *text) {
  for (int i = 0; i < vt->rows * vt->cols; i++) {
    vt->cells[i] = (struct vt_cell){.look = plain};
    strcpy(vt->cells[i].text, text);
  }
}

void vt_init(struct vt *vt, int rows, int cols, bool utf8) {
  *vt = (struct vt){.rows = rows, .cols = cols, .bottom = rows - 1, .look = plain,
                    .cursor_visible = true, .utf8 = utf8};
  vt->cells = allocated((size_t)rows * (size_t)cols, sizeof *vt->cells);
  fill(vt, " ");
}

void vt_done(struct vt *vt) {
  free(vt->cells);
  free(vt->saved);
  vt->cells = vt->saved = NULL;
}

void vt_resize(struct vt *vt, int rows, int cols) {
  size_t count = (size_t)rows * (size_t)cols;
  vt_done(vt);
  vt->rows = rows;
  vt->cols = cols;
  vt->top = 0;
  vt->bottom = rows - 1;
  vt->row = vt->col = 0;
  vt->wrap_pending = false;
  vt->cells = allocated(count, sizeof *vt->cells);
  if (vt->alternate) vt->saved = allocated(count, sizeof *vt->saved);
  for (size_t i = 0; vt->saved && i < count; i++)
    vt->saved[i] = (struct vt_cell){.text = " ", .look = plain};
  fill(vt, "~");
}

static void complain(struct vt *vt, const char *what, const char *bytes, size_t count) {
  if (*vt->complaint) return;
  size_t used = (size_t)snprintf(vt->complaint, sizeof vt->complaint, "%s:", what);
  for (size_t i = 0; i < count && used + 8 < sizeof vt->complaint; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    bool visible = byte > 0x20 && byte < 0x7F;
    char *at = vt->complaint + used;
    used += (size_t)(visible ? sprintf(at, " %c", byte) : sprintf(at, " %02X", byte));
  }
}

/* -- writing and erasing -- */

static int clamp(int value, int low, int high) {
  return value < low ? low : value > high ? high : value;
}

static void erase(struct vt *vt, int row, int from, int to) {
  for (int col = from; col < to && col < vt->cols; col++) {
    *cell(vt, row, col) = (struct vt_cell){.text = " ", .look = plain};
    cell(vt, row, col)->look.bg = vt->look.bg; /* bce */
  }
}

static void copy_row(struct vt *vt, int to, int from) {
  memcpy(cell(vt, to, 0), cell(vt, from, 0), (size_t)vt->cols * sizeof *vt->cells);
}

/* Moves the lines from TOP to the region's bottom up by COUNT; negative: down. */
static void scroll(struct vt *vt, int top, int count) {
  int height = vt->bottom - top + 1;
  if (height <= 0) return;
  count = clamp(count, -height, height);
  for (int i = 0; count > 0 && i < height; i++) {
    if (i + count < height) copy_row(vt, top + i, top + i + count);
    else erase(vt, top + i, 0, vt->cols);
  }
  for (int i = height; count < 0 && i-- > 0;) {
    if (i + count >= 0) copy_row(vt, top + i, top + i + count);
    else erase(vt, top + i, 0, vt->cols);
  }
}

static void line_feed(struct vt *vt) {
  if (vt->row == vt->bottom) scroll(vt, vt->top, 1);
  else if (vt->row < vt->rows - 1) vt->row++;
}

/* Half of a wide character that is overwritten takes the other half with it. */
static void break_wide(struct vt *vt, int row, int col) {
  if (!*cell(vt, row, col)->text && col > 0) strcpy(cell(vt, row, col - 1)->text, " ");
  if (col + 1 < vt->cols && !*cell(vt, row, col + 1)->text)
    strcpy(cell(vt, row, col + 1)->text, " ");
}

static void add_mark(struct vt *vt, const char *mark) {
  int col = vt->wrap_pending ? vt->col : vt->col - 1;
  if (col > 0 && !*cell(vt, vt->row, col)->text) col--;
  struct vt_cell *before = col >= 0 ? cell(vt, vt->row, col) : NULL;
  if (before && strlen(before->text) + strlen(mark) < sizeof before->text)
    strcat(before->text, mark);
}

static void put(struct vt *vt, const char *text, int width) {
  if (width == 0) {
    add_mark(vt, text);
    return;
  }
  if (vt->wrap_pending || vt->col + width > vt->cols) {
    vt->col = 0;
    vt->wrap_pending = false;
    line_feed(vt);
  }
  if (width > vt->cols) return;
  for (int i = 0; i < width; i++) {
    break_wide(vt, vt->row, vt->col + i);
    *cell(vt, vt->row, vt->col + i) = (struct vt_cell){.look = vt->look};
  }
  strcpy(cell(vt, vt->row, vt->col)->text, text);
  strcpy(vt->last, text);
  if (vt->look.bold && vt->look.reverse) vt->looks_at_flash = true;
  vt->col += width;
  if (vt->col < vt->cols) return;
  vt->col = vt->cols - 1;
  vt->wrap_pending = true;
}

/* -- CSI sequences -- */

enum { MOST_NUMBERS = 16 };

struct csi {
  const char *start; /* for complaints */
  size_t length;
  char private, final;
  int numbers[MOST_NUMBERS];
  int count;
};

/* The number at PLACE, at least 1. */
static int number(const struct csi *csi, int place) {
  int given = place < csi->count ? csi->numbers[place] : 0;
  return given > 0 ? given : 1;
}

static void go(struct vt *vt, int row, int col) {
  vt->row = clamp(row, 0, vt->rows - 1);
  vt->col = clamp(col, 0, vt->cols - 1);
  vt->wrap_pending = false;
}

static void insert_blanks(struct vt *vt, int count) {
  struct vt_cell *row = cell(vt, vt->row, 0);
  count = clamp(count, 0, vt->cols - vt->col);
  memmove(row + vt->col + count, row + vt->col,
          (size_t)(vt->cols - vt->col - count) * sizeof *row);
  erase(vt, vt->row, vt->col, vt->col + count);
}

static void delete_characters(struct vt *vt, int count) {
  struct vt_cell *row = cell(vt, vt->row, 0);
  count = clamp(count, 0, vt->cols - vt->col);
  memmove(row + vt->col, row + vt->col + count,
          (size_t)(vt->cols - vt->col - count) * sizeof *row);
  erase(vt, vt->row, vt->cols - count, vt->cols);
}

static void erase_part(struct vt *vt, bool screen, int part) {
  erase(vt, vt->row, part == 0 ? vt->col : 0, part == 1 ? vt->col + 1 : vt->cols);
  for (int row = 0; screen && row < vt->rows; row++)
    if (row != vt->row && (part == 2 || (part == 0 ? row > vt->row : row < vt->row)))
      erase(vt, row, 0, vt->cols);
}

static bool choose_look(struct vt *vt, const struct csi *csi) {
  struct look *look = &vt->look;
  if (csi->count == 0) *look = plain;
  for (int i = 0; i < csi->count; i++) {
    int code = csi->numbers[i];
    bool indexed = (code == 38 || code == 48) && i + 2 < csi->count && csi->numbers[i + 1] == 5;
    if (code == 0) *look = plain;
    else if (code == 1) look->bold = true;
    else if (code == 2) look->dim = true;
    else if (code == 4) look->underline = true;
    else if (code == 7) look->reverse = true;
    else if (code == 22) look->bold = look->dim = false;
    else if (code == 24) look->underline = false;
    else if (code == 27) look->reverse = false;
    else if (code == 39) look->fg = -1;
    else if (code == 49) look->bg = -1;
    else if (code >= 30 && code <= 37) look->fg = code - 30;
    else if (code >= 40 && code <= 47) look->bg = code - 40;
    else if (code >= 90 && code <= 97) look->fg = code - 82;
    else if (code >= 100 && code <= 107) look->bg = code - 92;
    else if (indexed && code == 38) look->fg = csi->numbers[i += 2];
    else if (indexed) look->bg = csi->numbers[i += 2];
    else return false;
    if (code >= 30) vt->colour_used = true;
  }
  return true;
}

static void swap_screens(struct vt *vt, bool alternate) {
  size_t size = (size_t)vt->rows * (size_t)vt->cols * sizeof *vt->cells;
  if (alternate == vt->alternate) return;
  vt->alternate = alternate;
  if (alternate) {
    vt->saved = allocated(1, size);
    memcpy(vt->saved, vt->cells, size);
    vt->saved_row = vt->row;
    vt->saved_col = vt->col;
    fill(vt, " ");
    return;
  }
  memcpy(vt->cells, vt->saved, size);
  free(vt->saved);
  vt->saved = NULL;
  go(vt, vt->saved_row, vt->saved_col);
}

static bool set_mode(struct vt *vt, const struct csi *csi, bool on) {
  for (int i = 0; i < csi->count; i++) {
    switch (csi->numbers[i]) {
    case 1: vt->cursor_keys = on; break;
    case 7: case 12: break; /* wrapping is always on; blinking */
    case 25: vt->cursor_visible = on; break;
    case 1000: case 1002: case 1006: vt->mouse = on; break;
    case 1049: swap_screens(vt, on); break;
    default: return false;
    }
  }
  return csi->count > 0;
}

static bool set_region(struct vt *vt, const struct csi *csi) {
  int top = number(csi, 0) - 1, bottom = csi->count > 1 ? number(csi, 1) - 1 : vt->rows - 1;
  vt->top = clamp(top, 0, vt->rows - 1);
  vt->bottom = clamp(bottom, vt->top, vt->rows - 1);
  go(vt, 0, 0);
  return true;
}

static void repeat(struct vt *vt, int count) {
  char again[sizeof vt->last];
  strcpy(again, vt->last);
  while (count-- > 0) put(vt, again, 1);
}

static bool do_private(struct vt *vt, const struct csi *csi) {
  return csi->private == '?' && (csi->final == 'h' || csi->final == 'l') &&
         set_mode(vt, csi, csi->final == 'h');
}

static bool do_csi(struct vt *vt, const struct csi *csi) {
  int n = number(csi, 0), part = csi->count > 0 ? csi->numbers[0] : 0;
  if (csi->private) return do_private(vt, csi);
  switch (csi->final) {
  case '@': insert_blanks(vt, n); return true;
  case 'A': go(vt, vt->row - n, vt->col); return true;
  case 'B': go(vt, vt->row + n, vt->col); return true;
  case 'C': go(vt, vt->row, vt->col + n); return true;
  case 'D': go(vt, vt->row, vt->col - n); return true;
  case 'G': go(vt, vt->row, n - 1); return true;
  case 'H': go(vt, n - 1, number(csi, 1) - 1); return true;
  case 'J': erase_part(vt, true, part); return part <= 2;
  case 'K': erase_part(vt, false, part); return part <= 2;
  case 'L': scroll(vt, vt->row, -n); return true;
  case 'M': scroll(vt, vt->row, n); return true;
  case 'P': delete_characters(vt, n); return true;
  case 'S': scroll(vt, vt->top, n); return true;
  case 'T': scroll(vt, vt->top, -n); return true;
  case 'X': erase(vt, vt->row, vt->col, vt->col + n); return true;
  case 'Z': go(vt, vt->row, (vt->col - 1) / 8 * 8); return true;
  case 'b': repeat(vt, n); return true;
  case 'd': go(vt, n - 1, vt->col); return true;
  case 'h': case 'l': return part == 4 && csi->count == 1; /* insert mode, at the very start */
  case 'm': return choose_look(vt, csi);
  case 'r': return set_region(vt, csi);
  case 't': return (part == 22 || part == 23) && csi->count == 3; /* the title, to and fro */
  default: return false;
  }
}

/* -- bytes -- */

/* The length of the sequence at BYTES; 0: more must come. */
static size_t escape_length(const char *bytes, size_t count) {
  if (count < 2) return 0;
  if (bytes[1] == '(' || bytes[1] == ')') return count < 3 ? 0 : 3;
  if (bytes[1] == ']' && bytes[count - 1] != '\a') return 0;
  if (bytes[1] != '[') return bytes[1] == ']' ? count : 2;
  for (size_t i = 2; i < count; i++)
    if (bytes[i] < 0x20 || bytes[i] >= 0x40) return i + 1;
  return 0;
}

static bool read_csi(struct csi *csi, const char *bytes, size_t length) {
  const char *at = bytes + 2, *end = bytes + length - 1;
  *csi = (struct csi){.start = bytes, .length = length, .final = *end};
  if (at < end && strchr("?<=>", *at)) csi->private = *at++;
  while (at < end && csi->count < MOST_NUMBERS) {
    int value = 0;
    for (; at < end && *at >= '0' && *at <= '9' && value < 10000; at++)
      value = value * 10 + *at - '0';
    csi->numbers[csi->count++] = value;
    if (at < end && *at++ != ';') return false;
  }
  return at == end && *end >= 0x40;
}

static bool do_escape(struct vt *vt, const char *bytes, size_t length) {
  struct csi csi;
  switch (bytes[1]) {
  case '[': return read_csi(&csi, bytes, length) && do_csi(vt, &csi);
  case ']': return length == 6 && memcmp(bytes, "\033]104", 5) == 0; /* the usual palette */
  case '(': return bytes[2] == 'B';
  case ')': return bytes[2] == 'B' || bytes[2] == '0'; /* vt100 names G1 and never uses it */
  case '=': case '>': return true;
  case '7': vt->saved_row = vt->row, vt->saved_col = vt->col; return true;
  case '8': go(vt, vt->saved_row, vt->saved_col); return true;
  case 'M':
    if (vt->row == vt->top) scroll(vt, vt->top, -1);
    else if (vt->row > 0) vt->row--;
    return true;
  default: return false;
  }
}

static bool do_control(struct vt *vt, char byte) {
  switch (byte) {
  case '\a': case 0x0F: return true; /* bell; back to G0, which is always in use */
  case '\b': go(vt, vt->row, vt->col - 1); return true;
  case '\t': go(vt, vt->row, (vt->col / 8 + 1) * 8); return true;
  case '\r': go(vt, vt->row, 0); return true;
  case '\n': vt->wrap_pending = false; line_feed(vt); return true;
  default: return false;
  }
}

static bool is_hidden(wchar_t code) {
  return (code >= 0x80 && code < 0xA0) || code == 0xAD || code == 0x61C ||
         (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF ||
         (code >= 0xFFF9 && code <= 0xFFFB) || (code >= 0xE0000 && code <= 0xE0FFF);
}

/* One character from the front; returns its length, 0 if more must come. */
static size_t do_character(struct vt *vt, const char *bytes, size_t count) {
  unsigned char first = (unsigned char)bytes[0];
  size_t want = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 1;
  char text[16] = "";
  wchar_t code = first;
  if (count < want) return 0;
  memcpy(text, bytes, want);
  if (want > 1) code = first & (0x7F >> want);
  for (size_t i = 1; i < want; i++) {
    if (((unsigned char)bytes[i] & 0xC0) != 0x80) code = -1;
    if (code >= 0) code = code << 6 | (bytes[i] & 0x3F);
  }
  int width = code < 0 ? -1 : wcwidth(code);
  if ((first >= 0x80 && !vt->utf8) || width < 0 || is_hidden(code))
    complain(vt, "a forbidden character", bytes, want);
  else
    put(vt, text, width);
  return want;
}

static size_t do_front(struct vt *vt, const char *bytes, size_t count) {
  if (bytes[0] == 0x1B) {
    size_t length = escape_length(bytes, count);
    if (length > 0 && !do_escape(vt, bytes, length))
      complain(vt, "a forbidden sequence", bytes, length);
    return length;
  }
  if ((unsigned char)bytes[0] >= 0x20 && bytes[0] != 0x7F) return do_character(vt, bytes, count);
  if (!do_control(vt, bytes[0])) complain(vt, "a forbidden control", bytes, 1);
  return 1;
}

void vt_feed(struct vt *vt, const char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    vt->pending[vt->pending_count++] = bytes[i];
    size_t done = do_front(vt, vt->pending, vt->pending_count);
    if (done == 0 && vt->pending_count == sizeof vt->pending) {
      complain(vt, "an endless sequence", vt->pending, vt->pending_count);
      done = vt->pending_count;
    }
    vt->pending_count -= done;
    memmove(vt->pending, vt->pending + done, vt->pending_count);
  }
}

/* -- what it shows -- */

enum { MOST_LOOKS = 62 };

static bool same_look(struct look a, struct look b) {
  return a.bold == b.bold && a.dim == b.dim && a.underline == b.underline &&
         a.reverse == b.reverse && a.fg == b.fg && a.bg == b.bg;
}

/* Places behind the last cell that shows something. */
static int used_columns(const struct vt *vt, int row, bool looks) {
  int used = vt->cols;
  while (used > 0) {
    const struct vt_cell *last = cell(vt, row, used - 1);
    if (looks ? !same_look(last->look, plain) : strcmp(last->text, " ") != 0) break;
    used--;
  }
  return used;
}

static char letter_of(struct look look, struct look known[MOST_LOOKS], int *count) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  if (same_look(look, plain)) return '.';
  for (int i = 0; i < *count; i++)
    if (same_look(look, known[i])) return letters[i];
  if (*count == MOST_LOOKS) return '?';
  known[*count] = look;
  return letters[(*count)++];
}

static void print_look(FILE *out, char letter, struct look look) {
  fprintf(out, "%c:%s%s%s%s", letter, look.bold ? " bold" : "", look.dim ? " dim" : "",
          look.underline ? " underline" : "", look.reverse ? " reverse" : "");
  if (look.fg >= 0) fprintf(out, " colour %d", look.fg);
  if (look.bg >= 0) fprintf(out, " on %d", look.bg);
  fputc('\n', out);
}

static void dump_looks(FILE *out, const struct vt *vt) {
  struct look known[MOST_LOOKS];
  int count = 0;
  fputs("-- looks --\n", out);
  for (int row = 0; row < vt->rows; row++) {
    int used = used_columns(vt, row, true);
    for (int col = 0; col < used; col++)
      fputc(letter_of(cell(vt, row, col)->look, known, &count), out);
    fputc('\n', out);
  }
  for (int i = 0; i < count; i++) {
    int again = i;
    print_look(out, letter_of(known[i], known, &again), known[i]);
  }
}

char *vt_dump(const struct vt *vt, bool looks) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (!out) exit(71);
  for (int row = 0; row < vt->rows; row++) {
    int used = used_columns(vt, row, false);
    for (int col = 0; col < used; col++) fputs(cell(vt, row, col)->text, out);
    fputc('\n', out);
  }
  if (vt->cursor_visible)
    fprintf(out, "-- cursor: row %d, column %d --\n", vt->row + 1, vt->col + 1);
  else fputs("-- cursor hidden --\n", out);
  if (looks) dump_looks(out, vt);
  fclose(out);
  return text;
}
