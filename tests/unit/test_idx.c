/* Protects the readers of src/io: a good IDX or MNIST file is read to the last byte, and every kind
 * of bad one is refused with its status and a message that names the file and the trouble. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/memory.h"
#include "io/idx.h"
#include "io/mnist.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct buffer {
  uint8_t *bytes;
  size_t length, capacity;
};

static char folder[] = "/tmp/gradwalk-idx-XXXXXX";

static void put(struct buffer *buffer, const void *bytes, size_t length) {
  assert_true(array_reserve(&buffer->bytes, &buffer->capacity, buffer->length + length, 1));
  if (length > 0) memcpy(buffer->bytes + buffer->length, bytes, length);
  buffer->length += length;
}

static void put_byte(struct buffer *buffer, int byte) {
  put(buffer, &(uint8_t){(uint8_t)byte}, 1);
}

static void put_size(struct buffer *buffer, uint32_t size) {
  for (int shift = 24; shift >= 0; shift -= 8) put_byte(buffer, (int)(size >> shift & 0xff));
}

/* An IDX file of unsigned bytes: its header and COUNT items 0, 1, 2, … modulo MODULUS. */
static struct buffer make_idx(int rank, const uint32_t *dims, size_t count, int modulus) {
  struct buffer file = {0};
  put(&file, (uint8_t[]){0, 0, 8, (uint8_t)rank}, 4);
  for (int i = 0; i < rank; i++) put_size(&file, dims[i]);
  for (size_t i = 0; i < count; i++) put_byte(&file, (int)(i % (size_t)modulus));
  return file;
}

/* A whole gzip member; FLUSH is Z_FINISH, or Z_FULL_FLUSH to stop at a byte boundary without an
 * end. */
static struct buffer pack(const struct buffer *file, int flush, int window) {
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

static struct buffer gzip(const struct buffer *file) {
  return pack(file, Z_FINISH, 15 + 16);
}

static const char *path_of(const char *name) {
  static char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static const char *save(const char *name, const struct buffer *file) {
  const char *path = path_of(name);
  FILE *stream = fopen(path, "wb");
  assert_non_null(stream);
  if (file->length > 0)
    assert_int_equal(fwrite(file->bytes, 1, file->length, stream), file->length);
  assert_int_equal(fclose(stream), 0);
  return path;
}

static void assert_contains(const char *message, const char *part) {
  if (!strstr(message, part)) fail_msg("\"%s\" does not say \"%s\"", message, part);
}

static void assert_zeroed(const struct idx *idx) {
  assert_int_equal(idx->rank, 0);
  assert_int_equal(idx->count, 0);
  for (int i = 0; i < IDX_RANK_MAX; i++) assert_int_equal(idx->dims[i], 0);
  assert_null(idx->items);
  assert_null(idx->bytes);
}

/* idx_read() of PATH refuses with STATUS and a message that names the path and says PART. */
static void refuse_path(const char *path, int rank, enum status status, const char *part) {
  struct idx idx = {.rank = 7};
  struct diag diag = {0};
  assert_int_equal(idx_read(path, rank, &idx, &diag), status);
  assert_int_equal(diag.status, status);
  assert_null(diag.span.source);
  assert_contains(diag.message, path);
  assert_contains(diag.message, part);
  assert_zeroed(&idx);
  idx_done(&idx);
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
    assert_int_equal(idx_parse("x", file.bytes, file.length, rank, &idx, &diag), STATUS_OK);
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
  assert_int_equal(idx_parse("x", file.bytes, file.length, 1, &idx, &diag), STATUS_OK);
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
    assert_int_equal(idx_parse("%n.idx", exact, bad->length, bad->rank, &idx, &diag), STATUS_DATA);
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
    assert_int_equal(idx_parse("x", file.bytes, length, 3, &idx, &diag), STATUS_DATA);
  assert_int_equal(idx_parse("x", file.bytes, file.length, 3, &idx, &diag), STATUS_OK);
  free(file.bytes);
}

static void accept(const char *path, uint32_t count) {
  struct idx idx;
  struct diag diag = {0};
  if (idx_read(path, 1, &idx, &diag)) fail_msg("%s", diag.message);
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
    enum status status = idx_read(save("bad", &packed), 1, &idx, &diag);
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

static void read_refuses_an_endless_name(void **state) {
  (void)state;
  struct buffer file = {0};
  put(&file, "\x1f\x8b\x08\x08\0\0\0\0\0\3", 10);
  for (int i = 0; i < 300000; i++) put_byte(&file, 'a');
  refuse_file(&file, 1, "cut off");
}

static void read_refuses_a_bomb(void **state) {
  (void)state;
  struct buffer zeros = {0}, bomb = {0};
  for (int i = 0; i < 1 << 20; i++) put_byte(&zeros, 0);
  struct buffer block = pack(&zeros, Z_FULL_FLUSH, -15); /* raw, can be repeated */
  put(&bomb, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
  for (int i = 0; i < (IDX_LIMIT >> 20); i++) put(&bomb, block.bytes, block.length);
  refuse_path(save("bomb.gz", &bomb), 1, STATUS_LIMIT, "256 MiB");
  unlink(path_of("bomb.gz"));
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
  refuse_path(folder, 1, STATUS_NO_INPUT, "not a regular file");
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
  refuse_path(folder, 1, STATUS_NO_INPUT, "");
  int after = dup(0);
  close(after);
  assert_int_equal(before, after);
  free(file.bytes);
}

#define TRAIN_IMAGES "train-images-idx3-ubyte"
#define TRAIN_LABELS "train-labels-idx1-ubyte"

static void remove_mnist(void) {
  unlink(path_of(TRAIN_IMAGES));
  unlink(path_of(TRAIN_LABELS));
  unlink(path_of(TRAIN_IMAGES ".gz"));
  unlink(path_of(TRAIN_LABELS ".gz"));
}

static void save_packed(const char *name, const struct buffer *file) {
  struct buffer packed = gzip(file);
  save(name, &packed);
  free(packed.bytes);
}

/* A training set in the folder, of IMAGES images and LABELS labels, gzip'd. */
static void save_mnist(uint32_t images, uint32_t labels, uint32_t rows, uint32_t columns) {
  struct buffer pixels =
      make_idx(3, (uint32_t[]){images, rows, columns}, (size_t)images * rows * columns, 256);
  struct buffer digits = make_idx(1, &labels, labels, 10);
  remove_mnist();
  save_packed(TRAIN_IMAGES ".gz", &pixels);
  save_packed(TRAIN_LABELS ".gz", &digits);
  free(pixels.bytes);
  free(digits.bytes);
}

static void refuse_mnist(enum mnist_set set, uint32_t count, enum status status, const char *file,
                         const char *part) {
  double *images = &(double){0}, *labels = images;
  struct diag diag = {0};
  assert_int_equal(mnist_read(folder, set, count, &images, &labels, &diag), status);
  assert_int_equal(diag.status, status);
  assert_contains(diag.message, path_of(file));
  assert_contains(diag.message, part);
  assert_null(images);
  assert_null(labels);
}

static void check_made_mnist(uint32_t count) {
  double *images, *labels;
  struct diag diag = {0};
  if (mnist_read(folder, MNIST_TRAIN, count, &images, &labels, &diag)) fail_msg("%s", diag.message);
  for (size_t i = 0; i < (size_t)count * 784; i++)
    assert_true(images[i] == (double)(i % 256) / 255.0);
  for (size_t i = 0; i < (size_t)count * 10; i++)
    assert_true(labels[i] == (i / 10 % 10 == i % 10 ? 1.0 : 0.0));
  free(images);
  free(labels);
}

static void mnist_scales_and_one_hots(void **state) {
  (void)state;
  save_mnist(12, 12, 28, 28);
  check_made_mnist(1);
  check_made_mnist(3);
  check_made_mnist(12);
}

static void mnist_takes_plain_names(void **state) {
  (void)state;
  struct buffer pixels = make_idx(3, (uint32_t[]){2, 28, 28}, 2 * 784, 256);
  struct buffer digits = make_idx(1, (uint32_t[]){2}, 2, 10);
  remove_mnist();
  save(TRAIN_IMAGES, &pixels);
  save_packed(TRAIN_LABELS ".gz", &digits); /* each file by itself */
  check_made_mnist(2);
  put_byte(&digits, 0);
  save(TRAIN_LABELS, &digits); /* bad, but the .gz comes first */
  check_made_mnist(2);
  free(pixels.bytes);
  free(digits.bytes);
}

static void mnist_names_the_missing_file(void **state) {
  (void)state;
  remove_mnist();
  refuse_mnist(MNIST_TRAIN, 1, STATUS_NO_INPUT, TRAIN_IMAGES ".gz", "cannot open");
  refuse_mnist(MNIST_TEST, 1, STATUS_NO_INPUT, "t10k-images-idx3-ubyte.gz", "cannot open");
  save_mnist(2, 2, 28, 28);
  unlink(path_of(TRAIN_LABELS ".gz"));
  refuse_mnist(MNIST_TRAIN, 1, STATUS_NO_INPUT, TRAIN_LABELS ".gz", "cannot open");
}

static void mnist_reads_the_test_set(void **state) {
  (void)state;
  save_mnist(2, 2, 28, 28);
  struct buffer pixels = make_idx(3, (uint32_t[]){1, 28, 28}, 784, 1);
  struct buffer digits = make_idx(1, (uint32_t[]){1}, 1, 10);
  save("t10k-images-idx3-ubyte", &pixels);
  save("t10k-labels-idx1-ubyte", &digits);
  double *images, *labels;
  struct diag diag;
  assert_int_equal(mnist_read(folder, MNIST_TEST, 1, &images, &labels, &diag), STATUS_OK);
  for (int i = 0; i < 784; i++) assert_true(images[i] == 0.0);
  free(images);
  free(labels);
  refuse_mnist(MNIST_TEST, 2, STATUS_DATA, "t10k-images-idx3-ubyte", "cannot take 2 of its 1 ");
  unlink(path_of("t10k-images-idx3-ubyte"));
  unlink(path_of("t10k-labels-idx1-ubyte"));
  free(pixels.bytes);
  free(digits.bytes);
}

static void mnist_refuses_other_shapes(void **state) {
  (void)state;
  save_mnist(2, 2, 28, 27);
  refuse_mnist(MNIST_TRAIN, 1, STATUS_DATA, TRAIN_IMAGES ".gz", "28 x 27 instead of 28 x 28");
  save_mnist(2, 2, 27, 28);
  refuse_mnist(MNIST_TRAIN, 1, STATUS_DATA, TRAIN_IMAGES ".gz", "27 x 28 instead of 28 x 28");
  save_mnist(2, 2, 14, 56);
  refuse_mnist(MNIST_TRAIN, 1, STATUS_DATA, TRAIN_IMAGES ".gz", "14 x 56 instead of 28 x 28");
  save_mnist(2, 3, 28, 28);
  refuse_mnist(MNIST_TRAIN, 1, STATUS_DATA, TRAIN_IMAGES ".gz", "images is 2, but that of the l");
  save_mnist(3, 2, 28, 28);
  refuse_mnist(MNIST_TRAIN, 1, STATUS_DATA, TRAIN_IMAGES ".gz", "images is 3, but that of the l");
}

/* Also a label past COUNT, since the files are checked whole. */
static void mnist_refuses_labels_past_nine(void **state) {
  (void)state;
  save_mnist(12, 12, 28, 28);
  struct buffer digits = make_idx(1, (uint32_t[]){12}, 12, 10);
  digits.bytes[8 + 11] = 10;
  save_packed(TRAIN_LABELS ".gz", &digits);
  refuse_mnist(MNIST_TRAIN, 1, STATUS_DATA, TRAIN_LABELS ".gz", "label 12 (counted from 1) is 10");
  digits.bytes[8] = 255;
  save_packed(TRAIN_LABELS ".gz", &digits);
  refuse_mnist(MNIST_TRAIN, 1, STATUS_DATA, TRAIN_LABELS ".gz", "label 1 (counted from 1) is 255");
  free(digits.bytes);
}

static void mnist_refuses_impossible_counts(void **state) {
  (void)state;
  save_mnist(2, 2, 28, 28);
  refuse_mnist(MNIST_TRAIN, 0, STATUS_DATA, TRAIN_IMAGES ".gz", "cannot take 0 of its 2 images");
  refuse_mnist(MNIST_TRAIN, 3, STATUS_DATA, TRAIN_IMAGES ".gz", "cannot take 3 of its 2 images");
  refuse_mnist(MNIST_TRAIN, UINT32_MAX, STATUS_DATA, TRAIN_IMAGES ".gz", "4294967295 of its 2 ");
}

static void mnist_passes_on_a_bad_file(void **state) {
  (void)state;
  save_mnist(2, 2, 28, 28);
  struct buffer junk = {0};
  put(&junk, "junk", 4);
  save(TRAIN_LABELS ".gz", &junk);
  refuse_mnist(MNIST_TRAIN, 1, STATUS_DATA, TRAIN_LABELS ".gz", "not an IDX file");
  free(junk.bytes);
}

static bool real_folder(char path[static 512]) {
  const char *data = getenv("GRADWALK_TEST_DATA");
  if (data) snprintf(path, 512, "%s/mnist", data);
  return data != NULL;
}

static double sum(const double *values, size_t count) {
  double total = 0;
  for (size_t i = 0; i < count; i++) total += values[i];
  return total;
}

/* 3 digits out of SET; their pixels, as bytes, sum to PIXELS. */
static void check_real(enum mnist_set set, const int digits[static 3], long pixels) {
  char path[512];
  double *images, *labels;
  struct diag diag;
  if (!real_folder(path)) skip();
  if (mnist_read(path, set, 3, &images, &labels, &diag)) fail_msg("%s", diag.message);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 10; j++)
      assert_true(labels[10 * i + j] == (j == digits[i] ? 1.0 : 0.0));
  for (int i = 0; i < 3 * 784; i++) assert_true(images[i] >= 0.0 && images[i] <= 1.0);
  assert_true(images[0] == 0.0); /* a corner is background */
  assert_int_equal((long)(sum(images, 3 * 784) * 255.0 + 0.5), pixels);
  free(images);
  free(labels);
}

static void real_training_digits(void **state) {
  (void)state;
  check_real(MNIST_TRAIN, (const int[]){5, 0, 4}, 78063);
}

static void real_test_digits(void **state) {
  (void)state;
  check_real(MNIST_TEST, (const int[]){7, 2, 1}, 57175);
}

static void real_counts(void **state) {
  (void)state;
  static const struct {
    enum mnist_set set;
    uint32_t count;
    const char *part; /* of the message; NULL if it can be read */
  } cases[] = {
    {MNIST_TEST, 10000, NULL},
    {MNIST_TEST, 10001, "10000"},
    {MNIST_TRAIN, 60001, "60000"},
    {MNIST_TRAIN, 0, "60000"},
  };
  char path[512];
  if (!real_folder(path)) skip();
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    double *images, *labels;
    struct diag diag = {0};
    enum status status = mnist_read(path, cases[i].set, cases[i].count, &images, &labels, &diag);
    assert_int_equal(status, cases[i].part ? STATUS_DATA : STATUS_OK);
    if (cases[i].part) assert_contains(diag.message, cases[i].part);
    free(images);
    free(labels);
  }
}

static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
  (void)state;
  const char *names[] = {"plain", "packed.gz", "named.gz", "link",
                         "bad",   "fifo",      "bomb.gz",  "huge"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) unlink(path_of(names[i]));
  remove_mnist();
  return rmdir(folder);
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
      cmocka_unit_test(read_refuses_an_endless_name),
      cmocka_unit_test(read_refuses_a_bomb),
      cmocka_unit_test(read_refuses_a_huge_plain_file),
      cmocka_unit_test(read_refuses_what_is_no_file),
      cmocka_unit_test(read_reports_a_read_error),
      cmocka_unit_test(read_leaves_no_descriptor),
      cmocka_unit_test(mnist_scales_and_one_hots),
      cmocka_unit_test(mnist_takes_plain_names),
      cmocka_unit_test(mnist_names_the_missing_file),
      cmocka_unit_test(mnist_reads_the_test_set),
      cmocka_unit_test(mnist_refuses_other_shapes),
      cmocka_unit_test(mnist_refuses_labels_past_nine),
      cmocka_unit_test(mnist_refuses_impossible_counts),
      cmocka_unit_test(mnist_passes_on_a_bad_file),
      cmocka_unit_test(real_training_digits),
      cmocka_unit_test(real_test_digits),
      cmocka_unit_test(real_counts),
  };
  return cmocka_run_group_tests_name("idx", tests, make_folder, remove_folder);
}
