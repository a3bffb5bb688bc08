/* Whole files in memory. */
#ifndef GRADWALK_IO_FILE_H
#define GRADWALK_IO_FILE_H

#include "lang/diag.h"

enum { FILE_MAX_BYTES = 8 << 20 };

/* Reads a regular file, or standard input if PATH is "-", into TEXT: at most FILE_MAX_BYTES, no NUL
 * bytes. STATUS_NO_INPUT if it cannot be opened or is no regular file. */
enum status file_read(const char *path, struct text *text, struct diag *diag);

/* The same for a file of any bytes. */
enum status file_read_bytes(const char *path, struct text *bytes, size_t most, struct diag *diag);

/* Writes TEXT beside the file and puts it in PATH's place only when it is whole; a failure leaves
 * what was there. */
enum status file_write(const char *path, const struct text *text, struct diag *diag);

/* Makes the folders that PATH, absolute, lies in, for the user alone. What cannot be made shows
 * when the file is opened. PATH is the same again afterwards. */
void file_make_folders(char *path);

/* Whether PATH ends in ENDING, with something before it. */
bool path_ends(const char *path, const char *ending);

#endif
