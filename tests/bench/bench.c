/* Times the work named on the command line and prints the seconds of one turn. The network is that
 * of lesson 5, whose file BENCH_LESSON names; reading the data is not timed. GRADWALK_DATA names the
 * data folder, BENCH_MATRIX the model whose mutants make the matrix. */
#include "bug/matrix.h"
#include "command/command.h"
#include "core/clock.h"
#include "core/memory.h"
#include "core/team.h"
#include "core/text.h"
#include "io/file.h"
#include "io/loader.h"
#include "train/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text[] =
    "seed 0; data X, T = mnist(3); param W1 = 0.01 * randn(784, 50); param b1 = zeros(1, 50)\n"
    "param W2 = 0.01 * randn(50, 10); param b2 = zeros(1, 10)\n"
    "L = softmax_with_loss(affine(relu(affine(X, W1, b1)), W2, b2), T)";
static const struct source source = {
    .name = "bench", .text = text, .length = sizeof text - 1, .first_line = 1};

static struct model model;

static void stop_if(enum status status, const struct diag *diag) {
  if (!status) return;
  fprintf(stderr, "bench: %s\n", diag->message);
  exit((int)status);
}

static void check_with(struct check_options options) {
  struct check check;
  struct diag diag;
  options.tolerance = -1;
  stop_if(check_run(&check, &model, &options, &diag), &diag);
  if (check.verdict != VERDICT_PASS) {
    fprintf(stderr, "bench: the check says %s\n", verdict_names[check.verdict]);
    exit(1);
  }
  check_done(&check);
}

static double check_turns(struct check_options options, int turns) {
  check_with(options); /* theirs is not timed the first time either */
  double start = seconds_now();
  for (int i = 0; i < turns; i++) check_with(options);
  return (seconds_now() - start) / turns;
}

enum { CHECKS = 30 };
static const struct check_options by_two = {.eps = 1e-4, .threads = 2};
static const struct check_options alone = {.eps = 1e-4, .threads = 1};

static double time_check(void) {
  return check_turns(by_two, CHECKS);
}

static double time_check_alone(void) {
  return check_turns(alone, CHECKS);
}

static void check_alone(void *context, int piece, int member) {
  (void)context, (void)piece, (void)member;
  check_with(alone);
}

/* Two processors cannot do more than work that has nothing to share. */
static double time_check_pair(void) {
  struct team *team = team_new(2);
  if (!team) exit(70);
  team_work(team, 2, check_alone, NULL);
  double start = seconds_now();
  for (int i = 0; i < CHECKS; i++) team_work(team, 2, check_alone, NULL);
  double seconds = seconds_now() - start;
  team_free(team);
  return seconds / (2 * CHECKS);
}

static double time_full(void) {
  enum { TURNS = 2 };
  struct check_options options = alone;
  options.evaluate = EVALUATE_FULL;
  return check_turns(options, TURNS);
}

static double time_directions(void) {
  return check_turns((struct check_options){.eps = 1e-6, .directions = 1}, 100);
}

static double time_pass(void) {
  enum { TURNS = 2000 };
  struct run run;
  struct diag diag;
  stop_if(run_init(&run, &model.program, &model.random, PRECISION_DOUBLE) ? diag_no_memory(&diag)
                                                                          : STATUS_OK, &diag);
  double start = 0;
  for (int i = -TURNS / 10; i < TURNS; i++) {
    if (i == 0) start = seconds_now();
    run_code(&run, &model.program.forward, 0);
    run_code(&run, &model.program.backward, 0);
  }
  double seconds = seconds_now() - start;
  run_done(&run);
  return seconds / TURNS;
}

static double time_train(void) {
  struct train_options options = {.steps = 10000, .batch = 100, .rate = 0.1};
  struct training training;
  struct diag diag;
  stop_if(train_init(&training, &source, &model, &options, &io_library, &diag), &diag);
  double start = seconds_now();
  stop_if(train_run(&training, &diag), &diag);
  double seconds = seconds_now() - start;
  train_done(&training);
  return seconds;
}

static void do_command(struct session *session, const char *line) {
  struct lines said;
  struct diag diag;
  lines_init(&said);
  stop_if(command_do(session, line, &said, &diag), &diag);
  lines_done(&said);
}

/* A training of the lesson is undone and done again. */
static double time_undo(void) {
  enum { TURNS = 20 };
  const char *lesson = getenv("BENCH_LESSON");
  struct session session;
  struct text open;
  text_init(&open);
  text_printf(&open, "open %s", lesson ? lesson : "5");
  session_init(&session, &command_interpreter);
  do_command(&session, text_string(&open));
  text_done(&open);
  do_command(&session, "train steps=10000 batch=100 lr=0.1");
  double seconds = 0;
  for (int i = 0; i < TURNS; i++) {
    const double start = seconds_now();
    do_command(&session, "undo");
    seconds += seconds_now() - start;
    do_command(&session, "redo");
  }
  session_done(&session);
  return seconds / TURNS;
}

/* Every mutant of a net of 79 lines and 4 137 params, through every trial. */
static double time_matrix(void) {
  const struct matrix_options options = {.loader = &io_loader, .threads = 2};
  const char *path = getenv("BENCH_MATRIX");
  struct model net;
  struct matrix matrix;
  struct text read;
  struct diag diag = {0};
  text_init(&read);
  stop_if(file_read(path ? path : "", &read, &diag), &diag);
  const struct source from = source_from(path, text_string(&read), read.length);
  stop_if(model_build(&net, &from, &io_loader, &diag), &diag);
  double start = seconds_now();
  stop_if(matrix_run(&matrix, &net, &options, &diag), &diag);
  double seconds = seconds_now() - start;
  matrix_done(&matrix);
  model_done(&net);
  text_done(&read);
  return seconds;
}

static const struct {
  const char *name;
  double (*time)(void);
} works[] = {{"check", time_check}, {"check-alone", time_check_alone},
             {"check-pair", time_check_pair}, {"full", time_full}, {"directions", time_directions},
             {"pass", time_pass}, {"train", time_train}, {"undo", time_undo}, {"matrix", time_matrix}};

int main(int argc, char **argv) {
  struct diag diag = {0};
  memory_keep_freed(); /* as the program does */
  stop_if(model_build(&model, &source, &io_loader, &diag), &diag);
  for (size_t i = 0; argc == 2 && i < sizeof works / sizeof *works; i++)
    if (strcmp(works[i].name, argv[1]) == 0) return printf("%.9g\n", works[i].time()) < 0;
  fputs("bench: name one work\n", stderr);
  return 64;
}
