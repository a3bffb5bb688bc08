/* Protects idx_parse() and idx_read(): no byte string crashes them, what they accept has the bytes
 * that its header promises, and fewer rows are the first of the whole. */
#include "io/idx.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(int condition) {
  if (!condition) abort();
}

static size_t header_size(int rank) {
  return 4 + 4 * (size_t)rank;
}

/* The number of items is the product of the dims, but for no more than ROWS of the first. */
static void check_dims(const struct idx *idx, int rank, uint32_t rows) {
  const uint32_t found = rows < idx->dims[0] ? rows : idx->dims[0];
  size_t left = idx->count;
  require(idx->rank == rank);
  for (int i = 0; i < IDX_RANK_MAX; i++) require((idx->dims[i] > 0) == (i < rank));
  for (int i = 1; i < rank; i++) {
    require(left % idx->dims[i] == 0); /* divides, so nothing here can overflow */
    left /= idx->dims[i];
  }
  require(left == found);
}

static void check_refused(const struct idx *idx, const struct diag *diag, enum status status) {
  require(diag->status == status && diag->message[0]);
  require(idx->rank == 0 && idx->count == 0 && !idx->items && !idx->bytes);
}

static enum status check_parse(const uint8_t *bytes, size_t length, int rank, uint32_t rows) {
  struct idx idx;
  struct diag diag;
  enum status status = idx_parse("fuzz", bytes, length, rank, rows, &idx, &diag);
  if (status) {
    require(status == STATUS_DATA);
    check_refused(&idx, &diag, status);
    return status;
  }
  check_dims(&idx, rank, rows);
  require(idx.items == bytes + header_size(rank) && !idx.bytes);
  require(length >= header_size(rank) + idx.count);
  require(rows < idx.dims[0] || length == header_size(rank) + idx.count);
  return status;
}

static struct idx check_read(const char *path, int rank, uint32_t rows) {
  struct idx idx;
  struct diag diag;
  enum status status = idx_read(path, rank, rows, NULL, &idx, &diag);
  if (status) check_refused(&idx, &diag, status);
  else check_dims(&idx, rank, rows);
  return idx;
}

/* Whoever accepts the whole accepts every beginning of it, with the same items. */
static void check_beginning(const char *path, int rank, uint32_t rows, const struct idx *whole) {
  struct idx idx = check_read(path, rank, rows);
  require(!whole->bytes || idx.bytes);
  if (whole->bytes) require(memcmp(idx.items, whole->items, idx.count) == 0);
  idx_done(&idx);
}

static void check_file(const char *path, const uint8_t *bytes, size_t length, int rank) {
  static const uint32_t some[] = {0, 1, 2, 100};
  const bool packed = length >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
  struct idx whole = check_read(path, rank, IDX_ALL);
  if (!packed) require(!whole.bytes == (check_parse(bytes, length, rank, IDX_ALL) != STATUS_OK));
  for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
    check_beginning(path, rank, some[i], &whole);
    check_parse(bytes, length, rank, some[i]);
  }
  idx_done(&whole);
}

/* The path of a file in memory that holds the bytes. */
static const char *file_of(const uint8_t *bytes, size_t length) {
  static char path[40];
  static int fd = -1;
  if (fd < 0) fd = memfd_create("fuzz", MFD_CLOEXEC);
  require(fd >= 0 && ftruncate(fd, 0) == 0);
  require(length == 0 || pwrite(fd, bytes, length, 0) == (ssize_t)length);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  const char *path = file_of(bytes, length);
  check_file(path, bytes, length, 1);
  check_file(path, bytes, length, 3);
  return 0;
}
