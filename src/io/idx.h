/* IDX files: the format of MNIST, a header of big-endian sizes and then the elements. A struct idx
 * from idx_read() owns its bytes until idx_done(); one from idx_parse() owns nothing and lends the
 * caller's bytes. Nothing in a file is believed: a header counts only if every byte agrees. */
#ifndef GRADWALK_IO_IDX_H
#define GRADWALK_IO_IDX_H

#include "lang/diag.h"

#include <stddef.h>
#include <stdint.h>

enum {
  IDX_RANK_MAX = 3,
  IDX_LIMIT = 256 << 20 /* a file must stay under so many bytes, packed and unpacked */
};

struct idx {
  uint32_t dims[IDX_RANK_MAX]; /* each at least 1; those past the rank are 0 */
  int rank;
  const uint8_t *items; /* row-major */
  size_t count;         /* of items: the product of the dims */
  uint8_t *bytes;       /* the whole file, owned; NULL if the items are lent */
};

/* Parses LENGTH unpacked bytes, which must be exactly one array of unsigned bytes (type 0x08) of
 * RANK dimensions, 1 to IDX_RANK_MAX, and must outlive IDX. NAME stands in the messages. Failure
 * returns STATUS_DATA, fills DIAG and zeroes IDX. */
enum status idx_parse(const char *name, const uint8_t *bytes, size_t length, int rank,
                      struct idx *idx, struct diag *diag);

/* Reads a plain or gzip'd IDX file like idx_parse(); only a regular file, and only one gzip member
 * that ends where the file does. Failure fills DIAG, zeroes IDX and returns STATUS_NO_INPUT (cannot
 * open, not a regular file), STATUS_IO (cannot read), STATUS_LIMIT (IDX_LIMIT bytes or more),
 * STATUS_NO_MEMORY or STATUS_DATA (anything wrong with the bytes). */
enum status idx_read(const char *path, int rank, struct idx *idx, struct diag *diag);

/* Frees what idx_read() allocated; harmless on a zeroed, lent or already done IDX. */
void idx_done(struct idx *idx);

#endif
