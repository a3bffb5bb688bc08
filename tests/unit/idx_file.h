/* Files for the tests of src/io's readers: bytes put together, packed and saved in a folder that
 * each test program makes for itself. A buffer ends with free() of its bytes. What cannot be done
 * fails the test. */
#ifndef GRADWALK_TESTS_IDX_FILE_H
#define GRADWALK_TESTS_IDX_FILE_H

#include "io/idx.h"

struct buffer {
  uint8_t *bytes;
  size_t length, capacity;
};

void put(struct buffer *buffer, const void *bytes, size_t length);
void put_byte(struct buffer *buffer, int byte);

/* An IDX file of unsigned bytes: its header and COUNT items 0, 1, 2, … modulo MODULUS. */
struct buffer make_idx(int rank, const uint32_t *dims, size_t count, int modulus);

/* A whole gzip member; FLUSH is Z_FINISH, or Z_FULL_FLUSH to stop at a byte boundary without an
 * end. */
struct buffer pack(const struct buffer *file, int flush, int window);
struct buffer gzip(const struct buffer *file);

/* For cmocka_run_group_tests(): the folder, made and, once it is empty, removed. */
int make_folder(void **state);
int remove_folder(void **state);

/* The path of NAME in the folder, valid until the next call; NULL: the folder itself. */
const char *path_of(const char *name);

/* Writes FILE as NAME in the folder; its path. */
const char *save(const char *name, const struct buffer *file);

void assert_contains(const char *message, const char *part);
void assert_zeroed(const struct idx *idx);

/* idx_read() refuses ROWS of PATH with STATUS and a message that names the path and says PART. */
void refuse_rows(const char *path, int rank, uint32_t rows, const struct idx_known *known,
                 enum status status, const char *part);

#endif
