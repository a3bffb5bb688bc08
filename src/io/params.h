/* The params of a model as files, one each: DIR/NAME.npy. */
#ifndef GRADWALK_IO_PARAMS_H
#define GRADWALK_IO_PARAMS_H

#include "lang/model.h"

/* Into the model's image; all of them or, after a failure, none. */
enum status params_load(struct model *model, const char *folder, struct diag *diag);

/* Makes the folder if it is not there. */
enum status params_save(const struct model *model, const char *folder, struct diag *diag);

#endif
