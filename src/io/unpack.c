#include "io/unpack.h"

#include "core/intl.h"
#include "core/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status too_large(const char *path, struct diag *diag) {
  return diag_set(diag, STATUS_LIMIT, SPAN_NONE, _("%s: too large: the limit is %d MiB"), path,
                  UNPACK_LIMIT >> 20);
}

/* Without O_NONBLOCK a FIFO would hang right here. */
static enum status open_regular(struct unpack *unpack, struct diag *diag) {
  struct stat found;
  unpack->fd = open(unpack->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (unpack->fd < 0)
    return diag_set(diag, STATUS_NO_INPUT, SPAN_NONE, _("%s: cannot open: %s"), unpack->path,
                    strerror(errno));
  if (fstat(unpack->fd, &found) != 0 || !S_ISREG(found.st_mode))
    return diag_set(diag, STATUS_NO_INPUT, SPAN_NONE, _("%s: cannot open: not a regular file"),
                    unpack->path);
  if (found.st_size >= UNPACK_LIMIT) return too_large(unpack->path, diag);
  unpack->size = (size_t)found.st_size;
  return STATUS_OK;
}

/* Fills up the input; it is not full afterwards only if the file has no more. */
static enum status refill(struct unpack *unpack, struct diag *diag) {
  z_stream *stream = &unpack->stream;
  memmove(unpack->input, stream->next_in, stream->avail_in);
  stream->next_in = unpack->input;
  while (stream->avail_in < sizeof unpack->input) {
    ssize_t got = read(unpack->fd, unpack->input + stream->avail_in,
                       sizeof unpack->input - stream->avail_in);
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return diag_set(diag, STATUS_IO, SPAN_NONE, _("%s: cannot read: %s"), unpack->path,
                      strerror(errno));
    stream->avail_in += (uInt)got;
  }
  return STATUS_OK;
}

static bool is_gzip(const z_stream *stream) {
  return stream->avail_in >= 2 && stream->next_in[0] == 0x1f && stream->next_in[1] == 0x8b;
}

enum status unpack_open(struct unpack *unpack, const char *path, struct diag *diag) {
  enum { LARGEST_WINDOW = 15, GZIP_ONLY = 16 };
  *unpack = (struct unpack){.path = path};
  unpack->stream.next_in = unpack->input;
  enum status status = open_regular(unpack, diag);
  if (!status) status = refill(unpack, diag);
  if (status || !is_gzip(&unpack->stream)) return status;
  if (inflateInit2(&unpack->stream, LARGEST_WINDOW + GZIP_ONLY) != Z_OK)
    return diag_no_memory(diag);
  unpack->packed = true;
  return STATUS_OK;
}

/* Makes room for at least one byte more. It makes all the room that is wanted at once if the file
 * may fill it: growing would move the large pages of memory out of line. */
static enum status make_room(struct unpack *unpack, size_t wanted, struct diag *diag) {
  enum { MOST_FROM_ONE = 1032 /* deflate gets no more out of a byte */, FIRST_ROOM = 1 << 16 };
  if (unpack->length >= UNPACK_LIMIT) return too_large(unpack->path, diag);
  if (unpack->length < unpack->capacity) return STATUS_OK;
  size_t room = unpack->length + 1;
  if (wanted < UNPACK_LIMIT && wanted / MOST_FROM_ONE <= unpack->size) room = wanted + 1;
  if (room < FIRST_ROOM) room = FIRST_ROOM;
  if (!array_reserve(&unpack->bytes, &unpack->capacity, room, 1)) return diag_no_memory(diag);
  if (unpack->capacity > UNPACK_LIMIT) unpack->capacity = UNPACK_LIMIT;
  memory_scattered(unpack->bytes, unpack->capacity);
  return STATUS_OK;
}

/* The member has ended: the file must end too. */
static enum status check_end(struct unpack *unpack, struct diag *diag) {
  z_stream *stream = &unpack->stream;
  enum status status = refill(unpack, diag);
  if (status) return status;
  if (is_gzip(stream))
    return diag_set(diag, STATUS_DATA, SPAN_NONE,
                    _("%s: a second gzip member follows the first; only one is allowed"),
                    unpack->path);
  if (stream->avail_in > 0)
    return diag_set(diag, STATUS_DATA, SPAN_NONE,
                    _("%s: something follows the gzip data: bytes found: %zu"), unpack->path,
                    unpack->size - (size_t)stream->total_in);
  unpack->ended = true;
  return STATUS_OK;
}

/* Why inflate() returned RESULT. */
static enum status inflate_verdict(struct unpack *unpack, int result, struct diag *diag) {
  const char *why = unpack->stream.msg;
  if (result == Z_OK) return STATUS_OK;
  if (result == Z_STREAM_END) return check_end(unpack, diag);
  if (result == Z_MEM_ERROR) return diag_no_memory(diag);
  if (result == Z_BUF_ERROR)
    return diag_set(diag, STATUS_DATA, SPAN_NONE, _("%s: the gzip data is cut off"), unpack->path);
  return diag_set(diag, STATUS_DATA, SPAN_NONE, _("%s: the gzip data is damaged: %s"), unpack->path,
                  why ? why : zError(result));
}

/* Not gzread(): it passes over a truncated file, a second member and trailing garbage. The input is
 * empty only at the file's end here, so Z_BUF_ERROR means that the end comes too early. What
 * inflate() finds after the bytes that fill the room, it reports again once more is wanted. */
static enum status inflate_some(struct unpack *unpack, size_t room, struct diag *diag) {
  unpack->stream.next_out = unpack->bytes + unpack->length;
  unpack->stream.avail_out = (uInt)room;
  int result = inflate(&unpack->stream, Z_NO_FLUSH);
  unpack->length += room - unpack->stream.avail_out;
  return unpack->stream.avail_out > 0 ? inflate_verdict(unpack, result, diag) : STATUS_OK;
}

static void copy_some(struct unpack *unpack, size_t room) {
  z_stream *stream = &unpack->stream;
  const uInt count = stream->avail_in < room ? stream->avail_in : (uInt)room;
  memcpy(unpack->bytes + unpack->length, stream->next_in, count);
  unpack->length += count;
  stream->next_in += count;
  stream->avail_in -= count;
  unpack->ended = count == 0;
}

enum status unpack_until(struct unpack *unpack, size_t wanted, struct diag *diag) {
  enum status status = STATUS_OK;
  while (!status && unpack->length < wanted && !unpack->ended) {
    status = make_room(unpack, wanted, diag);
    if (!status && unpack->stream.avail_in == 0) status = refill(unpack, diag);
    if (status) return status;
    const size_t end = wanted < unpack->capacity ? wanted : unpack->capacity;
    if (unpack->packed) status = inflate_some(unpack, end - unpack->length, diag);
    else copy_some(unpack, end - unpack->length);
  }
  return status;
}

static uint32_t little_endian(const uint8_t *bytes) {
  return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* RFC 1952: a member ends with the CRC-32 and the size of what it unpacks to. */
bool unpack_claims(const struct unpack *unpack, struct unpack_claim *claim) {
  uint8_t trailer[8];
  if (!unpack->packed || unpack->size < sizeof trailer) return false;
  const off_t start = (off_t)(unpack->size - sizeof trailer);
  if (pread(unpack->fd, trailer, sizeof trailer, start) != sizeof trailer) return false;
  *claim = (struct unpack_claim){little_endian(trailer), little_endian(trailer + 4)};
  return true;
}

void unpack_done(struct unpack *unpack) {
  if (unpack->fd >= 0) close(unpack->fd);
  if (unpack->packed) inflateEnd(&unpack->stream);
  free(unpack->bytes);
  unpack->fd = -1;
  unpack->packed = false;
  unpack->bytes = NULL;
}
