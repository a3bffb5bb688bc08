/* The lines of a lesson's file. */
#ifndef GRADWALK_LESSON_FILE_LINES_H
#define GRADWALK_LESSON_FILE_LINES_H

#include "lesson/lesson.h"

struct file_lines {
  uint32_t *starts; /* of each line, and the end; free() */
  size_t count, capacity;
};

/* Keeps BYTES as the lesson's file, with "\n" for "\r\n" and "\r", and finds its lines. What would
 * make a parser of CommonMark take more than linear time is refused with STATUS_DATA: long lines,
 * long paragraphs, deep nesting. */
enum status file_lines_read(struct file_lines *lines, struct lesson *lesson, const char *bytes,
                       size_t length, struct diag *diag);

/* Where LINE, counted from 1, begins; the end of the file for lines after the last. */
uint32_t file_lines_start(const struct file_lines *lines, int line);

/* LINE without its newline. */
struct span file_lines_span(const struct file_lines *lines, const struct lesson *lesson, int line);

/* Makes SOURCE, the text of a fence that begins in LINE, a part of LESSON's file, where its lines
 * have the fence's indentation. False if there is no memory. */
bool file_lines_place(const struct file_lines *lines, struct lesson *lesson, int line,
                 struct source *source);

/* The length of the run of ` or ~ that LINE begins with. */
size_t file_lines_fence_marks(struct span line);

#endif
