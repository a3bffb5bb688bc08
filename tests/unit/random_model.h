/* Random models that are correct by construction: every operation of op.def that models may use,
 * every gate of the prelude and some of the model's own, on random leaves, with operands kept where
 * op.def's domains say that the rules hold. Whoever adds an operation or a gate changes nothing
 * here. The maker knows what each node is worth (random_value.h), which is what the built model
 * should compute. A random_model owns its text and trees until random_model_done() and lends its
 * gates from the library. */
#ifndef GRADWALK_TESTS_RANDOM_MODEL_H
#define GRADWALK_TESTS_RANDOM_MODEL_H

#include "random_value.h"

enum random_wish {
  RANDOM_TIES = 1,  /* leaves of small whole numbers, zeros and copies: kinks at the very point */
  RANDOM_SCALES = 2, /* leaves from 1e-6 to 1e3 */
  RANDOM_LARGE = 4,  /* sides up to RANDOM_MAX_SIDE instead of 6 */
  RANDOM_LONG = 8    /* one of the sides so long that sums have many blocks, the others short */
};

struct random_model {
  struct arena arena;
  struct text text; /* of the whole model, "seed" first */
  struct random_frame frame; /* its leaves and nodes and what they are worth */
  bool draws;   /* a node draws random numbers; what they are worth above is their first draw */
  bool inexact; /* uses a gate whose rule leaves something out on purpose */
  size_t ops[OP_COUNT]; /* how often each is written, in gates' bodies not counted */
  size_t gates[RANDOM_MAX_GATES];
};

/* Makes the model of SEED; the same one for the same seed and WISHES. Fails the test if there is no
 * memory. */
void random_model_make(struct random_model *made, const struct random_library *library,
                       uint32_t seed, unsigned wishes);
void random_model_done(struct random_model *made);

/* Appends to OUT the text SOURCE of MODEL and MODEL's own rule lines as a backward block. */
void random_model_put_backward(struct text *out, const char *source, const struct model *model);

#endif
