#include "idx_file.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static char folder[] = "/tmp/gradwalk-idx-XXXXXX";

void put(struct buffer *buffer, const void *bytes, size_t length) {
  assert_true(array_reserve(&buffer->bytes, &buffer->capacity, buffer->length + length, 1));
  if (length > 0) memcpy(buffer->bytes + buffer->length, bytes, length);
  buffer->length += length;
}

void put_byte(struct buffer *buffer, int byte) {
  put(buffer, &(uint8_t){(uint8_t)byte}, 1);
}

static void put_size(struct buffer *buffer, uint32_t size) {
  for (int shift = 24; shift >= 0; shift -= 8) put_byte(buffer, (int)(size >> shift & 0xff));
}

struct buffer make_idx(int rank, const uint32_t *dims, size_t count, int modulus) {
  struct buffer file = {0};
  put(&file, (uint8_t[]){0, 0, 8, (uint8_t)rank}, 4);
  for (int i = 0; i < rank; i++) put_size(&file, dims[i]);
  for (size_t i = 0; i < count; i++) put_byte(&file, (int)(i % (size_t)modulus));
  return file;
}

struct buffer pack(const struct buffer *file, int flush, int window) {
  struct buffer packed = {0};
  z_stream stream = {.next_in = file->bytes, .avail_in = (uInt)file->length};
  assert_int_equal(
      deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
  packed.capacity = deflateBound(&stream, file->length) + 64;
  packed.bytes = malloc(packed.capacity);
  assert_non_null(packed.bytes);
  stream.next_out = packed.bytes;
  stream.avail_out = (uInt)packed.capacity;
  assert_int_equal(deflate(&stream, flush), flush == Z_FINISH ? Z_STREAM_END : Z_OK);
  packed.length = packed.capacity - stream.avail_out;
  deflateEnd(&stream);
  return packed;
}

struct buffer gzip(const struct buffer *file) {
  return pack(file, Z_FINISH, 15 + 16);
}

const char *path_of(const char *name) {
  static char path[256];
  if (!name) return folder;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

const char *save(const char *name, const struct buffer *file) {
  const char *path = path_of(name);
  FILE *stream = fopen(path, "wb");
  assert_non_null(stream);
  if (file->length > 0)
    assert_int_equal(fwrite(file->bytes, 1, file->length, stream), file->length);
  assert_int_equal(fclose(stream), 0);
  return path;
}

void assert_contains(const char *message, const char *part) {
  if (!strstr(message, part)) fail_msg("\"%s\" does not say \"%s\"", message, part);
}

void assert_zeroed(const struct idx *idx) {
  assert_int_equal(idx->rank, 0);
  assert_int_equal(idx->count, 0);
  for (int i = 0; i < IDX_RANK_MAX; i++) assert_int_equal(idx->dims[i], 0);
  assert_null(idx->items);
  assert_null(idx->bytes);
}

void refuse_rows(const char *path, int rank, uint32_t rows, const struct idx_known *known,
                 enum status status, const char *part) {
  struct idx idx = {.rank = 7};
  struct diag diag = {0};
  assert_int_equal(idx_read(path, rank, rows, known, &idx, &diag), status);
  assert_int_equal(diag.status, status);
  assert_null(diag.span.source);
  assert_contains(diag.message, path);
  assert_contains(diag.message, part);
  assert_zeroed(&idx);
  idx_done(&idx);
}

int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

int remove_folder(void **state) {
  (void)state;
  return rmdir(folder);
}
