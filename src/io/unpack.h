/* The bytes of a regular file from its beginning, no more than are asked for; those of a
 * gzip'd file are unpacked. A struct unpack owns its file and its bytes from unpack_open() to
 * unpack_done(), also after a failure. */
#ifndef GRADWALK_IO_UNPACK_H
#define GRADWALK_IO_UNPACK_H

#include "lang/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

enum { UNPACK_LIMIT = 256 << 20 /* a file stays below this many bytes, packed and unpacked */ };

#define UNPACK_ALL SIZE_MAX

struct unpack {
  const char *path; /* lent; named in the messages */
  uint8_t *bytes;
  size_t length, capacity;
  size_t size; /* of the file itself */
  int fd;
  bool packed; /* gzip'd */
  bool ended;  /* the bytes are all that the file holds */
  z_stream stream;
  uint8_t input[1 << 15];
};

/* What the last bytes of a gzip'd file say about everything before them. */
struct unpack_claim {
  uint32_t crc, size; /* of the unpacked bytes: their CRC-32, and their number modulo 2^32 */
};

/* Opens PATH, which must outlive UNPACK. Failure fills DIAG and returns STATUS_NO_INPUT (cannot
 * open, not a regular file), STATUS_IO (cannot read), STATUS_LIMIT (UNPACK_LIMIT bytes or more) or
 * STATUS_NO_MEMORY. */
enum status unpack_open(struct unpack *unpack, const char *path, struct diag *diag);

/* Reads on until there are WANTED bytes, or fewer because the file has no more of them. A gzip'd
 * file that ends here is one whole member with a correct checksum and nothing after it; what is not
 * read is not checked. Failure fills DIAG and returns what unpack_open() does, or STATUS_DATA. */
enum status unpack_until(struct unpack *unpack, size_t wanted, struct diag *diag);

/* What the file claims, checked or not; false if it is plain or cannot be read there. */
bool unpack_claims(const struct unpack *unpack, struct unpack_claim *claim);

void unpack_done(struct unpack *unpack);

#endif
