/* Protects the reader of NumPy's files: what NumPy writes is read to the last bit, and whatever
 * else is in a file is refused for its reason and leaves the tensor as it was. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/text.h"
#include "io/npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 6, NO_NUMBER = 0x55 };

static char path[] = "/tmp/gradwalk-npy-XXXXXX";

static const double numbers[MOST] = {1.5, -0.0, 5e-324, 1.7976931348623157e308, -2, 0.1};

static void put_size(struct text *file, size_t size, int bytes) {
  for (; bytes > 0; bytes--, size >>= 8) text_put(file, &(char){(char)(size & 0xff)}, 1);
}

/* The whole file: magic, version, HEADER and BYTES of the numbers. */
static struct text make(int major, int minor, const char *header, size_t bytes) {
  struct text file;
  text_init(&file);
  text_put(&file, "\x93NUMPY", 6);
  put_size(&file, (size_t)major, 1);
  put_size(&file, (size_t)minor, 1);
  put_size(&file, strlen(header), major == 1 ? 2 : 4);
  text_put(&file, header, strlen(header));
  for (size_t i = 0; i < bytes; i++) {
    uint64_t bits = 0;
    if (i / 8 < MOST) memcpy(&bits, &numbers[i / 8], sizeof bits);
    put_size(&file, (size_t)(bits >> i % 8 * 8 & 0xff), 1);
  }
  return file;
}

static void save(const char *bytes, size_t length) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, length, file), length);
  assert_int_equal(fclose(file), 0);
}

static void expect_read(const char *what, const struct text *file, struct shape shape) {
  double values[MOST];
  struct diag diag = {0};
  memset(values, NO_NUMBER, sizeof values);
  save(file->bytes, file->length);
  if (npy_read(path, shape, values, &diag)) fail_msg("%s: %s", what, diag.message);
  assert_memory_equal(values, numbers, shape_count(shape) * sizeof *values);
}

static void expect_refusal(const char *what, const char *bytes, size_t length, struct shape shape,
                           const char *says) {
  double values[MOST], before[MOST];
  struct diag diag = {0};
  memset(values, NO_NUMBER, sizeof values);
  memcpy(before, values, sizeof values);
  save(bytes, length);
  if (npy_read(path, shape, values, &diag) != STATUS_DATA) fail_msg("%s: is read", what);
  if (!strstr(diag.message, says) || !strstr(diag.message, path))
    fail_msg("%s: \"%s\" does not say \"%s\"", what, diag.message, says);
  assert_memory_equal(values, before, sizeof values);
}

#define DESCR "'descr': '<f8'"
#define ORDER "'fortran_order': False"
#define SHAPE "'shape': (2, 3)"

static const struct {
  const char *header;
  struct shape shape;
} good[] = {
    {"{" DESCR ", " ORDER ", " SHAPE ", }          \n", {2, 3}},
    {"{" DESCR ", " ORDER ", " SHAPE "}", {2, 3}},
    {"{'shape':(2,3),'fortran_order':False,'descr':'<f8'}", {2, 3}},
    {"{ 'shape': ( 2 , 3 , ) , " DESCR " , " ORDER " }", {2, 3}},
    {"{" DESCR ", " ORDER ", 'shape': (3,), }", {1, 3}},
    {"{" DESCR ", " ORDER ", 'shape': (5, 1), }", {5, 1}},
    {"{" DESCR ", " ORDER ", 'shape': (), }", {1, 1}},
    {"{" DESCR ", " ORDER ", 'shape': (1, 1), }", {1, 1}},
};

static void what_numpy_writes_is_read(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    for (int major = 1; major <= 3; major++) {
      struct text file = make(major, 0, good[i].header, shape_count(good[i].shape) * 8);
      expect_read(good[i].header, &file, good[i].shape);
      text_done(&file);
    }
}

#define NUMBERS "expected numbers of type '<f8' in C order"
#define OTHER_SHAPE "expected the shape (2, 3)"

static const struct {
  const char *header, *says;
} bad[] = {
    {"{'descr': '<f4', " ORDER ", " SHAPE "}", NUMBERS},
    {"{'descr': '>f8', " ORDER ", " SHAPE "}", NUMBERS},
    {"{'descr': '|O', " ORDER ", " SHAPE "}", NUMBERS},
    {"{'descr': [('a', '<f8')], " ORDER ", " SHAPE "}", NUMBERS},
    {"{" DESCR ", 'fortran_order': True, " SHAPE "}", NUMBERS},
    {"{" ORDER ", " SHAPE "}", NUMBERS},
    {"{" DESCR ", " SHAPE "}", NUMBERS},
    {"{" DESCR ", " ORDER "}", NUMBERS},
    {"{" DESCR ", " DESCR ", " ORDER ", " SHAPE "}", NUMBERS},
    {"{" DESCR ", " ORDER ", " ORDER ", " SHAPE "}", NUMBERS},
    {"{" DESCR ", " ORDER ", " SHAPE ", " SHAPE "}", NUMBERS},
    {"{" DESCR ", " ORDER ", 'shape': (2,), 'shape': (3,)}", NUMBERS},
    {"{" DESCR ", " ORDER ", " SHAPE ", 'author': 'me'}", NUMBERS},
    {"{" DESCR " " ORDER ", " SHAPE "}", NUMBERS},
    {"{" DESCR ", " ORDER ", " SHAPE, NUMBERS},
    {"{" DESCR ", " ORDER ", " SHAPE ",", NUMBERS},
    {DESCR ", " ORDER ", " SHAPE "}", NUMBERS},
    {"{" DESCR ", " ORDER ", " SHAPE "} more", NUMBERS},
    {"{" DESCR ", " ORDER ", 'shape': 2, 3}", NUMBERS},
    {"{" DESCR ", " ORDER ", 'shape': (2, 3}", NUMBERS},
    {"{" DESCR ", " ORDER ", 'shape': (2 3)}", NUMBERS},
    {"{" DESCR ", " ORDER ", 'shape': (-2, 3)}", NUMBERS},
    {"{" DESCR ", " ORDER ", 'shape': (2, 3, 1)}", NUMBERS},
    {"{" DESCR ", " ORDER ", 'shape': (4294967298, 3)}", NUMBERS},
    {"{" DESCR ", " ORDER ", 'shape': (18446744073709551618, 3)}", NUMBERS},
    {"{" DESCR ", " ORDER ", 'shape': (3, 2)}", OTHER_SHAPE},
    {"{" DESCR ", " ORDER ", 'shape': (2, 4)}", OTHER_SHAPE},
    {"{" DESCR ", " ORDER ", 'shape': (3,)}", OTHER_SHAPE},
    {"{" DESCR ", " ORDER ", 'shape': (6,)}", OTHER_SHAPE},
    {"{" DESCR ", " ORDER ", 'shape': ()}", OTHER_SHAPE},
    {"", NUMBERS},
};

static void other_headers_are_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct text file = make(1, 0, bad[i].header, sizeof numbers);
    expect_refusal(bad[i].header, file.bytes, file.length, (struct shape){2, 3}, bad[i].says);
    text_done(&file);
  }
}

/* A vector is a row, and a single number is no row of three. */
static void other_shapes_are_refused(void **state) {
  (void)state;
  struct text file = make(1, 0, good[4].header, 3 * 8);
  expect_refusal("a column", file.bytes, file.length, (struct shape){3, 1}, "the shape (3, 1)");
  text_done(&file);
  file = make(1, 0, good[6].header, 8);
  expect_refusal("a row", file.bytes, file.length, (struct shape){1, 3}, "the shape (1, 3)");
  expect_refusal("a column", file.bytes, file.length, (struct shape){3, 1}, "the shape (3, 1)");
  text_done(&file);
}

static void other_versions_are_refused(void **state) {
  static const int versions[][2] = {{0, 0}, {4, 0}, {1, 1}, {3, 255}, {255, 0}};
  (void)state;
  for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
    struct text file = make(versions[i][0], versions[i][1], good[0].header, sizeof numbers);
    expect_refusal("version", file.bytes, file.length, (struct shape){2, 3}, "not a .npy file");
    text_done(&file);
  }
}

/* At every byte, and with one more; with any other magic; with headers that say they are longer. */
static void cut_and_bent_files_are_refused(void **state) {
  const struct shape shape = {2, 3};
  (void)state;
  for (int major = 1; major <= 2; major++) {
    struct text file = make(major, 0, good[0].header, sizeof numbers);
    const size_t header = file.length - sizeof numbers;
    for (size_t length = 0; length < file.length; length++)
      expect_refusal("cut", file.bytes, length, shape,
                     length < header ? "not a .npy file" : "where its shape takes 48");
    text_put(&file, "x", 1);
    expect_refusal("one more", file.bytes, file.length, shape, "49 bytes of numbers");
    file.length--;
    for (size_t i = 0; i < 6; i++) {
      file.bytes[i] ^= 0x20;
      expect_refusal("magic", file.bytes, file.length, shape, "not a .npy file");
      file.bytes[i] ^= 0x20;
    }
    file.bytes[9] = (char)0xff;
    expect_refusal("length", file.bytes, file.length, shape, "not a .npy file");
    text_done(&file);
  }
}

/* Just so long as headers may be, and one byte longer. */
static void a_long_header_is_no_header(void **state) {
  enum { LONGEST = 65536 };
  (void)state;
  char *header = malloc(LONGEST + 2);
  assert_non_null(header);
  for (size_t length = LONGEST; length <= LONGEST + 1; length++) {
    memset(header, ' ', length);
    memcpy(header, good[0].header, strcspn(good[0].header, "\n"));
    header[length] = '\0';
    struct text file = make(2, 0, header, sizeof numbers);
    if (length == LONGEST) expect_read("longest", &file, good[0].shape);
    else
      expect_refusal("too long", file.bytes, file.length, good[0].shape, "not a .npy file");
    text_done(&file);
  }
  free(header);
}

static int make_file(void **state) {
  (void)state;
  const int file = mkstemp(path);
  return file < 0 ? -1 : close(file);
}

static int remove_file(void **state) {
  (void)state;
  return remove(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_numpy_writes_is_read),
      cmocka_unit_test(other_headers_are_refused),
      cmocka_unit_test(other_shapes_are_refused),
      cmocka_unit_test(other_versions_are_refused),
      cmocka_unit_test(cut_and_bent_files_are_refused),
      cmocka_unit_test(a_long_header_is_no_header),
  };
  return cmocka_run_group_tests(tests, make_file, remove_file);
}
