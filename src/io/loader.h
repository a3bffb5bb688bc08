/* The data functions that a model may call: data X, T = mnist(3). */
#ifndef GRADWALK_IO_LOADER_H
#define GRADWALK_IO_LOADER_H

#include "lang/dataset.h"

extern const struct loader io_loader;
extern const struct library io_library;

#endif
