/* The MNIST digits as the matrices that a model takes. The caller owns both arrays. */
#ifndef GRADWALK_IO_MNIST_H
#define GRADWALK_IO_MNIST_H

#include "io/idx.h"
#include "lang/dataset.h"

enum mnist_set { MNIST_TRAIN, MNIST_TEST };

enum { MNIST_SIDE = 28, MNIST_PIXELS = MNIST_SIDE * MNIST_SIDE, MNIST_CLASSES = 10 };

/* A whole set, kept as bytes. */
struct mnist {
  struct dataset dataset; /* each pixel byte / 255.0, each label one-hot */
  struct idx images, labels;
};

/* Reads SET from FOLDER; the files are checked whole, and a name without .gz is taken if only that
 * exists. A file with the checksum of one that comes with gradwalk must also begin as that one
 * does. Failure fills DIAG, leaves *MNIST zeroed and returns what idx_read() does. Ends with
 * mnist_done(). */
enum status mnist_open(struct mnist *mnist, const char *folder, enum mnist_set set,
                       struct diag *diag);
void mnist_done(struct mnist *mnist);

/* Reads the first COUNT examples of SET from FOLDER, and checks no more than they need unless they
 * are all: *IMAGES is COUNT x MNIST_PIXELS, row-major, each pixel byte / 255.0; *LABELS is COUNT x
 * MNIST_CLASSES, one-hot. Both are malloc'd and end with free(). Failure fills DIAG, leaves both
 * NULL and returns what mnist_open() does; STATUS_DATA also if COUNT is 0 or more than there is. */
enum status mnist_read(const char *folder, enum mnist_set set, uint32_t count, double **images,
                       double **labels, struct diag *diag);

#endif
