/* Protects reading only the first rows of an IDX file: they come out right whatever comes after
 * them, what is wrong with them or with the header is refused, and a known file that begins
 * otherwise is too. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "idx_file.h"

#include "core/hash.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { ROWS = 7, ROW = 6 };

/* An array of ROWS x 2 x 3. */
static struct buffer rows_file(void) {
  return make_idx(3, (uint32_t[]){ROWS, 2, 3}, ROWS * ROW, 256);
}

static void assert_rows(const struct idx *idx, uint32_t rows) {
  assert_int_equal(idx->rank, 3);
  assert_int_equal(idx->dims[0], ROWS);
  assert_int_equal(idx->count, rows * ROW);
  for (size_t i = 0; i < idx->count; i++) assert_int_equal(idx->items[i], i);
}

static void accept_rows(const char *path, uint32_t rows, const struct idx_known *known) {
  struct idx idx;
  struct diag diag = {0};
  if (idx_read(path, 3, rows, known, &idx, &diag)) fail_msg("%s", diag.message);
  assert_rows(&idx, rows < ROWS ? rows : ROWS);
  idx_done(&idx);
}

/* Saves FILE, which ends here; its first ROWS are fine, the whole is refused with PART. */
static void refuse_only_the_whole(struct buffer *file, uint32_t rows, const char *part) {
  const char *path = save("bad", file);
  accept_rows(path, 0, NULL);
  accept_rows(path, rows, NULL);
  for (uint32_t i = ROWS; i <= ROWS + 1; i++)
    refuse_rows(path, 3, i, NULL, STATUS_DATA, part);
  refuse_rows(path, 3, IDX_ALL, NULL, STATUS_DATA, part);
  free(file->bytes);
}

static void first_rows_are_read(void **state) {
  (void)state;
  struct buffer file = rows_file(), packed = gzip(&file);
  for (uint32_t rows = 0; rows <= ROWS + 1; rows++) {
    accept_rows(save("plain", &file), rows, NULL);
    accept_rows(save("packed.gz", &packed), rows, NULL);
  }
  free(file.bytes);
  free(packed.bytes);
}

static void first_rows_are_parsed(void **state) {
  (void)state;
  struct buffer file = rows_file();
  for (uint32_t rows = 0; rows <= ROWS; rows++)
    for (size_t length = 0; length <= file.length + 1; length++) {
      uint8_t *exact = calloc(length, 1);
      struct idx idx;
      struct diag diag;
      memcpy(exact, file.bytes, length < file.length ? length : file.length);
      enum status status = idx_parse("x", exact, length, 3, rows, &idx, &diag);
      bool good = length >= 16 + rows * ROW && (rows < ROWS || length <= file.length);
      assert_int_equal(status, good ? STATUS_OK : STATUS_DATA);
      if (good) assert_rows(&idx, rows);
      else assert_zeroed(&idx);
      free(exact);
    }
  free(file.bytes);
}

/* Where a plain file is cut decides about each number of rows. */
static void first_rows_of_a_cut_plain_file(void **state) {
  (void)state;
  struct buffer file = rows_file();
  for (size_t length = 16; length < file.length; length++) {
    struct buffer cut = {file.bytes, length, 0};
    const char *path = save("plain", &cut);
    for (uint32_t rows = 0; rows <= ROWS; rows++)
      if (length >= 16 + rows * ROW) accept_rows(path, rows, NULL);
      else refuse_rows(path, 3, rows, NULL, STATUS_DATA, "less data than its header promises");
  }
  free(file.bytes);
}

/* Of a cut gzip'd file more and more rows can be read the longer it is, but never all. */
static void first_rows_of_a_cut_packed_file(void **state) {
  (void)state;
  struct buffer file = rows_file(), packed = gzip(&file);
  uint32_t most = 0;
  for (size_t length = 18; length < packed.length; length++) {
    struct buffer cut = {packed.bytes, length, 0};
    const char *path = save("packed.gz", &cut);
    struct idx idx;
    struct diag diag;
    while (most < ROWS - 1 && !idx_read(path, 3, most + 1, NULL, &idx, &diag)) {
      assert_rows(&idx, ++most);
      idx_done(&idx);
    }
    refuse_rows(path, 3, most < ROWS - 1 ? most + 1 : ROWS, NULL, STATUS_DATA, "cut off");
  }
  assert_int_equal(most, ROWS - 1);
  free(file.bytes);
  free(packed.bytes);
}

static void first_rows_do_not_need_the_trailer(void **state) {
  (void)state;
  struct buffer file = rows_file(), crc = gzip(&file), size = gzip(&file), more = gzip(&file);
  crc.bytes[crc.length - 8] ^= 1;
  refuse_only_the_whole(&crc, ROWS - 1, "damaged: incorrect data check");
  size.bytes[size.length - 4] ^= 1;
  refuse_only_the_whole(&size, ROWS - 1, "damaged: incorrect length check");
  for (int i = 0; i < 100000; i++) put_byte(&more, 0);
  refuse_only_the_whole(&more, ROWS - 1, "follows the gzip data: bytes found: 100000");
  put_byte(&file, 0);
  refuse_only_the_whole(&file, ROWS - 1, "more data than its header promises: bytes found: 43");
}

/* The data end with the rows that are wanted: inflate() sees the trailer without being asked. */
static void first_rows_end_before_the_trailer(void **state) {
  (void)state;
  struct buffer file = rows_file();
  file.length = 16 + 3 * ROW;
  struct buffer packed = gzip(&file);
  packed.bytes[packed.length - 8] ^= 1;
  accept_rows(save("bad", &packed), 3, NULL);
  refuse_rows(save("bad", &packed), 3, 4, NULL, STATUS_DATA, "damaged: incorrect data check");
  packed.bytes[packed.length - 8] ^= 1;
  accept_rows(save("bad", &packed), 3, NULL);
  refuse_rows(save("bad", &packed), 3, 4, NULL, STATUS_DATA, "less data than its header promises");
  free(packed.bytes);
  free(file.bytes);
}

static void first_rows_need_a_good_header(void **state) {
  (void)state;
  for (uint32_t rows = 0; rows < 2; rows++) {
    struct buffer file = rows_file();
    refuse_rows(save("bad", &file), 1, rows, NULL, STATUS_DATA, "3 found, 1 expected");
    file.bytes[2] = 9;
    refuse_rows(save("bad", &file), 3, rows, NULL, STATUS_DATA, "type 0x09");
    file.length = 15;
    file.bytes[2] = 8;
    refuse_rows(save("bad", &file), 3, rows, NULL, STATUS_DATA, "bytes found: 15, expected: 16");
    free(file.bytes);
  }
}

/* A header that promises much costs nothing, and a first row of it is not there. */
static void first_rows_are_never_believed(void **state) {
  (void)state;
  struct buffer file = make_idx(3, (uint32_t[]){2, 1 << 16, 1 << 16}, 100, 256);
  struct buffer packed = gzip(&file);
  refuse_rows(save("bad", &file), 3, 1, NULL, STATUS_DATA, "bytes found: 100 of 8589934592");
  refuse_rows(save("bad", &packed), 3, 1, NULL, STATUS_DATA, "bytes found: 100 of 8589934592");
  free(file.bytes);
  free(packed.bytes);
}

static struct idx_known known_by(const struct buffer *file, size_t length) {
  const uint32_t crc = (uint32_t)crc32(0, file->bytes, (uInt)file->length);
  return (struct idx_known){{crc, (uint32_t)file->length}, length,
                            hash_bytes(HASH_START, (const char *)file->bytes, length)};
}

/* Packs FILE with the byte at AT changed; the trailer claims what it would without the change. */
static const char *save_damaged(struct buffer *file, size_t at) {
  struct buffer good = gzip(file);
  file->bytes[at] ^= 1;
  struct buffer bad = gzip(file);
  file->bytes[at] ^= 1;
  memcpy(bad.bytes + bad.length - 8, good.bytes + good.length - 8, 8);
  const char *path = save("bad", &bad);
  free(good.bytes);
  free(bad.bytes);
  return path;
}

/* The beginning that is known is longer than the two rows, and shorter than the whole. */
static void known_files_begin_as_known(void **state) {
  (void)state;
  enum { ROWS_READ = 2, ROWS_KNOWN = 4, LENGTH = 16 + ROWS_KNOWN * ROW };
  struct buffer file = rows_file(), packed = gzip(&file);
  const struct idx_known known = known_by(&file, LENGTH);
  for (uint32_t rows = 0; rows <= ROWS + 1; rows++)
    accept_rows(save("packed.gz", &packed), rows, &known);
  for (size_t at = 16 + ROWS_READ * ROW; at < LENGTH; at++)
    refuse_rows(save_damaged(&file, at), 3, ROWS_READ, &known, STATUS_DATA,
                "damaged: its beginning does not match the checksum at its end");
  accept_rows(save_damaged(&file, LENGTH), ROWS_READ, &known);
  refuse_rows(save_damaged(&file, LENGTH), 3, ROWS, &known, STATUS_DATA, "incorrect data check");
  free(file.bytes);
  free(packed.bytes);
}

/* Other data with the same name: another checksum, another size, or no gzip to claim anything. */
static void other_files_begin_as_they_like(void **state) {
  (void)state;
  struct buffer file = rows_file(), packed = gzip(&file);
  struct idx_known crc = known_by(&file, 20), size = crc, plain = crc;
  crc.claim.crc ^= 1;
  size.claim.size++;
  plain.claim = (struct unpack_claim){0x25242322, 0x29282726}; /* its last items */
  crc.hash = size.hash = plain.hash = 0;
  for (uint32_t rows = 0; rows <= ROWS; rows++) {
    accept_rows(save("packed.gz", &packed), rows, &crc);
    accept_rows(save("packed.gz", &packed), rows, &size);
    accept_rows(save("plain", &file), rows, &plain);
  }
  free(file.bytes);
  free(packed.bytes);
}

/* The checksum of a known file whose end comes before that of the known beginning. */
static void known_files_are_long_enough(void **state) {
  (void)state;
  struct buffer file = rows_file(), packed = gzip(&file);
  struct idx_known known = known_by(&file, file.length);
  known.length = 1 << 28; /* nobody has room for these */
  refuse_rows(save("bad", &packed), 3, 1, &known, STATUS_DATA, "does not match the checksum");
  free(file.bytes);
  free(packed.bytes);
}

static int remove_files(void **state) {
  const char *names[] = {"plain", "packed.gz", "bad"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) unlink(path_of(names[i]));
  return remove_folder(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(first_rows_are_read),
    cmocka_unit_test(first_rows_are_parsed),
    cmocka_unit_test(first_rows_of_a_cut_plain_file),
    cmocka_unit_test(first_rows_of_a_cut_packed_file),
    cmocka_unit_test(first_rows_do_not_need_the_trailer),
    cmocka_unit_test(first_rows_end_before_the_trailer),
    cmocka_unit_test(first_rows_need_a_good_header),
    cmocka_unit_test(first_rows_are_never_believed),
    cmocka_unit_test(known_files_begin_as_known),
    cmocka_unit_test(other_files_begin_as_they_like),
    cmocka_unit_test(known_files_are_long_enough),
  };
  return cmocka_run_group_tests_name("idx rows", tests, make_folder, remove_files);
}
