/* Protects idx_parse(): no byte string crashes it, and one that it accepts has exactly the bytes
 * that its header promises. */
#include "io/idx.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(int condition) {
  if (!condition) abort();
}

static void check_accepted(const struct idx *idx, const uint8_t *bytes, size_t length, int rank) {
  size_t header = 4 + 4 * (size_t)rank, left = idx->count;
  require(idx->rank == rank && idx->items == bytes + header && !idx->bytes);
  require(length == header + idx->count);
  for (int i = 0; i < IDX_RANK_MAX; i++) {
    require((idx->dims[i] > 0) == (i < rank));
    if (i >= rank) continue;
    require(left % idx->dims[i] == 0); /* divides, so nothing here can overflow */
    left /= idx->dims[i];
  }
  require(left == 1);
}

static void check_refused(const struct idx *idx, const struct diag *diag, enum status status) {
  require(status == STATUS_DATA && diag->status == status && diag->message[0]);
  require(idx->rank == 0 && idx->count == 0 && !idx->items && !idx->bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static const int ranks[] = {1, 3};
  for (int i = 0; i < 2; i++) {
    struct idx idx;
    struct diag diag;
    enum status status = idx_parse("fuzz", bytes, length, ranks[i], &idx, &diag);
    if (status == STATUS_OK)
      check_accepted(&idx, bytes, length, ranks[i]);
    else
      check_refused(&idx, &diag, status);
    idx_done(&idx);
  }
  return 0;
}
