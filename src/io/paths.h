/* Where the lessons and the data are: beside the program when it runs from its source or build
 * tree, else where it was installed. */
#ifndef GRADWALK_IO_PATHS_H
#define GRADWALK_IO_PATHS_H

#include "core/text.h"

/* Appends the folder of the lessons. */
void paths_lessons(struct text *path);

/* Appends the folder that holds mnist/: $GRADWALK_DATA if it is set and not empty. */
void paths_data(struct text *path);

#endif
