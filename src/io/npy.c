#include "io/npy.h"

#include "core/intl.h"
#include "io/file.h"

#include <stdbool.h>
#include <string.h>

enum { MAGIC_SIZE = 6, HEADER_MOST = 65536, NUMBER_SIZE = 8, DIMS_MOST = 2 };

/* What a header says: a Python dictionary of three entries, in any order. */
struct header {
  bool descr, order, has_shape;
  uint32_t dims[DIMS_MOST];
  int rank;
};

struct npy_reader {
  const char *at, *end;
};

static void skip_spaces(struct npy_reader *reader) {
  while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n')) reader->at++;
}

static bool take(struct npy_reader *reader, const char *word) {
  size_t length = strlen(word);
  skip_spaces(reader);
  if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
    return false;
  reader->at += length;
  return true;
}

static bool take_number(struct npy_reader *reader, uint32_t *number) {
  uint64_t value = 0;
  skip_spaces(reader);
  const char *start = reader->at;
  while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9' &&
         value <= UINT32_MAX)
    value = value * 10 + (uint64_t)(*reader->at++ - '0');
  *number = (uint32_t)value;
  return reader->at > start && value <= UINT32_MAX;
}

/* (), (5,), (2, 3) */
static bool take_shape(struct npy_reader *reader, struct header *header) {
  if (!take(reader, "(")) return false;
  while (header->rank < DIMS_MOST && take_number(reader, &header->dims[header->rank])) {
    header->rank++;
    if (!take(reader, ",")) break;
  }
  return take(reader, ")");
}

static bool take_entry(struct npy_reader *reader, struct header *header) {
  if (take(reader, "'descr':"))
    return !header->descr && (header->descr = take(reader, "'<f8'"));
  if (take(reader, "'fortran_order':"))
    return !header->order && (header->order = take(reader, "False"));
  if (take(reader, "'shape':"))
    return !header->has_shape && (header->has_shape = take_shape(reader, header));
  return false;
}

static bool parse_header(const char *text, size_t length, struct header *header) {
  struct npy_reader reader = {text, text + length};
  *header = (struct header){0};
  if (!take(&reader, "{")) return false;
  while (!take(&reader, "}"))
    if (!take_entry(&reader, header) || (!take(&reader, ",") && *reader.at != '}')) return false;
  skip_spaces(&reader);
  return reader.at == reader.end && header->descr && header->order && header->has_shape;
}

static bool has_shape(const struct header *header, struct shape shape) {
  if (header->rank == 2) return header->dims[0] == shape.rows && header->dims[1] == shape.cols;
  if (header->rank == 1) return shape.rows == 1 && header->dims[0] == shape.cols;
  return shape.rows == 1 && shape.cols == 1;
}

static uint64_t little_endian(const char *bytes, int count) {
  uint64_t value = 0;
  while (count-- > 0) value = value << 8 | (unsigned char)bytes[count];
  return value;
}

/* The length of what comes before the header, and of the header; false if they are not there. */
static bool find_header(const struct text *file, size_t *start, size_t *length) {
  if (file->length < MAGIC_SIZE + 4 || memcmp(file->bytes, "\x93NUMPY", MAGIC_SIZE) != 0)
    return false;
  int major = file->bytes[MAGIC_SIZE], minor = file->bytes[MAGIC_SIZE + 1];
  int size = major == 1 ? 2 : 4;
  *start = MAGIC_SIZE + 2 + (size_t)size;
  if (major < 1 || major > 3 || minor != 0 || file->length < *start) return false;
  *length = (size_t)little_endian(file->bytes + MAGIC_SIZE + 2, size);
  return *length <= HEADER_MOST && *length <= file->length - *start;
}

static enum status refuse(struct diag *diag, const char *path, const char *what) {
  return diag_set(diag, STATUS_DATA, SPAN_NONE, "%s: %s", path, what);
}

static enum status parse(const char *path, const struct text *file, struct shape shape,
                         double *values, struct diag *diag) {
  size_t start, length, count = shape_count(shape);
  struct header header;
  if (!find_header(file, &start, &length)) return refuse(diag, path, _("not a .npy file"));
  if (!parse_header(file->bytes + start, length, &header))
    return refuse(diag, path, _("expected numbers of type '<f8' in C order"));
  if (!has_shape(&header, shape))
    return diag_set(diag, STATUS_DATA, SPAN_NONE, _("%s: expected the shape (%u, %u)"), path,
                    shape.rows, shape.cols);
  start += length;
  if (file->length - start != count * NUMBER_SIZE)
    return diag_set(diag, STATUS_DATA, SPAN_NONE,
                    _("%s: %zu bytes of numbers where its shape takes %zu"), path,
                    file->length - start, count * NUMBER_SIZE);
  for (size_t i = 0; i < count; i++) {
    uint64_t bits = little_endian(file->bytes + start + i * NUMBER_SIZE, NUMBER_SIZE);
    memcpy(&values[i], &bits, sizeof bits);
  }
  return STATUS_OK;
}

enum status npy_read(const char *path, struct shape shape, double *values, struct diag *diag) {
  struct text file;
  text_init(&file);
  enum status status =
      file_read_bytes(path, &file, shape_count(shape) * NUMBER_SIZE + HEADER_MOST + 64, diag);
  if (!status) status = parse(path, &file, shape, values, diag);
  text_done(&file);
  return status;
}
