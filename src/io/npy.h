/* Tensors from NumPy's files. Nothing in a file is believed. */
#ifndef GRADWALK_IO_NPY_H
#define GRADWALK_IO_NPY_H

#include "core/op.h"
#include "lang/diag.h"

/* Reads PATH (format 1.0 to 3.0: little-endian float64 in C order, of SHAPE, a row also as a plain
 * vector and a single number as none) into VALUES, of which there are as many as SHAPE says. Any
 * failure leaves VALUES untouched: STATUS_NO_INPUT if it cannot be opened, STATUS_DATA if it is
 * anything else. */
enum status npy_read(const char *path, struct shape shape, double *values, struct diag *diag);

#endif
