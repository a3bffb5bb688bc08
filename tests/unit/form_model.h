/* Random models of what the other maker (random_model.h) seldom makes: linear layers whose weights
 * are transposed, transposes one after the other, gates with rules by hand, nodes with several
 * users, constants that fold; and a model's rule lines written anew in equal forms. */
#ifndef GRADWALK_TESTS_FORM_MODEL_H
#define GRADWALK_TESTS_FORM_MODEL_H

#include "core/random.h"
#include "core/text.h"
#include "lang/model.h"

/* A whole number from 0 to below COUNT. */
size_t form_pick(struct random *dice, size_t count);

/* Appends the model of SEED to OUT: the same one for the same seed. With TIES leaves hold small
 * whole numbers, so that maxima and kinks tie at the very point. */
void form_model_put(struct text *out, uint32_t seed, bool ties);

/* Ways to write the line  TARGET = RHS  that change nothing. */
enum form {
  FORM_SAME,
  FORM_TURNED, /* (RHS).T.T */
  FORM_TIMES,  /* 1 * (RHS) */
  FORM_NAMED,  /* through a new local name */
  FORM_AGAIN,  /* through a local name that had another value */
  FORM_TAKEN,  /* through a name that takes another's value, which changes afterwards */
  FORM_TWICE,  /* TARGET has another value first */
  FORM_PLUS,   /* RHS + 0: -0 becomes 0 */
  FORM_ADDED,  /* 0, and += RHS: the same */
  FORM_COUNT
};
extern const char *const form_names[FORM_COUNT];

/* Whether FORM keeps the sign of a zero. */
bool form_keeps_bits(enum form form);

/* Whether FORM is one line. */
bool form_is_line(enum form form);

/* Appends the right side  RHS  in FORM, a form of one line. */
void form_put_value(struct text *out, const struct expr *rhs, enum form form);

/* Appends all rule lines of MODEL as a backward block, each in FORM; with DICE each in a form of
 * its own instead. Params that no line serves get zeros. */
void form_put_block(struct text *out, const struct model *model, enum form form,
                    struct random *dice);

#endif
