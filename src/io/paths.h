/* Where the lessons and the data are: beside the program when it runs from its source or build
 * tree, else where it was installed. */
#ifndef GRADWALK_IO_PATHS_H
#define GRADWALK_IO_PATHS_H

#include "core/text.h"

/* Appends the folder of the lessons. */
void paths_lessons(struct text *path);

/* Appends the folder that holds mnist/: $GRADWALK_DATA if it is set and not empty. */
void paths_data(struct text *path);

/* Appends the path of the user's own file NAME below gradwalk's folder in $VARIABLE, or in FALLBACK
 * below $HOME where that is not set to an absolute path (XDG base directories); nothing where there
 * is neither. */
void paths_user(struct text *path, const char *variable, const char *fallback, const char *name);

#endif
