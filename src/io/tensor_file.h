/* Tensors as files that other programs read. */
#ifndef GRADWALK_IO_TENSOR_FILE_H
#define GRADWALK_IO_TENSOR_FILE_H

#include "core/op.h"
#include "lang/diag.h"

/* Writes the tensor to PATH, whole or not at all, in the format that its ending names:
 *   .csv  a line a row, numbers that read back exactly
 *   .npy  NumPy's format 1.0: little-endian float64 in C order, two-dimensional
 * STATUS_USAGE, naming these, for any other ending. */
enum status export_tensor(const char *path, const double *values, struct shape shape,
                          struct diag *diag);

/* STATUS_OK if PATH has one of these endings. */
enum status export_check_path(const char *path, struct diag *diag);

#endif
