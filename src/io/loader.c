#include "io/loader.h"

#include "core/intl.h"
#include "io/mnist.h"
#include "io/paths.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name;
  enum mnist_set set;
  bool trains; /* with it; the other set tests */
} functions[] = {{"mnist", MNIST_TRAIN, true}, {"mnist_test", MNIST_TEST, false}};

static const char *const names[] = {"mnist", "mnist_test", NULL};

static void put_folder(struct text *path) {
  text_init(path);
  paths_data(path);
  text_puts(path, "/mnist");
}

/* mnist(n): the first n images, n x 784 in 0..1, and their labels, n x 10 one-hot. */
static enum status load(const struct loader *loader, const char *name, const double *args,
                        size_t arg_count, struct operand *out, size_t out_count, struct span span,
                        struct diag *diag) {
  (void)loader;
  size_t which = 0;
  struct text path;
  double *images, *labels;
  while (strcmp(functions[which].name, name) != 0) which++;
  if (arg_count != 1 || out_count != 2) {
    diag_set(diag, STATUS_DATA, span, _("\"%s\" takes one number and gives two tensors"), name);
    diag_hint(diag, _("write: data X, T = %s(3)"), name);
    return STATUS_DATA;
  }
  if (!(args[0] >= 1) || !isfinite(args[0]) || floor(args[0]) < args[0])
    return diag_set(diag, STATUS_DATA, span, "%s",
                    _("the number of images must be a whole number from 1"));
  put_folder(&path);
  const uint32_t count =
      args[0] < UINT32_MAX ? (uint32_t)args[0] : UINT32_MAX; /* more than any has */
  enum status status = path.failed ? diag_no_memory(diag)
                                   : mnist_read(text_string(&path), functions[which].set,
                                                count, &images, &labels, diag);
  text_done(&path);
  if (status) return status;
  out[0] = (struct operand){images, {count, MNIST_PIXELS}};
  out[1] = (struct operand){labels, {count, MNIST_CLASSES}};
  return STATUS_OK;
}

/* -- whole sets -- */

static enum status open_set(enum mnist_set set, struct dataset **dataset, struct diag *diag) {
  struct text path;
  struct mnist *mnist = malloc(sizeof *mnist);
  put_folder(&path);
  enum status status = !mnist || path.failed ? diag_no_memory(diag)
                                             : mnist_open(mnist, text_string(&path), set, diag);
  text_done(&path);
  if (status) free(mnist);
  else *dataset = &mnist->dataset;
  return status;
}

static void close_set(struct dataset *dataset) {
  mnist_done((struct mnist *)dataset);
  free(dataset);
}

static enum status open_sets(const char *name, struct dataset **train, struct dataset **test,
                             struct diag *diag) {
  size_t which = 0;
  *train = *test = NULL;
  while (strcmp(functions[which].name, name) != 0) which++;
  if (!functions[which].trains) return STATUS_OK;
  enum status status = open_set(MNIST_TRAIN, train, diag);
  if (!status) status = open_set(MNIST_TEST, test, diag);
  if (status && *train) {
    close_set(*train);
    *train = NULL;
  }
  return status;
}

const struct library io_library = {.loader = &io_loader, .open = open_sets, .close = close_set};
const struct loader io_loader = {.names = names, .load = load};
