#include "io/idx.h"

#include "core/intl.h"
#include "core/memory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define NO_PLACE ((struct span){0})

enum { TYPE_UNSIGNED_BYTE = 0x08, MAGIC_SIZE = 4, DIM_SIZE = 4, FIRST_ROOM = 1 << 16 };

struct bytes {
  uint8_t *items;
  size_t length, capacity;
  size_t expected; /* how many they may become */
};

static uint32_t big_endian(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* The magic is 00 00, the type of the elements, the number of dimensions. */
static enum status parse_magic(const char *name, const uint8_t *bytes, size_t length, int rank,
                               struct diag *diag) {
  if (length < MAGIC_SIZE)
    return diag_set(diag, STATUS_DATA, NO_PLACE,
                    _("%s: not an IDX file: too short for a header, bytes found: %zu"), name,
                    length);
  if (bytes[0] != 0 || bytes[1] != 0)
    return diag_set(diag, STATUS_DATA, NO_PLACE,
                    _("%s: not an IDX file: it starts with %02x %02x instead of 00 00"), name,
                    bytes[0], bytes[1]);
  if (bytes[2] != TYPE_UNSIGNED_BYTE)
    return diag_set(diag, STATUS_DATA, NO_PLACE,
                    _("%s: holds elements of type 0x%02x instead of unsigned bytes (0x08)"), name,
                    bytes[2]);
  if (bytes[3] != rank)
    return diag_set(diag, STATUS_DATA, NO_PLACE,
                    _("%s: wrong number of dimensions: %d found, %d expected"), name, bytes[3],
                    rank);
  return STATUS_OK;
}

/* The sizes after the magic, and their product. */
static enum status parse_dims(const char *name, const uint8_t *bytes, struct idx *idx,
                              struct diag *diag) {
  idx->count = 1;
  for (int i = 0; i < idx->rank; i++) {
    idx->dims[i] = big_endian(bytes + MAGIC_SIZE + DIM_SIZE * i);
    if (idx->dims[i] == 0)
      return diag_set(diag, STATUS_DATA, NO_PLACE, _("%s: its dimension %d is 0"), name, i + 1);
    if (!size_multiply(idx->count, idx->dims[i], &idx->count))
      return diag_set(diag, STATUS_DATA, NO_PLACE,
                      _("%s: its header promises more elements than can be counted"), name);
  }
  return STATUS_OK;
}

static enum status parse_whole(const char *name, const uint8_t *bytes, size_t length,
                               struct idx *idx, struct diag *diag) {
  size_t header = MAGIC_SIZE + DIM_SIZE * (size_t)idx->rank;
  enum status status = parse_magic(name, bytes, length, idx->rank, diag);
  if (status) return status;
  if (length < header)
    return diag_set(diag, STATUS_DATA, NO_PLACE,
                    _("%s: the header is cut off: bytes found: %zu, expected: %zu"), name, length,
                    header);
  status = parse_dims(name, bytes, idx, diag);
  if (status) return status;
  if (length - header != idx->count)
    return diag_set(diag, STATUS_DATA, NO_PLACE,
                    length - header < idx->count
                        ? _("%s: less data than its header promises: bytes found: %zu of %zu")
                        : _("%s: more data than its header promises: bytes found: %zu of %zu"),
                    name, length - header, idx->count);
  idx->items = bytes + header;
  return STATUS_OK;
}

enum status idx_parse(const char *name, const uint8_t *bytes, size_t length, int rank,
                      struct idx *idx, struct diag *diag) {
  assert(rank >= 1 && rank <= IDX_RANK_MAX);
  *idx = (struct idx){.rank = rank};
  enum status status = parse_whole(name, bytes, length, idx, diag);
  if (status) *idx = (struct idx){0};
  return status;
}

/* Room for at least one byte more, never for more than IDX_LIMIT. */
static enum status bytes_grow(const char *path, struct bytes *bytes, struct diag *diag) {
  if (bytes->length < bytes->capacity) return STATUS_OK;
  if (bytes->capacity >= IDX_LIMIT)
    return diag_set(diag, STATUS_LIMIT, NO_PLACE, _("%s: too large: the limit is %d MiB"), path,
                    IDX_LIMIT >> 20);
  size_t wanted = bytes->capacity > 0 ? bytes->capacity * 2 : bytes->expected + 1;
  if (wanted < FIRST_ROOM) wanted = FIRST_ROOM;
  if (wanted > IDX_LIMIT) wanted = IDX_LIMIT;
  if (!array_reserve(&bytes->items, &bytes->capacity, wanted, 1)) return diag_no_memory(diag);
  memory_scattered(bytes->items, bytes->capacity);
  return STATUS_OK;
}

/* A descriptor of a regular file in *FD. Without O_NONBLOCK a FIFO would hang right here. */
static enum status open_regular(const char *path, int *fd, struct diag *diag) {
  struct stat found;
  *fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (*fd < 0)
    return diag_set(diag, STATUS_NO_INPUT, NO_PLACE, _("%s: cannot open: %s"), path,
                    strerror(errno));
  if (fstat(*fd, &found) == 0 && S_ISREG(found.st_mode)) return STATUS_OK;
  close(*fd);
  return diag_set(diag, STATUS_NO_INPUT, NO_PLACE, _("%s: cannot open: not a regular file"), path);
}

static enum status read_all(const char *path, int fd, struct bytes *file, struct diag *diag) {
  for (;;) {
    enum status status = bytes_grow(path, file, diag);
    if (status) return status;
    ssize_t got = read(fd, file->items + file->length, file->capacity - file->length);
    if (got == 0) return STATUS_OK;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return diag_set(diag, STATUS_IO, NO_PLACE, _("%s: cannot read: %s"), path, strerror(errno));
    file->length += (size_t)got;
  }
}

static enum status read_file(const char *path, struct bytes *file, struct diag *diag) {
  int fd;
  enum status status = open_regular(path, &fd, diag);
  if (status) return status;
  status = read_all(path, fd, file, diag);
  close(fd);
  return status;
}

static bool is_gzip(const uint8_t *bytes, size_t length) {
  return length >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

/* Why inflate() stopped with RESULT. */
static enum status inflate_verdict(const char *path, const z_stream *stream, int result,
                                   struct diag *diag) {
  if (result == Z_MEM_ERROR) return diag_no_memory(diag);
  if (result == Z_BUF_ERROR)
    return diag_set(diag, STATUS_DATA, NO_PLACE, _("%s: the gzip data is cut off"), path);
  if (result != Z_STREAM_END)
    return diag_set(diag, STATUS_DATA, NO_PLACE, _("%s: the gzip data is damaged: %s"), path,
                    stream->msg ? stream->msg : zError(result));
  if (is_gzip(stream->next_in, stream->avail_in))
    return diag_set(diag, STATUS_DATA, NO_PLACE,
                    _("%s: a second gzip member follows the first; only one is allowed"), path);
  if (stream->avail_in > 0)
    return diag_set(diag, STATUS_DATA, NO_PLACE,
                    _("%s: something follows the gzip data: bytes found: %u"), path,
                    stream->avail_in);
  return STATUS_OK;
}

/* Not gzread(): it passes over a truncated file, a second member and trailing garbage, and gives
 * out data before its CRC is known. All the input is at hand here, so Z_BUF_ERROR means its end. */
static enum status inflate_all(const char *path, z_stream *stream, struct bytes *data,
                               struct diag *diag) {
  int result;
  do {
    enum status status = bytes_grow(path, data, diag);
    if (status) return status;
    stream->next_out = data->items + data->length;
    stream->avail_out = (uInt)(data->capacity - data->length);
    result = inflate(stream, Z_NO_FLUSH);
    data->length = data->capacity - stream->avail_out;
  } while (result == Z_OK);
  return inflate_verdict(path, stream, result, diag);
}

/* How many bytes gzip'd ones say at their end that they unpack to (RFC 1952), as far as deflate can
 * at all: growing would move the large pages of memory out of line. */
static size_t unpacked_size(const struct bytes *file) {
  enum { SIZE_BYTES = 4, MOST_FROM_ONE = 1032 };
  size_t size = 0;
  if (file->length < SIZE_BYTES) return 0;
  for (size_t i = 0; i < SIZE_BYTES; i++)
    size |= (size_t)file->items[file->length - SIZE_BYTES + i] << (CHAR_BIT * i);
  return size / MOST_FROM_ONE > file->length ? 0 : size;
}

/* Replaces the gzip'd FILE by what it unpacks to. */
static enum status unpack(const char *path, struct bytes *file, struct diag *diag) {
  enum { LARGEST_WINDOW = 15, GZIP_ONLY = 16 };
  struct bytes data = {.expected = unpacked_size(file)};
  z_stream stream = {.next_in = file->items, .avail_in = (uInt)file->length};
  if (inflateInit2(&stream, LARGEST_WINDOW + GZIP_ONLY) != Z_OK) return diag_no_memory(diag);
  enum status status = inflate_all(path, &stream, &data, diag);
  inflateEnd(&stream);
  free(file->items);
  *file = data;
  return status;
}

enum status idx_read(const char *path, int rank, struct idx *idx, struct diag *diag) {
  struct bytes file = {0};
  *idx = (struct idx){0};
  enum status status = read_file(path, &file, diag);
  if (!status && is_gzip(file.items, file.length)) status = unpack(path, &file, diag);
  if (!status) status = idx_parse(path, file.items, file.length, rank, idx, diag);
  if (status)
    free(file.items);
  else
    idx->bytes = file.items;
  return status;
}

void idx_done(struct idx *idx) {
  free(idx->bytes);
  *idx = (struct idx){0};
}
