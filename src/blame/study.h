/* A diagnosis while it is made: what its parts share. */
#ifndef GRADWALK_BLAME_STUDY_H
#define GRADWALK_BLAME_STUDY_H

#include "blame/constant.h"
#include "blame/finding.h"
#include "blame/form.h"
#include "lang/shown.h"

struct study {
  struct diagnosis *diagnosis;
  const struct check *check;
  const struct model *model;
  struct truth *truth;
  const struct run *point;  /* the person's forward and backward pass, in double precision */
  struct form *forms;       /* by tensor */
  bool *chosen;             /* by tensor: what the next finding is about */
  struct text sentence;     /* of the next finding */
  struct claim claims[CLAIM_MOST]; /* of the next finding */
  size_t claim_count;
};

/* -- tensors -- */

const struct tensor_check *study_tensor(const struct study *study, size_t index);
const char *study_name(const struct study *study, size_t index);

/* Whether the tensor INDEX fails because its entries differ; and whether it is right beyond
 * doubt. */
bool study_is_wrong(const struct study *study, size_t index);
bool study_is_right(const struct study *study, size_t index);

/* Whether the gradient of NODE is in the pass and is FACTOR times what it should be, for some
 * factor. */
bool study_is_multiple(const struct study *study, int node, double *factor);

/* NODE, or its gradient, as it is shown; in TITLE where it has no name. */
const char *study_node(const struct study *study, int node, char title[TITLE_SIZE]);
const char *study_gradient(const struct study *study, int node, char title[GRADIENT_SIZE]);

/* -- findings -- */

void study_choose(struct study *study, bool (*wanted)(const struct study *, size_t));
void study_choose_one(struct study *study, size_t index);

/* "W1, b1 and W2" */
void study_put_names(struct text *out, const struct study *study, const bool *chosen);

/* The next finding says that the gradient of NODE is right, or wrong. */
void study_claim(struct study *study, int node, bool right);

/* Adds a finding about the chosen tensors, with the sentence and the claims made so far; LABEL
 * NULL: it is labelled with their names. STATUS_NO_MEMORY. */
enum status study_add(struct study *study, enum finding_kind kind, double factor,
                      const char *label);

/* -- its parts: each adds its findings -- */

enum status tell_tensors(struct study *study); /* tensors.c */
enum status tell_laws(struct study *study);    /* tell_lines.c */
enum status tell_lines(struct study *study);
enum status tell_constant(struct study *study, bool *told);

#endif
