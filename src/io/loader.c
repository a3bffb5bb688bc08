#include "io/loader.h"

#include "core/intl.h"
#include "io/mnist.h"
#include "io/paths.h"

#include <string.h>

static const struct {
  const char *name;
  enum mnist_set set;
} functions[] = {{"mnist", MNIST_TRAIN}, {"mnist_test", MNIST_TEST}};

static const char *const names[] = {"mnist", "mnist_test", NULL};

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
  if (!(args[0] >= 1 && args[0] <= 1e6) || args[0] != (double)(uint32_t)args[0])
    return diag_set(diag, STATUS_DATA, span, "%s",
                    _("the number of images must be a whole number from 1"));
  text_init(&path);
  paths_data(&path);
  text_puts(&path, "/mnist");
  uint32_t count = (uint32_t)args[0];
  enum status status = path.failed ? diag_no_memory(diag)
                                   : mnist_read(text_string(&path), functions[which].set, count,
                                                &images, &labels, diag);
  text_done(&path);
  if (status) return status;
  out[0] = (struct operand){images, {count, MNIST_PIXELS}};
  out[1] = (struct operand){labels, {count, MNIST_CLASSES}};
  return STATUS_OK;
}

const struct loader io_loader = {.names = names, .load = load};
