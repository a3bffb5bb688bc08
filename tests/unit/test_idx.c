/* Protects the reader of IDX files: a good one is read to the last byte that is wanted, and every
 * kind of bad one is refused with its status and a message that names the file and the trouble. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "idx_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* The whole of PATH. */
static void refuse_path(const char *path, int rank, enum status status, const char *part) {
  refuse_rows(path, rank, IDX_ALL, NULL, status, part);
}

/* The same for FILE, which ends here. */
static void refuse_file(struct buffer *file, int rank, const char *part) {
  refuse_path(save("bad", file), rank, STATUS_DATA, part);
  free(file->bytes);
}

static struct buffer good_labels(void) {
  return make_idx(1, (uint32_t[]){5}, 5, 256);
}

static void parse_reads_every_rank(void **state) {
  (void)state;
  const uint32_t dims[] = {2, 3, 4};
  size_t counts[] = {2, 6, 24};
  for (int rank = 1; rank <= 3; rank++) {
    struct buffer file = make_idx(rank, dims, counts[rank - 1], 256);
    struct idx idx;
    struct diag diag;
    assert_int_equal(idx_parse("x", file.bytes, file.length, rank, IDX_ALL, &idx, &diag),
                     STATUS_OK);
    assert_int_equal(idx.rank, rank);
    assert_int_equal(idx.count, counts[rank - 1]);
    for (int i = 0; i < 3; i++) assert_int_equal(idx.dims[i], i < rank ? dims[i] : 0);
    for (size_t i = 0; i < idx.count; i++) assert_int_equal(idx.items[i], i);
    assert_ptr_equal(idx.items, file.bytes + 4 + 4 * rank);
    assert_null(idx.bytes);
    idx_done(&idx);
    free(file.bytes);
  }
}

static void parse_reads_big_endian(void **state) {
  (void)state;
  struct buffer file = make_idx(1, (uint32_t[]){0x010203}, 0x010203, 256);
  struct idx idx;
  struct diag diag;
  assert_int_equal(idx_parse("x", file.bytes, file.length, 1, IDX_ALL, &idx, &diag), STATUS_OK);
  assert_int_equal(idx.dims[0], 0x010203);
  free(file.bytes);
}

static const struct bad_case {
  const char *bytes;
  size_t length;
  int rank;
  const char *part; /* of the message */
} bad_cases[] = {
#define BAD(bytes, rank, part) {bytes, sizeof bytes - 1, rank, part}
    BAD("", 1, "bytes found: 0"),
    BAD("\0\0\x08", 1, "bytes found: 3"),
    BAD("\1\0\x08\1\0\0\0\1x", 1, "starts with 01 00"),
    BAD("\0\1\x08\1\0\0\0\1x", 1, "starts with 00 01"),
    BAD("\0\0\x09\1\0\0\0\1x", 1, "type 0x09"),
    BAD("\0\0\x0e\1\0\0\0\1xxxxxxxx", 1, "type 0x0e"),
    BAD("\0\0\0\1\0\0\0\1x", 1, "type 0x00"),
    BAD("\0\0\x08\3\0\0\0\1\0\0\0\1\0\0\0\1x", 1, "3 found, 1 expected"),
    BAD("\0\0\x08\1\0\0\0\1x", 3, "1 found, 3 expected"),
    BAD("\0\0\x08\0x", 1, "0 found, 1 expected"),
    BAD("\0\0\x08\xff\0\0\0\1x", 1, "255 found, 1 expected"),
    BAD("\0\0\x08\1", 1, "cut off: bytes found: 4, expected: 8"),
    BAD("\0\0\x08\1\0\0\0", 1, "cut off: bytes found: 7, expected: 8"),
    BAD("\0\0\x08\3\0\0\0\1\0\0\0\1\0\0\0", 3, "cut off: bytes found: 15, expected: 16"),
    BAD("\0\0\x08\1\0\0\0\0", 1, "dimension 1 is 0"),
    BAD("\0\0\x08\3\0\0\0\1\0\0\0\0\0\0\0\1", 3, "dimension 2 is 0"),
    BAD("\0\0\x08\3\0\0\0\1\0\0\0\1\0\0\0\0", 3, "dimension 3 is 0"),
    BAD("\0\0\x08\1\0\0\0\2x", 1, "less data than its header promises: bytes found: 1 of 2"),
    BAD("\0\0\x08\1\0\0\0\2", 1, "bytes found: 0 of 2"),
    BAD("\0\0\x08\1\0\0\0\2xyz", 1, "more data than its header promises: bytes found: 3 of 2"),
    BAD("\0\0\x08\1\xff\xff\xff\xffx", 1, "bytes found: 1 of 4294967295"),
    BAD("\0\0\x08\3\0\0\0\2\0\0\0\2\0\0\0\2xxxxxxx", 3, "bytes found: 7 of 8"),
    BAD("\0\0\x08\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 3, "can be counted"),
    /* 2^64 + 4 items, which would wrap round to exactly the 4 that are there */
    BAD("\0\0\x08\3\0\x0b\xbe\x0a\0\x07\x8c\xb2\2\xe3\x44\x95xxxx", 3, "can be counted"),
    /* 2^64 items, which would wrap round to none */
    BAD("\0\0\x08\3\x80\0\0\0\x80\0\0\0\0\0\0\4", 3, "can be counted"),
#undef BAD
};

static void parse_refuses_bad_bytes(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof bad_cases / sizeof bad_cases[0]; i++) {
    const struct bad_case *bad = &bad_cases[i];
    uint8_t *exact = malloc(bad->length); /* so that a sanitizer sees one byte too many */
    struct idx idx = {.rank = 7, .count = 7};
    struct diag diag = {0};
    if (bad->length > 0) memcpy(exact, bad->bytes, bad->length);
    assert_int_equal(idx_parse("%n.idx", exact, bad->length, bad->rank, IDX_ALL, &idx, &diag),
                     STATUS_DATA);
    assert_int_equal(diag.status, STATUS_DATA);
    assert_null(diag.span.source);
    assert_contains(diag.message, "%n.idx: ");
    assert_contains(diag.message, bad->part);
    assert_zeroed(&idx);
    free(exact);
  }
}

static void parse_refuses_every_prefix(void **state) {
  (void)state;
  struct buffer file = make_idx(3, (uint32_t[]){2, 2, 2}, 8, 256);
  struct idx idx;
  struct diag diag;
  for (size_t length = 0; length < file.length; length++)
    assert_int_equal(idx_parse("x", file.bytes, length, 3, IDX_ALL, &idx, &diag), STATUS_DATA);
  assert_int_equal(idx_parse("x", file.bytes, file.length, 3, IDX_ALL, &idx, &diag), STATUS_OK);
  free(file.bytes);
}

static void accept(const char *path, uint32_t count) {
  struct idx idx;
  struct diag diag = {0};
  if (idx_read(path, 1, IDX_ALL, NULL, &idx, &diag)) fail_msg("%s", diag.message);
  assert_int_equal(idx.dims[0], count);
  assert_non_null(idx.bytes);
  for (size_t i = 0; i < count; i++) assert_int_equal(idx.items[i], i % 251);
  idx_done(&idx);
  assert_zeroed(&idx);
  idx_done(&idx);
}

/* Sizes around the first allocation and its doublings. */
static void read_takes_plain_and_gzip(void **state) {
  (void)state;
  const uint32_t counts[] = {1, 5, 65527, 65528, 65529, 131064, 131065, 1000000};
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    struct buffer file = make_idx(1, &counts[i], counts[i], 251), packed = gzip(&file);
    accept(save("plain", &file), counts[i]);
    accept(save("packed.gz", &packed), counts[i]);
    free(file.bytes);
    free(packed.bytes);
  }
}

static void read_takes_a_gzip_header_with_a_name(void **state) {
  (void)state;
  struct buffer file = good_labels(), packed = gzip(&file), named = {0};
  put(&named, packed.bytes, 10);
  named.bytes[3] = 8; /* FNAME */
  put(&named, "labels", 7);
  put(&named, packed.bytes + 10, packed.length - 10);
  accept(save("named.gz", &named), 5);
  free(file.bytes);
  free(packed.bytes);
  free(named.bytes);
}

static void read_follows_a_symlink(void **state) {
  (void)state;
  struct buffer file = good_labels();
  save("plain", &file);
  unlink(path_of("link"));
  assert_int_equal(symlink("plain", path_of("link")), 0);
  accept(path_of("link"), 5);
  free(file.bytes);
}

static void read_refuses_bad_plain_files(void **state) {
  (void)state;
  struct buffer empty = {0}, half_magic = {0}, longer = good_labels(), shorter = good_labels();
  refuse_file(&empty, 1, "bytes found: 0");
  put_byte(&half_magic, 0x1f);
  refuse_file(&half_magic, 1, "bytes found: 1");
  put_byte(&longer, 0);
  refuse_file(&longer, 1, "bytes found: 6 of 5");
  shorter.length--;
  refuse_file(&shorter, 1, "bytes found: 4 of 5");
}

static void read_refuses_bad_idx_in_gzip(void **state) {
  (void)state;
  struct buffer file = good_labels(), empty = {0};
  struct buffer packed = gzip(&file);
  refuse_file(&packed, 3, "1 found, 3 expected");
  file.length--;
  packed = gzip(&file);
  refuse_file(&packed, 1, "bytes found: 4 of 5");
  packed = gzip(&empty);
  refuse_file(&packed, 1, "bytes found: 0");
  free(file.bytes);
}

/* gzread() returns 0 here, as at a good end. */
static void read_refuses_every_truncation(void **state) {
  (void)state;
  struct buffer file = good_labels(), packed = gzip(&file);
  for (size_t length = 2; length < packed.length; length++) {
    struct buffer cut = {0};
    put(&cut, packed.bytes, length);
    refuse_file(&cut, 1, "cut off");
  }
  free(file.bytes);
  free(packed.bytes);
}

/* A few bits mean nothing (time stamp, padding): a flip there may pass, but changes no item. */
static void read_never_believes_a_flipped_bit(void **state) {
  (void)state;
  struct buffer file = good_labels(), packed = gzip(&file);
  for (size_t bit = 0; bit < packed.length * 8; bit++) {
    struct idx idx;
    struct diag diag = {0};
    packed.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    enum status status = idx_read(save("bad", &packed), 1, IDX_ALL, NULL, &idx, &diag);
    packed.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    if (status) assert_int_equal(status, STATUS_DATA);
    if (!status) assert_memory_equal(idx.bytes, file.bytes, file.length);
    if (bit >= 10 * 8 + 8 && bit < (packed.length - 9) * 8) assert_int_not_equal(status, STATUS_OK);
    idx_done(&idx);
  }
  free(file.bytes);
  free(packed.bytes);
}

static void read_refuses_a_bad_trailer(void **state) {
  (void)state;
  struct buffer file = good_labels(), packed = gzip(&file), copy = {0};
  put(&copy, packed.bytes, packed.length);
  packed.bytes[packed.length - 8] ^= 1;
  refuse_file(&packed, 1, "damaged: incorrect data check");
  copy.bytes[copy.length - 4] ^= 1;
  refuse_file(&copy, 1, "damaged: incorrect length check");
  free(file.bytes);
}

static void read_refuses_what_follows(void **state) {
  (void)state;
  struct buffer file = good_labels(), one = gzip(&file), two = {0}, zeros = {0}, byte = {0};
  put(&two, one.bytes, one.length);
  put(&two, one.bytes, one.length);
  refuse_file(&two, 1, "second gzip member");
  put(&zeros, one.bytes, one.length);
  for (int i = 0; i < 512; i++) put_byte(&zeros, 0);
  refuse_file(&zeros, 1, "follows the gzip data: bytes found: 512");
  put(&byte, one.bytes, one.length);
  put_byte(&byte, 0x1f);
  refuse_file(&byte, 1, "follows the gzip data: bytes found: 1");
  free(file.bytes);
  free(one.bytes);
}

/* Two members that make one good file together. */
static void read_refuses_a_split_file(void **state) {
  (void)state;
  struct buffer file = good_labels(), head = file, tail = file, both = {0};
  head.length = 9;
  tail.bytes += 9;
  tail.length -= 9;
  struct buffer first = gzip(&head), second = gzip(&tail);
  put(&both, first.bytes, first.length);
  put(&both, second.bytes, second.length);
  refuse_file(&both, 1, "second gzip member");
  free(first.bytes);
  free(second.bytes);
  free(file.bytes);
}

/* The input is read in pieces of 32 KiB: the first member ends just before a piece, or with it. */
static void read_sees_a_second_member_in_the_next_piece(void **state) {
  (void)state;
  for (size_t end = (1 << 15) - 1; end <= 1 << 15; end++) {
    struct buffer file = good_labels(), packed = gzip(&file), both = {0};
    put(&both, packed.bytes, 10);
    both.bytes[3] = 8; /* FNAME */
    while (both.length < end - (packed.length - 10) - 1) put_byte(&both, 'a');
    put_byte(&both, 0);
    put(&both, packed.bytes + 10, packed.length - 10);
    assert_int_equal(both.length, end);
    accept(save("packed.gz", &both), 5);
    put(&both, packed.bytes, packed.length);
    refuse_file(&both, 1, "second gzip member");
    free(packed.bytes);
    free(file.bytes);
  }
}

static void read_refuses_an_endless_name(void **state) {
  (void)state;
  struct buffer file = {0};
  put(&file, "\x1f\x8b\x08\x08\0\0\0\0\0\3", 10);
  for (int i = 0; i < 300000; i++) put_byte(&file, 'a');
  refuse_file(&file, 1, "cut off");
}

/* Its header promises more than half of the limit, so that the room that is next would pass it. */
static void read_refuses_a_bomb(void **state) {
  (void)state;
  struct buffer zeros = {0}, bomb = {0};
  for (int i = 0; i < 1 << 20; i++) put_byte(&zeros, 0);
  struct buffer block = pack(&zeros, Z_FULL_FLUSH, -15); /* raw, can be repeated */
  struct buffer labels = make_idx(1, (uint32_t[]){150 << 20}, 5, 256);
  struct buffer head = pack(&labels, Z_FULL_FLUSH, -15);
  put(&bomb, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
  put(&bomb, head.bytes, head.length);
  for (int i = 0; i < (UNPACK_LIMIT >> 20); i++) put(&bomb, block.bytes, block.length);
  put(&bomb, "\3\0\0\0\0\0\0\0\0\0", 10); /* an end, with a wrong checksum */
  refuse_path(save("bomb.gz", &bomb), 1, STATUS_LIMIT, "256 MiB");
  unlink(path_of("bomb.gz"));
  free(labels.bytes);
  free(head.bytes);
  free(zeros.bytes);
  free(block.bytes);
  free(bomb.bytes);
}

static void read_refuses_a_huge_plain_file(void **state) {
  (void)state;
  struct buffer empty = {0};
  const char *path = save("huge", &empty);
  assert_int_equal(truncate(path, (off_t)1 << 40), 0); /* a hole: takes no room */
  refuse_path(path, 1, STATUS_LIMIT, "256 MiB");
  unlink(path);
}

static void read_refuses_what_is_no_file(void **state) {
  (void)state;
  refuse_path(path_of("missing"), 1, STATUS_NO_INPUT, "cannot open: No such file");
  refuse_path(path_of(NULL), 1, STATUS_NO_INPUT, "not a regular file");
  refuse_path("/dev/null", 1, STATUS_NO_INPUT, "not a regular file");
  refuse_path("/dev/zero", 1, STATUS_NO_INPUT, "not a regular file");
  assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
  alarm(10); /* the test dies rather than hangs */
  refuse_path(path_of("fifo"), 1, STATUS_NO_INPUT, "not a regular file");
  alarm(0);
}

/* The memory of this process counts as a regular file, whose page 0 gives EIO. */
static void read_reports_a_read_error(void **state) {
  (void)state;
  if (access("/proc/self/mem", R_OK) != 0) skip();
  refuse_path("/proc/self/mem", 1, STATUS_IO, "cannot read");
}

static void read_leaves_no_descriptor(void **state) {
  (void)state;
  struct buffer file = good_labels();
  const char *path = save("plain", &file);
  int before = dup(0);
  close(before);
  accept(path, 5);
  refuse_path(path, 3, STATUS_DATA, "");
  refuse_path(path_of(NULL), 1, STATUS_NO_INPUT, "");
  int after = dup(0);
  close(after);
  assert_int_equal(before, after);
  free(file.bytes);
}

static int remove_files(void **state) {
  const char *names[] = {"plain", "packed.gz", "named.gz", "link",
                         "bad",   "fifo",      "bomb.gz",  "huge"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) unlink(path_of(names[i]));
  return remove_folder(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(parse_reads_every_rank),
    cmocka_unit_test(parse_reads_big_endian),
    cmocka_unit_test(parse_refuses_bad_bytes),
    cmocka_unit_test(parse_refuses_every_prefix),
    cmocka_unit_test(read_takes_plain_and_gzip),
    cmocka_unit_test(read_takes_a_gzip_header_with_a_name),
    cmocka_unit_test(read_follows_a_symlink),
    cmocka_unit_test(read_refuses_bad_plain_files),
    cmocka_unit_test(read_refuses_bad_idx_in_gzip),
    cmocka_unit_test(read_refuses_every_truncation),
    cmocka_unit_test(read_never_believes_a_flipped_bit),
    cmocka_unit_test(read_refuses_a_bad_trailer),
    cmocka_unit_test(read_refuses_what_follows),
    cmocka_unit_test(read_refuses_a_split_file),
    cmocka_unit_test(read_sees_a_second_member_in_the_next_piece),
    cmocka_unit_test(read_refuses_an_endless_name),
    cmocka_unit_test(read_refuses_a_bomb),
    cmocka_unit_test(read_refuses_a_huge_plain_file),
    cmocka_unit_test(read_refuses_what_is_no_file),
    cmocka_unit_test(read_reports_a_read_error),
    cmocka_unit_test(read_leaves_no_descriptor),
  };
  return cmocka_run_group_tests_name("idx", tests, make_folder, remove_files);
}
