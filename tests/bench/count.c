/* Small pieces of work whose instructions are counted: tests/bench/run-count. Name one. */
#include "blame/diagnose.h"
#include "core/clone.h"
#include "deep.h"
#include "report/report_bugs.h"
#include "train/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text[] =
    "seed 1; data X = max(randn(12, 40), 0); data T = eye(12) @ rand(12, 6)\n"
    "param W1 = randn(40, 20); param b1 = randn(1, 20); param W2 = randn(20, 6); param b2 = randn(1, 6)\n"
    "L = softmax_cross_entropy(affine(relu(affine(X, W1, b1)), W2, b2), T)";
static const struct source source = {
    .name = "count", .text = text, .length = sizeof text - 1, .first_line = 1};

static const struct library no_library;

static struct model model;

static void stop_if(enum status status, const struct diag *diag) {
  if (!status) return;
  fprintf(stderr, "count: %s\n", diag->message);
  exit((int)status);
}

static void check(void) {
  struct check found;
  struct diag diag;
  struct check_options options = {.tolerance = -1, .threads = 1};
  stop_if(check_run(&found, &model, &options, &diag), &diag);
  check_done(&found);
}

static void pass(void) {
  struct run run;
  struct diag diag;
  if (run_init(&run, &model.program, &model.random, PRECISION_DOUBLE))
    stop_if(diag_no_memory(&diag), &diag);
  for (int i = 0; i < 50; i++) {
    run_code(&run, &model.program.forward, 0);
    run_code(&run, &model.program.backward, 0);
  }
  run_done(&run);
}

static void train(void) {
  struct training training;
  struct diag diag;
  struct train_options options = {.steps = 50, .rate = 0.01, .momentum = 0.9};
  struct library library = no_library;
  static const char *const no_names[] = {NULL};
  static const struct loader no_loader = {.names = no_names};
  library.loader = &no_loader;
  stop_if(train_init(&training, &source, &model, &options, &library, &diag), &diag);
  stop_if(train_run(&training, &diag), &diag);
  train_done(&training);
}

/* A chain of DEPTH layers: built, its pass derived, and CHECKED with all that the program says of a
 * passing check; else its mutants listed. */
static void chain(int depth, bool checked) {
  struct model deep;
  struct text lines;
  struct diag diag;
  struct check found;
  struct catalogue catalogue;
  struct check_options options = {.tolerance = -1, .threads = 1, .explain = true};
  text_init(&lines);
  put_chain(&lines, depth);
  const struct source from = source_from("chain", text_string(&lines), lines.length);
  stop_if(model_build(&deep, &from, NULL, &diag), &diag);
  if (checked) {
    stop_if(check_run(&found, &deep, &options, &diag), &diag);
    stop_if(report_survey(&found, &deep, NEWEST_EDITION, &diag), &diag);
    check_done(&found);
  } else {
    stop_if(catalogue_make(&catalogue, &deep, &diag), &diag);
    catalogue_done(&catalogue);
  }
  model_done(&deep);
  text_done(&lines);
}

static void chain_50(void) { chain(50, true); }
static void chain_100(void) { chain(100, true); }
static void mutants_50(void) { chain(50, false); }
static void mutants_100(void) { chain(100, false); }

/* The model LINES, built and checked entry by entry; with BUG, if it is not NULL, and then explained. */
static void check_layer(const struct text *lines, const char *bug) {
  struct model layer;
  struct diag diag;
  struct check found;
  const struct check_options options = {.tolerance = -1, .threads = 1, .explain = bug != NULL};
  const struct source from = source_from("wide", text_string(lines), lines->length);
  stop_if(model_build(&layer, &from, NULL, &diag), &diag);
  if (bug) stop_if(model_add_bug(&layer, "wide", bug, strlen(bug), &diag), &diag);
  stop_if(check_run(&found, &layer, &options, &diag), &diag);
  stop_if(diagnose(&found, &layer, &diag), &diag);
  check_done(&found);
  model_done(&layer);
}

/* WIDTH inputs and one output, behind which a second sum is as long. */
static void wide(int width) {
  struct text lines;
  text_init(&lines);
  text_printf(&lines, "seed 1; data x = randn(1, %d); param w = randn(%d, 1)\n", width, width);
  text_printf(&lines, "L = (x @ w)^2 + sum(w^2) / %d", width);
  check_layer(&lines, NULL);
  text_done(&lines);
}

static void wide_1000(void) { wide(1000); }
static void wide_8000(void) { wide(8000); }

/* A layer whose gradient is wrong everywhere, and by no factor. */
static void wrong(int width) {
  struct text lines;
  text_init(&lines);
  text_printf(&lines, "seed 1; data X = randn(3, %d); param W = 0.01 * randn(%d, 1)\n", width, width);
  text_puts(&lines, "y = tanh(X @ W); L = sum(y^2)");
  check_layer(&lines, "dW = X.T @ (dy * (1 - y))");
  text_done(&lines);
}

static void wrong_1000(void) { wrong(1000); }
static void wrong_8000(void) { wrong(8000); }

static const struct {
  const char *name;
  void (*work)(void);
} works[] = {{"check", check},       {"pass", pass},
             {"train", train},       {"chain-50", chain_50},
             {"chain-100", chain_100}, {"mutants-50", mutants_50},
             {"mutants-100", mutants_100}, {"wide-1000", wide_1000},
             {"wide-8000", wide_8000}, {"wrong-1000", wrong_1000},
             {"wrong-8000", wrong_8000}};

/* What is in here is counted. */
void count_work(int which);
__attribute__((noinline)) void count_work(int which) {
  works[which].work();
}

int main(int argc, char **argv) {
  struct diag diag = {0};
  clone_use(CLONE_PORTABLE); /* the same instructions on every machine */
  stop_if(model_build(&model, &source, NULL, &diag), &diag);
  for (int i = 0; argc == 2 && i < (int)(sizeof works / sizeof *works); i++)
    if (strcmp(works[i].name, argv[1]) == 0) {
      count_work(i);
      model_done(&model);
      return 0;
    }
  fputs("count: name one work\n", stderr);
  return 64;
}
