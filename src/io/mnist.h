/* The MNIST digits as the matrices that a model takes. The caller owns both arrays. */
#ifndef GRADWALK_IO_MNIST_H
#define GRADWALK_IO_MNIST_H

#include "lang/diag.h"

#include <stdint.h>

enum mnist_set { MNIST_TRAIN, MNIST_TEST };

enum { MNIST_SIDE = 28, MNIST_PIXELS = MNIST_SIDE * MNIST_SIDE, MNIST_CLASSES = 10 };

/* Reads the first COUNT examples of SET from FOLDER: *IMAGES is COUNT x MNIST_PIXELS, row-major,
 * each pixel byte / 255.0; *LABELS is COUNT x MNIST_CLASSES, one-hot. Both are malloc'd and end
 * with free(). The files are checked whole, whatever COUNT is; a name without .gz is taken if only
 * that exists. Failure fills DIAG, leaves both NULL and returns what idx_read() does; STATUS_DATA
 * also if COUNT is 0 or more than there is. */
enum status mnist_read(const char *folder, enum mnist_set set, uint32_t count, double **images,
                       double **labels, struct diag *diag);

#endif
