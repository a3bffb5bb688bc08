/* IDX files: the format of MNIST, a header of big-endian sizes and then the elements. A struct idx
 * from idx_read() owns its bytes until idx_done(); one from idx_parse() owns nothing and lends the
 * caller's bytes. Nothing in a file is trusted: what the header promises must be there. */
#ifndef GRADWALK_IO_IDX_H
#define GRADWALK_IO_IDX_H

#include "io/unpack.h"

enum { IDX_RANK_MAX = 3 };

#define IDX_ALL UINT32_MAX

struct idx {
  uint32_t dims[IDX_RANK_MAX]; /* of the whole array: each at least 1; those past the rank are 0 */
  int rank;
  const uint8_t *items; /* row-major */
  size_t count;         /* of items: the product of the dims, with fewer rows if fewer are read */
  uint8_t *bytes;       /* the header and the items, owned; NULL if the items are lent */
};

/* A gzip'd file that is known by the claim at its end. */
struct idx_known {
  struct unpack_claim claim;
  size_t length; /* of its beginning, unpacked */
  uint64_t hash; /* hash_bytes() of the beginning */
};

/* Parses LENGTH unpacked bytes, which must begin with an array of unsigned bytes (type 0x08) of
 * RANK dimensions, 1 to IDX_RANK_MAX, and must outlive IDX. IDX gets the first ROWS along the first
 * dimension, or all if there are fewer; where it gets all, nothing may follow them. Messages call
 * the file NAME. Failure returns STATUS_DATA, fills DIAG and zeroes IDX. */
enum status idx_parse(const char *name, const uint8_t *bytes, size_t length, int rank,
                      uint32_t rows, struct idx *idx, struct diag *diag);

/* Reads a plain or gzip'd IDX file like idx_parse(); only a regular file, and only one gzip member
 * that ends where the file does. What comes after the first ROWS is not read and may be damaged,
 * unless these are all: then the checksum of the whole counts. A file that claims to be KNOWN
 * (NULL: none) must also begin as that one does. Failure fills DIAG, zeroes IDX and returns
 * STATUS_NO_INPUT (cannot open, not a regular file), STATUS_IO (cannot read), STATUS_LIMIT
 * (UNPACK_LIMIT bytes or more), STATUS_NO_MEMORY or STATUS_DATA (anything wrong with the bytes). */
enum status idx_read(const char *path, int rank, uint32_t rows, const struct idx_known *known,
                     struct idx *idx, struct diag *diag);

/* Frees what idx_read() allocated; harmless on a zeroed, lent or already done IDX. */
void idx_done(struct idx *idx);

#endif
