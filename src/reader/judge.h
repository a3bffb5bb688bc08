/* Judging answers to a lesson's quizzes. What is right is computed, from the model as the page
 * begins, never from what the reader has made of it. */
#ifndef GRADWALK_READER_JUDGE_H
#define GRADWALK_READER_JUDGE_H

#include "reader/figures.h"

enum { JUDGEMENT_SIZE = 160 };

struct judgement {
  bool right;
  int choice; /* the right one, from 1, of a quiz that has choices */
  int reason; /* the block that says why it is wrong, or -1: see `why` */
  char why[JUDGEMENT_SIZE];
};

/* Judges TEXT as an answer to the quiz QUIZ of the reader's page. A number may be written as any
 * expression of numbers, with any minus sign; a choice by its number; names in any order, with
 * commas. STATUS_USAGE if TEXT is no answer at all. */
enum status quiz_judge(struct session *session, int quiz, const struct source *text,
                       struct judgement *judgement, struct diag *diag);

/* Finds the right one of the choices of the quiz QUIZ, from 1; 0 if it has none. */
enum status quiz_choice(struct session *session, int quiz, int *choice, struct diag *diag);

/* The right answer as its author wrote it; of a quiz with choices its number, once it is known. */
void quiz_put_answer(const struct session *session, int quiz, struct text *out);

/* Proves that the quiz's own answer is right and its wrong ones are wrong, with the model as the
 * reader's page begins: STATUS_OK and *HOLDS, with what is amiss in DIAG where it does not hold.
 * Any other status means that it cannot be told. */
enum status quiz_prove(struct session *session, int quiz, bool *holds, struct diag *diag);

#endif
