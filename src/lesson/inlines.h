/* Where the inline nodes of a paragraph or heading are in the file. cmark does not say: its
 * columns are wrong after a line break. So the text is read along with the nodes, in their order
 * and by CommonMark's rules, and each takes what belongs to it: the n-th code span is the n-th in
 * the source, whatever else reads the same. */
#ifndef GRADWALK_LESSON_INLINES_H
#define GRADWALK_LESSON_INLINES_H

#include "lesson/file_lines.h"

#include <cmark.h>

struct inlines {
  const struct source *file;
  struct span first;  /* the line that the block begins in */
  uint32_t at, end;   /* what is left of the block */
  int quotes;         /* block quotations around it: a line begins with as many >, or fewer */
  bool in_autolink;   /* where a backslash is one */
  bool lost;          /* what is there is not what the nodes say */
};

/* For NODE, a paragraph or heading of LESSON. */
void inlines_begin(struct inlines *inlines, const struct file_lines *lines,
                   const struct lesson *lesson, cmark_node *node);

/* Goes on by what EVENT of cmark_iter_next() says of NODE, which is no code. */
void inlines_follow(struct inlines *inlines, cmark_event_type event, cmark_node *node);

/* The text of NODE, a code span, which comes next: a part of the file, or where it goes on in
 * another line, of a source in ARENA that knows its place in the file. If the place is lost, it is
 * the whole first line. False if there is no memory. */
bool inlines_code(struct inlines *inlines, cmark_node *node, struct arena *arena,
                  struct span *code);

#endif
