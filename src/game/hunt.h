/* Hunts: bugs hidden by seed, to be found by looking and checking. The same text, seed, level,
 * number of bugs and edition of the catalogue make the same hunt on every machine, even after the
 * catalogue has grown. A hunt owns everything in it until
 * hunt_done(); the model that it hides its bugs in belongs to the caller. */
#ifndef GRADWALK_GAME_HUNT_H
#define GRADWALK_GAME_HUNT_H

#include "bug/catalogue.h"

/* What a player does that costs points. */
enum hunt_act {
  HUNT_CHECK, /* a whole check or sweep */
  HUNT_LOOK,  /* at a node and its gradient */
  HUNT_ENTRY, /* of the numerical gradient */
  HUNT_WRONG, /* answer */
  HUNT_HINT_1, HUNT_HINT_2, HUNT_HINT_3,
  HUNT_ACT_COUNT
};

/* Points for each, and what they are called. */
struct hunt_price {
  const char *name;
  unsigned points;
};
extern const struct hunt_price hunt_prices[HUNT_ACT_COUNT];
enum { HUNT_FULL_SCORE = 100, HUNT_MINUTE_POINTS = 1, HUNT_MAX_BUGS = 9, HUNT_HINTS = 3 };

struct hidden_bug {
  struct mutant mutant;   /* its texts live in the hunt's arena */
  const char *target;     /* "dW2" */
  const char *original;   /* the line that it replaced */
  const char *place;      /* TARGET, ORIGINAL and what ran instead, as readers see them */
  const char *should_be;
  const char **ran;
  size_t first_bug;       /* its lines among the model's bugs */
  int hints;              /* given so far */
  bool found;
};

struct hunt {
  struct arena arena;
  uint32_t seed;
  int level;
  struct hidden_bug bugs[HUNT_MAX_BUGS];
  size_t count;
  unsigned acts[HUNT_ACT_COUNT];
  double seconds; /* played so far, as the caller last said */
  bool over;      /* all found, or given up */
};

struct hunt_options {
  uint32_t seed;
  int level; /* 1 to HARDEST_LEVEL */
  int bugs;  /* 1 to HUNT_MAX_BUGS, in different lines */
  int edition; /* of the catalogue; 0: FIRST_EDITION */
  bool frozen;
};

/* Hides bugs in MODEL, whose own are dropped. Those of the levels below 5 show in the gradients at
 * this point; those of level 5 there or at another point. Where a model has no bug of the level,
 * the next lower level serves. A seed draws by the mutants' ids alone, so it hides the same in a
 * model that has grown, unless what is new is drawn. STATUS_DATA if there are too few lines that
 * can be wrong. Ends with hunt_done(), also after a failure. */
enum status hunt_begin(struct hunt *hunt, struct model *model, const struct hunt_options *options,
                       struct diag *diag);
void hunt_done(struct hunt *hunt);

/* Counts an act. */
void hunt_act(struct hunt *hunt, enum hunt_act act);

size_t hunt_found(const struct hunt *hunt);

/* The rest of HUNT_FULL_SCORE after all acts and whole minutes, times the share of bugs found. */
unsigned hunt_score(const struct hunt *hunt);

/* Judges an answer: "dW2 scale" or "W2 scale" (where and which kind), or the right line. *FOUND is
 * the bug that it names, which is taken out of MODEL, or NULL; then *WHY says why not. A wrong
 * answer is counted. STATUS_USAGE, without a count, if the answer makes no sense at all. */
enum status hunt_answer(struct hunt *hunt, struct model *model, const struct source *answer,
                        const struct hidden_bug **found, struct text *why, struct diag *diag);

/* Appends the next hint on the first bug not found yet, and counts it. STATUS_USAGE if there is
 * none left. */
enum status hunt_hint(struct hunt *hunt, struct text *out, struct diag *diag);

/* Takes what was found, or all once the hunt is over, out of MODEL, which was brought back to where
 * it may have been in. */
enum status hunt_put_out(struct hunt *hunt, struct model *model, struct diag *diag);

/* Takes all bugs out of MODEL; the hunt is over. */
enum status hunt_end(struct hunt *hunt, struct model *model, struct diag *diag);

/* Appends what HIDDEN was: the line, what it did, how it shows, and where one like it was seen. */
void hunt_debrief(const struct hidden_bug *hidden, struct text *out);

#endif
