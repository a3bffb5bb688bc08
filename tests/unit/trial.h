/* A model made from text, spoilt by bug lines and checked: what the tests of the check share. */
#ifndef GRADWALK_TESTS_TRIAL_H
#define GRADWALK_TESTS_TRIAL_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "check/check.h"
#include "core/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- a model and its check -- */

struct trial {
  struct source source;
  struct model model;
  struct check check;
};

/* The model keeps places in its source, so a trial stays where it was started. */
static inline void trial_start(struct trial *trial, const char *text) {
  struct diag diag = {0};
  *trial = (struct trial){.source = source_from("trial", text, strlen(text))};
  if (model_build(&trial->model, &trial->source, NULL, &diag) != STATUS_OK)
    fail_msg("%s: %s (%s)", text, diag.message, diag.hint);
}

static inline void spoil(struct trial *trial, const char *bug) {
  struct diag diag = {0};
  if (model_add_bug(&trial->model, "bug", bug, strlen(bug), &diag) != STATUS_OK)
    fail_msg("%s: %s", bug, diag.message);
}

static inline void trial_run(struct trial *trial, struct check_options options) {
  struct diag diag = {0};
  check_done(&trial->check);
  if (options.threads == 0) options.threads = 1;
  if (check_run(&trial->check, &trial->model, &options, &diag) != STATUS_OK)
    fail_msg("%s", diag.message);
}

static inline void trial_done(struct trial *trial) {
  check_done(&trial->check);
  model_done(&trial->model);
}

static const struct check_options per_entry = {.tolerance = -1};

static inline const struct tensor_check *find_in(const struct trial *trial, const char *name,
                                          const struct tensor_check *list, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(trial->model.nodes[list[i].node].name, name) == 0) return &list[i];
  fail_msg("no tensor %s", name);
  return NULL;
}

static inline const struct tensor_check *tensor(const struct trial *trial, const char *name) {
  return find_in(trial, name, trial->check.tensors, trial->check.tensor_count);
}

static inline void assert_near(double got, double want, double allowed) {
  if (!(fabs(got - want) <= allowed)) fail_msg("%.17g is not %.17g", got, want);
}

static inline void assert_verdict(const struct trial *trial, enum verdict want) {
  if (trial->check.verdict == want) return;
  for (size_t i = 0; i < trial->check.tensor_count; i++) {
    const struct tensor_check *t = &trial->check.tensors[i];
    print_error("%s: %s (%s), g = %g, n = %g, step error %g\n",
                trial->model.nodes[t->node].name, verdict_names[t->verdict],
                reason_names[t->reason], t->analytic[t->entry], t->numeric[t->entry],
                t->step_error);
  }
  fail_msg("%s, expected %s", verdict_names[trial->check.verdict], verdict_names[want]);
}

/* The verdict of TEXT with the bug line BUG (or NULL). */
static inline void expect_bug(const char *text, const char *bug, struct check_options options,
                       enum verdict want) {
  struct trial trial;
  trial_start(&trial, text);
  if (bug) spoil(&trial, bug);
  trial_run(&trial, options);
  if (trial.check.verdict != want) print_error("%s\nwith %s\n", text, bug ? bug : "no bug");
  assert_verdict(&trial, want);
  trial_done(&trial);
}

static inline void expect(const char *text, struct check_options options, enum verdict want) {
  expect_bug(text, NULL, options, want);
}

/* The three layers of lesson 4, and their backward pass by hand. */
#define THREE_LAYERS \
  "seed 1\n" \
  "data X = randn(4, 3); data Y = [1 1 0]; data m = cols(X)\n" \
  "param W1 = randn(5, 4); param b1 = randn(5, 1); param W2 = randn(3, 5)\n" \
  "param b2 = randn(3, 1); param W3 = randn(1, 3); param b3 = randn(1, 1)\n" \
  "Z1 = W1 @ X + b1; A1 = relu(Z1); Z2 = W2 @ A1 + b2; A2 = relu(Z2)\n" \
  "Z3 = W3 @ A2 + b3; A3 = sigmoid(Z3)\n" \
  "cost = sum(-log(A3) * Y - log(1 - A3) * (1 - Y)) / m\n"
#define THREE_LAYERS_BACK \
  "dZ3 = A3 - Y; dW3 = 1 / m * dZ3 @ A2.T; db3 = 1 / m * sum(dZ3, 1)\n" \
  "dA2 = W3.T @ dZ3; dZ2 = dA2 * (A2 > 0); dW2 = 1 / m * dZ2 @ A1.T\n" \
  "db2 = 1 / m * sum(dZ2, 1); dA1 = W2.T @ dZ2; dZ1 = dA1 * (A1 > 0)\n" \
  "dW1 = 1 / m * dZ1 @ X.T\n"
static const char three_layers[] = THREE_LAYERS;
static const char three_layers_notes[] =
    THREE_LAYERS "backward\n" THREE_LAYERS_BACK "db1 = 1 / m * sum(dZ1, 1)\nend";
static const char three_layers_forgetful[] = THREE_LAYERS "backward\n" THREE_LAYERS_BACK "end";
static const char *const bug_W2 = "dW2 = 1 / m * dZ2 @ A1.T * 2";
static const char *const bug_b1 = "db1 = 4 / m * sum(dZ1, 1)";

#endif
