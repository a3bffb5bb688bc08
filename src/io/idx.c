#include "io/idx.h"

#include "core/hash.h"
#include "core/intl.h"
#include "core/memory.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

enum { TYPE_UNSIGNED_BYTE = 0x08, MAGIC_SIZE = 4, DIM_SIZE = 4 };

static uint32_t big_endian(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* The magic is 00 00, the type of the elements, the number of dimensions. */
static enum status parse_magic(const char *name, const uint8_t *bytes, size_t length, int rank,
                               struct diag *diag) {
  if (length < MAGIC_SIZE)
    return diag_set(diag, STATUS_DATA, SPAN_NONE,
                    _("%s: not an IDX file: too short for a header, bytes found: %zu"), name,
                    length);
  if (bytes[0] != 0 || bytes[1] != 0)
    return diag_set(diag, STATUS_DATA, SPAN_NONE,
                    _("%s: not an IDX file: it starts with %02x %02x instead of 00 00"), name,
                    bytes[0], bytes[1]);
  if (bytes[2] != TYPE_UNSIGNED_BYTE)
    return diag_set(diag, STATUS_DATA, SPAN_NONE,
                    _("%s: holds elements of type 0x%02x instead of unsigned bytes (0x08)"), name,
                    bytes[2]);
  if (bytes[3] != rank)
    return diag_set(diag, STATUS_DATA, SPAN_NONE,
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
      return diag_set(diag, STATUS_DATA, SPAN_NONE, _("%s: its dimension %d is 0"), name, i + 1);
    if (!size_multiply(idx->count, idx->dims[i], &idx->count))
      return diag_set(diag, STATUS_DATA, SPAN_NONE,
                      _("%s: its header promises more elements than can be counted"), name);
  }
  return STATUS_OK;
}

static size_t header_size(int rank) {
  return MAGIC_SIZE + DIM_SIZE * (size_t)rank;
}

/* The number of items becomes that of the whole array. */
static enum status parse_header(const char *name, const uint8_t *bytes, size_t length,
                                struct idx *idx, struct diag *diag) {
  enum status status = parse_magic(name, bytes, length, idx->rank, diag);
  if (status) return status;
  if (length < header_size(idx->rank))
    return diag_set(diag, STATUS_DATA, SPAN_NONE,
                    _("%s: the header is cut off: bytes found: %zu, expected: %zu"), name, length,
                    header_size(idx->rank));
  return parse_dims(name, bytes, idx, diag);
}

/* The number of items in the first ROWS of a whole array. */
static size_t items_in(const struct idx *idx, uint32_t rows) {
  return rows < idx->dims[0] ? idx->count / idx->dims[0] * rows : idx->count;
}

/* Reads what follows the header. There may be more items than were asked for, unless all were. */
static enum status parse_items(const char *name, const uint8_t *bytes, size_t length, uint32_t rows,
                               struct idx *idx, struct diag *diag) {
  const size_t found = length - header_size(idx->rank), wanted = items_in(idx, rows);
  if (found < wanted || (rows >= idx->dims[0] && found > wanted))
    return diag_set(diag, STATUS_DATA, SPAN_NONE,
                    found < wanted
                        ? _("%s: less data than its header promises: bytes found: %zu of %zu")
                        : _("%s: more data than its header promises: bytes found: %zu of %zu"),
                    name, found, idx->count);
  idx->items = bytes + header_size(idx->rank);
  idx->count = wanted;
  return STATUS_OK;
}

enum status idx_parse(const char *name, const uint8_t *bytes, size_t length, int rank,
                      uint32_t rows, struct idx *idx, struct diag *diag) {
  assert(rank >= 1 && rank <= IDX_RANK_MAX);
  *idx = (struct idx){.rank = rank};
  enum status status = parse_header(name, bytes, length, idx, diag);
  if (!status) status = parse_items(name, bytes, length, rows, idx, diag);
  if (status) *idx = (struct idx){0};
  return status;
}

/* -- files -- */

static bool is_known(const struct unpack *file, const struct idx_known *known) {
  struct unpack_claim claim;
  return known && unpack_claims(file, &claim) && claim.crc == known->claim.crc &&
         claim.size == known->claim.size;
}

/* The header and the first ROWS of a whole array; to the file's end if these are all. */
static enum status unpack_rows(struct unpack *file, uint32_t rows, const struct idx *idx,
                               struct diag *diag) {
  const size_t items = items_in(idx, rows);
  const size_t wanted = items < UNPACK_LIMIT ? header_size(idx->rank) + items : UNPACK_ALL;
  enum status status = unpack_until(file, wanted, diag);
  return !status && rows >= idx->dims[0] ? unpack_until(file, UNPACK_ALL, diag) : status;
}

static enum status check_known(const struct unpack *file, const struct idx_known *known,
                               struct diag *diag) {
  if (file->length >= known->length &&
      hash_bytes(HASH_START, (const char *)file->bytes, known->length) == known->hash)
    return STATUS_OK;
  return diag_set(diag, STATUS_DATA, SPAN_NONE,
                  _("%s: the gzip data is damaged: its beginning does not match the checksum at "
                    "its end"), file->path);
}

static enum status read_rows(struct unpack *file, int rank, uint32_t rows,
                             const struct idx_known *known, struct idx *idx, struct diag *diag) {
  *idx = (struct idx){.rank = rank};
  enum status status = unpack_until(file, header_size(rank), diag);
  if (!status) status = parse_header(file->path, file->bytes, file->length, idx, diag);
  if (!status) status = unpack_rows(file, rows, idx, diag);
  if (!status && is_known(file, known)) {
    status = unpack_until(file, known->length, diag);
    if (!status) status = check_known(file, known, diag);
  }
  if (!status) status = parse_items(file->path, file->bytes, file->length, rows, idx, diag);
  return status;
}

enum status idx_read(const char *path, int rank, uint32_t rows, const struct idx_known *known,
                     struct idx *idx, struct diag *diag) {
  assert(rank >= 1 && rank <= IDX_RANK_MAX);
  struct unpack file;
  enum status status = unpack_open(&file, path, diag);
  if (!status) status = read_rows(&file, rank, rows, known, idx, diag);
  if (status) {
    *idx = (struct idx){0};
  } else {
    idx->bytes = file.bytes;
    file.bytes = NULL;
  }
  unpack_done(&file);
  return status;
}

void idx_done(struct idx *idx) {
  free(idx->bytes);
  *idx = (struct idx){0};
}
