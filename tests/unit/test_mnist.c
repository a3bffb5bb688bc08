/* Protects the reader of the MNIST digits: the examples that are wanted come out right, and what is
 * wrong with the part of the files that they need is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "idx_file.h"

#include "io/mnist.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
  assert_int_equal(mnist_read(path_of(NULL), set, count, &images, &labels, &diag), status);
  assert_int_equal(diag.status, status);
  assert_contains(diag.message, path_of(file));
  assert_contains(diag.message, part);
  assert_null(images);
  assert_null(labels);
}

static void check_made_mnist(uint32_t count) {
  double *images, *labels;
  struct diag diag = {0};
  if (mnist_read(path_of(NULL), MNIST_TRAIN, count, &images, &labels, &diag))
    fail_msg("%s", diag.message);
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
  assert_int_equal(mnist_read(path_of(NULL), MNIST_TEST, 1, &images, &labels, &diag), STATUS_OK);
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

/* Training takes the whole set: it refuses what is wrong anywhere in it. */
static void refuse_training(const char *file, const char *part) {
  struct mnist mnist = {.dataset.count = 7};
  struct diag diag = {0};
  assert_int_equal(mnist_open(&mnist, path_of(NULL), MNIST_TRAIN, &diag), STATUS_DATA);
  assert_contains(diag.message, path_of(file));
  assert_contains(diag.message, part);
  assert_int_equal(mnist.dataset.count, 0);
  assert_null(mnist.images.items);
  assert_null(mnist.labels.items);
}

static void mnist_refuses_labels_past_nine(void **state) {
  (void)state;
  save_mnist(12, 12, 28, 28);
  struct buffer digits = make_idx(1, (uint32_t[]){12}, 12, 10);
  digits.bytes[8 + 10] = 10;
  save_packed(TRAIN_LABELS ".gz", &digits);
  check_made_mnist(10);
  refuse_mnist(MNIST_TRAIN, 11, STATUS_DATA, TRAIN_LABELS ".gz", "label 11 (counted from 1) is 10");
  refuse_mnist(MNIST_TRAIN, 12, STATUS_DATA, TRAIN_LABELS ".gz", "label 11 (counted from 1) is 10");
  refuse_training(TRAIN_LABELS ".gz", "label 11 (counted from 1) is 10");
  digits.bytes[8] = 255;
  save_packed(TRAIN_LABELS ".gz", &digits);
  refuse_mnist(MNIST_TRAIN, 1, STATUS_DATA, TRAIN_LABELS ".gz", "label 1 (counted from 1) is 255");
  free(digits.bytes);
}

/* Saves FILE, which holds 12 images or labels and has a spoilt end: 3 can be taken, but not all. */
static void check_spoilt_end(const char *name, struct buffer *file, const char *part) {
  save(name, file);
  check_made_mnist(1);
  check_made_mnist(3);
  refuse_mnist(MNIST_TRAIN, 12, STATUS_DATA, name, part);
  refuse_mnist(MNIST_TRAIN, 13, STATUS_DATA, name, part);
  refuse_training(name, part);
}

static void mnist_reads_no_further(void **state) {
  (void)state;
  struct buffer pixels = make_idx(3, (uint32_t[]){12, 28, 28}, 12 * 784, 256);
  struct buffer digits = make_idx(1, (uint32_t[]){12}, 12, 10);
  struct buffer packed_pixels = gzip(&pixels), packed_digits = gzip(&digits);
  save_mnist(12, 12, 28, 28);
  packed_pixels.length -= 8;
  check_spoilt_end(TRAIN_IMAGES ".gz", &packed_pixels, "cut off");
  packed_pixels.length += 8;
  save(TRAIN_IMAGES ".gz", &packed_pixels);
  packed_digits.bytes[packed_digits.length - 8] ^= 1;
  check_spoilt_end(TRAIN_LABELS ".gz", &packed_digits, "incorrect data check");
  remove_mnist();
  save(TRAIN_LABELS, &digits);
  pixels.length = 16 + 3 * 784;
  check_spoilt_end(TRAIN_IMAGES, &pixels, "bytes found: 2352 of 9408");
  refuse_mnist(MNIST_TRAIN, 4, STATUS_DATA, TRAIN_IMAGES, "bytes found: 2352 of 9408");
  free(packed_pixels.bytes);
  free(packed_digits.bytes);
  free(pixels.bytes);
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

/* Number FIRST and those after it, as a trainer draws them and as mnist_read() gave them. */
static void compare_examples(const struct mnist *mnist, uint32_t first, uint32_t count,
                             const double *images, const double *labels) {
  uint32_t *which = calloc(count, sizeof *which);
  double *parts[] = {calloc(count, 784 * sizeof(double)), calloc(count, 10 * sizeof(double))};
  for (uint32_t i = 0; i < count; i++) which[i] = first + i;
  dataset_take(&mnist->dataset, which, count, parts);
  assert_memory_equal(parts[0], images + (size_t)first * 784, count * 784 * sizeof(double));
  assert_memory_equal(parts[1], labels + (size_t)first * 10, count * 10 * sizeof(double));
  free(which);
  free(parts[0]);
  free(parts[1]);
}

static void real_examples_are_those_of_training(void **state) {
  (void)state;
  enum { BLOCK = 100 };
  static const uint32_t counts[] = {BLOCK, 200, 9900, 10000};
  char path[512];
  struct mnist mnist;
  struct diag diag;
  if (!real_folder(path)) skip();
  if (mnist_open(&mnist, path, MNIST_TEST, &diag)) fail_msg("%s", diag.message);
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    double *images, *labels;
    if (mnist_read(path, MNIST_TEST, counts[i], &images, &labels, &diag))
      fail_msg("%s", diag.message);
    for (uint32_t first = 0; first < counts[i]; first += BLOCK)
      compare_examples(&mnist, first, BLOCK, images, labels);
    free(images);
    free(labels);
  }
  mnist_done(&mnist);
}

/* -- the files that come with gradwalk, damaged -- */

static const struct shipped {
  enum mnist_set set;
  const char *name;
  int rank;
  size_t header, row;
} shipped_files[] = {
  {MNIST_TRAIN, "train-images-idx3-ubyte.gz", 3, 16, 784},
  {MNIST_TRAIN, "train-labels-idx1-ubyte.gz", 1, 8, 1},
  {MNIST_TEST, "t10k-images-idx3-ubyte.gz", 3, 16, 784},
  {MNIST_TEST, "t10k-labels-idx1-ubyte.gz", 1, 8, 1},
};

/* The beginning of a real file and its last 8 bytes, which claim what the whole holds. */
static struct buffer beginning(const struct shipped *shipped, uint32_t rows, uint8_t claim[8]) {
  char real[512], path[640];
  struct idx idx;
  struct diag diag;
  struct buffer start = {0};
  assert_true(real_folder(real));
  snprintf(path, sizeof path, "%s/%s", real, shipped->name);
  if (idx_read(path, shipped->rank, rows, NULL, &idx, &diag)) fail_msg("%s", diag.message);
  put(&start, idx.bytes, shipped->header + idx.count);
  idx_done(&idx);
  FILE *stream = fopen(path, "rb");
  assert_non_null(stream);
  assert_int_equal(fseek(stream, -8, SEEK_END), 0);
  assert_int_equal(fread(claim, 1, 8, stream), 8);
  fclose(stream);
  return start;
}

/* Saves START with the byte at AT changed, as if it were the beginning of what CLAIM is about. */
static void save_changed(const char *name, struct buffer *start, size_t at, const uint8_t *claim) {
  start->bytes[at] ^= 1;
  struct buffer packed = gzip(start);
  start->bytes[at] ^= 1;
  memcpy(packed.bytes + packed.length - 8, claim, 8);
  save(name, &packed);
  free(packed.bytes);
}

static void accept_three(enum mnist_set set) {
  double *images, *labels;
  struct diag diag;
  if (mnist_read(path_of(NULL), set, 3, &images, &labels, &diag)) fail_msg("%s", diag.message);
  free(images);
  free(labels);
}

/* Damage to the last byte of number 100 is noticed. Damage to the next byte is not, and neither is
 * data with another checksum, which may be anybody's. */
static void check_damage(const struct shipped *shipped) {
  uint8_t claim[8];
  struct buffer start = beginning(shipped, 101, claim);
  const size_t next = shipped->header + 100 * shipped->row;
  save_changed(shipped->name, &start, next - 1, claim);
  refuse_mnist(shipped->set, 3, STATUS_DATA, shipped->name,
               "damaged: its beginning does not match the checksum at its end");
  save_changed(shipped->name, &start, next, claim);
  accept_three(shipped->set);
  claim[0] ^= 1;
  save_changed(shipped->name, &start, next - 1, claim);
  accept_three(shipped->set);
  free(start.bytes);
}

static void damage_to_shipped_files_is_noticed(void **state) {
  (void)state;
  char real[512];
  if (!real_folder(real)) skip();
  for (size_t i = 0; i < sizeof shipped_files / sizeof shipped_files[0]; i++) {
    const struct shipped *shipped = &shipped_files[i];
    uint8_t claim[8];
    struct buffer start = beginning(shipped, 100, claim), good = gzip(&start);
    memcpy(good.bytes + good.length - 8, claim, 8);
    save(shipped->name, &good);
    free(start.bytes);
    free(good.bytes);
  }
  for (size_t i = 0; i < sizeof shipped_files / sizeof shipped_files[0]; i++)
    check_damage(&shipped_files[i]);
}

static int remove_files(void **state) {
  remove_mnist();
  for (size_t i = 0; i < sizeof shipped_files / sizeof shipped_files[0]; i++)
    unlink(path_of(shipped_files[i].name));
  return remove_folder(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(mnist_scales_and_one_hots),
    cmocka_unit_test(mnist_takes_plain_names),
    cmocka_unit_test(mnist_names_the_missing_file),
    cmocka_unit_test(mnist_reads_the_test_set),
    cmocka_unit_test(mnist_refuses_other_shapes),
    cmocka_unit_test(mnist_refuses_labels_past_nine),
    cmocka_unit_test(mnist_reads_no_further),
    cmocka_unit_test(mnist_refuses_impossible_counts),
    cmocka_unit_test(mnist_passes_on_a_bad_file),
    cmocka_unit_test(real_training_digits),
    cmocka_unit_test(real_test_digits),
    cmocka_unit_test(real_counts),
    cmocka_unit_test(real_examples_are_those_of_training),
    cmocka_unit_test(damage_to_shipped_files_is_noticed),
  };
  return cmocka_run_group_tests_name("mnist", tests, make_folder, remove_files);
}
